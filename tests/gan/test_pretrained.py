"""Generators in a file: what is loaded draws what the trainer drew."""

import numpy as np
import pytest
import torch

from course_utils.gan import AdversarialTrainer
from course_utils.gan.pretrained import load_generator, save_generator
from course_utils.recording import load_recording


def trained(images, recipe, **settings):
    settings = {"batch_size": 16, "latent_dim": 10, "generator_widths": (8, 16), "device": "cpu", **settings}
    return AdversarialTrainer(images, recipe, **settings).run(5, progress=False)


@pytest.mark.parametrize(("recipe", "ema"), [("mlp", 0.0), ("mlp", 0.9), ("dcgan", 0.0), ("dcgan", 0.9)])
def test_the_loaded_generator_draws_what_the_trainer_draws(images, recipe, ema, tmp_path):
    trainer = trained(images, recipe, ema=ema)
    generator = load_generator(save_generator(trainer, tmp_path / "new" / "g.safetensors"), "cpu")
    z = torch.randn(6, 10, generator=torch.Generator().manual_seed(1))
    # float16 keeps 11 bits of each weight
    assert torch.allclose(generator(z), trainer.generate(z), atol=5e-3)
    assert generator.latent_dim == 10
    assert not generator.training
    assert not any(p.requires_grad for p in generator.parameters())
    assert {p.dtype for p in generator.parameters()} == {torch.float32}
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["g.safetensors"]


@pytest.mark.parametrize("name", ["dcgan", "dcgan-fast"])
def test_what_ships_draws_the_last_pictures_of_its_recorded_run(name):
    generator, shown = load_generator(name, "cpu"), load_recording(name).samples(-1) / 255
    z = torch.randn(len(shown), generator.latent_dim, generator=torch.Generator().manual_seed(0))
    drawn = (generator(z)[:, 0].numpy() + 1) / 2
    assert np.abs(drawn - shown).max() < 0.06  # float16, and a byte a pixel
    assert np.abs(drawn - shown[::-1]).mean() > 0.05


def test_the_averaged_generator_is_the_one_that_is_saved(images, tmp_path):
    trainer = trained(images, "dcgan", ema=0.99, generator_learning_rate=0.05)
    loaded = load_generator(save_generator(trainer, tmp_path / "g.safetensors"), "cpu").state_dict()
    name = "layers.0.weight"
    averaged, playing = trainer.average.module.state_dict()[name], trainer.generator.state_dict()[name]
    assert not torch.allclose(averaged, playing, atol=1e-2)
    assert torch.allclose(loaded[name], averaged, atol=1e-3)


def test_every_latent_is_drawn_by_itself(images, tmp_path):
    """In training, batch norm would make a picture depend on the others of its minibatch."""
    generator = load_generator(save_generator(trained(images, "dcgan"), tmp_path / "g.safetensors"), "cpu")
    z = torch.randn(5, 10, generator=torch.Generator().manual_seed(2))
    assert torch.allclose(generator(z)[:1], generator(z[:1]), atol=1e-5)


def test_a_tilde_and_a_string_name_files_too(images, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    path = save_generator(trained(images, "mlp"), "~/my generators/g.safetensors")
    assert path == tmp_path / "my generators/g.safetensors"
    load_generator("~/my generators/g.safetensors", "cpu")


def test_the_file_is_small(images, tmp_path):
    trainer = trained(images, "mlp")
    path = save_generator(trainer, tmp_path / "g.safetensors")
    weights = sum(np.prod(p.shape) for p in trainer.generator.state_dict().values())
    assert path.stat().st_size < 2 * weights + 3000  # two bytes a weight, and a header
