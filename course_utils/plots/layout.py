"""Where things stand in a picture, in inches, and how numbers are written there.

Text has its size in inches, so places in inches leave it room at every scale, and no frame jumps as it would with a
computed layout. A box is (left, bottom, width, height), counted from the figure's lower left corner.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.textpath import TextPath
from matplotlib.transforms import Transform

from course_utils.plots import palette

POWERS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
Box = tuple[float, float, float, float]

# ---------------------------------------------------------------------- axes


def add_axes(figure: Figure, box: Box) -> Axes:
    """New axes at a box in inches."""
    width, height = figure.get_size_inches()
    x, y, w, h = box
    return figure.add_axes((x / width, y / height, w / width, h / height))


def emptied(ax: Axes) -> Axes:
    """The axes without what was drawn in them. Scales, limits and labels stay; ``clear()`` would make them, and all
    ticks, anew, which takes as long as new axes."""
    for artist in (*ax.lines, *ax.texts, *ax.images):
        artist.remove()
    return ax


def framed(ax: Axes) -> list[Artist]:
    """A thin frame around the axes. Its parts are to be drawn after an image that moves, which would hide them."""
    ax.spines[:].set(visible=True, color=palette.FAINT)
    return [*ax.spines.values()]


def replace_picture(image: AxesImage, pixels: np.ndarray) -> None:
    """Other pixels (h, w) or (h, w, channels) in the axes of an image, which take their shape."""
    h, w = pixels.shape[:2]
    if image.get_size() != (h, w):
        image.set_extent((-0.5, w - 0.5, h - 0.5, -0.5))
        image.axes.set(xlim=(-0.5, w - 0.5), ylim=(h - 0.5, -0.5))
    image.set_data(pixels)


def margins(figure: Figure, left: float, right: float, top: float, bottom: float) -> dict[str, float]:
    """Margins in inches as the fractions that ``figure.add_gridspec`` takes."""
    width, height = figure.get_size_inches()
    return {
        "left": left / width,
        "right": 1 - right / width,
        "top": 1 - top / height,
        "bottom": bottom / height,
    }


def square_and_column(
    figure: Figure,
    *,
    left: float,
    right: float,
    top: float,
    bottom: float,
    between: float,
    gap: float,
    lower: float = 0.5,
) -> tuple[Axes, Axes, Axes]:
    """A square as high as the margins allow, and right of it two axes, the upper one and the lower one.

    Parameters
    ----------
    left, right, top, bottom : margins in inches.
    between : inches from the square to the column.
    gap : inches between the two axes of the column.
    lower : the lower one's share of the column without the gap.
    """
    width, height = figure.get_size_inches()
    side = height - bottom - top
    column = left + side + between
    below = lower * (side - gap)
    wide = width - right - column
    return (
        add_axes(figure, (left, bottom, side, side)),
        add_axes(figure, (column, bottom + below + gap, wide, side - below - gap)),
        add_axes(figure, (column, bottom, wide, below)),
    )


def roomy(value: float, at_least: float = 2.0**-10) -> float:
    """The smallest of ``at_least`` times 1, 2, 4, ... that is not below ``value``: the end of an axis that moves
    rarely, and never lets its curve leave the picture."""
    return float(at_least * 2 ** max(0, int(np.ceil(np.log2(max(value, at_least) / at_least)))))


# ---------------------------------------------------------------------- words


def write(ax: Axes, x: float, y: float, text: str, **how: Any) -> Text:
    """Write at (x, y), in fractions of the axes: several times faster than a legend, and it never moves."""
    return ax.text(x, y, text, transform=ax.transAxes, **how)


def write_above(ax: Axes, names: Sequence[tuple[str, str]]) -> None:
    """Pairs (name, colour) in a row over the axes, where no curve runs through them; from the right to the left, so
    that what is too long for narrow axes reaches over the ticks and not out of the picture."""
    beside: Artist | Transform = ax.transAxes
    place, gap = 1, 0
    for text, color in reversed(names):
        beside = ax.annotate(
            text, (place, 1), xycoords=(beside, ax.transAxes), xytext=(gap, 5), textcoords="offset points",
            ha="right", color=color, fontsize=12, clip_on=False,
        )  # fmt: skip
        place, gap = 0, -10


def draw_guide(ax: Axes, height: float, label: str | None = None, *, lw: float = 1.2) -> None:
    """A dashed line at a height to compare with, and what the legend says of it."""
    ax.axhline(height, color=palette.THEORY, ls="--", lw=lw, label=label)


@cache
def outline(digit: int) -> Path:
    """The digit as a marker in a square around 0, like matplotlib's f"${digit}$", which takes seven times as long."""
    glyph = TextPath((0, 0), str(digit))
    box = glyph.get_extents()
    return Path((glyph.vertices - box.get_points().mean(0)) / max(box.width, box.height), glyph.codes)


# ---------------------------------------------------------------------- numbers


def number(value: float, decimals: int = 3, *, trim: bool = False) -> str:
    """So many decimals, a real minus sign, ∞, and never "−0.000"; ``trim`` leaves out zeros at the end."""
    if np.isposinf(value):
        return "∞"
    text = f"{round(float(value), decimals) + 0.0:.{decimals}f}"
    return (text.rstrip("0").rstrip(".") if trim else text).replace("-", "−")


def power_of_ten(value: float, _: object = None) -> str:
    """A tick of a logarithmic axis, 10⁻³, in letters: the first formula of a kernel takes as long as three frames."""
    digits = f"{np.log10(value):.0f}" if value else ""
    return "10" + digits.translate(POWERS) if digits else "0"


def thousands(step: float, _: object = None) -> str:
    """A tick of a long axis of steps: 12000 is "12k"."""
    return f"{step / 1000:g}k" if step else "0"
