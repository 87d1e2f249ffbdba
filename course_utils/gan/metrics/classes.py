"""How good are generated pictures? Numbers that a course classifier's eyes, or the pixels themselves, can give.

    look(images)                           what the classifier sees: 128 features and the digit, per picture
    frechet_distance(x, y)                 between two clouds of features (Heusel et al. 2017)
    mode_coverage(digits)                  how many digits occur, and how evenly
    nearest_neighbours(images, training)   the training picture that each looks like
    memorisation(images, training, held_out)   are they closer to it than fresh digits are?

Pictures are (n, 1, 28, 28) in [-1, 1] as :meth:`AdversarialTrainer.sample` returns them, or pixels of 0 to 255 as
:class:`~course_utils.datasets.Images` has them. All of these numbers depend on how many pictures they are computed
from, the Fréchet distance most of all: say the number with the result.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from course_utils.datasets import SIDE, Images
from course_utils.datasets.scaling import check_scale, to_symmetric
from course_utils.gan.metrics.classifier import CLASSES, DigitClassifier, load_classifier
from course_utils.toy import GaussianMixture

Pictures = Images | np.ndarray | Tensor

COVERED = 0.01  # of its fair share is what a mode needs to count


# ---------------------------------------------------------------------- what the classifier sees


class Seen(NamedTuple):
    """What the classifier sees in n pictures: ``features`` (n, 128) float32 and ``digits`` (n,), 0 to 9."""

    features: np.ndarray
    digits: np.ndarray


@torch.no_grad()
def look(images: Pictures, classifier: DigitClassifier | None = None, batch: int = 500) -> Seen:
    """Features and predicted digits of pictures, ``batch`` of them at a time, on the classifier's device.

    Parameters
    ----------
    images : (n, 1, 28, 28) or (n, 28, 28); floats in [-1, 1], or bytes 0 to 255.
    classifier : None loads the shipped one onto the device of the pictures.

    Raises
    ------
    ValueError
        for no pictures, another shape, or floats outside [-1, 1] (so also for floats in [0, 255]).
    """
    images = _scaled(images)
    classifier = load_classifier(images.device) if classifier is None else classifier
    device = classifier.head.weight.device
    features = [classifier.features(part.to(device)) for part in images.split(batch)]
    digits = [classifier.head(part).argmax(dim=1) for part in features]
    return Seen(torch.cat(features).cpu().numpy(), torch.cat(digits).cpu().numpy())


def features(images: Pictures, classifier: DigitClassifier | None = None, batch: int = 500) -> np.ndarray:
    """The classifier's 128 features of each picture, (n, 128); see :func:`look`."""
    return look(images, classifier, batch).features


# ---------------------------------------------------------------------- modes


class ModeCoverage(NamedTuple):
    """``modes`` that are covered, and the ``entropy`` of the classes' histogram in nats, at most log(classes)."""

    modes: int
    entropy: float


def mode_coverage(predictions: np.ndarray, classes: int = CLASSES) -> ModeCoverage:
    """How many classes occur among the pictures, and how evenly.

    A class is covered when at least one per cent of its fair share n / classes is predicted: of 10,000 pictures, ten.
    (Counting from one picture on would count the accidents of a blurred picture.) The entropy tells the rest: log 10 =
    2.303 nats for equal shares of ten digits, 2.301 for MNIST's own shares, 0 for a single digit.

    Parameters
    ----------
    predictions : the class of each picture, integers (n,); or its probabilities or logits, (n, classes).
    classes : how many there are.

    Raises
    ------
    ValueError
        for other shapes, no pictures, or a class outside 0 ... classes - 1.
    """
    given = predictions = np.asarray(predictions)
    if given.ndim == 2 and given.shape[1] == classes:
        predictions = given.argmax(axis=1)
    if predictions.ndim != 1 or not len(predictions) or not np.issubdtype(predictions.dtype, np.integer):
        raise ValueError(
            f"predictions must be integers (n,) or probabilities (n, {classes}), n >= 1; got {given.dtype} of shape "
            f"{given.shape}."
        )
    if not 0 <= predictions.min() <= predictions.max() < classes:
        raise ValueError(
            f"predictions go from {predictions.min()} to {predictions.max()}; with {classes} classes they must lie in "
            f"0 to {classes - 1}."
        )
    count = np.bincount(predictions, minlength=classes)
    share = count[count > 0] / len(predictions)
    return ModeCoverage(_covered(count, len(predictions)), float(-(share * np.log(share)).sum()) + 0.0)


class MixtureCoverage(NamedTuple):
    """``modes`` of a mixture that are covered, and the share of points that is ``near`` one, in [0, 1]."""

    modes: int
    near: float


def mixture_coverage(
    points: np.ndarray, mixture: GaussianMixture, *, deviations: float = 3.0
) -> MixtureCoverage:
    """How many modes of a mixture in the plane the points (n, 2) cover, and which share of them is near one.

    Near means within ``deviations`` standard deviations of the closest mode's centre; a mode is covered when at least
    one per cent of its fair share, n / k, is near it (Metz et al. 2017 count a mode from one point on, which for
    thousands of points counts accidents). Of the mixture's own points 1 - exp(-deviations^2 / 2) are near.
    """
    distance = np.linalg.norm(np.asarray(points)[:, None] - mixture.modes, axis=-1)
    nearest, near = distance.argmin(axis=1), distance.min(axis=1) <= deviations * mixture.std
    per_mode = np.bincount(nearest[near], minlength=len(mixture.modes))
    return MixtureCoverage(_covered(per_mode, len(points)), float(near.mean()))


def _covered(count: np.ndarray, n: int) -> int:
    return int((count >= COVERED * n / len(count)).sum())


# ---------------------------------------------------------------------- details


def _scaled(images: Pictures) -> Tensor:
    """Pictures as float32 (n, 1, 28, 28) in [-1, 1], on the device where they are."""
    images = torch.as_tensor(images.pixels if isinstance(images, Images) else images)
    if images.ndim == 3:
        images = images[:, None]
    if images.shape[1:] != (1, SIDE, SIDE) or not len(images):
        raise ValueError(
            f"images must have the shape (n, 1, {SIDE}, {SIDE}) or (n, {SIDE}, {SIDE}), n >= 1; "
            f"got {tuple(images.shape)}."
        )
    return to_symmetric(check_scale("images", images), dtype=torch.float32)
