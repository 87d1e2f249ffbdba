"""Three mistakes from public GAN code, each as it stands there: a student can meet the symptom before the cause.

    missing detach        D's step also leaves gradients in G, and G's step adds its own to them
    tanh, other scale     G ends in tanh, in [-1, 1]; the real data were normalised to something else
    BatchNorm1d(n, 0.8)   the second argument is eps, not momentum: with small weights nothing is normalised any more

Every class is a :class:`~course_utils.gan.points.PointTrainer` with just that one mistake; ``BUGS`` names them.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from course_utils.gan.objectives import OBJECTIVES
from course_utils.gan.points import PointTrainer


class MissingDetach(PointTrainer):
    """The discriminator's step goes through the generator, and ``zero_grad`` comes after the steps, not before.

    G then descends on the sum of its own loss and D's: with the minimax loss the two cancel but for the minibatch.
    """

    def discriminator_step(self) -> tuple[Tensor, ...]:
        objective = OBJECTIVES[self.recipe.objective]
        fake = self.generator(self.latent_batch())  # here .detach() is missing
        scores = self._judge(self._seen(self.real_batch()), self._seen(fake))
        loss = objective.discriminator(*scores)
        loss.backward()
        self.discriminator_optimizer.step()
        self.discriminator_optimizer.zero_grad()
        real_said, fake_said = (
            s.detach().sigmoid() if objective.probabilities else s.detach() for s in scores
        )
        return loss.detach(), real_said.mean(), fake_said.mean(), self._no_slope

    def generator_step(self) -> Tensor:
        loss = OBJECTIVES[self.recipe.objective].generator(
            self.discriminator(self._seen(self.generator(self.latent_batch())))
        )
        loss.backward()
        self.generator_optimizer.step()
        self.generator_optimizer.zero_grad()
        self.discriminator_optimizer.zero_grad()
        return loss.detach()


class TanhGenerator(PointTrainer):
    """The generator ends in tanh and makes points of the square [-1, 1]^2 only, wherever the data are."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._replace_generator(nn.Sequential(self.generator, nn.Tanh()))


class BatchNormGenerator(PointTrainer):
    """A generator with batch norm and DCGAN's start, weights N(0, 0.02^2): here all is right."""

    arguments: ClassVar[dict[str, Any]] = {}  # of batch norm

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            self._replace_generator(
                _batch_norm_generator(self.recipe.latent_dim, self.recipe.generator_widths, self.arguments)
            )


class BatchNormEps(BatchNormGenerator):
    """The same generator with ``BatchNorm1d(n, 0.8)``: eps = 0.8 dwarfs the variance of what small weights make."""

    arguments: ClassVar[dict[str, Any]] = {"eps": 0.8}


def _batch_norm_generator(latent_dim: int, widths: Sequence[int], arguments: dict[str, Any]) -> nn.Module:
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise([latent_dim, *widths]):
        layers += [nn.Linear(n_in, n_out), nn.BatchNorm1d(n_out, **arguments), nn.LeakyReLU(0.2)]
    generator = nn.Sequential(*layers, nn.Linear(widths[-1], 2))
    for module in generator.modules():
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, 0.0, 0.02)
    return generator


BUGS: dict[str, type[PointTrainer]] = {
    "none": PointTrainer,
    "missing detach": MissingDetach,
    "tanh": TanhGenerator,
    "batch norm, right": BatchNormGenerator,
    "batch norm, eps": BatchNormEps,
}
