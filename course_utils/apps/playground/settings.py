"""What the controls of the playground stand for: their labels, and the settings of a recipe."""

from collections.abc import Mapping
from typing import Any

from course_utils.gan.recipes import Recipe

LOSSES = {
    "minimax (saturating)": ("minimax", "none"),
    "non-saturating": ("non-saturating", "none"),
    "Wasserstein, clipped": ("wasserstein", "clip"),
    "Wasserstein, GP": ("wasserstein", "gp"),
    "Wasserstein, LP": ("wasserstein", "lp"),
}
OPTIMIZERS = {
    "Adam": "adam",
    "Optimistic Adam": "optimistic-adam",
    "SGD": "sgd",
    "Optimistic SGD": "optimistic-sgd",
    "RMSprop": "rmsprop",
}
RATES = {label: float(label) for label in ("1e-5", "1e-4", "3e-4", "1e-3", "3e-3", "1e-2", "3e-2", "1e-1")}
CLIPS = {label: float(label) for label in ("0.001", "0.01", "0.1", "1")}
WEIGHTS = {label: float(label) for label in ("0.1", "1", "10", "100")}
WIDTHS = {label: int(label) for label in ("8", "16", "32", "64", "128")}
STRUCTURE = {"width", "depth", "statistics", "seed"}  # these take new networks
# choices of labels, and which setting of a recipe they stand for
SETTINGS_OF: dict[str, tuple[str, Mapping[str, Any]]] = {
    "optimizer": ("optimizer", OPTIMIZERS),
    "rate_d": ("discriminator_learning_rate", RATES),
    "rate_g": ("generator_learning_rate", RATES),
    "clip": ("clip", CLIPS),
    "weight": ("penalty_weight", WEIGHTS),
}


def settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe's settings that may change while it runs, from the values of the controls."""
    objective, penalty = LOSSES[values["loss"]]
    return {
        "objective": objective,
        "penalty": penalty,
        "discriminator_steps": values["k_d"],
        "generator_steps": values["k_g"],
        "instance_noise": values["noise"],
        **{setting: table[values[name]] for name, (setting, table) in SETTINGS_OF.items()},
    }


def structure(values: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe's settings that decide how the networks look."""
    widths = (WIDTHS[values["width"]],) * values["depth"]
    return {
        "generator_widths": widths,
        "discriminator_widths": widths,
        "minibatch_statistics": "stddev" if values["statistics"] else "none",
    }


def values_of(recipe: Recipe) -> dict[str, Any]:
    """The other way round: where the controls stand when this recipe is played."""
    return {
        "loss": _label(LOSSES, (recipe.objective, recipe.penalty)),
        "k_d": recipe.discriminator_steps,
        "k_g": recipe.generator_steps,
        "noise": recipe.instance_noise,
        "width": str(recipe.generator_widths[0]),
        "depth": len(recipe.generator_widths),
        "statistics": recipe.minibatch_statistics != "none",
        **{name: _label(table, getattr(recipe, setting)) for name, (setting, table) in SETTINGS_OF.items()},
    }


def settle_conflict(values: dict[str, Any], changed: set[str]) -> set[str]:
    """A gradient penalty needs slopes at single points, which minibatch statistics mix: the older wish yields.

    Returns the names of the controls that have changed, the one that had to yield included.
    """
    if values["statistics"] and LOSSES[values["loss"]][1] in ("gp", "lp"):
        if "loss" in changed:
            values["statistics"] = False
            return changed | {"statistics"}
        values["loss"] = "Wasserstein, clipped"
    return changed


def _label(table: Mapping[str, Any], meant: Any) -> str:
    return next(label for label, value in table.items() if value == meant)
