"""The Fréchet distance between two clouds of features, by symmetric eigen-decompositions; NumPy alone."""

import numpy as np

from course_utils.checks import numbers, points

ADVICE = "which a training that diverged does not give"
Statistics = tuple[np.ndarray, np.ndarray]


def frechet_distance(x: np.ndarray | Statistics, y: np.ndarray | Statistics) -> float:
    r"""The squared Wasserstein-2 distance between the Gaussians with the means and covariances of x and y:

        ||m_x - m_y||^2 + tr(C_x + C_y - 2 (C_x^{1/2} C_y C_x^{1/2})^{1/2})

    It is 0 for equal means and covariances. From n samples each it is biased upwards, by about c / n: two halves of
    the same data are never at 0, and distances from different n cannot be compared (Bińkowski et al. 2018).

    The last trace is the sum of the singular values of C_x^{1/2} C_y^{1/2}, and each root is that of a symmetric
    matrix. So it is right for covariances without full rank too (n <= d), where a general matrix square root of the
    product C_x C_y (scipy.linalg.sqrtm) may return complex numbers or none.

    Parameters
    ----------
    x, y : features (n, d), n >= 2, or a pair (mean (d,), covariance (d, d)).

    Returns
    -------
    float, in squared units of the features.

    Raises
    ------
    ValueError
        for other shapes, different d, fewer than two samples, numbers that are not finite, or a covariance with a
        clearly negative eigenvalue.

    Source: Dowson and Landau 1982 (the formula); Heusel et al. 2017 (in features of a classifier).
    """
    (mean_x, cov_x), (mean_y, cov_y) = _statistics("x", x), _statistics("y", y)
    if mean_x.shape != mean_y.shape:
        raise ValueError(
            f"x has {len(mean_x)} features and y has {len(mean_y)}; both must come from the same classifier."
        )
    overlap = np.linalg.svd(_root("x", cov_x) @ _root("y", cov_y), compute_uv=False).sum()
    distance = np.sum((mean_x - mean_y) ** 2) + np.trace(cov_x) + np.trace(cov_y) - 2 * overlap
    return float(max(distance, 0.0))  # rounding can leave it a little below


def _statistics(name: str, given: np.ndarray | Statistics) -> Statistics:
    if isinstance(given, tuple):
        mean, covariance = (numbers(name, part, advice=ADVICE) for part in given)
        if mean.ndim != 1 or covariance.shape != (len(mean), len(mean)):
            raise ValueError(
                f"{name} as a pair must be a mean (d,) and a covariance (d, d); got the shapes {mean.shape} and "
                f"{covariance.shape}. Of what look(images) saw, take the features."
            )
        return mean, covariance
    samples = points(name, given, at_least=2, advice=ADVICE)
    return samples.mean(axis=0), np.atleast_2d(np.cov(samples, rowvar=False))


def _root(name: str, covariance: np.ndarray) -> np.ndarray:
    """C^{1/2} of a symmetric positive semi-definite matrix."""
    values, vectors = np.linalg.eigh(covariance)
    if (
        values[0] < -1e-6 * max(values[-1], 0)
        or np.abs(covariance - covariance.T).max() > 1e-5 * np.abs(covariance).max()
    ):
        raise ValueError(
            f"the second part of {name} is no covariance: it must be symmetric with no negative eigenvalue, but the "
            f"smallest one is {values[0]:.3g}."
        )
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
