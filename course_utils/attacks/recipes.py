"""How the networks that name digits are trained: on clean pictures, or against an adversary."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from course_utils.attacks.networks import NETWORKS
from course_utils.checks import not_negative, one_of, switch, whole
from course_utils.training import ModelSettings


@dataclass(frozen=True)
class DigitRecipe(ModelSettings):
    """How to train a network that names digits (L0, "Adversarial Training via FGSM").

    The network
        ``architecture`` is a name in :data:`~course_utils.attacks.NETWORKS`; ``begins_with`` is the recipe whose
        trained network it begins with, or "" for fresh weights.
    The adversary
        ``attack_steps`` is L0's J (0: none, clean pictures), ``step_size`` its epsilon_2, and ``epsilon`` the delta
        that its listing names. ``project`` brings each step back into the ball of that size, ``clamp`` into [0, 1];
        L0's listing does neither. ``random_start`` begins anywhere in the ball. Sizes rise in a straight line over
        the first ``ramp`` steps.
    The steps
        ``batch_size`` pictures each; Adam's rate is L0's epsilon_1, and falls to 0 over ``decay_steps``.
    """

    architecture: str = "cnn"
    begins_with: str = ""
    attack_steps: int = 0
    epsilon: float = 0.3
    step_size: float = 0.15
    project: bool = True
    clamp: bool = True
    random_start: bool = True
    ramp: int = 0
    quick_steps: int = 880
    full_steps: int = 880

    structure: ClassVar = ("architecture",)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check(
            architecture=partial(one_of, choices=NETWORKS),
            begins_with=partial(one_of, choices=("", *STARTS)),
            attack_steps=partial(whole, at_least=0),
            epsilon=not_negative,
            step_size=not_negative,
            project=switch,
            clamp=switch,
            random_start=switch,
            ramp=partial(whole, at_least=0),
        )


STARTS = ("linear", "mlp", "cnn")
# twice through MNIST, at a rate that falls to 0
CLEAN: dict[str, Any] = {
    "quick_steps": 940,
    "full_steps": 940,
    "decay_steps": 940,
    "model_learning_rate": 3e-3,
}

RECIPES = {
    recipe.name: recipe
    for recipe in (
        DigitRecipe("linear", architecture="linear", **CLEAN),
        DigitRecipe("mlp", architecture="mlp", **CLEAN),
        DigitRecipe("cnn", **CLEAN),
        # one step of the whole size, and nothing random: Goodfellow et al. 2015
        DigitRecipe("fgsm", begins_with="cnn", attack_steps=1, step_size=0.3, random_start=False, ramp=440),
        # Madry et al. 2018 with few steps. Without the ramp the clean network is lost before it learns to withstand.
        DigitRecipe("robust", begins_with="cnn", attack_steps=3, ramp=440),
    )
}
