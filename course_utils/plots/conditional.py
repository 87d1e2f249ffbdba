"""Pictures for lesson 11a: one latent as ten digits, a plane of styles, and what is measured of each digit."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from course_utils.datasets import SIDE
from course_utils.plots import palette
from course_utils.plots.images import mosaic
from course_utils.plots.layout import add_axes, outline
from course_utils.plots.vae import REACH, draw_map

# of the axes of the attributes: more than can be asked for
RANGES = {"ink": (0.0, 0.42), "slant": (-0.8, 1.1)}
UNITS = {"ink": "ink, mean grey", "slant": "slant, pixels to the right per pixel up"}
ROWS, COLUMNS = 2, 5  # of the ten digits


def digit_markers(ax: Axes, color: str, size: float) -> list[Line2D]:
    """Ten lines without points yet, the markers of which are the ten digits: they draw several times faster than
    text."""
    how: dict[str, Any] = {"ls": "none", "ms": size, "mew": 0, "clip_on": False, "color": palette.text(color)}
    return [ax.add_line(Line2D([], [], marker=outline(digit), **how)) for digit in range(ROWS * COLUMNS)]


class AttributeAxis:
    """Where ten digits stand on the axis of one attribute, each as its digit, in two rows so that few overlap; a dashed
    line is what was asked for."""

    def __init__(self, ax: Axes, name: str):
        self.ax = ax
        ax.set(xlim=RANGES[name], ylim=(0, 1), yticks=[])
        ax.set_xlabel(UNITS[name], fontsize=10.5, labelpad=1)
        ax.tick_params(labelsize=9.5, pad=1)
        ax.spines["left"].set_visible(False)
        self._asked = ax.axvline(0, color=palette.THEORY, ls="--", lw=1.5)
        self._found = digit_markers(ax, palette.GENERATOR, 8.5)
        self.moving: list[Artist] = [self._asked, *self._found]

    def update(self, found: ArrayLike, asked: float | None) -> None:
        """The measured values of the ten digits, and what was asked for, None for nothing."""
        low, high = self.ax.get_xlim()
        places = np.clip(np.asarray(found, float), low, high)
        for digit, (marker, place) in enumerate(zip(self._found, places, strict=True)):
            marker.set_data([place], [0.78 if digit % 2 else 0.28])
        self._asked.set_visible(asked is not None)
        if asked is not None:
            self._asked.set_xdata([asked, asked])


class HandPanels:
    """Left a plane of styles as a map of one digit, with a point; right the ten digits of that point, what the judge
    sees in each, and their attributes."""

    def __init__(self, figure: Figure, attributes: Sequence[str] = ("ink", "slant")):
        figure.clear()
        width, height = figure.get_size_inches()
        side = height - 1.0
        self.plane = add_axes(figure, (0.62, 0.55, side, side))
        self.plane.set(xlabel="first direction of style", ylabel="second direction")
        self.plane.grid(False)
        self._map = draw_map(self.plane, np.zeros((1, 28, 28)), alpha=0.75)
        self.plane.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH))
        self.plane.set_title("styles of one digit", fontsize=12)
        (self._point,) = self.plane.plot(
            [], [], "o", ms=13, mfc=palette.GENERATOR, mec="white", mew=2, clip_on=False
        )

        left = 0.62 + side + 0.25
        step = (width - left - 0.1) / COLUMNS
        words = 0.22 / step  # over each row of digits, for what the judge sees
        tall_rows = ROWS * step * (1 + words)
        digits = add_axes(figure, (left, height - 0.1 - tall_rows, COLUMNS * step, tall_rows))
        # One image for a row of digits, which draws faster than one for each, and what parts them.
        self.digits, self._places, parts = [], [], []
        for row in range(ROWS):
            top = words + row * (1 + words)
            self.digits.append(
                digits.imshow(
                    np.zeros((SIDE, SIDE * COLUMNS)), cmap="gray_r", vmin=0, vmax=1, aspect="auto",
                    extent=(0, COLUMNS, top + 1, top),
                )
            )  # fmt: skip
            for column in range(COLUMNS):
                digits.text(
                    column + 0.54, top - 0.06, "sees", fontsize=10, ha="right",
                    color=palette.text(palette.DISCRIMINATOR),
                )  # fmt: skip
                self._places.append((column + 0.68, top - 0.14))
            parts += [[(x, top), (x, top + 1)] for x in range(COLUMNS + 1)]
            parts += [[(0, y), (COLUMNS, y)] for y in (top, top + 1)]
        frames = digits.add_collection(
            LineCollection(parts, colors=palette.FAINT, linewidths=1, clip_on=False)
        )
        digits.set(xlim=(0, COLUMNS), ylim=(ROWS * (1 + words), 0))
        digits.set_axis_off()
        self._seen = digit_markers(digits, palette.DISCRIMINATOR, 8)
        (self._wrong,) = digits.plot([], [], "x", ms=7, mew=2, color=palette.text(palette.DISCRIMINATOR))
        below, gap = height - 0.1 - tall_rows - 0.1, 0.48
        tall = (below - gap * len(attributes)) / len(attributes)
        self.axes = {
            name: AttributeAxis(
                add_axes(figure, (left, below - (i + 1) * (tall + gap) + gap, width - left - 0.16, tall)),
                name,
            )
            for i, name in enumerate(attributes)
        }
        self.moving: list[Artist] = [self._map, *self.plane.spines.values(), self._point]
        self.moving += [*self.digits, frames, *self._seen, self._wrong]
        self.moving += [artist for axis in self.axes.values() for artist in axis.moving]

    def show_map(self, pictures: ArrayLike) -> None:
        """What lies behind the point: (side^2, 28, 28) in [0, 1], in the order of ``plots.vae.map_latents``."""
        self._map.set_data(mosaic(pictures, round(len(np.asarray(pictures)) ** 0.5), gap=0, scale="unit"))

    def update(
        self,
        point: tuple[float, float],
        pictures: ArrayLike,
        seen: ArrayLike,
        found: dict[str, ArrayLike],
        asked: dict[str, float],
    ) -> None:
        """One state: the point, its ten digits (10, 28, 28) in [0, 1], what the judge sees in them (10,), and of each
        attribute the ten measured values and what was asked for, where anything was."""
        self._point.set_data([point[0]], [point[1]])
        for artist, row in zip(self.digits, np.split(np.asarray(pictures), ROWS), strict=True):
            artist.set_data(np.hstack(list(row)))
        places, seen = np.array(self._places), np.asarray(seen)
        for digit, line in enumerate(self._seen):
            line.set_data(*places[seen == digit].T)
        self._wrong.set_data(*(places[seen != np.arange(len(seen))] + (0.2, 0)).T)
        for name, axis in self.axes.items():
            axis.update(found[name], asked.get(name))
