"""What a GAN in the plane looks like, and how good it is: numbers and arrays for pictures, all without side effects.

The three honest metrics, between n generated and n real points:

    JSD   of the two samples, each smoothed by N(0, h^2 I) on a grid. Samples have no densities, so that some smoothing
          must be chosen: it is the same for both. It never makes a JSD larger, and at most log 2 = 0.693 nats come out.
    W1    the earth mover's distance, solved exactly by POT, in the units of the plane.
    modes how many of the known modes are reached (see :func:`course_utils.gan.metrics.mixture_coverage`).

Two finite samples of the same distribution differ too; measure real against real to know that floor.
"""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from scipy.special import ndtri
from torch import Tensor, nn

from course_utils import checks
from course_utils.divergences import js_divergence
from course_utils.gan.metrics import mixture_coverage
from course_utils.gan.minibatch import MinibatchDiscrimination, MinibatchStandardDeviation
from course_utils.gan.penalties import gradient_norms, interpolate
from course_utils.gan.trainer import PointTrainer
from course_utils.transport import earth_movers_distance

VIEW, CELLS, BANDWIDTH = 3.0, 60, 0.1  # the grid of the JSD, and the standard deviation h of its smoothing
FEW = 300  # points for W1 where it has to be quick
ARROWS = 48  # generated points whose pull is shown
COUNTABLE = 50  # modes; more of them are a stroke of the brush rather than modes
Interval = tuple[float, float]  # lowest and highest


def smoothed_histogram(
    points: np.ndarray, *, view: float = VIEW, cells: int = CELLS, bandwidth: float = BANDWIDTH
) -> np.ndarray:
    """Probabilities (cells, cells) of squares that cover [-view, view]^2, of the points after N(0, bandwidth^2 I).

    Points outside count in the nearest square of the border, and the smoothing is reflected there: the sum is 1.
    """
    from scipy.ndimage import gaussian_filter  # slow

    view, cells = checks.positive("view", view), checks.whole("cells", cells)
    bandwidth, edge = checks.not_negative("bandwidth", bandwidth), np.nextafter(view, 0)
    points = np.clip(checks.points("points", points, dim=2), -edge, edge)
    counts, *_ = np.histogram2d(points[:, 0], points[:, 1], bins=cells, range=((-view, view), (-view, view)))
    smooth = gaussian_filter(counts / len(points), bandwidth * cells / (2 * view), mode="reflect")
    return smooth / smooth.sum()


def grid_jsd(x: np.ndarray, y: np.ndarray, **grid: Any) -> float:
    """JSD in nats between two samples (n, 2) and (m, 2), both smoothed as :func:`smoothed_histogram` says."""
    x, y = checks.points("x", x, dim=2), checks.points("y", y, dim=2)
    p, q = (smoothed_histogram(points, **grid).ravel() for points in (x, y))
    return float(js_divergence(p, q))


@dataclass(frozen=True)
class Measures:
    """How far the generated points are from the real ones, and what the judge says about it.

    Attributes
    ----------
    jsd, w1 : in nats, and in the units of the plane.
    modes, near, least : how many modes are reached, the share of generated points near one, and the share near the mode
        that has fewest, in units of its fair share; (-1, NaN, NaN) where the data have none to count.
    judge_estimate : what the judge itself makes of the same points. A critic's is E f(x) - E f(G(z)), of W1; a
        discriminator's is log 2 + (E log D(x) + E log(1 - D(G(z)))) / 2, of the JSD, which it is for the best D (L0); a
        relativistic one's is log 2 + E log sigmoid(a(x) - a(G(z))), of the JSD between pairs and swapped pairs; of the
        total variation or Pearson's chi^2 with the hinge and least squares. An energy-based critic's is minus its loss,
        and of no divergence.
    slope, steepest : mean and maximum of the slope of the scores at points between real and generated ones, where a
        1-Lipschitz critic has at most 1. NaN where a score depends on the whole minibatch.
    secant : the largest |f(x) - f(y)| / |x - y| of all real points x and generated ones y.
    """

    jsd: float
    w1: float
    modes: int
    near: float
    least: float
    judge_estimate: float
    slope: float
    steepest: float
    secant: float

    @property
    def lower_bound(self) -> float:
        """A critic's estimate divided by its ``secant``: certainly at most the W1 of the same points.

        For the best coupling of them, estimate = E[f(x) - f(y)] <= secant * E|x - y|. No slope between the points
        matters; to divide by ``steepest``, a maximum over some points, would prove nothing.
        """
        return self.judge_estimate / self.secant if self.secant else 0.0

    @property
    def own(self) -> float:
        """``judge_estimate`` by its old name, which stored results and saved lessons use."""
        return self.judge_estimate


def measure(trainer: PointTrainer, n: int = 500, *, n_grid: int = 2000, seed: int = 0) -> Measures:
    """The metrics on n points for W1 and the judge, n_grid for JSD and modes; the same ones for the same seed.

    Nothing is drawn from the streams of the training.
    """
    n, n_grid = checks.whole("n", n), checks.whole("n_grid", n_grid)
    real, fake = evaluation_points(trainer, n_grid, seed=seed)
    points = fake.numpy().astype(float)
    mixture: Any = trainer.distribution
    modes, near, least = -1, np.nan, np.nan
    if 0 < len(mixture.modes) <= COUNTABLE:
        coverage = mixture_coverage(points, mixture)
        modes, near = coverage
        least = float(coverage.shares.min() * len(coverage.shares))
    some_real, some_fake = real[:n], fake[:n]
    with torch.no_grad():
        scores = trainer.discriminator(some_real), trainer.discriminator(some_fake)
    slope, steepest = _slopes(trainer, some_real, some_fake)
    return Measures(
        jsd=grid_jsd(points, real.numpy().astype(float)),
        w1=earth_movers_distance(points[:n], some_real.numpy().astype(float)).cost,
        modes=modes,
        near=near,
        least=least,
        judge_estimate=_judge_estimate(trainer, *scores),
        slope=slope,
        steepest=steepest,
        secant=_secant(some_real, some_fake, *scores),
    )


def floor(distribution: Any, n: int = FEW, *, n_grid: int = 2000, seed: int = 0) -> tuple[float, float]:
    """(JSD, W1) as :func:`measure` would find them for a perfect generator: between two samples of the distribution."""
    n, n_grid = checks.whole("n", n), checks.whole("n_grid", n_grid)
    if not hasattr(distribution, "sample"):
        raise ValueError(
            f"distribution is {distribution!r:.80}; it must have .sample(n, generator), as ring() has."
        )
    random = np.random.default_rng(checks.whole("seed", seed, at_least=0))
    x, y = (distribution.sample(n_grid, random) for _ in range(2))
    return grid_jsd(x, y), earth_movers_distance(x[:n], y[:n]).cost


def floor_range(distribution: Any, draws: int = 5, **sizes: Any) -> tuple[Interval, Interval]:
    """The lowest and the highest :func:`floor` of so many draws, seeds 0, 1, ...: of the JSD, and of W1."""
    floors = np.array([floor(distribution, seed=seed, **sizes) for seed in range(draws)])
    (jsd_low, w1_low), (jsd_high, w1_high) = floors.min(axis=0).tolist(), floors.max(axis=0).tolist()
    return (jsd_low, jsd_high), (w1_low, w1_high)


def centred_w1(x: Tensor, y: Tensor) -> float:
    """Exact W1 between points (n, 2) and (m, 2) after both have been moved to mean 0: what is left of a distance when
    nothing is left of the shift."""
    centred = [(points - points.mean(dim=0)).numpy().astype(float) for points in (x, y)]
    return earth_movers_distance(*centred).cost


def evaluation_points(trainer: PointTrainer, n: int, *, seed: int = 0) -> tuple[Tensor, Tensor]:
    """n real and n generated points, (n, 2) each; the same draws and the same latents for the same seed."""
    checks.instance("trainer", trainer, PointTrainer, "a PointTrainer", "and it comes first")
    real = trainer.distribution.sample(n, np.random.default_rng(checks.whole("seed", seed, at_least=0)))
    return torch.as_tensor(real, dtype=torch.get_default_dtype()), trainer.sample(n, seed=seed)


@torch.no_grad()
def surface(trainer: PointTrainer, others: Tensor, *, view: float = VIEW, n: int = 60) -> np.ndarray:
    """What the judge says in the middle of n x n squares of [-view, view]^2, D or a critic's f; (n, n), rows upwards.

    Minibatch statistics are those of the points ``others`` (m, 2), among which each point of the grid is judged.
    """
    ticks = view * ((2 * torch.arange(n) + 1) / n - 1)
    y, x = torch.meshgrid(ticks, ticks, indexing="ij")
    points = torch.stack([x, y], dim=-1).view(-1, 2).to(others)
    scores = scores_among(trainer.discriminator, points, others)
    if trainer.objective.probabilities:
        scores = scores.sigmoid()
    return scores.view(n, n).numpy()


def scores_among(discriminator: nn.Module, points: Tensor, others: Tensor) -> Tensor:
    """The scores of single points as they would be in a minibatch of ``others``, (n, 2) -> (n,)."""
    layers: list[nn.Module] = list(cast(nn.Sequential, discriminator.layers))
    for place, layer in enumerate(layers):
        if isinstance(layer, MinibatchStandardDeviation | MinibatchDiscrimination):
            head, tail = nn.Sequential(*layers[:place]), nn.Sequential(*layers[place + 1 :])
            features, theirs = head(points), head(others)
            return tail(torch.cat([features, _statistics(layer, features, theirs)], dim=1)).squeeze(1)
    return discriminator(points)


def pulls(trainer: PointTrainer, points: Tensor) -> np.ndarray:
    """-dL_G/dx at generated points (n, 2), per point (that is, n times the gradient of the mean): (n, 2).

    With a relativistic loss each is compared with as many real points, always the same ones.
    """
    points = points.detach().requires_grad_()
    scores = trainer.discriminator(points)
    if trainer.objective.pairs:
        real = evaluation_points(trainer, max(len(points), FEW))[0]
        loss = trainer.objective.generator(scores[:, None], trainer.discriminator(real).detach())
    else:
        loss = trainer.objective.generator(scores)
    (gradient,) = torch.autograd.grad(loss, points)
    return (-len(points) * gradient).numpy()


@torch.no_grad()
def manifold(trainer: PointTrainer, *, lines: int = 13, dots: int = 33) -> np.ndarray:
    """The image of a grid of latents under G: (2 lines, dots, 2), first one coordinate fixed per line, then the other.

    The grid has quantiles of N(0, 1) along the first two latent coordinates, so that all its cells have the same mass;
    all other coordinates are 0.
    """
    fixed, along = (torch.as_tensor(ndtri(np.linspace(0.02, 0.98, k))) for k in (lines, dots))
    a, b = torch.meshgrid(fixed, along, indexing="ij")
    z = torch.zeros(2, lines, dots, trainer.recipe.latent_dim, dtype=torch.get_default_dtype())
    z[0, ..., 0], z[0, ..., 1] = a, b
    if trainer.recipe.latent_dim > 1:
        z[1, ..., 0], z[1, ..., 1] = b, a
    return trainer.generate(z.view(-1, trainer.recipe.latent_dim)).view(2 * lines, dots, 2).numpy()


def scene(
    trainer: PointTrainer,
    n: int,
    *,
    with_surface: bool = True,
    with_arrows: bool = True,
    with_manifold: bool = True,
) -> dict[str, Any]:
    """What :class:`course_utils.plots.playground.PlaneArtists` draws: n real and n generated points, and three views.

    A discriminator's surface is D, centred on 1/2. A critic means differences only: its surface is f minus the mean of
    its latest mean verdicts on real and on generated points, centred on 0.
    """
    real, fake = evaluation_points(trainer, n)
    few = fake[:ARROWS]
    colours, low, high = None, 0.0, 1.0
    if with_surface:
        colours = surface(trainer, fake[: trainer.recipe.batch_size])
        if not trainer.objective.probabilities:
            colours = colours - _middle(trainer)
            largest = np.abs(colours[np.isfinite(colours)]).max(initial=1e-12)
            high = 2.0 ** np.ceil(np.log2(largest))  # in large steps: the colours stay while they can
            low = -high
    return {
        "real": real.numpy(),
        "fake": fake.numpy(),
        "surface": colours,
        "low": low,
        "high": high,
        "arrows": (few.numpy(), pulls(trainer, few)) if with_arrows else None,
        "manifold": manifold(trainer) if with_manifold else None,
    }


def _middle(trainer: PointTrainer) -> float:
    middle = (trainer.log.last("d_real") + trainer.log.last("d_fake")) / 2
    return float(middle) if middle.isfinite() else 0.0


def _statistics(layer: Any, features: Tensor, theirs: Tensor) -> Tensor:
    if isinstance(layer, MinibatchStandardDeviation):
        return layer(theirs)[:1, -1:].expand(len(features), 1)
    mine, others = (layer.projection(f).view(len(f), layer.kernels, layer.dim) for f in (features, theirs))
    closeness = [torch.exp(-(mine - other).abs().sum(dim=2)) for other in others]
    return torch.stack(closeness).sum(dim=0)


def _judge_estimate(trainer: PointTrainer, real_scores: Tensor, fake_scores: Tensor) -> float:
    objective = trainer.objective
    if objective.pairs:  # each with each
        real_scores = real_scores[:, None]
    return objective.estimate(trainer.discriminator_loss(real_scores, fake_scores).item())


def _secant(real: Tensor, fake: Tensor, real_scores: Tensor, fake_scores: Tensor) -> float:
    rise = (real_scores[:, None] - fake_scores).abs().double()
    run = torch.cdist(real.double(), fake.double())
    return (rise / run.clamp_min(1e-12)).max().item()


def _slopes(trainer: PointTrainer, real: Tensor, fake: Tensor) -> tuple[float, float]:
    if trainer.recipe.minibatch_statistics != "none":
        return np.nan, np.nan
    t = torch.linspace(0, 1, len(real)).unsqueeze(1)  # any pairing will do: both samples are independent
    norms = gradient_norms(trainer.discriminator, interpolate(real, fake, t))
    return norms.mean().item(), norms.max().item()
