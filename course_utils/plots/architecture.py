"""A network as a row of boxes, as large as what flows through it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from course_utils.plots import palette

WORDS = {
    "BatchNorm1d": "batch norm",
    "BatchNorm2d": "batch norm",
    "Conv2d": "convolution",
    "ConvTranspose2d": "transposed\nconvolution",
    "LeakyReLU": "leaky ReLU",
    "Tanh": "tanh",
    "Flatten": "flatten",
    "_Maps": "reshape",
    "Linear": "linear",
    "MinibatchStandardDeviation": "minibatch\nstatistics",
    "MinibatchDiscrimination": "minibatch\nstatistics",
}
GAP = 1.75  # between two boxes, where the layers' names stand


class Stage(NamedTuple):
    """One shape that a sample takes on its way, and the layers that bring it there."""

    shape: tuple[int, ...]
    layers: tuple[str, ...]


def stages(layers: Sequence[tuple[str, Sequence[int]]]) -> list[Stage]:
    """Put layers together that leave the shape as it is with the one before them.

    Parameters
    ----------
    layers : a name and the shape behind it, (features,) or (channels, height, width), without the axis of the
        minibatch; first the input, under any name.
    """
    found: list[Stage] = []
    for name, shape in layers:
        if found and tuple(shape) == found[-1].shape:
            found[-1] = Stage(found[-1].shape, (*found[-1].layers, name))
        else:
            found.append(Stage(tuple(shape), (name,)))
    return found


def draw_architecture(
    ax: Axes, layers: Sequence[tuple[str, Sequence[int]]], *, title: str, color: str = palette.GENERATOR
) -> list[Stage]:
    """Draw one box per shape, the layers' names on the arrows between them, and return the :func:`stages` drawn.

    Maps (c, h, w) are drawn as blocks: the front is h by w, and the depth grows with the logarithm of c; vectors (n,)
    as bars whose height grows with the logarithm of n.
    """
    row = stages(layers)
    sizes = [_size(stage.shape) for stage in row]
    left = 0.0
    edges = []
    for stage, (width, height, depth) in zip(row, sizes, strict=True):
        _draw_block(ax, left, width, height, depth, color)
        label = " × ".join(map(str, stage.shape))
        ax.text(left + (width + depth) / 2, -1.45, label, ha="center", va="top", fontsize=11, weight="bold")
        edges.append((left, left + width + depth))
        left += width + depth + GAP
    for (_, start), (end, _), stage in zip(edges, edges[1:], row[1:], strict=False):
        ax.annotate("", (end - 0.08, 0), (start + 0.08, 0), arrowprops={"arrowstyle": "->", "lw": 1.2})
        names = "\n".join(WORDS.get(name, name) for name in stage.layers)
        ax.text((start + end) / 2, 0.1, names, ha="center", va="bottom", fontsize=11, linespacing=1.05)
    ax.set(xlim=(-0.4, left - GAP + 0.4), ylim=(-2.0, 1.9), aspect="equal", title=title)
    ax.set_axis_off()
    return row


def _size(shape: tuple[int, ...]) -> tuple[float, float, float]:
    """Width, height and depth of the box for a shape."""
    if len(shape) == 1:
        return 0.16, 0.3 + 0.2 * np.log2(shape[0]), 0.0
    channels, height, width = shape
    return 0.5 + 1.3 * width / 28, 0.5 + 1.3 * height / 28, 0.1 + 0.06 * np.log2(channels)


def _draw_block(ax: Axes, left: float, width: float, height: float, depth: float, color: str) -> None:
    """A block seen a little from the right and above, its front's centre at height 0."""
    x = np.array([left, left + width])
    y = np.array([-height / 2, height / 2])
    front = [(x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1])]
    top = [(x[0], y[1]), (x[1], y[1]), (x[1] + depth, y[1] + depth), (x[0] + depth, y[1] + depth)]
    side = [(x[1], y[0]), (x[1], y[1]), (x[1] + depth, y[1] + depth), (x[1] + depth, y[0] + depth)]
    for corners, alpha in ((front, 0.55), (top, 0.3), (side, 0.75)):
        ax.add_patch(Polygon(corners, facecolor=color, edgecolor="black", alpha=alpha, lw=0.8))
