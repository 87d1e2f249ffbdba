"""Pictures in a grid, drawn as one image (64 axes would take a hundred times longer)."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from numpy.typing import ArrayLike

from course_utils.datasets.scaling import to_unit


def mosaic(images: ArrayLike, columns: int = 8, gap: int = 2, background: float = 0.35) -> np.ndarray:
    """Lay n pictures out in rows of ``columns``, ``gap`` pixels apart.

    Parameters
    ----------
    images : (n, h, w) or (n, 1, h, w); uint8 in 0..255, or float in [-1, 1] as a generator gives them.
    background : grey level of the gaps and of empty places, in [0, 1].

    Returns
    -------
    grey levels in [0, 1], (rows * (h + gap) - gap, columns * (w + gap) - gap)

    Raises
    ------
    ValueError
        for another shape, or fewer than one picture or column.
    """
    images = np.asarray(images)
    if images.ndim == 4 and images.shape[1] == 1:
        images = images[:, 0]
    if images.ndim != 3 or len(images) == 0 or columns < 1:
        raise ValueError(
            f"expected at least one picture, (n, h, w) or (n, 1, h, w), and at least one column; "
            f"got shape {images.shape} and {columns} columns."
        )
    grey = to_unit(images)
    n, h, w = grey.shape
    rows = -(-n // columns)
    canvas = np.full((rows * (h + gap), columns * (w + gap)), background)
    for i, picture in enumerate(grey):
        y, x = (i // columns) * (h + gap), (i % columns) * (w + gap)
        canvas[y : y + h, x : x + w] = picture
    return canvas[: rows * (h + gap) - gap, : columns * (w + gap) - gap]


def draw_mosaic(ax: Axes, images: ArrayLike, columns: int = 8, title: str = "") -> AxesImage:
    """Draw :func:`mosaic` of the pictures; returns the image artist, whose data an animation can replace."""
    artist = ax.imshow(mosaic(images, columns), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    ax.set_axis_off()
    ax.set_title(title)
    return artist
