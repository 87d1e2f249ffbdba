"""Ink and slant of pictures whose ink and slant are known."""

import numpy as np
import pytest
import torch
from scipy.stats import linregress

from course_utils.gan.metrics import ink, slant


def stroke(per_row):
    """A stroke that moves by so many pixels to the right for each row up."""
    picture = np.zeros((28, 28))
    rows = np.arange(6, 22)
    picture[rows, np.rint(13.5 + per_row * (13.5 - rows)).astype(int)] = 1
    return picture


def test_the_slant_of_a_stroke_is_known():
    found = slant(np.stack([stroke(s) for s in (0, 0.5, -0.5, 1)]), scale="unit")
    assert found == pytest.approx([0, 0.5, -0.5, 1], abs=0.03)


def test_slant_is_the_slope_of_a_regression_and_ink_the_mean(images):
    some = images.pixels[:20]
    for picture, leaning, amount in zip(some, slant(some), ink(some), strict=True):
        rows, columns = np.nonzero(picture)
        times = picture[rows, columns].astype(int)
        line = linregress(np.repeat(27 - rows, times), np.repeat(columns, times))
        assert leaning == pytest.approx(line.slope, abs=1e-9)
        assert amount == pytest.approx(picture.mean() / 255)


def test_all_scales_say_the_same_and_a_mirror_turns_the_sign(images):
    some = images.pixels[:8]
    symmetric = torch.from_numpy(some[:, None]) / 127.5 - 1
    for measure in (ink, slant):
        assert measure(symmetric, "symmetric") == pytest.approx(measure(some), abs=1e-6)
        assert measure(some.astype(float) / 255, "unit") == pytest.approx(measure(some), abs=1e-9)
    assert slant(some[:, :, ::-1].copy()) == pytest.approx(-slant(some), abs=1e-9)


def test_an_empty_picture_has_no_ink_and_leans_nowhere():
    nothing = np.zeros((2, 28, 28), np.uint8)
    nothing[1, 14, 5:9] = 255  # one row
    assert ink(nothing) == pytest.approx([0, 4 / 784])
    assert slant(nothing).tolist() == [0, 0]
    nearly = torch.tanh(-8 - torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0)))
    assert slant(nearly, "symmetric").tolist() == [0, 0, 0]  # a generator that has collapsed to black


def test_many_pictures_are_measured_as_each_alone(images):
    """To the last bit, however many are taken at a time."""
    some = np.tile(images.pixels[:50], (9, 1, 1))
    for measure in (ink, slant):
        alone = np.concatenate([measure(picture[None]) for picture in some[:50]])
        assert np.array_equal(measure(some), np.tile(alone, 9))
