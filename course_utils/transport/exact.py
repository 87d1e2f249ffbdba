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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

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
    rows, columns = np.flatnonzero(a), np.flatnonzero(b)
    everywhere = len(rows) == n and len(columns) == m
    block = cost_matrix if everywhere else cost_matrix[np.ix_(rows, columns)]
    largest = max(cost_matrix.max(), -cost_matrix.min())
    max_pivots = whole("max_pivots", max_pivots, advice="such as 10_000_000")
    plan, known, (f, g) = _Problem(a, b, rows, columns, block, largest, max_pivots).solve()
    solved, heavy_f, heavy_g = plan, f, g
    if not everywhere:
        plan = np.zeros_like(cost_matrix)
        plan[np.ix_(rows, columns)] = solved
    # A forbidden move carries no mass; only 0 times inf must not be asked for.
    cost = float(np.vdot(plan, cost_matrix if largest < np.inf else np.where(plan > 0, cost_matrix, 0)))
    # Where there is no mass, the solver saw nothing: a feasible price is to be found, which must not round the
    # others off, as one of 1e16 would.
    for start in () if everywhere else (known, heavy_g):
        g = np.full(m, -np.inf)
        g[columns] = start
        f, g = _feasible_potentials(cost_matrix, g)
        if b[columns] @ (heavy_g - g[columns]) <= TOLERANCE * abs(cost):
            break
        f[rows], g[columns] = heavy_f, heavy_g
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


class _Problem:
    """The transport problem between the points that have mass, solved until a plan is certified."""

    def __init__(
        self,
        a: np.ndarray,
        b: np.ndarray,
        rows: np.ndarray,
        columns: np.ndarray,
        cost: np.ndarray,
        largest: float,
        max_pivots: int,
    ):
        self.a, self.b, self.rows, self.columns = a[rows], b[columns], rows, columns
        self.cost, self.largest, self.max_pivots = cost, largest, max_pivots

    def solve(self) -> tuple[np.ndarray, np.ndarray, Potentials]:
        """An optimal plan, the solver's potential g, and the potentials beside it that prove the plan."""
        # The potentials that need no solver. What a plan pays above them stays when all costs of a row or a
        # column rise together, as a point far out makes them do: the scale on which a gap is large or small.
        low = _feasible_potentials(self.cost, np.zeros(len(self.b)))
        if self.largest < np.inf:
            plan, g = self._simplex(self.cost, self.largest)
            if (potentials := self._certified(plan, g, self.cost, low)) is not None:
                return plan, g, potentials
        else:
            plan = self._avoiding_forbidden()
        above = self.cost - low[0][:, None] - low[1]
        nothing = np.zeros(len(self.a)), np.zeros(len(self.b))
        for capped, g in self._capped(plan, above):
            if (rest := self._certified(capped, g, above, nothing)) is not None:
                f, g = low[0] + rest[0], low[1] + rest[1]
                shift = (self.a @ f - self.b @ g) / 2
                return capped, g + shift, (f - shift, g + shift)
        raise RuntimeError(
            "The solver's plan is not optimal, also after the large costs were capped. Costs go up to "
            f"{self.largest:.3g} and weights down to {min(self.a.min(), self.b.min()):.3g}, and float64 cannot tell "
            "the small from nothing beside the large. Drop points whose weight is far below 1e-9, and forbid a move "
            "by the cost inf, not by a large number."
        )

    def _simplex(self, cost: np.ndarray, largest: float) -> tuple[np.ndarray, np.ndarray]:
        """POT's plan, and its potential g as POT centres it."""
        import ot  # slow: POT imports torch where there is one

        # The simplex compares reduced costs with an absolute epsilon: with costs near 1e-12 it stops early, with
        # a wrong plan and no warning. A power of two brings the largest cost near 1 without rounding; costs that
        # are near 1 anyway are spared the copy.
        exponent = math.frexp(largest)[1]
        scale = 1.0 if abs(exponent) <= 10 else math.ldexp(1.0, max(exponent, -1000))
        scaled = cost if scale == 1 else cost / scale
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # it becomes an error below
            plan, log = ot.emd(self.a, self.b, scaled, numItermax=self.max_pivots, log=True)
        if "numItermax" in (log["warning"] or ""):
            # Any other warning comes with a plan that gets no certificate.
            raise RuntimeError(
                f"The transport problem of size {cost.shape} was not solved. POT says: {log['warning']} "
                f"(max_pivots is {self.max_pivots})."
            )
        return plan, log["v"] * scale

    def _certified(
        self, plan: np.ndarray, g: np.ndarray, cost: np.ndarray, low: Potentials
    ) -> Potentials | None:
        """The feasible potentials near g where they prove that the plan is an optimal coupling, else None.

        The duality gap, with all that rounding can hide of it, must be nothing beside the gap that the potentials
        ``low`` leave, or beside what weights and costs that are off by their rounding may add.
        """
        f, g = _feasible_potentials(cost, g)
        i, j, mass, crumbs = self._used(plan)
        cost = cost[i, j]
        above = cost - low[0][i] - low[1][j]
        slack = np.abs(cost - f[i] - g[j]) + EPSILON * (np.abs(f[i]) + np.abs(g[j]) - 16 * np.abs(cost))
        gap = mass @ np.maximum(slack, 0) + mass[crumbs] @ above[crumbs]
        mass, above = mass[~crumbs], above[~crumbs]
        tolerance = TOLERANCE * (mass @ above) + ROUNDING * above.max(initial=0)
        defect = max(
            np.abs(plan.sum(axis=1) - self.a).max(), np.abs(plan.sum(axis=0) - self.b).max(), -plan.min()
        )
        return (f, g) if defect <= TOLERANCE and gap <= tolerance < np.inf else None

    def _used(self, plan: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Cells (i, j) with mass, the mass, and which of it are crumbs: left by the rounding of the weights, but
        made important by a cost of 1e16."""
        i, j = np.divmod(np.flatnonzero(plan.ravel() > 0), plan.shape[1])
        mass = plan[i, j]
        most = 4 * EPSILON * sum(plan.shape)
        return i, j, mass, mass < np.minimum(most, 1e-6 * np.minimum(self.a[i], self.b[j]))

    def _capped(self, plan: np.ndarray, above: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Plans and potentials g of problems whose large costs are lowered to a cap; they are bounds from below.

        A plan that is optimal there and uses no lowered cost is optimal here. Where a plan gets by with costs up to
        c, a cost beyond (n + m) c lies on a cycle that is better turned back: this is the first cap. The others rise
        from the smallest cost, so that no more digits are lost than must be.
        """
        swept, most = self._swept(plan, above)
        yield swept, np.zeros(len(self.b))
        size = sum(above.shape)
        for cap in chain([size * most or 1.0], _ladder(above, size)):
            capped, g = self._simplex(np.minimum(above, cap), cap)
            swept, most = self._swept(capped, above)
            if most <= cap:
                yield swept, g
                yield swept, np.zeros_like(g)  # exact where the plan pays nothing, as g is not

    def _swept(self, plan: np.ndarray, above: np.ndarray) -> tuple[np.ndarray, float]:
        """The plan without the crumbs that travel at a higher cost than all other mass, and that cost."""
        i, j, _, crumbs = self._used(plan)
        most = above[i, j][~crumbs].max(initial=0.0)
        return np.where(above > most, 0.0, plan), most

    def _avoiding_forbidden(self) -> np.ndarray:
        """A plan with as little mass on forbidden moves as can be: none, or the problem is refused.

        Hall's condition: whatever a set of rows holds must find room in the columns that it may go to. A set that
        breaks it is reached from a row with forbidden mass, over moves that are allowed and mass that could give way.
        """
        forbidden = self.cost == np.inf
        plan, _ = self._simplex(forbidden.astype(float), 1.0)
        i, j, _, crumbs = self._used(plan)
        sent = np.zeros_like(forbidden)
        sent[i[~crumbs], j[~crumbs]] = True
        rows, before = (sent & forbidden).any(axis=1), 0
        while before < rows.sum():
            before, columns = rows.sum(), (~forbidden[rows]).any(axis=0)
            rows |= (sent & ~forbidden)[:, columns].any(axis=1)
        if before:
            raise ValueError(
                f"No plan avoids the forbidden moves, those of cost inf: rows {self.rows[rows].tolist()} hold a mass "
                f"of {self.a[rows].sum():.6g}, but may only go to columns {self.columns[columns].tolist()}, which "
                f"take {self.b[columns].sum():.6g}."
            )
        return np.where(forbidden, 0.0, plan)


def _ladder(costs: np.ndarray, size: int) -> Iterator[float]:
    """Caps from the smallest of the positive costs to beyond the largest finite one.

    A cap of ``size`` times the costs below it is as good as infinite, until the next cost is reached.
    """
    costs = np.unique(costs[(costs > 0) & (costs < np.inf)])
    cap = costs[0] if len(costs) else np.inf
    while cap < np.inf:
        yield cap
        k = np.searchsorted(costs, cap, side="right")
        if cap < size * costs[k - 1]:
            cap *= 16
        else:
            cap = 16 * costs[k] if k < len(costs) else np.inf


def _feasible_potentials(cost_matrix: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best f for g, then the best g for that f: two c-transforms, f_i = min_j C_ij - g_j and the other way.

    Afterwards f_i + g_j <= C_ij for every pair. Neither step can lower the dual value, so where there is mass an
    optimal g stays as it is. A point without mass whose every move is forbidden gets the price 0.
    """
    n, m = cost_matrix.shape
    best_f, best_g = np.empty(n), np.full(m, np.inf)
    height = max(1, 2**16 // m)  # strips of the matrix that stay in the cache
    for top in range(0, n, height):
        strip = slice(top, top + height)
        lowest = (cost_matrix[strip] - g).min(axis=1)
        best_f[strip] = np.where(lowest < np.inf, lowest, 0.0)
        np.minimum(best_g, (cost_matrix[strip] - best_f[strip, None]).min(axis=0), out=best_g)
    return best_f, np.where(best_g < np.inf, best_g, 0.0)
