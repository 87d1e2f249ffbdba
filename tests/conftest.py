"""What all tests share."""

import importlib.util
import os
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

# The checks are about the CPU in the quick profile, on every machine. One thread: the networks here are so small that
# more would only wait for each other, and on a busy machine for a long time. (Read when torch is imported.)
os.environ.setdefault("COURSE_DEVICE", "cpu")
os.environ.setdefault("COURSE_PROFILE", "quick")
os.environ.setdefault("COURSE_THREADS", "1")
importlib.import_module("course_utils")  # before torch: it says how torch's threads wait

# No test measures time: an example that takes longer on a busy machine is no failure.
settings.register_profile("course", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("course")


@pytest.fixture
def double_precision():
    """Everything that a test makes with torch is float64: two ways to compute the same then differ by nothing
    but rounding. In float32, Adam turns the rounding of a vanishing gradient into a full step."""
    import torch

    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def full_disk():
    """full_disk(n): while in this context, no file can grow beyond n bytes."""
    resource = pytest.importorskip("resource")  # Windows has no such limit

    @contextmanager
    def full(n):
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (n, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return full


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def script_at():
    """script_at(path): a file of the repository that no package holds, as a module."""

    def load(path):
        spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture(scope="session")
def images():
    from course_utils.datasets import load_digits_stand_in

    return load_digits_stand_in()


@pytest.fixture(scope="session")
def digits(images):
    """The same, where they are called so."""
    return images


@pytest.fixture
def small(images):
    """A trainer of that recipe with networks small enough for a test."""
    from course_utils.gan import AdversarialTrainer, get_recipe

    def make(recipe="mlp", *, device="cpu", seed=0, **settings):
        architecture = get_recipe(recipe).architecture
        dcgan, auto = architecture == "dcgan", architecture == "autoencoder"
        sizes = {
            "ema": 0.0,
            "decay_steps": 0,
            "latent_dim": 8,
            "generator_widths": (8, 4) if dcgan or auto else (16,),
            "discriminator_widths": (4, 8) if dcgan else (4, 3) if auto else (16,),
            "batch_size": 8,
        }
        return AdversarialTrainer(images, recipe, device=device, seed=seed, **{**sizes, **settings})

    return make


@pytest.fixture
def resumed(tmp_path):
    """resumed(make, steps, stop): a training in one go, and one that was saved at ``stop`` and went on in a trainer of
    another seed; their histories are the same to the bit."""
    import numpy as np

    from course_utils.training import load_checkpoint, save_checkpoint

    def run(make, steps, stop):
        whole, part, again = make(), make(), make(seed=9)
        whole.run(steps, progress=False)
        save_checkpoint(part.run(stop, progress=False), tmp_path / "half.safetensors")
        load_checkpoint(again, tmp_path / "half.safetensors")
        again.run(steps - stop, progress=False)
        for name, values in whole.history.items():
            assert np.array_equal(values, again.history[name], equal_nan=True), name
        return whole, again

    return run


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
    import torch

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
