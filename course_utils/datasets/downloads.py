"""Verified downloads: a file appears under its name only when its content is known to be right.

Hashes are those of the *uncompressed* content, so a file may lie there plain or gzipped, by whatever program, and still
be recognised.
"""

import errno
import gzip
import hashlib
import threading
import time
import warnings
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from io import BufferedReader
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

DEADLINE = 8.0  # seconds for all mirrors together to answer at all, name look-up included
STALL = 15.0  # seconds without a byte after which a transfer is given up


class DataUnavailable(RuntimeError):
    """A file is neither at hand (or damaged) nor can it be downloaded now; the message says what to do."""


def fetch(
    name: str,
    folder: str | Path,
    *,
    sha256: str,
    urls: Sequence[str],
    download: bool = True,
    advice: str = "",
    also: Iterable[Path] = (),
) -> Path:
    """Find ``name`` (or ``name.gz``) in folder or under a path of ``also``, or else download it into folder.

    Mirrors are tried in the given order until one works, and one that fails in any way (an error status, a body that
    stalls, is cut short or has wrong bytes) makes room for the next. A damaged local file is named in a warning, and
    moved aside as ``*.damaged`` once its replacement has arrived.

    Parameters
    ----------
    name, folder : the plain file name, without .gz, and the folder (created when something is downloaded).
    sha256 : of the uncompressed content, or how it begins (PyTorch's weights carry 8 digits in their names).
    urls : the mirrors' addresses of this file, plain or gzipped, the preferred one first.
    download : False never touches the network.
    advice : a line for the error's reader, below its message.
    also : where else the file may lie and how it may be called there, plain or with .gz.

    Raises
    ------
    DataUnavailable
        when the file is not there and no mirror delivers it; the message has each mirror's reason.
    PermissionError
        when a mirror answers but the folder cannot be written.
    """
    target, failures = Path(folder, name), dict[str, str]()
    found, damaged = _find([target, *also], sha256)
    for path in damaged:
        warnings.warn(f"{path} is damaged (not the expected content) and is not used.", stacklevel=2)
    if found is None and download:
        mirrors = _answering(urls, failures)
        # The first answer comes before the folder and its lock: a dead network must be recognised in time even where
        # other processes queue up, and where nothing can be written.
        if (first := next(mirrors, None)) is not None:
            found = _download(target, sha256, chain([first], mirrors), failures)
    if found is not None:
        return found
    local = f"{' and '.join(map(str, damaged))} is damaged" if damaged else f"{name} is not in {folder}"
    reasons = "; ".join(f"{urlsplit(url).netloc}: {reason}" for url, reason in failures.items())
    network = f"cannot be downloaded now ({reasons or 'no mirror given'})"
    network = network if download else "downloading is switched off"
    raise DataUnavailable(f"{local}, and {network}.\n{advice}".rstrip())


def open_plain(path: Path) -> gzip.GzipFile | BufferedReader:
    """Open a file, gzipped or not, to read its uncompressed content."""
    return gzip.open(path) if _is_gzipped(path) else path.open("rb")


def is_intact(path: Path, sha256: str) -> bool:
    """Does the SHA-256 of the file's uncompressed content begin with these hexadecimal digits?"""
    try:
        with open_plain(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest().startswith(sha256)
    except (gzip.BadGzipFile, EOFError, zlib.error):  # errors of the disk pass through
        return False


def _is_gzipped(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _add(suffix: str, path: Path) -> Path:
    return path.with_name(path.name + suffix)


def _find(targets: Iterable[Path], sha256: str) -> tuple[Path | None, list[Path]]:
    """The first good file, plain before gzipped; and the damaged files met on the way."""
    damaged: list[Path] = []
    paths = dict.fromkeys(path for target in targets for path in (target, _add(".gz", target)))
    for path in filter(Path.is_file, paths):
        if is_intact(path, sha256):
            return path, damaged
        damaged.append(path)
    return None, damaged


def _answering(urls: Sequence[str], failures: dict[str, str]) -> Iterator[str]:
    """The urls that answer well, in the given order; failures has why the others do not.

    All are asked at once, in threads: a name look-up heeds no time limit, and each of a host's addresses has one of its
    own. The threads are daemons, so that one that hangs does not hold up the end of the program.
    """
    import requests

    def ask(url: str, answer: Future[None]) -> None:
        try:
            # GET for one byte: some servers refuse HEAD, or answer it differently.
            with requests.get(url, headers={"Range": "bytes=0-0"}, stream=True, timeout=DEADLINE) as response:
                response.raise_for_status()
            answer.set_result(None)
        except Exception as error:
            answer.set_exception(error)

    end, answers = time.monotonic() + DEADLINE, {url: Future[None]() for url in urls}
    for question in answers.items():
        threading.Thread(target=ask, args=question, daemon=True).start()
    for url, answer in answers.items():
        try:
            answer.result(max(0.0, end - time.monotonic()))
        except (requests.RequestException, TimeoutError) as error:
            failures[url] = _reason(error)
        else:
            yield url


def _download(target: Path, sha256: str, urls: Iterable[str], failures: dict[str, str]) -> Path | None:
    """The file, from the first of urls that delivers, unless another process was quicker."""
    import filelock

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(_add(".lock", target)):
            found, damaged = _find([target], sha256)
            return found or _first_delivery(target, sha256, urls, damaged, failures)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        raise PermissionError(
            f"{target.name} should be saved in {target.parent}, but this account may not write there. "
            "Set COURSE_DATA to a folder of your own, or ask for permission."
        ) from error


def _first_delivery(
    target: Path, sha256: str, urls: Iterable[str], damaged: list[Path], failures: dict[str, str]
) -> Path | None:
    import requests

    part = _add(".part", target)  # whoever holds the lock may write over what a killed run has left
    try:
        for url in urls:
            try:
                _transfer(url, part, target.name)
            except requests.RequestException as error:
                failures[url] = _reason(error)
                continue
            if is_intact(part, sha256):
                for path in damaged:
                    aside = path
                    while aside.exists():
                        aside = _add(".damaged", aside)
                    path.rename(aside)
                return part.replace(_add(".gz", target) if _is_gzipped(part) else target)
            failures[url] = "sent wrong bytes"
    finally:
        part.unlink(missing_ok=True)
    return None


def _transfer(url: str, path: Path, label: str) -> None:
    """Download url to path behind a progress bar."""
    import requests
    from tqdm import tqdm

    with requests.get(url, stream=True, timeout=STALL) as response, path.open("wb") as file:
        response.raise_for_status()
        total = int(response.headers.get("Content-Length", 0)) or None
        with tqdm(total=total, desc=label, unit="B", unit_scale=True) as bar:
            for piece in response.iter_content(1 << 16):
                file.write(piece)
                # what came over the line, where requests also unpacks it
                bar.update(response.raw.tell() - bar.n)


def _reason(error: Exception) -> str:
    """Why a mirror failed, in a few words."""
    if (response := getattr(error, "response", None)) is not None:
        return f"answered {response.status_code}"
    words = {"ProxyError": "the proxy cannot be reached", "SSLError": "no secure connection"}
    return words.get(type(error).__name__, "connection failed")
