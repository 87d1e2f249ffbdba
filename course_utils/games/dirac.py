"""The Dirac-GAN: the smallest GAN, and which regularisers make its training converge.

All data sits at 0, the generator puts all its mass at x, and the discriminator's logit at a is y * a. The
players are two numbers, the equilibrium is (0, 0), and yet plain gradient steps do not find it.
Source: Mescheder, Geiger, Nowozin, "Which training methods for GANs do actually converge?", 2018.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from course_utils.checks import one_of, positive
from course_utils.games.game import Coordinates, Game, with_consensus

REGULARISERS = ("none", "gradient penalty", "wgan-gp", "instance noise", "consensus")


def _sigmoid(t: Coordinates) -> Coordinates:
    if not isinstance(t, float):
        return expit(t)
    small = math.exp(-abs(t))  # never overflows, and keeps the tiny values that a saturated loss lives on
    return (1.0 if t >= 0 else small) / (1.0 + small)


class Term(NamedTuple):
    """A function of one logit, with its first and second derivative."""

    value: Callable[[Coordinates], Coordinates]
    slope: Callable[[Coordinates], Coordinates]
    curvature: Callable[[Coordinates], Coordinates]


def _bump(t: Coordinates) -> Coordinates:
    return _sigmoid(t) * _sigmoid(-t)


LOG_D = Term(lambda t: -np.logaddexp(0.0, -t), lambda t: _sigmoid(-t), lambda t: -_bump(t))
LOG_NOT_D = Term(lambda t: -np.logaddexp(0.0, t), lambda t: -_sigmoid(t), lambda t: -_bump(t))
MINUS_LOG_D = Term(lambda t: np.logaddexp(0.0, -t), lambda t: -_sigmoid(-t), lambda t: _bump(t))
PLUS = Term(lambda t: t, lambda t: 1.0, lambda t: 0.0)
MINUS = Term(lambda t: -t, lambda t: -1.0, lambda t: 0.0)

# loss -> (y's payoff on real data, y's payoff on generated data, x's loss)
LOSSES = {
    "minimax": (LOG_D, LOG_NOT_D, LOG_NOT_D),
    "non-saturating": (LOG_D, LOG_NOT_D, MINUS_LOG_D),
    "wasserstein": (PLUS, MINUS, MINUS),
}


def _noise_atoms(deviation: float, count: int = 7) -> list[tuple[float, float]]:
    """(weight, place) of Gauss-Hermite atoms with the first 2 * count - 1 moments of N(0, deviation^2)."""
    places, weights = np.polynomial.hermite_e.hermegauss(count)
    return [(float(w), deviation * float(e)) for w, e in zip(weights / weights.sum(), places, strict=True)]


def dirac_gan(loss: str = "minimax", regulariser: str = "none", *, strength: float = 1.0) -> Game:
    """The Dirac-GAN as a game of two numbers: x places the generated point, y is the discriminator's slope.

    Payoff of y (D = sigmoid of the logit, in nats), with the generator's loss on the right:

        minimax         log D(0) + log(1 - D(x))      x descends the same value
        non-saturating  log D(0) + log(1 - D(x))      x descends -log D(x)
        wasserstein     f(0) - f(x) = -x y            x descends the same value

    Regularisers, `strength` = s > 0:

        none
        gradient penalty   y also pays (s / 2) y^2, the squared slope of its logit at the data (R1)
        wgan-gp            y also pays (s / 2) (|y| - 1)^2: slope 1 is wanted even where nothing is left to
                           tell apart, so this game has no equilibrium
        instance noise     data and generated points are blurred by N(0, s^2); the expectations are taken over
                           the 7 Gauss-Hermite atoms of that law
        consensus          `course_utils.games.game.with_consensus`

    Raises
    ------
    ValueError
        for an unknown loss or regulariser, or a strength that is not positive.
    """
    real, fake, generator = LOSSES[one_of("loss", loss, LOSSES)]
    one_of("regulariser", regulariser, REGULARISERS)
    strength = positive("strength", strength, 'or take regulariser="none"')
    atoms = _noise_atoms(strength) if regulariser == "instance noise" else [(1.0, 0.0)]
    # The price of a steep discriminator is (weight / 2) (|y| - wanted)^2.
    weight = strength if regulariser in ("gradient penalty", "wgan-gp") else 0.0
    wanted = 1.0 if regulariser == "wgan-gp" else 0.0
    consensus = regulariser == "consensus"

    def value(x: Coordinates, y: Coordinates) -> Coordinates:
        payoff = sum(w * (real.value(y * e) + fake.value(y * (x + e))) for w, e in atoms)
        return payoff - 0.5 * weight * (abs(y) - wanted) ** 2

    def x_loss(x: Coordinates, y: Coordinates) -> Coordinates:
        return sum(w * generator.value(y * (x + e)) for w, e in atoms)

    def gradients(x: Coordinates, y: Coordinates) -> tuple[Coordinates, Coordinates]:
        gx = gy = 0.0
        for w, e in atoms:
            a = x + e
            slope = fake.slope(y * a)
            gx = gx + w * (slope if generator is fake else generator.slope(y * a)) * y
            gy = gy + w * (real.slope(y * e) * e + slope * a)
        sign = (y > 0) * 1.0 - (y < 0) * 1.0
        return gx, gy - weight * (y - wanted * sign)

    def second_derivatives(
        x: Coordinates, y: Coordinates
    ) -> tuple[Coordinates, Coordinates, Coordinates, Coordinates]:
        xx = xy = yx = yy = 0.0
        for w, e in atoms:
            a = x + e
            t = y * a
            g1, g2, f1, f2 = generator.slope(t), generator.curvature(t), fake.slope(t), fake.curvature(t)
            xx = xx + w * g2 * y * y
            xy = xy + w * (g1 + g2 * t)
            yx = yx + w * (f1 + f2 * t)
            yy = yy + w * (real.curvature(y * e) * e * e + f2 * a * a)
        return xx, xy, yx, yy - weight

    game = Game(
        value=value,
        gradients=gradients,
        second_derivatives=second_derivatives,
        x_loss=x_loss if loss == "non-saturating" else None,
        equilibria=np.zeros(0 if wanted else 2),
        name=f"Dirac-GAN ({loss})" if consensus else f"Dirac-GAN ({loss}, {regulariser})",
    )
    return with_consensus(game, strength) if consensus else game
