"""Lessons 5a and 5b: a GAN on digits, and judging a generator."""

import numpy as np
import torch
from torch.nn.functional import logsigmoid

from course_utils.exercises.networks import felt_by, network, normal
from course_utils.exercises.task import Inputs, Task, like, one_of, where

PREDICTIONS = {
    "5.a": "Before any training, what is D's loss, about?",
    "5.b": "Ten steps of G for one of D, 1,500 rounds: at which loss does D end?",
}


def players(rng: np.random.Generator) -> Inputs:
    """A discriminator, a generator, real points and latents."""
    for seed, n in enumerate((1, 2, 5)):
        yield (
            network(2, 1, seed),
            network(3, 2, seed + 9),
            normal(n, 2, seed=seed),
            normal(n, 3, seed=seed + 9),
        )


def players_without_data(rng: np.random.Generator) -> Inputs:
    yield from ((d, g, z) for d, g, _, z in players(rng))


def my_d_loss(D, G, x, z):  # type: ignore[no-untyped-def]
    real, fake = D(x), D(G(z).detach())
    return -logsigmoid(real).mean() - logsigmoid(-fake).mean()


def my_g_loss(D, G, z):  # type: ignore[no-untyped-def]
    return -logsigmoid(D(G(z))).mean()


def my_line():  # type: ignore[no-untyped-def]
    return 4


LISTING = """
    1  fake = G(z)
    2  loss_D = -logsigmoid(D(x)).mean() - logsigmoid(-D(fake.detach())).mean()
    3  opt_D.zero_grad(); loss_D.backward(); opt_D.step()
    4  loss_G = -logsigmoid(D(fake.detach())).mean()
    5  opt_G.zero_grad(); loss_G.backward(); opt_G.step()"""


def latents(rng: np.random.Generator) -> Inputs:
    """Two latents of equal length (else other ways would be right, too), and how far to go."""
    yield np.array([1.0, 0.0]), np.array([0.6, 0.8]), 0.5
    yield np.array([2.0, 0.0]), np.array([1.2, 1.6]), 0.25
    yield np.array([2.0, 1.0]), np.array([-2.0, 1.0]), 0.75
    for t in (0.0, 1.0, 0.3):
        a, b = rng.normal(size=(2, 6))
        yield a, b * np.linalg.norm(a) / np.linalg.norm(b), t


def my_slerp(a, b, t):  # type: ignore[no-untyped-def]
    angle = np.arccos(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))
    return (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)


def counts(rng: np.random.Generator) -> Inputs:
    """How often each class was named."""
    yield (np.array([5, 5]),)
    yield (np.array([98, 1, 1]),)
    yield (np.array([30, 12, 3]),)
    yield (np.repeat([991, 1], [1, 9]),)
    yield (np.array([0, 400, 30, 4, 200, 0, 100, 6, 160, 100]),)
    yield (np.array([40, 0, 3, 2]),)
    yield (np.array([560, 21, 19]),)  # around the limit


def my_modes(counts):  # type: ignore[no-untyped-def]
    fair = counts.sum() / len(counts)
    return (counts >= fair / 10).sum()


def my_words():  # type: ignore[no-untyped-def]
    return """Its loss is 2 log 2 wherever D can tell nothing apart. That is so at the equilibrium, where the
    pictures are like real ones; but also in a collapse, where the generator moves ten times for each step of D and
    is elsewhere by then. The loss says how the duel stands and not how good the pictures are: look at samples,
    count the modes, measure a distance beside its floor, and compare with a control run."""


TASKS = (
    Task(
        "5.1",
        "From D (to logits), G, real pictures x and latents z, write the discriminator's loss as a tensor: minus the "
        "mean of log D(x), minus the mean of log(1 - D(G(z))). Nothing of it may reach G.",
        my_d_loss,
        (
            "log D is logsigmoid of the logit; for 1 - D, the sign of the logit turns.",
            "Cut the graph where G ends.",
        ),
        players,
        must={
            "a loss of log-probabilities is above 0": lambda f, D, G, x, z: f(D, G, x, z)[0] > 0,
        },
        see=felt_by(0, 1),
        compared=("the loss", "its gradient in D's weights", "its gradient in G's weights"),
        mistakes={
            "the number is right, but its gradient flows into G: which line should stop it?": like(
                lambda D, G, x, z: -logsigmoid(D(x)).mean() - logsigmoid(-D(G(z))).mean()
            ),
            "the number is right, but no gradient reaches D: you cut the graph too late.": like(
                lambda D, G, x, z: -logsigmoid(D(x).detach()).mean() - logsigmoid(-D(G(z)).detach()).mean()
            ),
            "the labels are exchanged: D learns to call generated pictures real.": like(
                lambda D, G, x, z: -logsigmoid(-D(x)).mean() - logsigmoid(D(G(z).detach())).mean()
            ),
            "sign: an optimizer goes down this.": like(lambda D, G, x, z: -my_d_loss(D, G, x, z)),
            "exactly half: the two terms are added here.": like(lambda D, G, x, z: my_d_loss(D, G, x, z) / 2),
            "only the real pictures count in yours.": like(lambda D, G, x, z: -logsigmoid(D(x)).mean()),
            "only the generated pictures count in yours.": like(
                lambda D, G, x, z: -logsigmoid(-D(G(z).detach())).mean()
            ),
            "that is a critic's loss (lesson 6): where are the logarithms?": like(
                lambda D, G, x, z: D(G(z).detach()).mean() - D(x).mean()
            ),
            "as many times too large as there are pictures.": like(
                lambda D, G, x, z: len(x) * my_d_loss(D, G, x, z)
            ),
        },
        why="Without detach, G's optimizer would later follow these gradients too, unless they are cleared first.",
    ),
    Task(
        "5.2",
        "Write the generator's non-saturating loss, a tensor: minus the mean of log D(G(z)), with D giving logits.",
        my_g_loss,
        ("As the first term of D's loss, with generated pictures.", "This time the gradient has to reach G."),
        players_without_data,
        see=felt_by(1),
        compared=("the loss", "its gradient in G's weights"),
        mistakes={
            "that is the saturating loss: its gradient dies when D is sure.": like(
                lambda D, G, z: logsigmoid(-D(G(z))).mean()
            ),
            "sign: G goes down this, and wants D(G(z)) large.": like(lambda D, G, z: -my_g_loss(D, G, z)),
            "the number is right, but no gradient reaches G: who cut it off?": like(
                lambda D, G, z: -logsigmoid(D(G(z).detach())).mean()
            ),
            "that is D's loss on fakes: G would learn to be found out.": like(
                lambda D, G, z: -logsigmoid(-D(G(z))).mean()
            ),
            "a logit is no log-probability: that is a critic's generator.": like(
                lambda D, G, z: -D(G(z)).mean()
            ),
            "that is the probability, without the logarithm.": like(
                lambda D, G, z: -torch.sigmoid(D(G(z))).mean()
            ),
            "sum or mean? A larger minibatch should not pull harder.": like(
                lambda D, G, z: -logsigmoid(D(G(z))).sum()
            ),
        },
    ),
    Task(
        "5.3",
        "One line of this training step keeps G from learning. Which one? Answer with its number." + LISTING,
        my_line,
        (
            "Follow the gradient back from each loss: where does it end?",
            "Two lines cut the graph. One of them should.",
        ),
        mistakes={
            "line 1 makes the pictures for both losses; nothing is lost there.": one_of(1),
            "line 2 cuts the graph on purpose: D's loss is no business of G's.": one_of(2),
            "line 3 clears, computes and steps in the right order, for D.": one_of(3),
            "line 5 does what it should with the gradient that it gets. Does it get one?": one_of(5),
            "the listing has lines 1 to 5.": where(lambda n: n < 1 or n > 5),
            "one line: its number is whole.": where(lambda n: n != round(n)),
        },
    ),
    Task(
        "5.4",
        "Write the point at the share t of the way from the latent a to the latent b on a great circle.",
        my_slerp,
        (
            "Both ends get a sine as their weight, divided by a third one.",
            "The angle is that between the *directions*.",
        ),
        latents,
        must={
            "t = 0 is a": lambda f, a, b, t: bool(np.allclose(f(a, b, 0.0), a, atol=1e-4)),
            "t = 1 is b": lambda f, a, b, t: bool(np.allclose(f(a, b, 1.0), b, atol=1e-4)),
        },
        mistakes={
            "that is the straight line, through the ball.": like(lambda a, b, t: (1 - t) * a + t * b),
            "you walk from b to a.": like(lambda a, b, t: my_slerp(a, b, 1 - t)),
            "too short by the same factor everywhere: a denominator is missing.": like(
                lambda a, b, t: my_slerp(a, b, t) * np.sqrt(1 - (a @ b) ** 2 / (a @ a) / (b @ b))
            ),
            "right for latents of length 1: an angle does not depend on lengths.": like(
                lambda a, b, t: _bent(a, b, t, np.arccos(np.clip(a @ b, -1, 1)))
            ),
            "you took the cosine for the angle.": like(
                lambda a, b, t: _bent(a, b, t, a @ b / np.linalg.norm(a) / np.linalg.norm(b))
            ),
            "degrees or radians?": like(lambda a, b, t: _bent(a, b, t, np.degrees(_angle(a, b)))),
            "a straight line brought to length: near, but its steps are uneven.": like(
                lambda a, b, t: ((1 - t) * a + t * b) / np.sqrt((1 - t) ** 2 + t**2)
            ),
        },
    ),
    Task(
        "5.5",
        "From counts (how often the judge named each class), write the number of modes that are there: those with at "
        "least a tenth of their fair share.",
        my_modes,
        (
            "If all classes were equally frequent, how many would each have?",
            "Compare each count with a tenth of that.",
        ),
        counts,
        must={
            "at most as many as there are classes": lambda f, c: f(c).item() <= len(c),
        },
        mistakes={
            "one picture is enough for yours: 991 zeros and nine slips would be ten modes.": like(
                lambda c: (c > 0).sum()
            ),
            "a tenth of *all* pictures: with ten classes that is the whole share.": like(
                lambda c: (c >= c.sum() / 10).sum()
            ),
            "the full share is too much to ask: half of all fair classes miss it.": like(
                lambda c: (c >= c.mean()).sum()
            ),
            "measured by the most frequent class: fair is another thing.": like(
                lambda c: (c >= c.max() / 10).sum()
            ),
            "those are the missing ones.": like(lambda c: (c < c.mean() / 10).sum()),
            "you say which; asked is how many.": like(lambda c: c >= c.mean() / 10),
            "that is a share of the classes; asked is how many.": like(lambda c: (c >= c.mean() / 10).mean()),
        },
    ),
    Task(
        "5.6",
        "In a sentence or two: D's loss stands at 2 log 2. Is the training a success? How would you find out?",
        my_words,
        (
            "When can D tell nothing apart?",
            "Think of the collapse, and of what lesson 5b puts beside every number.",
        ),
        points={
            "2 log 2 says that D can tell nothing apart": "tell, half, 1/2, guess, distinguish, knows nothing, cannot",
            "that is so at the equilibrium, and in a collapse as well": "collapse, both, ten times, mode",
            "look at the pictures, or measure them": "look, measure, distance, entropy, count, sample, picture",
            "beside a control or a floor": "control, floor, compare, yardstick, without, baseline, beside",
        },
    ),
)


def _angle(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))


def _bent(a: np.ndarray, b: np.ndarray, t: float, angle: float) -> np.ndarray:
    return np.asarray((np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle))
