"""The GAN in the plane: the steps of the lecture's algorithm, and a measure that can tell good from bad."""

from functools import partial

import numpy as np
import pytest
import torch

from course_utils.gan.toy import ToyGAN
from course_utils.optimizers import OptimisticAdam
from course_utils.toy import GaussianMixture, ring

sgd = partial(torch.optim.SGD, lr=0.1)
adam = partial(torch.optim.Adam, lr=1e-3, betas=(0.5, 0.999))


def weights(network):
    return torch.cat([p.detach().flatten() for p in network.parameters()])


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("objective", ["minimax", "non-saturating"])
def test_a_step_goes_along_the_gradients_of_the_values_in_the_lecture(objective):
    """Oracle: the formulas with plain logarithms, autograd, and a hand-written gradient step."""
    gan, same = (ToyGAN(ring(), sgd, objective=objective, batch_size=16, seed=3) for _ in range(2))
    d_loss, g_loss = gan.step()

    G, D = same.generator, same.discriminator
    fake, real = G(same.latents(16, same.random)), same.real_batch()
    value = torch.log(D(real).sigmoid()).mean() + torch.log(1 - D(fake.detach()).sigmoid()).mean()
    for p, g in zip(D.parameters(), torch.autograd.grad(value, list(D.parameters())), strict=True):
        p.data += 0.1 * g
    a = D(G(same.latents(16, same.random))).sigmoid()
    loss = torch.log(1 - a).mean() if objective == "minimax" else -torch.log(a).mean()
    for p, g in zip(G.parameters(), torch.autograd.grad(loss, list(G.parameters())), strict=True):
        p.data -= 0.1 * g

    assert d_loss == pytest.approx(-value.item(), abs=1e-12)
    assert g_loss == pytest.approx(loss.item(), abs=1e-12)
    assert torch.allclose(weights(gan.generator), weights(G), atol=1e-12)
    assert torch.allclose(weights(gan.discriminator), weights(D), atol=1e-12)


def test_the_same_seed_gives_the_same_run_and_looking_changes_nothing():
    watched, alone = (ToyGAN(ring(), adam, seed=5) for _ in range(2))
    for _ in range(5):
        watched.step()
        watched.sample(10, np.random.default_rng(0))
        torch.rand(3)
        alone.step()
    assert torch.equal(weights(watched.generator), weights(alone.generator))
    assert not torch.equal(weights(alone.generator), weights(ToyGAN(ring(), adam, seed=6).generator))


def test_two_optimizers_start_from_the_same_weights_and_see_the_same_numbers():
    plain, optimistic = ToyGAN(ring(), adam, seed=1), ToyGAN(ring(), partial(OptimisticAdam, lr=1e-3), seed=1)
    assert torch.equal(weights(plain.generator), weights(optimistic.generator))
    assert plain.step()[0] == pytest.approx(
        optimistic.step()[0], abs=1e-7
    )  # before the first step they are one
    assert torch.equal(plain.real_batch(), optimistic.real_batch())


def test_the_weights_leave_everybody_elses_random_numbers_alone():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    ToyGAN(ring(), adam, seed=9)
    assert torch.equal(torch.rand(1), expected)


def test_it_learns_where_the_data_are():
    target = GaussianMixture(np.array([[2.0, -1.0]]), 0.5)
    gan = ToyGAN(target, adam, seed=0)
    before = np.linalg.norm(gan.sample(500, np.random.default_rng(0)).mean(axis=0) - target.modes[0])
    for _ in range(600):
        gan.step()
    made = gan.sample(500, np.random.default_rng(0))
    assert made.shape == (500, 2)
    assert np.linalg.norm(made.mean(axis=0) - target.modes[0]) < 0.2 * before


def test_unknown_objective():
    with pytest.raises(ValueError, match="must be one of minimax"):
        ToyGAN(ring(), adam, objective="hinge")
