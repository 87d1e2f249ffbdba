"""The numbers that judge a generator, against scipy, brute force and cases whose answer is known."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist
from scipy.stats import entropy

from course_utils.datasets import load_digits_stand_in
from course_utils.gan.metrics import (
    features,
    frechet_distance,
    look,
    memorisation,
    mixture_coverage,
    mode_coverage,
    nearest_neighbours,
    neighbours,
)
from course_utils.toy import ring

seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module")
def digits():
    return load_digits_stand_in()


def gaussian(rng, d):
    """The mean and a covariance of full rank of a Gaussian in d dimensions."""
    factor = rng.normal(size=(d, d + 2))
    return rng.normal(size=d), factor @ factor.T


# ---------------------------------------------------------------------- Fréchet distance


@settings(deadline=None, max_examples=50)
@given(seeds, st.integers(1, 20))
def test_frechet_distance_agrees_with_sqrtm(seed, d):
    """Oracle: the textbook formula with scipy's general matrix square root of the product."""
    rng = np.random.default_rng(seed)
    (m1, c1), (m2, c2) = gaussian(rng, d), gaussian(rng, d)
    expected = np.sum((m1 - m2) ** 2) + np.trace(c1 + c2 - 2 * np.real(sqrtm(c1 @ c2)))
    assert frechet_distance((m1, c1), (m2, c2)) == pytest.approx(expected, rel=1e-7, abs=1e-8)


@settings(deadline=None, max_examples=50)
@given(seeds, st.integers(2, 12))
def test_frechet_distance_of_covariances_with_common_axes_is_known(seed, d):
    """With common axes, W2^2 = |m1 - m2|^2 + sum (s1 - s2)^2; some standard deviations here are exactly 0."""
    rng = np.random.default_rng(seed)
    axes, _ = np.linalg.qr(rng.normal(size=(d, d)))
    m1, m2 = rng.normal(size=(2, d))
    s1, s2 = rng.exponential(size=(2, d)) * rng.integers(0, 2, size=(2, d))
    c1, c2 = (axes * s1**2) @ axes.T, (axes * s2**2) @ axes.T
    expected = np.sum((m1 - m2) ** 2) + np.sum((s1 - s2) ** 2)
    assert frechet_distance((m1, c1), (m2, c2)) == pytest.approx(expected, rel=1e-6, abs=1e-7)


@settings(deadline=None, max_examples=30)
@given(seeds, st.integers(2, 40), st.integers(1, 30))
def test_frechet_distance_is_symmetric_zero_on_itself_and_follows_shifts(seed, n, d):
    """For fewer samples than features too, where the covariance has no full rank."""
    rng = np.random.default_rng(seed)
    x, y, shift = rng.normal(size=(n, d)), rng.normal(size=(n + 3, d)) ** 3, rng.normal(size=d)
    there = frechet_distance(x, y)
    assert there == pytest.approx(frechet_distance(y, x), rel=1e-9, abs=1e-9)
    moments = [(z.mean(axis=0), np.atleast_2d(np.cov(z.T))) for z in (x, y)]
    assert there == pytest.approx(frechet_distance(*moments), abs=1e-9)
    assert there >= 0
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-10)
    assert frechet_distance(x, x + shift) == pytest.approx(shift @ shift, rel=1e-9, abs=1e-10)


def test_frechet_distance_of_few_samples_in_many_dimensions():
    """n < d: the traces of the roots, computed in the samples' own small space, are the oracle."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(10, 128)), rng.normal(size=(15, 128)) + 0.5
    u, v = ((z - z.mean(0)) / np.sqrt(len(z) - 1) for z in (x, y))  # C_x = u'u, C_y = v'v
    expected = np.sum((x.mean(0) - y.mean(0)) ** 2) + np.sum(u**2) + np.sum(v**2)
    expected -= 2 * np.linalg.norm(u @ v.T, ord="nuc")
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-7)


def test_frechet_distance_shrinks_with_the_number_of_samples():
    """Two samples of one distribution: the bias is about c / n, so ten times the samples, a tenth of the distance."""
    rng = np.random.default_rng(1)
    few, many = (frechet_distance(*rng.normal(size=(2, n, 16))) for n in (1_000, 10_000))
    assert 5 < few / many < 20


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((3, 5)), "x has 5 features and y has 4"),
        (np.zeros((1, 4)), "n >= 2"),
        (np.zeros(4), "n >= 2"),
        (np.full((3, 4), np.nan), "x holds nan; every entry must be a finite number"),
        ((np.zeros(4), np.eye(3)), r"mean \(d,\) and a covariance"),
        ((np.zeros(4), np.full((4, 4), np.inf)), "x holds inf"),
        ((np.zeros(4), -np.eye(4)), "no covariance"),
        ((np.zeros(4), np.triu(np.ones((4, 4)))), "no covariance"),
    ],
)
def test_frechet_distance_says_what_is_wrong(x, message):
    with pytest.raises(ValueError, match=message):
        frechet_distance(x, np.random.default_rng(0).normal(size=(9, 4)))


# ---------------------------------------------------------------------- modes


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=200))
def test_entropy_agrees_with_scipy_and_every_class_of_a_small_sample_counts(predictions):
    found = mode_coverage(np.array(predictions))
    assert found.entropy == pytest.approx(entropy(np.bincount(predictions)), abs=1e-12)
    assert found.modes == len(set(predictions))


def test_ten_even_digits_and_one_alone():
    assert mode_coverage(np.arange(100) % 10) == (10, pytest.approx(np.log(10)))
    assert mode_coverage(np.full(100, 7)) == (1, 0.0)


@pytest.mark.parametrize(("count", "modes"), [(9, 1), (10, 2)])
def test_a_mode_needs_a_hundredth_of_its_fair_share(count, modes):
    assert mode_coverage(np.repeat([3, 4], [10_000 - count, count])).modes == modes


def test_probabilities_count_as_their_largest():
    predictions = np.array([0, 2, 2, 1])
    assert mode_coverage(np.eye(3)[predictions] * 0.8, classes=3) == mode_coverage(predictions, classes=3)


@pytest.mark.parametrize(
    ("predictions", "message"),
    [
        (np.array([0.2, 1.0]), "must be integers"),
        (np.zeros((4, 3)), "must be integers"),
        (np.array([], int), "n >= 1"),
        (np.array([0, 10]), "from 0 to 10"),
        (np.array([-1, 3]), "from -1 to 3"),
    ],
)
def test_mode_coverage_says_what_is_wrong(predictions, message):
    with pytest.raises(ValueError, match=message):
        mode_coverage(predictions)


def test_real_points_cover_all_modes_and_are_near_them():
    modes, near = mixture_coverage(ring().sample(20_000, np.random.default_rng(0)), ring())
    assert modes == 8
    assert near == pytest.approx(1 - np.exp(-4.5), abs=3e-3)


@pytest.mark.parametrize("kept", [1, 3, 7])
def test_missing_modes_are_missed(kept):
    points = np.repeat(ring().modes[:kept], 100, axis=0)
    assert mixture_coverage(points, ring()) == (kept, 1.0)


def test_a_stray_point_covers_no_mode_and_a_point_between_is_near_none():
    points = np.vstack([np.repeat(ring().modes[:1], 999, axis=0), ring().modes[4:5]])
    assert mixture_coverage(points, ring()).modes == 1
    assert mixture_coverage(np.zeros((10, 2)), ring()) == (0, 0.0)


# ---------------------------------------------------------------------- nearest neighbours


def test_nearest_neighbours_agree_with_scipy(digits, monkeypatch):
    """In one block, and in many whose borders the nearest ones must survive."""
    x, training = digits.pixels[:40], digits.pixels[40:640]
    distances = cdist(x.reshape(40, -1) / 255.0, training.reshape(600, -1) / 255.0)
    for part, block in ((10_000, 2**22), (70, 500)):
        monkeypatch.setattr(neighbours, "PART", part)
        monkeypatch.setattr(neighbours, "BLOCK", block)
        found = nearest_neighbours(x, training)
        assert np.array_equal(found.indices, distances.argmin(axis=1))
        assert np.allclose(found.distances, distances.min(axis=1), atol=1e-5)


def test_samples_in_the_trainers_interval_find_the_picture_they_are(digits):
    order = np.array([5, 1, 17])
    samples = torch.from_numpy(digits.pixels[order])[:, None] / 127.5 - 1
    found = nearest_neighbours(samples, digits.pixels[:100])
    assert np.array_equal(found.indices, order)
    assert np.allclose(found.distances, 0, atol=1e-5)


def test_one_full_pixel_is_the_unit(digits):
    changed = digits.pixels[:1].copy()
    assert changed[0, 0, 0] == 0
    changed[0, 0, 0] = 255
    assert nearest_neighbours(changed, digits.pixels[:1]).distances == pytest.approx(1)


def test_nearest_neighbours_say_what_is_wrong(digits):
    with pytest.raises(ValueError, match="training_pixels must be uint8 pictures"):
        nearest_neighbours(digits.pixels[:2], digits.pixels[:2] / 255)
    with pytest.raises(ValueError, match="64 pixels each and the training pictures 784"):
        nearest_neighbours(np.zeros((2, 8, 8)), digits.pixels[:2])


def test_copies_are_told_from_fresh_digits(digits):
    training, fresh, held_out = digits.pixels[:1000], digits.pixels[1000:1300], digits.pixels[1300:1600]
    rng = np.random.default_rng(4)
    noisy_copies = np.clip(training[:300] + rng.normal(0, 5, (300, 28, 28)), 0, 255).astype(np.uint8)
    copied, honest = (memorisation(each, training, held_out) for each in (noisy_copies, fresh))
    assert copied.held_out == honest.held_out
    assert copied.ratio == pytest.approx(copied.generated / copied.held_out)
    assert copied.ratio < 0.2
    assert 0.8 < honest.ratio < 1.25


# ---------------------------------------------------------------------- all together


def test_look_takes_pictures_in_every_form_and_in_any_batch(digits):
    pixels = digits.pixels[:30]
    scaled = torch.from_numpy(pixels)[:, None] / 127.5 - 1
    seen = look(scaled)
    assert seen.features.shape == (30, 128)
    for each in (look(pixels), look(scaled[:, 0].numpy()), look(scaled, batch=7)):
        assert np.allclose(each.features, seen.features, atol=1e-4)
        assert np.array_equal(each.digits, seen.digits)
    assert np.array_equal(features(scaled), seen.features)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(4, 784), "must have the shape"),
        (torch.zeros(4, 3, 28, 28), "must have the shape"),
        (torch.zeros(0, 1, 28, 28), "n >= 1"),
        (torch.full((4, 1, 28, 28), 255.0), r"floats with values in \[-1, 1\]; got .*255"),
    ],
)
def test_look_says_what_is_wrong(images, message):
    with pytest.raises(ValueError, match=message):
        look(images)


def test_worse_pictures_are_further_away(digits):
    """More noise, larger distance; one digit only, a larger distance and fewer modes than ten."""
    real, fresh = look(digits.pixels[:600]), digits.pixels[600:1000]
    rng = np.random.default_rng(5)
    noise = rng.normal(size=fresh.shape)
    levels = [np.clip(fresh + scale * noise, 0, 255).astype(np.uint8) for scale in (0, 40, 80, 160)]
    distances = [frechet_distance(features(each), real.features) for each in levels]
    assert np.all(np.diff(distances) > 0)
    ones = look(fresh[digits.labels[600:1000] == 1])
    assert frechet_distance(ones.features, real.features) > distances[0]
    assert mode_coverage(ones.digits).modes < 10
    assert mode_coverage(ones.digits).entropy < 1
