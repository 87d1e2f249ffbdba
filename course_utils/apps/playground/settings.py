"""The controls of the playground, and what they stand for: the settings of a recipe."""

from collections.abc import Callable, Collection, Mapping
from math import log
from typing import Any

from course_utils.apps.frame import PLAYBACK
from course_utils.apps.frame.controls import Button, Choice, Heading, Slider, Toggle, Upload
from course_utils.apps.playground.own_data import BLOB, DRAWN, GIVEN
from course_utils.gan.objectives import OBJECTIVES
from course_utils.gan.penalties import PENALTIES
from course_utils.gan.playground import DATA, Data, Session
from course_utils.gan.playground.presets import PRESETS
from course_utils.gan.recipes import Recipe
from course_utils.gan.trainer import POINTS

OWN = "my own"  # the experiment of who has changed something

LOSSES = {
    "minimax (saturating)": ("minimax", "none"),
    "minimax, R1": ("minimax", "r1"),
    "non-saturating": ("non-saturating", "none"),
    "non-saturating, R1": ("non-saturating", "r1"),
    "relativistic": ("relativistic", "none"),
    "relativistic, R1 + R2": ("relativistic", "r1+r2"),
    "Wasserstein, clipped": ("wasserstein", "clip"),
    "Wasserstein, GP": ("wasserstein", "gp"),
    "Wasserstein, LP": ("wasserstein", "lp"),
    "Wasserstein, unrestrained": ("wasserstein", "none"),
    "least squares": ("least squares", "none"),
    "least squares, (−1, 1, 0)": ("least squares, (-1, 1, 0)", "none"),
    "hinge": ("hinge", "none"),
    "EBGAN": ("margin", "none"),
    "BEGAN": ("balanced", "none"),
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
CONTROLS = (
    Choice("preset", "experiment", (OWN, *PRESETS), OWN),
    Button("defaults", "Defaults", "all settings as in the beginning, and a new start"),
    Choice("data", "data", (*DATA, BLOB, DRAWN, GIVEN), "ring"),
    Button("clear_drawing", "Clear drawing", "start an empty drawing; click or paint into the plane"),
    Upload("upload", "CSV: x, y", ".csv,.txt"),
    Choice("loss", "loss", tuple(LOSSES), "non-saturating"),
    Choice("clip", "clipping, c", tuple(CLIPS), "0.1"),
    Choice("weight", "penalty, λ", tuple(WEIGHTS), "1"),
    Choice("optimizer", "optimizer", tuple(OPTIMIZERS), "Adam"),
    Choice("rate_d", "rate of D", tuple(RATES), "1e-3"),
    Choice("rate_g", "rate of G", tuple(RATES), "1e-3"),
    Slider("k_d", "D steps", 1, 10, 1, 1, integer=True),
    Slider("k_g", "G steps", 1, 10, 1, 1, integer=True),
    Slider("noise", "noise for D", 0.0, 1.0, 0.0, 0.05),
    Heading("new networks, a new start"),
    Choice("width", "width", tuple(WIDTHS), "64"),
    Slider("depth", "layers", 1, 4, 2, 1, integer=True),
    Slider("seed", "seed", 0, 9, 0, 1, integer=True),
    Toggle("statistics", "D sees minibatch statistics"),
)
BELOW = (
    *PLAYBACK[:2],  # Play and Pause
    Button("d_step", "D step", "one gradient step of D, or of the critic"),
    Button("g_step", "G step", "one gradient step of G"),
    Button("full_step", "Full step", "k steps of D, then of G"),
    Button("reset", "Reset", "the same seed and settings again, from the start"),
    Button("share", "Share", "one line of code that reproduces this run exactly"),
    Slider("time", "time", 0, 10**7, 0, 1, integer=True),
    Toggle("surface", "surface of D or f", True),
    Toggle("arrows", "arrows", True),
    Toggle("manifold", "manifold", True),
    Toggle("slow", "slow motion"),
    Toggle("compare", "compare with this"),
)
PARTS = ("surface", "arrows", "manifold")  # of the picture of the plane
VIEW = {"time", "slow", *PARTS, "compare"}  # these change no run
STRUCTURE = {"width", "depth", "statistics", "seed"}  # these take new networks
CODE = 2  # numbers through which an autoencoder passes a point of the plane: with one it knows curves only
# what to call settings that no control shows, where their own names are no words
WORDS = {
    "balance_rate": "BEGAN's λₖ, the rate of its k,",
    "gamma": "BEGAN's γ",
    "margin": "EBGAN's margin m",
    "betas": "Adam's betas",
    "ema": "the decay of G's average",
    "latent_dim": "the length of z",
    "generator_widths": "the widths of G",
    "discriminator_widths": "the widths of D",
}
# controls, and what they set in a recipe while it runs
SETTINGS_OF: dict[str, Callable[[Any], dict[str, Any]]] = {
    "loss": lambda label: dict(zip(("objective", "penalty"), LOSSES[label], strict=True)),
    "clip": lambda label: {"clip": CLIPS[label]},
    "weight": lambda label: {"penalty_weight": WEIGHTS[label]},
    "optimizer": lambda label: {"optimizer": OPTIMIZERS[label]},
    "rate_d": lambda label: {"discriminator_learning_rate": RATES[label]},
    "rate_g": lambda label: {"generator_learning_rate": RATES[label]},
    "k_d": lambda steps: {"discriminator_steps": steps},
    "k_g": lambda steps: {"generator_steps": steps},
    "noise": lambda deviation: {"instance_noise": deviation},
}


def settings(values: Mapping[str, Any], names: Collection[str] = SETTINGS_OF.keys()) -> dict[str, Any]:
    """The recipe's settings that may change while it runs, from the values of the controls of these names."""
    together: dict[str, Any] = {}
    for name, setting in SETTINGS_OF.items():
        if name in names:
            together |= setting(values[name])
    return together


def structure(values: Mapping[str, Any], names: Collection[str] = STRUCTURE) -> dict[str, Any]:
    """The recipe's settings that decide how the networks look, from the values of the controls of these names."""
    together: dict[str, Any] = {}
    if {"width", "depth"} & set(names):
        widths = (WIDTHS[values["width"]],) * values["depth"]
        energies = is_energy(values["loss"])
        together |= {
            "architecture": "points, autoencoder" if energies else POINTS.architecture,
            "generator_widths": widths,
            "discriminator_widths": (*widths, CODE) if energies else widths,
        }
    if "statistics" in names:
        together["minibatch_statistics"] = "stddev" if values["statistics"] else "none"
    return together


def is_energy(loss: str) -> bool:
    """Whether this loss needs an autoencoder as its critic."""
    return OBJECTIVES[LOSSES[loss][0]].energies


def session(recipe: Recipe, data: Data, seed: int, bug: str = "none") -> Session:
    """A new session with this recipe; its shared line names only what differs from the usual settings."""
    own = {name: here for name, (here, _) in recipe.difference(POINTS).items()}
    return Session(data, seed, bug=bug, **own)


def values_of(recipe: Recipe) -> dict[str, Any]:
    """The other way round: where the controls stand when this recipe is played, or the nearest that they can show."""
    pair = recipe.objective, recipe.penalty
    alike = (label for label, (objective, _) in LOSSES.items() if objective == recipe.objective)
    return {
        "loss": next((label for label, value in LOSSES.items() if value == pair), None) or next(alike),
        "clip": _nearest(CLIPS, recipe.clip),
        "weight": _nearest(WEIGHTS, recipe.penalty_weight),
        "optimizer": next(label for label, value in OPTIMIZERS.items() if value == recipe.optimizer),
        "rate_d": _nearest(RATES, recipe.discriminator_learning_rate),
        "rate_g": _nearest(RATES, recipe.generator_learning_rate),
        "k_d": min(recipe.discriminator_steps, 10),
        "k_g": min(recipe.generator_steps, 10),
        "noise": min(recipe.instance_noise, 1.0),
        "width": _nearest(WIDTHS, recipe.generator_widths[0]),
        "depth": min(len(recipe.generator_widths), 4),
        "statistics": recipe.minibatch_statistics != "none",
    }


def not_shown(recipe: Recipe, usual: Recipe) -> dict[str, Any]:
    """The settings of a recipe that no control shows: {setting: its value}."""
    values = values_of(recipe)
    shown = settings(values) | structure(values)
    return {
        name: here
        for name, (here, _) in recipe.difference(usual.replace(**shown)).items()
        if name not in ("name", "quick_steps", "full_steps")
    }


def words(name: str) -> str:
    """What to call a setting of a recipe before a student."""
    return WORDS.get(name, name.replace("_", " "))


def disabled(recipe: Recipe) -> dict[str, str]:
    """The controls that do nothing with this recipe, and why."""
    reasons, penalty = {}, PENALTIES[recipe.penalty]
    if not penalty.clips:
        reasons["clip"] = 'no weight is clipped: this is for the loss "Wasserstein, clipped"'
    if penalty.of_slopes is None:
        reasons["weight"] = "this loss has no penalty on slopes (GP, LP, R1 or R2)"
    else:
        reasons["statistics"] = (
            f"{recipe.penalty.upper()} needs the slope at each single point, and minibatch statistics mix the points: "
            "choose a loss without it first"
        )
    if OBJECTIVES[recipe.objective].energies:
        reasons["statistics"] = "an autoencoder judges each point by its own error"
    return reasons


def settle_conflict(values: dict[str, Any], changed: set[str]) -> tuple[set[str], str]:
    """A penalty on slopes needs them at single points, which minibatch statistics mix, and an autoencoder has none: the
    older wish yields.

    Returns the names of the controls that have changed, the one that had to yield included, and what to say about it.
    """
    objective, penalty = LOSSES[values["loss"]]
    energies = is_energy(values["loss"])
    if not (values["statistics"] and (energies or PENALTIES[penalty].of_slopes is not None)):
        return changed, ""
    why = "the penalty needs the slope at each single point, and minibatch statistics mix the points"
    if energies:
        why = "an autoencoder has none"
    if "loss" in changed:
        values["statistics"] = False
        return changed | {"statistics"}, f"Minibatch statistics are switched off: {why}."
    values["loss"] = {"wasserstein": "Wasserstein, clipped", "relativistic": "relativistic"}.get(
        objective, "minimax (saturating)" if objective == "minimax" else "non-saturating"
    )
    return changed | {"loss"}, f"The loss is now {values['loss']}: {why}."


def _nearest(table: Mapping[str, float], meant: float) -> str:
    return min(table, key=lambda label: abs(log(table[label] / max(meant, 1e-12))))
