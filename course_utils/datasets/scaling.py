"""The three scales of grey that pictures have here, and the ways between them; for NumPy arrays and torch tensors.

    "bytes"        0 is black and 255 is white: files, data sets, recordings
    "unit"         [0, 1]: matplotlib, style transfer, torchvision's ToTensor
    "symmetric"    [-1, 1]: GANs, whose generators end in tanh

What comes without a word about its scale is read by one rule, everywhere in this course (:func:`scale_of`). All
functions compute in the type that they are given, and leave what they are given as it is.
"""

import warnings
from typing import Any, Literal, TypeVar

import numpy as np

from course_utils.checks import array, one_of

SIDE = 28  # pixels of a digit, up and across
Scale = Literal["bytes", "unit", "symmetric"]
Array = TypeVar("Array", bound=Any)  # np.ndarray or torch.Tensor; torch is not imported for it
ENDS = {"bytes": (0, 255), "unit": (0, 1), "symmetric": (-1, 1)}
ROUNDING = 1e-6  # by which floats may lie outside
BLACK = 1 / 510  # up to here [0, 1] rounds to black


def scale_of(pictures: Array, scale: Scale | None = None, name: str = "pictures") -> Scale:
    """The scale of pictures: the one that is given, or else by this rule.

    - uint8 are bytes.
    - Floats in [-1, 1] are symmetric where the darkest is below 0, and where it is above: an untrained generator makes
      such flat greys, and pictures in [0, 1] have black somewhere.
    - Floats in [0, 1] whose darkest is 0 (to half a grey level) are read as "unit", with a warning: nothing in the
      numbers can tell for sure.

    Everything else needs a word: True, whole numbers of other types and floats from 0 to 255 mean one thing in one
    program and another in the next.

    Raises
    ------
    ValueError
        for other types or ranges, NaN, or numbers outside the scale that is given.
    """
    kind, span = _kind(pictures), (np.nan, np.nan)
    if scale is None and kind == "uint8":
        return "bytes"
    if 0 in pictures.shape:
        raise ValueError(f"{name} has shape {tuple(pictures.shape)}; there must be one or more.")
    if kind.startswith(("bool", "int", "uint", "float", "bfloat")):
        span = float(pictures.min()), float(pictures.max())
    if scale is not None:
        one_of("scale", scale, ENDS)
        if not _within(span, *ENDS[scale]):
            low, high = ENDS[scale]
            raise ValueError(
                f"{name} go from {span[0]:g} to {span[1]:g} ({kind}), but scale={scale!r} means values from {low} to "
                f"{high}."
            )
        return scale
    if "float" not in kind or not _within(span, -1, 1):
        raise ValueError(
            f"{name} must be uint8 with values 0 to 255, or floats with values in [0, 1] or in [-1, 1]; got {kind} "
            f"with values from {span[0]:g} to {span[1]:g}. Scale pixels by pixels / 127.5 - 1, or say which scale "
            'they have: scale="bytes" (0 to 255), "unit" (0 to 1) or "symmetric" (-1 to 1).'
        )
    if not -ROUNDING <= span[0] <= BLACK:
        return "symmetric"
    warnings.warn(
        f"{name} hold floats from 0 to 1 and none below 0: read as [0, 1], where 0 is black. If they lie in [-1, 1], "
        'as those of a generator, say scale="symmetric"; scale="unit" says that this is right.',
        UserWarning,
        stacklevel=4,
    )
    return "unit"


def read_pictures(
    name: str, pictures: Any, scale: Scale | None = None, side: int | None = None
) -> tuple[Any, Scale]:
    """Grey pictures as (n, h, w), and their scale (see :func:`scale_of`): what is handed over, understood or refused.

    Parameters
    ----------
    pictures : (n, h, w) or (n, 1, h, w), an array, a tensor, nested lists, or anything with ``.pixels``.
    side : what height and width must be; None takes any.

    Raises
    ------
    ValueError
        for another shape, no pictures, or what :func:`scale_of` refuses.
    """
    pictures = getattr(pictures, "pixels", pictures)
    try:
        pictures = pictures.detach() if hasattr(pictures, "detach") else np.asarray(pictures)
    except ValueError as error:
        raise ValueError(f"{name} must all be of one size, to make an array (n, h, w).") from error
    given = tuple(pictures.shape)
    if len(given) == 4 and given[1] == 1:
        pictures = pictures[:, 0]
    if pictures.ndim != 3 or 0 in given or (side and given[-2:] != (side, side)):
        h, w = (side, side) if side else ("h", "w")
        raise ValueError(
            f"{name} must have the shape (n, 1, {h}, {w}) or (n, {h}, {w}), n >= 1; got {given}."
        )
    return pictures, scale_of(pictures, scale, name)


def to_unit(pictures: Array, scale: Scale | None = None, dtype: Any = None) -> Array:
    """Pictures in [0, 1]: x / 255 of bytes, (x + 1) / 2 of symmetric ones.

    Parameters
    ----------
    scale : that of the pictures; None asks :func:`scale_of`.
    dtype : in which to compute; None: in their own, and bytes in float64 (NumPy) or torch's default.
    """
    scale = scale or scale_of(pictures)
    x = _numbers(pictures, scale, dtype)
    return x / 255 if scale == "bytes" else (x + 1) / 2 if scale == "symmetric" else x


def to_symmetric(pictures: Array, scale: Scale | None = None, dtype: Any = None) -> Array:
    """Pictures in [-1, 1]: x / 127.5 - 1 of bytes, 2 x - 1 of those in [0, 1]; parameters as of :func:`to_unit`."""
    scale = scale or scale_of(pictures)
    x = _numbers(pictures, scale, dtype)
    return x / 127.5 - 1 if scale == "bytes" else 2 * x - 1 if scale == "unit" else x


def to_bytes(pictures: Array, scale: Scale | None = None) -> Array:
    """Pictures as uint8, rounded to the nearest (halves to the even one); what is too dark or too bright is clipped."""
    scale = scale or scale_of(pictures)
    if _kind(pictures) == "uint8" and scale == "bytes":
        return pictures
    x: Any = _numbers(pictures, scale, None)
    x = x if scale == "bytes" else 255 * x if scale == "unit" else (x + 1) * 127.5
    x = x.round().clip(0, 255)
    x = x.astype(np.uint8) if isinstance(x, np.ndarray) else x.byte()
    return x


def check_symmetric(name: str, pictures: Array) -> Array:
    """Floats in [-1, 1], for what knows no other scale: those that go from 0 to 1 are refused as well, as
    :func:`scale_of` would read them.

    Raises
    ------
    ValueError
        for both, for NaN, and for no pictures.
    """
    if 0 in pictures.shape:
        raise ValueError(f"{name} has shape {tuple(pictures.shape)}; there must be one or more.")
    low, high = float(pictures.min()), float(pictures.max())
    if not _within((low, high), *ENDS["symmetric"]) or -ROUNDING <= low <= BLACK < high:
        raise ValueError(
            f"{name} go from {low:g} to {high:g}; they must lie in [-1, 1], where -1 is black. Of pictures "
            f"in [0, 1] give 2 * {name} - 1, of bytes {name} / 127.5 - 1."
        )
    return pictures


def check_digits(name: str, pixels: Any, at_least: int = 1) -> np.ndarray:
    """Pictures of digits as files have them: uint8 (n, 28, 28).

    Raises
    ------
    ValueError
        for another type or shape, or fewer than ``at_least``.
    """
    pixels = array(name, pixels)
    if pixels.dtype != np.uint8 or pixels.shape[1:] != (SIDE, SIDE) or len(pixels) < at_least:
        raise ValueError(
            f"{name} must be uint8 pictures of shape (n, {SIDE}, {SIDE}) with values 0 to 255, n >= {at_least}; "
            f"got {pixels.dtype} of shape {pixels.shape}."
        )
    return pixels


def _kind(pictures: Any) -> str:
    if not hasattr(pictures, "dtype"):
        raise ValueError(f"pictures is {pictures!r:.80}; it must be an array or a tensor.")
    return str(pictures.dtype).removeprefix("torch.")


def _within(span: tuple[float, float], low: float, high: float) -> bool:
    slack = ROUNDING * (high - low)
    return low - slack <= span[0] and span[1] <= high + slack  # False for NaN


def _numbers(pictures: Any, scale: Scale, dtype: Any) -> Any:
    """In the type to compute in: that which is asked for, or their own (whole numbers that are no bytes: as floats)."""
    if dtype is None:
        return pictures if scale == "bytes" or "float" in _kind(pictures) else pictures / 1
    return pictures.astype(dtype) if isinstance(pictures, np.ndarray) else pictures.to(dtype)
