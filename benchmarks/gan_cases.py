"""What benchmarks/gan.py compares: our loop with the peer's networks, and the proof that both do the same."""

from collections import deque

import pytorch_gan

import numpy as np
import torch
from course_utils.datasets import Images
from course_utils.gan import AdversarialTrainer
from course_utils.gan.recipes import Recipe
from torch import Tensor

SEED = 0
ADAM = {"generator_learning_rate": 2e-4, "discriminator_learning_rate": 2e-4}
RMSPROP = {"generator_learning_rate": 5e-5, "discriminator_learning_rate": 5e-5, "optimizer": "rmsprop"}
CRITIC = {"objective": "wasserstein", "discriminator_steps": 5}
SETTINGS = {"latent_dim": pytorch_gan.LATENT, "batch_size": pytorch_gan.BATCH}
CASES = {  # the peer, our recipe, the speed-ups to reach in float32 and bfloat16
    "GAN": (pytorch_gan.Gan, Recipe("gan", **SETTINGS, **ADAM), 1.8, 3.0),
    "WGAN": (pytorch_gan.Wgan, Recipe("wgan", penalty="clip", **SETTINGS, **CRITIC, **RMSPROP), 1.4, 2.2),
    "WGAN-GP": (pytorch_gan.WganGp, Recipe("wgan-gp", penalty="gp", **SETTINGS, **CRITIC, **ADAM), 1.7, 3.0),
}


class Ours(AdversarialTrainer):
    """The package's trainer, playing with the peer's networks; minibatches can be put into ``given``."""

    peer: type[pytorch_gan.Peer]

    def __init__(self, *arguments, **settings):
        self.given: dict[str, deque[Tensor]] = {"real": deque(), "latent": deque(), "mixing": deque()}
        super().__init__(*arguments, **settings)

    def make_networks(self):
        return pytorch_gan.Generator(), _Scores()

    def real_batch(self):
        return self.given["real"].popleft() if self.given["real"] else super().real_batch()

    def latent_batch(self):
        return self.given["latent"].popleft() if self.given["latent"] else super().latent_batch()

    def mixing_batch(self):
        return self.given["mixing"].popleft() if self.given["mixing"] else super().mixing_batch()


class _Scores(pytorch_gan.Discriminator):
    """The peer's discriminator without its sigmoid: our losses start from logits."""

    def __init__(self):
        super().__init__(sigmoid=False)

    def forward(self, images):
        return super().forward(images).squeeze(1)


class OursTogether(Ours):
    """gan.py's order: G moves first, and D judges what G had made before it moved."""

    def make_networks(self):
        generator, discriminator = super().make_networks()
        generator.register_forward_hook(self._keep)
        return generator, discriminator

    def _keep(self, generator, inputs, made):
        self._made = made

    def fake_batch(self, c=None):
        return self._made.detach()

    def update(self):
        generator_loss = self.generator_step()
        return self.row(generator_loss=generator_loss, **self.discriminator_step()._asdict())


def ours(case: str, images: Images, precision: str = "float32") -> Ours:
    kind = OursTogether if case == "GAN" else Ours
    return kind(images, CASES[case][1], device="cpu", seed=SEED, precision=precision)


def assert_equivalent(case: str, images: Images) -> dict[str, float]:
    """The largest difference between a parameter of ours and the peer's after one turn on the same minibatches."""
    apart = {}
    for dtype in (torch.float32, torch.float64):
        torch.set_default_dtype(dtype)
        peer, mine = CASES[case][0](images.pixels, images.labels, SEED), ours(case, images)
        mine.generator.load_state_dict(peer.generator.state_dict())
        mine.discriminator.load_state_dict(peer.discriminator.state_dict())
        random = np.random.default_rng(SEED)
        for _ in range(peer.cycle):
            batch = next(peer.batches)[0]
            z = torch.as_tensor(random.normal(size=(len(batch), pytorch_gan.LATENT)), dtype=dtype)
            t = torch.as_tensor(random.random((len(batch), 1)), dtype=dtype)
            mine.given["real"].append(batch)
            mine.given["latent"].append(z)
            if mine.recipe.penalty == "gp":
                mine.given["mixing"].append(t)
                peer.step(batch, z, alpha=t[:, :, None, None])
            else:
                peer.step(batch, z)
        mine.given["latent"].append(z)  # the peer's generator moves on the critic's last latents
        mine.step()
        pairs = [
            (p, q)
            for player in ("generator", "discriminator")
            for p, q in zip(
                getattr(peer, player).parameters(), getattr(mine, player).parameters(), strict=True
            )
        ]
        apart[str(dtype).removeprefix("torch.")] = max((p - q).abs().max().item() for p, q in pairs)
    torch.set_default_dtype(torch.float32)
    return apart
