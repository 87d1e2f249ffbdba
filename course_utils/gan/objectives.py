"""What the two players minimise, computed from the raw scores of the discriminator or critic.

A discriminator network returns a logit a; its probability is D = sigmoid(a). Its losses are written with
log sigmoid, because log(1 - sigmoid(a)) computed naively is log(0) once a is a little large:

    log D = logsigmoid(a),    log(1 - D) = logsigmoid(-a)

A Wasserstein critic returns a real number f, and the losses are plain means of it. A relativistic discriminator says of
a pair how likely the first is the real one, sigmoid(a(x) - a(G(z))): here too only differences of scores mean anything.

All functions take scores of any shape, average over all of them and return a scalar tensor: in nats for a
discriminator, in the unit of f for a critic.
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


def critic_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """E[f(G(z))] - E[f(x)]: minus the dual's value, so that minimising it climbs towards W (L3, Algorithm 1; L1).

    It says nothing about distances unless f is kept Lipschitz: see :mod:`course_utils.gan.penalties`.
    """
    return fake_scores.mean() - real_scores.mean()


def critic_generator_loss(fake_scores: Tensor) -> Tensor:
    """-E[f(G(z))], the generator's loss against a critic. Its derivative with respect to a score is -1 per sample."""
    return -fake_scores.mean()


def relativistic_discriminator_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """-E[log sigmoid(a(x) - a(G(z)))], each real sample with one generated one (Jolicoeur-Martineau 2019).

    Minimal at a = log(p*/p_G) + constant, as for L0's discriminator; log 2 minus the minimum is the JSD between the
    pairs (x, G(z)) and the same pairs swapped. At equal scores it is log 2 = 0.693 nats.
    """
    return -logsigmoid(real_scores - fake_scores).mean()


def relativistic_generator_loss(fake_scores: Tensor, real_scores: Tensor) -> Tensor:
    """-E[log sigmoid(a(G(z)) - a(x))]: generated samples are to look more real than real ones.

    Its derivative with respect to a generated score is -sigmoid(a(x) - a(G(z))) per pair: largest while D wins, as with
    the non-saturating loss, but it compares with the real samples. R3GAN (Huang et al. 2024) plays this pair with R1
    and R2 (see :mod:`course_utils.gan.penalties`).
    """
    return -logsigmoid(fake_scores - real_scores).mean()


@dataclass(frozen=True)
class Objective:
    """A pair of losses: one for the discriminator (real and fake scores), one for the generator (fake scores).

    ``probabilities`` tells whether sigmoid(score) is a probability, as it is for L0's two games; else only differences
    of scores mean something. ``pairs``: the generator's loss takes real scores as well, after the fake ones.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[..., Tensor]
    probabilities: bool = True
    pairs: bool = False


OBJECTIVES = {
    "minimax": Objective(discriminator_loss, saturating_generator_loss),
    "non-saturating": Objective(discriminator_loss, non_saturating_generator_loss),
    "wasserstein": Objective(critic_loss, critic_generator_loss, probabilities=False),
    "relativistic": Objective(
        relativistic_discriminator_loss, relativistic_generator_loss, probabilities=False, pairs=True
    ),
}
