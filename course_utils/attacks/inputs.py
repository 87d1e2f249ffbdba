"""What an attack is given, looked at; and a model that is asked without being disturbed."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from course_utils import checks

Model = Callable[[Tensor], Tensor]  # pictures (n, ...) -> one logit for each class, (n, classes)
Bounds = Sequence[float] | None
ROUNDING = 1e-6  # by which pixels may lie outside of their bounds


@contextmanager
def undisturbed(model: Model) -> Iterator[None]:
    """The model in evaluation mode, with gradients switched on; afterwards every part of it is in the mode that it had.

    In training mode batch norm would let each picture's verdict depend on the others, and learn from what it is shown.
    """
    training = [m for m in model.modules() if m.training] if isinstance(model, nn.Module) else []
    for module in training:
        module.training = False
    try:
        with torch.enable_grad():
            yield
    finally:
        for module in training:
            module.training = True


def scores_of(model: Model, x: Tensor, y: Tensor) -> Tensor:
    """The model's logits (n, classes) for pictures, looked at: their shape, that they are finite, that y is among them.

    Raises
    ------
    ValueError
        naming the model or y.
    """
    scores = model(x.clone())  # it may compute in place, such as x.sub_(mean)
    if not isinstance(scores, Tensor) or scores.dim() != 2 or len(scores) != len(x) or scores.shape[1] < 2:
        what = f"shape {tuple(scores.shape)}" if isinstance(scores, Tensor) else type(scores).__name__
        raise ValueError(
            f"model gives {what} for {len(x)} pictures; it must give one logit for each class, shape "
            f"({len(x)}, classes), with two classes at least."
        )
    look_at("model gives", scores, y)
    return scores


def look_at(whose: str, scores: Tensor, y: Tensor) -> None:
    """Raise a ValueError where logits (n, classes) are not finite, or y is not among the classes."""
    if not scores.isfinite().all():
        raise ValueError(f"{whose} logits that are NaN or infinite: the training may have diverged.")
    if not 0 <= int(y.min()) <= int(y.max()) < scores.shape[1]:
        raise ValueError(
            f"y goes from {int(y.min())} to {int(y.max())}, but the model knows the classes 0 to {scores.shape[1] - 1}."
        )


def slope(z: Tensor, loss: Tensor) -> Tensor:
    """The gradient in z of a loss of the model's logits.

    Raises
    ------
    ValueError
        naming the model, where no gradient comes through it.
    """
    gradient = None
    if loss.requires_grad:
        (gradient,) = torch.autograd.grad(loss, z, allow_unused=True)
    if gradient is None:
        raise ValueError(
            "model lets no gradient through to the pictures: is there a detach(), a no_grad() or NumPy inside, an "
            "inference_mode() around it, or a step function? An attack needs the slope of the loss in every pixel."
        )
    return gradient


def a_model(model: Model) -> Model:
    """A network, or a function of pictures."""
    expected = "a network (torch.nn.Module), or a function from pictures to logits"
    if isinstance(model, type):
        raise ValueError(f"model is the class {model.__name__}; it must be {expected}.")
    return checks.function("model", model, expected, "and the pictures come after it")


def a_generator(generator: torch.Generator | None) -> torch.Generator:
    """A torch generator; for None a fresh one with seed 0."""
    if generator is None:
        return torch.Generator().manual_seed(0)
    expected = "a torch.Generator, such as torch.Generator().manual_seed(0), or None"
    return checks.instance("generator", generator, torch.Generator, expected)


def the_limits(bounds: Bounds) -> tuple[float, float] | None:
    """The lowest and the highest value of a pixel; None for none."""
    if bounds is None:
        return None
    low, high = checks.each("bounds", bounds, checks.number, 2, "such as (0, 1), or None")
    if low >= high:
        raise ValueError(f"bounds are ({low:g}, {high:g}); the lower one comes first.")
    return low, high


def pictures(name: str, x: Tensor, limits: tuple[float, float] | None) -> Tensor:
    """Pictures (n, ...) of floats inside of the limits, without their gradient."""
    x = checks.tensor(name, x).detach()
    if not x.is_floating_point() or x.dim() < 2 or not x.numel():
        raise ValueError(
            f"{name}: {x.dtype} of shape {tuple(x.shape)}; there must be n >= 1 pictures of floats, such as "
            "(n, 1, 28, 28). Of bytes, take torch.from_numpy(pixels)[:, None] / 255."
        )
    if found := outside(x, limits):
        raise ValueError(
            f"{name}: pixels {found}. Divide bytes by 255; for pictures in [-1, 1] say bounds=(-1, 1)."
        )
    return x


def outside(x: Tensor, limits: tuple[float, float] | None) -> str:
    """In words, where pixels are not finite or lie outside of the limits; empty where all is well."""
    low, high = limits or (-math.inf, math.inf)
    lowest, highest = x.min().item(), x.max().item()
    if math.isfinite(lowest + highest) and low - ROUNDING <= lowest <= highest <= high + ROUNDING:
        return ""
    return f"from {lowest:g} to {highest:g}, outside of the bounds ({low:g}, {high:g})"


def the_labels(name: str, y: Tensor, x: Tensor) -> Tensor:
    """The class of each picture, on the pictures' device."""
    y = checks.tensor(name, y).detach()
    whole = not (y.is_floating_point() or y.is_complex() or y.dtype == torch.bool)
    if not whole or y.shape != (len(x),):
        raise ValueError(
            f"{name} is {y.dtype} of shape {tuple(y.shape)}; it must hold the class of each picture, whole numbers of "
            f"shape ({len(x)},)."
        )
    return y.to(x.device, torch.int64)
