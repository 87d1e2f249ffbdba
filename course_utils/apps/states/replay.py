"""Lessons 5 and 6: recorded trainings."""

from typing import Any

from course_utils.apps.frame import State, state


def judged(quantity: str, run: int = 0) -> Any:
    """What was last measured of a shown run, at the step that is shown."""
    return lambda c: c.shown[run].evaluations[quantity].until(c.step).values[-1]


def recorded(quantity: str) -> Any:
    return lambda c: c.shown[0].metrics[quantity].until(c.step).values[-50:].mean()


def runs(named: State) -> set[str]:
    """The recorded runs that a state shows."""
    return {
        step[key] for step in named.steps if isinstance(step, dict) for key in ("run", "other") if key in step
    }


STATES = (
    state("dcgan, before the first step", "Noise: the Fréchet distance is {}, and a classifier sees {} digit in it.",
          ("1,370", judged("frechet_distance")), ("1", judged("modes")), run="dcgan", moment=0),
    state("dcgan, in the middle", "Half-way through the moments: the distance is {}, and all {} digits are there.",
          ("66", judged("frechet_distance")), ("10", judged("modes")), run="dcgan", moment=32),
    state("dcgan, the end", "Clear digits: a Fréchet distance of {}.",
          ("16", judged("frechet_distance")), run="dcgan"),
    state("mlp, the end", "Without convolutions the same steps end at {}.",
          ("58", judged("frechet_distance")), run="mlp"),
    state("dcgan beside mlp", "Side by side at the same step: {} for dcgan, {} for mlp.",
          ("16", judged("frechet_distance")), ("58", judged("frechet_distance", 1)), run="dcgan", other="mlp"),
    state("a collapse", "It makes {} of 10 digits, and their entropy is {} where ten equal shares have 2.30.",
          ("5", judged("modes")), ("0.94", judged("entropy")), run="collapse"),
    state("a collapse, as D sees it",
          "D says {} on real pictures, as at the equilibrium, and half of the digits are missing.",
          ("0.50", recorded("d_real")), run="collapse", curves="what D says"),
    state("wgan-gp, the end", "A critic with a penalty: the distance is {} after a third of the steps.",
          ("39", judged("frechet_distance")), run="wgan-gp"),
    state("clipping beside a penalty", "Clipping ends at {}, the penalty at {}, after fewer steps.",
          ("332", judged("frechet_distance")), ("39", judged("frechet_distance", 1)), run="wgan-clip", other="wgan-gp"),
)  # fmt: skip
