"""Writing files so that there is never half of one, and that none is lost."""

import json
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
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
    OSError
        when it cannot be written: a device or a pipe; a disk that is full, or a network's that says so at the end only.
    """
    path = _with_folder(path)
    # Not tempfile: its files are readable by their owner only, and the name would inherit that.
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        part.touch()
        mode = stat.S_IMODE(part.stat().st_mode)
        part.unlink()
        yield part
        if stat.S_IMODE(part.stat().st_mode) != mode:  # some disks refuse even what changes nothing
            part.chmod(mode)  # a writer has put a file of tempfile's there, as safetensors does
        with part.open("rb+") as file:
            os.fsync(file.fileno())  # else a crash soon after could leave the name to an empty file
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def taking(candidates: Iterable[str | os.PathLike[str]]) -> Iterator[Path]:
    """The first of these names that is free, taken at once: another kernel that asks in the meantime gets the next one.

        with taking(f"picture_{n}.png" for n in itertools.count(1)) as path:
            save_picture(image, path)

    An error in the block gives the name back.

    Raises
    ------
    NotADirectoryError
        as :func:`replacing`.
    FileExistsError
        when all of them are taken.
    """
    for candidate in candidates:
        path = Path(candidate).expanduser()
        try:
            _with_folder(path).touch(exist_ok=False)
            break
        except (FileExistsError, IsADirectoryError):
            continue
    else:
        raise FileExistsError("all of these names are taken by other files.")
    try:
        yield path
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def write_json(path: str | os.PathLike[str], values: Any) -> None:
    """Write plain values as JSON, in one go."""
    with replacing(path) as part:
        part.write_text(json.dumps(values, indent=1) + "\n")


def _with_folder(path: str | os.PathLike[str]) -> Path:
    """Where a file will be, its folder made."""
    path = Path(path).expanduser().resolve()
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; give the name of a file in it.")
    if path.exists() and not path.is_file():  # root, as in a container, would replace /dev/null for everybody
        raise FileExistsError(f"{path} is a device or a pipe, and no file; give another name.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        file = next(parent for parent in path.parents if parent.exists())
        raise NotADirectoryError(
            f"{path} cannot be written, because {file} is a file and no folder."
        ) from error
    return path
