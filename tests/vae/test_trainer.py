"""The loop on a VAE: it learns, resumes to the bit, and refuses what does not fit."""

from functools import partial

import numpy as np
import pytest
import torch

from course_utils.vae import VAE, VAETrainer, binarise, elbo, load_vae, save_vae

SMALL = {"latent_dim": 3, "widths": (32,), "batch_size": 32}


def trainer(digits, **settings):
    return VAETrainer(digits, device="cpu", **(SMALL | settings))


def test_the_bound_rises(digits):
    vae = trainer(digits)
    vae.run(300, progress=False)
    bound = vae.history["elbo"]
    assert bound[-50:].mean() > bound[:50].mean() + 50
    assert (vae.history["kl"] >= 0).all()
    assert bound == pytest.approx(vae.history["reconstruction"] - vae.history["kl"])


def test_a_step_climbs_the_gradient_of_the_bound(digits):
    """One step of plain gradient ascent by hand, on the same minibatch and the same noise, gives the same weights."""
    vae = trainer(digits, optimizer="sgd", model_learning_rate=1e-3)
    twin = VAE(3, (32,))
    twin.load_state_dict(vae.model.state_dict())
    random = torch.Generator().manual_seed(0)
    x = torch.from_numpy(digits.pixels).flatten(1)
    x = torch.bernoulli(x[torch.randint(len(x), (32,), generator=random)] / 255, generator=random)
    reconstruction, kl = elbo(twin, x, generator=random)
    (reconstruction - kl).mean().backward()
    vae.step()
    for mine, theirs in zip(twin.parameters(), vae.model.parameters(), strict=True):
        assert torch.allclose(mine + 1e-3 * mine.grad, theirs, atol=1e-6)


def test_the_same_seed_gives_the_same_run_and_sampling_does_not_disturb_it(digits):
    first, second = trainer(digits, seed=3), trainer(digits, seed=3)
    first.run(20, progress=False)
    for _ in range(20):
        second.sample(4)
        second.step()
    assert np.array_equal(first.history["elbo"], second.history["elbo"])
    assert not np.array_equal(
        first.history["elbo"], trainer(digits, seed=4).run(20, progress=False).history["elbo"]
    )


def test_it_resumes_to_the_bit(digits, resumed):
    whole, again = resumed(partial(trainer, digits), 40, 25)
    assert torch.equal(whole.sample(3, seed=0), again.sample(3, seed=0))


def test_samples_are_pictures_like_those_of_a_gan(digits):
    pictures = trainer(digits).sample(5, seed=0)
    assert pictures.shape == (5, 1, 28, 28)
    assert pictures.min() >= -1
    assert pictures.max() <= 1
    assert torch.equal(pictures, trainer(digits).sample(5, seed=0))


def test_beta_weighs_the_divergence(digits):
    """With beta = 0 nothing holds the posterior at the prior; with a large one nothing else matters."""
    free, held = (trainer(digits, beta=beta).run(200, progress=False) for beta in (0, 50))
    assert held.history["kl"][-20:].mean() < 0.1 * free.history["kl"][-20:].mean()


def test_a_gaussian_likelihood_trains_too(digits):
    vae = trainer(digits, likelihood="gaussian").run(200, progress=False)
    assert vae.history["elbo"][-20:].mean() > vae.history["elbo"][:20].mean() + 50


def test_pixels_are_drawn_with_their_grey():
    x = torch.full((20_000,), 0.3)
    drawn = binarise(x, torch.Generator().manual_seed(0))
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    assert drawn.mean().item() == pytest.approx(0.3, abs=0.02)


def test_a_saved_model_comes_back_as_it_was(digits, tmp_path):
    made = trainer(digits).run(5, progress=False)
    path = save_vae(made, tmp_path / "new" / "mine.safetensors")
    loaded = load_vae(path, "cpu")
    z = torch.randn(4, 3)
    assert torch.allclose(made.model.decode(z), loaded.decode(z), atol=1e-2)  # half precision
    assert not any(p.requires_grad for p in loaded.parameters())


@pytest.mark.parametrize("name", ["vae-20", "vae-2", "vae-2-beta-0.25", "vae-2-beta-4"])
def test_what_ships_knows_its_digits(name, digits):
    """The stand-in's digits are other ones than MNIST's; they are still digits, and noise is not."""
    model = load_vae(name, "cpu")
    x = torch.from_numpy(digits.pixels[:200]).flatten(1) / 255
    noise = x[:, torch.randperm(784, generator=torch.Generator().manual_seed(0))]
    bounds = [
        sum(t.mean().item() * s for t, s in zip(elbo(model, part), (1, -1), strict=True))
        for part in (x, noise)
    ]
    assert bounds[0] > bounds[1] + 50


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda d: VAETrainer(d, "vae-3"), "one of vae-20, vae-2"),
        (lambda d: VAETrainer(d, latent_dim=0), "latent_dim is 0"),
        (lambda d: VAETrainer(d, latent=2), "no setting 'latent'"),
        (lambda d: VAETrainer(d.pixels / 255), "uint8"),
        (lambda d: VAETrainer(d, beta=-1), "beta is -1"),
        (lambda d: VAETrainer("vae-20", d), "recipe is"),
        (lambda d: trainer(d).change(latent_dim=2), "make a new trainer"),
        (lambda d: binarise(torch.tensor([2.0])), r"\[0, 1\]"),
        (lambda d: save_vae(trainer(d).model, "x"), "trainer is"),
    ],
)
def test_bad_input_is_refused_in_words(digits, make, said):
    with pytest.raises(ValueError, match=said):
        make(digits)


def test_pictures_backwards_are_pictures(digits):
    assert trainer(digits.pixels[::-1]).run(1, progress=False).done == 1
