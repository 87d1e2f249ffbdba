"""A generator whose weights are averaged over the training: it draws steadier samples than the one that plays."""

import copy

import torch
from torch import nn

from course_utils import checks
from course_utils.foreach import foreach


class ExponentialMovingAverage:
    """w_average <- d w_average + (1 - d) w, after every step; batch norm's running statistics included.

    The decay warms up, d = min(decay, (1 + t) / (10 + t)) at step t, so that the random weights of the start are soon
    forgotten. Source: Yazıcı et al., "The unusual effectiveness of averaging in GAN training", 2019.
    """

    def __init__(self, module: nn.Module, decay: float):
        checks.instance("module", module, nn.Module, "a network", "and the decay comes after it")
        self.module = copy.deepcopy(module).eval().requires_grad_(False)
        self.decay = checks.number("decay", decay, "[0, 1)", "and 0.999 is usual")

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Move the average towards the module's weights; ``step`` counts from 1."""
        decay = min(self.decay, (1 + step) / (10 + step))
        ours, theirs = [], []
        for mine, other in zip(self._state(self.module), self._state(module), strict=True):
            if mine.is_floating_point():
                ours.append(mine)
                theirs.append(other)
            else:
                mine.copy_(other)  # batch norm's counter of minibatches
        foreach("lerp_", ours, theirs, 1 - decay)

    @staticmethod
    def _state(module: nn.Module) -> list[torch.Tensor]:
        return [*module.parameters(), *module.buffers()]
