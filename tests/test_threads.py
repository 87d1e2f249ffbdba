"""How many threads compute, and how they wait. Each case in an interpreter of its own: it is decided once."""

import os
import subprocess
import sys

import pytest

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


HOOKED = """
import course_utils, torch
from course_utils.datasets import load_digits_stand_in
from course_utils.gan import AdversarialTrainer
trainer = AdversarialTrainer(load_digits_stand_in(), {recipe!r}, device="cpu", batch_size=4)
seen = set()
trainer.discriminator.register_forward_hook(lambda *_: seen.add(torch.get_num_threads()))
trainer.run(2, progress=False)
print(seen, torch.get_num_threads())
"""


@pytest.mark.parametrize(("recipe", "inside"), [("mlp", 1), ("dcgan", 3), ("wgan-gp", 3)])
def test_small_networks_take_one_thread_and_large_ones_what_is_allowed(recipe, inside, root):
    assert said(HOOKED.format(recipe=recipe), root, COURSE_THREADS="3") == [f"{{{inside}}} 1"]


def test_style_transfer_is_large(root):
    code = """
import course_utils, torch
from course_utils.pictures import sample_pictures
from course_utils.style import StyleTransfer
pictures = [make() for make in list(sample_pictures().values())[:2]]
transfer = StyleTransfer(*pictures, features="random", size=64, device="cpu")
seen = set()
transfer.features.network.register_forward_hook(lambda *_: seen.add(torch.get_num_threads()))
transfer.features.network[0].register_forward_hook(lambda *_: seen.add(torch.get_num_threads()))
transfer.step()
print(seen, torch.get_num_threads())
"""
    assert said(code, root, COURSE_THREADS="3") == ["{3} 1"]


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


def test_the_number_is_back_after_an_error(root):
    code = """
import course_utils, torch
from course_utils import threads
try:
    with threads.all_cores():
        raise KeyError
except KeyError:
    print(torch.get_num_threads())
with threads.all_cores(large=False):
    print(torch.get_num_threads())
"""
    assert said(code, root, COURSE_THREADS="2") == ["1", "1"]


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
def test_a_wrong_number_is_refused_in_words(wrong, root):
    code = """
from course_utils import threads
try:
    threads.allowed()
except ValueError as error:
    print(error)
"""
    assert said(code, root, COURSE_THREADS=wrong) == [
        f"COURSE_THREADS is {wrong!r}; it must be a whole number of at least 1, or unset."
    ]
