"""Layers through which a discriminator sees the whole minibatch: a remedy for mode collapse.

A discriminator that judges one picture at a time cannot object to a generator that always makes the same good picture
(L0, "Problem III"). With one of these layers it can compare the pictures of a minibatch. Real and generated minibatches
then have to be judged apart.
"""

import torch
from torch import Tensor, nn


class MinibatchStandardDeviation(nn.Module):
    """Appends one channel that holds the minibatch's spread everywhere (Karras et al. 2018, section 3).

    For features (n, c, ...): the standard deviation over the n samples of every feature at every place, averaged over
    features and places into one number; (n, c, ...) -> (n, c + 1, ...).
    """

    def forward(self, x: Tensor) -> Tensor:
        # The variance is shifted off zero: a square root has no finite gradient there, and a collapsed batch is there.
        spread = (x.var(dim=0, unbiased=False) + 1e-8).sqrt().mean()
        return torch.cat([x, spread.expand(len(x), 1, *x.shape[2:])], dim=1)


class MinibatchDiscrimination(nn.Module):
    """Appends, for each sample, how close it is to the others of its minibatch (Salimans et al. 2016, section 3.2).

    Every sample's features are multiplied by a tensor T into ``kernels`` vectors M_b of length ``dim``; appended is
    o_b(x_i) = sum over j != i of exp(-|M_b(x_i) - M_b(x_j)|_1), large for a sample that resembles many others;
    (n, features) -> (n, features + kernels).
    """

    def __init__(self, features: int, kernels: int = 16, dim: int = 8):
        super().__init__()
        self.kernels, self.dim = kernels, dim
        self.projection = nn.Linear(features, kernels * dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        m = self.projection(x).view(len(x), self.kernels, self.dim)
        distance = (m[:, None] - m[None]).abs().sum(dim=3)
        closeness = torch.exp(-distance).sum(dim=1) - 1  # without the sample itself, at distance 0
        return torch.cat([x, closeness], dim=1)
