"""Train a variational autoencoder on 28x28 pictures: the one loop, with the ELBO as what it climbs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer

from course_utils import checks
from course_utils.checks import each, not_negative, one_of, whole
from course_utils.datasets import Images
from course_utils.datasets.scaling import SIDE, check_digits, to_unit
from course_utils.training import ModelSettings, TrainingLoop, descend
from course_utils.training.state import shared_tensor
from course_utils.vae.bounds import divergence
from course_utils.vae.model import LIKELIHOODS, VAE, real


@dataclass(frozen=True)
class VAERecipe(ModelSettings):
    """How to train a VAE.

    ``latent_dim``, ``widths`` and ``likelihood`` are those of :class:`~course_utils.vae.model.VAE`. ``beta`` weighs the
    KL term (Higgins et al. 2017); 1 is the ELBO. With the Bernoulli likelihood, pixels are drawn black or white anew at
    every step, with their grey as the probability (Salakhutdinov and Murray 2008).
    """

    latent_dim: int = 20
    widths: tuple[int, ...] = (300, 300)
    likelihood: str = "bernoulli"
    beta: float = 1.0

    structure: ClassVar[tuple[str, ...]] = ("latent_dim", "widths", "likelihood")

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check(
            latent_dim=whole,
            widths=partial(each, check=whole, advice="such as (300, 300)"),
            likelihood=partial(one_of, choices=LIKELIHOODS),
            beta=not_negative,
        )


RECIPES = {recipe.name: recipe for recipe in (VAERecipe("vae-20"), VAERecipe("vae-2", latent_dim=2))}


class VAETrainer(TrainingLoop):
    """The loop on one network, ``model``: each step ascends the mean of reconstruction - beta * kl over a minibatch.

    Parameters
    ----------
    images : :class:`~course_utils.datasets.Images`, or uint8 pictures (n, 28, 28).
    recipe : a name in :data:`RECIPES`, or a :class:`VAERecipe`.
    device : where to train; None takes :func:`course_utils.runtime.device`.
    seed : of the weights, the minibatches, their pixels and the latents. On the CPU, the same seed gives the same run.
    **overrides : settings of the recipe to replace, such as ``latent_dim=5`` or ``beta=4``.

    Raises
    ------
    ValueError
        for pictures of another shape or type, or a recipe that does not exist.
    """

    parts: ClassVar[tuple[str, ...]] = ("model",)
    quantities: ClassVar[tuple[str, ...]] = ("reconstruction", "kl")
    averaged = "model"
    recipes: ClassVar[Mapping[str, VAERecipe]] = RECIPES
    kind: ClassVar[type[VAERecipe]] = VAERecipe

    recipe: VAERecipe
    model: VAE
    model_optimizer: Optimizer

    def __init__(
        self,
        images: Images | np.ndarray,
        recipe: str | VAERecipe = "vae-20",
        *,
        device: str | torch.device | None = None,
        seed: int = 0,
        **overrides: Any,
    ):
        recipe = self.kind.named(recipe, self.recipes, **overrides)
        pixels = check_digits("images", images.pixels if isinstance(images, Images) else images)
        super().__init__(recipe, device=device, seed=seed)
        self._sampling_random = torch.Generator(self.device).manual_seed(self.seed + 1)
        self.pixels = shared_tensor(pixels).to(self.device)

    def make_networks(self) -> tuple[VAE]:
        """A fresh VAE for pictures of digits."""
        recipe = self.recipe
        return (VAE(recipe.latent_dim, recipe.widths, likelihood=recipe.likelihood, data_dim=SIDE * SIDE),)

    def batch(self) -> Tensor:
        """m training pictures as rows (m, 784) in [0, 1], drawn with replacement; binary for a Bernoulli likelihood."""
        x = to_unit(
            self.pixels.index_select(0, self.drawn(len(self.pixels))).flatten(1), "bytes", torch.float32
        )
        return torch.bernoulli(x, generator=self.random) if self.recipe.likelihood == "bernoulli" else x

    def update(self) -> Tensor:
        x = self.batch()
        with self.precision():
            q = self.model.encode(x)
            reconstruction = self.model.log_likelihood(x, q.sample(1, self.random)[0]).float()
        kl = divergence(q).float()
        descend(self.model_optimizer, (self.recipe.beta * kl - reconstruction).mean())
        return torch.stack([reconstruction.detach().mean(), kl.detach().mean()])

    @property
    def history(self) -> dict[str, np.ndarray]:
        """One float32 array per quantity, one entry per step, in nats: both terms, and ``elbo``, their difference."""
        history = super().history
        return history | ({"elbo": history["reconstruction"] - history["kl"]} if "kl" in history else {})

    @torch.no_grad()
    def sample(self, n: int, seed: int | None = None) -> Tensor:
        """E[x|z] for n latents from the prior: pictures (n, 1, 28, 28) in [-1, 1] on the CPU, as of the other trainers.

        The same seed gives the same latents every time; None draws new ones. Sampling never disturbs the training.
        """
        random = self._sampling_random
        if seed is not None:
            random = torch.Generator(self.device).manual_seed(whole("seed", seed, 0, 2**63 - 1))
        z = self._latents(whole("n", n, at_least=0), random)
        return (2 * self.best.decode(z) - 1).view(n, 1, SIDE, SIDE).clamp(-1, 1).cpu()

    def _latents(self, n: int, random: torch.Generator) -> Tensor:
        """n draws from the prior."""
        return torch.randn(n, self.recipe.latent_dim, generator=random, device=self.device)


def binarise(x: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Black or white pixels, drawn with their grey in [0, 1] as the probability of white: the shape stays.

    Raises
    ------
    ValueError
        for greys outside [0, 1].
    """
    x = real("x", x)
    x = x if x.is_floating_point() else x.float()
    checks.instance("generator", generator, (torch.Generator, type(None)), "a torch.Generator, or None")
    if not x.numel() or not (x.min().item() >= 0 and x.max().item() <= 1):
        span = f"it goes from {x.min().item():g} to {x.max().item():g}" if x.numel() else "it is empty"
        raise ValueError(f"x must hold greys in [0, 1]; {span}. Bytes: x / 255.")
    return torch.bernoulli(x, generator=generator)
