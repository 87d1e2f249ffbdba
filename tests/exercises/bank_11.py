"""Answers to lesson 11's tasks."""

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import logsigmoid

# ---------------------------------------------------------------------- conditions


def rows(z, labels, place=lambda k: k, size=10):
    found = []
    for latent, k in zip(z, labels, strict=True):
        code = [0.0] * size
        code[place(int(k)) % size] = 1.0
        found.append([*latent, *code])
    return found


def of_tensors(z, labels):
    z, labels = torch.as_tensor(z), torch.as_tensor(labels)
    return torch.cat([z, torch.nn.functional.one_hot(labels, 10)], dim=1)


def logits(features, labels, V, w, b):
    return [
        sum(f * (weight + v) for f, weight, v in zip(row, w, V[k], strict=True)) + b
        for row, k in zip(features, labels, strict=True)
    ]


def by_einsum(features, labels, V, w, b):
    return np.einsum("nf,nf->n", features, w + V[labels]) + b


def judged(D, x, c):
    return D(torch.hstack([x, c]))


def told(D, G, x, c, z, shift=0, made=0, real=0):
    with torch.no_grad():
        fake = G(torch.hstack([z, c.roll(made, 0)]))
    good, bad = judged(D, x, c.roll(real, 0)), judged(D, fake, c.roll(shift, 0))
    return bce(good, torch.ones_like(good)) + bce(bad, torch.zeros_like(bad))


def attached(D, G, x, c, z):
    return -logsigmoid(judged(D, x, c)).mean() - logsigmoid(-judged(D, G(torch.hstack([z, c])), c)).mean()


def one_by_one(D, G, x, c, z):
    total = 0.0
    for point, own, latent in zip(x, c, z, strict=True):
        fake = G(torch.cat([latent, own])).detach()
        total = total - logsigmoid(D(torch.cat([point, own]))) - logsigmoid(-D(torch.cat([fake, own])))
    return total / len(x)


def exchanged(D, G, x, c, z):
    fake = G(torch.hstack([z, c])).detach()
    return -logsigmoid(-judged(D, x, c)).mean() - logsigmoid(judged(D, fake, c)).mean()


def generated_only(D, G, x, c, z):
    return -logsigmoid(-judged(D, G(torch.hstack([z, c])).detach(), c)).mean()


WRONG = {
    "11.1": [
        ("nine times as much", lambda z, y: np.column_stack([z, y])),
        ("the latent first", lambda z, y: [[*row[-10:], *row[:-10]] for row in rows(z, y)]),
        ("0 has the first", lambda z, y: rows(z, y, lambda k: k + 1)),
        ("begin at 0", lambda z, y: rows(z, y, lambda k: k - 1)),
        ("where is the noise", lambda z, y: [row[-10:] for row in rows(z, y)]),
        ("as many places as there are pictures", lambda z, y: np.column_stack([z, np.identity(len(y))])),
        ("the other way round", lambda z, y: np.column_stack([z, np.arange(10) != y[:, None]])),
        ("sum to 1", lambda z, y: np.column_stack([z, 2 * np.eye(10)[y]])),
    ],
    "11.2": [
        ("where does the label", lambda p, y, V, w, b: logits(p, y, 0 * V, w, b)),
        ("is the picture any good", lambda p, y, V, w, b: logits(p, y, V, 0 * w, 0)),
        ("the bias is missing", lambda p, y, V, w, b: logits(p, y, V, w, 0)),
        ("compared with all labels", lambda p, y, V, w, b: p @ (w + V.sum(0)) + b),
        ("not a mean", lambda p, y, V, w, b: by_einsum(p, y, V / len(w), w, b)),
        ("not multiplied", lambda p, y, V, w, b: by_einsum(p, y, V, 0 * w, 0) * (p @ w + b)),
        ("without the picture", lambda p, y, V, w, b: np.dot(p, w) + b + V[y] @ np.ones(len(w))),
        ("a fitting label", lambda p, y, V, w, b: by_einsum(p, y, -V, w, b)),
        ("all pairs", lambda p, y, V, w, b: np.add.outer(p @ w + b, np.zeros(len(y))) + p @ V[y].T),
    ],
    "11.3": [
        ("punished for obeying", lambda *x: told(*x, shift=1)),
        ("looks wrong", lambda *x: told(*x, made=1)),
        ("beside other labels", lambda *x: told(*x, real=1)),
        ("told nothing about", lambda D, G, x, c, z: generated_only(_blind(D), G, x, c, z) + _real(D, x, c)),
        ("flows into G", attached),
        ("goes down this", lambda *x: -told(*x)),
        ("exactly half", lambda *x: told(*x) / 2),
        ("are exchanged", exchanged),
        ("only generated", generated_only),
    ],
}  # fmt: skip


def _blind(D):
    return lambda both: D(torch.hstack([both[:, :2], torch.zeros_like(both[:, 2:])]))


def _real(D, x, c):
    return -logsigmoid(judged(D, x, c)).mean()


RIGHT = {
    "11.1": [rows, of_tensors, lambda z, y: np.column_stack([z, np.arange(10) == y[:, None]])],
    "11.2": [
        logits,
        by_einsum,
        lambda p, y, V, w, b: p @ w + np.diag(p @ V[y].T) + b,
    ],
    "11.3": [told, one_by_one, lambda D, G, x, c, z: _real(D, x, c) + generated_only(D, G, x, c, z)],
    "11.4": [
        "D is told which digit to expect, so a missing one is noticed. Within each label G may still make one picture "
        "for all z, since only the digits are labelled.",
        "Because D knows the label, leaving out a seven would show: every digit must come. But the same seven again "
        "and again is not noticed by the label; it only covers the classes that have labels.",
        "The condition is asked of both players, so all ten digits have to be there; inside a class the modes can "
        "still be lost.",
    ],
}
