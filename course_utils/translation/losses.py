"""The terms of the loss: Zhu et al. 2017 (CycleGAN, equations 1 to 3) and Taigman et al. 2017 (DTN, equations 3 to 6).

Networks give scores (n, k, ...), k = 1 for least squares and k = 3 for DTN's three classes. All functions return a
scalar, a mean over samples, pixels and patches.
"""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from course_utils.translation.domains import Map

GAMES = ("lsgan", "three-class")
FROM_SOURCE, FROM_TARGET, REAL = range(3)  # DTN's classes


def cycle_loss(forward_map: Map, backward_map: Map, x: Tensor, y: Tensor) -> Tensor:
    """E|F(G(x)) - x|_1 + E|G(F(y)) - y|_1, each a mean over pixels (Zhu et al., equation 2; L1 has the first term).

    It is the same for (h o G, F o h^-1) with any h: a cycle does not know what stands at its turning point.
    """
    # a map may work in place
    back, again = (backward_map(forward_map(x.clone())), forward_map(backward_map(y.clone())))
    if back.shape != x.shape or again.shape != y.shape:  # torch would stretch one over the other
        raise ValueError(
            f"x has shape {tuple(x.shape)} and comes back as {tuple(back.shape)}, y has {tuple(y.shape)} and comes "
            f"back as {tuple(again.shape)}: a cycle must keep them."
        )
    return (back - x).abs().mean() + (again - y).abs().mean()


def least_squares(scores: Tensor, target: float) -> Tensor:
    """E (D - target)^2 (Mao et al. 2017): generators want 1; critics 1 on real samples and 0 on made ones."""
    return (scores - target).square().mean()


def class_loss(scores: Tensor, kind: int) -> Tensor:
    """-E log D_kind, from the logits of DTN's three classes (n, 3, ...)."""
    wanted = torch.full((len(scores), *scores.shape[2:]), kind, device=scores.device)
    return cross_entropy(scores, wanted)
