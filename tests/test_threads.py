"""How many threads compute, and how they wait. What is decided when torch is loaded, in interpreters of their own."""

import os
import subprocess
import sys

import pytest
import torch

from course_utils import threads
from course_utils.pictures import sample_pictures
from course_utils.style import StyleTransfer

OWN = {
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "GOMP_SPINCOUNT",
    "KMP_BLOCKTIME",
    "COURSE_THREADS",
}


def said(code: str, root, **settings: str) -> list[str]:
    """What a fresh interpreter prints, with nothing said about threads but these settings."""
    environment = {k: v for k, v in os.environ.items() if k not in OWN} | settings
    run = subprocess.run(
        [sys.executable, "-W", "default", "-c", code],
        env=environment,
        cwd=root,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return (run.stdout + run.stderr).splitlines()


@pytest.fixture
def three(monkeypatch):
    """Three threads are allowed; one computes at first."""
    monkeypatch.setenv("COURSE_THREADS", "3")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def threads_in(network, do) -> set[int]:
    """With how many threads the parts of a network compute when this is done; afterwards it is one again."""
    seen = set()
    for part in network.modules():
        part.register_forward_hook(lambda *_: seen.add(torch.get_num_threads()))
    do()
    assert torch.get_num_threads() == 1
    return seen


@pytest.mark.parametrize(("recipe", "inside"), [("mlp", 1), ("dcgan", 3), ("wgan-gp", 3)])
def test_small_networks_take_one_thread_and_large_ones_what_is_allowed(recipe, inside, small, three):
    trainer = small(recipe, batch_size=4)
    assert threads_in(trainer.discriminator, lambda: trainer.run(2, progress=False)) == {inside}


def test_style_transfer_is_large(three):
    pictures = [make(64) for make in list(sample_pictures().values())[:2]]
    transfer = StyleTransfer(*pictures, features="random", size=64, device="cpu")
    assert threads_in(transfer.features.network, transfer.step) == {3}


def test_waiting_is_short_and_what_is_set_already_stays(root):
    code = "import course_utils, os; print(os.environ['GOMP_SPINCOUNT'], os.environ['OMP_NUM_THREADS'])"
    assert said(code, root) == ["300 1"]
    assert said(code, root, GOMP_SPINCOUNT="7", OMP_NUM_THREADS="2") == ["7 2"]


def test_torch_that_came_first_computes_with_one_thread_and_one_line_says_why(root):
    code = """
import torch, course_utils
from course_utils import threads
print(torch.get_num_threads())
with threads.all_cores():
    print(torch.get_num_threads())
print(threads.describe())
"""
    outside, inside, line = said(code, root)
    assert (outside, inside) == ("1", "1")
    assert "torch was loaded before course_utils" in line
    assert "Import course_utils first" in line
    # where the environment says already how to wait, as under `make lab`, the order does not matter
    assert said(code, root, GOMP_SPINCOUNT="300", COURSE_THREADS="2")[:2] == ["1", "2"]


def test_the_number_is_back_after_an_error(three):
    @threads.all_cores()
    def fail():
        assert torch.get_num_threads() == 3
        raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert torch.get_num_threads() == 1
    with threads.all_cores(large=False):
        assert torch.get_num_threads() == 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_cores_are_those_that_the_process_may_use(root):
    code = """
import os
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
from course_utils import threads
print(threads.cores(), threads.allowed(), threads.describe())
"""
    assert said(code, root) == ["1 1 1 core; small networks take 1 thread, large ones 1"]


@pytest.mark.parametrize("wrong", ["0", "-1", "two", "1.5"])
def test_a_wrong_number_is_refused_in_words(wrong, monkeypatch):
    monkeypatch.setenv("COURSE_THREADS", wrong)
    with pytest.raises(
        ValueError, match=f"^COURSE_THREADS is '{wrong}'; it must be a whole number of at least 1, or"
    ):
        threads.allowed()
