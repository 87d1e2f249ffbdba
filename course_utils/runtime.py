"""Where the course runs: device, seed, profile, folders, and what machine it is.

Three environment variables steer it, all optional:

    COURSE_DEVICE   "cuda", "cuda:1", "mps" or "cpu"; default: the fastest that is there
    COURSE_PROFILE  "quick" or "full"; default: "full" on cuda, "quick" elsewhere
    COURSE_DATA     the folder of downloaded things (mnist/, weights/); default: the repository's data/
"""

import json
import os
import platform
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from course_utils.checks import whole
from course_utils.files import write_json
from course_utils.memory import trim_memory as trim_memory  # its old place

if TYPE_CHECKING:  # torch takes a second to import; only the functions that need it pay for it
    import torch

REPOSITORY = Path(__file__).resolve().parents[1]


def device(prefer: "str | torch.device | None" = None) -> "torch.device":
    """The device to compute on: cuda, then mps, then cpu.

    Parameters
    ----------
    prefer : a device name such as ``"cuda"``, ``"cuda:1"``, ``"mps"``, ``"cpu"``, or None.
        None asks the environment variable ``COURSE_DEVICE``, and where that is unset too, the machine.

    Raises
    ------
    ValueError
        when the name is not a device this course knows.
    RuntimeError
        when the device is a known one but this machine or this build of torch does not have it.
    """
    import torch

    source = "COURSE_DEVICE" if prefer is None else "prefer"
    wanted = os.environ.get("COURSE_DEVICE", "").strip() if prefer is None else str(prefer)
    there = _available_devices()
    if not wanted:
        return torch.device(there[0])
    kind, _, index = wanted.partition(":")
    if kind not in ("cuda", "mps", "cpu") or (index and not index.isdigit()):
        raise ValueError(
            f'{source} is {wanted!r}, which is no device of this course. Give "cuda", "cuda:1", "mps" or "cpu", '
            "or leave it unset to take the fastest one."
        )
    if kind not in there:
        why = {
            "cuda": f"torch {torch.__version__} sees no NVIDIA GPU (no driver, no GPU, or a CPU build of torch)",
            "mps": "torch sees no Apple GPU here",
        }[kind]
        raise RuntimeError(
            f"{source} asks for {wanted!r}, but {why}. This machine has: {', '.join(there)}. "
            f'Unset {source} or set it to "{there[0]}".'
        )
    if index and int(index) >= (torch.cuda.device_count() if kind == "cuda" else 1):
        count = torch.cuda.device_count() if kind == "cuda" else 1
        raise RuntimeError(
            f"{source} asks for {wanted!r}, but this machine has {count} {kind} device(s), counted from 0. "
            f'Use "{kind}:0".'
        )
    return torch.device(wanted)


def _available_devices() -> list[str]:
    """The kinds of device that work here, fastest first; "cpu" is always the last."""
    import torch

    found = []
    if torch.cuda.is_available():
        found.append("cuda")
    if torch.backends.mps.is_available():
        found.append("mps")
    return [*found, "cpu"]


def seed_everything(seed: int) -> np.random.Generator:
    """Seed Python's, NumPy's and torch's global generators, and return a fresh NumPy one with that seed.

    For the first cell of a notebook. The package itself never draws from global generators: its functions
    take the generator they draw from.

    Raises
    ------
    ValueError
        when seed is not a whole number in [0, 2**32 - 1] (the range that all three accept).
    """
    import torch

    seed = whole("seed", seed, 0, 2**32 - 1, "such as 0 or 1234")
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - third-party code in a notebook may still draw from it
    torch.manual_seed(seed)
    return np.random.default_rng(seed)


def profile() -> Literal["quick", "full"]:
    """How much to compute: "quick" for a laptop in class, "full" for a GPU.

    ``COURSE_PROFILE`` decides; unset, it is "full" where :func:`device` is a CUDA GPU and "quick" elsewhere.

    Raises
    ------
    ValueError
        when ``COURSE_PROFILE`` is neither.
    """
    wanted = os.environ.get("COURSE_PROFILE", "").strip()
    if wanted == "quick":
        return "quick"
    if wanted == "full":
        return "full"
    if wanted:
        raise ValueError(f'COURSE_PROFILE is {wanted!r}; it must be "quick" or "full", or unset.')
    return "full" if device().type == "cuda" else "quick"


def data_dir() -> Path:
    """The folder of downloaded things (``mnist/``, ``weights/``): ``COURSE_DATA``, else the repository's data/."""
    wanted = os.environ.get("COURSE_DATA", "").strip()
    return Path(wanted).expanduser().resolve() if wanted else REPOSITORY / "data"


def shipped(name: str) -> Path:
    """The path of a file that ships in the repository's ``data/`` (pictures, recorded runs, checkpoints).

    It does not depend on ``COURSE_DATA``: what ships is always found beside the package.

    Raises
    ------
    FileNotFoundError
        when there is no such file, with the likely reason.
    """
    path = REPOSITORY / "data" / name
    if not path.exists():
        raise FileNotFoundError(
            f"{name!r} should ship with the course, but {path} does not exist. Either the name is misspelt, "
            "or course_utils was installed without its repository: run `make lab` (or `pip install -e .`) in a clone."
        )
    return path


def load_results(name: str) -> Any:
    """What a script of ``benchmarks/`` has measured and stored in ``data/measured/NAME.json``, with machine and date.

    Raises
    ------
    FileNotFoundError
        as :func:`shipped`.
    """
    return json.loads(shipped(f"measured/{name}.json").read_text())


def store_results(name: str, results: Any) -> None:
    """Store what a script of ``benchmarks/`` has measured, plain values, for :func:`load_results`."""
    write_json(REPOSITORY / f"data/measured/{name}.json", results)


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
