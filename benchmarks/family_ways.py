"""What benchmarks/family.py compares: critics of pictures, ganhacks' tips one by one, and ALI in the plane."""

from dataclasses import dataclass, field
from typing import Any

import torch
from course_utils.gan import AdversarialTrainer, PointTrainer
from course_utils.gan.networks import MLPDiscriminator, MLPGenerator, PointGenerator, mlp_autoencoder
from course_utils.training import descend
from course_utils.translation.pool import ReplayPool
from torch import Tensor, nn
from torch.nn.functional import dropout, softplus

MOMENTS = (100, 250, 500, 750)
LATER = (250, 750, 1500, 2250)
EARLY, END = (500,), (750,)
POOL = 1_000  # pictures of earlier steps
FLIPPED = 0.05  # of the labels

# ---------------------------------------------------------------------- other networks, other steps


class Absolute(AdversarialTrainer):
    """The critic's error is |x - AE(x)|, not its square."""

    def make_networks(self):
        generator, critic = super().make_networks()
        critic.power = 1
        return generator, critic


class FullyConnected(AdversarialTrainer):
    """An autoencoder without convolutions judges a generator without them."""

    def make_networks(self):
        return MLPGenerator(self.recipe.latent_dim, (128, 256)), mlp_autoencoder((256, 32))


class UniformLatents(AdversarialTrainer):
    """Against tip 3: z uniform in a cube, of variance 1."""

    def _latents(self, n, random):
        z = torch.rand(n, self.recipe.latent_dim, generator=random, device=self.device)
        return (2 * z - 1) * 3**0.5


class Together(AdversarialTrainer):
    """Against tip 4: batch norm sees real and generated pictures as one minibatch."""

    def judge(self, real, fake, c=None):
        return self.discriminator(torch.cat([real, fake])).chunk(2)


class Rectified(AdversarialTrainer):
    """Against tip 5: ReLU in D."""

    def make_networks(self):
        generator, critic = super().make_networks()
        for module in critic.modules():
            if isinstance(module, nn.LeakyReLU):
                module.negative_slope = 0.0
        return generator, critic


class SoftLabels(AdversarialTrainer):
    """Tip 6: D is told 0.7 to 1.2 of real and 0 to 0.3 of generated pictures, at random."""

    def targets(self, u: Tensor) -> tuple[Tensor, Tensor]:
        return 0.7 + 0.5 * u[0], 0.3 * u[1]

    def discriminator_loss(self, real_scores, fake_scores):
        u = torch.rand(2, len(real_scores), generator=self.random, device=self.device)
        real, fake = self.targets(u)
        on_real, on_fake = (
            softplus(real_scores) - real * real_scores,
            softplus(fake_scores) - fake * fake_scores,
        )
        return on_real.mean() + on_fake.mean()


class NoisyLabels(SoftLabels):
    """Tip 6: one label in twenty is the wrong one."""

    def targets(self, u: Tensor) -> tuple[Tensor, Tensor]:
        return (u[0] > FLIPPED).to(u.dtype), (u[1] < FLIPPED).to(u.dtype)


class Replay(AdversarialTrainer):
    """Tip 8: half of what D sees of G are pictures of earlier steps."""

    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        self.pool = ReplayPool(POOL, self.random)

    def fake_batch(self, c=None):
        return self.pool.swap(super().fake_batch(c))


class PlainSteps(AdversarialTrainer):
    """Tip 9: SGD for D (with momentum), Adam for G."""

    def make_optimizers(self):
        super().make_optimizers()
        rate = self.recipe.discriminator_learning_rate
        self.discriminator_optimizer = torch.optim.SGD(self.discriminator.parameters(), lr=rate, momentum=0.9)


class Dropout(AdversarialTrainer):
    """Tip 17: half of G's features are left out, in training and when it draws."""

    def make_networks(self):
        generator, critic = super().make_networks()
        generator.layers = nn.Sequential(
            *(
                nn.Sequential(layer, _Drop()) if isinstance(layer, nn.ReLU) else layer
                for layer in generator.layers
            )
        )
        return generator, critic


class _Drop(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return dropout(x, 0.5, training=True)


# ---------------------------------------------------------------------- the rows


@dataclass(frozen=True)
class Way:
    """A recipe, what is changed of it, the trainer that plays it, and when it is looked at."""

    recipe: str
    settings: dict[str, Any] = field(default_factory=dict)
    kind: type[AdversarialTrainer] = AdversarialTrainer
    moments: tuple[int, ...] = MOMENTS


SIZES: dict[str, Any] = {"generator_widths": (32, 16), "batch_size": 32}
SMALL = SIZES | {"discriminator_widths": (16, 32), "batch_norm_in_discriminator": False}
NORMED = SMALL | {"batch_norm_in_discriminator": True}
HALF = {"gamma": 0.5}
# Errors are means here, and were sums over 784 pixels in the trial: lambda of 1e-3 there is 0.8 here.
FAST = {"balance_rate": 0.8}
TRIAL = {**FAST, "batch_size": 64, "generator_learning_rate": 5e-4, "discriminator_learning_rate": 5e-4}
CRITICS = {
    "BEGAN, gamma 0.5": Way("began", HALF),
    "BEGAN, gamma 0.8": Way("began"),
    "BEGAN, gamma 0.5, longer": Way("began", HALF, moments=(250, 750, 1500)),
    "BEGAN, gamma 0.8, longer": Way("began", moments=LATER),
    "BEGAN, gamma 0.5, faster thermostat": Way("began", HALF | FAST, moments=(250, 750)),
    "BEGAN, gamma 0.5, absolute error": Way("began", HALF, Absolute, (250, 750)),
    "BEGAN, gamma 0.5, fully connected": Way("began", HALF | TRIAL, FullyConnected, (250, 1000, 3000)),
    "EBGAN": Way("ebgan"),
    "EBGAN, pulling away": Way("ebgan", {"pulling_away": 0.1}, moments=END),
    "non-saturating": Way("dcgan", SMALL),
    "least squares": Way("lsgan", SMALL, moments=END),
    "hinge": Way("hinge", SMALL, moments=END),
}
TIPS = {  # the control of most is "non-saturating", above
    "3: uniform z": Way("dcgan", SMALL, UniformLatents, EARLY),
    "4: batch norm, apart": Way("dcgan", NORMED, moments=EARLY),
    "4: batch norm, together": Way("dcgan", NORMED, Together, EARLY),
    "5: ReLU in D": Way("dcgan", SMALL, Rectified, EARLY),
    "6: soft labels": Way("dcgan", SMALL, SoftLabels, EARLY),
    "6: noisy labels": Way("dcgan", SMALL, NoisyLabels, EARLY),
    "8: replay": Way("dcgan", SMALL, Replay, EARLY),
    "9: SGD for D": Way("dcgan", SMALL | {"discriminator_learning_rate": 0.003}, PlainSteps, EARLY),
    "13: noise for D": Way("dcgan", SMALL | {"instance_noise": 0.1}, moments=EARLY),
    "14: two steps of D": Way("dcgan", SMALL | {"discriminator_steps": 2}, moments=EARLY),
    "17: dropout in G": Way("dcgan", SMALL, Dropout, EARLY),
}

# ---------------------------------------------------------------------- adversarially learned inference


class Inference(PointTrainer):
    """ALI, or BiGAN (Dumoulin et al. 2016; Donahue et al. 2016): D sees pairs, real (x, E(x)), generated (G(z), z).

    Both losses are the usual ones; G and E share a step, and E's samples are to look generated. E is deterministic.
    """

    def make_networks(self):
        generator, _ = super().make_networks()
        widths = self.recipe.discriminator_widths
        return WithEncoder(generator, fresh_encoder(self.recipe)), MLPDiscriminator(widths, n_in=4)

    def pairs(self) -> tuple[Tensor, Tensor]:
        x, z, G = self.real_batch(), self.latent_batch(), self.generator
        return torch.cat([x, G.encoder(x)], 1), torch.cat([G(z), z], 1)

    def update(self):
        with torch.no_grad():
            real, fake = self.pairs()
        scores = self.judge(real, fake)
        loss = self.discriminator_loss(*scores)
        descend(self.discriminator_optimizer, loss)
        self.discriminator.requires_grad_(False)
        real, fake = self.judge(*self.pairs())
        both = softplus(-fake).mean() + softplus(real).mean()
        descend(self.generator_optimizer, both)
        self.discriminator.requires_grad_(True)
        d_real, d_fake = (s.detach().sigmoid().mean() for s in scores)
        return self.row(
            discriminator_loss=loss.detach(),
            generator_loss=both.detach(),
            d_real=d_real,
            d_fake=d_fake,
            gradient_norm=torch.tensor(torch.nan),
        )


class WithEncoder(nn.Module):
    """G, with E beside it, so that one optimizer moves both."""

    def __init__(self, generator: nn.Module, encoder: nn.Module):
        super().__init__()
        self.generator, self.encoder = generator, encoder

    def forward(self, z: Tensor) -> Tensor:
        return self.generator(z)


def fresh_encoder(recipe: Any) -> nn.Module:
    """A point -> its two latents."""
    return PointGenerator(2, recipe.generator_widths)


def fit_encoder(trainer: PointTrainer, steps: int) -> nn.Module:
    """The control, without a game: after the training an encoder learns z from G(z) by squared error."""
    with torch.random.fork_rng():
        torch.manual_seed(trainer.seed)
        encoder = fresh_encoder(trainer.recipe)
    optimizer = torch.optim.Adam(encoder.parameters(), lr=1e-3)
    for _ in range(steps):
        z = trainer.latent_batch()
        with torch.no_grad():
            x = trainer.generator(z)
        descend(optimizer, (encoder(x) - z).square().mean())
    return encoder
