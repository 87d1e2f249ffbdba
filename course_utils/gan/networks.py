"""Generators and discriminators for 28x28 grey pictures.

A generator maps latents z (n, latent_dim) to pictures (n, 1, 28, 28) in [-1, 1]; it ends in tanh, so the real
pictures must be scaled to the same interval. A discriminator maps pictures (n, 1, 28, 28) to logits (n,).
"""

from collections.abc import Sequence

from torch import Tensor, nn

SHAPE = (1, 28, 28)
PIXELS = 28 * 28


class MLPGenerator(nn.Module):
    """Fully connected generator: z -> hidden layers -> 784 values through tanh.

    Each hidden layer is linear, then batch norm, then ReLU (L4's guidelines, from Radford et al. 2015): without batch
    norm the generator soon sends most latents to the same few digits. The output layer has none, because it would
    force every pixel to the same mean and variance over a minibatch.
    """

    def __init__(self, latent_dim: int, widths: Sequence[int]):
        super().__init__()
        layers: list[nn.Module] = []
        for n_in, n_out in zip([latent_dim, *widths[:-1]], widths, strict=True):
            # Batch norm subtracts the mean, so a bias before it would do nothing but drift.
            layers += [nn.Linear(n_in, n_out, bias=False), nn.BatchNorm1d(n_out), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], PIXELS), nn.Tanh())

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z).view(-1, *SHAPE)


class MLPDiscriminator(nn.Module):
    """Fully connected discriminator: 784 pixels -> hidden layers with LeakyReLU(0.2) -> one logit.

    LeakyReLU, because a ReLU that is off passes no gradient on to the generator.
    """

    def __init__(self, widths: Sequence[int]):
        super().__init__()
        layers: list[nn.Module] = [nn.Flatten()]
        for n_in, n_out in zip([PIXELS, *widths[:-1]], widths, strict=True):
            layers += [nn.Linear(n_in, n_out), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).squeeze(1)
