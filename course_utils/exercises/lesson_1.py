"""Lesson 1: what a GAN minimises."""

import numpy as np

from course_utils import divergences as dv
from course_utils.exercises.task import Inputs, Task, like, one_of, times, unless_finite

PREDICTIONS = {
    "1.a": "After 10 steps of training, which share of the JSD does the network of seed 0 report, from 0 to 1?",
    "1.b": "One bell curve fitted by KL(q||p*) to bumps at -2 and 2: where is its mean, at 0 or at 2?",
    "1.c": "Which answer D(x) would the best discriminator give, between the densities of p* and p_G?",
}


def pairs(rng: np.random.Generator) -> Inputs:
    """Of probability vectors: coins, dice of 2 to 6 sides, some with a side that never comes, and two equal coins."""
    yield np.array([0.5, 0.5]), np.array([0.25, 0.75])
    yield np.array([0.75, 0.25]), np.array([0.125, 0.875])
    for n in (2, 3, 4, 5, 6):
        yield tuple(rng.dirichlet(np.ones(n), size=2))
    yield np.array([0.5, 0.5]), np.array([1.0, 0.0])
    yield np.array([0.25, 0.75, 0.0]), np.array([0.5, 0.25, 0.25])
    yield np.array([0.25, 0.75]), np.array([0.25, 0.75])


def my_jsd(p, q):  # type: ignore[no-untyped-def]
    m = (p + q) / 2
    return (dv.kl_divergence(p, m) + dv.kl_divergence(q, m)) / 2


def densities(rng: np.random.Generator) -> Inputs:
    """Of the data and of the generator, at some points."""
    yield np.array([0.2]), np.array([0.6])
    yield np.array([0.25, 0.5]), np.array([0.25, 0.125])
    yield np.array([0.0, 0.3]), np.array([0.3, 0.0])
    yield tuple(rng.uniform(0.01, 2, size=(2, 6)))


def my_d_star(a, b):  # type: ignore[no-untyped-def]
    return a / (a + b)


def logits(rng: np.random.Generator) -> Inputs:
    """Of generated points: undecided, near, then of a very sure discriminator."""
    yield (np.array([0.0]),)
    yield (np.array([-1.0, 2.0]),)
    yield (rng.normal(size=5) * 3,)
    yield (np.array([-1000.0, 1.0]),)
    yield (np.array([1000.0, -2.0]),)


def my_generator_losses(a):  # type: ignore[no-untyped-def]
    minimax = -np.logaddexp(0, a)  # log(1 - sigmoid(a))
    heuristic = np.logaddexp(0, -a)  # -log sigmoid(a)
    return minimax.mean(), heuristic.mean()


def my_value():  # type: ignore[no-untyped-def]
    return 2 * 0.2 - 2 * np.log(2)


def my_words():  # type: ignore[no-untyped-def]
    return """D* is the best of all discriminators, so a trained network has a value V of at most V(D*) = 2 JSD - 2
    log 2, and what it reports from V can only be too small: a bound from below. On few fixed samples that it sees
    again and again it learns the points by heart, and its value on those very points may be far above the true one.
    Fresh samples at every step, or points that it has not been trained on, bring the bound back."""


TASKS = (
    Task(
        "1.1",
        "Write the Jensen-Shannon divergence of two probability vectors, in nats; dv.kl_divergence is at hand.",
        my_jsd,
        (
            "Both p and q are compared with a third distribution.",
            "That third one lies halfway between the two.",
        ),
        pairs,
        must={
            "0 for two equal vectors": lambda f, p, q: abs(f(p, p).item()) < 1e-6,
            "the same for (p, q) and (q, p)": lambda f, p, q: abs(f(p, q).item() - f(q, p).item()) < 1e-6,
            "never negative": lambda f, p, q: f(p, q).item() > -1e-6,
            "never above log 2": lambda f, p, q: f(p, q).item() < 0.6932,
        },
        mistakes={
            "exactly twice too large: are the two KL terms averaged or summed?": times(2),
            "exactly half: is something averaged twice?": times(0.5),
            "ratio 1.4427 = 1/log 2: which logarithm?": times(1 / np.log(2)),
            "that is the metric that belongs to it: one function too many.": like(
                lambda p, q: np.sqrt(my_jsd(p, q))
            ),
            "infinite for a side that one of them never shows: p and q are compared with each other. "
            "With whom should both be compared?": like(
                lambda p, q: (dv.kl_divergence(p, q) + dv.kl_divergence(q, p)) / 2
            ),
            "you count the way from p only: what of q?": like(lambda p, q: dv.kl_divergence(p, (p + q) / 2)),
            "too small by log 2 everywhere: does the mixture sum to 1?": like(
                lambda p, q: my_jsd(p, q) - np.log(2)
            ),
            "that is the total variation: differences, and no logarithms.": like(
                lambda p, q: abs(p - q).sum() / 2
            ),
            "right where all entries are positive, NaN where one is 0: what is 0 log 0?": unless_finite,
        },
        why="Every entry of m is at least half of p's and of q's: no term can be infinite, and none exceeds log 2.",
    ),
    Task(
        "1.2",
        "Write the best discriminator at a point where the data have density a and the generator density b.",
        my_d_star,
        (
            "Bayes: half of all points are real. Which share of those that fall here is?",
            "It lies between 0 and 1.",
        ),
        densities,
        must={
            "between 0 and 1": lambda f, a, b: bool(((f(a, b) >= 0) & (f(a, b) <= 1)).all()),
            "1/2 where both are equal": lambda f, a, b: bool(np.allclose(f(a + 1, a + 1), 0.5)),
        },
        entrywise=True,
        mistakes={
            "you answer how likely it is a fake: which of the two is real?": like(lambda a, b: b / (a + b)),
            "not bounded by 1: a ratio of densities is no probability yet.": like(lambda a, b: a / b),
            "that is the logit: what turns a logit into a probability?": like(
                lambda a, b: np.log(a) - np.log(b)
            ),
            "a sigmoid, but of what? Densities come in by their logs.": like(
                lambda a, b: 1 / (1 + np.exp(b - a))
            ),
            "exactly half: at equal densities you say 1/4. Is the half that is real counted twice?": times(
                0.5
            ),
            "you decide; asked is how sure one can be.": like(lambda a, b: (a > b) * 1.0),
            "b plays no part: what if the generator never comes here?": like(lambda a, b: a),
        },
    ),
    Task(
        "1.3",
        "From the logits a (an array) of generated points, return the generator's two losses, averaged over the "
        "points: log(1 - D), and -log D, with D = sigmoid(a). They should survive a = 1000.",
        my_generator_losses,
        (
            "Both are a softplus, log(1 + exp(...)), with one sign or another.",
            "np.logaddexp computes the log of a sum of exponentials without overflow.",
        ),
        logits,
        must={
            "the first is never above 0, the second never below": lambda f, a: (
                f(a)[0] <= 1e-9 <= f(a)[1] + 2e-9
            ),
            "log 2 in size at a = 0": lambda f, a: bool(np.allclose(np.abs(f(0 * a)), np.log(2), atol=1e-5)),
        },
        mistakes={
            "right for small logits, not finite at 1000: which exponential overflows?": unless_finite,
            "the two come in the other order.": like(lambda a: my_generator_losses(a)[::-1]),
            "sign of the first: log of a probability is never positive.": like(
                lambda a: (-my_generator_losses(a)[0], my_generator_losses(a)[1])
            ),
            "sign of the second: the generator goes down its loss. Does it want D large here, or small?": like(
                lambda a: (my_generator_losses(a)[0], -my_generator_losses(a)[1])
            ),
            "as many times too large as there are points: sum or mean?": like(
                lambda a: tuple(len(a) * loss for loss in my_generator_losses(a))
            ),
            "the average comes last: of losses, not of logits.": like(
                lambda a: tuple(map(np.mean, my_generator_losses(a.mean(keepdims=True))))
            ),
            "one number for each point: the losses are averages.": like(
                lambda a: (-np.logaddexp(0, a), np.logaddexp(0, -a))
            ),
            "these are the discriminator's: you took the generated points for real ones.": like(
                lambda a: tuple(reversed([-loss for loss in my_generator_losses(a)]))
            ),
        },
    ),
    Task(
        "1.4",
        "The true JSD is 0.2 nats. Which value V does a perfect discriminator show?",
        my_value,
        (
            "Step 3 of the lesson: put the best answer back into V.",
            "At JSD = 0 it is -1.386; every nat adds two.",
        ),
        must={
            "D can do no worse than answer 1/2 everywhere": lambda v: v.item() > -1.3863,
            "V is a mean of logs of probabilities, so never above 0": lambda v: v.item() <= 0,
        },
        mistakes={
            "JSD - 2 log 2, as one slide prints it: which factor is missing?": one_of(0.2 - 2 * np.log(2)),
            "that is the loss, which is small where V is large: sign?": one_of(2 * np.log(2) - 0.4),
            "sign of log 2: at JSD = 0 D answers 1/2 everywhere; is the log of 1/2 positive?": one_of(
                0.4 + 2 * np.log(2), 0.2 + 2 * np.log(2)
            ),
            "sign of the JSD: the further apart they are, the easier for D. Does V rise then, or fall?": one_of(
                -0.4 - 2 * np.log(2), -0.2 - 2 * np.log(2)
            ),
            "that is V at JSD = 0.": one_of(-2 * np.log(2)),
            "V is 0 only for a discriminator that is never wrong: what is V at JSD = 0?": one_of(0.4),
            "there are two terms in V, and each loses a log 2.": one_of(0.4 - np.log(2), 0.2 - np.log(2)),
            "which logarithm? -2 would be in bits.": one_of(0.4 - 2),
        },
    ),
    Task(
        "1.5",
        "In a sentence or two: why does a trained discriminator report the JSD from below, and when does that fail?",
        my_words,
        ("Compare V of any network with V(D*).", "And what if it is judged on the points it was trained on?"),
        points={
            "D* is the best, every network falls short of it": "best, optimal, maxim, at most, supremum, "
            "largest, bound",
            "so the value, and with it the report, is too small": "below, less, under, small, lower, bound, at most",
            "a fixed, small training set is learnt by heart": "heart, overfit, memor, few, small set, "
            "fixed, same points",
            "fresh samples, or points never seen, mend it": "fresh, new, unseen, test, held, never seen, "
            "not been trained",
        },
    ),
)
