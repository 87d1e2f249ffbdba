"""Reading what a student hands in as discrete measures: points, weights, ground costs, checked in one place.

A discrete measure is p = sum_i a_i delta_{x_i}: points x_i on the line, in the plane or in R^d, and weights
a_i >= 0 that sum to one. Everything leaves this room as float64: exact transport in float32 fails, because
float32 weights do not sum to one (POT issues 342 and 429).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist

from course_utils.checks import numbers

Metric = str | Callable[[Any, Any], float] | np.ndarray
METRICS = ("euclidean", "sqeuclidean", "cityblock")
WEIGHT_TOLERANCE = 1e-9  # rounding that we mend; a larger defect is a mistake that the student should see


def as_points(points: ArrayLike | None, name: str = "x") -> np.ndarray:
    """Points as a float64 array: (n,) on the line, (n, d) elsewhere; a column (n, 1) becomes (n,).

    Raises
    ------
    ValueError
        for no points at all, more than two axes, or an entry that is not a finite number.
    """
    array = np.asarray(points, dtype=np.float64)
    shape = array.shape
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in (1, 2) or array.size == 0:
        raise ValueError(
            f"{name} has shape {shape}. Give at least one point: shape (n,) for points on a line, "
            "(n, d) for n points in d dimensions."
        )
    return numbers(name, array, advice="because a distance to nan or infinity means nothing")


def as_weights(weights: ArrayLike | None, n: int, name: str = "a") -> np.ndarray:
    """Weights as a float64 probability vector (n,); None means 1/n each.

    A sum that misses 1 by rounding (at most 1e-9) is divided out; zeros are welcome.

    Raises
    ------
    ValueError
        for a wrong length, an entry that is negative or not finite, or a sum other than 1.
    """
    if weights is None:
        return np.full(n, 1 / n)
    given = np.asarray(weights)
    array = given.astype(np.float64)
    if array.shape != (n,):
        raise ValueError(
            f"The weights {name} have shape {array.shape}, but there are {n} points: give one weight per "
            f"point, shape ({n},)."
        )
    numbers(f"the vector of weights {name}", array, "[0, inf)", "as a mass is")
    total = array.sum()
    if abs(total - 1) > WEIGHT_TOLERANCE:
        precision = (
            f" They came as {given.dtype}, too coarse for exact transport: turn them into float64 first."
            if given.dtype in (np.float16, np.float32)
            else ""
        )
        raise ValueError(
            f"The weights {name} sum to {total:.12g}, not to 1.{precision} If their proportions are right, "
            f"pass {name} / {name}.sum()."
        )
    return array / total


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
        x, y = as_points(x, "x"), as_points(y, "y")
        if x.shape[1:] != y.shape[1:]:
            raise ValueError(
                f"x has shape {x.shape} and y has shape {y.shape}: the points live in spaces of different "
                "dimension. Give (n,) and (m,), or (n, d) and (m, d) with one d."
            )
        if callable(metric):
            cost = np.array([[metric(u, v) for v in y] for u in x], dtype=np.float64)
        else:
            cost = cdist(x.reshape(len(x), -1), y.reshape(len(y), -1), metric)
    else:
        x = None if x is None else as_points(x, "x")
        y = None if y is None else as_points(y, "y")
        cost = np.ascontiguousarray(metric, dtype=np.float64)
    pairs = zip((x, y), cost.shape, strict=False)
    if cost.ndim != 2 or cost.size == 0 or any(p is not None and len(p) != size for p, size in pairs):
        raise ValueError(
            f"The costs have shape {cost.shape}, but one number per pair of points is needed, shape (n, m): "
            "row i holds the costs of moving from x_i to y_0, ..., y_{m-1}."
        )
    lowest, highest = cost.min(), cost.max()
    if not lowest > -np.inf:
        raise ValueError(
            "A cost is nan or -inf. Moving mass must have a price: a finite number, or inf to forbid a move."
        )
    if isinstance(metric, str) and highest == np.inf:
        raise ValueError(
            f"A distance by {metric!r} is beyond what float64 can hold (1.8e308): bring the points closer together."
        )
    return x, y, cost
