"""The losses against their formulas in float64, and their gradients against the lecture's factors."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import jensenshannon

from course_utils.gan.objectives import (
    OBJECTIVES,
    critic_generator_loss,
    critic_loss,
    discriminator_loss,
    non_saturating_generator_loss,
    relativistic_discriminator_loss,
    relativistic_generator_loss,
    saturating_generator_loss,
)

logits = arrays(np.float64, st.integers(1, 8), elements=st.floats(-20, 20))


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


@settings(deadline=None)
@given(real=logits, fake=logits)
def test_losses_are_their_formulas(real, fake):
    d_real, d_fake = sigmoid(real), sigmoid(fake)
    expected = {
        discriminator_loss: -np.log(d_real).mean() - np.log1p(-d_fake).mean(),
        saturating_generator_loss: np.log1p(-d_fake).mean(),
        non_saturating_generator_loss: -np.log(d_fake).mean(),
        critic_loss: fake.mean() - real.mean(),
        critic_generator_loss: -fake.mean(),
    }
    real, fake = torch.tensor(real), torch.tensor(fake)
    for loss, value in expected.items():
        given_to = (real, fake) if loss in (discriminator_loss, critic_loss) else (fake,)
        assert loss(*given_to).item() == pytest.approx(value, abs=1e-6), loss.__name__


@pytest.mark.parametrize("a", [-1000.0, -50.0, 0.0, 50.0, 1000.0])
def test_losses_and_gradients_stay_finite_where_the_probability_rounds_to_zero_or_one(a):
    a = torch.tensor([a], dtype=torch.float32, requires_grad=True)
    losses = saturating_generator_loss(a), non_saturating_generator_loss(a)
    pairs = relativistic_discriminator_loss(a, -a), relativistic_generator_loss(a, -a)
    for value in (discriminator_loss(a, a), *losses, *pairs):
        assert value.isfinite()
        assert torch.autograd.grad(value, a)[0].isfinite().all()


@settings(deadline=None)
@given(a=st.floats(-30, 30))
def test_the_lectures_gradient_factors(a):
    """d/da log(1 - sigmoid(a)) = -sigmoid(a); d/da [-log sigmoid(a)] = sigmoid(a) - 1 (lecture map)."""
    logit = torch.tensor([a], dtype=torch.float64, requires_grad=True)
    (saturating,) = torch.autograd.grad(saturating_generator_loss(logit), logit)
    (heuristic,) = torch.autograd.grad(non_saturating_generator_loss(logit), logit)
    (wasserstein,) = torch.autograd.grad(critic_generator_loss(logit), logit)
    assert saturating.item() == pytest.approx(-sigmoid(a), rel=1e-12)
    assert heuristic.item() == pytest.approx(-sigmoid(-a), rel=1e-12)
    assert wasserstein.item() == -1  # it never saturates, whatever the critic says


@pytest.mark.parametrize("name", OBJECTIVES)
def test_gradients_against_finite_differences(name):
    random = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(2, 3, generator=random, dtype=torch.float64).requires_grad_() for _ in range(2))
    assert torch.autograd.gradcheck(OBJECTIVES[name].discriminator, (real, fake))
    given_to = (fake, real) if OBJECTIVES[name].pairs else (fake,)
    assert torch.autograd.gradcheck(OBJECTIVES[name].generator, given_to)


def test_an_ignorant_discriminator_costs_two_log_two():
    zeros = torch.zeros(5)
    assert discriminator_loss(zeros, zeros).item() == pytest.approx(2 * math.log(2))


def test_both_games_share_the_discriminator_and_differ_in_the_generator():
    assert OBJECTIVES["minimax"].discriminator is OBJECTIVES["non-saturating"].discriminator
    assert OBJECTIVES["minimax"].generator is not OBJECTIVES["non-saturating"].generator


def test_minimax_and_wasserstein_are_zero_sum_in_the_generated_samples():
    """What G minimises is, up to what it cannot change, what D maximises; the heuristic breaks this."""
    random = torch.Generator().manual_seed(0)
    real, one, other = (torch.randn(6, generator=random, dtype=torch.float64) for _ in range(3))
    for name, zero_sum in (("minimax", True), ("wasserstein", True), ("non-saturating", False)):
        objective = OBJECTIVES[name]
        gain = objective.generator(one) - objective.generator(other)
        loss = objective.discriminator(real, one) - objective.discriminator(real, other)
        assert torch.isclose(gain, -loss) == zero_sum, name
    assert [name for name in OBJECTIVES if OBJECTIVES[name].probabilities] == ["minimax", "non-saturating"]


# ---------------------------------------------------------------- pairs


@settings(deadline=None)
@given(real=logits, fake=logits, shift=st.floats(-5, 5))
def test_pairs_are_compared_by_their_difference_and_both_players_play_the_same_game(real, fake, shift):
    n = min(len(real), len(fake))
    real, fake = real[:n], fake[:n]
    a, b = torch.tensor(real), torch.tensor(fake)
    assert relativistic_discriminator_loss(a, b).item() == pytest.approx(
        np.logaddexp(0, fake - real).mean(), abs=1e-9
    )
    assert relativistic_generator_loss(b, a).item() == pytest.approx(
        np.logaddexp(0, real - fake).mean(), abs=1e-9
    )
    moved = relativistic_discriminator_loss(a + shift, b + shift)
    assert moved.item() == pytest.approx(relativistic_discriminator_loss(a, b).item(), abs=1e-9)


def test_the_best_relativistic_discriminator_is_l0s_and_it_measures_the_jsd_of_pairs():
    """Oracle: SciPy's JSD between p x q and q x p. Real and generated samples sit on four atoms."""
    real, fake = np.repeat(range(4), (1, 2, 3, 4)), np.repeat(range(4), (4, 4, 1, 1))
    p, q = (np.bincount(sample) / 10 for sample in (real, fake))
    scores = torch.tensor(np.log(p / q) + 7, requires_grad=True)  # any constant will do
    loss = relativistic_discriminator_loss(scores[real][:, None], scores[fake])
    assert torch.autograd.grad(loss, scores)[0].abs().max() < 1e-12
    pairs, swapped = np.outer(p, q).ravel(), np.outer(q, p).ravel()
    assert math.log(2) - loss.item() == pytest.approx(jensenshannon(pairs, swapped) ** 2, abs=1e-12)
    assert math.log(2) - loss.item() > jensenshannon(p, q) ** 2  # two looks tell more than one
