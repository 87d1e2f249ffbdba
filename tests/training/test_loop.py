"""The loop alone, on a problem that is no GAN: a straight line through noisy points."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import pytest
import torch
from torch import nn

from course_utils.training import (
    CheckpointError,
    Settings,
    TrainingLoop,
    descend,
    load_checkpoint,
    save_checkpoint,
    still,
)
from course_utils.training.progress import CHECK_EVERY


@dataclass(frozen=True)
class LineRecipe(Settings):
    name: str = "line"
    width: int = 1
    line_learning_rate: float = 0.1
    optimizer: str = "sgd"
    betas: tuple[float, float] = (0.9, 0.999)
    decay_steps: int = 0
    ema: float = 0.0
    precision: str = "float32"
    quick_steps: int = 10
    full_steps: int = 100

    structure: ClassVar = ("width",)


@dataclass(frozen=True)
class OtherRecipe(LineRecipe):
    pass


class Line(TrainingLoop):
    parts, quantities, optional, averaged = ("line",), ("loss", "size", "rare"), ("rare",), "line"

    def make_networks(self):
        return (nn.Linear(self.recipe.width, 1),)

    def update(self):
        x = torch.rand(16, self.recipe.width, generator=self.random)
        loss = (self.line(x) - 2 * x.sum(1, keepdim=True)).square().mean()
        descend(self.line_optimizer, loss)
        return torch.stack([loss.detach(), self.line.weight.detach().abs().sum(), torch.tensor(torch.nan)])


def line(seed=0, recipe=LineRecipe, **settings):
    return Line(recipe(**settings), device="cpu", seed=seed)


def state(loop):
    return torch.cat([p.detach().flatten().clone() for p in loop.line.parameters()])


def test_it_is_gradient_descent_written_out():
    loop = line(decay_steps=20).run(8, progress=False)
    torch.manual_seed(0)
    layer, random = nn.Linear(1, 1), torch.Generator().manual_seed(0)
    w, b = layer.weight.item(), layer.bias.item()
    losses = []
    for step in range(8):
        x = torch.rand(16, 1, generator=random).numpy().astype(float)
        error = w * x + b - 2 * x
        losses.append((error**2).mean())
        rate = 0.1 * (1 - step / 20)
        w, b = w - rate * 2 * (error * x).mean(), b - rate * 2 * error.mean()
    assert loop.history["loss"] == pytest.approx(losses, rel=1e-4)
    assert state(loop).tolist() == pytest.approx([w, b], rel=1e-4)


def test_seeds_decide_everything_and_disturb_nobody():
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    one, same, other = (line(seed).run(5, progress=False) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(state(one), state(same))
    assert not torch.equal(state(one), state(other))


def test_quantities_are_asked_for_by_name():
    loop = line().run(3, progress=False)
    assert list(loop.history) == ["loss", "size"]  # the optional one never was a number
    assert torch.equal(loop.log.columns("size", "loss")[:, 1], torch.as_tensor(loop.history["loss"]))
    loop.step()
    assert loop.log.last("loss") == loop.history["loss"][-1]
    assert loop.done == len(loop.log) == 4
    with pytest.raises(ValueError, match="'accuracy' is not logged; logged are: loss, size, rare"):
        loop.log.last("accuracy")


def test_before_the_first_step_the_last_number_is_none():
    assert line().log.last("loss").isnan()


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop", "optimistic-adam", "optimistic-sgd"])
def test_stopped_and_resumed_is_as_if_it_had_never_stopped(optimizer, resumed):
    whole, again = resumed(partial(line, optimizer=optimizer, ema=0.9), 7, 4)
    assert torch.equal(state(again), state(whole))
    assert torch.equal(again.average.module.weight, whole.average.module.weight)


def test_a_checkpoint_of_another_kind_of_training_is_refused(tmp_path):
    save_checkpoint(line(), tmp_path / "line.safetensors")
    with pytest.raises(CheckpointError, match=r"another kind of training \(LineRecipe, not OtherRecipe\)"):
        load_checkpoint(line(recipe=OtherRecipe), tmp_path / "line.safetensors")


def test_the_average_follows_the_weights_and_is_there_only_where_it_is_asked_for():
    loop = line(ema=0.5)
    average = loop.average.module.weight.clone()
    for step in range(1, 4):
        loop.step()
        decay = min(0.5, (1 + step) / (10 + step))
        average = decay * average + (1 - decay) * loop.line.weight
    assert torch.allclose(loop.average.module.weight, average, rtol=1e-6)
    assert line().average is None


def test_a_divergence_is_named_and_undone():
    loop = line().run(CHECK_EVERY, progress=False)
    good = state(loop)
    loop.change(line_learning_rate=1e30)
    with pytest.raises(FloatingPointError, match=r"trainer\.change\(line_learning_rate=\.\.\.\)"):
        loop.run(CHECK_EVERY, progress=False)
    assert loop.done == CHECK_EVERY
    assert torch.equal(state(loop), good)
    assert loop.recipe.line_learning_rate == 0.1  # the settings of that moment, too


class WithPool(Line):
    """A loop that keeps something of its own, in tensors and lists."""

    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        self.pool, self.count = [torch.zeros(2), torch.zeros(3)], 0

    def update(self):
        self.count += 1
        self.pool[0].add_(1.0)
        return super().update()

    def own_state(self):
        return {"pool": self.pool, "count": self.count}

    def load_own_state(self, state):
        self.pool, self.count = [part.clone() for part in state["pool"]], state["count"]


def test_what_a_loop_keeps_of_its_own_is_copied_saved_and_rolled_back(tmp_path):
    loop = WithPool(LineRecipe(), device="cpu").run(3, progress=False)
    save_checkpoint(loop, tmp_path / "pool.safetensors")
    other = WithPool(LineRecipe(), device="cpu")
    load_checkpoint(other, tmp_path / "pool.safetensors")
    assert other.count == 3
    assert torch.equal(other.pool[0], torch.full((2,), 3.0))
    loop.change(line_learning_rate=1e30)
    with pytest.raises(FloatingPointError):
        loop.run(200, progress=False)
    assert loop.count == 3
    assert torch.equal(loop.pool[0], torch.full((2,), 3.0))


class Wider(Line):
    quantities = (*Line.quantities, "accuracy")

    def update(self):
        return torch.cat([super().update(), torch.zeros(1)])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda state: {**state, "recipe": OtherRecipe()} | {"recipe": "sgd"},
            "another kind of training: it has a str",
        ),
        (lambda state: {k: v for k, v in state.items() if k != "line_optimizer"}, "lacks line_optimizer"),
        (lambda state: state | {"log": torch.zeros(4, 9)}, "9 quantities a step, and there should be 3"),
        (lambda state: state | {"line": {"weight": torch.zeros(3, 3)}}, "its line has other weights"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_before_anything_changes(spoil, message):
    loop = line().run(2, progress=False)
    state, before = (
        spoil(line(seed=1, optimizer="adam").run(4, progress=False).state_dict()),
        loop.state_dict(),
    )
    with pytest.raises(ValueError, match=message):
        loop.load_state_dict(state)
    assert loop.recipe == before["recipe"]
    assert torch.equal(loop.line.weight, before["line"]["weight"])
    assert loop.done == 2


def test_a_checkpoint_with_other_quantities_is_refused(tmp_path):
    save_checkpoint(line().run(2, progress=False), tmp_path / "line.safetensors")
    with pytest.raises(
        ValueError, match="3 quantities a step, and there should be 4: loss, size, rare, accuracy"
    ):
        load_checkpoint(Wider(LineRecipe(), device="cpu"), tmp_path / "line.safetensors")


def test_a_step_that_measures_something_else_says_so_at_once():
    class Wrong(Line):
        def update(self):
            return super().update()[:2]

    with pytest.raises(ValueError, match="a step measures loss, size, rare: one number each"):
        Wrong(LineRecipe(), device="cpu").step()


def test_a_recipe_for_other_networks_is_refused_and_nothing_changes():
    loop = line().run(2, progress=False)
    with pytest.raises(ValueError, match="you ask for width 2, but the networks of this trainer have 1"):
        loop.change(width=2)
    with pytest.raises(ValueError, match="this state has width 2"):
        loop.load_state_dict(line(width=2).state_dict())
    assert loop.recipe == LineRecipe()
    assert loop.done == 2


def test_another_optimizer_starts_without_memory_and_other_changes_keep_it():
    loop = line(optimizer="adam").run(3, progress=False)
    loop.change(betas=(0.5, 0.9))
    assert loop.line_optimizer.param_groups[0]["betas"] == (0.5, 0.9)
    assert loop.optimizers()["line_optimizer"].state
    loop.change(optimizer="rmsprop")
    assert isinstance(loop.line_optimizer, torch.optim.RMSprop)
    assert not loop.line_optimizer.state


def test_a_run_can_be_left_after_any_step():
    loop = line()
    for done in loop.steps(100):
        if done == 6:
            break
    assert loop.done == 6
    assert torch.equal(state(loop), state(line().run(6, progress=False)))


@pytest.mark.parametrize("off", [torch.no_grad, torch.inference_mode])
def test_a_step_has_gradients_where_a_notebook_switched_them_off(off):
    plain, within = line().run(4, progress=False), line()
    with off():
        within.run(2, progress=False)
    within.run(2, progress=False)
    assert torch.equal(plain.line.weight, within.line.weight)


def test_a_network_that_was_put_in_needs_an_optimizer_of_its_own():
    loop = line()
    loop.line = nn.Linear(1, 1)
    with pytest.raises(RuntimeError, match=r"depends on none of the weights.*make_optimizers\(\)"):
        loop.step()
    loop.make_optimizers()
    before = loop.line.weight.clone()
    loop.step()
    assert not torch.equal(before, loop.line.weight)


def test_frozen_weights_are_named():
    loop = line()
    loop.line.requires_grad_(False)
    with pytest.raises(RuntimeError, match="no gradient: are all weights frozen"):
        loop.step()


def test_layers_that_a_notebook_has_frozen_stay_so():
    network = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
    network[0].requires_grad_(False)
    for _ in range(2):
        with still(network):
            assert not any(p.requires_grad for p in network.parameters())
        assert [p.requires_grad for p in network.parameters()] == [False, False, True, True]


def test_another_default_type_in_the_middle_of_a_training_is_named():
    loop = line().run(1, progress=False)
    try:
        torch.set_default_dtype(torch.float64)
        with pytest.raises(
            RuntimeError, match="made in torch.float32, and torch's default is torch.float64 now"
        ):
            loop.step()
    finally:
        torch.set_default_dtype(torch.float32)
    loop.step()
    assert loop.done == 2
