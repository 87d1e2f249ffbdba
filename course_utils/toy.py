"""Toy distributions in the plane, with exact samplers and, where there is one, the exact density.

Every distribution here has

    .sample(n, generator)   n independent draws, (n, 2) float64; the generator is a numpy.random.Generator
    .logpdf(points)         log density in nats, (..., 2) -> (...)
    .has_density            False for a measure on a line, which has no density in the plane: logpdf then raises
    .modes                  (k, 2), the centres of its bumps; (0, 2) where it has none to count

Those of the literature: the line of the WGAN paper (Arjovsky et al., 2017, example 1; L0 "Learning Parallel
Lines"), the ring of eight Gaussians of unrolled GANs (Metz et al., 2017) and the grid of 25 of VEEGAN
(Srivastava et al., 2017), both with the sizes used there.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from course_utils import checks
from course_utils.checks import ANY, not_negative, number, numbers, positive, whole

MOST_PIECES = 100_000  # 2 million nodes, some seconds a point


def parallel_lines(theta: float, noise: float = 0.0) -> "Line":
    """p_theta, the distribution of (theta, z) with z ~ N(0, 1); L0 sets p* = p_0.

    KL(p_theta || p*) = infinity and JSD = log 2 for theta != 0, while W(p_theta, p*) = |theta|.

    Parameters
    ----------
    theta : where the line crosses the first axis.
    noise : standard deviation s of Gaussian noise added to both coordinates. With s > 0 the distribution has
        the density N(theta, s^2) x N(0, 1 + s^2), and KL(p_theta || p*) = theta^2 / (2 s^2), while W stays
        |theta|.

    Raises
    ------
    ValueError
        for a negative noise.
    """
    return Line(number("theta", theta), not_negative("noise", noise))


def ring(modes: int = 8, radius: float = 2.0, std: float = 0.02) -> "GaussianMixture":
    """``modes`` equal Gaussians, evenly around a circle; the first one lies on the positive first axis."""
    radius = number("radius", radius)
    angles = 2 * np.pi * np.arange(whole("modes", modes)) / modes
    return GaussianMixture(radius * np.column_stack([np.cos(angles), np.sin(angles)]), positive("std", std))


def grid(side: int = 5, spacing: float = 2.0, std: float = 0.05) -> "GaussianMixture":
    """side x side equal Gaussians on a square lattice around the origin."""
    ticks = number("spacing", spacing) * (np.arange(whole("side", side)) - (side - 1) / 2)
    centres = np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1)
    return GaussianMixture(centres.reshape(-1, 2), positive("std", std))


def two_moons(noise: float = 0.1) -> "NoisyCurves":
    """Two interlocking half circles of radius 1, uniform along each, plus Gaussian noise.

    The shapes are those of sklearn.datasets.make_moons: the upper one around (0, 0), the lower around (1,
    1/2).
    """

    def upper(t: np.ndarray) -> np.ndarray:
        return np.column_stack([np.cos(np.pi * t), np.sin(np.pi * t)])

    def lower(t: np.ndarray) -> np.ndarray:
        return np.column_stack([1 - np.cos(np.pi * t), 0.5 - np.sin(np.pi * t)])

    return NoisyCurves((upper, lower), positive("noise", noise), fastest=np.pi)


def spiral(turns: float = 1.5, radius: float = 2.0, noise: float = 0.1) -> "NoisyCurves":
    """The Archimedean spiral t -> radius t (cos, sin)(2 pi turns t), uniform in t on [0, 1], plus Gaussian
    noise.

    Uniform in t, so the inner windings are the denser ones.
    """
    turns, radius = positive("turns", turns), positive("radius", radius)

    def arm(t: np.ndarray) -> np.ndarray:
        angle = 2 * np.pi * turns * t
        return (radius * t)[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])

    return NoisyCurves((arm,), positive("noise", noise), fastest=radius * np.hypot(1, 2 * np.pi * turns))


@dataclass(frozen=True)
class Line:
    """A vertical line {theta} x N(0, 1), smoothed by N(0, noise^2 I). See `parallel_lines`."""

    theta: float
    noise: float = 0.0
    modes = np.empty((0, 2))

    @property
    def has_density(self) -> bool:
        return self.noise > 0

    def sample(self, n: int, generator: np.random.Generator) -> np.ndarray:
        return self._centre + self._stds * _normal(n, generator)

    def logpdf(self, points: ArrayLike) -> np.ndarray:
        """Log density in nats, (..., 2) -> (...).

        Raises
        ------
        ValueError
            without noise: all the mass then lies on a line, whose area is zero, so no density exists.
        """
        if not self.has_density:
            raise ValueError(
                f"parallel_lines({self.theta:g}) has no density in the plane: all its mass lies on a line, "
                f"which has area zero. Smooth it, as in parallel_lines({self.theta:g}, noise=0.1), or work "
                "with samples."
            )
        z = (_plane(points) - self._centre) / self._stds
        return -(z**2).sum(axis=-1) / 2 - np.log(2 * np.pi * self._stds.prod())

    @property
    def _centre(self) -> np.ndarray:
        return np.array([self.theta, 0.0])

    @property
    def _stds(self) -> np.ndarray:
        return np.array([self.noise, np.hypot(1, self.noise)])


@dataclass(frozen=True, eq=False)
class GaussianMixture:
    """sum_k w_k N(c_k, std^2 I); equal weights unless given.

    Attributes
    ----------
    modes : the centres c_k, (k, 2).
    std : the common standard deviation.
    weights : w_k, (k,), summing to one.
    """

    modes: np.ndarray
    std: float
    weights: np.ndarray | None = None
    has_density = True

    def __repr__(self) -> str:
        return f"<GaussianMixture: {len(self.modes):,} modes, std {self.std:g}>"

    def __post_init__(self) -> None:
        object.__setattr__(self, "modes", checks.points("modes", self.modes, dim=2))
        positive("std", self.std)
        weights = checks.weights("weights", self.weights, len(self.modes))
        object.__setattr__(
            self, "weights", weights if self.weights is None else checks.numbers("weights", self.weights)
        )

    def sample(self, n: int, generator: np.random.Generator) -> np.ndarray:
        noise = _normal(n, generator)
        return self.modes[generator.choice(len(self.modes), size=n, p=self.weights)] + self.std * noise

    def logpdf(self, points: ArrayLike) -> np.ndarray:
        """Log density in nats, (..., 2) -> (...)."""
        from scipy.spatial.distance import cdist  # slow

        points = _plane(points)
        flat = points.reshape(-1, 2)
        parts = 1 + flat.shape[0] * len(self.modes) // 2**20  # keeps each table of distances near 8 MB
        with np.errstate(all="ignore"):  # far out there is nothing
            # in units of std, whose square may be no number
            modes, split = self.modes / self.std, np.array_split(flat / self.std, parts)
            logs = [
                logsumexp(cdist(part, modes, "sqeuclidean") / -2, b=self.weights, axis=1) for part in split
            ]
        return np.concatenate(logs).reshape(points.shape[:-1]) - np.log(2 * np.pi) - 2 * np.log(self.std)


@dataclass(frozen=True, eq=False)
class NoisyCurves:
    """A curve c(t), t uniform on [0, 1], drawn from several with equal probability, plus N(0, noise^2 I).

    Attributes
    ----------
    curves : functions from t of shape (n,) to points (n, 2).
    noise : standard deviation of the noise.
    fastest : an upper bound on the speed |c'(t)|, which says how finely the density must be integrated.
    """

    curves: tuple[Callable[[np.ndarray], np.ndarray], ...]
    noise: float
    fastest: float
    has_density = True
    modes = np.empty((0, 2))

    def sample(self, n: int, generator: np.random.Generator) -> np.ndarray:
        noise = _normal(n, generator)
        which, t = generator.integers(len(self.curves), size=n), generator.random(n)
        points = np.stack([curve(t) for curve in self.curves])[which, np.arange(n)]
        return points + self.noise * noise

    def logpdf(self, points: ArrayLike) -> np.ndarray:
        """Log of (1 / #curves) sum over curves of the integral over t of N(point; c(t), noise^2 I), in nats.

        Gauss-Legendre quadrature, 20 nodes on every piece of at most 8 noises in length: the error is below
        1e-10 wherever there is mass.
        """
        nodes, weights = np.polynomial.legendre.leggauss(20)
        if self.fastest > MOST_PIECES * 8 * self.noise:
            raise ValueError(
                f"noise is {self.noise:g} and a curve {self.fastest:.3g} long: a density that thin takes more than "
                f"{MOST_PIECES:,} pieces of 8 noises. Take more noise, or a shorter curve."
            )
        pieces = int(np.ceil(self.fastest / (8 * self.noise)))
        t = ((np.arange(pieces)[:, None] + (nodes + 1) / 2) / pieces).ravel()
        centres = np.concatenate([curve(t) for curve in self.curves])
        weights = np.tile(weights / 2, pieces * len(self.curves)) / (pieces * len(self.curves))
        return GaussianMixture(centres, self.noise, weights).logpdf(points)


def _normal(n: int, generator: np.random.Generator) -> np.ndarray:
    checks.generator("generator", generator, "so that the same seed gives the same points")
    return generator.standard_normal((whole("n", n, at_least=0), 2))


def _plane(points: ArrayLike) -> np.ndarray:
    points = numbers("points", points, ANY)
    if points.shape[-1:] != (2,):
        raise ValueError(f"points has shape {points.shape}. Give points of the plane, shape (..., 2).")
    return points
