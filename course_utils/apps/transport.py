"""Lesson 3's game: move the dirt yourself, and see why no plan can be cheaper than the cheapest."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from course_utils.apps import frame
from course_utils.apps.dirt_problems import HILLS, HOLES, PROBLEMS, SIZE, random_problem
from course_utils.apps.frame import Button, Choice, Controller, Handle, Slider, Toggle, show
from course_utils.apps.states import transport as named
from course_utils.plots.layout import number
from course_utils.plots.transport_panels import DirtPanels
from course_utils.transport import earth_movers_distance
from course_utils.transport.hints import Step, marginal_errors, next_step, overpayment, prices

RANDOM = "random"
METRICS = {"Euclidean": "euclidean", "city blocks": "cityblock"}
REACH = 1.2  # how near a hole dirt must be dropped, in units of the map
Cell = tuple[int, int]  # a hill and a hole
_number = partial(number, decimals=2, trim=True)


class DirtController(Controller):
    """A plan of whole shovels, edited pair by pair; hints; and the optimum with the prices that prove it. Dirt that is
    dragged from a hill to a hole is sent there, as much as fits."""

    title = "Move the dirt yourself"
    states = named.STATES
    main = ("hill", "hole", "shovels")
    size = (8.8, 4.8)
    controls = (
        Choice("problem", "problem", (*PROBLEMS, RANDOM), "a small one"),
        Choice("metric", "distance", tuple(METRICS), "city blocks"),
        Choice("hill", "from hill", HILLS, HILLS[0]),
        Choice("hole", "to hole", HOLES, HOLES[0]),
        Slider("shovels", "shovels", 0, 9, 0, 1, integer=True),
        Button(
            "fill", "send all that fits", "all the dirt that this hill still has and this hole still takes"
        ),
        Button("hint", "hint"),
        Button("follow", "do what the hint says"),
        Button("undo", "undo"),
        Button("clear", "take it all back"),
        Button("another", "another random problem"),
        Toggle("optimum", "show the optimum and its proof"),
    )

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self._random = np.random.default_rng(seed)
        self._pointer: tuple[float, float] | None = None  # where dirt is carried just now
        self.changed({"problem": self.values["problem"]})

    # ------------------------------------------------------------------ what a student can do

    def changed(self, values: Mapping[str, Any]) -> None:
        if "problem" in values:
            name = values["problem"]
            self.problem = random_problem(self._random) if name == RANDOM else PROBLEMS[name]
            self.plan = np.zeros((len(HILLS), len(HOLES)), dtype=int)
            self._before: list[tuple[Cell | None, np.ndarray]] = []  # of each earlier state
            self.values["optimum"] = False
        if "problem" in values or "metric" in values:
            self._solve()
            self.step: Step | None = None
            self.remark = (
                ""
                if self.plan.any()
                else "Drag dirt from a hill to a hole, or choose both and send some shovels."
            )
        if "shovels" in values:
            changed = self.plan.copy()
            changed[self.cell] = values["shovels"]
            self._edit(changed, self.cell)
        self.values["shovels"] = int(self.plan[self.cell])
        self.values["optimum"] = values.get("optimum", self.values["optimum"])

    @property
    def cell(self) -> Cell:
        return HILLS.index(self.values["hill"]), HOLES.index(self.values["hole"])

    def fill(self) -> None:
        left, room = self.undone()
        i, j = self.cell
        changed = self.plan.copy()
        changed[i, j] += max(0, min(left[i], room[j]))
        self._edit(changed)
        full = [f"hill {HILLS[i]} has nothing left"] if left[i] <= 0 else []
        full += [f"hole {HOLES[j]} is full"] if room[j] <= 0 else []
        if full:
            said = " and ".join(full)
            self.remark = f"{said[0].upper()}{said[1:]}, so nothing more fits. Take something back first."

    def handles(self) -> Mapping[str, Handle]:
        if self.values["optimum"]:
            return {}
        places = np.asarray(self.problem.hills, float)
        return {name: Handle(self.panels.ground, x, y) for name, (x, y) in zip(HILLS, places, strict=True)}

    def drag(self, name: str, x: float, y: float, phase: str) -> None:
        """Carry dirt from the hill of that name; dropped at a hole, as much as fits is sent."""
        away = np.linalg.norm(np.asarray(self.problem.holes, float) - (x, y), axis=1)
        hole = HOLES[away.argmin()] if away.min() <= REACH else None
        self.set(hill=name, **({} if hole is None else {"hole": hole}))
        self._pointer = None if phase == "up" else (x, y)
        if phase == "up" and hole is not None:
            self.fill()

    def hint(self) -> None:
        self.step = next_step(self.plan / self.total, self.transport)
        self.remark = self._say(self.step)
        self.values["optimum"] = False

    def follow(self) -> None:
        """Do what the hint says; asks for one first."""
        if self.step is None:
            self.hint()
        if self.step is not None:
            changed = self.step.apply(self.plan / self.total) * self.total
            self._edit(np.rint(changed).astype(int))

    def undo(self) -> None:
        if self._before:
            self._show(self._before.pop()[1])

    def clear(self) -> None:
        self._edit(np.zeros_like(self.plan))

    def another(self) -> None:
        self.values["problem"] = RANDOM
        self.changed({"problem": RANDOM})

    def _edit(self, plan: np.ndarray, cell: Cell | None = None) -> None:
        if np.array_equal(plan, self.plan):
            return
        # Dragging the slider over many values is one move, which one "undo" takes back.
        if cell is None or not self._before or self._before[-1][0] != cell:
            self._before.append((cell, self.plan))
        self._show(plan)

    def _show(self, plan: np.ndarray) -> None:
        self.plan, self.step, self.remark = plan, None, ""
        self.values.update(shovels=int(plan[self.cell]), optimum=False)

    # ------------------------------------------------------------------ what it shows

    def _solve(self) -> None:
        problem = self.problem
        self.dirt, self.room = np.array(problem.dirt), np.array(problem.room)
        self.total = int(self.dirt.sum())
        a, b = self.dirt / self.total, self.room / self.total
        metric = METRICS[self.values["metric"]]
        self.transport = earth_movers_distance(problem.hills, problem.holes, a, b, metric=metric)

    def undone(self) -> tuple[np.ndarray, np.ndarray]:
        """Shovels still on each hill and room still in each hole; negative where too many were sent."""
        left, room = marginal_errors(self.plan, self.dirt, self.room)
        return np.rint(left).astype(int), np.rint(room).astype(int)

    def cost(self) -> float:
        """Shovels times distance, summed over the student's plan."""
        return float(np.vdot(self.plan, self.transport.cost_matrix))

    def cheapest(self) -> float:
        """The same of the optimal plan: W times the number of shovels."""
        return self.transport.cost * self.total

    def make_panels(self, figure: Figure) -> DirtPanels:
        return DirtPanels(figure, HILLS, HOLES, SIZE)

    def update(self) -> None:
        problem, a, b = self.problem, self.transport.a, self.transport.b
        optimum = self.values["optimum"]
        plan = np.rint(self.transport.plan * self.total) if optimum else self.plan
        names, chosen = [*HILLS, *HOLES], None if optimum else self.cell
        self.panels.map.update(problem.hills, problem.holes, a, b, plan / self.total, names, chosen)
        remarks = self._certificate() if optimum else self._bookkeeping()
        costs = {cell: _number(cost) for cell, cost in np.ndenumerate(self.transport.cost_matrix)}
        self.panels.table.update(costs, dict(np.ndenumerate(plan)), *remarks, chosen)
        self.panels.carry(np.asarray(problem.hills)[self.cell[0]], self._pointer)

    def _certificate(self) -> tuple[Any, ...]:
        f, g = prices(self.transport)
        sums = f[:, None] + g
        tight = np.isclose(sums, self.transport.cost_matrix)
        return (
            {cell: _number(value) for cell, value in np.ndenumerate(sums)},
            {cell for cell, equal in np.ndenumerate(tight) if equal},
            [f"f {_number(value)}" for value in f],
            [f"g {_number(value)}" for value in g],
            f"cheapest cost {_number(self.cheapest())}",
            "f: picking up, g: delivering; in a cell: cost, shovels, f + g",
        )

    def _bookkeeping(self) -> tuple[Any, ...]:
        marks: dict[Cell, str] = {}
        if self.step is not None:
            amount = round(self.step.amount * self.total)
            marks = {cell: f"+{amount}" for cell in self.step.more} | {
                cell: f"−{amount}" for cell in self.step.less
            }
        left, room = self.undone()
        rows, columns = [_balance(k, "left") for k in left], [_balance(k, "free") for k in room]
        return marks, marks, rows, columns, f"your cost {_number(self.cost())}", "in a cell: cost, shovels"

    def status(self) -> str:
        return self._proof() if self.values["optimum"] else self.remark or self._progress()

    def _progress(self) -> str:
        left, room = self.undone()
        over = [f"hill {HILLS[i]} gives {-left[i]} more than it has" for i in np.flatnonzero(left < 0)]
        over += [f"hole {HOLES[j]} gets {-room[j]} more than it takes" for j in np.flatnonzero(room < 0)]
        if over:
            return f"Not a plan yet: {', '.join(over)}."
        if left.any():
            return f"{left.sum()} of {self.total} shovels are still on their hills."
        return (
            f"A plan! All {self.total} shovels are moved, at cost {_number(self.cost())}, which is "
            f"{self.cost() / self.total:.3f} per shovel. Can it be cheaper? Ask for a hint."
        )

    def _say(self, step: Step | None) -> str:
        if step is None:
            return "No rerouting makes this plan cheaper: it is optimal. Show the optimum to see the proof."
        amount = _shovels(round(step.amount * self.total))
        more, less = (
            " and ".join(HILLS[i] + "→" + HOLES[j] for i, j in cells) for cells in (step.more, step.less)
        )
        if step.reason == "overdrawn":
            return f"Too much is sent: take {amount} away from {less}."
        if step.reason == "open":
            return (
                f"Greedy: of all pairs with dirt and room left, {more} is the cheapest. Send {amount}. "
                "(A good start, but it does not look ahead.)"
            )
        return (
            f"Reroute in a circle, so that every hill and hole keeps its total: {amount} more on {more}, as many less "
            f"on {less}. Each saves {_number(step.saving)}."
        )

    def _proof(self) -> str:
        proof = (
            "<b>No plan is cheaper.</b> A carrier asks f for picking a shovel up at a hill and g for delivering it "
            "to a hole; in every cell f + g ≤ cost, so nobody pays more than by walking. Any plan costs at least what "
            f"the carrier earns, Σ dirt·f + Σ room·g = {_number(self.cheapest())}, and this one costs exactly that: "
            "wherever dirt moves, f + g = cost (bold)."
        )
        left, room = self.undone()
        if left.any() or room.any():
            return proof
        paid = overpayment(self.plan / self.total, self.transport) * self.total
        wasted = [f"{HILLS[i]}→{HOLES[j]} {_number(paid[i, j])}" for i, j in np.argwhere(paid > 1e-9)]
        return f"{proof} Your plan pays too much on: {', '.join(wasted) or 'nothing, it is optimal too'}."


def _balance(count: int, word: str) -> str:
    return "✓" if count == 0 else f"{count} {word}" if count > 0 else f"{-count} over"


def _shovels(count: int) -> str:
    return "1 shovel" if count == 1 else f"{count} shovels"


def move_the_dirt_app(*, scale: float = 1.0) -> "frame.App":
    """Edit a transport plan by hand, with hints, and see the proof of the optimum; ``scale=1.4`` for a projector."""
    return show(DirtController(), scale=scale)
