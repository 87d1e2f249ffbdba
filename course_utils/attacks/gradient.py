"""Attacks that follow the gradient of the loss in the picture, inside of a ball around it and of the pixels' bounds.

What lives here:

    fgsm            one step of size epsilon along the sign of the gradient
    pgd             several smaller ones, each followed by a projection back into the ball
    random_signs    the control: every pixel moves as far, in a direction that no gradient chose
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from course_utils import checks
from course_utils.attacks import inputs
from course_utils.attacks.inputs import Bounds, Model

PART = 250  # pictures whose gradients are computed at a time: a network's maps of 1,000 digits fill 90 MB


@dataclass(frozen=True)
class Ball:
    """The displacements of norm at most epsilon: how one climbs in it, comes back into it, and draws from it evenly."""

    steepest: Callable[[Tensor], Tensor]  # gradients -> the displacements of norm 1 that climb fastest
    length: Callable[[Tensor], Tensor]  # displacements -> their norms, (n,)
    project: Callable[[Tensor, float], Tensor]  # displacements, epsilon -> the nearest ones in the ball
    draw: Callable[[Tensor, float, torch.Generator], Tensor]  # like these, epsilon, random numbers


def _lengths(d: Tensor) -> Tensor:
    """Euclidean lengths, as (n, 1, ..., 1); never 0."""
    return d.flatten(1).norm(dim=1).clamp_min(torch.finfo(d.dtype).tiny).view(-1, *[1] * (d.dim() - 1))


def _draw_cube(like: Tensor, epsilon: float, generator: torch.Generator) -> Tensor:
    drawn = torch.rand(like.shape, generator=generator, device=generator.device, dtype=like.dtype)
    return epsilon * (2 * drawn - 1).to(like.device)


def _draw_sphere(like: Tensor, epsilon: float, generator: torch.Generator) -> Tensor:
    where = generator.device
    direction = torch.randn(like.shape, generator=generator, device=where, dtype=like.dtype).to(like.device)
    share = torch.rand(len(like), generator=generator, device=where, dtype=like.dtype).to(like.device)
    radius = epsilon * share ** (1 / like[0].numel())  # evenly in volume
    return radius.view(-1, *[1] * (like.dim() - 1)) * direction / _lengths(direction)


BALLS = {
    "linf": Ball(
        torch.sign,
        lambda d: d.flatten(1).abs().amax(dim=1),
        lambda d, epsilon: d.clamp(-epsilon, epsilon),
        _draw_cube,
    ),
    "l2": Ball(
        lambda g: g / _lengths(g),
        lambda d: d.flatten(1).norm(dim=1),
        lambda d, epsilon: d * (epsilon / _lengths(d)).clamp_max(1),
        _draw_sphere,
    ),
}


def margins(scores: Tensor, y: Tensor) -> Tensor:
    """How far the best wrong class is ahead of the right one, (n,): positive where the picture is named wrongly.

    Parameters
    ----------
    scores : finite logits (n, classes), of two classes at least; a gradient comes through.
    y : the right classes, whole numbers (n,).

    Raises
    ------
    ValueError
        for other shapes or types, NaN, and classes that there are not.
    """
    scores = checks.tensor("scores", scores)
    if scores.dim() != 2 or not len(scores) or scores.shape[1] < 2 or not scores.is_floating_point():
        raise ValueError(
            f"scores: {scores.dtype} of shape {tuple(scores.shape)}; there must be one logit for each of two or more "
            "classes, floats (n, classes)."
        )
    y = inputs.the_labels("y", y, scores)
    inputs.look_at("scores hold", scores, y)
    return _ahead(scores, y)


def _ahead(scores: Tensor, y: Tensor) -> Tensor:
    own = functional.one_hot(y, scores.shape[1]).bool()
    return scores.masked_fill(own, -torch.inf).amax(dim=1) - scores[own]


# What an attack climbs, as a sum over the pictures. The cross-entropy has the slope 1 - p_y in the margin, which
# rounds to 0 where the network is sure; the margin's own slope is 1 (as with log(1 - D) and -log D in a GAN).
LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "cross-entropy": partial(functional.cross_entropy, reduction="sum"),
    "margin": lambda scores, y: _ahead(scores, y).sum(),
}


def fgsm(model: Model, x: Tensor, y: Tensor, epsilon: float, bounds: Bounds = (0, 1)) -> Tensor:
    """The Fast Gradient Sign Method: x' = clamp(x + epsilon sign(grad_x L(model(x), y))).

    Of all displacements with no pixel over epsilon it is the one that raises the loss's linear part most: by epsilon
    times the sum of the absolute partial derivatives. On a linear model that is all there is to say.

    Parameters
    ----------
    model : maps pictures (n, ...) to logits (n, classes): a network, or a function of tensors.
    x : the pictures, floats (n, ...) inside of the bounds.
    y : the right classes, whole numbers (n,).
    epsilon : how far a pixel may move, in the units of x; 0 moves nothing.
    bounds : what a pixel can be, (lowest, highest); None for points that have no bounds.

    Returns
    -------
    Tensor like x, without a gradient. The model is left as it was found: its modes, its buffers, its gradients.

    Raises
    ------
    ValueError
        for pictures outside the bounds, labels of another shape or number, or a model through which no gradient comes.

    Source: Goodfellow, Shlens and Szegedy 2015, "Explaining and harnessing adversarial examples"; L0, L3.
    """
    return pgd(model, x, y, epsilon, steps=1, step_size=epsilon, random_start=False, bounds=bounds)


def pgd(
    model: Model,
    x: Tensor,
    y: Tensor,
    epsilon: float,
    steps: int = 20,
    step_size: float | None = None,
    random_start: bool = True,
    generator: torch.Generator | None = None,
    bounds: Bounds = (0, 1),
    *,
    norm: str = "linf",
    loss: str = "cross-entropy",
    restarts: int = 1,
) -> Tensor:
    """Projected gradient ascent on the loss: z <- clamp(project(z + step_size steepest(grad_z L(model(z), y)))).

    The steepest displacement of norm 1 is the sign of the gradient for "linf", the gradient over its length for "l2".
    The projection leads to the nearest point of the ball of radius epsilon around x, the clamp to that of the bounds;
    because x lies in both, so does what comes out.

    Parameters
    ----------
    model, x, y, bounds : as of :func:`fgsm`.
    epsilon : the radius of the ball, in the units of x: of each pixel ("linf"), or of the whole picture ("l2").
    steps : how many (L0's J).
    step_size : of each (L0's epsilon_2); None takes 2.5 epsilon / steps, which can cross the ball and come back.
    random_start : begin anywhere in the ball, and not at x: where the gradient at x leads astray, others may not.
    generator : for the random start; None takes a fresh one with seed 0.
    norm : "linf" or "l2".
    loss : what is climbed, "cross-entropy" or "margin" (the best wrong logit less the right one).
    restarts : with how many random starts; for each picture, the end with the largest margin is given back.

    Returns
    -------
    Tensor like x, without a gradient.

    Raises
    ------
    ValueError
        as :func:`fgsm`; also for several restarts without a random start.

    Source: Madry et al. 2018, "Towards deep learning models resistant to adversarial attacks"; L0's inner loop.
    """
    restarts, generator = checks.whole("restarts", restarts), inputs.a_generator(generator)
    if restarts > 1 and not checks.switch("random_start", random_start):
        raise ValueError(f"restarts is {restarts}; without random_start=True all of them would be the same.")
    how = (epsilon, steps, step_size, random_start, generator, bounds)
    found = [last(_checked_climb(model, x, y, *how, norm=norm, loss=loss)) for _ in range(restarts)]
    if restarts == 1:
        return found[0]
    y = inputs.the_labels("y", y, x)
    with inputs.undisturbed(model), torch.no_grad():
        worst = torch.stack([_ahead(model(z), y) for z in found]).argmax(dim=0)
    return torch.stack(found)[worst, torch.arange(len(worst), device=worst.device)]


def pgd_path(model: Model, x: Tensor, y: Tensor, epsilon: float, *args: Any, **settings: Any) -> Tensor:
    """The places where :func:`pgd` goes, its start first: (steps + 1, n, ...).

    Parameters and errors as there; it knows of no ``restarts``.
    """
    return torch.stack(list(_checked_climb(model, x, y, epsilon, *args, **settings)))


def random_signs(
    model: Model,
    x: Tensor,
    y: Tensor,
    epsilon: float,
    generator: torch.Generator | None = None,
    bounds: Bounds = (0, 1),
) -> Tensor:
    """The control of :func:`fgsm`: x + epsilon times +1 or -1 at random for each pixel, clamped.

    It moves every pixel as far as FGSM does, and asks no model; ``model`` and ``y`` are there so that it can stand
    where an attack does. Parameters and errors as of :func:`fgsm`; ``generator``: None takes a fresh one with seed 0.
    """
    inputs.a_model(model)
    limits = inputs.the_limits(bounds)
    x = inputs.pictures("x", x, limits)
    inputs.the_labels("y", y, x)
    epsilon, generator = checks.not_negative("epsilon", epsilon), inputs.a_generator(generator)
    drawn = torch.rand(x.shape, generator=generator, device=generator.device).to(x.device)
    return _clamped(x + epsilon * torch.where(drawn < 0.5, -1.0, 1.0).to(x), limits)


def climb(
    model: Model,
    score: Callable[[Tensor, Tensor], Tensor],
    x: Tensor,
    y: Tensor,
    epsilon: float,
    steps: int,
    step_size: float,
    start: Tensor,
    limits: tuple[float, float] | None,
    ball: Ball,
    climbed: Callable[[Tensor, Tensor], Tensor],
) -> Iterator[Tensor]:
    """The start, and where each step of :func:`pgd` leads; nothing is checked. ``score`` gives logits for (z, y)."""
    yield (z := start)
    for _ in range(steps):
        parts = zip(z.detach().split(PART), y.split(PART), strict=True)
        with inputs.undisturbed(model):
            slopes = [inputs.slope(p, climbed(score(p.requires_grad_(), own), own)) for p, own in parts]
            gradient = torch.cat(slopes)
        with torch.no_grad():
            z = _clamped(x + ball.project(z + step_size * ball.steepest(gradient) - x, epsilon), limits)
        yield z


def _checked_climb(
    model: Model,
    x: Tensor,
    y: Tensor,
    epsilon: float,
    steps: int = 20,
    step_size: float | None = None,
    random_start: bool = True,
    generator: torch.Generator | None = None,
    bounds: Bounds = (0, 1),
    *,
    norm: str = "linf",
    loss: str = "cross-entropy",
) -> Iterator[Tensor]:
    """:func:`climb`, after a look at what it is given."""
    inputs.a_model(model)
    limits = inputs.the_limits(bounds)
    x = inputs.pictures("x", x, limits)
    y = inputs.the_labels("y", y, x)
    generator = inputs.a_generator(generator)
    epsilon, steps = checks.not_negative("epsilon", epsilon), checks.whole("steps", steps)
    size = 2.5 * epsilon / steps if step_size is None else checks.not_negative("step_size", step_size)
    ball = BALLS[checks.one_of("norm", norm, BALLS)]
    climbed = LOSSES[checks.one_of("loss", loss, LOSSES)]
    start = x
    if checks.switch("random_start", random_start):
        start = _clamped(x + ball.draw(x, epsilon, generator), limits)
    return climb(
        model, partial(inputs.scores_of, model), x, y, epsilon, steps, size, start, limits, ball, climbed
    )


def _clamped(z: Tensor, limits: tuple[float, float] | None) -> Tensor:
    return z if limits is None else z.clamp(*limits)


def last(iterates: Iterator[Tensor]) -> Tensor:
    """The last of some pictures; the others are forgotten one by one."""
    return deque(iterates, maxlen=1).pop()
