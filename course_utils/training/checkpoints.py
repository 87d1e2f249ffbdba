"""A training in one file: stop today, go on tomorrow as if it had never stopped.

The file is in the safetensors format, which holds numbers and no code. All tensors of a trainer's ``state_dict()`` are
in it by name, and JSON in its header has everything else: the recipe, the seed, the step. So weights and settings
cannot get out of step. A crash leaves the old checkpoint or the new one.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from course_utils import checks
from course_utils.checks import finite_tensors
from course_utils.files import replacing
from course_utils.training.loop import TrainingLoop
from course_utils.training.settings import Settings

FORMAT = "course_utils.gan checkpoint"  # whatever is trained: files of the first version say so
VERSION = 1
MAY_BE_NAN = ("log", "random")  # what was not measured at a step is NaN in the log


class CheckpointError(ValueError):
    """A file that is damaged, or no checkpoint, or one that this version does not understand."""


def save_checkpoint(trainer: TrainingLoop, path: str | Path) -> None:
    """Write all that the training depends on to a file, in place of an earlier one.

    Raises
    ------
    FloatingPointError
        when the training has diverged since the last look (see :meth:`TrainingLoop.check`): the trainer is
        then back at a good step, and the file is left as it was.
    OSError
        when it cannot be written; an earlier file is left as it was.
    """
    _check_trainer(trainer)
    path = checks.path("path", path)
    trainer.check()
    tensors: dict[str, Tensor] = {}
    state = _pack(trainer.state_dict(), "", tensors)
    about = {"step": trainer.done, "seed": trainer.seed, "of": type(trainer.recipe).__name__}
    content = json.dumps(about | {"state": state})
    header = {
        "format": FORMAT,
        "version": str(VERSION),
        "content": content,
        "sha256": _digest(content, tensors),
    }
    write_tensors(path, tensors, header)


def load_checkpoint(trainer: TrainingLoop, path: str | Path) -> None:
    """Put a trainer where another one was when it was saved; on the CPU, all further steps are the same to the bit.

    Raises
    ------
    FileNotFoundError, CheckpointError
        when there is no such file, or it is no checkpoint that can be read.
    ValueError
        when it holds networks of another kind than the trainer's.
    """
    _check_trainer(trainer)
    trainer.load_state_dict(read_checkpoint(path, type(trainer.recipe))["state"])


def _check_trainer(trainer: Any) -> None:
    checks.instance("trainer", trainer, TrainingLoop, "a trainer", "and the path comes after it")


def read_checkpoint(path: str | Path, kind: type[Settings]) -> dict[str, Any]:
    """Step, seed and state in a file, after a look at all that could be wrong with it; its recipe must be of that kind.

    Raises
    ------
    FileNotFoundError, CheckpointError
        as :func:`load_checkpoint`.
    """
    path = checks.path("path", path)
    header, tensors = read_tensors(path, FORMAT, VERSION, "save_checkpoint(trainer, path)")
    if header.get("sha256") != _digest(header.get("content", ""), tensors):
        raise CheckpointError(f"{path} is damaged: what it holds is not what was saved. Use an earlier one.")
    trained = {name: tensor for name, tensor in tensors.items() if name not in MAY_BE_NAN}
    refuse_nan(path, trained, "go on from an earlier checkpoint")
    content = json.loads(header["content"])
    if (found := content.get("of", "Recipe")) != kind.__name__:
        raise CheckpointError(
            f"{path} is a checkpoint of another kind of training ({found}, not {kind.__name__})."
        )
    return content | {"state": _unpack(content["state"], tensors, kind)}


def read_tensors(
    path: Path, kind: str, version: int, writer: str
) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Header and tensors of a safetensors file of that kind and version, which a call ``writer`` has written.

    Raises
    ------
    FileNotFoundError, CheckpointError
        as :func:`load_checkpoint`.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}; {writer} writes one.")
    header, tensors = open_tensors(path)
    if (found := header.get("format")) != kind:
        what = f" (it is a file of the format {found!r})" if found else ""
        raise CheckpointError(f"{path} holds tensors, but {writer} did not write it{what}.")
    if header.get("version") != str(version):
        raise CheckpointError(
            f"{path} is of version {header.get('version')}, and this course_utils reads version {version}: use the "
            "course_utils that wrote it, or write it anew."
        )
    return header, tensors


def open_tensors(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Header and tensors of any safetensors file.

    Raises
    ------
    CheckpointError
        when it is damaged, or no such file at all.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}
    except SafetensorError as error:
        raise CheckpointError(
            f"{path} is damaged, or no safetensors file at all: {error}. (`git checkout` brings back what ships.)"
        ) from error


def write_tensors(path: Path, tensors: dict[str, Tensor], header: dict[str, str]) -> None:
    """Write a file for :func:`read_tensors`, in place of an earlier one, in one go.

    Raises
    ------
    OSError
        when it cannot be written; an earlier file is left as it was.
    """
    with replacing(path) as part:
        try:
            save_file(tensors, part, metadata=header)
        except SafetensorError as error:  # of a full disk, too
            raise OSError(
                f"{path} cannot be written ({error}). Make room there, or give another path; an earlier file of that "
                "name is as it was."
            ) from error


def refuse_nan(path: Path, tensors: dict[str, Tensor], advice: str) -> None:
    """Raise a CheckpointError where a number in a file is not finite."""
    try:
        finite_tensors(str(path), tensors, advice)
    except ValueError as error:
        raise CheckpointError(str(error)) from None


def _digest(content: str, tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256(content.encode())
    for name in sorted(tensors):
        digest.update(tensors[name].numpy().tobytes())
    return digest.hexdigest()


def _pack(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """A state as JSON can hold it, its tensors put aside under names that tell the way to them.

    Dictionaries become lists of pairs: optimizers number their parameters, and JSON would make those numbers strings.
    """
    if isinstance(value, Tensor):
        tensors[name] = value.cpu().contiguous()
        return {"tensor": name}
    if isinstance(value, Settings):
        return {"recipe": asdict(value)}  # type: ignore[call-overload]
    if isinstance(value, dict):
        return {"dict": [[key, _pack(v, f"{name}/{key}".lstrip("/"), tensors)] for key, v in value.items()]}
    if isinstance(value, list):
        return {"list": [_pack(v, f"{name}/{i}".lstrip("/"), tensors) for i, v in enumerate(value)]}
    return value


def _unpack(packed: Any, tensors: dict[str, Tensor], kind: type[Settings]) -> Any:
    if not isinstance(packed, dict):
        return packed
    ((what, value),) = packed.items()
    if what == "tensor":
        return tensors[value]
    if what == "recipe":
        try:
            return kind(**value)
        except (TypeError, ValueError) as error:  # of a later version, or not written by us
            raise CheckpointError(
                f"the recipe in this checkpoint is not one of this version: {error}"
            ) from None
    if what == "list":
        return [_unpack(v, tensors, kind) for v in value]
    return {key: _unpack(v, tensors, kind) for key, v in value}
