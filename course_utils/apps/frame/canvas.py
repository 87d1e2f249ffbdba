"""The one figure of an app, and how it becomes PNG bytes: fast, and only what has changed is drawn again."""

import struct
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axis import Axis
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

PIXELS_PER_INCH = 100
STILLS = 4  # pictures without what moves
KNOWN = 12  # ways in which an axis was drawn last


class Canvas:
    """A ``matplotlib.figure.Figure`` (no pyplot) of this size in inches, drawn through Agg.

    Everything in it is drawn ``scale`` times larger, in a picture of the same size: fewer inches at more dots per inch.
    """

    def __init__(self, size: tuple[float, float], scale: float = 1.0):
        self.figure = Figure(figsize=(size[0] / scale, size[1] / scale), dpi=PIXELS_PER_INCH * scale)
        self._canvas: Any = FigureCanvasAgg(self.figure)
        self._moving: Sequence[Artist] = ()
        # The last pictures without what moves: for which moving artists, and which limits, and the pixels.
        self._stills: list[tuple[Sequence[Artist], list[tuple[float, ...]], Any]] = []
        self._at_work = False

    def resize(self, width: int) -> None:
        """So many pixels wide from now on, with the same in it."""
        self.figure.set_dpi(width / self.figure.get_figwidth())

    def png(self, moving: Sequence[Artist]) -> bytes:
        """The present picture. Where only the ``moving`` artists have changed since this very list was last given, and
        no axes' limits, only they are drawn. Otherwise everything is, but of the axes' ticks, labels and grids, which
        take most of a drawing's time, only what has changed is worked out anew."""
        limits = [(self.figure.dpi,), *(ax.viewLim.bounds for ax in self.figure.axes)]
        if moving is not self._moving:
            for artist in self._moving:
                artist.set_animated(False)
            for artist in moving:
                artist.set_animated(True)  # which keeps it out of an ordinary draw
            self._moving = moving
        for given, own, still in self._stills:
            if moving and given is moving and own == limits:
                self._canvas.restore_region(still)
                break
        else:
            self._draw()
            still = self._canvas.copy_from_bbox(self.figure.bbox)
            others = [known for known in self._stills if known[0] is not moving]
            self._stills = [*others[1 - STILLS :], (moving, limits, still)]
        for artist in moving:
            artist.draw(self._canvas.get_renderer())
        return to_png(np.asarray(self._canvas.buffer_rgba())[..., :3])

    def _draw(self) -> None:
        for ax in self.figure.axes:
            for axis in (ax.xaxis, ax.yaxis):
                if not isinstance(axis.draw, Remembered):
                    vars(axis)["draw"] = Remembered(axis, lambda: self._at_work)
        self._at_work = True  # what others draw in this figure, with savefig say, is drawn as ever
        try:
            self._canvas.draw()
        finally:
            self._at_work = False


class Remembered:
    """How an axis is drawn, with its ticks, labels and grid: the first time as ever, while what is done to the pixels
    is noted; then, whenever the axis is as it was one of the last times, by doing the same to the pixels again.

    Not noticed is what is changed in place: a locator, a formatter, the offset text, a label's distance, a spine, a
    single tick. Give the axis a new locator or formatter with it.
    """

    def __init__(self, axis: Axis, at_work: Callable[[], bool]):
        self._axis, self._at_work = axis, at_work
        self._first: Callable[[Any], None] = axis.draw
        self._renderer: Any = None
        self._known: list[tuple[tuple[Any, ...], list[Any]]] = []  # how it was, and what was done

    def __call__(self, renderer: Any) -> None:
        if not self._at_work() or not hasattr(
            renderer, "_update_methods"
        ):  # which is matplotlib's own affair
            self._known = []
            self._first(renderer)
            return
        axis, label = self._axis, self._axis.label
        if renderer is not self._renderer:
            self._renderer, self._known = renderer, []
        seen = (
            axis.get_visible(), *axis.get_view_interval(), axis.axes.bbox.bounds, axis.label.get_text(),
            axis.get_major_locator(), axis.get_major_formatter(), axis.get_minor_locator(), axis.get_minor_formatter(),
            axis.get_tick_params("major"), axis.get_tick_params("minor"),
        )  # fmt: skip
        if label.stale and label.get_text():
            self._known = []
        for known, done in self._known:
            if known == seen:
                for again in done:
                    again()
                return
        agg = renderer._renderer
        renderer._renderer = noted = Noted(agg)  # as a renderer itself does it for filters
        renderer._update_methods()
        try:
            self._first(renderer)
        finally:
            renderer._renderer = agg
            renderer._update_methods()
        self._known = [*self._known[1 - KNOWN :], (seen, noted.done)]


class Noted:
    """Does all that the given object does, and notes it: ``done`` are the calls, to be made again."""

    def __init__(self, does: Any):
        self._does = does
        self.done: list[Callable[[], object]] = []

    def __getattr__(self, name: str) -> Callable[..., object]:
        method = getattr(self._does, name)

        def note(*given: Any) -> object:
            self.done.append(partial(method, *map(_kept, given)))
            return method(*given)

        return note


def _kept(given: Any) -> Any:
    """A graphics context is changed between two uses; nothing else is."""
    if not isinstance(given, GraphicsContextBase):
        return given
    kept = GraphicsContextBase()
    kept.copy_properties(given)
    return kept


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
