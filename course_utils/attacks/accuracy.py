"""The share of pictures that a network names rightly, as they are and after an attack."""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from course_utils import checks
from course_utils.attacks import inputs
from course_utils.attacks.gradient import BALLS, Ball
from course_utils.attacks.inputs import Bounds, Model

Attack = Callable[[Model, Tensor, Tensor, float], Tensor]  # model, x, y, epsilon -> pictures like x
BATCH = 500  # pictures at a time


def accuracy(model: Model, images: Tensor, labels: Tensor, *, bounds: Bounds = (0, 1)) -> float:
    """The share of pictures whose largest logit is the right one, in [0, 1]; the model is asked in evaluation mode.

    ``bounds`` is what a pixel can be, as of :func:`robust_accuracy`: of pictures in another scale than the network was
    trained on, the share would say nothing.

    Raises
    ------
    ValueError
        for pictures out of bounds, and for pictures and labels that do not fit each other or the model.
    """
    inputs.a_model(model)
    images = inputs.pictures("images", images, inputs.the_limits(bounds))
    return float(_right(model, images, inputs.the_labels("labels", labels, images)).float().mean())


def robust_accuracy(
    model: Model,
    images: Tensor,
    labels: Tensor,
    epsilon: float,
    attack: Attack | Iterable[Attack],
    *,
    norm: str = "linf",
    bounds: Bounds = (0, 1),
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
    norm : how far is measured, "linf" or "l2". No pixel may move by more than epsilon in either of them; only "l2" asks
        that of the picture's whole length, too.
    bounds : what a pixel can be, before the attack and after it; None for points that have no bounds. An attack with
        bounds of its own is told them by itself: ``partial(fgsm, bounds=(-1, 1))``.

    Raises
    ------
    ValueError
        as the attack does, or when what it gives is no such pictures, further away than epsilon, or out of bounds: then
        the share would say nothing about the ball.
    """
    inputs.a_model(model)
    epsilon = checks.not_negative("epsilon", epsilon)
    attacks, limits = _attacks(attack), inputs.the_limits(bounds)
    ball = BALLS[checks.one_of("norm", norm, BALLS)]
    images = inputs.pictures("images", images, limits)
    labels = inputs.the_labels("labels", labels, images)
    right = 0
    for x, y in zip(images.split(BATCH), labels.split(BATCH), strict=True):
        still = torch.ones_like(y, dtype=torch.bool)
        for one in attacks:
            # copies: one that works in place would be compared with itself, and with labels of its own
            attacked = one(model, x.clone(), y.clone(), epsilon)
            _look(attacked, x, epsilon, ball, limits)
            still &= _right(model, attacked.detach(), y)
        right += int(still.sum())
    return right / len(images)


def _right(model: Model, x: Tensor, y: Tensor) -> Tensor:
    """Where the largest logit is the right one, (n,)."""
    found = []
    for part, own in zip(x.split(BATCH), y.split(BATCH), strict=True):
        with inputs.undisturbed(model), torch.no_grad():
            found.append(inputs.scores_of(model, part, own).argmax(dim=1) == own)
    return torch.cat(found)


def _attacks(attack: Attack | Iterable[Attack]) -> list[Attack]:
    """One attack, or several, as a list."""
    given = list(attack) if isinstance(attack, Iterable) and not callable(attack) else [attack]
    if not given or not all(map(callable, given)):
        raise ValueError(
            f"attack is {attack!r:.80}; it must be a function (model, x, y, epsilon) -> pictures, such as fgsm, or a "
            "list of such functions."
        )
    for one in given:
        if isinstance(one, type):
            raise ValueError(f"attack is the class {one.__name__}; it must be a function such as fgsm.")
    return given


def _look(
    attacked: Tensor, x: Tensor, epsilon: float, ball: Ball, limits: tuple[float, float] | None
) -> None:
    """Raise a ValueError where an attack gives something else than pictures like x in the ball around x and in the
    bounds; rounding is allowed for."""
    if not isinstance(attacked, Tensor) or attacked.shape != x.shape or attacked.dtype != x.dtype:
        what = f"{attacked.dtype} of shape {tuple(attacked.shape)}" if isinstance(attacked, Tensor) else ""
        raise ValueError(
            f"attack gives {what or type(attacked).__name__} for pictures of shape {tuple(x.shape)}; it must give a "
            f"tensor of that shape, {x.dtype}."
        )
    if found := inputs.outside(attacked, limits):
        raise ValueError(
            f"attack gives pixels {found}: those are no pictures. Clamp them; or say bounds=None, if all numbers are "
            "allowed."
        )
    far = ball.length(attacked - x).max().item()
    rounding = (
        4 * torch.finfo(x.dtype).eps * math.sqrt(x[0].numel()) * max(1.0, epsilon, x.abs().max().item())
    )
    if far > epsilon + rounding:
        raise ValueError(
            f"attack goes as far as {far:.4g}, and epsilon is {epsilon:g}: it leaves the ball. Bring what it "
            "gives back into the ball, or say a larger epsilon."
        )
