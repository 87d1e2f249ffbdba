"""How far apart are two parallel lines? KL, JSD and W in closed form, with noise as the bridge between them.

The example of the WGAN paper (Arjovsky et al., 2017, example 1; L0 "Learning Parallel Lines"): p* is the distribution
of (0, z), p_theta that of (theta, z), z ~ N(0, 1). For theta != 0 the lines share no point, so

    KL(p_theta || p*) = infinity,    JSD(p_theta, p*) = log 2,    W(p_theta, p*) = |theta|,    all 0 at theta = 0.

Gaussian noise of standard deviation s on both gives N(0, s^2) and N(theta, s^2) across the lines and the same
distribution along them, which cancels in every ratio of densities. What remains is the line, and only theta / s:

    KL = theta^2 / (2 s^2),    JSD = J(theta / s), J(d) = JSD(N(0, 1), N(d, 1)),    W = |theta| as before.

Every function takes theta and noise as numbers or arrays that broadcast, and returns nats (W: units of theta), or
those per unit of theta for a derivative; a negative or infinite noise raises ValueError.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from course_utils.checks import broadcast, numbers
from course_utils.divergences.kl_and_js import js_divergence as js_divergence_of_vectors

# Beyond 20 standard deviations the JSD is log 2 to the last bit. The trapezoidal rule converges geometrically for
# these integrands, which are analytic in a strip of width pi / d around the line: this step leaves only rounding.
_FAR = 20.0
_STEP = 1 / 16
_X = np.arange(-_FAR, _FAR + _STEP, _STEP)


def kl_divergence(theta: np.ndarray | float, noise: np.ndarray | float = 0.0) -> np.ndarray | float:
    """KL(p_theta || p*) = theta^2 / (2 s^2); without noise infinite for theta != 0. Here KL(p* || p_theta) is equal."""
    return (_in_deviations(theta, noise) ** 2 / 2)[()]


def kl_gradient(theta: np.ndarray | float, noise: np.ndarray | float = 0.0) -> np.ndarray | float:
    """d KL / d theta = theta / s^2; without noise NaN for theta != 0, because what is infinite has no slope."""
    theta, noise = _read(theta, noise)
    return np.divide(_signed(theta, noise), noise, out=np.where(theta == 0, 0.0, np.nan), where=noise > 0)[()]


def js_divergence(theta: np.ndarray | float, noise: np.ndarray | float = 0.0) -> np.ndarray | float:
    """JSD(p_theta, p*) = J(theta / s), in [0, log 2]; without noise log 2 for theta != 0.

    About d^2 / 8 for small d = theta / s.
    """
    half = np.minimum(_in_deviations(theta, noise), _FAR)[..., None] / 2
    return js_divergence_of_vectors(_STEP * _bell(_X - half), _STEP * _bell(_X + half))


def js_gradient(theta: np.ndarray | float, noise: np.ndarray | float = 0.0) -> np.ndarray | float:
    """d JSD / d theta = theta / (2 s^2) * E_p_theta[D*].

    Only the second expectation in V(D*) moves with theta, along log(1 - D*), whose derivative is the D* of the fake
    point times the slope theta / s^2 of the logit: the two factors of L0's "Problem I". Without noise it is 0: D* is
    0 on every fake point. For s << theta it is about sqrt(pi / 8) / s * exp(-theta^2 / (8 s^2)), for s >> theta about
    theta / (4 s^2). (At theta = 0, where the noiseless JSD jumps, it has no derivative; D* = 1/2 pushes nobody.)
    """
    theta, noise = _read(theta, noise)
    slope = np.divide(_signed(theta, noise), 2 * noise, out=np.zeros_like(theta), where=noise > 0)
    return (slope * discriminator_on_fakes(theta, noise))[()]


def discriminator_on_fakes(theta: np.ndarray | float, noise: np.ndarray | float = 0.0) -> np.ndarray | float:
    """E_p_theta[D*(x)], the best discriminator's mean probability that a fake is real: 1/2 at theta = 0.

    With d = theta / s it is exp(-d^2 / 8) * integral of N(x; 0, 1) / (2 cosh(d x / 2)) dx: far apart, next to nothing.
    """
    d = _in_deviations(theta, noise)
    curvature = np.minimum(d, 2 * _FAR)[..., None]  # further out the factor in front decides alone
    integral = _STEP * (_bell(_X) / (2 * np.cosh(curvature * _X / 2))).sum(axis=-1)
    return (np.exp(-(d**2) / 8) * integral)[()]


def wasserstein(theta: np.ndarray | float, noise: np.ndarray | float = 0.0) -> np.ndarray | float:
    """W(p_theta, p*) = |theta|, for every noise.

    Moving every point by theta costs |theta|, and no plan is cheaper: E|x - y| >= |E[x - y]| = |theta|.
    """
    return np.abs(_read(theta, noise)[0])[()]


def wasserstein_gradient(theta: np.ndarray | float, noise: np.ndarray | float = 0.0) -> np.ndarray | float:
    """d W / d theta = sign(theta); at the kink theta = 0 it is taken as 0, one of the subgradients in [-1, 1]."""
    return np.sign(_read(theta, noise)[0])[()]


@dataclass(frozen=True)
class Distance:
    """A distance and its derivative, both functions of (theta, noise)."""

    value: Callable[[np.ndarray | float, np.ndarray | float], np.ndarray | float]
    gradient: Callable[[np.ndarray | float, np.ndarray | float], np.ndarray | float]


DISTANCES = {
    "KL": Distance(kl_divergence, kl_gradient),
    "JSD": Distance(js_divergence, js_gradient),
    "W": Distance(wasserstein, wasserstein_gradient),
}


def _bell(x: np.ndarray) -> np.ndarray:
    return np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


def _in_deviations(theta: np.ndarray | float, noise: np.ndarray | float) -> np.ndarray:
    """|theta| / s, infinite where two lines without noise lie apart."""
    return np.abs(_signed(*_read(theta, noise)))


def _signed(theta: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """theta / s, a step before theta / s^2: s^2 may be too small or too large for float64 where the quotient is not."""
    return np.divide(theta, noise, out=np.where(theta == 0, 0.0, np.copysign(np.inf, theta)), where=noise > 0)


def _read(theta: np.ndarray | float, noise: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    theta = numbers("theta", theta, advice="a place on the first axis")
    noise = numbers("noise", noise, "[0, inf)", "as a standard deviation is")
    theta, noise = broadcast(theta=theta, noise=noise)
    return theta, noise
