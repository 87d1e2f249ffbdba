"""A trained network in a file of its own: to ship it, or to keep it without what its training remembers.

The file is in the safetensors format: the weights in float16, and in the header "format", "version" and all that is
needed to build the network again. A whole training is in a file of :mod:`~course_utils.training.checkpoints`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import nn

from course_utils import checks, runtime, threads
from course_utils.checks import finite_tensors
from course_utils.training.checkpoints import CheckpointError, read_tensors, refuse_nan, write_tensors

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class NetworkFile:
    """One kind of network files.

    Attributes
    ----------
    format, version : in the header.
    writer : the call that writes such a file, as a message says it.
    shipped : where those that ship are in data/, with a {} for the name.
    """

    format: str
    version: int
    writer: str
    shipped: str

    def save(self, network: nn.Module, path: str | Path, header: dict[str, str]) -> Path:
        """Write the network's weights in float16, and into the header what is needed to build it again.

        An earlier file of that name is replaced in one go.

        Raises
        ------
        ValueError
            when a weight is not finite, or too large for float16.
        OSError
            when it cannot be written.
        """
        path = checks.path("path", path)
        weights = {
            name: (value.half() if value.is_floating_point() else value).cpu().contiguous()
            for name, value in network.state_dict().items()
        }
        finite_tensors("this network in float16", weights)
        write_tensors(path, weights, {"format": self.format, "version": str(self.version)} | header)
        return path

    @threads.own_draws()  # first weights are drawn and replaced
    def load(
        self,
        name: str | Path,
        device: str | torch.device | None,
        build: Callable[[dict[str, str]], Network],
    ) -> Network:
        """The network that ``build`` makes of the header, with the file's weights: in evaluation mode, frozen, float32.

        ``name`` is that of one that ships, or a path: a ``Path``, or a string that ends in ``.safetensors``.

        Raises
        ------
        FileNotFoundError
            when there is no such file.
        CheckpointError
            when it is damaged, something else, or of a newer version, or a weight is not finite.
        """
        path = checks.path("name", name)
        if isinstance(name, str) and not name.endswith(".safetensors"):
            path = runtime.shipped(self.shipped.format(name))
        header, weights = read_tensors(path, self.format, self.version, self.writer)
        refuse_nan(path, weights, "it was saved from a training that had diverged")
        try:
            network = build(header)
            network.load_state_dict(weights)  # copying into float32 parameters widens the float16 of the file
        except KeyError as error:
            raise CheckpointError(
                f"{path} does not say which network it holds: there is no {error} in its header."
            ) from None
        except (AttributeError, IndexError, RuntimeError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"{path} does not hold the network that its header names: {error}"
            ) from None
        return network.to(runtime.device(device)).eval().requires_grad_(False)
