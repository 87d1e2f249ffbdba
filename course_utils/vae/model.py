"""Encoder and decoder of a variational autoencoder (Kingma and Welling 2014; L2, "Variational auto-encoders")."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from course_utils.checks import ANY, each, instance, numbers, one_of, whole
from course_utils.training.state import shared_tensor


def real(name: str, values: Any) -> Tensor:
    """Real numbers as a tensor; a tensor stays what and where it is, its gradient too.

    Raises
    ------
    ValueError
        for what is not made of real numbers.
    """
    if not isinstance(values, Tensor):
        return shared_tensor(numbers(name, values, ANY))
    if values.is_complex():
        raise ValueError(f"{name} is complex; it must be made of real numbers.")
    return values


class Posterior(NamedTuple):
    """q(z|x) = N(mean, diag(exp(log_variance))) for each x, both (n, latent_dim)."""

    mean: Tensor
    log_variance: Tensor

    def sample(self, samples: int = 1, generator: torch.Generator | None = None) -> Tensor:
        """z = mean + sigma * epsilon with epsilon ~ N(0, I), the reparametrisation: (samples, n, latent_dim)."""
        samples = whole("samples", samples)
        instance("generator", generator, (torch.Generator, type(None)), "a torch.Generator, or None")
        epsilon = torch.randn(
            samples, *self.mean.shape, generator=generator, dtype=self.mean.dtype, device=self.mean.device
        )
        return self.mean + (self.log_variance / 2).exp() * epsilon


@dataclass(frozen=True)
class Likelihood:
    """A family p(x|z): how many numbers the decoder gives beside one a coordinate; log p(x|z), of x (..., d) and the
    decoder's numbers (..., d + extra); and the mean of x."""

    extra: int
    log_density: Callable[[Tensor, Tensor], Tensor]
    mean: Callable[[Tensor], Tensor]


def _bernoulli(x: Tensor, logits: Tensor) -> Tensor:
    """sum_i x_i log sigmoid(a_i) + (1 - x_i) log(1 - sigmoid(a_i)) = sum_i x_i a_i - log(1 + exp(a_i))."""
    terms = x * logits
    return terms.sub_(functional.softplus(logits)).sum(-1)  # in place: for 10,000 digits these have 31 MB


def _gaussian(x: Tensor, numbers: Tensor) -> Tensor:
    """log N(x; mu, sigma^2 I), with mu and one log sigma^2 for all coordinates (L2, "Example")."""
    mean, log_variance = numbers[..., :-1], numbers[..., -1]
    d = mean.shape[-1]
    squares = (x - mean).square().sum(-1)
    return -(squares * (-log_variance).exp() + d * (log_variance + math.log(2 * math.pi))) / 2


LIKELIHOODS = {
    "bernoulli": Likelihood(0, _bernoulli, torch.sigmoid),
    "gaussian": Likelihood(1, _gaussian, lambda numbers: numbers[..., :-1]),
}


class VAE(nn.Module):
    """A latent-variable model p(z) p(x|z), z ~ N(0, I), with an encoder q(z|x): two mirrored networks with ReLU.

    Parameters
    ----------
    latent_dim : the length of z.
    widths : of the encoder's hidden layers; the decoder has them in reverse. Empty: both are linear, and with a
        Gaussian likelihood the model is probabilistic PCA (Tipping and Bishop 1999).
    likelihood : a name in :data:`LIKELIHOODS`. "bernoulli" is for data in {0, 1}, or probabilities of it in [0, 1];
        "gaussian" for real numbers.
    data_dim : the length of x; 784 are the pixels of a digit.
    stochastic : False says that only the encoder's means were trained, as in an adversarial autoencoder: there is no
        q(z|x), and the bounds refuse such a model.

    Raises
    ------
    ValueError
        for a size below 1 or an unknown likelihood.
    """

    def __init__(
        self,
        latent_dim: int,
        widths: Sequence[int] = (300, 300),
        *,
        likelihood: str = "bernoulli",
        data_dim: int = 784,
        stochastic: bool = True,
    ):
        super().__init__()
        self.stochastic = bool(stochastic)
        self.latent_dim = whole("latent_dim", latent_dim)
        self.data_dim = whole("data_dim", data_dim)
        self.likelihood = one_of("likelihood", likelihood, LIKELIHOODS)
        linear = isinstance(widths, tuple | list) and not widths
        hidden = () if linear else each("widths", widths, whole, advice="such as (300, 300)")
        self.encoder = layers([self.data_dim, *hidden, 2 * self.latent_dim])
        outputs = self.data_dim + LIKELIHOODS[likelihood].extra
        self.decoder = layers([self.latent_dim, *reversed(hidden), outputs])

    def encode(self, x: Tensor) -> Posterior:
        """q(z|x): x (n, data_dim), or pictures with so many pixels -> means and log-variances (n, latent_dim).

        Raises
        ------
        ValueError
            for another shape.
        """
        mean, log_variance = self.encoder(self.flat(x)).chunk(2, dim=-1)
        return Posterior(mean, log_variance)

    def decode(self, z: Tensor) -> Tensor:
        """E[x|z], (..., latent_dim) -> (..., data_dim): probabilities, or means.

        Raises
        ------
        ValueError
            for latents of another length.
        """
        return LIKELIHOODS[self.likelihood].mean(self.decoder(self._latents(z)))

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x|z) in nats; x (n, data_dim) and z (..., n, latent_dim) -> (..., n).

        Raises
        ------
        ValueError
            for other shapes, or another number of latents than of data (one of them may be alone).
        """
        rows, z = self.flat(x), self._latents(z)
        if z.ndim > 1 and len(rows) != z.shape[-2] and 1 not in (len(rows), z.shape[-2]):
            raise ValueError(
                f"z has {z.shape[-2]} rows and x has {len(rows)}; give one latent for each, or one alone."
            )
        return LIKELIHOODS[self.likelihood].log_density(rows, self.decoder(z))

    def flat(self, x: Tensor) -> Tensor:
        """Data as rows (n, data_dim), on the model's device and in its type.

        Raises
        ------
        ValueError
            for another shape; and of a Bernoulli likelihood, for pixels outside [0, 1]. (While the model trains, floats
            are not looked at: a GPU would wait.)
        """
        quick = self.training and isinstance(x, Tensor) and x.is_floating_point()
        x = real("x", x)
        if self.likelihood == "bernoulli" and not quick:
            _check_greys(x)
        x = x.to(self._like())
        rows = x.reshape(len(x), -1) if x.ndim >= 2 and len(x) else x
        if rows.ndim != 2 or rows.shape[1] != self.data_dim or not len(rows):
            raise ValueError(
                f"x has shape {tuple(x.shape)}; it must hold n >= 1 rows of {self.data_dim} numbers, shape "
                f"(n, {self.data_dim}), or pictures with as many pixels."
            )
        return rows

    def _latents(self, z: Tensor) -> Tensor:
        z = real("z", z).to(self._like())
        if not z.ndim or z.shape[-1] != self.latent_dim:
            raise ValueError(
                f"z has shape {tuple(z.shape)}; this model has latents of length {self.latent_dim}, shape "
                f"(n, {self.latent_dim})."
            )
        return z

    def _like(self) -> Tensor:
        return next(self.parameters())


def check_data(model: VAE, x: Tensor) -> Tensor:
    """Data as rows, their values looked at: a Bernoulli likelihood knows only [0, 1].

    Raises
    ------
    ValueError
        for another shape, for NaN, and for pixels outside [0, 1].
    """
    rows = model.flat(x)
    low, high = rows.min().item(), rows.max().item()
    if not math.isfinite(low + high):
        raise ValueError("x holds numbers that are NaN or infinite.")
    if model.likelihood == "bernoulli":
        _check_greys(rows)
    return rows


def _check_greys(x: Tensor) -> None:
    low, high = (x.min().item(), x.max().item()) if x.numel() else (0, 1)
    if low < 0 or high > 1:
        raise ValueError(
            f"x goes from {low:g} to {high:g}; a Bernoulli likelihood needs pixels in [0, 1]. Bytes: x / 255; pictures "
            "in [-1, 1]: (x + 1) / 2."
        )


def layers(sizes: Sequence[int]) -> nn.Sequential:
    """Linear layers of these sizes with ReLU between them."""
    found: list[nn.Module] = []
    for size, after in pairwise(sizes):
        found += [nn.Linear(size, after), nn.ReLU()]
    return nn.Sequential(*found[:-1])
