"""Lesson 3: the earth mover's distance."""

import numpy as np

from course_utils.exercises.task import Inputs, Task, close, like, one_of, where

PREDICTIONS = {
    "3.a": "Two blocks of width 1 that are 10 apart: W is 10. And their JSD?",
}


def line_samples(rng: np.random.Generator) -> Inputs:
    """Two samples of equal size on the line, not in order."""
    yield np.array([0.0, 1.0]), np.array([3.0, 1.0])
    yield np.array([2.0, -1.0, 0.0]), np.array([0.5, 3.0, -2.0])
    for n in (4, 7, 30):
        yield rng.normal(size=n), 2 * rng.normal(size=n)


def my_w1(x, y):  # type: ignore[no-untyped-def]
    return np.abs(np.sort(x) - np.sort(y)).mean()


HILLS, HOLES = np.array([3.0, 2.0]), np.array([2.0, 2.0, 1.0])
COSTS = np.array([[1.0, 2.0, 6.0], [2.0, 5.0, 7.0]])


def my_plan():  # type: ignore[no-untyped-def]
    # Sending one shovel of the second hill to the third hole costs 1 more than from the first; to the second, 3 more.
    return np.array([[1, 2, 0], [1, 0, 1]])


def _plan(v: np.ndarray, rows: int = 2) -> np.ndarray:
    return v.reshape(rows, -1) if v.size == COSTS.size else np.full((rows, COSTS.size // rows), np.nan)


def _hills(v: np.ndarray) -> bool:
    return close(_plan(v).sum(1), HILLS)


def _holes(v: np.ndarray) -> bool:
    return close(_plan(v).sum(0), HOLES)


def _complete(v: np.ndarray) -> bool:
    return bool((v > -1e-6).all()) and _hills(v) and _holes(v)


def _turned(v: np.ndarray) -> bool:
    plan = _plan(v, rows=3)
    return close(plan.sum(1), HOLES) and close(plan.sum(0), HILLS) and not _complete(v)


def my_prices():  # type: ignore[no-untyped-def]
    f = np.array([0, 1])  # to pick up: where the plan sends mass, f + g is exactly the distance
    g = np.array([1, 2, 6])  # to deliver
    return f, g


def _slack(v: np.ndarray) -> float:
    """The least that is left of a distance after the prices."""
    return float((COSTS - v[:2, None] - v[2:]).min()) if v.size == 5 else np.nan


def _earned(v: np.ndarray) -> float:
    return float(HILLS @ v[:2] + HOLES @ v[2:]) if v.size == 5 else np.nan


def _proof(v: np.ndarray) -> bool:
    return _slack(v) > -1e-6 and _earned(v) > 14 - 1e-5


def gaussians(rng: np.random.Generator) -> Inputs:
    """Mean and standard deviation of one, then of the other."""
    yield from ((0.0, 1.0, 1.0, 1.0), (0.0, 1.0, 0.0, 2.0), (1.0, 3.0, -1.0, 0.5), (2.0, 0.5, 5.0, 2.0))


def my_frechet(m1, s1, m2, s2):  # type: ignore[no-untyped-def]
    return (m1 - m2) ** 2 + (s1 - s2) ** 2


def my_words():  # type: ignore[no-untyped-def]
    return """The exact W of two minibatches is on average too large: samples of the same distribution are never
    equal. How much too large depends on the generator, so its minimum is biased towards too little spread, the more
    the smaller the batch. A fixed critic is a difference of two averages, which minibatches estimate without bias;
    the price is that it has to be trained, on many samples, and lags behind."""


TASKS = (
    Task(
        "3.1",
        "Write W of two samples x and y of equal size on the line.",
        my_w1,
        ("Move the u-th grain of one to the u-th grain of the other.", "Put both in order first."),
        line_samples,
        must={
            "0 between a sample and itself, in any order": lambda f, x, y: abs(f(x, x[::-1]).item()) < 1e-6,
            "the same both ways": lambda f, x, y: abs(f(x, y).item() - f(y, x).item()) < 1e-5,
        },
        mistakes={
            "the u-th grain goes to the u-th place: which one is the u-th?": like(
                lambda x, y: np.abs(x - y).mean()
            ),
            "one of the two is not in order yet.": like(lambda x, y: np.abs(np.sort(x) - y).mean()),
            "one of the two is still not in order.": like(lambda x, y: np.abs(x - np.sort(y)).mean()),
            "every grain has the mass 1/n.": like(lambda x, y: np.abs(np.sort(x) - np.sort(y)).sum()),
            "how far the means are apart is a lower bound: spread counts too.": like(
                lambda x, y: abs(x.mean() - y.mean())
            ),
            "squared distances: that is W_2^2.": like(lambda x, y: ((np.sort(x) - np.sort(y)) ** 2).mean()),
            "that is W_2: what does one grain pay?": like(
                lambda x, y: np.sqrt(((np.sort(x) - np.sort(y)) ** 2).mean())
            ),
            "grains that go left and grains that go right cancel: sign?": like(
                lambda x, y: (np.sort(x) - np.sort(y)).mean()
            ),
            "your paths cross: that is the dearest way.": like(
                lambda x, y: np.abs(np.sort(x)[::-1] - np.sort(y)).mean()
            ),
        },
    ),
    Task(
        "3.2",
        "Hills with 3 and 2 shovels, holes for 2, 2 and 1, distances [[1, 2, 6], [2, 5, 7]]. Write a cheapest plan, "
        "as an array of 2 rows and 3 columns.",
        my_plan,
        (
            "Greedy pays: who is hurt most by giving up its cheapest hole?",
            "Compare rows: what does it cost more to come from hill 2?",
        ),
        must={
            "a plan has an entry for every pair of hill and hole": lambda v: v.size == COSTS.size,
            "rows sum to the hills, columns to the holes, nothing is negative": _complete,
            "no plan is cheaper": lambda v: np.vdot(_plan(v), COSTS) < 14 + 1e-6,
        },
        any_value=True,
        mistakes={
            "a negative entry: one cannot carry less than nothing.": where(
                lambda v: v.size == 6 and v.min() < 0
            ),
            "your rows are holes: hills are rows here.": where(_turned),
            "masses that sum to 1: asked are shovels, 5 of them.": where(
                lambda v: v.size == 6 and close(v.sum(), 1)
            ),
            "the independent plan sends everybody everywhere: it is complete, and dear.": one_of(
                np.outer(HILLS, HOLES) / 5
            ),
            "that is the greedy plan: the pair of distance 1 comes first, and someone pays for it later.": one_of(
                np.array([[2, 1, 0], [0, 1, 1]])
            ),
            "the holes are filled, but the hills do not come out even.": where(
                lambda v: _holes(v) and not _hills(v)
            ),
            "the hills are cleared, but the holes do not come out even.": where(
                lambda v: _hills(v) and not _holes(v)
            ),
            "complete, but another plan is cheaper: look for two paths that may swap their ends for less.": where(
                _complete
            ),
        },
    ),
    Task(
        "3.3",
        "Prove it: write prices f (2, to pick up) and g (3, to deliver), as a tuple, that earn what the cheapest plan"
        " of 3.2 costs, with f_i + g_j never above the distance.",
        my_prices,
        (
            "Where the plan moves mass, nothing may be left between price and distance.",
            "Fix the first price at 0; the others follow along the arrows.",
        ),
        must={
            "two prices to pick up and three to deliver": lambda v: v.size == 5,
            "f_i + g_j is at most the distance, for every pair": lambda v: _slack(v) > -1e-6,
            "they earn as much as the cheapest plan costs": lambda v: _earned(v) > 14 - 1e-5,
        },
        any_value=True,
        mistakes={
            "free carriage is allowed, but earns nothing and proves nothing.": where(
                lambda v: v.size == 5 and not v.any()
            ),
            "six numbers: those are prices for pairs. One price for each hill, one for each hole.": where(
                lambda v: v.size == 6
            ),
            "sign of g: here what is earned is a sum, not a difference.": where(
                lambda v: _proof(np.r_[v[:2], -v[2:]])
            ),
            "three prices come first: first hills, then holes.": where(lambda v: _proof(np.roll(v, 2))),
            "allowed, but they earn less than the plan costs: on which arrow is something left between "
            "price and distance?": where(lambda v: _slack(v) > -1e-6),
            "they earn more than the plan costs, which is too good: on some pair somebody pays more than "
            "the walk.": where(lambda v: _earned(v) > 14 + 1e-5),
            "on some pair the prices exceed the distance: that customer walks.": where(
                lambda v: _slack(v) < -1e-6
            ),
        },
    ),
    Task(
        "3.4",
        "Write W_2^2 between two Gaussians on the line, from means and standard deviations (m1, s1, m2, s2).",
        my_frechet,
        (
            "The general formula's matrices are numbers here: C = s^2.",
            "What is left of the trace is a square.",
        ),
        gaussians,
        must={
            "0 between equal ones": lambda f, m, s, n, t: abs(f(m, s, m, s).item()) < 1e-6,
            "the squared shift, where only the mean differs": lambda f, m, s, n, t: (
                abs(f(m, s, n, s).item() - (m - n) ** 2) < 1e-3
            ),
        },
        mistakes={
            "those are differences of variances: the roots come in.": like(
                lambda m, s, n, t: (m - n) ** 2 + (s**2 - t**2) ** 2
            ),
            "not 0 between equal ones: the mixed term is missing.": like(
                lambda m, s, n, t: (m - n) ** 2 + s**2 + t**2
            ),
            "that is W_2: one root too many.": like(lambda m, s, n, t: np.sqrt((m - n) ** 2 + (s - t) ** 2)),
            "blind to the spread.": like(lambda m, s, n, t: (m - n) ** 2),
            "blind to the mean.": like(lambda m, s, n, t: (s - t) ** 2),
            "absolute values where squares belong.": like(lambda m, s, n, t: abs(m - n) + abs(s - t)),
            "the mean's part is not squared.": like(lambda m, s, n, t: abs(m - n) + (s - t) ** 2),
            "you took the standard deviations for variances.": like(
                lambda m, s, n, t: (m - n) ** 2 + s + t - 2 * np.sqrt(s * t)
            ),
        },
        why="It is W_2 in the plane of (mean, standard deviation): plain Pythagoras.",
    ),
    Task(
        "3.5",
        "In a sentence or two: a plan between minibatches is exact. Why does a WGAN train a critic instead?",
        my_words,
        (
            "What is the average of the exact W between two small samples of one distribution?",
            "And of a difference of two averages?",
        ),
        points={
            "W of minibatches is too large on average: a bias": "bias, too large, overestimat, too much, floor, excess",
            "that bias depends on the generator and favours too little spread": "spread, narrow, variance, "
            "middle, depends, shrink",
            "a fixed critic's averages are estimated without bias": "unbiased, without bias, no bias, "
            "average, mean, expectation",
            "the critic must be trained, and lags behind": "train, lag, behind, learn, many samples",
        },
    ),
)
