"""Lesson 4: two players."""

from typing import Any

from course_utils.apps.frame import state

ALL = ("simultaneous", "alternating", "momentum", "optimistic", "extragradient", "consensus", "flow")


def only(*names: str) -> dict[str, Any]:
    return {name: name in names for name in ALL}


def last(name: str) -> Any:
    """Where a run ends, as a distance from the resting point."""
    return lambda c: c.distances[name][-1]


def factor(name: str) -> Any:
    return lambda c: c.factor(name)


STATES = (
    state("L = x y: three ways to step",
          "Each step at once multiplies the distance by {}, in turns by {}, optimistic by {}: only the last arrives.",
          ("1.020", factor("simultaneous")), ("1.000", factor("alternating")), ("0.979", factor("optimistic"))),
    state("at once: outwards", "Both step at once: from 1.5 the run has gone out to {} after 300 steps.",
          ("547", last("simultaneous")), **only("simultaneous")),
    state("in turns: around", "One after the other: the run goes around for ever, between {} and {} from the centre.",
          ("1.40", lambda c: c.distances["alternating"].min()), ("1.55", lambda c: c.distances["alternating"].max()),
          **only("alternating")),
    state("optimistic: inwards", "One look ahead: after 300 steps the distance is {}.",
          ("0.0027", last("optimistic")), **only("optimistic")),
    state("optimistic, η = 0.58 > 1/√3", "Past η = 1/√3 optimism fails as well: its factor is {}, above 1.",
          ("1.007", factor("optimistic")), learning_rate=0.58, **only("optimistic")),
    state("optimistic, η = 0.56 < 1/√3", "Just below 1/√3 it still arrives: its factor is {}.",
          ("0.954", factor("optimistic")), learning_rate=0.56, **only("optimistic")),
    state("averages", "Of the run that circles, the average comes to rest: {} from the centre after 300 steps.",
          ("0.045", last("alternating")), shown="their averages", **only("alternating")),
    state("the flow", "In continuous time the distance does not change at all: {} at the start and {} at the end.",
          ("1.5232", lambda c: c.distances["flow"][0]), ("1.5232", last("flow")), **only("flow")),
    state("Dirac-GAN, minimax", "The smallest GAN of all circles just so: stepping at once, it ends at {} after 300.",
          ("3.00", last("simultaneous")), game="Dirac-GAN, minimax"),
    state("Dirac-GAN, R1", "A penalty on D's slope is friction: the same steps end {} away.",
          ("less than 0.00001", last("simultaneous")), game="Dirac-GAN, R1"),
)  # fmt: skip
