"""What a student may write by mistake, said in words that mend it; and NumPy's numbers, which are no mistake."""

import numpy as np
import pytest
import torch

from course_utils import gan, toy
from course_utils.recording import RunRecorder, load_recording

BAD = [None, {}]  # tests/test_arguments.py tries all that is wrong; here it is what is said


def refused(match, call, *arguments, **settings):
    with pytest.raises(ValueError, match=match) as caught:
        call(*arguments, **settings)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("recipe", "player"), [("mlp", "generator"), ("dcgan", "generator"), ("wgan-gp", "generator")]
)
def test_batch_norm_needs_two_samples(recipe, player):
    match = f"batch_size is 1, but the {player} of architecture '(mlp|dcgan)' has batch norm.*at least 2"
    refused(match, gan.get_recipe, recipe, batch_size=1)
    assert gan.get_recipe(recipe, batch_size=2).batch_size == 2


def test_points_have_no_batch_norm_and_learn_from_one_sample():
    trainer = gan.PointTrainer(toy.ring(), batch_size=1).run(2, progress=False)
    assert np.isfinite(trainer.history["generator_loss"]).all()


def test_numpys_numbers_are_settings_like_pythons(images, small, tmp_path):
    trainer = small("mlp", generator_learning_rate=np.float32(1e-4), batch_size=np.int64(4), seed=np.int64(3),
                    penalty_weight=np.array(2.0), betas=np.array([0.5, 0.9]), generator_widths=np.array([16]),
                    batch_norm_in_discriminator=np.False_)  # fmt: skip
    recipe = trainer.recipe
    values = (recipe.generator_learning_rate, recipe.batch_size, trainer.seed, recipe.penalty_weight)
    assert [type(value) for value in values] == [float, int, int, float]
    assert (recipe.betas, recipe.batch_norm_in_discriminator) == ((0.5, 0.9), False)
    trainer.run(np.int64(2), progress=False)
    assert trainer.sample(np.int64(3), seed=np.int64(1)).shape == (3, 1, 28, 28)
    gan.save_checkpoint(trainer, tmp_path / "run.safetensors")
    again = gan.resume(images, tmp_path / "run.safetensors")
    assert again.recipe == recipe
    plain = {"generator_learning_rate": float(np.float32(1e-4)), "batch_size": 4, "betas": (0.5, 0.9)}
    plain = small("mlp", seed=3, **plain).run(2, progress=False)
    assert torch.equal(plain.sample(3, seed=1), trainer.sample(3, seed=1))
    assert isinstance(gan.PointTrainer(toy.ring(), seed=np.int64(3)).seed, int)


def test_settings_are_refused_in_words():
    refused("generator_learning_rate is '1e-3'; it must be a finite number", gan.get_recipe, "mlp",
            generator_learning_rate="1e-3")  # fmt: skip
    refused("batch_norm_in_discriminator is 'no'; it must be True or False", gan.get_recipe, "dcgan",
            batch_norm_in_discriminator="no")  # fmt: skip
    refused("name is 3; it must be a word", gan.Recipe, 3)


@pytest.mark.parametrize("bad", BAD)
def test_what_is_no_recipe_is_refused(bad, images):
    refused("recipe is .*; it must be a Recipe, or one of mlp, ", gan.get_recipe, bad)
    refused(
        "recipe is .*; it must be a Recipe or the name of one, and the pictures",
        gan.AdversarialTrainer,
        images,
        bad,
    )
    refused("recipe is .*; it must be a Recipe, such as POINTS", gan.PointTrainer, toy.ring(), bad)


def test_exchanged_arguments_are_told(images, small):
    refused(
        r"recipe is Images\('digits', n=1797.*the pictures come before it",
        gan.AdversarialTrainer,
        "mlp",
        images,
    )
    trainer = small("mlp")
    for call in (gan.save_checkpoint, gan.save_generator, gan.load_checkpoint):
        refused("trainer is 'run.safetensors'; it must be a trainer, and the path comes after it", call,
                "run.safetensors", trainer)  # fmt: skip
    refused("recipe is 'points'", gan.PointTrainer, toy.ring(), "points")


@pytest.mark.parametrize("bad", [None, 2.5])
def test_steps_samples_and_seeds_are_whole_numbers(bad, small, images):
    trainer = small("mlp")
    refused("steps is .*; it must be a whole number of at least 0, such as 500", trainer.run, bad)
    refused("steps is .*; it must be a whole number", lambda: list(trainer.steps(bad)))
    refused("n is .*; it must be a whole number of at least 0", trainer.sample, bad)
    if bad is not None:  # which draws new latents
        refused("seed is .*; it must be a whole number", trainer.sample, 4, bad)
    refused("seed is .*; it must be a whole number", gan.AdversarialTrainer, images, "mlp", seed=bad)
    refused("seed is .*; it must be a whole number", gan.PointTrainer, toy.ring(), seed=bad)


def test_latents_may_be_numpys(small):
    trainer = small("mlp")
    z = np.random.default_rng(0).normal(size=(3, 8))
    assert torch.equal(
        trainer.generate(z).cpu(), trainer.generate(torch.tensor(z, dtype=torch.float32)).cpu()
    )
    for bad in (np.zeros(8), np.zeros((2, 9)), torch.zeros(8)):
        refused(r"z has shape .*; it must hold latents, shape \(n, 8\)", trainer.generate, bad)
    for bad in (None, "abc", {}):
        refused("z is .*; it must be", trainer.generate, bad)


@pytest.mark.parametrize("bad", BAD)
def test_what_is_no_path_is_refused(bad, small, images):
    trainer = small("mlp")
    recorder = RunRecorder({})
    recorder.add_samples(0, np.zeros((1, 2, 2), np.uint8))
    for call in (lambda: gan.save_checkpoint(trainer, bad), lambda: gan.load_checkpoint(trainer, bad),
                 lambda: gan.resume(images, bad), lambda: gan.save_generator(trainer, bad),
                 lambda: recorder.save(bad), lambda: gan.load_generator(bad), lambda: load_recording(bad)):  # fmt: skip
        refused("(path|name) is .*; it must be a path", call)


def test_files_go_into_missing_folders_and_home(tmp_path, monkeypatch, small, images):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    trainer = small("mlp")
    gan.save_checkpoint(trainer, "~/my runs/a/run.safetensors")
    gan.load_checkpoint(trainer, "~/my runs/a/run.safetensors")
    assert gan.resume(images, "~/my runs/a/run.safetensors").recipe == trainer.recipe
    gan.save_generator(trainer, "~/my runs/b/g.safetensors")
    assert gan.load_generator("~/my runs/b/g.safetensors").latent_dim == 8
    recorder = RunRecorder({})
    recorder.add_samples(0, np.zeros((1, 2, 2), np.uint8))
    recorder.save("~/my runs/c/run.npz")
    assert len(load_recording("~/my runs/c/run.npz")) == 1
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == [
        "g.safetensors",
        "run.npz",
        "run.safetensors",
    ]


def test_points_and_curves_are_one_line_on_the_screen():
    assert repr(gan.PointCloud(np.zeros((300, 2)))) == "<PointCloud: 300 points>"
    assert repr(load_recording("dcgan").metrics["d_real"]).startswith("<Curve: ")
    assert "\n" not in repr(load_recording("dcgan"))
