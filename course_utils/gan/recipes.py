"""Complete, named settings of a training run: everything that is needed to repeat it, in one printable object."""

from dataclasses import dataclass, fields, replace

from course_utils.gan.networks import MLPDiscriminator, MLPGenerator
from course_utils.gan.objectives import OBJECTIVES


@dataclass(frozen=True)
class Recipe:
    """How to train a generator and a discriminator.

    ``discriminator_steps`` is L0's k, ``batch_size`` its m, and the two learning rates are its epsilon_1 and
    epsilon_2. Both players use Adam with the same ``betas``; the small first one is Radford et al.'s (2015) advice,
    because momentum makes a two-player game overshoot.
    """

    name: str
    objective: str = "non-saturating"
    latent_dim: int = 64
    generator_widths: tuple[int, ...] = (128, 256)
    discriminator_widths: tuple[int, ...] = (256, 128)
    batch_size: int = 64
    discriminator_steps: int = 1
    generator_learning_rate: float = 1e-3
    discriminator_learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.5, 0.999)

    def __post_init__(self):
        if self.objective not in OBJECTIVES:
            raise ValueError(f"objective is {self.objective!r}; it must be one of {', '.join(OBJECTIVES)}.")
        for name in ("latent_dim", "batch_size", "discriminator_steps"):
            if not isinstance(value := getattr(self, name), int) or value < 1:
                raise ValueError(f"{name} is {value!r}; it must be a whole number of at least 1.")
        for name in ("generator_learning_rate", "discriminator_learning_rate"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be positive.")

    def make_networks(self) -> tuple[MLPGenerator, MLPDiscriminator]:
        """A fresh generator and discriminator, their weights drawn from torch's global generator."""
        return (
            MLPGenerator(self.latent_dim, self.generator_widths),
            MLPDiscriminator(self.discriminator_widths),
        )


RECIPES = {recipe.name: recipe for recipe in [Recipe("mlp")]}


def get_recipe(recipe: str | Recipe, **overrides) -> Recipe:
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
    settings = [f.name for f in fields(Recipe)]
    for name in overrides:
        if name not in settings:
            raise ValueError(f"a recipe has no setting {name!r}; it has: {', '.join(settings)}.")
    return replace(recipe, **overrides)
