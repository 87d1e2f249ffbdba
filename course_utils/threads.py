"""How many threads compute, and how they wait: decided once, before torch is loaded.

The threads of torch's pool wait for each other by *spinning*: a core that waits looks as busy as one that works. Two
kernels on one laptop then take each other's turns, and both become many times slower (``benchmarks/threads.py``). So

- a waiting thread gives its core back after a moment. GNU's pool (torch on Linux) is told by ``GOMP_SPINCOUNT``,
  those of Intel and LLVM (macOS, Windows, conda) by ``KMP_BLOCKTIME``; both are read when torch is loaded;
- one thread is the rule, because the networks of most lessons are so small that more would only wait;
- what is large enough, convolutions over whole pictures, asks for all cores with :func:`all_cores`.

``COURSE_THREADS`` sets what "all cores" means. Importing ``course_utils`` calls :func:`settle`; where torch was there
first, it is too late for the waiting, and one thread is used throughout, unless ``COURSE_THREADS`` says otherwise;
:func:`describe` tells.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

# Measured on two cores (benchmarks/threads.py): 300 rounds of waiting cost a quarter where nobody else computes, and
# save the rest where somebody does.
WAITING = {"GOMP_SPINCOUNT": "300", "KMP_BLOCKTIME": "1"}  # rounds; milliseconds
LIBRARIES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

_too_late = False


def settle() -> None:
    """Set the environment that torch and NumPy read when they are loaded; what is set already stays."""
    global _too_late
    waits = any(name in os.environ for name in (*WAITING, "OMP_WAIT_POLICY"))
    for name, value in WAITING.items() if not waits else ():
        os.environ[name] = value
    for name in LIBRARIES:
        os.environ.setdefault(name, "1")
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
        _too_late = not waits


@cache
def cores() -> int:
    """The cores that this process may use: the machine's, less what affinity and a container's quota withhold."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        count = os.cpu_count() or 1
    return max(1, int(min(count, _quota())))


def allowed() -> int:
    """How many threads large work may take: ``COURSE_THREADS``, else :func:`cores`.

    Raises
    ------
    ValueError
        when ``COURSE_THREADS`` is no whole number of at least 1.
    """
    wanted = os.environ.get("COURSE_THREADS", "").strip()
    if not wanted:
        return 1 if _too_late else cores()
    if not wanted.isdecimal() or int(wanted) < 1:
        raise ValueError(f"COURSE_THREADS is {wanted!r}; it must be a whole number of at least 1, or unset.")
    return int(wanted)


@contextmanager
def all_cores(large: bool = True) -> Iterator[None]:
    """Compute with as many threads as are allowed, inside this block; with what there are, if it is not ``large``."""
    import torch

    before, wanted = torch.get_num_threads(), allowed() if large else 0
    if not large or wanted == before:
        yield
        return
    torch.set_num_threads(wanted)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def describe() -> str:
    """One line for the start page."""
    if _too_late:
        return (
            "torch was loaded before course_utils, too late to say how its threads wait: it computes with one. Import "
            "course_utils first, or start with `make lab`."
        )
    count = cores()
    return f"{count} core{'s' if count > 1 else ''}; small networks take 1 thread, large ones {allowed()}"


def _quota() -> float:
    """How many cores a container's quota allows (cgroup 2, then 1); infinity where there is none."""
    group = Path("/sys/fs/cgroup")
    try:
        if (group / "cpu.max").is_file():
            quota, period = (group / "cpu.max").read_text().split()
        else:
            quota, period = (
                (group / "cpu" / f"cpu.cfs_{name}_us").read_text().strip() for name in ("quota", "period")
            )
        return float("inf") if quota in ("max", "-1") else max(1.0, int(quota) / int(period))
    except (OSError, ValueError):
        return float("inf")
