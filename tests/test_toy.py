"""Toy distributions: samplers and densities must be two views of one distribution."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare, kstest, multivariate_normal, norm

from course_utils import toy
from course_utils.transport import wasserstein_1d

# Every distribution with a density, the half width of a box that holds its mass, and a grid step to resolve it.
DENSITIES = {
    "line": (toy.parallel_lines(0.7, noise=0.2), 7.0, 0.05),
    "ring": (toy.ring(5, radius=1.0, std=0.1), 2.0, 0.02),
    "ring as published": (toy.ring(), 2.2, 0.01),
    "grid": (toy.grid(3, spacing=1.0, std=0.15), 2.5, 0.03),
    "grid as published": (toy.grid(), 4.5, 0.02),
    "two moons": (toy.two_moons(0.15), 3.5, 0.04),
    "spiral": (toy.spiral(noise=0.15), 3.5, 0.04),
}
EVERY = {name: entry[0] for name, entry in DENSITIES.items()} | {"bare line": toy.parallel_lines(0.7)}


def box(half_width, step):
    ticks = np.arange(-half_width, half_width + step / 2, step)
    return np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1)


@pytest.mark.parametrize("name", EVERY)
def test_samples_are_reproducible_points_of_the_plane(name):
    points = EVERY[name].sample(50, np.random.default_rng(3))
    assert points.shape == (50, 2)
    assert points.dtype == np.float64
    np.testing.assert_array_equal(points, EVERY[name].sample(50, np.random.default_rng(3)))
    assert not np.array_equal(points, EVERY[name].sample(50, np.random.default_rng(4)))
    assert EVERY[name].sample(0, np.random.default_rng(0)).shape == (0, 2)
    assert EVERY[name].modes.shape[1] == 2


@pytest.mark.parametrize("name", DENSITIES)
def test_the_density_integrates_to_one_and_has_the_moments_of_the_samples(name):
    distribution, half_width, step = DENSITIES[name]
    points = box(half_width, step)
    masses = np.exp(distribution.logpdf(points)) * step**2
    assert masses.shape == points.shape[:2]
    assert masses.sum() == pytest.approx(1, abs=1e-6)
    mean = np.tensordot(masses, points, 2)
    second = np.einsum("ij,ijk,ijl->kl", masses, points, points)
    n = 40_000
    samples = distribution.sample(n, np.random.default_rng(0))
    products = samples[:, :, None] * samples[:, None, :]
    assert (np.abs(samples.mean(axis=0) - mean) < 4.5 * samples.std(axis=0) / np.sqrt(n)).all()
    assert (np.abs(products.mean(axis=0) - second) < 4.5 * products.std(axis=0) / np.sqrt(n)).all()


@pytest.mark.parametrize("name", DENSITIES)
def test_samples_have_the_entropy_of_the_density(name):
    """The mean of -logpdf over samples is the integral of -p log p, within its standard error."""
    distribution, half_width, step = DENSITIES[name]
    logs = distribution.logpdf(box(half_width, step))
    entropy = -(np.exp(logs) * logs).sum() * step**2
    surprises = -distribution.logpdf(distribution.sample(20_000, np.random.default_rng(1)))
    assert abs(surprises.mean() - entropy) < 4.5 * surprises.std() / np.sqrt(20_000)


@pytest.mark.parametrize("name", ["two moons", "spiral"])
def test_samples_fill_cells_as_the_density_says(name):
    distribution, n = EVERY[name], 20_000
    edges = np.linspace(-3.5, 3.5, 11)
    step = 0.7 / 20
    centres = np.arange(-3.5 + step / 2, 3.5, step)  # 20 to a cell, none on an edge
    masses = (
        np.exp(distribution.logpdf(np.stack(np.meshgrid(centres, centres, indexing="ij"), axis=-1))) * step**2
    )
    expected = masses.reshape(10, 20, 10, 20).sum(axis=(1, 3)).ravel() * n
    seen = np.histogram2d(*distribution.sample(n, np.random.default_rng(2)).T, bins=edges)[0].ravel()
    many = expected > 5
    seen, expected = (
        np.append(seen[many], n - seen[many].sum()),
        np.append(expected[many], n - expected[many].sum()),
    )
    assert chisquare(seen, expected).pvalue > 0.001


def test_the_bare_line_is_a_line():
    points = toy.parallel_lines(-1.5).sample(2000, np.random.default_rng(0))
    assert (points[:, 0] == -1.5).all()
    assert kstest(points[:, 1], "norm").pvalue > 0.01


def test_the_bare_line_has_no_density():
    line = toy.parallel_lines(0.5)
    assert not line.has_density
    with pytest.raises(ValueError, match=r"area zero.*parallel_lines\(0.5, noise=0.1\)"):
        line.logpdf(np.zeros((3, 2)))


def test_the_smoothed_line_against_scipy():
    line, points = toy.parallel_lines(2.0, noise=0.3), np.random.default_rng(0).normal(size=(4, 5, 2))
    oracle = multivariate_normal([2.0, 0.0], np.diag([0.09, 1.09]))
    assert line.has_density
    np.testing.assert_allclose(line.logpdf(points), oracle.logpdf(points), rtol=1e-12)
    samples = line.sample(2000, np.random.default_rng(1))
    assert kstest(samples[:, 0], norm(2.0, 0.3).cdf).pvalue > 0.01
    assert kstest(samples[:, 1], norm(0.0, np.sqrt(1.09)).cdf).pvalue > 0.01


def test_smoothed_lines_have_the_divergence_that_the_docstring_states():
    theta, noise = 0.4, 0.25
    p, q = toy.parallel_lines(theta, noise), toy.parallel_lines(0, noise)
    points = box(6, 0.05)
    log_p = p.logpdf(points)
    kl = (np.exp(log_p) * (log_p - q.logpdf(points))).sum() * 0.05**2
    assert kl == pytest.approx(theta**2 / (2 * noise**2), rel=1e-6)
    draws = [line.sample(20_000, np.random.default_rng(k)) for k, line in enumerate((p, q))]
    assert wasserstein_1d(draws[0][:, 0], draws[1][:, 0]) == pytest.approx(theta, abs=0.01)


def test_ring_and_grid_have_their_centres_in_place():
    ring = toy.ring(4, radius=3.0).modes
    np.testing.assert_allclose(ring, [[3, 0], [0, 3], [-3, 0], [0, -3]], atol=1e-15)
    grid = toy.grid(2, spacing=1.0).modes
    np.testing.assert_allclose(sorted(grid.tolist()), [[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]])
    assert len(toy.ring(8).modes) == 8
    assert len(toy.grid(5).modes) == 25


@pytest.mark.parametrize("mixture", [toy.ring(6, std=0.1), toy.grid(3, std=0.1)])
def test_mixtures_against_scipy_and_every_mode_is_served(mixture):
    generator = np.random.default_rng(0)
    points = generator.normal(size=(30, 2)) * 2
    parts = [multivariate_normal(mode, mixture.std**2).pdf(points) for mode in mixture.modes]
    np.testing.assert_allclose(
        np.exp(mixture.logpdf(points)), np.mean(parts, axis=0), rtol=1e-10, atol=1e-300
    )
    samples = mixture.sample(6000, generator)
    nearest = np.linalg.norm(samples[:, None] - mixture.modes, axis=-1).argmin(axis=1)
    assert chisquare(np.bincount(nearest, minlength=len(mixture.modes))).pvalue > 0.001


def test_far_away_the_log_density_is_finite():
    assert toy.ring().logpdf([[100.0, 0.0]])[0] == pytest.approx(-(98**2) / (2 * 0.02**2), rel=1e-4)


def test_points_without_noise_lie_on_the_moons_and_on_the_spiral():
    generator = np.random.default_rng(0)
    moons = toy.two_moons(1e-9).sample(500, generator)
    upper = np.abs(np.linalg.norm(moons, axis=1) - 1) < 1e-7
    lower = np.abs(np.linalg.norm(moons - [1, 0.5], axis=1) - 1) < 1e-7
    assert (upper | lower).all()
    assert 200 < upper.sum() < 300
    assert (moons[upper & ~lower, 1] > -1e-7).all()
    assert (moons[lower & ~upper, 1] < 0.5 + 1e-7).all()
    spiral = toy.spiral(turns=2, radius=3.0, noise=1e-9).sample(500, generator)
    t = np.linalg.norm(spiral, axis=1) / 3
    assert kstest(t, "uniform").pvalue > 0.01
    angle = 4 * np.pi * t
    np.testing.assert_allclose(
        spiral, 3 * t[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]), atol=1e-6
    )


@pytest.mark.parametrize("curve", [toy.two_moons(0.03), toy.spiral(3, noise=0.04)])
def test_the_integral_along_a_curve_has_converged(curve):
    """Against a plain midpoint rule with very many nodes."""
    points = curve.sample(20, np.random.default_rng(0))
    t = (np.arange(200_000) + 0.5) / 200_000
    density = 0.0
    for arm in curve.curves:
        squared = [((arm(t) - point) ** 2).sum(axis=1) for point in points]
        density += np.mean(np.exp(-np.array(squared) / (2 * curve.noise**2)), axis=1) / len(curve.curves)
    np.testing.assert_allclose(
        np.exp(curve.logpdf(points)), density / (2 * np.pi * curve.noise**2), rtol=1e-7
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: toy.ring(0), "modes is 0"),
        (lambda: toy.ring(2.5), "whole number"),
        (lambda: toy.ring(True), "whole number"),
        (lambda: toy.grid(-1), "side is -1"),
        (lambda: toy.ring(std=0), "std is 0; it must be positive"),
        (lambda: toy.parallel_lines(0, noise=-1), "noise is -1; it must be zero or more"),
        (lambda: toy.two_moons(np.nan), "noise is nan"),
        (lambda: toy.ring().sample(3, 0), "default_rng"),
        (lambda: toy.parallel_lines(0).sample(3, np.random), "default_rng"),
        (lambda: toy.grid().logpdf(np.zeros((4, 3))), "shape \\(4, 3\\)"),
    ],
)
def test_mistakes_are_explained(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_mixture_is_one_line_on_the_screen():
    assert repr(toy.grid(25)) == "<GaussianMixture: 625 modes, std 0.05>"


@pytest.mark.parametrize("std", [1e-300, 1e-160, 1e200])
def test_the_density_of_modes_whose_variance_is_no_number(std):
    alone = toy.GaussianMixture([[2.0, 0.0]], std)
    assert alone.logpdf([2.0, 0.0]) == pytest.approx(-np.log(2 * np.pi) - 2 * np.log(std))
    with np.errstate(all="raise"):
        assert alone.logpdf([np.inf, 0.0]) == -np.inf


@pytest.mark.parametrize("p", [toy.spiral(turns=1e7), toy.two_moons(noise=1e-9)])
def test_a_density_too_thin_to_integrate_is_refused(p):
    with pytest.raises(ValueError, match="noise is .* a density that thin"):
        p.logpdf([1.0, 0.0])


def test_weights_may_be_a_tensor_with_gradients():
    weights = torch.tensor([0.25, 0.75], dtype=torch.float64, requires_grad=True)
    assert toy.GaussianMixture([[0, 0], [1, 1]], 0.1, weights).weights.tolist() == [0.25, 0.75]
