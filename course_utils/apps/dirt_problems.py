"""The problems of lesson 3's game: hills with dirt, holes with room."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

HILLS, HOLES = tuple("ABC"), tuple("1234")
SIZE = (10, 10)  # the map runs from (0, 0) to here
SHOVELS = 12  # of dirt, in a random problem


@dataclass(frozen=True)
class Problem:
    """Hills and holes on the map: places (3, 2) and (4, 2), and whole shovels of dirt and of room, equal in sum."""

    hills: ArrayLike
    holes: ArrayLike
    dirt: tuple[int, ...]
    room: tuple[int, ...]


PROBLEMS = {
    "a small one": Problem(
        ((1, 8), (3, 2), (9, 5)), ((2, 4), (5, 9), (7, 3), (9, 9)), (3, 3, 4), (2, 2, 3, 3)
    ),
    "greedy goes wrong": Problem(
        ((6, 4), (7, 7), (2, 0)), ((4, 8), (1, 7), (10, 8), (3, 4)), (3, 3, 2), (3, 2, 2, 1)
    ),
    "along a street": Problem(
        ((0, 5), (2, 5), (10, 5)), ((4, 5), (5.5, 5), (7, 5), (8.5, 5)), (3, 2, 3), (2, 2, 2, 2)
    ),
}


def random_problem(generator: np.random.Generator) -> Problem:
    """Seven different crossings of the grid, SHOVELS shovels, at least one for each."""
    columns, rows = SIZE
    places = generator.choice((columns + 1) * (rows + 1), size=len(HILLS) + len(HOLES), replace=False)
    points = np.column_stack(np.divmod(places, rows + 1)).astype(float)
    dirt, room = (1 + generator.multinomial(SHOVELS - k, np.full(k, 1 / k)) for k in (len(HILLS), len(HOLES)))
    return Problem(points[: len(HILLS)], points[len(HILLS) :], tuple(dirt), tuple(room))
