"""Train a GAN or a WGAN on points of the plane."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from course_utils.gan.adversarial import AdversarialLoop
from course_utils.gan.recipes import Recipe

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

    def __post_init__(self):
        points = np.array(self.points, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0 or not np.isfinite(points).all():
            raise ValueError(
                "a cloud needs finite points of the plane, an array of shape (k, 2) with k >= 1; got shape "
                f"{points.shape}."
            )
        object.__setattr__(self, "points", points)

    @property
    def modes(self) -> np.ndarray:
        return np.empty((0, 2))

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
        recipe = recipe.replace(**overrides)
        if recipe.architecture != "points":
            raise ValueError(
                f"architecture is {recipe.architecture!r}, which makes pictures: for points of the plane it must be "
                "'points'."
            )
        self.distribution = distribution if hasattr(distribution, "sample") else PointCloud(distribution)
        self._draws = np.random.default_rng(seed)
        super().__init__(recipe, device=device, seed=seed)

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
        if player not in PLAYERS:
            raise ValueError(f"player is {player!r}; it must be one of {', '.join(PLAYERS)}.")
        if player == "both":
            return self.step()
        self.generator.train()
        self.discriminator.train()
        self._set_rates()
        last = self.log.table()[-1:]
        values = last[0].clone() if len(last) else torch.full((last.shape[1],), torch.nan, device=self.device)
        if player == "discriminator":
            values[0], values[2], values[3], values[4] = self.discriminator_step()
        else:
            values[1] = self.generator_step()
        self.log.append(values)
        return values

    def state_dict(self) -> dict[str, Any]:
        return super().state_dict() | {"draws": self._draws.bit_generator.state}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """As of any trainer; ``distribution`` is no part of a state."""
        super().load_state_dict(dict(state))
        self._draws.bit_generator.state = state["draws"]
