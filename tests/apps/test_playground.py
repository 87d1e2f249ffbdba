"""Lesson 8's app: what it plays is the session's run, time can be travelled, and every preset and control works."""

import ast
import asyncio
import html
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from matplotlib.collections import QuadMesh

from course_utils import runtime
from course_utils.apps.playground import (
    DRAWN,
    GIVEN,
    OWN,
    PlaygroundController,
    guide,
    measurements,
    playground_app,
)
from course_utils.apps.playground import settings as playground_settings
from course_utils.apps.playground.own_data import BLOB
from course_utils.gan.playground import DATA, Session, make_data, plane
from course_utils.gan.playground.presets import PRESETS


def weights(session):
    parts = [*session.trainer.generator.parameters(), *session.trainer.discriminator.parameters()]
    return torch.cat([p.detach().flatten() for p in parts])


def surface_of(app):
    (mesh,) = (artist for artist in app.figure.axes[0].collections if isinstance(artist, QuadMesh))
    return mesh


def shared(session):
    namespace = {}
    exec(session.share(), namespace)
    return namespace["session"]


def missing(name):
    raise FileNotFoundError(name)


@pytest.fixture(scope="module")
def more(until):
    async def more(app, steps):
        """So many steps more, or until the run ends."""
        enough = app.player.steps_taken + steps
        await until(lambda: app.player.steps_taken >= enough or not app.player.playing)

    return more


@pytest.fixture
def play(more):
    async def play(app, steps=12):
        app.press("play")
        await more(app, steps)
        app.press("pause")
        await app.player.wait()

    return play


@pytest.fixture
def app():
    made = playground_app(points=100, prepared=0)
    made.set(width="16")
    return made


def test_playing_is_the_sessions_own_run_and_the_shared_line_repeats_it(app, play, more):
    async def main():
        await play(app)
        app.set(k_d=2)  # while it stands still, and while it runs
        app.press("play")
        await more(app, 5)
        app.set(optimizer="Optimistic Adam", data="grid")
        app.set(loss="Wasserstein, GP")
        await more(app, 5)
        app.press("pause")
        await app.player.wait()

    asyncio.run(main())
    session = app.controller.session
    assert session.now == app.player.steps_taken > 10
    assert session.data == "grid"
    assert (session.recipe.penalty, session.recipe.optimizer) == ("gp", "optimistic-adam")
    assert torch.equal(weights(shared(session)), weights(session))
    app.press("share")
    assert "Session(" in app.status.value
    assert f"<b>Step {session.now:,} of {session.now:,} recorded</b>" in app.status.value


def test_it_opens_with_a_run_that_can_be_rewound(line):
    app = playground_app(points=50, prepared=30)
    session = app.controller.session
    assert (session.now, session.end, app.widgets["time"].value) == (30, 30, 30)
    assert torch.equal(weights(session), weights(Session("ring", 0).replay(30)))
    steps = line(app.figure, "W₁").get_xdata()
    assert (steps[0], steps[-1]) == (0, 30)
    assert "Step 30 of 30 recorded</b>" in app.status.value
    assert "The first 30 steps are taken already" in app.status.value
    app.set(time=0)
    assert torch.equal(weights(session), weights(Session("ring", 0)))
    app.press("full_step")
    assert "taken already" not in app.status.value
    app.press("reset")
    assert "Step 0 of 0 recorded" in app.status.value
    assert PlaygroundController().session.now == 0


def test_the_stored_start_is_that_of_a_run_from_step_0(monkeypatch, line):
    """Other processors round otherwise. Else run data/make/playground_prepared.py again."""
    opened, taken = PlaygroundController(), PlaygroundController()
    assert measurements.stored()["run"] == opened.run_of(200)
    opened.prepare(200)
    monkeypatch.setattr(runtime, "load_results", missing)
    taken.prepare(200)
    taken.measurements.look()
    assert "checkpoint" not in taken.session.share()
    assert (opened.session.now, opened.session.end, opened.values["time"]) == (200, 200, 200)
    np.testing.assert_allclose(weights(opened.session), weights(taken.session), atol=0.01)
    logs = [c.session.trainer.log.table() for c in (opened, taken)]
    np.testing.assert_allclose(*logs, atol=0.01)
    curves = [c.measurements.curves() for c in (opened, taken)]
    assert list(curves[0][:, 0]) == list(range(0, 201, 20))
    np.testing.assert_allclose(*curves, atol=0.01)
    said, computed = (re.sub(r"[\d.]+", "#", c.status()) for c in (opened, taken))
    assert said == computed


def test_the_stored_floors_are_those_of_the_data():
    floors = measurements.stored()["floors"]
    assert list(floors) == list(DATA)
    for data, draws in floors.items():
        found = [plane.floor(make_data(data), seed=seed) for seed in range(measurements.DRAWS)]
        np.testing.assert_allclose(draws, found, rtol=1e-6)


def test_only_the_very_same_run_is_opened():
    for values, steps in (({}, 199), ({"seed": 1}, 200), ({"rate_g": "3e-3"}, 200), ({"data": "grid"}, 200)):
        controller = PlaygroundController()
        controller.set(**values)
        controller.prepare(steps)
        assert controller.session.now == steps
        assert "checkpoint" not in controller.session.share()


def test_a_stored_start_is_a_part_of_what_is_shared_and_rewound():
    """With the seed of another run, so that the steps lead elsewhere, as they do a little on other processors."""
    session = Session("ring", 1)
    session.skip()
    stored = weights(session)
    assert session.now == session.end == session.trainer.done == 200
    session.replay(5, "DG", {"data": "grid"}, 20)
    final = weights(session)
    again = shared(session)
    assert torch.equal(weights(again), final)
    assert torch.equal(*(run.trainer.log.table().nan_to_num() for run in (again, session)))
    session.go(199)
    assert torch.equal(weights(session), weights(Session("ring", 1).replay(199)))
    assert not torch.allclose(weights(session), stored, atol=0.1)
    session.go(session.end)  # on from there, through it
    assert torch.equal(weights(session), final)
    session.go(200)
    assert torch.equal(weights(session), stored)
    session.go(100)
    session.move()
    assert session.share().endswith(".replay(101)")  # of a branch before it


def test_single_steps_and_going_back_in_time(app):
    controller = app.controller
    app.press("full_step")
    app.press("d_step")
    app.press("g_step")
    session = controller.session
    assert (session.now, app.widgets["time"].value, app.widgets["time"].max) == (3, 3, 3)
    assert session.share().endswith(".replay(1, 'DG')")
    assert "a second" not in app.status.value  # a speed is for what plays
    for _ in range(4):
        app.press("full_step")
    final = weights(session)
    app.set(rate_g="1e-2")
    app.press("full_step")

    app.widgets["time"].value = 7  # before the change had an effect
    assert torch.equal(weights(session), final)
    assert session.end == 8
    assert app.controller.values["rate_g"] == "1e-2"
    app.widgets["time"].value = 5
    assert app.controller.values["rate_g"] == "1e-3"  # the controls travel too
    assert app.widgets["rate_g"].value == "1e-3"
    assert "Step 5 of 8 recorded" in app.status.value

    for _ in range(2):  # on from here, without the change: the other future is gone
        app.press("full_step")
    assert (session.now, session.end) == (7, 7)
    assert torch.equal(weights(session), final)
    assert app.widgets["time"].max == 7


def test_what_is_shown_is_what_is_measured(app, play, line):
    async def main():
        await play(app)
        app.press("full_step")

    asyncio.run(main())
    controller = app.controller
    trainer = controller.session.trainer
    direct = plane.measure(trainer, plane.FEW)
    step, last = max(controller.measurements.taken.items(), key=lambda entry: entry[0])
    assert (step, last) == (controller.session.now, direct)
    assert f"JSD {direct.jsd:.2f} nats (" in app.status.value
    assert f"), W<sub>1</sub> {direct.w1:.2f} (" in app.status.value
    assert f"{direct.modes} of 8 modes, {direct.near:.0%}" in app.status.value
    real, fake = plane.evaluation_points(trainer, 100)
    assert np.allclose(line(app.figure, "generated").get_xydata(), fake.numpy())
    assert np.allclose(line(app.figure, "real").get_xydata(), real.numpy())
    assert np.allclose(surface_of(app).get_array(), plane.surface(trainer, fake))
    assert surface_of(app).get_clim() == (0, 1)
    curve = line(app.figure, "W₁").get_data()
    assert (curve[0][-1], curve[1][-1]) == (step, direct.w1)
    for name, column in (("loss of D", 0), ("of G", 1)):
        table = trainer.log.table()[:, column].numpy()
        assert len(table) <= 400
        assert np.allclose(line(app.figure, name).get_ydata(), table)


def test_a_critics_surface_is_white_halfway_between_its_verdicts(app):
    app.set(loss="Wasserstein, clipped")
    app.press("full_step")
    mesh, trainer = surface_of(app), app.controller.session.trainer
    low, high = mesh.get_clim()
    assert low == -high
    assert np.log2(high) % 1 == 0
    table = trainer.log.table()[-1]
    fake = plane.evaluation_points(trainer, 100)[1]
    assert np.allclose(
        mesh.get_array(), plane.surface(trainer, fake) - (table[2] + table[3]).item() / 2, atol=1e-6
    )
    assert re.search(
        r"the critic says -?\d+\.\d\d with slope .*, which is -?\d+\.\d\d W<sub>1</sub>", app.status.value
    )


def test_pause_acts_at_once_and_closing_ends_the_task(more):
    async def main():
        app = playground_app(points=100, prepared=0)
        app.press("play")
        await more(app, 3)
        taken = app.player.steps_taken
        app.press("pause")
        await app.player.wait()
        assert app.controller.session.now == app.player.steps_taken == taken
        assert max(app.controller.measurements.taken) == taken  # what is said is of this step
        app.press("play")
        await more(app, 1)
        player = app.player
        app.view.close()
        await player.wait()
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert asyncio.run(main()) == set()


def test_slow_motion_shows_every_step(app, play):
    async def main():
        app.set(slow=True)
        before = app.player.frames
        await play(app, 5)
        return app.player.frames - before

    assert asyncio.run(main()) >= app.player.steps_taken


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_runs_and_starts_as_it_says(name, sketch):
    controller = PlaygroundController(points=50)
    controller.set(preset=name)
    for _ in zip(range(3), controller.steps(), strict=False):
        pass
    session, preset, app = controller.session, PRESETS[name], sketch(controller)
    assert session.now == 3
    assert app.figure.axes
    assert preset.look in app.status
    assert controller.values["preset"] == name
    again = preset.session(0).replay((preset.first + "B" * session.now)[: session.now].replace("B", ""))
    again.replay(session.now - again.now)
    assert torch.equal(weights(again), weights(session))
    controller.set(noise=0.5)
    assert controller.values["preset"] == OWN
    assert type(controller.session.trainer) is type(session.trainer)  # a bug stays until one starts over


def test_two_experiments_stand_side_by_side(app):
    """The left one stays as it was; clicks and steps are for the right one."""
    app.set(preset="mode collapse", seed=3)
    app.press("full_step")
    kept = plane.evaluation_points(app.controller.session.trainer, 100)[1].numpy()
    app.set(compare=True)
    app.set(statistics=True)
    app.press("full_step")
    now = plane.evaluation_points(app.controller.session.trainer, 100)[1].numpy()
    before, after = app.figure.axes
    for ax, points, name in (
        (before, kept, "mode collapse, seed 3\nstep 1: "), (after, now, "mode collapse, repaired, seed 3\nstep 1: ")
    ):  # fmt: skip
        (generated,) = (line for line in ax.lines if line.get_label() == "generated")
        assert np.allclose(generated.get_xydata(), points)
        assert [text for text in ax.texts if text.get_text().startswith(name + "W₁")]
    app.set(arrows=False, surface=False)  # on both sides
    for ax in (before, after):
        surface, quiver = ax.collections[0], ax.collections[-1]
        assert not surface.get_visible()
        assert quiver.Umask.all()
    app.set(arrows=True)
    assert not any(np.all(ax.collections[-1].Umask) for ax in (before, after))
    box = after.get_position()
    app.click(box.x0 + box.width / 2, 1 - box.y0 - box.height / 2)
    assert app.controller.session.data == ("drawn", [(0.0, 0.0)])
    app.set(compare=False)
    assert len(app.figure.axes) == 3


def test_new_networks_start_over_with_the_settings_of_the_controls(app):
    app.press("full_step")
    app.set(loss="Wasserstein, GP", weight="10", k_d=3)
    app.set(statistics=True)  # which a gradient penalty cannot have
    assert app.controller.values["loss"] == "Wasserstein, clipped"
    session = app.controller.session
    assert (session.now, session.recipe.minibatch_statistics, session.recipe.discriminator_steps) == (
        0,
        "stddev",
        3,
    )
    app.set(loss="Wasserstein, LP")
    assert app.controller.values["statistics"] is False
    assert app.controller.session.recipe.penalty == "lp"
    app.set(depth=3, width="8", seed=4)
    session = app.controller.session
    assert session.recipe.generator_widths == session.recipe.discriminator_widths == (8, 8, 8)
    v = app.controller.values
    assert torch.equal(
        weights(session),
        weights(Session("ring", 4, **playground_settings.settings(v), **playground_settings.structure(v))),
    )
    first = weights(session)
    app.press("full_step")
    app.press("reset")
    assert torch.equal(weights(app.controller.session), first)


def test_clicks_become_data(app):
    box = app.figure.axes[0].get_position()

    def click(x, y):  # through the widget's own trait, as the browser does
        across = box.x0 + box.width * (x + 3) / 6
        down = 1 - (box.y0 + box.height * (y + 3) / 6)
        app.picture.hear([("click", "", across, down)])  # as the browser tells it

    app.press("clear_drawing")
    click(1.0, -2.0)
    click(-1.5, 0.5)
    assert app.controller.session.data == ("drawn", [(1.0, -2.0), (-1.5, 0.5)])
    assert app.controller.values["data"] == app.widgets["data"].value == DRAWN
    assert np.allclose(app.controller.session.trainer.distribution.modes, [(1, -2), (-1.5, 0.5)])
    click(7.0, 0.0)  # in the curves
    assert len(app.controller.session.data[1]) == 2
    app.press("full_step")
    assert torch.equal(weights(shared(app.controller.session)), weights(app.controller.session))
    app.press("clear_drawing")
    click(*PRESETS["limit cycle"].data[1][0])  # where that one's blob is, and yet a drawing
    click(0.0, 0.0)
    assert app.controller.values["data"] == DRAWN
    assert len(app.controller.session.data[1]) == 2
    app.set(data=BLOB)
    assert PRESETS["limit cycle"].data == (app.controller.session.data[0], ((1.0, 0.0),))


def test_an_uploaded_csv_becomes_data(app):
    upload = app.widgets["upload"].take
    upload(b"x;y\n0; 0\n10; 0\n\n10; 5\nfoo; 3\n")
    assert app.controller.session.data == ("points", [(-2.0, -1.0), (2.0, -1.0), (2.0, 1.0)])
    assert app.controller.values["data"] == GIVEN
    assert "scaled into [−2, 2]" in app.controller.status()
    app.press("full_step")
    with pytest.raises(ValueError, match="no points"):
        upload(b"nothing to see")
    assert "no points" in app.status.value
    assert app.controller.session.data[1][0] == (-2.0, -1.0)


def test_a_run_that_diverges_pauses_and_says_what_to_do():
    async def main():
        app = playground_app(points=50, prepared=0)
        with torch.no_grad():
            app.controller.session.trainer.discriminator.layers[1].weight.fill_(float("inf"))
        app.press("play")
        await app.player.wait()
        return app

    app = asyncio.run(main())
    assert "the training diverged" in app.status.value
    assert not app.player.playing
    app.press("reset")
    assert "diverged" not in app.status.value


def test_every_control_over_its_whole_range(sweep):
    async def main():
        app = playground_app(points=50, prepared=0)
        drawn = sweep(app)
        app.player.stop()
        await app.player.wait()
        return drawn

    assert asyncio.run(main()) > 80


# ---------------------------------------------------------------- guided experiments


def test_an_experiment_stops_where_it_was_measured_says_what_one_should_see_and_goes_on(
    app, more, monkeypatch
):
    """Lesson 8, try 2: D alone, 50 steps here, then both; then back in time with the other loss."""
    name, other = "vanishing gradient", "vanishing gradient, cured"
    short = {each: replace(PRESETS[each], first="D" * 50) for each in (name, other)}
    monkeypatch.setattr(guide, "PRESETS", {**PRESETS, **short})
    app.set(preset=name)

    async def play_to_the_end():
        app.press("play")
        await app.player.wait()

    async def main():
        session = app.controller.session
        await play_to_the_end()
        assert session.now == 50
        assert "D has had its 50 steps alone. Play lets both move, and stops at step 60" in app.status.value
        await play_to_the_end()
        assert session.now == 60
        assert "What you should see:</b> " + PRESETS[name].see in app.status.value
        stopped = weights(session)
        app.press("play")
        await more(app, 2)
        app.press("pause")
        await app.player.wait()
        assert session.now > 60
        app.set(time=50)
        app.set(loss="non-saturating")
        assert app.controller.values["preset"] == other
        assert PRESETS[other].look in app.status.value
        await play_to_the_end()
        assert session.now == 60
        assert PRESETS[other].see in app.status.value
        return session, stopped

    session, stopped = asyncio.run(main())
    for found, each in ((stopped, short[name]), (weights(session), short[other])):
        assert torch.equal(found, weights(each.session().replay(each.first, each.steps)))


def test_settings_that_are_those_of_an_experiment_are_called_by_its_name(app):
    controller = app.controller
    app.set(preset="mode collapse")
    app.set(statistics=True)  # lesson 8, try 1
    assert controller.values["preset"] == app.widgets["preset"].value == "mode collapse, repaired"
    assert PRESETS["mode collapse, repaired"].look in app.status.value
    app.press("full_step")
    app.set(noise=0.5)
    assert controller.values["preset"] == OWN
    assert "Your own, out of <i>mode collapse, repaired</i>" in app.status.value
    app.set(time=0)  # before the change
    assert controller.values["preset"] == "mode collapse, repaired"
    app.set(preset="EBGAN")
    assert "_" not in app.status.value  # no name of a program
    app.set(width="16")
    assert "Your own, out of <i>EBGAN</i>" in app.status.value
    app.set(loss="hinge")  # with other networks
    assert "EBGAN" not in app.status.value
    app.set(preset="BEGAN")
    assert "No control shows: BEGAN's λₖ, the rate of its k, 10" in html.unescape(app.status.value)
    app.set(preset="vanishing gradient")
    for _ in range(5):
        app.press("d_step")
    app.set(time=3)  # back among D's own steps: what is due is the rest of them
    app.press("full_step")
    assert controller.session.schedule == ["DDD", 1]
    app.set(time=3)
    next(controller.steps())
    assert controller.session.schedule == ["DDDD"]


def test_a_seed_that_the_slider_does_not_reach_is_kept_by_reset():
    controller = PlaygroundController(PRESETS["limit cycle"].session(12))
    assert controller.values["preset"] == "limit cycle"
    controller.reset()
    assert controller.session.seed == 12


def test_my_own_keeps_the_settings_and_says_so_and_defaults_takes_them_all_back(app):
    controller = app.controller
    app.press("defaults")
    fresh, first = dict(controller.values), weights(controller.session)
    app.set(preset="bug A", seed=3)
    app.set(preset=OWN)
    assert "out of <i>bug A</i>. The settings stay as they are" in app.status.value
    assert controller.session.bug == "missing detach"
    assert controller.values["preset"] == OWN
    app.set(preset="limit cycle")
    assert controller.values["data"] == BLOB
    app.set(noise=0.5, k_g=4, width="16", compare=True, slow=True, arrows=False)
    app.press("defaults")
    assert (len(app.figure.axes), app.player.steps_per_frame) == (3, None)
    assert controller.values == fresh
    assert torch.equal(weights(controller.session), first)
    assert "out of" not in app.status.value
    app.set(data=DRAWN)
    assert len(controller.session.data[1]) == 3  # the drawing of the beginning, too


def test_controls_without_effect_say_why(app):
    assert set(app.controller.disabled()) == {"clip", "weight"}
    assert app.widgets["clip"].disabled
    assert "Wasserstein, clipped" in app.widgets["clip"].tooltip
    for loss, without in (
        ("Wasserstein, clipped", {"weight"}),
        ("Wasserstein, GP", {"clip", "statistics"}),
        ("relativistic, R1 + R2", {"clip", "statistics"}),
    ):
        app.set(loss=loss)
        assert set(app.controller.disabled()) == without
    app.set(loss="minimax (saturating)", statistics=True)
    app.set(loss="non-saturating, R1")
    assert not app.controller.values["statistics"]
    assert "Minibatch statistics are switched off: the penalty needs the slope" in app.status.value
    app.set(statistics=True)
    assert app.controller.values["loss"] == "non-saturating"
    assert "The loss is now non-saturating: the penalty needs" in app.status.value


# ---------------------------------------------------------------- a run that is passed on


def test_a_shared_line_is_told_for_one_moment_and_opens_the_run_there(app):
    app.set(preset="vanishing gradient")
    app.set(time=0, seed=4)
    for _ in range(3):
        app.press("d_step")
    for act in (
        lambda: app.press("full_step"), lambda: app.set(loss="non-saturating"), lambda: app.set(time=1),
        lambda: app.press("reset"),
    ):  # fmt: skip
        app.press("share")
        assert "Paste this line" in app.status.value
        act()
        assert "Paste this line" not in app.status.value
    app.press("d_step")
    app.set(loss="Wasserstein, GP")
    app.press("full_step")
    app.press("share")
    line = html.unescape(re.search(r"<pre[^>]*>(.*)</pre>", app.status.value).group(1))
    module = ast.parse(line)
    shown = module.body.pop()  # what a cell shows is the value of its last expression
    namespace = {}
    exec(compile(module, "", "exec"), namespace)
    opened = eval(compile(ast.Expression(shown.value), "", "eval"), namespace)
    assert opened.controller.session is namespace["session"]
    assert (opened.controller.session.now, opened.widgets["time"].value) == (2, 2)
    assert torch.equal(weights(namespace["session"]), weights(app.controller.session))
    assert opened.widgets["loss"].value == "Wasserstein, GP"
    assert "Opened at step 2 of 2" in opened.status.value


def test_a_session_with_settings_that_no_control_shows_opens_and_keeps_them():
    settings = {"batch_size": 32, "minibatch_statistics": "discrimination", "generator_learning_rate": 2e-3}
    session = Session(("points", [(0.0, 1.0), (1.0, 1.0)]), 12, objective="minimax", **settings).replay(4)
    session.go(2)
    app = playground_app(session, points=50)
    assert "Step 2 of 4 recorded" in app.status.value
    assert (
        "No control shows: minibatch statistics discrimination, batch size 32, generator learning rate 0.002"
        in (html.unescape(app.status.value))
    )
    assert app.controller.values["data"] == GIVEN
    app.set(rate_d="1e-2")  # and nothing else
    expected = {**settings, "discriminator_learning_rate": 1e-2}
    assert {name: getattr(app.controller.session.recipe, name) for name in expected} == expected
    app.press("reset")
    assert (app.controller.session.seed, app.controller.session.now) == (12, 0)
    assert {name: getattr(app.controller.session.recipe, name) for name in expected} == expected
    with pytest.raises(ValueError, match="session is 'ring'; it must be a Session"):
        playground_app("ring")


def test_real_against_real_is_a_range_of_as_many_draws_as_it_says(app):
    (jsd_low, jsd_high), (low, high) = plane.floor_range(app.controller.session.trainer.distribution)
    assert f"{jsd_low:.2f}" == f"{jsd_high:.2f}" != f"{low:.2f}" < f"{high:.2f}"
    assert f" nats (real against real {jsd_low:.2f}), W" in app.status.value
    assert f" ({low:.2f} to {high:.2f}, 5 draws)" in app.status.value
    app.click(0.2, 0.5)
    assert ", 1 draw)" in app.status.value
    app.press("full_step")
    assert ", 2 draws)" in app.status.value


VALUES = [c for c in PlaygroundController.controls + PlaygroundController.below if hasattr(c, "samples")]


@settings(max_examples=4, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_random_changes_while_it_runs_can_be_rewound_and_shared(data, more):
    async def main():
        app = playground_app(points=50, prepared=0)
        app.set(width="8")
        app.press("play")
        for _ in range(6):
            control = data.draw(st.sampled_from(VALUES))
            if control.name == "time":
                value = data.draw(st.integers(0, app.controller.session.end))
            else:
                value = data.draw(st.sampled_from(control.samples()))
            app.set(**{control.name: value})
            if not app.player.playing:
                app.press("play")
            await more(app, 3)
        app.press("pause")
        await app.player.wait()
        return app.controller.session

    session = asyncio.run(main())
    final, end = weights(session), session.now
    assert torch.equal(weights(shared(session)).nan_to_num(), final.nan_to_num())
    session.go(end // 2)
    session.go(end)
    assert torch.equal(weights(session).nan_to_num(), final.nan_to_num())
