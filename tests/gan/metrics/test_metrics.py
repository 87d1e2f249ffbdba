"""The numbers that judge a generator, against scipy, brute force and cases whose answer is known."""

import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from scipy.ndimage import gaussian_filter
from scipy.spatial.distance import cdist
from scipy.stats import entropy

from course_utils.datasets import DataUnavailable, load_mnist
from course_utils.datasets.scaling import to_bytes
from course_utils.gan import load_generator
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


def gaussian(rng, d):
    """The mean and a covariance of full rank of a Gaussian in d dimensions."""
    factor = rng.normal(size=(d, d + 2))
    return rng.normal(size=d), factor @ factor.T


# ---------------------------------------------------------------------- Fréchet distance


@settings(max_examples=50)
@given(seeds, st.integers(1, 20))
def test_frechet_distance_agrees_with_sqrtm(seed, d):
    """Oracle: the textbook formula with scipy's general matrix square root of the product."""
    rng = np.random.default_rng(seed)
    (m1, c1), (m2, c2) = gaussian(rng, d), gaussian(rng, d)
    expected = np.sum((m1 - m2) ** 2) + np.trace(c1 + c2 - 2 * np.real(sqrtm(c1 @ c2)))
    assert frechet_distance((m1, c1), (m2, c2)) == pytest.approx(expected, rel=1e-7, abs=1e-8)


@settings(max_examples=50)
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


@settings(max_examples=30)
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


@settings(max_examples=50)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=200))
def test_entropy_kl_and_shares_agree_with_scipy(predictions):
    found, count = mode_coverage(np.array(predictions)), np.bincount(predictions, minlength=10)
    assert found.entropy == pytest.approx(entropy(count), abs=1e-12)
    assert found.kl == pytest.approx(entropy(count, np.ones(10)), abs=1e-12)
    assert np.allclose(found.shares, count / len(predictions), rtol=0, atol=1e-15)
    assert found.modes == np.sum(count >= max(2, len(predictions) / 100))


def test_ten_even_digits_and_one_alone():
    assert mode_coverage(np.arange(100) % 10) == (10, pytest.approx(np.log(10)))
    assert mode_coverage(np.full(100, 7)) == (1, 0.0)


@pytest.mark.parametrize(
    ("n", "count", "modes"),
    [(10_000, 99, 1), (10_000, 100, 2), (1000, 9, 1), (1000, 10, 2), (50, 1, 1), (50, 2, 2)],
)
def test_a_mode_needs_a_tenth_of_its_fair_share_and_two_pictures(n, count, modes):
    assert mode_coverage(np.repeat([3, 4], [n - count, count])).modes == modes


def test_accidents_are_no_modes():
    """991 zeros and one of each other digit: one mode, and nearly log 10 nats from equal shares."""
    counts = [991] + 9 * [1]
    found = mode_coverage(np.repeat(np.arange(10), counts))
    assert found.modes == 1
    assert found.kl == pytest.approx(entropy(counts, np.full(10, 100)))
    assert found.shares[0] == pytest.approx(0.991)


@pytest.mark.parametrize(
    "coverage", [mode_coverage(np.arange(40) % 7), mixture_coverage(ring().modes, ring())]
)
def test_a_coverage_unpacks_into_two_numbers_and_survives_pickling_and_copying(coverage):
    modes, second = coverage
    assert (modes, second) == coverage
    assert coverage._fields[0] == "modes"
    assert getattr(coverage, coverage._fields[1]) == second
    for again in (pickle.loads(pickle.dumps(coverage)), copy.deepcopy(coverage)):
        assert (again, again.kl, again.shares.tolist()) == (coverage, coverage.kl, coverage.shares.tolist())
    assert f"modes={modes}" in repr(coverage)
    assert f"kl={coverage.kl:.4g}" in repr(coverage)


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
    found = mixture_coverage(ring().sample(20_000, np.random.default_rng(0)), ring())
    modes, near = found
    assert modes == 8
    assert near == pytest.approx(1 - np.exp(-4.5), abs=3e-3)
    assert found.shares.sum() == pytest.approx(near)
    assert found.shares.shape == (8,)
    assert found.kl == pytest.approx(entropy(found.shares, np.ones(8)))
    assert found.kl < 0.005


@pytest.mark.parametrize("kept", [1, 3, 7])
def test_missing_modes_are_missed(kept):
    points = np.repeat(ring().modes[:kept], 100, axis=0)
    assert mixture_coverage(points, ring()) == (kept, 1.0)


def test_a_stray_point_covers_no_mode_and_a_point_between_is_near_none():
    points = np.vstack([np.repeat(ring().modes[:1], 999, axis=0), ring().modes[4:5]])
    assert mixture_coverage(points, ring()).modes == 1
    nothing = mixture_coverage(np.zeros((10, 2)), ring())
    assert nothing == (0, 0.0)
    assert np.isnan(nothing.kl)


def test_brushing_past_all_modes_does_not_cover_them():
    """8 % of the points near the eight modes, evenly, and all others in the middle."""
    points = np.vstack([np.repeat(ring().modes, 20, axis=0), np.zeros((1840, 2))])
    assert mixture_coverage(points, ring()) == (0, 0.08)
    enough = np.vstack([np.repeat(ring().modes, 25, axis=0), np.zeros((1800, 2))])
    assert mixture_coverage(enough, ring()) == (8, 0.1)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (np.zeros((3, 3)), r"shape \(n, 2\)"),
        (np.zeros((0, 2)), "n >= 1"),
        (np.full((3, 2), np.nan), "points holds nan"),
    ],
)
def test_mixture_coverage_says_what_is_wrong(points, message):
    with pytest.raises(ValueError, match=message):
        mixture_coverage(points, ring())


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
    with pytest.raises(ValueError, match=r"images must have the shape .*28.*got \(2, 8, 8\)"):
        nearest_neighbours(np.zeros((2, 8, 8)), digits.pixels[:2])


def moved(pictures, down, right):
    """By whole pixels, with background from outside."""
    padded = np.pad(pictures, ((0, 0), (3, 3), (3, 3)))
    return padded[:, 3 - down : 31 - down, 3 - right : 31 - right]


def noisy(pictures, levels):
    noise = np.random.default_rng(4).normal(0, levels, pictures.shape)
    return np.clip(pictures + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def sets(digits):
    """Training pictures, and two sets that are not among them."""
    return digits.pixels[:1000], digits.pixels[1000:1200], digits.pixels[1300:1600]


@settings(max_examples=20)
@given(seeds, st.integers(0, 3))
def test_distances_under_shifts_agree_with_trying_all_of_them(seed, shift):
    rng = np.random.default_rng(seed)
    picture, others = (
        rng.uniform(size=(9, 7)).astype(np.float32),
        rng.uniform(size=(4, 9, 7)).astype(np.float32),
    )
    padded, expected = np.pad(picture, shift), np.full(4, np.inf)
    for down in range(2 * shift + 1):
        for right in range(2 * shift + 1):
            there = padded[down : down + 9, right : right + 7]
            expected = np.minimum(expected, [np.linalg.norm(there - other) for other in others])
    assert np.allclose(neighbours.shifted_distances(picture, others, shift), expected, atol=1e-3)


@pytest.mark.parametrize("move", [(0, 0), (1, 0), (-2, 2), (3, -1)])
def test_a_shift_does_not_change_the_centred_picture(sets, move):
    inside = np.pad(sets[0][:50, 3:25, 3:25], ((0, 0), (3, 3), (3, 3)))
    assert np.array_equal(neighbours.centred(moved(inside, *move)), neighbours.centred(inside))


COPIES = {
    "exact": (lambda x: x, 1.0),
    "shifted by 1": (lambda x: moved(x, 0, 1), 1.0),
    "shifted by 2": (lambda x: moved(x, -2, 2), 1.0),
    "noise of 25 grey levels": (lambda x: noisy(x, 25), 0.9),
    "shifted and noisy": (lambda x: noisy(moved(x, 1, -1), 15), 0.9),
    "blurred": (lambda x: gaussian_filter(x.astype(float), (0, 0.8, 0.8)).round().astype(np.uint8), 0.9),
}


def test_copies_are_found_whatever_was_done_to_them(sets):
    training, _, held_out = sets
    copies = np.concatenate([change(training[:100]) for change, _ in COPIES.values()])
    found = memorisation(copies, training, held_out)
    assert found.suspects.shape == found.sources.shape == (100 * len(COPIES),)
    suspects, sources = found.suspects.reshape(-1, 100), found.sources.reshape(-1, 100)
    for (kind, (_, at_least)), suspect, source in zip(COPIES.items(), suspects, sources, strict=True):
        assert np.mean(suspect) >= at_least, kind
        assert np.mean(source == np.arange(100)) >= at_least, kind


def test_fresh_digits_are_no_copies(sets):
    training, fresh, held_out = sets
    found = memorisation(fresh, training, held_out)
    assert 0.8 < found.ratio < 1.25
    assert found.copies < 0.1
    assert found.false_alarms <= 0.03 + 1e-9


def test_the_shipped_generator_is_no_copying_machine():
    """On MNIST itself, where a test picture is fresh and a moved training picture is not."""
    try:
        training, test = load_mnist("train", download=False).pixels, load_mnist("test", download=False).pixels
    except DataUnavailable:
        pytest.skip("MNIST is not at hand")
    z = torch.randn(100, 64, generator=torch.Generator().manual_seed(5))
    made = to_bytes(load_generator("dcgan", "cpu")(z)[:, 0], "symmetric").numpy()
    forged = moved(training[5000:5100], 2, -1)
    found = memorisation(np.concatenate([made, test[1000:1100], forged]), training, test[:200])
    generated, fresh, copies = found.suspects.reshape(3, 100).mean(axis=1)
    assert generated < 0.1
    assert fresh < 0.1
    assert copies > 0.95


def test_some_copies_among_honest_pictures_are_found_one_by_one(sets):
    training, fresh, held_out = sets
    found = memorisation(np.concatenate([fresh[:120], moved(training[:80], 1, 1)]), training, held_out)
    assert found.suspects[120:].all()
    assert found.suspects[:120].mean() < 0.1
    assert found.copies == pytest.approx(found.suspects.mean())


def test_memorisation_keeps_its_three_numbers(sets):
    training, _, held_out = sets
    found = memorisation(noisy(training[:50], 5), training, held_out)
    generated, distance, ratio = found
    for each, pictures in ((generated, noisy(training[:50], 5)), (distance, held_out)):
        assert each == pytest.approx(np.median(nearest_neighbours(pictures, training).distances))
    assert ratio == found.ratio == pytest.approx(generated / distance)
    assert ratio < 0.2
    again = pickle.loads(pickle.dumps(found))
    assert (again, again.copies, again.sources.tolist()) == (found, found.copies, found.sources.tolist())
    assert "copies=1" in repr(found)


def test_held_out_pictures_from_the_training_set_are_refused(sets):
    training, fresh, _ = sets
    for held_out in (training[:40], np.concatenate([training[:5], fresh])):
        with pytest.raises(ValueError, match="held-out pictures are in the training set"):
            memorisation(fresh, training, held_out)


def test_few_training_pictures_and_blank_ones_do_no_harm(sets):
    blank = np.zeros((5, 28, 28), np.uint8)
    assert memorisation(blank, sets[0][:3], sets[2][:20]).copies in (0, 1)
    assert memorisation(blank, np.concatenate([sets[0][:3], blank]), sets[2][:20]).ratio == 0
    with pytest.raises(ValueError, match="n >= 3"):
        memorisation(blank, sets[0][:2], sets[2][:20])


def test_every_scale_gives_the_same_numbers_where_it_is_told(sets):
    """Floats in [0, 1] are read with a warning, and no longer as something else."""
    training, held_out = sets[0][:300], sets[2][:100]
    copies = moved(training[:30], 0, 1)
    bytes_, real = memorisation(copies, training, held_out), features(training)
    unit, symmetric = copies / 255, torch.from_numpy(copies)[:, None] / 127.5 - 1
    with pytest.warns(UserWarning, match=r"read as \[0, 1\]"):
        seen = look(unit)
    with pytest.warns(UserWarning, match=r"read as \[0, 1\]"):
        assert np.array_equal(
            nearest_neighbours(unit, training).indices, nearest_neighbours(copies, training).indices
        )
    known = [
        (unit, "unit"),
        (symmetric, None),
        (copies.astype(int), "bytes"),
        (copies.astype(float), "bytes"),
    ]
    for pictures, scale in known:
        found = memorisation(pictures, training, held_out, scale=scale)
        assert found == pytest.approx(bytes_, rel=1e-5)
        assert np.array_equal(found.suspects, bytes_.suspects)
        told = look(pictures, scale=scale)
        assert np.array_equal(told.digits, seen.digits)
        assert frechet_distance(told.features, real) == pytest.approx(
            frechet_distance(seen.features, real), rel=1e-3
        )


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
        (torch.full((4, 1, 28, 28), 255.0), r"floats with values in .*\[-1, 1\]; got .*255"),
        (torch.full((4, 1, 28, 28), torch.nan), r"got float32 with values from nan"),
        (np.full((4, 28, 28), 255), "got int64 with values from 255 to 255"),
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


def test_a_small_matrix_has_to_be_symmetric_as_well():
    small = 1e-9 * np.array([[1, 0.5], [0.4, 1]])
    with pytest.raises(ValueError, match="is no covariance"):
        frechet_distance((np.zeros(2), small), (np.zeros(2), np.eye(2)))
