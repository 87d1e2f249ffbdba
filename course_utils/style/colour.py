"""Keeping the colours of the content: transfer in the luminance alone (Gatys et al. 2016, "Preserving color in neural
artistic style transfer").

Pictures are (n, 3, h, w), RGB in [0, 1]; luminances (n, 1, h, w).
"""

import torch
from torch import Tensor

WEIGHTS = (0.299, 0.587, 0.114)  # Y of YIQ, as in the paper


def luminance(image: Tensor) -> Tensor:
    """Y = 0.299 R + 0.587 G + 0.114 B, (n, 1, h, w)."""
    weights = torch.tensor(WEIGHTS, dtype=image.dtype, device=image.device)
    return (image * weights.view(1, 3, 1, 1)).sum(1, keepdim=True)


def with_luminance(image: Tensor, y: Tensor) -> Tensor:
    """The picture with luminance y and its own hues, clipped to [0, 1].

    In YIQ only Y changes; back in RGB, that adds the same number to all three channels.
    """
    return (image + (y - luminance(image))).clamp(0, 1)


def matched(y: Tensor, target: Tensor) -> Tensor:
    """Luminance y, shifted and stretched to the mean and the standard deviation of target; clipped to [0, 1].

    A dark style would darken the content otherwise.
    """
    spread = y.std(correction=0).clamp_min(1e-3)  # a flat style stays flat
    return ((y - y.mean()) / spread * target.std(correction=0) + target.mean()).clamp(0, 1)
