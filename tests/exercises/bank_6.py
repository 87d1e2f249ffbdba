"""Answers to lesson 6's tasks."""

import math
from itertools import pairwise

import numpy as np
import torch
from torch import autograd


def at_each(f, points, keep=True):
    """The slope at one point after another."""
    lengths = []
    for point in points:
        point = point.detach().clone().requires_grad_()
        (slope,) = autograd.grad(f(point[None]).squeeze(), point, create_graph=keep)
        lengths.append((slope**2).sum().sqrt())
    return torch.stack(lengths)


def in_a_loop(f, real, fake, t):
    return ((at_each(f, fake + t * (real - fake)) - 1) ** 2).sum() / len(real)


def in_one_go(f, real, fake, t):
    x = torch.lerp(fake, real, t).detach().requires_grad_()
    out = f(x)
    g = autograd.grad(out, x, torch.ones_like(out), create_graph=True, retain_graph=True)[0]
    return (g.pow(2).sum(-1).sqrt() - 1).pow(2).mean()


def by_formula(f, real, fake, t):
    """The gradient of this network, by the chain rule."""
    first, _, last = f
    hidden = torch.tanh(first(fake + t * (real - fake)))
    slope = ((1 - hidden**2) * last.weight) @ first.weight
    return (torch.linalg.vector_norm(slope, dim=1) - 1).square().mean()


def lengths(f, real, fake, t):
    return at_each(f, fake + t * (real - fake))


def bound_in_a_loop(c, widths):
    bound = 1.0
    for n, m in pairwise(widths):
        bound *= c * math.sqrt(int(n) * int(m))
    return bound


def by_singular_values(c, widths):
    matrices = [np.full((m, n), c) for n, m in pairwise(widths)]
    return math.prod(np.linalg.norm(matrix, 2) for matrix in matrices)


WRONG = {
    "6.1": [
        ("go up here, or down", lambda f, real, fake: torch.mean(f(real) - f(fake))),
        ("grow with the minibatch", lambda f, real, fake: (f(fake) - f(real)).sum()),
        ("; one number should come out", lambda f, real, fake: f(fake) - f(real)),
        ("one number should come out", lambda f, real, fake: None),
        ("a loss is a tensor", lambda f, real, fake: f(fake).mean().item()),
    ],
    "6.2": [
        ("free of charge", lambda *x: (lengths(*x) ** 2).mean()),
        ("that is LP", lambda *x: torch.relu(lengths(*x) - 1).pow(2).mean()),
        ("never negative", lambda *x: -in_a_loop(*x)),
    ],
    "6.3": [
        ("how often does c", lambda c, w: bound_in_a_loop(c, w) / c ** (len(w) - 2)),
        ("do bounds add up", lambda c, w: sum(c * math.sqrt(n * m) for n, m in pairwise(w))),
    ],
    "6.4": [
        ("factor 2", 280),
        ("slope 2", 14),
        ("not for 1.1", 12.7),
        ("customary", 10),
        ("close: 100", 100),
        ("pays for steepness", -3),
        ("to 0.005", 200),
        ("one number", [140, 140]),
    ],
}

RIGHT = {
    "6.1": [
        lambda f, real, fake: -(f(real).mean() - f(fake).mean()),
        lambda f, real, fake: sum(f(b) - f(a) for a, b in zip(real, fake, strict=True)) / len(real),
        lambda critic, x, g: (critic(g) - critic(x)).mean(),
    ],
    "6.2": [in_a_loop, in_one_go, by_formula],
    "6.3": [
        bound_in_a_loop,
        by_singular_values,
        lambda c, w: c ** (len(w) - 1) * math.sqrt(math.prod(map(int, [*w, *w[1:-1]]))),
    ],
    "6.4": [140, 140.0, torch.tensor(141.0), np.float32(28 / 0.2)],
    "6.5": [
        "Within one run it falls with the distance, but two critics have different scales: clipping allows any slope. "
        "Divide by it.",
        "No: each has its own unit, since the slope is not exactly 1; only inside a run. Ask another judge.",
        "Different critics measure in different units (penalties are soft); the same critic may be compared with "
        "itself. Use the exact W.",
    ],
}
