"""Three mistakes from public GAN code, each as it stands there: a student can meet the symptom before the cause.

    missing detach        D's step also leaves gradients in G, and G's step adds its own to them
    tanh, other scale     G ends in tanh, in [-1, 1]; the real data were normalised to something else
    BatchNorm1d(n, 0.8)   the second argument is eps, not momentum: with small weights nothing is normalised any more

Every class is a :class:`~course_utils.gan.trainer.PointTrainer` with just that one mistake; ``BUGS`` names them.
"""

from itertools import pairwise
from typing import Any, ClassVar

from torch import Tensor, nn

from course_utils.gan.trainer import PointTrainer


class MissingDetach(PointTrainer):
    """The discriminator's step goes through the generator, and ``zero_grad`` comes after the steps, not before.

    G then descends on the sum of its own loss and D's: with the minimax loss the two cancel but for the minibatch.
    """

    def fake_batch(self, c: Tensor | None = None) -> Tensor:
        return self.generator(self.latent_batch())  # here .detach() is missing

    def generator_step(self) -> Tensor:
        scores = self.discriminator(self.seen(self.generator(self.latent_batch())))
        loss = self.generator_loss(scores)
        loss.backward()
        self.generator_optimizer.step()
        self.generator_optimizer.zero_grad()  # too late: what D's step left behind is in this step already
        return loss.detach()


class TanhGenerator(PointTrainer):
    """The generator ends in tanh and makes points of the square [-1, 1]^2 only, wherever the data are."""

    def make_networks(self) -> tuple[nn.Module, nn.Module]:
        generator, discriminator = super().make_networks()
        return nn.Sequential(generator, nn.Tanh()), discriminator


class BatchNormGenerator(PointTrainer):
    """A generator with batch norm and DCGAN's start, weights N(0, 0.02^2): here all is right."""

    arguments: ClassVar[dict[str, Any]] = {}  # of batch norm

    def make_networks(self) -> tuple[nn.Module, nn.Module]:
        _, discriminator = super().make_networks()
        widths = self.recipe.generator_widths
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise([self.recipe.latent_dim, *widths]):
            layers += [nn.Linear(n_in, n_out), nn.BatchNorm1d(n_out, **self.arguments), nn.LeakyReLU(0.2)]
        generator = nn.Sequential(*layers, nn.Linear(widths[-1], 2))
        for module in generator:
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0.0, 0.02)
        return generator, discriminator


class BatchNormEps(BatchNormGenerator):
    """The same generator with ``BatchNorm1d(n, 0.8)``: eps = 0.8 dwarfs the variance of what small weights make."""

    arguments: ClassVar[dict[str, Any]] = {"eps": 0.8}


BUGS: dict[str, type[PointTrainer]] = {
    "none": PointTrainer,
    "missing detach": MissingDetach,
    "tanh": TanhGenerator,
    "batch norm, right": BatchNormGenerator,
    "batch norm, eps": BatchNormEps,
}
