"""Optimal transport between discrete measures: couplings, the earth mover's distance and its dual potentials.

    W(p, q) = min over couplings gamma in Pi(p, q) of sum_ij gamma_ij C_ij    (the plan; L0, L1 section 1, L2)
            = max over f, g with f_i + g_j <= C_ij of sum_i a_i f_i + sum_j b_j g_j         (the potentials)
            = max over 1-Lipschitz phi of E_p[phi] - E_q[phi]         (Kantorovich-Rubinstein, C a metric)

The last two lines are one: f_i = phi(x_i) and g_j = -phi(y_j) wherever there is mass. POT solves the linear
programme and this module checks what comes back, by the costs that carry mass: a plan that is not optimal is
solved again with the large costs capped, and is an error if that does not help, never a quiet wrong number.
"""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from course_utils.checks import instance, number, numbers, weights, whole
from course_utils.transport.measures import Metric, ground_cost

TOLERANCE = 1e-9  # largest defect of a marginal, and of the duality gap beside that of the trivial potentials
EPSILON = float(np.finfo(np.float64).eps)
ROUNDING = 1000 * EPSILON

Potentials = tuple[np.ndarray, np.ndarray]


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

    def __repr__(self) -> str:
        n, m = self.plan.shape
        return f"<Transport of {n:,} onto {m:,} points: cost {self.cost:.6g}, gap {self.gap:.1g}>"


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
        matrix, x and y may be None. A cost of inf forbids the move.
    max_pivots : where the network simplex gives up.

    Returns
    -------
    Transport
        with the cost, the plan, the cost matrix, the dual potentials and the duality gap.

    Raises
    ------
    ValueError
        for points, weights or a metric that describe no transport problem, and for forbidden moves that leave
        no plan; the message says which and why.
    RuntimeError
        when no optimal plan was found, whether the solver says so or the checks do: marginals off by more than
        1e-9, or a duality gap above 1e-9 of the one that the minima of rows and columns leave as potentials.
    """
    x, y, cost_matrix = ground_cost(x, y, metric)
    n, m = cost_matrix.shape
    a, b = weights("a", a, n), weights("b", b, m)
    max_pivots = whole("max_pivots", max_pivots, advice="such as 10_000_000")
    rows, columns = np.flatnonzero(a), np.flatnonzero(b)
    everywhere = len(rows) == n and len(columns) == m
    block = cost_matrix if everywhere else cost_matrix[np.ix_(rows, columns)]
    plan, (f, g) = _solved(a[rows], b[columns], block, max_pivots, (rows, columns))
    if not everywhere:
        solved, heavy_f, heavy_g = plan, f, g
        plan = np.zeros_like(cost_matrix)
        plan[np.ix_(rows, columns)] = solved
        # Where there is no mass, the solver saw nothing: the best price that is feasible beside the others.
        f = _best_price(cost_matrix[:, columns] - heavy_g)
        f[rows] = heavy_f
        g = _best_price((cost_matrix - f[:, None]).T)
        g[columns] = heavy_g
    # A forbidden move carries no mass; only 0 times inf must not be asked for.
    cost = float(
        np.vdot(plan, np.where(plan > 0, cost_matrix, 0) if np.isinf(cost_matrix).any() else cost_matrix)
    )
    gap = cost - float(a @ f + b @ g)
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
    instance("transport", transport, Transport, "what earth_movers_distance returned")
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
        points = numbers("points", points)
        shape = points.shape if y.ndim == 1 else points.shape[:-1]
        if points.shape[len(shape) :] != y.shape[1:]:
            raise ValueError(f"points has shape {points.shape}, but the last axis must be {y.shape[1]} long.")
        if points.size == 0:
            return np.zeros(shape)
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


def _solved(
    a: np.ndarray, b: np.ndarray, cost: np.ndarray, max_pivots: int, places: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, Potentials]:
    """An optimal plan between points that all have mass, and the potentials that prove it.

    ``places`` are the numbers of these points, for an error's reader.
    """
    # The potentials that need no solver. What a plan pays above them stays when all costs of a row or a
    # column rise together, as a point far out makes them do: the scale on which a gap is large or small.
    low = _feasible_potentials(cost, np.zeros(len(b)))
    if np.isfinite(cost).all():
        plan, g = _simplex(a, b, cost, max_pivots)
        if (potentials := _certified(plan, g, a, b, cost, low)) is not None:
            return plan, potentials
    else:
        plan = _avoiding_forbidden(a, b, cost, max_pivots, places)
    # Once more above them, with the large costs lowered to a cap. This plan gets by with costs up to c, so one beyond
    # (n + m) c lies on a cycle that is better turned back: a plan that is optimal with the cap is so without it.
    above = cost - low[0][:, None] - low[1]
    nothing = np.zeros(len(a)), np.zeros(len(b))
    dearest = above[plan > 0].max() if plan.any() else above.max()
    cap = sum(cost.shape) * dearest or 1.0
    plan, g = _simplex(a, b, np.minimum(above, cap), max_pivots)
    for start in (g, nothing[1]):  # the second is exact where the plan pays nothing
        if (rest := _certified(plan, start, a, b, above, nothing)) is not None:
            f, g = low[0] + rest[0], low[1] + rest[1]
            shift = (a @ f - b @ g) / 2
            return plan, (f - shift, g + shift)
    raise RuntimeError(
        "The solver's plan is not optimal, also after the large costs were capped. Costs go up to "
        f"{np.abs(cost).max():.3g} and weights down to {min(a.min(), b.min()):.3g}, and float64 cannot tell "
        "the small from nothing beside the large. Drop points whose weight is far below 1e-9, and forbid a move "
        "by the cost inf, not by a large number."
    )


def _simplex(
    a: np.ndarray, b: np.ndarray, cost: np.ndarray, max_pivots: int
) -> tuple[np.ndarray, np.ndarray]:
    """POT's plan without its crumbs, and its potential g as POT centres it."""
    import ot  # slow: POT imports torch where there is one

    # The simplex compares reduced costs with an absolute epsilon: with costs near 1e-12 it stops early, with
    # a wrong plan and no warning. A power of two brings the largest cost near 1 without rounding; costs that
    # are near 1 anyway are spared the copy.
    exponent = math.frexp(max(cost.max(), -cost.min()))[1]
    scale = 1.0 if abs(exponent) <= 10 else math.ldexp(1.0, max(exponent, -1000))
    scaled = cost if scale == 1 else cost / scale
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it becomes an error below
        plan, log = ot.emd(a, b, scaled, numItermax=max_pivots, log=True)
    if "numItermax" in (log["warning"] or ""):
        # Any other warning comes with a plan that gets no certificate.
        raise RuntimeError(
            f"The transport problem of size {cost.shape} was not solved. POT says: {log['warning']} "
            f"(max_pivots is {max_pivots})."
        )
    # The rounding of the weights leaves crumbs, which a cost of 1e16 would make important.
    crumbs = np.minimum(4 * EPSILON * sum(cost.shape), 1e-6 * np.minimum(a[:, None], b))
    plan[(plan > 0) & (plan < crumbs)] = 0.0
    return plan, log["v"] * scale


def _certified(
    plan: np.ndarray, g: np.ndarray, a: np.ndarray, b: np.ndarray, cost: np.ndarray, low: Potentials
) -> Potentials | None:
    """The feasible potentials near g where they prove that the plan is an optimal coupling, else None.

    The duality gap, with all that rounding can hide of it, must be nothing beside the gap that the potentials
    ``low`` leave, or beside what weights and costs that are off by their rounding may add.
    """
    f, g = _feasible_potentials(cost, g)
    i, j = np.nonzero(plan)
    mass, cost = plan[i, j], cost[i, j]
    above = cost - low[0][i] - low[1][j]
    slack = np.abs(cost - f[i] - g[j]) + EPSILON * (np.abs(f[i]) + np.abs(g[j])) - 16 * EPSILON * np.abs(cost)
    tolerance = TOLERANCE * (mass @ above) + ROUNDING * above.max(initial=0)
    defect = max(np.abs(plan.sum(axis=1) - a).max(), np.abs(plan.sum(axis=0) - b).max(), -plan.min())
    return (f, g) if defect <= TOLERANCE and mass @ np.maximum(slack, 0) <= tolerance < np.inf else None


def _avoiding_forbidden(
    a: np.ndarray, b: np.ndarray, cost: np.ndarray, max_pivots: int, places: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """A plan with as little mass on forbidden moves as can be: none, or the problem is refused.

    Hall's condition: whatever a set of rows holds must find room in the columns that it may go to. A set that
    breaks it is reached from a row with forbidden mass, over moves that are allowed and mass that could give way.
    """
    forbidden = cost == np.inf
    plan, _ = _simplex(a, b, forbidden.astype(float), max_pivots)
    rows, before = ((plan > 0) & forbidden).any(axis=1), 0
    while before < rows.sum():
        before, columns = rows.sum(), (~forbidden[rows]).any(axis=0)
        rows |= ((plan > 0) & ~forbidden)[:, columns].any(axis=1)
    if before:
        raise ValueError(
            f"No plan avoids the forbidden moves, those of cost inf: rows {places[0][rows].tolist()} hold a mass "
            f"of {a[rows].sum():.6g}, but may only go to columns {places[1][columns].tolist()}, which "
            f"take {b[columns].sum():.6g}."
        )
    return plan


def _feasible_potentials(cost_matrix: np.ndarray, g: np.ndarray) -> Potentials:
    """The best f for g, then the best g for that f: two c-transforms, f_i = min_j C_ij - g_j and the other way.

    Afterwards f_i + g_j <= C_ij for every pair. Neither step can lower the dual value, so an optimal g stays as it is.
    """
    n, m = cost_matrix.shape
    best_f, best_g = np.empty(n), np.full(m, np.inf)
    height = max(1, 2**16 // m)  # strips of the matrix that stay in the cache
    for top in range(0, n, height):
        strip = slice(top, top + height)
        best_f[strip] = _best_price(cost_matrix[strip] - g)
        np.minimum(best_g, (cost_matrix[strip] - best_f[strip, None]).min(axis=0), out=best_g)
    return best_f, np.where(best_g < np.inf, best_g, 0.0)


def _best_price(offers: np.ndarray) -> np.ndarray:
    """The minimum of every row; 0 for a point whose every move is forbidden."""
    lowest: np.ndarray = offers.min(axis=1)
    return np.where(lowest < np.inf, lowest, 0.0)
