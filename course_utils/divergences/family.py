"""What a GAN's generator descends when its critic is the best one: the objectives of the family, side by side.

Two distributions p = p* and q = p_G over the same points x. Each game says what its critic minimises, which critic is
best, and what the generator pays for a sample. Two questions, which have one answer in a zero-sum game only:

    value      what the best critic reaches: which divergence does it *measure*?
    descends   G moves q and holds that critic still: of which function of q is this the slope?

    game               the best critic              value                  G descends
    minimax            D = p / (p + q)              2 log 2 - 2 JSD        2 JSD
    non-saturating     the same                     the same               KL(q || p) - 2 JSD
    least squares      D = (b p + a q) / (p + q)    (b-a)^2 (2 - chi) / 8  (b-a)(c-a) KL(p || m) - (b-a)^2 chi / 8
    hinge              f = sign(p - q)              2 - 2 TV               2 TV
    EBGAN, margin m    e = m where q > p, else 0    m - m TV               m TV
    Wasserstein        a potential, 1-Lipschitz     -W                     W
    MMD                the witness K (p - q)        -MMD                   MMD
    relativistic       f = log(p / q)               log 2 - JSD(pairs)     KL(q || p) - JSD(pairs)

Here m = (p + q) / 2, TV = sum |p - q| / 2, chi = sum (p - q)^2 / (p + q), which is Pearson's chi^2 of p + q from 2 q in
Mao et al.'s notation, and pairs are (x, G(z)) against (G(z), x). "descends" is up to a constant. Sources: Goodfellow et
al. 2014; Arjovsky and Bottou 2017 (theorem 2.5); Mao et al. 2017; Lim and Ye 2017; Zhao et al. 2017; Gretton et al.
2012; Jolicoeur-Martineau 2019. The entries "descends" of least squares and of the relativistic game are derived here;
tests compare all of them with finite differences.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from course_utils.checks import positive
from course_utils.divergences.kl_and_js import LOG_2, js_divergence, kl_divergence, probabilities

Vector = np.ndarray
KERNEL_WIDTH = 1.0  # of the MMD's Gaussian kernel, in units of x
FARTHEST = 25  # noises between two lines


def total_variation(p: Vector, q: Vector) -> float:
    """TV = sum_i |p_i - q_i| / 2 in [0, 1]: the largest difference of the probabilities of one event."""
    p, q = _pair(p, q)
    return float(np.abs(p - q).sum() / 2)


def mixture_chi2(p: Vector, q: Vector) -> float:
    """chi = sum_i (p_i - q_i)^2 / (p_i + q_i) in [0, 2], Mao et al.'s Pearson chi^2 of p + q from 2 q; 0 / 0 = 0."""
    p, q = _pair(p, q)
    both = p + q
    return float(np.divide((p - q) ** 2, both, out=np.zeros_like(both), where=both > 0).sum())


def maximum_mean_discrepancy(p: Vector, q: Vector, x: Vector, width: float = KERNEL_WIDTH) -> float:
    """MMD = sqrt((p - q) K (p - q)) with K_ij = exp(-(x_i - x_j)^2 / (2 width^2)): the largest E_p f - E_q f of all f
    in the unit ball of that kernel's space (Gretton et al. 2012)."""
    return _length(_kernel(x, width), *_pair(p, q))


def _length(kernel: Vector, p: Vector, q: Vector) -> float:
    return float(np.sqrt(max((p - q) @ kernel @ (p - q), 0.0)))


@dataclass(frozen=True)
class Game:
    """One row of the table: functions of critics (n,) and of probability vectors p, q (n,) at the points x (n,).

    The points rise, and p and q sum to 1.

    Attributes
    ----------
    critic_loss : (f, p, q) -> what the critic minimises; infinite outside of the answers that it may give.
    best : (p, q, x) -> a critic that minimises it (n,). Of points where p = q = 0 it says anything.
    sample_loss : (f, p, q) -> what G pays for a sample at each point (n,), the critic being f.
    value : (p, q, x) -> the minimum of critic_loss, as a divergence.
    descends : (p, q, x) -> the function of q whose slope is sample_loss, with the best critic held still.
    measures, follows : value and descends in words, for a table.
    answers : between which numbers the critic's answers lie.
    points : how many points :func:`pull` takes; fewer where the critic sees all pairs of them, and has no jumps.
    """

    critic_loss: Callable[[Vector, Vector, Vector], float]
    best: Callable[[Vector, Vector, Vector], Vector]
    sample_loss: Callable[[Vector, Vector, Vector], Vector]
    value: Callable[[Vector, Vector, Vector], float]
    descends: Callable[[Vector, Vector, Vector], float]
    measures: str
    follows: str
    answers: tuple[float, float] = (-np.inf, np.inf)
    points: int = 800


def pull(game: Game, theta: float, noise: float) -> float:
    """Lesson 2's lines: how hard G is pulled back to the data, the slope of its loss in theta against the best critic.

    Across the lines p = N(0, noise^2) and q = N(theta, noise^2). Per unit of theta; for W it is 1 at any distance.
    Computed as the sum over a grid of sample_loss times dq/dtheta.

    Raises
    ------
    ValueError
        for a theta or noise that is not positive, or a theta beyond 25 noise, where densities underflow.
    """
    theta, noise = positive("theta", theta), positive("noise", noise)
    if theta > FARTHEST * noise:
        raise ValueError(
            f"theta is {theta:g}; it must be at most {FARTHEST} times the noise, {FARTHEST * noise:g}."
        )
    # even: where a critic jumps, half-way, no point lies
    x = np.linspace(-8 * noise, theta + 8 * noise, game.points)
    logs = [-((x - centre) ** 2) / (2 * noise**2) for centre in (0.0, theta)]
    p, q = (special.softmax(log) for log in logs)
    slope = q * (x - theta - q @ (x - theta)) / noise**2  # of the q on this grid: it sums to 0
    with np.errstate(all="ignore"):
        loss = game.sample_loss(game.best(p, q, x), p, q)
    loss = loss - loss[q.argmax()]  # a constant pulls at nothing, and would leave its rounding
    seen = np.isfinite(loss)  # log(1 - D) is not where D rounds to 1: there q is below 1e-16 p
    return float((loss[seen] * slope[seen]).sum())


def least_squares(a: float = 0.0, b: float = 1.0, c: float = 1.0) -> Game:
    """The critic aims at b for real and a for generated samples, G at c (Mao et al. 2017); usual is (0, 1, 1).

    (-1, 1, 0) is the one of their theorem: b - c = 1 and b - a = 2. There G's slope vanishes to first order at q = p.
    """

    def descends(p: Vector, q: Vector, x: Vector) -> float:
        middle = LOG_2 - float(kl_divergence(p, (p + q) / 2))
        return (a - c) * (b - a) * middle - (b - a) ** 2 * mixture_chi2(p, q) / 8

    times = (b - a) * (c - a)
    return Game(
        critic_loss=lambda f, p, q: float((p * (f - b) ** 2 + q * (f - a) ** 2).sum() / 2),
        best=lambda p, q, x: a + (b - a) * _share(p, q),
        sample_loss=lambda f, p, q: (f - c) ** 2 / 2,
        value=lambda p, q, x: (b - a) ** 2 * (2 - mixture_chi2(p, q)) / 8,
        descends=descends,
        measures="Pearson's chi²",
        follows=f"{'' if times == 1 else f'{times:g} '}KL(p*‖m) − {(b - a) ** 2 / 8:g} chi²",
    )


def _minimax_critic(f: Vector, p: Vector, q: Vector) -> float:
    return -float((special.xlogy(p, f) + special.xlog1py(q, -f)).sum())


def _pairs(p: Vector, q: Vector) -> tuple[Vector, Vector]:
    """The distributions of (x, G(z)) and of (G(z), x)."""
    return np.outer(p, q).ravel(), np.outer(q, p).ravel()


def _jsd_of_pairs(p: Vector, q: Vector) -> float:
    return float(js_divergence(*_pairs(p, q)))


def _relativistic_critic(f: Vector, p: Vector, q: Vector) -> float:
    with np.errstate(invalid="ignore"):  # inf - inf, of pairs that there are not
        lost = _softplus(f - f[:, None])
    pairs = np.outer(p, q)
    return float(pairs[pairs > 0] @ lost[pairs > 0])


def _softplus(values: Vector) -> Vector:
    """log(1 + e^v) = max(v, 0) + log(1 + e^-|v|), as np.logaddexp(0, v), on large arrays in a quarter of its time."""
    rest = np.abs(values)
    np.negative(rest, out=rest)
    np.exp(rest, out=rest)
    np.log1p(rest, out=rest)
    rest += np.maximum(values, 0)
    return rest


def _log_ratio(p: Vector, q: Vector) -> Vector:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(p) - np.log(q)


def _share(p: Vector, q: Vector) -> Vector:
    """p / (p + q); 1/2 where there is neither."""
    both = p + q
    return np.divide(p, both, out=np.full_like(both, 0.5), where=both > 0)


def _pair(p: Vector, q: Vector) -> tuple[Vector, Vector]:
    p, q = probabilities(p, "p"), probabilities(q, "q")
    if p.ndim != 1 or p.shape != q.shape:
        raise ValueError(
            f"p has shape {p.shape} and q {q.shape}; both must be vectors (n,) over the same points."
        )
    return p, q


def _kernel(x: Vector, width: float) -> Vector:
    return np.exp(-((x[:, None] - x) ** 2) / (2 * positive("width", width) ** 2))


def _witness(p: Vector, q: Vector, x: Vector) -> Vector:
    kernel = _kernel(x, KERNEL_WIDTH)
    f, size = kernel @ (p - q), _length(kernel, *_pair(p, q))
    return f / size if size else f


def _potential(p: Vector, q: Vector, x: Vector) -> Vector:
    """The best critic on the line: it climbs with slope 1 where mass has to move to the right (F_q > F_p), and falls
    where it has to move to the left."""
    climbs = np.sign(np.cumsum(q - p)[:-1]) * _steps(x)
    return np.concatenate([[0.0], np.cumsum(climbs)])


def _w1(p: Vector, q: Vector, x: Vector) -> float:
    p, q = _pair(p, q)
    return float((np.abs(np.cumsum(p - q)[:-1]) * _steps(x)).sum())


def _steps(x: Vector) -> Vector:
    steps = np.diff(x)
    if not (steps > 0).all():
        raise ValueError(
            "x does not rise; on the line W needs the points in their order: sort x, and p and q with it."
        )
    return steps


def _difference(f: Vector, p: Vector, q: Vector) -> float:
    return float(q @ f - p @ f)


def _two_jsd(p: Vector, q: Vector) -> float:
    return 2 * float(js_divergence(p, q))


def _ebgan(margin: float) -> Game:
    return Game(
        critic_loss=lambda e, p, q: float(p @ e + q @ np.maximum(0, margin - e)),
        best=lambda p, q, x: np.where(q > p, margin, 0.0),
        sample_loss=lambda e, p, q: e,
        value=lambda p, q, x: margin * (1 - total_variation(p, q)),
        descends=lambda p, q, x: margin * total_variation(p, q),
        measures="TV",
        follows="m TV",
        answers=(0.0, np.inf),
    )


MINIMAX = Game(
    critic_loss=_minimax_critic,
    best=lambda p, q, x: _share(p, q),
    sample_loss=lambda f, p, q: np.log1p(-f),
    value=lambda p, q, x: 2 * LOG_2 - _two_jsd(p, q),
    descends=lambda p, q, x: _two_jsd(p, q),
    measures="JSD",
    follows="2 JSD",
    answers=(0.0, 1.0),
)
GAMES = {
    "minimax": MINIMAX,
    "non-saturating": replace(  # the same critic
        MINIMAX,
        sample_loss=lambda f, p, q: -np.log(f),
        descends=lambda p, q, x: float(kl_divergence(q, p)) - _two_jsd(p, q),
        follows="KL(p_G‖p*) − 2 JSD",
    ),
    "least squares": least_squares(),
    "least squares, (-1, 1, 0)": least_squares(-1.0, 1.0, 0.0),
    "hinge": Game(
        critic_loss=lambda f, p, q: float(p @ np.maximum(0, 1 - f) + q @ np.maximum(0, 1 + f)),
        best=lambda p, q, x: np.sign(p - q),
        sample_loss=lambda f, p, q: -f,
        value=lambda p, q, x: 2 - 2 * total_variation(p, q),
        descends=lambda p, q, x: 2 * total_variation(p, q),
        measures="TV",
        follows="2 TV",
    ),
    "EBGAN": _ebgan(1.0),
    "Wasserstein": Game(
        critic_loss=_difference,
        best=_potential,
        sample_loss=lambda f, p, q: -f,
        value=lambda p, q, x: -_w1(p, q, x),
        descends=_w1,
        measures="W",
        follows="W",
    ),
    "MMD": Game(
        critic_loss=_difference,
        best=_witness,
        sample_loss=lambda f, p, q: -f,
        value=lambda p, q, x: -maximum_mean_discrepancy(p, q, x),
        descends=maximum_mean_discrepancy,
        measures="MMD",
        follows="MMD",
        points=400,
    ),
    "relativistic": Game(
        critic_loss=_relativistic_critic,
        best=lambda p, q, x: _log_ratio(p, q),
        sample_loss=lambda f, p, q: p @ _softplus(f[:, None] - f),
        value=lambda p, q, x: LOG_2 - _jsd_of_pairs(p, q),
        descends=lambda p, q, x: float(kl_divergence(q, p)) - _jsd_of_pairs(p, q),
        measures="JSD of pairs",
        follows="KL(p_G‖p*) − JSD of pairs",
        points=400,
    ),
}
