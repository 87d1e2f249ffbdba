"""Checks of arguments, whose errors say what was given and what is expected.

Every check takes the argument's name and its value, in this order, and gives the value back, as a plain Python number
where it is one. True is no number here: ``ring(True)`` is a mistake, not a ring of one. NaN and infinity are refused.
``advice`` ends the sentence that the student reads: "lr is -1; it must be positive, such as 0.1."
"""

import math
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

Value = TypeVar("Value")
WEIGHT_TOLERANCE = 1e-9  # rounding that we mend; a larger defect is a mistake that the student should see
ANY = "[-inf, inf]"  # all numbers but NaN
TOO_LARGE = "within what float64 can hold (1.8e308)"
IN_WORDS = {
    "(-inf, inf)": "a finite number",
    "(0, inf)": "positive",
    "[0, inf)": "zero or more",
    ANY: "a number",
}


class Named(dict[str, Value]):
    """A dictionary whose KeyError says which names there are."""

    def __missing__(self, name: Any) -> Value:
        raise KeyError(f"there is no {name!r}; there are {', '.join(self) or 'none'}")


def one_of(name: str, value: Any, choices: Collection[str], advice: str = "") -> str:
    """One of these words; the keys of a registry, for instance."""
    if not isinstance(value, str) or value not in choices:
        raise _refusal(name, value, f"one of {', '.join(choices)}", advice)
    return value


def whole(name: str, value: Any, at_least: int = 1, at_most: int | None = None, advice: str = "") -> int:
    """A whole number, Python's or NumPy's; 2.0 is none."""
    value = _plain(value)
    is_whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not (is_whole and at_least <= value and (at_most is None or value <= at_most)):
        limits = f"of at least {at_least}" if at_most is None else f"from {at_least} to {at_most}"
        raise _refusal(name, value, f"a whole number {limits}", advice)
    return int(value)


def number(name: str, value: Any, interval: str = "(-inf, inf)", advice: str = "") -> float:
    """A finite number in an interval, which is written as in a formula: "[0, 1)" has 0 and not 1."""
    value = _plain(value)
    try:
        if not isinstance(value, Real) or isinstance(value, bool) or not _inside(np.float64(value), interval):
            raise _refusal(name, value, _in_words(value, interval), advice)
    except OverflowError as error:  # 10**400
        raise _refusal(name, value, TOO_LARGE, advice) from error
    return float(value)


def positive(name: str, value: Any, advice: str = "") -> float:
    """A finite number above zero."""
    return number(name, value, "(0, inf)", advice)


def not_negative(name: str, value: Any, advice: str = "") -> float:
    """A finite number, zero or larger."""
    return number(name, value, "[0, inf)", advice)


def array(name: str, values: Any, advice: str = "") -> np.ndarray:
    """``np.asarray``, of a torch tensor (or lists of them) too, wherever it lies and whether or not a gradient goes
    through it. Masked entries are refused: ``np.asarray`` would count what the mask hides."""
    if (
        isinstance(mask := getattr(values, "mask", None), np.ndarray) and mask.any()
    ):  # numpy.ma is slow to load
        raise ValueError(f"{name} has masked entries; take what the mask leaves: {name}.compressed().")
    try:
        try:
            return np.asarray(_without_torch(values) if hasattr(values, "detach") else values)
        except RuntimeError:  # tensors with gradients, in lists
            return np.asarray(_without_torch(values))
    except (TypeError, ValueError, RuntimeError) as error:
        raise _refusal(name, values, "made of numbers, in rows of one length", advice) from error


def _without_torch(values: Any) -> Any:
    """A tensor as NumPy can read it, which knows no bfloat16 and nothing of torch's lazy signs; also those in lists."""
    if isinstance(values, list | tuple):
        return [_without_torch(value) for value in values]
    if not hasattr(values, "detach"):
        return values
    values = values.detach().cpu().resolve_conj().resolve_neg()
    return values.float() if str(values.dtype) == "torch.bfloat16" else values


def numbers(name: str, values: ArrayLike, interval: str = "(-inf, inf)", advice: str = "") -> np.ndarray:
    """Numbers of any shape, in an array, a tensor or lists, as float64; each of them as in :func:`number`.

    True and False count as 1 and 0 in an array of them, such as ``x != y``. Complex numbers are none here.
    """
    given = array(name, values, advice)
    try:
        if values is None or given.dtype.kind not in "iufbO" or (given.dtype == bool and given.ndim == 0):
            raise TypeError
        found = np.asarray(given, dtype=np.float64)
    except OverflowError as error:
        raise _refusal(name, values, TOO_LARGE, advice) from error
    except (TypeError, ValueError) as error:  # words, objects
        raise _refusal(name, values, "made of numbers, in rows of one length", advice) from error
    inside = _inside(found, interval)
    if not inside.all():
        wrong = found[~inside].flat[0]
        what = "is {:g}; it" if found.ndim == 0 else "holds {:g}; every entry"
        expected = _in_words(wrong, interval)
        raise ValueError(f"{name} {what.format(wrong)} must be {expected}{_end(advice)}")
    return found


def broadcast(**arrays: np.ndarray) -> list[np.ndarray]:
    """Arrays, by their names, brought to one shape."""
    try:
        return list(np.broadcast_arrays(*arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} has shape {values.shape}" for name, values in arrays.items())
        raise ValueError(f"{shapes}: these do not broadcast. Give equal shapes, or a single one.") from None


def each(
    name: str, values: Any, check: Callable[[str, Any], Any], count: int | None = None, advice: str = ""
) -> tuple[Any, ...]:
    """A tuple (or list, or array) of values, at least one or exactly so many; every one goes through a check."""
    entries = tuple(values) if isinstance(values, Iterable) and not isinstance(values, str) else ()
    if not entries or count not in (None, len(entries)):
        raise _refusal(name, values, f"a tuple of {count or 'one or more'} numbers", advice)
    return tuple(check(f"{name}[{i}]", entry) for i, entry in enumerate(entries))


def points(
    name: str, values: ArrayLike, dim: int | None = None, at_least: int = 1, advice: str = ""
) -> np.ndarray:
    """Finite points (n, d) as float64: of any dimension or of this one, and so many at least."""
    array = numbers(name, values, advice=advice)
    if array.ndim != 2 or len(array) < at_least or 0 in array.shape or dim not in (None, array.shape[1]):
        raise ValueError(
            f"{name} has shape {array.shape}; it must hold points, shape (n, {dim or 'd'}) with n >= {at_least}"
            f"{_end(advice)}"
        )
    return array


def finite_tensors(where: str, tensors: Mapping[str, Any], advice: str = "") -> None:
    """Refuse tensors of which one is not finite, by its name: a network would compute with it and blame others."""
    for name, tensor in tensors.items():
        if not (finite := tensor.isfinite()).all():
            raise ValueError(
                f"{where}: {int((~finite).sum()):,} of the {finite.numel():,} numbers of {name} are NaN or infinite"
                + (f"; {advice}." if advice else ".")
            )


def weights(name: str, values: ArrayLike | None, count: int) -> np.ndarray:
    """Weights as a float64 probability vector (count,); None means 1/count each.

    A sum that misses 1 by rounding (at most 1e-9) is divided out; zeros are welcome.
    """
    if values is None:
        return np.full(count, 1 / count)
    array = numbers(f"the vector of weights {name}", values, "[0, inf)", "as a mass is")
    if array.shape != (count,):
        raise ValueError(
            f"The weights {name} have shape {array.shape}, but there are {count} points: give one weight per "
            f"point, shape ({count},)."
        )
    total = array.sum()
    if abs(total - 1) > WEIGHT_TOLERANCE:
        kind = getattr(values, "dtype", None)
        coarse = f" They came as {kind}, too coarse for exact transport: turn them into float64 first."
        raise ValueError(
            f"The weights {name} sum to {total:.12g}, not to 1.{coarse if kind in (np.float16, np.float32) else ''} "
            f"If their proportions are right, pass {name} / {name}.sum()."
        )
    return array / total


def generator(name: str, value: Any, advice: str = "") -> np.random.Generator:
    """Where random numbers come from: NumPy's Generator."""
    expected = "a numpy Generator, such as numpy.random.default_rng(0)"
    return instance(name, value, np.random.Generator, expected, advice)


def tensor(name: str, value: Any, advice: str = "as torch.as_tensor(array) makes one") -> Any:
    """A torch tensor; torch is not imported for it."""
    if not hasattr(value, "requires_grad"):
        raise _refusal(name, value, "a torch tensor", advice)
    return value


def floats(name: str, value: Any, advice: str = "as torch.as_tensor(array) makes one") -> Any:
    """A torch tensor of real numbers, whole ones as float32: squares of uint8 begin again at 256, without a word."""
    value = tensor(name, value, advice)
    if value.is_complex():
        raise ValueError(f"{name} is complex; it must be made of real numbers.")
    return value if value.is_floating_point() else value.float()


def function(name: str, value: Any, expected: str, advice: str = "") -> Any:
    """Something that can be called."""
    return instance(name, value, Callable, expected, advice)  # type: ignore[arg-type]


def switch(name: str, value: Any, advice: str = "") -> bool:
    """True or False, Python's or NumPy's."""
    if not isinstance(value, bool | np.bool_):
        raise _refusal(name, value, "True or False", advice)
    return bool(value)


def instance(name: str, value: Any, kind: type | tuple[type, ...], expected: str, advice: str = "") -> Any:
    """An object of that kind, which ``expected`` names for the reader; two arguments are easily exchanged."""
    if not isinstance(value, kind):
        raise _refusal(name, value, expected, advice)
    return value


def path(name: str, value: Any, advice: str = "") -> Path:
    """The path of a file or a folder, its ``~`` expanded."""
    value = instance(
        name, value, (str, os.PathLike), "a path, such as 'runs/mine.png' or a pathlib.Path", advice
    )
    return Path(value).expanduser()


def _plain(value: Any) -> Any:
    """A NumPy or torch scalar as Python's own; one on torch's device "meta" has no value."""
    return (
        value.item() if getattr(value, "ndim", None) == 0 and not getattr(value, "is_meta", False) else value
    )


def _inside(values: np.ndarray | np.float64, interval: str) -> Any:
    """Where values are finite and in the interval."""
    low, high = map(float, interval[1:-1].split(","))
    above = values >= low if interval.startswith("[") else values > low
    below = values <= high if interval.endswith("]") else values < high
    return above & below  # NaN is neither, and what has no end is written as open there


def _in_words(value: Any, interval: str) -> str:
    known = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    return IN_WORDS.get(interval, f"in {interval}") if known or interval == ANY else "a finite number"


def _refusal(name: str, value: Any, expected: str, advice: str) -> ValueError:
    return ValueError(f"{name} is {_given(value)}; it must be {expected}{_end(advice)}")


def _given(value: Any) -> str:
    """A value in one line of a message, however large it is."""
    if getattr(value, "ndim", 0):
        return f"an array of shape {tuple(value.shape)}"
    words = " ".join(repr(value).split())
    return words if len(words) <= 80 else f"{words[:60]} ... {words[-10:]}"


def _end(advice: str) -> str:
    return f", {advice}." if advice else "."
