"""The one figure of an app, and how it becomes PNG bytes: fast, and only what has changed is drawn again."""

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axis import Axis, XAxis, YAxis
from matplotlib.backend_bases import GraphicsContextBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator
from matplotlib.transforms import Bbox

PIXELS_PER_INCH = 100
STILLS = 4  # pictures without what moves
KNOWN = 12  # ways in which an axis was drawn last
MANY = 300  # ticks: a line with more places than 1024 is not snapped to the pixels
# What draws faster relies on private parts, which may be others in the next version: that one draws by itself.
FASTER = matplotlib.__version_info__[:2] == (3, 11)


class Canvas:
    """A ``matplotlib.figure.Figure`` (no pyplot) of this size in inches, drawn through Agg.

    Everything in it is drawn ``scale`` times larger, in a picture of the same size: fewer inches at more dots per inch.
    """

    def __init__(self, size: tuple[float, float], scale: float = 1.0):
        self.figure = Figure(figsize=(size[0] / scale, size[1] / scale), dpi=PIXELS_PER_INCH * scale)
        self._canvas: Any = _canvas(self.figure)
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
        self._at_work = True  # what others draw in this figure, with savefig say, is drawn as ever
        try:
            return to_png(self._drawn(moving))
        finally:
            self._at_work = False

    def _drawn(self, moving: Sequence[Artist]) -> np.ndarray:
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
        renderer = self._canvas.get_renderer()
        for artist in moving:
            # a line without points takes its time, too
            if not isinstance(artist, Line2D) or np.size(artist.get_xdata()):
                artist.draw(renderer)
        return np.asarray(self._canvas.buffer_rgba())

    def _draw(self) -> None:
        for ax in self.figure.axes if FASTER else ():
            for axis in (ax.xaxis, ax.yaxis):  # of other projections they are drawn in other ways
                if type(axis) in (XAxis, YAxis) and not isinstance(axis.draw, Remembered):
                    vars(axis)["draw"] = Remembered(axis, lambda: self._at_work)
            for image in ax.images:
                if type(image) is AxesImage and not isinstance(image.make_image, partial):
                    vars(image)["make_image"] = partial(self._make_image, image, image.make_image)
        self._canvas.draw()

    def _make_image(self, image: AxesImage, first: Callable[..., Any], *how: Any, **more: Any) -> Any:
        from course_utils.apps.frame.agg import enlarged

        return (enlarged(image) if self._at_work else None) or first(*how, **more)


def _canvas(figure: Figure) -> FigureCanvasAgg:
    if not FASTER:
        return FigureCanvasAgg(figure)
    from course_utils.apps.frame.agg import AggCanvas

    return AggCanvas(figure)


class Remembered:
    """How an axis is drawn, with its ticks, labels and grid: the first time as ever, while what is done to the pixels
    is noted; then, whenever the axis is as it was one of the last times, by doing the same to the pixels again.

    Not noticed is what is changed in place: a locator, a formatter, the offset text, a label's distance, a single tick,
    ``rcParams``. Give the axis a new locator or formatter with it.
    """

    def __init__(self, axis: Axis, at_work: Callable[[], bool]):
        self._axis, self._at_work = axis, at_work
        self._first: Callable[[Any], None] = axis.draw
        self._renderer: Any = None
        self._known: list[tuple[tuple[Any, ...], list[Any]]] = []  # how it was, and what was done

    def __call__(self, renderer: Any) -> None:
        axis, label, spines = self._axis, self._axis.label, self._axis.axes.spines
        # Where a spine was moved to, the other axis' limits may say.
        moved = any(
            spines[side].get_position() != ("outward", 0) for side in ("left", "right", "bottom", "top")
        )
        if not self._at_work() or moved:  # which is matplotlib's own affair
            self._known = []
            self._first(renderer)
            return
        if renderer is not self._renderer:
            self._renderer, self._known = renderer, []
        seen = (
            axis.get_visible(), *axis.get_view_interval(), axis.axes.bbox.bounds, axis.label.get_text(),
            axis.get_major_locator(), axis.get_major_formatter(), axis.get_minor_locator(), axis.get_minor_formatter(),
            repr(axis.get_tick_params("major")), repr(axis.get_tick_params("minor")),  # colours may be arrays
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
            with together(axis):
                self._first(renderer)
        finally:
            renderer._renderer = agg
            renderer._update_methods()
        self._known = [*self._known[1 - KNOWN :], (seen, noted.done)]


@contextmanager
def together(axis: Any) -> Iterator[None]:
    """While this lasts, one tick of the axis stands for all that look alike, and is drawn at all their places: to make
    ticks, to move them and to draw each by itself takes most of an axis' time. The pixels are the same, but where one
    tick has a look of its own, or lies over another: grid lines closer than they are wide, words in the axes."""
    along, transform = axis.axis_name, axis.get_transform()
    low, high = sorted(transform.transform(axis.get_view_interval()))
    margin = 1e-10 * (high - low)  # as matplotlib has it
    ticks: dict[Any, tuple[np.ndarray, list[str]]] = {}  # where each is drawn, and what stands there
    for kind, locate, made in (
        (axis.major, axis.get_majorticklocs, axis.get_major_ticks),
        (axis.minor, axis.get_minorticklocs, axis.get_minor_ticks),
    ):
        if isinstance(kind.locator, NullLocator) or not len(places := np.asarray(locate(), float)):
            continue
        words, at = kind.formatter.format_ticks(places), transform.transform(places)
        seen = np.flatnonzero((low - margin <= at) & (at <= high + margin))
        if len(seen):
            ticks[made(1)[0]] = places[seen], [words[i] for i in seen]

    def texts(name: str, *of: Any) -> Iterator[Any]:
        """A text of these ticks, as it is at each place."""
        for tick in of:
            text = getattr(tick, name)
            for place, word in zip(*ticks[tick], strict=True) if text.get_visible() else ():
                text.set(**{along: place, "text": word})
                yield text

    def draw(tick: Any, renderer: Any) -> None:
        places = ticks[tick][0]
        for line in (tick.gridline, tick.tick1line, tick.tick2line):
            if line.get_visible():
                data = x, y = np.broadcast_arrays(*line.get_data())
                across = np.tile([*(y if along == "x" else x), np.nan], len(places))  # one line with gaps
                both = np.repeat(places, len(x) + 1), across
                line.set_data(*(both if along == "x" else both[::-1]))
                line.draw(renderer)
                line.set_data(*data)
        for name in ("label1", "label2"):
            for each in texts(name, tick):
                each.draw(renderer)

    @cache
    def boxes(renderer: Any) -> tuple[list[Bbox], ...]:
        return tuple(
            [each.get_window_extent(renderer) for each in texts(name, *ticks)]
            for name in ("label1", "label2")
        )

    def find_boxes(_: object, renderer: Any) -> tuple[list[Bbox], ...]:
        """Where the words are, if something has to keep clear of them."""
        return boxes(renderer) if axis.label.get_text() or axis.major.formatter.get_offset() else ([], [])

    replaced = {axis: {"_update_ticks": lambda: list(ticks), "_get_ticklabel_bboxes": find_boxes}}
    replaced |= {tick: {"draw": partial(draw, tick)} for tick in ticks}
    if any(len(places) > MANY for places, _ in ticks.values()):
        replaced = {}
    for artist, methods in replaced.items():
        vars(artist).update(methods)
    try:
        yield
    finally:
        for artist, methods in replaced.items():
            for name in methods:
                del vars(artist)[name]


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
    """Pixels (height, width, 3 or 4) of uint8 as a PNG file; of what is transparent nothing is told. An encoder that
    tries all filters took a quarter of a frame. Here a drawing has none, by which it loses nothing. Of a photograph,
    whose neighbours differ, it is told what each row adds to the one above, and nothing but repetitions is sought."""
    height, width, _ = pixels.shape
    photograph = np.mean(pixels[::16, 1:, 0] != pixels[::16, :-1, 0]) > 0.3
    rows = np.full(
        (height, 1 + 3 * width), 2 * photograph, np.uint8
    )  # each begins with the number of its filter
    for colour in range(3):  # which is several times faster than all at once
        rows[:, 1 + colour :: 3] = pixels[..., colour]
    if photograph:
        rows[1:, 1:] -= rows[:-1, 1:].copy()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    deflate = zlib.compressobj(1, strategy=zlib.Z_RLE if photograph else zlib.Z_DEFAULT_STRATEGY)
    data = deflate.compress(rows.data) + deflate.flush()
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
