"""Lesson 12: the family tree."""

import numpy as np

from course_utils.exercises.task import Inputs, Task, like, times

PREDICTIONS = {
    "12.a": "BEGAN with gamma = 0.5: what is L(G(z)) / L(x) on average over the last 300 steps?",
}


def masses(rng: np.random.Generator) -> Inputs:
    """Two distributions over the same points, and EBGAN's margin."""
    yield np.array([0.8, 0.2]), np.array([0.3, 0.7]), 1.0
    yield np.array([0.1, 0.2, 0.7]), np.array([0.5, 0.4, 0.1]), 3.0
    yield *rng.dirichlet(np.ones(6), 2), 0.5


def my_energy(p, q, m):  # type: ignore[no-untyped-def]
    return np.where(q > p, m, 0)


def codings(rng: np.random.Generator) -> Inputs:
    """Two distributions over the same points; the goals for generated and for real samples, a and b."""
    yield np.array([0.8, 0.2]), np.array([0.3, 0.7]), 0.0, 1.0
    yield np.array([0.1, 0.2, 0.7]), np.array([0.5, 0.4, 0.1]), -1.0, 1.0
    yield *rng.dirichlet(np.ones(5), 2), 0.3, 2.0


def my_critic(p, q, a, b):  # type: ignore[no-untyped-def]
    return (b * p + a * q) / (p + q)


def thermostats(rng: np.random.Generator) -> Inputs:
    """k, the errors of real and of generated pictures (each at least 0), gamma and the rate lambda."""
    yield 0.2, 1.0, 0.1, 0.5, 0.1
    yield 0.4, 0.3, 0.9, 0.5, 0.1
    yield 0.01, 0.2, 2.0, 0.5, 0.1  # it would fall below 0
    yield 0.95, 4.0, 0.1, 0.8, 0.1  # and exceed 1
    yield 0.5, 1.5, 0.4, 0.3, 0.01


def my_k(k, real, fake, gamma, rate):  # type: ignore[no-untyped-def]
    return np.clip(k + rate * (gamma * real - fake), 0, 1)


def scores(rng: np.random.Generator) -> Inputs:
    """Of real and of generated samples."""
    yield np.array([0.0]), np.array([0.0])
    yield np.array([2.0, 0.5]), np.array([-3.0, 0.2])
    yield rng.normal(size=5), rng.normal(size=4)


def my_hinge(f_real, f_fake):  # type: ignore[no-untyped-def]
    return np.maximum(0, 1 - f_real).mean() + np.maximum(0, 1 + f_fake).mean()


def my_words():  # type: ignore[no-untyped-def]
    return """M is made of what the critic itself says, the errors of its own reconstruction. It is small where it
    reconstructs real pictures well and the balance holds, also when the generator makes few different pictures:
    diversity is not in it. So it has to be compared with a number of another judge, over several seeds: the
    Fréchet distance, or how many modes a classifier sees."""


TASKS = (
    Task(
        "12.1",
        "Two distributions p* and p_G over the same points, and a margin m: write the energies of EBGAN's best critic, "
        "which minimises p* e + p_G max(0, m - e) at each point with e >= 0.",
        my_energy,
        ("Between 0 and m the loss is a straight line in e.", "Which sign has its slope, p* - p_G?"),
        masses,
        must={
            "energies are never negative": lambda f, p, q, m: bool((f(p, q, m) >= 0).all()),
            "at most the margin": lambda f, p, q, m: bool((f(p, q, m) <= m).all()),
        },
        mistakes={
            "exchanged: energy should be low where the data are.": like(
                lambda p, q, m: np.where(p > q, m, 0)
            ),
            "that is a share, as of L0's D: here the loss is straight, and its minimum at an end.": like(
                lambda p, q, m: m * q / (p + q)
            ),
            "the margin is missing: yours ends at 1.": like(lambda p, q, m: np.where(q > p, 1, 0)),
            "that is the hinge's critic, with a sign: an energy is an error.": like(
                lambda p, q, m: np.sign(p - q)
            ),
            "plus and minus the margin: an energy is an error, and not negative.": like(
                lambda p, q, m: m * np.sign(q - p)
            ),
            "in proportion to the difference: try a larger e where p_G > p*.": like(
                lambda p, q, m: m * np.maximum(q - p, 0)
            ),
            "m everywhere: real samples pay for that.": like(lambda p, q, m: np.full(p.shape, m)),
        },
        why="Where p_G > p* each unit of e costs p* and saves p_G, up to m; elsewhere it costs more than it saves.",
    ),
    Task(
        "12.2",
        "Write the best least-squares critic: it minimises p* (f - b)^2 + p_G (f - a)^2 at each point.",
        my_critic,
        ("Set the derivative by f to zero.", "A mean of b and a, with p* and p_G as weights."),
        codings,
        must={
            "between a and b": lambda f, p, q, a, b: bool(
                ((f(p, q, a, b) >= a - 1e-6) & (f(p, q, a, b) <= b + 1e-6)).all()
            ),
            "b where there are real samples only": lambda f, p, q, a, b: bool(
                np.allclose(f(p, 0 * p, a, b), b)
            ),
        },
        mistakes={
            "exchanged: b is the goal for real samples.": like(lambda p, q, a, b: (a * p + b * q) / (p + q)),
            "that is L0's D: right for a = 0 and b = 1 only.": like(lambda p, q, a, b: p / (p + q)),
            "the weights do not sum to 1: divide.": like(lambda p, q, a, b: b * p + a * q),
            "the middle of a and b, wherever: p* and p_G play no part.": like(
                lambda p, q, a, b: (a + b) / 2 + 0 * p
            ),
            "that is the hinge's way, one or the other: squares want a compromise.": like(
                lambda p, q, a, b: np.where(p > q, b, a)
            ),
            "half of it: the sum of the weights is p* + p_G, and not twice that.": times(0.5),
            "log p*/p_G is the best logit: here f is not put through a sigmoid.": like(
                lambda p, q, a, b: np.log(p / q)
            ),
        },
    ),
    Task(
        "12.3",
        "BEGAN's thermostat: from k, the mean errors of real and of generated pictures, gamma and the rate lambda, "
        "write the next k.",
        my_k,
        (
            "It rises while generated pictures are reconstructed too well, L(G) < gamma L(x).",
            "k + lambda (gamma L(x) - L(G)), and k never leaves [0, 1].",
        ),
        thermostats,
        must={
            "between 0 and 1": lambda f, *x: 0 <= f(*x) <= 1,
            "at rest where L(G) = gamma L(x)": lambda f, k, real, fake, gamma, rate: (
                abs(f(k, real, gamma * real, gamma, rate) - k) < 1e-6
            ),
        },
        mistakes={
            "it leaves [0, 1]: clip it.": like(lambda k, x, g, gamma, rate: k + rate * (gamma * x - g)),
            "the wrong way: generated pictures that are too good for the critic must raise k.": like(
                lambda k, x, g, gamma, rate: np.clip(k - rate * (gamma * x - g), 0, 1)
            ),
            "gamma stands at the wrong error.": like(
                lambda k, x, g, gamma, rate: np.clip(k + rate * (x - gamma * g), 0, 1)
            ),
            "the rate lambda is missing.": like(
                lambda k, x, g, gamma, rate: np.clip(k + gamma * x - g, 0, 1)
            ),
            "gamma is missing: that would rest at equal errors.": like(
                lambda k, x, g, gamma, rate: np.clip(k + rate * (x - g), 0, 1)
            ),
            "only the change: where is the old k?": like(
                lambda k, x, g, gamma, rate: np.clip(rate * (gamma * x - g), 0, 1)
            ),
        },
    ),
    Task(
        "12.4",
        "From the scores of real and of generated samples, write the critic's hinge loss.",
        my_hinge,
        ("Real scores beyond 1 cost nothing, generated ones beyond -1 neither.", "Two means of max(0, ...)."),
        scores,
        must={
            "2 for a critic that says 0": lambda f, a, b: abs(f(0 * a, 0 * b) - 2) < 1e-6,
            "never negative": lambda f, a, b: f(a, b) >= -1e-9,
        },
        mistakes={
            "exchanged: real samples should score high.": like(
                lambda a, b: np.maximum(0, 1 + a).mean() + np.maximum(0, 1 - b).mean()
            ),
            "without the hinge: that is the Wasserstein critic's loss, and 2.": like(
                lambda a, b: (1 - a).mean() + (1 + b).mean()
            ),
            "half of it: the two means are added, not averaged.": times(0.5),
            "the maximum comes before the mean.": like(
                lambda a, b: max(0, (1 - a).mean()) + max(0, (1 + b).mean())
            ),
            "sums: a loss is a mean, else it grows with the minibatch.": like(
                lambda a, b: np.maximum(0, 1 - a).sum() + np.maximum(0, 1 + b).sum()
            ),
            "a hinge at 0: the margin of 1 is missing.": like(
                lambda a, b: np.maximum(0, -a).mean() + np.maximum(0, b).mean()
            ),
            "sign: the critic goes down its loss.": times(-1),
        },
    ),
    Task(
        "12.5",
        "In a sentence or two: BEGAN's measure M falls through the whole training. Why does that not show that the "
        "generated pictures get better, and what would?",
        my_words,
        ("Whose errors is M made of?", "Could M be small when all generated pictures are alike?"),
        points={
            "M is what the critic itself says": "critic, discriminator, autoencoder, own, reconstruct, itself",
            "it does not see diversity": "divers, modes, collapse, alike, few, same picture, variety",
            "another judge": "fréchet, frechet, fd, fid, classifier, other judge, another judge, independent",
        },
    ),
)
