"""The trainer as its users meet it: pictures in, samples and history out, repeatable and undisturbed."""

import statistics

import numpy as np
import pytest
import torch

from course_utils.apps.gan import TrainingController
from course_utils.gan import RECIPES, AdversarialTrainer
from course_utils.gan.adversarial import METRICS
from course_utils.runtime import load_results


def test_who_names_no_recipe_gets_the_one_that_is_soonest_at_good_digits(images):
    recipe = AdversarialTrainer(images, device="cpu").recipe
    assert TrainingController(images).values["recipe"] == recipe.name
    seconds = {
        name: statistics.median(marks["60"])
        for name, marks in load_results("time_to_quality")["seconds"].items()
        if name in RECIPES
    }
    assert len(seconds) > 3
    assert recipe == RECIPES[min(seconds, key=seconds.get)]


def test_real_batches_are_scaled_to_the_interval_of_tanh(images, small):
    x = small(batch_size=256).real_batch()
    assert x.shape == (256, 1, 28, 28)
    assert x.min() == -1  # background 0
    assert x.max() == 1  # ink 255
    in_bytes = ((x + 1) * 127.5).round().to(torch.uint8).numpy()[:, 0]
    known = {picture.tobytes() for picture in images.pixels}
    assert all(picture.tobytes() in known for picture in in_bytes)


def test_minibatches_reach_the_whole_data_set():
    pixels = np.arange(50, dtype=np.uint8)[:, None, None] * np.ones((1, 28, 28), np.uint8)
    trainer = AdversarialTrainer(pixels, "mlp", device="cpu", batch_size=500)
    seen = ((trainer.real_batch()[:, 0, 0, 0] + 1) * 127.5).round().int().unique().tolist()
    assert seen == list(range(50))


def test_all_pictures_live_on_the_device_as_bytes(images, small):
    trainer = small()
    assert trainer.pixels.dtype == torch.uint8
    assert trainer.pixels.shape == (len(images), 1, 28, 28)
    assert trainer.pixels.device == trainer.device


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_trains(name, small):
    trainer = small(name).run(3, progress=False)
    history = trainer.history
    assert all(values.shape == (3,) and np.isfinite(values).all() for values in history.values())
    assert ("critic_estimate" in history) == (not trainer.objective.probabilities)
    assert ("gradient_norm" in history) == (trainer.recipe.penalty in ("gp", "lp", "r1+r2"))
    assert trainer.sample(2).shape == (2, 1, 28, 28)


@pytest.mark.parametrize("name", ["mlp", "dcgan", "wgan-clip", "wgan-gp", "wgan-lp", "r3gan"])
def test_every_recipe_trains_at_its_full_size(name, images):
    before = AdversarialTrainer(images, name, device="cpu")
    after = AdversarialTrainer(images, name, device="cpu").run(3, progress=False)
    moved = [
        not torch.equal(a, b)
        for player in ("generator", "discriminator")
        for a, b in zip(
            getattr(before, player).parameters(), getattr(after, player).parameters(), strict=True
        )
    ]
    # The last of them, D's bias, may stay where only differences of scores count.
    assert all(moved if after.objective.probabilities else moved[:-1])


def test_same_seed_same_run_and_other_seed_other_run(small, weights, assert_same):
    one, two, other = (small(seed=seed).run(5, progress=False) for seed in (1, 1, 2))
    assert_same(one, two)
    assert not torch.equal(weights(one)["G.layers.0.weight"], weights(other)["G.layers.0.weight"])


def test_nobody_elses_random_numbers_change_and_none_of_them_matter(small, assert_same):
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    one = small().run(3, progress=False)
    assert torch.equal(torch.rand(4), expected)
    torch.manual_seed(99)
    assert_same(one, small().run(3, progress=False))


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_looking_does_not_disturb_the_training(ema, small, assert_same):
    looked_at, left_alone = small(ema=ema), small(ema=ema)
    for _ in range(4):
        looked_at.run(2, progress=False)
        looked_at.sample(3)
        looked_at.sample(3, seed=1)
        looked_at.generate(torch.zeros(2, 8))
        _ = looked_at.history
        looked_at.check()
        looked_at.state_dict()
    assert looked_at.generator.training  # a student may go on with steps written by hand
    assert_same(looked_at, left_alone.run(8, progress=False))


def test_the_average_draws_the_samples(small):
    trainer = small("dcgan", ema=0.9).run(4, progress=False)
    z = torch.randn(3, 8, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        assert torch.equal(trainer.sample(3, seed=5), trainer.average.module(z))
        assert not torch.allclose(trainer.generate(z), trainer.generator.eval()(z))


def test_a_sample_does_not_depend_on_its_company(small):
    """Batch norm uses its running statistics when samples are drawn."""
    trainer = small().run(3, progress=False)
    z = torch.randn(4, 8)
    assert torch.allclose(trainer.generate(z)[:1], trainer.generate(z[:1]), atol=1e-6)


def test_samples_repeat_with_a_seed_and_differ_without(small):
    trainer = small().run(2, progress=False)
    a, b = trainer.sample(4, seed=1), trainer.sample(4, seed=1)
    assert a.shape == (4, 1, 28, 28)
    assert a.abs().max() <= 1
    assert not a.requires_grad
    assert torch.equal(a, b)
    assert not torch.equal(trainer.sample(4), trainer.sample(4))


def test_history_holds_what_was_measured_before_each_step(small):
    trainer, twin = small(), small()
    trainer.run(3, progress=False)
    history = trainer.history
    assert list(history) == list(METRICS[:4])
    assert all(v.shape == (3,) for v in history.values())
    with torch.no_grad():
        real = twin.discriminator(twin.real_batch())
        fake = twin.discriminator(twin.generator(twin.latent_batch()))
    assert history["d_real"][0] == pytest.approx(real.sigmoid().mean().item(), abs=1e-6)
    assert history["d_fake"][0] == pytest.approx(fake.sigmoid().mean().item(), abs=1e-6)
    assert small().history["d_real"].shape == (0,)


def test_history_of_a_critic(small):
    trainer, twin = small("wgan-gp"), small("wgan-gp")
    values = trainer.step()
    history = trainer.history
    with torch.no_grad():
        x, fake = twin.real_batch(), twin.generator(twin.latent_batch())
        real, made = twin.discriminator(x), twin.discriminator(fake)
    t = twin.mixing_batch()[:, :, None, None]
    points = (t * x + (1 - t) * fake).requires_grad_()
    norms = torch.autograd.grad(twin.discriminator(points).sum(), points)[0].flatten(1).norm(dim=1)
    estimate = (real.mean() - made.mean()).item()
    assert history["critic_estimate"].item() == pytest.approx(estimate, abs=1e-6)
    assert history["gradient_norm"].item() == pytest.approx(norms.mean().item(), rel=1e-4)
    loss = -estimate + 10 * (norms - 1).square().mean().item()
    assert history["discriminator_loss"].item() == pytest.approx(loss, rel=1e-4)
    assert values.tolist() == [history[name].item() for name in METRICS]


def test_steps_hand_back_control_after_each_step(small):
    trainer = small()
    stepping = trainer.steps(10)
    assert [next(stepping), next(stepping)] == [1, 2]
    stepping.close()  # what a Stop button does
    assert len(trainer.history["d_real"]) == 2
    assert list(trainer.steps(2)) == [3, 4]


def test_a_progress_bar_shows_how_far_it_is(small, capsys):
    small().run(3)
    assert "training 'mlp': 100%" in capsys.readouterr().err


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((5, 28, 28), np.float32),
        np.zeros((5, 8, 8), np.uint8),
        np.zeros((28, 28), np.uint8),
        np.zeros((0, 28, 28), np.uint8),
    ],
)
def test_pictures_of_another_kind_are_refused(bad):
    with pytest.raises(ValueError, match=r"uint8 pictures of shape \(n, 28, 28\).*got " + str(bad.dtype)):
        AdversarialTrainer(bad, "mlp", device="cpu")


def test_a_recipe_for_points_is_refused(images):
    with pytest.raises(
        ValueError, match="points of the plane, not pictures: choose mlp, dcgan or autoencoder"
    ):
        AdversarialTrainer(images, "mlp", device="cpu", architecture="points")


def test_it_learns(images):
    """After a few hundred steps, generated pictures are far nearer to real ones than at the start."""
    trainer = AdversarialTrainer(images, "mlp", device="cpu")
    real = torch.tensor(images.pixels).float().flatten(1) / 127.5 - 1

    def distance():
        return torch.cdist(trainer.sample(100, seed=0).flatten(1), real).min(1).values.mean().item()

    before = distance()
    trainer.run(200, progress=False)
    assert distance() < 0.7 * before
