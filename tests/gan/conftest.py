"""What the tests of the trainers share."""

import pytest
import torch

from course_utils.datasets import load_digits_stand_in
from course_utils.gan import AdversarialTrainer
from course_utils.gan.recipes import get_recipe


@pytest.fixture(scope="session")
def images():
    return load_digits_stand_in()


@pytest.fixture
def small(images):
    """A trainer of that recipe with networks small enough for a test."""

    def make(recipe="mlp", *, device="cpu", seed=0, **settings):
        dcgan = get_recipe(recipe).architecture == "dcgan"
        sizes = {
            "ema": 0.0,
            "decay_steps": 0,
            "latent_dim": 8,
            "generator_widths": (8, 4) if dcgan else (16,),
            "discriminator_widths": (4, 8) if dcgan else (16,),
            "batch_size": 8,
        }
        return AdversarialTrainer(images, recipe, device=device, seed=seed, **{**sizes, **settings})

    return make


@pytest.fixture
def weights():
    """All numbers of a trainer's networks by name, as copies; batch norm's statistics and the average included."""

    def collect(trainer):
        networks = {"G": trainer.generator, "D": trainer.discriminator}
        if trainer.average is not None:
            networks["average"] = trainer.average.module
        return {
            f"{letter}.{name}": value.clone()
            for letter, network in networks.items()
            for name, value in network.state_dict().items()
        }

    return collect


@pytest.fixture
def assert_same(weights):
    """Two trainers have the same numbers, bit for bit, or within ``atol``."""

    def check(one, other, atol=0.0):
        one, other = weights(one), weights(other)
        assert one.keys() == other.keys()
        far = [
            name
            for name in one
            if not torch.allclose(one[name].double(), other[name].double(), rtol=0, atol=atol)
        ]
        assert not far

    return check
