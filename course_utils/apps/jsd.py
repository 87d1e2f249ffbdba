"""Lesson 1's app: move two densities and watch KL both ways, JSD, D* and the value of the game."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.special import ndtri

from course_utils.apps import frame
from course_utils.apps.frame import Choice, Controller, Handle, Heading, Slider, show
from course_utils.apps.states import jsd as named
from course_utils.divergences import (
    gan_value,
    js_divergence_continuous,
    js_integrand,
    kl_divergence_continuous,
    optimal_discriminator,
)
from course_utils.plots import palette
from course_utils.plots.divergences import LOG_2, DivergencePanels
from course_utils.plots.layout import number

BELL, BLOCK = "bell curves", "blocks"
ROOT_3 = 3**0.5  # from a block's middle to its edge, in standard deviations
FREE = "as the sliders say"
PRESETS = {
    "equal": {"p1": -1.5, "p2": 1.5, "p_width": 0.7, "p_weight": 0.5,
              "g1": -1.5, "g2": 1.5, "g_width": 0.7, "g_weight": 0.5},
    "a first guess": {"p1": -2.0, "p2": 2.0, "p_width": 0.6, "p_weight": 0.5,
                      "g1": 0.0, "g2": 0.0, "g_width": 1.0, "g_weight": 0.5},
    "only one mode": {"p1": -2.0, "p2": 2.0, "p_width": 0.6, "p_weight": 0.5,
                      "g1": 2.0, "g2": 2.0, "g_width": 0.6, "g_weight": 0.5},
    "covers everything": {"p1": -2.0, "p2": 2.0, "p_width": 0.6, "p_weight": 0.5,
                          "g1": -1.0, "g2": 1.0, "g_width": 2.0, "g_weight": 0.5},
    "far apart": {"p1": -4.0, "p2": -4.0, "p_width": 0.4, "p_weight": 0.5,
                  "g1": 4.0, "g2": 4.0, "g_width": 0.4, "g_weight": 0.5},
}  # fmt: skip


@dataclass(frozen=True)
class Bump:
    """A bell curve or a block, of this mean and standard deviation: what ``divergences`` asks of a distribution. (Those
    of scipy.stats would do as well, but check so much at every call that no slider could be dragged.)"""

    shape: str
    mean: float
    std: float

    def logpdf(self, x: np.ndarray) -> np.ndarray:
        if self.shape == BELL:
            return -(((x - self.mean) / self.std) ** 2) / 2 - np.log(self.std * (2 * np.pi) ** 0.5)
        left, right = self.support()
        return np.where((left <= x) & (x <= right), -np.log(2 * ROOT_3 * self.std), -np.inf)

    def support(self) -> tuple[float, float]:
        reach = np.inf if self.shape == BELL else ROOT_3 * self.std
        return self.mean - reach, self.mean + reach

    def ppf(self, level: np.ndarray) -> np.ndarray:
        return self.mean + self.std * self._standard_quantile(level)

    def isf(self, level: np.ndarray) -> np.ndarray:
        return self.mean - self.std * self._standard_quantile(level)

    def _standard_quantile(self, level: np.ndarray) -> np.ndarray:
        quantile: np.ndarray = ndtri(level) if self.shape == BELL else ROOT_3 * (2 * level - 1)
        return quantile


@dataclass(frozen=True)
class Bumps:
    """Two of them, the first with the given weight."""

    components: tuple[Bump, Bump]
    weights: tuple[float, float]

    def logpdf(self, x: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return np.logaddexp(
                *(np.log(w) + c.logpdf(x) for w, c in zip(self.weights, self.components, strict=True))
            )

    def support(self) -> tuple[float, float]:
        left, right = zip(*(c.support() for c in self.components), strict=True)
        return min(left), max(right)


class JSDController(Controller):
    """Two mixtures of two bumps each: p* (data) and p_G (generator). A bump is a bell curve or a block.

    With bell curves every divergence is finite, however large. Blocks end, so KL becomes infinite as soon as one
    density has mass where the other has none, while the JSD only reaches log 2.
    """

    title = "How far is the generator from the data?"
    alt = "two densities, the best discriminator, the JSD's integrand; KL both ways, JSD and the game's value as bars"
    states = named.STATES
    main = ("preset", "shape", "g1")
    size = (8.8, 4.6)
    controls = (
        Choice("preset", "start from", (FREE, *PRESETS), "a first guess"),
        Choice("shape", "bumps are", (BELL, BLOCK), BELL),
        Heading("data p*", palette.DATA),
        Slider("p1", "p*, mean 1", -5, 5, -2.0, 0.1),
        Slider("p2", "p*, mean 2", -5, 5, 2.0, 0.1),
        Slider("p_width", "p*, width σ", 0.1, 2, 0.6, 0.05),
        Slider("p_weight", "p*, weight of 1", 0, 1, 0.5, 0.05),
        Heading("generator p_G", palette.GENERATOR),
        Slider("g1", "p_G, mean 1", -5, 5, 0.0, 0.1),
        Slider("g2", "p_G, mean 2", -5, 5, 0.0, 0.1),
        Slider("g_width", "p_G, width σ", 0.1, 2, 1.0, 0.05),
        Slider("g_weight", "p_G, weight of 1", 0, 1, 0.5, 0.05),
    )
    x = np.linspace(-8, 8, 801)

    def __init__(self) -> None:
        super().__init__()
        self.changed({})

    def _mixture(self, side: str) -> Bumps:
        v = self.values
        bumps = (Bump(v["shape"], v[f"{side}{k}"], v[f"{side}_width"]) for k in (1, 2))
        return Bumps((next(bumps), next(bumps)), (v[f"{side}_weight"], 1 - v[f"{side}_weight"]))

    def changed(self, values: Mapping[str, Any]) -> None:
        if values.get("preset", FREE) != FREE:
            self.values.update(PRESETS[values["preset"]])
        elif set(values) - {"preset", "shape"}:
            self.values["preset"] = FREE  # a moved slider has left the preset
        self.p_star, self.p_g = self._mixture("p"), self._mixture("g")
        self.divergences = {
            "kl_p_g": kl_divergence_continuous(self.p_star, self.p_g),
            "kl_g_p": kl_divergence_continuous(self.p_g, self.p_star),
            "jsd": js_divergence_continuous(self.p_star, self.p_g),
            "value": gan_value(optimal_discriminator(self.p_star, self.p_g), self.p_star, self.p_g),
        }

    def make_panels(self, figure: Figure) -> DivergencePanels:
        return DivergencePanels(figure)

    def update(self) -> None:
        log_p, log_q = self.p_star.logpdf(self.x), self.p_g.logpdf(self.x)
        p, q = np.exp(log_p), np.exp(log_q)
        d = optimal_discriminator(self.p_star, self.p_g)(self.x)
        d = np.where(np.isneginf(log_p) & np.isneginf(log_q), np.nan, d)  # where nothing lies, any D is best
        integrand = js_integrand(self.p_star, self.p_g)(self.x)
        means = {name: self.values[name] for name in ("p1", "p2", "g1", "g2")}
        self.panels.update(self.x, p, q, d, integrand, self.divergences, means)

    def handles(self) -> dict[str, Handle]:
        return {
            name: Handle(self.panels.densities, *grip.get_position())
            for name, grip in self.panels.grips.items()
        }

    def drag(self, name: str, x: float, y: float, phase: str) -> None:
        self.slide(**{name: x})

    def status(self) -> str:
        jsd, value = self.divergences["jsd"], self.divergences["value"]
        return (
            f"JSD = {number(jsd, 4)} nats, {100 * jsd / LOG_2:.0f} % of log 2. The best discriminator reaches "
            f"V(D*) = {number(value, 4)}, and 2 JSD − 2 log 2 = {number(2 * jsd - 2 * LOG_2, 4)}."
        )


def jsd_app(*, scale: float = 1.0) -> "frame.App":
    """Lesson 1's app, ready to show; ``scale=1.4`` for a projector."""
    return show(JSDController(), scale=scale)
