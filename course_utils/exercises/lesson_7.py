"""Lesson 7: neural style transfer."""

import numpy as np
from scipy.linalg import sqrtm

from course_utils.exercises.task import Inputs, Task, like, one_of, times, where

PREDICTIONS = {
    "7.a": "Tiled to twice as many positions, by which factor does the slide's style loss grow?",
}


def features(rng: np.random.Generator) -> Inputs:
    """Of a layer: channels in rows, positions in columns."""
    yield (np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]]),)
    yield (np.array([[1.0, 2.0], [3.0, 4.0], [0.0, 1.0]]),)
    yield (rng.normal(size=(3, 5)) + 1,)


def two_features(rng: np.random.Generator) -> Inputs:
    """Of the picture, and of the style; as many positions."""
    yield np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]]), np.array([[1.0, 1.0, 1.0], [0.0, 2.0, 0.0]])
    for shape in ((1, 2), (3, 5), (4, 2)):
        yield (*rng.normal(size=(2, *shape)),)


def my_gram(F):  # type: ignore[no-untyped-def]
    return F @ F.T


def my_style_loss(F, S):  # type: ignore[no-untyped-def]
    channels, positions = F.shape
    apart = F @ F.T - S @ S.T
    return (apart**2).sum() / (4 * channels**2 * positions**2)


def covariances(rng: np.random.Generator) -> Inputs:
    """Of the photograph's colours, and of the painting's."""
    yield np.array([[4.0]]), np.array([[9.0]])
    yield np.diag([1.0, 4.0]), np.diag([9.0, 1.0])
    for n in (2, 3):
        roots = rng.normal(size=(2, n, n))
        yield tuple(root @ root.T + 0.2 * np.eye(n) for root in roots)


def my_colours(C, C_new):  # type: ignore[no-untyped-def]
    root = sqrtm(C)
    back = np.linalg.inv(root)
    return back @ sqrtm(root @ C_new @ root) @ back


def _whitening(C: np.ndarray, C_new: np.ndarray) -> np.ndarray:
    return np.asarray(sqrtm(C_new) @ np.linalg.inv(sqrtm(C)))


def _without_root(C: np.ndarray, C_new: np.ndarray) -> np.ndarray:
    back = np.linalg.inv(sqrtm(C))
    return np.asarray(back @ (sqrtm(C) @ C_new @ sqrtm(C)) @ back)


def my_line():  # type: ignore[no-untyped-def]
    return 4


LISTING = """
    1  target = gram(network(style))
    2  x = content.clone().requires_grad_(); optimizer = Adam([x])
    3  for step in range(200):
    4      loss = (gram(network(x.clamp(0, 1))) - target).square().sum()
    5      optimizer.zero_grad(); loss.backward(); optimizer.step()"""


def my_words():  # type: ignore[no-untyped-def]
    return """A Gram matrix is a sum over all positions, and a sum does not mind their order: shuffle the positions
    and it is the same. So it says which channels are active together, and not where. Because a channel of a deep
    layer sees a whole neighbourhood, that is enough for strokes and curls, the texture; what is lost is the place
    of things, which is the content's part."""


TASKS = (
    Task(
        "7.1",
        "Write the Gram matrix of features F (channels in rows, positions in columns), as L0 defines it.",
        my_gram,
        (
            "G_ij says how often channels i and j are active at the same place.",
            "As many rows and columns as channels.",
        ),
        features,
        must={
            "blind to the order of the positions": lambda f, F: bool(
                np.allclose(f(F), f(F[:, ::-1].copy()), atol=1e-5)
            ),
            "not negative on the diagonal": lambda f, F: bool((np.diag(f(F).reshape(len(F), -1)) >= 0).all()),
        },
        mistakes={
            "as many rows as positions: that compares places, and we want to forget them.": like(
                lambda F: F.T @ F
            ),
            "divided by the positions: L0's is a sum, the factor comes in the loss.": like(
                lambda F: F @ F.T / F.shape[1]
            ),
            "divided by channels and positions: L0's is a plain sum.": like(lambda F: F @ F.T / F.size),
            "that is the covariance: the means are not taken off here.": like(lambda F: np.cov(F)),
            "that is the correlation: a Gram matrix keeps how strong a channel is.": like(
                lambda F: np.corrcoef(F)
            ),
            "entry by entry: which channels act *together*?": like(lambda F: F * F),
            "that is the diagonal only: each channel with itself.": like(lambda F: (F**2).sum(1)),
        },
    ),
    Task(
        "7.2",
        "Write the style loss of one layer with Gatys's normalisation, for features F of the picture and S of the "
        "style (both channels x positions, equally many).",
        my_style_loss,
        (
            "Compare Gram matrices: the sum of squared differences.",
            "Four, and both sizes squared, in the denominator.",
        ),
        two_features,
        must={
            "0 for the style itself": lambda f, F, S: abs(f(S, S).item()) < 1e-9,
            "blind to the order of positions": lambda f, F, S: (
                abs(f(F[:, ::-1].copy(), S).item() - f(F, S).item()) < 1e-5
            ),
        },
        mistakes={
            "that is the slide's factor: a picture of twice as many pixels has twice the loss.": like(
                lambda F, S: ((F @ F.T - S @ S.T) ** 2).sum() / (4 * F.size)
            ),
            "four times too large: what stands before the sizes?": times(4),
            "no normalisation: layers of other sizes count otherwise.": like(
                lambda F, S: ((F @ F.T - S @ S.T) ** 2).sum()
            ),
            "a mean over the entries knows the channels only.": like(
                lambda F, S: ((F @ F.T - S @ S.T) ** 2).mean()
            ),
            "features compared place by place: that is a content loss.": like(
                lambda F, S: ((F - S) ** 2).sum() / (4 * F.size**2)
            ),
            "Gram matrices of places: channels belong in them.": like(
                lambda F, S: ((F.T @ F - S.T @ S) ** 2).sum() / (4 * F.size**2)
            ),
            "differences count by their squares.": like(
                lambda F, S: np.abs(F @ F.T - S @ S.T).sum() / (4 * F.size**2)
            ),
            "that is the length of the difference: the square stays.": like(
                lambda F, S: np.sqrt(((F @ F.T - S @ S.T) ** 2).sum()) / (4 * F.size**2)
            ),
        },
    ),
    Task(
        "7.3",
        "Colours have the covariance C, and shall get C_new, moving as little as possible. Write the matrix A of the "
        "optimal transport map (scipy.linalg.sqrtm gives the root of one).",
        my_colours,
        (
            "A is symmetric, and A C A is the new covariance.",
            "Between two inverse roots stands the root of a product.",
        ),
        covariances,
        must={
            "A carries C onto the new covariance, A C A^T": lambda f, C, D: bool(
                np.allclose(f(C, D).reshape(C.shape) @ C @ f(C, D).reshape(C.shape).T, D, atol=1e-3)
            ),
            "A is symmetric (the map moves least)": lambda f, C, D: bool(
                np.allclose(f(C, D).reshape(C.shape), f(C, D).reshape(C.shape).T, atol=1e-4)
            ),
        },
        mistakes={
            "whitening and colouring: it has the right covariance, and moves further than needed.": like(
                _whitening
            ),
            "that way the painting gets the photograph's colours.": like(lambda C, D: my_colours(D, C)),
            "you use the product itself; a root of it belongs in the middle.": like(_without_root),
            "right for channels without correlation: what of those off the diagonal?": like(
                lambda C, D: np.diag(np.sqrt(np.diag(D) / np.diag(C)))
            ),
            "a covariance scales with the square of the colours: roots?": like(
                lambda C, D: D @ np.linalg.inv(C)
            ),
            "the factors in this order miss the covariance.": like(
                lambda C, D: sqrtm(np.linalg.inv(C)) @ sqrtm(D)
            ),
            "as if the photograph were white already.": like(lambda C, D: sqrtm(D)),
        },
        why="The same map gives lesson 5's Fréchet distance its W_2.",
    ),
    Task(
        "7.4",
        "Pixels that have once left [0, 1] do not come back in this listing. Which line is to blame?"
        + LISTING,
        my_line,
        ("What is the derivative of clamp beyond its limits?", "The limits should act after the step."),
        mistakes={
            "line 1: a target is computed once. Right so.": one_of(1),
            "line 2: the pixels are what the optimizer moves. Right so.": one_of(2),
            "line 3: more steps would not bring them back.": one_of(3),
            "line 5 has the right order. Which gradient does a pixel at 1.2 get?": one_of(5),
            "the listing has lines 1 to 5.": where(lambda n: n < 1 or n > 5),
            "one line: its number is whole.": where(lambda n: n != round(n)),
        },
    ),
    Task(
        "7.5",
        "In a sentence or two: what does a Gram matrix forget, and why is it still enough for a style?",
        my_words,
        ("Over what is the sum?", "What does one channel of a deep layer see?"),
        points={
            "a sum over positions forgets where": "where, position, place, order, locat, arrange",
            "it keeps which channels are active together": "together, same time, correl, co-occur, pairs, jointly",
            "a channel sees a neighbourhood: strokes and textures": "neighbourhood, neighborhood, stroke, "
            "texture, pattern, patch, curl",
        },
    ),
)
