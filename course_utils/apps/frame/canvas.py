"""The one figure of an app, and how it becomes PNG bytes: fast, and only what moves is drawn again."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

PIXELS_PER_INCH = 100


class Canvas:
    """A ``matplotlib.figure.Figure`` (no pyplot) of this size in inches, drawn through Agg.

    Everything in it is drawn ``scale`` times larger, in a picture of the same size: fewer inches at more dots per inch.
    """

    def __init__(self, size: tuple[float, float], scale: float = 1.0):
        self.figure = Figure(figsize=(size[0] / scale, size[1] / scale), dpi=PIXELS_PER_INCH * scale)
        self._canvas: Any = FigureCanvasAgg(self.figure)
        # The picture without what moves, and for which moving artists and which limits it was drawn.
        self._still: Any = None
        self._moving: Sequence[Artist] | None = None
        self._limits: list[tuple[float, ...]] = []

    def resize(self, width: int) -> None:
        """So many pixels wide from now on, with the same in it."""
        self.figure.set_dpi(width / self.figure.get_figwidth())

    def png(self, moving: Sequence[Artist]) -> bytes:
        """The present picture. Where only the ``moving`` artists have changed since the last one, and no axes' limits,
        only they are drawn."""
        limits = [(self.figure.dpi,), *(ax.viewLim.bounds for ax in self.figure.axes)]
        if not moving or moving is not self._moving or limits != self._limits:
            for artist in moving:
                artist.set_animated(True)  # which keeps it out of an ordinary draw
            self._canvas.draw()
            self._still = self._canvas.copy_from_bbox(self.figure.bbox)
            self._moving, self._limits = moving, limits
        else:
            self._canvas.restore_region(self._still)
        for artist in moving:
            artist.draw(self._canvas.get_renderer())
        buffer = io.BytesIO()
        picture = Image.fromarray(np.asarray(self._canvas.buffer_rgba())[..., :3])
        picture.save(buffer, format="png", compress_level=1)  # speed matters here, size does not
        return buffer.getvalue()
