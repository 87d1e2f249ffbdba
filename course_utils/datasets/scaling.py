"""The three scales of grey that pictures have here, and the ways between them; for NumPy arrays and torch tensors.

    "bytes"        uint8, 0 is black and 255 is white: files, data sets, recordings
    "unit"         [0, 1]: matplotlib, style transfer
    "symmetric"    [-1, 1]: GANs, whose generators end in tanh

All functions compute in the type that they are given, and leave what they are given as it is.
"""

from typing import Any, Literal, TypeVar

import numpy as np

SIDE = 28  # pixels of a digit, up and across
Scale = Literal["bytes", "unit", "symmetric"]
Array = TypeVar("Array", bound=Any)  # np.ndarray or torch.Tensor; torch is not imported for it


def scale_of(pictures: Array) -> Scale:
    """The scale of pictures that come without a word about it: uint8 are bytes, all others symmetric."""
    return "bytes" if _is_bytes(pictures) else "symmetric"


def to_unit(pictures: Array, scale: Scale | None = None, dtype: Any = None) -> Array:
    """Pictures in [0, 1]: x / 255 of bytes, (x + 1) / 2 of symmetric ones.

    Parameters
    ----------
    scale : that of the pictures; None asks :func:`scale_of`.
    dtype : in which to compute; None: in their own, and bytes in float64 (NumPy) or torch's default.
    """
    scale, x = scale or scale_of(pictures), _cast(pictures, dtype)
    return x / 255 if scale == "bytes" else (x + 1) / 2 if scale == "symmetric" else x


def to_symmetric(pictures: Array, scale: Scale | None = None, dtype: Any = None) -> Array:
    """Pictures in [-1, 1]: x / 127.5 - 1 of bytes, 2 x - 1 of those in [0, 1]; parameters as of :func:`to_unit`."""
    scale, x = scale or scale_of(pictures), _cast(pictures, dtype)
    return x / 127.5 - 1 if scale == "bytes" else 2 * x - 1 if scale == "unit" else x


def to_bytes(pictures: Array, scale: Scale | None = None) -> Array:
    """Pictures as uint8, rounded to the nearest (halves to the even one); what is too dark or too bright is clipped."""
    scale = scale or scale_of(pictures)
    if scale == "bytes":
        return pictures
    x: Any = 255 * pictures if scale == "unit" else (pictures + 1) * 127.5
    x = x.round().clip(0, 255)
    x = x.astype(np.uint8) if isinstance(x, np.ndarray) else x.byte()
    return x


def check_scale(name: str, pictures: Array) -> Array:
    """Pictures that are bytes, or floats in [-1, 1] but for rounding.

    Raises
    ------
    ValueError
        for others, NaN included.
    """
    if not _is_bytes(pictures):
        low, high = (float(end) for end in (pictures.min(), pictures.max()))
        floats = "float" in str(pictures.dtype)
        if not (floats and -1 - 1e-6 <= low and high <= 1 + 1e-6):
            raise ValueError(
                f"{name} must be uint8 with values 0 to 255, or floats with values in [-1, 1]; got {pictures.dtype} "
                f"with values from {low:g} to {high:g}. Scale pixels by pixels / 127.5 - 1."
            )
    return pictures


def check_digits(name: str, pixels: Any, at_least: int = 1) -> np.ndarray:
    """Pictures of digits as files have them: uint8 (n, 28, 28).

    Raises
    ------
    ValueError
        for another type or shape, or fewer than ``at_least``.
    """
    pixels = np.asarray(pixels)
    if pixels.dtype != np.uint8 or pixels.shape[1:] != (SIDE, SIDE) or len(pixels) < at_least:
        raise ValueError(
            f"{name} must be uint8 pictures of shape (n, {SIDE}, {SIDE}) with values 0 to 255, n >= {at_least}; "
            f"got {pixels.dtype} of shape {pixels.shape}."
        )
    return pixels


def _is_bytes(pictures: Any) -> bool:
    return str(pictures.dtype).endswith("uint8")  # "uint8" or "torch.uint8"


def _cast(pictures: Any, dtype: Any) -> Any:
    if dtype is None:
        return pictures
    return pictures.astype(dtype) if isinstance(pictures, np.ndarray) else pictures.to(dtype)
