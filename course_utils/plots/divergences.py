"""Pictures for lesson 1: two densities, the discriminator between them, and how far apart they are."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Transform, blended_transform_factory
from numpy.typing import ArrayLike

from course_utils.plots import palette

LOG_2 = float(np.log(2))
AXIS_LIMITS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5)
BAR_RANGE = (-1.9, 3.0)  # nats; a longer bar is cut and marked with its number


def draw_densities(ax: Axes, x: ArrayLike, p_star: ArrayLike, p_g: ArrayLike) -> None:
    """Both densities over x, filled."""
    for density, color, name in (
        (p_star, palette.DATA, "$p^*$, data"),
        (p_g, palette.GENERATOR, "$p_G$, generator"),
    ):
        ax.plot(x, density, color=color, label=name)
        ax.fill_between(x, density, color=color, alpha=0.2, lw=0)
    ax.set(ylabel="density", ylim=(0, None))
    ax.legend(loc="upper right")


def draw_discriminator(ax: Axes, x: ArrayLike, d: ArrayLike, label: str = "$D^*$", **line) -> None:
    """A discriminator over x, with 1/2 ("cannot tell") as a guide."""
    ax.axhline(0.5, color=palette.THEORY, lw=1, ls="--")
    ax.plot(x, d, **{"color": palette.DISCRIMINATOR, "label": label, **line})
    ax.set(ylabel="$D(x)$", ylim=(-0.05, 1.05))


class DivergencePanels:
    """Two densities, D*, the JSD's integrand, and the divergences as bars: made once, then moved.

    ``figure`` is drawn into for as long as the panels live; call :meth:`update` with new numbers. Nothing but the
    artists in ``moving`` and the limits of the axes ever changes.
    """

    BARS: ClassVar = {  # the number's name and how it is written
        "kl_p_g": (r"KL$(p^*\,\|\,p_G)$", palette.DATA),
        "kl_g_p": (r"KL$(p_G\,\|\,p^*)$", palette.GENERATOR),
        "jsd": (r"JSD$(p^*, p_G)$", palette.ACCENT),
        "value": (r"$V(D^*)$", palette.DISCRIMINATOR),
    }

    def __init__(self, figure: Figure):
        figure.clear()
        # Fixed margins, in inches: text of any scale has room, and no frame jumps as with a computed layout.
        width, height = figure.get_size_inches()
        margins = {
            "left": 0.78 / width,
            "right": 1 - 0.2 / width,
            "top": 1 - 0.1 / height,
            "bottom": 0.58 / height,
        }
        grid = figure.add_gridspec(3, 2, width_ratios=(1.7, 1), hspace=0.2, wspace=0.12, **margins)
        self._top, middle, self._bottom = (figure.add_subplot(grid[row, 0]) for row in range(3))
        self._lines, self._areas = {}, {}
        for name, ax, color, label, place in (
            ("p_star", self._top, palette.DATA, "data $p^*$", (0.02, 0.88)),
            ("p_g", self._top, palette.GENERATOR, "generator $p_G$", (0.98, 0.88)),
            ("d", middle, palette.DISCRIMINATOR, "optimal discriminator", (0.02, 0.88)),
            ("integrand", self._bottom, palette.ACCENT, "the area is the JSD", (0.02, 0.88)),
        ):
            (self._lines[name],) = ax.plot([], [], color=color)
            if name != "d":
                self._areas[name] = ax.fill_between([0], [0], color=color, alpha=0.2, lw=0)
            side = "left" if place[0] < 0.5 else "right"
            ax.text(
                *place, label, color=color, transform=ax.transAxes, va="center", ha=side
            )  # faster than a legend
        self._top.set_ylabel("density")
        self._top.tick_params(labelbottom=False)
        middle.axhline(0.5, color=palette.THEORY, lw=1, ls="--")
        middle.set(ylabel="$D^*(x)$", ylim=(-0.05, 1.3), yticks=(0, 0.5, 1))
        middle.tick_params(labelbottom=False)
        self._bottom.set(ylabel="JSD integrand", xlabel="$x$")
        self._axes = (self._top, middle, self._bottom)
        for ax in self._axes:
            ax.yaxis.set_label_coords(0.2 / width, 0.5, transform=_figure_x_axes_y(figure, ax))
        self._make_bars(figure.add_subplot(grid[:, 1]))
        self.moving = [
            *self._areas.values(),
            *self._lines.values(),
            *self._bars.values(),
            *self._numbers.values(),
        ]

    def _make_bars(self, ax: Axes) -> None:
        rows = np.arange(len(self.BARS))[::-1]
        colors = [color for _, color in self.BARS.values()]
        self._bars = dict(zip(self.BARS, ax.barh(rows, 0, color=colors, height=0.34), strict=True))
        self._numbers = {}
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
        x: ArrayLike,
        p_star: ArrayLike,
        p_g: ArrayLike,
        d: ArrayLike,
        integrand: ArrayLike,
        divergences: Mapping[str, float],
    ) -> None:
        """Move everything: the curves over x (n,), and the bars, in nats, by their names in ``BARS``."""
        curves = {"p_star": p_star, "p_g": p_g, "d": d, "integrand": integrand}
        for name, line in self._lines.items():
            line.set_data(x, curves[name])
        for name, area in self._areas.items():
            area.set_data(x, curves[name], 0)
        for ax in self._axes:
            ax.set_xlim(x[0], x[-1])
        self._top.set_ylim(0, _steady_limit(max(np.max(p_star), np.max(p_g))))
        self._bottom.set_ylim(0, _steady_limit(np.max(integrand)))
        for name, bar in self._bars.items():
            value = divergences[name]
            bar.set_width(np.clip(value, *BAR_RANGE))
            text = (
                "∞" if np.isposinf(value) else f"{round(value, 3) + 0.0:.3f}".replace("-", "−")
            )  # no "−0.000"
            self._numbers[name].set_text(f"{text} →" if value > BAR_RANGE[1] else text)


def _figure_x_axes_y(figure: Figure, ax: Axes) -> Transform:
    """x as a fraction of the figure, y as a fraction of the axes: labels of stacked axes line up."""
    return blended_transform_factory(figure.transFigure, ax.transAxes)


def _steady_limit(top: float) -> float:
    """An axis limit above ``top`` that moves in few, large steps, so that dragging a slider does not make it jump."""
    return next((limit for limit in AXIS_LIMITS if limit >= 1.2 * top), 1.2 * top)
