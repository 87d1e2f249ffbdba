"""The value of the GAN game for known densities, and the discriminator that maximises it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from course_utils.checks import ANY, array, broadcast, function, numbers
from course_utils.divergences.densities import Density, integrate_over


def optimal_discriminator(p_star: Any, p_g: Any) -> Callable[[np.ndarray], np.ndarray | float]:
    """D*(x) = p*(x) / (p*(x) + p_G(x)), the maximiser of the value at every x (L0, "Relationship with KL Divergence").

    Parameters
    ----------
    p_star, p_g : distributions with ``logpdf`` (scipy.stats)

    Returns
    -------
    callable, x (any shape) -> D*(x) in [0, 1], the same shape. Computed as sigmoid(log p* - log p_G), so it is right
    where both densities underflow. Where both are zero every D is optimal, and 1/2 ("cannot tell") is returned.

    Raises
    ------
    ValueError
        when one of them has no density.
    """
    p, q = _densities(p_star, p_g)

    def discriminator(x: np.ndarray) -> np.ndarray | float:
        x = numbers("x", x, ANY)
        log_p, log_q = p.logpdf(x), q.logpdf(x)
        with np.errstate(invalid="ignore"):
            value = special.expit(log_p - log_q)
        return np.where(np.isneginf(log_p) & np.isneginf(log_q), 0.5, value)[()]

    return discriminator


def pointwise_value(d: np.ndarray, p_star_x: np.ndarray, p_g_x: np.ndarray) -> np.ndarray | float:
    """p*(x) log d + p_G(x) log(1 - d): what an answer d at one x adds to the value; largest at d = D*(x) (L0).

    Arguments broadcast: answers d in [0, 1] and the two densities at x. 0 log 0 = 0. Raises ValueError for d outside
    [0, 1] and for negative densities.
    """
    d = _checked_answers("d", d)
    p_star_x = numbers("p_star_x", p_star_x, "[0, inf]", "as a density is")
    p_g_x = numbers("p_g_x", p_g_x, "[0, inf]", "as a density is")
    d, p_star_x, p_g_x = broadcast(d=d, p_star_x=p_star_x, p_g_x=p_g_x)
    on_data = np.where(d == 1, 0.0, special.xlogy(p_star_x, d))  # log 1 = 0, whatever the density
    return (on_data + np.where(d == 0, 0.0, special.xlog1py(p_g_x, -d)))[()]


def gan_value(discriminator: Callable[[np.ndarray], np.ndarray | float], p_star: Any, p_g: Any) -> float:
    """V(D) = E_p*[log D(x)] + E_pG[log(1 - D(x))] by quadrature, in nats (L0, "Training Discriminator").

    Parameters
    ----------
    discriminator : callable, x (n,) float64 -> D(x) in [0, 1], shape (n,) or a constant
        It is asked only where at least one density is above zero in floating point. Jumps are allowed. Where it returns
        float32, as a network does, the value is good to about 1e-5, not 1e-10.
    p_star, p_g : distributions, as for `kl_divergence_continuous`

    Returns
    -------
    float, at most 2 JSD(p*, p_G) - 2 log 2, which `optimal_discriminator` attains. It is -inf where D is exactly 0 on
    a set of positive p*-mass, or exactly 1 on a set of positive p_G-mass; 0 log 0 = 0. A mass of up to four machine
    epsilons of D's own float type does not count: 1 - 1e-20 is 1 in floating point, and no certainty was meant.

    Raises
    ------
    ValueError
        when D returns NaN, values outside [0, 1] or another shape; when p_star or p_g has no density.
    """
    p, q = _densities(p_star, p_g)
    function("discriminator", discriminator, "a function of x, such as lambda x: 0.5", "and p_star follows")

    def log_terms(x: np.ndarray, log_p: np.ndarray, log_q: np.ndarray) -> np.ndarray:
        d = np.full(x.shape, 0.5)
        with np.errstate(under="ignore"):
            seen = np.exp(np.maximum(log_p, log_q)) > 0
        if seen.any():
            d[seen] = _answers(discriminator, x[seen])
        with np.errstate(divide="ignore", invalid="ignore", under="ignore"):
            on_data = np.where(d > 0, log_p + np.log(-np.log(d)), -np.inf)
            on_fakes = np.where(d < 1, log_q + np.log(-np.log1p(-d)), -np.inf)
            loss = np.logaddexp(on_data, on_fakes)
        return np.stack([loss, np.where(d == 0, log_p, np.where(d == 1, log_q, -np.inf))])

    inside = p.breaks[0, p.breaks[2] == 0]
    kind = _answers(discriminator, inside).dtype
    epsilon = np.finfo(kind if np.issubdtype(kind, np.floating) else float).eps
    # |log D| of a float is at most 745, so what lies beyond 1e20 scales does not matter; a network may overflow there.
    # D has the steps of its float type: looking closer than those would only resolve rounding.
    loss, surely_wrong = integrate_over(p, q, log_terms, reach=1e20, rtol=max(1e-10, 100 * epsilon))
    return -np.inf if surely_wrong > 4 * epsilon else 0.0 - float(loss)


def value_on_points(
    discriminator: Callable[[np.ndarray], np.ndarray | float], real: np.ndarray, fake: np.ndarray
) -> float:
    """The mean of log D over real points plus that of log(1 - D) over fake ones, in nats: V(D) as a GAN sees it.

    Parameters
    ----------
    discriminator : callable, points -> D in [0, 1], one value for each point, or a constant
    real, fake : (n, ...) and (m, ...), as the discriminator takes them; at least one point of each.

    Returns
    -------
    float. On fresh points its mean is V(D), and it may lie above; -inf where D is 0 on a real or 1 on a fake point.

    Raises
    ------
    ValueError
        when D returns NaN, values outside [0, 1] or another shape than (n,) or (n, 1), or when there are no points.
    """
    function(
        "discriminator", discriminator, "a function of points, such as a trained judge", "and it comes first"
    )
    answers = []
    for name, points in (("real", array("real", real)), ("fake", array("fake", fake))):
        numbers(name, points)
        if points.ndim == 0 or not len(points):
            raise ValueError(f"{name} has shape {points.shape}; a mean needs at least one point.")
        answers.append(_answers(discriminator, points, points.shape[:1], (len(points), 1)))
    on_real, on_fake = answers
    with np.errstate(divide="ignore"):
        return float(np.log(on_real).mean() + np.log1p(-on_fake).mean())


def _answers(
    discriminator: Callable[[np.ndarray], np.ndarray | float], x: np.ndarray, *shapes: tuple[int, ...]
) -> np.ndarray:
    answers = array("the discriminator's answer", discriminator(x))
    _checked_answers("the discriminator's answer", answers)
    if answers.shape not in ((), *(shapes or [x.shape])):
        raise ValueError(
            f"The discriminator got points of shape {x.shape} and returned shape {answers.shape}. It must return one "
            "value in [0, 1] for each point."
        )
    return answers


def _densities(p_star: Any, p_g: Any) -> tuple[Density, Density]:
    pair = Density(p_star, "p_star"), Density(p_g, "p_g")
    for density in pair:
        if density.has_atoms:
            raise ValueError(
                f"{density.name} is discrete: it has atoms and no density. Give a continuous distribution."
            )
    return pair


def _checked_answers(name: str, d: ArrayLike) -> np.ndarray:
    return numbers(name, d, "[0, 1]", "so put a sigmoid after a network that returns logits")
