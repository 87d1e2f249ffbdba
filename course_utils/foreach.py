"""The same arithmetic on many tensors at once, as torch's own optimizers do it: few kernels on a GPU, a loop on a CPU.

Torch has these operations under private names only (``torch._foreach_add_``, ...). They are called here and nowhere
else; a torch that lacks one gets a plain loop, with the same numbers.
"""

from collections.abc import Sequence
from itertools import repeat
from typing import Any

import torch
from torch import Tensor


def foreach(method: str, tensors: list[Tensor], *others: Any, **settings: Any) -> list[Tensor]:
    """``[t.method(*others, **settings) for t in tensors]``; the method's name is that of ``torch.Tensor``.

    Each of ``others`` is one number for all tensors, or a list with a tensor or a number for each:
    ``foreach("add_", parameters, gradients, alpha=-0.1)`` is a step of gradient descent.
    """
    together = getattr(torch, f"_foreach_{method}", None)
    if together is not None:
        return together(tensors, *others, **settings) or tensors  # in place: torch returns nothing
    each = (other if isinstance(other, Sequence) else repeat(other) for other in others)
    return [getattr(tensor, method)(*own, **settings) for tensor, *own in zip(tensors, *each, strict=False)]
