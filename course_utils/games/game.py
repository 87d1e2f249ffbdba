"""What a two-player game is: what each player wants, and which way each moves.

Player x wants its loss small, player y wants its payoff large; in a zero-sum game both are the same value
L(x, y). The simplest example is L = x y: ``Game(lambda x, y: x * y, lambda x, y: (y, x))``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course_utils import checks

Coordinates = Any  # a float, an array (...) of floats, or an array (..., n) for a player with n coordinates


@dataclass(frozen=True)
class Game:
    """A differentiable game for two players.

    Parameters
    ----------
    value : (x, y) -> what y makes large, and x makes small unless `x_loss` says otherwise.
    gradients : (x, y) -> (d x_loss / dx, d value / dy). x descends the first, y ascends the second.
    second_derivatives : (x, y) -> (xx, xy, yx, yy), the derivatives of the two gradients: xy is the
        x-gradient's derivative in y. Only "consensus" needs them.
    x_loss : (x, y) -> what x makes small, where that is not `value` (a game that is not zero-sum).
    equilibria : (k, dimension), the known Nash equilibria (the saddle points of a zero-sum game).
    players : how many coordinates x and y have. With (1, 1) the functions receive two numbers, or two arrays
        of the same shape (many starts at once): write plain arithmetic and both work. Otherwise they receive
        arrays (..., n) and (..., m).
    stochastic : True when `gradients` draws random numbers.
    """

    value: Callable[[Coordinates, Coordinates], Coordinates]
    gradients: Callable[[Coordinates, Coordinates], tuple[Coordinates, Coordinates]]
    second_derivatives: (
        Callable[[Coordinates, Coordinates], tuple[Coordinates, Coordinates, Coordinates, Coordinates]] | None
    ) = None
    x_loss: Callable[[Coordinates, Coordinates], Coordinates] | None = None
    equilibria: np.ndarray = field(default_factory=lambda: np.zeros(0))
    players: tuple[int, int] = (1, 1)
    stochastic: bool = False
    name: str = "game"

    def __post_init__(self) -> None:
        for name in ("value", "gradients"):
            checks.function(name, getattr(self, name), "a function of x and y, such as lambda x, y: x * y")
        object.__setattr__(
            self, "players", checks.each("players", self.players, checks.whole, 2, "such as (1, 1)")
        )
        known = checks.numbers("equilibria", self.equilibria)
        if known.shape[-1:] != (self.dimension,) and known.size:
            raise ValueError(f"equilibria has shape {known.shape}; give points (k, {self.dimension}).")
        object.__setattr__(self, "equilibria", known.reshape(-1, self.dimension))

    @property
    def dimension(self) -> int:
        return sum(self.players)

    def split(self, points: np.ndarray) -> tuple[Coordinates, Coordinates]:
        """Points (..., dimension) -> the two players' parts, in the form that `gradients` takes."""
        if self.players == (1, 1):
            return points[..., 0], points[..., 1]
        return points[..., : self.players[0]], points[..., self.players[0] :]

    def field(self, points: np.ndarray) -> np.ndarray:
        """Where the players move, (-d x_loss / dx, +d value / dy), at points (..., dimension)."""
        x, y = self.split(np.asarray(points, float))
        gx, gy = self.gradients(x, y)
        if self.players == (1, 1):
            if not np.ndim(gx) and not np.ndim(gy):
                return np.array([-1.0 * gx, gy])  # a flow asks for thousands of single points
            found = np.empty((*np.broadcast_shapes(np.shape(gx), np.shape(gy)), 2))  # faster than a stack
            found[..., 0], found[..., 1] = -1.0 * gx, gy
            return found
        return np.concatenate([-gx, gy], axis=-1)

    def energy_gradient(self, x: Coordinates, y: Coordinates) -> tuple[Coordinates, Coordinates]:
        """Gradient in x and y of E = (|x-gradient|^2 + |y-gradient|^2) / 2, which is zero where both rest."""
        if self.second_derivatives is None:
            raise ValueError(
                f"{self.name} has no second derivatives, and consensus needs them: build it with Game(value, "
                "gradients, second_derivatives=lambda x, y: (xx, xy, yx, yy)), or choose another method."
            )
        gx, gy = self.gradients(x, y)
        xx, xy, yx, yy = self.second_derivatives(x, y)
        if self.players == (1, 1):
            return gx * xx + gy * yx, gx * xy + gy * yy

        def pull(g: np.ndarray, block: np.ndarray) -> np.ndarray:
            return np.einsum("...i,...ij->...j", g, block)

        return pull(gx, xx) + pull(gy, yx), pull(gx, xy) + pull(gy, yy)


def as_game(game: Any) -> Game:
    """The game itself, where it is one."""
    return checks.instance("game", game, Game, "a Game, such as bilinear()", "and it comes first")


def with_consensus(game: Game, strength: float = 1.0) -> Game:
    """The same game where both players also want to come to rest: x's loss gains strength * E, y's payoff
    loses strength * E, with E as in `Game.energy_gradient` (Mescheder, Nowozin, Geiger 2017)."""
    game, strength = as_game(game), checks.number("strength", strength)

    def energy(x: Coordinates, y: Coordinates) -> Coordinates:
        gx, gy = game.gradients(x, y)
        squares = [gx * gx, gy * gy]
        if game.players != (1, 1):
            squares = [square.sum(axis=-1) for square in squares]
        return 0.5 * (squares[0] + squares[1])

    def gradients(x: Coordinates, y: Coordinates) -> tuple[Coordinates, Coordinates]:
        gx, gy = game.gradients(x, y)
        ex, ey = game.energy_gradient(x, y)
        return gx + strength * ex, gy - strength * ey

    return Game(
        value=lambda x, y: game.value(x, y) - strength * energy(x, y),
        x_loss=lambda x, y: (game.x_loss or game.value)(x, y) + strength * energy(x, y),
        gradients=gradients,
        equilibria=game.equilibria,
        players=game.players,
        stochastic=game.stochastic,
        name=f"{game.name} with consensus",
    )
