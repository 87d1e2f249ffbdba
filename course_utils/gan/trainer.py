"""Train a GAN or a WGAN on 28x28 pictures, or on points of the plane."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from course_utils import checks, threads
from course_utils.datasets import Images
from course_utils.datasets.scaling import check_digits, to_symmetric
from course_utils.gan.adversarial import AdversarialLoop
from course_utils.gan.conditional import conditions_of
from course_utils.gan.networks import ARCHITECTURES, BatchNorm1d, MLPDiscriminator, MLPGenerator
from course_utils.gan.objectives import OBJECTIVES
from course_utils.gan.penalties import PENALTIES
from course_utils.gan.recipes import Recipe, get_recipe
from course_utils.optimizers import OPTIMIZERS, BareOptimizer
from course_utils.training.state import shared_tensor, tensors_of

PLAYERS = ("both", "discriminator", "generator")

# Small enough for some hundred steps a second on one core. Two latent coordinates, so that the whole of G can be drawn.
POINTS = Recipe(
    "points",
    architecture="points",
    latent_dim=2,
    generator_widths=(64, 64),
    discriminator_widths=(64, 64),
    batch_size=128,
)


class AdversarialTrainer(AdversarialLoop):
    """The adversarial loop on 28x28 pictures; samples are pictures (n, 1, 28, 28) in [-1, 1].

    Parameters
    ----------
    images : :class:`~course_utils.datasets.Images`, or uint8 pictures (n, 28, 28), where no labels are needed.
    recipe : a name in :data:`~course_utils.gan.recipes.RECIPES`, or a :class:`~course_utils.gan.recipes.Recipe`; the
        first one is soonest at good digits (benchmarks/time_to_quality.py).
    device, seed : see :class:`~course_utils.gan.adversarial.AdversarialLoop`.
    **overrides : settings of the recipe to replace, such as ``batch_size=128``.

    All pictures live on the device as bytes and are scaled, a minibatch at a time, to [-1, 1], the interval of
    the generator's tanh.

    Raises
    ------
    ValueError
        for pictures of another shape or type, a recipe that does not exist or is not for pictures, or one with
        conditions and pictures without labels.
    """

    def __init__(
        self,
        images: Images | np.ndarray,
        recipe: str | Recipe = "dcgan-fast",
        *,
        device: str | torch.device | None = None,
        seed: int = 0,
        **overrides: Any,
    ):
        advice = "and the pictures come before it"
        recipe = checks.instance("recipe", recipe, (str, Recipe), "a Recipe or the name of one", advice)
        recipe = get_recipe(recipe, **overrides)
        if ARCHITECTURES[recipe.architecture].makes != "pictures":
            raise ValueError(
                f"recipe {recipe.name!r} makes points of the plane, not pictures: choose mlp, dcgan or autoencoder."
            )
        pixels = check_digits("images", images.pixels if isinstance(images, Images) else images)
        if recipe.conditional and not isinstance(images, Images):
            raise ValueError(
                f"recipe {recipe.name!r} has to be told the digit of each picture, and an array of pixels has no "
                "labels: give Images, such as load_images() or Images(pixels, labels, name)."
            )
        super().__init__(recipe, device=device, seed=seed)
        self.pixels = shared_tensor(pixels).unsqueeze(1).to(self.device)
        if isinstance(images, Images) and recipe.conditional:
            self.conditions = conditions_of(images, recipe.attributes).to(self.device)

    def real_batch(self) -> Tensor:
        """m real pictures (m, 1, 28, 28) in [-1, 1], drawn uniformly with replacement."""
        return to_symmetric(self.pixels.index_select(0, self.drawn(len(self.pixels))))

    def real_pairs(self) -> tuple[Tensor, Tensor | None]:
        """The same pictures, and their conditions (m, 10 + attributes), None for a recipe without."""
        if not self.recipe.conditional:
            return super().real_pairs()
        index = self.drawn(len(self.pixels))
        return to_symmetric(self.pixels.index_select(0, index)), self.conditions[index]

    @property
    def alike(self) -> Callable[[], bool] | None:
        """Tried once for each kind of step, by a trainer of its own, on noise; a subclass, and networks, layers or
        optimizers that are not the recipe's, may compute what was not tried, as does torch's older spectral norm, a
        hook before a layer (nobody looks for other hooks). And sizes must be round: torch cuts long tensors into equal
        parts, and computes the last, less than 64 numbers of a part one by one, which may round otherwise."""
        recipe = self.recipe
        sizes = (recipe.latent_dim, *recipe.generator_widths, *recipe.discriminator_widths)
        if any(size % 16 for size in sizes) or recipe.batch_size % 8 or recipe.minibatch_statistics != "none":
            return None
        if (type(self), *map(type, self.networks().values())) != _TRIED:
            return None
        layers = [m for n in self.networks().values() for m in n.layers.children()]  # type: ignore[union-attr]
        if any(type(m) not in _LAYERS or m._forward_pre_hooks for m in layers):
            return None
        if not all(isinstance(optimizer, BareOptimizer) for optimizer in self.optimizers().values()):
            return None
        return partial(_alike_now, recipe)


_TRIED: tuple[type, ...] = (AdversarialTrainer, MLPGenerator, MLPDiscriminator)
_LAYERS = {nn.Linear, BatchNorm1d, nn.ReLU, nn.Tanh, nn.Flatten, nn.LeakyReLU}


def _alike_now(recipe: Recipe) -> bool:
    """:func:`_alike` for what decides how a step is computed; rates, say, do not."""
    matters = (*recipe.structure, "objective", "penalty", "batch_size", "optimizer", "precision")
    # what these words mean now: a notebook may say otherwise in its next cell
    kinds = (OBJECTIVES[recipe.objective], PENALTIES[recipe.penalty], OPTIMIZERS[recipe.optimizer])
    try:
        return _alike(
            tuple((name, getattr(recipe, name)) for name in matters), kinds, torch.get_default_dtype()
        )
    except TypeError:  # an entry of a notebook's own that has a list, say, and no hash
        return False


@cache
def _alike(settings: tuple[tuple[str, Any], ...], *_: Any) -> bool:
    """Whether all is the same to the last bit after two steps with one thread and with few, and what they measured."""
    recipe = Recipe("tried", **dict(settings))
    pixels = np.random.default_rng(0).integers(0, 256, (recipe.batch_size, 28, 28), np.uint8)
    results = []
    for count in (1, threads.FEW):
        trainer = AdversarialTrainer(pixels, recipe, device="cpu")
        with threads.exactly(count):
            measured = [trainer.update().nan_to_num() for _ in range(2)]  # no penalty, no slope
        results.append([*measured, *tensors_of(trainer.state_dict()).values()])
    return all(map(torch.equal, *results))


@dataclass(frozen=True, eq=False)
class PointCloud:
    """The empirical distribution of given points (k, 2): each of them is drawn with probability 1 / k.

    Raises
    ------
    ValueError
        for an array that does not hold at least one finite point of the plane.
    """

    points: np.ndarray
    has_density: ClassVar[bool] = False
    modes: ClassVar[np.ndarray] = np.empty((0, 2))

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", checks.points("points", self.points, dim=2).copy())

    def __repr__(self) -> str:
        return f"<PointCloud: {len(self.points):,} points>"

    def sample(self, n: int, generator: np.random.Generator) -> np.ndarray:
        return self.points[generator.integers(len(self.points), size=n)]


class PointTrainer(AdversarialLoop):
    """The adversarial loop on points of the plane; samples are points (n, 2), not bounded by anything.

    Parameters
    ----------
    distribution : anything with ``.sample(n, numpy generator) -> (n, 2)``, such as those of
        :mod:`course_utils.toy`, or an array of points (k, 2), which are then drawn with replacement. It may be
        replaced while the training goes on.
    recipe : a :class:`~course_utils.gan.recipes.Recipe` of the architecture "points".
    device, seed : see :class:`~course_utils.gan.adversarial.AdversarialLoop`.
    **overrides : settings of the recipe to replace.

    Raises
    ------
    ValueError
        for a recipe that is not for points, or an array that holds none.
    """

    def __init__(
        self,
        distribution: Any,
        recipe: Recipe = POINTS,
        *,
        device: str | torch.device | None = None,
        seed: int = 0,
        **overrides: Any,
    ):
        recipe = checks.instance(
            "recipe", recipe, Recipe, "a Recipe, such as POINTS", "after the distribution"
        )
        recipe = recipe.replace(**overrides)
        if ARCHITECTURES[recipe.architecture].makes != "points":
            raise ValueError(
                f"architecture is {recipe.architecture!r}, which makes pictures: for points of the plane it must be "
                "'points'."
            )
        if recipe.conditional:
            raise ValueError(
                f"conditioning is {recipe.conditioning!r}, but points of the plane come without labels: it must be "
                "'none'."
            )
        if not hasattr(distribution, "sample"):
            advice = "or anything with .sample(n, generator), such as ring()"
            distribution = PointCloud(checks.points("distribution", distribution, dim=2, advice=advice))
        self.distribution = distribution
        self._draws = np.random.default_rng(checks.whole("seed", seed, 0, 2**63 - 2, "such as 0"))
        super().__init__(recipe, device=device, seed=seed)

    recordable = False  # points are drawn on the CPU

    def real_batch(self) -> Tensor:
        """m fresh points of the distribution, (m, 2)."""
        points = self.distribution.sample(self.recipe.batch_size, self._draws)
        return torch.as_tensor(points, dtype=torch.get_default_dtype(), device=self.device)

    def turn(self, player: str = "both") -> Tensor:
        """One :meth:`step`, or one gradient step of a single player; returns the METRICS, and logs them.

        What a single step does not measure keeps its last number (NaN where there is none).

        Raises
        ------
        ValueError
            for a player who is not in :data:`PLAYERS`.
        """
        if checks.one_of("player", player, PLAYERS) == "both":
            return self.step()
        self.prepare()
        with self.gradients():
            if player == "discriminator":
                measured = self.discriminator_step()._asdict()
            else:
                measured = {"generator_loss": self.generator_step()}
        values = self.row(**{name: self.log.last(name) for name in self.quantities} | measured)
        self.log.append(values, measured)
        return values

    def own_state(self) -> dict[str, Any]:
        return super().own_state() | {"draws": self._draws.bit_generator.state}

    def load_own_state(self, state: dict[str, Any]) -> None:
        """As of any trainer; ``distribution`` is no part of a state."""
        super().load_own_state(state)
        self._draws.bit_generator.state = state["draws"]
