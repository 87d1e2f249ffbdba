"""Optimal transport between discrete measures: couplings, the earth mover's distance and its dual potentials.

    W(p, q) = min over couplings gamma in Pi(p, q) of sum_ij gamma_ij C_ij    (the plan; L0, L1 section 1, L2)
            = max over f, g with f_i + g_j <= C_ij of sum_i a_i f_i + sum_j b_j g_j         (the potentials)
            = max over 1-Lipschitz phi of E_p[phi] - E_q[phi]         (Kantorovich-Rubinstein, C a metric)

The last two lines are one: f_i = phi(x_i) and g_j = -phi(y_j) wherever there is mass. POT solves the linear
programme and this module checks what comes back: an answer that is not optimal is an error, never a quiet
zero.
"""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from course_utils.checks import number, numbers
from course_utils.transport.measures import Metric, as_weights, ground_cost

TOLERANCE = 1e-9  # largest defect of a marginal, and of the duality gap in units of the largest cost


@dataclass(frozen=True, eq=False)
class Transport:
    """A solved transport problem, with the certificate that no plan is cheaper.

    Attributes
    ----------
    cost : sum_ij plan_ij C_ij, in the units of the ground cost.
    plan : (n, m); plan_ij is the mass that goes from x_i to y_j. Row sums are a, column sums are b.
    cost_matrix : C, (n, m).
    potentials : (f, g), shapes (n,) and (m,), with f_i + g_j <= C_ij for every pair, weights of zero
        included, and equality wherever plan_ij > 0 (complementary slackness). The free constant is set so
        that a @ f = b @ g.
    gap : cost - (a @ f + b @ g), which weak duality keeps >= 0 but for rounding.
    x, y : the points, (n,) on the line or (n, d); None where only a cost matrix was given.
    a, b : the weights, (n,) and (m,).
    metric : the ground metric as it was given.
    """

    cost: float
    plan: np.ndarray
    cost_matrix: np.ndarray
    potentials: tuple[np.ndarray, np.ndarray]
    gap: float
    x: np.ndarray | None
    y: np.ndarray | None
    a: np.ndarray
    b: np.ndarray
    metric: Metric


def earth_movers_distance(
    x: ArrayLike | None,
    y: ArrayLike | None,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    metric: Metric = "euclidean",
    *,
    max_pivots: int = 10_000_000,
) -> Transport:
    """The cheapest way to turn the measure sum_i a_i delta_{x_i} into sum_j b_j delta_{y_j}, solved exactly.

    Parameters
    ----------
    x, y : points, (n,) and (m,) on the line, (n, d) and (m, d) in d dimensions.
    a, b : weights, (n,) and (m,), summing to one; zeros are welcome. None means 1/n and 1/m.
    metric : "euclidean" (the distance of the WGAN paper), "cityblock" (L1 norm), "sqeuclidean" (its optimum
        is W2 squared, no metric), a function d(u, v) of two points, or a ready cost matrix (n, m); with a
        matrix, x and y may be None.
    max_pivots : where the network simplex gives up.

    Returns
    -------
    Transport
        with the cost, the plan, the cost matrix, the dual potentials and the duality gap.

    Raises
    ------
    ValueError
        for points, weights or a metric that describe no transport problem; the message says which and why.
    RuntimeError
        when no optimal plan was found, whether the solver says so or the checks do: marginals off by more
        than 1e-9, or a duality gap above 1e-9 times the largest cost.
    """
    x, y, cost_matrix = ground_cost(x, y, metric)
    n, m = cost_matrix.shape
    a, b = as_weights(a, n, "a"), as_weights(b, m, "b")
    largest = max(cost_matrix.max(), -cost_matrix.min())
    plan, g = _solve(a, b, cost_matrix, largest, max_pivots)
    f, g = _feasible_potentials(cost_matrix, g)
    cost = float(np.vdot(plan, cost_matrix))
    gap = cost - float(a @ f + b @ g)
    _check_optimal(plan, a, b, gap, largest)
    return Transport(cost, plan, cost_matrix, (f, g), gap, x, y, a, b, metric)


def kantorovich_potential(transport: Transport) -> Callable[[np.ndarray], np.ndarray]:
    """A best critic: the dual solution continued to a 1-Lipschitz function on the whole line or space.

        phi(z) = min_j d(z, y_j) - g_j          (the c-transform of g)

    A minimum of 1-Lipschitz functions is 1-Lipschitz. phi(x_i) = f_i where a_i > 0 and phi(y_j) = -g_j where
    b_j > 0, so E_p[phi] - E_q[phi] = W(p, q): what the critic of a WGAN tries to learn (L0, L1, L2). High on
    p, low on q; where mass moves, it falls with slope exactly 1. It is not unique away from the moving mass.

    Parameters
    ----------
    transport : solved with points and with a metric: "euclidean", "cityblock", or a function that is one.

    Returns
    -------
    phi : keeps the shape of points on the line; in d dimensions it takes (..., d) and gives (...).

    Raises
    ------
    ValueError
        where the problem was given by a matrix (no points to measure from), or by "sqeuclidean" (no metric).
    """
    y, g, metric = transport.y, transport.potentials[1], transport.metric
    if y is None or not (isinstance(metric, str) or callable(metric)):
        raise ValueError(
            "This transport was solved from a cost matrix, which says nothing about points in between. "
            'Solve it with metric="euclidean", "cityblock" or a function d(u, v).'
        )
    if metric == "sqeuclidean":
        raise ValueError(
            '"sqeuclidean" breaks the triangle inequality, so its dual is not one 1-Lipschitz function. '
            'Solve the problem with metric="euclidean" or "cityblock".'
        )

    def phi(points: ArrayLike) -> np.ndarray:
        points = np.asarray(points, dtype=np.float64)
        shape = points.shape if y.ndim == 1 else points.shape[:-1]
        if points.shape[len(shape) :] != y.shape[1:]:
            raise ValueError(f"points has shape {points.shape}, but the last axis must be {y.shape[1]} long.")
        flat = points.reshape(-1, *y.shape[1:])
        chunk = max(1, 2**20 // len(y))  # keeps the distances of a fine grid to many atoms within 8 MB
        parts = [flat[k : k + chunk] for k in range(0, len(flat), chunk)]
        values = [(ground_cost(part, y, metric)[2] - g).min(axis=1) for part in parts]
        return np.concatenate(values).reshape(shape)

    return phi


def binary_couplings(mu0: float, nu0: float, q: ArrayLike) -> np.ndarray:
    """Every coupling of two coins, as L1's table: the segment between its two extreme couplings.

        gamma[q] = (1 - q) gamma[0] + q gamma[1],
        gamma[0]_00 = min(mu0, nu0), the largest possible
        gamma[1]_00 = max(0, mu0 + nu0 - 1), the smallest

    Parameters
    ----------
    mu0, nu0 : P(X = 0) and P(Y = 0), in [0, 1]; L1 has 0.3 and 0.5.
    q : the place on the segment, in [0, 1]; a number or an array.

    Returns
    -------
    (2, 2), or q.shape + (2, 2): gamma[q]_xy, with row sums (mu0, 1 - mu0) and column sums (nu0, 1 - nu0).

    Raises
    ------
    ValueError
        for a probability or a q outside [0, 1].
    """
    mu0, nu0 = number("mu0", mu0, "[0, 1]"), number("nu0", nu0, "[0, 1]")
    q = numbers("q", q, "[0, 1]")
    together = np.array([[min(mu0, nu0), max(mu0 - nu0, 0.0)], [max(nu0 - mu0, 0.0), min(1 - mu0, 1 - nu0)]])
    apart = np.array(
        [[max(mu0 + nu0 - 1, 0.0), min(mu0, 1 - nu0)], [min(nu0, 1 - mu0), max(1 - mu0 - nu0, 0.0)]]
    )
    q = q[..., None, None]
    return (1 - q) * together + q * apart


def _solve(
    a: np.ndarray, b: np.ndarray, cost_matrix: np.ndarray, largest: float, max_pivots: int
) -> tuple[np.ndarray, np.ndarray]:
    """POT's plan and its potential g, centred by POT; -inf (not chosen yet) where b_j = 0, which POT never sees."""
    import ot  # slow: POT imports torch where there is one

    rows, columns = np.flatnonzero(a), np.flatnonzero(b)
    everywhere = len(rows) == len(a) and len(columns) == len(b)
    block = cost_matrix if everywhere else cost_matrix[np.ix_(rows, columns)]
    # The simplex compares reduced costs with an absolute epsilon: with costs near 1e-12 it stops early, with
    # a wrong plan and no warning. A power of two brings the largest cost near 1 without rounding; costs that
    # are near 1 anyway are spared the copy.
    exponent = math.frexp(largest)[1]
    scale = 1.0 if abs(exponent) <= 10 else math.ldexp(1.0, max(exponent, -1000))
    scaled = block if scale == 1 else block / scale
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it becomes an error below
        solved, log = ot.emd(a[rows], b[columns], scaled, numItermax=max_pivots, log=True)
    if log["warning"] is not None:
        raise RuntimeError(
            f"The transport problem of size {cost_matrix.shape} was not solved. POT says: {log['warning']} "
            f"(max_pivots is {max_pivots})."
        )
    g = np.full(len(b), -np.inf)
    g[columns] = log["v"] * scale
    if everywhere:
        return solved, g
    plan = np.zeros_like(cost_matrix)
    plan[np.ix_(rows, columns)] = solved
    return plan, g


def _feasible_potentials(cost_matrix: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best f for g, then the best g for that f: two c-transforms, f_i = min_j C_ij - g_j and the other way.

    Afterwards f_i + g_j <= C_ij for every pair. Neither step can lower the dual value, so where there is mass an
    optimal g stays as it is.
    """
    n, m = cost_matrix.shape
    best_f, best_g = np.empty(n), np.full(m, np.inf)
    height = max(1, 2**16 // m)  # strips of the matrix that stay in the cache
    for top in range(0, n, height):
        strip = slice(top, top + height)
        best_f[strip] = (cost_matrix[strip] - g).min(axis=1)
        np.minimum(best_g, (cost_matrix[strip] - best_f[strip, None]).min(axis=0), out=best_g)
    return best_f, best_g


def _check_optimal(plan: np.ndarray, a: np.ndarray, b: np.ndarray, gap: float, largest: float) -> None:
    defect = max(np.abs(plan.sum(axis=1) - a).max(), np.abs(plan.sum(axis=0) - b).max(), -plan.min())
    if not (defect <= TOLERANCE and abs(gap) <= TOLERANCE * largest):
        raise RuntimeError(
            f"The solver's plan is not optimal: its marginals are off by {defect:.3g}, the duality gap is "
            f"{gap:.3g}, costs go up to {largest:.3g}. Drop points whose weight is far below 1e-9, and "
            "look for one cost that dwarfs all others."
        )
