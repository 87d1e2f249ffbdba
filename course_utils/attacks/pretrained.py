"""Networks that were trained beforehand and ship with the course, and a file for your own.

One file each, data/checkpoints/digits_NAME.safetensors: the weights in float16, and in the header what is needed to
build the network again.
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

from course_utils import checks, runtime
from course_utils.attacks.networks import DigitNetwork
from course_utils.checks import finite_tensors
from course_utils.files import replacing
from course_utils.training.checkpoints import CheckpointError, read_tensors

FORMAT, VERSION = "course_utils.digits", 1


def save_digit_network(model: DigitNetwork, path: str | Path) -> Path:
    """Write the network's weights in float16; an earlier file of that name is replaced in one go.

    Raises
    ------
    ValueError
        when a weight is not finite, or too large for float16.
    """
    checks.instance("model", model, DigitNetwork, "a DigitNetwork", "and the path comes after it")
    path = checks.path("path", path)
    weights = {name: value.half().cpu().contiguous() for name, value in model.state_dict().items()}
    finite_tensors("this network in float16", weights)
    header = {"format": FORMAT, "version": str(VERSION), "architecture": model.architecture}
    with replacing(path) as part:
        save_file(weights, part, header)
    return path


def load_digit_network(name: str | Path = "cnn", device: str | torch.device | None = None) -> DigitNetwork:
    """A trained network that names digits: in evaluation mode, its weights frozen, in float32.

    It maps pictures (n, 1, 28, 28) in [0, 1] to ten logits. What ships was trained on MNIST: "linear", "mlp" and
    "cnn" on clean pictures, "fgsm" and "robust" against an adversary, from "cnn" on (see
    :data:`~course_utils.attacks.RECIPES`).

    Parameters
    ----------
    name : of one that ships; or the path of a file that :func:`save_digit_network` wrote.
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
        path = runtime.shipped(f"checkpoints/digits_{name}.safetensors")
    header, weights = read_tensors(path, FORMAT, VERSION, "save_digit_network")
    finite_tensors(str(path), weights, advice="it was saved from a training that had diverged")
    try:
        model = DigitNetwork(header["architecture"])
        model.load_state_dict(weights)  # copying into float32 parameters widens the float16 of the file
    except (KeyError, RuntimeError, ValueError) as error:
        raise CheckpointError(f"{path} does not hold the network that its header names: {error}") from None
    return model.to(runtime.device(device)).eval().requires_grad_(False)
