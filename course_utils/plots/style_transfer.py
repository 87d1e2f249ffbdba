"""Pictures beside each other, Gram matrices with their numbers, and the picture of the style-transfer app."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from course_utils.plots import palette
from course_utils.plots.layout import margins, write

CONTENT, STYLE, RESULT = palette.DATA, palette.SECOND, palette.GENERATOR
SMALLEST, LARGEST = 1e-4, 10.0  # of the relative losses that the app's axis shows


def draw_picture(ax: Axes, picture: ArrayLike, title: str = "") -> None:
    """One picture, (h, w, 3) in [0, 1] or (h, w) grey, without axes."""
    ax.imshow(np.asarray(picture), vmin=0, vmax=1, cmap="gray", interpolation="antialiased")
    ax.set_axis_off()
    ax.set_title(title)


def draw_grid(
    figure: Figure,
    pictures: Sequence[Sequence[ArrayLike]],
    columns: Sequence[str] = (),
    rows: Sequence[str] = (),
) -> None:
    """Fill a figure with rows of pictures as :func:`draw_picture` takes them, with a title over each column and a
    label beside each row.

    Raises
    ------
    ValueError
        when the rows differ in length, or there are more titles or labels than columns or rows.
    """
    widths = {len(row) for row in pictures}
    if len(widths) != 1 or 0 in widths:
        raise ValueError(f"every row needs the same number of pictures, at least one; got {sorted(widths)}.")
    if len(columns) > max(widths) or len(rows) > len(pictures):
        raise ValueError(
            f"{len(columns)} titles and {len(rows)} labels do not fit {len(pictures)} rows of {max(widths)} pictures."
        )
    axes = figure.subplots(len(pictures), max(widths), squeeze=False)
    for i, row in enumerate(pictures):
        for j, picture in enumerate(row):
            draw_picture(axes[i, j], picture, columns[j] if i == 0 and j < len(columns) else "")
        if i < len(rows):
            size = palette.STYLE["axes.titlesize"]
            write(axes[i, 0], -0.04, 0.5, rows[i], rotation=90, ha="right", va="center", fontsize=size)


def draw_gram(ax: Axes, gram: ArrayLike, names: Sequence[str], title: str = "") -> None:
    """A Gram matrix (n, n) as squares with its numbers in them."""
    gram = np.asarray(gram)
    ax.imshow(gram, cmap="Blues", vmin=0, vmax=1.6 * max(gram.max(), 1e-12))
    for (i, j), value in np.ndenumerate(gram):
        ax.text(j, i, f"{value:g}", ha="center", va="center")
    ax.set(xticks=range(len(names)), yticks=range(len(names)), xticklabels=names, yticklabels=names)
    ax.grid(False)
    ax.tick_params(length=0)
    ax.set_title(title)


def draw_losses(ax: Axes, history: Mapping[str, ArrayLike]) -> None:
    """The relative content and style loss, (steps,) each, against the step, on a logarithmic axis."""
    for name, color in (("content", CONTENT), ("style", STYLE)):
        values = np.asarray(history[name])
        ax.plot(np.arange(1, len(values) + 1), values, color=color, label=name)
    ax.set(yscale="log", xlabel="step", ylabel="relative loss", title="0: perfect, 1: as bad as a blank")
    ax.legend()


def wipe(before: ArrayLike, after: ArrayLike, share: float) -> np.ndarray:
    """The left ``share`` of one picture, and the rest of the other; both (h, w, 3).

    Raises
    ------
    ValueError
        when the pictures differ in shape, or the share is outside [0, 1].
    """
    before, after = np.asarray(before), np.asarray(after)
    if before.shape != after.shape or not 0 <= share <= 1:
        raise ValueError(
            f"a wipe needs two pictures of one shape and a share in [0, 1]; got {before.shape}, {after.shape}, {share}."
        )
    both = after.copy()
    edge = round(share * before.shape[1])
    both[:, :edge] = before[:, :edge]
    return both


class TransferPanels:
    """The picture that is made, with a wipe to the one it started from; beside it content, styles, and both losses.

    The panels are made once for these pictures; :meth:`update` moves nothing but the artists in ``moving``, and the
    limits of the time axis.
    """

    def __init__(self, figure: Figure, content: np.ndarray, *styles: np.ndarray):
        figure.clear()
        grid = figure.add_gridspec(
            2, 3, width_ratios=(2.6, 1, 1), height_ratios=(1, 1.25), wspace=0.1, hspace=0.3,
            **margins(figure, 0.1, 0.2, 0.4, 0.6),
        )  # fmt: skip
        large = figure.add_subplot(grid[:, 0])
        draw_picture(large, content)
        self._title = large.set_title("")
        (self._image,) = large.get_images()
        self._edge = large.axvline(0, color="white", lw=2)
        draw_picture(figure.add_subplot(grid[0, 1]), content, "content")
        places = grid[0, 2].subgridspec(len(styles), 1, hspace=0.08)
        for i, style in enumerate(styles):
            draw_picture(figure.add_subplot(places[i]), style, "" if i else "style")

        # The curves need room for their numbers, which the pictures above do not.
        place = grid[1, 1:].get_position(figure)
        room = 0.75 / figure.get_size_inches()[0]
        self._curves = figure.add_axes((place.x0 + room, place.y0, place.width - room, place.height))
        self._curves.set(yscale="log", ylim=(SMALLEST, LARGEST), xlabel="step", ylabel="relative loss")
        self._lines: dict[str, Line2D] = {}
        for name, color, x in (("content", CONTENT, 0.98), ("style", STYLE, 0.6)):
            (self._lines[name],) = self._curves.plot([], [], color=color, lw=1.8)
            write(self._curves, x, 0.97, name, color=color, ha="right", va="top")
        self._content = content
        self.moving: list[Artist] = [self._image, self._edge, self._title, *self._lines.values()]

    def update(
        self, picture: np.ndarray, share: float, history: Mapping[str, Sequence[float]], planned: int
    ) -> None:
        """Show a picture (h, w, 3) in [0, 1], the left ``share`` of it as the content was, and both losses so far,
        (steps,) each, on an axis for ``planned`` steps or more. A smaller picture, from an early level of a pyramid, is
        shown with larger pixels."""
        rows, columns = (
            np.arange(full) * own // full
            for full, own in zip(self._content.shape[:2], picture.shape[:2], strict=True)
        )
        picture = picture[rows[:, None], columns]
        self._image.set_data(wipe(self._content, picture, share))
        edge = share * self._content.shape[1] - 0.5
        self._edge.set_xdata([edge, edge])
        self._edge.set_visible(0 < share < 1)
        self._title.set_text(f"step {len(history['style'])}")
        for name, line in self._lines.items():
            values = np.asarray(history[name])
            line.set_data(np.arange(1, len(values) + 1), values)
        self._curves.set_xlim(0, max(planned, len(history["style"])))
