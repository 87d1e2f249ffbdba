"""What every recipe of a training run has and can do, whatever is trained."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, ClassVar, Self

from torch import nn
from torch.optim import Optimizer

from course_utils import runtime
from course_utils.checks import each, instance, number, one_of, positive, whole
from course_utils.optimizers import OPTIMIZERS, make_optimizer


class Settings:
    """The base of recipes: frozen dataclasses that have at least these fields, in an order of their own.

    Beside them a recipe has one ``PART_learning_rate`` for each part that is trained (see
    :class:`~course_utils.training.loop.TrainingLoop`). ``structure`` names the settings that decide how the networks
    look: they cannot change while these networks train.
    """

    name: str
    optimizer: str  # a name in course_utils.optimizers.OPTIMIZERS
    betas: tuple[float, float]  # Adam's
    decay_steps: int  # all rates fall to zero in a straight line over so many steps; 0: they stay
    ema: float  # the decay of the average of the weights; 0: none
    precision: str  # "float32" or "bfloat16"
    quick_steps: int
    full_steps: int
    structure: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        share = partial(number, interval="[0, 1)")
        self._check(
            name=partial(instance, kind=str, expected="a word"),
            optimizer=partial(one_of, choices=OPTIMIZERS),
            betas=partial(each, check=share, count=2, advice="such as (0.5, 0.999)"),
            decay_steps=partial(whole, at_least=0),
            ema=partial(share, advice="and 0.999 is usual"),
            precision=partial(one_of, choices=("float32", "bfloat16")),
            quick_steps=whole,
            full_steps=whole,
            **dict.fromkeys([name for name in self._names() if name.endswith("_learning_rate")], positive),
        )

    def _check(self, **checks: Callable[[str, Any], Any]) -> None:
        """Put settings through a check of :mod:`course_utils.checks` each, and keep what it gives back."""
        for name, check in checks.items():
            object.__setattr__(self, name, check(name, getattr(self, name)))

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
        known = self._names()
        for name in settings:
            if name not in known:
                raise ValueError(f"a recipe has no setting {name!r}; it has: {', '.join(known)}.")
        return dataclasses.replace(self, **settings)  # type: ignore[type-var]

    @classmethod
    def named(cls, recipe: str | Self, recipes: Mapping[str, Self], **overrides: Any) -> Self:
        """The recipe of that name (or the recipe itself), with some of its settings replaced.

        Raises
        ------
        ValueError
            for an unknown name, another kind of recipe, an unknown setting or a bad value.
        """
        if isinstance(recipe, str):
            recipe = recipes[one_of("recipe", recipe, recipes)]
        article = "an" if cls.__name__[0] in "AEIOU" else "a"
        instance("recipe", recipe, cls, f"{article} {cls.__name__}, or one of {', '.join(recipes)}")
        return recipe.replace(**overrides)

    def difference(self, other: Self) -> dict[str, tuple[Any, Any]]:
        """The settings in which the two differ: {setting: (value here, value there)}."""
        pairs = {name: (getattr(self, name), getattr(other, name)) for name in self._names()}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    def learning_rate(self, part: str) -> float:
        """The rate of that part at the first step."""
        return float(getattr(self, f"{part}_learning_rate"))

    def make_optimizer(self, part: str, network: nn.Module) -> Optimizer:
        """A fresh optimizer of that part's weights."""
        return make_optimizer(self.optimizer, network.parameters(), self.learning_rate(part), self.betas)

    def _names(self) -> list[str]:
        return [field.name for field in fields(self)]  # type: ignore[arg-type]


@dataclass(frozen=True)
class ModelSettings(Settings):
    """The settings of a recipe that trains one network, the part ``model``, on minibatches; a recipe adds its own.

    Its rate is ``model_learning_rate``, and a minibatch has ``batch_size`` samples.
    """

    name: str
    batch_size: int = 128
    optimizer: str = "adam"
    model_learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    decay_steps: int = 0
    ema: float = 0.0
    precision: str = "float32"
    quick_steps: int = 2_000
    full_steps: int = 20_000

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check(batch_size=whole)
