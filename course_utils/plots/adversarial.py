"""Pictures for lesson 10: a picture before and after an attack, what a network says, and the path of an attack."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from contourpy import contour_generator
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from course_utils.datasets import SIDE
from course_utils.plots import palette
from course_utils.plots.layout import add_axes, framed, write, write_above

LOSS = LinearSegmentedColormap.from_list("loss", ["white", palette.ACCENT])
LOOKS: dict[str, dict[str, Any]] = {  # networks, in curves: colour, dash and marker
    "linear": {"color": palette.MUTED, "ls": ":", "marker": "v"},
    "mlp": {"color": palette.MUTED, "ls": "--", "marker": "s"},
    "cnn": {"color": palette.DISCRIMINATOR, "ls": "-", "marker": "o"},
    "fgsm": {"color": palette.SECOND, "ls": "--", "marker": "D"},
    "robust": {"color": palette.THIRD, "ls": "-", "marker": "^"},
}
MOST = 8.0  # the loss from which on its ground is no darker, in nats
REACH = (-0.3, 1.3), (-0.8, 0.8)  # of the plane of a path, in lengths of the whole displacement


def draw_picture(ax: Axes, picture: ArrayLike, title: str = "", below: str = "") -> Any:
    """A digit (28, 28) or (1, 28, 28) in [0, 1], with words over and under it."""
    return _draw(ax, picture, title, below, cmap="gray", vmin=0, vmax=1)


def draw_change(ax: Axes, change: ArrayLike, most: float, title: str = "", below: str = "") -> Any:
    """What is added to each pixel, (28, 28), vermilion, and what is taken away, blue; full colour at ``most``."""
    return _draw(ax, change, title, below, cmap=palette.CHANGE, vmin=-most, vmax=most)


def _draw(ax: Axes, pixels: ArrayLike, title: str, below: str, **how: Any) -> Any:
    image = ax.imshow(np.reshape(pixels, (SIDE, SIDE)), **how)
    ax.set(xticks=[], yticks=[], title=title, xlabel=below)
    ax.grid(visible=False)
    return image


def draw_rows(axes: np.ndarray, rows: Mapping[str, ArrayLike], titles: Sequence[str] = ()) -> None:
    """Digits in a grid of axes (rows, columns), the name of each row beside it and titles over the columns."""
    for line, (name, pictures) in zip(np.atleast_2d(axes), rows.items(), strict=True):
        for ax, picture in zip(line, np.asarray(pictures), strict=True):
            draw_picture(ax, picture)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
    for ax, title in zip(np.atleast_2d(axes)[0], titles, strict=False):
        ax.set_title(title)


def draw_accuracies(ax: Axes, epsilons: ArrayLike, curves: Mapping[str, ArrayLike], title: str = "") -> None:
    """Accuracy in percent, (seeds, epsilons) for each network by name: the mean, and a band from worst to best."""
    for name, values in curves.items():
        percent, look = 100 * np.atleast_2d(np.asarray(values, float)), LOOKS.get(name, {})
        ax.fill_between(epsilons, percent.min(0), percent.max(0), color=look.get("color"), alpha=0.25, lw=0)
        ax.plot(epsilons, percent.mean(0), label=name, ms=7, mec="white", **look)
    ax.set(xlabel=r"$\epsilon$", ylabel="named rightly, %", ylim=(-3, 103), title=title)


def draw_growth(
    ax: Axes, epsilons: ArrayLike, found: Mapping[str, ArrayLike], linear: ArrayLike, title: str = ""
) -> None:
    """How much a margin grows along some directions, against what the gradient alone foretells, dashed."""
    looks: tuple[dict[str, Any], ...] = (
        {"color": palette.GENERATOR, "marker": "o"},
        {"color": palette.MUTED, "marker": "s", "ls": ":"},
    )
    for (name, values), look in zip(found.items(), looks, strict=False):
        ax.plot(epsilons, values, label=name, ms=6, mec="white", **look)
    ax.plot(epsilons, linear, color=palette.THEORY, ls="--", lw=1.2, label="the gradient's forecast")
    ax.set(xlabel=r"$\epsilon$", ylabel="growth of the margin", title=title)


def draw_profile(ax: Axes, steps: ArrayLike, curves: Mapping[str, ArrayLike], title: str = "") -> None:
    """A loss along straight ways out of a picture: the first to the end of one step, the second to that of many."""
    looks: tuple[dict[str, Any], ...] = (
        {"color": palette.SECOND, "ls": "--", "marker": "D"},
        {"color": palette.GENERATOR, "ls": "-", "marker": "o"},
    )
    for (name, values), look in zip(curves.items(), looks, strict=False):
        ax.plot(steps, values, label=name, ms=6, mec="white", markevery=4, **look)
    ax.set(xlabel=r"distance in the largest pixel", ylabel="loss, nats", title=title)


class AttackPanels:
    """Before, the change, after; what the network says of both; the path of the attack in a plane, over the loss.

    ``figure`` is drawn into for as long as the panels live; ``before`` are the axes of the picture that can be painted.
    :meth:`update` changes only the artists in ``moving``.
    """

    def __init__(self, figure: Figure):
        figure.clear()
        width, height = figure.get_size_inches()
        column = 0.7 * width  # of the pictures and the bars; the plane stands beside it
        side = (column - 0.75) / 3
        self.before, middle, right = (
            add_axes(figure, (0.15 + (side + 0.2) * i, height - side - 0.35, side, side)) for i in range(3)
        )
        black = np.zeros((SIDE, SIDE))
        self._before = draw_picture(self.before, black)
        self._change = draw_change(middle, black, 1.0)
        self._after = draw_picture(right, black)
        pictures = {"before: paint": self.before, "the change": middle, "after": right}
        frames: list[Artist] = []
        for title, ax in pictures.items():
            ax.set_title(title, fontsize=12)
            frames += framed(ax)
        self._words = [
            write(ax, 0.5, -0.03, "", ha="center", va="top", fontsize=11) for ax in pictures.values()
        ]

        bars = add_axes(figure, (0.75, 0.55, column - 0.95, height - side - 1.45))
        places = np.arange(10)
        self._bars = [  # a collection for each, which draws faster than ten rectangles
            PolyCollection([], facecolor=color, edgecolor="white", hatch=hatch)
            for color, hatch in ((palette.DATA, ""), (palette.GENERATOR, "//"))
        ]
        for ten in self._bars:
            bars.add_collection(ten)
        bars.set(
            xticks=places,
            xlim=(-0.8, 9.8),
            ylim=(0, 1.03),
            yticks=(0, 0.5, 1),
            xlabel="digit",
            ylabel="probability",
        )
        write_above(
            bars, [("before", palette.text(palette.DATA)), ("after //", palette.text(palette.GENERATOR))]
        )

        self.plane = add_axes(figure, (column + 0.6, 0.55, width - column - 0.7, height - 0.9))
        (left, wide), (low, high) = REACH
        self._ground = self.plane.imshow(
            np.zeros((2, 2)), cmap=LOSS, vmin=0, vmax=MOST, extent=(low, high, left, wide), origin="lower",
            interpolation="bilinear", aspect="auto",
        )  # fmt: skip
        self._border = LineCollection([], colors=palette.THEORY, linestyles="--", linewidths=1.4)
        self.plane.add_collection(self._border)
        (self._path,) = self.plane.plot([], [], color=palette.THEORY, lw=1.4, marker=".", ms=5, label="path")
        (self._start,) = self.plane.plot([0], [0], "o", mec=palette.DATA, mfc="white", mew=2, ms=9)
        (self._end,) = self.plane.plot([], [], "s", color=palette.GENERATOR, mec="white", ms=9, label="end")
        self.plane.grid(visible=False)
        self.plane.set(xlim=(low, high), ylim=(left, wide), yticks=(0, 0.5, 1), xticks=(-0.5, 0, 0.5))
        self.plane.set(xlabel="across", ylabel="along the change")
        self.plane.set_title("path and loss", fontsize=12)
        self.moving: list[Artist] = [
            self._before, self._change, self._after, *frames, *self._words, *self._bars,
            bars.spines["bottom"], self._ground,
            *self.plane.spines.values(), self._border, self._path, self._start, self._end,
        ]  # fmt: skip

    def update(
        self,
        before: ArrayLike,
        after: ArrayLike,
        words: Sequence[str],
        probabilities: tuple[ArrayLike, ArrayLike],
        most: float,
        path: ArrayLike,
        loss: ArrayLike,
        margin: ArrayLike,
    ) -> None:
        """Show another attack.

        Parameters
        ----------
        before, after : (28, 28) in [0, 1].
        words : under the picture before, the change, the picture after.
        probabilities : (10,) each, before and after.
        most : the change that has full colour.
        path : (steps, 2), along the change and across, in lengths of the whole displacement.
        loss, margin : (rows, columns) over :data:`REACH`; where the margin is 0 is the border of the class.
        """
        before, after = np.reshape(before, (SIDE, SIDE)), np.reshape(after, (SIDE, SIDE))
        self._before.set_data(before)
        self._after.set_data(after)
        self._change.set_data((after - before) / most)
        for text, said in zip(self._words, words, strict=True):
            text.set_text(said)
        for bars, left, values in zip(self._bars, (-0.39, 0.01), probabilities, strict=True):
            tens = (
                [(x, 0), (x, y), (x + 0.38, y), (x + 0.38, 0)]
                for x, y in zip(np.arange(10) + left, np.asarray(values), strict=True)
            )
            bars.set_verts(list(tens))
        path, margin = np.asarray(path), np.asarray(margin)
        self._path.set_data(path[:, 1], path[:, 0])
        self._end.set_data(path[-1:, 1], path[-1:, 0])
        self._ground.set_data(np.asarray(loss))
        (left, wide), (low, high) = REACH
        across, along = np.linspace(low, high, margin.shape[1]), np.linspace(left, wide, margin.shape[0])
        lines: Any = contour_generator(across, along, margin).lines(0.0)
        self._border.set_segments(lines)
