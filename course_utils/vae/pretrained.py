"""Autoencoders that were trained beforehand and ship with the course, and a file for your own.

One file each, data/checkpoints/NAME.safetensors (see :mod:`course_utils.training.pretrained`); what is needed to build
the network again is "network", a string of JSON with ``latent_dim``, ``widths``, ``likelihood``.
"""

import json
from pathlib import Path

import torch

from course_utils import checks
from course_utils.training.pretrained import NetworkFile
from course_utils.vae.model import VAE
from course_utils.vae.trainer import VAERecipe, VAETrainer

FILE = NetworkFile("course_utils.vae", 1, "save_vae(trainer, path)", "checkpoints/{}.safetensors")


def save_vae(trainer: VAETrainer, path: str | Path) -> Path:
    """Write the trainer's model (the averaged one, where the recipe has one), in float16.

    An earlier file of that name is replaced in one go. Errors as of
    :meth:`~course_utils.training.pretrained.NetworkFile.save`.
    """
    checks.instance("trainer", trainer, VAETrainer, "a VAETrainer", "and the path comes after it")
    network = {name: getattr(trainer.recipe, name) for name in VAERecipe.structure}
    if not trainer.model.stochastic:
        network["stochastic"] = False
    return FILE.save(trainer.best, path, {"network": json.dumps(network), "steps": str(trainer.done)})


def load_vae(name: str | Path = "vae-20", device: str | torch.device | None = None) -> VAE:
    """A trained VAE, in evaluation mode, its weights frozen, in float32.

    Parameters
    ----------
    name : of one that ships, "vae-20" or "vae-2" (20 or two latents), "vae-2-beta-0.25" or "vae-2-beta-4", "aae-2" or
        "aae-2-petals" (adversarial, their codes are points); or the path of a file that :func:`save_vae` wrote.
    device : where it is to run; None takes :func:`course_utils.runtime.device`.

    Errors as of :meth:`~course_utils.training.pretrained.NetworkFile.load`: no such file, or a damaged one.
    """
    return FILE.load(name, device, lambda header: VAE(**json.loads(header["network"])))
