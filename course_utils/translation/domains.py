"""Two collections that nobody has paired, and the map that made the second, kept aside to mark with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from course_utils import checks
from course_utils.checks import each, instance, switch, whole
from course_utils.datasets import Images
from course_utils.datasets.scaling import check_symmetric, to_symmetric

Map = Callable[[Tensor], Tensor]


def _same(x: Tensor) -> Tensor:
    return x


@dataclass(frozen=True, eq=False)
class Domains:
    """Samples x of one domain and y of another, unpaired, and the *known map* T: x -> y, for marking only.

    Attributes
    ----------
    x, y : pictures (n, c, h, w), uint8 or floats in [-1, 1], with the same h and w; or points (n, d), floats, with the
        same d. Arrays or tensors; kept as tensors.
    known : T, of tensors as a network sees them: pictures in [-1, 1], points as they are. No trainer looks at it.
    test : samples of the first domain that are not among x; None takes x.
    labels : integers, what each of ``test`` shows; None where there is nothing to tell.
    digit_of_x, digit_of_y : what turns a picture of either side into a white digit on black (n, 1, 28, 28) in [-1, 1],
        for a judge of digits.
    name : for titles and messages.

    Raises
    ------
    ValueError
        for domains that are empty, of unequal size or in a wrong range, and for a T that does not lead from one to the
        other.
    """

    x: Any
    y: Any
    known: Map
    test: Any = None
    labels: Any = None
    digit_of_x: Map = field(default=_same)
    digit_of_y: Map = field(default=_same)
    name: str = "domains"

    def __post_init__(self) -> None:
        x, y = _samples("x", self.x), _samples("y", self.y)
        if (
            x.ndim != y.ndim
            or x.shape[2:] != y.shape[2:]
            or (x.ndim == 2 and x.shape != (len(x), y.shape[1]))
        ):
            raise ValueError(
                f"x holds samples of shape {tuple(x.shape[1:])} and y of {tuple(y.shape[1:])}: give pictures of one "
                "height and width on both sides (channels may differ), or points of one dimension."
            )
        test = x if self.test is None else _samples("test", self.test)
        if test.shape[1:] != x.shape[1:]:
            raise ValueError(
                f"test holds samples of shape {tuple(test.shape[1:])}, and x of {tuple(x.shape[1:])}: both are of the "
                "first domain."
            )
        labels = self.labels
        if labels is not None:
            labels = checks.array("labels", labels)
            if labels.shape != (len(test),) or labels.dtype.kind not in "iu":
                raise ValueError(
                    f"labels are {labels.dtype} of shape {labels.shape}; they must be whole numbers, one for each of "
                    f"the {len(test)} test samples."
                )
        for name in ("known", "digit_of_x", "digit_of_y"):
            checks.function(name, getattr(self, name), "a function of a tensor of samples")
        instance("name", self.name, str, "a word")
        for name, value in {"x": x, "y": y, "test": test, "labels": labels}.items():
            object.__setattr__(self, name, value)
        partner = self.known(as_seen(x[:1]).clone())
        if not isinstance(partner, Tensor) or partner.shape != (1, *y.shape[1:]):
            what = tuple(partner.shape) if isinstance(partner, Tensor) else type(partner).__name__
            raise ValueError(
                f"known leads from a sample of x to {what}, and not to one of y, (1, {str(tuple(y.shape[1:]))[1:]}."
            )

    def __repr__(self) -> str:
        return f"<Domains {self.name!r}: {len(self.x):,} x {tuple(self.x.shape[1:])}, {len(self.y):,} y>"

    @property
    def pictures(self) -> bool:
        """Whether these are pictures, and not points."""
        return self.x.ndim == 4

    @property
    def shapes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shape of an x and of a y."""
        return tuple(self.x.shape[1:]), tuple(self.y.shape[1:])

    def held_out(self) -> tuple[Tensor, Tensor]:
        """The test samples and their true partners T(x), as a network sees them."""
        x = as_seen(self.test)
        return x, self.known(x.clone())  # T may compute in place


def as_seen(samples: Tensor) -> Tensor:
    """Samples as networks see them: bytes become floats in [-1, 1]."""
    return to_symmetric(samples, "bytes", torch.float32) if samples.dtype == torch.uint8 else samples


def _samples(name: str, values: Any) -> Tensor:
    """Pictures or points as a tensor, looked at."""
    if not isinstance(values, Tensor):
        given = checks.array(name, values)
        if given.dtype.kind not in "fiu":
            checks.numbers(name, values, advice="such as pixels")
            given = np.zeros(0)  # words are refused above; what is left, numbers in disguise, below
        values = torch.from_numpy(np.array(given))
    shape = tuple(values.shape)
    if values.ndim not in (2, 4) or 0 in shape:
        raise ValueError(
            f"{name} has shape {shape}; it must hold pictures (n, c, h, w) or points (n, d), n >= 1."
        )
    if values.dtype == torch.uint8 and values.ndim == 4:
        return values.detach()
    if not values.is_floating_point():
        raise ValueError(
            f"{name} is {values.dtype}; pictures are uint8, or floats in [-1, 1], and points floats."
        )
    values = values.detach().to(torch.get_default_dtype())
    checks.finite_tensors("domains", {name: values})
    return check_symmetric(name, values) if values.ndim == 4 else values


# ---------------------------------------------------------------------- digits


def inverted(
    images: Images,
    digits: Sequence[int] = (3, 7),
    *,
    only_x: Sequence[int] = (),
    mixed: bool = False,
    held_out: int = 2_000,
    seed: int = 0,
) -> Domains:
    """Digits, white on black, and *other* digits of the same kinds, black on white: T(x) = -x.

    No picture is on both sides: half of those of each kind are x, the others y. The last ``held_out`` of the pictures
    (a quarter, where they are few) are left aside to mark with.

    Parameters
    ----------
    digits : the kinds on both sides.
    only_x : kinds that the first domain has besides, and the second does not.
    mixed : half of x are black on white already, so that the source includes the target (one of DTN's tricks); T leaves
        those as they are.

    Raises
    ------
    ValueError
        when there is no picture of these kinds.
    """
    kinds = each("digits", digits, _digit, advice="such as (3, 7)")
    none = isinstance(only_x, tuple | list) and not only_x
    more = () if none else each("only_x", only_x, _digit, advice="such as (8,), or none")
    train, labels, aside, aside_labels = _split(images, (*kinds, *more), held_out, seed)
    half = np.zeros(len(train), bool)
    for kind in (*kinds, *more):
        own = np.flatnonzero(labels == kind)
        half[own[: (len(own) + 1) // 2]] = True
    x, y = train[half], 255 - train[~half & np.isin(labels, kinds)]
    if switch("mixed", mixed):
        x = x.copy()
        x[::2] = 255 - x[::2]
    name = f"{' and '.join(map(str, kinds))} against inverted ones"
    return Domains(x, y, _white if mixed else torch.neg, aside, aside_labels, black, torch.neg, name)


def coloured(images: Images, *, held_out: int = 2_000, seed: int = 0) -> Domains:
    """Digits in one bright colour each, (3, 28, 28), and other digits in grey: T takes the brightest of the channels.

    The colour is 1 in its brightest channel and 0 in its darkest, its hue drawn evenly: so the true grey picture says
    nothing about it at all. Parameters as of :func:`inverted`.
    """
    train, _, aside, labels = _split(images, range(10), held_out, seed)
    random = np.random.default_rng(seed)
    half = len(train) // 2
    x, test = (_paint(pixels, random) for pixels in (train[:half], aside))
    return Domains(
        x, train[half:], brightest, test, labels, brightest, _same, "coloured digits against grey ones"
    )


def outlined(images: Images, *, held_out: int = 2_000, seed: int = 0) -> Domains:
    """Digits, and the outlines of other digits: T(x) is how much brighter the brightest neighbour of a pixel is.

    Parameters as of :func:`inverted`. A judge of digits cannot read outlines.
    """
    train, _, aside, labels = _split(images, range(10), held_out, seed)
    half = len(train) // 2
    y = np.concatenate([
        ((outline(as_seen(torch.from_numpy(part))) + 1) * 127.5).round().byte().numpy()
        for part in np.array_split(train[half:], max(1, half // 2_000))
    ])  # fmt: skip
    return Domains(train[:half], y, outline, aside, labels, name="digits against outlines")


def brightest(x: Tensor) -> Tensor:
    """The brightest channel of each pixel: (n, c, h, w) -> (n, 1, h, w)."""
    return x.amax(1, keepdim=True)


def outline(x: Tensor) -> Tensor:
    """max over the 3x3 neighbours, less the pixel itself; pictures in [-1, 1] to pictures in [-1, 1]."""
    return max_pool2d(x, 3, stride=1, padding=1) - x - 1


def on_black(x: Tensor) -> Tensor:
    """Where the border of a picture is dark, (n, 1, 1, 1)."""
    return (x[..., 0, :].mean((1, 2)) < 0)[:, None, None, None]


def _white(x: Tensor) -> Tensor:
    return torch.where(on_black(x), -x, x)


def black(x: Tensor) -> Tensor:
    """Every picture with a dark border: those with a bright one are inverted."""
    return torch.where(on_black(x), x, -x)


def _digit(name: str, value: Any) -> int:
    return whole(name, value, 0, 9)


def _split(
    images: Images, kinds: Sequence[int], held_out: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pictures (n, 1, 28, 28) of these kinds in an order of their own, and those left aside; each with labels."""
    instance("images", images, Images, "pictures of digits, such as load_images()")
    aside = min(whole("held_out", held_out), len(images) // 4)
    order = np.random.default_rng(whole("seed", seed, 0)).permutation(len(images) - aside)
    parts = []
    for index in (order, np.arange(len(images) - aside, len(images))):
        index = index[np.isin(images.labels[index], list(kinds))]
        parts += [images.pixels[index][:, None], images.labels[index]]
    if min(len(parts[0]), len(parts[2])) < 2:
        raise ValueError(
            f"{images.name} has {len(parts[0])} pictures of {', '.join(map(str, kinds))} to train on and "
            f"{len(parts[2])} to mark with; both must be 2 at least."
        )
    return parts[0], parts[1], parts[2], parts[3]


def _paint(pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Grey bytes (n, 1, h, w) in one bright hue each, (n, 3, h, w)."""
    hue = 6 * random.random(len(pixels))[:, None]
    colour = np.clip(np.abs((hue + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
    tints, count = colour.astype(np.float32)[:, :, None, None], 1 + len(pixels) // 1_000
    parts = zip(np.array_split(pixels, count), np.array_split(tints, count), strict=True)
    return np.concatenate([np.rint(part * tint).astype(np.uint8) for part, tint in parts])
