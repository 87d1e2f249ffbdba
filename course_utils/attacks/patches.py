"""A universal patch: one small picture that, pasted anywhere into any picture, makes a network see the class it wants.

Source: Brown et al. 2017, "Adversarial patch" (L3: "universal, robust, targeted").
"""

import torch
from torch import Tensor
from torch.nn import functional

from course_utils import checks
from course_utils.attacks import inputs
from course_utils.attacks.inputs import Bounds, Model


def patch(
    model: Model,
    x: Tensor,
    target: int,
    side: int = 8,
    steps: int = 200,
    step_size: float = 0.05,
    batch: int = 100,
    generator: torch.Generator | None = None,
    bounds: Bounds = (0, 1),
) -> Tensor:
    """Train one patch on many pictures, at every step on others and at other places: descend L(model(pasted), target).

    Parameters
    ----------
    model : as of :func:`~course_utils.attacks.fgsm`.
    x : pictures to paste it into, floats (n, channels, height, width).
    target : the class that is to be seen.
    side : of the patch, in pixels; inside of it the pixels may be anything in ``bounds``, which cannot be None here.
    steps, step_size : steps along the sign of the gradient; their size falls to 0 in a straight line.
    batch : pictures a step.
    generator : draws pictures and places; None takes a fresh one with seed 0.

    Returns
    -------
    Tensor (channels, side, side), for :func:`paste`. The model is left as it was found.

    Raises
    ------
    ValueError
        for pictures of another shape or outside the bounds, a patch that is larger than they are, or a model through
        which no gradient comes.
    """
    inputs.a_model(model)
    if (limits := inputs.the_limits(bounds)) is None:
        raise ValueError("bounds is None; a patch needs an end to what its pixels can be, such as (0, 1).")
    x = inputs.pictures("x", x, limits)
    target, batch = checks.whole("target", target, 0), checks.whole("batch", batch)
    side = checks.whole("side", side)
    _check_room("side", side, x)
    steps, step_size = checks.whole("steps", steps), checks.positive("step_size", step_size)
    generator = inputs.a_generator(generator)
    square = torch.full((x.shape[1], side, side), sum(limits) / 2, dtype=x.dtype, device=x.device)
    wanted = torch.full((batch,), target, device=x.device)
    for step in range(steps):
        chosen = torch.randint(len(x), (batch,), generator=generator, device=generator.device).to(x.device)
        square = square.detach().requires_grad_()
        with inputs.undisturbed(model):
            scores = inputs.scores_of(model, paste(x[chosen], square, generator), wanted)
            gradient = inputs.slope(square, functional.cross_entropy(scores, wanted))
        square = (square.detach() - step_size * (1 - step / steps) * gradient.sign()).clamp(*limits)
    return square


def paste(x: Tensor, patch: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Pictures (n, c, h, w) with the patch (c, side, side) over each of them, at random places; a gradient comes
    through.

    Raises
    ------
    ValueError
        for shapes that do not fit each other, and for pixels that are no floats, NaN or infinite.
    """
    generator = inputs.a_generator(generator)
    for name, given in {"x": x, "patch": patch}.items():
        checks.tensor(name, given)
        if not given.is_floating_point() or not given.isfinite().all():
            raise ValueError(f"{name}: {given.dtype}, or NaN or infinite; its pixels must be finite floats.")
    if patch.dim() != 3 or patch.shape[1] != patch.shape[2] or not patch.numel():
        raise ValueError(
            f"patch has the shape {tuple(patch.shape)}; it must be a square, (channels, side, side)."
        )
    _check_room("patch", patch.shape[-1], x)
    if patch.shape[0] != x.shape[1]:
        raise ValueError(f"patch has {patch.shape[0]} channels, and the pictures x have {x.shape[1]}.")
    along = torch.arange(patch.shape[-1], device=x.device)
    rows, columns = (
        torch.randint(room - len(along) + 1, (len(x), 1), generator=generator, device=generator.device).to(
            x.device
        )
        for room in x.shape[2:]
    )
    pasted, each = x.clone(), torch.arange(len(x), device=x.device)[:, None, None]
    pasted[each, :, (rows + along)[:, :, None], (columns + along)[:, None, :]] = patch.permute(1, 2, 0).to(x)
    return pasted


def _check_room(name: str, side: int, x: Tensor) -> None:
    if x.dim() != 4 or not len(x) or side > min(x.shape[2:]):
        raise ValueError(
            f"{name} is {side} pixels wide and x has the shape {tuple(x.shape)}; x must be pictures (n, c, h, w), "
            "no smaller than the patch."
        )
