"""The step rules that play a game, and `simulate`, which lets them.

A step rule is a generator of a few lines that yields the next point for ever, so its memory (an old gradient,
a momentum) is a local variable. To try your own, write one and pass it to `simulate`, or give it a name:
``METHODS["mine"] = my_rule``.

Speed: a game of two numbers is played on plain Python floats when there is one start (NumPy's overhead per
operation would be ten times the arithmetic) and on arrays when there are many; the same formulas serve both.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_utils.checks import function, number, numbers, one_of, positive, whole
from course_utils.games.game import Coordinates, Game, as_game, with_consensus

Steps = Iterator[tuple[Coordinates, Coordinates]]
StepRule = Callable[..., Steps]

BLOCK = 256  # steps between two looks at whether every run is past the bound


# The step rules. Your own may change x and y in place, and yield floats, arrays, tensors or lists: what it yields is
# copied at once.


def simultaneous(game: Game, x: Coordinates, y: Coordinates, learning_rate: float) -> Steps:
    """Both players step from the same point: z <- z + eta v(z)."""
    while True:
        gx, gy = game.gradients(x, y)
        x, y = x - learning_rate * gx, y + learning_rate * gy
        yield x, y


def alternating(game: Game, x: Coordinates, y: Coordinates, learning_rate: float) -> Steps:
    """x steps first, then y answers at the new x (L0, problem II)."""
    while True:
        x = x - learning_rate * game.gradients(x, y)[0]
        y = y + learning_rate * game.gradients(x, y)[1]
        yield x, y


def momentum(
    game: Game, x: Coordinates, y: Coordinates, learning_rate: float, *, momentum: float = 0.9
) -> Steps:
    """Simultaneous steps along m <- momentum m + gradient (heavy ball); it may be negative."""
    mx = my = 0.0
    while True:
        gx, gy = game.gradients(x, y)
        mx, my = momentum * mx + gx, momentum * my + gy
        x, y = x - learning_rate * mx, y + learning_rate * my
        yield x, y


def optimistic(game: Game, x: Coordinates, y: Coordinates, learning_rate: float) -> Steps:
    """z_{t+1} = z_t - eta (2 g_t - g_{t-1}), with g zero before the first step (L3, optimistic descent)."""
    old_gx = old_gy = 0.0
    while True:
        gx, gy = game.gradients(x, y)
        x, y = x - learning_rate * (2.0 * gx - old_gx), y + learning_rate * (2.0 * gy - old_gy)
        old_gx, old_gy = gx, gy
        yield x, y


def extragradient(game: Game, x: Coordinates, y: Coordinates, learning_rate: float) -> Steps:
    """Look one step ahead, come back, and step with the gradients found there (Korpelevich 1976)."""
    while True:
        gx, gy = game.gradients(x, y)
        gx, gy = game.gradients(x - learning_rate * gx, y + learning_rate * gy)
        x, y = x - learning_rate * gx, y + learning_rate * gy
        yield x, y


def consensus(
    game: Game, x: Coordinates, y: Coordinates, learning_rate: float, *, strength: float = 1.0
) -> Steps:
    """Simultaneous steps in the game of `with_consensus` (Mescheder, Nowozin, Geiger 2017)."""
    return simultaneous(with_consensus(game, strength), x, y, learning_rate)


METHODS: dict[str, StepRule] = {
    rule.__name__: rule
    for rule in (simultaneous, alternating, momentum, optimistic, extragradient, consensus)
}


@dataclass(frozen=True, eq=False)
class Trajectory:
    """A played game.

    points : (steps + 1, ..., dimension); points[0] is the start. From the first step with a coordinate past
        the bound on, every entry is NaN.
    diverged_at : the index of that step, None if there is none; for many starts an array of ints (...), with
        -1 for none.
    method, learning_rate : how it was played. For "flow", points[k] is the flow at time k * learning_rate.
    """

    points: np.ndarray
    diverged_at: int | np.ndarray | None
    method: str
    learning_rate: float

    def __repr__(self) -> str:
        runs = self.points[0].size // self.points.shape[-1]
        lost = int(np.sum(np.asarray(-1 if self.diverged_at is None else self.diverged_at) >= 0))
        if self.points.ndim > 2:
            end = f"{runs:,} starts, {lost:,} diverged"
        else:
            points = [self.points[0], self.points[-1]]
            start, last = (
                f"({', '.join(f'{c:.3g}' for c in z[:3])}{', ...' * (len(z) > 3)})" for z in points
            )
            end = f"from {start}, " + (f"diverged at step {self.diverged_at:,}" if lost else f"to {last}")
        return (
            f"<Trajectory {self.method!r}: {len(self.points) - 1:,} steps of {self.learning_rate:g}, {end}>"
        )

    @property
    def averages(self) -> np.ndarray:
        """Average iterates (steps + 1, ..., dimension): averages[k] is the mean of points[0..k]."""
        count = np.arange(1, len(self.points) + 1).reshape(-1, *[1] * (self.points.ndim - 1))
        return np.cumsum(self.points, axis=0) / count

    def moving_average(self, decay: float = 0.99) -> np.ndarray:
        """The exponential moving average (EMA), (steps + 1, ..., dimension), which forgets where the run began:
        a_0 = z_0, a_k = decay a_{k-1} + (1 - decay) z_k.

        Raises
        ------
        ValueError
            for a decay outside [0, 1).
        """
        decay = number("decay", decay, "[0, 1)", "such as 0.99")
        averages = self.points.copy()
        for k in range(1, len(averages)):
            averages[k] = decay * averages[k - 1] + (1.0 - decay) * self.points[k]
        return averages

    def distance_to(self, point: np.ndarray | float = 0.0) -> np.ndarray:
        """Euclidean distance of every point to `point`, (steps + 1, ...)."""
        point = numbers("point", point)
        if point.shape not in ((), self.points.shape[-1:], self.points.shape[1:]):
            raise ValueError(
                f"point has shape {point.shape}; the players have {self.points.shape[-1]} coordinates."
            )
        return np.linalg.norm(self.points - point, axis=-1)


def simulate(
    game: Game,
    method: str | StepRule,
    start: np.ndarray,
    *,
    steps: int,
    learning_rate: float,
    bound: float = 1e6,
    **options: float,
) -> Trajectory:
    """Play `game` with `method` from `start`.

    Parameters
    ----------
    method : a name in METHODS, "flow" (the continuous dynamics dz/dt = v(z), seen every `learning_rate` units
        of time, integrated to a relative tolerance of 1e-10), or a step rule of your own.
    start : (dimension,) for one run or (..., dimension) for many at once; x's coordinates first.
    bound : a run has diverged once a coordinate exceeds this; it is not followed any further.
    options : what the step rule takes besides: strength= for "consensus", momentum= for "momentum".

    Raises
    ------
    ValueError
        for an unknown method, a start of the wrong shape or past the bound, a step count or a learning rate
        that makes no sense, for the flow of a game with random gradients, and for a step rule that stops, yields
        something that is no point, or yields nan although it was far from the bound (below its square root).
    """
    as_game(game)
    bound = positive("bound", bound)
    start = numbers("start", start, advice=f"give coordinates between -{bound:g} and {bound:g}").copy()
    _check(game, method, start, steps, learning_rate, bound)
    points = np.full((steps + 1, *start.shape), np.nan)
    points[0] = start
    with np.errstate(over="ignore", invalid="ignore"):  # what a diverged run holds is thrown away below
        _refuse_writing(game, start)
        if method == "flow":
            _follow_flow(game, points, learning_rate, bound, **options)
        else:
            rule = METHODS[method] if isinstance(method, str) else method
            x, y = (part if part.ndim else float(part) for part in game.split(start))
            _follow_steps(rule(game, x, y, learning_rate, **options), game.players[0], points, bound)
    outside = np.logical_or.accumulate(~_inside(points, bound), axis=0)
    if method != "flow":
        _refuse_nan(points, outside, bound, game)
    points[outside] = np.nan
    diverged_at: int | np.ndarray | None = np.where(outside[-1], outside.argmax(axis=0), -1)
    if start.ndim == 1:
        diverged_at = int(outside.argmax()) if outside[-1] else None
    name = method if isinstance(method, str) else method.__name__
    return Trajectory(points, diverged_at, name, learning_rate)


def _refuse_writing(game: Game, start: np.ndarray) -> None:
    """An error where the gradients write into the points that they are given: the next step would start elsewhere."""
    alone = start.ndim == 1 and game.players == (1, 1)  # two numbers, which nobody can change in place
    if alone or game.stochastic:  # one more call would draw other numbers for the run
        return
    given = start.copy()
    game.gradients(*game.split(given))
    if not np.array_equal(given, start):
        raise ValueError(
            f"the gradients of {game.name} change the x or y that they are given: compute new numbers, "
            "x = x - 1 and not x -= 1."
        )


def _inside(points: np.ndarray, bound: float) -> np.ndarray:
    return (np.abs(points) <= bound).all(axis=-1)  # False for NaN as well


def _refuse_nan(points: np.ndarray, outside: np.ndarray, bound: float, game: Game) -> None:
    """An error if a run became nan where nothing was large: this is a mistake, no divergence."""
    entered = outside[1:] & ~outside[:-1] & np.isnan(points[1:]).any(axis=-1)
    small = (np.abs(points[:-1]) <= bound**0.5).all(axis=-1)
    if (entered & small).any():
        step, *run = np.argwhere(entered & small)[0]
        raise ValueError(
            f"The step rule gave {points[(step + 1, *run)]} in step {step + 1}, from {points[(step, *run)]}: look for "
            f"0/0, or a root or logarithm of a negative number, in the rule or in the gradients of {game.name}."
        )


def _follow_steps(stepper: Steps, n_x: int, points: np.ndarray, bound: float) -> None:
    """Write the points of `stepper` into points[1:], until every run is past the bound."""
    for done, row in enumerate(points[1:]):
        try:
            pair = next(stepper)
        except StopIteration:
            raise ValueError(
                f"The step rule stopped after {done} steps. It has to go on for ever: "
                "while True, compute the next x and y and yield x, y."
            ) from None
        except OverflowError:  # Python's float power and exp raise where NumPy gives inf: far past any bound
            row[...] = np.inf
            return
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise _no_point(f"a {type(pair).__name__}, {pair!r:.60}")
        x, y = pair
        if row.shape == (2,) and type(x) is float is type(y):  # the usual case, and ten times faster
            row[0], row[1] = x, y
        else:
            _copy("x", x, row[..., :n_x])
            _copy("y", y, row[..., n_x:])
        if (done + 1) % BLOCK == 0 and not _inside(row, bound).any():
            return


def _copy(name: str, value: Any, part: np.ndarray) -> None:
    """Write what a rule yields, a number, an array, a tensor or a list, into its part (..., n) of a row of points."""
    target = part[..., 0] if part.shape[-1] == 1 else part  # one coordinate is a number
    try:
        found = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
    except ValueError as error:
        raise _no_point(f"{name} = {value!r:.60}") from error
    if found.dtype.kind not in "iuf":
        raise _no_point(f"{name} = {value!r:.60}")
    if found.shape not in (target.shape, part.shape):
        raise _no_point(f"{name} of shape {found.shape} where {target.shape} belongs")
    target[...] = found if found.shape == target.shape else found[..., 0]


def _no_point(what: str) -> ValueError:
    return ValueError(
        f"The step rule yielded {what}. It must yield the next point: yield x, y, in the shapes that it was given."
    )


def _follow_flow(game: Game, points: np.ndarray, learning_rate: float, bound: float) -> None:
    """Write the flow at times k * learning_rate into points[1:], run by run: each has its own step sizes, so
    that one which explodes in finite time does not hold up the others."""
    if len(points) == 1:
        return
    from scipy.integrate import solve_ivp  # slow

    def room_left(_time: float, z: np.ndarray) -> float:
        return bound - np.abs(z).max()

    room_left.terminal = True  # type: ignore[attr-defined] # how scipy wants to be told
    times = learning_rate * np.arange(len(points))
    for run in np.ndindex(points.shape[1:-1]):
        solution = solve_ivp(
            lambda _time, z: game.field(z),
            (0.0, times[-1]),
            points[(0, *run)],
            method="DOP853",
            t_eval=times,
            events=room_left,
            rtol=1e-10,
            atol=1e-12
            * min(1.0, 1e3 * (np.abs(points[(0, *run)]).max() or 1.0)),  # a start of 1e-9 has digits, too
        )
        if not solution.success:
            raise RuntimeError(f"The flow of {game.name} could not be followed: {solution.message}")
        points[(slice(solution.y.shape[1]), *run)] = solution.y.T


def _check(
    game: Game, method: str | StepRule, start: np.ndarray, steps: int, learning_rate: float, bound: float
) -> None:
    if isinstance(method, str):
        one_of("method", method, [*METHODS, "flow"])
    else:
        function("method", method, f"a step rule, or one of {', '.join([*METHODS, 'flow'])}")
    if method == "flow" and game.stochastic:
        raise ValueError(
            f"{game.name} has random gradients, so there is no flow. Build it without batch_size."
        )
    if start.ndim == 0 or start.shape[-1] != game.dimension:
        raise ValueError(
            f"start has shape {start.shape}, but a point of {game.name} has {game.dimension} coordinates: "
            f"give shape ({game.dimension},) for one start or (..., {game.dimension}) for many."
        )
    if not _inside(start, bound).all():
        raise ValueError(f"start is {start}: give coordinates between -{bound:g} and {bound:g}.")
    whole("steps", steps, at_least=0)
    positive("learning_rate", learning_rate, "such as 0.1")
