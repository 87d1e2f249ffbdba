"""The second half of lesson 11's tasks: translation (11b)."""

import math

import numpy as np

from course_utils.exercises.networks import felt_by, network, normal
from course_utils.exercises.task import Inputs, Task, like, times


def both_ways(rng: np.random.Generator) -> Inputs:
    """G and F, networks there and back, and samples of either side."""
    for seed, (n, m) in enumerate(((2, 2), (3, 4), (5, 3))):
        yield (
            network(2, 3, seed),
            network(3, 2, seed + 9),
            normal(n, 2, seed=seed),
            normal(m, 3, seed=seed + 9),
        )


def my_cycle_loss(G, F, x, y):  # type: ignore[no-untyped-def]
    return (F(G(x)) - x).abs().mean() + (G(F(y)) - y).abs().mean()


def streams(rng: np.random.Generator) -> Inputs:
    """A full pool of old samples, new ones, a coin in [0, 1) for each new one and its place in the pool."""
    yield np.array([1.0, 2.0]), np.array([9.0]), np.array([0.7]), np.array([1])
    yield np.array([1.0, 2.0]), np.array([8.0, 9.0]), np.array([0.2, 0.9]), np.array([0, 1])
    yield np.array([1.0, 2.0, 3.0]), np.array([7.0, 8.0, 9.0]), np.array([0.6, 0.8, 0.9]), np.array([2, 2, 0])
    yield rng.random(4), 5 + rng.random(6), rng.random(6), rng.integers(4, size=6)


def my_pool(pool, made, coins, places):  # type: ignore[no-untyped-def]
    shown = made.copy()
    for i in range(len(made)):
        if coins[i] >= 0.5:
            shown[i], pool[places[i]] = pool[places[i]], made[i]
    return shown, pool


def _pool(pool, made, coins, places, keep=True, late=False, turned=False):  # type: ignore[no-untyped-def]
    """The same, with a mistake: nothing kept, read after it was overwritten, the coin turned."""
    shown = made.copy()
    for i, (new, coin, place) in enumerate(zip(made, coins, places, strict=True)):
        if (coin >= 0.5) != turned:
            old = new if late else pool[place]
            shown[i] = old
            pool[place] = new if keep else pool[place]
    return shown, pool


def _at_once(pool, made, coins, places):  # type: ignore[no-untyped-def]
    old, chosen = pool.copy(), coins >= 0.5
    shown = np.where(chosen, old[places], made)
    pool[places[chosen]] = made[chosen]
    return shown, pool


def modes(rng: np.random.Generator) -> Inputs:
    """The weights of the modes of x; y has modes of the same weights and shapes."""
    yield (np.array([0.5, 0.5]),)
    yield (np.array([1.0]),)
    yield (np.array([0.2, 0.3, 0.5]),)
    yield (np.full(4, 0.25),)
    yield (np.array([0.3, 0.3, 0.2, 0.1, 0.1]),)
    yield (np.array([0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1]),)


def my_count(weights):  # type: ignore[no-untyped-def]
    counts = np.unique(weights.round(9), return_counts=True)[1]
    return math.prod(math.factorial(n) for n in counts)


def _groups(weights):  # type: ignore[no-untyped-def]
    return np.unique(weights.round(9), return_counts=True)[1]


def my_danger():  # type: ignore[no-untyped-def]
    return """A cycle teaches an autoencoder whose code has to look like a y; which y stands for which x, nothing in the
    loss says, so swaps are as good as the truth. The critic knows only how often each kind occurs among the y: a kind
    that is missing there is taken away, and on the way back it is invented. In a medical picture that would be a tumour
    removed, or one that no patient has. Only pairs, or something known about both sides, could tell."""


TASKS = (
    Task(
        "11.5",
        "G leads from x to y and F back. Write the cycle's loss of both directions: means of |difference| over all "
        "entries (tensors).",
        my_cycle_loss,
        (
            "F(G(x)) should be x. What should be y?",
            "Two means, added; abs() and mean() of a tensor.",
        ),
        both_ways,
        see=felt_by(0, 1),
        mistakes={
            "one way only: the equation in the paper has both.": like(
                lambda G, F, x, y: (F(G(x)) - x).abs().mean()
            ),
            "only the way that starts at y.": like(lambda G, F, x, y: (G(F(y)) - y).abs().mean()),
            "squares: asked are absolute values (what would squares do to fine lines?).": like(
                lambda G, F, x, y: ((F(G(x)) - x) ** 2).mean() + ((G(F(y)) - y) ** 2).mean()
            ),
            "sums where means are meant: larger minibatches would weigh more.": like(
                lambda G, F, x, y: (F(G(x)) - x).abs().sum() + (G(F(y)) - y).abs().sum()
            ),
            "exactly half: the two are added.": times(0.5),
            "without the absolute value, errors of opposite signs cancel.": like(
                lambda G, F, x, y: (F(G(x)) - x).mean() + (G(F(y)) - y).mean()
            ),
            "the numbers are right, but the way back is cut: G is not taught to be undone.": like(
                lambda G, F, x, y: (F(G(x).detach()) - x).abs().mean() + (G(F(y).detach()) - y).abs().mean()
            ),
        },
        compared=("the loss", "its gradient in G's weights", "its gradient in F's weights"),
        why="F o G means: G first. L1's sentence maps x by F first; its formula does not.",
    ),
    Task(
        "11.6",
        "The replay pool is full. One after the other: where the coin is below 0.5, the critic sees the new sample; "
        "else it sees the old one at that place, and the new one takes the place. The listing beside this task has a "
        "mistake. Return what is shown, and the pool. (NumPy)",
        my_pool,
        (
            "Two new samples may have the same place: what does the second one find there?",
            "Take the old one out before you put the new one in.",
        ),
        streams,
        compared=("what is shown", "the pool"),
        must={
            "nothing is lost: shown and kept together are old and new": lambda f, pool, made, coins, places: (
                bool(np.allclose(np.sort(f(pool, made, coins, places)), np.sort([*pool, *made])))
            )
        },
        mistakes={
            "still the listing's mistake: put in before the old one is taken out, the critic sees new ones only.": like(
                lambda pool, made, coins, places: _pool(pool, made, coins, places, late=True)
            ),
            "old samples are shown, but no new one is ever kept: the pool stays what it was.": like(
                lambda pool, made, coins, places: _pool(pool, made, coins, places, keep=False)
            ),
            "the coin is read the other way round.": like(
                lambda pool, made, coins, places: _pool(pool, made, coins, places, turned=True)
            ),
            "all at once: the second of two new samples with one place must find the first one there.": like(
                _at_once
            ),
            "nothing happens in yours: the new samples are shown, the pool stays.": like(
                lambda pool, made, coins, places: (made, pool)
            ),
            "the coins play no part: every new sample is exchanged.": like(
                lambda pool, made, coins, places: _pool(pool, made, coins * 0 + 1, places)
            ),
        },
    ),
    Task(
        "11.7",
        "The modes of x have these weights; y has modes of the same weights, all of one shape. How many ways are there "
        "to match them, each mode with one of equal weight? For each there is a G that no CycleGAN's loss can refuse. "
        "(NumPy)",
        my_count,
        (
            "With four equal modes: how many choices has the first, how many then the second?",
            "Modes of different weights do not mix: count each group by itself.",
        ),
        modes,
        mistakes={
            "right where all weights are equal: elsewhere only modes of equal weight can be matched.": like(
                lambda w: math.factorial(len(w))
            ),
            "the product of the sizes: the first of a group has so many choices, and the second?": like(
                lambda w: math.prod(_groups(w).tolist())
            ),
            "every mode chooses freely in yours: two of them must not choose the same.": like(
                lambda w: math.prod(int(n) ** int(n) for n in _groups(w))
            ),
            "groups are chosen independently of each other: their counts are multiplied.": like(
                lambda w: sum(math.factorial(n) for n in _groups(w))
            ),
            "that is the number of modes.": like(len),
            "that is the number of different weights.": like(lambda w: len(_groups(w))),
            "that is the number of pairs of equal weight.": like(lambda w: int((_groups(w) ** 2).sum())),
        },
        why="Inside a mode there are more: a Gaussian may be turned, and nobody sees it.",
    ),
    Task(
        "11.8",
        "In a sentence or two: what does a cycle teach, what does it leave open, and where is that dangerous?",
        my_danger,
        ("What would F need to undo G?", "What does G do with a kind that y does not have?"),
        points={
            "an autoencoder whose code looks like a y": "autoencoder, code, undo, invert, reconstruct, encode",
            "which y stands for which x is open": "which, swap, matching, permut, identif, open",
            "what occurs on one side only is removed or invented": "invent, remove, hallucinat, missing, made up, add",
            "so no diagnosis, no evidence": "medic, tumour, tumor, patient, diagnos, evidence, court, police",
        },
    ),
)
