"""Lesson 8: the playground. Short ways only; the guided experiments of the list are longer, and stop by themselves."""

from typing import Any

from course_utils.apps.frame import forward, state


def measured(name: str) -> Any:
    """One of the measures of the present step."""

    def measure(controller: Any) -> float:
        controller.measurements.at_once()
        controller.measurements.look()
        return float(getattr(controller.measurements.taken[controller.session.now], name))

    return measure


def share_of_w1(controller: Any) -> float:
    return measured("judge_estimate")(controller) / measured("w1")(controller)


def prepare(controller: Any) -> None:
    controller.prepare(200)


STATES = (
    state("the start", "Before the first step all generated points lie in a heap: {} of 8 modes, and W₁ is {}.",
          ("0", measured("modes")), ("more than 1.5", measured("w1"))),
    state("200 steps", "After 200 steps the heap has been drawn towards the ring: W₁ is {}.",
          ("less than 1.4", measured("w1")), do=(prepare,)),
    state("a perfect discriminator", "300 steps of D alone: its estimate of the JSD is {} nats, nearly log 2 = 0.69.",
          ("more than 0.6", measured("judge_estimate")), do=({"preset": "vanishing gradient"}, forward(300))),
    state("no detach", "Bug A after 100 steps: W₁ is still {}, under arrows that ask for a move.",
          ("more than 1.2", measured("w1")), do=({"preset": "bug A"}, forward(100))),
    state("a critic without restraint", "Nothing holds the critic's slope: after 100 steps it is {}, and 1 is asked.",
          ("more than 2", measured("slope")), do=({"loss": "Wasserstein, unrestrained"}, forward(100))),
    state("a gradient penalty", "After 60 steps with a penalty the slope is {}, and the young critic says {} W₁.",
          ("less than 2", measured("slope")), ("less than 0.8", share_of_w1),
          do=({"preset": "gradient penalty"}, forward(60))),
)  # fmt: skip
