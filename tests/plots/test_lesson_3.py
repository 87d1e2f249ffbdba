"""Lesson 3's pictures: widths, areas and bars are the masses that they stand for."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from course_utils.plots import palette
from course_utils.plots import transport as draw

X, Y = np.array([(0.0, 0.0), (1.0, 4.0)]), np.array([(4.0, 0.0), (3.0, 4.0), (0.0, 2.0)])
PLAN = np.array([[0.2, 0.0, 0.1], [0.3, 0.4, 0.0]])
A, B = PLAN.sum(axis=1), PLAN.sum(axis=0)


@pytest.fixture
def ax():
    return Figure().add_subplot()


def test_arrows_are_as_wide_and_discs_as_large_as_their_masses(ax):
    ax.set(xlim=(-1, 5), ylim=(-1, 5))
    picture = draw.PlanMap(ax, 2, 3)
    picture.update(X, Y, A, B, PLAN, names="AB123")
    widths = {cell: arrow.get_linewidth() for cell, arrow in picture.arrows.items() if arrow.get_visible()}
    assert set(widths) == set(zip(*np.nonzero(PLAN), strict=True))
    assert widths[0, 0] / widths[1, 1] == pytest.approx(0.2 / 0.4)
    np.testing.assert_allclose(picture.hills.get_sizes() / picture.hills.get_sizes()[0], A / A[0])
    np.testing.assert_allclose(picture.holes.get_offsets(), Y)
    assert [text.get_text() for text in picture.names] == list("AB123")


def test_an_empty_pair_can_be_pointed_at_without_looking_like_mass(ax):
    ax.set(xlim=(-1, 5), ylim=(-1, 5))
    picture = draw.PlanMap(ax, 2, 3)
    picture.update(X, Y, A, B, PLAN, highlight=(0, 1))
    pointer = picture.arrows[0, 1]
    assert pointer.get_visible()
    assert pointer.get_linestyle() != "-"
    picture.update(X, Y, A, B, PLAN)
    assert not pointer.get_visible()


def test_the_joint_picture_has_both_marginals_on_its_sides():
    figure = Figure()
    draw.draw_joint(figure, PLAN, ["x0", "x1"], ["y0", "y1", "y2"])
    matrix, top, side = figure.axes
    np.testing.assert_array_equal(matrix.images[0].get_array(), PLAN)
    assert sorted(text.get_text() for text in matrix.texts) == ["0.1", "0.2", "0.3", "0.4"]
    np.testing.assert_allclose([bar.get_height() for bar in top.patches], B)
    np.testing.assert_allclose([bar.get_width() for bar in side.patches], A)


def test_densities_face_each_other(ax):
    x = np.linspace(0, 1, 11)
    draw.draw_facing(ax, x, np.full(11, 2.0), np.full(11, 1.0))
    up, down = (area.get_datalim(ax.transData) for area in ax.collections)
    assert (up.y0, up.y1, down.y0, down.y1) == (0, 2, -1, 0)
    assert ax.yaxis.get_major_formatter()(-1.5) == "1.5"  # a density is positive on both sides


def test_the_area_between_quantiles_is_shaded(ax):
    u = np.linspace(0, 1, 5)
    draw.draw_quantiles(ax, u, 2 + u, u, label="area 2")
    assert [list(line.get_ydata()) for line in ax.lines] == [list(2 + u), list(u)]
    assert ax.collections[0].get_datalim(ax.transData).bounds == (0, 0, 1, 3)
    assert "area 2" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_running_times_are_in_milliseconds_on_logarithmic_axes(ax):
    draw.draw_running_times(ax, {"sort": {10: 1e-3, 100: 2e-3}})
    np.testing.assert_allclose(ax.lines[0].get_xydata(), [(10, 1), (100, 2)])
    assert ax.get_xscale() == ax.get_yscale() == "log"


def test_the_guides_beside_potentials_have_slope_one(ax):
    x = np.linspace(0, 10, 101)
    draw.draw_potential(ax, x, {"phi": (np.abs(x - 5), {"color": palette.THEORY})})
    guides = [line.get_xydata() for line in ax.lines[1:]]
    assert sorted(float(np.diff(g[:, 1])[0] / np.diff(g[:, 0])[0]) for g in guides) == pytest.approx([-1, 1])
