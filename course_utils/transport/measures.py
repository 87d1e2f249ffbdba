"""Reading what a student hands in as discrete measures: points, weights, ground costs, checked in one place.

A discrete measure is p = sum_i a_i delta_{x_i}: points x_i on the line, in the plane or in R^d, and weights
a_i >= 0 that sum to one. Everything leaves this room as float64: exact transport in float32 fails, because
float32 weights do not sum to one (POT issues 342 and 429).
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_utils import checks

Metric = str | Callable[[Any, Any], float] | np.ndarray
METRICS = ("euclidean", "sqeuclidean", "cityblock")


def as_points(name: str, points: Any) -> np.ndarray:
    """Points as a float64 array: (n,) on the line, (n, d) elsewhere; a column (n, 1) becomes (n,).

    Raises
    ------
    ValueError
        for no points at all, more than two axes, or an entry that is not a finite number.
    """
    array = checks.numbers(name, points, advice="as places are")
    if array.ndim not in (1, 2) or array.size == 0:
        raise ValueError(
            f"{name} has shape {array.shape}. Give at least one point: shape (n,) for points on a line, "
            "(n, d) for n points in d dimensions."
        )
    return array[:, 0] if array.shape[1:] == (1,) else array


def ground_cost(
    x: ArrayLike | None, y: ArrayLike | None, metric: Metric
) -> tuple[np.ndarray | None, np.ndarray | None, np.ndarray]:
    """Points and the matrix C_ij = d(x_i, y_j) of what it costs to move one unit of mass, shape (n, m).

    Parameters
    ----------
    x, y : points, see `as_points`; may be None where ``metric`` is a matrix.
    metric : "euclidean", "sqeuclidean", "cityblock"; or a function d(u, v) of two points (two floats on the
        line, two vectors elsewhere) that gives a number; or the matrix C itself. The last two may hold inf, which
        forbids a move.

    Returns
    -------
    x, y as `as_points` gives them (None where a matrix came alone), and C as a C-ordered float64 array.

    Raises
    ------
    ValueError
        for points in spaces of different dimension, a metric that is none of these, a cost that is nan or -inf, or
        a distance too large for float64.
    """
    if isinstance(metric, str) and metric not in METRICS:
        raise ValueError(
            f"metric is {metric!r}. Give one of {', '.join(METRICS)}, a function d(u, v), or a matrix."
        )
    if isinstance(metric, str) or callable(metric):
        x, y = as_points("x", x), as_points("y", y)
        if x.shape[1:] != y.shape[1:]:
            raise ValueError(
                f"x has shape {x.shape} and y has shape {y.shape}: the points live in spaces of different "
                "dimension. Give (n,) and (m,), or (n, d) and (m, d) with one d."
            )
        if callable(metric):
            cost = _costs([[metric(u.copy(), v.copy()) for v in y] for u in x])  # it may compute in place
        else:
            from scipy.spatial.distance import cdist  # slow

            u, v = x.reshape(len(x), -1), y.reshape(len(y), -1)
            # a power of two, which rounds nothing: squares of 1e-200 or 1e200 are no numbers
            exponent = math.frexp(max(np.abs(u).max(), np.abs(v).max()))[1]
            scale = math.ldexp(1.0, exponent) if abs(exponent) > 100 else 1.0
            cost = cdist(u / scale, v / scale, metric)
            if scale != 1:
                with np.errstate(over="ignore", under="ignore"):
                    cost = cost * scale * (scale if metric == "sqeuclidean" else 1)
    else:
        x, y = (None if p is None else as_points(name, p) for name, p in (("x", x), ("y", y)))
        cost = np.ascontiguousarray(_costs(metric))
    pairs = zip((x, y), cost.shape, strict=False)
    if cost.ndim != 2 or cost.size == 0 or any(p is not None and len(p) != size for p, size in pairs):
        raise ValueError(
            f"metric gives costs of shape {cost.shape}, but one number per pair of points is needed, shape (n, m): "
            "row i holds the costs of moving from x_i to y_0, ..., y_{m-1}."
        )
    if isinstance(metric, str) and cost.max() == np.inf:
        raise ValueError(
            f"A distance by {metric!r} is beyond what float64 can hold (1.8e308): bring the points closer together."
        )
    return x, y, cost


def _costs(metric: Any) -> np.ndarray:
    return checks.numbers("metric", metric, "(-inf, inf]", "and inf forbids a move")
