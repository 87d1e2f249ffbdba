"""A recorded run at one moment: its samples beside its curves up to there; or two runs beside each other."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.text import Annotation
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import ArrayLike

from course_utils.datasets.scaling import to_bytes
from course_utils.plots import palette
from course_utils.plots.images import mosaic
from course_utils.plots.layout import Box, add_axes, draw_guide, emptied, thousands, write, write_above
from course_utils.plots.quantities import QUALITY, Panel, label_and_color, panel_for
from course_utils.plots.training import smooth
from course_utils.recording.curves import Curve

# Where the same quantity of two runs shares an axis, and a second cue beside the colour.
RUN_COLORS, RUN_DASHES = (palette.SECOND, palette.THIRD), ("-", (0, (4, 1.5)))
FEW = 100  # a curve of fewer points is shown as it is, with its points
TICKS = (1, 10, 100, 1000, 5000, 10_000, 15_000, 20_000, 50_000, 100_000)
APART = 0.4  # inches between two ticks of the steps, at least
Shown = tuple[int, Line2D, np.ndarray, np.ndarray]  # whose line, and the whole curve


@dataclass(frozen=True)
class Run:
    """What is shown of a run: its name, the steps of its moments (moments,), the shape (n, h, w) of its samples, curves
    by quantity."""

    name: str
    moments: np.ndarray
    shape: tuple[int, int, int]
    curves: Mapping[str, Curve]


class ReplayPanels:
    """One run: its samples, and beside them the panels of ``titles``. Two runs: the samples of each over the first of
    ``titles``, and beside them the Fréchet distances of both on one axis.

    :meth:`show` puts other runs or panels there, as many as at first; :meth:`update` changes only the artists in
    ``moving``. The axes are from the beginning those of the whole run, so that playing moves none of them. On the axis
    of steps the moments of the longest run are evenly spaced, as on the slider: the first steps, where most happens,
    are not squeezed together.
    """

    def __init__(self, figure: Figure, runs: Sequence[Run], titles: Sequence[str]):
        figure.clear()
        self._figure = figure
        self._drawn: dict[
            Axes, tuple[Any, ...]
        ] = {}  # which panel stands there, its lines, all that moves in it
        self.show(runs, titles)

    def show(self, runs: Sequence[Run], titles: Sequence[str]) -> None:
        """These runs and panels, in the place of those before."""
        self._runs, self._used = runs, list(self._figure.axes)
        moments = max((run.moments for run in runs), key=lambda steps: steps[-1])
        self._moments = moments if len(moments) > 1 else np.array([0, 1])
        self.moving: list[Artist] = []
        self._samples: list[tuple[AxesImage, Annotation]] = []
        self._lines: list[Shown] = []
        self._markers: list[Line2D] = []
        (self._lay_out_two if len(runs) == 2 else self._lay_out_one)(titles)

    def update(self, steps: Sequence[int], pictures: Sequence[ArrayLike]) -> None:
        """Show every run at its step, with its pictures as :func:`~course_utils.plots.images.mosaic` takes them."""
        for (image, text), step, batch in zip(self._samples, steps, pictures, strict=True):
            image.set_data(_rgba(batch))
            text.set_text(f"step {step:,}")
        for run, line, x, y in self._lines:
            known = np.searchsorted(x, steps[run], side="right")
            line.set_data(x[:known], y[:known])
        for marker in self._markers:
            marker.set_xdata([max(steps)] * 2)

    # ------------------------------------------------------------------ where things stand, in inches

    def _lay_out_one(self, titles: Sequence[str]) -> None:
        width, height = self._figure.get_size_inches()
        side = min(height - 0.6, 0.56 * width)
        self._show_samples(0, (0.1, height - 0.45 - side, side, side), palette.THEORY)
        left, top, bottom, gap = side + 0.75, 0.42, 0.58, 0.45
        each = (height - top - bottom - gap * (len(titles) - 1)) / len(titles)
        for place, title in enumerate(titles):
            last = place == len(titles) - 1
            box = (left, bottom + (len(titles) - 1 - place) * (each + gap), width - left - 0.2, each)
            ax = self._show_panel(box, title, [0])
            ax.set_xlabel("training step" if last else "")
            ax.tick_params(labelbottom=last)

    def _lay_out_two(self, titles: Sequence[str]) -> None:
        width, height = self._figure.get_size_inches()
        column, top, bottom, gap = 0.345 * width, 0.45, 0.33, 0.45
        side = min(column - 0.15, height - top - gap - bottom - 0.77)
        for run, color in enumerate(RUN_COLORS):
            left = 0.1 + run * column
            self._show_samples(run, (left, height - top - side, column - 0.15, side), color)
            self._show_panel(
                (left + 0.5, bottom, column - 0.7, height - top - side - gap - bottom), titles[0], [run]
            )
        left, bottom = 2 * column + 0.65, 0.58
        ax = self._show_panel((left, bottom, width - left - 0.2, height - top - bottom), QUALITY, [0, 1])
        ax.set_xlabel("training step")

    # ------------------------------------------------------------------ what stands there

    def _show_samples(self, run: int, box: Box, color: str) -> None:
        ax, (width, height) = self._axes_at(box), self._figure.get_size_inches()
        image = ax.imshow(_rgba(np.zeros(self._runs[run].shape, np.uint8)), interpolation="nearest")
        ax.set_axis_off()
        ax.set_anchor("NW")
        x, y, w, h = box
        over = partial(ax.annotate, xycoords="figure fraction", xytext=(0, 5), textcoords="offset points")
        over(self._runs[run].name, (x / width, (y + h) / height), color=palette.text(color), fontsize=13)
        step = over("", ((x + w) / width, (y + h) / height), ha="right", fontsize=12)
        self._samples.append((image, step))
        self.moving += [image, step]

    def _show_panel(self, box: Box, title: str, runs: Sequence[int]) -> Axes:
        """A panel of one run's quantities in their colours; or of one quantity of two runs, in the runs' colours."""
        what = title, *runs, *(run.name for run in self._runs)
        if self._used and self._drawn.get(self._used[0], ("",))[0] == what:
            ax = self._used.pop(0)
            _, lines, moving = self._drawn[ax]
            self._keep(ax, what, lines, moving)
            return ax
        ax, together = self._axes_at(box), len(runs) > 1
        curves, names, lines = [], [], []
        for run in runs:
            recorded = self._runs[run].curves
            panel = panel_for(title, recorded)
            for name in panel.names:
                if name in recorded:
                    names.append(label_and_color(name))
                    curves.append(recorded[name])
                    color = RUN_COLORS[run] if together else names[-1][1]
                    lines += _curve(ax, run, recorded[name], color, RUN_DASHES[run] if together else "-")
        said = names if names and not together else [(title, palette.THEORY)]
        write_above(ax, [(label, palette.text(color)) for label, color in said])
        self._scale_steps(ax, box[2])
        _scale(ax, panel, curves, ticks=min(6, max(2, int(box[3] / 0.22))))
        (marker,) = ax.plot([0, 0], [0, 1], color=palette.MUTED, lw=1, transform=ax.get_xaxis_transform())
        self._keep(ax, what, lines, [*(line for _, line, _, _ in lines), marker])
        return ax

    def _keep(self, ax: Axes, what: tuple[Any, ...], lines: list[Shown], moving: list[Line2D]) -> None:
        self._drawn[ax] = what, lines, moving
        self._lines += lines
        self._markers.append(moving[-1])
        self.moving += moving

    def _axes_at(self, box: Box) -> Axes:
        """New axes, or those that stand there."""
        if self._used:
            return emptied(self._used.pop(0))
        ax = add_axes(self._figure, box)
        ax.yaxis.set_label_coords(0, 0)  # none is written: no place has to be found for it
        return ax

    def _scale_steps(self, ax: Axes, width: float) -> None:
        moments = self._moments
        places = np.arange(len(moments))
        ax.set_xscale(
            "function",
            functions=(lambda x: np.interp(x, moments, places), lambda p: np.interp(p, places, moments)),
        )
        ax.set_xlim(moments[0], moments[-1])
        inch = width / places[-1]
        ticks, at = [0], 0.0
        for step in TICKS:
            place = inch * np.interp(step, moments, places)
            if step <= moments[-1] and place - at >= APART:
                ticks, at = [*ticks, step], place
        ax.xaxis.set_major_locator(FixedLocator(ticks))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: thousands(x) if x >= 1000 else f"{x:g}"))


def _curve(
    ax: Axes, run: int, curve: Curve, color: str, dash: str | tuple[int, tuple[float, float]]
) -> list[Shown]:
    drawn: list[tuple[np.ndarray, dict[str, Any]]]
    if len(curve) < FEW:
        drawn = [(curve.values, {"lw": 1.8, "marker": "o", "ms": 3.5})]
    else:
        drawn = [
            (curve.values, {"lw": 0.7, "alpha": 0.35}),
            (_trend(curve.values), {"lw": 1.8, "marker": "o", "markevery": slice(-1, None), "ms": 5}),
        ]
    return [
        (run, ax.plot([], [], color=color, ls=dash, **how)[0], curve.steps, values) for values, how in drawn
    ]


def _scale(ax: Axes, panel: Panel, curves: Sequence[Curve], ticks: int) -> None:
    """The vertical axis for whole curves, with about so many ticks, and the panel's guide."""
    shown = [curve.values[np.isfinite(curve.values)] for curve in curves]
    shown = [kept for values in shown if len(kept := values[(values > 0) | (not panel.logarithmic)])]
    values = np.concatenate([np.empty(0), *shown])
    ax.set_yscale("linear")  # with the ticks that belong to it
    if len(values) == 0:
        ax.set(ylim=(0, 1), yticks=[])
        write(ax, 0.5, 0.5, "not recorded", ha="center", va="center", color=palette.MUTED)
        return
    if panel.guide is not None:
        draw_guide(ax, panel.guide)
        shown.append(np.array([panel.guide]))
        values = np.append(values, panel.guide)
    if panel.logarithmic:
        low, high = values.min() / 1.3, values.max() * 1.3
        ax.set(yscale="log", ylim=(low, high), yticks=_decades(low, high, ticks))
        ax.yaxis.set_minor_locator(NullLocator())
        ax.yaxis.set_major_formatter("{x:g}")
    else:
        # A few spikes would flatten all the rest; they may leave the picture. But no curve may, were it a short one.
        within = np.array(
            [np.quantile(each, (0.005, 0.995) if len(each) >= FEW else (0, 1)) for each in shown]
        )
        low, high = panel.limits or (within[:, 0].min(), within[:, 1].max())
        pad = 0 if panel.limits else 0.08 * (high - low) or 0.1 * max(abs(high), 1)
        ax.set_ylim(low - pad, high + pad)
        ax.yaxis.set_major_locator(MaxNLocator(min(4, ticks)))


def _decades(low: float, high: float, at_most: int) -> list[float]:
    """Round numbers in [low, high], about evenly spaced on a logarithmic axis."""
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    for digits in ((1, 1.5, 2, 3, 4, 5, 7), (1, 2, 5), (1, 3), (1,)):
        ticks = [float(tick) for power in powers for tick in power * np.array(digits) if low <= tick <= high]
        if len(ticks) <= at_most:
            break
    return ticks


def _rgba(pictures: ArrayLike) -> np.ndarray:
    """A square mosaic as RGBA bytes, which Agg draws three times faster than grey levels through a colour map."""
    pictures = np.asarray(pictures)
    grey = to_bytes(mosaic(pictures, columns=math.isqrt(len(pictures) - 1) + 1), "unit")
    return np.stack([grey, grey, grey, np.full_like(grey, 255)], axis=-1)


def _trend(values: np.ndarray) -> np.ndarray:
    """Running mean over a fiftieth of the curve; nothing from where the values are no longer finite."""
    values = np.asarray(values, float)
    bad = np.flatnonzero(~np.isfinite(values))
    good = values[: bad[0]] if len(bad) else values
    return np.concatenate([smooth(good, max(1, len(values) // 50)), np.full(len(values) - len(good), np.nan)])
