"""Lesson 10: adversarial examples."""

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from course_utils.exercises.networks import network, normal
from course_utils.exercises.task import Inputs, Task, like, one_of, times, where

PREDICTIONS = {
    "10.a": "FGSM moves no pixel by more than 0.1: which share of the digits does it fool, from 0 to 1?",
}


def pictures(rng: np.random.Generator) -> Inputs:
    """Pictures with pixels in [0, 1], the gradient of the loss in them, and how far a pixel may move."""
    yield np.array([0.5]), np.array([2.0]), 0.1
    yield np.array([0.5, 0.5]), np.array([-3.0, 0.01]), 0.25
    yield np.array([0.0, 1.0, 0.9]), np.array([-1.0, 1.0, 1.0]), 0.2
    yield rng.random((2, 5)), rng.normal(size=(2, 5)), 0.3


def my_fgsm(x, gradient, epsilon):  # type: ignore[no-untyped-def]
    return np.clip(x + epsilon * np.sign(gradient), 0, 1)


def networks(rng: np.random.Generator) -> Inputs:
    """A network to three logits, pictures, the right classes, and how far a pixel may move."""
    for seed, n in enumerate((1, 2, 5)):
        yield network(4, 3, seed), normal(n, 4, seed=seed), torch.arange(n) % 3, 0.1
    sure = network(6, 4, 3)
    sure.get_parameter("2.weight").data *= 8  # so that a softmax too many turns some signs
    yield sure, normal(5, 6, seed=3), torch.arange(5) % 4, 0.1


def my_attack(model, x, y, epsilon):  # type: ignore[no-untyped-def]
    x = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(cross_entropy(model(x), y), x)
    return (x + epsilon * gradient.sign()).detach()


def _step(model, x, y, epsilon, of=cross_entropy, turn=torch.sign):  # type: ignore[no-untyped-def]
    x = x.clone().requires_grad_()
    return (x + epsilon * turn(torch.autograd.grad(of(model(x), y), x)[0])).detach()


def weights(rng: np.random.Generator) -> Inputs:
    """Of a linear score, and how far a pixel may move."""
    yield np.array([1.0]), 0.5
    yield np.array([1.0, -2.0]), 0.1
    yield rng.normal(size=6), 0.25


def my_gain(w, epsilon):  # type: ignore[no-untyped-def]
    return epsilon * np.abs(w).sum()


def balls(rng: np.random.Generator) -> Inputs:
    """A point, the middle of a ball, and its radius: inside, then outside."""
    yield np.array([0.1, 0.0]), np.array([0.0, 0.0]), 1.0
    yield np.array([3.0, 4.0]), np.array([0.0, 0.0]), 1.0
    yield np.array([1.0, 3.0]), np.array([1.0, 1.0]), 0.5
    yield rng.normal(size=5) * 3, rng.normal(size=5), 0.7
    yield np.array([1.0, 1.0]), np.array([1.0, 1.0]), 0.5


def my_projection(z, x, radius):  # type: ignore[no-untyped-def]
    away = z - x
    return x + away * radius / max(np.linalg.norm(away), radius)


def my_steps():  # type: ignore[no-untyped-def]
    return 10  # each 0.03, across the whole ball and back to any side of it: 2 * 0.15 / 0.03


def my_words():  # type: ignore[no-untyped-def]
    return """It was only tried against one attack. Robust against FGSM may mean that the gradient at x leads
    nowhere (it is masked), and several smaller steps, random starts, another loss or another network's examples
    still fool it. Ask for the strongest attack that knows the defence, adapted to it, with more steps until nothing
    changes; for a control such as random signs; and for the accuracy on clean pictures, which defences often pay
    with."""


TASKS = (
    Task(
        "10.1",
        "From pictures x with pixels in [0, 1], the loss's gradient there and epsilon, write FGSM's pictures.",
        my_fgsm,
        ("Every pixel moves equally far; the gradient only says which way.", "And a pixel stays a pixel."),
        pictures,
        must={
            "pixels stay in [0, 1]": lambda f, x, g, e: bool(
                ((f(x, g, e) >= -1e-9) & (f(x, g, e) <= 1 + 1e-9)).all()
            ),
            "no pixel moves further than epsilon": lambda f, x, g, e: bool(
                (np.abs(f(x, g, e) - x.ravel()) < e + 1e-6).all()
            ),
        },
        mistakes={
            "some pixels leave [0, 1]: what shows them?": like(lambda x, g, e: x + e * np.sign(g)),
            "the attacker wants the loss large: up or down?": like(
                lambda x, g, e: np.clip(x - e * np.sign(g), 0, 1)
            ),
            "pixels with a small gradient hardly move in yours.": like(
                lambda x, g, e: np.clip(x + e * g, 0, 1)
            ),
            "that is the steepest step of Euclidean length: here every *pixel* may move by epsilon.": like(
                lambda x, g, e: np.clip(x + e * g / np.linalg.norm(g), 0, 1)
            ),
            "that is the disturbance; where is the picture?": like(
                lambda x, g, e: np.clip(e * np.sign(g), 0, 1)
            ),
            "epsilon plays no part.": like(lambda x, g, e: np.clip(x + np.sign(g), 0, 1)),
            "a clipped gradient is no sign: small ones stay small.": like(
                lambda x, g, e: np.clip(x + np.clip(g, -e, e), 0, 1)
            ),
            "the limits hold for the picture, not for the disturbance.": like(
                lambda x, g, e: x + np.clip(e * np.sign(g), 0, 1)
            ),
        },
    ),
    Task(
        "10.2",
        "From a model to logits, x, the right classes y and epsilon (tensors), write FGSM without limits for the "
        "pixels. What comes out has no gradient of its own.",
        my_attack,
        (
            "The gradient of the cross-entropy in the *picture*: x has to require one.",
            "torch.autograd.grad(loss, x), its sign.",
        ),
        networks,
        see=lambda attack, model, *x: _unless_it_wants_gradients(attack(model, *x)),
        compared=("the pictures", "1 where a graph hangs on them, else 0"),
        mistakes={
            "right, but a graph hangs on it: cut it at the end.": like(
                lambda model, x, y, e: _step(model, x, y, e).requires_grad_()
            ),
            "that makes the network surer: up or down the loss?": like(
                lambda model, x, y, e: _step(model, x, y, -e)
            ),
            "by the gradient itself: what of it counts here?": like(
                lambda model, x, y, e: _step(model, x, y, e, turn=lambda g: g)
            ),
            "a step of Euclidean length: asked is one in which every pixel moves equally far.": like(
                lambda model, x, y, e: _step(model, x, y, e, turn=lambda g: g / g.norm(dim=1, keepdim=True))
            ),
            "you raise the right class's logit: that is no attack.": like(
                lambda model, x, y, e: _step(model, x, y, e, of=lambda a, y: a.gather(1, y[:, None]).sum())
            ),
            "you climb the loss of another class than y.": like(
                lambda model, x, y, e: _step(model, x, model(x).argmin(1), e)
            ),
            "that is the disturbance; where is the picture?": like(
                lambda model, x, y, e: _step(model, x, y, e) - x
            ),
            "nothing has moved.": like(lambda model, x, y, e: x),
            "a softmax too many: cross_entropy wants logits, and the model gives them.": like(
                lambda model, x, y, e: _step(model, x, y, e, of=lambda a, y: cross_entropy(a.softmax(1), y))
            ),
            "you keep to limits; here x may be anything, and none are asked for.": like(
                lambda model, x, y, e: _step(model, x, y, e).clamp(0, 1)
            ),
        },
    ),
    Task(
        "10.3",
        "A linear score w . x: by how much can it change, at most, if every pixel may move by epsilon?",
        my_gain,
        ("Choose the worst direction for each pixel by itself.", "Hundreds of tiny changes add up."),
        weights,
        must={
            "never negative": lambda f, w, e: f(w, e).item() >= 0,
        },
        mistakes={
            "exactly twice: you count the way from one extreme to the other.": times(2),
            "all pixels up: each may choose its own direction.": like(lambda w, e: e * w.sum()),
            "all pixels the same way: each may choose its own.": like(lambda w, e: abs(e * w.sum())),
            "that is for a disturbance of Euclidean length epsilon.": like(
                lambda w, e: e * np.linalg.norm(w)
            ),
            "the best pixel alone: all of them may move.": like(lambda w, e: e * np.abs(w).max()),
            "an average: do the contributions add up?": like(lambda w, e: e * np.abs(w).mean()),
            "epsilon plays no part.": like(lambda w, e: np.abs(w).sum()),
            "that is for moving along w itself: too far for large weights.": like(
                lambda w, e: e * (w**2).sum()
            ),
        },
        why="It grows with the number of pixels, while the picture looks the same: why high dimensions are fragile.",
    ),
    Task(
        "10.4",
        "Write the point of the Euclidean ball around x (of this radius) that is nearest to z.",
        my_projection,
        ("Inside of the ball nothing happens.", "Outside, go back along the straight line to the middle."),
        balls,
        must={
            "inside of the ball": lambda f, z, x, r: bool(np.linalg.norm(f(z, x, r) - x) < r + 1e-4),
            "points inside stay": lambda f, z, x, r: bool(
                np.linalg.norm(z - x) > r or np.allclose(f(z, x, r), z, atol=1e-6)
            ),
        },
        mistakes={
            "points inside are moved to the border too (and the middle becomes NaN).": like(
                lambda z, x, r: x + r * (z - x) / np.linalg.norm(z - x)
            ),
            "that is the cube: each coordinate by itself.": like(lambda z, x, r: np.clip(z, x - r, x + r)),
            "that is the ball around 0: where is its middle?": like(
                lambda z, x, r: z * min(1, r / max(np.linalg.norm(z), 1e-9))
            ),
            "that is the way from the middle; and the middle?": like(
                lambda z, x, r: (z - x) * r / max(np.linalg.norm(z - x), r)
            ),
            "right inside of the ball; outside, the middle is missing.": like(
                lambda z, x, r: z if (d := np.linalg.norm(z - x)) <= r else (z - x) * r / d
            ),
            "right inside of the ball; outside, the radius plays no part.": like(
                lambda z, x, r: z if (d := np.linalg.norm(z - x)) <= r else x + (z - x) / d
            ),
            "you go back to the middle: the border is nearer.": like(
                lambda z, x, r: x if np.linalg.norm(z - x) > r else z
            ),
            "points outside stay outside.": like(lambda z, x, r: z),
            "you divide by the squared length: too far back.": like(
                lambda z, x, r: x + (z - x) * r / max(((z - x) ** 2).sum(), r)
            ),
        },
    ),
    Task(
        "10.5",
        "PGD with steps of 0.03 in a ball of 0.15 for each pixel starts at random. How many steps does a pixel need, "
        "at least, to come from any place to any other?",
        my_steps,
        ("How wide is the ball, from side to side?", "Divide by the length of a step."),
        mistakes={
            "from the middle to the border; but the start is random.": one_of(5),
            "one step is FGSM's: it moves a pixel by 0.03 here.": one_of(1),
            "enough, but more than are needed: how wide is the ball?": one_of(20),
            "off by one: count the steps, not the places.": one_of(9, 11),
            "a number of steps is whole.": where(lambda n: n != round(n)),
        },
    ),
    Task(
        "10.6",
        "In a sentence or two: a network withstands FGSM. What do you ask before you call it robust?",
        my_words,
        ("Who attacks, and what does the attacker know?", "And what does the defence cost?"),
        points={
            "stronger attacks: more steps, random starts, another loss": "pgd, steps, stronger, strongest, "
            "iterat, start",
            "the gradient may be masked; the attack must know the defence": "mask, hidden, gradient, adapt, "
            "knows, aware, transfer",
            "a control, such as random signs": "control, random, noise, baseline",
            "the accuracy on clean pictures": "clean, without attack, original, undisturbed, natural",
        },
    ),
)


def _unless_it_wants_gradients(found):  # type: ignore[no-untyped-def]
    """The pictures, and whether a graph hangs on them."""
    return found if found is None or found is ... else (found, float(getattr(found, "requires_grad", False)))
