"""Lesson 8: the GAN playground."""

import numpy as np

from course_utils import transport
from course_utils.exercises.task import Inputs, Task, like, one_of, where

PREDICTIONS = {
    "8.a": "Ten steps of G for one of D, 600 steps of D: how many of the 8 modes are there, on average?",
}


def softplus(a: np.ndarray) -> np.ndarray:
    return np.logaddexp(0, a)


def scores(rng: np.random.Generator) -> Inputs:
    """Of real and of generated points, in pairs."""
    yield np.array([1.0]), np.array([-1.0])
    yield np.array([2.0, 0.0]), np.array([0.0, 1.0])
    yield (*rng.normal(size=(2, 6)),)


def my_pair_losses(f_real, f_fake):  # type: ignore[no-untyped-def]
    apart = f_real - f_fake
    return np.logaddexp(0, -apart).mean(), np.logaddexp(0, apart).mean()


def critics(rng: np.random.Generator) -> Inputs:
    """What a critic says at points x and y, and the points."""
    yield (
        np.array([2.0, 0.0]),
        np.array([0.0, -1.0]),
        np.array([[0.0, 0.0], [1.0, 0.0]]),
        np.array([[3.0, 0.0], [1.0, 1.0]]),
    )
    for n, m in ((3, 2), (5, 5)):
        x, y = rng.normal(size=(n, 2)), rng.normal(size=(m, 2)) + 1
        yield -x.sum(1), -2 * y.sum(1), x, y
        yield -0.02 * x.sum(1), -0.01 * y.sum(1), x, y


def my_lower_bound(f_x, f_y, x, y):  # type: ignore[no-untyped-def]
    rise = np.abs(f_x[:, None] - f_y)
    way = np.linalg.norm(x[:, None] - y, axis=2)
    return (f_x.mean() - f_y.mean()) / (rise / way).max()


def _ways(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(x[:, None] - y, axis=2))


def _quotients(f: np.ndarray, g: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(f[:, None] - g) / _ways(x, y))


def _best(x: np.ndarray, y: np.ndarray) -> tuple[float, tuple[np.ndarray, np.ndarray]]:
    """W_1, and what the best critic says at x and at y."""
    solved = transport.earth_movers_distance(x, y)
    critic = transport.kantorovich_potential(solved)
    return solved.cost, (critic(x), critic(y))


def clouds(rng: np.random.Generator) -> Inputs:
    """Points, the modes' centres, and their standard deviation."""
    centres = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0]])
    yield np.array([[0.1, 0.0], [3.9, 0.0]]), centres[:2], 0.5
    yield np.array([[0.1, 0.0], [2.3, 0.0], [2.2, 2.3]]), centres, 0.5
    parts = [at + 0.2 * rng.normal(size=(n, 2)) for n, at in zip((675, 21, 19, 70), centres, strict=True)]
    many = np.concatenate(parts)
    yield np.concatenate([many, [[2.0, 2.0]] * 15]), centres, 0.3  # 21 and 19, around a tenth of 200
    yield np.concatenate([many[:30], many[675:680], [[4.0, 0.0]]]), centres, 0.2


def my_reach(points, centres, std):  # type: ignore[no-untyped-def]
    away = np.linalg.norm(points[:, None] - centres, axis=2)
    inside = away <= 3 * std
    enough = len(points) / len(centres) / 10
    return (inside.sum(axis=0) >= enough).sum(), inside.any(axis=1).mean()


def _reach(points, centres, std, radii=3.0, share=0.1):  # type: ignore[no-untyped-def]
    inside = np.linalg.norm(points[:, None] - centres, axis=2) <= radii * std
    return (inside.sum(0) >= share * len(points) / len(centres)).sum(), inside.any(1).mean()


def _nearest(points, centres):  # type: ignore[no-untyped-def]
    names = _ways(points, centres).argmin(axis=1)
    return (np.bincount(names, minlength=len(centres)) >= len(points) / len(centres) / 10).sum()


def my_share():  # type: ignore[no-untyped-def]
    return 1 / np.sqrt(4)  # the number of points in each mode differs by about sqrt(n) of n


def my_words():  # type: ignore[no-untyped-def]
    return """Several seeds, because one run is an anecdote. A number and a threshold chosen before the run, not
    after a look. A control: the same run without the trick, and what else could explain the gain, such as a smaller
    rate. And the step at which it was measured, since vanished gradients come back and repairs take their time."""


TASKS = (
    Task(
        "8.1",
        "From the scores of real and of generated points, in pairs, write R3GAN's two losses, of D and of G.",
        my_pair_losses,
        (
            "D wants the real one of each pair to score higher.",
            "A softplus of one difference, and of its negative.",
        ),
        scores,
        must={
            "both are above 0": lambda f, a, b: bool((f(a, b) > 0).all()),
        },
        mistakes={
            "exchanged: D's loss should be small when real points score higher.": like(
                lambda a, b: my_pair_losses(b, a)
            ),
            "you compare averages: every pair has its own softplus, and the mean comes last.": like(
                lambda a, b: (softplus(b.mean() - a.mean()), softplus(a.mean() - b.mean()))
            ),
            "sum or mean?": like(lambda a, b: (softplus(b - a).sum(), softplus(a - b).sum())),
            "that is a critic's: the softplus is missing.": like(
                lambda a, b: (b.mean() - a.mean(), a.mean() - b.mean())
            ),
            "that is the usual GAN: here only differences of scores count.": like(
                lambda a, b: ((softplus(-a) + softplus(b)).mean(), softplus(-b).mean())
            ),
            "sign: both players go down their loss.": like(
                lambda a, b: (-softplus(b - a).mean(), -softplus(a - b).mean())
            ),
            "G's loss is no minus D's: swap the pair.": like(
                lambda a, b: (softplus(b - a).mean(), -softplus(b - a).mean())
            ),
            "every real point beside every generated one: they come in pairs.": like(
                lambda a, b: (softplus(b[:, None] - a).mean(), softplus(a[:, None] - b).mean())
            ),
            "one number for each pair: losses are averages.": like(
                lambda a, b: (softplus(b - a), softplus(a - b))
            ),
        },
    ),
    Task(
        "8.2",
        "A critic says f_x at points x (n, 2) and f_y at points y (m, 2). Write a lower bound of W_1 between them "
        "that holds for any critic whatever.",
        my_lower_bound,
        ("Only quotients between points of the two clouds count.", "Its estimate, over the largest of them."),
        critics,
        any_value=True,  # there are others than the worked one: with absolute values, or slopes within the clouds
        must={
            "one number": lambda f, a, b, x, y: f(a, b, x, y).size == 1,
            "never above W_1": lambda f, a, b, x, y: f(a, b, x, y).item() < _best(x, y)[0] * 1.0001,
            "W_1 itself for the best critic": lambda f, a, b, x, y: (
                abs(f(*_best(x, y)[1], x, y).item() / _best(x, y)[0] - 1) < 1e-4
            ),
            "the shortest way, for a critic that says 1 on x and 0 on y": lambda f, a, b, x, y: (
                abs(f(0 * a + 1, 0 * b, x, y).item() / _ways(x, y).min() - 1) < 1e-4
            ),
            "the same for a critic that is ten times as large": lambda f, a, b, x, y: (
                abs(f(10 * a, 10 * b, x, y).item() - f(a, b, x, y).item()) < 1e-4
            ),
        },
        mistakes={
            "true for slopes of at most 1 only: who says that this critic's are?": like(
                lambda f, g, x, y: f.mean() - g.mean()
            ),
            "divided by the average quotient: a bound has to hold for the worst pair.": like(
                lambda f, g, x, y: (f.mean() - g.mean()) / _quotients(f, g, x, y).mean()
            ),
            "divided by the smallest quotient: that makes it larger, not safer.": like(
                lambda f, g, x, y: (f.mean() - g.mean()) / _quotients(f, g, x, y).min()
            ),
            "a steeper critic reports too much: multiply or divide?": like(
                lambda f, g, x, y: (f.mean() - g.mean()) * _quotients(f, g, x, y).max()
            ),
            "upside down.": like(lambda f, g, x, y: 1 / my_lower_bound(f, g, x, y)),
            "sign: a critic is high on x here.": like(
                lambda f, g, x, y: (g.mean() - f.mean()) / _quotients(f, g, x, y).max()
            ),
            "you divide by the largest rise: over which way?": like(
                lambda f, g, x, y: (f.mean() - g.mean()) / np.abs(f[:, None] - g).max()
            ),
        },
        why="Multiply every pair of the best plan by its quotient: none exceeds the largest.",
    ),
    Task(
        "8.3",
        "From points (n, 2), centres (k, 2) and the modes' std, write two numbers: how many modes get at least a "
        "tenth of their fair share of points within three std, and the share of points within three std of some mode.",
        my_reach,
        (
            "All distances at once: an array of points times centres.",
            "Along one axis you count points, along the other modes.",
        ),
        clouds,
        must={
            "at most as many modes as there are": lambda f, p, c, s: f(p, c, s)[0] <= len(c),
            "a share is between 0 and 1": lambda f, p, c, s: 0 <= f(p, c, s)[1] <= 1,
        },
        mistakes={
            "points that are far from every mode count for the nearest: how far may they be?": like(
                lambda p, c, s: (_nearest(p, c), _reach(p, c, s)[1])
            ),
            "a single point makes a mode for you.": like(lambda p, c, s: _reach(p, c, s, share=1e-9)),
            "within one std, as it seems: three are asked.": like(lambda p, c, s: _reach(p, c, s, radii=1.0)),
            "the two come in the other order.": like(lambda p, c, s: _reach(p, c, s)[::-1]),
            "a whole fair share is asked too much: a tenth.": like(
                lambda p, c, s: _reach(p, c, s, share=1.0)
            ),
            "a tenth of all points is not a tenth of a share.": like(
                lambda p, c, s: _reach(p, c, s, share=0.1 * len(c))
            ),
            "the second is the share of points that are lost.": like(
                lambda p, c, s: (_reach(p, c, s)[0], 1 - _reach(p, c, s)[1])
            ),
            "the second is a number of points: a share is asked.": like(
                lambda p, c, s: (_reach(p, c, s)[0], len(p) * _reach(p, c, s)[1])
            ),
        },
    ),
    Task(
        "8.4",
        "W_1 between two samples of the ring has a floor. With four times as many points, by which factor "
        "does it change?",
        my_share,
        (
            "The number of points in each mode differs between two samples.",
            "By about the root of that number.",
        ),
        mistakes={
            "it falls more slowly than 1/n: chance evens out like a root.": one_of(0.25),
            "more points, and the same floor? Two large samples are more alike.": one_of(1.0),
            "W is an average over the mass, not a sum over points; and which way?": one_of(4.0),
            "far too fast.": one_of(1 / 16),
            "that is what twice as many points do.": where(lambda factor: abs(factor - np.sqrt(0.5)) < 0.01),
            "which way? Above 1, larger samples would be further apart.": where(lambda factor: factor > 1),
            "0 or less? Two finite samples never agree.": where(lambda factor: factor <= 0),
        },
    ),
    Task(
        "8.5",
        "In a sentence or two: somebody shows one run in which a trick helped. What else do you ask for?",
        my_words,
        (
            "What could have made the difference instead?",
            "When was the threshold chosen, and when was it measured?",
        ),
        points={
            "several seeds": "seed, several runs, repeat, more runs, many runs",
            "a number and a threshold that were chosen before": "before, chosen, advance, threshold, beforehand, prior",
            "the control that could overturn it": "control, without, baseline, alternative, same run",
            "after how many steps": "step, when, how long, later, longer",
        },
    ),
)
