"""The pictures of lesson 5: networks as boxes, equations of pictures, shares and logarithmic curves."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from torch import nn

from course_utils.gan.recipes import RECIPES
from course_utils.plots import palette, quality
from course_utils.plots.architecture import WORDS, Stage, draw_architecture, stages
from course_utils.plots.latents import draw_equation

LAYERS = [
    ("input", (5,)), ("Linear", (98,)), ("_Maps", (2, 7, 7)), ("BatchNorm2d", (2, 7, 7)), ("ReLU", (2, 7, 7)),
    ("ConvTranspose2d", (1, 14, 14)), ("Tanh", (1, 14, 14)),
]  # fmt: skip


def texts(ax):
    return [text.get_text() for text in ax.texts]


def box(polygons):
    """Width and height of the front, the first of a block's three sides."""
    x, y = polygons.get_xy()[:4].T
    return np.ptp(x), np.ptp(y)


def test_layers_that_keep_the_shape_belong_to_the_one_before_them():
    assert stages(LAYERS) == [
        Stage((5,), ("input",)),
        Stage((98,), ("Linear",)),
        Stage((2, 7, 7), ("_Maps", "BatchNorm2d", "ReLU")),
        Stage((1, 14, 14), ("ConvTranspose2d", "Tanh")),
    ]


def test_every_shape_and_every_layer_is_written_down():
    ax = Figure().add_subplot()
    row = draw_architecture(ax, LAYERS, title="G")
    assert row == stages(LAYERS)
    said = texts(ax)
    for shape in ("5", "98", "2 × 7 × 7", "1 × 14 × 14"):
        assert shape in said
    assert "reshape\nbatch norm\nReLU" in said
    assert "transposed\nconvolution\ntanh" in said
    assert "input" not in " ".join(said)  # the first box has no arrow that leads to it


def test_blocks_are_as_large_as_their_shapes_and_stand_apart():
    ax = Figure().add_subplot()
    draw_architecture(ax, [("input", (1, 28, 28)), ("Conv2d", (8, 14, 14)), ("Conv2d", (8, 7, 7))], title="D")
    fronts = [patch for patch in ax.patches if isinstance(patch, Polygon)][::3]
    sizes = [box(front) for front in fronts]
    assert all(width == pytest.approx(height) for width, height in sizes)
    assert sizes[0] > sizes[1] > sizes[2]
    assert sizes[0][0] - sizes[1][0] == pytest.approx(2 * (sizes[1][0] - sizes[2][0]))  # linear in the pixels
    left = [front.get_xy()[:, 0].min() for front in fronts]
    assert (np.diff(left) > 1).all()
    assert ax.get_xlim()[0] < left[0]
    assert ax.get_xlim()[1] > max(patch.get_xy()[:, 0].max() for patch in ax.patches[-3:])


@pytest.mark.parametrize("recipe", ["mlp", "dcgan", "wgan-gp"])
@pytest.mark.parametrize("statistics", ["none", "stddev", "discrimination"])
def test_every_layer_of_the_packages_networks_has_a_word(recipe, statistics):
    penalised = RECIPES[recipe].penalty in ("gp", "lp")
    recipe = RECIPES[recipe].replace(minibatch_statistics="none" if penalised else statistics)
    for network in recipe.make_networks():
        for layer in network.layers:
            assert type(layer).__name__ in WORDS or isinstance(layer, nn.ReLU), layer


def test_an_equation_has_its_pictures_signs_and_names_in_a_row():
    ax = Figure().add_subplot()
    pictures = torch.linspace(-1, 1, 3 * 784).view(3, 1, 28, 28)
    draw_equation(ax, pictures, "−=", ["a", "b", "?"])
    drawn = ax.get_images()
    assert np.allclose([image.get_array() for image in drawn], pictures.squeeze(1))
    assert all(image.get_clim() == (-1, 1) for image in drawn)
    place = [image.get_extent()[0] for image in drawn]
    signs = [text.get_position()[0] for text in ax.texts if text.get_text() in "−="]
    assert place[0] + 1 < signs[0] < place[1] < place[1] + 1 < signs[1] < place[2]
    assert texts(ax)[:3] == ["a", "b", "?"]


def test_an_equation_of_bytes_looks_the_same():
    ax = Figure().add_subplot()
    pixels = np.arange(2 * 784).reshape(2, 28, 28).astype(np.uint8)
    draw_equation(ax, pixels, "=", ["a", "b"])
    drawn = [image.get_array() for image in ax.get_images()]
    assert np.allclose(drawn, pixels / 127.5 - 1)


@pytest.mark.parametrize(("signs", "names"), [("+", "abc"), ("+=", "ab"), ("", "abc")])
def test_an_equation_that_does_not_fit_is_refused(signs, names):
    with pytest.raises(ValueError, match="3 pictures need"):
        draw_equation(Figure().add_subplot(), np.zeros((3, 28, 28), np.uint8), signs, names)


def test_logarithmic_curves_keep_their_values_and_name_their_places():
    ax = Figure().add_subplot()
    curves = {"floor": ([8.0, 4.0, 2.0], palette.DATA), "noise": ([90.0, 80.0, 85.0], palette.MUTED)}
    quality.draw_logarithmic(ax, [500, 1000, 2000], curves, log_x=True, xlabel="n", ylabel="distance")
    for line, (name, (values, color)) in zip(ax.get_lines(), curves.items(), strict=True):
        assert line.get_label() == name
        assert line.get_color() == color
        assert list(line.get_ydata()) == values
    for cue in ("get_linestyle", "get_marker"):  # beside the colour
        assert len({getattr(line, cue)() for line in ax.get_lines()}) == len(curves)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["500", "1,000", "2,000"]
    plain = Figure().add_subplot()
    quality.draw_logarithmic(plain, [0, 10], {"a": ([1, 2], palette.DATA)})
    assert (plain.get_xscale(), plain.get_yscale()) == ("linear", "log")
