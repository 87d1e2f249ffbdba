"""What translates a sample of one domain into one of another, and what judges the result."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn

from course_utils.checks import instance

Shape = tuple[int, ...]


class Translator(nn.Sequential):
    """A network from samples of ``shape_in`` to samples of ``shape_out``: pictures in [-1, 1], or points."""

    def __init__(self, shape_in: Shape, shape_out: Shape, *layers: nn.Module):
        super().__init__(*layers)
        self.shape_in, self.shape_out = tuple(shape_in), tuple(shape_out)

    def forward(self, x: Tensor) -> Tensor:
        """(n, *shape_in) -> (n, *shape_out).

        Raises
        ------
        ValueError
            for samples of another shape.
        """
        instance("x", x, Tensor, "a tensor of samples")
        if tuple(x.shape[1:]) != self.shape_in:
            raise ValueError(
                f"x has the shape {tuple(x.shape)}; this network translates samples of shape {self.shape_in}, so "
                f"(n, {', '.join(map(str, self.shape_in))})."
            )
        return super().forward(x)


def mlp(shape_in: Shape, shape_out: Shape, widths: Sequence[int]) -> Translator:
    """Fully connected, LeakyReLU(0.2) between; pictures end in a tanh. Without widths it is an affine map."""
    layers: list[nn.Module] = [nn.Flatten(), *_dense([prod(shape_in), *widths, prod(shape_out)])]
    if len(shape_out) == 3:
        layers.append(nn.Tanh())
    return Translator(shape_in, shape_out, *layers, nn.Unflatten(1, shape_out))


def conv(shape_in: Shape, shape_out: Shape, widths: Sequence[int]) -> Translator:
    """3x3 convolutions at full size with instance norm and LeakyReLU(0.2) between; ends in a tanh.

    But for the norm, which looks at the mean and spread of each map, a pixel of the result depends on the pixels within
    len(widths) + 1: such a network repaints, and cannot redraw. (Without the norm the critic won.)
    """
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise([shape_in[0], *widths]):
        layers += [
            nn.Conv2d(n_in, n_out, 3, padding=1),
            nn.InstanceNorm2d(n_out, affine=True),
            nn.LeakyReLU(0.2),
        ]
    last = nn.Conv2d(widths[-1], shape_out[0], 3, padding=1)
    return Translator(shape_in, shape_out, *layers, last, nn.Tanh())


def mlp_critic(shape: Shape, widths: Sequence[int], scores: int) -> nn.Module:
    """Fully connected, LeakyReLU(0.2): (n, *shape) -> (n, scores)."""
    return nn.Sequential(nn.Flatten(), *_dense([prod(shape), *widths, scores]))


def conv_critic(shape: Shape, widths: Sequence[int], scores: int) -> nn.Module:
    """Strided convolutions: (n, c, h, w) -> (n, scores, ., .), one judgement for each patch (PatchGAN, as Zhu et al.
    have it)."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise([shape[0], *widths]):
        layers += [nn.Conv2d(n_in, n_out, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(widths[-1], scores, 3, padding=1))


class FromFeatures(Translator):
    """DTN's G = g(f(x)): f is given and frozen, and g, fully connected, draws a sample from its features."""

    def __init__(self, encoder: nn.Module, shape_in: Shape, shape_out: Shape, widths: Sequence[int]):
        where = next(encoder.parameters(), torch.empty(0)).device
        with torch.no_grad():
            features = encoder(torch.zeros(1, *shape_in, device=where))
        g = mlp((features.flatten(1).shape[1],), shape_out, widths)
        super().__init__(shape_in, shape_out, *g)
        self._given = [encoder]  # in a list: its weights are no part of what is trained or saved

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad() if not x.requires_grad else torch.enable_grad():
            features = self._given[0](x)
        y = features.flatten(1)
        for layer in self:
            y = layer(y)
        return y


def _dense(widths: Sequence[int]) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(widths):
        layers += [nn.Linear(n_in, n_out), nn.LeakyReLU(0.2)]
    return layers[:-1]


@dataclass(frozen=True)
class Architecture:
    """A kind of translator, (shape_in, shape_out, widths) -> network, and the critic that goes with it, (shape, widths,
    scores) -> network; a new kind is one entry in :data:`ARCHITECTURES`."""

    translator: Callable[[Shape, Shape, Sequence[int]], Translator]
    critic: Callable[[Shape, Sequence[int], int], nn.Module]
    pictures_only: bool = False


ARCHITECTURES = {
    "mlp": Architecture(mlp, mlp_critic),
    "conv": Architecture(conv, conv_critic, pictures_only=True),
}
