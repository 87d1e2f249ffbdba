"""Verified downloads: a file appears under its name only when its content is known to be right."""

import hashlib
import os
import stat
import threading
import time
import warnings
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

DEADLINE = 8.0  # seconds for all mirrors together to answer at all, name look-up included
STALL = 15.0  # seconds without a byte after which a transfer is given up
PIECE = 2**20  # bytes that are read at a time
GZIP = 16 + zlib.MAX_WBITS  # how zlib is told to expect gzip's header and check sum
_intact: set[tuple[object, ...]] = set()  # files found intact, as they were then


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
    content: bytearray | None = None,
) -> Path:
    """Find ``name`` (or ``name.gz``) in folder or under a path of ``also``, or else download it into folder.

    Mirrors are tried in their order. A damaged file is named in a warning, and moved aside once a good one is there.

    Parameters
    ----------
    name, folder : the plain file name, without .gz, and the folder (created when something is downloaded).
    sha256 : of the *uncompressed* content, so that a file may lie there plain or gzipped, by whatever program; or how
        that hash begins (PyTorch's weights carry 8 digits in their names).
    urls : the mirrors' addresses of this file, plain or gzipped, the preferred one first.
    download : False never touches the network.
    advice : a line for the error's reader, below its message.
    also : where else the file may lie and how it may be called there, plain or with .gz.
    content : takes up the uncompressed content of a file at hand that had to be read, to check it; others leave it
        empty, and one that was found intact before and is as it was.

    Raises
    ------
    DataUnavailable
        when the file is not there and no mirror delivers it; the message has each mirror's reason.
    OSError
        when a mirror answers but the folder cannot be written.
    """
    target, failures = Path(folder, name), dict[str, str]()
    found, wrong = _find([target, *also], sha256, content)
    for path, why in wrong.items():
        warnings.warn(f"{path} {why} and is not used.", stacklevel=2)
    if found is not None:
        return found
    # Answers come before the folder and its lock: a dead network is recognised in time even where others queue up.
    for url in _answering(urls, failures) if download else ():
        if isinstance(outcome := _deliver(url, target, sha256), Path):
            return outcome
        failures[url] = outcome
    local = " and ".join(f"{path} {why}" for path, why in wrong.items()) or f"{name} is not in {folder}"
    why = "; ".join(f"{urlsplit(url).netloc}: {said}" for url, said in failures.items()) or "no mirror given"
    network = f"cannot be downloaded now ({why})" if download else "downloading is switched off"
    raise DataUnavailable(f"{local}, and {network}.\n{advice}".rstrip())


def read_plain(path: Path) -> Iterator[bytes]:
    """The uncompressed content of a file, gzipped or not, piece by piece; sooner than gzip.open has it.

    Raises
    ------
    zlib.error, EOFError
        for a gzipped file that is damaged or cut short.
    """
    zipped = _is_gzipped(path)
    with path.open("rb") as file:
        if not zipped:
            yield from iter(partial(file.read, PIECE), b"")
            return
        unpack = zlib.decompressobj(GZIP)
        while packed := file.read(PIECE // 8):
            # A file may have several parts, one after the other, and zeros behind them.
            while packed := packed.lstrip(b"\0") if unpack.eof else packed:
                unpack = zlib.decompressobj(GZIP) if unpack.eof else unpack
                yield unpack.decompress(packed)
                packed = unpack.unused_data
        if not unpack.eof:
            raise EOFError(f"{path} is cut short.")


def is_intact(path: Path, sha256: str, content: bytearray | None = None) -> bool:
    """Does the SHA-256 of the file's uncompressed content begin with these hexadecimal digits?

    A file that has been found intact, and not been written to since, is not read again. Of one that is read,
    ``content`` takes up the content where it is intact.
    """
    now = path.stat()
    state = str(path.absolute()), now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, sha256
    if state in _intact:
        return True
    digest = hashlib.sha256()
    with suppress(EOFError, zlib.error):  # errors of the disk pass through
        with ThreadPoolExecutor(1) as beside:  # one piece is hashed while the next is unpacked
            hashed = beside.submit(digest.update, b"")
            for piece in read_plain(path):
                hashed.result()
                hashed = beside.submit(digest.update, piece)
                if content is not None:
                    content += piece
        if digest.hexdigest().startswith(sha256):
            _intact.add(state)
            return True
    if content is not None:
        content.clear()
    return False


def _is_gzipped(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _find(
    targets: Iterable[Path], sha256: str, content: bytearray | None = None
) -> tuple[Path | None, dict[Path, str]]:
    """The first good file, plain before gzipped; and what is wrong with those that were met on the way."""
    wrong: dict[Path, str] = {}
    for path in dict.fromkeys(Path(f"{target}{suffix}") for target in targets for suffix in ("", ".gz")):
        try:
            if stat.S_ISREG(path.stat().st_mode):  # is_file() hides from 3.14 on what is closed
                if is_intact(path, sha256, content):
                    return path, wrong
                wrong[path] = "is damaged (not the expected content)"
        except (FileNotFoundError, NotADirectoryError):
            pass
        except PermissionError:
            closed = next((f for f in reversed(path.parents) if not os.access(f, os.X_OK)), path)
            wrong[closed] = "cannot be read (no permission)"
    return None, wrong


def _answering(urls: Sequence[str], failures: dict[str, str]) -> Iterator[str]:
    """The urls that answer well, in the given order; failures has why the others do not.

    All are asked at once, in threads, because a name look-up heeds no time limit and each of a host's addresses has its
    own. They are daemons, so that one that hangs does not hold up the end of the program.
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
            yield url
        except (requests.RequestException, TimeoutError) as error:
            failures[url] = _reason(error)


def _deliver(url: str, target: Path, sha256: str) -> Path | str:
    """The file, from url unless another process was quicker; or in a few words why there is none."""
    import requests
    from filelock import FileLock
    from tqdm import tqdm

    part = Path(f"{target}.part")  # whoever holds the lock may write over what a killed run has left
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{target}.lock"):
            found, wrong = _find([target], sha256)
            if found is not None:
                return found
            try:
                with requests.get(url, stream=True, timeout=STALL) as response, part.open("wb") as file:
                    response.raise_for_status()
                    total = int(response.headers.get("Content-Length", 0)) or None
                    with tqdm(total=total, desc=target.name, unit="B", unit_scale=True) as bar:
                        for piece in response.iter_content(1 << 16):
                            file.write(piece)
                            bar.update(response.raw.tell() - bar.n)  # over the line, where requests unpacks
                if not is_intact(part, sha256):
                    return "sent wrong bytes"
                for path in wrong:
                    path.replace(f"{path}.damaged")
                return part.replace(f"{target}.gz" if _is_gzipped(part) else target)
            finally:
                part.unlink(missing_ok=True)
    except requests.RequestException as error:
        return _reason(error)
    except OSError as error:  # no right to write there, a disk that is full
        why = f"{target.name} should be saved in {target.parent}, but: {error.strerror or error}."
        raise type(error)(f"{why} Set COURSE_DATA to a folder of your own, or make room there.") from error


def _reason(error: Exception) -> str:
    """Why a mirror failed, in a few words."""
    if (response := getattr(error, "response", None)) is not None:
        return f"answered {response.status_code}"
    words = {"ProxyError": "the proxy cannot be reached", "SSLError": "no secure connection"}
    return words.get(type(error).__name__, "connection failed")
