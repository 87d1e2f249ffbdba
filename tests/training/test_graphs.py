"""The captured step. The capture itself needs a GPU; what decides about it does not."""

from types import SimpleNamespace

import pytest
import torch

from course_utils.gan import AdversarialTrainer
from course_utils.optimizers import OPTIMIZERS
from course_utils.training.graphs import StepGraph

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")


@pytest.mark.parametrize(
    ("device", "optimizer", "usable"),
    [
        ("cpu", "adam", False),
        ("mps", "adam", False),
        ("cuda", "adam", True),
        ("cuda", "rmsprop", True),
        ("cuda", "sgd", True),
        ("cuda", "optimistic-adam", False),  # counts its steps in Python
        ("cuda", "optimistic-sgd", False),
    ],
)
def test_where_a_step_can_be_recorded(device, optimizer, usable):
    random = SimpleNamespace(device=torch.device(device))
    graph = StepGraph(lambda: torch.arange(5.0), random, lambda: OPTIMIZERS[optimizer].recordable)
    assert graph.usable == usable
    graph.enabled = False
    assert not graph.usable


def test_elsewhere_the_step_is_simply_done():
    graph = StepGraph(lambda: torch.arange(5.0), torch.Generator(), lambda: True)
    assert torch.equal(graph(), torch.arange(5.0))
    assert not graph.recorded


@pytest.mark.parametrize("how", ["change", "load_state_dict"])
def test_what_was_recorded_is_forgotten_when_settings_or_states_are_replaced(how, small):
    trainer, forgotten = small(), []
    trainer.graph.forget = lambda: forgotten.append(how)
    trainer.run(2, progress=False)
    assert forgotten == []
    trainer.change(batch_size=4) if how == "change" else trainer.load_state_dict(trainer.state_dict())
    assert forgotten == [how]


@needs_cuda
@pytest.mark.parametrize("recipe", ["mlp", "dcgan", "wgan-clip", "wgan-gp", "wgan-lp"])
def test_a_replayed_step_is_the_step(recipe, small):
    """Recorded and launched one kernel at a time: the same draws, the same rates, nearly the same numbers."""
    settings = {"device": "cuda", "ema": 0.9, "decay_steps": 40}
    graph, eager = small(recipe, **settings), small(recipe, **settings)
    eager.graph.enabled = False
    assert graph.graph.usable
    for trainer in (graph, eager):
        trainer.run(20, progress=False)
    assert graph.graph.recorded
    for name, values in eager.history.items():
        assert graph.history[name] == pytest.approx(values, rel=1e-2, abs=1e-3), name
    assert torch.allclose(graph.sample(4, seed=0), eager.sample(4, seed=0), atol=2e-2)


@needs_cuda
def test_every_replay_draws_new_minibatches(small):
    trainer = small(device="cuda", generator_learning_rate=1e-12, discriminator_learning_rate=1e-12)
    trainer.run(30, progress=False)
    assert len(set(trainer.history["d_real"].tolist())) > 20


@needs_cuda
def test_a_change_is_recorded_anew_and_resuming_works(small):
    trainer = small("dcgan", device="cuda").run(10, progress=False)
    trainer.change(batch_size=4, discriminator_steps=2, generator_learning_rate=1e-4)
    trainer.run(10, progress=False)
    other = small("dcgan", device="cuda")
    other.load_state_dict(trainer.state_dict())
    for one in (trainer, other):
        one.run(10, progress=False)
    assert torch.allclose(trainer.sample(4, seed=0), other.sample(4, seed=0), atol=2e-2)


@needs_cuda
@pytest.mark.parametrize("graph", [True, False])
@pytest.mark.parametrize("recipe", ["mlp", "dcgan", "wgan-clip", "wgan-gp", "dcgan-optimistic"])
def test_a_step_never_waits_for_the_gpu(images, recipe, graph):
    trainer = AdversarialTrainer(images, recipe, device="cuda")
    trainer.graph.enabled = graph
    for _ in range(6):  # warm up and record
        trainer.step()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(5):
            trainer.step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert len(trainer.history["d_real"]) == 11
