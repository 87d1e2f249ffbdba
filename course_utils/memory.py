"""Freed memory, given back to the system.

Large tensors that come and go between small ones leave holes that glibc rarely fills and never gives back: a loop over
16 MB at a time can end with 300 MB of them, and a lesson's kernel would keep up to half of its size for nothing. So
large blocks are kept apart from the start, and in a notebook the rest is given back after every cell.
"""

import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

# glibc's numbers of its parameters, the variables that set them, and our values in bytes. Left alone, glibc learns from
# what is freed to keep blocks of up to 32 MB in its heap. (Setting one of the two stops that; then the other must fit.)
# A block of the first size is a map of its own, and goes when it is freed; as much as the second may be free at the
# heap's end, so that less is asked for over and over.
PARAMETERS = {-3: ("MALLOC_MMAP_THRESHOLD_", 8 << 20), -1: ("MALLOC_TRIM_THRESHOLD_", 64 << 20)}

MANY = 100_000  # new objects between two searches for cycles (else 700): torch, scipy.stats and matplotlib make 250,000


def settle() -> None:
    """Set how glibc treats large blocks, unless the environment says so; and in a kernel of IPython, trim after every
    cell from now on, and search less for reference cycles in this one, which imports. Elsewhere, nothing."""
    if not any(variable in os.environ for variable, _ in PARAMETERS.values()):
        with suppress(AttributeError, OSError, TypeError):
            for parameter, (_, size) in PARAMETERS.items():
                ctypes.CDLL(None).mallopt(parameter, size)
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None:
        shell.events.register("post_run_cell", trim_memory)
        _spare_this_cell(shell.events)


def _spare_this_cell(events: Any) -> None:
    """Until the cell is over, let Python search for reference cycles seldom: all that imports make stays, and to look
    through it again and again takes a third of a second. Then as before, and past all that exists: unless an app is
    among it, which is to go when its cell is run again."""
    usual = gc.get_threshold()

    def over(*_: object) -> None:
        events.unregister("post_run_cell", over)
        gc.set_threshold(*usual)
        if "course_utils.apps" not in sys.modules:
            gc.freeze()

    gc.set_threshold(MANY, *usual[1:])
    events.register("post_run_cell", over)


@contextmanager
def imports() -> Iterator[None]:
    """What is imported meanwhile stays: no search for reference cycles now, and the first time, let all later ones pass
    over all that exists. With torch, matplotlib and widgets these are 350,000 objects: to look through them takes a
    fifth of a second, in the middle of somebody's drag, each time that an app has made new panels."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
        _pass_over()
    finally:
        if on:
            gc.enable()


_pass_over = cache(gc.freeze)  # once: what an app has made is to go with it


def trim_memory(*_: object) -> None:
    """Give back what the C library holds of freed memory, in some milliseconds; nothing where it has no such call (only
    glibc)."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
