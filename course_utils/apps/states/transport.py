"""Lesson 3: move the dirt."""

from typing import Any

from course_utils.apps.frame import state

CLIMB = {"problem": "greedy goes wrong"}


def greedy(controller: Any) -> None:
    """What hints say while dirt is left: the cheapest pair that has dirt and room. None is asked for afterwards."""
    while controller.undone()[0].any():
        controller.press("follow")


def to_the_end(controller: Any) -> None:
    """Hints, until there is none left."""
    controller.press("hint")
    while controller.step is not None:
        controller.press("follow")
        controller.press("hint")


STATES = (
    state("nothing moved", "All {} shovels lie on their hills.",
          ("10", lambda c: c.undone()[0].sum())),
    state("one route", "Hill A sends what fits to hole 1: {} shovels, at a cost of {}.",
          ("2", lambda c: c.plan[0, 0]), ("10", lambda c: c.cost()), do=("fill",)),
    state("greedy", "The cheapest pair first, again and again: a plan of cost {}, where {} would do.",
          ("63", lambda c: c.cost()), ("43", lambda c: c.cheapest()), do=(CLIMB, greedy)),
    state("what greedy missed", "One circle of hills and holes makes greedy's plan cheaper by {}.",
          ("20", lambda c: c.step.saving * round(c.step.amount * c.total)), do=(CLIMB, greedy, "hint")),
    state("the cheapest plan", "No rerouting helps any more: cost {}, the cheapest there is.",
          ("43", lambda c: c.cost()), do=(CLIMB, to_the_end)),
    state("its proof", "The carrier's prices: f + g never exceeds a cost, and he earns {}, the cost of the plan.",
          ("43", lambda c: c.cheapest()), do=(CLIMB, to_the_end, {"optimum": True})),
    state("along a street", "On a line greedy is right: its plan costs {}, and {} is the cheapest.",
          ("28", lambda c: c.cost()), ("28", lambda c: c.cheapest()),
          do=({"problem": "along a street"}, greedy, "hint")),
)  # fmt: skip
