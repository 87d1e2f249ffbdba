"""The small GAN of lesson 4 as its earlier notebooks spell it; by now a point trainer."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim import Optimizer

from course_utils.gan.trainer import PointTrainer


class ToyGAN(PointTrainer):
    """A point trainer with optimizers of your own making, on the CPU; new code takes :class:`PointTrainer`.

    ``make_optimizer`` takes parameters and gives an optimizer, once for each player. :meth:`step` returns both losses,
    and :meth:`sample` draws n points with a NumPy generator of yours.
    """

    def __init__(
        self,
        distribution: Any,
        make_optimizer: Callable[[Iterable[nn.Parameter]], Optimizer],
        *,
        objective: str = "non-saturating",
        latent_dim: int = 8,
        width: int = 64,
        batch_size: int = 128,
        seed: int = 0,
    ):
        self._make_optimizer = make_optimizer
        widths = {"generator_widths": (width, width), "discriminator_widths": (width, width)}
        sizes: dict[str, Any] = {"latent_dim": latent_dim, "batch_size": batch_size, **widths}
        super().__init__(distribution, device="cpu", seed=seed, objective=objective, **sizes)

    def make_optimizers(self) -> None:
        self.generator_optimizer = self._make_optimizer(self.generator.parameters())
        self.discriminator_optimizer = self._make_optimizer(self.discriminator.parameters())

    def prepare(self) -> None:
        """Nothing: the rates are those of the given optimizers."""

    def step(self) -> tuple[float, float]:  # type: ignore[override]
        values = super().step()
        return values[0].item(), values[1].item()

    @torch.no_grad()
    def sample(self, n: int, generator: np.random.Generator) -> np.ndarray:  # type: ignore[override]
        return self.generate(
            torch.as_tensor(generator.standard_normal((n, self.recipe.latent_dim))).float()
        ).numpy()
