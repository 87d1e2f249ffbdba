"""Lesson 9: variational autoencoders."""

import numpy as np
import torch

from course_utils.exercises.networks import normal
from course_utils.exercises.task import Inputs, Sign, Task, Unfit, close, like, show, times, unless_finite

PREDICTIONS = {
    "9.a": "Of 20 latents, how many are active after 4,000 steps with beta = 1?",
}


def posteriors(rng: np.random.Generator) -> Inputs:
    """Means and log-variances: pictures in rows, latents in columns."""
    yield np.zeros((1, 1)), np.zeros((1, 1))
    yield np.array([[1.0, 0.0]]), np.array([[0.0, -1.0]])
    yield np.array([[0.0, 2.0]]), np.array([[1.0, 0.5]])
    yield rng.normal(size=(3, 4)), rng.normal(size=(3, 4))


def my_kl(mean, log_variance):  # type: ignore[no-untyped-def]
    return (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1) / 2


def _kl(m, v):  # type: ignore[no-untyped-def]
    return (m**2 + v - 1 - np.log(v)).sum(axis=1) / 2


def draws(rng: np.random.Generator) -> Inputs:
    """And noise of the same shape, from N(0, 1)."""
    for mean, log_variance in posteriors(rng):
        yield torch.tensor(mean), torch.tensor(log_variance), normal(*mean.shape, seed=mean.size)


def my_latent(mean, log_variance, noise):  # type: ignore[no-untyped-def]
    return mean + torch.exp(log_variance / 2) * noise


def latent_and_slopes(sample, mean, log_variance, noise):  # type: ignore[no-untyped-def]
    """The latents, and what a change of the mean and of the log-variance does to their sum."""
    mean, log_variance = mean.requires_grad_(), log_variance.requires_grad_()
    z = sample(mean, log_variance, noise)
    if z is None or z is ...:
        return z  # not written yet
    if not isinstance(z, torch.Tensor):
        raise Unfit(f"you give {show(z)}: a latent is a tensor, so that gradients can pass it")
    if z.requires_grad:
        z.sum().backward()
    return (z, *(torch.zeros_like(a) if a.grad is None else a.grad for a in (mean, log_variance)))


def _near(found, right):  # type: ignore[no-untyped-def]
    return bool(np.allclose(found, np.ravel(right), rtol=1e-4, atol=1e-6))


def coded(rng: np.random.Generator) -> Inputs:
    """Black and white pixels, logits of the decoder for a drawn latent, and the encoder's answer; pictures in rows."""
    yield np.array([[1.0, 0.0]]), np.array([[0.0, 0.0]]), np.zeros((1, 1)), np.zeros((1, 1))
    yield np.array([[1.0, 1.0, 0.0]]), np.array([[2.0, -1.0, 0.5]]), np.array([[0.5]]), np.array([[-1.0]])
    yield (rng.random((3, 5)) < 0.5) * 1.0, rng.normal(size=(3, 5)), *rng.normal(size=(2, 3, 2))
    yield np.eye(2), np.array([[900.0, -900.0]] * 2), np.ones((2, 2)), np.zeros((2, 2))  # right, and wrong


def my_elbo(x, logits, mean, log_variance):  # type: ignore[no-untyped-def]
    log_likelihood = x * logits - np.logaddexp(0, logits)
    return log_likelihood.sum(axis=1) - my_kl(mean, log_variance)


def _likelihood(x, a):  # type: ignore[no-untyped-def]
    return (x * a - np.logaddexp(0, a)).sum(axis=1)


def lines(rng: np.random.Generator) -> Inputs:
    """A number x, and the mean and standard deviation of q(z|x)."""
    yield from ((2.0, 1.0, 1.0), (0.0, 0.5, 1.0), (1.0, -1.0, 0.5), (-3.0, 0.3, 2.0))


def my_gradient(x, m, s):  # type: ignore[no-untyped-def]
    return (x - m) - m, -s - s + 1 / s


def my_words():  # type: ignore[no-untyped-def]
    return """log p(x) is the ELBO plus KL(q(z|x) || p(z|x)), and a KL is never negative: so the ELBO is a bound
    from below, tight when q is the true posterior. It can be raised in two ways, by a better model, which raises
    log p(x), or by a better q, which closes the gap. So a higher ELBO need not mean better pictures, and a model
    may even give up latents that q could not describe."""


TASKS = (
    Task(
        "9.1",
        "Write KL(q || N(0, I)) of each picture, from mean and log-variance (pictures in rows, latents in columns).",
        my_kl,
        (
            "A sum over the latents of m^2, s^2, log s^2 and 1, with signs.",
            "It is smallest, 0, at m = 0 and s = 1.",
        ),
        posteriors,
        must={
            "0 for q = N(0, I)": lambda f, m, v: bool(np.allclose(f(0 * m, 0 * v), 0, atol=1e-6)),
            "never negative": lambda f, m, v: bool((f(m, v) > -1e-6).all()),
        },
        mistakes={
            "negative: the sign of the slide in L2. A divergence is never below 0.": times(-1),
            "exactly twice too large: a half is missing.": times(2),
            "you took the log-variance for the log of the standard deviation.": like(
                lambda m, v: _kl(m, np.exp(2 * v))
            ),
            "you took the log-variance for a variance: NaN where it is negative.": like(
                lambda m, v: (m**2 + v - 1 - np.log(v)).sum(axis=1) / 2
            ),
            "one number for all: asked is one for each picture.": like(lambda m, v: my_kl(m, v).mean()),
            "one number for all pictures: the sum is over the latents only.": like(
                lambda m, v: my_kl(m, v).sum()
            ),
            "a mean over the latents: their divergences add up.": like(lambda m, v: my_kl(m, v) / m.shape[1]),
            "the mean plays no part in yours.": like(lambda m, v: my_kl(0 * m, v)),
            "the variance plays no part in yours.": like(lambda m, v: my_kl(m, 0 * v)),
            "that is the KL the other way round: from N(0, I) to q.": like(
                lambda m, v: ((1 + m**2) / np.exp(v) - 1 + v).sum(axis=1) / 2
            ),
        },
    ),
    Task(
        "9.2",
        "From mean, log_variance and noise of N(0, 1) (tensors), write a latent drawn from q, through which gradients"
        " reach both.",
        my_latent,
        (
            "Shift and stretch the noise.",
            "The noise has deviation 1; a log-variance is twice a log-deviation.",
        ),
        draws,
        any_value=True,  # whoever takes noise with the other sign has drawn from q, too
        must={
            "as far from the mean as the noise is from 0, stretched by the deviation": lambda f, m, v, e: (
                _near(abs(f(m, v, e)[: m.numel()] - m.numpy().ravel()), (torch.exp(v / 2) * e).abs())
            ),
            "a change of the mean moves it just as far": lambda f, m, v, e: _near(
                np.split(f(m, v, e), 3)[1], torch.ones_like(m)
            ),
            "a change of the log-variance moves it by half of its distance from the mean": lambda f, m, v, e: (
                _near(np.split(f(m, v, e), 3)[2], (np.split(f(m, v, e), 3)[0] - m.numpy().ravel()) / 2)
            ),
        },
        see=latent_and_slopes,
        compared=("the latents", "the slope of their sum in the mean", "and that in the log-variance"),
        mistakes={
            "stretched by the variance: what is its root?": like(lambda m, v, e: m + torch.exp(v) * e),
            "half of a variance is not its root.": like(lambda m, v, e: m + torch.exp(v) / 2 * e),
            "stretched by the *logarithm* of the variance.": like(lambda m, v, e: m + v * e),
            "the variance plays no part: every latent spreads by 1.": like(lambda m, v, e: m + e),
            "the mean plays no part.": like(lambda m, v, e: torch.exp(v / 2) * e),
            "nothing is random: where is the noise?": like(lambda m, v, e: m + torch.exp(v / 2)),
            "the latent is right, but no gradient passes it.": like(
                lambda m, v, e: (m + torch.exp(v / 2) * e).detach()
            ),
            "the latent is right, but no gradient reaches the log-variance.": like(
                lambda m, v, e: m + torch.exp(v / 2).detach() * e
            ),
            "which of the two is multiplied by the noise?": like(lambda m, v, e: m * e + torch.exp(v / 2)),
        },
        why="The draw does not depend on the encoder any more: the gradient of a mean is the mean of gradients.",
    ),
    Task(
        "9.3",
        "Write the ELBO of each picture: x black and white (pictures in rows), logits of the decoder for one drawn "
        "latent, mean and log_variance of the encoder. It should survive logits of 900.",
        my_elbo,
        (
            "Two parts: what the decoder says about x, and 9.1.",
            "log p(x|z) is a sum over pixels; np.logaddexp helps.",
        ),
        coded,
        must={
            "a log-probability less a divergence is never above 0": lambda f, *x: bool((f(*x) < 1e-6).all()),
        },
        mistakes={
            "right for small logits, not finite at 900: which exponential overflows?": unless_finite,
            "right for small logits; the price of being sure and wrong has no bound: what bounds yours?": Sign(
                lambda seen: all(map(close, seen.given[:-1], seen.right[:-1]))
            ),
            "sign: that is the loss, minus the ELBO.": times(-1),
            "the KL is a price: plus or minus?": like(lambda x, a, m, v: _likelihood(x, a) + my_kl(m, v)),
            "the reconstruction alone: nothing keeps q near the prior.": like(
                lambda x, a, m, v: _likelihood(x, a)
            ),
            "the KL alone: who looks at the pictures?": like(lambda x, a, m, v: -my_kl(m, v)),
            "a mean over pixels against a sum over latents: the KL then counts as many times too much.": like(
                lambda x, a, m, v: _likelihood(x, a) / x.shape[1] - my_kl(m, v)
            ),
            "asked is one number for each picture.": like(
                lambda x, a, m, v: (_likelihood(x, a) - my_kl(m, v)).mean()
            ),
            "that is a Gaussian's likelihood; these pixels are black or white.": like(
                lambda x, a, m, v: -((x - a) ** 2).sum(axis=1) / 2 - my_kl(m, v)
            ),
        },
    ),
    Task(
        "9.4",
        "A model in one number: z of N(0, 1), x of N(z, 1), q of N(m, s^2). Write the ELBO's two "
        "derivatives, in m and in s.",
        my_gradient,
        (
            "Without constants the ELBO is -((x - m)^2 + s^2) / 2 - (m^2 + s^2 - log s^2) / 2.",
            "It is largest where q is the true posterior: m = x / 2, s^2 = 1/2.",
        ),
        lines,
        must={
            "0 for the true posterior": lambda f, x, m, s: bool(
                np.abs(f(x, x / 2, np.sqrt(0.5))).max() < 1e-5
            ),
        },
        mistakes={
            "sign: that is the gradient of the loss; the ELBO goes up.": times(-1),
            "one s and one m are missing: both terms of the ELBO have them.": like(
                lambda x, m, s: (x - m, -s + 1 / s)
            ),
            "that is the reconstruction's: and the KL's?": like(lambda x, m, s: (x - m, -s)),
            "that is the KL's: and the reconstruction's?": like(lambda x, m, s: (-m, 1 / s - s)),
            "right in m; the second is that in the variance.": like(
                lambda x, m, s: (x - 2 * m, 1 / (2 * s**2) - 1)
            ),
            "right in m; the second is that in log s.": like(lambda x, m, s: (x - 2 * m, 1 - 2 * s**2)),
            "the two come in the other order.": like(lambda x, m, s: (1 / s - 2 * s, x - 2 * m)),
            "right in s; yours in m would grow for ever.": like(lambda x, m, s: (x, 1 / s - 2 * s)),
        },
    ),
    Task(
        "9.5",
        "In a sentence or two: why is the ELBO a bound of log p(x), and does a higher one mean better pictures?",
        my_words,
        ("What is the difference between the two?", "In which two ways can it become larger?"),
        points={
            "the gap is KL(q || true posterior), never negative": "kl, gap, divergence, posterior",
            "so it lies below log p(x)": "below, lower, at most, under, bound from, less than",
            "it grows by a better model or by a better q": "better q, closer, close, two ways, encoder, either",
            "so it does not rank pictures": "no, not, need not",
        },
    ),
)
