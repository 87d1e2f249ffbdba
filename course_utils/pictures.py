"""Opening and saving pictures: whatever a student uploads becomes float32 RGB (h, w, 3) in [0, 1].

Needs NumPy and Pillow only; no torch.
"""

import importlib.util
import io
import math
import os
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from course_utils import checks, runtime
from course_utils.checks import whole
from course_utils.datasets.scaling import to_bytes
from course_utils.files import replacing

LARGEST = 2048  # pixels on the longer side; larger pictures are reduced on opening
# Pictures inside libraries that the course needs anyway: name -> (package, file in it).
BORROWED = {
    "china": ("sklearn", "datasets/images/china.jpg"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
    "grace_hopper": ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
}


def open_picture(source: Any, size: int | None = None, *, name: str = "", copy: bool = True) -> np.ndarray:
    """A picture as float32 RGB (h, w, 3) in [0, 1].

    Any format that Pillow reads; of an animation, the first frame. Transparent parts show white, grey becomes RGB, and
    a photograph is turned the way up that its EXIF tag says. Large files are reduced while they are read.

    Parameters
    ----------
    source : a path, the name of a sample picture such as "china" (:func:`sample_pictures`), the bytes of a file (an
        upload), an open binary file, a Pillow image, or an array (h, w), (h, w, 1), (h, w, 3) or (h, w, 4) of uint8,
        uint16, bool, or float in [0, 1]. A torch tensor may also have its channels first, as PyTorch has them,
        (3, h, w), and be a batch of one picture, (1, 3, h, w).
    size : the longer side in pixels; the picture is reduced or enlarged to it and keeps its proportions. None: its own
        size, but at most 2048.
    name : what an error calls it, where there are several pictures.
    copy : False may give the source itself, where it is such an array already.

    Raises
    ------
    FileNotFoundError
        when there is no such file.
    ValueError
        when it is no picture, is empty, cut short or damaged, or has more pixels than Pillow thinks safe
        (``2 * PIL.Image.MAX_IMAGE_PIXELS``, 179 million unless changed); also for an array of another kind.
    TypeError
        when source is none of the above.
    """
    if size is not None:
        size = whole("size", size, advice="the longer side in pixels")
    coded = isinstance(source, (str, os.PathLike, bytes, bytearray, memoryview, Image.Image))
    try:
        if coded or hasattr(source, "read"):
            picture = _from_pillow(*_decoded(source, size or LARGEST))
        else:
            picture = _from_array(source, copy)
    except (ValueError, TypeError, FileNotFoundError) as error:
        if not name:
            raise
        raise type(error)(f"{name}: {error}") from error
    longer = max(picture.shape[:2])
    return _resized(picture, size or min(longer, LARGEST))


def save_picture(image: Any, path: str | os.PathLike[str]) -> Path:
    """Write an array (as for :func:`open_picture`) as 8-bit PNG; returns the path.

    The file takes its name only when it is complete, so an older picture of that name is never half overwritten.

    Raises
    ------
    ValueError
        when image is no picture, or the name does not end in .png.
    """
    path = checks.path("path", path, "after the picture")
    if path.suffix.lower() != ".png":
        raise ValueError(f"pictures are saved as PNG; give a name such as {path.stem + '.png'!r}.")
    pixels = to_bytes(_from_array(image), "unit")
    with replacing(path) as part:
        Image.fromarray(pixels).save(part, format="PNG")
    return path


def sample_pictures() -> dict[str, Callable[..., np.ndarray]]:
    """The pictures that are at hand without a network: name -> ``opener(size=None)``, which returns the picture.

    First the photographs inside scikit-learn and matplotlib (whichever is installed with them), then the style
    pictures that ship in data/images.
    """
    return {name: partial(open_picture, path) for name, path in _sample_paths().items()}


def _sample_paths() -> dict[str, Path]:
    paths = {}
    for name, (package, file) in BORROWED.items():
        spec = importlib.util.find_spec(package)  # where it is, without importing it
        if spec and spec.origin and (path := Path(spec.origin).parent / file).is_file():
            paths[name] = path
    paths.update((path.stem, path) for path in sorted((runtime.REPOSITORY / "data/images").glob("*.png")))
    return paths


# ------------------------------------------------------------------------------------------------ files


def _decoded(source: Any, size: int) -> tuple[Image.Image, str]:
    """The decoded image, if possible at a fraction of its resolution but not below size; and what to call it."""
    name, source = _named(source)
    try:
        with warnings.catch_warnings():
            # Pillow warns from half its limit on; a picture below the limit is no danger, since it is reduced here.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            if not isinstance(source, Image.Image):
                source = Image.open(source)
                source.draft(None, (2 * size, 2 * size))
            source.load()
            image = ImageOps.exif_transpose(_plain(source))
        return image.reduce(max(1, max(image.size) // (2 * size))), name
    except Image.DecompressionBombError as error:
        raise ValueError(
            f"{name} has more pixels than is safe to open ({error}). Make it smaller first."
        ) from error
    except UnidentifiedImageError as error:
        raise ValueError(
            f"{name} is no picture that can be read here. Give a PNG or JPEG file, say."
        ) from error
    except (PermissionError, MemoryError):
        raise
    except Exception as error:
        # On damaged files, Pillow's many decoders raise nearly everything there is.
        raise ValueError(f"{name} is damaged or cut short ({error}). Save or fetch it again.") from error


def _named(source: Any) -> tuple[str, Any]:
    """What to call the source in a message, and what Pillow can open."""
    if isinstance(source, (str, os.PathLike)):
        path = Path(source).expanduser()
        if not path.is_file() and str(source) in (samples := _sample_paths()):
            path = samples[str(source)]
        if not path.is_file():
            what = "a folder, not a picture" if path.is_dir() else "no such file"
            raise FileNotFoundError(
                f"{path}: {what}. Names of files are looked up from the folder {Path.cwd()}; "
                f"the sample pictures are {', '.join(_sample_paths())}."
            )
        if path.stat().st_size == 0:
            raise ValueError(f"{path} is an empty file.")
        return path.name, path
    if isinstance(source, (bytes, bytearray, memoryview)):
        if not len(source):
            raise ValueError("the uploaded picture is empty: it has no bytes.")
        return "the uploaded picture", io.BytesIO(source)
    return "the picture", source


def _plain(image: Image.Image) -> Image.Image:
    """The image in mode RGB, RGBA (where something is transparent) or F (deep greys)."""
    if image.mode == "F":
        return image
    if image.mode.startswith("I"):  # 16 bits, for which Pillow has several modes
        return image.convert("I").convert("F").point(lambda value: value * (1 / 65535) + 0)
    transparent = "transparency" in image.info or image.mode in ("RGBA", "RGBa", "LA", "La", "PA")
    return image.convert("RGBA" if transparent else "RGB")


def _from_pillow(image: Image.Image, name: str) -> np.ndarray:
    values = np.asarray(image)
    if image.mode != "F":
        return _from_array(values)
    # A file of floats does not say what white is: take the range that the values fit in.
    if not np.isfinite(values).all() or values.min() < 0 or values.max() >= 2**32:
        raise ValueError(
            f"{name} holds measurements rather than greys, from {values.min():g} to {values.max():g}."
        )
    white = next(white for white in (1, 2**8 - 1, 2**16 - 1, 2**32) if values.max() <= white)
    return _from_array(values / np.float32(white))


# ------------------------------------------------------------------------------------------------ arrays


def _from_array(source: Any, copy: bool = True) -> np.ndarray:
    """float32 RGB (h, w, 3) in [0, 1], a new array unless ``copy`` is False."""
    values = _from_tensor(source) if hasattr(source, "detach") else checks.array("a picture", source)
    if values.dtype.kind not in "buif":
        raise TypeError(
            f"a picture is a path, the bytes of a file, a Pillow image or an array; got {type(source).__name__}."
        )
    if values.ndim == 2:
        values = values[..., None]
    if values.ndim != 3 or values.shape[2] not in (1, 3, 4) or not values.size:
        raise ValueError(
            "a picture's array is (h, w), (h, w, 1), (h, w, 3) or (h, w, 4), with the channels last; "
            f"got shape {np.shape(source)}."
        )
    kind = values.dtype.name
    white = {"uint8": 255, "uint16": 65535}.get(kind, 1)
    values = values.astype(np.float32, copy=copy)
    if white != 1:
        values /= np.float32(white)
    low, high = values.min(), values.max()
    if not (low >= -1e-6 and high <= 1 + 1e-6):  # also for NaN
        raise ValueError(
            f"a picture's values are uint8 (0 to 255), uint16 (0 to 65535) or floats in [0, 1]; "
            f"got {kind} from {low:g} to {high:g}."
        )
    if low < 0 or high > 1:
        values = values.clip(0, 1)
    if values.shape[2] == 4:
        colour, opacity = values[..., :3], values[..., 3:]
        return colour * opacity + (1 - opacity)
    return np.repeat(values, 3, axis=2) if values.shape[2] == 1 else values


def _from_tensor(tensor: Any) -> np.ndarray:
    """A torch tensor, or a batch of one, as an array whose channels come last. (Torch is not imported for it.)"""
    tensor = tensor.detach().cpu()
    shape = tuple(tensor.shape)
    if tensor.is_floating_point():
        tensor = tensor.float()  # NumPy has no bfloat16
    values = np.asarray(tensor)
    if values.ndim == 4:
        if len(values) != 1:
            raise ValueError(
                f"got {len(values)} pictures, shape {shape}; give one of them, such as pictures[0]."
            )
        values = values[0]
    if values.ndim != 3:
        return values
    first, last = (values.shape[axis] in (1, 3, 4) for axis in (0, 2))
    if first and last:
        raise ValueError(
            f"a tensor of shape {shape} may have its channels first or last; say which by giving the array (h, w, 3): "
            "x.permute(1, 2, 0).numpy() where they are first, x.numpy() where they are last."
        )
    return np.moveaxis(values, 0, 2) if first else values


def resized_shape(shape: tuple[int, ...], size: int) -> tuple[int, int]:
    """The height and width to which :func:`open_picture` brings a picture (h, w, ...) for a longer side of ``size``."""
    h, w = (max(1, math.floor(side * size / max(shape[:2]) + 0.5)) for side in shape[:2])
    return h, w


def _resized(picture: np.ndarray, size: int) -> np.ndarray:
    """The picture with its longer side of that many pixels."""
    if max(picture.shape[:2]) == size:
        return picture
    h, w = resized_shape(picture.shape, size)
    resized = np.empty((h, w, 3), np.float32)
    for c in range(3):
        channel = Image.fromarray(np.ascontiguousarray(picture[..., c]))
        resized[..., c] = np.asarray(channel.resize((w, h), Image.Resampling.LANCZOS))
    return resized.clip(0, 1, out=resized)
