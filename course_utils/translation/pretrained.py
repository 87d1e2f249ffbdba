"""Translators that were trained beforehand and ship with the course, and a file for your own.

One file each, data/checkpoints/translation-NAME.safetensors: the weights of both in float16, and in the header all
that is needed to build them again ("format", "version", "steps", and "network", a string of JSON with ``architecture``,
``widths`` and the shapes of both sides).
"""

import json
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import save_file
from torch import nn

from course_utils import checks, runtime
from course_utils.checks import finite_tensors
from course_utils.files import replacing
from course_utils.training.checkpoints import CheckpointError, read_tensors
from course_utils.translation.networks import ARCHITECTURES, Translator
from course_utils.translation.trainer import CycleTrainer

FORMAT, VERSION = "course_utils.translation", 1


class Translation(NamedTuple):
    """Two trained translators, G ``forward_map`` and F ``backward_map``, and after how many ``steps``."""

    forward_map: Translator
    backward_map: Translator
    steps: int


def save_translation(trainer: CycleTrainer, path: str | Path) -> Path:
    """Write both of the trainer's translators (the averaged ones, where the recipe has them), in float16.

    An earlier file of that name is replaced in one go: there is never half a file.

    Raises
    ------
    ValueError
        when a weight is not finite, or too large for float16; when G draws from a given encoder, which no file holds.
    """
    checks.instance("trainer", trainer, CycleTrainer, "a CycleTrainer", "and the path comes after it")
    path = checks.path("path", path)
    if trainer.recipe.given_encoder:
        raise ValueError(
            "G draws from a given encoder, which the file would not hold: save_checkpoint keeps the rest."
        )
    both = nn.ModuleDict({"G": trainer.forward_map, "F": trainer.backward_map})
    weights = {name: value.half().cpu().contiguous() for name, value in both.state_dict().items()}
    finite_tensors("these translators in float16", weights)
    shape_x, shape_y = trainer.domains.shapes
    network = {
        "architecture": trainer.recipe.architecture, "widths": trainer.recipe.widths, "x": shape_x, "y": shape_y,
    }  # fmt: skip
    metadata = {
        "format": FORMAT,
        "version": str(VERSION),
        "network": json.dumps(network),
        "steps": str(trainer.done),
    }
    with replacing(path) as part:
        save_file(weights, part, metadata)
    return path


def load_translation(name: str | Path = "colour", device: str | torch.device | None = None) -> Translation:
    """Trained translators, in evaluation mode, their weights frozen, in float32.

    Parameters
    ----------
    name : of what ships; or the path of a file that :func:`save_translation` wrote.
    device : where they are to run; None takes :func:`course_utils.runtime.device`.

    Raises
    ------
    FileNotFoundError
        when there is no such file.
    ValueError
        when the file is damaged, something else, or of a newer version, or a weight is not finite.
    """
    path = checks.path("name", name)
    if isinstance(name, str) and not name.endswith(".safetensors"):
        path = runtime.shipped(f"checkpoints/translation-{name}.safetensors")
    header, weights = read_tensors(path, FORMAT, VERSION, "save_translation")
    finite_tensors(str(path), weights, advice="it was saved from a training that had diverged")
    try:
        network = json.loads(header["network"])
        make = ARCHITECTURES[network["architecture"]].translator
        shapes = tuple(network["x"]), tuple(network["y"])
        both = nn.ModuleDict(
            {
                "G": make(shapes[0], shapes[1], network["widths"]),
                "F": make(shapes[1], shapes[0], network["widths"]),
            }
        )
        both.load_state_dict(weights)  # copying into float32 parameters widens the float16 of the file
        steps = int(header["steps"])
    except (AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} does not hold the networks that its header names: {error}") from None
    both.to(runtime.device(device)).eval().requires_grad_(False)
    return Translation(both["G"], both["F"], steps)  # type: ignore[arg-type]
