"""Answers to lesson 5's tasks."""

import math

import numpy as np
import torch
from torch.nn import BCELoss
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import softplus

from course_utils.gan.metrics import mode_coverage


def with_labels(D, G, x, z, real=1.0, fake=0.0):
    with torch.no_grad():
        made = G(z)
    a, b = D(x), D(made)
    return bce(a, torch.full_like(a, real)) + bce(b, torch.full_like(b, fake))


def one_by_one(D, G, x, z):
    total = 0.0
    for real, latent in zip(x, z, strict=True):
        total = total + softplus(-D(real)) + softplus(D(G(latent).detach()))
    return total / len(x)


def probabilities(D, G, x, z):
    return -torch.log(D(x).sigmoid()).mean() - torch.log(1 - D(G(z).detach()).sigmoid()).mean()


def frozen(D, G, z):
    for weight in D.parameters():
        weight.requires_grad_(False)
    score = D(G(z))
    return bce(score, torch.ones_like(score))


def slerp_in_a_loop(a, b, t):
    cosine = sum(x * y for x, y in zip(a, b, strict=True)) / math.sqrt(
        sum(x * x for x in a) * sum(y * y for y in b)
    )
    angle = math.acos(cosine)
    one, other = math.sin((1 - t) * angle) / math.sin(angle), math.sin(t * angle) / math.sin(angle)
    return [one * x + other * y for x, y in zip(a, b, strict=True)]


def slerp_of_tensors(a, b, t):
    angle = torch.arccos(torch.cosine_similarity(a, b, dim=0))
    return torch.sin((1 - t) * angle) / torch.sin(angle) * a + torch.sin(t * angle) / torch.sin(angle) * b


def wrong_slerp(of_angle, over=True):
    def slerp(a, b, t):
        angle = of_angle(a, b)
        point = np.sin(angle - t * angle) * a + np.sin(angle * t) * b
        return point / np.sin(angle) if over else point

    return slerp


def angle(a, b):
    return np.arccos(np.dot(a / np.linalg.norm(a), b / np.linalg.norm(b)))


def turned(a, b, t):
    """Turned in the plane of a and b."""
    up = b - a * (a @ b) / (a @ a)
    return np.cos(t * angle(a, b)) * a + np.sin(t * angle(a, b)) * up * np.linalg.norm(a) / np.linalg.norm(up)


WRONG = {
    "5.1": [
        ("no gradient reaches D", lambda D, G, x, z: with_labels(D, G, x, z).detach()),
        ("the labels are exchanged", lambda D, G, x, z: with_labels(D, G, x, z, 0.0, 1.0)),
        ("a loss is a tensor", lambda D, G, x, z: 0.7),
    ],
    "5.2": [
        ("saturating loss", lambda D, G, z: -softplus(D(G(z))).mean()),
        ("wants D(G(z)) large", lambda D, G, z: -softplus(-D(G(z))).mean()),
    ],
    "5.3": [
        ("lines 1 to 5", 6),
        ("its number is whole", 3.5),
    ],
    "5.4": [
        ("through the ball", lambda a, b, t: a + t * (b - a)),
        ("from b to a", lambda a, b, t: slerp_in_a_loop(b, a, t)),
        ("t = 0 is a", lambda a, b, t: np.zeros_like(a)),
    ],
    "5.5": [
        ("nine slips", np.count_nonzero),
        ("a tenth of *all*", lambda counts: sum(count / sum(counts) >= 0.1 for count in counts)),
        ("at most as many", lambda counts: counts.sum()),
    ],
}


def mode_coverage_of(counts):
    if len(counts) == 10:
        return mode_coverage(np.repeat(np.arange(10), counts)).modes
    return sum(10 * len(counts) * count >= sum(counts) for count in counts)


RIGHT = {
    "5.1": [
        with_labels,
        one_by_one,
        probabilities,
        lambda D, G, x, z: (
            BCELoss()(D(x).sigmoid(), torch.ones(len(x), 1))
            + BCELoss()(D(G(z).detach()).sigmoid(), torch.zeros(len(z), 1))
        ),
    ],
    "5.2": [
        frozen,
        lambda D, G, z: softplus(-D(G(z))).mean(),
        lambda d, g, n: -d(g(n)).sigmoid().log().mean(),
        lambda D, G, z: BCELoss()(D(G(z)).sigmoid(), torch.ones(len(z), 1)),
    ],
    "5.3": [4, 4.0, np.float32(4), torch.tensor(4)],
    "5.4": [slerp_in_a_loop, slerp_of_tensors, wrong_slerp(angle), turned],
    "5.5": [
        mode_coverage_of,
        lambda counts: (torch.as_tensor(counts).double() >= 0.1 * sum(counts) / len(counts)).sum(),
        lambda n: np.sum(10 * n * len(n) >= n.sum()),
    ],
    "5.6": [
        "Not known: D cannot tell, which is true at the end and in a collapse too. Count the modes and compare with a "
        "control.",
        "It means that D guesses; with mode collapse it looks the same. Measure a distance beside its floor.",
        "D knows nothing, in both cases, success or collapse. Look at samples beside those of a run without the cause.",
    ],
}
