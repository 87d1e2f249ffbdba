"""Generators and discriminators: for 28x28 grey pictures, fully connected or convolutional, and for points
in the plane.

A generator maps latents z (n, latent_dim) to samples: pictures (n, 1, 28, 28) in [-1, 1], the interval of its tanh, to
which the real pictures must be scaled; or points (n, 2). A discriminator maps samples to scores (n,):
logits, or the values of a critic. Layers and non-linearities follow L4's guidelines (Radford et al. 2015):
strided convolutions instead of pooling, batch norm except at G's output and D's input, ReLU in G, LeakyReLU(0.2) in D.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from course_utils import threads
from course_utils.gan.minibatch import MinibatchDiscrimination, MinibatchStandardDeviation

SHAPE = (1, 28, 28)
PIXELS = 28 * 28
MINIBATCH_STATISTICS = ("none", "stddev", "discrimination")


class BatchNorm1d(nn.BatchNorm1d):
    """Torch's own; on the CPU, minibatches (n, features) with one thread whatever the rest takes: several would sum
    them in other parts, and round otherwise, for work that is too little for them anyway."""

    def forward(self, x: Tensor) -> Tensor:
        usual = self.training and self.affine and self.track_running_stats and self.momentum is not None
        fits = x.device.type == "cpu" and x.ndim == 2 and len(x) > 1 and x.shape[1] == self.num_features
        if torch.get_num_threads() == 1 or not (usual and fits):
            return super().forward(x)
        buffers = (self.running_mean, self.running_var)
        self.num_batches_tracked.add_(1)  # type: ignore[union-attr]
        return _BatchNorm.apply(x, self.weight, self.bias, *buffers, self.momentum, self.eps)


class _BatchNorm(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, var: Tensor, *rates: float
    ) -> Tensor:
        with threads.exactly(1):
            y, *sums = torch.native_batch_norm(x, weight, bias, mean, var, True, *rates)
        ctx.save_for_backward(x, weight, mean, var, *sums)
        ctx.eps = rates[-1]
        return y

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        backward, wanted = torch.ops.aten.native_batch_norm_backward, [True, True, True]
        with threads.exactly(1):
            gradients = backward(gradient, *ctx.saved_tensors, True, ctx.eps, wanted)
        return (*gradients, None, None, None, None)


class MLPGenerator(nn.Module):
    """Fully connected generator: z -> hidden layers -> 784 values through tanh.

    Each hidden layer is linear, then batch norm, then ReLU: without batch norm the generator soon sends most latents
    to the same few digits. The output layer has none, because it would force every pixel to the same mean and variance
    over a minibatch.
    """

    def __init__(self, latent_dim: int, widths: Sequence[int]):
        super().__init__()
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise([latent_dim, *widths]):
            # Batch norm subtracts the mean, so a bias before it would do nothing but drift.
            layers += [nn.Linear(n_in, n_out, bias=False), BatchNorm1d(n_out), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], PIXELS), nn.Tanh())

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z).view(-1, *SHAPE)


class MLPDiscriminator(nn.Module):
    """Fully connected discriminator or critic: samples (flattened) -> hidden layers with LeakyReLU(0.2) -> one score.

    LeakyReLU, because a ReLU that is off passes no gradient on to the generator. ``n_in`` is 784 for
    pictures, 2 for points; ``extra`` numbers may come beside each sample.
    """

    def __init__(
        self,
        widths: Sequence[int],
        *,
        n_in: int = PIXELS,
        batch_norm: bool = False,
        minibatch_statistics: str = "none",
        extra: int = 0,
    ):
        super().__init__()
        layers: list[nn.Module] = [nn.Flatten()]
        for before, after in pairwise([n_in + extra, *widths]):
            layers += [nn.Linear(before, after), nn.LeakyReLU(0.2)]
        statistics, n_features = _statistics(minibatch_statistics, widths[-1])
        self.layers = nn.Sequential(*layers, *statistics, nn.Linear(n_features, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).squeeze(1)


# How a picture grows, and shrinks again: sides of the maps, and the kernels of the strided convolutions between them.
# Kernel 4 with stride 2 covers every pixel of the larger map equally often, else a checkerboard shows;
# between 4 and 7 only kernel 3 fits.
DCGAN_LAYERS = {2: ((7, 14, 28), (4, 4)), 3: ((4, 7, 14, 28), (3, 4, 4))}


class DCGANGenerator(nn.Module):
    """z -> small maps -> transposed convolutions of stride 2 -> 28x28 pixels through tanh.

    ``widths`` are the channels from coarse to fine: three, at 4x4, 7x7 and 14x14, or two, at 7x7 and 14x14.
    """

    def __init__(self, latent_dim: int, widths: Sequence[int]):
        super().__init__()
        (side, *_), kernels = DCGAN_LAYERS[len(widths)]
        layers: list[nn.Module] = [
            nn.Linear(latent_dim, widths[0] * side * side, bias=False),
            _Maps(side),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(),
        ]
        for (n_in, n_out), kernel in zip(pairwise(widths), kernels[:-1], strict=True):
            layers += [
                nn.ConvTranspose2d(n_in, n_out, kernel, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(n_out),
                nn.ReLU(),
            ]
        last = nn.ConvTranspose2d(widths[-1], 1, kernels[-1], stride=2, padding=1)
        self.layers = nn.Sequential(*layers, last, nn.Tanh())
        _dcgan_weights(self)

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z)


class _Maps(nn.Module):
    """Features (n, side * side * c) -> maps (n, c, side, side), without moving a number.

    The channels of a place lie side by side in memory (channels_last), which convolutions on a CPU are faster with.
    """

    def __init__(self, side: int):
        super().__init__()
        self.side = side

    def forward(self, x: Tensor) -> Tensor:
        return x.view(len(x), self.side, self.side, x.shape[1] // self.side**2).permute(0, 3, 1, 2)


class DCGANDiscriminator(nn.Module):
    """28x28 pixels -> convolutions of stride 2 with LeakyReLU(0.2) -> one score.

    ``widths`` are the channels from fine to coarse: three, at 14x14, 7x7 and 4x4, or two, at 14x14 and 7x7.
    With the third, the score rests on maps that see a whole digit, and the generated digits are much better
    (``benchmarks/``). A critic with a gradient penalty must have ``batch_norm=False``: the penalty asks for
    the slope at each picture, and batch norm makes every score depend on all pictures. ``extra`` maps may come beside
    each picture.
    """

    def __init__(
        self, widths: Sequence[int], *, batch_norm: bool, minibatch_statistics: str = "none", extra: int = 0
    ):
        super().__init__()
        (side, *_), kernels = DCGAN_LAYERS[len(widths)]
        layers: list[nn.Module] = [
            nn.Conv2d(1 + extra, widths[0], kernels[-1], stride=2, padding=1),
            nn.LeakyReLU(0.2),
        ]
        for (n_in, n_out), kernel in zip(pairwise(widths), kernels[-2::-1], strict=True):
            layers.append(nn.Conv2d(n_in, n_out, kernel, stride=2, padding=1, bias=not batch_norm))
            if batch_norm:
                layers.append(nn.BatchNorm2d(n_out))
            layers.append(nn.LeakyReLU(0.2))
        if minibatch_statistics == "stddev":  # one more channel; the other kind wants flat features
            statistics = [MinibatchStandardDeviation(), nn.Flatten()]
            n_features = (widths[-1] + 1) * side**2
        else:
            statistics, n_features = _statistics(minibatch_statistics, widths[-1] * side**2)
            statistics = [nn.Flatten(), *statistics]
        self.layers = nn.Sequential(*layers, *statistics, nn.Linear(n_features, 1))
        if batch_norm:  # without it, weights this small would shrink a picture to nothing, layer by layer
            _dcgan_weights(self)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).squeeze(1)


class Autoencoder(nn.Module):
    """An energy-based critic: its score is minus the error with which it reconstructs a sample, (n, ...) -> (n,).

    The error e(x) is the mean over the numbers of x of |x - AE(x)|^power: 2 with Zhao et al. (2017), 1 or 2 with
    Berthelot et al. (2017). All that it knows of a sample has to pass through a ``code``, else it would copy all.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, power: int):
        super().__init__()
        self.layers = nn.Sequential(encoder, decoder)
        self.power = power

    def reconstruct(self, x: Tensor) -> Tensor:
        """AE(x), in the shape of x."""
        return self.layers(x)

    def code(self, x: Tensor) -> Tensor:
        """What is kept of each sample, (n, ...) -> (n, length of the code)."""
        return self.layers[0](x)

    def forward(self, x: Tensor) -> Tensor:
        error = (x - self.reconstruct(x)).abs()
        return -(error**self.power).flatten(1).mean(dim=1)


def mlp_autoencoder(widths: Sequence[int], *, n: int = PIXELS, power: int = 2, **_: Any) -> Autoencoder:
    """Fully connected, LeakyReLU(0.2): n -> widths -> n, the widths mirrored; the last of them is the code's length."""
    encoder, decoder = (_mlp([n, *widths][:: 1 if inward else -1]) for inward in (True, False))
    shape = SHAPE if n == PIXELS else (n,)
    return Autoencoder(
        nn.Sequential(nn.Flatten(), encoder), nn.Sequential(decoder, nn.Unflatten(1, shape)), power
    )


def conv_autoencoder(widths: Sequence[int], *, power: int = 2, **_: Any) -> Autoencoder:
    """28x28 pixels -> convolutions of stride 2 -> code -> transposed ones -> 28x28 pixels, anywhere on the line.

    The last of ``widths`` is the code's length, those before are channels: at 14x14, and where there are two also at
    7x7. No batch norm, which would let the minibatch tell what the sample should.
    """
    *channels, code = widths
    side = 28 // 2 ** len(channels)
    encoder: list[nn.Module] = []
    decoder: list[nn.Module] = [
        nn.Linear(code, channels[-1] * side**2), _Maps(side), nn.LeakyReLU(0.2),
    ]  # fmt: skip
    for n_in, n_out in pairwise([1, *channels]):
        encoder += [nn.Conv2d(n_in, n_out, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
    for n_in, n_out in pairwise([*reversed(channels), 1]):
        decoder += [nn.ConvTranspose2d(n_in, n_out, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
    encoder += [nn.Flatten(), nn.Linear(channels[-1] * side**2, code)]
    return Autoencoder(nn.Sequential(*encoder), nn.Sequential(*decoder[:-1]), power)


def _mlp(sizes: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1])


class PointGenerator(nn.Module):
    """z -> hidden layers with LeakyReLU(0.2) -> a point of the plane, (n, 2), anywhere: nothing bounds it."""

    def __init__(self, latent_dim: int, widths: Sequence[int]):
        super().__init__()
        self.layers = _mlp([latent_dim, *widths, 2])

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z)


def _statistics(kind: str, n_features: int) -> tuple[list[nn.Module], int]:
    """The layer for flat features, and the number of features behind it."""
    if kind == "stddev":
        return [MinibatchStandardDeviation()], n_features + 1
    if kind == "discrimination":
        layer = MinibatchDiscrimination(n_features)
        return [layer], n_features + layer.kernels
    return [], n_features


def _dcgan_weights(network: nn.Module) -> None:
    """Radford et al.'s start: convolutions and linear layers N(0, 0.02^2), batch norm's scales N(1, 0.02^2)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)


@dataclass(frozen=True)
class Architecture:
    """A kind of generator and the discriminator that goes with it; a new kind is one entry in :data:`ARCHITECTURES`.

    Attributes
    ----------
    makes : what its samples are, "pictures" (n, 1, 28, 28) or "points" (n, 2).
    generator : (latent_dim, widths) -> network.
    discriminator : (widths, batch_norm=, minibatch_statistics=) -> network; with ``extra=``, one that takes so many
        maps or numbers beside each sample.
    depths : the numbers of hidden layers that it comes in; empty: any.
    has_batch_norm : whether ``batch_norm`` means something to its discriminator.
    large : whether a minibatch is work for several threads.
    generator_has_batch_norm : whether its generator always has it.
    memory_format : convolutions run faster over pixels whose channels lie side by side.
    energies : whether its critic is an autoencoder, as the energy-based objectives need it.
    """

    makes: str
    generator: Callable[[int, Sequence[int]], nn.Module]
    discriminator: Callable[..., nn.Module]
    depths: tuple[int, ...] = ()
    has_batch_norm: bool = False
    large: bool = False
    generator_has_batch_norm: bool = False
    memory_format: torch.memory_format = torch.preserve_format
    energies: bool = False


ARCHITECTURES = {
    "mlp": Architecture("pictures", MLPGenerator, MLPDiscriminator, generator_has_batch_norm=True),
    "dcgan": Architecture(
        "pictures",
        DCGANGenerator,
        DCGANDiscriminator,
        depths=tuple(DCGAN_LAYERS),
        has_batch_norm=True,
        large=True,
        generator_has_batch_norm=True,
        memory_format=torch.channels_last,
    ),
    "points": Architecture("points", PointGenerator, partial(MLPDiscriminator, n_in=2)),
    "autoencoder": Architecture(
        "pictures",
        DCGANGenerator,
        conv_autoencoder,
        depths=tuple(DCGAN_LAYERS),
        large=True,
        generator_has_batch_norm=True,
        memory_format=torch.channels_last,
        energies=True,
    ),
    "points, autoencoder": Architecture(
        "points", PointGenerator, partial(mlp_autoencoder, n=2, power=2), energies=True
    ),
}
