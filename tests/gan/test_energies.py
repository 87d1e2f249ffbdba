"""Autoencoders as critics, EBGAN and BEGAN: what a score is, a step written out, the thermostat, and resuming."""

from itertools import permutations

import numpy as np
import pytest
import torch

from course_utils.gan import POINTS, AdversarialTrainer, PointTrainer, Recipe
from course_utils.gan.networks import conv_autoencoder, mlp_autoencoder
from course_utils.toy import ring

TINY = {
    "generator_widths": (8, 4),
    "discriminator_widths": (4, 8, 5),
    "latent_dim": 6,
    "batch_size": 8,
    "ema": 0.0,
}
PLANE = POINTS.replace(
    architecture="points, autoencoder",
    objective="balanced",
    generator_widths=(16,),
    discriminator_widths=(16, 1),
    batch_size=32,
)


@pytest.mark.parametrize("widths", [(4, 8, 5), (4, 5)])
@pytest.mark.parametrize("power", [1, 2])
def test_a_score_is_minus_the_mean_error_of_the_reconstruction(widths, power):
    pictures = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1
    critic = conv_autoencoder(widths, power=power)
    again = critic.reconstruct(pictures)
    assert again.shape == pictures.shape
    by_hand = -(np.abs((pictures - again).detach().numpy()) ** power).reshape(3, -1).mean(axis=1)
    assert critic(pictures).detach().numpy() == pytest.approx(by_hand, rel=1e-5)


def test_everything_passes_through_the_code():
    """With a code of one number, the points that are reconstructed lie on a curve: their Jacobian has rank one."""
    critic = mlp_autoencoder((16, 1), n=2).double()
    x = torch.randn(2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda v: critic.reconstruct(v[None])[0], x)
    assert torch.linalg.svdvals(jacobian)[1] < 1e-12


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize(
    ("recipe", "settings"),
    [("ebgan", {"margin": 0.3, "pulling_away": 0.5}), ("began", {"gamma": 0.7, "balance_rate": 0.05})],
)
def test_a_run_is_the_papers_algorithm_written_out(images, recipe, settings):
    fast, plain = (AdversarialTrainer(images, recipe, device="cpu", **TINY, **settings) for _ in range(2))
    fast.run(4, progress=False)
    k = 0.0
    for _ in range(4):
        D, G = plain.discriminator, plain.generator
        x, z = plain.real_batch(), plain.latent_batch()
        fake = G(z).detach()
        of_real, of_fake = ((v - D.reconstruct(v)).square().mean() for v in (x, fake))
        if recipe == "began":
            loss = of_real - k * of_fake
            k = min(max(k + 0.05 * (0.7 * of_real.item() - of_fake.item()), 0), 1)
        else:
            each = (fake - D.reconstruct(fake)).square().flatten(1).mean(1)
            loss = of_real + torch.clamp(0.3 - each, min=0).mean()
        plain.discriminator_optimizer.zero_grad()
        loss.backward()
        plain.discriminator_optimizer.step()
        made = G(plain.latent_batch())
        plain.generator_optimizer.zero_grad()
        lost = (made - D.reconstruct(made)).square().mean()
        if recipe == "ebgan":
            codes = D.code(made)
            cosines = [torch.cosine_similarity(s, t, dim=0) for s, t in permutations(codes, 2)]
            lost = lost + 0.5 * torch.stack(cosines).square().mean()
        lost.backward()
        plain.generator_optimizer.step()
    for ours, theirs in zip(fast.generator.parameters(), plain.generator.parameters(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-7)
    for ours, theirs in zip(fast.discriminator.parameters(), plain.discriminator.parameters(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-7)
    assert fast.balance.item() == pytest.approx(k, abs=1e-9)


def test_the_log_has_the_balance_and_the_measure_of_the_paper():
    trainer = PointTrainer(ring(), PLANE, device="cpu", balance_rate=0.1).run(30, progress=False)
    history = trainer.history
    assert history["balance"][-1] == pytest.approx(trainer.balance.item())
    real, fake = -history["d_real"], -history["d_fake"]
    k = np.float32(0)
    for step in range(30):
        k = np.clip(k + 0.1 * (0.5 * real[step] - fake[step]), 0, 1)
        assert history["balance"][step] == pytest.approx(k, abs=1e-5)
    assert np.allclose(history["convergence"], real + np.abs(0.5 * real - fake))
    assert history["balance"].max() > 0


def test_the_thermostat_reaches_what_it_is_set_to():
    """Both players learn, and k holds L(G) / L(x) at gamma while k is inside of (0, 1)."""
    trainer = PointTrainer(ring(), PLANE, device="cpu", gamma=0.5, balance_rate=0.02, seed=1)
    trainer.run(800, progress=False)
    history = {name: values[-300:] for name, values in trainer.history.items()}
    assert 0 < history["balance"].mean() < 1
    assert history["d_fake"].mean() / history["d_real"].mean() == pytest.approx(0.5, abs=0.05)


def test_single_steps_of_the_players_leave_the_others_balance_alone():
    trainer = PointTrainer(ring(), PLANE, device="cpu", balance_rate=0.5)
    trainer.turn("discriminator")
    k = trainer.balance.item()
    assert k > 0
    trainer.turn("generator")
    assert trainer.balance.item() == k
    assert trainer.history["balance"].tolist() == pytest.approx([k, k])


def test_points_resume_to_the_bit_with_their_balance():
    whole, part = (PointTrainer(ring(), PLANE, device="cpu", balance_rate=0.1, seed=2) for _ in range(2))
    whole.run(12, progress=False)
    part.run(7, progress=False)
    resumed = PointTrainer(ring(), PLANE, device="cpu")
    resumed.load_state_dict(part.state_dict())
    resumed.run(5, progress=False)
    assert resumed.balance > 0
    assert all(np.array_equal(values, resumed.history[name]) for name, values in whole.history.items())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"objective": "balanced"}, "score of architecture 'mlp' can be any number: .* one of minimax"),
        (dict(architecture="autoencoder", objective="hinge", generator_widths=(8, 4), discriminator_widths=(4, 5)),
         "is an autoencoder's error: .* one of margin, balanced"),
        ({"margin": 0.0}, "margin is 0.0; it must be positive"),
        ({"gamma": 1.5}, r"gamma is 1.5; it must be in \[0, 1\], as BEGAN's diversity ratio is"),
        ({"balance_rate": -1.0}, "balance_rate is -1.0; it must be zero or more"),
        ({"pulling_away": 0.1}, "pulling_away is 0.1, but architecture 'mlp' has no codes to pull apart: leave it"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_words(settings, message):
    with pytest.raises(ValueError, match=message):
        Recipe("mine", **settings)


@pytest.mark.parametrize(
    ("name", "value"), [("minibatch_statistics", "stddev"), ("conditioning", "projection")]
)
def test_an_autoencoder_judges_by_its_error_alone(name, value):
    with pytest.raises(ValueError, match=f"an autoencoder has no {name}"):
        PLANE.replace(**{name: value})
