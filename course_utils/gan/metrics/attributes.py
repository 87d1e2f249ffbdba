"""What of a digit's look can be measured from its pixels alone: how much ink it has, and how far it leans."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from course_utils.datasets import SIDE
from course_utils.datasets.scaling import Scale, read_pictures, to_unit
from course_utils.gan.metrics.classes import Pictures
from course_utils.training.state import shared_tensor

LEAST_INK = 1e-6 * SIDE**2  # a fainter picture leans nowhere
BLOCK = (
    200  # pictures at a time, which a processor's cache can hold in double precision: several times faster
)


def ink(images: Pictures, scale: Scale | None = None) -> np.ndarray:
    """The mean grey of each picture, (n,) in [0, 1]: 0 is an empty picture, 1 a white one; MNIST's mean is 0.13.

    It is not the width of the stroke: an 8 has more ink than a 1 of the same pen.

    Raises
    ------
    ValueError
        for another shape, type or range (see :func:`~course_utils.datasets.scaling.read_pictures`).
    """
    return _measured(lambda w: w.mean(axis=(1, 2)), images, scale)


def slant(images: Pictures, scale: Scale | None = None) -> np.ndarray:
    r"""How far the ink moves to the right for each pixel up, (n,): 0 upright, 1 leaning by 45 degrees to the right.

        slant = sum w dy dx / sum w dy^2

    with the grey w of each pixel, and dx to the right and dy upwards from the centre of the ink: the slope of the
    regression of x on y. A picture with (nearly) no ink, or with all of it in one row, has slant 0.

    Raises
    ------
    ValueError
        as :func:`ink`.
    """
    return _measured(_slant, images, scale)


def _slant(w: np.ndarray) -> np.ndarray:
    up, right = np.arange(SIDE)[::-1, None], np.arange(SIDE)[None, :]
    amount = w.sum(axis=(1, 2))
    total = amount.clip(LEAST_INK)
    dy, dx = (axis - ((w * axis).sum(axis=(1, 2)) / total)[:, None, None] for axis in (up, right))
    leaning = (w * dy * dx).sum(axis=(1, 2)) / (w * dy**2).sum(axis=(1, 2)).clip(LEAST_INK)
    return np.where(amount < LEAST_INK, 0.0, leaning)


def _measured(
    measure: Callable[[np.ndarray], np.ndarray], images: Pictures, scale: Scale | None
) -> np.ndarray:
    """The measure of pictures (n, 28, 28) in [0, 1]."""
    read, scale = read_pictures("images", images, scale, SIDE)
    parts = (read if isinstance(read, Tensor) else shared_tensor(read)).split(BLOCK)
    return np.concatenate([measure(to_unit(part, scale, torch.float64).cpu().numpy()) for part in parts])
