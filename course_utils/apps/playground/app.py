"""Lesson 8's app: the GAN playground in the plane, live, with every control open while it runs."""

import html
from collections.abc import Collection, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure

from course_utils.apps import frame
from course_utils.apps.frame import PLAYBACK, LiveController, Speedometer, show
from course_utils.apps.frame.controls import Button, Choice, Heading, Slider, Toggle, Upload
from course_utils.apps.playground.measurements import Measurements
from course_utils.apps.playground.settings import (
    CLIPS,
    LOSSES,
    OPTIMIZERS,
    RATES,
    STRUCTURE,
    WEIGHTS,
    WIDTHS,
    disabled,
    not_shown,
    settings,
    settle_conflict,
    structure,
    values_of,
)
from course_utils.checks import instance, whole
from course_utils.gan.playground import DATA, Data, Diverged, Session, plane, read_csv
from course_utils.gan.playground.presets import PRESETS, Preset
from course_utils.gan.trainer import POINTS
from course_utils.plots.playground import PlaygroundPanels

DRAWN, GIVEN = "drawn (click!)", "from a CSV file"
OWN = "my own"  # the preset of who has changed something
# The older way to the clipboard: the newer one is closed to pages that come over plain http from another machine.
COPY = (
    "<button onclick=\"getSelection().selectAllChildren(this.nextElementSibling); document.execCommand('copy'); "
    "this.textContent = 'Copied'\">Copy</button>"
)
VIEW = {"time", "slow", "surface", "arrows", "manifold"}  # controls that change no run
FIRST_DRAWING = [(-1.5, -1.0), (1.5, -1.0), (0.0, 1.5)]


class PlaygroundController(LiveController):
    """A :class:`~course_utils.gan.playground.Session` with controls; it holds everything that can be replayed.

    Whatever is changed goes to the session at once, between two steps. What changes the networks themselves (width,
    depth, minibatch statistics, seed, a preset) begins a new session. A guided experiment stops where it was measured,
    says what one should see there, and goes on when Play is pressed again.

    Parameters
    ----------
    session : a run to open at its present step; None for a new one on the ring.
    points : how many real and how many generated points are shown.

    Raises
    ------
    ValueError
        for something that is no session.
    """

    title = "The GAN playground"
    main = ("preset", "loss", "time")
    alt = "the plane with data, generated points and the judge"
    size = (8.6, 4.5)
    fps: ClassVar[float] = 12.0
    controls = (
        Choice("preset", "experiment", (OWN, *PRESETS), OWN),
        Button("defaults", "Defaults", "all settings as in the beginning, and a new start"),
        Choice("data", "data", (*DATA, DRAWN, GIVEN), "ring"),
        Button("clear_drawing", "Clear drawing", "start an empty drawing; click or paint into the plane"),
        Upload("upload", "CSV: x, y", ".csv,.txt"),
        Choice("loss", "loss", tuple(LOSSES), "non-saturating"),
        Choice("clip", "clipping, c", tuple(CLIPS), "0.1"),
        Choice("weight", "penalty, λ", tuple(WEIGHTS), "1"),
        Choice("optimizer", "optimizer", tuple(OPTIMIZERS), "Adam"),
        Choice("rate_d", "rate of D", tuple(RATES), "1e-3"),
        Choice("rate_g", "rate of G", tuple(RATES), "1e-3"),
        Slider("k_d", "D steps", 1, 10, 1, 1, integer=True),
        Slider("k_g", "G steps", 1, 10, 1, 1, integer=True),
        Slider("noise", "noise for D", 0.0, 1.0, 0.0, 0.05),
        Heading("new networks, a new start"),
        Choice("width", "width", tuple(WIDTHS), "64"),
        Slider("depth", "layers", 1, 4, 2, 1, integer=True),
        Slider("seed", "seed", 0, 9, 0, 1, integer=True),
        Toggle("statistics", "D sees minibatch statistics"),
    )
    below = (
        *PLAYBACK[:2],  # Play and Pause
        Button("d_step", "D step", "one gradient step of D, or of the critic"),
        Button("g_step", "G step", "one gradient step of G"),
        Button("full_step", "Full step", "k steps of D, then of G"),
        Button("reset", "Reset", "the same seed and settings again, from the start"),
        Button("share", "Share", "one line of code that reproduces this run exactly"),
        Slider("time", "time", 0, 10**7, 0, 1, integer=True),
        Toggle("surface", "surface of D or f", True),
        Toggle("arrows", "arrows", True),
        Toggle("manifold", "manifold", True),
        Toggle("slow", "slow motion"),
    )

    def __init__(self, session: Session | None = None, *, points: int = 1000):
        super().__init__()
        self.points = whole("points", points, advice="such as 1000")
        self._drawing = list(FIRST_DRAWING)
        self._cleared = False  # the next click replaces the drawing
        self._given = read_csv(_heart())
        self._preset: Preset | None = None
        self._origin = ""  # the experiment that was changed by hand
        self._initial = {name: self.values[name] for name in {c.name for c in self.value_controls()} - VIEW}
        if session is None:
            self.defaults()
            return
        advice = "as the line that Share writes makes one"
        self._open(instance("session", session, Session, "a Session", advice))
        if session.end:
            where = f"Opened at step {session.now:,} of {session.end:,}."
            self._note = f"{where} Drag time to see how it came about; Play goes on from here."

    # ------------------------------------------------------------------ the session

    def _open(self, session: Session, note: str = "", *, by_name: bool = False) -> None:
        """Play this session from now on; ``by_name``: what it is called is decided already."""
        self.session = session
        self._shared = ""
        self.measurements = Measurements(session)
        self._prepared = 0  # steps that nobody asked for
        self._note = note
        self._speedometer = Speedometer()
        self._read_session()
        if not by_name:
            self._recognise()
        self._plan()
        self._time_is(session.now)

    def _start_over(self, names: Collection[str] = (), note: str = "", *, by_name: bool = False) -> None:
        """A new session: what the preset says, or the same settings as now but for the controls of these names."""
        if self._preset is not None:
            self._open(self._preset.session(self.values["seed"]), by_name=True)
            return
        now = self.session
        own = {name: here for name, (here, _) in now.recipe.difference(POINTS).items()}
        own |= settings(self.values, names) | structure(self.values, names)
        data = self._data() if "data" in names else now.data
        seed = self.values["seed"] if "seed" in names else now.seed
        self._open(Session(data, seed, bug=now.bug, **own), note, by_name=by_name)

    def _recognise(self) -> None:
        """A run that is where a guided experiment begins is that experiment, however it came there."""
        for name, preset in PRESETS.items():
            special = preset.settings or preset.bug != "none"  # the ring alone is what one starts with
            if self._preset is None and special and preset.contains(self.session):
                self._preset, self.values["preset"], self._origin = preset, name, ""

    def _plan(self) -> None:
        """Where the present run stops, with which words, and what comes before its full steps."""
        self._stops: dict[int, str] = {}
        self._waiting = ""
        if (preset := self._preset) is not None:
            self._note = self._note or preset.look
            self._waiting = preset.first[self.session.now :]
            end = len(preset.first) + preset.steps
            later = f" {preset.later}" if preset.later else ""
            self._stops[end] = (
                f"<b>Here it was measured. What you should see:</b> {preset.see} Play takes it further.{later}"
            )
            if preset.first:
                self._stops[len(preset.first)] = (
                    f"D has had its {len(preset.first):,} steps alone. Play lets both move, and stops at step {end:,}."
                )

    def _data(self) -> Data:
        own: dict[str, Data] = {DRAWN: ("drawn", self._drawing), GIVEN: ("points", self._given)}
        name: str = self.values["data"]
        return own.get(name, name)

    def _read_session(self) -> None:
        """Set the controls to what the session has, after a preset and after a journey in time."""
        data = self.session.data
        self.values.update(values_of(self.session.recipe))
        self.values["seed"] = min(self.session.seed, 9)
        if isinstance(data, str):
            self.values["data"] = data
        elif data[0] == "drawn":
            self.values["data"], self._drawing = DRAWN, list(data[1])
        else:
            self.values["data"], self._given = GIVEN, list(data[1])

    def changed(self, values: Mapping[str, Any]) -> None:
        names = set(values)
        if "time" in names:
            self._travel(self.values["time"])
        if names & {"slow"}:
            self.player.steps_per_frame = 1 if self.values["slow"] else None
        if "preset" in names:
            before = next((name for name, preset in PRESETS.items() if preset is self._preset), self._origin)
            self._preset = PRESETS.get(self.values["preset"])
            self._origin = "" if self._preset else before
            note = "The settings stay as they are; Defaults sets them all back."
            self._start_over(note=note, by_name=True)
            return
        names -= VIEW
        if not names:
            return
        names, said = settle_conflict(self.values, names)
        if names & STRUCTURE:
            if names != {"seed"}:  # a preset may well be looked at with another seed
                self._own()
            self._start_over(names, said)
        else:
            self._own()
            self._change_session(names)
            self._note = said
            self._recognise()
            self._plan()

    def _own(self) -> None:
        if self._preset is not None:
            self._origin = self.values["preset"]
        self._preset, self.values["preset"] = None, OWN

    def _change_session(self, names: Collection[str]) -> None:
        recipe, wanted = self.session.recipe, settings(self.values, names)
        new = {name: v for name, v in wanted.items() if v != getattr(recipe, name)}
        if "data" in names and self._data() != self.session.data:
            new["data"] = self._data()
        if new:
            self._forget_future()
            self.session.change(**new)

    def defaults(self) -> None:
        """All settings as in the beginning, and a new start."""
        self.player.pause()
        self._preset, self._origin, self._drawing = None, "", list(FIRST_DRAWING)
        self.values.update(self._initial)
        chosen = POINTS.replace(**settings(self.values), **structure(self.values))
        own = {name: here for name, (here, _) in chosen.difference(POINTS).items()}
        self._open(Session(self.values["data"], self.values["seed"], **own))

    def disabled(self) -> dict[str, str]:
        """The controls that have no effect at present, and why."""
        return disabled(self.session.recipe)

    # ------------------------------------------------------------------ time

    def prepare(self, steps: int) -> None:
        """Take so many steps at once, measured ten times, so that there is something to see and to rewind."""
        for step in range(whole("prepared", steps, at_least=0)):
            if step % max(1, steps // 10) == 0:
                self.measurements.at_once()
                self.measurements.look()
            self._move()
        self.measurements.at_once()
        self._prepared = steps
        self._speedometer.look(steps)

    def steps(self) -> Iterator[None]:
        while self._move():
            if (note := self._stops.get(self.session.now)) is not None:
                self.player.pause()
                self.measurements.at_once()
                self._note = note
            yield

    def _move(self, move: str = "") -> bool:
        """One move, by default the one that is due; False where the run has diverged."""
        if not move and self._waiting:
            move, self._waiting = self._waiting[0], self._waiting[1:]
        self._forget_future()
        self._shared = ""
        try:
            self.session.move(move or "B")
        except Diverged as error:
            self._note = str(error)
            return False
        finally:
            self._time_is(self.session.now)
        return True

    def d_step(self) -> None:
        self._single("D")

    def g_step(self) -> None:
        self._single("G")

    def full_step(self) -> None:
        self._single("B")

    def _single(self, move: str) -> None:
        self.player.pause()
        self.measurements.at_once()
        self._move(move)

    def reset(self) -> None:
        self._start_over()

    def share(self) -> None:
        self.player.pause()
        line = html.escape(
            f"from course_utils import apps; {self.session.share()}; apps.playground_app(session)"
        )
        self._shared = (
            f"Paste this line into a cell: it makes <code>session</code>, the very same run up to step "
            f"{self.session.now:,}, and opens it. {COPY}"
            f'<pre style="max-height:4.5em;overflow:auto;white-space:pre-wrap;user-select:all">{line}</pre>'
        )

    def _travel(self, step: int) -> None:
        self.player.pause()
        self.session.go(min(step, self.session.end))
        self._shared = self._note = ""
        self.measurements.at_once()
        self._read_session()
        self._recall()
        self._time_is(self.session.now)

    def _recall(self) -> None:
        """After a journey: is this a moment of the experiment, or of what somebody made of it by hand?"""
        name = self._origin or self.values["preset"]
        preset = PRESETS.get(name)
        if preset is not None and preset.contains(self.session):
            self._preset, self.values["preset"], self._origin = preset, name, ""
        elif preset is not None:
            self._own()
        self._recognise()
        self._plan()

    def _time_is(self, step: int) -> None:
        self.values["time"] = step
        self.ends["time"] = max(1, self.session.end)

    def _forget_future(self) -> None:
        self._shared = ""
        if self.session.now < self.session.end:
            self.measurements.forget_future()

    # ------------------------------------------------------------------ data of one's own

    def click(self, across: float, down: float) -> None:
        """Add a blob of data where the picture was clicked."""
        point = self.panels.to_plane(across, down)
        if point is None:
            return
        keep = self.values["data"] == DRAWN and not self._cleared
        blob = (round(point[0], 2), round(point[1], 2))
        self._drawing, self._cleared = [*self._drawing, blob] if keep else [blob], False
        self.values["data"] = DRAWN
        self.changed({"data": DRAWN})

    def clear_drawing(self) -> None:
        self._drawing, self._cleared = [(0.0, 0.0)], True  # there must be something to learn
        self.values["data"] = DRAWN
        self.changed({"data": DRAWN})
        self._note = "Click into the plane, or paint with the button held."

    def upload(self, content: bytes) -> None:
        """Learn the points of a CSV file."""
        self._given = read_csv(content)
        self.values["data"] = GIVEN
        self.changed({"data": GIVEN})

    # ------------------------------------------------------------------ what is shown

    def make_panels(self, figure: Figure) -> PlaygroundPanels:
        return PlaygroundPanels(figure)

    def update(self) -> None:
        trainer, v = self.session.trainer, self.values
        self.measurements.look()
        self._speedometer.look(self.session.now)
        scene = plane.scene(
            trainer,
            self.points,
            with_surface=v["surface"],
            with_arrows=v["arrows"],
            with_manifold=v["manifold"],
        )
        losses = trainer.log.columns("discriminator_loss", "generator_loss").numpy()
        self.panels.update(scene, losses, self.measurements.curves())

    def status(self) -> str:
        session = self.session
        step = f"Step {session.now:,} of {session.end:,} recorded"
        if speed := self._speedometer.speed:
            step += f", {speed:.0f} a second"
        text = ". ".join(filter(None, (f"<b>{step}</b>", self.measurements.words()))) + "."
        note = self._shared or self._note
        if self._origin and not self._shared:
            note = f"Your own, out of <i>{self._origin}</i>. {note}"
        if hidden := not_shown(session.recipe, POINTS):
            pairs = ", ".join(f"{name} {value!r}" for name, value in hidden.items())
            note = f"No control shows: {html.escape(pairs)}. {note}"
        if not note and 0 < self._prepared == session.end:
            note = f"The first {session.end} steps are taken already: drag time to 0 to see the start, or press Play."
        return text + (f"<br>{note}" if note else "")


def _heart() -> bytes:
    """What "from a CSV file" shows until somebody brings a file."""
    t = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    x, y = 16 * np.sin(t) ** 3, 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return "\n".join(f"{a:.3f},{b:.3f}" for a, b in zip(x, y, strict=True)).encode()


def playground_app(
    session: Session | None = None, *, points: int = 1000, prepared: int = 400, scale: float = 1.0
) -> "frame.LiveApp":
    """Lesson 8's app, ready to show, with that many real and generated points.

    It opens ``session`` at its present step, or a new one whose first ``prepared`` steps are taken already (Reset goes
    back to step 0); ``scale=1.4`` for a projector.
    """
    controller = PlaygroundController(session, points=points)
    if session is None:
        controller.prepare(prepared)
    return show(controller, scale=scale)
