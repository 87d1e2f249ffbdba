"""Places in inches are where they are said to be, whatever the figure; numbers are written as a reader expects them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Affine2D

from course_utils.plots import layout


@pytest.fixture(params=[(8.8, 5.2), (6.3, 3.7)])
def figure(request):
    return Figure(figsize=request.param)


def in_inches(ax):
    """Where axes stand, as matplotlib's own box."""
    return ax.get_position().transformed(Affine2D().scale(*ax.figure.get_size_inches()))


def test_axes_stand_where_their_box_says(figure):
    place = in_inches(layout.add_axes(figure, (0.5, 1.0, 2.0, 1.5)))
    assert place.bounds == pytest.approx((0.5, 1.0, 2.0, 1.5))


def test_a_grid_leaves_the_margins_free(figure):
    grid = figure.add_gridspec(1, 1, **layout.margins(figure, left=0.5, right=0.25, top=0.75, bottom=1.0))
    width, height = figure.get_size_inches()
    assert in_inches(figure.add_subplot(grid[0])).extents == pytest.approx(
        [0.5, 1.0, width - 0.25, height - 0.75]
    )


def test_a_column_stands_beside_the_square_and_fills_its_height(figure):
    axes = layout.square_and_column(
        figure, left=0.6, right=0.3, top=0.5, bottom=0.4, between=0.8, gap=0.3, lower=0.6
    )
    assert figure.axes == list(axes)
    width, height = figure.get_size_inches()
    side = height - 0.9
    square, upper, lower = map(in_inches, axes)
    assert square.bounds == pytest.approx((0.6, 0.4, side, side))
    assert upper.extents == pytest.approx([square.x1 + 0.8, lower.y1 + 0.3, width - 0.3, square.y1])
    assert lower.extents == pytest.approx([upper.x0, square.y0, upper.x1, square.y0 + 0.6 * (side - 0.3)])


def test_names_over_the_axes_run_in_their_order_and_end_at_its_right_border(figure):
    FigureCanvasAgg(figure)
    ax = layout.add_axes(figure, (0.5, 0.5, 3, 2))
    layout.write_above(ax, [("first", "red"), ("second", "green"), ("third", "blue")])
    figure.canvas.draw()
    third, second, first = ax.texts
    assert [text.get_text() for text in (first, second, third)] == ["first", "second", "third"]
    assert [text.get_color() for text in (first, second, third)] == ["red", "green", "blue"]
    boxes = [text.get_window_extent() for text in (first, second, third)]
    assert boxes[0].x1 < boxes[1].x0 < boxes[1].x1 < boxes[2].x0
    assert boxes[2].x1 == pytest.approx(ax.bbox.x1, abs=1)
    assert min(box.y0 for box in boxes) > ax.bbox.y1


@given(value=st.floats(0, 1e9), at_least=st.sampled_from([2.0**-10, 1.0, 250.0]))
def test_a_roomy_limit_is_the_next_doubling(value, at_least):
    limit = layout.roomy(value, at_least)
    assert limit >= value
    assert limit == at_least or limit / 2 < value
    assert np.log2(limit / at_least).is_integer()


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "0.500"), (-0.25, "−0.250"), (-0.0001, "0.000"), (np.inf, "∞"), (np.float64(12.3456), "12.346")],
)
def test_numbers_have_real_minus_signs_and_no_negative_zero(value, text):
    assert layout.number(value) == text


@pytest.mark.parametrize(("value", "text"), [(2.0, "2"), (-1.5, "−1.5"), (10.004, "10"), (-0.001, "0")])
def test_trimmed_numbers_have_no_zeros_at_their_end(value, text):
    assert layout.number(value, 2, trim=True) == text


def test_long_axes_count_in_thousands():
    assert [layout.thousands(step) for step in (0, 500, 1000, 12000)] == ["0", "0.5k", "1k", "12k"]


def test_powers_of_ten_are_written_as_formulas_would_be():
    powers = [layout.power_of_ten(value) for value in (0, 1e-12, 0.001, 1, 10, 1e20)]
    assert powers == ["0", "10⁻¹²", "10⁻³", "10⁰", "10¹", "10²⁰"]
