"""Curves of a training run."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from course_utils.plots import palette
from course_utils.plots.images import draw_mosaic, mosaic


def smooth(values: ArrayLike, window: int) -> np.ndarray:
    """Running mean over the last ``window`` values (over fewer at the start), the same length as ``values``."""
    values = np.asarray(values, dtype=float)
    total = np.concatenate([[0.0], np.cumsum(values)])
    end = np.arange(1, len(values) + 1)
    start = np.maximum(end - window, 0)
    return (total[end] - total[start]) / (end - start)


def draw_losses(ax: Axes, history: Mapping[str, ArrayLike], window: int = 50) -> None:
    """Both players' losses against the step, smoothed, with the discriminator's value at D = 1/2 as a guide."""
    _draw_smoothed(ax, history["discriminator_loss"], window, palette.DISCRIMINATOR, "discriminator")
    _draw_smoothed(ax, history["generator_loss"], window, palette.GENERATOR, "generator")
    ax.axhline(2 * np.log(2), color=palette.THEORY, ls="--", lw=1.2)
    ax.annotate("2 log 2: D knows nothing", (1, 2 * np.log(2)), xycoords=("axes fraction", "data"), xytext=(0, 3),
                textcoords="offset points", ha="right", fontsize=10)  # fmt: skip
    ax.set(xlabel="training step", ylabel="loss (nats)", title="The two losses")
    ax.legend(loc="best")


def draw_probabilities(ax: Axes, history: Mapping[str, ArrayLike], window: int = 50) -> None:
    """Mean D(x) and D(G(z)) against the step, smoothed, with the equilibrium 1/2 as a guide."""
    _draw_smoothed(ax, history["d_real"], window, palette.DATA, "D(x), real")
    _draw_smoothed(ax, history["d_fake"], window, palette.GENERATOR, "D(G(z)), generated")
    ax.axhline(0.5, color=palette.THEORY, ls="--", lw=1.2)
    ax.annotate("equilibrium: 1/2", (1, 0.5), xycoords=("axes fraction", "data"), xytext=(0, 3),
                textcoords="offset points", ha="right", fontsize=10)  # fmt: skip
    ax.set(xlabel="training step", ylabel="probability of 'real'", ylim=(0, 1), title="What D says")
    ax.legend(loc="best")


class TrainingPanels:
    """Generated pictures beside the curves of D(x) and D(G(z)), or of a critic's estimate: made once, then moved.

    Nothing but the artists in ``moving`` and the limits of the axes ever changes.
    """

    COLUMNS = 10

    def __init__(self, figure: Figure, pictures: int, *, critic: bool = False):
        self.critic = critic
        figure.clear()
        width, height = figure.get_size_inches()
        margins = {
            "left": 0.1 / width,
            "right": 1 - 0.25 / width,
            "top": 1 - 0.4 / height,
            "bottom": 0.6 / height,
        }
        grid = figure.add_gridspec(1, 2, width_ratios=(1.25, 1), wspace=0.3 if critic else 0.22, **margins)
        left, self._curves = figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
        self._image = draw_mosaic(
            left, np.zeros((pictures, 28, 28)), self.COLUMNS, title="G(z), always the same z"
        )
        if critic:
            curves = [("critic_estimate", palette.DISCRIMINATOR, "E[f(x)] - E[f(G(z))]", 0.94)]
            self._curves.set(ylabel="estimate (units of f)", title="What the critic says")
        else:
            curves = [
                ("d_real", palette.DATA, "D(x), real", 0.94),
                ("d_fake", palette.GENERATOR, "D(G(z)), generated", 0.06),
            ]
            self._curves.axhline(0.5, color=palette.THEORY, ls="--", lw=1.2)
            self._curves.set(ylabel="probability of 'real'", ylim=(0, 1), title="What D says")
        self._curves.set(xlabel="training step")
        self._lines = {}
        for name, color, label, y in curves:
            (self._lines[name],) = self._curves.plot([], [], color=color, lw=1.8)
            self._curves.text(
                0.98, y, label, color=color, transform=self._curves.transAxes, ha="right", va="center"
            )
        self.moving = [self._image, *self._lines.values()]

    def update(self, pictures: ArrayLike, history: Mapping[str, ArrayLike], window: int = 50) -> None:
        """Show pictures as :func:`~course_utils.plots.images.mosaic` takes them, and a history of any length."""
        self._image.set_data(mosaic(pictures, self.COLUMNS))
        for name, line in self._lines.items():
            values = smooth(history[name], window)
            line.set_data(np.arange(1, len(values) + 1), values)
        # An axis doubles when it is full: it moves rarely, and the curve never leaves the picture.
        self._curves.set_xlim(0, _roomy(len(history["d_real"]), at_least=250))
        if self.critic and len(values):
            low, high = values.min(), values.max()
            self._curves.set_ylim(-_roomy(-low) if low < 0 else 0.0, _roomy(high))


def _roomy(value: float, at_least: float = 2.0**-10) -> float:
    """The smallest of ``at_least`` times 1, 2, 4, ... that is not below ``value``."""
    return at_least * 2 ** max(0, int(np.ceil(np.log2(max(value, at_least) / at_least))))


def _draw_smoothed(ax: Axes, values: ArrayLike, window: int, color: str, label: str) -> None:
    values = np.asarray(values, dtype=float)
    steps = np.arange(1, len(values) + 1)
    ax.plot(steps, smooth(values, window), color=color, label=label, lw=1.8)
