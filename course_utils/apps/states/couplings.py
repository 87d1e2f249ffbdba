"""Lesson 3: the couplings of two coins."""

from course_utils.apps.frame import state

STATES = (
    state("independent coins", "Two coins that know nothing of each other: the middle of the segment, at cost {}.",
          ("0.500", lambda c: c.costs()[0])),
    state("the cheapest coupling", "As much as possible stays: the cost is {}, |0.3 − 0.5|, at the end of the segment.",
          ("0.200", lambda c: c.costs()[0]), q=0.0),
    state("the dearest coupling", "As little as possible stays: the cost is {}.",
          ("0.800", lambda c: c.costs()[0]), q=1.0),
    state("equal coins", "Equal coins: at the end q = 0 nothing moves, and the cost is {}.",
          ("0.000", lambda c: c.costs()[0]), mu0=0.5, q=0.0),
    state("staying costs", "To stay costs 1 and to move nothing: the star has gone to q = 1, where the cost is {}.",
          ("0.200", lambda c: c.costs()[2]), stay=1.0, move=0.0, q=1.0),
    state("everything costs the same", "To stay and to move cost 0.5 each: every coupling costs {}.",
          ("0.500", lambda c: c.costs()[1]), stay=0.5, move=0.5),
    state("a sure coin", "X is sure to be 1: there is only one coupling, and it costs {}.",
          ("0.500", lambda c: c.costs()[0]), mu0=0.0),
)  # fmt: skip
