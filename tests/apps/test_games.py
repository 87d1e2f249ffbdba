"""Lesson 4's app: what it shows against closed forms, time, and every control over its whole range."""

import asyncio
import io
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.quiver import Quiver
from PIL import Image

from course_utils.apps.frame import LiveApp
from course_utils.apps.games import FLOW_TIME, GAMES, STEPS, GamesController, games_app
from course_utils.games.dynamics import METHODS

ALL = [*METHODS, "flow"]
K = np.arange(STEPS + 1)


def only(*methods, **values):
    """A controller on which these methods play, and no others."""
    controller = GamesController()
    controller.set(**{name: name in methods for name in ALL}, **values)
    return controller


@pytest.mark.parametrize("eta", [0.02, 0.1, 0.5, 1.2])
def test_simultaneous_steps_leave_at_the_predicted_rate(eta):
    controller = only("simultaneous", learning_rate=eta, x=-0.3, y=0.4)
    law = 0.5 * (1 + eta**2) ** (K / 2)
    inside = controller.runs["simultaneous"].diverged_at or STEPS + 1
    assert np.allclose(controller.distances["simultaneous"][:inside], law[:inside], rtol=1e-9)
    assert np.allclose(controller.theory["simultaneous"], law, rtol=1e-9)
    assert np.allclose(np.sort_complex(controller.eigenvalues["simultaneous"]), [1 - 1j * eta, 1 + 1j * eta])


@pytest.mark.parametrize("eta", [0.1, 0.3, 0.7])
def test_extragradient_follows_its_law_and_the_optimistic_step_its_own_in_the_long_run(eta):
    controller = only("extragradient", "optimistic", learning_rate=eta)
    law = controller.theory["extragradient"][0] * (1 - eta**2 + eta**4) ** (K / 2)
    assert np.allclose(controller.theory["extragradient"], law, rtol=1e-9)
    assert np.allclose(controller.distances["extragradient"], law, rtol=1e-8, atol=1e-300)
    ratio = controller.distances["optimistic"][40:50] / controller.distances["optimistic"][39:49]
    assert np.allclose(ratio, controller.factor("optimistic"), rtol=1e-5)
    assert (controller.factor("optimistic") < 1) == (eta < 3**-0.5)


def test_alternating_steps_breathe_along_their_ellipse():
    controller = only("alternating", learning_rate=1.0)
    x, y = controller.tracks["alternating"].T
    assert np.ptp(x * x + y * y - x * y) < 1e-9
    assert controller.factor("alternating") == pytest.approx(1, abs=1e-12)
    assert np.ptp(controller.theory["alternating"]) < 1e-9


def test_the_flow_is_sampled_at_the_steps_and_ends_after_its_time():
    controller = only("flow", learning_rate=0.5, x=1.0, y=0.0)
    t = 0.5 * np.arange(round(FLOW_TIME / 0.5) + 1)
    assert np.allclose(controller.tracks["flow"], np.column_stack([np.cos(t), np.sin(t)]), atol=1e-7)


def test_the_line_of_the_flow_is_a_curve_however_long_a_step_is(line):
    app = games_app()
    app.set(learning_rate=2.2, x=1.0, y=0.0, flow=True, time=9)
    drawn = line(app.figure, "flow: run")
    points, times = drawn.get_xydata(), np.linspace(0, 9 * 2.2, len(drawn.get_xdata()))
    assert np.allclose(points, np.column_stack([np.cos(times), np.sin(times)]), atol=1e-7)
    assert np.linalg.norm((points[1:] + points[:-1]) / 2, axis=1).min() > 0.99
    assert np.allclose(points[:: drawn.get_markevery()], app.controller.tracks["flow"][:10], atol=1e-7)


def test_distances_are_measured_from_each_games_own_rest():
    controller = only("optimistic", game="a Gaussian's mean", x=1.0, y=0.0)
    assert np.allclose(controller.distances["optimistic"], 0)  # begins at mean 1 with nothing to say
    controller.set(game="two wells")
    assert controller.rest.tolist() == [0, 0]
    for name, game in GAMES.items():
        controller.set(game=name)
        assert np.allclose(game.field(controller.rest), 0), name


def test_averages_are_averages_and_have_no_dashed_law():
    controller = only("alternating", shown="their averages")
    points = controller.runs["alternating"].points
    assert np.allclose(controller.tracks["alternating"][17], points[:18].mean(axis=0))
    assert controller.theory == {}
    assert controller.distances["alternating"][-1] < 0.1


def test_what_is_drawn_is_what_was_computed_up_to_the_step(line):
    app = games_app()
    app.set(time=40, momentum=True, simultaneous=False)
    controller = app.controller
    for name in ("momentum", "alternating"):
        drawn = [line(app.figure, f"{name}: {what}") for what in ("run", "distance", "theory")]
        assert np.array_equal(drawn[0].get_xydata(), controller.tracks[name][:41])
        assert np.array_equal(drawn[1].get_ydata(), controller.distances[name][:41])
        assert np.array_equal(drawn[2].get_ydata(), controller.theory[name])
    assert len(line(app.figure, "simultaneous: run").get_xdata()) == 0
    named = {text.get_text() for ax in app.figure.axes for text in ax.texts if text.get_visible()}
    assert {"▼ momentum", "■ alternating"} <= named
    assert "● simultaneous" not in named


def test_playing_does_not_move_the_axes_and_each_game_has_its_own_arrows():
    app = games_app()
    limits = set()
    for time in (0, 50, STEPS):
        app.set(time=time)
        limits.add(tuple((*ax.get_xlim(), *ax.get_ylim()) for ax in app.figure.axes))
    assert len(limits) == 1
    (arrows,) = (artist for ax in app.figure.axes for artist in ax.collections if isinstance(artist, Quiver))
    before = arrows.U.copy()
    app.set(game="two wells")
    assert not np.array_equal(arrows.U, before)


def test_play_pause_step_and_stop():
    async def main():
        app = games_app()
        time = app.widgets["time"]
        assert time.value == STEPS
        app.set(speed=10)
        app.player.fps = 1000
        app.widgets["play"].click()  # from the end, it begins anew
        assert time.value == 0
        await app.player.wait()
        assert time.value == STEPS
        assert app.player.frames >= STEPS / 10
        app.set(time=100)
        app.widgets["one_step"].click()
        assert time.value == 101
        app.widgets["play"].click()
        while time.value == 101:
            await asyncio.sleep(0.001)
        app.widgets["pause"].click()
        await app.player.wait()
        paused = time.value
        assert 101 < paused < STEPS
        app.widgets["play"].click()
        await app.player.wait()
        assert time.value == STEPS
        app.widgets["stop"].click()
        assert time.value == 0

    asyncio.run(main())


def test_every_control_over_its_whole_range(sweep):
    async def main():
        app = games_app()
        assert sweep(app) > 60
        await app.player.wait()
        assert "Error" not in app.status.value
        app.set(**dict.fromkeys(ALL, True), learning_rate=2.2, game="two wells")  # nearly everything diverges
        app.set(**dict.fromkeys(ALL, False))
        assert "Tick a method" in app.status.value

    asyncio.run(main())


def test_the_status_gives_the_factors_of_the_closed_forms():
    controller = only("simultaneous", "extragradient", learning_rate=0.5, time=7)
    assert "After step 7" in controller.status()
    assert "simultaneous × 1.1180" in controller.status()
    assert "extragradient × 0.9014" in controller.status()


def test_a_run_that_ended_early_says_so():
    controller = only("simultaneous", learning_rate=2.2)
    left = controller.runs["simultaneous"].diverged_at
    assert 0 < left < STEPS
    assert f"simultaneous run passed a million at step {left}." in controller.status()
    controller.set(time=left - 1)
    assert "million" not in controller.status()
    controller = only("flow", learning_rate=0.5)
    assert "The flow was followed to step 60." in controller.status()
    controller.set(learning_rate=0.1)
    assert "followed" not in controller.status()


def test_a_star_marks_an_equilibrium_and_an_open_circle_a_point_that_only_rests():
    app = games_app()
    plane = app.controller.panels.plane

    def marked():
        return {
            line.get_marker(): line.get_xydata().tolist()
            for line in plane.lines
            if line.get_label().startswith("_") and len(line.get_xydata())
        }

    assert marked() == {"*": [[0, 0]]}
    assert "near the star" in app.controller.status()
    app.set(game="two wells")
    assert marked() == {"o": [[0, 0]]}
    assert "no equilibrium" in app.controller.status()


def test_the_start_can_be_dragged_and_stays_on_the_sliders():
    app = games_app()
    controller = app.controller
    (handle,) = controller.handles().values()
    assert (handle.x, handle.y) == (controller.values["x"], controller.values["y"])
    controller.drag("start", -0.73, 1.21, "move")
    assert (controller.values["x"], controller.values["y"]) == (-0.7, 1.2)
    assert np.allclose(controller.runs["alternating"].points[0], (-0.7, 1.2))
    controller.drag("start", 9.0, -9.0, "up")
    assert (controller.values["x"], controller.values["y"]) == (2, -2)


def test_what_was_kept_stays_beside_the_next_experiment_from_the_same_start(line):
    app = games_app()
    before = app.controller.distances["alternating"].copy()
    app.press("keep_runs")
    app.set(game="Dirac-GAN, R1")
    assert np.array_equal(line(app.figure, "alternating: kept distance").get_ydata(), before)
    assert not np.allclose(app.controller.distances["alternating"], before)
    assert app.controller.distances["alternating"][0] == before[0]
    assert f"alternating ended at {before[-1]:.3f}, now at 0.000" in app.controller.status()
    app.press("forget_runs")
    assert len(line(app.figure, "alternating: kept distance").get_ydata()) == 0
    assert "kept" not in app.controller.status()


def test_what_the_lesson_says_under_play_with_it():
    controller = GamesController()
    factors = []
    for eta in (0.56, 0.58):
        controller.set(learning_rate=eta)
        factors.append(controller.factor("optimistic"))
    assert factors[0] < 1 < factors[1]

    controller = only("alternating", learning_rate=1.9, shown="their averages")
    assert controller.distances["alternating"][-1] < 0.05
    controller.set(learning_rate=2.02)
    assert controller.runs["alternating"].diverged_at is not None

    controller = only(*METHODS, game="two wells")
    ends = {name: distances[-1] for name, distances in controller.distances.items()}
    assert ends.pop("consensus") < 1e-6
    assert not any(end < 0.1 for end in ends.values())

    controller = GamesController()
    controller.set(game="Dirac-GAN, minimax")
    assert all(distances[-1] > 1 for name, distances in controller.distances.items() if name != "optimistic")
    controller.set(game="Dirac-GAN, R1")
    assert all(distances[-1] < 1e-3 for distances in controller.distances.values())


def test_names_of_games_fit_their_list():
    assert max(map(len, GAMES)) <= 18


def test_drawing_only_what_moves_gives_the_same_pixels_as_drawing_all():
    app = games_app()
    for values in (
        {"time": 20},
        {"game": "two wells"},
        {"momentum": True},
        {"learning_rate": 0.8},
        {"shown": "their averages"},
        {"game": "L = x y", "momentum": False, "alternating": False},
    ):
        app.set(**values)
        fresh = GamesController()
        fresh.set(**app.controller.values)
        assert app.picture.value == LiveApp(fresh).picture.value, values


def test_the_picture_keeps_its_size_on_a_projector_too(packed):
    for scale in (1.0, 1.4):
        picture = Image.open(io.BytesIO(games_app(scale=scale).picture.value))
        assert picture.size == (880, 520)
        assert np.asarray(picture.convert("HSV"))[..., 1].max() > 150


def test_no_control_has_to_wait_for_a_library():
    """SciPy's integrator takes several frames to import: it comes with the app, not with the first flow."""
    code = (
        "import sys; from course_utils.apps.games import GamesController; c = GamesController(); "
        "here = set(sys.modules); c.set(flow=True); "
        "print(sorted(name for name in set(sys.modules) - here if name.startswith('scipy')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
