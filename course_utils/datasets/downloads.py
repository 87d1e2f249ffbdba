"""Verified downloads: a file appears under its name only when its content is known to be right.

The one entry is ``fetch(name, folder, sha256=..., urls=...)``: find the file, or download it. Finding needs neither a
lock nor write access.
"""

import errno
import os
import queue
import re
import sys
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from course_utils.datasets.verification import DamagedFile, is_gzipped, read_verified, verify

__all__ = ["DamagedFile", "DataUnavailable", "fetch", "read_verified", "verify"]

T = TypeVar("T")

CHUNK = 1 << 16  # bytes
SETTLE = 2.0  # seconds after which we no longer wait for slower mirrors, once one has answered well


class DataUnavailable(RuntimeError):
    """A file is neither at hand (or damaged) nor can it be downloaded now; the message says what to do."""


def fetch(
    name: str,
    folder: str | Path,
    *,
    sha256: str,
    urls: Sequence[str],
    download: bool = True,
    read: Callable[[Path, str], T] = verify,
    advice: str = "",
    deadline: float = 8.0,
    stall: float = 15.0,
) -> T:
    """Find ``name`` (or ``name.gz``) in folder, or else download it there from the first mirror that works.

    All mirrors are asked at once; those that answer are tried in the given order, and one that fails in any
    way (an error status, a body that stalls, is cut short or has wrong bytes) makes room for the next. A
    transfer goes to a temporary ``*.part`` file that takes its name only after the check. A damaged local
    file is named in a warning, and moved aside as ``*.damaged`` once its replacement has arrived.

    Parameters
    ----------
    name, folder : the plain file name, without .gz, and the folder (created when something is downloaded).
    sha256 : of the uncompressed content; at least its first 8 hexadecimal digits.
    urls : the mirrors' addresses of this file, plain or gzipped, the preferred one first.
    download : False never touches the network.
    read : what to return: :func:`verify` the path, :func:`read_verified` the uncompressed bytes.
    advice : a line for the error's reader, below its message.
    deadline : seconds for all mirrors together to answer at all (name look-up included).
    stall : seconds without a byte after which a transfer is given up.

    Raises
    ------
    DataUnavailable
        when the file is not there and no mirror delivers it; the message has each mirror's reason.
    PermissionError
        when a mirror answers but the folder cannot be written.
    """
    if not re.fullmatch("[0-9a-f]{8,64}", sha256):
        raise ValueError(f"sha256 must be 8 to 64 lower-case hexadecimal digits; got {sha256!r}.")
    folder = Path(folder)
    found, damaged = _look(name, folder, sha256, read)
    for path in damaged:
        warnings.warn(f"{path} is damaged (not the expected content) and is not used.", stacklevel=2)
    if found is not None:
        return found

    failures: dict[str, str] = {}
    mirrors = _responding(urls if download else (), deadline, failures)
    # The first answer comes before the lock: a dead network must be recognised in time even when
    # other processes queue up, and in a folder that can only be read.
    first = next(mirrors, None)
    if first is not None:
        with _locked(name, folder):
            found, damaged = _look(name, folder, sha256, read)  # another process may have been quicker
            if found is None:
                path = _download(name, folder, sha256, chain([first], mirrors), damaged, stall, failures)
                found = path and read(path, sha256)
        if found is not None:
            return found

    local = f"{' and '.join(map(str, damaged))} is damaged" if damaged else f"{name} is not in {folder}"
    reasons = "; ".join(f"{urlsplit(url).netloc}: {failures[url]}" for url in urls if url in failures)
    state = (
        f"cannot be downloaded now ({reasons or 'no mirror given'})"
        if download
        else "downloading is switched off"
    )
    raise DataUnavailable(f"{local}, and {state}.\n{advice}".rstrip())


def _look(
    name: str, folder: Path, sha256: str, read: Callable[[Path, str], T]
) -> tuple[T | None, list[Path]]:
    """What read makes of the first good file, plain before gzipped; and the damaged files met on the way."""
    damaged = []
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            try:
                return read(path, sha256), damaged
            except DamagedFile:
                damaged.append(path)
    return None, damaged


def _responding(urls: Sequence[str], deadline: float, failures: dict[str, str]) -> Iterator[str]:
    """Ask all urls at once and yield those that answer well, in the given order; note why others do not.

    Threads, because a name look-up cannot be given a time limit; daemons, so that one that hangs holds
    nobody up. Mirrors that answer only after SETTLE seconds, when another is good, are yielded at the end.
    """
    import requests

    answers: queue.SimpleQueue[tuple[str, Exception | None]] = queue.SimpleQueue()

    def ask(url: str) -> None:
        try:
            # GET for one byte: some servers refuse HEAD, or answer it differently.
            with requests.get(url, headers={"Range": "bytes=0-0"}, stream=True, timeout=deadline) as response:
                response.raise_for_status()
            answers.put((url, None))
        except Exception as error:
            answers.put((url, error))

    start = time.monotonic()
    waiting = list(dict.fromkeys(urls))
    for url in waiting:
        threading.Thread(target=ask, args=(url,), daemon=True).start()
    while waiting:
        ready = []
        while waiting:
            limit = min(SETTLE, deadline) if ready else deadline
            try:
                url, error = answers.get(timeout=max(0.0, start + limit - time.monotonic()))
            except queue.Empty:
                break
            waiting.remove(url)
            if error is None:
                ready.append(url)
            elif isinstance(error, requests.RequestException):
                failures[url] = _reason(error)
            else:
                raise error
        if not ready:
            failures.update((url, f"no answer within {deadline:g} s") for url in waiting)
            return
        yield from sorted(ready, key=urls.index)


def _download(
    name: str,
    folder: Path,
    sha256: str,
    urls: Iterable[str],
    damaged: list[Path],
    stall: float,
    failures: dict[str, str],
) -> Path | None:
    """The path of the new file from the first of urls that delivers, or None. The caller holds the lock."""
    from requests import RequestException

    for stale in folder.glob(f"{name}.*.part"):  # of a run that was killed, since we hold the lock
        stale.unlink()
    for url in urls:
        # Not tempfile: its files are readable by their owner only, and the name would inherit that.
        part = folder / f"{name}.{uuid.uuid4().hex}.part"
        try:
            _transfer(url, part, name, stall)
            verify(part, sha256)
            return _install(part, folder / name, damaged)
        except (RequestException, DamagedFile) as error:
            failures[url] = _reason(error)
        finally:
            part.unlink(missing_ok=True)
    return None


@contextmanager
def _locked(name: str, folder: Path) -> Iterator[None]:
    """Hold the lock between processes that fetch the same file."""
    import filelock

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / f"{name}.lock")
        try:
            lock.acquire(timeout=1)
        except filelock.Timeout:
            print(f"Another process is fetching {name}; waiting for it.", file=sys.stderr)
            lock.acquire()
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        raise PermissionError(
            f"{name} should be saved in {folder}, but this account may not write there. "
            "Set COURSE_DATA to a folder of your own, or ask for permission."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _transfer(url: str, path: Path, label: str, stall: float) -> None:
    """Download url to path behind a progress bar."""
    import pooch
    from tqdm import tqdm

    # pooch sets the real total; it asks the bar's truth value first, which is false for a total of 0.
    with tqdm(total=1, desc=label, unit="B", unit_scale=True) as bar:
        pooch.HTTPDownloader(progressbar=bar, chunk_size=CHUNK, timeout=stall)(url, path, None)


def _install(part: Path, target: Path, damaged: list[Path]) -> Path:
    """Move the damaged files aside and give part its name: with .gz exactly when it is gzipped."""
    for path in damaged:
        aside = path.with_name(f"{path.name}.damaged")
        number = 1
        while aside.exists():
            number += 1
            aside = path.with_name(f"{path.name}.{number}.damaged")
        path.rename(aside)
    final = target.with_name(f"{target.name}.gz") if is_gzipped(part) else target
    os.replace(part, final)
    return final


def _reason(error: Exception) -> str:
    """Why a mirror failed, in a few words."""
    import requests
    from urllib3.exceptions import ReadTimeoutError

    match error:
        case DamagedFile():
            return "sent wrong bytes"
        case requests.HTTPError():
            return f"answered {error.response.status_code}"
        case requests.exceptions.ProxyError():
            return "the proxy cannot be reached"
        case requests.exceptions.SSLError():
            return "no secure connection"
        # requests reports a body that stalls as a ConnectionError around this
        case requests.Timeout() | requests.ConnectionError(args=(ReadTimeoutError(),)):
            return "stopped answering"
        case requests.exceptions.ChunkedEncodingError():
            return "broke off"
        case requests.ConnectionError():
            return "no connection"
    return f"{type(error).__name__}: {error}"
