"""Nearest neighbours by brute force, in blocks that fit into memory; and the question whether a generator copies."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from torch import Tensor

from course_utils.datasets.scaling import SIDE, Scale, check_digits, read_pictures, to_bytes, to_unit
from course_utils.gan.metrics.classes import look
from course_utils.gan.metrics.classifier import DigitClassifier, or_shipped

BLOCK = 2**22  # distances that are held in memory at a time: 32 MB
# training pictures that are floats at a time: 6 MB, and three times that while they are compared
PART = 2_000
SHIFT = 2  # pixels, each way, under which a copy is still a copy
CANDIDATES = 20  # training pictures that are looked at under shifts
NEXT = 3  # with which the nearest one is compared
RARE = 0.01  # of the held-out pictures may look like copies
EXACT = 1e-4  # a distance that only rounding makes: a tenth of a grey level of one pixel is 4e-4


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


def nearest_neighbours(
    images: np.ndarray | Tensor, training_pixels: np.ndarray, *, scale: Scale | None = None
) -> Neighbours:
    """The training picture that is closest to each picture, pixel by pixel.

    Parameters
    ----------
    images : (n, 1, 28, 28) or (n, 28, 28); floats in [-1, 1] as a trainer samples them or in [0, 1], or bytes.
    training_pixels : bytes (m, 28, 28), such as ``load_mnist().pixels``.
    scale : of the images; None goes by the rule of :func:`~course_utils.datasets.scaling.scale_of`.

    Returns
    -------
    Neighbours : distances are Euclidean over the 784 pixels, each in [0, 1]; a copy has distance 0.

    Raises
    ------
    ValueError
        for training pixels that are no bytes, none at all, or pictures of another size, type or range.
    """
    training = check_digits("training_pixels", training_pixels)
    x = _rows(images, scale)
    indices, smallest = np.zeros(len(x), int), np.full(len(x), np.inf, np.float32)
    # The training pictures as floats would take 190 MB: they are widened a part at a time.
    for start in range(0, len(training), PART):
        part = _rows(training[start : start + PART])
        for rows, squared in squared_distances(x, part):
            best = squared.argmin(axis=1)
            value = np.take_along_axis(squared, best[:, None], axis=1)[:, 0]
            closer = value < smallest[rows]
            indices[rows][closer] = start + best[closer]
            smallest[rows][closer] = value[closer]
    return Neighbours(indices, np.linalg.norm(x - _rows(training[indices]), axis=1))


class _Distances(NamedTuple):
    generated: float
    held_out: float
    ratio: float


class Memorisation(_Distances):
    """Median distance to the nearest training picture, of ``generated`` and of ``held_out`` pictures; their ``ratio``.

    A ratio near 0 means that most pictures are copies, pixel by pixel; one near 1 or above, that they are as far from
    the training set as pictures that were never trained on. It does not see a copy that is shifted, and not the copies
    among honest pictures. So each picture is judged by itself too (see :func:`memorisation`):

    suspects : bool (n,), which generated pictures are taken for copies.
    sources : (n,), the training picture that each would be a copy of, an index.
    copies : the share of suspects, in [0, 1].
    false_alarms : the share of held-out pictures that the same rule takes for copies: what ``copies`` is for an honest
        generator.
    """

    suspects: np.ndarray
    sources: np.ndarray
    false_alarms: float

    @property
    def copies(self) -> float:
        return float(self.suspects.mean())

    def __repr__(self) -> str:
        return (
            f"Memorisation(generated={self.generated:.4g}, held_out={self.held_out:.4g}, ratio={self.ratio:.4g}, "
            f"copies={self.copies:.4g}, false_alarms={self.false_alarms:.4g})"
        )


def memorisation(
    images: np.ndarray | Tensor,
    training_pixels: np.ndarray,
    held_out_pixels: np.ndarray,
    *,
    scale: Scale | None = None,
    classifier: DigitClassifier | None = None,
) -> Memorisation:
    """Has the generator learned its training pictures by heart?

    Looking at nearest neighbours alone cannot tell: many real digits have a close relative too. So the same distance
    of fresh pictures, which nobody can have copied, is the yardstick. Blurred pictures are closer to everything, hence
    a ratio a little below 1 is no proof.

    A copy has *one* training picture that is much closer than the next ones. So each picture x is judged by

        r(x) = d(x, nearest) / mean of d(x, y) over the three next nearest y

    (after Carlini et al. 2023), with three distances d: of pixels, min over shifts s by up to two pixels each way of
    ||s(x) - y||; the same of pictures blurred by one pixel; and of the classifier's features. It is a suspect when one
    of the three r is smaller than for all but one per cent of the held-out pictures. So an honest generator has about
    two or three per cent of suspects; above ten, somebody copies. The y are those 20 training pictures that are closest
    when all are moved to the middle of their ink, which a shift does not change; the features look at the best four.

    Measured on 150 copies of each kind from MNIST's 60,000, with 300 held-out pictures: it finds all that are exact or
    shifted, nine in ten under noise of 25 grey levels or a blur of 0.7 pixels, and about half under noise of 50, a blur
    of 1 pixel, at 0.7 of the brightness, or turned by 5 degrees. What stays invisible: pictures mirrored, turned
    by 10 degrees, moved by three pixels, blended from two, thicker or thinner, or redrawn in another style; and copies
    of a picture that the training set holds many times, since then the next nearest are as close.

    Parameters
    ----------
    images, training_pixels, scale : as for :func:`nearest_neighbours`.
    held_out_pixels : bytes (h, 28, 28), such as some hundred of ``load_mnist("test").pixels``. With fewer than a
        hundred the smallest r of all is about the limit, and false alarms are more frequent.
    classifier : None loads the shipped one, onto the CPU.

    Raises
    ------
    ValueError
        as :func:`nearest_neighbours`; for fewer than three training pictures; or when more than one in a hundred of the
        held-out pictures are in the training set: then they are no yardstick.

    Source: Carlini et al. 2023, "Extracting training data from diffusion models" (the relative distance).
    """
    training = check_digits("training_pixels", training_pixels, at_least=3)
    held_out = check_digits("held_out_pixels", held_out_pixels)
    fresh = nearest_neighbours(held_out, training).distances
    known = int((fresh < EXACT).sum())
    if known > RARE * len(fresh):
        raise ValueError(
            f"{known} of the {len(fresh)} held-out pictures are in the training set, so they cannot say how far fresh "
            "pictures are from it: hold out pictures that the generator was not trained on."
        )
    made, usual = np.median(nearest_neighbours(images, training, scale=scale).distances), np.median(fresh)
    classifier = or_shipped(classifier, "cpu")
    images = to_bytes(*read_pictures("images", images, scale))
    images = images.cpu().numpy() if isinstance(images, Tensor) else images
    # both at once: one pass over the training set
    ratios, sources = _relative(np.concatenate([images, held_out]), training, classifier)
    rare = ratios < np.quantile(ratios[len(images) :], RARE, axis=0)
    found = Memorisation(float(made), float(usual), float(made) / float(usual))
    found.suspects, alarms = np.split(rare.any(axis=1), [len(images)])
    found.sources, found.false_alarms = sources[: len(images)], float(alarms.mean())
    return found


def _relative(
    pictures: np.ndarray, training: np.ndarray, classifier: DigitClassifier
) -> tuple[np.ndarray, np.ndarray]:
    """How much closer the nearest training picture is than the next ones, for bytes (n, 28, 28): r (n, 3) in pixels, in
    blurred pixels and in features; and which is the nearest in pixels (n,)."""
    near = _nearest(centred(pictures), training, CANDIDATES)
    distances = np.empty((2, *near.shape))
    for i, picture in enumerate(to_unit(pictures, dtype=np.float32)):
        others = to_unit(training[near[i]], dtype=np.float32)
        distances[0, i] = shifted_distances(picture, others)
        distances[1, i] = shifted_distances(_blurred(picture), _blurred(others))
    near = np.take_along_axis(near, distances[0].argsort(axis=1), axis=1)
    few, places = np.unique(near[:, : 1 + NEXT], return_inverse=True)
    x, y = look(pictures, classifier).features, look(training[few], classifier).features
    in_features = np.linalg.norm(x[:, None] - y[places.reshape(len(x), -1)], axis=2)
    ratios = []
    for each in (*distances, in_features):
        each.sort(axis=1)
        ratios.append(each[:, 0] / np.maximum(each[:, 1 : 1 + NEXT].mean(axis=1), EXACT))
    return np.stack(ratios, axis=1), near[:, 0]


def _blurred(pictures: np.ndarray) -> np.ndarray:
    """By a Gaussian of one pixel, along the last two axes."""
    from scipy.ndimage import gaussian_filter  # slow

    return gaussian_filter(pictures, 1.0, axes=(-2, -1), mode="constant")


def _nearest(centres: np.ndarray, training: np.ndarray, k: int) -> np.ndarray:
    """The k training pictures (all, if fewer) that are closest to centred pictures once they are centred, (n, k)."""
    x = _rows(centres)
    indices, squares = np.zeros((len(x), 0), int), np.zeros((len(x), 0), np.float32)
    for start in range(0, len(training), PART):
        part = _rows(centred(training[start : start + PART]))
        blocks = [_smallest(squared, k) for _, squared in squared_distances(x, part)]
        best, values = (np.concatenate(each) for each in zip(*blocks, strict=True))
        indices, squares = np.hstack([indices, start + best]), np.hstack([squares, values])
        keep, squares = _smallest(squares, k)
        indices = np.take_along_axis(indices, keep, axis=1)
    return indices


def _smallest(values: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns and values of the k smallest of each row, in no order."""
    columns = np.argpartition(values, min(k, values.shape[1]) - 1, axis=1)[:, :k]
    return columns, np.take_along_axis(values, columns, axis=1)


def centred(pictures: np.ndarray) -> np.ndarray:
    """Bytes (n, 28, 28), each moved by whole pixels to the middle of its ink (weighed by its square, which noise does
    not move); pictures that are equal but for a shift become equal."""
    weight = np.square(pictures, dtype=np.float32)
    ink = weight.sum(axis=(1, 2)) + EXACT
    ticks = np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2
    down, right = (np.rint(weight.sum(axis=axis) @ ticks / ink).astype(int) for axis in (2, 1))
    rows, columns = (np.arange(SIDE) + move[:, None] for move in (down, right))
    inside = ((rows >= 0) & (rows < SIDE))[:, :, None] & ((columns >= 0) & (columns < SIDE))[:, None]
    moved = pictures[
        np.arange(len(pictures))[:, None, None], rows[:, :, None] % SIDE, columns[:, None] % SIDE
    ]
    return np.where(inside, moved, 0)


def shifted_distances(picture: np.ndarray, others: np.ndarray, shift: int = SHIFT) -> np.ndarray:
    """min over shifts s of ||s(x) - y_j|| for floats x (h, w) and y (k, h, w): (k,). A shift moves by up to ``shift``
    whole pixels each way, and what comes in from outside is background, 0."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(picture, shift), picture.shape)
    shifts, y = windows.reshape(-1, picture.size), others.reshape(len(others), -1)
    nearest = np.min([block.min(axis=0) for _, block in squared_distances(shifts, y)], axis=0)
    return np.sqrt(np.maximum(nearest, 0))


def _rows(images: np.ndarray | Tensor, scale: Scale | None = None) -> np.ndarray:
    """Pictures as rows (n, 784) of float32 in [0, 1]."""
    read, scale = read_pictures("images", images, scale, SIDE)
    read = read.cpu().numpy() if isinstance(read, Tensor) else read
    return to_unit(read.reshape(len(read), -1), scale, dtype=np.float32)
