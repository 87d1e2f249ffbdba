"""The losses against their formulas in float64, and their gradients against the lecture's factors."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from course_utils.gan.objectives import (
    OBJECTIVES,
    discriminator_loss,
    non_saturating_generator_loss,
    saturating_generator_loss,
)

logits = arrays(np.float64, st.integers(1, 8), elements=st.floats(-20, 20))


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


@settings(deadline=None)
@given(real=logits, fake=logits)
def test_losses_are_their_formulas(real, fake):
    d_real, d_fake = sigmoid(real), sigmoid(fake)
    real, fake = torch.tensor(real), torch.tensor(fake)
    assert discriminator_loss(real, fake).item() == pytest.approx(
        -np.log(d_real).mean() - np.log1p(-d_fake).mean(), abs=1e-6
    )
    assert saturating_generator_loss(fake).item() == pytest.approx(np.log1p(-d_fake).mean(), abs=1e-6)
    assert non_saturating_generator_loss(fake).item() == pytest.approx(-np.log(d_fake).mean(), abs=1e-6)


@pytest.mark.parametrize("a", [-1000.0, -50.0, 0.0, 50.0, 1000.0])
def test_losses_stay_finite_where_the_probability_rounds_to_zero_or_one(a):
    a = torch.tensor([a], dtype=torch.float32)
    for value in (discriminator_loss(a, a), saturating_generator_loss(a), non_saturating_generator_loss(a)):
        assert value.isfinite()


@settings(deadline=None)
@given(a=st.floats(-30, 30))
def test_the_lectures_gradient_factors(a):
    """d/da log(1 - sigmoid(a)) = -sigmoid(a); d/da [-log sigmoid(a)] = sigmoid(a) - 1 (lecture map)."""
    logit = torch.tensor([a], dtype=torch.float64, requires_grad=True)
    (saturating,) = torch.autograd.grad(saturating_generator_loss(logit), logit)
    (heuristic,) = torch.autograd.grad(non_saturating_generator_loss(logit), logit)
    assert saturating.item() == pytest.approx(-sigmoid(a), rel=1e-12)
    assert heuristic.item() == pytest.approx(-sigmoid(-a), rel=1e-12)


def test_an_ignorant_discriminator_costs_two_log_two():
    zeros = torch.zeros(5)
    assert discriminator_loss(zeros, zeros).item() == pytest.approx(2 * math.log(2))


def test_both_games_share_the_discriminator_and_differ_in_the_generator():
    assert OBJECTIVES["minimax"].discriminator is OBJECTIVES["non-saturating"].discriminator
    assert OBJECTIVES["minimax"].generator is not OBJECTIVES["non-saturating"].generator
