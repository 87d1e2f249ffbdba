"""Pictures of handwritten digits: MNIST, and a stand-in that needs no network.

    load_images()            MNIST where it is at hand or can be downloaded, else the stand-in
    load_mnist("train")      MNIST or an error that says what to do
    load_digits_stand_in()   scikit-learn's small digits in MNIST's format

MNIST: Y. LeCun, C. Cortes, C. J. C. Burges (CC BY-SA 3.0). Its four files live in ``mnist/`` in the folder
that ``COURSE_DATA`` names (default: the repository's data/), gzipped or plain; other places and names that people have
them under are known too.
"""

import math
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from weakref import WeakValueDictionary

import numpy as np

from course_utils import checks, runtime
from course_utils.checks import one_of
from course_utils.datasets.downloads import DataUnavailable, fetch, read_plain
from course_utils.datasets.scaling import SIDE, check_digits, to_bytes

# The site that MNIST came from often answers 403 or 503; these are its long-lived copies.
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://azureopendatastorage.blob.core.windows.net/mnist/",
)

# Of the uncompressed content (measured on files whose MD5 sums are the ones that MNIST's authors published).
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
_alive: WeakValueDictionary[str, np.ndarray] = WeakValueDictionary()  # by the SHA-256 of their content
_checksums: dict[str, int] = {}
PREFIX = {"train": "train", "test": "t10k"}


@dataclass(frozen=True, eq=False, repr=False)
class Images:
    """Labelled grey pictures of digits.

    Attributes
    ----------
    pixels : uint8 (n, 28, 28), 0 is background, 255 is ink.
    labels : integers (n,), the digit that each picture shows, 0 to 9.
    name : what the pictures are called in titles and messages.
    is_stand_in : True where they stand in for MNIST.
    note : a sentence on why these pictures are used, for :meth:`describe`; may be empty.

    Raises
    ------
    ValueError
        when pixels and labels are not as above, or differ in number.
    """

    pixels: np.ndarray
    labels: np.ndarray
    name: str
    is_stand_in: bool = False
    note: str = ""

    def __post_init__(self) -> None:
        pixels = check_digits("pixels", self.pixels, at_least=0)
        checks.numbers("labels", self.labels, advice="a digit for each picture")
        labels, _ = checks.array("labels", self.labels), checks.instance("name", self.name, str, "a word")
        if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
            raise ValueError(
                f"labels must be integers of shape (n,); got {labels.dtype} of shape {labels.shape}."
            )
        if len(labels) != len(pixels):
            raise ValueError(
                f"every image needs one label; got {len(pixels)} images and {len(labels)} labels."
            )
        if len(labels) and not 0 <= labels.min() <= labels.max() <= 9:
            raise ValueError(
                f"labels must be digits from 0 to 9; got values {labels.min()} to {labels.max()}."
            )
        object.__setattr__(self, "pixels", pixels)
        object.__setattr__(self, "labels", labels)

    def __len__(self) -> int:
        return len(self.pixels)

    def __repr__(self) -> str:
        return f"Images({self.name!r}, n={len(self)}, is_stand_in={self.is_stand_in})"

    def describe(self) -> str:
        """One friendly line for the reader of a notebook."""
        if not self.is_stand_in:
            line = f"{self.name}: {len(self):,} handwritten digits, {SIDE}x{SIDE} pixels."
        else:
            line = (
                f"Stand-in for MNIST: {len(self):,} real handwritten digits of scikit-learn, enlarged from "
                f"8x8 to {SIDE}x{SIDE} pixels; results are rougher than with MNIST."
            )
        return f"{self.note} {line}".strip()


def load_images(name: Literal["auto", "mnist", "digits"] = "auto") -> Images:
    """The training pictures that a lesson runs on.

    Parameters
    ----------
    name : "mnist" for :func:`load_mnist`, "digits" for :func:`load_digits_stand_in`; "auto" for MNIST
        where it is at hand or can be downloaded, else the stand-in, whose ``describe()`` then says so.

    Raises
    ------
    ValueError
        when name is none of the three.
    DataUnavailable
        for "mnist" only. Other errors, such as a folder that cannot be written, pass through "auto" too.
    """
    if one_of("name", name, ("auto", "mnist", "digits")) == "digits":
        return load_digits_stand_in()
    if name == "mnist":
        return load_mnist()
    try:
        return load_mnist()
    except DataUnavailable:
        root = runtime.data_dir()
        note = f"MNIST was not found in {_mnist_folder(root)} and cannot be downloaded now. {_similar(root)}".strip()
        return replace(load_digits_stand_in(), note=note)


def load_mnist(
    split: Literal["train", "test"] = "train",
    root: str | Path | None = None,
    download: bool = True,
    *,
    mirrors: Sequence[str] = MIRRORS,
) -> Images:
    """MNIST's 60,000 training or 10,000 test pictures, checked against their published content.

    Parameters
    ----------
    split : "train" or "test".
    root : the folder that holds ``mnist/``; None takes ``COURSE_DATA`` or the repository's data/. A folder
        that itself holds the files is understood too, as are torchvision's ``MNIST/raw``, a folder per file, and names
        such as ``t10k-images.idx3-ubyte``.
    download : whether a missing or damaged file may be downloaded; False never touches the network.
    mirrors : addresses to which ``<file name>.gz`` is appended, the preferred one first.

    Raises
    ------
    ValueError
        when split is another word.
    DataUnavailable
        when the files are not there and cannot be downloaded; it says what to do.
    PermissionError
        when they can be downloaded but not saved.
    """
    one_of("split", split, PREFIX)
    root = runtime.data_dir() if root is None else checks.path("root", root).resolve()
    pixels, labels = (
        _load_idx(f"{PREFIX[split]}-{kind}-ubyte", root, download, mirrors)
        for kind in ("images-idx3", "labels-idx1")
    )
    return Images(pixels, labels.astype(np.int64), "MNIST")


def load_digits_stand_in() -> Images:
    """scikit-learn's 1,797 handwritten digits, from 8x8 to MNIST's style of 28x28. Needs no network.

    As in MNIST, each digit fills a box of 20x20 that lies with its centre of mass at pixel (14, 14) on a
    black ground, and strokes are white with grey edges. The 8x8 pictures count the ink in blocks of a 32x32
    scan, so strokes have their edges where a smooth curve through the counts passes about one half: raising
    the contrast there gives the strokes back.

    Source: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits (UCI, CC BY 4.0).
    """
    from scipy import ndimage
    from sklearn.datasets import load_digits

    digits = load_digits()
    # Interpolation is linear and separable: one (40, 8) matrix does it for rows and columns of all pictures.
    spline = ndimage.zoom(np.eye(8), (5, 1), order=3, mode="grid-constant", grid_mode=True)
    fine = spline @ (digits.images / 16) @ spline.T
    dark, bright = 0.34, 0.8  # chosen so that mean and spread of all pixels come close to MNIST's
    fine = np.clip((fine - dark) / (bright - dark), 0, 1)
    box = fine.reshape(-1, 20, 2, 20, 2).mean((2, 4))
    return Images(to_bytes(_centred(box), "unit"), digits.target.astype(np.int64), "digits", is_stand_in=True)


def _centred(box: np.ndarray) -> np.ndarray:
    """Place boxes (n, 20, 20) on a ground of (n, 28, 28), centre of mass at (14, 14) to the nearest pixel."""
    count, side, _ = box.shape
    place = np.arange(side)
    mass = box.sum((1, 2))
    corners = [
        np.clip(np.rint(SIDE / 2 - box.sum(other) @ place / mass).astype(int), 0, SIDE - side)
        for other in (2, 1)
    ]
    rows, columns = (corner[:, None] + place for corner in corners)
    ground = np.zeros((count, SIDE, SIDE))
    ground[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]] = box
    return ground


def _candidates(name: str, root: Path) -> Iterator[tuple[Path, Path]]:
    """Where people have this file, apart from a .gz at its end: pairs of folder and path."""
    for inside in (".", "mnist", "MNIST/raw", "mnist/MNIST/raw", "raw"):  # torchvision makes MNIST/raw
        folder = root / inside
        for spelling in (name, name.replace("-idx", ".idx")):  # the second is 7-Zip's
            # A folder per file is what Kaggle's archive and some unzipping programs make.
            for place in (folder, folder / name, folder / spelling):
                yield folder, place / spelling


def _mnist_folder(root: Path) -> Path:
    """The folder that has some of the files, or should have them."""
    for name in SHA256:
        for folder, path in _candidates(name, root):
            # False, too, in a folder that is closed
            if any(os.path.isfile(f"{path}{suffix}") for suffix in ("", ".gz")):
                return folder
    return root / "mnist"


def _similar(root: Path) -> str:
    """A sentence on files that may be meant to be MNIST's; empty where there are none."""
    names = sorted(
        str(path.relative_to(root))
        for path in {*root.glob("*"), *root.glob("[Mm][Nn][Ii][Ss][Tt]*/**/*")}
        if re.search("mnist|idx|ubyte|train|t10k", path.name, re.IGNORECASE) and path.is_file()
    )
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"Found in {root}: {', '.join(names[:8])}{more}." if names else ""


def _load_idx(name: str, root: Path, download: bool, mirrors: Sequence[str]) -> np.ndarray:
    folder, content = _mnist_folder(root), bytearray()
    path = fetch(
        name,
        folder,
        sha256=SHA256[name],
        urls=[f"{mirror.rstrip('/')}/{name}.gz" for mirror in mirrors],
        download=download,
        also=[path for _, path in _candidates(name, root)],
        advice=(
            f"{_similar(root)}\n"
            f"Put MNIST's four files ({', '.join(f'{each}.gz' for each in SHA256)}) into {folder}, or set "
            "COURSE_DATA to a folder whose mnist/ holds them, and run this again. "
            'Or go on without them: load_images("digits") gives rougher digits that need no download.'
        ).lstrip(),
        content=content,
    )
    return _read(path, name, SHA256[name], content)


def _read(path: Path, name: str, sha256: str, content: bytearray) -> np.ndarray:
    """The array in a file of that content, which is read unless it was. Where somebody holds it already, and nobody has
    written into it, it is that same array: a lesson that loads its pictures twice has them once."""
    known, checksum = _alive.get(sha256), _checksums.get(sha256)
    if known is not None and zlib.crc32(known.data) == checksum:
        return known
    if not content:  # read at once, a gzipped file would be in memory twice
        for piece in read_plain(path):
            content += piece
    found = _alive[sha256] = _parse_idx(content, name)
    _checksums[sha256] = zlib.crc32(found.data)
    return found


def _parse_idx(content: bytearray, name: str) -> np.ndarray:
    """The array in an IDX file of bytes: 0, 0, type 8, number of axes, big-endian lengths, then the data.

    The array lies in the content's own memory, and can be written, because ``torch.from_numpy`` warns of others.
    """
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise ValueError(
            f"{name} is no IDX file of bytes: it must start with 00 00 08, not {content[:3].hex(' ')}."
        )
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise ValueError(f"{name} is cut short: its header alone has {start} bytes.")
    shape = tuple(np.frombuffer(content, ">u4", count=content[3], offset=4).tolist())
    if len(content) - start != math.prod(shape):
        raise ValueError(f"{name} announces the shape {shape} but holds {len(content) - start:,} bytes.")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
