"""The playground's picture: its axes stand still, and its curves are honest."""

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.figure import Figure
from matplotlib.quiver import Quiver

from course_utils.plots.playground import (
    ARROW_LENGTH,
    ARROWS,
    SURFACE,
    VIEW,
    PlaygroundPanels,
    draw_scene,
    thinned,
)


def scene(n=30, **parts):
    random = np.random.default_rng(0)
    return {
        "real": random.normal(size=(n, 2)),
        "fake": random.normal(size=(n, 2)),
        "surface": random.random((SURFACE, SURFACE)),
        "low": 0.0,
        "high": 1.0,
        "arrows": (random.normal(size=(5, 2)), np.array([[3.0, 4.0]] * 5)),
        "manifold": random.normal(size=(4, 7, 2)),
    } | parts


@pytest.fixture
def figure():
    figure = Figure(figsize=(8.6, 4.5), dpi=100)
    FigureCanvasAgg(figure)
    return figure


@pytest.fixture
def panels(figure):
    return PlaygroundPanels(figure)


def limits(figure):
    return [ax.viewLim.bounds for ax in figure.axes]


def moving(panels, kind):
    (artist,) = (artist for artist in panels.moving if isinstance(artist, kind))
    return artist


def test_curves_are_means_over_equal_stretches():
    values = np.random.default_rng(0).normal(size=(1003, 2))
    at, means = thinned(values, 400)
    assert len(at) <= 400
    assert np.allclose(means[0], values[:3].mean(axis=0))
    assert at[0] == 2  # in the middle of the steps 1, 2 and 3
    assert np.allclose(means[-1], values[1002:].mean(axis=0))
    assert at[-1] == 1003
    short = values[:10]
    at, means = thinned(short, 400)
    assert np.array_equal(at, np.arange(1, 11))
    assert np.allclose(means, short)
    assert [len(part) for part in thinned(values[:0])] == [0, 0]


def test_the_axes_stand_still_while_points_and_curves_move(figure, panels):
    random = np.random.default_rng(1)
    losses = 0.5 + 0.4 * random.random((200, 2))
    measured = np.array([[10, 1.5, 0.6, 0.1], [90, 1.2, 0.5, 0.2]])
    panels.update(scene(), losses, measured)
    before = limits(figure)
    panels.update(scene(fake=100 * random.normal(size=(30, 2))), losses[:120], measured[:1])
    assert limits(figure) == before
    _, of_losses, of_distances = figure.axes
    panels.update(scene(), np.ones((251, 2)), measured)
    assert of_losses.get_xlim() == of_distances.get_xlim() == (0, 500)
    panels.update(scene(), np.full((20, 2), -3.0), np.empty((0, 4)))
    assert of_losses.get_ylim() == (-4, 1)


def test_every_curve_has_its_column(panels):
    losses = np.random.default_rng(0).random((20, 2))
    measured = np.array([[10, 1.5, 0.6, 0.1], [20, 1.2, 0.5, 0.2]])
    panels.update(scene(), losses, measured)
    curves = {artist.get_label(): artist for artist in panels.moving}
    for column, name in enumerate(("loss of D", "of G")):
        assert np.allclose(curves[name].get_xydata(), np.column_stack([np.arange(1, 21), losses[:, column]]))
    for column, name in enumerate(("W₁", "JSD", "judge says"), start=1):
        assert np.array_equal(curves[name].get_xydata(), measured[:, [0, column]])


def test_arrows_have_the_direction_of_the_pull_and_a_squeezed_length(figure, panels):
    panels.update(scene(), np.empty((0, 2)), np.empty((0, 4)))
    quiver = moving(panels, Quiver)
    assert len(quiver.get_offsets()) == ARROWS
    drawn = np.array([quiver.U[0], quiver.V[0]])
    assert np.allclose(drawn, ARROW_LENGTH * np.array([3, 4]) / 6)
    assert np.asarray(quiver.Umask)[5:].all()  # arrows that are missing are not drawn
    figure.canvas.draw()


def test_over_the_plane_stands_how_long_a_pull_of_1_is_drawn(figure, panels):
    one = {"arrows": (np.zeros((1, 2)), np.array([[1.0, 0.0]]))}
    panels.update(scene(**one), np.empty((0, 2)), np.empty((0, 4)))
    still = figure.add_subplot()
    draw_scene(still, **scene(**one))
    for ax in (figure.axes[0], still):
        (key,) = (text for text in ax.texts if getattr(text, "arrow_patch", None))
        length = (key.xy[0] - key.xyann[0]) * 2 * VIEW
        assert length == pytest.approx(moving(panels, Quiver).U[0])


def test_numbers_that_are_not_finite_do_no_harm(figure, panels):
    nan = np.full((30, 2), np.nan)
    broken = scene(
        fake=nan, surface=np.full((SURFACE, SURFACE), np.nan), arrows=(nan[:5], nan[:5]), manifold=None
    )
    panels.update(broken, np.full((5, 2), np.inf), np.full((2, 4), np.nan))
    figure.canvas.draw()
    assert np.isfinite(limits(figure)).all()


def test_a_single_look_is_a_dot_and_several_are_a_line(figure, panels):
    looks = np.array([[0.0, 1.9, 0.69, 0.02], [20.0, 1.4, 0.6, 0.1]])
    for some, marker in ((looks[:1], "."), (looks, "None")):
        panels.update(scene(), np.ones((20, 2)), some)
        (w1,) = (line for ax in figure.axes for line in ax.lines if line.get_label() == "W₁")
        assert (len(w1.get_xdata()), w1.get_marker()) == (len(some), marker)


def test_parts_can_be_hidden(figure, panels):
    panels.update(scene(surface=None, arrows=None, manifold=None), np.empty((0, 2)), np.empty((0, 4)))
    assert not moving(panels, QuadMesh).get_visible()
    assert len(moving(panels, LineCollection).get_segments()) == 0
    figure.canvas.draw()


def test_a_still_scene():
    figure = Figure()
    ax = figure.subplots()
    draw_scene(ax, **scene())
    FigureCanvasAgg(figure).draw()
    assert ax.get_xlim() == (-VIEW, VIEW)
    assert len(ax.collections) == 3
    assert len(ax.lines) == 2


@pytest.mark.parametrize("steps", [900, 14_000, 90_000])
def test_the_last_step_on_the_axis_is_not_cut_off(figure, steps):
    panels = PlaygroundPanels(figure)
    panels.update(scene(), np.ones((steps, 2)), np.zeros((1, 4)))
    figure.canvas.draw()
    axis = figure.axes[2].xaxis
    shown = [tick.label1 for tick in axis.get_major_ticks() if tick.get_loc() <= axis.get_view_interval()[1]]
    boxes = [label.get_window_extent() for label in shown]
    assert boxes[-1].x1 <= figure.bbox.x1
    assert all(left.x1 + 5 < right.x0 for left, right in itertools.pairwise(boxes))
