"""The Wasserstein distance on the line, where transport needs no solver: sorting is optimal.

    W1(p, q) = integral over u in (0, 1) of |F_p^{-1}(u) - F_q^{-1}(u)| du
             = integral over t of |F_p(t) - F_q(t)| dt

Vallender (1974) has the formulas; Santambrogio, "Optimal Transport for Applied Mathematicians", chapter 2,
proves them. Lecture L2 uses them silently when it adds up "distance times mass" over its blocks.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_utils import checks
from course_utils.checks import ANY, numbers
from course_utils.transport.measures import as_points


class PiecewiseUniform:
    """A density on the line made of blocks: p(t) = m_k / (r_k - l_k) for l_k <= t < r_k, masses m_k.

    L2's example is ``PiecewiseUniform([(1, 2), (3, 4), (9, 10)], [1/4, 1/4, 1/2])`` against
    ``PiecewiseUniform([(5, 7)])``. Masses are given, not heights: the second density is 1/2 on [5, 7].
    The methods carry the names and meanings of scipy.stats, and `divergences` takes a block density as one of those.

    Parameters
    ----------
    intervals : pairs (l_k, r_k) with l_k < r_k, in any order; they may touch but not overlap.
    masses : one per interval, summing to one; None means equal masses.

    Raises
    ------
    ValueError
        for an empty or reversed interval, overlapping intervals, or masses that are no probability vector.
    """

    def __init__(self, intervals: Sequence[tuple[float, float]], masses: ArrayLike | None = None):
        blocks = numbers("intervals", intervals, advice="in pairs, such as [(1, 2), (3, 4)]")
        if blocks.ndim != 2 or blocks.shape[1] != 2 or not len(blocks):
            raise ValueError(f"intervals is {intervals!r}. Give pairs of ends, such as [(1, 2), (3, 4)].")
        masses = checks.weights("masses", masses, len(blocks))
        order = np.argsort(blocks[:, 0])
        left, right = blocks[order].T
        if (left >= right).any():
            raise ValueError(
                f"intervals is {intervals!r}. Each pair must run from a left end to a larger right end."
            )
        if (right[:-1] > left[1:]).any():
            raise ValueError(f"intervals is {intervals!r}. Two of them overlap: split them where they do.")
        self._blocks = _Pieces(masses[order], left, right)

    def support(self) -> tuple[float, float]:
        """The smallest interval that holds all the mass."""
        return float(self._blocks.left[0]), float(self._blocks.right[-1])

    @property
    def components(self) -> list[Any]:
        """The blocks, as scipy.stats distributions: where `divergences` finds the edges of the density."""
        from scipy import stats

        return [stats.uniform(l, r - l) for l, r in zip(self._blocks.left, self._blocks.right, strict=True)]

    def pdf(self, t: ArrayLike) -> np.ndarray:
        """Density at t, any shape. A block holds its left end and not its right one."""
        t = numbers("t", t, ANY)
        masses, left, right = self._blocks.masses, self._blocks.left, self._blocks.right
        k = np.maximum(np.searchsorted(left, t, side="right") - 1, 0)
        return np.where((left[k] <= t) & (t < right[k]), masses[k] / (right[k] - left[k]), 0.0)

    def logpdf(self, t: ArrayLike) -> np.ndarray:
        """Logarithm of the density in nats, -inf where there is no mass."""
        density = self.pdf(t)
        return np.log(density, out=np.full_like(density, -np.inf), where=density > 0)

    def cdf(self, t: ArrayLike) -> np.ndarray:
        """F(t) = P(X <= t), any shape."""
        ends = np.column_stack([self._blocks.left, self._blocks.right]).ravel()
        levels = np.column_stack([self._blocks.lower, self._blocks.upper]).ravel()
        return np.interp(numbers("t", t, ANY), ends, levels)

    def ppf(self, u: ArrayLike) -> np.ndarray:
        """Quantile F^{-1}(u), any shape: the smallest t of the support with F(t) >= u. Levels u in [0, 1]."""
        u = numbers("u", u, "[0, 1]", "as a probability is")
        return self._blocks.quantile(u, np.searchsorted(self._blocks.upper, u))

    def sample(self, n: int, generator: np.random.Generator) -> np.ndarray:
        """n independent draws, shape (n,)."""
        return self.ppf(checks.generator("generator", generator).random(checks.whole("n", n, at_least=0)))


def wasserstein_1d(
    x: ArrayLike | PiecewiseUniform,
    y: ArrayLike | PiecewiseUniform,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
) -> float:
    """W1 between two measures on the line, exactly, in O((n + m) log(n + m)).

    Integrates |F_p^{-1} - F_q^{-1}| over the levels u. Between neighbouring jumps both quantile functions are
    linear (constant for atoms), so the integral is a finite sum.

    Parameters
    ----------
    x, y : atoms, shapes (n,) and (m,), or a `PiecewiseUniform`; the two kinds may be mixed.
    a, b : weights (n,) and (m,) of the atoms; None means 1/n and 1/m. A `PiecewiseUniform` brings its own
        masses.

    Returns
    -------
    float, in the units of x and y. L2's blocks give 3.

    Raises
    ------
    ValueError
        for points that are not on a line, weights that are no probability vector, weights beside a
        density, or a distance beyond float64.
    """
    p, q = _pieces(x, a, "x", "a"), _pieces(y, b, "y", "b")
    levels = np.concatenate([[0.0], np.union1d(p.upper, q.upper)])
    middle = (levels[:-1] + levels[1:]) / 2
    in_p, in_q = np.searchsorted(p.upper, middle), np.searchsorted(q.upper, middle)
    with np.errstate(over="ignore", invalid="ignore"):
        start = p.quantile(levels[:-1], in_p) - q.quantile(levels[:-1], in_q)
        stop = p.quantile(levels[1:], in_p) - q.quantile(levels[1:], in_q)
        distance = float(np.diff(levels) @ _mean_absolute(start, stop))
    if not np.isfinite(distance):
        raise ValueError(
            "x and y are further apart than float64 can hold (1.8e308): bring them closer together."
        )
    return distance


class _Pieces:
    """A measure on the line as sorted pieces of positive mass: blocks [left, right], atoms left = right."""

    def __init__(self, masses: np.ndarray, left: np.ndarray, right: np.ndarray):
        heavy = masses > 0
        self.masses, self.left, self.right = masses[heavy], left[heavy], right[heavy]
        self.upper = np.minimum(np.cumsum(self.masses), 1.0)  # F at the right end of each piece
        self.upper[-1] = 1.0
        self.lower = np.concatenate([[0.0], self.upper[:-1]])

    def quantile(self, u: np.ndarray, k: np.ndarray) -> np.ndarray:
        """F^{-1}(u) on piece k, where it is linear in u."""
        share = np.clip((u - self.lower[k]) / (self.upper[k] - self.lower[k]), 0.0, 1.0)
        return self.left[k] + share * (self.right[k] - self.left[k])


def _pieces(
    points: ArrayLike | PiecewiseUniform, weights: ArrayLike | None, name: str, weight_name: str
) -> _Pieces:
    if isinstance(points, PiecewiseUniform):
        if weights is not None:
            raise ValueError(f"{name} is a density with masses of its own: leave {weight_name} out.")
        return points._blocks
    points = as_points(name, points)
    if points.ndim != 1:
        raise ValueError(
            f"{name} has shape {points.shape}: points in {points.shape[1]} dimensions. wasserstein_1d works "
            "on the line, where sorting is optimal; use earth_movers_distance for the plane and beyond."
        )
    weights = checks.weights(weight_name, weights, len(points))
    order = np.argsort(points)
    return _Pieces(weights[order], points[order], points[order])


def _mean_absolute(start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Mean of |h| over an interval on which h runs linearly from start to stop."""
    total = np.abs(start) + np.abs(stop)
    crosses = np.sign(start) * np.sign(stop) < 0
    share = np.divide(
        np.abs(start), total, out=np.zeros_like(total), where=crosses
    )  # a product might underflow
    return total / 2 - share * np.abs(stop)
