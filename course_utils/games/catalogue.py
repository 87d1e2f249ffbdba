"""Games of two players, by name: x y and its relatives. In every one x descends and y ascends."""

import numpy as np

from course_utils.checks import generator, number, numbers, positive, whole
from course_utils.games.game import Coordinates, Game


def bilinear(matrix: np.ndarray | float = 1.0) -> Game:
    """L(x, y) = x^T A y, by default x y (L0, problem II).

    Parameters
    ----------
    matrix : A, a number or (n, m); x then has n coordinates and y has m. A 1 x 1 matrix counts as a number.

    The origin is an equilibrium, and the only one when A is square and invertible. Of x y, the whole line
    x = 0 solves min over x of max over y, but only (0, 0) is a saddle point, where neither player gains by
    moving alone.

    Raises
    ------
    ValueError
        when `matrix` is neither a finite number nor a finite (n, m) array.
    """
    a = numbers("matrix", matrix)
    if a.ndim not in (0, 2) or a.size == 0:
        raise ValueError(f"matrix has shape {a.shape}: give a number or an (n, m) array of finite numbers.")
    if a.size == 1:
        s = a.item()
        return Game(
            value=lambda x, y: s * x * y,
            gradients=lambda x, y: (s * y, s * x),
            second_derivatives=lambda x, y: (0.0, s, s, 0.0),
            equilibria=np.zeros(2),
            name="x y" if s == 1.0 else f"{s:g} x y",
        )
    n, m = a.shape
    blocks = np.zeros((n, n)), a, a.T, np.zeros((m, m))
    return Game(
        value=lambda x, y: ((x @ a) * y).sum(axis=-1),
        gradients=lambda x, y: (y @ a.T, x @ a),
        second_derivatives=lambda x, y: blocks,
        equilibria=np.zeros(n + m),
        players=(n, m),
        name="x^T A y",
    )


def convex_concave(curvature: float = 1.0, coupling: float = 1.0) -> Game:
    """L(x, y) = (curvature / 2) (x^2 - y^2) + coupling x y: a bowl for x, a hill for y, as contrast to x y.

    With curvature > 0 the only equilibrium is (0, 0) and its flow spirals in, as exp(-curvature t).

    Raises
    ------
    ValueError
        when the curvature is not positive.
    """
    c = positive("curvature", curvature, "so that the game is convex-concave")
    b = number("coupling", coupling)
    return Game(
        value=lambda x, y: 0.5 * c * (x * x - y * y) + b * x * y,
        gradients=lambda x, y: (c * x + b * y, b * x - c * y),
        second_derivatives=lambda x, y: (c, b, b, -c),
        equilibria=np.zeros(2),
        name="convex-concave",
    )


def nonconvex(strength: float = 1.0) -> Game:
    """L(x, y) = x y + strength (x^4 / 4 - x^2 / 2): two wells for x, and no equilibrium at all.

    Both gradients vanish only at (0, 0), where x sits on a hilltop. The flow is the van der Pol oscillator
    for u = sqrt(3) x, that is u'' - strength (1 - u^2) u' + u = 0, so every other start ends on one limit
    cycle; for a small strength it has |x| up to 2 / sqrt(3).

    Raises
    ------
    ValueError
        when the strength is not positive.
    """
    s = positive("strength", strength, "for x to have two wells")
    return Game(
        value=lambda x, y: x * y + s * (0.25 * x * x * x * x - 0.5 * x * x),
        gradients=lambda x, y: (y + s * (x * x * x - x), x),
        second_derivatives=lambda x, y: (s * (3.0 * x * x - 1.0), 1.0, 1.0, 0.0),
        name="nonconvex (van der Pol)",
    )


def gaussian_mean_game(
    mean: np.ndarray | float = 1.0, *, batch_size: int | None = None, rng: np.random.Generator | None = None
) -> Game:
    """A WGAN that learns the mean of a Gaussian with a linear critic (L3, "Training GANs").

    Data N(mean, I), generator x + noise with noise N(0, I), critic f_y(a) = <y, a>:
    L(x, y) = E f_y(data) - E f_y(generated) = <y, mean - x>. The equilibrium is x = mean, y = 0.

    Parameters
    ----------
    mean : a number, or (d,) for d dimensions; each player then has d coordinates.
    batch_size : None for exact expectations. An integer B: the critic's gradient is the difference of the
        means of two fresh batches of B, drawn directly from its law, N(mean - x, (2 / B) I), independently
        for every start and every evaluation. (The generator's gradient, -y, holds no sample.)
    rng : where those draws come from; needed with batch_size. To repeat a run, begin with the same seed.

    Raises
    ------
    ValueError
        when the mean is not a number or a vector, the batch size is not positive, or rng is missing.
    """
    mu = numbers("mean", mean)
    if mu.ndim > 1 or mu.size == 0:
        raise ValueError(f"mean has shape {mu.shape}: give a number or a vector of finite numbers.")
    if batch_size is not None:
        batch_size = whole("batch_size", batch_size, advice="or None for exact expectations")
        generator("rng", rng, "for the mini-batches")
    d = mu.size
    target = mu.item() if d == 1 else mu
    noise = 0.0 if batch_size is None else (2.0 / batch_size) ** 0.5

    def value(x: Coordinates, y: Coordinates) -> Coordinates:
        return y * (target - x) if d == 1 else (y * (target - x)).sum(axis=-1)

    def gradients(x: Coordinates, y: Coordinates) -> tuple[Coordinates, Coordinates]:
        gap = target - x
        if rng is not None and noise:
            gap = gap + noise * rng.standard_normal(np.shape(x) or None)
        return -y, gap

    zero, one = (0.0, 1.0) if d == 1 else (np.zeros((d, d)), np.eye(d))
    return Game(
        value=value,
        gradients=gradients,
        second_derivatives=lambda x, y: (zero, -one, -one, zero),
        equilibria=np.append(mu, np.zeros(d)),
        players=(d, d),
        stochastic=batch_size is not None,
        name="mean of a Gaussian",
    )
