"""The bounds against torch.distributions, probabilistic PCA in closed form, quadrature and autograd."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from course_utils.vae import (
    VAE,
    Posterior,
    elbo,
    gaussian_kl,
    importance_weighted_bound,
    kl_to_posterior,
    log_evidence_on_grid,
)

MOMENTS = st.lists(st.tuples(st.floats(-20, 20), st.floats(-15, 15)), min_size=1, max_size=6)


@given(MOMENTS)
def test_the_closed_form_is_that_of_torch_distributions(moments):
    mean, log_variance = torch.tensor(moments, dtype=torch.float64).T
    q = Normal(mean, (log_variance / 2).exp())
    expected = kl_divergence(q, Normal(0.0, 1.0)).sum()
    assert gaussian_kl(mean[None], log_variance[None]).item() == pytest.approx(
        expected.item(), rel=1e-9, abs=1e-9
    )


@given(MOMENTS)
def test_the_divergence_is_never_negative(moments):
    """The sign on the slide would make it never positive."""
    mean, log_variance = torch.tensor(moments, dtype=torch.float64).T
    assert gaussian_kl(mean[None], log_variance[None]).item() >= -1e-9


def test_it_is_zero_at_the_prior_only():
    zero = torch.zeros(1, 3)
    assert gaussian_kl(zero, zero).item() == 0
    assert gaussian_kl(zero + 0.1, zero).item() > 0
    assert gaussian_kl(zero, zero + 0.1).item() > 0


def test_it_agrees_with_samples():
    q = Posterior(torch.tensor([[1.0, -0.5]]), torch.tensor([[-1.0, 0.5]]))
    z = q.sample(200_000, torch.Generator().manual_seed(0))
    own = Independent(Normal(q.mean, (q.log_variance / 2).exp()), 1)
    prior = Independent(Normal(torch.zeros(2), torch.ones(2)), 1)
    draws = own.log_prob(z) - prior.log_prob(z)
    error = draws.std().item() / math.sqrt(len(z))
    assert draws.mean().item() == pytest.approx(gaussian_kl(*q).item(), abs=5 * error)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_the_likelihood_is_that_of_torch_distributions(likelihood, binary):
    torch.manual_seed(0)
    model = VAE(2, (8,), likelihood=likelihood, data_dim=6).double()
    z = torch.randn(5, 2, dtype=torch.float64)
    numbers = model.decoder(z)
    if likelihood == "bernoulli":
        p = Bernoulli(logits=numbers)
    else:
        p = Normal(numbers[:, :-1], (numbers[:, -1:] / 2).exp())
    expected = p.log_prob(binary).sum(1)
    assert model.log_likelihood(binary, z).tolist() == pytest.approx(expected.tolist())
    assert torch.allclose(model.decode(z), p.mean)


def test_at_the_exact_posterior_the_bound_is_the_evidence(pca):
    """With linear decoders nothing is lost; and each importance weight is p(x), whatever z was drawn."""
    model, x, evidence = pca
    draw = torch.Generator().manual_seed(0)
    q = model.encode(x)
    z = q.sample(1, draw)[0]
    own = Normal(q.mean, (q.log_variance / 2).exp()).log_prob(z).sum(1)
    prior = Normal(0.0, 1.0).log_prob(z).sum(1)
    pointwise = model.log_likelihood(x, z) + prior - own
    assert pointwise.tolist() == pytest.approx(evidence.tolist(), abs=1e-5)
    for count in (1, 10):
        bound = importance_weighted_bound(model, x, count, draw)
        assert bound.tolist() == pytest.approx(evidence.tolist(), abs=1e-5)


def test_on_a_grid_everything_adds_up(pca):
    model, x, evidence = pca
    found = log_evidence_on_grid(model, x, side=601, reach=12)
    assert found.log_evidence.tolist() == pytest.approx(evidence.tolist(), abs=1e-5)
    assert found.gap.tolist() == pytest.approx([0] * len(x), abs=1e-8)
    assert found.mass.tolist() == pytest.approx([1] * len(x), abs=1e-8)


def test_evidence_is_bound_plus_gap(small, binary):
    """log p(x) = ELBO + KL(q || posterior), and it is the logarithm of a plain Monte Carlo mean over the prior."""
    found = log_evidence_on_grid(small, binary, side=201, reach=8)
    assert (found.elbo + found.gap).tolist() == pytest.approx(found.log_evidence.tolist(), abs=1e-6)
    assert (found.gap > 0).all()
    z = torch.randn(100_000, 1, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for row, exact in zip(binary, found.log_evidence.tolist(), strict=True):
        p = small.log_likelihood(row[None], z).exp()
        assert p.mean().log().item() == pytest.approx(
            exact, abs=5 * (p.std() / p.mean()).item() / math.sqrt(len(z))
        )


def test_the_evidence_does_not_depend_on_the_guess(small, binary):
    """Any q: what its bound loses, its gap wins; and its bound is E_q[log p(x|z)] - KL(q || prior) by drawing."""
    own, prior = (
        log_evidence_on_grid(small, binary, q=q, side=201, reach=8)
        for q in (None, Posterior(torch.zeros(5, 2).double(), torch.zeros(5, 2).double()))
    )
    assert prior.log_evidence.tolist() == own.log_evidence.tolist()
    assert (prior.elbo + prior.gap).tolist() == pytest.approx(own.log_evidence.tolist(), abs=1e-6)
    z = torch.randn(50_000, 5, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert prior.elbo.tolist() == pytest.approx(small.log_likelihood(binary, z).mean(0).tolist(), abs=0.02)


def test_all_binary_pictures_together_have_probability_one(small):
    """The evidence is a probability: over all 64 pictures of six pixels it sums to 1."""
    everything = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * 6)
    assert log_evidence_on_grid(
        small, everything, side=101, reach=8
    ).log_evidence.exp().sum().item() == pytest.approx(1)


def test_the_two_terms_are_those_of_the_grid(small, binary):
    draw = torch.Generator().manual_seed(0)
    reconstruction, kl = elbo(small, binary, samples=20_000, generator=draw)
    exact = log_evidence_on_grid(small, binary, side=201, reach=8)
    assert (reconstruction - kl).tolist() == pytest.approx(exact.elbo.tolist(), abs=0.02)


def test_more_samples_come_nearer_to_the_evidence(small, binary):
    """In expectation the bound grows with K, from the ELBO to log p(x) (Burda et al. 2016)."""
    draw = torch.Generator().manual_seed(0)
    exact = log_evidence_on_grid(small, binary, side=201, reach=8)
    means = [
        np.mean([importance_weighted_bound(small, binary, k, draw).mean().item() for _ in range(200)])
        for k in (1, 5, 50)
    ]
    assert np.all(np.diff(means) > 0)
    assert means[0] == pytest.approx(exact.elbo.mean().item(), abs=0.05)
    assert means[-1] == pytest.approx(exact.log_evidence.mean().item(), abs=0.05)


def test_the_reparametrised_gradient_is_that_of_the_exact_bound(small, binary):
    """d ELBO / d mean by autograd through z = mean + sigma epsilon, against differences of the bound on the grid."""
    bias = small.encoder[-1].bias
    reconstruction, kl = elbo(small, binary, samples=50_000, generator=torch.Generator().manual_seed(0))
    (reconstruction - kl).mean().backward()
    got, step = bias.grad.clone(), 1e-4
    for i in range(len(bias)):
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                bias[i] += sign * step
            values.append(log_evidence_on_grid(small, binary, side=201, reach=8).elbo.mean().item())
            with torch.no_grad():
                bias[i] -= sign * step
        assert got[i].item() == pytest.approx((values[0] - values[1]) / (2 * step), abs=0.01)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda m, x: elbo(m, 2 * x - 1), r"\[0, 1\]"),
        (lambda m, x: elbo(m, 255 * x), "x / 255"),
        (lambda m, x: m.encode((255 * x).byte()), "x / 255"),
        (lambda m, x: m.log_likelihood((255 * x).numpy(), torch.zeros(5, 2)), "x / 255"),
        (lambda m, x: m.eval().encode(2 * x - 1), r"\(x \+ 1\) / 2"),
        (lambda m, x: elbo(m, x[:, :5]), r"shape \(5, 5\)"),
        (lambda m, x: elbo(m, x[:0]), "n >= 1"),
        (lambda m, x: elbo(m, x * torch.nan), "NaN"),
        (lambda m, x: elbo(x, m), "model is"),
        (lambda m, x: elbo(m, x, samples=0), "samples is 0"),
        (lambda m, x: importance_weighted_bound(m, x, 2.5), "samples is 2.5"),
        (lambda m, x: log_evidence_on_grid(VAE(3, (8,), data_dim=6).double(), x), "3 latents"),
        (lambda m, x: kl_to_posterior(VAE(1, (8,), data_dim=6).double(), x), "1 latents"),
        (lambda m, x: gaussian_kl(torch.zeros(2, 3), torch.zeros(3, 2)), r"\(2, 3\)"),
        (lambda m, x: gaussian_kl(torch.full((2, 3), torch.nan), torch.zeros(2, 3)), "NaN"),
        (lambda m, x: m.decode(torch.zeros(4, 3)), "latents of length 2"),
        (lambda m, x: m.log_likelihood(x, torch.zeros(3, 2)), "z has 3 rows and x has 5"),
        (
            lambda m, x: log_evidence_on_grid(m, x, q=Posterior(torch.zeros(3, 2), torch.zeros(3, 2))),
            "q has means",
        ),
    ],
)
def test_bad_input_is_refused_in_words(small, binary, wrong, said):
    with pytest.raises(ValueError, match=said):
        wrong(small, binary)


def test_a_variance_that_overflows_is_named(small, binary):
    with torch.no_grad():
        small.encoder[-1].bias[2:] = 100
    with pytest.raises(OverflowError, match="log-variance is 10"):
        elbo(small, binary)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_halves_are_widened_before_they_overflow(kind):
    """exp(12) and 300^2 are no numbers in float16, and the sum of a hundred large terms is none either."""
    mean, log_variance = torch.full((2, 100), 300.0).to(kind), torch.full((2, 100), 12.0).to(kind)
    found = gaussian_kl(mean.requires_grad_(), log_variance)
    exact = gaussian_kl(mean.detach().double(), log_variance.double())
    assert found.dtype == torch.float32
    assert torch.allclose(found.double(), exact, rtol=1e-6)
    found.sum().backward()
    assert torch.allclose(mean.grad, mean.detach())  # d kl / d mean


def test_means_whose_squares_overflow_are_named():
    with pytest.raises(OverflowError, match=r"a mean is 1e\+30"):
        gaussian_kl(torch.full((1, 2), 1e30), torch.zeros(1, 2))


def test_a_grid_that_is_too_coarse_says_so(small, binary):
    """The narrowest posterior falls between the points: a silent wrong number otherwise."""
    with torch.no_grad():
        small.encoder[-1].bias[2:] = -8
    with pytest.raises(ArithmeticError, match="standard deviation"):
        log_evidence_on_grid(small, binary, side=51)
    log_evidence_on_grid(small, binary, side=801)


def test_a_guess_without_a_width_has_no_mass(small, binary):
    point = Posterior(torch.zeros(5, 2).double(), torch.full((5, 2), -torch.inf).double())
    with pytest.raises(ArithmeticError, match="mass"):
        log_evidence_on_grid(small, binary, q=point, side=51)


@pytest.mark.parametrize(
    "variance", [0.3, 0.002]
)  # of the noise: the posterior's least width is 0.26 and 0.022
@pytest.mark.parametrize("width", [0.01, 0.5])
def test_the_divergence_from_the_posterior_is_that_of_two_gaussians(pca, variance, width):
    """Probabilistic PCA: the posterior is N(P^-1 W'(x - mu) / variance, P^-1) with P = W'W / variance + I."""
    model, x, _ = pca
    layer = model.decoder[0]
    with torch.no_grad():
        layer.bias[-1] = math.log(variance)
        w, mu = layer.weight[:-1], layer.bias[:-1]
        precision = w.square().sum(0) / variance + 1
        posterior = Independent(Normal((x - mu) @ w / variance / precision, precision.rsqrt()), 1)
    mean = posterior.mean + torch.tensor([0.4, -0.2])
    q = Posterior(mean, torch.full_like(mean, 2 * math.log(width)))
    expected = kl_divergence(Independent(Normal(mean, torch.full_like(mean, width)), 1), posterior)
    found = kl_to_posterior(model, x, q=q, side=241, reach=12)
    assert found.tolist() == pytest.approx(expected.tolist(), rel=1e-6)


def test_three_numbers_that_were_found_apart_add_up(small, binary):
    """log p(x) on the prior's grid; the bound by drawing; the divergence on the posterior's grid. Of any q."""
    own = small.encode(binary)
    for q in (own, Posterior(own.mean + 0.5, own.log_variance - 3)):
        explained = small.log_likelihood(binary, q.sample(20_000, torch.Generator().manual_seed(0)))
        total = explained.mean(0) - gaussian_kl(*q) + kl_to_posterior(small, binary, q=q, reach=8)
        exact = log_evidence_on_grid(small, binary, side=401, reach=8).log_evidence
        assert total.tolist() == pytest.approx(exact.tolist(), abs=0.02)


def test_the_gap_is_the_divergence_from_the_posterior(small, binary):
    """Two lists of probabilities on one grid, which know neither log p(x) nor a bound."""
    q = small.encode(binary)
    axis = torch.linspace(-8, 8, 301, dtype=torch.float64)
    z = torch.cartesian_prod(axis, axis)[:, None]
    with torch.no_grad():
        own = Independent(Normal(q.mean, (q.log_variance / 2).exp()), 1).log_prob(z)
        joint = small.log_likelihood(binary, z.expand(-1, 5, -1)) + Normal(0.0, 1.0).log_prob(z).sum(-1)
        guess, posterior = own.log_softmax(0), joint.log_softmax(0)
        expected = (guess.exp() * (guess - posterior)).sum(0)
    gap = log_evidence_on_grid(small, binary, side=301, reach=8).gap
    assert gap.tolist() == pytest.approx(expected.tolist(), abs=1e-3)  # ReLU has kinks
    assert kl_to_posterior(small, binary, reach=8).tolist() == pytest.approx(expected.tolist(), abs=1e-3)


def test_a_posterior_that_is_too_narrow_for_the_grid_is_told(pca):
    model, x, _ = pca
    with torch.no_grad():
        model.decoder[0].bias[-1] = math.log(1e-5)
    with pytest.raises(ArithmeticError, match="more points than 121"):
        kl_to_posterior(model, x, reach=12)


@pytest.mark.parametrize(
    "settings", [{"latent_dim": 0}, {"latent_dim": 2.0}, {"latent_dim": 2, "likelihood": "poisson"}]
)
def test_a_model_that_cannot_be_is_refused(settings):
    with pytest.raises(ValueError, match=str(list(settings.values())[-1])):
        VAE(**settings)


@pytest.mark.parametrize(("kind", "size"), [(torch.uint8, 200), (torch.int32, 70_000)])
def test_kl_of_whole_numbers_that_have_no_room_for_squares(kind, size):
    kl = gaussian_kl(torch.full((1, 3), size, dtype=kind), torch.zeros(1, 3, dtype=kind))
    assert kl.item() == pytest.approx(1.5 * size**2)
