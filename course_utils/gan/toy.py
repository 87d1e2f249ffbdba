"""A small GAN in the plane, whose samples can be compared with a known distribution.

Everything that the 28x28 trainer has for pictures is left out here; what remains is two small networks and the two
steps of L0's algorithm, with optimizers of your choice.
"""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from course_utils.gan.objectives import OBJECTIVES


class ToyGAN:
    """Two multilayer perceptrons that learn a distribution of :mod:`course_utils.toy`.

    Parameters
    ----------
    distribution : anything with ``.sample(n, generator) -> (n, 2)``.
    make_optimizer : parameters -> optimizer, called once for each player.
    objective : a name in :data:`~course_utils.gan.objectives.OBJECTIVES`.
    latent_dim, width : z ~ N(0, I_latent_dim); both networks have two hidden layers of ``width``.
    batch_size : real and generated points per step.
    seed : of the weights, the minibatches and the latents. Two GANs with the same seed start with the same weights and
        see the same random numbers, whatever their optimizers.

    Raises
    ------
    ValueError
        for an unknown objective.
    """

    def __init__(
        self,
        distribution,
        make_optimizer: Callable[[Iterable[nn.Parameter]], Optimizer],
        *,
        objective: str = "non-saturating",
        latent_dim: int = 8,
        width: int = 64,
        batch_size: int = 128,
        seed: int = 0,
    ):
        if objective not in OBJECTIVES:
            raise ValueError(f"objective is {objective!r}; it must be one of {', '.join(OBJECTIVES)}.")
        self.distribution = distribution
        self.objective = OBJECTIVES[objective]
        self.latent_dim, self.batch_size = latent_dim, batch_size
        with torch.random.fork_rng(devices=[]):  # the weights come from this seed, nobody else's draws change
            torch.manual_seed(seed)
            self.generator = _perceptron(latent_dim, width, 2)
            self.discriminator = _perceptron(2, width, 1)
        self.generator_optimizer = make_optimizer(self.generator.parameters())
        self.discriminator_optimizer = make_optimizer(self.discriminator.parameters())
        self.random = np.random.default_rng(seed)

    def real_batch(self) -> Tensor:
        """Fresh points of the distribution, (batch_size, 2)."""
        points = self.distribution.sample(self.batch_size, self.random)
        return torch.as_tensor(points, dtype=torch.get_default_dtype())

    def latents(self, n: int, random: np.random.Generator) -> Tensor:
        """z ~ N(0, I), (n, latent_dim)."""
        z = random.standard_normal((n, self.latent_dim))
        return torch.as_tensor(z, dtype=torch.get_default_dtype())

    def step(self) -> tuple[float, float]:
        """One step of D, then one of G; returns their losses from before the steps, in nats."""
        with torch.no_grad():  # this step does not move the generator
            fake = self.generator(self.latents(self.batch_size, self.random))
        real_and_fake = self.discriminator(torch.cat([self.real_batch(), fake]))
        d_loss = self.objective.discriminator(*real_and_fake.chunk(2))
        _descend(self.discriminator_optimizer, d_loss)

        # The gradient has to pass through D, but D must not collect it.
        self.discriminator.requires_grad_(False)
        fake = self.generator(self.latents(self.batch_size, self.random))
        g_loss = self.objective.generator(self.discriminator(fake))
        _descend(self.generator_optimizer, g_loss)
        self.discriminator.requires_grad_(True)
        return d_loss.item(), g_loss.item()

    @torch.no_grad()
    def sample(self, n: int, generator: np.random.Generator) -> np.ndarray:
        """n generated points, (n, 2); the NumPy generator is yours, so looking does not change the training."""
        return self.generator(self.latents(n, generator)).numpy()


def _perceptron(n_in: int, width: int, n_out: int) -> nn.Sequential:
    layers = [nn.Linear(n_in, width), nn.LeakyReLU(0.2), nn.Linear(width, width), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Linear(width, n_out))


def _descend(optimizer: Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
