"""Complete, named settings of a training run: everything that is needed to repeat it, in one printable object.

To look at one, and to change it:

    recipe = RECIPES["dcgan"]                  print it, look at it
    recipe.replace(batch_size=128)             a new one with another batch size
    recipe.difference(RECIPES["wgan-gp"])      {setting: (here, there)}
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from torch import nn

from course_utils.checks import Named, each, instance, not_negative, number, one_of, positive, switch, whole
from course_utils.gan.conditional import ATTRIBUTES, CONDITIONINGS, ConditionalGenerator, width
from course_utils.gan.networks import ARCHITECTURES, MINIBATCH_STATISTICS
from course_utils.gan.objectives import OBJECTIVES
from course_utils.gan.penalties import PENALTIES
from course_utils.training.settings import Settings


@dataclass(frozen=True)
class Recipe(Settings):
    """How to train a generator and a discriminator (or critic).

    The networks
        ``architecture`` is "mlp", "dcgan" or "autoencoder" for pictures, "points" or "points, autoencoder" for the
        plane; ``latent_dim`` is the length of z; the widths are those of the hidden layers, or the channels of the
        convolutions (see :mod:`course_utils.gan.networks`). ``batch_norm_in_discriminator`` matters to "dcgan" only;
        ``minibatch_statistics`` is "none", "stddev" or "discrimination". ``conditioning`` is how the discriminator is
        told the digit, "none", "concatenation" or "projection", and ``attributes`` what both are told besides, such
        as ("ink", "slant") (see :mod:`~course_utils.gan.conditional`).
    The game
        ``objective`` and ``penalty`` (see :mod:`~course_utils.gan.objectives` and
        :mod:`~course_utils.gan.penalties`), with the penalty's ``penalty_weight`` or the ``clip`` limit c;
        ``instance_noise`` is the standard deviation of the noise added to all that the discriminator sees. ``margin``
        is EBGAN's m, ``gamma`` (from 0 to 1) and ``balance_rate`` are BEGAN's diversity ratio and lambda_k, for the
        objectives "margin" and "balanced", which need an autoencoder. ``pulling_away`` weighs a term of G's loss that
        wants the codes of its samples apart (EBGAN-PT; its authors take 0.1).
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
    conditioning: str = "none"
    attributes: tuple[str, ...] = ()
    instance_noise: float = 0.0
    margin: float = 0.2
    gamma: float = 0.5
    balance_rate: float = 1e-2
    pulling_away: float = 0.0
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

    structure: ClassVar = (
        "architecture",
        "latent_dim",
        "generator_widths",
        "discriminator_widths",
        "batch_norm_in_discriminator",
        "minibatch_statistics",
        "conditioning",
        "attributes",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        widths = partial(each, check=whole, advice="such as (128, 256)")
        self._check(
            architecture=partial(one_of, choices=ARCHITECTURES),
            objective=partial(one_of, choices=OBJECTIVES),
            penalty=partial(one_of, choices=PENALTIES),
            penalty_weight=not_negative,
            clip=positive,
            latent_dim=whole,
            generator_widths=widths,
            discriminator_widths=widths,
            batch_norm_in_discriminator=switch,
            minibatch_statistics=partial(one_of, choices=MINIBATCH_STATISTICS),
            conditioning=partial(one_of, choices=CONDITIONINGS),
            attributes=_attributes,
            instance_noise=not_negative,
            margin=positive,
            gamma=partial(number, interval="[0, 1]", advice="as BEGAN's diversity ratio is"),
            balance_rate=not_negative,
            pulling_away=not_negative,
            batch_size=whole,
            discriminator_steps=whole,
            generator_steps=whole,
        )
        for name in ("generator_widths", "discriminator_widths"):
            widths = getattr(self, name)
            depths = ARCHITECTURES[self.architecture].depths
            if depths and len(widths) not in depths:
                raise ValueError(
                    f"{name} is {widths!r}; {self.architecture} has {' or '.join(map(str, depths))} layers of maps, "
                    "such as (128, 64, 32)."
                )
        if self.attributes and self.conditioning == "none":
            raise ValueError(
                f"attributes is {self.attributes!r}, but conditioning is 'none': choose one of "
                f"{', '.join(name for name in CONDITIONINGS if name != 'none')}."
            )
        has, needs = ARCHITECTURES[self.architecture].energies, OBJECTIVES[self.objective].energies
        if has != needs:
            fitting = ", ".join(name for name, other in OBJECTIVES.items() if other.energies == has)
            what = "is an autoencoder's error" if has else "can be any number"
            raise ValueError(
                f"objective is {self.objective!r}, but the score of architecture {self.architecture!r} {what}: choose "
                f"another architecture, or one of {fitting}."
            )
        if self.pulling_away and not has:
            raise ValueError(
                f"pulling_away is {self.pulling_away:g}, but architecture {self.architecture!r} has no codes to pull "
                "apart: leave it at 0, or take an autoencoder."
            )
        for name in ("minibatch_statistics", "conditioning"):
            if has and getattr(self, name) != "none":
                raise ValueError(f"an autoencoder has no {name}: leave {name} at 'none'.")
        if self.batch_size == 1 and (where := self._batch_norm):
            raise ValueError(
                f"batch_size is 1, but {where} of architecture {self.architecture!r} has batch norm, which needs the "
                "spread of several samples: give a batch_size of at least 2, such as 64."
            )
        mixes = self.batch_norm_in_discriminator or self.minibatch_statistics != "none"
        if PENALTIES[self.penalty].of_slopes is not None and mixes:
            raise ValueError(
                f"penalty {self.penalty!r} asks for the slope at each sample, but batch norm or minibatch statistics "
                "in the discriminator mix the samples: switch one of the two off."
            )

    @property
    def _batch_norm(self) -> str:
        """The player with batch norm, in words; empty for none."""
        architecture = ARCHITECTURES[self.architecture]
        if architecture.generator_has_batch_norm:
            return "the generator"
        in_discriminator = self.batch_norm_in_discriminator and architecture.has_batch_norm
        return "the discriminator" if in_discriminator else ""

    @property
    def conditional(self) -> bool:
        """Whether generator and discriminator are told what digit to make, or to expect."""
        return self.conditioning != "none"

    @property
    def scores_whole_minibatches(self) -> bool:
        """Whether the score of a sample depends on the minibatch in which it is judged."""
        batch_norm = self.batch_norm_in_discriminator and ARCHITECTURES[self.architecture].has_batch_norm
        return batch_norm or self.minibatch_statistics != "none"

    def make_networks(self) -> tuple[nn.Module, nn.Module]:
        """A fresh generator and discriminator, their weights drawn from torch's global generator."""
        architecture, kind = ARCHITECTURES[self.architecture], CONDITIONINGS[self.conditioning]
        conditions = width(self.attributes) if kind else 0
        generator = architecture.generator(self.latent_dim + conditions, self.generator_widths)
        discriminator = architecture.discriminator(
            self.discriminator_widths,
            batch_norm=self.batch_norm_in_discriminator,
            minibatch_statistics=self.minibatch_statistics,
            **({"extra": conditions} if kind and kind.beside else {}),
        )
        if not kind:
            return generator, discriminator
        return ConditionalGenerator(generator, self.attributes), kind(discriminator, conditions)


def _attributes(name: str, value: Any) -> tuple[str, ...]:
    """None, or some of those that can be measured, each once."""
    there = f"attributes, such as {tuple(ATTRIBUTES)!r}, or () for none"
    found = tuple(instance(name, value, (tuple, list), f"a tuple of {there}"))
    for i, each_name in enumerate(found):
        one_of(f"{name}[{i}]", each_name, ATTRIBUTES)
    if len(set(found)) < len(found):
        raise ValueError(f"{name} is {found!r}; it must be a tuple of different {there}.")
    return found


_DCGAN = Recipe(
    "dcgan",
    architecture="dcgan",
    generator_widths=(128, 64, 32),
    discriminator_widths=(32, 64, 128),
    batch_norm_in_discriminator=True,
    ema=0.999,
)
# For whoever waits: few latents, a narrow first layer of D, half the minibatch, and higher rates that fall. Chosen of
# some 45 ways on seed 0 (a few on 1), by the distance after equal work; other seeds: benchmarks/time_to_quality.py.
_DCGAN_FAST = _DCGAN.replace(
    name="dcgan-fast",
    latent_dim=10,
    discriminator_widths=(16, 64, 128),
    batch_size=32,
    generator_learning_rate=6e-3,
    discriminator_learning_rate=2e-3,
    decay_steps=12_000,
    full_steps=12_000,
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
# R3GAN (Huang et al. 2024) on this project's convolutions. Of gamma 0.01, 0.1 and 1 the last was best after 25 seconds
# of one core: Fréchet distance 952, 518 and 516 (MNIST, seed 0). The penalties double what a step costs: seeds 0 and 1
# were at 516 and 484 after 165 and 147 steps, "dcgan" at 335 and 385 after 330 and 311 in the same time. So it is here
# for its game; with such short runs it says nothing about which of them ends better.
_R3GAN = _DCGAN.replace(
    name="r3gan",
    objective="relativistic",
    penalty="r1+r2",
    penalty_weight=1.0,
    batch_norm_in_discriminator=False,
    betas=(0.0, 0.99),
)
# "dcgan" with conditions. The generator gets them beside z in both, so that the two differ in the discriminator alone.
_CGAN = _DCGAN.replace(name="cgan", conditioning="projection")
_CONDITIONAL = [
    _CGAN,
    _CGAN.replace(name="cgan-concat", conditioning="concatenation"),
    _CGAN.replace(name="cgan-attributes", attributes=("ink", "slant")),
]
# The two judges that saturate in neither direction, on the same networks, with nothing else changed.
_LSGAN = _DCGAN.replace(name="lsgan", objective="least squares")
_HINGE = _DCGAN.replace(name="hinge", objective="hinge")
# An autoencoder as critic, small enough for a CPU. BEGAN's own gamma of 0.5 and |error| in the place of its square: one
# digit after 1,000 steps (Fréchet distance 1,312, MNIST, seed 0). With squares and 0.8 all ten, at 444.
_BEGAN = Recipe(
    "began",
    architecture="autoencoder",
    objective="balanced",
    gamma=0.8,
    generator_widths=(32, 16),
    discriminator_widths=(8, 16, 32),
    batch_size=32,
    ema=0.999,
)
_EBGAN = _BEGAN.replace(name="ebgan", objective="margin", margin=0.3, gamma=0.5)  # the same: all ten, at 378
_PLAIN = [
    Recipe("mlp", ema=0.999),
    _DCGAN,
    _WGAN_CLIP,
    _WGAN_CLIP_TUNED,
    _WGAN_GP,
    _WGAN_GP.replace(name="wgan-lp", penalty="lp"),
    _R3GAN,
    _LSGAN,
    _HINGE,
    _EBGAN,
    _BEGAN,
]
_OPTIMISTIC = [r.replace(name=f"{r.name}-optimistic", optimizer="optimistic-adam") for r in _PLAIN]
RECIPES = Named({recipe.name: recipe for recipe in [*_PLAIN, *_OPTIMISTIC, _DCGAN_FAST, *_CONDITIONAL]})


def get_recipe(recipe: str | Recipe, **overrides: Any) -> Recipe:
    """As :meth:`~course_utils.training.Settings.named`, of :data:`RECIPES`."""
    return Recipe.named(recipe, RECIPES, **overrides)
