"""Lesson 4's pictures: the data behind them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from course_utils.games.dynamics import METHODS
from course_utils.plots import games as draw


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=1, max_size=20))
def test_arrows_keep_their_directions_and_stay_short(vectors):
    vectors = np.array(vectors)
    squeezed = draw.arrows(vectors)
    length = np.hypot(*squeezed.T)
    assert (length < 1).all()
    assert np.allclose(squeezed[:, 0] * vectors[:, 1], squeezed[:, 1] * vectors[:, 0], atol=1e-6)
    assert ((squeezed * vectors).sum(axis=1) >= 0).all()
    order = np.argsort(np.hypot(*vectors.T))
    assert (np.diff(length[order]) >= -1e-12).all()  # the longer field has the longer arrow


@pytest.mark.parametrize("cue", ["METHOD_COLORS", "METHOD_MARKERS"])
def test_every_method_has_a_colour_and_a_marker_of_its_own(cue):
    looks = [getattr(draw, cue)[name] for name in [*METHODS, "flow"]]
    assert len(set(looks)) == len(looks)


def test_distances_and_runs_carry_their_methods_marker():
    ax = Figure().add_subplot()
    draw.draw_distance(ax, [1.0, 0.5, 0.2], "consensus")
    draw.draw_run(ax, [[1.0, 0], [0.5, 0]], "consensus")
    distance, _, _, end = ax.get_lines()
    assert distance.get_marker() == end.get_marker() == "X"


def test_a_diverged_run_is_drawn_to_its_last_known_point():
    ax = Figure().add_subplot()
    run = np.array([[1.0, 0], [2, 1], [np.nan, np.nan]])
    draw.draw_run(ax, run, "simultaneous")
    line, start, end = ax.get_lines()
    assert np.array_equal(np.transpose(line.get_data()), run[:2])
    assert np.array_equal(np.transpose(start.get_data()), run[:1])
    assert np.array_equal(np.transpose(end.get_data()), run[1:2])


def test_eigenvalues_stand_beside_the_unit_circle():
    ax = Figure().add_subplot()
    values = np.array([[1 + 0.1j, 1 - 0.1j], [0.5 + 0.5j, 0.5 - 0.5j]])
    draw.draw_eigenvalues(ax, values, "optimistic")
    (circle,) = ax.get_lines()
    assert np.allclose(np.hypot(*circle.get_data()), 1)
    assert np.allclose(
        ax.collections[0].get_offsets(), np.column_stack([values.real.ravel(), values.imag.ravel()])
    )
    assert ax.get_aspect() == 1


def test_bands_reach_from_the_best_to_the_worst_seed():
    ax = Figure().add_subplot()
    runs = {"plain": [[1.0, 0.5], [3.0, 0.7]], "other": [[2.0, 2.0], [2.0, 2.0]]}
    draw.draw_bands(ax, [10, 20], runs, 0.1)
    plain, other, guide = ax.get_lines()
    assert np.allclose(plain.get_ydata(), [2.0, 0.6])
    assert plain.get_linestyle() != other.get_linestyle()
    assert set(guide.get_ydata()) == {0.1}
    assert ax.collections[0].get_datalim(ax.transData).bounds == pytest.approx((10, 0.5, 10, 2.5))


@pytest.fixture
def figure():
    return Figure(figsize=(8.8, 5.2))


def panels_with(figure, distances, eigenvalues=(), step=3):
    panels = draw.GamePanels(figure, ["simultaneous", "flow"], steps=3)
    run = np.column_stack([distances, np.zeros(len(distances))])
    panels.update(
        step, {"flow": run}, {"flow": np.array(distances)}, {}, {"flow": np.asarray(eigenvalues, complex)}
    )
    return panels


def drawn(panels, label):
    (line,) = (artist for artist in panels.moving if artist.get_label() == label)
    return line.get_xydata()


@pytest.mark.parametrize(
    ("distances", "limits"),
    [
        ([1.0, 2.0, 4.0, 8.0], (0.1, 10.0)),
        ([1.0, 0.5, 0.02, 0.04], (0.01, 100.0)),
        ([1.0, 1e3, 1e-3, 1e-3], (1e-4, 1e4)),
        ([1.0, 1e30, np.nan, np.nan], (1e-6, 1e6)),  # cut
        ([0.0, 0.0, 0.0, 0.0], (0.1, 10.0)),
    ],
)
def test_the_axis_of_distances_has_few_heights(figure, distances, limits):
    panels_with(figure, distances)
    assert figure.axes[1].get_ylim() == pytest.approx(limits)


def test_a_run_is_shown_up_to_its_step_and_others_not_at_all(figure):
    panels = panels_with(figure, [4.0, 2.0, 1.0, 0.5], step=1)
    assert drawn(panels, "flow: run").tolist() == [[4, 0], [2, 0]]
    assert drawn(panels, "flow: now").tolist() == [[2, 0]]
    assert drawn(panels, "flow: distance").tolist() == [[0, 4], [1, 2]]
    assert drawn(panels, "simultaneous: run").tolist() == []


def test_eigenvalues_outside_the_panel_are_put_on_its_border(figure):
    panels = panels_with(figure, [1.0] * 4, [1 + 5j, -7, 0.5])
    border = 0.96 * draw.EIGENVALUE_VIEW
    assert np.allclose(drawn(panels, "flow: eigenvalues"), [(1, border), (-border, 0), (0.5, 0)])


def test_the_star_is_where_the_field_rests_and_only_who_plays_is_named(figure):
    panels = panels_with(figure, [1.0] * 4)
    plane = figure.axes[0]
    (star,) = (line for line in plane.lines if line.get_marker() == "*")

    def named():
        return [text.get_text() for text in plane.texts if text.get_visible()]

    panels.set_scene(np.ones_like(panels.grid), (1.0, -2.0), ["flow"])
    assert star.get_xydata().tolist() == [[1, -2]]
    assert named() == ["✚ flow"]
    panels.set_scene(np.ones_like(panels.grid), (1.0, -2.0), ["flow"], equilibrium=False)
    assert len(star.get_xydata()) == 0
    assert any(line.get_xydata().tolist() == [[1, -2]] for line in plane.lines)
    panels.set_scene(np.ones_like(panels.grid), None, [])
    assert len(star.get_xydata()) == 0
    assert named() == []
