"""Lesson 9: inside a variational autoencoder."""

from typing import Any

from course_utils.apps.frame import state


def minus(quantity: str) -> Any:
    """A recorded mean over held-out digits, as a cost in nats."""
    return lambda c: -c.recorded(quantity)


def price(controller: Any) -> float:
    """KL(q(z|x) || p(z)) in nats, the mean over the held-out digits."""
    mean, log_variance = controller.q
    return float(((mean**2 + log_variance.exp() - 1 - log_variance) / 2).sum(1).mean())


STATES = (
    state("before the training", "Untrained, a digit costs {} nats: 784 coins that are fair.",
          ("543.8", minus("elbo")), moment=0),
    state("the mean digit", "After 19 steps every point decodes to the mean digit: {} nats, and q costs only {}.",
          ("230.1", minus("elbo")), ("1.4", lambda c: c.recorded("kl")), moment=6),
    state("2,000 steps", "The digits part: {} nats, of which q costs {}.",
          ("157.1", minus("elbo")), ("5.7", lambda c: c.recorded("kl")), moment=14),
    state("the whole training", "After 20,000 steps a held-out digit costs {} nats on average, and q {} of them.",
          ("140.8", minus("elbo")), ("6.8", lambda c: c.recorded("kl"))),
    state("where digits go", "Each held-out digit goes to a normal distribution; what q costs for this one is {} nats.",
          ("more than 3", lambda c: c.terms[0]), plane="where digits go"),
    state("β = 0.25", "A cheap code: q costs {} nats on average, and the ellipse of a digit is small.",
          ("more than 7", price), beta="0.25", plane="where digits go"),
    state("β = 4", "A dear code: q costs {} nats on average, and its ellipses have grown.",
          ("less than 6", price), beta="4", plane="where digits go"),
)  # fmt: skip
