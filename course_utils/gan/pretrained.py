"""Generators that were trained beforehand and ship with the course, to play with their latent space at once.

One file per generator, data/checkpoints/NAME_generator.safetensors (see :mod:`course_utils.training.pretrained`); what
is needed to build the network again is "network", a string of JSON with ``architecture``, ``latent_dim``,
``generator_widths``, ``conditioning`` and ``attributes``.
"""

import json
from pathlib import Path

import torch
from torch import nn

from course_utils import checks
from course_utils.gan.adversarial import AdversarialLoop
from course_utils.gan.recipes import Recipe
from course_utils.training.pretrained import NetworkFile

FILE = NetworkFile(
    "course_utils.generator", 1, "save_generator(trainer, path)", "checkpoints/{}_generator.safetensors"
)
# the settings that decide how a generator looks
NETWORK = ("architecture", "latent_dim", "generator_widths", "conditioning", "attributes")


def save_generator(trainer: AdversarialLoop, path: str | Path) -> Path:
    """Write the generator that draws the trainer's samples (the averaged one, where the recipe has one), in float16.

    An earlier file of that name is replaced in one go. Errors as of
    :meth:`~course_utils.training.pretrained.NetworkFile.save`.
    """
    checks.instance("trainer", trainer, AdversarialLoop, "a trainer", "and the path comes after it")
    network = json.dumps({name: getattr(trainer.recipe, name) for name in NETWORK})
    return FILE.save(trainer.best, path, {"network": network, "steps": str(trainer.done)})


def load_generator(name: str | Path = "dcgan", device: str | torch.device | None = None) -> nn.Module:
    """A trained generator, ready to draw: in evaluation mode, its weights frozen, in float32.

    It maps latents (n, latent_dim) to pictures (n, 1, 28, 28) in [-1, 1], each by itself, since batch norm uses its
    running statistics. ``generator.latent_dim`` says how long a latent is. A conditional one takes
    ``generator(z, generator.conditions(labels))`` (see :class:`~course_utils.gan.conditional.ConditionalGenerator`).

    Parameters
    ----------
    name : of one that ships, such as "dcgan"; or the path of a file that :func:`save_generator` wrote.
    device : where it is to run; None takes :func:`course_utils.runtime.device`.

    Errors as of :meth:`~course_utils.training.pretrained.NetworkFile.load`: no such file, or a damaged one.
    """
    return FILE.load(name, device, _build)


def _build(header: dict[str, str]) -> nn.Module:
    settings = json.loads(header["network"])
    generator, _ = Recipe("loaded", **settings).make_networks()
    generator.latent_dim = settings["latent_dim"]
    return generator
