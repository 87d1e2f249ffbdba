"""Entropic optimal transport: the same problem with a price on being certain, and what that blurs.

    gamma_eps = argmin over gamma in Pi(p, q) of sum_ij gamma_ij C_ij + eps sum_ij gamma_ij (log gamma_ij - 1)

Cuturi (2013); Peyré and Cuturi, "Computational Optimal Transport" (2019), chapter 4. As eps -> 0 the plan
tends to an optimal one (the one of largest entropy); as eps -> infinity it tends to the independent coupling
a b^T.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from course_utils.checks import numbers, positive, weights, whole
from course_utils.transport.measures import Metric, ground_cost

SHARPEST = 1e-12  # of the costs' range: exp(C / eps) has no digit left beyond, and the halvings have no end


@dataclass(frozen=True, eq=False)
class SinkhornCurve:
    """Entropic plans along a list of regularizations, in the order in which these were given.

    Attributes
    ----------
    regularizations : eps, (k,), in the units of the ground cost.
    costs : (k,), sum_ij gamma_ij C_ij without the entropy term; grows with eps, from W(p, q) to a^T C b.
    plans : (k, n, m).
    """

    regularizations: np.ndarray
    costs: np.ndarray
    plans: np.ndarray

    def __repr__(self) -> str:
        n, m = self.plans.shape[1:]
        eps = self.regularizations
        return f"<SinkhornCurve: {len(eps)} plans, {n:,} x {m:,}, regularizations {eps.min():g} to {eps.max():g}>"


def sinkhorn_curve(
    x: ArrayLike | None,
    y: ArrayLike | None,
    regularizations: ArrayLike,
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    metric: Metric = "euclidean",
    *,
    tolerance: float = 1e-6,
    max_iterations: int = 20_000,
) -> SinkhornCurve:
    """Entropic transport for each regularization, by POT's Sinkhorn iterations on logarithms.

    Parameters
    ----------
    x, y, a, b, metric : as in `earth_movers_distance`.
    regularizations : eps > 0, a number or (k,), in the units of the ground cost.
    tolerance : the Euclidean norm of the error that the column sums may keep; row sums are exact.
    max_iterations : per regularization. The number needed grows like 1 / eps.

    Raises
    ------
    ValueError
        for regularizations that are not positive or below 1e-12 of the costs' range, and for what
        `earth_movers_distance` refuses.
    RuntimeError
        when the iterations do not reach the tolerance.
    """
    import ot  # slow: POT imports torch where there is one

    _, _, cost_matrix = ground_cost(x, y, metric)
    numbers(
        "the matrix of costs",
        cost_matrix,
        advice="for only earth_movers_distance knows moves that are forbidden",
    )
    n, m = cost_matrix.shape
    a, b = weights("a", a, n), weights("b", b, m)
    advice = "and for eps = 0, which is exact transport, use earth_movers_distance"
    eps = np.atleast_1d(numbers("regularizations", regularizations, "(0, inf)", advice))
    if eps.ndim != 1 or eps.size == 0:
        raise ValueError(f"regularizations has shape {eps.shape}; give a number, or one or more in a list.")
    tolerance, max_iterations = positive("tolerance", tolerance), whole("max_iterations", max_iterations)
    support = np.ix_(np.flatnonzero(a), np.flatnonzero(b))  # log 0 has no place in the iterations
    heavy_a, heavy_b, block = a[a > 0], b[b > 0], cost_matrix[support]
    # From blurred to sharp, by halves at most: each solution is a start for the next one, which often reaches
    # the tolerance where a cold start does not.
    sharpest = eps.min()
    if sharpest < SHARPEST * np.ptp(block):
        raise ValueError(
            f"regularizations holds {sharpest:g}, which rounding drowns beside costs that differ by "
            f"{np.ptp(block):.3g}: take at least {SHARPEST:g} of that, {advice}."
        )
    halvings = np.ceil(np.log2(max(np.ptp(block) / sharpest, 1)))
    solved = {}
    f, g = np.zeros(len(heavy_a)), np.zeros(len(heavy_b))  # gamma_ij = a_i b_j exp((f_i + g_j - C_ij) / eps)
    for step in np.union1d(eps, sharpest * 2 ** np.arange(halvings))[::-1]:
        start = np.log(heavy_a) + f / step, np.log(heavy_b) + g / step
        limits = {"numItermax": max_iterations, "stopThr": tolerance, "warn": False}
        with np.errstate(over="ignore"):  # in exp(f / eps), which POT also returns and nobody uses here
            plan, log = ot.bregman.sinkhorn_log(
                heavy_a, heavy_b, block, step, log=True, warmstart=start, **limits
            )
        if step in eps and not log["err"][-1] < tolerance:
            raise RuntimeError(
                f"Sinkhorn at eps = {step:g} has not converged after {max_iterations} iterations: the "
                f"column sums are off by {log['err'][-1]:.3g}. Take a larger eps, or more max_iterations; "
                f"costs go up to {block.max():.3g}."
            )
        solved[step] = plan
        f, g = step * (log["log_u"] - np.log(heavy_a)), step * (log["log_v"] - np.log(heavy_b))
    plans = np.zeros((len(eps), n, m))
    for k, value in enumerate(eps):
        plans[k][support] = solved[value]
    return SinkhornCurve(eps, np.tensordot(plans, cost_matrix, 2), plans)
