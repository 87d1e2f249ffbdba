"""Freed memory, given back to the system.

Large tensors that come and go between small ones leave holes that glibc rarely fills and never gives back: a loop over
16 MB at a time can end with 300 MB of them, and a lesson's kernel would keep up to half of its size for nothing. So in
a notebook they are given back after every cell.
"""

import ctypes
import sys
from contextlib import suppress


def trim_memory(*_: object) -> None:
    """Give back what the C library holds of freed memory, in some milliseconds; nothing where it has no such call (only
    glibc)."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def trim_after_cells() -> None:
    """In a kernel of IPython, trim after every cell from now on; elsewhere, nothing."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None:
        shell.events.register("post_run_cell", trim_memory)
