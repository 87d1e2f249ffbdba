import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from course_utils import runtime


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    for name in ("COURSE_DEVICE", "COURSE_PROFILE", "COURSE_DATA"):
        monkeypatch.delenv(name, raising=False)


def has(monkeypatch, *, cuda: int = 0, mps: bool = False):
    """Pretend to be a machine with that many NVIDIA GPUs, with or without an Apple one."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(1, True, "cuda"), (0, True, "mps"), (0, False, "cpu"), (2, False, "cuda")]
)
def test_device_takes_the_fastest_there_is(monkeypatch, cuda, mps, expected):
    has(monkeypatch, cuda=cuda, mps=mps)
    assert runtime.device() == torch.device(expected)


def test_environment_overrides_the_machine_and_an_argument_overrides_both(monkeypatch):
    has(monkeypatch, cuda=2)
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    assert runtime.device() == torch.device("cpu")
    assert runtime.device("cuda:1") == torch.device("cuda:1")
    assert runtime.device(torch.device("cuda")) == torch.device("cuda")


@pytest.mark.parametrize("bad", ["gpu", "cuda:x", "CUDA", "tpu"])
def test_unknown_device_is_named(monkeypatch, bad):
    monkeypatch.setenv("COURSE_DEVICE", bad)
    with pytest.raises(ValueError, match=f"COURSE_DEVICE is '{bad}'.*cpu"):
        runtime.device()


def test_missing_device_says_what_is_there(monkeypatch):
    has(monkeypatch)
    with pytest.raises(RuntimeError, match="prefer asks for 'cuda'.*This machine has: cpu"):
        runtime.device("cuda")
    with pytest.raises(RuntimeError, match="mps"):
        runtime.device("mps")


def test_gpu_number_that_is_not_there(monkeypatch):
    has(monkeypatch, cuda=1)
    with pytest.raises(RuntimeError, match=r"has 1 cuda device\(s\), counted from 0"):
        runtime.device("cuda:1")


def test_profile_follows_the_device_unless_told(monkeypatch):
    has(monkeypatch)
    assert runtime.profile() == "quick"
    has(monkeypatch, cuda=1)
    assert runtime.profile() == "full"
    monkeypatch.setenv("COURSE_PROFILE", "quick")
    assert runtime.profile() == "quick"
    monkeypatch.setenv("COURSE_PROFILE", "fast")
    with pytest.raises(ValueError, match='"quick" or "full"'):
        runtime.profile()


def test_seed_everything_repeats_all_three_generators():
    def draws():
        generator = runtime.seed_everything(7)
        return random.random(), np.random.rand(), torch.rand(1).item(), generator.random()  # noqa: NPY002

    assert draws() == draws()


@pytest.mark.parametrize("bad", [-1, 2**32, 1.5, "0", None, True])
def test_bad_seed(bad):
    with pytest.raises(ValueError, match="whole number from 0"):
        runtime.seed_everything(bad)


def test_results_that_were_stored_come_back(monkeypatch, tmp_path):
    monkeypatch.setattr(runtime, "REPOSITORY", tmp_path)
    for results in ({"rows": [1, 2]}, [{"seed": 0}]):
        runtime.store_results("games", results)
        assert runtime.load_results("games") == results
    with pytest.raises(FileNotFoundError, match=r"measured/other\.json"):
        runtime.load_results("other")


def test_data_dir(monkeypatch, tmp_path, root):
    assert runtime.data_dir() == root / "data"
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert runtime.data_dir() == tmp_path.resolve()
    monkeypatch.setenv("COURSE_DATA", "~/course")
    assert runtime.data_dir() == Path.home().resolve() / "course"


def test_shipped_files_do_not_depend_on_course_data(monkeypatch, tmp_path, root):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert runtime.shipped("README.md") == root / "data" / "README.md"
    with pytest.raises(FileNotFoundError, match=r"no-such-file.*misspelt"):
        runtime.shipped("no-such-file")


# Which heavy libraries a room may bring in when it is imported (design.md, "Floors").
@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("course_utils", {"torch", "matplotlib", "ipywidgets", "ot", "scipy", "sklearn", "numpy"}),
        ("course_utils.runtime", {"torch", "matplotlib", "ipywidgets", "ot"}),
        ("course_utils.datasets", {"torch", "matplotlib", "ipywidgets", "ot", "sklearn"}),
        ("course_utils.divergences", {"torch", "matplotlib", "ipywidgets", "ot"}),
        ("course_utils.recording", {"torch", "matplotlib", "ipywidgets", "ot"}),
        ("course_utils.pictures", {"torch", "matplotlib", "ipywidgets", "ot"}),
        ("course_utils.style", {"matplotlib", "ipywidgets", "ot", "jupyterlab", "IPython"}),
        ("course_utils.gan.metrics", {"matplotlib", "ipywidgets", "ot", "jupyterlab", "IPython"}),
        ("course_utils.apps", {"torch", "matplotlib", "ipywidgets", "ot"}),
        ("course_utils.plots", {"torch", "ipywidgets", "ot", "matplotlib.pyplot"}),
        ("course_utils.plots.replay", {"torch", "ipywidgets", "ot", "matplotlib.pyplot"}),
        ("course_utils.apps.replay", {"torch", "ipywidgets", "ot", "matplotlib.pyplot"}),
        ("course_utils.gan", {"matplotlib", "ipywidgets", "ot", "jupyterlab", "IPython"}),
        ("course_utils.plots.divergences", {"torch", "ipywidgets", "ot", "matplotlib.pyplot"}),
        ("course_utils.plots.images", {"torch", "ipywidgets", "ot", "matplotlib.pyplot"}),
        ("course_utils.plots.training", {"torch", "ipywidgets", "ot", "matplotlib.pyplot"}),
        ("course_utils.apps.frame", {"torch", "ipywidgets", "ot", "matplotlib.pyplot"}),
        ("course_utils.apps.jsd", {"torch", "ipywidgets", "ot", "matplotlib.pyplot"}),
    ],
)
def test_a_room_imports_only_what_it_may(module, forbidden):
    code = f"import sys, {module}; print(' '.join(set(sys.modules) & {forbidden!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
