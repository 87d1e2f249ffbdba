"""The algorithm that lesson 5 shows is the algorithm that the package runs, and its own small functions are right."""

import json
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import logsigmoid

from course_utils.datasets import load_digits_stand_in
from course_utils.gan import RECIPES, AdversarialTrainer
from course_utils.gan.minibatch import MinibatchStandardDeviation

ROOT = Path(__file__).resolve().parents[2]
LESSON = ROOT / "notebooks" / "05_gan_mnist.ipynb"


@pytest.fixture(scope="module")
def cells():
    return [cell for cell in nbformat.read(LESSON, as_version=4).cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def defined(cells):
    """defined(name): a function that a cell of the lesson defines, made as a student makes it."""

    def make(name):
        (source,) = [cell.source for cell in cells if f"def {name}(" in cell.source]
        lines = source.splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith(f"def {name}("))
        body = [lines[start]]
        for line in lines[start + 1 :]:
            if line and not line.startswith(" "):
                break
            body.append(line)
        namespace = {"logsigmoid": logsigmoid, "torch": torch}
        exec("\n".join(body), namespace)
        return namespace[name]

    return make


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


def test_the_spread_is_what_minibatch_statistics_sees(defined):
    """In units of a full pixel, [0, 1]; the layer's own is in those of the interval [-1, 1]."""
    pictures = torch.rand(64, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1
    spread = defined("spread")(pictures)
    assert spread == pytest.approx(np.std(pictures.numpy() / 2, axis=0, ddof=1).mean(), rel=1e-5)
    layer = MinibatchStandardDeviation()(pictures)[0, -1, 0, 0].item()
    assert spread == pytest.approx(layer / 2 * np.sqrt(64 / 63), rel=1e-4)
    assert defined("spread")(pictures[:1].expand(64, -1, -1, -1)) == pytest.approx(0, abs=1e-6)


def test_the_table_of_collapse_is_the_stored_measurement(cells):
    (cell,) = [cell for cell in cells if 'load_results("mode_collapse")' in cell.source]
    result = json.loads((ROOT / "data" / "measured" / "mode_collapse.json").read_text())
    said = cell.outputs[0].text
    for row in result["rows"]:
        (line,) = [
            line
            for line in said.splitlines()
            if line.split()[:2] == [str(row["generator_steps"]), row["minibatch_statistics"]]
        ]
        entropy = np.mean([run["entropy"] for run in row["runs"]])
        assert float(line.split()[3]) == pytest.approx(entropy, abs=0.0051)
