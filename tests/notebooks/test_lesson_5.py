"""The algorithm that lesson 5a shows is the one that the package runs; the small functions of 5a and 5b are right."""

import re

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import logsigmoid

from course_utils.datasets import load_digits_stand_in
from course_utils.gan import RECIPES, AdversarialTrainer, metrics
from course_utils.runtime import load_results

LESSONS = ("05_gan_mnist", "05b_judging_gans")
NAMES = {"logsigmoid": logsigmoid, "torch": torch, "np": np, "metrics": metrics}


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("objective", ["minimax", "non-saturating"])
@pytest.mark.parametrize("k", [1, 3])
def test_cell_and_trainer_give_the_same_weights(cells, defined, objective, k):
    (cell,) = [cell for cell in cells if "algorithm" in cell.metadata.get("tags", [])]
    assert len(cell.source.splitlines()) <= 16  # it fits on a projector
    train_step, images = defined("train_step"), load_digits_stand_in()
    settings = {
        "objective": objective,
        "discriminator_steps": k,
        "batch_size": 16,
        "device": "cpu",
        "seed": 4,
    }
    by_hand, packaged = (AdversarialTrainer(images, "mlp", **settings) for _ in range(2))
    packaged.run(8, progress=False)
    for _ in range(8):
        train_step(
            by_hand.generator, by_hand.discriminator, by_hand.generator_optimizer, by_hand.discriminator_optimizer,
            by_hand.real_batch, by_hand.latent_batch, k=k, saturating=objective == "minimax",
        )  # fmt: skip
    for player in ("generator", "discriminator"):
        ours, theirs = getattr(packaged, player).state_dict(), getattr(by_hand, player).state_dict()
        for name in ours:
            assert torch.allclose(ours[name].double(), theirs[name].double(), atol=1e-9), f"{player}.{name}"


@pytest.mark.parametrize("recipe", ["mlp", "dcgan"])
def test_the_drawn_shapes_are_those_that_flow_through_the_networks(defined, recipe):
    layer_shapes = defined("layer_shapes")
    recipe = RECIPES[recipe]
    samples = {"G": torch.randn(3, recipe.latent_dim), "D": torch.randn(3, 1, 28, 28)}
    for network, x in zip(recipe.make_networks(), samples.values(), strict=True):
        seen = []
        hooks = [
            layer.register_forward_hook(
                lambda layer, _, out, seen=seen: seen.append((type(layer).__name__, out.shape[1:]))
            )
            for layer in network.layers
        ]
        network.eval()(x)
        for hook in hooks:
            hook.remove()
        assert layer_shapes(network, x) == [("input", x.shape[1:]), *seen]


@pytest.mark.usefixtures("double_precision")
def test_walks_between_latents(defined):
    straight, spherical = defined("straight"), defined("spherical")
    random = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 20, 64, generator=random)
    for walk in (straight, spherical):
        assert torch.allclose(walk(a, b, 0.0), a)
        assert torch.allclose(walk(a, b, 1.0), b)
    # between vectors of one length: it stays on the sphere, and the angle grows evenly
    b = b / b.norm(dim=1, keepdim=True) * a.norm(dim=1, keepdim=True)
    whole = torch.arccos(torch.cosine_similarity(a, b, dim=1))
    for t in (0.1, 0.5, 0.8):
        on_the_way = spherical(a, b, t)
        assert torch.allclose(on_the_way.norm(dim=1), a.norm(dim=1))
        assert torch.allclose(torch.arccos(torch.cosine_similarity(a, on_the_way, dim=1)), t * whole)
    assert (straight(a, b, 0.5).norm(dim=1) < 0.9 * a.norm(dim=1)).all()


@pytest.mark.usefixtures("double_precision")
def test_the_gradient_is_that_of_autograd_flattened(defined):
    layer = nn.Linear(3, 2)
    value = layer(torch.ones(1, 3)).square().sum()
    y = layer(torch.ones(3)).detach()
    expected = torch.cat([(2 * y)[:, None].expand(2, 3).flatten(), 2 * y])
    assert torch.allclose(defined("gradient")(value, list(layer.parameters())), expected)


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("clear", [True, False])
def test_detach_matters_only_where_gradients_are_not_cleared_between(defined, clear):
    """The lesson's cell, on other pictures and with another number of rows in a minibatch."""
    trainers = []

    def make(*_, **__):
        trainers.append(
            AdversarialTrainer(load_digits_stand_in(), "mlp", device="cpu", seed=3, batch_size=16)
        )
        return trainers[-1]

    names = {"pixels": None, "recipe": None, "weights": defined("weights")}
    ten_steps = defined("ten_steps", AdversarialTrainer=make, **names)
    with_it, without = ten_steps(True, clear), ten_steps(False, clear)
    assert torch.equal(with_it, without) == clear
    reference = AdversarialTrainer(load_digits_stand_in(), "mlp", device="cpu", seed=3, batch_size=16)
    reference.run(10, progress=False)
    assert torch.allclose(with_it, defined("weights")(reference), atol=1e-9)
    assert len(trainers) == 2


def test_the_formula_is_w2_squared_of_gaussians_on_the_line(defined):
    """(m1 - m2)^2 + (s1 - s2)^2."""
    x, y = np.random.default_rng(0).normal(size=(2, 50)) * [[1.0], [3.0]] + [[0.0], [2.0]]
    expected = (x.mean() - y.mean()) ** 2 + (x.std() - y.std()) ** 2
    on_a_line = (np.column_stack([each, np.zeros(50)]) for each in (x, y))
    assert defined("formula")(*on_a_line) == pytest.approx(expected)


def test_the_table_of_collapse_is_the_stored_measurement(cells):
    """Mean, lowest and highest of the runs, and the verdict from them, computed here once more."""
    (cell,) = [cell for cell in cells if 'load_results("mode_collapse")' in cell.source]
    runs, said = load_results("mode_collapse")["runs"], cell.outputs[0].text.splitlines()
    assert said[0].endswith("over seeds " + ", ".join(map(str, sorted({run["seed"] for run in runs}))))
    by_case = {
        case: {run["seed"]: run for run in runs if run["case"] == case} for case in {r["case"] for r in runs}
    }
    control = by_case["1:1"]
    assert len(control) >= 3
    for case, own in by_case.items():
        assert own.keys() <= control.keys()
        (start,) = [i for i, line in enumerate(said) if line.startswith(f"{case}: ")]
        line, _, verdict = said[start : start + 3]
        numbers = [float(each) for each in re.findall(r"-?\d+\.?\d*", line[len(case) :])]
        expected = [
            np.mean(entropies := [run["entropy"] for run in own.values()]),
            min(entropies),
            max(entropies),
        ]
        assert numbers[:3] == pytest.approx(expected, abs=0.0051)
        expected = [np.mean(far := [run["frechet"] for run in own.values()]), min(far), max(far)]
        assert numbers[3:6] == pytest.approx(expected, abs=0.51)
        better = [
            (run["entropy"] >= control[seed]["entropy"], run["frechet"] <= control[seed]["frechet"])
            for seed, run in own.items()
        ]
        if case == "1:1":
            assert verdict.strip() == "the control"
        elif np.all(better):
            assert verdict.endswith(": holds")
        else:
            assert verdict.endswith(": undecided" if np.any(better) else ": fails")


def test_the_table_of_losses_is_the_stored_measurement(cells):
    (cell,) = [cell for cell in cells if 'load_results("saturating_loss")' in cell.source]
    runs, said = load_results("saturating_loss")["runs"], cell.outputs[0].text.splitlines()
    for steps, opponent in {(run["steps"], run["opponent"]) for run in runs}:
        start = f"{f'{steps:,}, {opponent}':26} "
        (line,) = [line for line in said if line.startswith(start)]
        numbers = [float(each) for each in re.findall(r"\d+", line[len(start) :])]
        own = [run for run in runs if (run["steps"], run["opponent"]) == (steps, opponent)]
        for objective, place in (("minimax", 0), ("non-saturating", 3)):
            distances = [run["frechet"] for run in own if run["objective"] == objective]
            expected = [np.mean(distances), min(distances), max(distances)]
            assert numbers[place : place + 3] == pytest.approx(expected, abs=0.51)
