"""Answers to lesson 9's tasks."""

import math

import numpy as np
import torch
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import binary_cross_entropy_with_logits as bce


def kl_in_a_loop(mean, log_variance):
    found = []
    for means, logs in zip(mean, log_variance, strict=True):
        found.append(sum(m * m + math.exp(v) - v - 1 for m, v in zip(means, logs, strict=True)) / 2)
    return found


def kl_of_torch(mean, log_variance):
    mean, log_variance = torch.as_tensor(mean), torch.as_tensor(log_variance)
    zero = torch.zeros_like(mean)
    return kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(zero, zero + 1)).sum(1)


def kl(mean, log_variance):
    return -0.5 * np.sum(1 + log_variance - np.square(mean) - np.exp(log_variance), axis=-1)


def by_softplus(x, logits, mean, log_variance):
    log_p = -bce(torch.as_tensor(logits), torch.as_tensor(x), reduction="none").sum(1)
    return log_p - kl_of_torch(mean, log_variance)


def elbo_in_a_loop(x, logits, mean, log_variance):
    found = []
    for pixels, scores, price in zip(x, logits, kl_in_a_loop(mean, log_variance), strict=True):
        signed = [a if pixel else -a for pixel, a in zip(pixels, scores, strict=True)]
        found.append(sum(min(a, 0) - math.log1p(math.exp(-abs(a))) for a in signed) - price)
    return found


def naive(x, logits, mean, log_variance):
    p = 1 / (1 + np.exp(-logits))
    return (x * np.log(p) + (1 - x) * np.log(1 - p)).sum(1) - kl(mean, log_variance)


def said(x, logits):
    return by_softplus(x, logits, np.zeros((len(x), 1)), np.zeros((len(x), 1))).numpy()


def by_autograd(x, m, s):
    m, s = (torch.as_tensor(float(each), dtype=torch.float64).requires_grad_() for each in (m, s))
    elbo = -((x - m) ** 2 + s**2) / 2 - (m**2 + s**2 - torch.log(s**2)) / 2
    return torch.autograd.grad(elbo, (m, s))


def by_differences(x, m, s, h=1e-5):
    def elbo(m, s):
        return -((x - m) ** 2 + s * s) / 2 - (m * m + s * s - 2 * math.log(s)) / 2

    return (elbo(m + h, s) - elbo(m - h, s)) / (2 * h), (elbo(m, s + h) - elbo(m, s - h)) / (2 * h)


WRONG = {
    "9.1": [
        ("the sign of the slide", lambda m, v: -kl(m, v)),
        ("a half is missing", lambda m, v: 2 * kl(m, v)),
        ("0 for q = N(0, I)", lambda m, v: kl(m, v) + 0.5),
    ],
    "9.2": [
        ("what is its root", lambda m, v, e: m + v.exp() * e),
        ("half of a variance", lambda m, v, e: m + v.exp().div(2) * e),
        ("the slope of their sum", lambda m, v, e: m + 3 * v.div(2).exp() * e),
    ],
    "9.3": [
        ("which exponential overflows", naive),
        (
            "what bounds yours",
            lambda x, a, m, v: np.log(1e-7 + np.abs(x - 1 / (1 + np.exp(a)))).sum(1) - kl(m, v),
        ),
        ("that is the loss", lambda *x: -by_softplus(*x)),
        ("plus or minus", lambda x, a, m, v: said(x, a) + kl(m, v)),
    ],
    "9.4": [
        ("the gradient of the loss", lambda x, m, s: [-g for g in by_autograd(x, m, s)]),
        ("one s and one m", lambda x, m, s: (x - m, 1 / s - s)),
        ("0 for the true posterior", lambda x, m, s: (x - 3 * m, 1 / s)),
    ],
}

RIGHT = {
    "9.1": [kl_in_a_loop, kl_of_torch, kl],
    "9.2": [
        lambda m, v, e: m + v.exp().sqrt() * e,
        lambda m, v, e: m - v.div(2).exp() * e,  # noise is as often above 0 as below
        lambda mean, log_variance, noise: torch.stack(
            [a + b.mul(0.5).exp() * c for a, b, c in zip(mean, log_variance, noise, strict=True)]
        ),
        lambda m, v, e: Normal(0.0, 1.0).icdf(Normal(0.0, 1.0).cdf(e)) * (v / 2).exp() + m,
    ],
    "9.3": [
        by_softplus,
        elbo_in_a_loop,
        lambda x, a, m, v: -np.logaddexp(0, (1 - 2 * x) * a).sum(1) - kl(m, v),
    ],
    "9.4": [by_autograd, by_differences, lambda x, m, s: np.array([x - 2 * m, (1 - 2 * s * s) / s])],
    "9.5": [
        "The gap is a KL divergence to the true posterior, so it lies below; it also rises when only the encoder gets "
        "better, so no.",
        "log p(x) minus the ELBO is a divergence, never negative: a lower bound. It need not: q may have come closer.",
        "Because of the posterior's KL it is at most log p; a better q raises it, and the pictures do not change.",
    ],
}
