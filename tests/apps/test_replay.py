"""The replay: what it shows is what was recorded, at the right moment, with every control, and without torch."""

import asyncio
import io
import itertools
from dataclasses import fields

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from course_utils import runtime
from course_utils.apps.frame import LiveApp
from course_utils.apps.replay import LATER, ReplayController, _differences, _duration, _number, replay_app
from course_utils.datasets import load_digits_stand_in
from course_utils.gan.recipes import Recipe
from course_utils.plots import palette, quantities
from course_utils.plots.images import mosaic
from course_utils.plots.replay import RUN_COLORS
from course_utils.plots.training import smooth
from course_utils.recording import RunRecorder, load_recording, recordings, schedule

MACHINE = {"cpu": "Abacus <9000>", "threads": 2, "torch": "2.13.0", "date": "2026-11-21", "device": "cpu"}
RECIPES = {
    "dcgan": {"objective": "non-saturating", "batch_size": 64, "betas": (0.5, 0.999), "penalty": None},
    "wgan-gp": {"objective": "wasserstein", "batch_size": 64, "betas": (0.0, 0.9), "penalty": 10.0},
}


def record(path, total=2000, moments=30, critic=False, side=28):
    """Digits that appear out of falling noise, and the quantities that the trainer records."""
    rng = np.random.default_rng(total)
    digits = load_digits_stand_in().pixels[:64, :side, :side]
    now = 0.0
    recorder = RunRecorder(
        RECIPES["wgan-gp" if critic else "dcgan"],
        title=f"{path.stem} on <digits>",
        machine=MACHINE,
        clock=lambda: now,
    )
    steps = schedule(total, moments)
    for step in steps:
        now = step / 100
        noise = 90 * np.exp(-5 * step / total) * rng.standard_normal(digits.shape)
        recorder.add_samples(step, (digits + noise).clip(0, 255).astype(np.uint8))
    t = np.arange(1, total + 1)
    metrics = {
        name: rng.random(total) for name in ("discriminator_loss", "generator_loss", "d_real", "d_fake")
    }
    if critic:
        metrics |= {
            "critic_estimate": 30 * np.exp(-t / total) + metrics["d_real"],
            "gradient_norm": metrics["d_fake"],
        }
    recorder.add_metrics(t, **metrics)
    for step in steps[::5]:
        recorder.add_evaluation(
            step, frechet_distance=90 + 1600 * np.exp(-5 * step / total), modes=10, samples=10_000
        )
    recorder.save(path)
    return load_recording(path)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A GAN, a WGAN that trained three times as long with more moments, and one whose pictures are smaller."""
    folder = tmp_path_factory.mktemp("runs")
    return [
        record(folder / "dcgan.npz"),
        record(folder / "wgan-gp.npz", total=6000, moments=50, critic=True),
        record(folder / "small.npz", total=500, moments=12, side=20),
    ]


def samples_of(app, run=0):
    """The axes with the run's pictures."""
    return [ax for ax in app.figure.axes if ax.get_images()][run]


def shown_pictures(app, run=0):
    """The grey levels of the mosaic, 0 to 255."""
    return samples_of(app, run).get_images()[0].get_array()[..., 0]


def curves_of(app, color):
    """What is drawn in that colour: (steps, values) of each line."""
    lines = (line for ax in app.figure.axes for line in ax.get_lines())
    return [line.get_data() for line in lines if line.get_color() == color]


# ---------------------------------------------------------------------- one run


@pytest.mark.parametrize("moment", [0, 7, 23, 49])
def test_samples_and_curves_are_those_of_the_moment(runs, moment, sketch):
    run = runs[1]
    app = sketch(ReplayController([run]))
    app.set(moment=moment)
    assert np.array_equal(shown_pictures(app), np.rint(255 * mosaic(run.samples(moment), 8)))
    step = run.steps[moment]
    assert f"step {step:,}" in [text.get_text() for text in samples_of(app).texts]
    ((x, y),) = curves_of(app, quantities.label_and_color("frechet_distance")[1])
    known = run.evaluations["frechet_distance"].until(step)
    assert np.array_equal(x, known.steps)
    assert np.array_equal(y, known.values)
    assert x[-1] <= step
    assert {tuple(x) for x, _ in curves_of(app, palette.MUTED)} == {(step, step)}  # the lines that say when


def test_a_metric_is_shown_as_recorded_and_as_its_trend(runs):
    run = runs[0]
    app = replay_app([run])
    app.set(moment=20)
    raw, trend = curves_of(app, quantities.label_and_color("d_real")[1])
    known = run.metrics["d_real"].until(run.steps[20])
    assert np.array_equal(raw[0], known.steps)
    assert np.array_equal(raw[1], known.values)
    assert np.array_equal(trend[0], known.steps)
    assert np.allclose(trend[1], smooth(known.values, len(run.metrics["d_real"]) // 50))


def test_a_critic_shows_its_estimate_and_a_discriminator_its_probabilities(runs):
    gan, wgan = ReplayController([runs[0]]), ReplayController([runs[1]])
    assert gan.values["curves"] == wgan.values["curves"] == quantities.JUDGE
    gan_app, wgan_app = LiveApp(gan), LiveApp(wgan)
    assert len(curves_of(gan_app, quantities.label_and_color("d_real")[1])) == 2
    assert len(curves_of(wgan_app, quantities.label_and_color("d_real")[1])) == 0
    estimate = wgan_app.controller.runs["wgan-gp"].metrics["critic_estimate"].values
    drawn = [y for _, y in curves_of(wgan_app, quantities.label_and_color("critic_estimate")[1])]
    assert any(np.array_equal(y, estimate) for y in drawn)


def test_playing_moves_no_axis(runs, sketch):
    app = sketch(ReplayController([runs[0]]))
    seen = set()
    for moment in (0, 5, 15, 29):
        app.set(moment=moment)
        seen.add(tuple((*ax.get_xlim(), *ax.get_ylim()) for ax in app.figure.axes))
    assert len(seen) == 1
    assert app.figure.axes[1].get_xlim() == (0, 2000)


def test_on_the_axis_of_steps_the_moments_are_evenly_spaced(runs, sketch):
    for run in (*runs, load_recording("dcgan")):
        app = sketch(ReplayController([run]))
        places = []
        for moment in range(0, len(run), 3):
            app.set(moment=moment)
            axes = app.figure.axes[1]
            marker = next(line for line in axes.get_lines() if line.get_color() == palette.MUTED)
            places.append(marker.get_transform().transform((marker.get_xdata()[0], 0))[0])
        assert np.ptp(np.diff(places)) < 1e-6 * np.ptp(places)
        ticks = app.figure.axes[-1].get_xticks()
        assert len(ticks) >= 3
        assert ticks[0] == 0
        assert ticks[-1] <= run.steps[-1]


@pytest.mark.parametrize("name", recordings())
def test_every_curve_of_the_runs_that_ship_lies_inside_its_axes(name, sketch):
    """All but a few spikes: D's loss, too, which has another size than G's."""
    run = load_recording(name)
    app = sketch(ReplayController([run]))
    (choice,) = (control for control in app.controller.value_controls() if control.name == "curves")
    for curves in choice.options:
        app.set(curves=curves, moment=0)
        assert app.figure.axes
        app.set(moment=len(run) - 1)
        for ax in app.figure.axes[1:]:
            low, high = ax.get_ylim()
            for line in ax.get_lines():
                y = np.asarray(line.get_ydata(), float)
                if len(y) > 2:
                    assert np.mean((y >= low) & (y <= high)) > 0.98, (curves, line.get_color())


def test_what_was_measured_is_said_with_its_step(sketch):
    """At step 119 the numbers of step 0 would be a riddle."""
    run = load_recording("dcgan")
    app = sketch(ReplayController([run]))
    app.set(moment=int(np.searchsorted(run.steps, 119)))
    assert "Measured at step 0: Fréchet distance 1,370, modes covered 1" in app.status
    app.set(moment=len(run) - 1)
    assert "Measured at step 19,000: Fréchet distance 16.4" in app.status
    assert "w1_floor" not in app.status


@pytest.mark.parametrize("name", recordings())
def test_a_run_is_headed_by_the_name_under_which_it_was_chosen(name):
    run = load_recording(name)
    assert f"<b>{name}</b> ({run.title}), step" in ReplayController([run]).status()


def test_quantities_of_the_shipped_runs_have_names_for_people():
    options = replay_app().widgets["curves"].options
    assert not [option for option in options if "_" in option]


def test_the_status_tells_time_quality_recipe_and_machine(runs):
    controller = ReplayController([runs[0]])
    status = controller.status()
    assert (
        "<b>dcgan</b> (dcgan on &lt;digits&gt;), step 2,000 of 2,000, after 0:20 min. Measured at step"
        in status
    )
    measured = runs[0].evaluations["frechet_distance"].values[-1]
    assert f"Fréchet distance {measured:.3g}, modes covered 10, samples 10,000" in status
    assert "objective non-saturating, batch size 64, betas 0.5–0.999" in status
    assert "penalty" not in status  # not set
    assert "2 threads, torch 2.13.0, 2026-11-21" in status
    assert "&lt;digits&gt;" in status
    assert "Abacus &lt;9000&gt;" in status
    controller.set(moment=0)
    assert f"Fréchet distance {runs[0].evaluations['frechet_distance'].values[0]:,.0f}" in controller.status()


# ---------------------------------------------------------------------- two runs


@pytest.mark.parametrize("first", ["dcgan", "wgan-gp"])
def test_two_runs_are_shown_at_the_same_step_until_one_is_over(runs, first, sketch):
    gan, wgan, _ = runs
    app = sketch(ReplayController(runs))
    other = "wgan-gp" if first == "dcgan" else "dcgan"
    app.set(run=first, other=other)
    place = {first: 0, other: 1}
    for moment in (0, 10, 33, 49):
        app.set(moment=moment)
        step = wgan.steps[moment]  # the longer run gives the time
        assert app.controller.step == step
        for run in (gan, wgan):
            expected = max(i for i in range(len(run)) if run.steps[i] <= step)
            pictures = np.rint(255 * mosaic(run.samples(expected), 8))
            assert np.array_equal(shown_pictures(app, place[run.name]), pictures)
        assert app.controller.readouts() == {"moment": f"{step:,}"}  # and no index
    assert "step 2,000 of 2,000" in app.status
    assert "step 6,000 of 6,000" in app.status


def test_two_runs_have_their_frechet_distances_on_one_axis(runs, sketch):
    app = sketch(ReplayController(runs))
    app.set(run="dcgan", other="wgan-gp")
    shared = app.figure.axes[-1]
    lines = [line.get_ydata() for line in shared.get_lines()]
    for run in runs[:2]:
        assert any(np.array_equal(y, run.evaluations["frechet_distance"].values) for y in lines)
    names = {text.get_text(): text.get_color() for ax in app.figure.axes for text in ax.texts}
    drawn = {line.get_color() for line in shared.get_lines()}
    assert names["dcgan"] != names["wgan-gp"]
    assert {palette.text(color) for color in drawn} >= {names["dcgan"], names["wgan-gp"]}
    assert len({line.get_linestyle() for line in shared.get_lines() if line.get_color() in RUN_COLORS}) == 2


def test_two_runs_say_what_differs_in_their_recipes(runs):
    controller = ReplayController(runs)
    controller.set(run="dcgan", other="wgan-gp")
    status = controller.status()
    distance, modes = (
        f"{runs[1].evaluations[name].values[-1]:.3g}" for name in ("frechet_distance", "modes")
    )
    assert (
        f"Fréchet distance {distance}<span class=course-fine>, modes covered {modes}, samples 10,000"
        in status
    )
    assert (
        "differ in: objective non-saturating | wasserstein, betas 0.5–0.999 | 0.0–0.9, penalty None | 10.0."
        in status
    )
    controller.set(other="small")
    assert "differ in: nothing" in controller.status()


def test_what_older_recordings_do_not_tell_is_no_difference():
    known = {field.name: field.default for field in fields(Recipe)}
    assert {
        name: list(v) if isinstance(v, tuple) else v for name, v in known.items() if name in LATER
    } == LATER
    controller = ReplayController([load_recording(name) for name in ("dcgan", "dcgan-fast", "cgan")])
    controller.set(run="dcgan", other="cgan")
    assert "differ in: conditioning none | projection." in controller.status()
    controller.set(other="dcgan-fast")
    differing = [each.rsplit(" ", 3)[0] for each in controller.status().split("differ in: ")[1].split(", ")]
    assert differing == [
        *("latent dim", "discriminator widths", "batch size", "generator learning rate"),
        *("discriminator learning rate", "decay steps", "full steps"),
    ]


def test_a_run_that_is_over_before_the_other_one_says_so(runs):
    longer, shorter = sorted(runs, key=lambda run: -run.steps[-1])[:: len(runs) - 1]
    controller = ReplayController(runs)
    controller.set(run=longer.name, other=shorter.name)
    said = controller.status().split("<br>")
    assert ["It ends here" in line for line in said[:2]] == [False, True]
    controller.set(moment=0)
    assert "It ends here" not in controller.status()


def test_settings_and_numbers_are_written_as_in_a_text():
    recipes = (
        {"name": "a", "batch_norm": True, "full_steps": 6000},
        {"name": "b", "batch_norm": False, "full_steps": 19000},
    )
    assert _differences(*recipes) == "batch norm yes | no, full steps 6,000 | 19,000"
    assert [_duration(seconds) for seconds in (0, 59.6, 108, 3600)] == [
        "0:00 min",
        "1:00 min",
        "1:48 min",
        "60:00 min",
    ]
    assert (_number(-0.9481), _number(2.0), _number(-1e-9)) == ("−0.948", "2", "−1e−09")


def test_a_run_compared_with_itself_is_shown_alone(runs):
    controller = ReplayController(runs)
    controller.set(other=controller.values["run"])
    assert len(controller.shown) == 1


# ---------------------------------------------------------------------- time


def test_the_slider_reaches_every_moment_of_every_run(runs):
    for run, name in zip(runs, ("dcgan", "wgan-gp", "small"), strict=True):
        controller = ReplayController(runs)
        controller.set(run=name)
        seen = []
        for moment in range(50):
            controller.set(moment=moment)
            seen.append(controller.step)
        assert seen == sorted(seen)
        assert set(seen) == set(run.steps.tolist())


def test_play_pause_steps_and_stop(runs):
    async def main():
        app = replay_app(runs)
        moment = app.widgets["moment"]
        assert moment.value == 49
        app.player.fps = 1000
        app.widgets["play"].click()  # from the end, it begins anew
        assert moment.value == 0
        await app.player.wait()
        assert moment.value == 49
        assert app.player.frames >= 49
        app.widgets["forward"].click()
        assert moment.value == 49
        app.widgets["back"].click()
        assert moment.value == 48
        app.set(moment=10)
        app.widgets["forward"].click()
        assert moment.value == 11
        app.player.fps = 50
        app.widgets["play"].click()
        while moment.value == 11:
            await asyncio.sleep(0.001)
        app.widgets["pause"].click()
        await app.player.wait()
        assert 11 < moment.value < 49
        app.widgets["stop"].click()
        await app.player.wait()
        assert moment.value == 0
        app.widgets["back"].click()
        assert moment.value == 0

    asyncio.run(main())


def test_every_control_over_its_whole_range(runs, sweep):
    async def main():
        app = replay_app(runs)
        assert sweep(app) > 20
        await app.player.wait()
        for other in ("none", "wgan-gp", "small"):  # every panel for one and for two runs
            for curves in app.widgets["curves"].options:
                app.set(other=other, curves=curves)
        assert "Error" not in app.status.value

    asyncio.run(main())


@pytest.mark.parametrize("scale", [1.0, 1.4])
def test_the_picture_keeps_its_size_and_nothing_sticks_out(runs, scale, packed):
    app = replay_app(runs, scale=scale)
    for other in ("none", "wgan-gp"):
        app.set(other=other)
        picture = Image.open(io.BytesIO(app.picture.value))
        assert picture.size == (880, 520)
        pixels = np.asarray(picture.convert("RGB"))
        edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        assert np.all(edge == 255)


# ---------------------------------------------------------------------- recordings of every kind


def test_quantities_nobody_knows_and_runs_with_nearly_nothing(tmp_path):
    bare = RunRecorder({}, machine={"cpu": "x"})
    bare.add_samples(0, np.zeros((3, 5, 9), np.uint8))
    bare.save(tmp_path / "bare.npz")
    odd = RunRecorder({"nested": {"a": [1]}}, machine={"device": "NVIDIA H100", "cpu": "x"})
    for step in (0, 4):
        odd.add_samples(step, np.zeros((64, 28, 28), np.uint8))
    odd.add_metrics(
        [1, 2, 3, 4], hunger=[1.0, 1.0, 1.0, 1.0], generator_loss=[np.nan, np.inf, -np.inf, np.nan]
    )
    odd.add_evaluation(4, frechet_distance=-1.0, beauty=0.123456)
    odd.save(tmp_path / "odd.npz")
    app = replay_app([tmp_path / "bare.npz", str(tmp_path / "odd.npz")])
    assert app.widgets["curves"].options == ("losses", "beauty", "hunger")
    assert "Recorded on x." in app.status.value
    for run in ("bare", "odd"):
        for other in ("none", "bare", "odd"):
            for curves in app.widgets["curves"].options:
                app.set(run=run, other=other, curves=curves, moment=1)
    app.set(run="odd", other="none", curves="hunger")
    assert "beauty 0.123" in app.status.value
    assert "NVIDIA H100" in app.status.value
    assert curves_of(app, quantities.label_and_color("hunger")[1])[0][1].tolist() == [1.0] * 4
    alone = replay_app([tmp_path / "bare.npz"])  # a single moment: nothing to play, but nothing breaks
    alone.set(moment=1)
    alone.press("forward")
    assert "step 0 of 0" in alone.status.value


def test_a_run_that_diverges_is_shown_up_to_there(tmp_path):
    recorder = RunRecorder({}, machine={})
    for step in (0, 300):
        recorder.add_samples(step, np.zeros((4, 28, 28), np.uint8))
    values = np.r_[np.ones(200), [np.inf] * 50, [np.nan] * 50]
    recorder.add_metrics(np.arange(1, 301), generator_loss=values)
    recorder.save(tmp_path / "diverged.npz")
    app = replay_app([tmp_path / "diverged.npz"])
    _, (_, trend) = curves_of(app, quantities.label_and_color("generator_loss")[1])
    assert np.all(trend[:200] == 1)
    assert np.all(np.isnan(trend[200:]))


def test_shipped_runs_are_the_default(runs, tmp_path, monkeypatch):
    monkeypatch.setattr(runtime, "REPOSITORY", tmp_path)
    with pytest.raises(FileNotFoundError, match="no recorded run ships"):
        replay_app()
    for name in ("wgan-clip", "mlp"):
        (tmp_path / "data/runs").mkdir(parents=True, exist_ok=True)
        record(tmp_path / f"data/runs/{name}.npz", total=100, moments=5)
    assert replay_app().widgets["run"].options == ("mlp", "wgan-clip")  # equally good
    assert replay_app(["wgan-clip"]).widgets["run"].options == ("wgan-clip",)


def test_the_best_pictures_come_first():
    names = replay_app(scale=1.4).widgets["run"].options
    assert sorted(names) == sorted(recordings())
    at_the_end = [load_recording(name).evaluations["frechet_distance"].values[-1] for name in names]
    assert at_the_end == sorted(at_the_end)


def test_no_recordings_and_equal_names(runs):
    with pytest.raises(ValueError, match="at least one recording"):
        replay_app([])
    with pytest.raises(ValueError, match="a name of its own; got dcgan, dcgan"):
        replay_app([runs[0], runs[0]])


@pytest.mark.parametrize("names", ["dcgan mlp", "collapse mlp dcgan", "wgan-gp wgan-clip dcgan mlp", "mlp"])
def test_named_states_are_offered_for_the_runs_that_are_there(names):
    controller = ReplayController([load_recording(name) for name in names.split()])
    assert controller.states
    for state in controller.states:
        controller.visit(state.name)
        assert state.lies(controller) == []
    assert len(ReplayController([load_recording("mlp")]).states) == 1


def test_what_is_written_over_the_panels_of_two_runs_does_not_overlap():
    controller = ReplayController([load_recording(name) for name in ("mlp", "wgan-gp")])
    figure = Figure(figsize=controller.size)
    controller.set(other="wgan-gp")
    (titles,) = (control.options for control in controller.value_controls() if control.name == "curves")
    assert "W1 of minibatches" in titles
    for title in titles:
        controller.set(curves=title)
        controller.draw(figure)
        FigureCanvasAgg(figure).draw()
        boxes = [text.get_window_extent() for ax in figure.axes for text in ax.texts if text.get_text()]
        assert len(boxes) >= 4
        assert [title for a, b in itertools.combinations(boxes, 2) if a.overlaps(b)] == []
