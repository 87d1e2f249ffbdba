"""A recorded run at one moment: its samples beside its curves up to there; or two runs beside each other."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import (
    FixedLocator,
    Formatter,
    FuncFormatter,
    Locator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)
from numpy.typing import ArrayLike

from course_utils.datasets.scaling import to_bytes
from course_utils.plots import palette
from course_utils.plots.images import mosaic
from course_utils.plots.layout import (
    Box,
    add_axes,
    draw_guide,
    emptied,
    replace_picture,
    thousands,
    write,
    write_above,
)
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


@dataclass(frozen=True)
class Drawn:
    """A panel's artists, of which its lines and the marker move, and where its vertical axis stands."""

    artists: tuple[Artist, ...]
    lines: list[Shown]
    marker: Line2D
    limits: tuple[float, float]
    locator: Locator


class ReplayPanels:
    """One run: its samples, and beside them the panels of ``titles``. Two runs: the samples of each over the first of
    ``titles``, and beside them the Fréchet distances of both on one axis.

    :meth:`show` puts other runs or panels there; :meth:`update` changes only the artists in ``moving``. What was drawn
    once is kept, and comes back as it was. The axes are from the beginning those of the whole run, so that playing
    moves none of them. On the axis of steps the moments of the longest run are evenly spaced, as on the slider: the
    first steps, where most happens, are not squeezed together.
    """

    def __init__(self, figure: Figure, runs: Sequence[Run], titles: Sequence[str]):
        figure.clear()
        self._figure = figure
        self._axes: dict[Hashable, Axes] = {}  # by their place
        self._drawn: dict[Hashable, Drawn] = {}
        self._standing: dict[Axes, Drawn] = {}  # which of them is there now
        self._scaled: dict[Axes, str] = {}  # whose steps are on their axis
        self._ticks: dict[Hashable, tuple[Locator, Locator, Formatter, Formatter]] = {}
        self.show(runs, titles)

    def show(self, runs: Sequence[Run], titles: Sequence[str]) -> None:
        """These runs and panels, in the place of those before."""
        self._runs = runs
        self._longest = max(runs, key=lambda run: run.moments[-1])
        self.moving: list[Artist] = []
        self._samples: list[tuple[AxesImage, Text]] = []
        self._lines: list[Shown] = []
        self._markers: list[Line2D] = []
        for ax in self._figure.axes:
            self._figure.delaxes(ax)
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
            self._show_panel(box, title, [0], "training step" if last else None)

    def _lay_out_two(self, titles: Sequence[str]) -> None:
        width, height = self._figure.get_size_inches()
        column, top, bottom, gap = 0.345 * width, 0.45, 0.33, 0.45
        side = min(column - 0.15, height - top - gap - bottom - 0.77)
        for run, color in enumerate(RUN_COLORS):
            left = 0.1 + run * column
            self._show_samples(run, (left, height - top - side, column - 0.15, side), color)
            box = left + 0.5, bottom, column - 0.7, height - top - side - gap - bottom
            self._show_panel(box, titles[0], [run], "")
        left, bottom = 2 * column + 0.65, 0.58
        box = left, bottom, width - left - 0.2, height - top - bottom
        self._show_panel(box, QUALITY, [0, 1], "training step")

    # ------------------------------------------------------------------ what stands there

    def _show_samples(self, run: int, box: Box, color: str) -> None:
        ax, known = self._axes_at(box, box)
        blank = _rgba(np.zeros(self._runs[run].shape, np.uint8))
        if not known:
            ax.imshow(blank, interpolation="nearest")
            ax.set_axis_off()
            ax.set_anchor("NW")
            (width, height), (x, y, w, h) = self._figure.get_size_inches(), box
            over = partial(
                ax.annotate, "", xycoords="figure fraction", xytext=(0, 5), textcoords="offset points"
            )
            over((x / width, (y + h) / height), color=palette.text(color), fontsize=13)
            over(((x + w) / width, (y + h) / height), ha="right", fontsize=12)
        (image,), (name, step) = ax.images, ax.texts
        replace_picture(image, blank)
        name.set_text(self._runs[run].name)
        self._samples.append((image, step))
        self.moving += [image, step]

    def _show_panel(self, box: Box, title: str, runs: Sequence[int], label: str | None) -> None:
        """A panel of one run's quantities in their colours; or of one quantity of two runs, in the runs' colours.
        Under it a label; None: not even the numbers of the steps."""
        panel = panel_for(title, self._runs[runs[0]].curves)
        curves = [
            (run, name, self._runs[run].curves[name])
            for run in runs
            for name in panel.names
            if name in self._runs[run].curves
        ]
        shown = [_shown(curve, panel) for *_, curve in curves]
        logarithmic = panel.logarithmic and any(map(len, shown))
        ax, known = self._axes_at((*box, logarithmic), box)
        if not known:
            ax.yaxis.set_label_coords(0, 0)  # none is written: no place has to be found for it
            ax.set_xlabel(label or "")
            ax.tick_params(labelbottom=label is not None)
            if logarithmic:
                ax.set_yscale("log")
                ax.yaxis.set_minor_locator(NullLocator())
                ax.yaxis.set_major_formatter("{x:g}")
        key = ax, title, *(self._runs[run].name for run in runs)
        if (drawn := self._drawn.get(key)) is None:
            emptied(ax)
            together, lines, said = len(runs) > 1, [], []
            for run, name, curve in curves:
                said.append(label_and_color(name))
                color = RUN_COLORS[run] if together else said[-1][1]
                lines += _curve(ax, run, curve, color, RUN_DASHES[run] if together else "-")
            if together or not said:
                said = [(title, palette.THEORY)]
            # the status line says the rest
            write_above(ax, [(words.partition(",")[0], palette.text(color)) for words, color in said])
            _scale(ax, panel, shown, ticks=min(6, max(2, int(box[3] / 0.22))))
            marker = Line2D([0, 0], [0, 1], color=palette.MUTED, lw=1, transform=ax.get_xaxis_transform())
            ax.add_artist(marker)
            artists, locator = (*ax.lines, *ax.texts), ax.yaxis.get_major_locator()
            self._drawn[key] = drawn = Drawn(artists, lines, marker, ax.get_ylim(), locator)
        elif drawn is not self._standing[ax]:
            emptied(ax).set_ylim(drawn.limits)
            ax.yaxis.set_major_locator(drawn.locator)
            for artist in drawn.artists:
                ax.add_artist(artist)
        self._standing[ax] = drawn
        self._scale_steps(ax, box[2])
        self._lines += drawn.lines
        self._markers.append(drawn.marker)
        self.moving += [*(line for _, line, _, _ in drawn.lines), drawn.marker]

    def _axes_at(self, place: Hashable, box: Box) -> tuple[Axes, bool]:
        """The axes of that place, and whether they were there before."""
        known = self._axes.get(place)
        ax = self._axes[place] = (
            add_axes(self._figure, box) if known is None else self._figure.add_axes(known)
        )
        return ax, known is not None

    def _scale_steps(self, ax: Axes, width: float) -> None:
        if self._scaled.get(ax) == self._longest.name:
            return
        self._scaled[ax] = self._longest.name
        moments = self._longest.moments if len(self._longest.moments) > 1 else np.array([0, 1])
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
        new = FixedLocator(ticks), NullLocator(), FuncFormatter(_step_words), NullFormatter()
        major, minor, *formatters = self._ticks.setdefault((ax, self._longest.name), new)
        ax.xaxis.set_major_locator(major)
        ax.xaxis.set_minor_locator(minor)
        ax.xaxis.set_major_formatter(formatters[0])
        ax.xaxis.set_minor_formatter(formatters[1])


def _step_words(step: float, _: object = None) -> str:
    return thousands(step) if step >= 1000 else f"{step:g}"


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
    lines = [Line2D([], [], color=color, ls=dash, **how) for _, how in drawn]
    for line in lines:
        ax.add_artist(line)  # ax.plot() would look for limits, which are set already
    return [(run, line, curve.steps, values) for line, (values, _) in zip(lines, drawn, strict=True)]


def _shown(curve: Curve, panel: Panel) -> np.ndarray:
    """The values that can be drawn."""
    values = curve.values
    return values[np.isfinite(values) & ((values > 0) | (not panel.logarithmic))]


def _scale(ax: Axes, panel: Panel, shown: Sequence[np.ndarray], ticks: int) -> None:
    """The vertical axis for whole curves, with about so many ticks, and the panel's guide."""
    shown = [values for values in shown if len(values)]
    if not shown:
        ax.set(ylim=(0, 1), yticks=[])
        write(ax, 0.5, 0.5, "not recorded", ha="center", va="center", color=palette.MUTED)
        return
    if panel.guide is not None:
        draw_guide(ax, panel.guide)
        shown.append(np.array([panel.guide]))
    values = np.concatenate(shown)
    if panel.logarithmic:
        low, high = values.min() / 1.3, values.max() * 1.3
        ax.set_ylim(low, high)
        ax.yaxis.set_major_locator(FixedLocator(_decades(low, high, ticks)))
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
