"""Finding, fetching and reading the weights of a network, or drawing them. Nothing is downloaded unless it is asked
for."""

import math
import pickle
import re
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import torch
from torch import Tensor, nn

from course_utils import runtime
from course_utils.checks import finite_tensors
from course_utils.datasets.downloads import DataUnavailable, fetch
from course_utils.style.networks import Published, Spec

SUFFIXES = (".safetensors", ".pth", ".pt")


def find(spec: Spec, *, download: bool = False) -> Path | None:
    """The file with this network's weights; None for a network that needs none.

    A file that ships is looked for in data/; a published one in ``weights/`` of ``COURSE_DATA``, under its published
    name or another usual one (``vgg19.pt``, ``squeezenet1_0-imagenet.safetensors``, ...; not one that carries the
    hash of other weights, nor VGG with batch normalisation).

    Raises
    ------
    FileNotFoundError
        when a file that should ship is not there.
    DataUnavailable
        when a published file is not there and is not to be, or cannot be, downloaded.
    """
    if not isinstance(spec.weights, Published):
        return runtime.shipped(spec.weights) if spec.weights else None
    return next(_usual(spec.weights), None) or _published(spec, spec.weights, download)


def at_hand(spec: Spec) -> Iterator[Path]:
    """All files with a published network's weights, as in :func:`find`, the usual names first."""
    assert isinstance(spec.weights, Published)
    yield from _usual(spec.weights)
    with suppress(DataUnavailable):
        yield _published(spec, spec.weights, download=False)


def _usual(published: Published) -> Iterator[Path]:
    folder = runtime.data_dir() / "weights"
    found: list[Path] = []
    with suppress(PermissionError):  # fetch, which looks there next, says so
        found = sorted(path for path in folder.glob(f"{published.stem}*") if _is_usual(path.name, published))
    return iter(found)


def _published(spec: Spec, published: Published, download: bool) -> Path:
    folder = runtime.data_dir() / "weights"
    return fetch(
        published.file,
        folder,
        sha256=published.digits,
        urls=[published.url],
        download=download,
        advice=f'load_features("{spec.name}", download=True) fetches it once ({published.size}). Or save '
        f'{published.url} in {folder} yourself, or give path=...; "auto" takes the best network at hand.',
    )


def _is_usual(name: str, published: Published) -> bool:
    """Is it a name that people give to these weights, other than the published one (which fetch checks)?"""
    match = re.fullmatch(rf"{published.stem}([-_.]\w+)*(\.safetensors|\.pth|\.pt)", name)
    other_weights = "_bn" in name or re.search("-[0-9a-f]{8}[.]", name)
    return bool(match) and not other_weights


def load(network: nn.Module, path: str | Path) -> None:
    """Put the weights of a file into the network; weights of other parts (a classifier) are ignored.

    Keys may start with torchvision's ``features.``. 16-bit weights become float32.

    Raises
    ------
    FileNotFoundError
        when there is no such file.
    ValueError
        when it is no weight file, is damaged, belongs to another network, or a weight is not finite; the message names
        the keys.
    """
    path = Path(path).expanduser()
    state = {key.removeprefix("features."): value for key, value in read(path).items()}
    wanted = network.state_dict()
    missing = [key for key in wanted if key not in state]
    other = [
        f"{key} is {tuple(state[key].shape)} and should be {tuple(value.shape)}"
        for key, value in wanted.items()
        if key in state and state[key].shape != value.shape
    ]
    if missing or other:
        problems = ([f"{_some(missing)} missing"] if missing else []) + other[:3]
        raise ValueError(
            f"{path} does not hold the weights of this network: {'; '.join(problems)}. "
            f"It has {len(state)} entries, such as {_some(list(state))}. Expected is torchvision's layout."
        )
    weights = {key: state[key].float() for key in wanted}
    finite_tensors(str(path), weights, advice="fetch the file again")
    network.load_state_dict(weights)


def randomised(network: nn.Sequential, seed: int) -> nn.Sequential:
    """The network with normal weights of mean 0 and variance 2 / (weights of a filter) (He et al. 2015), drawn from the
    seed, layer after layer, and biases of 0."""
    random = torch.Generator().manual_seed(seed)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            with torch.no_grad():
                layer.weight.normal_(0, math.sqrt(2 / layer.weight[0].numel()), generator=random)
                if layer.bias is not None:
                    layer.bias.zero_()
    return network


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a ``.safetensors``, ``.pt`` or ``.pth`` file by name; no code in it is run.

    Raises
    ------
    FileNotFoundError, ValueError
        as in :func:`load`.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no weight file {path}.")
    if path.suffix not in SUFFIXES:
        raise ValueError(f"{path} is no weight file: its name should end in {', '.join(SUFFIXES)}.")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            state = load_file(path)
        else:
            # Mapped into memory, the unused 400 MB of VGG's classifier are never read; the old format cannot be.
            state = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:
        # Whatever the format's reader says about bytes that it cannot read: all of it means the same to us.
        if isinstance(error, (OSError, MemoryError)):
            raise
        unsafe = isinstance(error, pickle.UnpicklingError) and "weights_only" in str(error).lower()
        reason = "it holds more than tensors" if unsafe else "it is damaged, cut short, or something else"
        raise ValueError(f"{path} cannot be read as weights: {reason}. Fetch it again.") from error
    tensors = isinstance(state, dict) and all(isinstance(value, Tensor) for value in state.values())
    if not tensors:
        raise ValueError(
            f"{path} holds no table of tensors (a state dict) but {_kind(state)}. "
            "Save network.state_dict(), not the network."
        )
    return state


def _kind(state: object) -> str:
    return (
        f"entries such as {_some([str(key) for key in state])}"
        if isinstance(state, dict)
        else type(state).__name__
    )
