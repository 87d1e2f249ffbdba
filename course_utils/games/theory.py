"""What theory says about the step rules on a linear game, and near a resting point of any game.

Near a point z* where both gradients vanish, the players' field is v(z) = J (z - z*), and one step of every
method is a matrix. All its eigenvalues inside the unit circle: the method converges. One outside: it
diverges.
For L = x y, J turns by a quarter: [[0, -1], [1, 0]], with eigenvalues +i and -i.
"""

from collections.abc import Callable

import numpy as np
from scipy.linalg import expm

from course_utils.checks import number, numbers, one_of, positive, whole
from course_utils.games.game import Game, as_game

OPTIMISTIC_LIMIT = 1.0 / np.sqrt(3.0)  # the optimistic step on x y contracts for learning rates below this


def jacobian(game: Game, point: np.ndarray | None = None, *, width: float = 1e-3) -> np.ndarray:
    """J (d, d), the derivative of `game.field` at a point (default: the game's first equilibrium).

    Central differences of fourth order: exact up to rounding for polynomials of degree 4, error of order
    width^4 otherwise. So it works for any game, also one given by its gradients alone.

    Raises
    ------
    ValueError
        when the game's gradients are random, or no point is given and no equilibrium is known; or for a width too small
        beside the point.
    """
    if as_game(game).stochastic:
        raise ValueError(f"{game.name} has random gradients. Build it without batch_size to see its field.")
    if point is None and len(game.equilibria) == 0:
        raise ValueError(f"{game.name} has no known equilibrium: give a point, as in jacobian(game, (0, 0)).")
    z = game.equilibria[0] if point is None else numbers("point", point)
    if z.shape != (game.dimension,):
        raise ValueError(f"point has shape {z.shape}; {game.name} has {game.dimension} coordinates.")
    width = positive("width", width)
    if np.spacing(np.abs(z).max()) > 1e-6 * width:
        raise ValueError(
            f"width is {width:g}, which rounding drowns beside coordinates of {np.abs(z).max():g}: take a larger one."
        )
    h = width * np.eye(game.dimension)
    near, far = game.field(z + h) - game.field(z - h), game.field(z + 2 * h) - game.field(z - 2 * h)
    return (8.0 * near - far).T / (12.0 * width)


def _alternating(j: np.ndarray, eta: float, n_x: int) -> np.ndarray:
    identity = np.eye(len(j))
    x_step, y_step = identity.copy(), identity.copy()
    x_step[:n_x] += eta * j[:n_x]
    y_step[n_x:] += eta * j[n_x:]
    return y_step @ x_step


def _two_steps(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Companion matrix of z_{t+1} = now z_t + before z_{t-1}, acting on (z_t, z_{t-1})."""
    return np.block([[now, before], [np.eye(len(now)), np.zeros_like(now)]])


STEP_MATRICES: dict[str, Callable[..., np.ndarray]] = {
    "simultaneous": lambda j, eta, n_x: np.eye(len(j)) + eta * j,
    "alternating": _alternating,
    "momentum": lambda j, eta, n_x, momentum=0.9: _two_steps(
        (1.0 + momentum) * np.eye(len(j)) + eta * j, -momentum * np.eye(len(j))
    ),
    "optimistic": lambda j, eta, n_x: _two_steps(np.eye(len(j)) + 2.0 * eta * j, -eta * j),
    "extragradient": lambda j, eta, n_x: np.eye(len(j)) + eta * j + eta**2 * j @ j,
    "consensus": lambda j, eta, n_x, strength=1.0: np.eye(len(j)) + eta * (j - strength * j.T @ j),
    "flow": lambda j, eta, n_x: expm(eta * j),
}


def step_matrix(
    method: str, j: np.ndarray, learning_rate: float, *, n_x: int | None = None, **options: float
) -> np.ndarray:
    """The matrix that one step of `method` multiplies z - z* with, where the field is v(z) = J (z - z*).

    Parameters
    ----------
    j : J (d, d), for example from `jacobian`.
    n_x : how many of the d coordinates are x's (only "alternating" asks); half of them by default.
    options : as in `simulate`: strength= for "consensus", momentum= for "momentum".

    Returns
    -------
    (d, d); for "optimistic" and "momentum", which remember a step, the companion matrix (2d, 2d) that acts on
    (z_t - z*, z_{t-1} - z*). "optimistic" starts from (z_0 - z*, 0), "momentum" from (z_0 - z*, z_0 - z*).

    Raises
    ------
    ValueError
        when the method's matrix is not known, or J is not square.
    """
    one_of("method", method, STEP_MATRICES)
    j, learning_rate = numbers("j", j), number("learning_rate", learning_rate)
    if j.ndim != 2 or j.shape[0] != j.shape[1] or not len(j):
        raise ValueError(f"j has shape {j.shape}, but a field in d dimensions has a (d, d) derivative.")
    n_x = len(j) // 2 if n_x is None else whole("n_x", n_x, 0, len(j))
    return STEP_MATRICES[method](j, learning_rate, n_x, **options)


def eigenvalues(
    method: str, j: np.ndarray, learning_rates: np.ndarray, *, n_x: int | None = None, **options: float
) -> np.ndarray:
    """Eigenvalues of `step_matrix` for learning rates (...): (..., d) or (..., 2d), sorted by real part."""
    rates = numbers("learning_rates", learning_rates)
    each = [np.linalg.eigvals(step_matrix(method, j, eta, n_x=n_x, **options)) for eta in rates.ravel()]
    return np.sort_complex(np.reshape(each, (*rates.shape, -1 if rates.size else len(j))))


def radius_factor(method: str, learning_rate: np.ndarray | float, *, strength: float = 1.0) -> np.ndarray:
    """Spectral radius of one step on L = x y, in closed form, for learning rates eta (...).

        simultaneous    sqrt(1 + eta^2)
        extragradient   sqrt(1 - eta^2 + eta^4)
        consensus       sqrt((1 - strength eta)^2 + eta^2)
        flow            1
        alternating     1 up to eta = 2, then (eta^2 - 2 + eta sqrt(eta^2 - 4)) / 2
        optimistic      sqrt((1 + sqrt(1 - 4 eta^2)) / 2) up to eta = 1/2,
                        then sqrt(1 + (2 eta + sqrt(4 eta^2 - 1))^2) / 2; it passes 1 at eta = 1 / sqrt(3)

    The first four multiply the distance to (0, 0) by exactly this at every step; for the last two it is the
    rate in the long run. For L = s x y put s * eta in place of eta (and s * strength for strength).

    Raises
    ------
    ValueError
        for a method without a closed form here.
    """
    eta, strength = numbers("learning_rate", learning_rate), number("strength", strength)
    advice = "which have a closed form; for others take the largest modulus of eigenvalues(...)"
    return RADIUS_FACTORS[one_of("method", method, RADIUS_FACTORS, advice)](eta, strength)


def _alternating_factor(eta: np.ndarray, _strength: float) -> np.ndarray:
    beyond = np.maximum(np.abs(eta), 2.0)
    return (beyond**2 - 2.0 + beyond * np.sqrt(beyond**2 - 4.0)) / 2.0


def _optimistic_factor(eta: np.ndarray, _strength: float) -> np.ndarray:
    eta = np.abs(eta)
    slow, fast = np.minimum(eta, 0.5), np.maximum(eta, 0.5)
    below = np.sqrt((1.0 + np.sqrt(1.0 - 4.0 * slow**2)) / 2.0)
    return np.where(eta <= 0.5, below, np.hypot(1.0, 2.0 * fast + np.sqrt(4.0 * fast**2 - 1.0)) / 2.0)


RADIUS_FACTORS: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "simultaneous": lambda eta, strength: np.sqrt(1.0 + eta**2),
    "extragradient": lambda eta, strength: np.sqrt(1.0 - eta**2 + eta**4),
    "consensus": lambda eta, strength: np.hypot(1.0 - strength * eta, eta),
    "flow": lambda eta, strength: np.ones_like(eta),
    "alternating": _alternating_factor,
    "optimistic": _optimistic_factor,
}


def alternating_invariant(points: np.ndarray, learning_rate: float) -> np.ndarray:
    """x^2 + y^2 - eta x y for points (..., 2), which alternating steps on L = x y leave as it is.

    For eta < 2 its level sets are ellipses, so the players circle for ever; from eta = 2 on they are open.
    """
    points, learning_rate = numbers("points", points), number("learning_rate", learning_rate)
    if points.shape[-1:] != (2,):
        raise ValueError(f"points has shape {points.shape}; give points (..., 2), x before y.")
    x, y = points[..., 0], points[..., 1]
    return x * x + y * y - learning_rate * x * y
