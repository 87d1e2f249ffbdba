"""Lesson 1's app: move two densities and watch KL both ways, JSD, D* and the value of the game."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from course_utils.apps import frame
from course_utils.apps.frame import Choice, Controller, Handle, Heading, Slider, show
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

BUMPS: dict[str, Callable[[float, float], Any]] = {  # both have this mean and this standard deviation
    "bell curves": lambda mean, std: stats.Normal(mu=mean, sigma=std),
    "blocks": lambda mean, std: stats.Uniform(a=mean - 3**0.5 * std, b=mean + 3**0.5 * std),
}
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


class JSDController(Controller):
    """Two mixtures of two bumps each: p* (data) and p_G (generator). A bump is a bell curve or a block.

    With bell curves every divergence is finite, however large. Blocks end, so KL becomes infinite as soon as one
    density has mass where the other has none, while the JSD only reaches log 2.
    """

    title = "How far is the generator from the data?"
    alt = "two densities, the best discriminator, the JSD's integrand; KL both ways, JSD and the game's value as bars"
    main = ("preset", "shape", "g1")
    size = (8.8, 4.6)
    controls = (
        Choice("preset", "start from", (FREE, *PRESETS), "a first guess"),
        Choice("shape", "bumps are", tuple(BUMPS), "bell curves"),
        Heading("data p*", palette.DATA),
        Slider("p1", "mean of bump 1", -5, 5, -2.0, 0.1),
        Slider("p2", "mean of bump 2", -5, 5, 2.0, 0.1),
        Slider("p_width", "width σ of both", 0.1, 2, 0.6, 0.05),
        Slider("p_weight", "weight of bump 1", 0, 1, 0.5, 0.05),
        Heading("generator p_G", palette.GENERATOR),
        Slider("g1", "mean of bump 1", -5, 5, 0.0, 0.1),
        Slider("g2", "mean of bump 2", -5, 5, 0.0, 0.1),
        Slider("g_width", "width σ of both", 0.1, 2, 1.0, 0.05),
        Slider("g_weight", "weight of bump 1", 0, 1, 0.5, 0.05),
    )
    x = np.linspace(-8, 8, 801)

    def __init__(self) -> None:
        super().__init__()
        self.changed({})

    def _mixture(self, side: str) -> stats.Mixture:
        v = self.values
        bump, weight = BUMPS[v["shape"]], v[f"{side}_weight"]
        return stats.Mixture(
            [bump(v[f"{side}1"], v[f"{side}_width"]), bump(v[f"{side}2"], v[f"{side}_width"])],
            weights=[weight, 1 - weight],
        )

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
        p, q = self.p_star.pdf(self.x), self.p_g.pdf(self.x)
        d = optimal_discriminator(self.p_star, self.p_g)(self.x)
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
