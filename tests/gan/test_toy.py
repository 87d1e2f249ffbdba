"""The old spelling of lesson 4's small GAN: today's point trainer, with optimizers of one's own."""

from functools import partial

import numpy as np
import pytest
import torch

from course_utils.gan import PointTrainer
from course_utils.gan.toy import ToyGAN
from course_utils.optimizers import OptimisticAdam
from course_utils.toy import ring

RATE, BETAS = 3e-4, (0.5, 0.999)


@pytest.mark.parametrize(("kind", "name"), [(torch.optim.Adam, "adam"), (OptimisticAdam, "optimistic-adam")])
def test_it_trains_like_a_point_trainer_of_the_same_settings(kind, name):
    old = ToyGAN(ring(), partial(kind, lr=RATE, betas=BETAS), objective="minimax", width=16, seed=3)
    rates = {"generator_learning_rate": RATE, "discriminator_learning_rate": RATE, "betas": BETAS}
    sizes = {"latent_dim": 8, "generator_widths": (16, 16), "discriminator_widths": (16, 16)}
    new = PointTrainer(ring(), optimizer=name, objective="minimax", seed=3, device="cpu", **rates, **sizes)
    for _ in range(20):
        d_loss, g_loss = old.step()
        values = new.step()
    assert (d_loss, g_loss) == pytest.approx(values[:2].tolist(), rel=1e-5)
    points = old.sample(5, np.random.default_rng(0))
    z = torch.as_tensor(np.random.default_rng(0).standard_normal((5, 8))).float()
    assert points == pytest.approx(new.generate(z).numpy(), rel=1e-4, abs=1e-6)


def test_unknown_objective():
    with pytest.raises(ValueError, match="must be one of minimax"):
        ToyGAN(ring(), torch.optim.Adam, objective="lion")
