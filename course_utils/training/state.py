"""What a training depends on: data as tensors, copies of its state, a safe way to put an optimizer's memory back."""

from typing import Any

import numpy as np
import torch
from torch import Tensor


def shared_tensor(data: np.ndarray) -> Tensor:
    """An array as a tensor: in the same memory where that can be (MNIST has 47 MB, and a lesson ten trainers), else a
    copy. (Of arrays that cannot be written torch would warn, and those that run backwards it refuses.)"""
    shared = data.flags.writeable and data.flags.c_contiguous
    return torch.from_numpy(data if shared else data.copy())


def copied(state: Any) -> Any:
    """A state with tensors of its own (torch's state_dicts share memory with the weights that train on); much faster
    than copy.deepcopy."""
    if isinstance(state, Tensor):
        return state.detach().clone()
    if isinstance(state, list):
        return [copied(value) for value in state]
    return {key: copied(value) for key, value in state.items()} if isinstance(state, dict) else state


def tensors_of(state: Any, name: str = "") -> dict[str, Tensor]:
    """The tensors in a state, under names that tell the way to them: "generator/layers.0.weight"."""
    if isinstance(state, Tensor):
        return {name: state}
    items = state.items() if isinstance(state, dict) else ()
    return {
        way: found
        for key, value in items
        for way, found in tensors_of(value, f"{name}/{key}".lstrip("/")).items()
    }


def remember(optimizer: torch.optim.Optimizer, memory: dict[int, dict[str, Any]]) -> None:
    """Give an optimizer a copy of the memory of another one, each number at the place where it is expected.

    A fused optimizer walks through a weight and its averages in the order of memory. An average that
    is laid out otherwise, as a file stores it, would silently be paired with the wrong numbers.
    """
    own = optimizer.state_dict()["param_groups"]
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]

    def placed(value: Any, parameter: Tensor) -> Any:
        alike = isinstance(value, Tensor) and value.shape == parameter.shape
        return torch.empty_like(parameter).copy_(value) if alike else copied(value)

    with torch.no_grad():
        state = {
            i: {name: placed(value, parameters[i]) for name, value in values.items()}
            for i, values in memory.items()
        }
    optimizer.load_state_dict({"state": state, "param_groups": own})
