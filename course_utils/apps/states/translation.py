"""Lesson 11b: there and back, and what a translation hides."""

from typing import Any

from course_utils.apps.frame import state

COLOUR, SWAP, OUTLINES = "colour to grey", "3 and 7, inverted", "outlines"


def found(controller: Any) -> float:
    """The share of x that F finds again, over all pictures."""
    return float(controller.shares[0])


def partner(controller: Any) -> float:
    """How far G(x) is from its true partner."""
    return float(controller.errors["partner"])


def back(controller: Any) -> float:
    """How far F's picture is from x."""
    return float(controller.errors["back"])


STATES = (
    state("the colour comes back", "From a grey picture, F finds {} of the colour again.", ("more than 0.5", found),
          example=COLOUR),
    state("the true grey", "Fed with the true partner, F finds nothing ({}): the colour was never in it.",
          ("less than 0.01", found),
          example=COLOUR, fed="T(x)"),
    state("the true ink", "With the true ink put in, F finds {} of the colour.", ("less than 0.2", found),
          example=COLOUR, fed="ink replaced by the true ink"),
    state("a little noise", "Noise of 0.05 leaves F {} of the colour.", ("more than 0.2", found),
          example=COLOUR, fed="noise of 0.05"),
    state("swapped", "A 3 becomes a 7: {} from the truth, and F brings it back, {} from x.",
          ("more than 0.1", partner), ("less than 0.1", back), example=SWAP, seed=0),
    state("another training", "Another seed swaps as well: {} from the truth.", ("more than 0.1", partner),
          example=SWAP, seed=1),
    state("no evidence", "F finds {} of x again, from an outline that is {} from the truth.",
          ("more than 0.7", found), ("more than 0.1", partner), example=OUTLINES),
)  # fmt: skip
