"""Lesson 4's app: two players, several ways to step, and time to play through."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import scipy.integrate  # noqa: F401 # slow to come, so not with the first flow; in lesson 4 it is there by then
from matplotlib.figure import Figure

from course_utils.apps import frame
from course_utils.apps.frame import (
    PLAYBACK,
    Button,
    Choice,
    Handle,
    Heading,
    LiveController,
    Slider,
    Toggle,
    show,
)
from course_utils.apps.states import games as named
from course_utils.games import (
    METHODS,
    Game,
    Trajectory,
    bilinear,
    convex_concave,
    dirac_gan,
    gaussian_mean_game,
    nonconvex,
    simulate,
)
from course_utils.games.theory import eigenvalues, jacobian
from course_utils.plots.games import GamePanels
from course_utils.plots.layout import number

GAMES: dict[str, Game] = {  # short names: long ones do not fit their dropdown
    "L = x y": bilinear(),
    "bowl and hill": convex_concave(curvature=0.2),
    "two wells": nonconvex(strength=0.5),
    "a Gaussian's mean": gaussian_mean_game(mean=1.0),
    "Dirac-GAN, minimax": dirac_gan("minimax"),
    "Dirac-GAN, −log D": dirac_gan("non-saturating"),
    "Dirac-GAN, R1": dirac_gan("minimax", "gradient penalty", strength=0.5),
    "Dirac-GAN, noise": dirac_gan("minimax", "instance noise"),
}
SHOWN = ("the points", "their averages")
STEPS = 300
FLOW_TIME = 30.0  # the flow is followed for this many units of time: on x y, that is almost five rounds
FINE = 0.25  # units of time between two points of its curve, at most


class GamesController(LiveController):
    """A game, a start, a learning rate; every method that is ticked plays it for STEPS steps, shown up to ``time``.

    What theory says is dashed: r_0 rho^k, with rho the largest modulus among the eigenvalues of one step, linearised at
    the resting point. For x y that is the law itself (alternating steps breathe around it, along their ellipse); for
    curved games it holds near the resting point. The ring is the start, and can be dragged. What was *kept* stays, thin
    and dotted, beside what comes after it.
    """

    title = "Two players, one value: who arrives?"
    states = named.STATES
    main = ("game", "learning_rate", "time")
    size = (8.8, 5.2)
    steps_per_frame = 1
    controls = (
        Choice("game", "game", tuple(GAMES), "L = x y"),
        Slider("learning_rate", "rate η", 0.02, 2.2, 0.2, 0.02),
        Slider("x", "start x", -2.0, 2.0, 1.4, 0.1),
        Slider("y", "start y", -2.0, 2.0, 0.6, 0.1),
        Heading("methods"),
        *(Toggle(name, name, name in ("simultaneous", "alternating", "optimistic")) for name in [*METHODS, "flow"]),
        Choice("shown", "show", SHOWN, SHOWN[0]),
        Button("keep_runs", "keep", "leave these runs in the picture, to compare the next ones with them"),
        Button("forget_runs", "forget", "take the kept runs away"),
        Heading("time"),
        Slider("time", "step", 0, STEPS, STEPS, 1, integer=True),
        Slider("speed", "steps a frame", 1, 10, 2, 1, integer=True),
        *PLAYBACK,
        Button("one_step", "Step", "one step further"),
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.kept: tuple[dict[str, np.ndarray], dict[str, np.ndarray]] = ({}, {})
        self.kept_name = ""
        # Each method's run in this game, and the eigenvalues of its step.
        self._played: dict[str, tuple[Trajectory, int, np.ndarray]] = {}
        self.changed(self.values)

    # ------------------------------------------------------------------ what is computed

    @property
    def game(self) -> Game:
        return GAMES[self.values["game"]]

    @property
    def rest(self) -> np.ndarray:
        """Where the distance is measured to: the equilibrium, or the origin, where the two wells' field rests."""
        return self.game.equilibria[0] if len(self.game.equilibria) else np.zeros(2)

    def changed(self, values: Mapping[str, Any]) -> None:
        if set(values) <= {"time", "speed"}:
            return
        eta = self.values["learning_rate"]
        start = np.array([self.values["x"], self.values["y"]])
        wanted = [name for name in (*METHODS, "flow") if self.values[name]]
        if not set(values) <= {*METHODS, "flow", "shown", "time", "speed"}:
            self._played.clear()  # another game
        for name in wanted:
            if name not in self._played:
                steps, fine = STEPS, 1
                if name == "flow":
                    steps, fine = min(STEPS, math.ceil(FLOW_TIME / eta)), math.ceil(eta / FINE)
                path = simulate(self.game, name, start, steps=fine * steps, learning_rate=eta / fine)
                self._played[name] = path, fine, eigenvalues(name, jacobian(self.game, self.rest), eta)
        self.runs = {name: _every(*self._played[name][:2]) for name in wanted}
        self.eigenvalues = {name: self._played[name][2] for name in wanted}
        averages = self.values["shown"] == "their averages"
        self.tracks = {name: run.averages if averages else run.points for name, run in self.runs.items()}
        self.paths = self.tracks if averages else {name: self._played[name][0].points for name in wanted}
        self.distances = {
            name: np.linalg.norm(points - self.rest, axis=1) for name, points in self.tracks.items()
        }
        # Averages obey another law, so nothing is dashed there.
        k = np.arange(STEPS + 1)
        self.theory = {
            name: self.distances[name][0] * self.factor(name) ** k for name in self.runs if not averages
        }

    def factor(self, method: str) -> float:
        """rho, what one step multiplies the distance with in the long run."""
        return float(np.abs(self.eigenvalues[method]).max())

    # ------------------------------------------------------------------ what a student can do

    def keep_runs(self) -> None:
        self.kept = self.paths, self.distances
        self.kept_name = f"{self.values['game']}, η = {self.values['learning_rate']:.2f}"

    def forget_runs(self) -> None:
        self.kept, self.kept_name = ({}, {}), ""

    def handles(self) -> Mapping[str, Handle]:
        return {"start": Handle(self.panels.plane, self.values["x"], self.values["y"])}

    def drag(self, name: str, x: float, y: float, phase: str) -> None:
        self.slide(x=x, y=y)

    def disabled(self) -> Mapping[str, str]:
        return {} if self.kept_name else {"forget_runs": "nothing has been kept"}

    # ------------------------------------------------------------------ time

    def steps(self) -> Iterator[None]:
        while self.values["time"] < STEPS:
            self._advance(self.values["speed"])
            yield

    def play(self) -> None:
        super().play()
        if self.values["time"] == STEPS:
            self.values["time"] = 0

    def stop(self) -> None:
        super().stop()
        self.values["time"] = 0

    def one_step(self) -> None:
        self.pause()
        self._advance(1)

    def _advance(self, steps: int) -> None:
        self.values["time"] = min(STEPS, self.values["time"] + steps)

    # ------------------------------------------------------------------ what is shown

    def make_panels(self, figure: Figure) -> GamePanels:
        self._still: tuple[str, ...] | None = None  # what the still part of the picture shows
        return GamePanels(figure, [*METHODS, "flow"], STEPS)

    def update(self) -> None:
        still = self.values["game"], *self.runs
        if still != self._still:
            self._still = still
            known = len(self.game.equilibria) > 0
            self.panels.set_scene(self.game.field(self.panels.grid), self.rest, self.runs, known)
            self.moving = list(self.panels.moving)  # a new list: the still part of the picture is another one
        start = self.values["x"], self.values["y"]
        self.panels.update(
            self.values["time"],
            self.paths,
            self.distances,
            self.theory,
            self.eigenvalues,
            start,
            self.kept,
        )

    def status(self) -> str:
        if not self.runs:
            return "Tick a method to let it play."
        where = "near the star" if len(self.game.equilibria) else "near the circle, which is no equilibrium"
        factors = ", ".join(f"{name} × {self.factor(name):.4f}" for name in self.runs)
        said = [f"After step {self.values['time']}. Theory, per step and {where}: {factors}."]
        said += [self._end(name, run) for name, run in self.runs.items()]
        if self.kept_name:
            said.append(
                f"Dotted: kept, {self.kept_name}"
                + "".join(
                    f"; {name} ended at {_last(self.kept[1][name])}, now at {_last(self.distances[name])}"
                    for name in self.runs
                    if name in self.kept[1]
                )
                + "."
            )
        return " ".join(filter(None, said))

    def _end(self, name: str, run: Trajectory) -> str:
        """What must be said of a run that ends before the slider's step."""
        if run.diverged_at is not None and self.values["time"] >= int(run.diverged_at):
            return f"The {name} run passed a million at step {run.diverged_at}."
        last = len(run.points) - 1
        return f"The {name} was followed to step {last}." if self.values["time"] > last else ""


def _every(path: Trajectory, n: int) -> Trajectory:
    """Every n-th of its points."""
    left = path.diverged_at if path.diverged_at is None else -(-int(path.diverged_at) // n)
    return replace(path, points=path.points[::n], diverged_at=left, learning_rate=n * path.learning_rate)


def _last(distances: np.ndarray) -> str:
    """The last distance of a run, in words for one that left."""
    if np.isfinite(distances[-1]):
        return number(float(distances[-1]), 3 if distances[-1] < 100 else 0)
    return "more than a million"


def games_app(*, scale: float = 1.0) -> "frame.LiveApp":
    """Lesson 4's app, ready to show; ``scale=1.4`` for a projector."""
    return show(GamesController(), scale=scale)
