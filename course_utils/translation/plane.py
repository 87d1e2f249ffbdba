"""The plane: two clouds of modes, where every way to match them can be listed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import permutations
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from course_utils import checks
from course_utils.checks import each, instance, number, positive, whole
from course_utils.training.state import shared_tensor
from course_utils.translation.domains import Domains, Map
from course_utils.translation.measures import through
from course_utils.transport import earth_movers_distance

PURE = 0.9  # the share of a mode that must arrive at one other mode
MOST = 8  # modes whose orders are all tried: 40,320 of them, a second


@dataclass(frozen=True, eq=False, repr=False)
class Clouds(Domains):
    """:class:`Domains` in the plane: k Gaussian modes on each side, mode i of x with the weight of mode i of y.

    The known map moves each x by what leads its nearest mode to the mode of y with the same number.

    Attributes
    ----------
    x_modes, y_modes : (k, 2), the centres.
    weights : (k,), summing to 1.
    """

    x_modes: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    y_modes: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    weights: np.ndarray = field(default_factory=lambda: np.zeros(0))


def clouds(
    weights: Sequence[float] = (1, 1, 1, 1),
    *,
    turn: float = 30.0,
    std: float = 0.1,
    n: int = 4_096,
    seed: int = 0,
) -> Clouds:
    """Modes evenly around a circle of radius 1, and the same ones turned by ``turn`` degrees.

    Parameters
    ----------
    weights : one for each mode, in proportion.
    std : of each mode; with different weights or not, all have the same shape.
    n : points on each side.

    Raises
    ------
    ValueError
        for fewer than two modes, or a weight that is not positive.
    """
    mass = np.array(each("weights", weights, positive))
    if len(mass) < 2:
        raise ValueError("weights has one entry; two modes at least can be matched in more than one way.")
    mass, std, turn = mass / mass.sum(), positive("std", std), number("turn", turn)
    angles = 2 * np.pi * np.arange(len(mass)) / len(mass)
    modes = [np.column_stack([np.cos(a), np.sin(a)]) for a in (angles, angles + np.deg2rad(turn))]
    random = np.random.default_rng(whole("seed", seed, 0))

    def draw(centres: np.ndarray, count: int) -> np.ndarray:
        return centres[random.choice(len(mass), count, p=mass)] + std * random.standard_normal((count, 2))

    n = whole("n", n)
    sides = [draw(centres, n) for centres in modes]
    known = mode_map(modes[0], modes[1], range(len(mass)))
    return Clouds(
        sides[0], sides[1], known, draw(modes[0], n), name=f"{len(mass)} modes in the plane", x_modes=modes[0],
        y_modes=modes[1], weights=mass,
    )  # fmt: skip


def mode_map(sources: np.ndarray, targets: np.ndarray, order: Sequence[int]) -> Map:
    """Move each point by what leads its nearest source i to the target ``order[i]``: tensors (n, 2) -> (n, 2)."""
    begin, end = checks.points("sources", sources), checks.points("targets", targets)
    chosen = each("order", order, partial(whole, at_least=0, at_most=len(end) - 1), len(begin))
    starts = shared_tensor(begin).to(torch.get_default_dtype())
    shifts = shared_tensor(end[list(chosen)]).to(starts) - starts

    def move(x: Tensor) -> Tensor:
        return x + shifts.to(x)[torch.cdist(x, starts.to(x)).argmin(1)]

    return move


class Matching(NamedTuple):
    """Mode i of x goes to mode ``order[i]`` of y; ``cost`` is the mean squared distance that the modes move."""

    order: tuple[int, ...]
    cost: float

    @property
    def inverse(self) -> tuple[int, ...]:
        """The way back: mode j of y goes to mode ``inverse[j]`` of x."""
        return tuple(int(i) for i in np.argsort(self.order))


def matchings(domains: Clouds) -> list[Matching]:
    """All ways to match modes of equal weight, the cheapest first; each gives a G and an F with perfect cycles and
    perfect distributions. With k equal modes there are k!, so k may be 8 at most."""
    instance("domains", domains, Clouds, "two clouds of modes, as clouds() gives")
    if len(domains.weights) > MOST:
        raise ValueError(
            f"domains have {len(domains.weights)} modes; of more than {MOST} there are too many orders to try them all."
        )
    weights, every = domains.weights, range(len(domains.weights))
    fitting = (o for o in permutations(every) if np.allclose(weights, weights[list(o)]))
    found = [Matching(o, _cost(domains, o)) for o in fitting]
    return sorted(found, key=lambda each: each.cost)


def cheapest(domains: Clouds) -> Matching:
    """The matching that optimal transport chooses (squared distance), by the solver of lesson 3.

    Raises
    ------
    ValueError
        where it chooses none: of modes with different weights, it may split one.
    """
    instance("domains", domains, Clouds, "two clouds of modes, as clouds() gives")
    plan = earth_movers_distance(
        domains.x_modes, domains.y_modes, domains.weights, domains.weights, metric="sqeuclidean"
    ).plan
    order = tuple(int(j) for j in plan.argmax(1))
    if not np.allclose(plan.max(1), domains.weights):
        raise ValueError(
            "domains have modes of different weights, and optimal transport splits one of them: that is no matching."
        )
    return Matching(order, _cost(domains, order))


class Found(NamedTuple):
    """What a trained map does with the modes: where most of each goes, and the smallest share that does so.

    ``matching`` is None where two modes go to the same one, or less than 0.9 of one goes to any."""

    matching: Matching | None
    order: tuple[int, ...]
    purity: float


@torch.no_grad()
def found_matching(forward_map: Map, domains: Clouds) -> Found:
    """Which matching a map has learnt, from where it sends the test points of each mode."""
    checks.function("forward_map", forward_map, "a function from x to y, and the clouds come after it")
    instance("domains", domains, Clouds, "two clouds of modes, as clouds() gives")
    x = domains.test
    made = through("forward_map", forward_map, x, x.shape[1:])
    x_modes, y_modes = (torch.as_tensor(m).to(x) for m in (domains.x_modes, domains.y_modes))
    source, target = torch.cdist(x, x_modes).argmin(1), torch.cdist(made, y_modes).argmin(1)
    k = len(x_modes)
    counts = torch.bincount(k * source + target, minlength=k * k).view(k, k).double()
    shares = counts / counts.sum(1, keepdim=True)
    order, purity = tuple(shares.argmax(1).tolist()), shares.amax(1).min().item()
    fits = len(set(order)) == k and purity >= PURE
    return Found(Matching(order, _cost(domains, order)) if fits else None, order, purity)


def _cost(domains: Clouds, order: Sequence[int]) -> float:
    moved = domains.y_modes[list(order)] - domains.x_modes
    return float(domains.weights @ (moved**2).sum(1))
