"""The displayed metrics against direct computation: kernel densities, closed integrals, POT, autograd."""

import numpy as np
import ot
import pytest
import torch
from scipy import stats

from course_utils.divergences import js_divergence_continuous
from course_utils.gan.metrics import mixture_coverage
from course_utils.gan.playground import Session
from course_utils.gan.playground.plane import (
    evaluation_points,
    grid_jsd,
    manifold,
    measure,
    pulls,
    scores_among,
    smoothed_histogram,
    surface,
)

SMALL = {"generator_widths": (16, 16), "discriminator_widths": (16, 16), "batch_size": 32}


def trained(steps=40, **settings):
    return Session("ring", 2, **SMALL, **settings).replay(steps).trainer


def test_the_smoothed_histogram_is_a_kernel_density_estimate():
    points = np.random.default_rng(0).normal(scale=0.8, size=(400, 2))
    cells, view, h = 80, 4.0, 0.3
    ours = smoothed_histogram(points, view=view, cells=cells, bandwidth=h)
    ticks = (np.arange(cells) + 0.5) * 2 * view / cells - view
    x, y = np.meshgrid(ticks, ticks, indexing="ij")
    direct = sum(stats.norm.pdf(x, px, h) * stats.norm.pdf(y, py, h) for px, py in points) / len(points)
    direct *= (2 * view / cells) ** 2
    assert ours.sum() == pytest.approx(1, abs=1e-12)
    assert np.abs(ours - direct).max() < 0.03 * direct.max()
    assert np.abs(ours - direct).sum() < 0.02


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.0])
def test_the_jsd_is_that_of_the_smoothed_distributions(shift):
    """Oracle: of two shifted Gaussians, the JSD in the plane is the JSD along the shift, an integral over the line."""
    random, h = np.random.default_rng(1), 0.2
    x, y = random.normal(scale=0.5, size=(2, 40_000, 2)) + np.array([[[0, 0]], [[shift, 0]]])
    wide = np.hypot(0.5, h)
    exact = js_divergence_continuous(stats.norm(0, wide), stats.norm(shift, wide))
    assert grid_jsd(x, y, bandwidth=h) == pytest.approx(exact, abs=0.01)


def test_far_apart_points_have_jsd_log_2_also_outside_of_the_view():
    left, right = np.full((10, 2), -2.0), np.full((10, 2), 50.0)
    assert grid_jsd(left, right) == pytest.approx(np.log(2), abs=1e-9)
    assert grid_jsd(left, left) == 0


@pytest.mark.parametrize("objective", ["minimax", "wasserstein", "relativistic"])
def test_the_measures_equal_direct_computation(objective):
    trainer = trained(objective=objective)
    measured = measure(trainer, 200, n_grid=600)
    real, fake = evaluation_points(trainer, 600)
    x, y = fake[:200].double(), real[:200].double()
    assert measured.w1 == pytest.approx(
        ot.emd2([], [], ot.dist(x.numpy(), y.numpy(), metric="euclidean")), abs=1e-9
    )
    assert measured.jsd == pytest.approx(grid_jsd(fake.numpy(), real.numpy()), abs=1e-6)
    assert (measured.modes, measured.near) == mixture_coverage(
        fake.numpy().astype(float), trainer.distribution
    )
    f_real, f_fake = (trainer.discriminator(s[:200]).detach() for s in (real, fake))
    if objective == "wasserstein":
        own = (f_real.mean() - f_fake.mean()).item()
    elif objective == "relativistic":
        own = np.log(2) + torch.log((f_real[:, None] - f_fake[None]).sigmoid()).mean().item()
    else:
        own = (
            np.log(2)
            + (torch.log(f_real.sigmoid()).mean() + torch.log(1 - f_fake.sigmoid()).mean()).item() / 2
        )
    assert measured.judge_estimate == pytest.approx(own, abs=1e-5)
    assert measured.own == measured.judge_estimate  # the name in saved notebooks and results
    quotients = (f_real[:, None] - f_fake).abs() / torch.cdist(y, x).float()
    assert measured.secant == pytest.approx(quotients.max().item(), rel=1e-5)
    distance = torch.cdist(trainer.sample(600, seed=0), torch.tensor(trainer.distribution.modes).float())
    shares = np.bincount(distance.argmin(1)[distance.min(1).values <= 0.3], minlength=8) / 600
    assert measured.least == pytest.approx(8 * shares.min())

    # the slope, by finite differences in double precision
    critic = trainer.discriminator.double()
    t = torch.linspace(0, 1, 200, dtype=torch.float64)[:, None]
    u, step = (t * y + (1 - t) * x).float().double(), 1e-6
    with torch.no_grad():
        parts = [
            (critic(u + step * e) - critic(u - step * e)) / (2 * step)
            for e in torch.eye(2, dtype=torch.float64)
        ]
    slopes = torch.stack(parts).norm(dim=0)
    critic.float()
    assert measured.steepest == pytest.approx(slopes.max().item(), rel=1e-3)
    assert measured.slope == pytest.approx(slopes.mean().item(), rel=1e-3)


def test_a_critic_of_slope_one_that_knows_the_way_attains_w1_and_any_other_stays_below():
    for settings in (
        {"penalty": "gp"},
        {"penalty": "none"},
        {"penalty": "none", "minibatch_statistics": "stddev"},
    ):
        trainer = trained(objective="wasserstein", steps="D" * 80, **settings)
        measured = measure(trainer, 200)
        assert 0 < measured.lower_bound <= measured.w1 + 1e-6

    class Slope(torch.nn.Module):  # data on the line x = 1, generated points on x = 0: f(x, y) = 3 x
        def forward(self, x):
            return 3 * x[:, 0]

    trainer.discriminator = Slope()
    trainer.distribution = Session("line", **SMALL).trainer.distribution
    trainer.sample = lambda n, seed: evaluation_real(trainer, n, seed)
    measured = measure(trainer, 200)
    assert measured.judge_estimate == pytest.approx(3, abs=1e-5)
    assert measured.lower_bound == pytest.approx(measured.w1, abs=1e-5)
    assert measured.w1 == pytest.approx(1, abs=1e-5)


def evaluation_real(trainer, n, seed):
    points = trainer.distribution.sample(n, np.random.default_rng(seed))
    return torch.tensor(points - [1.0, 0.0], dtype=torch.float32)


def test_looking_does_not_disturb_the_training():
    runs = []
    for looks in (False, True):
        session = Session("grid", 5, **SMALL).replay(5)
        if looks:
            measure(session.trainer, 50)
            points = evaluation_points(session.trainer, 50)[1]
            surface(session.trainer, points)
            pulls(session.trainer, points)
            manifold(session.trainer)
        runs.append(session.replay(5).trainer.state_dict())
    for name in ("generator", "discriminator"):
        assert all(
            torch.equal(a, b) for a, b in zip(runs[0][name].values(), runs[1][name].values(), strict=True)
        )
    assert torch.equal(runs[0]["random"], runs[1]["random"])
    assert runs[0]["draws"] == runs[1]["draws"]


@pytest.mark.parametrize("statistics", ["stddev", "discrimination"])
def test_a_point_among_others_scores_as_it_would_in_their_minibatch(statistics):
    trainer = trained(5, minibatch_statistics=statistics)
    others = trainer.sample(40, seed=0)
    point = torch.tensor([[0.3, -0.2]])
    alone = scores_among(trainer.discriminator, point, others).item()
    together = trainer.discriminator(torch.cat([point, others]))[0].item()
    # the standard deviation of 41 points is not exactly that of 40
    assert alone == pytest.approx(together, abs=1e-5 if statistics == "discrimination" else 0.02)
    assert np.isnan(measure(trainer, 50, n_grid=50).slope)


@pytest.mark.parametrize("objective", ["minimax", "non-saturating", "wasserstein", "relativistic"])
def test_the_surface_and_the_pulls_are_those_of_the_judge(objective):
    trainer = trained(objective=objective)
    points = trainer.sample(30, seed=0)
    values = surface(trainer, points, view=2.0, n=20)
    at = trainer.discriminator(torch.tensor([[0.3, -1.5]])).item()  # column 11, row 2
    if trainer.objective.probabilities:
        at = 1 / (1 + np.exp(-at))
    assert values[2, 11] == pytest.approx(at, abs=1e-5)

    given = points.clone().requires_grad_()
    (slope,) = torch.autograd.grad(trainer.discriminator(given).sum(), given)
    d = torch.sigmoid(trainer.discriminator(points)).detach()[:, None]
    real = evaluation_points(trainer, 300)[0]  # the pull towards each of them, on average
    ahead = (trainer.discriminator(real) - trainer.discriminator(points)[:, None]).sigmoid().mean(1)
    factor = {
        "minimax": d, "non-saturating": 1 - d, "wasserstein": torch.ones_like(d),
        "relativistic": ahead.detach()[:, None],
    }[objective]  # fmt: skip
    # L0: D, or 1 - D, times the slope of the logit
    assert np.allclose(pulls(trainer, points), (factor * slope).numpy(), atol=1e-6)


def test_the_manifold_is_the_image_of_lines_of_latents():
    trainer = trained()
    lines = manifold(trainer, lines=5, dots=9)
    assert lines.shape == (10, 9, 2)
    z = torch.tensor([[stats.norm.ppf(0.02), stats.norm.ppf(0.02 + 0.96 * 3 / 8)]], dtype=torch.float32)
    assert np.allclose(lines[0, 3], trainer.generate(z).numpy()[0], atol=1e-6)
    assert np.allclose(lines[5, 3], trainer.generate(z.flip(1)).numpy()[0], atol=1e-6)
    assert manifold(trained(1, latent_dim=3)).shape == (26, 33, 2)
