"""Generators and discriminators that are told what to make: G(z, c) and D(x, c) for conditions c (L4; lesson 11).

The conditions of a picture are one row of numbers: ten for its digit, one of them 1 (*one-hot*), and one for each of
its :data:`ATTRIBUTES` that a recipe names, shifted and scaled to the size of the noise.

    generator         takes c beside z, as latents more                                    (Mirza and Osindero 2014)
    "concatenation"   D takes c beside x: as numbers more, or as constant maps more        (Mirza and Osindero 2014)
    "projection"      D(x, c) = psi(phi(x)) + <V c, phi(x)>, phi its last features         (Miyato and Koyama 2018)

Why the second: for a one-hot c the best logit is log p*(x)/p_G(x) + log p*(c|x)/p_G(c|x), and the second part is such a
product if both p(c|x) are softmax layers on the same features.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from course_utils import checks
from course_utils.datasets import Images
from course_utils.gan.metrics.attributes import ink, slant
from course_utils.gan.metrics.classifier import CLASSES


@dataclass(frozen=True)
class Attribute:
    """A measured number of a picture that can be asked for: (value - middle) / spread is the condition.

    ``middle`` and ``spread`` are about the mean and the standard deviation over MNIST, ``interval`` is where it can be.
    """

    measure: Callable[..., np.ndarray]
    middle: float
    spread: float
    interval: str = "(-inf, inf)"


ATTRIBUTES = {"ink": Attribute(ink, 0.13, 0.043, "[0, 1]"), "slant": Attribute(slant, 0.11, 0.28)}

# Attribute -> a checksum of the pixels that were measured, and what came out, (n,).
_measured: WeakKeyDictionary[Images, dict[str, tuple[int, np.ndarray]]] = WeakKeyDictionary()


def width(attributes: tuple[str, ...]) -> int:
    """How many numbers the conditions of one picture are."""
    return CLASSES + len(attributes)


def check_labels(labels: Any, n: int) -> np.ndarray:
    """Digits (n,), int64; a single one stands for all.

    Raises
    ------
    ValueError
        for what is no whole number from 0 to 9, or another number of them.
    """
    checks.numbers("labels", labels, advice="digits from 0 to 9")
    given = checks.array("labels", labels)
    if given.dtype.kind not in "iu" and given.size:
        raise ValueError(f"labels are {given.dtype}; they must be whole numbers, digits from 0 to 9.")
    if given.shape not in ((), (n,)):
        raise ValueError(
            f"labels has shape {given.shape}, but there are {n} pictures to draw: give one digit for each, shape "
            f"({n},), or a single digit for all."
        )
    if given.size and not 0 <= given.min() <= given.max() < CLASSES:
        raise ValueError(
            f"labels go from {given.min()} to {given.max()}; they must be digits from 0 to {CLASSES - 1}."
        )
    return np.broadcast_to(given, (n,)).astype(np.int64)


def encode(labels: np.ndarray, names: tuple[str, ...], values: dict[str, Any]) -> Tensor:
    """The conditions (n, 10 + k) of digits (n,) and of k attributes; those without a value have MNIST's mean.

    Raises
    ------
    ValueError
        for an attribute that is not among the names, or another number of values.
    """
    n = len(labels)
    columns = [np.eye(CLASSES)[labels]]
    for name in values:
        if name not in names:
            there = f"it has: {', '.join(names)}" if names else "it has none, only labels"
            raise ValueError(f"this generator has no attribute {name!r}; {there}.")
    for name in names:
        about = ATTRIBUTES[name]
        found = checks.numbers(name, values.get(name, about.middle), about.interval)
        if found.shape not in ((), (n,)):
            raise ValueError(
                f"{name} has shape {found.shape}, but there are {n} pictures to draw: give one number for each, shape "
                f"({n},), or a single one for all."
            )
        columns.append(np.broadcast_to((found - about.middle) / about.spread, (n,))[:, None])
    return torch.from_numpy(np.hstack(columns)).to(torch.get_default_dtype())


def conditions_of(images: Images, names: tuple[str, ...]) -> Tensor:
    """The conditions (n, 10 + k) of given pictures: their labels, and their attributes as measured; of the same
    pictures once, unless somebody has written into them."""
    content = zlib.crc32(np.ascontiguousarray(images.pixels).data) if names else 0
    known = _measured.setdefault(images, {})
    for name in names:
        if name not in known or known[name][0] != content:
            known[name] = content, ATTRIBUTES[name].measure(images, "bytes")
    measured = {name: known[name][1] for name in names}
    return encode(check_labels(images.labels, len(images)), names, measured)


class ConditionalGenerator(nn.Module):
    """G(z, c): a generator of latents that has c beside z.

    Parameters
    ----------
    generator : maps (n, latent_dim + conditions) to samples.
    attributes : names of :data:`ATTRIBUTES`, the conditions after the ten of the digit.
    """

    def __init__(self, generator: nn.Module, attributes: tuple[str, ...] = ()):
        super().__init__()
        self.generator, self.attributes = generator, attributes

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        """Samples of latents (n, latent_dim) and :meth:`conditions` (n, 10 + attributes)."""
        expected = len(z), width(self.attributes)
        if tuple(c.shape) != expected:
            raise ValueError(
                f"c has shape {tuple(c.shape)}; it must hold the conditions of {len(z)} pictures, shape {expected}, "
                "as conditions(labels) gives them."
            )
        return self.generator(torch.cat([z, c], dim=1))

    def conditions(self, labels: ArrayLike, **attributes: ArrayLike) -> Tensor:
        """What :meth:`forward` takes, of digits (n,) and of attributes in their own units.

        An attribute is one number for all or (n,); one that is not given has MNIST's mean.

        Raises
        ------
        ValueError
            for labels that are not digits, an attribute that this generator does not have, or another length.
        """
        n = checks.array("labels", labels).size
        c = encode(check_labels(labels, n), self.attributes, attributes)
        return c.to(next(self.parameters()).device)


class ConcatenationDiscriminator(nn.Module):
    """D(x, c) with c beside x: each condition as a constant map more, or, where D is fully connected, as a number more.

    Parameters
    ----------
    discriminator : one for so many more maps or numbers, from the ``extra`` of its architecture.
    conditions : how many numbers c has; unused, D has them already.
    """

    beside = True

    def __init__(self, discriminator: nn.Module, conditions: int):
        super().__init__()
        self.discriminator = discriminator
        self.flat = isinstance(discriminator.layers[0], nn.Flatten)  # type: ignore[index]

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        if self.flat:
            x = x.flatten(1)
        else:
            c = c[:, :, None, None].expand(-1, -1, *x.shape[2:])
        return self.discriminator(torch.cat([x, c], dim=1))


class ProjectionDiscriminator(nn.Module):
    """D(x, c) = psi(phi(x)) + <V c, phi(x)>: the features phi before a discriminator's last layer psi, and a matrix V
    with one vector for each condition (for the digits, their *embedding*)."""

    beside = False

    def __init__(self, discriminator: nn.Module, conditions: int):
        super().__init__()
        self.discriminator = discriminator
        self.embedding = nn.Linear(conditions, discriminator.layers[-1].in_features, bias=False)  # type: ignore[index,union-attr]
        nn.init.normal_(self.embedding.weight, 0.0, 0.02)  # as the layers beside it

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        *body, last = self.discriminator.layers  # type: ignore[misc]
        for layer in body:
            x = layer(x)
        return last(x).squeeze(1) + (x * self.embedding(c)).sum(dim=1)


CONDITIONINGS: dict[str, Any] = {
    "none": None,
    "concatenation": ConcatenationDiscriminator,
    "projection": ProjectionDiscriminator,
}


@torch.no_grad()
def style_directions(generator: Any, n: int = 200, seed: int = 0) -> Tensor:
    """The two directions of z, orthonormal (2, latent_dim), along which the pictures change most.

    Of n latents all ten digits are drawn, and the pictures regressed on z; the directions are the first two left
    singular vectors of the slopes (latent_dim, 10 * pixels).

    Raises
    ------
    ValueError
        for no conditional generator with a ``latent_dim``, as ``load_generator("cgan")`` gives one.
    """
    expected = "a conditional generator that was loaded"
    checks.instance(
        "generator", generator, ConditionalGenerator, expected, 'as load_generator("cgan") gives one'
    )
    length = checks.whole("latent_dim of the generator", getattr(generator, "latent_dim", None))
    random = torch.Generator().manual_seed(checks.whole("seed", seed, 0, 2**63 - 1))
    z = torch.randn(checks.whole("n", n, 2), length, generator=random)
    z = z.to(next(generator.parameters()).device)
    pictures = [
        generator(z, generator.conditions(np.full(len(z), digit))).flatten(1) for digit in range(CLASSES)
    ]
    centred = [a - a.mean(dim=0) for a in (z, torch.cat(pictures, dim=1))]
    slopes = torch.linalg.lstsq(*centred).solution
    directions: Tensor = torch.linalg.svd(slopes, full_matrices=False).U[:, :2].T
    # The sign is free: the larger numbers point to the right, and up.
    return directions * directions.sum(dim=1, keepdim=True).sign()
