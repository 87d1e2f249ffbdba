"""Is a file's content what it should be?

Hashes are those of the *uncompressed* content, so a file may lie there plain or gzipped, by whatever program, and
still be recognised.
"""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GZIP_MAGIC = b"\x1f\x8b"
CHUNK = 1 << 16  # bytes


class DamagedFile(ValueError):
    """A file's uncompressed content is not the expected one: cut short, altered, or another file."""


def verify(path: str | Path, sha256: str) -> Path:
    """Return path when the file's uncompressed content has this SHA-256; reads in pieces, whatever the size.

    Parameters
    ----------
    path : a file; it counts as compressed when it starts with gzip's two magic bytes.
    sha256 : the hash in hexadecimal, or its first digits (at least 8: PyTorch's weight files carry 8 in
        their names).

    Raises
    ------
    DamagedFile
        when the content is another one, or cannot be uncompressed.
    """
    path = Path(path)
    digest = hashlib.sha256()
    with _naming(path), gzip.open(path) if is_gzipped(path) else path.open("rb") as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
    _compare(path, digest.hexdigest(), sha256)
    return path


def read_verified(path: str | Path, sha256: str) -> bytes:
    """The file's uncompressed content, checked like :func:`verify` but read only once."""
    path = Path(path)
    content = path.read_bytes()
    with _naming(path):
        content = gzip.decompress(content) if content.startswith(GZIP_MAGIC) else content
    _compare(path, hashlib.sha256(content).hexdigest(), sha256)
    return content


def is_gzipped(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(GZIP_MAGIC)) == GZIP_MAGIC


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turn what gzip raises for a broken stream into DamagedFile; errors of the disk pass through."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DamagedFile(f"{path} cannot be uncompressed: {error}.") from error


def _compare(path: Path, digest: str, sha256: str) -> None:
    if not digest.startswith(sha256):
        raise DamagedFile(f"{path} has other content than expected: SHA-256 {digest}, not {sha256}.")
