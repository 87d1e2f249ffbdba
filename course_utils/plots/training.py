"""Curves of a training run."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course_utils.plots import style


def smooth(values: ArrayLike, window: int) -> np.ndarray:
    """Running mean over the last ``window`` values (over fewer at the start), the same length as ``values``."""
    values = np.asarray(values, dtype=float)
    total = np.concatenate([[0.0], np.cumsum(values)])
    end = np.arange(1, len(values) + 1)
    start = np.maximum(end - window, 0)
    return (total[end] - total[start]) / (end - start)


def draw_losses(ax: Axes, history: Mapping[str, ArrayLike], window: int = 50) -> None:
    """Both players' losses against the step, smoothed, with the discriminator's value at D = 1/2 as a guide."""
    _draw_smoothed(ax, history["discriminator_loss"], window, style.DISCRIMINATOR, "discriminator")
    _draw_smoothed(ax, history["generator_loss"], window, style.GENERATOR, "generator")
    ax.axhline(2 * np.log(2), color=style.THEORY, ls="--", lw=1.2)
    ax.annotate("2 log 2: D knows nothing", (1, 2 * np.log(2)), xycoords=("axes fraction", "data"), xytext=(0, 3),
                textcoords="offset points", ha="right", fontsize=10)  # fmt: skip
    ax.set(xlabel="training step", ylabel="loss (nats)", title="The two losses")
    ax.legend(loc="best")


def draw_probabilities(ax: Axes, history: Mapping[str, ArrayLike], window: int = 50) -> None:
    """Mean D(x) and D(G(z)) against the step, smoothed, with the equilibrium 1/2 as a guide."""
    _draw_smoothed(ax, history["d_real"], window, style.DATA, "D(x), real")
    _draw_smoothed(ax, history["d_fake"], window, style.GENERATOR, "D(G(z)), generated")
    ax.axhline(0.5, color=style.THEORY, ls="--", lw=1.2)
    ax.annotate("equilibrium: 1/2", (1, 0.5), xycoords=("axes fraction", "data"), xytext=(0, 3),
                textcoords="offset points", ha="right", fontsize=10)  # fmt: skip
    ax.set(xlabel="training step", ylabel="probability of 'real'", ylim=(0, 1), title="What D says")
    ax.legend(loc="best")


def _draw_smoothed(ax: Axes, values: ArrayLike, window: int, color: str, label: str) -> None:
    values = np.asarray(values, dtype=float)
    steps = np.arange(1, len(values) + 1)
    ax.plot(steps, smooth(values, window), color=color, label=label, lw=1.8)
