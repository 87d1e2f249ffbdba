"""Lesson 11: conditional generators (11a), and translation (11b, in ``unpaired``)."""

import numpy as np
import torch
from torch.nn.functional import softplus

from course_utils.exercises import unpaired
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
    *unpaired.TASKS,
)
