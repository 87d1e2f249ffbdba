"""Lesson 2: two parallel lines."""

from typing import Any

from course_utils.apps.frame import state

TRAINED = ("train",) * 15  # 300 steps


def far(name: str) -> Any:
    """A distance between the lines."""
    return lambda c: c.distances[name]


def theta(controller: Any) -> float:
    """Where the generated line is."""
    return float(controller.values["theta"])


STATES = (
    state("θ = 0.3", "However near the lines are, the JSD is {} = log 2 and KL is {}; only W, {}, says how far it is.",
          ("0.693", far("JSD")), ("∞", far("KL")), ("0.30", far("W")), theta=0.3),
    state("θ = 0", "At θ = 0 alone the lines agree, and the JSD jumps to {}.", ("0", far("JSD")), theta=0.0),
    state("θ = 0.01", "One step of the slider beside it, W is {}, and the JSD is {} again.",
          ("0.01", far("W")), ("0.693", far("JSD")), theta=0.01),
    state("walk down W", "Ten steps down W, and θ is {}: its slope is {} wherever we stand.",
          ("0.50", theta), ("1.00", lambda c: c.slopes["W"]), do=("walk",)),
    state("walk down the JSD", "Ten steps down the JSD, and θ is still {}: its push is {}.",
          ("1.00", theta), ("0.000", lambda c: c.slopes["JSD"]), do=({"follow": "JSD"}, "walk")),
    state("a trained discriminator",
          "After 300 steps D takes a fake for real with probability {}, and its minimax push on θ is {}.",
          ("less than 0.002", lambda c: c.d_fake), ("less than 0.02", lambda c: abs(c.slopes["D"])), do=TRAINED),
    state("a trained D, −log D", "The same discriminator, the other loss: ten steps down −log D take θ from 1 to {}.",
          ("less than 0.6", theta), do=({"follow": "the trained D, −log D"}, *TRAINED, "walk")),
    state("noise on both", "With noise 0.5 the lines overlap: KL is {}, the JSD {} nats, and both have a slope.",
          ("2.00", far("KL")), ("0.337", far("JSD")), noise=0.5),
    state("walk down KL, with noise", "Ten steps down KL, which has a slope now, bring θ to {}.",
          ("0.107", theta), do=({"noise": 0.5, "follow": "KL"}, "walk")),
)  # fmt: skip
