"""How many threads compute, and how they wait. What is decided when torch is loaded, in interpreters of their own."""

import os
import subprocess
import sys
import time
from pathlib import Path

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


def test_what_is_set_already_stays(root, monkeypatch):
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    code = "import course_utils, os; print(*(os.environ.get(f'{name}') for name in NAMES))".replace(
        "NAMES", "('GOMP_SPINCOUNT', 'KMP_BLOCKTIME', 'OMP_NUM_THREADS')"
    )
    told = "None" if threads.GnuPool.can_be_led() else "300"
    assert said(code, root) == [f"{told} 1 1"]
    assert said(code, root, GOMP_SPINCOUNT="7", OMP_NUM_THREADS="2") == ["7 1 2"]
    assert said(code, root, OMP_WAIT_POLICY="active") == ["None None 1"]
    # threads that the idle pool would need are forbidden: the environment tells, also where the other pools are told
    # already, as under `make lab`
    assert said(code, root, OMP_THREAD_LIMIT="2") == ["300 1 1"]
    assert said(code, root, OMP_THREAD_LIMIT="2", KMP_BLOCKTIME="1") == ["300 1 1"]


def test_a_torch_that_was_replaced_while_it_runs_stops_nobody(root):
    """Its copy of the pool is then a file that is no more."""
    code = """
import pathlib
from course_utils.threads import GnuPool
pathlib.Path.read_text = lambda _: "7f00-7f01 r-xp 0 08:01 7    /gone/torch/lib/libgomp.so.1 (deleted)"
print(GnuPool.libraries())
"""
    assert said(code, root) == ["()"]


FIRST = """
import os
os.sched_getaffinity = lambda _: range(PROCESSORS)
import torch, course_utils
from course_utils import threads
print(torch.get_num_threads())
with threads.all_cores():
    print(torch.get_num_threads())
print(threads.describe())
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_torch_that_came_first_computes_with_one_thread_and_one_line_says_why(root):
    many = FIRST.replace("PROCESSORS", "100")  # too many for an idle pool
    outside, inside, line = said(many, root)
    assert (outside, inside) == ("1", "1")
    assert "torch was loaded before course_utils" in line
    assert "Import course_utils first" in line
    # where the environment says already how to wait, or the pool can be led, the order does not matter
    assert said(many, root, GOMP_SPINCOUNT="300", COURSE_THREADS="2")[:2] == ["1", "2"]
    if torch.backends.openmp.is_available():
        assert said(FIRST.replace("PROCESSORS", "2"), root)[:2] == ["1", "2"]


def process_threads(until: int = 0) -> int:
    """How many threads the system counts; it is asked until there are no more than these (they end by themselves)."""
    for _ in range(600 if until else 1):
        count = len(os.listdir("/proc/self/task"))
        if count <= until:
            break
        time.sleep(0.1 if until else 0)
    return count


@pytest.fixture
def led(monkeypatch):
    """A pool that is led, with a look at each call; and what it is told about this process, to be changed."""
    if not Path("/proc/self/task").is_dir() or not threads.GnuPool.libraries():
        pytest.skip("no GNU pool here")
    monkeypatch.setattr(threads.GnuPool, "can_be_led", staticmethod(lambda: True))
    told = {"ran": 0, "waited": 0}
    pool = threads.GnuPool(lambda: (told["ran"], told["waited"]))
    pool.PERIOD = 0.0

    def look(ran: int, waited: int) -> bool:
        told["ran"] += ran
        told["waited"] += waited
        pool.look()
        return pool.waits_shortly

    yield look
    look(1000, 0)
    look(1000, 0)
    assert not pool.waits_shortly  # its threads have ended


def test_waits_are_short_while_others_compute_and_until_two_looks_found_nobody(led):
    before = process_threads()
    assert not led(1000, 10)  # since the process began it was alone
    assert process_threads() == before
    assert led(700, 300)  # a second process
    assert (
        process_threads() > before + threads.cores()
    )  # more than there are processors: the pool waits shortly
    assert led(1000, 10)  # one quiet look is none
    assert not led(1000, 10)
    assert process_threads(until=before) == before
    assert led(940, 60)
    assert led(1000, 10)
    assert not led(1000, 10)


def test_where_others_computed_from_the_beginning_waits_are_short_at_once(led):
    assert led(100, 100)


def test_where_the_system_does_not_count_waits_stay_short(led):
    assert all(led(0, 0) for _ in range(5))


def test_leading_changes_no_number(led, three):
    x = torch.randn(300, 300, generator=torch.Generator().manual_seed(0))
    results = []
    for ran, waited in ((500, 500), (1000, 0), (1000, 0), (500, 500)):
        led(ran, waited)
        with threads.all_cores():
            results.append(x @ x)
    assert all(torch.equal(results[0], other) for other in results)


def test_a_pool_that_is_told_how_to_wait_is_left_alone(root):
    """A process that is only begun, on a machine as it is, waits in one way or the other; told, never otherwise."""
    code = """
import course_utils, threading, torch
from course_utils.threads import all_cores
for _ in range(20):
    with all_cores():
        torch.randn(300, 300) @ torch.randn(300, 300)
print([thread.name for thread in threading.enumerate()])
"""
    assert said(code, root, OMP_WAIT_POLICY="passive", COURSE_THREADS="2") == ["['MainThread']"]
    (names,) = said(code, root, COURSE_THREADS="2")
    assert names in ("['MainThread']", "['MainThread', 'short waits']")


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
