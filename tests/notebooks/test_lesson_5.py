"""The algorithm that lesson 5 shows is the algorithm that the package runs."""

from pathlib import Path

import nbformat
import pytest
import torch

from course_utils.datasets import load_digits_stand_in
from course_utils.gan import AdversarialTrainer

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "05_gan_mnist.ipynb"


@pytest.fixture(scope="module")
def train_step():
    """The function of the one cell tagged "algorithm", run as a student runs it."""
    cells = nbformat.read(LESSON, as_version=4).cells
    (cell,) = [cell for cell in cells if "algorithm" in cell.metadata.get("tags", [])]
    assert len(cell.source.splitlines()) <= 16
    namespace = {"logsigmoid": torch.nn.functional.logsigmoid}
    exec(cell.source, namespace)
    return namespace["train_step"]


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("objective", ["minimax", "non-saturating"])
@pytest.mark.parametrize("k", [1, 3])
def test_cell_and_trainer_give_the_same_weights(train_step, objective, k):
    images = load_digits_stand_in()
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
