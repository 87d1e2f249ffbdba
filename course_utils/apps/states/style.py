"""Lesson 7: one picture in the style of another. Few steps of a small picture, which take seconds."""

from typing import Any

from course_utils.apps.frame import forward, state

SMALL = {"size": "128"}


def loss(name: str) -> Any:
    """The relative loss after the last step."""
    return lambda c: c.transfer.history[name][-1]


STATES = (
    state("before the first step", "{} steps: the picture is the content itself.",
          ("0", lambda c: c.done)),
    state("the first steps", "After {} steps the style's loss is {} of what it was; the content pays {}.",
          ("6", lambda c: c.done), ("less than 0.9", loss("style")), ("less than 0.9", loss("content")),
          do=(SMALL, forward(6))),
    state("content above all", "With β/α = 0.1 the content's loss stays at {}: next to nothing is painted.",
          ("less than 0.1", loss("content")), do=({**SMALL, "balance": -1.0}, forward(6))),
    state("style above all", "With β/α = 10,000 the style's loss falls to {}, and the content pays {}.",
          ("less than 0.4", loss("style")), ("more than 0.1", loss("content")),
          do=({**SMALL, "balance": 4.0}, forward(6))),
    state("from noise", "It begins with noise, whose style is {} away after 6 steps.",
          ("less than 1", loss("style")), do=({**SMALL, "start": "noise"}, forward(6))),
)  # fmt: skip
