"""Pictures beside each other, Gram matrices with their numbers, and the picture of the style-transfer app."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from course_utils.plots import palette
from course_utils.plots.layout import add_axes, draw_guide, power_of_ten, replace_picture, write

CONTENT_LINE, STYLE_LINE = (palette.DATA, "-"), (palette.SECOND, "--")
SMALLEST, LARGEST = 1e-3, 10.0  # of the relative losses: below, the axis is linear down to 0


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
    """The relative content and style loss, (steps,) each, against the number of steps taken: the first is that of the
    start. The axis is logarithmic from 0.001 on, and linear below, where the content's own loss begins at 0."""
    for name, (color, dash) in (("content", CONTENT_LINE), ("style", STYLE_LINE)):
        values = np.asarray(history[name])
        ax.plot(np.arange(len(values)), values, color=color, ls=dash, label=name)
    _relative_losses(ax, max(2.0, *(1.2 * float(np.max(history[name])) for name in ("content", "style"))))
    ax.set_title("0: perfect, 1: as bad as a blank")
    ax.legend()


def _relative_losses(ax: Axes, top: float) -> None:
    ax.set_yscale("symlog", linthresh=SMALLEST, linscale=0.5)
    ax.yaxis.set_major_formatter(power_of_ten)
    ax.set(ylim=(0, top), xlabel="steps taken", ylabel="relative loss")
    draw_guide(ax, 1.0)


class TransferPanels:
    """The picture that is made, large, with a wipe to the one it started from; beside it content, styles, and both
    losses.

    The panels are made once; :meth:`show` puts other pictures there, as many styles as at first, and :meth:`update`
    moves nothing but the artists in ``moving``. The axis of time is that of shares of the planned steps, whose number
    stands at its end: no tick is drawn again.
    """

    def __init__(self, figure: Figure, content: np.ndarray, *styles: np.ndarray):
        figure.clear()
        width, height = figure.get_size_inches()
        column, top, small = min(2.5, 0.34 * width), 0.35, min(1.15, 0.26 * height)
        left = width - column - 0.1
        self._large = add_axes(figure, (0.1, 0.1, left - 0.3, height - top - 0.1))
        draw_picture(self._large, content)
        self._large.set_anchor("NW")
        self._title = self._large.set_title("")
        (self._image,) = self._large.get_images()
        self._image.set_interpolation("bilinear")  # it is enlarged: 192 pixels over 600 of the screen
        self._edge = self._large.axvline(0, color="white", lw=2)
        # in the middle of the line, with a dark rim, so that it is seen on a white picture
        (self._handle,) = self._large.plot(
            [0], [0], "o", ms=13, mfc="white", mec=palette.MUTED, clip_on=False
        )
        self._large.autoscale(False)

        half, y = column / 2, height - top - small
        original = add_axes(figure, (left, y, half - 0.06, small))
        draw_picture(original, content, "content")
        small_axes = [original]
        original.set_anchor("N")
        each = small / len(styles)
        for i, style in enumerate(styles):
            box = (left + half + 0.06, y + small - (i + 1) * each, half - 0.06, 0.94 * each)
            small_axes.append(add_axes(figure, box))
            draw_picture(small_axes[-1], style, "" if i else "style")
        self._small = [ax.get_images()[0] for ax in small_axes]

        self._curves = add_axes(figure, (left + 0.75, 0.55, column - 0.9, y - 0.9))
        _relative_losses(self._curves, LARGEST)
        self._curves.set(xlim=(0, 1), xticks=(0, 0.5, 1), xticklabels=("0", "", ""))
        label = self._curves.get_xticklabels()[0]
        self._end = write(self._curves, 1, 0, "", ha="center", va="top", fontsize=label.get_fontsize())
        self._end.set_transform(label.get_transform())
        self._lines: dict[str, Line2D] = {}
        for name, (color, dash), x in (("content", CONTENT_LINE, 1.0), ("style", STYLE_LINE, 0.45)):
            (self._lines[name],) = self._curves.plot([], [], color=color, ls=dash, lw=1.8)
            write(self._curves, x, 1.03, name, color=palette.text(color), ha="right", va="bottom")
        self._content, self._given = content, (content, *styles)
        self.moving: list[Artist] = [
            self._image,
            self._edge,
            self._handle,
            self._title,
            self._end,
            *self._lines.values(),
        ]

    def show(self, content: np.ndarray, *given: np.ndarray) -> bool:
        """Another content, and what is shown small, the content and the styles, (h, w, 3) in [0, 1]; whether any of
        these is another one than before."""
        before, self._given, self._content = self._given, given, content
        others = [new is not old for new, old in zip(given, before, strict=True)]
        for image, picture, other in zip(self._small, given, others, strict=True):
            if other:
                replace_picture(image, picture)
        return any(others)

    @property
    def picture(self) -> Axes:
        """The axes of the large picture, in pixels of the content."""
        return self._large

    def edge_at(self, share: float) -> float:
        """Where the line of a wipe stands in :attr:`picture`: between two columns of pixels."""
        return share * self._content.shape[1] - 0.5

    def share_at(self, x: float) -> float:
        """The share of a wipe whose line is at x, wherever that is."""
        return (x + 0.5) / self._content.shape[1]

    def update(
        self, picture: np.ndarray, share: float, history: Mapping[str, Sequence[float]], planned: int
    ) -> None:
        """Show a picture (h, w, 3) in [0, 1], the left ``share`` of it as the content was, and both losses so far,
        (steps,) each, on an axis for ``planned`` steps or more. A smaller picture, from an early level of a pyramid, is
        shown larger."""
        if picture.shape != self._content.shape:
            down, right = (
                np.arange(full) * own // full
                for full, own in zip(self._content.shape[:2], picture.shape[:2], strict=True)
            )
            picture = picture[down[:, None], right]
        columns = round(share * picture.shape[1])
        # Bytes, and opaque: what matplotlib would make of it, in a multiple of the memory. By colours for that, too.
        both = np.full((*picture.shape[:2], 4), 255, np.uint8)
        for colour in range(3):
            both[:, :columns, colour] = np.rint(255 * self._content[:, :columns, colour])
            both[:, columns:, colour] = np.rint(255 * picture[:, columns:, colour])
        replace_picture(self._image, both)
        edge = self.edge_at(share)
        self._edge.set_xdata([edge, edge])
        self._edge.set_visible(0 < share < 1)
        self._handle.set_data([edge], [self._content.shape[0] / 2])
        self._title.set_text(f"step {len(history['style'])}")
        end = max(planned, len(history["style"]))
        self._end.set_text(str(end))
        for name, line in self._lines.items():
            values = np.asarray(history[name])
            line.set_data(np.arange(len(values)) / end, values)
