"""L-BFGS for pixels: the quasi-Newton method of Gatys et al., kept inside [0, 1]."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_utils.optimizers import BareOptimizer

FIRST_MOVE = 0.01  # of the average pixel, before anything is known about the curvature


class ProjectedLBFGS(BareOptimizer):
    """Minimise over one tensor x with low <= x <= high; one evaluation of the closure per step, no line search.

    The step is x <- clip(x - learning_rate H g), with H the inverse curvature that the last ``memory`` pairs of moves s
    and gradient changes y suggest (Nocedal, Wright 2006, algorithm 7.4). Pixels at a bound that the gradient pushes
    outwards stay, and count for nothing in g (two-metric projection, Bertsekas 1982).

    Why not torch.optim.LBFGS with a clamp after each step: it takes the step before the clamp for s, and keeps
    proposing it when all of it is clamped away; such a run stands still for ever.

    Parameters
    ----------
    params : a list of one tensor.
    lr, memory, low, high : learning rate, number of pairs, bounds.
    longest : no step moves the average pixel further than this. Where the first moves see hardly any curvature, as with
        the texture of the first layer alone, H g would throw the picture far away.
    """

    def __init__(
        self,
        params: list[Tensor],
        lr: float = 1.0,
        *,
        memory: int = 20,
        low: float = 0.0,
        high: float = 1.0,
        longest: float = 0.1,
    ):
        super().__init__(params, {"lr": lr, "memory": memory, "low": low, "high": high, "longest": longest})

    @torch.no_grad()  # torch's own types let a closure return floats only
    def step(self, closure: Callable[[], Tensor]) -> Tensor:  # type: ignore[override]
        """Evaluate the closure (which sets the gradient) and move; returns the loss from before the move."""
        with torch.enable_grad():
            loss = closure()
        (group,) = self.param_groups
        (x,) = group["params"]
        state, low, high = self.state[x], group["low"], group["high"]
        g = x.grad
        self._remember(state, x, g, group["memory"])

        free = ~((x <= low) & (g > 0) | (x >= high) & (g < 0))
        direction = self._times_inverse_curvature(state, g * free) * free
        # Nothing known, or nothing of use: steepest descent.
        if not state["moves"] or (direction * g).sum() <= 0:
            state["moves"], state["changes"] = [], []
            direction = g * free
            direction *= FIRST_MOVE / direction.abs().mean().clamp_min(torch.finfo(x.dtype).tiny)
        direction *= (group["longest"] / direction.abs().mean()).clamp_max(1)
        state["x"], state["g"] = x.clone(), g.clone()
        x.sub_(group["lr"] * direction).clamp_(low, high)
        return loss

    @staticmethod
    def _remember(state: dict[str, Any], x: Tensor, g: Tensor, memory: int) -> None:
        """Add the last move and what it changed in the gradient, if the curvature along it is positive."""
        moves, changes = state.setdefault("moves", []), state.setdefault("changes", [])
        if "x" not in state:
            return
        move, change = x - state["x"], g - state["g"]
        curvature = (move * change).sum()
        if curvature > 1e-6 * move.norm() * change.norm():
            moves.append(move)
            changes.append(change)
            del moves[:-memory], changes[:-memory]

    @staticmethod
    def _times_inverse_curvature(state: dict[str, Any], g: Tensor) -> Tensor:
        """H g by the two-loop recursion."""
        pairs = list(zip(state["moves"], state["changes"], strict=True))
        q, factors = g.clone(), []
        for move, change in reversed(pairs):
            rho = 1 / _dot(move, change)
            factor = rho * _dot(move, q)
            q.addcmul_(change, factor, value=-1)
            factors.append((rho, factor))
        if pairs:
            move, change = pairs[-1]
            q *= _dot(move, change) / _dot(change, change)
        for (move, change), (rho, factor) in zip(pairs, reversed(factors), strict=True):
            q.addcmul_(move, factor - rho * _dot(change, q))
        return q


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """sum(a * b), without the products in memory."""
    return torch.dot(a.flatten(), b.flatten())
