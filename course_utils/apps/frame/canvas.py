"""The one figure of an app, and how it becomes PNG bytes: fast, and only what moves is drawn again."""

import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

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
            for artist in self._moving or ():
                artist.set_animated(False)
            for artist in moving:
                artist.set_animated(True)  # which keeps it out of an ordinary draw
            self._canvas.draw()
            self._still = self._canvas.copy_from_bbox(self.figure.bbox)
            self._moving, self._limits = moving, limits
        else:
            self._canvas.restore_region(self._still)
        for artist in moving:
            artist.draw(self._canvas.get_renderer())
        return to_png(np.asarray(self._canvas.buffer_rgba())[..., :3])


def to_png(pixels: np.ndarray) -> bytes:
    """Pixels (height, width, 3) of uint8 as a PNG file without filters. A drawing loses nothing by it, and it takes
    half of the time of an encoder that tries them all, which was a quarter of a frame."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # each begins with the number of its filter
    rows[:, 1:] = pixels.reshape(height, 3 * width)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.data, level=1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
