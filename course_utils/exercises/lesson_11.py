"""Lesson 11: conditional generators (11a) and translation (11b)."""

import math

import numpy as np
import torch
from torch.nn.functional import softplus

from course_utils.exercises.networks import felt_by, network, normal
from course_utils.exercises.task import Inputs, Task, like, times

PREDICTIONS = {
    "11.b": "3s and 7s against inverted ones: in how many of three seeds does a 3 become a 7, and a 7 a 3?",
    "11.a": "One z, ten labels: how strongly do the slants of two of the digits go together (a correlation)?",
}

# ---------------------------------------------------------------------------------------- conditions (11a)


def labelled(rng: np.random.Generator) -> Inputs:
    """Latents in rows, and a digit for each."""
    yield np.array([[0.5]]), np.array([1])
    yield np.array([[0.5, -1.0], [2.0, 0.0]]), np.array([0, 9])
    yield rng.normal(size=(5, 3)), np.array([3, 3, 7, 0, 2])


def my_input(z, labels):  # type: ignore[no-untyped-def]
    return np.hstack([z, np.eye(10)[labels]])


def scored(rng: np.random.Generator) -> Inputs:
    """Features in rows, a label for each; a vector for each label in rows; weights and bias of the last layer."""
    yield np.array([[1.0]]), np.array([0]), np.array([[2.0]]), np.array([3.0]), 0.5
    yield (
        np.array([[1.0, 2.0]]),
        np.array([1]),
        np.array([[5.0, 6.0], [3.0, 4.0]]),
        np.array([1.0, -1.0]),
        0.0,
    )
    yield rng.normal(size=(4, 3)), np.array([2, 0, 2, 1]), rng.normal(size=(3, 3)), rng.normal(size=3), -0.7


def my_score(features, labels, V, w, b):  # type: ignore[no-untyped-def]
    return features @ w + b + (features * V[labels]).sum(axis=1)


def told_players(rng: np.random.Generator) -> Inputs:
    """D and G of two inputs side by side, real points, their conditions, and latents."""
    for seed, n in enumerate((2, 3, 5)):
        conditions = torch.eye(3, dtype=torch.float64)[(torch.arange(n) + seed) % 3]
        yield (
            network(5, 1, seed),
            network(4, 2, seed + 9),
            normal(n, 2, seed=seed),
            conditions,
            normal(n, 1, seed=seed + 9),
        )


def beside(x, c):  # type: ignore[no-untyped-def]
    return torch.cat([x, c], dim=1)


def my_told_loss(D, G, x, c, z):  # type: ignore[no-untyped-def]
    fake = G(torch.cat([z, c], dim=1)).detach()
    real_logit, fake_logit = D(torch.cat([x, c], dim=1)), D(torch.cat([fake, c], dim=1))
    return softplus(-real_logit).mean() + softplus(fake_logit).mean()


def _loss(D, G, x, c, z, real=None, fake=None, made=None, cut=True):  # type: ignore[no-untyped-def]
    """The same, with other conditions for D on real pictures, on generated ones, or for G."""
    real, fake, made = (c if other is None else other for other in (real, fake, made))
    pictures = G(beside(z, made))
    logit = D(beside(pictures.detach() if cut else pictures, fake))
    return softplus(-D(beside(x, real))).mean() + softplus(logit).mean()


def my_words():  # type: ignore[no-untyped-def]
    return """A label tells the generator which digit to make and the discriminator which one to expect, so leaving a
    digit out is noticed at once: all ten must be there. Nothing says how many different sevens there have to be: within
    a label the generator can collapse as before, to the same seven for every z. Labels help where the modes are the
    classes that somebody has labelled."""


# ---------------------------------------------------------------------------------------- translation (11b)


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
        "11.1",
        "Latents z (n, d) and digits labels (n,): write the generator's input, the latent first and then the digit "
        "one-hot: ten numbers, a 1 at the place of the digit and else 0. (NumPy)",
        my_input,
        (
            "Each row becomes ten numbers longer.",
            "The identity matrix of size ten has the rows that you need.",
        ),
        labelled,
        must={
            "the ten new numbers of a row sum to 1": lambda f, z, labels: bool(
                np.allclose(f(z, labels).reshape(len(z), -1)[:, -10:].sum(1), 1)
            )
        },
        mistakes={
            "the digit as one number: a 9 would be nine times as much of something as a 1.": like(
                lambda z, y: np.hstack([z, y[:, None]])
            ),
            "asked is the latent first.": like(lambda z, y: np.hstack([np.eye(10)[y], z])),
            "one place off: the digit 0 has the first of the ten places.": like(
                lambda z, y: np.hstack([z, np.eye(10)[(y + 1) % 10]])
            ),
            "one place off: digits begin at 0.": like(lambda z, y: np.hstack([z, np.eye(10)[(y - 1) % 10]])),
            "the labels alone: where is the noise?": like(lambda z, y: np.eye(10)[y]),
            "as many places as there are pictures: you need one for each of ten digits.": like(
                lambda z, y: np.hstack([z, np.eye(len(z))])
            ),
            "the places are marked the other way round: a 0 at the digit.": like(
                lambda z, y: np.hstack([z, 1 - np.eye(10)[y]])
            ),
        },
        why="Any fixed vector for each digit would do as well; one-hot ones prefer none of them.",
    ),
    Task(
        "11.2",
        "The projection discriminator: features (n, f) of pictures, their labels (n,), V with a vector for each label "
        "in rows, and the weights w and bias b of the last layer. Write the logits (n,).",
        my_score,
        (
            "Two parts: what any discriminator would say, and how well features and label fit.",
            "The second is an inner product in every row, with the row's own vector.",
        ),
        scored,
        mistakes={
            "the picture alone is judged: where does the label come in?": like(
                lambda p, y, V, w, b: p @ w + b
            ),
            "only the label's part: is the picture any good?": like(lambda p, y, V, w, b: (p * V[y]).sum(1)),
            "the bias is missing.": like(lambda p, y, V, w, b: p @ w + (p * V[y]).sum(1)),
            "every picture is compared with all labels; asked is its own.": like(
                lambda p, y, V, w, b: p @ w + b + (p @ V.T).sum(1)
            ),
            "an inner product is a sum and not a mean.": like(
                lambda p, y, V, w, b: p @ w + b + (p * V[y]).mean(1)
            ),
            "the two parts are added and not multiplied.": like(
                lambda p, y, V, w, b: (p @ w + b) * (p * V[y]).sum(1)
            ),
            "the label's vector is added up without the picture: that prefers labels, whatever is shown.": like(
                lambda p, y, V, w, b: p @ w + b + V[y].sum(1)
            ),
            "sign of the second part: a fitting label should raise the score.": like(
                lambda p, y, V, w, b: p @ w + b - (p * V[y]).sum(1)
            ),
            "all pairs: (n, n) numbers. Each picture goes with its own label only.": like(
                lambda p, y, V, w, b: (p @ w + b)[:, None] + p @ V[y].T
            ),
        },
    ),
    Task(
        "11.3",
        "The listing beside this task has one mistake. Write it right: the discriminator's loss, from D and G (each "
        "takes one tensor, its two inputs side by side), real x with their conditions c, and latents z.",
        my_told_loss,
        (
            "Follow c through the listing: who is told what about the generated pictures?",
            "A generated picture is judged beside the condition that it was made for.",
        ),
        told_players,
        see=felt_by(0, 1),
        mistakes={
            "still the listing's mistake: D hears another picture's condition, and G is punished for obeying.": like(
                lambda D, G, x, c, z: _loss(D, G, x, c, z, fake=c.roll(1, 0))
            ),
            "G hears other conditions than D: obeying them looks wrong.": like(
                lambda D, G, x, c, z: _loss(D, G, x, c, z, made=c.roll(1, 0))
            ),
            "real pictures are shown beside other labels than their own.": like(
                lambda D, G, x, c, z: _loss(D, G, x, c, z, real=c.roll(1, 0))
            ),
            "D is told nothing about generated pictures.": like(
                lambda D, G, x, c, z: _loss(D, G, x, c, z, fake=0 * c)
            ),
            "the number is right, but its gradient flows into G.": like(
                lambda D, G, x, c, z: _loss(D, G, x, c, z, cut=False)
            ),
            "sign: an optimizer goes down this.": times(-1),
            "exactly half: the two means are added.": times(0.5),
            "real and generated are exchanged.": like(
                lambda D, G, x, c, z: (
                    softplus(D(beside(x, c))).mean()
                    + softplus(-D(beside(G(beside(z, c)).detach(), c))).mean()
                )
            ),
            "only generated pictures count in yours.": like(
                lambda D, G, x, c, z: softplus(D(beside(G(beside(z, c)).detach(), c))).mean()
            ),
        },
        compared=("the loss", "its gradient in D's weights", "its gradient in G's weights"),
    ),
    Task(
        "11.4",
        "In a sentence or two: why can labels prevent a collapse to few digits, and which one do they not prevent?",
        my_words,
        ("What would D see if no seven came?", "How many different sevens does anybody ask for?"),
        points={
            "D knows which digit to expect": "expect, told, tells, knows, know, asked, condition",
            "so a digit that is left out is noticed": "notice, missing, left out, leaving, all ten, every digit",
            "within a label it may still collapse": "within, inside, same seven, one seven, each label, per label",
            "it helps where the modes are labelled": "labelled, modes, classes, annotated",
        },
    ),
    # ------------------------------------------------------------------------------------ translation (11b)
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
