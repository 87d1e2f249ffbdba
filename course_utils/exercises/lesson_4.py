"""Lesson 4: min max xy."""

import numpy as np

from course_utils.exercises.task import Inputs, Task, like, one_of, where

PREDICTIONS = {
    "4.a": "Up to which learning rate do optimistic steps on xy arrive?",
}


def places(rng: np.random.Generator) -> Inputs:
    """Where both players are, and the rate."""
    yield from ((1.0, 0.0, 0.5), (0.0, 1.0, 0.5), (1.4, 0.6, 0.3), (-1.0, 2.0, 0.1))
    yield from (tuple(map(float, each)) for each in rng.uniform(0.1, 1, size=(3, 3)))


def my_extragradient(x, y, eta):  # type: ignore[no-untyped-def]
    x_ahead, y_ahead = x - eta * y, y + eta * x  # the trial step
    return x - eta * y_ahead, y + eta * x_ahead  # gradients from there, step from here


def _alternating_trial(x: float, y: float, eta: float) -> tuple[float, float]:
    x = x - eta * y
    return x, y + eta * x


def my_rate():  # type: ignore[no-untyped-def]
    return 1 / np.sqrt(2)  # 1 - eta^2 + eta^4 is a parabola in eta^2, lowest at eta^2 = 1/2


def _factor(eta: float) -> float:
    """By which one extragradient step multiplies the squared radius."""
    return 1 - eta**2 + eta**4


def fields(rng: np.random.Generator) -> Inputs:
    """Where the players are, the field there, the field a step before, and the rate."""
    yield np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([0.5, 0.5]), 0.5
    for _ in range(4):
        yield *rng.normal(size=(3, 2)), 0.3


def my_optimistic(z, v, v_before, eta):  # type: ignore[no-untyped-def]
    return z + eta * (2 * v - v_before)


def my_strength():  # type: ignore[no-untyped-def]
    return 1.0  # (-s +- sqrt(s^2 - 1)) / 2: the two meet at -1/2, and parted the slower one is slower


def _slowest(s: float) -> float:
    """The largest real part of the eigenvalues of the minimax Dirac-GAN with R1 of this strength."""
    return float(np.max((-s + np.array([1, -1]) * np.sqrt(complex(s**2 - 1))).real / 2))


def my_words():  # type: ignore[no-untyped-def]
    return """No. A simultaneous step adds a vector of length eta r at right angles to the position, so the radius
    grows by sqrt(1 + eta^2) at every step, for every rate above 0. A smaller rate only makes the escape slower:
    eta^2 / 2 for each step. What repairs it is another direction: younger gradients (alternating, optimistic,
    extragradient steps), friction such as R1, or taking the mean of the iterates."""


TASKS = (
    Task(
        "4.1",
        "Write one extragradient step for L = xy (x goes down, y goes up): return the new x and y.",
        my_extragradient,
        (
            "Two evaluations: a trial step first, with the gradients from here.",
            "The true step starts here, too.",
        ),
        places,
        must={
            "at (0, 0) nobody moves": lambda f, x, y, e: bool(np.abs(f(0.0, 0.0, e)).max() < 1e-9),
            "nearer to (0, 0) after the step": lambda f, x, y, e: bool(
                np.hypot(*f(x, y, e)) < np.hypot(x, y)
            ),
        },
        mistakes={
            "that is a simultaneous step: read the gradients at the trial point.": like(
                lambda x, y, e: (x - e * y, y + e * x)
            ),
            "that is an alternating step: y has seen the new x, and x has seen nothing.": like(
                _alternating_trial
            ),
            "two steps in a row: from where does the true step start?": like(
                lambda x, y, e: (x - e * y - e * (y + e * x), y + e * x + e * (x - e * y))
            ),
            "sign: x wants L small here, and y wants it large.": like(
                lambda x, y, e: (x + e * (y + e * x), y - e * (x - e * y))
            ),
            "x looks ahead, y does not: where is its gradient read?": like(
                lambda x, y, e: (x - e * (y + e * x), y + e * x)
            ),
            "each player uses its own coordinate: what is the derivative of xy in x?": like(
                lambda x, y, e: (x - e * (x - e * y), y + e * (y + e * x))
            ),
            "the true step is right, the trial step goes the wrong way: who goes down in it?": like(
                lambda x, y, e: (x - e * (y - e * x), y + e * (x + e * y))
            ),
        },
        why="Its factor for the squared radius is 1 - eta^2 + eta^4.",
    ),
    Task(
        "4.2",
        "Choose the learning rate with which extragradient on xy arrives fastest (to 0.1 % of the factor per step).",
        my_rate,
        (
            "The squared radius is multiplied by 1 - eta^2 + eta^4.",
            "Write u for eta squared: a parabola in u.",
        ),
        must={
            "above 0": lambda e: e.item() > 0,
            "the factor per step must be within 0.1 % of the best": lambda e: (
                _factor(e.item()) < 0.75 * 1.002
            ),
        },
        any_value=True,
        mistakes={
            "that is where eta squared should be: you forgot the way back.": one_of(0.5),
            "that is the limit: there the factor is 1, and nobody moves nearer.": one_of(1.0),
            "1/sqrt(3) is where *optimistic* steps stop arriving.": where(lambda e: abs(e - 3**-0.5) < 0.01),
            "a learning rate is above 0.": where(lambda e: e <= 0),
            "from 1 on the players run away.": where(lambda e: e > 1),
            "safe, but slow: small steps hardly turn the spiral inward.": where(lambda e: e < 0.3),
        },
    ),
    Task(
        "4.3",
        "Write one optimistic step z' for any game, from z, the field v there, the field v_before of the step before,"
        " and eta.",
        my_optimistic,
        (
            "The players expect the field to change again as it just did.",
            "Extrapolate: v plus what it changed by.",
        ),
        fields,
        must={
            "a plain step where the field did not change": lambda f, z, v, w, e: bool(
                np.allclose(f(z, v, v, e), z + e * v, atol=1e-5)
            ),
        },
        mistakes={
            "that is a plain step: what has the field just changed by?": like(lambda z, v, w, e: z + e * v),
            "the old field is subtracted: you expect the *change* again.": like(
                lambda z, v, w, e: z + e * (2 * v + w)
            ),
            "that is the change alone: and the field itself?": like(lambda z, v, w, e: z + e * (v - w)),
            "sign: v already points where both players want to go.": like(
                lambda z, v, w, e: z - e * (2 * v - w)
            ),
            "the rate multiplies the old field, too.": like(lambda z, v, w, e: z + 2 * e * v - w),
            "the two fields are exchanged: the newer one counts double.": like(
                lambda z, v, w, e: z + e * (2 * w - v)
            ),
            "an average looks back; optimism looks ahead.": like(lambda z, v, w, e: z + e * (v + w) / 2),
            "that is the step; where does it start?": like(lambda z, v, w, e: e * (2 * v - w)),
        },
        why="A gradient of age -1: it stands for the field one step ahead, which extragradient computes.",
    ),
    Task(
        "4.4",
        "The minimax Dirac-GAN with R1 of strength s has the eigenvalues (-s +- sqrt(s^2 - 1)) / 2. Choose the s with "
        "which the slowest direction dies fastest.",
        my_strength,
        (
            "Plot the larger real part against s.",
            "Below this s a pair spirals, above it they part: who is the slower one?",
        ),
        must={
            "the slowest real part must reach -0.495": lambda s: s.item() > 0 and _slowest(s.item()) < -0.495,
        },
        any_value=True,
        mistakes={
            "without R1 the players circle for ever: the real part is 0.": one_of(0.0),
            "negative friction drives them out.": where(lambda s: s < 0),
            "still a spiral, whose radius falls like exp(-s t / 2): more friction helps.": where(
                lambda s: 0 < s < 1
            ),
            "too much already: the pair has parted, and one of the two comes back towards 0.": where(
                lambda s: 1 < s <= 2
            ),
            "far too much of a good thing: one eigenvalue is almost 0, like -1 / 4s.": where(lambda s: s > 2),
        },
    ),
    Task(
        "4.5",
        "In a sentence or two: simultaneous steps on xy run away. Does a small enough learning rate repair that?",
        my_words,
        ("By which factor does one step multiply the radius?", "And what does repair it?"),
        points={
            "no: the factor per step is above 1 for every rate": "no, every rate, any rate, always, never, "
            "sqrt(1, all rates",
            "a smaller one only makes it slower": "slow, later, longer",
            "the step is at right angles to the position, so it always adds": "right angle, perpendicular, "
            "orthogonal, pythagoras, turn, tangent",
            "what helps is another direction: younger gradients, friction, a mean": "optimis, "
            "extragradient, alternat, average, mean, r1, friction, consensus, ahead",
        },
    ),
)
