"""Lesson 12: one pair of densities, nine critics."""

from typing import Any

from course_utils.apps.frame import state


def pull(controller: Any) -> float:
    """How hard the best critic's game pulls on θ."""
    return float(controller.now)


STATES = (
    state("minimax, far apart", "At θ = 4 the best discriminator is sure, and its pull is {}, where W pulls with 1.",
          ("less than 0.01", pull), theta=4.0),
    state("−log D, far apart", "The other loss, the same discriminator: the pull is {}, and grows with the distance.",
          ("11.1", pull), game="non-saturating", theta=4.0),
    state("least squares, far apart", "Least squares do not help where nothing overlaps: a pull of {}.",
          ("less than 0.01", pull), game="least squares", theta=4.0),
    state("hinge, near", "The hinge measures the total variation: near by, at θ = 0.5, it pulls with {} ...",
          ("1.22", pull), game="hinge", theta=0.5),
    state("hinge, far apart", "... and at θ = 4, where TV is 1 whatever the distance, with {}.",
          ("less than 0.01", pull), game="hinge", theta=4.0),
    state("Wasserstein, near", "The pull of W is {} near by, at θ = 0.5 ...",
          ("1.000", pull), game="Wasserstein", theta=0.5),
    state("Wasserstein, far apart", "... and {} at θ = 4: it is the only one that does not care.",
          ("1.000", pull), game="Wasserstein", theta=4.0),
    state("MMD, far apart", "A fixed kernel sees as far as it is wide: at θ = 4 the MMD pulls with {}.",
          ("0.014", pull), game="MMD", theta=4.0),
    state("relativistic, far apart", "Pairs of real and generated: the pull is {}, as with −log D.",
          ("11.1", pull), game="relativistic", theta=4.0),
)  # fmt: skip
