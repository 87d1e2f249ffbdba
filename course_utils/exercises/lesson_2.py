"""Lesson 2: two parallel lines."""

import numpy as np

from course_utils.divergences import lines
from course_utils.exercises.task import Inputs, Task, like, where

PREDICTIONS = {
    "2.a": "W from 300 points of each line at theta = 0, where the true W is 0: how large, on average?",
    "2.b": "After 40 steps of 0.1 from 1.5, where has the gradient of the JSD brought theta?",
    "2.c": "One line stays at 0, the other is moved to theta. How large is their JSD, in nats?",
}


def shifts(rng: np.random.Generator) -> Inputs:
    """To the right, to the left, none."""
    yield from ((theta,) for theta in (1.0, 2.0, 0.25, 0.0, -1.5))


def my_w(theta):  # type: ignore[no-untyped-def]
    return np.sqrt(2) * np.abs(theta)


def lines_and_weights(rng: np.random.Generator) -> Inputs:
    """A shift, and the weight of the penalty."""
    yield from ((1.0, 10.0), (2.0, 10.0), (-1.0, 10.0), (0.5, 1.0), (-2.0, 100.0))


def my_slope(theta, weight):  # type: ignore[no-untyped-def]
    return 1 + np.abs(theta) / (2 * weight)


def my_noise():  # type: ignore[no-untyped-def]
    best_at_one = 0.41  # the lesson's: where the slope of the JSD is steepest for theta = 1
    return 3 * best_at_one


def _slope_at(s: float) -> float:
    """The slope of the JSD at theta = 3 with this noise, in units of the steepest."""
    noise = np.linspace(1.0, 1.5, 51)
    return float(lines.js_gradient(3.0, s) / np.max(lines.js_gradient(3.0, noise)))


def samples(rng: np.random.Generator) -> Inputs:
    """A shift, and the heights of the points on both lines."""
    yield 1.0, np.array([0.0, 1.0]), np.array([1.0, 0.5])
    yield 0.0, np.array([2.0, 0.0, 1.0]), np.array([0.0, 1.0, 3.0])
    for theta in (0.5, -2.0):
        yield theta, *rng.normal(size=(2, 8))


def my_estimate(theta, z, z_data):  # type: ignore[no-untyped-def]
    return np.hypot(theta, np.sort(z) - np.sort(z_data)).mean()


def my_words():  # type: ignore[no-untyped-def]
    return """The JSD is log 2 for every shift but 0: it is flat, so the minimax loss of a perfect discriminator has
    no gradient. -log D is another loss: at the best D it descends KL - 2 JSD, which is not flat but infinite, and
    its gradient is (1 - D) times the slope of the logit. There D is 0 on the fakes, so nothing damps that slope,
    and it grows without a bound as D gets better. A critic's slope is held at 1."""


TASKS = (
    Task(
        "2.1",
        "The generator moves its line diagonally: its points are (theta, z + theta). Write W of it and the data.",
        my_w,
        (
            "How far does one point travel, as the crow flies?",
            "Both coordinates change by the same amount; Pythagoras.",
        ),
        shifts,
        must={
            "never negative": lambda f, t: f(t).item() >= 0,
            "0 for theta = 0": lambda f, t: abs(f(0.0).item()) < 1e-9,
            "the same to either side": lambda f, t: abs(f(t).item() - f(-t).item()) < 1e-6,
        },
        mistakes={
            "a distance is never negative: what of theta = -1.5?": like(lambda t: np.sqrt(2) * t),
            "that is the city-block distance: how far is it as the crow flies?": like(lambda t: 2 * abs(t)),
            "that is the way sideways alone: the points also rise.": like(lambda t: abs(t)),
            "that is the square of the distance.": like(lambda t: 2 * t**2),
            "that is the JSD, which does not care how far.": like(lambda t: np.log(2) * (t != 0)),
        },
    ),
    Task(
        "2.2",
        "A critic with slope s between the lines earns s |theta| - weight (s - 1)^2. Write the s that earns most.",
        my_slope,
        ("Where is the derivative in s zero?", "Without a penalty (a weight without end) it is 1."),
        lines_and_weights,
        must={
            "never below 1": lambda f, t, w: f(t, w).item() >= 1,
            "1 for theta = 0": lambda f, t, w: abs(f(0.0, w).item() - 1) < 1e-6,
        },
        mistakes={
            "right for theta > 0: what of a line on the other side?": like(lambda t, w: 1 + t / (2 * w)),
            "the excess is twice too large: the square brings a factor.": like(lambda t, w: 1 + abs(t) / w),
            "too small by 1: that is the excess over what the penalty asks for.": like(
                lambda t, w: abs(t) / (2 * w)
            ),
            "a heavier penalty makes yours steeper: which way should it go?": like(
                lambda t, w: 1 + abs(t) * w / 2
            ),
            "the excess is half of what it should be.": like(lambda t, w: 1 + abs(t) / (4 * w)),
            "that is what the penalty asks for, not what earns most.": like(lambda t, w: 1 + 0 * t),
        },
        why="The report s |theta| is then |theta| + theta^2 / (2 weight): too large, the more so the further.",
    ),
    Task(
        "2.3",
        "Choose the noise s with which the JSD's slope at theta = 3 is largest (99 % of the largest will do).",
        my_noise,
        (
            "At theta = 1 the lesson found 0.41.",
            "The JSD depends on theta / s only: what if both are stretched?",
        ),
        must={
            "the slope must be at least 99 % of the steepest": lambda s: (
                s.item() > 0 and _slope_at(s.item()) > 0.99
            ),
        },
        any_value=True,
        mistakes={
            "noise is a standard deviation: above 0.": where(lambda s: s <= 0),
            "that is the best for lines that are 1 apart.": where(lambda s: abs(s - 0.41) < 0.03),
            "you went the wrong way: further apart, and less noise?": where(
                lambda s: abs(s - 0.41 / 3) < 0.02
            ),
            "theta counts once, not squared: theta / s is all that matters.": where(
                lambda s: abs(s - 3.69) < 0.3
            ),
            "too little noise: there the slope falls like exp(-theta^2 / 8 s^2).": where(lambda s: 0 < s < 1),
            "too much noise: there the slope falls like 1 / s^2.": where(lambda s: s > 1.5),
        },
    ),
    Task(
        "2.4",
        "Points (theta, z_i) and (0, z_data_j), as many of each, with weights 1/n. Write their exact W, "
        "without a solver.",
        my_estimate,
        (
            "Which point goes to which? The cost is a convex function of the difference in height.",
            "On a line the lowest goes to the lowest.",
        ),
        samples,
        must={
            "never below |theta|": lambda f, t, z, w: f(t, z, w).item() > abs(t) - 1e-6,
            "blind to the order of the points": lambda f, t, z, w: (
                abs(f(t, z, w).item() - f(t, z[::-1], w).item()) < 1e-5
            ),
        },
        mistakes={
            "the i-th goes to the i-th, whichever they are: is there no cheaper way to pair them?": like(
                lambda t, z, w: np.hypot(t, z - w).mean()
            ),
            "each point weighs 1/n.": like(lambda t, z, w: np.hypot(t, np.sort(z) - np.sort(w)).sum()),
            "that is W of the lines; these are samples, whose heights differ.": like(lambda t, z, w: abs(t)),
            "sideways and then up: that is the city-block distance.": like(
                lambda t, z, w: abs(t) + np.abs(np.sort(z) - np.sort(w)).mean()
            ),
            "squared distances: W averages the distances themselves.": like(
                lambda t, z, w: (t**2 + (np.sort(z) - np.sort(w)) ** 2).mean()
            ),
            "a mean inside of the root: every point has a way of its own.": like(
                lambda t, z, w: np.hypot(t, np.abs(np.sort(z) - np.sort(w)).mean())
            ),
            "a root of a mean is no mean of roots: that is W_2.": like(
                lambda t, z, w: np.sqrt((t**2 + (np.sort(z) - np.sort(w)) ** 2).mean())
            ),
            "your pairs cross: the lowest goes to the highest.": like(
                lambda t, z, w: np.hypot(t, np.sort(z) - np.sort(w)[::-1]).mean()
            ),
            "the mean over all pairs is the plan that mixes everything: the cheapest costs less.": like(
                lambda t, z, w: np.hypot(t, z[:, None] - w).mean()
            ),
        },
    ),
    Task(
        "2.5",
        "In a sentence or two: the JSD of the two lines is flat. Why does -log D still send a gradient, and what is "
        "wrong with it?",
        my_words,
        (
            "Which factor multiplies the slope of the logit, for each of the two losses?",
            "What does D do to that slope as it trains?",
        ),
        points={
            "-log D does not minimise the JSD, its factor is 1 - D": "1 - d, 1-d, factor, kl, another loss, "
            "not the jsd, other loss",
            "D is near 0 on fakes, so that nothing damps the logit's slope": "slope, logit, steep, damp",
            "that slope grows without bound as D gets better": "grow, explode, unbounded, without bound, "
            "without a bound, infinite, large",
        },
    ),
)
