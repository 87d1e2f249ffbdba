"""What a student has solved, tried and guessed: one small JSON file on this machine, and nothing sent anywhere.

It is ``progress.json`` beside the course, or what the environment variable ``COURSE_PROGRESS`` names. Several notebooks
may write at once. A file that cannot be read is put aside as ``progress.json.damaged``, and a new one is begun; where
nothing can be written (a shared installation), the exercises work without it.
"""

import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from course_utils.files import write_json
from course_utils.runtime import REPOSITORY

PATIENCE = 10.0  # seconds that one kernel waits for another
Record = dict[str, dict[str, Any]]  # id of a task or a prediction -> what is known of it


def path() -> Path:
    """Where the progress is kept."""
    named = os.environ.get("COURSE_PROGRESS", "").strip()
    return Path(named).expanduser() if named else REPOSITORY / "progress.json"


def read() -> Record:
    """What is known; nothing where there is no file or a damaged one."""
    try:
        found = json.loads(path().read_text())
    except (OSError, ValueError):
        return {}
    sound = isinstance(found, dict) and all(isinstance(entry, dict) for entry in found.values())
    return found if sound else {}


def change(how: Callable[[Record], None]) -> None:
    """Change what is known, in one go, after whatever another kernel is writing."""
    file = path()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{file}.lock", timeout=PATIENCE):
            record = read()
            if not record and file.exists() and file.read_bytes().strip() not in (b"", b"{}"):
                os.replace(file, f"{file}.damaged")
                warnings.warn(f"{file} was damaged; it is kept as {file.name}.damaged.", stacklevel=3)
            how(record)
            write_json(file, record)
    except (OSError, Timeout) as error:
        warnings.warn(
            f"Your progress was not noted ({error}). COURSE_PROGRESS may name another file.", stacklevel=3
        )
