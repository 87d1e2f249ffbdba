"""Trainings that go wrong or are interrupted leave a trainer that can go on."""

import pytest
import torch

from course_utils.training.guard import Guard
from course_utils.training.log import StepLog
from course_utils.training.progress import CHECK_EVERY


@pytest.mark.parametrize("player", ["generator", "discriminator"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_poisoned_weights_are_named_and_undone(player, bad, small, assert_same):
    trainer, good = (small("dcgan").run(4, progress=False) for _ in range(2))
    with torch.no_grad():
        getattr(trainer, player).layers[0].weight[0] = bad
    with pytest.raises(
        FloatingPointError, match=f"a weight of the {player} is not a finite number after step 4.*at step 4,"
    ):
        trainer.run(3, progress=False)
    assert_same(trainer, good)
    assert_same(trainer.run(3, progress=False), good.run(3, progress=False))


@pytest.mark.parametrize(
    ("method", "name"), [("discriminator_step", "discriminator_loss"), ("generator_step", "generator_loss")]
)
@pytest.mark.parametrize("fatal", [1, 3, CHECK_EVERY + 2])
def test_a_loss_that_is_no_number_stops_with_its_step_and_name(method, name, fatal, small, assert_same):
    """Also at the very first step; the trainer is then where it was at the last look."""
    trainer, good = small(), small()
    original, calls = getattr(trainer, method), []

    def sabotaged():
        calls.append(1)
        result = original()
        if len(calls) != fatal:
            return result
        nan = torch.tensor(torch.nan)
        return result._replace(discriminator_loss=nan) if isinstance(result, tuple) else nan

    setattr(trainer, method, sabotaged)
    with pytest.raises(
        FloatingPointError, match=f"^{name} became nan at step {fatal}: the training diverged"
    ):
        trainer.run(fatal + 2, progress=False)
    kept = (fatal - 1) // CHECK_EVERY * CHECK_EVERY
    assert len(trainer.log) == kept
    assert_same(trainer, good.run(kept, progress=False))
    assert_same(trainer.run(3, progress=False), good.run(3, progress=False))


def test_a_learning_rate_out_of_all_bounds_stops_the_run_before_its_end(small):
    trainer = small(optimizer="sgd", discriminator_learning_rate=1e30)
    done = []
    with pytest.raises(FloatingPointError, match="at step 0, where all was well") as stopped:
        done.extend(trainer.steps(10 * CHECK_EVERY))
    assert "trainer.change(generator_learning_rate=" in str(stopped.value)
    assert len(done) < CHECK_EVERY
    trainer.change(discriminator_learning_rate=1e-3)
    assert len(trainer.run(5, progress=False).log) == 5


def test_the_settings_go_back_too(small):
    trainer = small(optimizer="sgd").run(3, progress=False)
    trainer.change(generator_learning_rate=1e30, discriminator_learning_rate=1e30)
    with pytest.raises(
        FloatingPointError, match="at step 3, where all was well, with the settings it had there"
    ):
        trainer.run(5, progress=False)
    assert trainer.recipe.generator_learning_rate == 1e-3


def test_a_loaded_state_is_what_a_rescue_goes_back_to(small, assert_same):
    """Not a state from before it was loaded, even if that has the same number of steps."""
    here, there = small(seed=1).run(4, progress=False), small(seed=2).run(4, progress=False)
    here.load_state_dict(there.state_dict())
    here.check()
    with torch.no_grad():
        here.generator.layers[0].weight.fill_(torch.nan)
    with pytest.raises(FloatingPointError):
        here.check()
    assert_same(here, there)


def test_with_nothing_to_go_back_to_it_says_so(small):
    trainer = small()
    with torch.no_grad():
        trainer.generator.layers[0].weight.fill_(torch.nan)
    with pytest.raises(
        FloatingPointError, match="after step 0, and there is no earlier state.*make a new trainer"
    ):
        trainer.run(3, progress=False)


def test_a_look_at_unchanged_numbers_copies_nothing():
    log, copies = StepLog(["loss"], torch.device("cpu")), []

    def take():
        copies.append(len(log))
        return {}

    guard = Guard(log, dict, take, log.append, watched=["loss"], advice="")
    for step in range(3):
        for _ in range(2):
            guard.look()
        assert copies == [*range(step + 1)]
        log.append(torch.ones(1))


def interrupt(network, at):
    """Ctrl-C in the middle of that forward pass, counted from 1."""
    calls = []

    def hook(module, inputs):
        calls.append(1)
        if len(calls) == at:
            raise KeyboardInterrupt

    return network.register_forward_pre_hook(hook)


@pytest.mark.parametrize("recipe", ["mlp", "dcgan", "wgan-clip", "wgan-gp"])
@pytest.mark.parametrize("player", ["generator", "discriminator"])
@pytest.mark.parametrize("at", [1, 2, 4, 5])
def test_ctrl_c_in_the_middle_of_a_step_leaves_a_usable_trainer(recipe, player, at, small):
    trainer = small(recipe)
    hook = interrupt(getattr(trainer, player), at)
    with pytest.raises(KeyboardInterrupt):
        trainer.run(20, progress=False)
    hook.remove()
    done = len(trainer.log)
    assert done < 5
    assert trainer.sample(2).isfinite().all()
    assert all(parameter.requires_grad for parameter in trainer.discriminator.parameters())
    # it goes on as any trainer in this state would: nothing half done stays behind
    twin = small(recipe, seed=9)
    twin.load_state_dict(trainer.state_dict())
    for one in (trainer, twin):
        one.run(3, progress=False)
    assert len(trainer.log) == done + 3
    for player in ("generator", "discriminator"):
        pairs = zip(getattr(trainer, player).parameters(), getattr(twin, player).parameters(), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)


def test_ctrl_c_in_the_backward_pass(small):
    trainer = small()

    def stop(gradient):
        raise KeyboardInterrupt

    handle = trainer.generator.layers[0].weight.register_hook(stop)
    with pytest.raises(KeyboardInterrupt):
        trainer.run(3, progress=False)
    handle.remove()
    assert all(parameter.requires_grad for parameter in trainer.discriminator.parameters())
    assert len(trainer.run(3, progress=False).log) == 3
