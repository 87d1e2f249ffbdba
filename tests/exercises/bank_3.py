"""Answers to lesson 3's tasks."""

import numpy as np
import torch
from scipy.optimize import linprog
from scipy.stats import wasserstein_distance

from course_utils import transport
from course_utils.gan.metrics import frechet_distance

HILLS, HOLES, COSTS = [3, 2], [2, 2, 1], np.array([[1, 2, 6], [2, 5, 7]])


def w1_in_a_loop(x, y):
    total = 0.0
    for one, other in zip(sorted(x), sorted(y), strict=True):
        total += abs(one - other)
    return total / len(x)


def w1_of_areas(x, y):
    ends = np.sort(np.concatenate([x, y]))
    shares = [np.searchsorted(np.sort(each), ends[:-1], side="right") / len(each) for each in (x, y)]
    return np.sum(np.diff(ends) * np.abs(shares[0] - shares[1]))


def solved_plan():
    sums = np.vstack([np.kron(np.eye(2), np.ones(3)), np.kron(np.ones(2), np.eye(3))])
    return linprog(COSTS.ravel(), A_eq=sums, b_eq=[*HILLS, *HOLES]).x.reshape(2, 3)


def solver_prices():
    solved = transport.earth_movers_distance(
        None, None, np.array(HILLS) / 5, np.array(HOLES) / 5, metric=COSTS.astype(float)
    )
    return solved.potentials


def by_matrices(m1, s1, m2, s2):
    return frechet_distance((np.array([m1]), np.array([[s1**2]])), (np.array([m2]), np.array([[s2**2]])))


WRONG = {
    "3.1": [
        ("which one is the u-th", lambda x, y: np.mean(np.abs(np.subtract(x, y)))),
        ("the mass 1/n", lambda x, y: wasserstein_distance(x, y) * len(x)),
        ("0 between a sample and itself", lambda x, y: np.abs(x[:, None] - y).mean()),
        ("is right there", lambda x, y: 1.1 * w1_in_a_loop(x, y)),
    ],
    "3.2": [
        ("less than nothing", [[3, 2, -2], [-1, 0, 3]]),
        ("hills are rows", [[1, 1], [2, 0], [0, 1]]),
        ("asked are shovels", np.array([[1, 2, 0], [1, 0, 1]]) / 5),
        ("hills do not come out even", [[2, 2, 0], [0, 0, 1]]),
        ("holes do not come out even", [[3, 0, 0], [0, 2, 0]]),
        ("swap their ends", [[1, 1, 1], [1, 1, 0]]),
        ("an entry for every pair", [1, 2, 3]),
        ("rows sum to the hills", [[1, 1, 1], [1, 1, 1]]),
    ],
    "3.3": [
        ("earns nothing", ([0, 0], [0, 0, 0])),
        ("prices for pairs", [[0, 1, 2], [1, 2, 3]]),
        ("sign of g", ([0, 1], [-1, -2, -6])),
        ("three prices come first", ([1, 2, 6], [0, 1])),
        ("earn less than the plan", ([0, 0], [1, 2, 6])),
        ("too good", ([1, 2], [1, 2, 6])),
        ("that customer walks", ([3, -3], [0, 0, 0])),
        ("two prices to pick up", [1, 2]),
    ],
    "3.4": [
        ("differences of variances", lambda m, s, n, t: (m - n) ** 2 + (s * s - t * t) ** 2),
        ("mixed term", lambda m, s, n, t: (m - n) ** 2 + s * s + t * t),
        ("0 between equal ones", lambda m, s, n, t: (m - n) ** 2 + s * t),
    ],
}

RIGHT = {
    "3.1": [
        w1_in_a_loop,
        w1_of_areas,
        lambda x, y: (x.sort().values - y.sort().values).abs().mean(),
        lambda x, y: np.float32(wasserstein_distance(x, y)),
    ],
    "3.2": [
        solved_plan(),
        [[0, 2, 1], [2, 0, 0]],
        torch.tensor([[0.5, 2, 0.5], [1.5, 0, 0.5]]),
        [1, 2, 0, 1, 0, 1],
    ],
    "3.3": [
        solver_prices(),
        ([10, 11], [-9, -8, -4]),
        (torch.tensor([0.0, 1.0]), torch.tensor([1.0, 2.0, 6.0])),
        np.float32([0, 1, 1, 2, 6]),
    ],
    "3.4": [
        by_matrices,
        lambda m1, s1, m2, s2: torch.dist(torch.stack([m1, s1]), torch.stack([m2, s2])) ** 2,
        lambda a, b, c, d: a * a - 2 * a * c + c * c + b * b + d * d - 2 * b * d,
    ],
    "3.5": [
        "W of a minibatch has a bias: it is too large, more so for wide generators, so training prefers narrow ones. "
        "A critic only needs averages, but must be trained.",
        "Plans overestimate W, and by an amount that depends on the generator. Means of a fixed critic are unbiased; "
        "but it has to learn first.",
        "Because the floor of a minibatch shrinks the spread of the generator; a critic is a difference of "
        "expectations, although it lags behind.",
    ],
}
