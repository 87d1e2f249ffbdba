"""Writing files so that there is never half of one."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write to the path that this gives; at the end of the block, the file takes its name, in one go.

        with replacing("run.json") as part:
            part.write_text(...)

    An error or Ctrl-C in the block leaves the old file as it was, and nothing beside it. A ``~`` is expanded, and
    missing folders are made. Where ``path`` is a link, the file that it leads to is replaced, as ``open(path, "w")``
    would.

    Raises
    ------
    IsADirectoryError, NotADirectoryError
        when ``path`` is a folder, or a part of it that should be a folder is a file.
    """
    path = Path(path).expanduser().resolve()
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file in it.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        file = next(parent for parent in path.parents if parent.exists())
        raise NotADirectoryError(
            f"{path} cannot be written, because {file} is a file and no folder."
        ) from error
    # Not tempfile: its files are readable by their owner only, and the name would inherit that.
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_json(path: str | os.PathLike[str], values: Any) -> None:
    """Write plain values as JSON, in one go."""
    with replacing(path) as part:
        part.write_text(json.dumps(values, indent=1) + "\n")
