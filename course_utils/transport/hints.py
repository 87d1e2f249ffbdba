"""What is wrong with a hand-made transport plan, and the next step that mends it.

A plan is a coupling when it empties every hill and fills every hole. A coupling is optimal exactly when no cycle of
reroutings lowers its cost: send more along (i1, j1), less along (i2, j1), more along (i2, j2), and so on, back to i1
(cyclical monotonicity; Villani, "Optimal Transport: Old and New", chapter 5; the "stepping stones" of Charnes and
Cooper, 1954). And what a coupling costs above the optimum can be read off, cell by cell, from the optimal potentials:

    cost(gamma) - W = sum_ij gamma_ij (C_ij - f_i - g_j),    every summand >= 0.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import SupportsInt

import numpy as np
from numpy.typing import ArrayLike

from course_utils.checks import instance, numbers
from course_utils.transport.exact import Transport

TOLERANCE = 1e-9  # mass below this is rounding
ROUNDING = 1e-14  # and so is a saving below this, beside the costs that it is the difference of

Cell = tuple[int, int]


@dataclass(frozen=True)
class Step:
    """A change of a plan: ``amount`` more in the cells ``more``, and as much less in the cells ``less``.

    Attributes
    ----------
    reason : "overdrawn" (a hill gives more than it has, or a hole gets more than it takes), "open" (dirt is left, and
        this is the cheapest pair of a hill and a hole with room), or "reroute" (a cycle that lowers the cost).
    more, less : cells (i, j), in the order of the cycle.
    amount : mass > 0, the most that keeps the plan nonnegative and does not break what was right.
    saving : how much the cost falls per unit of mass; negative where the cost must rise, inf where it takes mass off
        forbidden moves.
    """

    reason: str
    more: tuple[Cell, ...]
    less: tuple[Cell, ...]
    amount: float
    saving: float

    def apply(self, plan: np.ndarray) -> np.ndarray:
        """The plan (n, m) after the step; the given one is left alone."""
        changed = np.array(plan, dtype=np.float64)
        for cells, amount in ((self.more, self.amount), (self.less, -self.amount)):
            for cell in cells:
                changed[cell] += amount
        return changed


def marginal_errors(plan: ArrayLike, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the plan (n, m) leaves undone: a - row sums (n,), dirt still on each hill, and b - column sums (m,), room
    still in each hole. Negative entries are overdrawn; both are zero for a coupling of a and b."""
    plan, a, b = numbers("plan", plan), numbers("a", a), numbers("b", b)
    if plan.shape != a.shape + b.shape or a.ndim != 1:
        raise ValueError(
            f"plan has shape {plan.shape}; between {a.shape} hills and {b.shape} holes it is (n, m)."
        )
    return a - plan.sum(axis=1), b - plan.sum(axis=0)


def overpayment(plan: ArrayLike, transport: Transport) -> np.ndarray:
    """gamma_ij (C_ij - f_i - g_j), (n, m), all >= 0: what each cell of a coupling costs above the optimum.

    The sum is cost(gamma) - W for every coupling gamma of a and b, so gamma is optimal exactly when every entry is
    zero (complementary slackness). A forbidden cell (cost inf) costs inf if it is used.
    """
    plan, (f, g) = _checked(plan, transport), transport.potentials
    return plan * np.where(plan > 0, transport.cost_matrix - f[:, None] - g, 0)


def prices(transport: Transport) -> tuple[np.ndarray, np.ndarray]:
    """The optimal potentials (f, g) with their free constant chosen so that the smallest f_i is zero.

    Read them as the prices of a carrier: f_i to pick up at hill i, g_j to deliver to hole j. Nobody pays more than
    walking would cost, f_i + g_j <= C_ij, and the carrier still earns W.
    """
    f, g = _solved(transport).potentials
    return f - f.min(), g + f.min()


def next_step(plan: ArrayLike, transport: Transport) -> Step | None:
    """One step towards the optimum, from any nonnegative plan; None where the plan is optimal already.

    First nothing may be overdrawn, then all dirt must move (by the greedy rule: cheapest open pair first), then
    cycles are rerouted, the one that saves most first. Following the steps ends in an optimal plan, if need be by way
    of a forbidden move that a reroute takes back.

    Parameters
    ----------
    plan : (n, m), masses in the same units as the weights of ``transport``.
    transport : the solved problem.

    Raises
    ------
    ValueError
        for a plan of another shape, or with negative or non-finite entries.
    """
    plan, cost = _checked(plan, transport), transport.cost_matrix
    left, room = marginal_errors(plan, transport.a, transport.b)
    if (excess := _overdrawn(plan, cost, left, room)) is not None:
        return excess
    if left.max() > TOLERANCE:
        open_cells = np.flatnonzero(np.outer(left > TOLERANCE, room > TOLERANCE))
        cell = _cell(open_cells[cost.flat[open_cells].argmin()], cost.shape)
        return Step("open", (cell,), (), min(left[cell[0]], room[cell[1]]), -cost[cell])
    steps = [step for step in _cycles(transport.plan - plan, cost) if step.saving > _noise(step, cost)]
    return max(steps, key=lambda step: step.saving * step.amount, default=None)


def _checked(plan: ArrayLike, transport: Transport) -> np.ndarray:
    plan = numbers("plan", plan, "[0, inf)", "as a mass is")
    if plan.shape != _solved(transport).plan.shape:
        raise ValueError(
            f"plan has shape {plan.shape}, but the problem has {transport.plan.shape[0]} hills and "
            f"{transport.plan.shape[1]} holes: give one mass per pair, shape {transport.plan.shape}."
        )
    return plan


def _solved(transport: Transport) -> Transport:
    return instance("transport", transport, Transport, "what earth_movers_distance returned")


def _overdrawn(plan: np.ndarray, cost: np.ndarray, left: np.ndarray, room: np.ndarray) -> Step | None:
    """Less in the dearest cell of the row or column that is overdrawn most; None where none is."""
    worst = min(left.min(), room.min())
    if worst >= -TOLERANCE:
        return None
    mask = np.zeros(plan.shape, dtype=bool)
    if left.min() == worst:
        mask[left.argmin()] = True
    else:
        mask[:, room.argmin()] = True
    cell = _cell(np.where(mask & (plan > 0), cost, -np.inf).argmax(), cost.shape)
    return Step("overdrawn", (), (cell,), min(plan[cell], -worst), cost[cell])


def _cycles(change: np.ndarray, cost: np.ndarray) -> Iterator[Step]:
    """Split the way to an optimal plan, whose row and column sums are zero, into cycles that all go that way.

    No cycle raises the cost, or the optimal plan without that cycle would be cheaper than optimal. Each takes at
    least one entry to zero, so there are at most n m of them.
    """
    change = change.copy()
    while change.max() > TOLERANCE:
        more, less = [_cell(change.argmax(), change.shape)], list[Cell]()
        columns = [more[0][1]]
        while len(set(columns)) == len(columns):  # until a column comes up again
            less.append(_cell_in(change[:, columns[-1]].argmin(), columns[-1]))
            row = less[-1][0]
            more.append(_cell_in(row, change[row].argmax()))
            columns.append(more[-1][1])
        start = columns.index(columns[-1])
        more, less = more[start + 1 :], less[start:]
        amount = min(min(change[cell] for cell in more), min(-change[cell] for cell in less))
        saving = sum(cost[cell] for cell in less) - sum(cost[cell] for cell in more)
        step = Step("reroute", tuple(more), tuple(less), float(amount), float(saving))
        yield step
        change -= step.apply(np.zeros_like(change))


def _noise(step: Step, cost: np.ndarray) -> float:
    """What rounding alone may do to a saving. Only costs in the cycle count: another one may be 1e16."""
    costs = np.array([cost[cell] for cell in step.more + step.less])
    return ROUNDING * np.abs(costs[costs < np.inf]).sum()


def _cell(flat_index: np.intp, shape: Sequence[int]) -> Cell:
    return _cell_in(*np.unravel_index(flat_index, shape))


def _cell_in(i: SupportsInt, j: SupportsInt) -> Cell:
    return int(i), int(j)
