"""The app of lessons 5 and 6: it trains what the trainer trains, obeys at once, and measures what it says."""

import asyncio
import html
import re

import numpy as np
import pytest
import torch
from PIL import Image

from course_utils.apps import gan
from course_utils.apps.gan import SHOWN, TrainingController, gan_app
from course_utils.datasets.scaling import to_bytes
from course_utils.gan import OBJECTIVES, RECIPES, AdversarialTrainer, resume
from course_utils.gan.metrics import features, frechet_distance
from course_utils.gan.penalties import PENALTIES
from course_utils.plots.images import mosaic
from course_utils.recording import load_recording


@pytest.fixture(autouse=True)
def few_pictures_to_judge(monkeypatch):
    """A measurement takes seconds otherwise; that it says how many there were is tested."""
    monkeypatch.setattr(gan, "JUDGED", 160)


def first_weights(trainer):
    return next(trainer.generator.parameters())


def shown_distance(app):
    return int(re.search(r"Fréchet distance at step [\d,]+: ([\d,]+)", app.status.value)[1].replace(",", ""))


@pytest.fixture
def train(until):
    async def train(app, steps=10):
        """Play until the app has trained that many steps more, at least."""
        enough = len(app.controller.trainer.log) + steps
        app.press("play")
        await until(lambda: not app.player.playing or len(app.controller.trainer.log) >= enough)
        app.press("pause")
        await app.player.wait()

    return train


async def measured(app):
    app.press("measure")
    assert "Measuring" in app.status.value
    await app.player.wait()  # at rest, the player stops when the measurement is done


def in_a_loop(action):
    return asyncio.run(action())


def test_pictures_are_loaded_when_somebody_trains(images, train, monkeypatch):
    loaded = []

    def load():
        loaded.append(images)
        return images

    monkeypatch.setattr(gan, "load_images", load)

    async def play():
        app = gan_app()
        assert "A recording" in app.status.value
        assert not loaded
        await train(app, 2)
        return app

    app = in_a_loop(play)
    assert loaded == [images]
    assert len(app.controller.trainer.pixels) == len(images)


@pytest.mark.parametrize("recipe", ["mlp", "wgan-gp"])
def test_live_training_is_the_trainers_own_run(images, recipe, train, line):
    async def play():
        app = gan_app(images, recipe)
        await train(app, 10 if recipe == "mlp" else 2)
        return app

    app = in_a_loop(play)
    steps = app.player.steps_taken
    plain = AdversarialTrainer(images, recipe, seed=0).run(steps, progress=False)
    assert torch.equal(first_weights(app.controller.trainer), first_weights(plain))
    app.redraw()
    (image,) = app.figure.axes[0].get_images()
    assert np.allclose(image.get_array(), mosaic(plain.sample(80, seed=0), 10, scale="symmetric"), atol=1e-6)
    curve = line(app.figure, "critic_estimate" if recipe == "wgan-gp" else "d_real")
    assert len(curve.get_ydata()) == steps
    assert f"Step {steps:,}" in app.status.value


@pytest.mark.parametrize(
    ("recipe", "name", "curve"),
    [
        ("dcgan-fast", "dcgan-fast", "d_fake"),
        ("mlp", "mlp", "d_fake"),
        ("dcgan", "dcgan", "d_real"),
        ("wgan-gp", "wgan-gp", "critic_estimate"),
        ("wgan-clip-tuned", "wgan-clip", "critic_estimate"),
    ],
)
def test_before_the_first_step_a_recording_shows_what_comes(images, recipe, name, curve, line):
    app, run = gan_app(images, recipe), load_recording(name)
    (image,) = app.figure.axes[0].get_images()
    assert np.allclose(image.get_array(), mosaic(run.samples(-1), 8))
    steps, values = line(app.figure, curve).get_data()
    assert len(steps) == len(run.metrics[curve])
    assert steps[-1] == run.steps[-1] < app.figure.axes[1].get_xlim()[1]
    assert values[0] == pytest.approx(run.metrics[curve].values[0])
    # the last 50 steps, however many of them one recorded value stands for
    assert values[-1] == pytest.approx(run.metrics[curve].values[-(50 // int(steps[0])) :].mean())
    assert f"A recording, not your run: <b>{run.title}</b>, after {run.steps[-1]:,} steps" in app.status.value
    assert len(app.controller.trainer.log) == 0


def test_the_recording_goes_when_it_is_not_what_play_would_show(images, train):
    app = gan_app(images, "mlp")
    controller = app.controller
    for other in ({"k": 2}, {"rate": 2.0}, {"loss": "minimax"}, {"seed": 1}, {"recipe": "wgan-clip"}):
        before = {name: controller.values[name] for name in other}
        assert "A recording" in app.status.value
        app.set(**other)
        assert "Not trained yet" in app.status.value
        app.set(**before)
    app.press("reset")
    assert "Not trained yet" in app.status.value
    noise = app.figure.axes[0].get_images()[0].get_array()
    assert np.allclose(
        noise, mosaic(AdversarialTrainer(images, "mlp", seed=0).sample(80, seed=0), 10, scale="symmetric")
    )
    app.set(recipe="dcgan", seed=0)
    assert "<b>dcgan on MNIST" in app.status.value

    async def play():
        await train(app, 1)
        assert f"Step {len(controller.trainer.log)}" in app.status.value
        app.set(recipe="mlp")
        assert "A recording" in app.status.value
        await measured(app)

    in_a_loop(play)
    assert "Fréchet distance at step 0" in app.status.value  # of the noise, which is what is shown


def test_a_copy_without_recordings_shows_noise(images, monkeypatch):
    monkeypatch.setattr(gan, "recordings", tuple)
    assert "Not trained yet" in gan_app(images, "mlp").status.value


def test_pause_acts_at_once_and_play_goes_on(images, until):
    async def play():
        app, done = gan_app(images, "mlp"), 0
        for _ in range(3):
            app.press("play")
            await until(lambda done=done: app.player.steps_taken > done + 2)
            done = app.player.steps_taken
            app.press("pause")
            await app.player.wait()
            assert len(app.controller.trainer.log) == app.player.steps_taken == done

    in_a_loop(play)


@pytest.mark.parametrize("name", SHOWN)
def test_every_recipe_trains_and_shows_its_curve(images, name, sketch):
    app = sketch(TrainingController(images, name))
    next(iter(app.controller.steps()))
    recipe = RECIPES[name]
    assert app.figure.axes
    assert app.controller.trainer.recipe.difference(recipe) == {}  # untouched controls change nothing
    assert app.controller.values["k"] == recipe.discriminator_steps
    critic = recipe.objective == "wasserstein"
    assert ("Critic's estimate" in app.status) == critic
    ahead = recipe.objective in ("relativistic", "least squares", "hinge")
    assert ("Real is ahead of generated by" in app.status) == ahead
    assert ("Error of real pictures" in app.status) == OBJECTIVES[recipe.objective].energies
    assert ("D(x) =" in app.status) == OBJECTIVES[recipe.objective].probabilities
    assert ("slope" in app.status) == (PENALTIES[recipe.penalty].of_slopes is not None)


def test_settings_act_at_once_on_the_run_that_goes_on(images):
    controller = TrainingController(images, "mlp")
    trainer = controller.trainer
    trainer.run(2, progress=False)
    learnt = first_weights(trainer).clone()
    controller.set(k=3, loss="minimax", rate=2.0)
    recipe = trainer.recipe
    assert controller.trainer is trainer
    assert (recipe.discriminator_steps, recipe.objective) == (3, "minimax")
    assert recipe.generator_learning_rate == 2 * RECIPES["mlp"].generator_learning_rate
    assert recipe.discriminator_learning_rate == 2 * RECIPES["mlp"].discriminator_learning_rate
    assert len(trainer.log) == 2
    assert torch.equal(first_weights(trainer), learnt)
    trainer.run(1, progress=False)
    assert trainer.generator_optimizer.param_groups[0]["lr"] == recipe.generator_learning_rate


def test_the_strength_is_that_of_the_recipes_own_constraint(images):
    controller = TrainingController(images, "wgan-clip")
    controller.set(strength=0.5)
    assert controller.trainer.recipe.clip == 0.5 * RECIPES["wgan-clip"].clip
    controller.set(recipe="wgan-gp", loss="minimax", strength=0.5)
    recipe = controller.trainer.recipe
    assert recipe.penalty_weight == 0.5 * RECIPES["wgan-gp"].penalty_weight
    assert recipe.objective == "wasserstein"  # a critic has one loss only


def test_recipe_and_seed_start_over(images):
    controller = TrainingController(images, "mlp")
    start = first_weights(controller.trainer).clone()
    controller.trainer.run(2, progress=False)
    controller.set(seed=1)
    assert len(controller.trainer.log) == 0
    assert not torch.equal(first_weights(controller.trainer), start)
    controller.set(seed=0)
    assert torch.equal(first_weights(controller.trainer), start)
    controller.set(recipe="wgan-clip")
    assert controller.values["k"] == controller.trainer.recipe.discriminator_steps == 5
    controller.set(recipe="mlp", k=2)  # both at once: what was asked for counts
    assert controller.trainer.recipe.discriminator_steps == 2


def test_a_recipe_sets_all_of_it_and_what_was_changed_since_is_said(images):
    """Lesson 5's things to try, one after the other: nothing of the one before is carried over."""
    controller = TrainingController(images, "mlp")
    controller.set(k=5, loss="minimax", rate=2.0)
    assert "Changed by hand: G's loss minimax, D steps, k 5, rate × 2." in controller.status()
    for name in SHOWN:
        controller.set(k=4, rate=3.0, strength=0.1, loss="minimax")
        controller.set(recipe=name)
        assert controller.trainer.recipe.difference(RECIPES[name]) == {}, name
        controller.reset()
        assert "by hand" not in controller.status()
    controller.set(recipe="wgan-gp")
    controller.set(rate=1.0 + 1e-9)  # as a browser may send it back
    assert "by hand" not in controller.status()


def test_controls_without_effect_are_named_and_change_nothing(images):
    controller = TrainingController(images, "mlp")
    assert set(controller.disabled()) == {"strength"}
    controller.set(recipe="wgan-gp")
    assert set(controller.disabled()) == {"loss"}
    for name in SHOWN:
        controller.set(recipe=name)
        for control in controller.disabled():
            other = {"loss": "minimax", "strength": 2.0}[control]
            controller.set(**{control: other})
            used = controller.trainer.recipe.difference(RECIPES[name])
            # neither is read by a recipe without a penalty
            assert set(used) <= {"penalty_weight", "clip"}, name
            assert "by hand" not in controller.status()


def test_pictures_and_training_can_be_saved(images, tmp_path):
    controller = TrainingController(images, "mlp", folder=tmp_path)
    controller.press("save_pictures")  # of the recording that is shown
    assert "Saved as gan_mlp_seed0_recorded_step19000.png" in controller.status()
    run = load_recording("mlp")
    (saved,) = tmp_path.iterdir()
    assert np.array_equal(np.asarray(Image.open(saved))[..., 0], to_bytes(mosaic(run.samples(-1), 8), "unit"))
    controller.press("save_run")
    assert "Nothing to save yet" in controller.status()
    assert len(list(tmp_path.iterdir())) == 1
    controller.trainer.run(3, progress=False)
    controller.press("save_run")
    (name,) = re.findall(r'resume\(images, "(\S+)"\)', html.unescape(controller.status()))
    resumed = resume(images, tmp_path / name)
    for trainer in (resumed, controller.trainer):
        trainer.run(2, progress=False)
    assert torch.equal(first_weights(resumed), first_weights(controller.trainer))
    controller.press("save_pictures")
    pictures = np.asarray(Image.open(tmp_path / "gan_mlp_seed0_step5.png"))[..., 0]
    assert np.array_equal(
        pictures, to_bytes(mosaic(controller.trainer.sample(80, seed=0), 10, scale="symmetric"), "unit")
    )
    before = (tmp_path / "gan_mlp_seed0_step5.png").read_bytes()
    controller.set(rate=2.0)  # other settings, which the name does not say: nothing is lost
    controller.press("save_pictures")
    assert "gan_mlp_seed0_step5_2.png" in controller.status()
    assert (tmp_path / "gan_mlp_seed0_step5.png").read_bytes() == before
    controller.set(rate=1.0)
    assert "Saved" not in controller.status()


def test_measure_is_the_frechet_distance_of_the_trainers_samples(images, train):
    async def play():
        app = gan_app(images, "mlp")
        await train(app, 3)
        steps = len(app.controller.trainer.log)
        await measured(app)
        assert len(app.controller.trainer.log) == steps  # who rests, rests afterwards too
        return app

    app = in_a_loop(play)
    assert not app.player.playing
    n = gan.JUDGED
    chosen = np.random.default_rng(0).choice(len(images), n, replace=False)
    generated = app.controller.trainer.sample(n, seed=0)
    direct = frechet_distance(features(images.pixels[chosen]), features(generated))
    assert shown_distance(app) == pytest.approx(direct, rel=1e-3, abs=1)
    assert f"({n:,} pictures)" in app.status.value


def test_measuring_does_not_change_the_training(images, train):
    async def play(measure):
        app = gan_app(images, "mlp")
        await train(app, 3)
        if measure:
            await measured(app)
        trainer = app.controller.trainer
        return trainer.run(20 - len(trainer.log), progress=False)

    plain, looked_at = (asyncio.run(play(measure)) for measure in (False, True))
    assert torch.equal(first_weights(plain), first_weights(looked_at))


def test_measuring_while_it_trains_goes_on_training(images, until):
    async def play():
        app = gan_app(images, "mlp")
        app.press("play")
        await until(lambda: app.player.steps_taken > 0)
        app.press("measure")
        await until(lambda: "Fréchet distance at" in app.status.value)
        steps = len(app.controller.trainer.log)
        await until(lambda: len(app.controller.trainer.log) > steps)
        assert app.player.playing
        assert "course-playing" in app.view._dom_classes
        app.press("pause")
        await app.player.wait()

    in_a_loop(play)


@pytest.mark.parametrize("button", ["reset", "measure"])
def test_at_rest_nothing_but_play_starts_a_training(images, button, until):
    """Measuring plays, too. Reset in its middle, or a second press of Measure, must not set the training off."""

    async def play():
        app = gan_app(images, "mlp")
        app.press("measure")
        assert app.player.playing
        assert "course-playing" not in app.view._dom_classes  # it is not Play's doing
        await until(lambda: app.player.steps_taken > 0)
        app.press(button)
        await app.player.wait()
        return app

    app = in_a_loop(play)
    assert not app.player.playing
    assert len(app.controller.trainer.log) == 0
    assert ("Fréchet distance at step 0" in app.status.value) == (button == "measure")


def test_a_run_that_diverges_says_so_and_the_error_is_raised(images, train):
    async def play():
        app = gan_app(images, "mlp")
        await train(app, 1)
        with torch.no_grad():
            first_weights(app.controller.trainer).fill_(float("nan"))
        app.press("play")
        with pytest.raises(FloatingPointError, match="diverged"):
            await app.player.wait()
        said = app.status.value
        await train(app, 1)  # the trainer went back to where all was well
        return said, app.status.value

    said, afterwards = in_a_loop(play)
    assert "FloatingPointError" in said
    assert "D(x) =" in afterwards


def test_every_control_over_its_whole_range(images, tmp_path, sweep):
    async def drive():
        app = gan_app(images, "mlp", folder=tmp_path)
        drawn = sweep(app)
        app.press("pause")
        await app.player.wait()
        return drawn

    assert in_a_loop(drive) > 25
