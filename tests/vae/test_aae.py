"""The adversarial autoencoder: a step written out, its codes come to look like the prior, and it resumes to the bit."""

from functools import partial

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from course_utils.vae import PRIORS, AAERecipe, AAETrainer, VAETrainer, elbo, load_vae, save_vae

SMALL = {"widths": (32,), "judge_widths": (16,), "batch_size": 32}


def trainer(digits, recipe="aae-2", **settings):
    return AAETrainer(digits, recipe, device="cpu", **(SMALL | settings))


def test_a_step_is_reconstruction_judge_and_encoder_written_out(digits):
    """Plain gradient steps by hand, with torch's cross-entropy, on the same minibatch and the same draws."""
    aae = trainer(digits, optimizer="sgd", model_learning_rate=1e-4, judge_learning_rate=0.1, beta=20.0)
    twin = trainer(digits)
    twin.load_state_dict(aae.state_dict())
    x = twin.batch()
    drawn = torch.randn(32, 2, generator=twin.random)
    codes = twin.model.encode(x).mean
    ones, zeros = torch.ones(32, 1), torch.zeros(32, 1)
    judge_loss = bce(twin.judge(drawn), ones) + bce(twin.judge(codes.detach()), zeros)
    gradients = torch.autograd.grad(judge_loss, list(twin.judge.parameters()))
    with torch.no_grad():
        for weight, gradient in zip(twin.judge.parameters(), gradients, strict=True):
            weight -= 0.1 * gradient
    loss = 20 * bce(twin.judge(codes), ones) - twin.model.log_likelihood(x, codes).mean()
    gradients = torch.autograd.grad(loss, list(twin.model.parameters()))
    aae.step()
    for mine, theirs in zip(aae.judge.parameters(), twin.judge.parameters(), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-6)
    for mine, before, gradient in zip(
        aae.model.parameters(), twin.model.parameters(), gradients, strict=True
    ):
        assert torch.allclose(mine, before - 1e-4 * gradient, atol=1e-5)
    assert aae.history["judge_loss"][0] == pytest.approx(judge_loss.item(), rel=1e-5)


def test_codes_come_to_have_the_priors_mean_and_spread_and_without_the_judge_they_do_not(digits):
    spread = {}
    for beta in (0.0, 100.0):
        aae = trainer(digits, beta=beta, seed=1).run(600, progress=False)
        with torch.no_grad():
            codes = aae.model.encode(aae.batch()).mean
        spread[beta] = codes.std(0).mean().item()
        assert np.isfinite(aae.history["reconstruction"]).all()
    assert abs(spread[100.0] - 1) < 0.35
    assert abs(spread[0.0] - 1) > 2 * abs(spread[100.0] - 1)


def test_petals_are_ten_narrow_gaussians():
    z = PRIORS["petals"](20_000, 3, torch.Generator().manual_seed(0))
    angle = torch.atan2(z[:, 1], z[:, 0])
    turned = torch.stack([z[:, 0], z[:, 1]], 1)[z[:, :2].norm(dim=1) > 1]
    assert turned.shape[0] > 10_000
    away = torch.remainder(angle[z[:, :2].norm(dim=1) > 1] + torch.pi / 10, torch.pi / 5) - torch.pi / 10
    assert away.abs().mean() < 0.09  # of even angles it would be pi / 20 = 0.157
    assert z[:, 2].std().item() == pytest.approx(1, abs=0.03)
    assert (z[:, :2].norm(dim=1).mean() - 1.6).abs() < 0.05


def test_it_resumes_to_the_bit_and_its_model_ships_as_a_vae(digits, resumed, tmp_path):
    whole, _ = resumed(partial(trainer, digits), 12, 7)
    model = load_vae(save_vae(whole, tmp_path / "aae.safetensors"), "cpu")
    x = whole.batch()
    assert torch.allclose(model.encode(x).mean, whole.model.encode(x).mean, atol=0.02)
    for autoencoder in (model, whole.model, load_vae("aae-2", "cpu")):  # its log-variances were never trained
        with pytest.raises(ValueError, match="encodes a picture as one point"):
            elbo(autoencoder, x)


def test_samples_come_from_the_prior(digits):
    aae = trainer(digits, "aae-2-petals")
    z = aae.prior_batch(5, torch.Generator().manual_seed(3))
    assert torch.equal(aae.sample(5, seed=3).view(5, -1), (2 * aae.model.decode(z) - 1).clamp(-1, 1))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"prior": "swiss roll"}, "prior is 'swiss roll'; it must be one of normal, petals"),
        ({"prior": "petals", "latent_dim": 1}, "latent_dim is 1; it must be a whole number of at least 2"),
        ({"judge_widths": ()}, r"judge_widths is \(\)"),
    ],
)
def test_bad_settings_are_refused_in_words(settings, message):
    with pytest.raises(ValueError, match=message):
        AAERecipe("mine", **settings)


def test_each_trainer_has_recipes_of_its_own(digits):
    with pytest.raises(ValueError, match="recipe is 'vae-2'; it must be one of aae-2, aae-2-petals"):
        AAETrainer(digits, "vae-2", device="cpu")
    with pytest.raises(ValueError, match="recipe is 'aae-2'; it must be one of vae-20, vae-2"):
        VAETrainer(digits, "aae-2", device="cpu")
