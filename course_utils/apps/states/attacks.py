"""Lesson 10: fool a network. The numbers hold for the first test digit of MNIST, and for that of the stand-in."""

from typing import Any

from course_utils.apps.frame import state


def before(controller: Any) -> float:
    """The probability of the right name before the attack."""
    return float(controller.probabilities[0][controller.y])


def after(controller: Any) -> float:
    """The same after it."""
    return float(controller.probabilities[1][controller.y])


def change(controller: Any) -> float:
    """The largest change of a pixel."""
    return float((controller.after - controller.x).abs().max())


STATES = (
    state("no attack", "ε = 0: nothing changes ({}), and the network is {} sure of the right name.",
          ("0.00", change), ("more than 90 %", before), epsilon=0.0),
    state("PGD, ε = 0.1", "No pixel moves by more than {}, and the right name has {} left.",
          ("0.10", change), ("less than 50 %", after), epsilon=0.1),
    state("random signs, ε = 0.1", "The same ε in random directions: the right name keeps {}. Directions count.",
          ("more than 90 %", after), attack="random signs", epsilon=0.1),
    state("one step: FGSM", "A single step along the gradient's signs, ε = 0.2, leaves the right name {}.",
          ("less than 50 %", after), attack="FGSM", epsilon=0.2),
    state("a linear network", "A linear network falls as well: {} left at ε = 0.1.",
          ("less than 50 %", after), network="linear", epsilon=0.1),
    state("a Euclidean ball", "In a Euclidean ball of radius 2 a few pixels move far, and the right name has {} left.",
          ("less than 50 %", after), attack="PGD, Euclidean", epsilon=0.2),
    state("trained against it", "Trained with PGD the network keeps {} at ε = 0.1.",
          ("more than 50 %", after), network="CNN, robust", epsilon=0.1),
    state("beyond its ball", "At ε = 0.5, far outside of what it was trained for, it has {} left.",
          ("less than 50 %", after), network="CNN, robust", epsilon=0.5),
)  # fmt: skip
