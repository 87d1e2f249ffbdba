"""Arrays that run backwards in memory, as ``x[::-1]`` does, and those that cannot be written: torch takes neither."""

import warnings

import numpy as np
import pytest
import torch

from course_utils import attacks, datasets, gan, toy, translation, vae
from course_utils.gan import metrics


def reversed_twice(values):
    """The same numbers, from the last one on in memory, and closed to writers."""
    turned = np.ascontiguousarray(values[::-1])[::-1]
    turned.flags.writeable = False
    return turned


MODEL = vae.VAE(2, (8,), data_dim=5).eval()
CALLS = {
    "judge": lambda x: gan.Discriminator(2).score(x),
    "step": lambda x: gan.Critic(2).step(x, x + 1),
    "latents": lambda x: gan.PointTrainer(toy.ring(), device="cpu").generate(x).numpy(),
    "vae": lambda x: MODEL.decode(x).detach().numpy(),
    "ink": lambda x: metrics.ink(x, scale="unit"),
    "slant": lambda x: metrics.slant(x, scale="unit"),
    "modes": lambda x: translation.mode_map(x, x + 1, range(len(x)))(torch.zeros(1, 2)).numpy(),
    "labels": lambda x: attacks.DigitTrainer(
        datasets.Images(np.zeros((10, 28, 28), np.uint8), x, "mine"), "linear", device="cpu"
    ).batch()[1].numpy(),
}  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_the_same_numbers_as_of_a_plain_array(call):
    random, shape = np.random.default_rng(0), (3, 28, 28) if call in ("ink", "slant") else (10, 2)
    given = np.arange(10) if call == "labels" else random.random(shape)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(CALLS[call](reversed_twice(given)), CALLS[call](given))
