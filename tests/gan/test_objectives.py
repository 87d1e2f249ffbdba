"""The losses against their formulas in float64, and their gradients against the lecture's factors."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from course_utils.divergences.family import GAMES
from course_utils.gan.objectives import (
    OBJECTIVES,
    balanced_loss,
    critic_generator_loss,
    critic_loss,
    discriminator_loss,
    hinge_discriminator_loss,
    least_squares_discriminator_loss,
    least_squares_generator_loss,
    margin_loss,
    next_balance,
    non_saturating_generator_loss,
    relativistic_discriminator_loss,
    relativistic_generator_loss,
    saturating_generator_loss,
)

logits = arrays(np.float64, st.integers(1, 8), elements=st.floats(-20, 20))


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


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


# ---------------------------------------------------------------- the family

# name here -> name of the game of :mod:`course_utils.divergences.family`, and its critic's answers from ours
SAME = {
    "minimax": ("minimax", torch.sigmoid),
    "non-saturating": ("non-saturating", torch.sigmoid),
    "least squares": ("least squares", lambda f: f),
    "least squares, (-1, 1, 0)": ("least squares, (-1, 1, 0)", lambda f: f),
    "hinge": ("hinge", lambda f: f),
    "margin": ("EBGAN", lambda f: -f),
    "wasserstein": ("Wasserstein", lambda f: f),
    "relativistic": ("relativistic", lambda f: f),
}


@pytest.mark.parametrize("name", SAME)
def test_both_losses_are_the_games_whose_divergences_the_theory_knows(name):
    """Samples on four atoms, so that means over them are sums over known probabilities."""
    real, fake = np.repeat(range(4), (1, 2, 3, 4)), np.repeat(range(4), (4, 4, 1, 1))
    p, q = (np.bincount(sample) / 10 for sample in (real, fake))
    scores = torch.randn(4, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    scores = -scores.abs() if OBJECTIVES[name].energies else scores
    objective, (game, answer) = OBJECTIVES[name], (GAMES[SAME[name][0]], SAME[name][1])
    f = answer(scores).numpy()
    on_real = scores[real][:, None] if objective.pairs else scores[real]
    assert objective.discriminator(on_real, scores[fake]).item() == pytest.approx(game.critic_loss(f, p, q))
    own = (on_real,) if objective.pairs else ()
    assert objective.generator(scores[fake], *own).item() == pytest.approx(q @ game.sample_loss(f, p, q))


@pytest.mark.parametrize("name", [name for name in OBJECTIVES if OBJECTIVES[name].measures])
def test_of_the_best_critics_loss_the_estimate_is_the_divergence(name):
    p, q, x = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.4, 0.4, 0.1, 0.1]), np.arange(4.0)
    pairs = [np.outer(a, b).ravel() for a, b in ((p, q), (q, p))]
    exact = {
        "JSD": jensenshannon(p, q) ** 2,
        "JSD of pairs": jensenshannon(*pairs) ** 2,
        "W1": wasserstein_distance(x, x, p, q),
        "TV": np.abs(p - q).sum() / 2,
        "chi2": ((p - q) ** 2 / (p + q)).sum(),
    }[OBJECTIVES[name].measures]
    best = GAMES[SAME[name][0]].value(p, q, x)
    assert OBJECTIVES[name].estimate(best) == pytest.approx(exact, abs=1e-9)


@given(real=logits, fake=logits, margin=st.floats(0.1, 5))
def test_the_other_losses_are_their_formulas(real, fake, margin):
    a, b = torch.tensor(real), torch.tensor(fake)
    expected = {
        least_squares_discriminator_loss: ((real - 1) ** 2).mean() / 2 + (fake**2).mean() / 2,
        hinge_discriminator_loss: np.maximum(0, 1 - real).mean() + np.maximum(0, 1 + fake).mean(),
        balanced_loss: (-real).mean(),  # k is 0 at first
    }
    for loss, value in expected.items():
        assert loss(a, b).item() == pytest.approx(value, abs=1e-9), loss.__name__
    assert least_squares_generator_loss(b).item() == pytest.approx(((fake - 1) ** 2).mean() / 2)
    energies = np.maximum(0, margin - (-fake)).mean() + (-real).mean()
    assert margin_loss(a, b, margin).item() == pytest.approx(energies, abs=1e-9)
    assert balanced_loss(a, b, 0.3).item() == pytest.approx((-real).mean() - 0.3 * (-fake).mean(), abs=1e-9)


def test_the_least_squares_loss_pulls_back_what_is_too_far_on_the_right_side():
    """Mao et al.'s argument, section 3.2: a score beyond the goal costs something; with a logit it costs nothing."""
    far = torch.tensor([5.0], dtype=torch.float64, requires_grad=True)
    (pull,) = torch.autograd.grad(least_squares_generator_loss(far), far)
    (none,) = torch.autograd.grad(non_saturating_generator_loss(far), far)
    assert pull.item() == pytest.approx(4)
    assert abs(none.item()) < 0.01


@given(k=st.floats(0, 1), real=st.floats(0, 5), fake=st.floats(0, 5), gamma=st.floats(0.1, 1))
def test_the_balance_moves_towards_the_ratio_that_is_wanted_and_stays_between_0_and_1(k, real, fake, gamma):
    """BEGAN's third line (Berthelot et al. 2017, section 3.4), by hand; scores are minus the energies."""
    balance = torch.tensor(k, dtype=torch.float64)
    scores = (torch.full((3,), -e, dtype=torch.float64) for e in (real, fake))
    after = next_balance(balance, *scores, gamma, 0.1).item()
    assert after == pytest.approx(min(max(k + 0.1 * (gamma * real - fake), 0), 1), abs=1e-12)
