"""Autoencoders that were trained beforehand and ship with the course, and a file for your own.

One file each, data/checkpoints/NAME.safetensors: the weights in float16, and in the header all that is needed to build
the network again ("format", "version", and "network", a string of JSON with ``latent_dim``, ``widths``,
``likelihood``).
"""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from course_utils import checks, runtime
from course_utils.checks import finite_tensors
from course_utils.files import replacing
from course_utils.training.checkpoints import CheckpointError, read_tensors
from course_utils.vae.model import VAE
from course_utils.vae.trainer import VAERecipe, VAETrainer

FORMAT, VERSION = "course_utils.vae", 1


def save_vae(trainer: VAETrainer, path: str | Path) -> Path:
    """Write the trainer's model (the averaged one, where the recipe has one), in float16.

    An earlier file of that name is replaced in one go: there is never half a file.

    Raises
    ------
    ValueError
        when a weight is not finite, or too large for float16.
    """
    checks.instance("trainer", trainer, VAETrainer, "a VAETrainer", "and the path comes after it")
    path = checks.path("path", path)
    weights = {name: value.half().cpu().contiguous() for name, value in trainer.best.state_dict().items()}
    finite_tensors("this VAE in float16", weights)
    metadata = {
        "format": FORMAT,
        "version": str(VERSION),
        "network": json.dumps({name: getattr(trainer.recipe, name) for name in VAERecipe.structure}),
        "steps": str(trainer.done),
    }
    with replacing(path) as part:
        save_file(weights, part, metadata)
    return path


def load_vae(name: str | Path = "vae-20", device: str | torch.device | None = None) -> VAE:
    """A trained VAE, in evaluation mode, its weights frozen, in float32.

    Parameters
    ----------
    name : of one that ships, "vae-20" or "vae-2" (20 or two latents), "vae-2-beta-0.25" or "vae-2-beta-4"; or the path
        of a file that :func:`save_vae` wrote.
    device : where it is to run; None takes :func:`course_utils.runtime.device`.

    Raises
    ------
    FileNotFoundError
        when there is no such file.
    ValueError
        when the file is damaged, something else, or of a newer version, or a weight is not finite.
    """
    path = checks.path("name", name)
    if isinstance(name, str) and not name.endswith(".safetensors"):
        path = runtime.shipped(f"checkpoints/{name}.safetensors")
    header, weights = read_tensors(path, FORMAT, VERSION, "save_vae")
    finite_tensors(str(path), weights, advice="it was saved from a training that had diverged")
    try:
        model = VAE(**json.loads(header["network"]))
        model.load_state_dict(weights)  # copying into float32 parameters widens the float16 of the file
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} does not hold the network that its header names: {error}") from None
    return model.to(runtime.device(device)).eval().requires_grad_(False)
