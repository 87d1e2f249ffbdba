"""Lesson 5's app: it trains what the trainer trains, stops at once, and shows what goes wrong."""

import asyncio
import time

import numpy as np
import pytest
import torch

from course_utils.apps.gan import TrainingController, gan_app
from course_utils.datasets import load_digits_stand_in
from course_utils.gan import AdversarialTrainer
from course_utils.plots.images import mosaic


@pytest.fixture(scope="module")
def images():
    return load_digits_stand_in()


def first_weights(trainer):
    return trainer.generator.layers[0].weight


async def train(app, seconds=1.0):
    app.press("play")
    await asyncio.sleep(seconds)
    app.press("pause")
    await app.player.wait()


def test_live_training_is_the_trainers_own_run(images):
    async def play():
        app = gan_app(images)
        await train(app)
        return app

    app = asyncio.run(play())
    steps = app.player.steps_taken
    assert steps > 10
    plain = AdversarialTrainer(images, "mlp", seed=0).run(steps, progress=False)
    assert torch.equal(first_weights(app.controller.trainer), first_weights(plain))
    curve = app.controller._panels._lines["d_real"].get_ydata()
    assert len(curve) <= steps
    app.redraw()
    shown = app.controller._panels._image.get_array()
    assert np.allclose(shown, mosaic(plain.sample(80, seed=0), 10), atol=1e-6)
    assert f"Step {steps:,}" in app.status.value


def test_pause_acts_at_once_and_play_goes_on(images):
    async def play():
        app = gan_app(images)
        await train(app, 0.5)
        before = app.player.steps_taken
        await asyncio.sleep(0.2)
        assert app.player.steps_taken == before  # a pause is a pause
        app.press("play")
        await asyncio.sleep(0.4)
        start = time.perf_counter()
        app.press("pause")
        await app.player.wait()
        return before, app.player.steps_taken, time.perf_counter() - start

    before, after, seconds = asyncio.run(play())
    assert after > before
    assert seconds < 0.3


def test_a_changed_setting_starts_over_with_the_same_seed(images):
    controller = TrainingController(images)
    start = first_weights(controller.trainer).clone()
    controller.trainer.run(2, progress=False)
    controller.set(k=3, objective="minimax", rate=2.0)
    recipe = controller.trainer.recipe
    assert (recipe.discriminator_steps, recipe.objective, recipe.generator_learning_rate) == (
        3,
        "minimax",
        2e-3,
    )
    assert len(controller.trainer.history["d_real"]) == 0
    assert torch.equal(first_weights(controller.trainer), start)
    controller.set(seed=1)
    assert not torch.equal(first_weights(controller.trainer), start)


def test_a_run_that_diverges_says_so_and_the_error_is_raised(images):
    async def play():
        app = gan_app(images)
        with torch.no_grad():
            first_weights(app.controller.trainer).fill_(float("nan"))
        app.press("play")
        with pytest.raises(FloatingPointError, match="diverged"):
            await app.player.wait()
        return app.status.value

    assert "FloatingPointError" in asyncio.run(play())


def test_every_control_over_its_whole_range(images):
    async def sweep():
        app = gan_app(images)
        drawn = app.sweep()
        await app.player.wait()
        return drawn

    assert asyncio.run(sweep()) > 15
