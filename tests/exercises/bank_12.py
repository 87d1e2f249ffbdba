"""Answers to lesson 12's tasks."""

import numpy as np
import torch
from torch.nn.functional import relu
from torch.nn.functional import softplus as soft


def energy_in_a_loop(p, q, m):
    return [m if b > a else 0 for a, b in zip(p, q, strict=True)]


def energy_of_tensors(p, q, m):
    p, q = torch.as_tensor(p), torch.as_tensor(q)
    return m * (q > p)


def energy_by_search(p, q, m):
    answers = np.array([0, m / 2, m])[:, None]
    return answers[(p * answers + q * (m - answers)).argmin(0), 0]


def mean_by_weights(p, q, a, b):
    return [np.average([b, a], weights=[x, y]) for x, y in zip(p, q, strict=True)]


def shifted(p, q, a, b):
    return a + (b - a) * p / (p + q)


def k_by_ifs(k, real, fake, gamma, rate):
    k += rate * (gamma * real - fake)
    return 0 if k < 0 else 1 if k > 1 else k


def k_of_tensors(k, *rest):
    real, fake, gamma, rate = rest
    return torch.tensor(k + rate * (gamma * real - fake)).clamp(0, 1)


def hinge_in_a_loop(f_real, f_fake):
    real = sum(max(0, 1 - a) for a in f_real) / len(f_real)
    return real + sum(max(0, 1 + b) for b in f_fake) / len(f_fake)


def hinge_of_tensors(f_real, f_fake):
    return relu(1 - torch.as_tensor(f_real)).mean() + relu(1 + torch.as_tensor(f_fake)).mean()


WRONG = {
    "12.1": [
        ("exchanged", lambda p, q, m: energy_in_a_loop(q, p, m)),
        ("that is a share", lambda p, q, m: m - m * p / (p + q)),
        ("ends at 1", lambda p, q, m: (q > p) * 1.0),
        ("the hinge's critic", lambda p, q, m: (p > q) * 2.0 - 1),
        ("plus and minus the margin", lambda p, q, m: np.where(q > p, m, -m)),
        ("in proportion", lambda p, q, m: relu(torch.as_tensor(q - p)) * m),
        ("m everywhere", lambda p, q, m: [m] * len(p)),
        ("at most the margin", lambda p, q, m: 2 * m * (q > p)),
    ],
    "12.2": [
        ("exchanged", lambda p, q, a, b: shifted(q, p, a, b)),
        ("L0's D", lambda p, q, a, b: 1 / (1 + q / p)),
        ("do not sum to 1", lambda p, q, a, b: q * a + p * b),
        ("the middle of a and b", lambda p, q, a, b: np.full(len(p), 0.5 * (a + b))),
        ("the hinge's way", lambda p, q, a, b: [b if x > y else a for x, y in zip(p, q, strict=True)]),
        ("half of it", lambda p, q, a, b: shifted(p, q, a, b) / 2),
        ("the best logit", lambda p, q, a, b: np.log(p) - np.log(q)),
        ("real samples only", lambda p, q, a, b: (shifted(p, q, a, b) + (a + b) / 2) / 2),
    ],
    "12.3": [
        ("it leaves [0, 1]", lambda k, x, g, c, r: k + r * c * x - r * g),
        ("the wrong way", lambda k, x, g, c, r: min(max(k + r * (g - c * x), 0), 1)),
        ("the wrong error", lambda k, x, g, c, r: min(max(k + r * (x - c * g), 0), 1)),
        ("lambda is missing", lambda k, x, g, c, r: min(max(k + c * x - g, 0), 1)),
        ("gamma is missing", lambda k, x, g, c, r: min(max(k + r * (x - g), 0), 1)),
        ("where is the old k", lambda k, x, g, c, r: min(max(r * (c * x - g), 0), 1)),
        ("at rest where", lambda k, x, g, c, r: 0.5),
    ],
    "12.4": [
        ("exchanged", lambda a, b: hinge_in_a_loop(-a, -b)),
        ("without the hinge", lambda a, b: 2 - np.mean(a) + np.mean(b)),
        ("half of it", lambda a, b: hinge_in_a_loop(a, b) / 2),
        ("before the mean", lambda a, b: max(0, 1 - np.mean(a)) + max(0, 1 + np.mean(b))),
        ("sums", lambda a, b: sum(relu(1 - torch.tensor(a))) + sum(relu(1 + torch.tensor(b)))),
        ("a hinge at 0", lambda a, b: hinge_in_a_loop(a + 1, b - 1)),
        ("goes down its loss", lambda a, b: -hinge_in_a_loop(a, b)),
        ("2 for a critic", lambda a, b: soft(torch.tensor(-a)).mean() + soft(torch.tensor(b)).mean()),
    ],
}

RIGHT = {
    "12.1": [energy_in_a_loop, energy_of_tensors, energy_by_search],
    "12.2": [mean_by_weights, shifted, lambda p, q, a, b: b - (b - a) * q / (p + q)],
    "12.3": [k_by_ifs, k_of_tensors, lambda k, x, g, c, r: np.minimum(np.maximum(k + r * (c * x - g), 0), 1)],
    "12.4": [
        hinge_in_a_loop,
        hinge_of_tensors,
        lambda a, b: 2 - np.minimum(1, a).mean() + np.maximum(-1, b).mean(),
    ],
    "12.5": [
        "M is only the critic's own errors; it can fall while the modes collapse. Ask the Fréchet distance.",
        "Because the autoencoder judges itself, and few pictures that it reconstructs well are enough; a classifier "
        "that counts the digits would show it.",
        "The discriminator's reconstruction says nothing about variety. Measure FD, by another judge.",
    ],
}
