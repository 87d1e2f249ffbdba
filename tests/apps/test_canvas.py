"""An app's picture is drawn faster than matplotlib draws, and has the same pixels."""

import io

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator
from PIL import Image

from course_utils.apps.frame.canvas import Canvas, to_png
from course_utils.plots import palette


def axes_of_all_kinds(figure):
    """Ticks, grids, labels, offsets and texts of every kind that an app may have."""
    plain, log, linear, ends, small, words = figure.subplots(2, 3).flat
    plain.plot([0, 1], [3, 1])
    plain.set(xlabel="step", ylabel="$W_1$", title="a title with $x_1$")
    log.set(yscale="log", ylim=(0.03, 400), xlabel="below", xlim=(4, -1))
    linear.set(xscale="symlog", xlim=(-10, 1000), yticks=(0, 0.25, 1), yticklabels=("none", "", "all"))
    ends.set(ylim=(1e6, 1e6 + 3), ylabel="with an offset")  # and ticks on every side
    ends.tick_params(top=True, labeltop=True, right=True, direction="inout", labelrotation=30)
    small.xaxis.set_minor_locator(MultipleLocator(0.05))
    small.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:.1f}\nof 1"))
    small.tick_params(labelbottom=False)
    words.text(0.31, 0.47, "turned $\\frac{1}{2}$", rotation=37, color=palette.DATA, alpha=0.6)
    words.text(0.5, 0.2, "coarse", antialiased=False)
    words.annotate("two\nlines", (1, 1), ha="right", va="top", xytext=(-3.3, 2.7), textcoords="offset points")
    words.set_axis_off()


def same(canvas, expected):
    """Whether the canvas' picture is what matplotlib draws in the other figure."""
    expected.draw()
    drawn = np.asarray(Image.open(io.BytesIO(canvas.png(()))))
    return np.array_equal(drawn, np.asarray(expected.buffer_rgba())[..., :3])


@pytest.mark.parametrize("scale", [1.0, 1.37])
def test_pixels_are_matplotlibs_own(scale, packed):
    canvas, reference = Canvas((9, 5), scale), Figure((9 / scale, 5 / scale), dpi=100 * scale)
    with palette.context():
        for figure in (canvas.figure, reference):
            axes_of_all_kinds(figure)
        expected = FigureCanvasAgg(reference)
        for width in (900, 640):
            canvas.resize(width)
            reference.set_dpi(canvas.figure.dpi)
            for how_often in ("once", "again"):
                assert same(canvas, expected), how_often


@pytest.mark.parametrize("faster", [True, False])
def test_axes_out_of_the_ordinary_are_drawn_as_they_are_now(faster, packed, monkeypatch):
    monkeypatch.setattr("course_utils.apps.frame.canvas.FASTER", faster)  # False with another version
    canvas, reference = Canvas((9, 3)), Figure((9, 3))
    expected = FigureCanvasAgg(reference)
    for figure in (canvas.figure, reference):
        figure.add_subplot(141, projection="polar")
        crossed, dense = figure.add_subplot(142), figure.add_subplot(143)
        crossed.set(xlim=(-1, 1), ylim=(-1, 1))
        crossed.spines[["left", "bottom"]].set_position("zero")
        crossed.tick_params(colors=np.array([0.8, 0, 0]))
        dense.set(xlim=(0, 400))
        dense.xaxis.set_minor_locator(MultipleLocator(1))
        dense.xaxis.grid(which="minor", lw=0.2)
        figure.colorbar(dense.imshow(np.eye(2), extent=(0, 400, 0, 1), aspect="auto"), ax=dense)
    assert same(canvas, expected)
    for figure in (canvas.figure, reference):
        turned, crossed, dense, _ = figure.axes
        turned.set_rmax(7)
        crossed.set(ylim=(-1, 3))
        crossed.tick_params(colors=np.array([0, 0, 0.8]))
        if not faster:  # then nothing is remembered
            dense.yaxis.get_major_formatter().set_scientific(True)
            dense.yaxis.get_major_formatter().set_powerlimits((0, 0))
    assert same(canvas, expected)


def pictures_of_all_kinds(figure, seed, rim):
    """Images enlarged and made smaller, cut off, mirrored and with holes; ``rim`` pixels off the grid of the screen."""
    rng, images = np.random.default_rng(seed), []
    for place in range(12):
        box = np.array([20 + 200 * (place % 4), 20 + 150 * (place // 4), *rng.integers(90, 140, 2)]) + rim
        ax = figure.add_axes(box / np.tile(figure.bbox.size, 2))
        ax.set_axis_off()
        shape = tuple(rng.integers(1, 300 if place == 3 else 40, 2))
        pixels = rng.random((*shape, (3, 4)[place % 2]) if place < 4 else shape)
        if place > 8:
            pixels = np.ma.masked_less(pixels, 0.2) if place == 9 else np.where(pixels < 0.2, np.nan, pixels)
        origin, cmap = ("upper", "lower")[place % 2], ("gray", "RdBu")[place % 3 == 1]
        images.append(ax.imshow(pixels, cmap, aspect="auto", origin=origin, vmin=0.1, vmax=0.8))
        if place in (5, 6):
            ax.set(xlim=rng.uniform(1, shape[1], 2), ylim=rng.uniform(-3, shape[0], 2))
    images[7].set_alpha(0.5)
    images[8].set_interpolation("bilinear")
    return images


@pytest.mark.parametrize("rim", [0, 0.25, 0.37])
def test_pixels_of_images_are_matplotlibs_own(rim, packed):
    for seed in range(4):
        canvas, reference = Canvas((9, 5)), Figure((9, 5))
        expected = FigureCanvasAgg(reference)
        with palette.context():
            for figure in (canvas.figure, reference):
                pictures_of_all_kinds(figure, seed, rim)
            assert same(canvas, expected), seed


SHADES = np.random.default_rng(0).integers(0, 256, (9, 7, 4)).astype(np.uint8)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "pixels",
    [SHADES, SHADES / 255, np.where(SHADES < 50, np.nan, SHADES / 255), np.ma.masked_less(SHADES[..., :3], 50),
     SHADES[..., :3] > 99, (SHADES[..., :3] / 255).astype(np.float16), SHADES[..., 0] / np.float16(255)],
    ids=["translucent bytes", "translucent", "NaN", "masked", "bool", "half", "grey half"],
)  # fmt: skip
def test_images_out_of_the_ordinary_are_matplotlibs_affair(pixels, packed):
    canvas, reference = Canvas((4, 3)), Figure((4, 3))
    for figure in (canvas.figure, reference):
        figure.add_axes((0, 0, 1, 1)).imshow(pixels, aspect="auto", interpolation="nearest")
    assert same(canvas, FigureCanvasAgg(reference))


def test_an_image_of_a_part_of_the_figure_is_clipped_as_ever(packed):
    canvas, reference = Canvas((4, 3)), Figure((4, 3))
    for figure in (canvas.figure, reference):
        ax = figure.subfigures(1, 2)[0].add_axes((0.21, 0.22, 0.7, 0.6))
        ax.imshow(SHADES[..., 0], extent=(-9, 90, -9, 99), interpolation="nearest").set_clip_on(False)
        ax.set(xlim=(0, 30), ylim=(0, 30))
    assert same(canvas, FigureCanvasAgg(reference))


def test_colours_go_by_what_is_seen_where_no_limits_are_known(packed):
    canvas, reference = Canvas((4, 3)), Figure((4, 3))
    for figure in (canvas.figure, reference):
        ax = figure.add_axes((0, 0, 1, 1))
        ax.imshow(SHADES[..., 0], interpolation="nearest").set_norm(Normalize())
        ax.set(xlim=(2.3, 3.9), ylim=(1.2, 2.7))
    assert same(canvas, FigureCanvasAgg(reference))


@pytest.mark.parametrize("kind", ["drawing", "photograph"])
def test_a_png_holds_every_pixel(kind):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (37, 61, 4), dtype=np.uint8)
    if kind == "drawing":
        pixels[:, 9:] = pixels[:, 9:10]
    read = Image.open(io.BytesIO(to_png(pixels)))
    assert read.mode == "RGB"
    assert np.array_equal(np.asarray(read), pixels[..., :3])
