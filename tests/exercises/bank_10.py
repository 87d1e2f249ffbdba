"""Answers to lesson 10's tasks."""

import math

import numpy as np
import torch
from torch.autograd.functional import jacobian
from torch.nn.functional import cross_entropy, log_softmax


def fgsm_in_a_loop(x, gradient, epsilon):
    def moved(pixel, slope):
        return min(max(pixel + epsilon * (int(slope > 0) - int(slope < 0)), 0.0), 1.0)

    return np.array([moved(p, g) for p, g in zip(x.ravel(), gradient.ravel(), strict=True)]).reshape(x.shape)


def fgsm_of_tensors(x, gradient, epsilon):
    return (torch.as_tensor(x) + epsilon * torch.as_tensor(gradient).sign()).clamp(0, 1)


def moved(model, x, y, epsilon, loss=cross_entropy, direction=torch.sign):
    z = x.detach().clone()
    z.requires_grad = True
    loss(model(z), y).backward()
    return z.data + epsilon * direction(z.grad)


def by_jacobian(model, x, y, epsilon):
    slope = jacobian(lambda z: -log_softmax(model(z), dim=1)[range(len(y)), y].sum(), x)
    return torch.where(slope > 0, x + epsilon, x - epsilon)


def by_differences(model, x, y, epsilon, h=1e-6):
    step = torch.zeros_like(x)
    for i in range(len(x)):
        for j in range(x.shape[1]):
            there = x[i].clone()
            there[j] += h
            after, before = (log_softmax(model(z[None]), 1)[0, y[i]] for z in (there, x[i]))
            step[i, j] = torch.sign(before - after).item()
    return x + epsilon * step


def to_the_ball_in_a_loop(z, x, radius):
    length = math.dist(z, x)
    share = 1.0 if length <= radius else radius / length
    return [b + share * (a - b) for a, b in zip(z, x, strict=True)]


def to_the_ball_of_tensors(z, x, radius):
    return torch.as_tensor(x) + torch.renorm(torch.as_tensor(z - x)[None], 2, 0, radius)[0]


WRONG = {
    "10.1": [
        ("what shows them", lambda x, g, e: x + e * np.where(g > 0, 1, -1)),
        ("up or down", lambda x, g, e: fgsm_in_a_loop(x, -g, e)),
        ("pixels stay", lambda x, g, e: x + e),
        ("no pixel moves further", lambda x, g, e: fgsm_in_a_loop(x, g, 2 * e)),
    ],
    "10.2": [
        ("a graph hangs on it", lambda model, x, y, e: moved(model, x, y, e).requires_grad_()),
        ("surer", lambda model, x, y, e: moved(model, x, y, -e)),
        ("for the pictures", lambda *x: 2 * moved(*x)),
    ],
    "10.3": [
        ("all pixels up", lambda w, e: sum(e * v for v in w)),
        ("the same way", lambda w, e: abs(sum(e * v for v in w))),
        ("never negative", lambda w, e: -e * np.dot(w, w)),
    ],
    "10.4": [
        ("to the border too", lambda z, x, r: x + r * np.divide(z - x, math.dist(z, x))),
        ("the cube", lambda z, x, r: x + np.clip(z - x, -r, r)),
        ("points inside stay", lambda z, x, r: 1.0 * x),
    ],
    "10.5": [
        ("is whole", 2.5),
    ],
}

RIGHT = {
    "10.1": [
        fgsm_in_a_loop,
        fgsm_of_tensors,
        lambda x, g, e: np.minimum(np.maximum(x + np.where(g > 0, e, -e), 0), 1),
    ],
    "10.2": [moved, by_jacobian, by_differences, lambda *x: moved(*x).numpy()],
    "10.3": [
        lambda w, e: sum(abs(e * v) for v in w),
        lambda w, e: e * torch.linalg.vector_norm(torch.as_tensor(w), 1),
        lambda w, e: np.dot(w, e * np.sign(w)),
    ],
    "10.4": [
        to_the_ball_in_a_loop,
        to_the_ball_of_tensors,
        lambda z, x, r: x + (z - x) * min(1, r / max(math.dist(z, x), 1e-12)),
    ],
    "10.5": [10, 10.0, np.int64(10), torch.tensor(10)],
    "10.6": [
        "I attack it with PGD, many steps and random starts; FGSM may be masked; I compare with random signs and look"
        " at the clean accuracy.",
        "Stronger attacks that know the defence, gradients that are hidden, a control with noise, and what it costs "
        "on clean pictures.",
        "Does it stand iterated attacks, also adaptive ones? Are there random disturbances for comparison, and how is"
        " it without attack?",
    ],
}
