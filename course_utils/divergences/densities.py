"""What quadrature has to know of a scipy.stats distribution: its log-density, and where that lives.

Peaks are found from quantiles, not by search: a distribution's quantiles lie where its mass is, however narrow or far
away that is. A mixture (anything with ``components``) is read component by component, so that no narrow part hides
between two quantiles of the whole, and its slow numerical inverse is never called.
"""

from typing import Any

import numpy as np

from course_utils.divergences.quadrature import Legs, LogF, integrate, power_law

_LEVELS = np.array([1e-6, 1e-3, 0.05, 0.25, 0.5])
_MEDIAN = 4
_MASS_TOLERANCE = 1e-6
_LOG_OF_NO_MASS = -30.0


class Density:
    """A distribution on the line, checked and read for quadrature.

    Attributes
    ----------
    has_atoms : bool
        True for a discrete distribution; it has no density, and the other attributes stay unset.
    supports : (parts, 2) array
        Edges of the support of the distribution, or of each component of a mixture.
    breaks : (3, m) array
        Rows: points x where a leg should begin, the scale of the density around them, and 1.0 where x is an edge
        of a support (else 0.0).

    Raises
    ------
    ValueError
        when the object is no frozen univariate distribution with a log-density and quantiles.
    """

    def __init__(self, distribution: Any, name: str):
        self.name = name
        self._distribution = _lasting(distribution)
        if hasattr(distribution, "pmf") and not hasattr(distribution, "logpdf"):
            self.has_atoms = True
            return
        parts = [_read_leaf(leaf, name) for leaf in _leaves(distribution)]
        self.has_atoms = any(part is None for part in parts)
        if not self.has_atoms:
            supports, breaks = zip(*parts, strict=True)
            self.supports = np.array(supports)
            declared = np.array(getattr(distribution, "support", tuple)(), dtype=float)
            self._ends = (
                self.supports[0] if len(parts) == 1 and not np.array_equal(declared, supports[0]) else None
            )
            self.breaks = np.concatenate(breaks, axis=1)

    def logpdf(self, x: np.ndarray) -> np.ndarray:
        """log p(x), -inf where the density is zero."""
        # Far out scipy meets overflow on its way to -inf, or to NaN; both mean "nothing here".
        with np.errstate(all="ignore"):
            value = np.asarray(self._distribution.logpdf(x.copy()), dtype=float)
        value = np.where(np.isnan(value), -np.inf, value)
        if self._ends is not None:  # a periodic density goes on beyond the one period that has mass 1
            value = np.where((x < self._ends[0]) | (x > self._ends[1]), -np.inf, value)
        return value

    def covers(self, x: np.ndarray) -> np.ndarray:
        """Whether x lies inside the support, where the density should be positive."""
        return np.any((x > self.supports[:, :1]) & (x < self.supports[:, 1:]), axis=0)


def _lasting(distribution: Any) -> Any:
    """scipy's frozen Laplace takes the log of a density that has underflowed at 745 scales; its twin does not."""
    if getattr(getattr(distribution, "dist", None), "name", None) == "laplace":
        from scipy import stats  # half a second, and whoever has such a distribution has it already

        return stats.gennorm(1, *distribution.args, **distribution.kwds)
    return distribution


def _one_period(distribution: Any, support: np.ndarray) -> np.ndarray:
    """scipy's von Mises says that it lives on the whole line, where its density repeats; its mass is on one period."""
    if getattr(getattr(distribution, "dist", None), "name", None) != "vonmises":
        return support
    named = dict(zip(("kappa", "loc", "scale"), distribution.args, strict=False)) | distribution.kwds
    return named.get("loc", 0.0) + np.pi * named.get("scale", 1.0) * np.array([-1.0, 1.0])


def _leaves(distribution: Any) -> list[Any]:
    components = getattr(distribution, "components", None)
    if components is None:
        return [distribution]
    weights = getattr(distribution, "weights", None)
    weights = np.ones(len(components)) if weights is None else weights
    # A component of weight zero is nowhere: its support is none of the mixture's.
    return [
        leaf for part, weight in zip(components, weights, strict=True) if weight > 0 for leaf in _leaves(part)
    ]


def _read_leaf(distribution: Any, name: str) -> tuple[tuple[float, float], np.ndarray] | None:
    """Support and break points of one distribution that is no mixture; None where it consists of atoms."""
    support, points, log_density = _ask(distribution, name)
    if np.isposinf(log_density).all():
        return None
    lo, hi = support
    edges = support[np.isfinite(support)]
    # Near an edge no quantile is needed: the leg that starts there sees all scales.
    clear = (np.abs(points - edges[:, None]) > 0.01 * np.abs(points[_MEDIAN] - edges[:, None])).all(axis=0)
    x = np.union1d(points[np.isfinite(points) & clear & (points > lo) & (points < hi)], edges)
    if np.isnan(support).any() or np.isnan(log_density).all() or x.size < 2:
        raise ValueError(
            f"{name} has no usable quantiles. Check its parameters: scales must be positive, and not so small beside "
            "the location that floating-point numbers cannot tell the quantiles apart."
        )
    gap = np.concatenate([[np.inf], np.diff(x), [np.inf]])
    return (lo, hi), np.stack([x, np.minimum(gap[:-1], gap[1:]), np.isin(x, edges).astype(float)])


def _ask(distribution: Any, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Support (2,), quantiles and the log-density at them, or a ValueError that says what is missing."""
    quantile = getattr(distribution, "icdf", None) or getattr(distribution, "ppf", None)
    upper_quantile = getattr(distribution, "iccdf", None) or getattr(distribution, "isf", None)
    has_density = hasattr(distribution, "logpdf") and hasattr(distribution, "support")
    if not (quantile and upper_quantile and has_density):
        hint = (
            " Probability vectors go to kl_divergence and js_divergence." if np.iterable(distribution) else ""
        )
        raise ValueError(
            f"{name} is a {type(distribution).__name__}, which lacks logpdf, support or quantiles. Give a distribution "
            f"of scipy.stats, such as norm(0, 1), Normal(mu=0, sigma=1) or a Mixture of these.{hint}"
        )
    try:
        with np.errstate(all="ignore"):
            support = np.array(distribution.support(), dtype=float)
            support = _one_period(distribution, support)
            points = np.concatenate(
                [quantile(_LEVELS.copy()), upper_quantile(_LEVELS[:-1].copy())], dtype=float
            )
            log_density = np.asarray(distribution.logpdf(points.copy()), dtype=float)
    except TypeError as error:
        raise ValueError(
            f"{name} has open parameters ({error}). Fill them in first, as in scipy.stats.t(df=3)."
        ) from error
    except ValueError as error:
        raise ValueError(
            f"{name} is not one distribution on the line ({error}). Give scalar parameters."
        ) from error
    if support.shape != (2,):
        raise ValueError(
            f"{name} has array parameters: {support[0].size} distributions at once. Give scalar parameters, one "
            "distribution per call."
        )
    return _to_the_edge(distribution, support, points), points, log_density


def _to_the_edge(distribution: Any, support: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The support, ended where the density ends: scipy's Pearson III says that it lives on the whole line.

    A density that is nothing one scale beyond its outermost quantile has not died away; between them it ends.
    """
    support = support.copy()
    for end, outermost, before in ((0, 0, 1), (1, _MEDIAN + 1, _MEDIAN + 2)):
        inside, outside = points[outermost], 2 * points[outermost] - points[before]
        known = np.isfinite(support[end]) or not np.isfinite(inside + outside) or inside == outside
        if known or np.isfinite(distribution.logpdf(outside)):
            continue
        while (middle := (inside + outside) / 2) not in (inside, outside):
            alive = np.isfinite(distribution.logpdf(middle))
            inside, outside = (middle, outside) if alive else (inside, middle)
        support[end] = inside
    return support


def integrate_over(
    p: Density, q: Density, log_f: LogF, reach: float = 1e100, rtol: float = 1e-10, *, alone: bool = True
) -> np.ndarray:
    """∫ f_k(x, p(x), q(x)) dx, (k,); see `quadrature.integrate`. p and q are integrated along, to check both.

    Where one of them has underflowed, the other goes on ``alone``, or else f is continued from the last point that has
    both.

    Raises
    ------
    ValueError
        when p or q does not integrate to 1 (within 1e-6, or 10 rtol).
    ArithmeticError
        when the quadrature does not settle.
    """

    def log_densities(x: np.ndarray) -> np.ndarray:
        return np.stack([p.logpdf(x), q.logpdf(x)])

    def log_integrands(x: np.ndarray, log_p: np.ndarray, log_q: np.ndarray) -> np.ndarray:
        return np.concatenate([[log_p, log_q], log_f(x, log_p, log_q)])

    *masses, values = np.split(
        integrate(log_densities, log_integrands, _lay_legs(p, q, reach, alone), rtol=rtol), [1, 2]
    )
    if np.isfinite(values).all():
        for density, mass in zip((p, q), masses, strict=True):
            if abs(mass.item() - 1) > max(_MASS_TOLERANCE, 10 * rtol):
                raise ValueError(
                    f"The density of {density.name} integrates to {mass.item():.8g}, not to 1: it is not normalised, "
                    "or it has peaks that its quantiles do not show. Give a mixture as scipy.stats.Mixture, "
                    "whose components are read one by one."
                )
    return values


def _lay_legs(p: Density, q: Density, reach: float, alone: bool) -> Legs:
    """The line under p and q, cut at the break points of both and walked from each of them in both directions.

    An infinite tail is followed to ``reach`` times the local scale; an edge of a support as closely as floating-point
    numbers tell the distance to it. Both are left open there, for the integral beyond.
    """
    x, scale, sharp = _merge(np.concatenate([p.breaks, q.breaks], axis=1))
    supports = np.concatenate([p.supports, q.supports])
    lo, hi = supports.min(), supports.max()
    # An outermost point may be the edge of one support inside the other: then the tail starts one step further out.
    if lo == -np.inf:
        x, scale, sharp = np.r_[x[0] - scale[0], x], np.r_[scale[0], scale], np.r_[False, sharp]
    if hi == np.inf:
        x, scale, sharp = np.r_[x, x[-1] + scale[-1]], np.r_[scale, scale[-1]], np.r_[sharp, False]
    half = np.diff(x) / 2
    legs = [
        _half_gap(x[:-1], scale[:-1], sharp[:-1], half, +1.0),
        _half_gap(x[1:], scale[1:], sharp[1:], half, -1.0),
    ]
    for infinite, end, side in ((lo == -np.inf, 0, -1.0), (hi == np.inf, -1, +1.0)):
        if infinite:
            s = scale[end]
            legs.append(np.array([[x[end] - side * s], [side], [np.log(s)], [np.log(s * reach)], [1.0]]))
    return Legs(*_shorten(np.concatenate(legs, axis=1), p, q, alone))


def _merge(breaks: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sort; where points coincide (to rounding), keep the smallest scale, and the edge if one of them is an edge."""
    x, scale, sharp = breaks[:, np.argsort(breaks[0], kind="stable")]
    index = np.cumsum(np.diff(x, prepend=-np.inf) > 4 * np.spacing(np.abs(x))) - 1
    places, scales, edges = (
        np.empty(index[-1] + 1),
        np.full(index[-1] + 1, np.inf),
        np.zeros(index[-1] + 1, bool),
    )
    places[index] = x
    places[index[sharp > 0]] = x[sharp > 0]
    np.minimum.at(scales, index, scale)
    np.logical_or.at(edges, index, sharp > 0)
    return places, scales, edges


def _half_gap(
    x: np.ndarray, scale: np.ndarray, sharp: np.ndarray, half: np.ndarray, side: float
) -> np.ndarray:
    """Legs (5, m) that walk from each x half-way to its neighbour: fine steps first, then growing ones.

    From a smooth point the origin lies one scale behind it. From an edge the origin is the edge itself. Rounding blurs
    the distance h to it by spacing / h, the power law beyond by h / half: they balance at h = sqrt(spacing * half).
    """
    closest = np.sqrt(np.spacing(np.abs(x))) * np.sqrt(half)
    start = np.where(sharp, np.minimum(closest, half / 2), scale)
    origin = np.where(sharp, x, x - side * scale)
    stop = np.where(sharp, half, scale + half)
    return np.stack([origin, np.full_like(x, side), np.log(start), np.log(stop), np.where(sharp, -1.0, 0.0)])


def _shorten(table: np.ndarray, p: Density, q: Density, alone: bool) -> np.ndarray:
    """Cut legs (5, m), the fields of Legs, where a density on the way to their open ends is no number any more.

    No support ends within a leg, so a density that is there at the closed end and gone (-inf) at the open one has
    overflowed or underflowed on the way. If it fell as a power law, what it does beyond is known, and the leg ends
    there, still open. If it fell faster (as e^(-1/x) at the edge x = 0), it is nothing beyond, and a second leg goes on
    with the other density ``alone``, if that has any mass there. (If not, all that matters is whether a ratio grows so
    fast that a divergence is infinite, which the open end tells.)
    """
    legs, leg = Legs(*table), np.flatnonzero(table[4])
    outward = legs.open_end[leg]
    near, far = outward < 0, outward > 0
    inner, outer = np.where(far, legs.lo[leg], legs.hi[leg]), np.where(far, legs.hi[leg], legs.lo[leg])

    def alive(u: np.ndarray) -> np.ndarray:
        return np.stack([np.isfinite(density.logpdf(legs.x(leg, u))) for density in (p, q)])

    expected = alive(inner)
    lost = (expected & ~alive(outer)).any(axis=0)
    if not lost.any():
        return table
    good, bad = inner.copy(), outer.copy()
    for _ in range(20):
        middle = (good + bad) / 2
        fine = (alive(middle) >= expected).all(axis=0)
        good, bad = np.where(fine, middle, good), np.where(fine, bad, middle)
    u = good - outward * np.arange(3)[:, None]
    lines = np.stack([density.logpdf(legs.x(leg, u).ravel()).reshape(u.shape) + u for density in (p, q)])
    died = expected & ~alive(bad)
    as_a_power = np.stack([np.isfinite(power_law(line)) for line in lines])
    others = np.where(died, -np.inf, lines[:, 0]).max(axis=0) > _LOG_OF_NO_MASS
    goes_on = alone & lost & others & ~(died & as_a_power).any(axis=0)
    outer = np.where(goes_on, bad, np.where(lost, good, outer))
    cut, beyond = table.copy(), table[:, leg[goes_on]]
    cut[3, leg[far]], cut[2, leg[near]], cut[4, leg[goes_on]] = outer[far], outer[near], 0.0
    beyond[2, far[goes_on]], beyond[3, near[goes_on]] = bad[far & goes_on], bad[near & goes_on]
    return np.concatenate([cut, _shorten(beyond, p, q, alone)], axis=1) if goes_on.any() else cut
