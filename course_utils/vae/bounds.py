"""What is known about log p(x): bounds from below for any model, and the integral itself for two latents.

Everything is in nats, per picture, and differentiable unless it says otherwise. Sources: Kingma and Welling,
"Auto-encoding variational Bayes", 2014; Burda, Grosse, Salakhutdinov, "Importance weighted autoencoders", 2016; L2.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from course_utils.checks import floats, instance, positive, whole
from course_utils.memory import trim_memory
from course_utils.vae.model import VAE, Posterior, check_data, real

LOG_2_PI = math.log(2 * math.pi)
LARGEST = 80.0  # a log-variance above it overflows float32 when it is exponentiated
CHUNK = 5_000  # latents decoded at a time: 16 MB of pixels
LOCAL = 6  # standard deviations of q over which its own integrals go: beyond lies a mass of 4e-9
NEGLIGIBLE = 15.0  # nats below a posterior's peak: what is lower has no part in its mass
CUT = 8  # parts a side of a cell where a posterior is narrow; even, so that all cells have the same quarters


def gaussian_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, diag(s^2)) || N(0, I)) = -1/2 sum_j (1 + log s_j^2 - m_j^2 - s_j^2), in nats: (n, J) -> (n,).

    (The slide in L2 lacks the minus sign; the divergence would be negative.) Numbers of 16 bits are widened, and the
    result is float32: in float16, squares would overflow from 255 on, and exponentials from 11 on.

    Raises
    ------
    ValueError
        for shapes that differ, and for NaN.
    OverflowError
        for a log-variance above 80, whose exponential is no number in float32, and for means whose squares are none.
    """
    mean, log_variance = (
        floats("mean", real("mean", mean)),
        floats("log_variance", real("log_variance", log_variance)),
    )
    if mean.shape != log_variance.shape or not mean.ndim:
        raise ValueError(
            f"mean has shape {tuple(mean.shape)} and log_variance {tuple(log_variance.shape)}; both must be (n, J)."
        )
    if log_variance.numel() and (top := log_variance.max().item()) > LARGEST:
        raise OverflowError(
            f"a log-variance is {top:g}, and exp of it overflows: the encoder has diverged (a smaller learning rate "
            "helps), or this is a variance and not its logarithm."
        )
    mean, log_variance = (
        v.float() if v.is_floating_point() and v.itemsize == 2 else v for v in (mean, log_variance)
    )
    kl = divergence(Posterior(mean, log_variance))
    if kl.isnan().any():
        raise ValueError("mean or log_variance holds NaN: the encoder that gave them has diverged.")
    if not mean.square().isfinite().all():
        raise OverflowError(
            f"a mean is {mean.abs().max().item():g}, and its square overflows: the encoder has diverged (a smaller "
            "learning rate helps)."
        )
    return kl


def divergence(q: Posterior) -> Tensor:
    """:func:`gaussian_kl` without a look at the numbers, which would make a GPU wait."""
    return -(1 + q.log_variance - q.mean.square() - q.log_variance.exp()).sum(-1) / 2


def elbo(
    model: VAE, x: Tensor, samples: int = 1, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """The two terms of the evidence lower bound, ELBO = reconstruction - kl <= log p(x) in expectation.

    Parameters
    ----------
    x : data (n, d), or pictures; in [0, 1] for a Bernoulli likelihood. The bound is one for log p(x) where x is binary.
    samples : draws of z ~ q(z|x) over which E_q[log p(x|z)] is averaged.
    generator : of those draws; None takes torch's global one.

    Returns
    -------
    reconstruction : E_q[log p(x|z)], (n,), an unbiased estimate.
    kl : KL(q(z|x) || p(z)), (n,), exact.

    Raises
    ------
    ValueError
        for data of another shape or outside of [0, 1], or fewer samples than 1.
    OverflowError
        see :func:`gaussian_kl`.
    """
    rows, q = _encoded(model, x)
    return model.log_likelihood(rows, q.sample(samples, generator)).mean(0), gaussian_kl(*q)


@torch.no_grad()
def importance_weighted_bound(
    model: VAE, x: Tensor, samples: int, generator: torch.Generator | None = None
) -> Tensor:
    """log 1/K sum_k p(x, z_k) / q(z_k|x) with z_k ~ q(z|x), (n,): its mean grows with K, from the ELBO to log p(x).

    Computed without gradients, in pieces, so that thousands of samples fit into memory. Parameters and errors as of
    :func:`elbo`; ``samples`` is K.
    """
    rows, q = _encoded(model, x)
    left = samples = whole("samples", samples)
    pieces = []
    while left:
        count = min(left, max(1, CHUNK // len(rows)))
        z = q.sample(count, generator)
        pieces.append(model.log_likelihood(rows, z) + log_normal(z) - log_posterior(q, z))
        left -= count
        trim_memory()
    return torch.cat(pieces).logsumexp(0) - math.log(samples)


def _encoded(model: VAE, x: Tensor) -> tuple[Tensor, Posterior]:
    """Data as rows, and q(z|x), both looked at."""
    instance("model", model, VAE, "a VAE", "and the data comes after it")
    if not model.stochastic:
        raise ValueError(
            "this autoencoder encodes a picture as one point (the log-variances of an adversarial autoencoder are not "
            "trained), so it has no q(z|x) and no bound; .encode(x).mean is the point."
        )
    rows = check_data(model, x)
    q = model.encode(rows)
    gaussian_kl(*q)
    return rows, q


def log_normal(z: Tensor) -> Tensor:
    """log N(z; 0, I), (..., J) -> (...)."""
    return -(z.square() + LOG_2_PI).sum(-1) / 2


def log_posterior(q: Posterior, z: Tensor) -> Tensor:
    """log q(z|x) for the x of each row: z (..., n, J) -> (..., n)."""
    scaled = (z - q.mean).square() * (-q.log_variance).exp()
    return -(scaled + q.log_variance + LOG_2_PI).sum(-1) / 2


class Evidence(NamedTuple):
    """Integrals over the plane of latents, (n,) each, in nats; log_evidence = elbo + gap."""

    log_evidence: Tensor  # log p(x) = log of the integral of p(x|z) p(z)
    elbo: Tensor  # integral of q (log p(x, z) - log q)
    gap: Tensor  # KL(q || p(z|x)), as log_evidence - elbo
    mass: Tensor  # of q on the grid: 1, or the grid is too coarse or too small


@torch.no_grad()
def log_evidence_on_grid(
    model: VAE,
    x: Tensor,
    *,
    q: Posterior | None = None,
    side: int = 401,
    reach: float = 6.0,
    tolerance: float = 1e-2,
) -> Evidence:
    """log p(x), the ELBO and the gap between them by quadrature, for a model with two latents.

    log p(x) comes from the rectangle rule on ``side`` x ``side`` points over [-reach, reach]^2, which for smooth
    functions that vanish at the border is exact to rounding once the grid is finer than they are; the bound from a grid
    of each q's own size; the gap is what lies between. Costs side^2 decoded latents, and 2,400 for each picture.

    Parameters
    ----------
    x : data (n, d), as for :func:`elbo`.
    q : the guesses of which the bound and the gap are; None takes the encoder's. log p(x) does not depend on them.

    Raises
    ------
    ValueError
        for a model with other than two latents; for data as :func:`elbo`; for guesses of another shape.
    ArithmeticError
        when the mass of some q on the grid differs from 1 by more than ``tolerance``: the grid is too coarse for the
        narrowest q, or does not reach it. A silent wrong number would be the alternative.
    """
    trim_memory()  # what the caller's own draws have left
    rows, q = _in_the_plane(model, x, q)
    side, reach = whole("side", side, at_least=3), positive("reach", reach)
    tolerance = positive("tolerance", tolerance)
    plane, step = _plane(rows, side, reach)
    log_joint, mass = [], torch.zeros(len(rows), dtype=torch.float64, device=rows.device)
    for z in plane.split(CHUNK):  # summed up part by part: all at once would fill 400 MB
        log_joint.append(_all_pairs(model, rows, z).double().logsumexp(0))
        mass += log_posterior(q, z[:, None, :]).double().exp().sum(0) * step**2
        trim_memory()
    if not (worst := (mass - 1).abs().max().item()) <= tolerance:  # NaN is no mass either
        narrowest = (q.log_variance.min() / 2).exp().item()
        raise ArithmeticError(
            f"on this grid a q has a mass that misses 1 by {worst:.3f}: the grid's steps are {step:.3g}, and the "
            f"narrowest q has a standard deviation of {narrowest:.3g}. Take more points than {side} a side, or "
            f"a larger reach than {reach:g}."
        )
    log_evidence = torch.stack(log_joint).logsumexp(0) + 2 * math.log(step)
    bound = torch.stack([(weights * ratio).sum() for weights, ratio in _on_own_grids(model, rows, q)])
    return Evidence(log_evidence, bound, log_evidence - bound, mass)


@torch.no_grad()
def kl_to_posterior(
    model: VAE,
    x: Tensor,
    *,
    q: Posterior | None = None,
    side: int = 121,
    reach: float = 6.0,
    tolerance: float = 0.1,
) -> Tensor:
    """KL(q || p(z|x)), the integral of q (log q - log p(z|x)), for a model with two latents: (n,), in nats.

    Neither log p(x) nor a bound comes in: p(x, z) is divided by its own sum over a grid of the posterior's own, the
    cells of a ``side`` x ``side`` grid over [-reach, reach]^2 where it lies, each cut into 8 x 8 where it is narrow;
    and the mean over q is taken on a grid of q's own size. So that log p(x) = ELBO + KL can be put to a test.

    Parameters
    ----------
    x : data (n, d), as for :func:`elbo`.
    q : the guesses; None takes the encoder's.
    tolerance : of a posterior's grid, in nats. Its quarters, every second point both ways, must agree on the mass to
        within it, before a cell is left whole and after it is cut. (All four together are far nearer than one is.)

    Raises
    ------
    ValueError
        as :func:`log_evidence_on_grid`.
    ArithmeticError
        when the quarters do not agree: some posterior is too narrow for the grid.
    """
    rows, q = _in_the_plane(model, x, q)
    side, reach = whole("side", side, at_least=3), positive("reach", reach)
    tolerance = positive("tolerance", tolerance)
    plane, step = _plane(rows, side, reach)
    scanned = torch.cat([_all_pairs(model, rows, z) for z in plane.split(CHUNK)]).double()
    parts = (torch.arange(CUT).to(plane) - (CUT - 1) / 2) * step / CUT
    divergences = []
    for row, joint, (weights, ratio) in zip(
        rows, scanned.T.reshape(-1, side, side), _on_own_grids(model, rows, q), strict=True
    ):
        log_mass, doubt = _summed(joint, step)
        if not doubt <= tolerance:
            near = torch.nn.functional.max_pool2d(joint[None], 3, 1, 1) > joint.max() - NEGLIGIBLE
            z = (plane[near.flatten()][:, None] + torch.cartesian_prod(parts, parts)).flatten(0, 1)
            fine = torch.cat([_all_pairs(model, row[None], part) for part in z.split(CHUNK)]).double()
            log_mass, doubt = _summed(fine.view(-1, CUT, CUT), step / CUT)
        if not doubt <= tolerance:
            raise ArithmeticError(
                f"quarters of the grid differ by {doubt:.3g} nats on a posterior's mass: its steps are {step:.3g}, cut "
                f"into {CUT} where that matters, and the posterior is narrower. Take more points than {side} a side."
            )
        divergences.append((weights * (log_mass - ratio)).sum())  # ratio: log p(x, z) - log q
    return torch.stack(divergences)


def _in_the_plane(model: VAE, x: Tensor, q: Posterior | None) -> tuple[Tensor, Posterior]:
    """Data as rows, and guesses for them with two latents each: those given, or the encoder's."""
    rows, own = _encoded(model, x)
    if model.latent_dim != 2:
        raise ValueError(f"the model has {model.latent_dim} latents; a grid has room for 2 only.")
    q = instance("q", own if q is None else q, Posterior, "a Posterior, or None for the encoder's")
    if len(gaussian_kl(*q)) != len(rows) or q.mean.shape[1] != 2:
        raise ValueError(f"q has means of shape {tuple(q.mean.shape)}; they must be ({len(rows)}, 2).")
    return rows, q


def _plane(like: Tensor, side: int, reach: float) -> tuple[Tensor, float]:
    """``side`` x ``side`` points over [-reach, reach]^2 as rows, and the step between them."""
    axis = torch.linspace(-reach, reach, side, dtype=like.dtype, device=like.device)
    return torch.cartesian_prod(axis, axis), 2 * reach / (side - 1)


def _summed(log_density: Tensor, step: float) -> tuple[Tensor, float]:
    """log of the integral over a grid (..., rows, columns), and how far its quarters differ about it, in nats."""
    quarters = torch.stack(
        [log_density[..., i::2, j::2].flatten().logsumexp(0) for i in (0, 1) for j in (0, 1)]
    )
    return quarters.logsumexp(0) + 2 * math.log(step), (quarters.max() - quarters.min()).item()


def _on_own_grids(model: VAE, rows: Tensor, q: Posterior) -> Iterator[tuple[Tensor, Tensor]]:
    """For each picture, on a grid as wide as its q: q's weights, and log p(x, z) - log q. Four points a deviation."""
    axis = torch.linspace(-LOCAL, LOCAL, 8 * LOCAL + 1, dtype=rows.dtype, device=rows.device)
    u = torch.cartesian_prod(axis, axis)
    weights = (-u.square().sum(1) / 2).double().softmax(0)
    for x, mean, log_variance in zip(rows, q.mean.to(rows), q.log_variance.to(rows), strict=True):
        z, own = mean + (log_variance / 2).exp() * u, Posterior(mean, log_variance)
        joint = torch.cat([_all_pairs(model, x[None], part) for part in z.split(CHUNK)])[:, 0]
        yield weights, (joint - log_posterior(own, z)).double()


def _all_pairs(model: VAE, rows: Tensor, z: Tensor) -> Tensor:
    """log p(x, z) for every z (m, J) with every x (n, d): (m, n)."""
    if model.likelihood == "bernoulli":  # linear in x: one product of matrices
        logits = model.decoder(z)
        given = logits @ rows.T - torch.nn.functional.softplus(logits).sum(-1, keepdim=True)
    else:
        given = torch.stack([model.log_likelihood(row[None], z) for row in rows], dim=1)
    return given + log_normal(z)[:, None]
