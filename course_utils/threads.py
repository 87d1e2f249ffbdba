"""How many threads compute, and how they wait: decided once, before torch is loaded.

The threads of torch's pool wait for each other by *spinning*: a core that waits looks as busy as one that works. Two
kernels on one laptop then take each other's turns, and both become many times slower (``benchmarks/threads.py``). So

- a waiting thread gives its core back after a moment where others compute, and spins where nobody does. GNU's pool
  (torch on Linux) is led while it runs, see :class:`GnuPool`; those of Intel and LLVM (macOS, Windows, conda) are told
  by ``KMP_BLOCKTIME`` to wait shortly, always, when torch is loaded. Waiting changes no result;
- one thread is the rule, because the networks of most lessons are so small that more would only wait;
- what is large enough, convolutions over whole pictures, asks for all cores with :func:`all_cores`: always as many,
  because sums over other parts are rounded in another way, and a seed is to give the same run in a crowd and alone.
  Where it changes no bit (style transfer tries), fewer compute while others need the cores (:func:`cores_left`);
- what is small, and of which two threads compute the same numbers to the last bit, takes a second one while a core has
  nothing to do (:func:`idle_cores`).

``COURSE_THREADS`` sets what "all cores" means. Importing ``course_utils`` calls :func:`settle`; where torch was there
first and its pool cannot be led, it is too late for the waiting, and one thread is used throughout, unless
``COURSE_THREADS`` says otherwise; :func:`describe` tells.
"""

import ctypes
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import NamedTuple

# For pools that cannot be led: 300 rounds of waiting cost a quarter where nobody else computes, and save the rest where
# somebody does (benchmarks/threads.py).
WAITING = {"GOMP_SPINCOUNT": "300", "KMP_BLOCKTIME": "1"}  # rounds; milliseconds
LIBRARIES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

FEW = 2  # threads for small work: its matrices are not worth more

_too_late = False
_decided = ContextVar("decided", default=False)  # whether somebody further out has said how many threads
_met = threading.local()  # has .before in each of Python's threads that has come by
_first = 0  # with how many the first of them computes
_lent: set[int] = set()  # the numbers that blocks have asked for
_generator = threading.RLock()  # torch's global one


def settle() -> None:
    """Set the environment that torch and NumPy read when they are loaded; what is set already stays."""
    global _too_late
    led, told = GnuPool.can_be_led(), {*WAITING, "OMP_WAIT_POLICY"} & set(os.environ)
    waiting = {} if "OMP_WAIT_POLICY" in told else WAITING
    for name, value in (waiting | dict.fromkeys(LIBRARIES, "1")).items():
        if not (led and name == "GOMP_SPINCOUNT"):
            os.environ.setdefault(name, value)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
        gnu = bool(GnuPool.libraries())
        _too_late = not (
            (led and gnu) or told & {"GOMP_SPINCOUNT" if gnu else "KMP_BLOCKTIME", "OMP_WAIT_POLICY"}
        )


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
    wanted = allowed() if large and not _decided.get() else now()
    if wanted > 1:
        _pool.look()
    with exactly(wanted):
        yield


@contextmanager
def cores_left(alike: Callable[[int], bool]) -> Iterator[None]:
    """Compute large work with as many threads as are allowed; while others need the cores with fewer, where ``alike``
    says of their number that it changes no bit. That stays so inside this block, whoever asks for :func:`all_cores`."""
    wanted = allowed()
    left = _pool.left(wanted) if wanted > 1 else wanted
    with decided(left if left < wanted and alike(left) else wanted):
        yield


@contextmanager
def decided(count: int) -> Iterator[None]:
    """Compute with so many threads inside this block, and leave it so to those who ask for :func:`all_cores` there."""
    before = _decided.get()
    try:  # before it changes: Ctrl-C may come at once
        _decided.set(True)
        with exactly(count):
            yield
    finally:
        _decided.set(before)


@contextmanager
def idle_cores(alike: Callable[[], bool] | None) -> Iterator[None]:
    """Compute with :data:`FEW` threads instead of one inside this block where they are allowed, nobody else needs the
    core and ``alike()``: their number changes no bit of the result. Else, for None, and where somebody has chosen
    another number (``OMP_NUM_THREADS``), with what there are."""
    before = now()
    several = alike is not None and before == 1 and allowed() >= FEW and _pool.has_room(FEW) and alike()
    with exactly(FEW if several else before):
        yield


@contextmanager
def exactly(count: int) -> Iterator[None]:
    """Compute with so many threads inside this block."""
    import torch

    before = now()
    if count == before:
        yield
        return
    _lent.add(count)
    try:  # before the number changes: Ctrl-C may come at once
        torch.set_num_threads(count)
        yield
    finally:
        torch.set_num_threads(before)


def now() -> int:
    """With how many threads this thread of Python computes. Torch lets one that begins while another is inside a block
    compute with the block's number, for ever; so when it first comes by, it takes that of the first."""
    global _first
    import torch

    count = torch.get_num_threads()
    if not hasattr(_met, "before"):
        _met.before, _first = True, _first or count
        if count in _lent:
            torch.set_num_threads(count := _first)
    return count


@contextmanager
def own_draws(seed: int | None = None) -> Iterator[None]:
    """Draw from torch's global generator inside this block, from that seed where one is given. Nobody else's draws
    change: afterwards it is as it was, and threads of Python take turns."""
    import torch

    now()
    with _generator, torch.random.fork_rng(devices=[]):
        if seed is not None:
            torch.manual_seed(seed)
        yield


def describe() -> str:
    """One line for the start page."""
    if _too_late:
        return (
            "torch was loaded before course_utils, too late to say how its threads wait: it computes with one. Import "
            "course_utils first."
        )
    count, second = cores(), " (a second one while a core is idle)" if allowed() >= FEW else ""
    return f"{count} core{'s' if count > 1 else ''}; small networks take 1 thread{second}, large ones {allowed()}"


class Load(NamedTuple):
    """What the system has counted until now, in nanoseconds; NaN or 0 where it does not."""

    at: float
    ran: float  # the threads of this process
    waited: float  # they, for a processor
    busy: float  # the processors that this process may use, with whomever

    @classmethod
    def now(cls) -> "Load":
        ran = waited = 0
        for task in Path("/proc/self/task").glob("*/schedstat"):
            try:
                one, other = task.read_text().split()[:2]
                ran, waited = ran + int(one), waited + int(other)
            except (OSError, ValueError):  # a thread that has ended; a system that does not count
                continue
        return cls(time.monotonic_ns(), ran, waited, _busy())


def _busy() -> float:
    try:
        lines = Path("/proc/stat").read_text().splitlines()
        rows = {row[0]: row for row in map(str.split, lines) if row and row[0].startswith("cpu")}
        # a container may number them in its own way
        ours = [rows[f"cpu{i}"] for i in os.sched_getaffinity(0)]
        # user, nice, system, (idle, waiting for a disk), interrupts
        ticks = sum(int(row[i]) for row in ours for i in (1, 2, 3, 6, 7))
        return ticks * 1e9 / os.sysconf("SC_CLK_TCK")
    except (AttributeError, OSError, ValueError, IndexError, KeyError):  # another system
        return math.nan


class GnuPool:
    """Leads GNU's pool of threads (libgomp) between spinning and short waits, by what goes on in the machine.

    A thread of this pool waits for 300,000 rounds before it gives its core back, or for 100 while the pools of the
    process have more threads than it has processors. So a second, idle pool that is large enough makes all waits short,
    and its end makes them long again. Others compute when the threads of this process have to wait for a processor
    (``/proc/self/task/*/schedstat``). After such a moment, waits are short until two looks in a row found the machine
    quiet. One thread alone need not wait; whether there is room for a second tell the processors
    (``/proc/stat``).

    Source: ``do_spin`` in GCC's libgomp/config/linux/wait.h; ``gomp_managed_threads`` in team.c.
    """

    PERIOD = 0.25  # seconds between two looks
    CROWDED = 0.05  # share of waiting; measured: below 0.015 alone, 0.3 with a second process
    SPARE = 0.25  # of a core that others may have of the last one; a browser that draws now and then
    HALF = 0.5  # of a core: with more, large work is sooner done by one thread less
    LARGEST = 32  # processors: an idle pool must have more threads than these

    def __init__(self, load: Callable[[], Load] = Load.now) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._idle: tuple[threading.Thread, threading.Event] | None = None
        self._next = 0.0  # when to look again
        self._last = load()
        self._others = math.inf  # the cores that they kept busy between the last two looks
        self._quiet = 1  # looks in a row; the first one is at all that was since the process began

    @property
    def waits_shortly(self) -> bool:
        return self._idle is not None

    @staticmethod
    def can_be_led() -> bool:
        """Whether this process may use all the processors that the pool counts, and threads beyond them."""
        try:
            processors = len(os.sched_getaffinity(0))
        except AttributeError:  # not on macOS and Windows
            return False
        told = {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "OMP_THREAD_LIMIT", "OMP_DYNAMIC"} & set(os.environ)
        return not told and processors == cores() <= GnuPool.LARGEST

    @staticmethod
    @cache
    def libraries() -> tuple[ctypes.CDLL, ...]:
        """Torch's copy of the pool; all copies that are loaded, if none lies with torch; empty for another pool."""
        try:
            mapped = Path("/proc/self/maps").read_text().splitlines()
            paths = {line.split(maxsplit=5)[-1] for line in mapped if "libgomp" in line}
            return tuple(ctypes.CDLL(path) for path in {p for p in paths if "/torch/" in p} or paths)
        except OSError:  # another system; a torch that was replaced while it runs
            return ()

    def look(self) -> None:
        """Decide how to wait, at most four times a second."""
        now = time.monotonic()
        if now < self._next or not self._lock.acquire(blocking=False):
            return
        try:
            if not self._next and not (self.can_be_led() and self.libraries()):
                self._next = float("inf")
                return
            last, load = self._last, self._load()
            # less than none where a thread has ended
            ran, waited = load.ran - last.ran, load.waited - last.waited
            self._quiet = self._quiet + 1 if ran > 0 and waited < self.CROWDED * (ran + waited) else 0
            self._others = (load.busy - last.busy - ran) / max(1, load.at - last.at)
            self._next, self._last = now + self.PERIOD, load
            self._wait(shortly=self._quiet < 2)
        finally:
            self._lock.release()

    def has_room(self, count: int) -> bool:
        """Whether this process could compute with so many threads and take nobody's turn.

        Not where the others had clearly less than nothing: a processor was taken away with all that it had counted, or
        nobody counts.
        """
        self.look()
        return not self.waits_shortly and -self.SPARE <= self._others <= cores() - count + self.SPARE

    def left(self, count: int) -> int:
        """So many threads, or half of them, or a quarter, ..., so that they take nobody's turn; all, for a pool that
        cannot be led."""
        self.look()
        if self._next < math.inf:
            count = count // 2 if self.waits_shortly else count
            while count > 1 and self._others > cores() - count + self.HALF:
                count //= 2
        return max(1, count)

    def _wait(self, shortly: bool) -> None:
        if shortly and self._idle is None:
            # a team that does nothing: its function only returns a number
            teams = [(pool.GOMP_parallel, pool.omp_get_num_procs) for pool in self.libraries()]
            made, end = threading.Event(), threading.Event()

            def stay() -> None:
                for begin, nothing in teams:
                    begin(nothing, None, cores() + 1, 0)
                made.set()
                end.wait()

            thread = threading.Thread(target=stay, name="short waits", daemon=True)
            thread.start()
            self._idle = (thread, end)  # before Ctrl-C can come in between
            made.wait()
        elif not shortly and self._idle is not None:
            thread, end = self._idle
            end.set()
            thread.join()
            self._idle = None


_pool = GnuPool()


def _before_fork() -> None:
    """End the pool of the thread that forks; the next work makes a new one. The child would have the pool, without its
    threads, and wait for them for ever."""
    if "torch" in sys.modules:
        for pool in GnuPool.libraries():
            pool.omp_pause_resource_all(1)  # softly: what was set stays


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork)
    # else a child would wait for ever for a thread that was drawing in its parent
    release = _generator.release
    os.register_at_fork(before=_generator.acquire, after_in_parent=release, after_in_child=release)


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
