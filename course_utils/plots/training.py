"""Curves of a training run."""

from collections.abc import Mapping

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from course_utils.plots import palette
from course_utils.plots.images import draw_mosaic, mosaic
from course_utils.plots.layout import draw_guide, margins, replace_picture, roomy, write

GENERATED = (0, (5, 1))  # the generator's curves have a dash of their own beside their colour


def smooth(values: ArrayLike, window: int) -> np.ndarray:
    """Running mean over the last ``window`` of values (n,), over fewer at the start; (n,)."""
    total = np.concatenate([[0.0], np.cumsum(np.asarray(values, float))])
    end = np.arange(1, len(total))
    start = np.maximum(end - window, 0)
    means: np.ndarray = (total[end] - total[start]) / (end - start)
    return means


def draw_losses(ax: Axes, history: Mapping[str, ArrayLike], window: int = 50) -> None:
    """Both players' losses (steps,) in nats against the step, smoothed over ``window`` steps, with the discriminator's
    value at D = 1/2 as a guide."""
    _draw_smoothed(ax, history["discriminator_loss"], window, palette.DISCRIMINATOR, "discriminator")
    _draw_smoothed(ax, history["generator_loss"], window, palette.GENERATOR, "generator")
    draw_guide(ax, 2 * np.log(2), "2 log 2: D knows nothing")
    ax.set(xlabel="training step", ylabel="loss (nats)", title="The two losses")
    ax.legend(loc="best")


def draw_probabilities(ax: Axes, history: Mapping[str, ArrayLike], window: int = 50) -> None:
    """Mean D(x) and D(G(z)), (steps,) each, against the step, smoothed over ``window`` steps, with the equilibrium 1/2
    as a guide."""
    _draw_smoothed(ax, history["d_real"], window, palette.DATA, "D(x), real")
    _draw_smoothed(ax, history["d_fake"], window, palette.GENERATOR, "D(G(z)), generated")
    draw_guide(ax, 0.5, "equilibrium: 1/2")
    ax.set(xlabel="training step", ylabel="probability of 'real'", ylim=(0, 1), title="What D says")
    ax.legend(loc="best")


class TrainingPanels:
    """Generated pictures beside the curves of D(x) and D(G(z)), or of a critic's estimate: made once, then moved.

    Nothing but the artists in ``moving`` and the limits of the axes ever changes.
    """

    def __init__(self, figure: Figure, *, critic: bool = False):
        self.critic = critic
        figure.clear()
        grid = figure.add_gridspec(
            1, 2, width_ratios=(1.25, 1), wspace=0.3 if critic else 0.22, **margins(figure, 0.1, 0.25, 0.4, 0.6)
        )  # fmt: skip
        left, self._curves = figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
        blank = np.zeros((1, 28, 28))
        self._image = draw_mosaic(left, blank, title="G(z), always the same z", scale="symmetric")
        if critic:
            curves = [("critic_estimate", palette.DISCRIMINATOR, "E[f(x)] - E[f(G(z))]", 0.94)]
            self._curves.set(ylabel="estimate (units of f)", title="What the critic says")
        else:
            curves = [
                ("d_real", palette.DATA, "D(x), real", 0.94),
                ("d_fake", palette.GENERATOR, "D(G(z)), generated", 0.06),
            ]
            draw_guide(self._curves, 0.5)
            self._curves.set(ylabel="probability of 'real'", ylim=(0, 1), title="What D says")
        self._curves.set(xlabel="training step")
        self._curves.locator_params(axis="x", nbins=5)  # five-digit numbers side by side
        self._lines: dict[str, Line2D] = {}
        for name, color, label, y in curves:
            dash = GENERATED if color == palette.GENERATOR else "-"
            (self._lines[name],) = self._curves.plot([], [], color=color, ls=dash, lw=1.8, label=name)
            write(self._curves, 0.98, y, label, color=palette.text(color), ha="right", va="center")
        self.moving: list[Artist] = [self._image, *self._lines.values()]

    def update(
        self,
        pictures: ArrayLike,
        history: Mapping[str, ArrayLike],
        window: int = 50,
        every: int = 1,
        columns: int = 10,
    ) -> None:
        """Show pictures in [-1, 1], in rows of so many ``columns``, and a history, (n,) by name, with one value for
        ``every`` so many steps, smoothed over ``window`` steps."""
        shown = np.nan_to_num(np.asarray(pictures))  # a run that has diverged shows grey
        replace_picture(self._image, mosaic(shown.clip(-1, 1), columns, scale="symmetric"))
        for name, line in self._lines.items():
            values = smooth(history[name], max(1, window // every))
            line.set_data(every * np.arange(1, len(values) + 1), values)
        self._curves.set_xlim(0, roomy(every * len(values), at_least=250))
        if self.critic:
            low, high = (values.min(), values.max()) if len(values) else (0, 1)
            self._curves.set_ylim(-roomy(-low) if low < 0 else 0.0, roomy(high))


def _draw_smoothed(ax: Axes, values: ArrayLike, window: int, color: str, label: str) -> None:
    smoothed = smooth(values, window)
    dash = GENERATED if color == palette.GENERATOR else "-"
    ax.plot(np.arange(1, len(smoothed) + 1), smoothed, color=color, ls=dash, label=label, lw=1.8)
