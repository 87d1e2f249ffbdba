"""Answers to lesson 11's tasks."""

import itertools
import math
from collections import Counter

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


# ---------------------------------------------------------------------- translation


def by_l1(G, F, x, y):
    return torch.nn.functional.l1_loss(F(G(x)), x) + torch.nn.functional.l1_loss(G(F(y)), y)


def swapped_names(G, F, x, y):
    there, back = G(F(y)) - y, F(G(x)) - x
    return there.abs().sum() / y.numel() + back.abs().sum() / x.numel()


def pool_by_appending(pool, made, coins, places):
    kept, shown = list(pool), []
    for new, coin, place in zip(made, coins, places, strict=True):
        if coin < 0.5:
            shown.append(new)
        else:
            shown.append(kept[place])
            kept[place] = new
    return shown, kept


def pool_late(pool, made, coins, places):
    shown = []
    for new, coin, place in zip(made, coins, places, strict=True):
        if coin >= 0.5:
            pool[place] = new
            shown.append(pool[place])
        else:
            shown.append(new)
    return np.array(shown), pool


def pool_at_once(pool, made, coins, places):
    seen, kept = made.copy(), pool.copy()
    for i in np.flatnonzero(coins >= 0.5):
        seen[i] = pool[places[i]]
        kept[places[i]] = made[i]
    return seen, kept


def by_trying(weights):
    k = len(weights)
    return sum(np.allclose(weights, weights[list(order)]) for order in itertools.permutations(range(k)))


def by_groups(weights):
    return math.prod(math.factorial(n) for n in Counter(np.round(weights, 6).tolist()).values())


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
    "11.5": [
        ("one way only", lambda G, F, x, y: torch.nn.functional.l1_loss(F(G(x)), x)),
        ("the way that starts at y", lambda G, F, x, y: torch.nn.functional.l1_loss(G(F(y)), y)),
        (
            "squares",
            lambda G, F, x, y: sum(torch.nn.functional.mse_loss(*p) for p in ((F(G(x)), x), (G(F(y)), y))),
        ),
        ("sums where means", lambda G, F, x, y: (F(G(x)) - x).abs().sum() + (G(F(y)) - y).abs().sum()),
        ("exactly half", lambda G, F, x, y: by_l1(G, F, x, y) / 2),
        ("opposite signs", lambda G, F, x, y: (F(G(x)) - x).mean() + (G(F(y)) - y).mean()),
        (
            "the way back is cut",
            lambda G, F, x, y: (F(G(x).data) - x).abs().mean() + (G(F(y).data) - y).abs().mean(),
        ),
    ],
    "11.6": [
        ("the listing's mistake", pool_late),
        ("no new one is ever kept", lambda p, m, c, a: (np.where(c < 0.5, m, p[a]), p)),
        ("the listing's mistake", lambda p, m, c, a: (m, pool_by_appending(p, m, c, a)[1])),
        ("the other way round", lambda p, m, c, a: pool_by_appending(p, m, np.where(c < 0.5, 0.9, 0.1), a)),
        ("all at once", pool_at_once),
        ("nothing happens", lambda p, m, c, a: (m, p)),
        ("the coins play no part", lambda p, m, c, a: pool_by_appending(p, m, np.ones(len(m)), a)),
        ("nothing is lost", lambda p, m, c, a: (m, np.concatenate([p[1:], m[:1]]))),
    ],
    "11.7": [
        ("only modes of equal weight", lambda w: math.factorial(len(w))),
        ("the product of the sizes", lambda w: math.prod(Counter(w.tolist()).values())),
        ("must not choose the same", lambda w: math.prod(n**n for n in Counter(w.tolist()).values())),
        ("multiplied", lambda w: sum(map(math.factorial, Counter(w.tolist()).values()))),
        ("the number of modes", lambda w: w.size),
        ("different weights", lambda w: len(set(w.tolist()))),
        ("pairs of equal weight", lambda w: sum(a == b for a in w for b in w)),
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
    "11.5": [by_l1, swapped_names],
    "11.6": [pool_by_appending, lambda p, m, c, a: tuple(map(np.array, pool_by_appending(p, m, c, a)))],
    "11.7": [by_trying, by_groups],
    "11.8": [
        "It learns an autoencoder: F undoes G. Which y belongs to which x stays open, so it may swap, and it invents "
        "what is missing on one side: never for patients.",
        "A code that looks like a y, from which x can be reconstructed; any matching will do. Tumours are removed or "
        "added: no diagnosis.",
    ],
}
