"""Answers to lesson 8's tasks."""

import itertools
import math

import numpy as np
import torch
from torch.nn.functional import softplus

from course_utils.transport import earth_movers_distance


def pairs_in_a_loop(f_real, f_fake):
    d = g = 0.0
    for a, b in zip(f_real, f_fake, strict=True):
        d += math.log(1 + math.exp(b - a)) / len(f_real)
        g += math.log(1 + math.exp(a - b)) / len(f_real)
    return d, g


def pairs_of_tensors(f_real, f_fake):
    return softplus(f_fake - f_real).mean(), softplus(f_real - f_fake).mean()


def steepest(f_x, f_y, x, y):
    return max(quotients(f_x, f_y, x, y))


def bound_in_a_loop(f_x, f_y, x, y):
    return (sum(f_x) / len(f_x) - sum(f_y) / len(f_y)) / steepest(f_x, f_y, x, y)


def bound_of_tensors(f_x, f_y, x, y):
    return (f_x.mean() - f_y.mean()) / ((f_x[:, None] - f_y).abs() / torch.cdist(x, y)).max()


def quotients(f_x, f_y, x, y):
    pairs = itertools.product(zip(f_x, x, strict=True), zip(f_y, y, strict=True))
    return [abs(a - b) / math.dist(p, q) for (a, p), (b, q) in pairs if math.dist(p, q)]


def estimate(f_x, f_y, *_):
    return np.average(f_x) - np.average(f_y)


def reach_in_a_loop(points, centres, std, radii=3, share=0.1):
    caught, near = [0] * len(centres), 0
    for point in points:
        inside = [math.dist(point, centre) <= radii * std for centre in centres]
        near += any(inside)
        caught = [count + bool(yes) for count, yes in zip(caught, inside, strict=True)]
    return sum(count >= share * len(points) / len(centres) for count in caught), near / len(points)


def reach_of_tensors(points, centres, std):
    away = torch.cdist(torch.as_tensor(points), torch.as_tensor(centres))
    modes = ((away <= 3 * std).double().mean(dim=0) >= 0.1 / len(centres)).sum()
    return modes, (away.min(dim=1).values <= 3 * std).double().mean()


def reach_by_squares(points, centres, std):
    squares = (points**2).sum(1)[:, None] - 2 * points @ centres.T + (centres**2).sum(1)
    inside = squares <= 9 * std**2
    return np.count_nonzero(10 * inside.mean(0) * len(centres) >= 1), np.mean(inside.sum(1) > 0)


WRONG = {
    "8.1": [
        ("exchanged", lambda a, b: pairs_in_a_loop(a, b)[::-1]),
        ("you compare averages", lambda a, b: pairs_in_a_loop([a.mean()], [b.mean()])),
        ("right there", lambda a, b: (1.0, 1.0)),
    ],
    "8.2": [
        ("slopes of at most 1", estimate),
        ("the average quotient", lambda *x: estimate(*x) / np.mean(quotients(*x))),
        ("never above W_1", lambda f, g, x, y: 1.1 * earth_movers_distance(x, y).cost),
        ("shortest way, for", lambda f, g, x, y: earth_movers_distance(x, y).cost),
        ("the best critic", lambda *x: 0.9 * bound_in_a_loop(*x)),
        ("ten times as large", lambda *x: estimate(*x) / max(1, steepest(*x))),
    ],
    "8.3": [
        ("a single point makes", lambda p, c, s: reach_in_a_loop(p, c, s, share=1e-6)),
        ("within one std", lambda p, c, s: reach_in_a_loop(p, c, s, radii=1)),
        ("at most as many modes", lambda p, c, s: (len(p), 0.5)),
    ],
    "8.4": [
        ("twice as many points", 0.7),
        ("which way?", 2.0),
        ("Two finite samples", 0),
    ],
}

RIGHT = {
    "8.1": [
        pairs_in_a_loop,
        pairs_of_tensors,
        lambda x, g: [(np.logaddexp(g, x) - x).mean(), (np.logaddexp(g, x) - g).mean()],
    ],
    "8.2": [
        bound_in_a_loop,
        bound_of_tensors,
        lambda *x: estimate(*x) / max(quotients(*x)),
        lambda *x: abs(bound_in_a_loop(*x)),
        lambda f, g, x, y: (
            estimate(f, g) / max(quotients(*([*f, *g],) * 2, *(np.r_[x, y],) * 2))
        ),  # within, too
    ],
    "8.3": [reach_in_a_loop, reach_of_tensors, reach_by_squares],
    "8.4": [0.5, 1 / 2, torch.tensor(0.5), np.float32(0.5)],
    "8.5": [
        "More seeds, a threshold set in advance, a control without the trick, and the number of steps.",
        "Several seeds and steps, a baseline at half the rate, and that the limit was chosen before.",
        "I want to see it repeated with other seeds; the same run without it; when it was measured, and by a number "
        "that was fixed beforehand.",
    ],
}
