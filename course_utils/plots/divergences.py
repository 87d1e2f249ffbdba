"""Pictures for lesson 1: two densities, the discriminator between them, and how far apart they are."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import blended_transform_factory
from numpy.typing import ArrayLike

from course_utils.plots import palette
from course_utils.plots.layout import draw_guide, margins, number, write

LOG_2 = float(np.log(2))
AXIS_LIMITS = (0.05, 0.1, 0.2, 0.35, 0.6, 1, 2, 3.5, 5.5)
INTEGRAND_TOP = 0.5  # nats per unit of x: one scale for all, so that areas can be compared
BAR_RANGE = (-1.9, 3.0)  # nats; a longer bar is cut and marked with its number
GRIP_HEIGHTS = {"p": 0.07, "g": -0.1}  # shares of the axes: what lies at the same x can still be told apart


def draw_densities(ax: Axes, x: ArrayLike, p_star: ArrayLike, p_g: ArrayLike) -> None:
    """Both densities (n,) over x (n,), filled."""
    for density, color, name in (
        (p_star, palette.DATA, "$p^*$, data"),
        (p_g, palette.GENERATOR, "$p_G$, generator"),
    ):
        ax.plot(x, density, color=color, label=name)
        ax.fill_between(x, density, color=color, alpha=0.2, lw=0)
    ax.set(ylabel="density", ylim=(0, None))
    ax.legend(loc="upper right")


def draw_discriminator(ax: Axes, x: ArrayLike, d: ArrayLike, label: str = "$D^*$", **line: Any) -> None:
    """A discriminator's answers (n,), in [0, 1], over x (n,), with 1/2 ("cannot tell") as a guide; ``line`` is what
    ``ax.plot`` takes."""
    ax.axhline(0.5, color=palette.MUTED, ls=":", lw=1.2)  # a dashed one would look like the theory's D*
    ax.plot(x, d, **{"color": palette.DISCRIMINATOR, "label": label, **line})
    ax.set(ylabel="$D(x)$", ylim=(-0.05, 1.05))


class DivergencePanels:
    """Two densities, D*, the JSD's integrand, and the divergences as bars: made once, then moved.

    ``figure`` is drawn into for as long as the panels live: densities, D*, integrand and bars are its four axes. Call
    :meth:`update` with new numbers; nothing but the artists in ``moving`` and the limits of the axes ever changes.
    ``grips`` are the numbered signs at the means of the bumps, in the axes ``densities``: where one would take hold.
    """

    BARS: ClassVar = {  # the number's name and how it is written
        "kl_p_g": (r"KL$(p^*\,\|\,p_G)$", palette.SECOND),
        "kl_g_p": (r"KL$(p_G\,\|\,p^*)$", palette.THIRD),
        "jsd": (r"JSD$(p^*, p_G)$", palette.ACCENT),
        "value": (r"$V(D^*)$", palette.DISCRIMINATOR),
    }

    def __init__(self, figure: Figure):
        figure.clear()
        grid = figure.add_gridspec(
            3, 2, width_ratios=(1.7, 1), hspace=0.2, wspace=0.12, **margins(figure, 0.78, 0.2, 0.1, 0.58)
        )
        self.densities, middle, bottom = (figure.add_subplot(grid[row, 0]) for row in range(3))
        self._lines: dict[str, Line2D] = {}
        self._areas: dict[str, FillBetweenPolyCollection] = {}
        for name, ax, color, label, x, side in (
            ("p_star", self.densities, palette.DATA, "data $p^*$", 0.02, "left"),
            ("p_g", self.densities, palette.GENERATOR, "generator $p_G$", 0.98, "right"),
            ("d", middle, palette.DISCRIMINATOR, "optimal discriminator", 0.02, "left"),
            ("integrand", bottom, palette.ACCENT, "the area is the JSD", 0.02, "left"),
        ):
            (self._lines[name],) = ax.plot([], [], color=color, label=name)
            if name != "d":
                self._areas[name] = ax.fill_between([0], [0], color=color, alpha=0.2, lw=0)
            write(ax, x, 0.88, label, color=palette.text(color), va="center", ha=side)
        self._gap = write(
            middle, 0.98, 0.88, "", color=palette.text(palette.DISCRIMINATOR), va="center", ha="right"
        )
        self.densities.set_ylabel("density")
        self.densities.tick_params(labelbottom=False)
        draw_guide(middle, 0.5, lw=1)
        middle.set(ylabel="$D^*(x)$", ylim=(-0.05, 1.3), yticks=(0, 0.5, 1))
        middle.tick_params(labelbottom=False)
        bottom.set(ylabel="integrand", xlabel="$x$", ylim=(0, INTEGRAND_TOP), yticks=(0, 0.2, 0.4))
        self._cut = write(bottom, 0.98, 0.88, "", color=palette.text(palette.ACCENT), va="center", ha="right")
        self._axes = (self.densities, middle, bottom)
        for ax in self._axes:  # their labels line up, 0.2 inches from the figure's border
            across = blended_transform_factory(figure.transFigure, ax.transAxes)
            ax.yaxis.set_label_coords(0.2 / figure.get_size_inches()[0], 0.5, transform=across)
        self._make_bars(figure.add_subplot(grid[:, 1]))
        self.grips = {name: self._make_grip(name) for name in ("p1", "p2", "g1", "g2")}
        self.moving: list[Artist] = [*self._areas.values(), *self._lines.values(), self._gap, self._cut]
        self.moving += [*self._bars.values(), *self._numbers.values(), *reversed(self.grips.values())]

    def _make_grip(self, name: str) -> Text:
        color, shape = (palette.DATA, "circle") if name[0] == "p" else (palette.GENERATOR, "square")
        return self.densities.text(
            0, 0, name[1], color="white", fontsize=8, ha="center", va="center_baseline",
            bbox={"boxstyle": f"{shape},pad=0.25", "facecolor": palette.text(color), "edgecolor": "white"},
        )  # fmt: skip

    def _make_bars(self, ax: Axes) -> None:
        rows = np.arange(len(self.BARS))[::-1]
        colors = [color for _, color in self.BARS.values()]
        self._bars = dict(zip(self.BARS, ax.barh(rows, 0, color=colors, height=0.34), strict=True))
        self._numbers: dict[str, Text] = {}
        for row, (name, (label, _)) in zip(rows, self.BARS.items(), strict=True):
            ax.text(BAR_RANGE[0], row + 0.34, label, fontsize=13, va="center")
            self._numbers[name] = ax.text(BAR_RANGE[1], row + 0.34, "", fontsize=13, va="center", ha="right")
        ax.vlines(np.zeros(len(rows)), rows - 0.24, rows + 0.2, color=palette.THEORY, lw=1)
        for x, row, name in ((LOG_2, 1, "log 2"), (-2 * LOG_2, 0, "−2 log 2")):
            ax.plot([x, x], [row - 0.23, row + 0.23], color=palette.THEORY, lw=1.4, ls="--")
            ax.text(x, row - 0.27, name, fontsize=11, va="top", ha="center")
        ax.set(xlim=BAR_RANGE, ylim=(-0.6, 3.55), xlabel="nats", yticks=[])
        ax.grid(visible=False)
        ax.spines["left"].set_visible(False)

    def update(
        self,
        x: np.ndarray,
        p_star: ArrayLike,
        p_g: ArrayLike,
        d: ArrayLike,
        integrand: ArrayLike,
        divergences: Mapping[str, float],
        means: Mapping[str, float],
    ) -> None:
        """Move everything: the curves (n,) over x (n,), the bars, in nats, by their names in ``BARS``, and the grips to
        the means of the bumps, by their names. Where ``d`` is NaN, its curve has a gap."""
        curves = {"p_star": p_star, "p_g": p_g, "d": d, "integrand": integrand}
        for name, line in self._lines.items():
            line.set_data(x, curves[name])
        for name, area in self._areas.items():
            area.set_data(x, curves[name], 0)
        for ax in self._axes:
            ax.set_xlim(x[0], x[-1])
        self.densities.set_ylim(0, _steady_limit(max(np.max(p_star), np.max(p_g))))
        top, peak = self.densities.get_ylim()[1], float(np.max(integrand))
        for name, grip in self.grips.items():
            grip.set_position((means[name], GRIP_HEIGHTS[name[0]] * top))
        self._gap.set_text("gaps: any $D$" if np.isnan(d).any() else "")
        self._cut.set_text(f"cut: its peak is {number(peak, 2)}" if peak > INTEGRAND_TOP else "")
        for name, bar in self._bars.items():
            value = divergences[name]
            bar.set_width(np.clip(value, *BAR_RANGE))
            long = value > BAR_RANGE[1]
            self._numbers[name].set_text(f"{number(value, 1)} →" if long else number(value))


def _steady_limit(top: float) -> float:
    """An axis limit above ``top`` that moves in few, large steps, so that dragging a slider does not make it jump."""
    return next((limit for limit in AXIS_LIMITS if limit >= 1.35 * top), 1.35 * top)
