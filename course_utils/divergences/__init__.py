"""KL and JSD between known distributions, and the value of the GAN game (lessons 1 and 2).

What lives where:

    kl_and_js    of probability vectors, and of densities by quadrature
    game_value   V(D), of densities and on points, and the discriminator D* that maximises it
    lines        the same distances for two parallel lines, as closed forms (``divergences.lines``)
    family       nine games of GANs: the best critic, what it measures, what the generator descends
    densities    what quadrature has to know of a scipy.stats distribution
    quadrature   the integrals themselves, in logarithms
"""

from course_utils.divergences import family, lines
from course_utils.divergences.game_value import (
    gan_value,
    optimal_discriminator,
    pointwise_value,
    value_on_points,
)
from course_utils.divergences.kl_and_js import (
    LOG_2,
    js_divergence,
    js_divergence_continuous,
    js_integrand,
    kl_divergence,
    kl_divergence_continuous,
)

__all__ = [
    "LOG_2",
    "family",
    "gan_value",
    "js_divergence",
    "js_divergence_continuous",
    "js_integrand",
    "kl_divergence",
    "kl_divergence_continuous",
    "lines",
    "optimal_discriminator",
    "pointwise_value",
    "value_on_points",
]
