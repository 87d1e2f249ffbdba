"""The share of pictures that a network names rightly, as they are and after an attack."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from course_utils import checks
from course_utils.attacks.inputs import Model, a_model, scores_of, the_labels, undisturbed

Attack = Callable[[Model, Tensor, Tensor, float], Tensor]  # model, x, y, epsilon -> pictures like x
BATCH = 500  # pictures at a time


def accuracy(model: Model, images: Tensor, labels: Tensor) -> float:
    """The share of pictures whose largest logit is the right one, in [0, 1]; the model is asked in evaluation mode.

    Raises
    ------
    ValueError
        for pictures and labels that do not fit each other or the model.
    """
    return float(_right(a_model(model), *_pair(images, labels)).float().mean())


def robust_accuracy(
    model: Model, images: Tensor, labels: Tensor, epsilon: float, attack: Attack | Sequence[Attack]
) -> float:
    """The share of pictures that are named rightly after the attack; of several attacks, after each of them.

    Parameters
    ----------
    model : as of :func:`~course_utils.attacks.fgsm`.
    images, labels : the pictures and their classes, as x and y there.
    epsilon : how far the attack may go; it is handed on.
    attack : a function (model, x, y, epsilon) -> x', such as ``fgsm``, or ``functools.partial(pgd, steps=100)``; or a
        list of them. Every attack gives an upper bound of what is left against the *best* one; a longer list, a lower
        one.

    Raises
    ------
    ValueError
        as the attack does, or when what it gives has another shape.
    """
    a_model(model)
    epsilon = checks.not_negative("epsilon", epsilon)
    attacks = [_attack("attack", attack)] if callable(attack) else checks.each("attack", attack, _attack)
    images, labels = _pair(images, labels)
    right = 0
    for x, y in zip(images.split(BATCH), labels.split(BATCH), strict=True):
        still = torch.ones_like(y, dtype=torch.bool)
        for one in attacks:
            attacked = one(model, x, y, epsilon)
            if getattr(attacked, "shape", None) != x.shape:
                raise ValueError(
                    f"attack gives {type(attacked).__name__} for pictures of shape {tuple(x.shape)}; it must give a "
                    "tensor of that shape."
                )
            still &= _right(model, attacked, y)
        right += int(still.sum())
    return right / len(images)


def _right(model: Model, x: Tensor, y: Tensor) -> Tensor:
    """Where the largest logit is the right one, (n,)."""
    found = []
    for part, own in zip(x.split(BATCH), y.split(BATCH), strict=True):
        with undisturbed(model), torch.no_grad():
            found.append(scores_of(model, part, own).argmax(dim=1) == own)
    return torch.cat(found)


def _pair(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    images = checks.tensor("images", images).detach()
    if images.dim() < 2 or not images.numel() or not images.is_floating_point():
        raise ValueError(
            f"images are {images.dtype} of shape {tuple(images.shape)}; they must be n >= 1 pictures, floats (n, ...)."
        )
    return images, the_labels("labels", labels, images)


def _attack(name: str, value: Attack) -> Attack:
    if isinstance(value, type):
        raise ValueError(f"{name} is the class {value.__name__}; it must be a function such as fgsm.")
    return checks.function(name, value, "a function (model, x, y, epsilon) -> pictures, such as fgsm")
