"""Networks that were trained beforehand and ship with the course, and a file for your own.

One file each, data/checkpoints/digits_NAME.safetensors (see :mod:`course_utils.training.pretrained`).
"""

from pathlib import Path

import torch

from course_utils import checks
from course_utils.attacks.networks import DigitNetwork
from course_utils.training.pretrained import NetworkFile

FILE = NetworkFile(
    "course_utils.digits", 1, "save_digit_network(model, path)", "checkpoints/digits_{}.safetensors"
)


def save_digit_network(model: DigitNetwork, path: str | Path) -> Path:
    """Write the network's weights in float16; an earlier file of that name is replaced in one go.

    Errors as of :meth:`~course_utils.training.pretrained.NetworkFile.save`.
    """
    checks.instance("model", model, DigitNetwork, "a DigitNetwork", "and the path comes after it")
    return FILE.save(model, path, {"architecture": model.architecture})


def load_digit_network(name: str | Path = "cnn", device: str | torch.device | None = None) -> DigitNetwork:
    """A trained network that names digits: in evaluation mode, its weights frozen, in float32.

    It maps pictures (n, 1, 28, 28) in [0, 1] to ten logits. What ships was trained on MNIST: "linear", "mlp" and
    "cnn" on clean pictures, "fgsm" and "robust" against an adversary, from "cnn" on (see
    :data:`~course_utils.attacks.RECIPES`).

    Parameters
    ----------
    name : of one that ships; or the path of a file that :func:`save_digit_network` wrote.
    device : where it is to run; None takes :func:`course_utils.runtime.device`.

    Errors as of :meth:`~course_utils.training.pretrained.NetworkFile.load`: no such file, or a damaged one.
    """
    return FILE.load(name, device, lambda header: DigitNetwork(header["architecture"]))
