"""The adversarial autoencoder (Makhzani et al. 2015; L3's list): lesson 9's, a discriminator in the place of the KL.

A VAE pulls *each* q(z|x) towards the prior. Here a discriminator compares the codes of *all* pictures with draws from
the prior, and the encoder plays the generator's part against it. So the codes only have to look like the prior
together, and the prior may be anything that one can draw from: it needs no density, and the KL no closed form.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.optim import Optimizer

from course_utils.checks import each, one_of, positive, whole
from course_utils.training import descend, still
from course_utils.vae.model import VAE, layers
from course_utils.vae.trainer import VAERecipe, VAETrainer


def normal(n: int, latent_dim: int, random: torch.Generator) -> Tensor:
    """z ~ N(0, I)."""
    return torch.randn(n, latent_dim, generator=random, device=random.device)


def petals(n: int, latent_dim: int, random: torch.Generator) -> Tensor:
    """Ten long, narrow Gaussians round the origin, as the petals of a flower; further coordinates are N(0, I)."""
    z = torch.randn(n, latent_dim, generator=random, device=random.device)
    angle = torch.randint(10, (n,), generator=random, device=random.device) * (2 * torch.pi / 10)
    along, across = 1.6 + 0.5 * z[:, 0], 0.12 * z[:, 1]
    cos, sin = angle.cos(), angle.sin()
    return torch.cat([torch.stack([along * cos - across * sin, along * sin + across * cos], 1), z[:, 2:]], 1)


PRIORS: dict[str, Callable[[int, int, torch.Generator], Tensor]] = {"normal": normal, "petals": petals}


@dataclass(frozen=True)
class AAERecipe(VAERecipe):
    """How to train an adversarial autoencoder; the settings of :class:`~course_utils.vae.trainer.VAERecipe`, and

    ``prior`` is a name in :data:`PRIORS`; ``beta`` weighs the encoder's adversarial loss beside the reconstruction,
    both in nats a picture; ``judge_widths`` and ``judge_learning_rate`` are the discriminator's.
    """

    beta: float = 30.0
    prior: str = "normal"
    judge_widths: tuple[int, ...] = (128, 128)
    judge_learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.5, 0.999)

    structure: ClassVar = (*VAERecipe.structure, "judge_widths")

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check(prior=partial(one_of, choices=PRIORS))
        self._check(
            judge_widths=partial(each, check=whole, advice="such as (128, 128)"),
            judge_learning_rate=positive,
            latent_dim=partial(whole, at_least=2 if self.prior == "petals" else 1),
        )


AAE_RECIPES = {
    recipe.name: recipe
    for recipe in (
        AAERecipe("aae-2", latent_dim=2),
        AAERecipe("aae-2-petals", latent_dim=2, prior="petals"),
    )
}


class AAETrainer(VAETrainer):
    """The loop on an autoencoder, ``model``, and a discriminator of codes, ``judge``.

    A step of the judge, real: draws from the prior, fake: codes z(x) of a minibatch; then one of the model, which
    descends -log p(x|z(x)) - beta log D(z(x)), the non-saturating loss. z(x) is the encoder's mean: without noise.

    Parameters, errors: those of :class:`~course_utils.vae.trainer.VAETrainer`; ``recipe`` is a name in
    :data:`AAE_RECIPES`, or an :class:`AAERecipe`.
    """

    parts = ("model", "judge")
    quantities = ("reconstruction", "judge_loss", "encoder_loss")
    recipes: ClassVar[Any] = AAE_RECIPES
    kind: ClassVar[Any] = AAERecipe

    recipe: AAERecipe
    judge: nn.Module
    judge_optimizer: Optimizer

    def __init__(self, images: Any, recipe: str | AAERecipe = "aae-2", **options: Any):
        super().__init__(images, recipe, **options)

    def make_networks(self) -> tuple[VAE, nn.Module]:  # type: ignore[override]
        """A fresh autoencoder, and a discriminator of its codes."""
        recipe = self.recipe
        (model,) = super().make_networks()
        model.stochastic = False
        return model, layers([recipe.latent_dim, *recipe.judge_widths, 1])

    def prior_batch(self, n: int, random: torch.Generator | None = None) -> Tensor:
        """n draws from the prior, (n, latent_dim)."""
        return PRIORS[self.recipe.prior](
            whole("n", n, at_least=0), self.recipe.latent_dim, random or self.random
        )

    def update(self) -> Tensor:
        x, drawn = self.batch(), self.prior_batch(self.recipe.batch_size)
        with self.precision():
            codes = self.model.encode(x).mean
            real, fake = self.judge(drawn), self.judge(codes.detach())
            judge_loss = (softplus(-real) + softplus(fake)).float().mean()
        descend(self.judge_optimizer, judge_loss)
        with still(self.judge):
            with self.precision():
                encoder_loss = softplus(-self.judge(codes)).float().mean()
                reconstruction = self.model.log_likelihood(x, codes).float().mean()
            descend(self.model_optimizer, self.recipe.beta * encoder_loss - reconstruction)
        return torch.stack([reconstruction.detach(), judge_loss.detach(), encoder_loss.detach()])

    def _latents(self, n: int, random: torch.Generator) -> Tensor:
        return self.prior_batch(n, random)
