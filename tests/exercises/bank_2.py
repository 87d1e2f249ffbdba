"""Answers to lesson 2's tasks."""

import math

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from course_utils import transport


def by_assignment(theta, z, z_data):
    cost = np.sqrt(theta**2 + (z[:, None] - z_data[None, :]) ** 2)
    return cost[linear_sum_assignment(cost)].mean()


def in_a_loop(theta, z, z_data):
    total = 0
    for one, other in zip(sorted(z), sorted(z_data), strict=True):
        total += math.sqrt(theta * theta + (one - other) ** 2)
    return total / len(z)


def of_tensors(theta, z, z_data):
    apart = torch.sort(z).values - torch.sort(z_data).values
    return torch.sqrt(theta**2 + apart**2).mean()


def by_solver(theta, z, z_data):
    fake, real = np.column_stack([0 * z + theta, z]), np.column_stack([0 * z_data, z_data])
    return transport.earth_movers_distance(fake, real).cost


def unsorted(theta, z, z_data):
    return sum(math.hypot(theta, one - other) for one, other in zip(z, z_data, strict=True)) / len(z)


WRONG = {
    "2.1": [
        ("never negative", lambda theta: theta * 2**0.5),
        ("city-block", lambda theta: abs(theta) + abs(theta)),
        ("0 for theta = 0", lambda theta: 1 + abs(theta)),
    ],
    "2.2": [
        ("on the other side", lambda theta, weight: 1 + theta / weight / 2),
        ("the square brings a factor", lambda theta, weight: 1 + abs(theta) / weight),
        ("never below 1", lambda theta, weight: 1 - abs(theta) / (2 * weight)),
    ],
    "2.3": [
        ("above 0", 0.0),
        ("1 apart", 0.41),
        ("the wrong way", 0.137),
        ("not squared", 3.69),
        ("too little noise", 0.8),
        ("too much noise", 2.0),
        ("at least 99 %", 1.05),
    ],
    "2.4": [
        ("no cheaper way", unsorted),
        ("weighs 1/n", lambda t, z, w: in_a_loop(t, z, w) * len(z)),
        ("blind to the order", lambda t, z, w: math.hypot(t, np.abs(z * z[0] - w).mean())),
    ],
}

RIGHT = {
    "2.1": [
        lambda theta: math.hypot(theta, theta),
        lambda theta: torch.linalg.vector_norm(torch.stack([theta, theta])),
        lambda s: (2 * s * s) ** 0.5,
    ],
    "2.2": [
        lambda theta, weight: (2 * weight + abs(theta)) / (2 * weight),
        lambda theta, weight: 1 + torch.abs(theta) * 0.5 / weight,
        lambda d, w: 1 + max(d, -d) / w * 0.5,
    ],
    "2.3": [1.2, 1.25, np.float32(1.23), torch.tensor(1.22)],
    "2.4": [by_assignment, in_a_loop, of_tensors, by_solver],
    "2.5": [
        "Its gradient has the factor 1 - D in front of the slope of the logit, which grows and grows while "
        "D is trained.",
        "-log D is another loss than the JSD: the logit gets steeper without bound, and the gradient explodes.",
        "It goes down KL - 2 JSD; nothing damps the logit there, so the pushes become too large.",
    ],
}
