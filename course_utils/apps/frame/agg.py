"""Matplotlib's Agg, which lays out a text once and draws a glyph once (both were a third of a drawing's time), and
looks up a colour once for each pixel of an image, not of the screen."""

from collections.abc import Iterable
from functools import lru_cache
from math import ceil, cos, floor, radians, sin
from typing import Any

import numpy as np
from matplotlib import _image
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg, get_hinting_flag
from matplotlib.ft2font import RenderMode
from matplotlib.image import AxesImage
from matplotlib.transforms import Affine2D


class AggCanvas(FigureCanvasAgg):
    """Draws with our :class:`Renderer`."""

    _made: tuple[float, ...] = ()

    def get_renderer(self) -> "Renderer":
        wanted = *self.get_width_height(physical=True), self.figure.dpi
        if wanted != self._made:
            self.renderer, self._made = Renderer(*wanted), wanted
        return self.renderer


class Renderer(RendererAgg):
    """Puts the same glyphs at the same places as its base, to a 64th of a pixel."""

    def draw_text(
        self,
        gc: Any,
        x: float,
        y: float,
        s: str,
        prop: Any,
        angle: float,
        ismath: Any = False,
        mtext: Any = None,
    ) -> None:
        if ismath or mtext is None:
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)
        else:
            how = get_hinting_flag(), mtext.get_fontfeatures(), mtext.get_language()
            font, size = self._prepare_font(prop), prop.get_size_in_points()
            self._draw_text_glyphs_and_boxes(gc, x, y, angle, _laid_out(font, size, self.dpi, s, *how), [])

    def _draw_text_glyphs_and_boxes(
        self, gc: Any, x: float, y: float, angle: float, glyphs: Iterable[Any], boxes: Iterable[Any]
    ) -> None:
        if not gc.get_antialiased():
            super()._draw_text_glyphs_and_boxes(gc, x, y, angle, glyphs, boxes)
            return
        c, s, how = cos(radians(angle)), sin(radians(angle)), (self.dpi, angle, get_hinting_flag())
        for *glyph, dx, dy in glyphs:
            column, right = divmod(round(64 * (x + dx * c - dy * s)), 64)
            row, above = divmod(round(64 * (self.height - y + dx * s + dy * c)), 64)
            grey, left, top = _drawn(*glyph, *how, right, above)
            low = int(self.height) - top - row + len(grey)
            self._renderer.draw_text_image(grey, left + column, low, 0, gc)
        super()._draw_text_glyphs_and_boxes(gc, x, y, angle, (), boxes)


@lru_cache(1000)
def _laid_out(font: Any, size: float, dpi: float, text: str, flags: Any, *how: Any) -> list[tuple[Any, ...]]:
    """The glyphs of a line of text, and where each is."""
    items = font._layout(text, flags=flags, features=how[0], language=how[1])
    return [(item.ft_object, size, item.glyph_index, 0, 1, item.x, item.y) for item in items]


@lru_cache(4000)
def _drawn(
    font: Any,
    size: float,
    index: int,
    slant: float,
    extend: float,
    dpi: float,
    angle: float,
    flags: Any,
    *place: int,
) -> tuple[np.ndarray, int, int]:
    """The grey levels of a glyph that begins so many 64ths of a pixel right of and above a corner of pixels, and their
    left and upper edge from there."""
    c, s = cos(radians(angle)), sin(radians(angle))
    turn = np.array([[c, -s], [s, c]]) @ [[extend, extend * slant], [0, 1]]
    font.set_size(size, dpi)
    font._set_transform((0x10000 * turn).round().astype(int), place)
    bitmap = font._render_glyph(index, flags, RenderMode.NORMAL)
    return bitmap.buffer.copy(), bitmap.left, bitmap.top


def enlarged(image: AxesImage) -> tuple[np.ndarray, float, float, None] | None:
    """What ``make_image`` hands back of an image whose pixels are enlarged, in a tenth of the time: colours are looked
    up before and not after. The same pixels. None: such an image is drawn in another way."""
    transform = image.get_transform()
    given: Any = image.get_array()
    straight = transform.is_affine and transform.is_separable
    if image.get_interpolation() != "nearest" or image.get_alpha() is not None or not straight:
        return None
    odd = given.ndim == 3 and np.ma.is_masked(given)  # matplotlib shows what such a mask hides, but for NaN
    if odd or given.dtype.char not in "Bfd" or not image.norm.scaled():
        return None
    whole: Any = image.get_figure(root=True)
    clip = (image.get_clip_box() or image.axes.bbox) if image.get_clip_on() else whole.bbox
    colours = image.to_rgba(given, bytes=True)
    if (colours[..., 3] + np.uint8(1) > 1).any():  # neither 0 nor 255: matplotlib rounds them in another way
        return None
    height, width = colours.shape[:2]
    x0, x1, y0, y1 = image.get_extent()
    put = np.array([[(x1 - x0) / width, 0, x0], [0, (y1 - y0) / height, y0], [0, 0, 1]])
    upper = image.origin == "upper"
    onto = transform.get_affine().get_matrix() @ put @ (_mirrored(1, height) if upper else np.eye(3))
    ends = transform.transform([(x0, y0), (x1, y1)])
    (low, bottom), (high, top) = np.maximum(ends.min(0), clip.min), np.minimum(ends.max(0), clip.max)
    left, right = floor(low + 0.5), floor(high + 0.5 + 1e-8)  # as matplotlib rounds
    below, above = ceil(bottom - 0.5 - 1e-8), ceil(top - 0.5)
    if right <= left or above <= below:
        return None
    onto[:2, 2] -= left, below
    seen = _seen(onto.tobytes(), upper, height, width, above - below, right - left)
    pixels = np.append(np.uint32(0), np.ascontiguousarray(colours).view(np.uint32)).take(seen)
    return pixels.view(np.uint8).reshape(*seen.shape, 4), left, below, None


@lru_cache(32)
def _seen(onto: bytes, upper: bool, height: int, width: int, high: int, wide: int) -> np.ndarray:
    """The number of the image's pixel, from 1 on, that is seen at each pixel of the screen; 0 where none is. The image
    is mirrored as matplotlib does it: that decides where the middle of one of the screen lies between two."""
    seen = np.zeros((high, wide))
    numbers = np.arange(1.0, 1 + height * width).reshape(height, width)[:, ::-1]
    put = np.frombuffer(onto).reshape(3, 3) @ _mirrored(0, width)
    if upper:
        numbers, put = numbers[::-1], put @ _mirrored(1, height)
    _image.resample(numbers, seen, Affine2D(put), _image.NEAREST)  # type: ignore[attr-defined]
    return seen.astype(np.int32)


def _mirrored(axis: int, size: int) -> np.ndarray:
    """The matrix that mirrors so many columns (axis 0) or rows (1)."""
    matrix = np.eye(3)
    matrix[axis, axis], matrix[axis, 2] = -1, size
    return matrix
