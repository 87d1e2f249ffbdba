"""Checks of arguments: what passes comes back as a plain number, what does not is refused in words."""

import math
import re
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_utils import checks
from course_utils.gan import RECIPES, AdversarialTrainer
from course_utils.recording import load_recording

NO_NUMBERS = [True, False, np.True_, "1", None, [1], np.array([1.0]), 1j]
NOT_FINITE = [math.nan, math.inf, -math.inf, np.float32("nan"), np.float64("inf"), torch.tensor(torch.nan)]


def test_who_asks_for_a_name_that_is_not_there_is_told_which_are():
    run = load_recording("collapse")
    empty = AdversarialTrainer(np.zeros((80, 28, 28), np.uint8), "mlp").history
    for named, known in (
        (RECIPES, "mlp"),
        (run.metrics, "d_real"),
        (run.evaluations, "entropy"),
        (empty, "d_fake"),
    ):
        with pytest.raises(KeyError, match=rf"no 'fid'; there are .*\b{known}\b"):
            named["fid"]
        assert named.get("fid") is None


@given(st.integers(), st.sampled_from([int, np.array, np.int64, torch.tensor, np.uint8]))
def test_whole_numbers_of_every_kind_come_back_as_int(value, kind):
    limits = np.iinfo(np.uint8 if kind is np.uint8 else np.int64)
    value = int(np.clip(value, limits.min, limits.max))
    found = checks.whole("n", kind(value), at_least=-(10**30))
    assert (type(found), found) == (int, value)


@pytest.mark.parametrize(
    "wrong", [*NO_NUMBERS, *NOT_FINITE, 2.0, 2.5, np.float64(3), Fraction(1, 2)], ids=repr
)
def test_what_is_no_whole_number_is_refused(wrong):
    with pytest.raises(ValueError, match="^n is .*; it must be a whole number of at least 1, such as 8.$"):
        checks.whole("n", wrong, advice="such as 8")


def test_a_whole_number_outside_its_limits_is_refused():
    assert [checks.whole("n", n, 2, 4) for n in (2, 3, 4)] == [2, 3, 4]
    for wrong in (1, 5):
        with pytest.raises(ValueError, match=f"^n is {wrong}; it must be a whole number from 2 to 4.$"):
            checks.whole("n", wrong, 2, 4)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
@pytest.mark.parametrize("kind", [float, np.float32, np.float64, np.array, torch.tensor, Fraction, int])
def test_numbers_of_every_kind_come_back_as_float(kind, value):
    found = checks.number("x", kind(value))
    assert (type(found), found) == (float, float(kind(value)))


@pytest.mark.parametrize("wrong", [*NO_NUMBERS, *NOT_FINITE], ids=repr)
def test_what_is_no_finite_number_is_refused(wrong):
    for check in (checks.number, checks.positive, checks.not_negative):
        with pytest.raises(ValueError, match="^x is .*; it must be a finite number, 1 is usual.$"):
            check("x", wrong, advice="1 is usual")


@pytest.mark.parametrize(
    ("interval", "inside", "outside"),
    [("[0, 1)", (0, 0.5), (-1e-300, 1)), ("(-1, 1]", (-0.9, 1), (-1, 1.1)), ("[2, inf)", (2, 1e300), (1.9,))],
)
def test_an_interval_has_its_ends_or_not(interval, inside, outside):
    assert [checks.number("x", value, interval) for value in inside] == list(inside)
    for value in outside:
        with pytest.raises(ValueError, match=re.escape(f"x is {value!r}; it must be in {interval}.")):
            checks.number("x", value, interval)


def test_the_usual_intervals_have_words():
    assert (checks.positive("x", 5e-324), checks.not_negative("x", 0)) == (5e-324, 0.0)
    with pytest.raises(ValueError, match="^x is 0; it must be positive.$"):
        checks.positive("x", 0)
    with pytest.raises(ValueError, match="^x is -1; it must be zero or more.$"):
        checks.not_negative("x", np.int8(-1))


def test_arrays_are_checked_entry_by_entry():
    found = checks.numbers("q", [[0, 1], [0.5, 1e-300]], "[0, 1]")
    assert (found.dtype, found.tolist()) == (np.float64, [[0.0, 1.0], [0.5, 1e-300]])
    assert checks.numbers("q", [], "[0, 1]").shape == (0,)
    for values, message in (
        ([0, 1.5], "q holds 1.5; every entry must be in [0, 1], as a probability is."),
        (-0.25, "q is -0.25; it must be in [0, 1], as a probability is."),
        ([0, math.nan], "q holds nan; every entry must be a finite number, as a probability is."),
        ([[math.inf]], "q holds inf; every entry must be a finite number, as a probability is."),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            checks.numbers("q", values, "[0, 1]", "as a probability is")


def test_one_of_several_words():
    registry = {"adam": 1, "sgd": 2}
    assert checks.one_of("optimizer", "sgd", registry) == "sgd"
    for wrong in ("SGD", "", None, ["sgd"], 1, np.array(["sgd", "sgd"])):
        with pytest.raises(ValueError, match="^optimizer is .*; it must be one of adam, sgd.$"):
            checks.one_of("optimizer", wrong, registry)


@pytest.mark.parametrize("kind", [tuple, list, np.array, iter])
def test_each_of_several_values_goes_through_a_check(kind):
    found = checks.each("widths", kind([128, 256]), checks.whole)
    assert (found, [type(n) for n in found]) == ((128, 256), [int, int])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((), "it must be a tuple of 2 numbers, such as (0.5, 0.9)."),
        ((0.5,), "it must be a tuple of 2 numbers"),
        (0.5, "betas is 0.5; it must be a tuple of 2 numbers"),
        ("ab", "betas is 'ab'; it must be a tuple"),
        ((0.5, 1), "betas[1] is 1; it must be positive"),
    ],
)
def test_the_wrong_one_of_several_values_is_named(values, message):
    def check(name, value):
        if value == 1:
            raise ValueError(f"{name} is 1; it must be positive")
        return value

    with pytest.raises(ValueError, match=re.escape(message)):
        checks.each("betas", values, check, 2, "such as (0.5, 0.9)")


def test_points_come_back_as_float64():
    found = checks.points("p", [[1, 2], [3, 4]], dim=2)
    assert (found.dtype, found.tolist()) == (np.float64, [[1.0, 2.0], [3.0, 4.0]])
    given_floats = np.zeros((3, 5))
    assert checks.points("p", given_floats) is given_floats


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros(4), r"p has shape \(4,\); it must hold points, shape \(n, 2\) with n >= 2\."),
        (np.zeros((1, 2)), "n >= 2"),
        (np.zeros((4, 3)), r"\(n, 2\)"),
        (np.zeros((4, 0)), r"shape \(4, 0\)"),
        ([[0, 1], [2, math.nan]], "p holds nan; every entry must be a finite number."),
    ],
)
def test_what_are_no_points_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        checks.points("p", values, dim=2, at_least=2)


def test_tensors_are_finite_or_refused_by_their_name():
    good = {
        "a": torch.zeros(3),
        "b": torch.arange(3),
        "c": torch.ones(2, dtype=torch.float16),
        "d": torch.zeros(0),
    }
    checks.finite_tensors("here", good)
    with pytest.raises(
        ValueError, match="^here: 2 of the 3 numbers of bad are NaN or infinite; fetch it again.$"
    ):
        checks.finite_tensors(
            "here", good | {"bad": torch.tensor([1, math.nan, -math.inf])}, "fetch it again"
        )


@pytest.mark.parametrize(
    "values", ["abc", {}, object(), [[1, 2], [3]]], ids=["word", "dict", "object", "ragged"]
)
def test_what_numbers_cannot_be_made_of_is_refused_in_words(values):
    for check in (checks.numbers, checks.points):
        with pytest.raises(ValueError, match="^q is .*; it must be made of numbers, in rows of one length.$"):
            check("q", values)


def test_a_switch_is_true_or_false():
    assert [checks.switch("s", value) for value in (True, np.False_)] == [True, False]
    for wrong in (1, 0, "True", None, np.zeros(3), []):
        with pytest.raises(ValueError, match="^s is .*; it must be True or False.$"):
            checks.switch("s", wrong)


def test_paths_and_objects_of_a_kind(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert checks.path("p", "~/a") == checks.path("p", tmp_path / "a") == tmp_path / "a"
    for wrong in (None, 3, math.nan, np.zeros(3), []):
        with pytest.raises(ValueError, match="^p is .*; it must be a path, such as"):
            checks.path("p", wrong)
    assert checks.instance("o", "x", (str, int), "a word") == "x"
    with pytest.raises(ValueError, match="^o is 2.0; it must be a word.$"):
        checks.instance("o", 2.0, (str, int), "a word")


@pytest.mark.parametrize("huge", [np.zeros((500, 3)), torch.zeros(500, 3), list(range(10_000))], ids=type)
def test_a_message_has_one_line_whatever_was_given(huge):
    with pytest.raises(ValueError, match="^n is .*; it must be a whole number") as caught:
        checks.whole("n", huge)
    assert len(str(caught.value)) < 160


def test_tensors_of_every_kind_are_numbers():
    grads = [[torch.tensor(1.0, requires_grad=True)], [torch.tensor(2.0)]]
    assert checks.numbers("q", grads).tolist() == [[1.0], [2.0]]
    assert checks.numbers("q", torch.tensor([1j]).conj().imag).tolist() == [-1.0]
    assert checks.numbers("q", torch.full((2,), 0.5, dtype=torch.bfloat16)).tolist() == [0.5, 0.5]


def test_what_has_no_value_or_none_that_fits_is_refused():
    nothing = torch.ones((), device="meta")
    for check in (checks.number, checks.whole, checks.numbers):
        with pytest.raises(ValueError, match="^q is .*; it must be "):
            check("q", nothing)
    for check, value in ((checks.number, 10**400), (checks.numbers, [1, 10**400])):
        with pytest.raises(ValueError, match="^q is .*1000.*must be within what float64 can hold"):
            check("q", value)


def test_what_a_mask_hides_is_not_counted():
    with pytest.raises(
        ValueError, match=re.escape("q has masked entries; take what the mask leaves: q.compressed().")
    ):
        checks.numbers("q", np.ma.array([1.0, 2.0, 1000.0], mask=[0, 0, 1]))
    assert checks.numbers("q", np.ma.array([1.0, 2.0])).tolist() == [1.0, 2.0]


def test_arrays_that_do_not_broadcast_are_named():
    with pytest.raises(ValueError, match=r"^a has shape \(2,\), b has shape \(3,\): these do not broadcast"):
        checks.broadcast(a=np.zeros(2), b=np.zeros(3))
