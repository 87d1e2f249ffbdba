"""The pictures of lesson 6: histograms that lose nothing, guides in the right place, moments in the order of time."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from course_utils.plots import critics, palette


def heights(artist):
    """The steps of a histogram's outline, one per bin (the outline goes up and down at each edge)."""
    return np.asarray(artist.get_xy())[:, 1]


def vertical_guides(ax):
    return [line.get_xdata()[0] for line in ax.get_lines() if line.get_linestyle() == "--"]


def test_slopes_have_one_outline_for_each_place_and_1_as_their_guide():
    ax = Figure().add_subplot()
    rng = np.random.default_rng(0)
    slopes = {
        place: np.exp(rng.normal(m, 0.2, 500)) for place, m in zip(critics.PLACES, (-1, 0, 1), strict=True)
    }
    critics.draw_slopes(ax, slopes, title="a critic")
    outlines = {patch.get_label(): patch for patch in ax.patches}
    assert list(outlines) == list(critics.PLACES)
    for place, outline in outlines.items():
        assert outline.get_edgecolor()[:3] == pytest.approx(to_rgb(critics.PLACES[place]))
        top = np.asarray(outline.get_xy())[heights(outline).argmax(), 0]  # the bin where most of them are
        assert top == pytest.approx(np.median(slopes[place]), rel=0.4)
    assert vertical_guides(ax) == [1]
    assert ax.get_xscale() == "log"
    assert "a critic" in (ax.get_title(), ax.get_title(loc="left"))


def test_slopes_beyond_the_axis_are_counted_at_its_ends():
    ax = Figure().add_subplot()
    critics.draw_slopes(ax, {"real": [1e-9, 1e9, 0.0, 1.0]}, title="", limits=(0.1, 10.0))
    (outline,) = ax.patches
    y = heights(outline)
    assert y.max() == pytest.approx(50)  # two of four are too small
    assert y[-3:].max() == pytest.approx(25)  # one is too large
    assert ax.get_xlim() == pytest.approx((0.1, 10.0))


def test_weights_add_up_and_none_is_counted_where_it_is_not():
    """A spike at the end of the axis means weights there, not weights beyond it."""
    weights = np.array([-0.01] * 40 + [0.0] * 20 + [0.01] * 40)
    ax = Figure().add_subplot()
    critics.draw_weights(ax, weights, c=0.01, title="clipped")
    heights_at = {round(bar.get_x() + bar.get_width() / 2, 4): bar.get_height() for bar in ax.patches}
    assert sum(heights_at.values()) == pytest.approx(100)
    assert heights_at[max(heights_at)] == heights_at[min(heights_at)] == 0
    assert sorted(heights_at.values())[-2:] == pytest.approx([40, 40])
    assert vertical_guides(ax) == [-0.01, 0.01]
    free = Figure().add_subplot()
    critics.draw_weights(free, [*weights, 0.7], title="free")
    assert vertical_guides(free) == []
    assert free.get_xlim() == pytest.approx((-0.7, 0.7))
    assert sum(bar.get_height() for bar in free.patches) == pytest.approx(100)


def test_slope_against_limit_shows_both_curves_and_every_limit():
    ax = Figure().add_subplot()
    limits, slopes = np.array([0.01, 0.02, 0.04]), np.array([0.1, 0.8, 6.4])
    critics.draw_slope_against_limit(ax, limits, slopes, 10 * slopes)
    lines = {line.get_label(): line for line in ax.get_lines()}
    assert np.array_equal(lines["measured, mean"].get_ydata(), slopes)
    assert np.array_equal(lines["bound"].get_ydata(), 10 * slopes)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.01", "0.02", "0.04"]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_trust_marks_the_first_and_the_last_moment():
    ax = Figure().add_subplot()
    said, quality = [4.0, 5.0, 2.0, 1.0], [900.0, 300.0, 100.0, 50.0]
    critics.draw_trust(ax, said, quality, title="a run", xlabel="estimate")
    path, dots, first, last = ax.get_lines()
    for line in (path, dots):
        assert line.get_xydata().tolist() == np.column_stack([said, quality]).tolist()
    assert first.get_xydata().tolist() == [[4.0, 900.0]]
    assert first.get_markerfacecolor() == "none"
    assert last.get_xydata().tolist() == [[1.0, 50.0]]
    assert last.get_markerfacecolor() == palette.THEORY
    assert (ax.get_xscale(), ax.get_yscale()) == ("linear", "log")


def test_runs_have_one_line_for_each_seed_and_one_name_for_each_way():
    ax = Figure().add_subplot()
    steps = [100, 200]
    runs = {
        "gan": [(steps, [900, 800]), (steps, [950, 700])],
        "gan, k = 5": [],
        "wgan-clip": [(steps, [600, 500])],
    }
    critics.draw_runs(ax, runs, title="plain", goal=825.0)
    assert [line.get_ydata().tolist() for line in ax.get_lines()[:3]] == [[900, 800], [950, 700], [600, 500]]
    assert ax.get_legend_handles_labels()[1] == ["gan", "wgan-clip"]
    assert len({line.get_linestyle() for line in ax.get_lines()[1:3]}) == 2  # a second cue beside the colour
    assert list(ax.get_lines()[-1].get_ydata()) == [825.0, 825.0]
