import numpy as np
import pytest
import torch
from torch.nn.functional import logsigmoid

from course_utils.datasets import load_digits_stand_in
from course_utils.gan import AdversarialTrainer
from course_utils.gan.trainer import CHECK_EVERY, METRICS

SMALL = {"latent_dim": 8, "generator_widths": (16,), "discriminator_widths": (16,), "batch_size": 8}


@pytest.fixture(scope="module")
def images():
    return load_digits_stand_in()


def make(images, **settings):
    return AdversarialTrainer(images, "mlp", device="cpu", **{**SMALL, **settings})


def weights(trainer):
    return {
        **{f"G.{k}": v for k, v in trainer.generator.state_dict().items()},
        **{f"D.{k}": v for k, v in trainer.discriminator.state_dict().items()},
    }


def assert_same_weights(a, b):
    a, b = weights(a), weights(b)
    assert a.keys() == b.keys()
    assert all(torch.equal(a[k], b[k]) for k in a), [k for k in a if not torch.equal(a[k], b[k])]


def test_real_batches_are_scaled_to_the_interval_of_tanh(images):
    trainer = make(images, batch_size=256)
    x = trainer.real_batch()
    assert x.shape == (256, 1, 28, 28)
    assert x.min() == -1  # background 0
    assert x.max() == 1  # ink 255
    in_bytes = ((x + 1) * 127.5).round().to(torch.uint8).numpy()[:, 0]
    known = {picture.tobytes() for picture in images.pixels}
    assert all(picture.tobytes() in known for picture in in_bytes)


def test_minibatches_reach_the_whole_data_set():
    pixels = np.arange(50, dtype=np.uint8)[:, None, None] * np.ones((1, 28, 28), np.uint8)
    trainer = make(pixels, batch_size=500)
    seen = ((trainer.real_batch()[:, 0, 0, 0] + 1) * 127.5).round().int().unique().tolist()
    assert seen == list(range(50))


def test_same_seed_same_run_and_other_seed_other_run(images):
    one, two, other = make(images, seed=1), make(images, seed=1), make(images, seed=2)
    for trainer in (one, two, other):
        trainer.run(5, progress=False)
    assert_same_weights(one, two)
    assert not torch.equal(weights(one)["G.layers.0.weight"], weights(other)["G.layers.0.weight"])


def test_nobody_elses_random_numbers_change_and_none_of_them_matter(images):
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    one = make(images).run(3, progress=False)
    assert torch.equal(torch.rand(4), expected)
    torch.manual_seed(99)
    assert_same_weights(one, make(images).run(3, progress=False))


def test_looking_does_not_disturb_the_training(images):
    looked_at, left_alone = make(images), make(images)
    for _ in range(4):
        looked_at.run(2, progress=False)
        looked_at.sample(3)
        looked_at.sample(3, seed=1)
        _ = looked_at.history
    assert_same_weights(looked_at, left_alone.run(8, progress=False))


def test_resumed_equals_straight_bit_for_bit(images, tmp_path):
    straight = make(images, seed=5).run(12, progress=False)
    first = make(images, seed=5).run(7, progress=False)
    torch.save(first.state_dict(), tmp_path / "state.pt")
    second = make(images, seed=6)
    second.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=False))
    second.run(5, progress=False)
    assert_same_weights(straight, second)
    for name in METRICS:
        assert np.array_equal(straight.history[name], second.history[name])


def test_a_state_is_a_snapshot_that_further_training_does_not_touch(images):
    trainer = make(images).run(2, progress=False)
    state = trainer.state_dict()
    expected = make(images).run(2, progress=False)
    trainer.run(5, progress=False)
    trainer.load_state_dict(state)
    assert_same_weights(trainer, expected)


def test_a_state_of_another_recipe_is_refused(images):
    state = make(images).state_dict()
    with pytest.raises(
        ValueError, match=r"trained with Recipe\(.*batch_size=8.*but this trainer has.*batch_size=16"
    ):
        make(images, batch_size=16).load_state_dict(state)


def test_discriminator_step_moves_only_the_discriminator_and_generator_step_only_the_generator(images):
    trainer = make(images)
    before = {k: v.clone() for k, v in weights(trainer).items()}
    trainer.discriminator_step()
    after = weights(trainer)
    moved = {
        k for k in before if not torch.equal(before[k], after[k]) and "running" not in k and "num" not in k
    }
    assert moved
    assert all(k.startswith("D.") for k in moved)

    before = {k: v.clone() for k, v in after.items()}
    trainer.generator_step()
    after = weights(trainer)
    moved = {k for k in before if not torch.equal(before[k], after[k])}
    assert moved
    assert all(k.startswith("G.") for k in moved)
    # a common bug: gradients of the generator's loss that stay behind in D and join its next step
    assert all(p.requires_grad for p in trainer.discriminator.parameters())


def test_k_discriminator_steps_per_generator_step(images):
    counted = []
    trainer = make(images, discriminator_steps=3)
    original = trainer.discriminator_step
    trainer.discriminator_step = lambda: counted.append(1) or original()
    trainer.run(2, progress=False)
    assert len(counted) == 6


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("objective", ["minimax", "non-saturating"])
def test_the_trainer_is_the_lectures_algorithm_written_out(images, objective):
    """The fast version against L0's update rules, with plain losses and gradients, for several steps."""
    fast, plain = make(images, objective=objective), make(images, objective=objective)
    fast.run(6, progress=False)
    G, D = plain.generator, plain.discriminator
    opt_g, opt_d = plain.generator_optimizer, plain.discriminator_optimizer
    for _ in range(6):
        x, z = plain.real_batch(), plain.latent_batch()
        value = logsigmoid(D(x)).mean() + torch.log(1 - torch.sigmoid(D(G(z).detach()))).mean()
        opt_d.zero_grad()
        (-value).backward()
        opt_d.step()
        fooled = torch.sigmoid(D(G(plain.latent_batch())))
        loss = torch.log(1 - fooled).mean() if objective == "minimax" else -torch.log(fooled).mean()
        opt_g.zero_grad()
        loss.backward()
        opt_g.step()
    for name, value in weights(fast).items():
        assert torch.allclose(value.double(), weights(plain)[name].double(), atol=1e-9), name


def test_history_holds_what_was_measured_before_each_step(images):
    trainer, twin = make(images), make(images)
    trainer.run(3, progress=False)
    history = trainer.history
    assert list(history) == list(METRICS)
    assert all(v.shape == (3,) for v in history.values())
    with torch.no_grad():
        real, fake = (
            twin.discriminator(twin.real_batch()),
            twin.discriminator(twin.generator(twin.latent_batch())),
        )
    assert history["d_real"][0] == pytest.approx(real.sigmoid().mean().item(), abs=1e-6)
    assert history["d_fake"][0] == pytest.approx(fake.sigmoid().mean().item(), abs=1e-6)
    assert make(images).history["d_real"].shape == (0,)


def test_samples_repeat_with_a_seed_and_differ_without(images):
    trainer = make(images).run(2, progress=False)
    a, b = trainer.sample(4, seed=1), trainer.sample(4, seed=1)
    assert a.shape == (4, 1, 28, 28)
    assert a.abs().max() <= 1
    assert not a.requires_grad
    assert torch.equal(a, b)
    assert not torch.equal(trainer.sample(4), trainer.sample(4))


def test_steps_hand_back_control_after_each_step(images):
    trainer = make(images)
    stepping = trainer.steps(10)
    assert [next(stepping), next(stepping)] == [1, 2]
    stepping.close()  # what a Stop button does
    assert len(trainer.history["d_real"]) == 2
    assert list(trainer.steps(2)) == [3, 4]


def test_a_diverging_run_stops_and_says_where(images):
    trainer = make(images)
    trainer.run(CHECK_EVERY, progress=False)
    with torch.no_grad():
        trainer.generator.layers[0].weight.fill_(float("nan"))
    with pytest.raises(
        FloatingPointError, match=rf"became nan at step {CHECK_EVERY + 1}: the training diverged"
    ):
        trainer.run(3 * CHECK_EVERY, progress=False)
    assert len(trainer.history["d_real"]) == 2 * CHECK_EVERY


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


def test_it_learns(images):
    """After a few hundred steps, generated pictures are far nearer to real ones than at the start."""
    trainer = AdversarialTrainer(images, "mlp", device="cpu")
    real = torch.tensor(images.pixels).float().flatten(1) / 127.5 - 1

    def distance():
        return torch.cdist(trainer.sample(100, seed=0).flatten(1), real).min(1).values.mean().item()

    before = distance()
    trainer.run(400, progress=False)
    assert distance() < 0.7 * before
