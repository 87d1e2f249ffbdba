"""Answers to lesson 1's tasks."""

import math

import numpy as np
import torch
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr

from course_utils import divergences as dv


def kl(p, q):
    return rel_entr(p, q).sum()


def jsd_in_a_loop(p, q):
    total = 0.0
    for a, b in zip(p, q, strict=True):
        for one in (a, b):
            if one > 0:
                total += one / 2 * math.log(one / ((a + b) / 2))
    return total


def jsd_with_nan(p, q):
    m = (p + q) / 2
    return np.sum(p * np.log(p / m) + q * np.log(q / m)) / 2


def jsd_of_tensors(p, q):
    m = torch.lerp(p, q, 0.5)
    return 0.5 * (torch.xlogy(p, p / m) + torch.xlogy(q, q / m)).sum()


def d_in_branches(real, fake):
    if real == 0:
        return 0.0
    return 1.0 / (1.0 + fake / real)


def losses_in_a_loop(a):
    one = other = 0.0
    for value in a:
        one -= max(value, 0) + math.log1p(math.exp(-abs(value)))
        other += max(-value, 0) + math.log1p(math.exp(-abs(value)))
    return one / len(a), other / len(a)


def losses_of_tensors(a):
    return torch.nn.functional.logsigmoid(-a).mean(), torch.nn.functional.softplus(-a).mean()


def naive_losses(a):
    d = 1 / (1 + np.exp(-a))
    return np.log(1 - d).mean(), -np.log(d).mean()


WRONG = {
    "1.1": [
        ("averaged or summed", lambda p, q: kl(p, (p + q) / 2) + kl(q, (p + q) / 2)),
        ("exactly half", lambda p, q: jsd_in_a_loop(p, q) / 2),
        ("what is 0 log 0", jsd_with_nan),
        ("gives None", lambda p, q: None),
        ("one number should come out", lambda p, q: p * 0.1),
        ("0 for two equal vectors", lambda p, q: 0.5 if (p == q).all() else jsd_in_a_loop(p, q)),
        ("never above log 2", lambda p, q: 1.0 * (p != q).any()),
        ("the same for (p, q) and (q, p)", lambda p, q: kl(p, (p + q) / 2) * 0.9),
        ("is no number", lambda p, q: "0.2"),
        ("give the function itself", 0.3),
        ("takes 1 positional argument", lambda p: 0.3),
    ],
    "1.2": [
        ("which of the two is real", lambda a, b: 1 - a / (a + b)),
        ("a ratio of densities", lambda a, b: np.divide(a, b)),
        ("1/2 where both are equal", lambda a, b: a / (a + 2 * b)),
    ],
    "1.3": [
        ("which exponential overflows", naive_losses),
        ("the other order", lambda a: losses_in_a_loop(a)[::-1]),
        ("sign of the first", lambda a: (np.logaddexp(0, a).mean(), np.logaddexp(0, -a).mean())),
    ],
    "1.4": [
        ("never above 0", 0.7),
        ("can do no worse", -5.0),
    ],
}

RIGHT = {
    "1.1": [jsd_in_a_loop, jsd_of_tensors, lambda p, q: jensenshannon(p, q) ** 2, dv.js_divergence],
    "1.2": [
        d_in_branches,
        lambda x, y: torch.sigmoid(x.log() - y.log()),
        lambda real, fake: [r / (r + f) for r, f in zip(real, fake, strict=True)],
    ],
    "1.3": [
        losses_in_a_loop,
        losses_of_tensors,
        lambda a: np.stack([-np.logaddexp(a, 0), np.logaddexp(-a, 0)]).mean(1),
    ],
    "1.4": [-0.98629, torch.tensor(0.4) - 2 * math.log(2), np.float32(0.4 - np.log(4)), [-0.986294]],
    "1.5": [
        "The optimal discriminator has the largest value, so any network we train shows less; if it overfits a small "
        "set of points the bound breaks, and unseen points mend it.",
        "Because V(D) is at most V(D*): the report is too small. It fails on few points that it memorises; "
        "use new samples.",
        "D* maximises V, every other D stays below. With fixed points trained on again and again the report is too "
        "high, not so with held-out ones.",
    ],
}
