"""Kullback-Leibler and Jensen-Shannon divergence, in nats (lecture L0, "Relationship with KL divergence").

Probability vectors go to ``kl_divergence`` and ``js_divergence``, densities (scipy.stats) to the functions whose names
end in ``_continuous``. Both are sums of the same non-negative terms, over points or over a line.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from course_utils.checks import ANY, broadcast, numbers
from course_utils.divergences.densities import Density, integrate_over

LOG_2 = float(np.log(2.0))
_SUM_TOLERANCE = 1e-6
# log of the smallest float: what a density that underflowed to 0 is at most.
_LOG_OF_UNDERFLOW = -745.2


# --- The terms ----------------------------------------------------------------------------------------------------


def _log_kl_term(log_p: np.ndarray, log_q: np.ndarray, r: np.ndarray) -> np.ndarray:
    """log of p log(p/q) - p + q, for r = log(p/q).

    Adding q - p changes no integral (both have mass 1) and makes every term non-negative: nothing cancels
    when p is near q, and an infinite divergence can only grow.
    """
    with np.errstate(all="ignore"):
        near_zero = r * r / 2 * (1 - r / 3 * (1 - r / 4 * (1 - r / 5 * (1 - r / 6))))
        positive = log_p + np.log(np.where(np.abs(r) < 0.01, near_zero, r + np.expm1(-np.maximum(r, -1.0))))
        negative = log_q + np.log1p((r - 1) * np.exp(np.minimum(r, 0.0)))
    term = np.where(r < -1, negative, positive)
    term = np.where(np.isneginf(log_q), np.inf, term)
    return np.where(np.isneginf(log_p), log_q, term)


def _log_js_term(log_p: np.ndarray, log_q: np.ndarray, r: np.ndarray) -> np.ndarray:
    """log of (p log(p/m) + q log(q/m)) / 2 with m = (p + q) / 2, for r = log(p/q).

    It is m (h tanh h - log cosh h) with h = r / 2: even in h, so exactly symmetric in p and q.
    """
    h = np.minimum(np.abs(r) / 2, 1e3)  # beyond, p or q is nothing beside the other
    with np.errstate(all="ignore"):
        small = h * np.tanh(h) - np.log1p(2 * np.sinh(np.minimum(h, 1.0) / 2) ** 2)
        large = LOG_2 - np.log1p(np.exp(-2 * h)) - 2 * h * special.expit(-2 * h)
        term = np.logaddexp(log_p, log_q) - LOG_2 + np.log(np.where(h < 1, small, large))
    return np.where(np.isnan(r), -np.inf, term)  # r is NaN only where p = q = 0


# --- Probability vectors ------------------------------------------------------------------------------------------


def kl_divergence(p: np.ndarray, q: np.ndarray) -> np.ndarray | float:
    """KL(p || q) = sum_i p_i log(p_i / q_i) for probability vectors, in nats (L0, "KL Divergence and JS Divergence").

    Parameters
    ----------
    p, q : array_like, (..., n)
        Non-negative, summing to 1 along the last axis (within 1e-6; the rest is divided out). Leading axes broadcast.

    Returns
    -------
    float for vectors, else an array of the broadcast leading shape. Never negative; 0 log 0 = 0; infinite where
    q_i = 0 < p_i for some i.

    Raises
    ------
    ValueError
        for negative, infinite or NaN entries, wrong sums, empty vectors, lengths or shapes that do not fit.

    Examples
    --------
    >>> float(kl_divergence([0.5, 0.5], [1.0, 0.0]))
    inf
    """
    return _total(_log_kl_term, p, q)


def js_divergence(p: np.ndarray, q: np.ndarray) -> np.ndarray | float:
    """JSD(p, q) = KL(p || m)/2 + KL(q || m)/2 with m = (p + q)/2, in nats (L0, "KL Divergence and JS Divergence").

    Parameters, shapes and errors as for `kl_divergence`. The value lies in [0, log 2], is symmetric to the last bit,
    is 0 iff p = q and log 2 iff the supports are disjoint. Its square root is a metric (Endres and Schindelin, 2003).
    """
    return np.minimum(_total(_log_js_term, p, q), LOG_2)


def _total(log_term: Callable[..., np.ndarray], p: np.ndarray, q: np.ndarray) -> np.ndarray | float:
    p, q = probabilities(p, "p"), probabilities(q, "q")
    if p.shape[-1] != q.shape[-1]:
        raise ValueError(
            f"p has {p.shape[-1]} entries along its last axis and q has {q.shape[-1]}. Both must give probabilities "
            "to the same outcomes, in the same order."
        )
    p, q = broadcast(p=p, q=q)
    low, high = np.minimum(p, q), np.maximum(p, q)
    with np.errstate(all="ignore"):
        log_p, log_q = np.log(p), np.log(q)
        # log1p keeps the digits that a quotient near 1 loses; the quotient itself may overflow, logs do not.
        size = np.where(high < 2 * low, np.log1p((high - low) / low), np.abs(log_p - log_q))
        terms = log_term(log_p, log_q, np.copysign(size, p - q))
        return np.exp(terms).sum(axis=-1)


def probabilities(values: np.ndarray, name: str) -> np.ndarray:
    """Probability vectors (..., n), looked at; what their sums miss of 1 by rounding is divided out."""
    density = "and for densities use the functions ending in _continuous"
    advice = density if hasattr(values, "logpdf") else "as a probability is"
    array = numbers(name, values, "[0, inf)", advice)
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(f"{name} has shape {array.shape}; a probability vector needs at least one entry.")
    total = array.sum(axis=-1, keepdims=True)
    if (np.abs(total - 1) > _SUM_TOLERANCE).any():
        worst = total.flat[np.abs(total - 1).argmax()]
        raise ValueError(
            f"{name} sums to {worst:.8g} along its last axis, not to 1. Divide it by its sum first: {name} / "
            f"{name}.sum(axis=-1, keepdims=True)."
        )
    return array / total


# --- Densities ----------------------------------------------------------------------------------------------------


def kl_divergence_continuous(p: Any, q: Any) -> float:
    """KL(p || q) = ∫ p(x) log(p(x) / q(x)) dx for distributions on the line, in nats (L0).

    Parameters
    ----------
    p, q : distributions of scipy.stats
        Frozen ones (``norm(0, 1)``, ``t(df=3)``) or of the newer kind (``Normal(mu=0, sigma=1)``, ``Mixture``). Needed
        are ``logpdf``, ``support()`` and quantiles (``ppf`` and ``isf``, or ``icdf`` and ``iccdf``), or ``components``
        that have them. A zero density is one whose logpdf is -inf.

    Returns
    -------
    float, to about ten digits. Infinite where p has mass and q has none, and also where p << q but the tails of q are
    so thin that the integral diverges (p Cauchy, q normal: absolute continuity is necessary, not
    sufficient). A discrete distribution and a density are mutually singular: infinite, both ways round.

    Raises
    ------
    ValueError
        for two discrete distributions (use `kl_divergence` on vectors), several distributions at once, open
        parameters, or a density that does not integrate to 1.
    ArithmeticError
        when q.logpdf underflows where p has mass, or the quadrature does not settle.

    Notes
    -----
    Adaptive Gauss-Kronrod quadrature in log space between the quantiles of p and q; see `quadrature` (and why
    not scipy.integrate) and `densities`.

    Examples
    --------
    >>> from scipy.stats import cauchy, norm, rv_discrete
    >>> round(kl_divergence_continuous(norm(1, 1), norm(0, 1)), 10)
    0.5
    >>> kl_divergence_continuous(cauchy(), norm())
    inf
    >>> kl_divergence_continuous(norm(), rv_discrete(values=([-1, 1], [0.5, 0.5])))
    inf
    """
    p, q, mutually_singular = _read_pair(p, q)
    if mutually_singular:
        return np.inf

    lowest = 0.0

    def log_terms(x: np.ndarray, log_p: np.ndarray, log_q: np.ndarray) -> np.ndarray:
        nonlocal lowest
        lost = np.isneginf(log_q) & q.covers(x)
        lowest = min(lowest, log_q[np.isfinite(log_q)].min(initial=0.0))
        log_q = np.where(lost, _LOG_OF_UNDERFLOW, log_q)
        return np.stack([_log_kl_term(log_p, log_q, _minus(log_p, log_q)), np.where(lost, log_p, -np.inf)])

    value, lost_mass = integrate_over(p, q, log_terms)
    if lost_mass <= 1e-12 or value == np.inf:
        return float(value)
    # no underflow then: log q itself is beyond -1e308, and so is the divergence
    if lowest < 10 * _LOG_OF_UNDERFLOW:
        return np.inf
    if np.isposinf(integrate_over(p, q, log_terms, alone=False)[0]):  # as fast as the ratio grows
        return np.inf
    raise ArithmeticError(
        f"q.logpdf is -inf inside the support of q, where p still has a mass of {lost_mass:.2g}: the density of q "
        "has underflowed there, and scipy takes the logarithm of some densities only afterwards. Choose a q "
        "whose logpdf lasts further out, or bring q closer to p."
    )


def js_divergence_continuous(p: Any, q: Any) -> float:
    """JSD(p, q) = KL(p || m)/2 + KL(q || m)/2 with m = (p + q)/2 for distributions on the line, in nats (L0).

    Parameters and errors as for `kl_divergence_continuous`. The value lies in [0, log 2], whatever the tails; a
    discrete distribution against a density gives log 2 exactly.
    """
    p, q, mutually_singular = _read_pair(p, q)
    if mutually_singular:
        return LOG_2

    def log_term(x: np.ndarray, log_p: np.ndarray, log_q: np.ndarray) -> np.ndarray:
        return _log_js_term(log_p, log_q, _minus(log_p, log_q))[None]

    return min(float(integrate_over(p, q, log_term)[0]), LOG_2)


def js_integrand(p: Any, q: Any) -> Callable[[np.ndarray], np.ndarray | float]:
    """x -> (p log(p/m) + q log(q/m)) / 2 at x, the function whose integral is the JSD: where two densities differ.

    Parameters and errors as for `kl_divergence_continuous`, but both must have a density. The result maps x (any
    shape) to nats per unit of x, never negative, the same shape; right also where p/q overflows.
    """
    p, q, mutually_singular = _read_pair(p, q)
    if mutually_singular:
        raise ValueError(
            "one of the two is discrete: it has atoms and no density, so there is no integrand to draw."
        )

    def integrand(x: np.ndarray) -> np.ndarray | float:
        x = numbers("x", x, ANY)
        log_p, log_q = p.logpdf(x), q.logpdf(x)
        return np.exp(_log_js_term(log_p, log_q, _minus(log_p, log_q)))[()]

    return integrand


def _read_pair(p: Any, q: Any) -> tuple[Density, Density, bool]:
    p, q = Density(p, "p"), Density(q, "q")
    if p.has_atoms and q.has_atoms:
        raise ValueError(
            "p and q are both discrete. Give their probabilities of the same outcomes as vectors to kl_divergence or "
            "js_divergence."
        )
    return p, q, p.has_atoms or q.has_atoms


def _minus(log_p: np.ndarray, log_q: np.ndarray) -> np.ndarray:
    # where there is no density at all, -inf - -inf is NaN, and so it shall be
    with np.errstate(invalid="ignore"):
        return log_p - log_q
