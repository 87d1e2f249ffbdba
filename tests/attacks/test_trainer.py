"""Adversarial training: the listing by hand, its slips one by one, warm starts; files; and what ships."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from course_utils.attacks import (
    NETWORKS,
    RECIPES,
    DigitNetwork,
    DigitTrainer,
    load_digit_network,
    save_digit_network,
)
from course_utils.datasets import Images

SMALL = {
    "architecture": "linear",
    "begins_with": "",
    "batch_size": 16,
    "device": "cpu",
    "decay_steps": 0,
    "ramp": 0,
}


def weights(trainer):
    return torch.cat([p.detach().flatten() for p in trainer.model.parameters()])


def by_hand(trainer, steps, J, size, delta, project, clamp):
    """L0's listing with plain autograd, sum by sum; and how far z has gone."""
    farthest = 0.0
    for _ in range(steps):
        x, y = trainer.batch()
        z = x
        for _ in range(J):
            z = z.detach().requires_grad_()
            (-torch.log_softmax(trainer.model(z), 1)[torch.arange(len(y)), y]).mean().backward()
            with torch.no_grad():
                z = z + size * z.grad.sign()
                if project:
                    z = torch.maximum(torch.minimum(z, x + delta), x - delta)
                if clamp:
                    z = z.clip(0, 1)
        farthest = max(farthest, (z - x).abs().max().item())
        trainer.model_optimizer.zero_grad()
        functional.cross_entropy(trainer.model(z.detach()), y).backward()
        trainer.model_optimizer.step()
    return farthest


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("project", [True, False])
@pytest.mark.parametrize("clamp", [True, False])
@pytest.mark.parametrize("architecture", ["mlp", "cnn"])
def test_a_step_is_the_listing_by_hand(images, architecture, project, clamp):
    how = SMALL | {"architecture": architecture, "project": project, "clamp": clamp, "random_start": False}
    how |= {"attack_steps": 3, "step_size": 0.15, "epsilon": 0.3}
    ours, theirs, clean = (DigitTrainer(images, "robust", seed=2, **how) for _ in range(3))
    ours.run(3, progress=False)
    farthest = by_hand(theirs, 3, 3, 0.15, 0.3, project, clamp)
    assert torch.allclose(weights(ours), weights(theirs), atol=1e-9)
    assert farthest == pytest.approx(0.3 if project else 0.45)  # the reach of the listing is J epsilon_2
    clean.change(attack_steps=0)
    clean.run(3, progress=False)
    assert not torch.allclose(weights(ours), weights(clean), atol=1e-4)  # else the comparison could not fail


def test_without_an_adversary_a_step_is_plain_training(images):
    ours, theirs = (DigitTrainer(images, "linear", **SMALL) for _ in range(2))
    loss, right = ours.step()
    x, y = theirs.batch()
    scores = theirs.model(x)
    assert loss == functional.cross_entropy(scores, y)
    assert right == (scores.argmax(1) == y).float().mean()
    assert sorted(ours.history) == ["accuracy", "loss"]


def test_sizes_rise_over_the_ramp(images):
    trainer = DigitTrainer(images, "robust", **SMALL | {"ramp": 10, "random_start": False, "clamp": False})
    x, y = trainer.batch()
    reach = []
    for _ in range(13):
        reach.append((trainer.attacked(x, y) - x).abs().max().item())
        trainer.step()
    assert reach == pytest.approx([0.03 * min(step, 10) for step in range(1, 14)], abs=1e-6)


def test_random_starts_come_from_the_trainers_own_stream(images):
    one, same, other = (DigitTrainer(images, "robust", seed=seed, **SMALL) for seed in (0, 0, 1))
    before = torch.random.get_rng_state()
    for trainer in (one, same, other):
        trainer.run(2, progress=False)
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.equal(weights(one), weights(same))
    assert not torch.equal(weights(one), weights(other))


def test_it_learns(images):
    trainer = DigitTrainer(images, "linear", **SMALL | {"batch_size": 128}).run(150, progress=False)
    assert trainer.history["accuracy"][-20:].mean() > 0.85


def test_a_start_is_taken_over_and_left_as_it_is(images):
    start = DigitNetwork("linear")
    before = start[1].weight.clone()
    trainer = DigitTrainer(images, "robust", **SMALL, start=start)
    assert torch.equal(trainer.model[1].weight, before)
    trainer.run(1, progress=False)
    assert torch.equal(start[1].weight, before)


def test_a_divergence_is_said_by_the_loop(images):
    trainer = DigitTrainer(images, "robust", **SMALL)
    trainer.check()
    with torch.no_grad():
        trainer.model[1].weight[0, 0] = torch.nan
    with pytest.raises(FloatingPointError, match="diverged"):
        trainer.run(1, progress=False)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"recipe": "robust"}, 'start=load_digit_network\\("cnn"\\)'),
        (
            {"recipe": "robust", "start": DigitNetwork("mlp")},
            "architecture 'mlp', and the recipe is for 'cnn'",
        ),
        ({"recipe": "strong"}, "recipe is 'strong'; it must be one of linear"),
        ({"attack_steps": -1}, "attack_steps is -1"),
        ({"colour": 1}, "a recipe has no setting 'colour'"),
        ({"images": "mnist"}, "images is 'mnist'; it must be Images"),
    ],
)
def test_what_does_not_fit_is_said(images, how, said):
    with pytest.raises(ValueError, match=said):
        DigitTrainer(**{"images": images, "device": "cpu"} | how)


def test_no_pictures_are_refused():
    none = Images(np.zeros((0, 28, 28), np.uint8), np.zeros(0, int), "none")
    with pytest.raises(ValueError, match="images are none"):
        DigitTrainer(none, device="cpu")


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("architecture", [*NETWORKS])
def test_the_loaded_network_says_what_the_saved_one_said(architecture, digits, tmp_path):
    torch.manual_seed(0)
    model, (x, _) = DigitNetwork(architecture), digits
    loaded = load_digit_network(save_digit_network(model, tmp_path / "mine.safetensors"), "cpu")
    assert loaded.architecture == architecture
    assert torch.allclose(loaded(x), model(x), atol=5e-3)  # float16 keeps 11 bits of each weight
    assert not loaded.training
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}
    assert not any(p.requires_grad for p in loaded.parameters())


def test_a_network_says_which_pictures_it_takes():
    with pytest.raises(ValueError, match=r"takes pictures \(n, 1, 28, 28\)"):
        DigitNetwork("cnn")(torch.rand(3, 28, 28))
    with pytest.raises(ValueError, match=r"x is torch.float64, .* take x.to\(torch.float32\)"):
        DigitNetwork("cnn")(torch.rand(3, 1, 28, 28, dtype=torch.float64))


@pytest.mark.parametrize("name", [*RECIPES])
def test_what_ships_names_even_the_stand_ins_digits(name, images):
    x = torch.from_numpy(images.pixels[:300])[:, None] / 255
    right = (load_digit_network(name, "cpu")(x).argmax(1).numpy() == images.labels[:300]).mean()
    assert right > 0.6  # trained on other digits; chance is 0.1
