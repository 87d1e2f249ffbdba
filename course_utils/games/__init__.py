"""Two players and one value: games, the steps that play them, and what theory predicts (lesson 4).

To play one:

    from course_utils.games import bilinear, simulate
    run = simulate(bilinear(), "alternating", (1.0, 0.0), steps=100, learning_rate=0.1)
    run.points, run.averages, run.diverged_at

What lives where:

    game        what a game is: a value, two gradients, second derivatives
    catalogue   x y and its relatives
    dirac       the Dirac-GAN with its regularisers
    dynamics    the step rules, and ``simulate``, which lets them play
    theory      eigenvalues of one step near a resting point
"""

from course_utils.games import theory
from course_utils.games.catalogue import bilinear, convex_concave, gaussian_mean_game, nonconvex
from course_utils.games.dirac import dirac_gan
from course_utils.games.dynamics import METHODS, Trajectory, simulate
from course_utils.games.game import Game, with_consensus

__all__ = [
    "METHODS",
    "Game",
    "Trajectory",
    "bilinear",
    "convex_concave",
    "dirac_gan",
    "gaussian_mean_game",
    "nonconvex",
    "simulate",
    "theory",
    "with_consensus",
]
