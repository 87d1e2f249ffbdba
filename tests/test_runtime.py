import os
import platform
import random
import subprocess
import sys
import textwrap
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


@pytest.mark.parametrize("bad", [-1, 2**32])
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


# What heavy libraries a room may bring in, when it is imported or used (design.md, "Floors"). Each list is done in
# order, in one interpreter: what is not there after a line, none of the rooms above it has brought in. SLOW are parts
# of scipy that most lessons never need, half a second together.
PICTURE = "zeros((1, 2, 2), 'uint8')"
WITHOUT_TORCH = f"""
import course_utils                                                         : numpy scipy sklearn matplotlib torch ot
from course_utils import datasets                                           : scipy sklearn requests filelock tqdm
from course_utils.datasets import scaling; from numpy import zeros          : scipy
scaling.to_bytes(scaling.to_unit(zeros(3, 'uint8')), 'unit')                : scipy
from course_utils import recording, runtime; r = recording.RunRecorder({{}})  : scipy sklearn
r.add_samples(0, {PICTURE}); r.save('run.npz')                              : scipy sklearn
assert 'torch' not in recording.load_recording('run.npz').machine           : scipy sklearn matplotlib
from course_utils.pictures import sample_pictures; sample_pictures()['grace_hopper'](32)   : sklearn matplotlib
from course_utils import divergences, games, toy, transport                 : sklearn matplotlib SLOW
from course_utils import apps                                               : matplotlib ipywidgets
from course_utils import plots                                              : matplotlib.pyplot ipywidgets
from course_utils.plots import divergences, images, replay, training        : matplotlib.pyplot ipywidgets
from course_utils.apps import frame, jsd, replay                            : matplotlib.pyplot ipywidgets
apps.jsd_app(); apps.replay_app('run.npz').set(moment=0)                    : matplotlib.pyplot sklearn
"""
WITH_TORCH = """
from course_utils import style                                              : matplotlib IPython ipywidgets
from numpy import zeros; p = zeros((40, 40, 3))                           : torch._dynamo
style.StyleTransfer(p, p, features="random", size=40).run(1, progress=False) : torch._dynamo
from course_utils import gan; from course_utils.gan import metrics, playground : matplotlib IPython ipywidgets SLOW
gan.Critic(1).step(zeros(3), zeros(3) + 1)                                : torch._dynamo
from course_utils.datasets import load_digits_stand_in; from course_utils.attacks import DigitTrainer : torch._dynamo
DigitTrainer(load_digits_stand_in(), "linear", device="cpu").run(3, progress=False) : torch._dynamo
"""


@pytest.mark.parametrize(("doings", "never"), [(WITHOUT_TORCH, "torch ot"), (WITH_TORCH, "ot jupyterlab")])
def test_a_room_brings_in_only_what_it_may(doings, never, tmp_path):
    slow = "scipy.stats scipy.optimize scipy.integrate scipy.ndimage scipy.spatial"
    rows = [line.replace("SLOW", slow).rsplit(":", 1) for line in doings.strip().splitlines()]
    code = "\n".join(
        f"{do.strip()}\nprint(*set(sys.modules) & {set(never.split() + heavy.split())})" for do, heavy in rows
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = zip(rows, done.stdout.splitlines(), strict=True)
    assert {do: heavy for (do, _), heavy in found if heavy} == {}


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux tells what is resident")
def test_memory_that_a_cell_freed_is_given_back_after_it():
    code = """
        import gc
        from IPython.core.interactiveshell import InteractiveShell

        def resident():  # pages of 4 kB, in MB
            return int(open("/proc/self/statm").read().split()[1]) * 4 / 1000

        shell = InteractiveShell.instance(user_ns={"resident": resident}, history_length=0)
        usual = gc.get_threshold()
        shell.run_cell("import course_utils, course_utils, gc, numpy as np; seldom = gc.get_threshold()")
        assert shell.user_ns["seldom"] > gc.get_threshold() == usual  # imports alone are spared, and then passed over
        assert gc.get_freeze_count() > 10_000
        # 256 MB in pieces of 64 kB, below the size of a map of its own; every fiftieth stays
        shell.run_cell("a = [np.ones(8_000) for _ in range(4_000)]; keep = a[::50]; del a; held = resident()")
        print(shell.user_ns["held"] - resident())
    """
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    if platform.libc_ver()[0] == "glibc":
        assert float(found.stdout) > 100


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps large blocks in its heap")
@pytest.mark.parametrize(("said", "kept"), [({}, False), ({"MALLOC_MMAP_THRESHOLD_": "33554432"}, True)])
def test_large_blocks_are_maps_of_their_own_unless_the_environment_says_how(said, kept):
    """Or else glibc would keep the second of 16 MB in its heap: it learns from the first that these come and go."""
    code = """
        import course_utils, numpy as np

        for _ in range(2):
            a = None
            a = np.ones(2_000_000)
        maps = [line.split()[0] for line in open("/proc/self/maps") if "[heap]" in line]
        low, high = (int(end, 16) for end in maps[0].split("-"))
        print(low <= a.ctypes.data < high)
    """
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        check=True,
        env={**{name: value for name, value in os.environ.items() if "MALLOC" not in name}, **said},
    )
    assert found.stdout.strip() == str(kept)
