"""Complete, named settings of a training run: everything that is needed to repeat it, in one printable object.

To look at one, and to change it:

    recipe = RECIPES["dcgan"]                  print it, look at it
    recipe.replace(batch_size=128)             a new one with another batch size
    recipe.difference(RECIPES["wgan-gp"])      {setting: (here, there)}
"""

import dataclasses
from dataclasses import dataclass, fields
from typing import Any, Self

import torch
from torch import nn
from torch.optim import Optimizer

from course_utils import runtime
from course_utils.gan.networks import (
    DCGAN_LAYERS,
    MINIBATCH_STATISTICS,
    DCGANDiscriminator,
    DCGANGenerator,
    MLPDiscriminator,
    MLPGenerator,
    PointGenerator,
)
from course_utils.gan.objectives import OBJECTIVES
from course_utils.gan.penalties import PENALTIES
from course_utils.optimizers import OptimisticAdam, OptimisticSGD

CHOICES = {
    "architecture": ("mlp", "dcgan", "points"),
    "objective": tuple(OBJECTIVES),
    "penalty": PENALTIES,
    "minibatch_statistics": MINIBATCH_STATISTICS,
    "optimizer": ("adam", "optimistic-adam", "rmsprop", "sgd", "optimistic-sgd"),
    "precision": ("float32", "bfloat16"),
}


@dataclass(frozen=True)
class Recipe:
    """How to train a generator and a discriminator (or critic).

    The networks
        ``architecture`` is "mlp" or "dcgan" for pictures, "points" for the plane; ``latent_dim`` is the
        length of z; the widths are those of the hidden layers, or the channels of the convolutions (see
        :mod:`course_utils.gan.networks`). ``batch_norm_in_discriminator`` matters to "dcgan" only;
        ``minibatch_statistics`` is "none", "stddev" or "discrimination".
    The game
        ``objective`` and ``penalty`` (see :mod:`~course_utils.gan.objectives` and
        :mod:`~course_utils.gan.penalties`), with the penalty's ``penalty_weight`` or the ``clip`` limit c;
        ``instance_noise`` is the standard deviation of the noise added to all that the discriminator sees.
    The steps
        ``batch_size`` is L0's m, ``discriminator_steps`` its k (n_critic in L3), ``generator_steps`` how
        many follow; the learning rates are its epsilon_1 and epsilon_2. ``betas`` are Adam's: the small
        first one is Radford et al.'s (2015) advice, because momentum makes a two-player game overshoot. Both
        learning rates fall to zero in a straight line over ``decay_steps`` steps (0: they stay). ``ema`` is
        the decay of the generator's average that draws the samples (0: none).
    The machine
        ``precision`` "bfloat16" computes the networks in mixed precision. ``quick_steps`` and ``full_steps``
        are how long the recipe is meant to run.
    """

    name: str
    architecture: str = "mlp"
    objective: str = "non-saturating"
    penalty: str = "none"
    penalty_weight: float = 10.0
    clip: float = 0.01
    latent_dim: int = 64
    generator_widths: tuple[int, ...] = (128, 256)
    discriminator_widths: tuple[int, ...] = (256, 128)
    batch_norm_in_discriminator: bool = False
    minibatch_statistics: str = "none"
    instance_noise: float = 0.0
    batch_size: int = 64
    discriminator_steps: int = 1
    generator_steps: int = 1
    optimizer: str = "adam"
    generator_learning_rate: float = 1e-3
    discriminator_learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.5, 0.999)
    decay_steps: int = 0
    ema: float = 0.0
    precision: str = "float32"
    quick_steps: int = 4_000
    full_steps: int = 19_000

    def __post_init__(self):
        for name in (
            "generator_widths",
            "discriminator_widths",
            "betas",
        ):  # lists are welcome too, as JSON has them
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name, choices in CHOICES.items():
            if (value := getattr(self, name)) not in choices:
                raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(choices)}.")
        for name in (
            "latent_dim", "batch_size", "discriminator_steps", "generator_steps", "quick_steps", "full_steps",
        ):  # fmt: skip
            if not isinstance(value := getattr(self, name), int) or value < 1:
                raise ValueError(f"{name} is {value!r}; it must be a whole number of at least 1.")
        for name in ("generator_learning_rate", "discriminator_learning_rate", "clip"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be positive.")
        for name in ("penalty_weight", "instance_noise", "decay_steps"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be zero or more.")
        if not 0 <= self.ema < 1:
            raise ValueError(f"ema is {self.ema!r}; it must be in [0, 1), and 0.999 is usual.")
        if len(self.betas) != 2 or not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(
                f"betas is {self.betas!r}; it must hold two numbers in [0, 1), such as (0.5, 0.999)."
            )
        for name in ("generator_widths", "discriminator_widths"):
            widths = getattr(self, name)
            if not widths or any(not isinstance(w, int) or w < 1 for w in widths):
                raise ValueError(
                    f"{name} is {widths!r}; it must hold whole numbers of at least 1, such as (128, 256)."
                )
            if self.architecture == "dcgan" and len(widths) not in DCGAN_LAYERS:
                raise ValueError(
                    f"{name} is {widths!r}; a dcgan has two or three layers of maps, such as (128, 64, 32)."
                )
        if self.penalty in ("gp", "lp") and (
            self.batch_norm_in_discriminator or self.minibatch_statistics != "none"
        ):
            raise ValueError(
                f"penalty {self.penalty!r} asks for the slope at each sample, but batch norm or minibatch statistics "
                "in the discriminator mix the samples: switch one of the two off."
            )

    @property
    def steps(self) -> int:
        """How long to train in this profile: ``quick_steps`` or ``full_steps`` (see
        :func:`course_utils.runtime.profile`)."""
        return {"quick": self.quick_steps, "full": self.full_steps}[runtime.profile()]

    def replace(self, **settings: Any) -> Self:
        """A new recipe with some settings replaced.

        Raises
        ------
        ValueError
            for a setting that does not exist, or a bad value.
        """
        known = [f.name for f in fields(self)]
        for name in settings:
            if name not in known:
                raise ValueError(f"a recipe has no setting {name!r}; it has: {', '.join(known)}.")
        return dataclasses.replace(self, **settings)

    def difference(self, other: "Recipe") -> dict[str, tuple[Any, Any]]:
        """The settings in which the two differ: {setting: (value here, value there)}."""
        names = [f.name for f in fields(self)]
        pairs = {name: (getattr(self, name), getattr(other, name)) for name in names}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    def make_networks(self) -> tuple[nn.Module, nn.Module]:
        """A fresh generator and discriminator, their weights drawn from torch's global generator."""
        statistics = {"minibatch_statistics": self.minibatch_statistics}
        if self.architecture == "dcgan":
            return (
                DCGANGenerator(self.latent_dim, self.generator_widths),
                DCGANDiscriminator(
                    self.discriminator_widths, batch_norm=self.batch_norm_in_discriminator, **statistics
                ),
            )
        if self.architecture == "points":
            return (
                PointGenerator(self.latent_dim, self.generator_widths),
                MLPDiscriminator(self.discriminator_widths, n_in=2, **statistics),
            )
        return (
            MLPGenerator(self.latent_dim, self.generator_widths),
            MLPDiscriminator(self.discriminator_widths, **statistics),
        )

    def make_optimizers(self, generator: nn.Module, discriminator: nn.Module) -> tuple[Optimizer, Optimizer]:
        """One for each player, with its own learning rate."""
        return (
            self._optimizer(generator, self.generator_learning_rate),
            self._optimizer(discriminator, self.discriminator_learning_rate),
        )

    def _optimizer(self, network: nn.Module, rate: float) -> Optimizer:
        parameters = list(network.parameters())
        # On a GPU the whole step may be captured in a graph; then the learning rate has to live there too.
        graph = parameters[0].is_cuda
        lr = torch.tensor(rate, device=parameters[0].device) if graph else rate
        if (
            self.optimizer == "adam"
        ):  # fused: one pass over all weights instead of several operations per tensor
            return torch.optim.Adam(parameters, lr=lr, betas=self.betas, fused=True, capturable=graph)
        if self.optimizer == "rmsprop":
            return torch.optim.RMSprop(parameters, lr=lr, foreach=True, capturable=graph)
        if self.optimizer == "sgd":
            return torch.optim.SGD(parameters, lr=lr, fused=True)
        if self.optimizer == "optimistic-sgd":
            return OptimisticSGD(parameters, lr=rate)
        return OptimisticAdam(parameters, lr=rate, betas=self.betas)


_DCGAN = Recipe(
    "dcgan",
    architecture="dcgan",
    generator_widths=(128, 64, 32),
    discriminator_widths=(32, 64, 128),
    batch_norm_in_discriminator=True,
    ema=0.999,
)
# A critic that learns faster than the generator needs one step per generator step only (Heusel et al. 2017);
# at a constant rate this fast, the pictures get worse again after some 6,000 steps (50 to 99 in Fréchet
# distance, seed 0).
_WGAN_GP = Recipe(
    "wgan-gp",
    architecture="dcgan",
    objective="wasserstein",
    penalty="gp",
    generator_widths=(128, 64, 32),
    discriminator_widths=(32, 64, 128),
    generator_learning_rate=3e-4,
    discriminator_learning_rate=2e-3,
    betas=(0.5, 0.9),
    decay_steps=6_000,
    ema=0.999,
    full_steps=6_000,
)
# L3, Algorithm 1, with the values of Arjovsky et al. 2017.
_WGAN_CLIP = Recipe(
    "wgan-clip",
    objective="wasserstein",
    penalty="clip",
    clip=0.01,
    discriminator_steps=5,
    optimizer="rmsprop",
    generator_learning_rate=5e-5,
    discriminator_learning_rate=5e-5,
    ema=0.999,
)
# The same with faster steps and a wider box, the best of four settings after 1,000 steps
# (data/measured/gan_quality.json).
_WGAN_CLIP_TUNED = _WGAN_CLIP.replace(
    name="wgan-clip-tuned", clip=0.03, generator_learning_rate=5e-4, discriminator_learning_rate=5e-4
)
_PLAIN = [
    Recipe("mlp", ema=0.999),
    _DCGAN,
    _WGAN_CLIP,
    _WGAN_CLIP_TUNED,
    _WGAN_GP,
    _WGAN_GP.replace(name="wgan-lp", penalty="lp"),
]
_OPTIMISTIC = [r.replace(name=f"{r.name}-optimistic", optimizer="optimistic-adam") for r in _PLAIN]
RECIPES = {recipe.name: recipe for recipe in [*_PLAIN, *_OPTIMISTIC]}


def get_recipe(recipe: str | Recipe, **overrides: Any) -> Recipe:
    """The recipe of that name (or the recipe itself), with some of its settings replaced.

    Raises
    ------
    ValueError
        for an unknown name, an unknown setting or a bad value.
    """
    if isinstance(recipe, str):
        if recipe not in RECIPES:
            raise ValueError(f"there is no recipe {recipe!r}; there are: {', '.join(RECIPES)}.")
        recipe = RECIPES[recipe]
    return recipe.replace(**overrides)
