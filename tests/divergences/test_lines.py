"""The closed forms of the parallel lines against quadrature, finite differences, exact transport and each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

from course_utils.divergences import js_divergence_continuous, kl_divergence_continuous, optimal_discriminator
from course_utils.divergences import lines as ld
from course_utils.toy import parallel_lines
from course_utils.transport import earth_movers_distance

LOG_2 = np.log(2)
thetas = st.floats(-3, 3)
noises = st.floats(0.05, 3)


@given(thetas, noises)
@settings(max_examples=30)
def test_smoothed_lines_against_the_quadrature_of_densities(theta, noise):
    p_star, p_theta = stats.norm(0, noise), stats.norm(theta, noise)
    assert ld.js_divergence(theta, noise) == pytest.approx(
        js_divergence_continuous(p_star, p_theta), rel=1e-9, abs=1e-14
    )
    assert ld.kl_divergence(theta, noise) == pytest.approx(
        kl_divergence_continuous(p_theta, p_star), rel=1e-8, abs=1e-12
    )


def test_the_plane_is_no_different_from_the_line_across():
    """The noise along the lines cancels: Monte Carlo of KL and JSD with the densities in the plane."""
    theta, noise = 0.8, 0.5
    p, q = parallel_lines(theta, noise), parallel_lines(0, noise)
    generator = np.random.default_rng(0)
    x, y = p.sample(200_000, generator), q.sample(200_000, generator)
    assert np.mean(p.logpdf(x) - q.logpdf(x)) == pytest.approx(ld.kl_divergence(theta, noise), rel=0.02)
    halves = (
        np.mean(a.logpdf(u) - np.logaddexp(p.logpdf(u), q.logpdf(u)) + LOG_2) for a, u in ((p, x), (q, y))
    )
    assert sum(halves) / 2 == pytest.approx(ld.js_divergence(theta, noise), rel=0.02)


@given(thetas, noises)
@settings(max_examples=50)
def test_derivatives_are_those_of_the_values(theta, noise):
    h = 1e-5 * noise
    for name in ("KL", "JSD"):
        distance = ld.DISTANCES[name]
        numeric = (distance.value(theta + h, noise) - distance.value(theta - h, noise)) / (2 * h)
        assert distance.gradient(theta, noise) == pytest.approx(numeric, rel=1e-5, abs=1e-8 / noise), name


@pytest.mark.parametrize("d", [0.0, 0.3, 1.0, 4.0, 12.0])
def test_discriminator_on_fakes_is_the_mean_of_the_best_one(d):
    p, q = stats.norm(0, 1), stats.norm(d, 1)
    best = optimal_discriminator(p, q)
    mean, _ = quad(
        lambda x: q.pdf(x) * best(x), -12, d + 12, epsabs=0, epsrel=1e-10, points=[0, d / 2, d], limit=300
    )
    assert ld.discriminator_on_fakes(2 * d, 2.0) == pytest.approx(mean, rel=1e-8)


@given(thetas.filter(lambda theta: abs(theta) > 1e-300))
def test_without_noise_the_lectures_answers_are_exact(theta):
    assert ld.kl_divergence(theta) == np.inf
    assert ld.js_divergence(theta) == LOG_2
    assert ld.wasserstein(theta) == abs(theta)
    assert np.isnan(ld.kl_gradient(theta))
    assert ld.js_gradient(theta) == ld.discriminator_on_fakes(theta) == 0
    assert ld.wasserstein_gradient(theta) == np.sign(theta)


def test_at_theta_0_everything_is_0():
    for noise in (0.0, 0.7):
        for distance in ld.DISTANCES.values():
            assert distance.value(0.0, noise) == distance.gradient(0.0, noise) == 0
        assert ld.discriminator_on_fakes(0.0, noise) == pytest.approx(0.5, abs=1e-15)


@given(thetas, noises, st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_w_of_shifted_points_is_the_shift(theta, noise, seed):
    points = parallel_lines(0, noise).sample(40, np.random.default_rng(seed))
    moved = points + np.array([theta, 0.0])
    assert earth_movers_distance(points, moved).cost == pytest.approx(ld.wasserstein(theta, noise), abs=1e-12)


def test_small_and_large_noise():
    theta = 0.9
    assert ld.js_divergence(theta, 1e-3) == pytest.approx(LOG_2, abs=1e-15)
    assert ld.js_divergence(theta, 1e3) == pytest.approx(theta**2 / 8e6, rel=1e-6)
    assert ld.js_gradient(theta, 1e3) == pytest.approx(theta / 4e6, rel=1e-6)
    # the leading term of Laplace's method, whose relative error is of the order of (s / theta)^2
    noise = 0.06
    leading = np.sqrt(np.pi / 8) / noise * np.exp(-(theta**2) / (8 * noise**2))
    assert ld.js_gradient(theta, noise) == pytest.approx(leading, rel=0.03)


def test_arrays_broadcast():
    theta, noise = np.array([-1.0, 0.0, 2.0]), np.array([[0.0], [0.5]])
    for distance in ld.DISTANCES.values():
        for function in (distance.value, distance.gradient):
            table = function(theta, noise)
            assert table.shape == (2, 3)
            single = [[function(t, s) for t in theta] for s in noise[:, 0]]
            assert np.array_equal(table, single, equal_nan=True)
            assert isinstance(function(1.0, 0.5), float)


@pytest.mark.parametrize(
    ("theta", "noise", "told"), [(1, -0.1, "noise"), (1, np.inf, "noise"), (np.nan, 1, "theta")]
)
def test_wrong_numbers_are_told(theta, noise, told):
    for distance in ld.DISTANCES.values():
        with pytest.raises(ValueError, match=told):
            distance.value(theta, noise)


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_slopes_of_lines_whose_noise_has_no_square(size):
    assert ld.kl_gradient(size, size) * size == pytest.approx(1)
    assert ld.js_gradient(size, size) * size == pytest.approx(ld.js_gradient(1.0, 1.0))
