"""A recorded run: go back to any of its steps and on from there, exactly as if it had never stopped.

Kept are the moves (one letter each), the changes of settings, and the whole state every few steps. Between two kept
states a step is reached by playing the moves again, which on the CPU gives the same bits. When the states outgrow their
share of the memory, every other one is dropped and they are kept half as often.
"""

from itertools import groupby
from typing import Any, Protocol

from torch import Tensor

from course_utils.checks import whole

SPACING = 16  # moves between two kept states, at first
BUDGET = 64 * 2**20  # bytes for all kept states


class Replayable(Protocol):
    """What a history needs of a run."""

    def make_move(self, move: str) -> object: ...
    def make_change(self, change: dict[str, Any]) -> object: ...
    def get_state(self) -> dict[str, Any]: ...
    def set_state(self, state: dict[str, Any]) -> None: ...


class History:
    """The moves and changes of a run, and states to start from.

    ``now`` is how many moves led to the present state, ``end`` how many are recorded. A move or a change in the past
    forgets what had followed.
    """

    def __init__(self, run: Replayable, *, spacing: int = SPACING, budget: int = BUDGET):
        self._run, self._budget, self.spacing = run, budget, spacing
        self._moves: list[str] = []
        self._changes: list[tuple[int, dict[str, Any]]] = []  # (before which move, what)
        self.now = 0
        self._applied = 0  # how many of the changes the present state has seen
        self._states: dict[int, tuple[int, dict[str, Any]]] = {}
        self._keep()

    @property
    def end(self) -> int:
        return len(self._moves)

    @property
    def bytes(self) -> int:
        """The memory that the kept states take."""
        return sum(_size(state) for _, state in self._states.values())

    def move(self, move: str) -> Any:
        """Make a move and record it; returns what the run returned."""
        self._forget_future()
        self._moves.append(move)
        return self._advance()

    def change(self, change: dict[str, Any]) -> None:
        """Make a change and record it; a change that fails is not recorded."""
        self._forget_future()
        self._run.make_change(change)
        self._changes.append((self.now, change))
        self._applied += 1

    def skip(self, moves: str, change: dict[str, Any]) -> None:
        """Record these moves without making them, and a change that brings the whole state they lead to."""
        self._forget_future()
        self._run.make_change(change)
        self._moves += moves
        self.now += len(moves)
        self._changes.append((self.now, change))
        self._applied += 1
        self._keep()

    def go(self, step: int) -> None:
        """Be where the run was after that many moves (and after the changes made there).

        Raises
        ------
        ValueError
            for a step that is not recorded.
        """
        step = whole("step", step, 0, self.end, "as far as is recorded")
        if not self.now <= step < self.now + self.spacing:  # near and ahead: simply play on
            self.now = max(kept for kept in self._states if kept <= step)
            self._applied, state = self._states[self.now]
            self._run.set_state(state)
        while self.now < step:
            self._catch_up()
            self._advance()
        self._catch_up()

    def schedule(self) -> list[int | str | dict[str, Any]]:
        """What led here: a number for as many moves "B" in a row, letters for other moves, a dict for a change."""
        changes: dict[int, list[dict[str, Any]]] = {}
        for before, change in self._changes[: self._applied]:
            changes.setdefault(before, []).append(change)
        events: list[str | dict[str, Any]] = []
        for place, move in enumerate([*self._moves[: self.now], ""]):
            events += [*changes.get(place, ()), move]
        items: list[int | str | dict[str, Any]] = []
        for kind, group in groupby(events[:-1], key=lambda event: "B" if event == "B" else type(event)):
            some = list(group)
            items += [len(some)] if kind == "B" else ["".join(map(str, some))] if kind is str else some
        return items

    # ------------------------------------------------------------------ details

    def _advance(self) -> Any:
        result = self._run.make_move(self._moves[self.now])
        self.now += 1
        if self.now % self.spacing == 0 and self.now not in self._states:
            self._keep()
        return result

    def _catch_up(self) -> None:
        """Make the changes that were made at this moment."""
        while self._applied < len(self._changes) and self._changes[self._applied][0] <= self.now:
            self._run.make_change(self._changes[self._applied][1])
            self._applied += 1

    def _forget_future(self) -> None:
        del self._moves[self.now :]
        del self._changes[self._applied :]
        for step in [step for step in self._states if step > self.now]:
            del self._states[step]

    def _keep(self) -> None:
        state = self._run.get_state()
        self._states[self.now] = (self._applied, state)
        if len(self._states) > max(2, self._budget // _size(state)):
            self.spacing *= 2
            self._states = {step: kept for step, kept in self._states.items() if step % self.spacing == 0}


Recording = History  # its old name; a recording is now what course_utils.recording writes


def _size(state: Any) -> int:
    """Bytes of all tensors somewhere in a state."""
    if isinstance(state, Tensor):
        return state.numel() * state.element_size()
    if isinstance(state, dict):
        return sum(map(_size, state.values()))
    if isinstance(state, list | tuple):
        return sum(map(_size, state))
    return 0
