"""Generators that were trained beforehand and ship with the course, to play with their latent space at once.

One file per generator, data/checkpoints/NAME_generator.safetensors: the weights in float16, and in the header all
that is needed to build the network again ("format", "version", and "network", a string of JSON with ``architecture``,
``latent_dim``, ``generator_widths``, ``conditioning`` and ``attributes``).
"""

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from course_utils import checks, runtime
from course_utils.checks import finite_tensors
from course_utils.files import replacing
from course_utils.gan.adversarial import AdversarialLoop
from course_utils.gan.recipes import Recipe
from course_utils.training.checkpoints import read_tensors

FORMAT, VERSION = "course_utils.generator", 1
NETWORK = (
    "architecture",
    "latent_dim",
    "generator_widths",
    "conditioning",
    "attributes",
)  # the settings that decide how a generator looks


def save_generator(trainer: AdversarialLoop, path: str | Path) -> Path:
    """Write the generator that draws the trainer's samples (the averaged one, where the recipe has one), in float16.

    An earlier file of that name is replaced in one go: there is never half a file.

    Raises
    ------
    ValueError
        when a weight is not finite, or too large for float16.
    """
    checks.instance("trainer", trainer, AdversarialLoop, "a trainer", "and the path comes after it")
    path = checks.path("path", path)
    generator = trainer.average.module if trainer.average is not None else trainer.generator
    weights = {
        name: (value.half() if value.is_floating_point() else value).cpu().contiguous()
        for name, value in generator.state_dict().items()
    }
    finite_tensors("this generator in float16", weights)
    settings = asdict(trainer.recipe)
    metadata = {
        "format": FORMAT,
        "version": str(VERSION),
        "network": json.dumps({name: settings[name] for name in NETWORK}),
        "steps": str(len(trainer.log)),
    }
    with replacing(path) as part:
        save_file(weights, part, metadata)
    return path


def load_generator(name: str | Path = "dcgan", device: str | torch.device | None = None) -> nn.Module:
    """A trained generator, ready to draw: in evaluation mode, its weights frozen, in float32.

    It maps latents (n, latent_dim) to pictures (n, 1, 28, 28) in [-1, 1], each by itself, since batch norm uses its
    running statistics. ``generator.latent_dim`` says how long a latent is. A conditional one takes
    ``generator(z, generator.conditions(labels))`` (see :class:`~course_utils.gan.conditional.ConditionalGenerator`).

    Parameters
    ----------
    name : of one that ships, such as "dcgan"; or the path of a file that :func:`save_generator` wrote.
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
        path = runtime.shipped(f"checkpoints/{name}_generator.safetensors")
    header, weights = read_tensors(path, FORMAT, VERSION, "save_generator")
    finite_tensors(str(path), weights, advice="it was saved from a training that had diverged")
    network = json.loads(header["network"])
    generator, _ = Recipe(path.stem, **network).make_networks()
    generator.load_state_dict(weights)  # copying into float32 parameters widens the float16 of the file
    generator.latent_dim = network["latent_dim"]
    return generator.to(runtime.device(device)).eval().requires_grad_(False)
