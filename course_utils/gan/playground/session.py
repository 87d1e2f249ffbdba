"""A session of the playground: one training run in the plane that can be stepped, changed, rewound and shared.

For example:

    session = Session("ring", seed=0, objective="minimax")
    session.replay(400, {"generator_steps": 5}, "DDG", 100)   400 steps, a change, D, D, G, 100 steps
    session.go(250)                                           back to step 250; a move from here starts a new branch
    session.share()                                           the line of code that leads here, bit for bit
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from course_utils import checks, runtime
from course_utils.checks import instance, one_of, whole
from course_utils.gan.playground.bugs import BUGS
from course_utils.gan.playground.history import History
from course_utils.gan.recipes import Recipe
from course_utils.gan.trainer import POINTS, PointCloud, PointTrainer
from course_utils.toy import GaussianMixture, grid, parallel_lines, ring, spiral, two_moons
from course_utils.training.checkpoints import read_checkpoint

VIEW = 3.0  # the plane is looked at from -VIEW to VIEW
BLOB = 0.1  # standard deviation of what one click adds to a drawing
MOVES = {"B": "both", "D": "discriminator", "G": "generator"}
PREPARED, STEPS = "playground_prepared", 200  # a checkpoint that ships: the ring, seed 0, so many steps

DATA: dict[str, Callable[[], Any]] = {
    "line": lambda: parallel_lines(1.0),
    "ring": lambda: ring(8, radius=2.0, std=0.1),
    "grid": lambda: grid(5, spacing=1.0, std=0.05),
    "two moons": lambda: two_moons(0.1),
    "spiral": lambda: spiral(1.5, radius=2.0, noise=0.1),
}
Data = str | tuple[str, Sequence[tuple[float, float]]]


class Diverged(FloatingPointError):
    """The loss is no longer a finite number."""


def make_data(data: Data) -> Any:
    """The distribution that a session's data name.

    Parameters
    ----------
    data : a name in :data:`DATA`; or ("drawn", centres), equal Gaussians of standard deviation :data:`BLOB` there; or
        ("points", points), the points themselves, drawn with replacement.

    Raises
    ------
    ValueError
        for anything else, and for a drawing without points.
    """
    if isinstance(data, str) and data in DATA:
        return DATA[data]()
    if isinstance(data, tuple) and len(data) == 2 and data[0] in ("drawn", "points"):
        cloud = PointCloud(np.asarray(data[1], dtype=float).reshape(-1, 2))
        return cloud if data[0] == "points" else GaussianMixture(cloud.points, BLOB)
    raise ValueError(
        f'data is {data!r}; it must be one of {", ".join(DATA)}, or ("drawn", [(x, y), ...]), '
        'or ("points", [(x, y), ...]).'
    )


class Session:
    """One run on ``data`` (see :func:`make_data`) from ``seed``, with recorded time.

    Parameters
    ----------
    data, seed : what to learn, and where to start.
    bug : a name in :data:`~course_utils.gan.playground.bugs.BUGS`.
    **settings : settings of :data:`~course_utils.gan.trainer.POINTS` to replace.

    ``trainer`` is the :class:`~course_utils.gan.trainer.PointTrainer` at work, always on the CPU: only there does the
    same seed give the same bits.

    Raises
    ------
    ValueError
        for data, a bug or a setting that does not exist.
    """

    def __init__(self, data: Data = "ring", seed: int = 0, *, bug: str = "none", **settings: Any):
        one_of("bug", bug, BUGS)
        self.trainer: PointTrainer = BUGS[bug](
            make_data(data), POINTS.replace(**settings), device="cpu", seed=seed
        )
        self.data, self.bug, self.seed = _own_copy(data), bug, seed
        self._start = (self.data, seed, bug, settings)
        self._history = History(self)
        self._table = self.trainer.log.table()

    @property
    def recipe(self) -> Recipe:
        return self.trainer.recipe

    def __repr__(self) -> str:
        data = self.data if isinstance(self.data, str) else f"{len(self.data[1])} {self.data[0]} points"
        return f"<Session: {data}, seed {self.seed}, at step {self.now:,} of {self.end:,} recorded>"

    @property
    def now(self) -> int:
        """How many moves led here."""
        return self._history.now

    @property
    def end(self) -> int:
        """How many moves are recorded."""
        return self._history.end

    @property
    def schedule(self) -> list[int | str | dict[str, Any]]:
        """What led here, as :meth:`replay` takes it."""
        return self._history.schedule()

    # ------------------------------------------------------------------ what one can do

    def move(self, move: str = "B") -> None:
        """One step: of both players ("B", with the recipe's k's), of D alone ("D") or of G alone ("G").

        Raises
        ------
        Diverged
            when the loss is no longer finite. The step is recorded; go back in time, or start over.
        ValueError
            for another letter.
        """
        one_of("move", move, MOVES, "for both players, D alone and G alone")
        self._history.move(move)
        loss = self.trainer.log.last("generator_loss" if move == "G" else "discriminator_loss")
        if not loss.isfinite():
            raise Diverged(
                f"the loss at step {self.now} is not a finite number any more: the training diverged. Go back in time "
                "and choose a smaller learning rate, or start over."
            )

    def change(self, **settings: Any) -> None:
        """Go on with other settings of the recipe, or with other ``data``; the weights stay. With ``checkpoint``, which
        can be :data:`PREPARED` only, all but the data is as it was on the machine that wrote it.

        Raises
        ------
        ValueError
            for a bad value, and for a setting that decides how the networks look: that takes a new session.
        """
        if "data" in settings:
            make_data(settings["data"])
            settings["data"] = _own_copy(settings["data"])
        self._history.change(settings)

    def replay(self, *schedule: int | str | dict[str, Any]) -> Self:
        """Do what a schedule says: so many full steps, the letters' single steps, a dict's changes; one by one."""
        for item in schedule:
            if isinstance(item, dict):
                self.change(**item)
            else:
                advice = "or letters, such as 'DDG', or a dict of settings"
                for move in (
                    item if isinstance(item, str) else "B" * whole("schedule", item, 0, advice=advice)
                ):
                    self.move(move)
        return self

    def skip(self) -> None:
        """Be at once where :data:`STEPS` full steps led on the machine that wrote :data:`PREPARED`. On another they
        lead to other last digits, so the schedule has both: the steps, and the change. For a fresh session."""
        self._history.skip("B" * STEPS, {"checkpoint": PREPARED})

    def go(self, step: int) -> None:
        """Be at another recorded step, in all respects; whatever is done from here starts a new branch."""
        if self.now == self.end:  # the log here is all of it
            self._table = self.trainer.log.table().clone()
        self._history.go(step)

    def share(self) -> str:
        """One line of code that makes this very session, with the same seed and the same changes at the same steps."""
        data, seed, bug, settings = self._start
        told = {"bug": bug} if bug != "none" else {}
        arguments = [repr(data), repr(seed), *(f"{k}={v!r}" for k, v in (told | settings).items())]
        schedule = ", ".join(map(repr, self.schedule))
        replay = f".replay({schedule})" if schedule else ""
        return f"from course_utils.gan.playground import Session; session = Session({', '.join(arguments)}){replay}"

    # ------------------------------------------------------------------ what the history asks for

    def make_move(self, move: str) -> Any:
        return self.trainer.turn(MOVES[move])

    def make_change(self, change: dict[str, Any]) -> None:
        settings = dict(change)
        if "checkpoint" in settings:
            name = one_of("checkpoint", settings.pop("checkpoint"), (PREPARED,))
            content = read_checkpoint(runtime.shipped(f"checkpoints/{name}.safetensors"), Recipe)
            self.trainer.load_state_dict(content["state"])
        data = settings.pop("data", self.data)
        distribution = make_data(data) if data != self.data else self.trainer.distribution
        self.trainer.change(**settings)
        self.data, self.trainer.distribution = data, distribution

    def get_state(self) -> dict[str, Any]:
        """All but the log, which is kept once and not in every state."""
        state = self.trainer.state_dict()
        return state | {"log": len(state["log"]), "data": self.data}

    def set_state(self, state: dict[str, Any]) -> None:
        if state["data"] != self.data:
            self.data, self.trainer.distribution = state["data"], make_data(state["data"])
        self.trainer.load_state_dict(state | {"log": self._table[: state["log"]]})


def _own_copy(data: Data) -> Data:
    """The same data, in a list of their own where they are points: later edits elsewhere must not reach this run."""
    if isinstance(data, str):
        return data
    return data[0], [(x, y) for x, y in np.asarray(data[1], dtype=float).reshape(-1, 2).tolist()]


def read_csv(content: bytes, *, most: int = 500) -> list[tuple[float, float]]:
    """Points from the first two numbers of every line of a text file, scaled as :func:`scaled_to_view` does.

    Numbers are separated by commas, semicolons, tabs or spaces; lines without two numbers, such as a header, are passed
    over. Of a file with more than ``most`` points, every so many-th is taken.

    Raises
    ------
    ValueError
        for a file without points.
    """
    content = instance("content", content, bytes, "the bytes of a file, as Path(...).read_bytes() gives them")
    most, found = whole("most", most), list[tuple[float, float]]()
    for line in content.decode("utf-8", errors="replace").splitlines():
        try:
            x, y = (float(word) for word in re.split(r"[,;\s]+", line.strip())[:2])
        except ValueError:
            continue
        if np.isfinite([x, y]).all():
            found.append((x, y))
    if not found:
        raise ValueError(
            "this file has no points: every line should start with two numbers, such as 0.5, -1.2. Save your table as "
            "CSV, with x and y in its first two columns."
        )
    return scaled_to_view(found[:: -(-len(found) // most)])


def scaled_to_view(points: ArrayLike) -> list[tuple[float, float]]:
    """Points (k, 2) moved and scaled, both axes alike, into [-2, 2]^2, and rounded so that they can be written down.

    Raises
    ------
    ValueError
        for an array of another shape.
    """
    points = PointCloud(checks.array("points", points)).points
    low, high = points.min(axis=0), points.max(axis=0)
    half = max((high - low).max() / 2, 1e-9)
    return [tuple(p) for p in (2 * (points - (low + high) / 2) / half).round(4).tolist()]
