"""N + M steps resumed are N + M steps straight, from memory and from a file; and files that are no good."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from course_utils.gan import RECIPES
from course_utils.gan.checkpoints import CheckpointError, load_checkpoint, resume, save_checkpoint
from course_utils.gan.trainer import PointTrainer
from course_utils.training.state import tensors_of

LIVELY = {"ema": 0.9, "decay_steps": 20}  # what depends on the number of steps done


def assert_same_history(one, other):
    one, other = one.history, other.history
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("name", RECIPES)
def test_resumed_equals_straight_bit_for_bit(name, images, small, assert_same, tmp_path):
    straight = small(name, seed=5, **LIVELY).run(7, progress=False)
    first = small(name, seed=5, **LIVELY).run(4, progress=False)
    save_checkpoint(first, tmp_path / "run.safetensors")
    state = first.state_dict()
    first.run(3, progress=False)  # saving disturbed nothing

    in_memory = small(name, seed=6)
    in_memory.load_state_dict(state)
    into_old = small(name, seed=7).run(2, progress=False)
    load_checkpoint(into_old, tmp_path / "run.safetensors")
    fresh = resume(images, tmp_path / "run.safetensors", device="cpu")
    assert (fresh.seed, fresh.recipe, len(fresh.log)) == (5, straight.recipe, 4)
    for trainer in (in_memory, into_old, fresh):
        trainer.run(3, progress=False)
    for trainer in (first, in_memory, into_old, fresh):
        assert_same(straight, trainer)
        assert_same_history(straight, trainer)
        assert torch.equal(straight.sample(3, seed=1), trainer.sample(3, seed=1))


@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "sgd"},
        {"optimizer": "rmsprop"},
        {"optimizer": "optimistic-sgd"},
        {"minibatch_statistics": "discrimination", "instance_noise": 0.2, "generator_steps": 2},
        {"precision": "bfloat16"},
    ],
)
def test_other_settings_resume_too(settings, images, small, assert_same, tmp_path):
    straight, first = (small(seed=3, **settings) for _ in range(2))
    straight.run(7, progress=False)
    save_checkpoint(first.run(3, progress=False), tmp_path / "run.safetensors")
    assert_same(straight, resume(images, tmp_path / "run.safetensors", "cpu").run(4, progress=False))


def test_settings_changed_on_the_way_are_kept(images, small, assert_same, tmp_path):
    trainer = small().run(2, progress=False)
    trainer.change(generator_learning_rate=5e-3, betas=(0.0, 0.9), objective="minimax", ema=0.5)
    save_checkpoint(trainer.run(2, progress=False), tmp_path / "run.safetensors")
    resumed = resume(images, tmp_path / "run.safetensors", "cpu")
    assert resumed.recipe == trainer.recipe
    assert_same(trainer.run(3, progress=False), resumed.run(3, progress=False))


def test_points_of_the_plane_resume_with_their_own_random_stream(tmp_path):
    cloud = np.random.default_rng(0).normal(size=(50, 2))
    straight, first, second = (PointTrainer(cloud, device="cpu", seed=s, **LIVELY) for s in (1, 1, 2))
    straight.run(9, progress=False)
    save_checkpoint(first.run(4, progress=False), tmp_path / "points.safetensors")
    load_checkpoint(second, tmp_path / "points.safetensors")
    second.run(5, progress=False)
    pairs = zip(straight.generator.parameters(), second.generator.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_a_state_is_a_snapshot_that_further_training_does_not_touch(small, assert_same):
    trainer, expected = (small("dcgan").run(2, progress=False) for _ in range(2))
    state = trainer.state_dict()
    trainer.run(5, progress=False)
    for _ in range(2):  # nor does a trainer that was put there
        trainer.load_state_dict(state)
        assert_same(trainer, expected)
        trainer.run(2, progress=False)


def test_memory_of_another_layout_is_put_in_place(small, assert_same):
    """A file has every tensor in plain order, the trainer has its convolutions channels_last: fused Adam walks through
    weights and averages in the order of memory and would pair the wrong numbers."""
    straight, other = small("dcgan"), small("dcgan")
    straight.run(4, progress=False)
    state = small("dcgan").run(2, progress=False).state_dict()
    for optimizer in ("generator_optimizer", "discriminator_optimizer"):
        for memory in state[optimizer].values():
            for name, value in memory.items():
                memory[name] = value.contiguous()
    other.load_state_dict(state)
    assert_same(straight, other.run(2, progress=False))


def test_a_state_of_other_networks_is_refused(small):
    state = small(latent_dim=4).state_dict()
    with pytest.raises(
        ValueError,
        match="this state has latent_dim 4, but the networks of this trainer have 8: make a new trainer",
    ):
        small().load_state_dict(state)


def test_a_state_from_another_kind_of_device_draws_other_minibatches(small, assert_same):
    """The state of a GPU's random stream is 16 bytes, that of the CPU's 5056."""
    state = small().run(2, progress=False).state_dict()
    state["random"] = torch.zeros(16, dtype=torch.uint8)
    one, two = small(), small()
    for trainer in (one, two):
        trainer.load_state_dict(state)
        trainer.run(2, progress=False)
    assert_same(one, two)
    assert len(one.log) == 4


# ---------------------------------------------------------------- the file


@pytest.fixture
def saved(small, tmp_path):
    path = tmp_path / "run.safetensors"
    save_checkpoint(small("dcgan").run(2, progress=False), path)
    return path


def test_the_header_tells_what_is_inside_without_reading_the_tensors(saved):
    with safe_open(saved, framework="pt") as file:
        content = json.loads(file.metadata()["content"])
        assert "generator/layers.0.weight" in file.keys()
    assert content["step"] == 2
    assert content["seed"] == 0
    recipe = dict(content["state"]["dict"])["recipe"]["recipe"]
    assert recipe["name"] == "dcgan"
    assert recipe["batch_size"] == 8


def test_a_full_disk_leaves_the_old_checkpoint(saved, small, full_disk):
    before = saved.read_bytes()
    trainer = small("dcgan").run(3, progress=False)
    with full_disk(len(before) // 2), pytest.raises(OSError, match="cannot be written"):
        save_checkpoint(trainer, saved)
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == [saved.name]


def test_a_diverged_training_is_not_saved_over_a_good_one(saved, small):
    before = saved.read_bytes()
    trainer = small("dcgan").run(3, progress=False)
    with torch.no_grad():
        trainer.generator.layers[0].weight.fill_(torch.nan)
    with pytest.raises(FloatingPointError, match="a weight of the generator"):
        save_checkpoint(trainer, saved)
    assert saved.read_bytes() == before


def test_saving_while_it_runs(small, images, assert_same, tmp_path):
    """The three lines of the module's docstring."""
    path, trainer = tmp_path / "run.safetensors", small()
    for step in trainer.steps(10):
        if step % 4 == 0:
            save_checkpoint(trainer, path)
    resumed = resume(images, path, "cpu")
    assert len(resumed.log) == 8
    assert_same(resumed.run(2, progress=False), trainer)


def test_a_checkpoint_that_an_earlier_course_wrote_goes_on(images, small, assert_same):
    """The file is from the commit before the loop was rewritten; a run from the same seed is the oracle."""
    sizes = {"latent_dim": 4, "generator_widths": (2,), "discriminator_widths": (2,)}
    straight = small("mlp", seed=5, **LIVELY, **sizes).run(6, progress=False)
    resumed = resume(images, Path(__file__).with_name("before_the_move.safetensors"), device="cpu")
    assert (resumed.seed, resumed.recipe) == (5, straight.recipe)
    for trainer in (straight, resumed):
        trainer.run(4, progress=False)
    assert resumed.history.keys() == straight.history.keys()
    for name, values in straight.history.items():
        assert resumed.history[name] == pytest.approx(values, rel=1e-3), name
    assert_same(resumed, straight, atol=1e-4)  # it may have been written on another processor


def test_no_file(tmp_path, small):
    with pytest.raises(FileNotFoundError, match="there is no file .*nothing.safetensors; save_checkpoint"):
        load_checkpoint(small(), tmp_path / "nothing.safetensors")


@pytest.mark.parametrize("kept", [0.0, 0.001, 0.3, 0.999])
def test_a_truncated_file(saved, small, kept):
    data = saved.read_bytes()
    saved.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(CheckpointError, match=r"run.safetensors is damaged, or no safetensors file at all"):
        load_checkpoint(small("dcgan"), saved)


@pytest.mark.parametrize("place", [0.02, 0.2, 0.5, 0.9, 0.9999])
def test_a_flipped_bit_anywhere_is_noticed(saved, small, place):
    data = bytearray(saved.read_bytes())
    data[int(place * len(data))] ^= 1
    saved.write_bytes(data)
    with pytest.raises(CheckpointError, match="damaged|did not write it|version"):
        load_checkpoint(small("dcgan"), saved)


def test_foreign_files(tmp_path, small):
    weights = tmp_path / "weights.safetensors"
    save_file({"a": torch.zeros(3)}, weights)
    with pytest.raises(CheckpointError, match="holds tensors, but save_checkpoint.* did not write it"):
        load_checkpoint(small(), weights)
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    with pytest.raises(CheckpointError, match="no safetensors file at all"):
        load_checkpoint(small(), picture)


def test_a_file_of_a_later_version(saved, small):
    with safe_open(saved, framework="pt") as file:
        header, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}
    later = str(int(header["version"]) + 1)
    save_file(tensors, saved, header | {"version": later})
    message = f"of version {later}, and this course_utils reads version {header['version']}: use the"
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(small("dcgan"), saved)


def test_a_checkpoint_of_other_networks(saved, small):
    trainer = small("mlp")
    with pytest.raises(ValueError, match="this state has architecture 'dcgan'"):
        load_checkpoint(trainer, saved)
    assert trainer.recipe.name == "mlp"


@pytest.mark.parametrize("part", ["generator", "discriminator", "average", "generator_optimizer"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_refused_by_name_and_change_nothing(
    part, value, small, images, assert_same, tmp_path
):
    """Else the first step would be bad, and the error would blame the learning rate."""
    path, bad = tmp_path / "bad.safetensors", small(ema=0.9).run(2, progress=False)
    state = bad.state_dict()
    tensor = next(t for t in tensors_of(state[part]).values() if t.ndim)
    tensor.flatten()[0] = value
    trainer, untouched = (small(ema=0.9, seed=4).run(2, progress=False) for _ in range(2))
    with pytest.raises(ValueError, match=rf"this state: 1 of the .* numbers of {part}/.* NaN or infinite"):
        trainer.load_state_dict(state)
    bad.check = lambda: None  # whoever wrote the file did not look
    bad.state_dict = lambda: state
    save_checkpoint(bad, path)
    for load in (lambda: load_checkpoint(trainer, path), lambda: resume(images, path, device="cpu")):
        with pytest.raises(
            CheckpointError, match=rf"bad.safetensors: 1 of .* numbers of {part}/.*earlier checkpoint"
        ):
            load()
    assert_same(trainer, untouched)
