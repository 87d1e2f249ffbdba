"""Lesson 6: a Wasserstein GAN on digits."""

import numpy as np
import torch

from course_utils.exercises.networks import felt_by, network, normal
from course_utils.exercises.task import Inputs, Task, like, where

PREDICTIONS = {
    "6.a": "Clipped to c, a critic of three layers trains alone. Its slope grows like c to which power?",
}


def critics(rng: np.random.Generator) -> Inputs:
    """A critic, real and generated points."""
    for seed, n in enumerate((1, 2, 5)):
        yield network(2, 1, seed), normal(n, 2, seed=seed), normal(n, 2, seed=seed + 9)


def critics_and_places(rng: np.random.Generator) -> Inputs:
    """And how far between them the slope is looked at."""
    for f, real, fake in critics(rng):
        yield f, real, fake, normal(len(real), 1, seed=3).sigmoid()


def my_critic_loss(f, real, fake):  # type: ignore[no-untyped-def]
    return f(fake).mean() - f(real).mean()


def my_penalty(f, real, fake, t):  # type: ignore[no-untyped-def]
    between = (t * real + (1 - t) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(f(between).sum(), between, create_graph=True)
    return (slope.norm(dim=1) - 1).square().mean()


def _slope(f, at, create_graph=True):  # type: ignore[no-untyped-def]
    at = at.detach().requires_grad_()
    return torch.autograd.grad(f(at).sum(), at, create_graph=create_graph)[0]


def _between(real, fake, t):  # type: ignore[no-untyped-def]
    return t * real + (1 - t) * fake


def critics_widths(rng: np.random.Generator) -> Inputs:
    """The limit of the weights, and the widths of all layers from the picture to the number."""
    yield 0.5, np.array([4, 1])
    yield 0.01, np.array([784, 256, 128, 1])
    yield 0.01, np.array([784, 256, 256, 128, 1])
    yield 0.1, np.array([9, 16, 1])


def my_bound(c, widths):  # type: ignore[no-untyped-def]
    return np.prod(c * np.sqrt(widths[:-1] * widths[1:]))


def my_weight():  # type: ignore[no-untyped-def]
    return 28 / (2 * 0.1)  # 1 + W / (2 weight) = 1.1


def my_words():  # type: ignore[no-untyped-def]
    return """Within one run, mostly: where the critic follows and a penalty holds its slope near 1, its number
    falls with the distance. Between critics, no: each has a scale of its own. Clipping bounds the weights and gives
    a slope of any size, and a soft penalty lets it exceed 1 by W / 2 lambda. Divide by the slope first, or compare
    samples with a judge that belongs to neither."""


TASKS = (
    Task(
        "6.1",
        "From a critic f, real and generated pictures, write the loss that the critic's optimizer goes down, a tensor, "
        "without a penalty.",
        my_critic_loss,
        (
            "The critic wants the difference of two averages large.",
            "It should become high where the data are.",
        ),
        critics,
        see=felt_by(0),
        compared=("the loss", "its gradient in f's weights"),
        mistakes={
            "sign: does the critic go up here, or down?": like(lambda f, x, y: f(x).mean() - f(y).mean()),
            "sums grow with the minibatch: the dual has averages.": like(
                lambda f, x, y: f(y).sum() - f(x).sum()
            ),
            "that is a discriminator's loss: a critic's number is no logit.": like(
                lambda f, x, y: -torch.log(f(x).sigmoid()).mean() - torch.log(1 - f(y).sigmoid()).mean()
            ),
            "no sigmoid: a critic may give any number.": like(
                lambda f, x, y: f(y).sigmoid().mean() - f(x).sigmoid().mean()
            ),
            "and the generated ones? A constant would earn without end.": like(lambda f, x, y: -f(x).mean()),
            "and the real ones? This is smallest for a critic that hates everything.": like(
                lambda f, x, y: f(y).mean()
            ),
            "the sign carries the direction: no absolute value.": like(
                lambda f, x, y: (f(y).mean() - f(x).mean()).abs()
            ),
            "the number is right, but no gradient reaches the critic.": like(
                lambda f, x, y: (f(y).mean() - f(x).mean()).detach()
            ),
        },
    ),
    Task(
        "6.2",
        "Write the gradient penalty (GP) of a critic f at the points t real + (1 - t) fake (t has shape (n, 1)): the "
        "mean of (slope - 1)^2, without its weight. Its own gradient must reach f.",
        my_penalty,
        (
            "torch.autograd.grad gives the slope of f at each point, if the points require a gradient.",
            "The slope is one length for each picture; and the graph of it has to be kept.",
        ),
        critics_and_places,
        must={
            "never negative": lambda f, *x: f(*x)[0] > -1e-9,
        },
        see=felt_by(0),
        compared=("the loss", "its gradient in f's weights"),
        mistakes={
            "the number is right, but no gradient of it reaches f: which option keeps the graph?": like(
                lambda f, x, y, t: (_slope(f, _between(x, y, t), False).norm(dim=1) - 1).square().mean()
            ),
            "yours is 0 for a flat critic: which slope should be free of charge?": like(
                lambda f, x, y, t: _slope(f, _between(x, y, t)).norm(dim=1).square().mean()
            ),
            "that is LP: it lets small slopes go; GP pulls them up.": like(
                lambda f, x, y, t: (_slope(f, _between(x, y, t)).norm(dim=1) - 1).clamp(min=0).square().mean()
            ),
            "the excess counts by its square.": like(
                lambda f, x, y, t: (_slope(f, _between(x, y, t)).norm(dim=1) - 1).abs().mean()
            ),
            "one length for the whole minibatch: every picture has its own slope.": like(
                lambda f, x, y, t: (_slope(f, _between(x, y, t)).norm() - 1).square()
            ),
            "you look at real pictures only: the points lie between.": like(
                lambda f, x, y, t: (_slope(f, x).norm(dim=1) - 1).square().mean()
            ),
            "you look at generated pictures only: the points lie between.": like(
                lambda f, x, y, t: (_slope(f, y).norm(dim=1) - 1).square().mean()
            ),
            "t and 1 - t are exchanged (harmless in training, where t is uniform).": like(
                lambda f, x, y, t: (_slope(f, _between(y, x, t)).norm(dim=1) - 1).square().mean()
            ),
            "a square inside the difference: compare the length itself with 1.": like(
                lambda f, x, y, t: (_slope(f, _between(x, y, t)).norm(dim=1) ** 2 - 1).square().mean()
            ),
        },
    ),
    Task(
        "6.3",
        "All weights of a critic are clipped to [-c, c]; widths are those of its layers from the picture to the "
        "number, such as [784, 256, 128, 1]. Bound its slope (leaky ReLU adds nothing).",
        my_bound,
        (
            "A slope is at most the product over the matrices of how much each can stretch.",
            "A matrix of so many rows and columns with entries up to c stretches most if all are c.",
        ),
        critics_widths,
        mistakes={
            "every layer is clipped: how often does c come in?": like(
                lambda c, w: c * np.sqrt(np.prod(w[:-1] * w[1:]))
            ),
            "too large: c times the number of entries bounds the sum of a matrix, not what it stretches.": like(
                lambda c, w: np.prod(c * w[:-1] * w[1:])
            ),
            "one layer after another: do bounds add up?": like(
                lambda c, w: np.sum(c * np.sqrt(w[:-1] * w[1:]))
            ),
            "the widths matter: many small weights together pull hard.": like(lambda c, w: c ** (len(w) - 1)),
            "each matrix has two sides, and the inner widths belong to two matrices.": like(
                lambda c, w: np.prod(c * np.sqrt(w))
            ),
            "you count what comes in, not what goes out.": like(lambda c, w: np.prod(c * np.sqrt(w[:-1]))),
            "you count what goes out, not what comes in.": like(lambda c, w: np.prod(c * np.sqrt(w[1:]))),
            "the widest layer alone: the others stretch, too.": like(
                lambda c, w: np.max(c * np.sqrt(w[:-1] * w[1:]))
            ),
        },
        why="At c = 0.01 and [784, 256, 128, 1] it is 0.92: below 1 by chance, and another depth has another bound.",
    ),
    Task(
        "6.4",
        "Between noise and digits W is about 28. Choose the weight of GP with which the best slope is 1.1 (to 0.005).",
        my_weight,
        ("Lesson 2: the best slope exceeds 1 by W over ...", "Solve for the weight."),
        must={
            "one number": lambda v: v.size == 1,
            "above 0": lambda v: v.item() > 0,
            "the best slope must be 1.1, to 0.005": lambda v: abs(28 / v.item() / 2 - 0.1) < 0.005,
        },
        any_value=True,
        mistakes={
            "280 gives half the excess: where does the factor 2 stand?": where(lambda v: abs(v - 280) < 10),
            "that is the weight for slope 2: the excess is a tenth.": where(lambda v: abs(v - 14) < 0.5),
            "solve for an excess of 0.1, not for 1.1.": where(lambda v: abs(v - 28 / 2.2) < 0.5),
            "the customary 10 gives 1 + 28/20 = 2.4.": where(lambda v: abs(v - 10) < 1),
            "close: 100 gives 1.14.": where(lambda v: abs(v - 100) < 5),
            "a penalty that pays for steepness?": where(lambda v: v <= 0),
        },
    ),
    Task(
        "6.5",
        "In a sentence or two: may the losses of two critics be compared?",
        my_words,
        ("In which unit does a critic measure?", "What do clipping and a soft penalty do to its slope?"),
        points={
            "within one run, with a penalty, the number falls with the distance": "within, same run, one "
            "run, same critic, inside a run",
            "between critics it does not compare: each has its own scale": "scale, unit, own, different, between",
            "the slope is not exactly 1 (clipping: anything; penalty: soft)": "slope, clip, lipschitz, penalt, steep",
            "divide by the slope, or ask another judge": "divide, another, judge, normalis, exact w, "
            "fréchet, frechet, other measure",
        },
    ),
)
