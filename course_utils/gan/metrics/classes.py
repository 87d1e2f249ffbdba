"""What the course's classifier sees in pictures, and how many modes are covered, of digits and of points.

Pictures are (n, 1, 28, 28) in [-1, 1] as :meth:`AdversarialTrainer.sample` returns them, or pixels of 0 to 255 as
:class:`~course_utils.datasets.Images` has them; ``scale`` says so where the numbers cannot (see
:func:`~course_utils.datasets.scaling.scale_of`). How many modes are covered depends on how many pictures one looks at:
say the number with the result.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from course_utils import checks
from course_utils.datasets import SIDE, Images
from course_utils.datasets.scaling import Scale, read_pictures, to_symmetric
from course_utils.gan.metrics.classifier import CLASSES, DigitClassifier, or_shipped
from course_utils.toy import GaussianMixture
from course_utils.training.state import shared_tensor

Pictures = Images | np.ndarray | Tensor

COVERED = 0.1  # of its fair share is what a mode needs to count,
AT_LEAST = 2  # and not one sample alone


# ---------------------------------------------------------------------- what the classifier sees


class Seen(NamedTuple):
    """What the classifier sees in n pictures: ``features`` (n, 128) float32 and ``digits`` (n,), 0 to 9."""

    features: np.ndarray
    digits: np.ndarray


@torch.no_grad()
def look(
    images: Pictures,
    classifier: DigitClassifier | None = None,
    batch: int = 100,
    *,
    scale: Scale | None = None,
) -> Seen:
    """Features and predicted digits of pictures, ``batch`` of them at a time, on the classifier's device.

    Parameters
    ----------
    images : (n, 1, 28, 28) or (n, 28, 28); bytes, or floats in [-1, 1] or [0, 1].
    classifier : None loads the shipped one onto the device of the pictures.
    scale : "bytes", "unit" ([0, 1]) or "symmetric" ([-1, 1]); None goes by the rule of
        :func:`~course_utils.datasets.scaling.scale_of`.

    Raises
    ------
    ValueError
        for no pictures, another shape, or values outside the scale (so also for floats in [0, 255], NaN, and whole
        numbers that are not uint8, where no scale is given).
    """
    read, scale = read_pictures("images", images, scale, SIDE)
    pictures = (shared_tensor(read) if isinstance(read, np.ndarray) else read)[:, None]
    classifier, batch = or_shipped(classifier, pictures.device), checks.whole("batch", batch)
    device = classifier.head.weight.device
    # scaled part by part: 10,000 pictures as floats have 31 MB
    parts = (to_symmetric(part, scale, dtype=torch.float32).to(device) for part in pictures.split(batch))
    features = [classifier.features(part) for part in parts]
    digits = [classifier.head(part).argmax(dim=1) for part in features]
    return Seen(torch.cat(features).cpu().numpy(), torch.cat(digits).cpu().numpy())


def features(
    images: Pictures,
    classifier: DigitClassifier | None = None,
    batch: int = 500,
    *,
    scale: Scale | None = None,
) -> np.ndarray:
    """The classifier's 128 features of each picture, (n, 128); see :func:`look`."""
    return look(images, classifier, batch, scale=scale).features


# ---------------------------------------------------------------------- modes


class _Modes(NamedTuple):
    modes: int
    entropy: float


class ModeCoverage(_Modes):
    """How many ``modes`` are covered, and the ``entropy`` of their histogram in nats, at most log k.

    It unpacks into these two: ``modes, entropy = mode_coverage(digits)``. Beside them:

    shares : (k,), which share of the pictures belongs to each class; they sum to 1.
    kl : KL(shares || uniform) = log k - entropy in nats, 0 for equal shares.
    """

    shares: np.ndarray

    @property
    def kl(self) -> float:
        return max(float(np.log(len(self.shares))) - self.entropy, 0.0)

    def __repr__(self) -> str:
        return (
            f"ModeCoverage(modes={self.modes}, entropy={self.entropy:.4g}, kl={self.kl:.4g}, "
            f"shares={np.round(self.shares, 4).tolist()})"
        )


def mode_coverage(predictions: np.ndarray | Seen, classes: int = CLASSES) -> ModeCoverage:
    """How many classes occur among the pictures, and how evenly.

    A class is covered when at least a tenth of its fair share n / classes is predicted, and not by one picture alone:
    of 1,000 pictures of ten digits, ten; of fewer than 200, two. (The classifier mistakes about one blurred picture in
    a hundred; were one picture enough, those accidents would count as modes.) The entropy and the KL divergence from
    equal shares tell the rest. Entropy: log 10 = 2.303 nats for equal shares of ten digits, 2.301 for MNIST's own
    shares, 0 for a single digit; the KL is what is missing to log 10.

    Parameters
    ----------
    predictions : the class of each picture, integers (n,), or what :func:`look` saw; or its probabilities or logits,
        (n, classes).
    classes : how many there are.

    Raises
    ------
    ValueError
        for other shapes, no pictures, or a class outside 0 ... classes - 1.
    """
    classes = checks.whole("classes", classes)
    predictions = predictions.digits if isinstance(predictions, Seen) else predictions
    checks.numbers("predictions", predictions, advice="as look(images).digits are")
    given = checks.array("predictions", predictions)
    predictions = given.argmax(axis=1) if given.ndim == 2 and given.shape[1] == classes else given
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
    return _coverage(count / len(predictions), _covered(count, len(predictions)))


def _coverage(shares: np.ndarray, modes: int) -> ModeCoverage:
    occurring = shares[shares > 0]
    found = ModeCoverage(modes, float(-(occurring * np.log(occurring)).sum()) + 0.0)
    found.shares = shares
    return found


class _MixtureModes(NamedTuple):
    modes: int
    near: float


class MixtureCoverage(_MixtureModes):
    """How many ``modes`` of a mixture are covered, and the share of all points that is ``near`` one, in [0, 1].

    It unpacks into these two: ``modes, near = mixture_coverage(points, mixture)``. Beside them:

    shares : (k,), which share of all points is near each mode; they sum to ``near``.
    kl : KL(shares / near || uniform) in nats: how unevenly the points that are near a mode are spread; NaN if none is.
    """

    shares: np.ndarray

    @property
    def kl(self) -> float:
        return _coverage(self.shares / self.shares.sum(), self.modes).kl if self.near else float("nan")

    def __repr__(self) -> str:
        return (
            f"MixtureCoverage(modes={self.modes}, near={self.near:.4g}, kl={self.kl:.4g}, "
            f"shares={np.round(self.shares, 4).tolist()})"
        )


def mixture_coverage(
    points: np.ndarray, mixture: GaussianMixture, *, deviations: float = 3.0
) -> MixtureCoverage:
    """How many modes of a mixture in the plane the points (n, 2) cover, and which share of them is near one.

    Near means within ``deviations`` standard deviations of the closest mode's centre; a mode is covered when at least a
    tenth of its fair share, n / k, and at least two points are near it. (Metz et al. 2017 count a mode from one point
    on; then a cloud that only brushes past all modes has them all.) So all k modes may be covered with a tenth of the
    points near one: read both numbers. Of the mixture's own points 1 - exp(-deviations^2 / 2) are near.

    Raises
    ------
    ValueError
        for points of another shape, none, or some that are not finite.
    """
    points = checks.points("points", points, dim=2)
    if not (hasattr(mixture, "std") and len(getattr(mixture, "modes", ()))):
        raise ValueError(
            f"mixture is {mixture!r:.80}; it must be one of Gaussians, such as ring(), after the points."
        )
    deviations = checks.positive("deviations", deviations)
    distance = np.linalg.norm(points[:, None] - mixture.modes, axis=-1)
    nearest, near = distance.argmin(axis=1), distance.min(axis=1) <= deviations * mixture.std
    per_mode = np.bincount(nearest[near], minlength=len(mixture.modes))
    found = MixtureCoverage(_covered(per_mode, len(points)), float(near.mean()))
    found.shares = per_mode / len(points)
    return found


def _covered(count: np.ndarray, n: int) -> int:
    return int((count >= max(COVERED * n / len(count), AT_LEAST)).sum())
