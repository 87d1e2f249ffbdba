"""Lesson 3: two clouds of points."""

from typing import Any

from course_utils.apps.frame import state

BLOB: dict[str, Any] = {"clouds": "a blob and a ring", "shift": 0.0}

STATES = (
    state("parallel lines", "Sixteen points of each line, one apart: every point has one partner, and W is {}.",
          ("1.091", lambda c: c.transport.cost)),
    state("the same line twice", "No shift, and W is still {}: two samples of one distribution are not equal.",
          ("0.378", lambda c: c.transport.cost), shift=0.0),
    state("a little blur", "With a little blur points share partners, and the plan costs {} instead of {}.",
          ("1.118", lambda c: c.curve.costs[0]), ("1.091", lambda c: c.transport.cost), blur=1),
    state("much blur", "With much blur everybody has everybody as a partner: the plan costs {} instead of {}.",
          ("1.424", lambda c: c.curve.costs[10]), ("1.091", lambda c: c.transport.cost), blur=11),
    state("a blob and a ring", "From a blob to a ring around it W is {}: about the ring's radius less the blob's.",
          ("1.474", lambda c: c.transport.cost), **BLOB),
    state("more points", "With 40 points of each W is {}: chance was part of what 16 points showed.",
          ("1.272", lambda c: c.transport.cost), n=40, **BLOB),
    state("the squared distance", "W₂² is {}; there is no critic behind it, because a square is no metric.",
          ("1.199", lambda c: c.transport.cost), metric="squared"),
    state("city blocks", "City blocks make every way longer or equal: W is {}.",
          ("1.758", lambda c: c.transport.cost), clouds="two moons", metric="city blocks"),
)  # fmt: skip
