"""Bytes, [0, 1] and [-1, 1]: the ways between them, for NumPy and torch."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_utils.datasets import scaling
from course_utils.datasets.scaling import check_digits, check_scale, scale_of, to_bytes, to_symmetric, to_unit

BYTES = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
FLOATS = [np.float32, np.float64, torch.float32, torch.float64]
AS = [np.asarray, torch.as_tensor]
SCALE = {"unit": to_unit, "symmetric": to_symmetric}


def numbers(x):
    return np.asarray(x)


@pytest.mark.parametrize("kind", AS)
def test_the_ends_of_the_scales_are_hit(kind):
    black_and_white = kind(np.array([0, 255], np.uint8))
    assert numbers(to_unit(black_and_white)).tolist() == [0, 1]
    assert numbers(to_symmetric(black_and_white)).tolist() == [-1, 1]


@pytest.mark.parametrize("scale", SCALE)
@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_all_256_greys_come_back(scale, dtype):
    pixels = torch.as_tensor(BYTES) if isinstance(dtype, torch.dtype) else BYTES
    there = SCALE[scale](pixels, dtype=dtype)
    assert there.dtype == dtype
    back = to_bytes(there, scale)
    assert back.dtype == pixels.dtype
    assert np.array_equal(numbers(back), BYTES)


@given(hnp.arrays(np.float64, (3, 2), elements=st.floats(0, 1)))
@pytest.mark.parametrize("kind", AS)
def test_unit_and_symmetric_are_one_another(kind, values):
    unit = kind(values)
    symmetric = to_symmetric(unit, "unit")
    assert -1 <= symmetric.min() <= symmetric.max() <= 1
    assert np.allclose(numbers(to_unit(symmetric, "symmetric")), values, rtol=0, atol=2e-16)
    step = numbers(to_bytes(unit, "unit")).astype(int) - numbers(to_bytes(symmetric, "symmetric"))
    assert np.abs(step).max() <= 1  # a rounding error at a half may fall to either side


@given(hnp.arrays(np.float32, (5,), elements=st.floats(-1, 1, width=32)))
def test_numpy_and_torch_agree_to_the_bit(values):
    for scale in (to_unit, to_bytes, to_symmetric):
        assert np.array_equal(scale(values), scale(torch.from_numpy(values)).numpy())


def test_the_formulas_are_those_of_the_trainer_to_the_bit():
    """Division by 255 and multiplication by 1 / 255 differ in the last bit; trained runs depend on it."""
    pixels = torch.from_numpy(BYTES)
    assert torch.equal(to_symmetric(pixels), pixels.float().div_(127.5).sub_(1))
    assert np.array_equal(to_unit(BYTES), BYTES / 255)
    assert np.array_equal(to_unit(BYTES, dtype=np.float32), BYTES.astype(np.float32) / 255)
    noise = np.random.default_rng(0).uniform(-1, 1, 1000)
    assert np.array_equal(to_unit(noise), (noise + 1) / 2)
    assert np.array_equal(to_bytes(noise), np.rint((noise + 1) * 127.5).clip(0, 255).astype(np.uint8))


def test_what_is_given_stays_as_it_is():
    for pictures in (BYTES, BYTES / 255, torch.from_numpy(BYTES)):
        before = numbers(pictures).copy()
        for convert in (to_unit, to_symmetric, to_bytes):
            convert(pictures)
        assert np.array_equal(numbers(pictures), before)


def test_bytes_stay_bytes_and_what_is_too_bright_is_clipped():
    assert to_bytes(BYTES) is BYTES
    assert to_bytes(np.array([-7.0, -1, 1, 7])).tolist() == [0, 0, 255, 255]


def test_bytes_are_known_by_their_type():
    for kind in AS:
        assert scale_of(kind(BYTES)) == "bytes"
        assert scale_of(kind(BYTES / 255)) == "symmetric"


@pytest.mark.parametrize("kind", AS)
def test_pictures_in_the_scales_of_a_trainer_pass(kind):
    for good in (BYTES, BYTES / 127.5 - 1, np.float32(-1) * np.ones((1, 2, 2)), np.full(3, 1 + 1e-7)):
        pictures = kind(good)
        assert check_scale("images", pictures) is pictures


@pytest.mark.parametrize("kind", AS)
@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (np.full((2, 2), 200.0), "float64 with values from 200 to 200"),
        (np.full((2, 2), -1.1), "from -1.1"),
        (np.full((2, 2), np.nan), "nan"),
        (np.zeros((2, 2), np.int64), "int64"),
    ],
)
def test_pictures_in_other_scales_are_refused(kind, wrong, told):
    with pytest.raises(
        ValueError, match=rf"^images must be uint8 .*floats with values in \[-1, 1\]; got .*{told}"
    ):
        check_scale("images", kind(wrong))


def test_digits_pass_as_they_are():
    pixels = np.zeros((3, scaling.SIDE, scaling.SIDE), np.uint8)
    assert check_digits("images", pixels) is pixels
    assert len(check_digits("images", pixels[:0], at_least=0)) == 0


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((3, 28, 28)), np.zeros((28, 28), np.uint8), np.zeros((3, 1, 28, 28), np.uint8), np.uint8(3),
     np.zeros((3, 28, 27), np.uint8), np.zeros((0, 28, 28), np.uint8), [[1]]],
    ids=lambda wrong: str(np.shape(wrong)),
)  # fmt: skip
def test_what_are_no_digits_is_refused(wrong):
    with pytest.raises(
        ValueError, match=r"^images must be uint8 pictures of shape \(n, 28, 28\).*n >= 1; got .* of"
    ):
        check_digits("images", wrong)


def test_numpy_alone_is_enough():
    code = (
        "import sys, numpy as np; from course_utils.datasets import scaling;"
        "scaling.to_bytes(scaling.to_unit(np.zeros(3, np.uint8), dtype=np.float32), 'unit');"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
