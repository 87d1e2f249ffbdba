"""What the two players minimise, computed from the raw scores of the discriminator or critic.

A discriminator network returns a logit a; its probability is D = sigmoid(a). Its losses are written with
log sigmoid, because log(1 - sigmoid(a)) computed naively is log(0) once a is a little large:

    log D = logsigmoid(a),    log(1 - D) = logsigmoid(-a)

A Wasserstein critic returns a real number f, and the losses are plain means of it. A relativistic discriminator says of
a pair how likely the first is the real one, sigmoid(a(x) - a(G(z))): here too only differences of scores mean anything.

An energy-based critic is an autoencoder, and its energy e(x) the error of its reconstruction: low where the data are.
Its score is f = -e, so that for every critic a high score means "real".

What each of them measures, and what G descends, on two known distributions: :mod:`course_utils.divergences.family`.

All functions take scores of any shape, average over all of them and return a scalar tensor: in nats for a
discriminator, in the unit of f for a critic.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import Tensor
from torch.nn.functional import logsigmoid, normalize

from course_utils.divergences import LOG_2


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


def least_squares_discriminator_loss(
    real_scores: Tensor, fake_scores: Tensor, a: float = 0.0, b: float = 1.0
) -> Tensor:
    """E[(f(x) - b)^2] / 2 + E[(f(G(z)) - a)^2] / 2 (Mao et al. 2017): minimal at f = (b p* + a p_G) / (p* + p_G)."""
    return (real_scores - b).square().mean() / 2 + (fake_scores - a).square().mean() / 2


def least_squares_generator_loss(fake_scores: Tensor, c: float = 1.0) -> Tensor:
    """E[(f(G(z)) - c)^2] / 2. Its derivative with respect to a score is f - c per sample: it pulls back what is on the
    right side, too far out."""
    return (fake_scores - c).square().mean() / 2


def hinge_discriminator_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """E[max(0, 1 - f(x))] + E[max(0, 1 + f(G(z)))] (Lim and Ye 2017): minimal at f = sign(p* - p_G), where it is
    2 - 2 TV. The generator plays -E[f(G(z))] against it."""
    return (1 - real_scores).relu().mean() + (1 + fake_scores).relu().mean()


def margin_loss(real_scores: Tensor, fake_scores: Tensor, margin: float = 1.0) -> Tensor:
    """E[e(x)] + E[max(0, m - e(G(z)))] with the energy e = -score (EBGAN, Zhao et al. 2017): minimal at e = m where
    p_G > p* and 0 elsewhere, where it is m (1 - TV). The generator plays E[e(G(z))] against it."""
    return -real_scores.mean() + (margin + fake_scores).relu().mean()


def pulling_away(codes: Tensor) -> Tensor:
    """The mean of cos(s_i, s_j)^2 over all pairs i != j of codes (n, k): EBGAN's pulling-away term, in [0, 1].

    0 for codes at right angles, 1 where all point the same way (or the opposite): a generator that makes one sample
    only pays most (Zhao et al. 2017, section 2.4). Of n = 1 there are no pairs, and it is 0.
    """
    cosines = normalize(codes.flatten(1), dim=1) @ normalize(codes.flatten(1), dim=1).T
    n = len(codes)
    return (cosines.square().sum() - cosines.diagonal().square().sum()) / max(n * (n - 1), 1)


def balanced_loss(real_scores: Tensor, fake_scores: Tensor, balance: Tensor | float = 0.0) -> Tensor:
    """L(x) - k L(G(z)) with L the mean energy, -score (BEGAN, Berthelot et al. 2017). The generator plays L(G(z)).

    k, the ``balance``, is 0 at first: D learns to reconstruct the data and nothing else. After every step it moves by
    :func:`next_balance`.
    """
    return balance * fake_scores.mean() - real_scores.mean()


def next_balance(
    balance: Tensor, real_scores: Tensor, fake_scores: Tensor, gamma: float, rate: float
) -> Tensor:
    """k + rate (gamma L(x) - L(G(z))), kept in [0, 1]: BEGAN's thermostat, from the mean energies before D's step.

    It rests where L(G(z)) = gamma L(x). Berthelot et al. take L(G(z)) of the generator's minibatch; here it is the
    critic's, of the same generator, so that D can be moved alone.
    """
    gap = real_scores.mean().neg() * gamma + fake_scores.mean()
    return (balance + rate * gap).clamp(0.0, 1.0)


@dataclass(frozen=True)
class Objective:
    """A pair of losses: one for the discriminator (real and fake scores), one for the generator (fake scores).

    ``probabilities`` tells whether sigmoid(score) is a probability, as it is for L0's two games; else only differences
    of scores mean something. ``pairs``: the generator's loss takes real scores as well, after the fake ones.
    ``energies``: scores are minus an autoencoder's errors, and nothing else will do. ``takes``: what the
    discriminator's loss is given besides, "margin" or "balance", by this name. ``estimate`` makes of D's loss an
    estimate of a divergence, whose name is ``measures``: for the best D it is that (see
    :mod:`course_utils.divergences.family`).
    """

    discriminator: Callable[..., Tensor]
    generator: Callable[..., Tensor]
    probabilities: bool = True
    pairs: bool = False
    energies: bool = False
    takes: str = ""
    measures: str = "JSD"
    estimate: Callable[[float], float] = lambda loss: LOG_2 - loss / 2


def _least_squares(a: float, b: float, c: float) -> Objective:
    return Objective(
        partial(least_squares_discriminator_loss, a=a, b=b),
        partial(least_squares_generator_loss, c=c),
        probabilities=False,
        measures="chi2",
        estimate=lambda loss: 2 - 8 * loss / (b - a) ** 2,
    )


OBJECTIVES = {
    "minimax": Objective(discriminator_loss, saturating_generator_loss),
    "non-saturating": Objective(discriminator_loss, non_saturating_generator_loss),
    "wasserstein": Objective(
        critic_loss,
        critic_generator_loss,
        probabilities=False,
        measures="W1",
        estimate=lambda loss: -loss,
    ),
    "relativistic": Objective(
        relativistic_discriminator_loss,
        relativistic_generator_loss,
        probabilities=False,
        pairs=True,
        measures="JSD of pairs",
        estimate=lambda loss: LOG_2 - loss,
    ),
    "least squares": _least_squares(0.0, 1.0, 1.0),
    # the constants of Mao et al.'s theorem: b - c = 1, b - a = 2
    "least squares, (-1, 1, 0)": _least_squares(-1.0, 1.0, 0.0),
    "hinge": Objective(
        hinge_discriminator_loss,
        critic_generator_loss,
        probabilities=False,
        measures="TV",
        estimate=lambda loss: 1 - loss / 2,
    ),
    "margin": Objective(
        margin_loss,
        critic_generator_loss,
        probabilities=False,
        energies=True,
        takes="margin",
        measures="",
        estimate=lambda loss: -loss,
    ),
    "balanced": Objective(
        balanced_loss,
        critic_generator_loss,
        probabilities=False,
        energies=True,
        takes="balance",
        measures="",
        estimate=lambda loss: -loss,
    ),
}
