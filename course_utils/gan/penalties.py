"""How the judge is restrained: a Wasserstein critic kept (nearly) 1-Lipschitz, or a discriminator kept flat.

    clip   after every critic step, w <- clip(w, -c, c)                                     (L3, Algorithm 1)
    GP     weight * E[(|∇f(u)| - 1)^2],        u = t x + (1 - t) G(z),  t ~ U(0, 1)           (Gulrajani et al. 2017)
    LP     weight * E[max(0, |∇f(u)| - 1)^2],  the same points u                              (Petzka et al. 2018)
    R1     weight / 2 * E|∇f(x)|^2             at real points x                               (Mescheder et al. 2018)
    R2     weight / 2 * E|∇f(G(z))|^2          at generated points
    R1+R2  the sum of both                                                                    (R3GAN, Huang et al. 2024)

Clipping bounds the slope by some constant that depends on the depth and the widths, and not by 1. GP also
pulls smaller slopes up to 1, which the theory asks for only between points that the best coupling joins; LP
asks for what "1-Lipschitz" says. R1 and R2 pull every slope to 0, where it is at a GAN's equilibrium: with them the
Dirac-GAN runs into its equilibrium, but no critic measures W. Their weight is called gamma.
"""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from course_utils import checks
from course_utils.checks import positive


@torch.no_grad()
def clip_weights(parameters: Iterable[nn.Parameter], c: float) -> None:
    """Every weight moved to the nearest number in [-c, c], in place.

    Raises
    ------
    ValueError
        for a c that is not positive.
    """
    c = positive("c", c, "as the weights are clipped to [-c, c]")
    weights = checks.each(
        "parameters", parameters, checks.tensor, advice="as network.parameters() gives them"
    )
    for weight in weights:  # once over each; torch has no such pass for many
        weight.clamp_(-c, c)


def interpolate(real: Tensor, fake: Tensor, t: Tensor) -> Tensor:
    """u = t x + (1 - t) G(z), pair by pair; t in [0, 1] has shape (n, 1, ...), so that a picture has one t."""
    given = {"real": real, "fake": fake, "t": t}
    kinds = {checks.tensor(name, value).dtype for name, value in given.items()}
    each = (*real.shape[:1], *[1] * (real.dim() - 1))
    if real.shape != fake.shape or t.shape not in (each, ()) or len(kinds) > 1 or not t.is_floating_point():
        what = ", ".join(f"{name} {value.dtype} {tuple(value.shape)}" for name, value in given.items())
        raise ValueError(
            f"real and fake must have one shape, t a number for each pair, shape {each}, and all one type of floats; "
            f"got {what}."
        )
    return torch.lerp(fake, real, t)


def gradient_norms(
    critic: Callable[[Tensor], Tensor], points: Tensor, *, create_graph: bool = False
) -> Tensor:
    """|∇f(u)|, the Euclidean norm of the critic's slope at each point, (n, ...) -> (n,).

    The critic must treat every point by itself (no batch norm): the gradient of the sum of all scores is then the
    gradient of each score. With ``create_graph`` it must keep what it computes (no torch.utils.checkpoint).
    """
    checks.function("critic", critic, "a network", "and the points come after it")
    points = checks.tensor("points", points).detach()
    if not points.is_floating_point() or points.dim() < 2:
        raise ValueError(
            f"points: {points.dtype} of shape {tuple(points.shape)}; they must be floats (n, ...)."
        )
    with torch.inference_mode(False):
        points = (points.clone() if points.is_inference() else points).requires_grad_()
        with _Pieces() if create_graph else nullcontext():
            scores = critic(points)
        if not isinstance(scores, Tensor) or scores.numel() != len(points) or not scores.requires_grad:
            shape = f"shape {tuple(scores.shape)}" if isinstance(scores, Tensor) else type(scores).__name__
            raise ValueError(
                f"critic gives {shape} for {len(points)} points; it must give one score for each, a tensor through "
                "which a gradient comes (no detach(), no_grad() or NumPy inside)."
            )
        (gradient,) = torch.autograd.grad(scores.sum(), points, create_graph=create_graph)
    return gradient.flatten(1).norm(dim=1)


class _Pieces(TorchFunctionMode):
    """ReLU and LeakyReLU whose slope does not depend on where one is, as between two kinks it does not. Autograd takes
    the derivative of their slope as well, and carries its zeros back through the whole network: a sixth of a step."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in (F.relu, F.leaky_relu) and args[0].dtype in (torch.float32, torch.float64):
            x, slope = args[0], kwargs.get("negative_slope", 0.0)
            piece = torch.where(x.detach() > 0, x.new_ones(()), slope)
            return x.mul_(piece) if kwargs["inplace"] else x * piece
        return func(*args, **(kwargs or {}))


def gradient_penalty(norms: Tensor, *, one_sided: bool = False) -> Tensor:
    """E[(|∇f| - 1)^2] from the norms (n,), or with ``one_sided`` E[max(0, |∇f| - 1)^2]; without its weight."""
    excess = checks.floats("norms", norms, "of slopes, as gradient_norms gives them") - 1
    return (excess.relu() if checks.switch("one_sided", one_sided) else excess).square().mean()


def zero_centred_penalty(norms: Tensor) -> Tensor:
    """E|∇f|^2 / 2 from the norms (n,), without its weight."""
    return norms.square().mean() / 2


@dataclass(frozen=True)
class Penalty:
    """One way to restrain a critic or a discriminator.

    ``of_slopes`` maps its slopes (n,) to the penalty, without its weight (None: slopes cost nothing); ``at`` says at
    which points, "between" real and generated samples, "real" or "generated": penalties of several places are added.
    ``clips`` tells whether the weights are clipped after every step.
    """

    of_slopes: Callable[[Tensor], Tensor] | None = None
    clips: bool = False
    at: tuple[str, ...] = ("between",)


PENALTIES = {
    "none": Penalty(),
    "clip": Penalty(clips=True),
    "gp": Penalty(gradient_penalty),
    "lp": Penalty(partial(gradient_penalty, one_sided=True)),
    "r1": Penalty(zero_centred_penalty, at=("real",)),
    "r2": Penalty(zero_centred_penalty, at=("generated",)),
    "r1+r2": Penalty(zero_centred_penalty, at=("real", "generated")),
}
