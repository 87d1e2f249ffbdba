"""Pictures for lesson 11a: one latent as ten digits, a plane of styles, and what is measured of each digit."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from course_utils.plots import palette
from course_utils.plots.images import mosaic
from course_utils.plots.layout import add_axes
from course_utils.plots.vae import REACH, draw_map

RANGES = {"ink": (0.0, 0.32), "slant": (-0.7, 1.0)}  # of the axes of the attributes
UNITS = {"ink": "ink, mean grey", "slant": "slant, pixels to the right per pixel up"}
DIGITS = 10


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
        self._found = [
            ax.text(0, 0.72 if digit % 2 else 0.3, str(digit), color=palette.text(palette.GENERATOR), fontsize=11,
                    ha="center", va="center", clip_on=True)
            for digit in range(DIGITS)
        ]  # fmt: skip
        self.moving: list[Artist] = [self._asked, *self._found]

    def update(self, found: ArrayLike, asked: float | None) -> None:
        """The measured values of the ten digits, and what was asked for, None for nothing."""
        low, high = self.ax.get_xlim()
        for text, value in zip(self._found, np.asarray(found, float), strict=True):
            text.set_x(float(np.clip(value, low, high)))
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
        (self._point,) = self.plane.plot(
            [], [], "o", ms=13, mfc=palette.GENERATOR, mec="white", mew=2, clip_on=False
        )

        left = 0.62 + side + 0.25
        step = (width - left - 0.1) / 5
        self.digits, self._seen = [], []
        for digit in range(DIGITS):
            row, column = divmod(digit, 5)
            ax = add_axes(
                figure,
                (
                    left + column * step,
                    height - 0.3 - (row + 1) * step - 0.22 * row,
                    step - 0.06,
                    step - 0.06,
                ),
            )
            ax.set(xticks=[], yticks=[])
            ax.grid(False)
            for spine in ax.spines.values():
                spine.set(visible=True, color=palette.FAINT)
            self.digits.append(ax.imshow(np.zeros((28, 28)), cmap="gray_r", vmin=0, vmax=1))
            self._seen.append(
                ax.set_title("", fontsize=10, loc="center", pad=3, color=palette.text(palette.DISCRIMINATOR))
            )
        below, gap = height - 0.3 - 2 * step - 0.22 - 0.1, 0.48
        tall = (below - gap * len(attributes)) / len(attributes)
        self.axes = {
            name: AttributeAxis(
                add_axes(figure, (left, below - (i + 1) * (tall + gap) + gap, width - left - 0.16, tall)),
                name,
            )
            for i, name in enumerate(attributes)
        }
        self.moving: list[Artist] = [self._point, *self.digits, *self._seen]
        self.moving += [artist for axis in self.axes.values() for artist in axis.moving]

    def show_map(self, pictures: ArrayLike, digit: int) -> None:
        """What lies behind the point: (side^2, 28, 28) in [0, 1], in the order of ``plots.vae.map_latents``."""
        self._map.set_data(mosaic(pictures, round(len(np.asarray(pictures)) ** 0.5), gap=0, scale="unit"))
        self.plane.set_title(f"styles of the digit {digit}", fontsize=12)

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
        for digit, (artist, title, picture, name) in enumerate(
            zip(self.digits, self._seen, np.asarray(pictures), np.asarray(seen), strict=True)
        ):
            artist.set_data(picture)
            title.set_text(f"judge: {name}" + ("" if name == digit else " ✗"))
        for name, axis in self.axes.items():
            axis.update(found[name], asked.get(name))
