"""Lesson 8's app: the GAN playground in the plane, live, with every control open while it runs."""

import html
from collections.abc import Collection, Hashable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, ClassVar

from matplotlib.figure import Figure

from course_utils.apps import frame
from course_utils.apps.frame import Handle, LiveController, Speedometer, show
from course_utils.apps.playground import settings as desk
from course_utils.apps.playground.guide import Guide
from course_utils.apps.playground.measurements import Measurements, stored
from course_utils.apps.playground.own_data import DRAWN, GIVEN, OwnData
from course_utils.apps.states import playground as named
from course_utils.checks import instance, whole
from course_utils.gan.playground import Diverged, Session, plane
from course_utils.gan.trainer import POINTS
from course_utils.plots.playground import ComparedPanels, PlaygroundPanels

# The older way to the clipboard: the newer one is closed to pages that come over plain http from another machine.
COPY = (
    "<button onclick=\"getSelection().selectAllChildren(this.nextElementSibling); document.execCommand('copy'); "
    "this.textContent = 'Copied'\">Copy</button>"
)


class PlaygroundController(LiveController):
    """A :class:`~course_utils.gan.playground.Session` with controls; it holds everything that can be replayed.

    Whatever is changed goes to the session at once, between two steps. What changes the networks themselves (width,
    depth, minibatch statistics, seed, a preset) begins a new session. A guided experiment stops where it was measured,
    says what one should see there, and goes on when Play is pressed again. *Compare* keeps the present picture on the
    left, and shows what is done afterwards on the right of it.

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
    states = named.STATES
    main = ("preset", "loss", "time")
    alt = "the plane with data, generated points and the judge"
    size = (8.6, 4.5)
    lines = 3
    fps: ClassVar[float] = 12.0
    controls = desk.CONTROLS
    below = desk.BELOW

    def __init__(self, session: Session | None = None, *, points: int = 1000):
        super().__init__()
        self.points = whole("points", points, advice="such as 1000")
        self._own, self._guide = OwnData(), Guide()
        self._kept: tuple[str, dict[str, Any]] | None = (
            None  # the picture on the left, and what is said over it
        )
        self._initial = dict(self.values)
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
        self.measurements = Measurements(session, vars(self).get("measurements"))
        self.session = session
        self._speedometer = Speedometer()
        if not by_name:
            self._guide = self._guide.recognise(session)
        self._read_session(note)

    def _read_session(self, note: str = "") -> None:
        """Set the controls to what the session has now, after a new start, a change or a journey in time."""
        self._note, self._shared = note, ""
        self.values |= desk.values_of(self.session.recipe)
        self.values |= {"seed": min(self.session.seed, 9), "preset": self._guide.name or desk.OWN}
        self.values["data"], self._own = self._own.read(self.session.data)
        self._read_time()

    def _read_time(self) -> None:
        self.values["time"], self.ends["time"] = self.session.now, max(1, self.session.end)

    def _start_over(self, names: Collection[str] = (), note: str = "", *, by_name: bool = False) -> None:
        """A new session: what the preset says, or the same settings as now but for the controls of these names."""
        v, now = self.values, self.session
        seed = v["seed"] if "seed" in names else now.seed  # which the slider may not reach
        if self._guide.preset is not None:
            self._open(self._guide.preset.session(seed), by_name=True)
            return
        recipe = now.recipe.replace(**desk.settings(v, names), **desk.structure(v, names))
        self._guide = self._guide.begin(recipe)
        data = self._own.named(v["data"]) if "data" in names else now.data
        self._open(desk.session(recipe, data, seed, now.bug), note, by_name=by_name)

    def changed(self, values: Mapping[str, Any]) -> None:
        names = set(values)
        if "time" in names:
            self._travel(self.values["time"])
        if "slow" in names:
            self.player.steps_per_frame = 1 if self.values["slow"] else None
        if "compare" in names:
            self._kept = None
            if self.values["compare"]:  # all of it, so that both sides can show the same parts
                self._kept = self._caption(), plane.scene(self.session.trainer, self.points)
        if "preset" in names:
            self._guide = self._guide.choose(self.values["preset"])
            note = "The settings stay as they are; Defaults sets them all back."
            self._start_over(names & {"seed"}, note, by_name=True)
        elif names := names - desk.VIEW:
            self._change(names)

    def _change(self, names: AbstractSet[str]) -> None:
        names, said = desk.settle_conflict(self.values, {*names})
        if names != {"seed"}:  # an experiment may well be looked at with another seed
            self._guide = self._guide.choose(desk.OWN)
        if desk.is_energy(self.values["loss"]) != self.session.trainer.objective.energies:
            names, said = (
                names | {"depth"},
                f"Another kind of critic takes new networks, and a new start. {said}",
            )
        if names & desk.STRUCTURE:
            self._start_over(names, said)
            return
        recipe, wanted = self.session.recipe, desk.settings(self.values, names)
        new = {name: v for name, v in wanted.items() if v != getattr(recipe, name)}
        if "data" in names and (data := self._own.named(self.values["data"])) != self.session.data:
            new["data"] = data
        if new:
            self.measurements.forget_future()
            self.session.change(**new)
        self._guide = self._guide.recognise(self.session)
        self._read_session(said)

    def defaults(self) -> None:
        """All settings as in the beginning, and a new start."""
        self.player.pause()
        self._guide = Guide()
        self._own = OwnData(given=self._own.given)
        self.values |= self._initial
        self._kept, self.player.steps_per_frame = None, None
        recipe = POINTS.replace(**desk.settings(self.values), **desk.structure(self.values))
        self._open(desk.session(recipe, self.values["data"], self.values["seed"]))

    def begin(self) -> None:
        self.defaults()

    def disabled(self) -> dict[str, str]:
        """The controls that have no effect at present, and why."""
        return desk.disabled(self.session.recipe)

    # ------------------------------------------------------------------ time

    def prepare(self, steps: int) -> None:
        """Take so many steps at once, measured ten times, so that there is something to see and to rewind. Where those
        of the usual run lead is stored, and what was measured on the way."""
        if (prepared := stored())["run"] == self.run_of(steps):
            self.session.skip()
            self.measurements.take(prepared["taken"])
            self._read_time()
        else:
            for step in range(steps):
                if step % max(1, steps // 10) == 0:
                    self.measurements.at_once()
                    self.measurements.look()
                self._move()
            self.measurements.at_once()
        self._speedometer.look(steps)
        if steps:
            self._note = f"The first {steps:,} steps are taken already: drag time to 0 to see the start, or press Play."

    def run_of(self, steps: int) -> str:
        """All that decides where so many steps more lead."""
        return f"{self.session.share()}, {steps} steps more, {self.session.recipe}"

    def play(self) -> None:
        super().play()
        self._note = ""

    def pause(self) -> None:
        super().pause()
        self.measurements.at_once()  # at rest, what is said is of the step that is shown

    def steps(self) -> Iterator[None]:
        while self._move(self._guide.due(self.session.now)):
            if said := self._guide.said_at(self.session.now):
                self.player.pause()
                self.measurements.at_once()
                self._note = said
            yield

    def _move(self, move: str = "B") -> bool:
        """One move; False where the run has diverged."""
        self._shared = ""
        self.measurements.forget_future()
        try:
            self.session.move(move)
        except Diverged as error:
            self._note = str(error)
            return False
        finally:
            self._read_time()
        return True

    def d_step(self) -> None:
        self._single("D")

    def g_step(self) -> None:
        self._single("G")

    def full_step(self) -> None:
        self._single("B")

    def _single(self, move: str) -> None:
        self._note = ""
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
        self.measurements.at_once()
        self._guide = self._guide.recall(self.session)
        self._read_session()

    # ------------------------------------------------------------------ data of one's own

    def click(self, across: float, down: float) -> None:
        """Add a blob of data where the picture was clicked."""
        x, y = Handle(self.panels.plane).units(across, down)
        if max(abs(x), abs(y)) <= plane.VIEW:
            self._own = self._own.add(x, y, afresh=self.values["data"] != DRAWN)
            self._take(DRAWN)

    def clear_drawing(self) -> None:
        self._own = self._own.clear()
        self._take(DRAWN)
        self._note = "Click into the plane, or paint with the button held."

    def upload(self, content: bytes) -> None:
        """Learn the points of a CSV file."""
        self._own = self._own.take(content)
        self._take(GIVEN)

    def _take(self, name: str) -> None:
        self.values["data"] = name
        self._change({"data"})

    # ------------------------------------------------------------------ what is shown

    def scene(self) -> Hashable:
        return self._kept is not None

    def make_panels(self, figure: Figure) -> PlaygroundPanels | ComparedPanels:
        return ComparedPanels(figure) if self._kept else PlaygroundPanels(figure)

    def _scene(self) -> dict[str, Any]:
        parts = {f"with_{name}": self.values[name] for name in desk.PARTS}
        return plane.scene(self.session.trainer, self.points, **parts)

    def _caption(self) -> str:
        """Two lines over a picture: whose it is."""
        session, name = self.session, self._guide.name or desk.OWN
        return f"{name}, seed {session.seed}\nstep {session.now:,}: {self.measurements.short()}"

    def update(self) -> None:
        self.measurements.look()
        self._speedometer.look(self.session.now)
        if self._kept:
            hidden = [name for name in desk.PARTS if not self.values[name]]  # on both sides
            if self.panels.show(*self._kept, hidden):
                self.moving = list(self.panels.moving)  # a new list: all is drawn, once
            self.panels.update(self._scene(), self._caption())
        else:
            losses = self.session.trainer.log.columns("discriminator_loss", "generator_loss").numpy()
            self.panels.update(self._scene(), losses, self.measurements.curves())

    def status(self) -> str:
        session, guide = self.session, self._guide
        step = f"Step {session.now:,} of {session.end:,} recorded"
        if self.player.playing and (speed := self._speedometer.speed):
            step += f", {speed:.0f} a second"
        text = ". ".join(filter(None, (f"<b>{step}</b>", self.measurements.words()))) + "."
        note = self._shared or self._note or guide.look
        if guide.origin and not self._shared:
            note = f"Your own, out of <i>{guide.origin}</i>. {note}"
        if self.values["data"] == GIVEN:
            note = f"The file's points, both axes alike, were moved and scaled into [−2, 2]. {note}"
        if hidden := desk.not_shown(session.recipe, POINTS):
            pairs = ", ".join(f"{desk.words(name)} {value}" for name, value in hidden.items())
            note = f"No control shows: {html.escape(pairs)}. {note}"
        return text + (f"<br>{note}" if note else "")


def playground_app(
    session: Session | None = None, *, points: int = 1000, prepared: int = 200, scale: float = 1.0
) -> "frame.LiveApp":
    """Lesson 8's app, ready to show, with that many real and generated points.

    It opens ``session`` at its present step, or a new one whose first ``prepared`` steps are taken already (Reset goes
    back to step 0); ``scale=1.4`` for a projector.
    """
    controller = PlaygroundController(session, points=points)
    if session is None:
        controller.prepare(whole("prepared", prepared, at_least=0))
    return show(controller, scale=scale)
