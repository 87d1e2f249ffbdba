"""Translators that were trained beforehand and ship with the course, and a file for your own.

One file each, data/checkpoints/translation-NAME.safetensors (see :mod:`course_utils.training.pretrained`); what is
needed to build both again is "network", a string of JSON with ``architecture``, ``widths`` and the shapes of both
sides.
"""

import json
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

from course_utils import checks
from course_utils.training.pretrained import NetworkFile
from course_utils.translation.networks import ARCHITECTURES, Translator
from course_utils.translation.trainer import CycleTrainer

FILE = NetworkFile(
    "course_utils.translation", 1, "save_translation(trainer, path)", "checkpoints/translation-{}.safetensors"
)


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
    if trainer.recipe.given_encoder:
        raise ValueError(
            "G draws from a given encoder, which the file would not hold: save_checkpoint keeps the rest."
        )
    both = nn.ModuleDict({"G": trainer.forward_map, "F": trainer.backward_map})
    shape_x, shape_y = trainer.domains.shapes
    network = {
        "architecture": trainer.recipe.architecture, "widths": trainer.recipe.widths, "x": shape_x, "y": shape_y,
    }  # fmt: skip
    return FILE.save(both, path, {"network": json.dumps(network), "steps": str(trainer.done)})


def load_translation(name: str | Path = "colour", device: str | torch.device | None = None) -> Translation:
    """Trained translators, in evaluation mode, their weights frozen, in float32.

    Parameters
    ----------
    name : of what ships; or the path of a file that :func:`save_translation` wrote.
    device : where they are to run; None takes :func:`course_utils.runtime.device`.

    Errors as of :meth:`~course_utils.training.pretrained.NetworkFile.load`: no such file, or a damaged one.
    """
    both = FILE.load(name, device, _build)
    return Translation(both["G"], both["F"], both.steps)  # type: ignore[arg-type]


def _build(header: dict[str, str]) -> nn.ModuleDict:
    network = json.loads(header["network"])
    make, widths = ARCHITECTURES[network["architecture"]].translator, network["widths"]
    x, y = tuple(network["x"]), tuple(network["y"])
    both = nn.ModuleDict({"G": make(x, y, widths), "F": make(y, x, widths)})
    both.steps = int(header["steps"])  # type: ignore[assignment]
    return both
