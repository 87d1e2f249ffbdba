"""Answers to lesson 4's tasks."""

import math

import numpy as np
import torch

J = np.array([[0.0, -1.0], [1.0, 0.0]])


def by_matrix(x, y, eta):
    z = np.array([x, y])
    return z + eta * J @ (z + eta * J @ z)


def complex_numbers(x, y, eta):
    u = complex(x, y)
    ahead = u + 1j * eta * u
    new = u + 1j * eta * ahead
    return new.real, new.imag


def by_autograd(x, y, eta):
    def gradients(a, b):
        a, b = (torch.as_tensor(float(each), dtype=torch.float64).requires_grad_() for each in (a, b))
        return torch.autograd.grad(a * b, (a, b))

    gx, gy = gradients(x, y)
    gx, gy = gradients(x - eta * gx, y + eta * gy)
    return x - eta * gx, y + eta * gy


WRONG = {
    "4.1": [
        ("simultaneous", lambda x, y, eta: np.array([x, y]) + eta * J @ [x, y]),
        ("alternating", lambda x, y, eta: (x - eta * y, (1 - eta * eta) * y + eta * x)),
        ("nobody moves", lambda x, y, eta: (x - eta, y + eta)),
        ("nearer to (0, 0)", lambda x, y, eta: (x - 3 * eta * y, y + 3 * eta * x)),
    ],
    "4.2": [
        ("*optimistic*", 1 / math.sqrt(3)),
        ("is above 0", -0.7),
        ("run away", 1.4),
        ("safe, but slow", 0.1),
        ("within 0.1 %", 0.65),
    ],
    "4.3": [
        ("a plain step:", lambda z, v, old, eta: np.add(z, eta * v)),
        ("is subtracted", lambda z, v, old, eta: z + 2 * eta * v + eta * old),
        ("a plain step where", lambda z, v, old, eta: z + eta * (3 * v - old)),
    ],
    "4.4": [
        ("negative friction", -1.0),
        ("still a spiral", 0.5),
        ("too much already", 1.5),
        ("far too much", 10.0),
    ],
}

RIGHT = {
    "4.1": [
        by_matrix,
        complex_numbers,
        by_autograd,
        lambda a, b, r: [a - r * b - r * r * a, b + r * a - r * r * b],
    ],
    "4.2": [0.7071, math.sqrt(0.5), torch.tensor(0.5).sqrt(), np.float32(0.71)],
    "4.3": [
        lambda z, v, before, eta: z + eta * v + eta * (v - before),
        lambda z, v, before, eta: [a + eta * (2 * b - c) for a, b, c in zip(z, v, before, strict=True)],
        lambda z, v, before, eta: torch.add(z, 2 * v - before, alpha=eta),
    ],
    "4.4": [1, 1.0, np.float32(1), torch.ones(())],
    "4.5": [
        "No, for every rate the radius grows, since the step is perpendicular to the position; small steps only do it "
        "slower. Optimistic steps help.",
        "It never does: by Pythagoras each step goes out, later if eta is small. Averages or friction bring them home.",
        "No. The field turns, so a step always adds to the radius; with a small rate it takes longer. "
        "Extragradient works.",
    ],
}
