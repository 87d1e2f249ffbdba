"""Complete settings of a training run, with the terms of the loss as weights."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from course_utils.checks import each, not_negative, one_of, switch, whole
from course_utils.training import Settings
from course_utils.translation.losses import GAMES
from course_utils.translation.networks import ARCHITECTURES


@dataclass(frozen=True)
class CycleRecipe(Settings):
    """How to train two translators G: x -> y and F: y -> x against two critics.

    The networks
        ``architecture`` "mlp" or "conv" with ``widths`` for both translators (none: affine maps) and ``critic_widths``;
        ``given_encoder``: G draws from the features of a given network, DTN's g(f(x)).
    The loss of the translators
        gan_weight (adversarial terms) + cycle_weight (lambda) * cycle + identity_weight * (|G(y) - y| + |F(x) - x|)
        + constancy_weight * |f(G(x)) - f(x)|^2 + transport_weight * (|G(x) - x|^2 + |F(y) - y|^2), with means over
        pixels. ``game`` is "lsgan" (Mao et al. 2017) or DTN's "three-class".
    The steps
        ``batch_size`` on each side; ``pool`` made samples are remembered for the critics (0: none). The rest as of any
        recipe.
    """

    name: str
    architecture: str = "mlp"
    widths: tuple[int, ...] = (256, 256)
    critic_widths: tuple[int, ...] = (256, 128)
    given_encoder: bool = False
    game: str = "lsgan"
    gan_weight: float = 1.0
    cycle_weight: float = 10.0
    identity_weight: float = 0.0
    constancy_weight: float = 0.0
    transport_weight: float = 0.0
    pool: int = 50
    batch_size: int = 32
    optimizer: str = "adam"
    generators_learning_rate: float = 5e-4
    critics_learning_rate: float = 5e-4
    betas: tuple[float, float] = (0.5, 0.999)
    decay_steps: int = 0
    ema: float = 0.0
    precision: str = "float32"
    quick_steps: int = 1_000
    full_steps: int = 4_000

    structure: ClassVar = ("architecture", "widths", "critic_widths", "given_encoder", "game")

    def __post_init__(self) -> None:
        super().__post_init__()
        positive_widths = partial(each, check=whole, advice="such as (256, 256)")
        affine = isinstance(self.widths, tuple | list) and not self.widths and self.architecture == "mlp"
        self._check(
            architecture=partial(one_of, choices=ARCHITECTURES),
            widths=(lambda name, value: ()) if affine else positive_widths,
            critic_widths=positive_widths,
            given_encoder=switch,
            game=partial(one_of, choices=GAMES),
            gan_weight=not_negative,
            cycle_weight=not_negative,
            identity_weight=not_negative,
            constancy_weight=not_negative,
            transport_weight=not_negative,
            pool=partial(whole, at_least=0),
            batch_size=whole,
        )
        if not (self.gan_weight or self.cycle_weight):
            raise ValueError("gan_weight and cycle_weight are both 0: nothing is left to learn from.")

    @property
    def needs_encoder(self) -> bool:
        """Whether a given network f takes part."""
        return self.given_encoder or self.constancy_weight > 0


_CYCLE = CycleRecipe("cycle")
RECIPES = {
    recipe.name: recipe
    for recipe in (
        _CYCLE,
        # Zhu et al. weigh the identity with half of lambda (section 5.2).
        _CYCLE.replace(name="cycle-identity", identity_weight=5.0),
        _CYCLE.replace(
            name="cycle-conv",
            architecture="conv",
            widths=(16, 16),
            critic_widths=(16, 32),
            batch_size=16,
            generators_learning_rate=2e-3,
        ),
        _CYCLE.replace(
            name="cycle-points",
            widths=(64, 64),
            critic_widths=(64, 64),
            batch_size=128,
            pool=512,
            generators_learning_rate=1e-3,
            critics_learning_rate=1e-3,
        ),
        # Taigman et al. 2017: no second translator counts, and the five tricks that L1 lists.
        _CYCLE.replace(
            name="dtn",
            given_encoder=True,
            game="three-class",
            cycle_weight=0.0,
            identity_weight=5.0,
            constancy_weight=5.0,
        ),
    )
}
