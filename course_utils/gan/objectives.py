"""What the two players minimise, computed from logits.

A discriminator network returns a logit a; its probability is D = sigmoid(a). All losses are written with
log sigmoid, because log(1 - sigmoid(a)) computed naively is log(0) once a is a little large:

    log D = logsigmoid(a),    log(1 - D) = logsigmoid(-a)

All functions take logits of any shape, average over all of them and return a scalar tensor, in nats.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import logsigmoid


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-E[log D(x)] - E[log(1 - D(G(z)))]: minus L0's value L(theta, phi), so that minimising it maximises L.

    At D = 1/2 everywhere it is 2 log 2 = 1.386 nats.
    """
    return -logsigmoid(real_logits).mean() - logsigmoid(-fake_logits).mean()


def saturating_generator_loss(fake_logits: Tensor) -> Tensor:
    """E[log(1 - D(G(z)))], the generator's part of the minimax game (L0, "basic training algorithm").

    Its derivative with respect to a logit is -D(G(z)) per sample: it vanishes while the discriminator wins.
    """
    return logsigmoid(-fake_logits).mean()


def non_saturating_generator_loss(fake_logits: Tensor) -> Tensor:
    """E[-log D(G(z))], L0's heuristic against vanishing gradients (Goodfellow et al. 2014, section 3).

    Its derivative with respect to a logit is D(G(z)) - 1 per sample: it is largest while the discriminator wins.
    """
    return -logsigmoid(fake_logits).mean()


@dataclass(frozen=True)
class Objective:
    """A pair of losses: one for the discriminator (real and fake logits), one for the generator (fake logits)."""

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


OBJECTIVES = {
    "minimax": Objective(discriminator_loss, saturating_generator_loss),
    "non-saturating": Objective(discriminator_loss, non_saturating_generator_loss),
}
