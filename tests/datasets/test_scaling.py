"""Bytes, [0, 1] and [-1, 1]: the ways between them, for NumPy and torch."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_utils.datasets import scaling
from course_utils.datasets.scaling import (
    check_digits,
    read_pictures,
    scale_of,
    to_bytes,
    to_symmetric,
    to_unit,
)

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
        here, there = scale(values, "symmetric"), scale(torch.from_numpy(values), "symmetric")
        assert np.array_equal(here, there.numpy())


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
    for pictures in (BYTES, BYTES / 127.5 - 1, torch.from_numpy(BYTES)):
        before = numbers(pictures).copy()
        for convert in (to_unit, to_symmetric, to_bytes):
            convert(pictures)
        assert np.array_equal(numbers(pictures), before)


def test_bytes_stay_bytes_and_what_is_too_bright_is_clipped():
    assert to_bytes(BYTES) is BYTES
    assert to_bytes(np.array([-7.0, -1, 1, 7]), "symmetric").tolist() == [0, 0, 255, 255]


@pytest.mark.parametrize("kind", AS)
def test_the_rule_knows_bytes_by_their_type_and_symmetric_ones_by_a_negative_number(kind):
    assert scale_of(kind(BYTES)) == "bytes"
    for dtype in (np.float16, np.float32, np.float64):
        assert scale_of(kind((BYTES / 127.5 - 1).astype(dtype))) == "symmetric"
    assert scale_of(kind(np.array([-1 - 1e-7, 1 + 1e-7]))) == "symmetric"  # rounding
    assert scale_of(kind(np.array([0.136, 0.146]))) == "symmetric"  # an untrained dcgan
    assert scale_of(kind(np.ones((1, 2, 2)))) == "symmetric"  # white in both


@pytest.mark.parametrize("kind", AS)
@pytest.mark.parametrize(
    "values", [BYTES / 255, np.zeros((1, 2, 2)), np.array([0.0019, 1.0]), np.array([-1e-9, 1.0])]
)
def test_where_the_darkest_is_0_the_rule_says_0_to_1_and_warns_unless_told(kind, values):
    with pytest.warns(UserWarning, match=r'none below 0: read as \[0, 1\].*scale="symmetric"'):
        assert scale_of(kind(values)) == "unit"
    for told in ("unit", "symmetric", "bytes"):  # warnings are errors here
        assert scale_of(kind(values), told) == told


OTHERS = [
    (np.full((2, 2), 200.0), "float64 with values from 200 to 200"),
    (np.full((2, 2), -1.1), "from -1.1"),
    (np.full((2, 2), np.nan), "nan"),
    (np.full((2, 2), np.inf), "inf"),
    (np.array([-0.42, 2.82]), "from -0.42 to 2.82"),
    (np.zeros((2, 2), np.int64), "int64"),
    (np.full((2, 2), 255, np.int32), "int32 with values from 255 to 255"),
    (np.ones((2, 2), bool), "bool"),
    (np.ones((2, 2), np.complex128), "complex128"),
]


@pytest.mark.parametrize("kind", AS)
@pytest.mark.parametrize(("wrong", "told"), OTHERS)
def test_pictures_in_other_scales_are_refused_by_every_way(kind, wrong, told):
    expected = rf"must be uint8 .*floats with values in \[0, 1\] or in \[-1, 1\]; got .*{told}"
    for read in (scale_of, to_unit, to_symmetric, to_bytes):
        with pytest.raises(ValueError, match=f"^pictures {expected}"):
            read(kind(wrong))
    with pytest.raises(ValueError, match=f"^images {expected}"):
        scale_of(kind(wrong), name="images")


def test_objects_are_refused_and_other_scales_are_a_mistake():
    with pytest.raises(ValueError, match="got object"):
        scale_of(np.array([None, "a"]))
    with pytest.raises(ValueError, match="scale is '0..1'; it must be one of bytes, unit, symmetric"):
        scale_of(BYTES, "0..1")


@pytest.mark.parametrize("kind", AS)
@pytest.mark.parametrize("dtype", [np.int64, np.int16, np.float32, np.float64])
def test_a_word_settles_every_type(kind, dtype):
    """The same pictures by four ways: the scale is told, and the numbers are those of the bytes."""
    expected = to_symmetric(BYTES)
    assert np.allclose(numbers(to_symmetric(kind(BYTES.astype(dtype)), "bytes")), expected, atol=1e-6)
    assert np.array_equal(numbers(to_bytes(kind(BYTES.astype(dtype)), "bytes")), BYTES)
    black_and_white = kind((BYTES > 127).astype(dtype))
    assert np.array_equal(numbers(to_symmetric(black_and_white, "unit")), np.where(BYTES > 127, 1, -1))
    assert np.array_equal(numbers(to_bytes(kind(BYTES > 127), "unit")), np.where(BYTES > 127, 255, 0))


@pytest.mark.parametrize(
    ("values", "told", "message"),
    [
        (BYTES, "unit", r"^pictures go from 0 to 255 \(uint8\), but scale='unit' means values from 0 to 1"),
        (BYTES / 127.5 - 1, "unit", "go from -1 to 1"),
        (np.array([-3, 3]), "symmetric", "go from -3 to 3"),
        (np.array([0, 256]), "bytes", "go from 0 to 256"),
        (np.array([np.nan]), "unit", "go from nan"),
    ],
)
def test_a_word_that_does_not_fit_is_refused(values, told, message):
    with pytest.raises(ValueError, match=message):
        scale_of(values, told)


class WithPixels:
    pixels = BYTES


@pytest.mark.parametrize(
    "given", [WithPixels(), BYTES, BYTES[:, None], torch.from_numpy(BYTES), torch.from_numpy(BYTES)[:, None]]
)
def test_pictures_are_read_in_every_form(given):
    read, scale = read_pictures("images", given)
    assert scale == "bytes"
    assert np.array_equal(numbers(read), BYTES)


def test_lists_and_tensors_with_a_gradient_are_read_too():
    values = torch.linspace(-1, 1, 8).view(2, 1, 2, 2).requires_grad_()
    assert read_pictures("images", values)[1] == "symmetric"
    read, scale = read_pictures("images", values.tolist())
    assert (read.shape, scale) == ((2, 2, 2), "symmetric")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (BYTES[0], r"images must have the shape \(n, 1, h, w\) or \(n, h, w\), n >= 1; got \(16, 16\)"),
        (BYTES[:0], r"got \(0, 16, 16\)"),
        (np.zeros((2, 3, 8, 8), np.uint8), r"got \(2, 3, 8, 8\)"),
        ([[[1.0]], [[1.0, 2.0]]], "images must all be of one size"),
        (3, r"got \(\)"),
    ],
)
def test_what_has_no_pictures_shape_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        read_pictures("images", wrong)


def test_the_side_is_checked():
    with pytest.raises(ValueError, match=r"\(n, 28, 28\), n >= 1; got \(1, 16, 16\)"):
        read_pictures("images", BYTES, side=28)


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
