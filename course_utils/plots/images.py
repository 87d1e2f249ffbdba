"""Pictures in a grid, drawn as one image (64 axes would take a hundred times longer)."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from numpy.typing import ArrayLike

from course_utils.checks import whole
from course_utils.datasets.scaling import Scale, read_pictures, to_unit


def mosaic(
    images: ArrayLike,
    columns: int = 8,
    gap: int = 2,
    background: float = 0.35,
    *,
    scale: Scale | None = None,
) -> np.ndarray:
    """Lay n pictures out in rows of ``columns``, ``gap`` pixels apart.

    Parameters
    ----------
    images : (n, h, w) or (n, 1, h, w); bytes, or floats in [-1, 1] as a generator gives them, or in [0, 1].
    background : grey level of the gaps and of empty places, in [0, 1].
    scale : that of the pictures; None goes by the rule of :func:`~course_utils.datasets.scaling.scale_of`.

    Returns
    -------
    grey levels in [0, 1], (rows * (h + gap) - gap, columns * (w + gap) - gap)

    Raises
    ------
    ValueError
        for another shape, type or range, or fewer than one picture or column.
    """
    columns = whole("columns", columns)
    grey = np.asarray(to_unit(*read_pictures("images", images, scale)))
    n, h, w = grey.shape
    rows = -(-n // columns)
    canvas = np.full((rows * (h + gap), columns * (w + gap)), background)
    for i, picture in enumerate(grey):
        y, x = (i // columns) * (h + gap), (i % columns) * (w + gap)
        canvas[y : y + h, x : x + w] = picture
    return canvas[: rows * (h + gap) - gap, : columns * (w + gap) - gap]


def draw_mosaic(
    ax: Axes, images: ArrayLike, columns: int = 8, title: str = "", *, scale: Scale | None = None
) -> AxesImage:
    """Draw :func:`mosaic` of the pictures; returns the image artist, whose data an animation can replace."""
    artist = ax.imshow(
        mosaic(images, columns, scale=scale), cmap="gray", vmin=0, vmax=1, interpolation="nearest"
    )
    ax.set_axis_off()
    ax.set_title(title)
    return artist
