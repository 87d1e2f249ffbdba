"""Lesson 11a: ten digits of one hand. The numbers are measured in what the shipped generators draw."""

from collections.abc import Callable
from typing import Any

from course_utils.apps.frame import state


def right(controller: Any) -> float:
    """In how many of the ten the judge sees the digit that was asked for."""
    return float((controller.seen == range(10)).sum())


def mean(name: str) -> Callable[[Any], float]:
    """The mean of an attribute over the ten digits."""
    return lambda controller: float(controller.found[name].mean())


STATES = (
    state("one hand", "One z as all ten digits; the judge sees {} of the ten that were ordered.",
          ("at least 8", right), told="the digit", hand=1),
    state("another hand", "Another z: other shapes, the same digits, {} of ten to the judge.",
          ("at least 8", right), told="the digit", hand=7),
    state("much ink", "Ink 0.20 is ordered, and {} comes on average.",
          ("more than 0.15", mean("ink")), ink=0.2),
    state("little ink", "Ink 0.06 is ordered, and {} comes on average.",
          ("less than 0.11", mean("ink")), ink=0.06),
    state("to the right", "Slant 0.5: every digit leans to the right, by {} on average.",
          ("more than 0.3", mean("slant")), slant=0.5),
    state("to the left", "Slant -0.3: they lean to the left, by {} on average.",
          ("less than -0.1", mean("slant")), slant=-0.3),
    state("more than there is", "Ink 0.32 is ordered, more than any seven has; {} of ten are still what was ordered.",
          ("at most 6", right), ink=0.32),
)  # fmt: skip
