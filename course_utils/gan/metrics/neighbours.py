"""Nearest neighbours by brute force, in blocks that fit into memory; and the question whether a generator copies."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from torch import Tensor

from course_utils.datasets.scaling import check_digits, to_unit

BLOCK = 2**22  # distances that are held in memory at a time: 32 MB
PART = 10_000  # training pictures that are floats at a time


def squared_distances(x: np.ndarray, y: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """||x_i - y_j||^2 for x (n, d) and y (m, d), some rows i at a time: pairs (rows, block (rows, m)).

    As |x|^2 + |y|^2 - 2 x.y, all in one matrix product of (-2 x, |x|^2, 1) with (y, 1, |y|^2). Rounding can leave a
    distance of 0 a little off, to either side.
    """
    left = np.column_stack([-2 * x, np.einsum("ij,ij->i", x, x), np.ones_like(x[:, 0])])
    right = np.column_stack([y, np.ones_like(y[:, 0]), np.einsum("ij,ij->i", y, y)])
    step = max(1, BLOCK // len(y))
    for start in range(0, len(x), step):
        rows = slice(start, start + step)
        yield rows, left[rows] @ right.T


class Neighbours(NamedTuple):
    """``indices`` (n,) into the training pictures and Euclidean ``distances`` (n,), in units of a full pixel."""

    indices: np.ndarray
    distances: np.ndarray


def nearest_neighbours(images: np.ndarray | Tensor, training_pixels: np.ndarray) -> Neighbours:
    """The training picture that is closest to each picture, pixel by pixel.

    Parameters
    ----------
    images : floats (n, 1, 28, 28) in [-1, 1] as a trainer samples them, or bytes (n, 28, 28).
    training_pixels : bytes (m, 28, 28), such as ``load_mnist().pixels``.

    Returns
    -------
    Neighbours : distances are Euclidean over the 784 pixels, each in [0, 1]; a copy has distance 0.

    Raises
    ------
    ValueError
        for training pixels that are no bytes, none at all, or pictures of another size.
    """
    training = check_digits("training_pixels", training_pixels)
    x = _unit(images)
    if x.shape[1] != training[0].size:
        raise ValueError(
            f"the images have {x.shape[1]} pixels each and the training pictures {training[0].size}; "
            "they must be the same size."
        )
    indices, smallest = np.zeros(len(x), int), np.full(len(x), np.inf, np.float32)
    # The training pictures as floats would take 190 MB: they are widened a part at a time.
    for start in range(0, len(training), PART):
        part = _unit(training[start : start + PART])
        for rows, squared in squared_distances(x, part):
            best = squared.argmin(axis=1)
            value = np.take_along_axis(squared, best[:, None], axis=1)[:, 0]
            closer = value < smallest[rows]
            indices[rows][closer] = start + best[closer]
            smallest[rows][closer] = value[closer]
    return Neighbours(indices, np.linalg.norm(x - _unit(training[indices]), axis=1))


class Memorisation(NamedTuple):
    """Median distance to the nearest training picture, of ``generated`` and of ``held_out`` pictures; their ``ratio``.

    A ratio near 0 means copies: fresh digits are not nearly as close. One near 1 or above means that the generated
    pictures are as far from the training set as pictures that were never trained on.
    """

    generated: float
    held_out: float
    ratio: float


def memorisation(
    images: np.ndarray | Tensor, training_pixels: np.ndarray, held_out_pixels: np.ndarray
) -> Memorisation:
    """Has the generator learned its training pictures by heart?

    Looking at nearest neighbours alone cannot tell: many real digits have a close relative too. So the same distance
    of fresh pictures, which nobody can have copied, is the yardstick. Blurred pictures are closer to everything, hence
    a ratio a little below 1 is no proof.

    Parameters
    ----------
    images, training_pixels : as for :func:`nearest_neighbours`.
    held_out_pixels : bytes (h, 28, 28), such as some hundred of ``load_mnist("test").pixels``.
    """
    generated, held_out = (
        float(np.median(nearest_neighbours(each, training_pixels).distances))
        for each in (images, held_out_pixels)
    )
    return Memorisation(generated, held_out, generated / held_out)


def _unit(images: np.ndarray | Tensor) -> np.ndarray:
    """Pictures as rows (n, pixels) of float32 in [0, 1]."""
    images = images.detach().cpu().numpy() if isinstance(images, Tensor) else np.asarray(images)
    return to_unit(images.reshape(len(images), -1), dtype=np.float32)
