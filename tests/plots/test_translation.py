"""Lesson 11b's pictures show the numbers that they are given."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from course_utils.plots.translation import as_image, draw_costs, draw_matching, draw_rows


@pytest.fixture
def ax():
    return Figure().add_subplot()


def test_grey_and_coloured_pictures_are_laid_in_rows(ax):
    draws = np.random.default_rng(0)
    grey, coloured = draws.uniform(-1, 1, (3, 1, 5, 4)), draws.uniform(-1, 1, (3, 3, 5, 4))
    draw_rows(ax, {"a": grey, "b": coloured})
    (image,) = ax.get_images()
    canvas = np.asarray(image.get_array())
    # two rows of five and a gap of two; three columns of four and two gaps
    assert canvas.shape == (12, 16, 3)
    assert canvas[:5, 6:10] == pytest.approx(np.repeat((grey[1, 0, :, :, None] + 1) / 2, 3, axis=2))
    assert canvas[7:, 12:] == pytest.approx((coloured[2].transpose(1, 2, 0) + 1) / 2)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    with pytest.raises(ValueError, match=r"\(2, 5, 4\)"):
        as_image(draws.uniform(-1, 1, (2, 5, 4)))


def test_an_arrow_leads_from_each_mode_to_its_match(ax):
    starts, ends = np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[1.0, 1.0], [0.0, 1.0]])
    draw_matching(ax, starts, ends, starts, ends)
    arrows = [(tuple(a.xyann), tuple(a.xy)) for a in ax.texts]
    assert arrows == [((0, 0), (1, 1)), ((1, 0), (0, 1))]


def test_each_seed_has_a_dot_at_its_cost_and_none_has_its_own_place(ax):
    draw_costs(ax, {"a": [1.0, 1.0, np.nan], "b": [2.0]}, [1.0, 2.0, 3.0])
    a, b = (np.asarray(dots.get_offsets()) for dots in ax.collections)
    assert a[:2, 0] == pytest.approx([1, 1])
    assert a[0, 1] != a[1, 1]  # none covers another
    assert a[2, 0] > 3
    assert b[0, 0] == pytest.approx(2)
    assert a[:, 1].min() > b[:, 1].max()
