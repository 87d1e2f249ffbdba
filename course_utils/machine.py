"""Where and with what we compute, for recordings and measurements."""

import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np


def describe_machine(device: str = "cpu") -> dict[str, Any]:
    """Where and with what we compute: processor, threads, device, versions and today's date.

    Torch is asked where it has been imported already, never imported for this.
    """
    torch = sys.modules.get("torch")
    about = {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "device": str(device),
        "date": time.strftime("%Y-%m-%d"),
    }
    if torch is not None:
        about |= {"torch": torch.__version__, "threads": torch.get_num_threads()}
        if str(device).startswith("cuda"):
            about["device"] = torch.cuda.get_device_name(device)
    return about


def _cpu_name() -> str:
    try:
        if sys.platform == "darwin":
            ask = ["sysctl", "-n", "machdep.cpu.brand_string"]
            return subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration, subprocess.SubprocessError):  # Windows, and ARM boards that do not say
        return platform.processor() or platform.machine()
