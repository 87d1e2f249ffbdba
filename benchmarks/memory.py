"""The resident memory of this process."""

import sys
from pathlib import Path


def resident(field: str = "VmHWM") -> float:
    """In MB, now ("VmRSS") or at most so far ("VmHWM"); where there is no /proc, the latter for both.

    On Linux not by getrusage, whose peak a process inherits from the one that started it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith(field))
        return int(line.split()[1]) * 1024 / 1e6
    import resource  # not on Windows

    # macOS counts bytes, the others kilobytes
    return (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
    )
