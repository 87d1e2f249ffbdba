"""Small networks for tasks about losses, and what a loss does to them."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from course_utils import threads
from course_utils.exercises.task import Unfit, show


def network(inputs: int, outputs: int, seed: int) -> nn.Module:
    """Two layers in double precision, so that rounding hides nothing."""
    with threads.own_draws(seed):
        return nn.Sequential(nn.Linear(inputs, 4), nn.Tanh(), nn.Linear(4, outputs)).double()


def normal(*shape: int, seed: int) -> Tensor:
    """Normal numbers in double precision."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def felt_by(*places: int) -> Callable[..., Any]:
    """What is compared of a loss: its value, and the gradient that it leaves in each network at these arguments."""

    def see(loss: Callable[..., Any], *x: Any) -> Any:
        usual = torch.get_default_dtype()
        # of torch.ones(n, 1), which BCELoss wants to be as the network is
        torch.set_default_dtype(torch.float64)
        try:
            value = loss(*x)
        finally:
            torch.set_default_dtype(usual)
        if value is None or value is ...:
            return value  # not written yet
        if not isinstance(value, Tensor):
            raise Unfit(f"you give {show(value)}: a loss is a tensor, so that its gradient can be asked for")
        if value.requires_grad:
            value.sum().backward()
        return (value, *(_gradient(x[place]) for place in places))

    return see


def _gradient(network: nn.Module) -> Tensor:
    """Of all weights, in one row."""
    parts = [torch.zeros_like(w) if w.grad is None else w.grad for w in network.parameters()]
    return torch.cat([part.flatten() for part in parts])
