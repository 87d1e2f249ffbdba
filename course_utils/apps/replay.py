"""Replay recorded training runs, one or two at a time: all that a live training shows, without torch or a GPU."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from matplotlib.figure import Figure

from course_utils import checks
from course_utils.apps import frame
from course_utils.apps.frame import PLAYBACK, Button, Choice, Control, Heading, LiveController, Slider, show
from course_utils.apps.states import replay as named
from course_utils.plots.quantities import JUDGE, LOSSES, QUALITY, label_and_color, panel_titles
from course_utils.plots.replay import ReplayPanels, Run
from course_utils.recording import Recording, load_recording, recordings

ALONE = "none"  # no second run
# What recipes have been given since the first runs were recorded, as it was for these.
LATER: dict[str, Any] = {
    **{"conditioning": "none", "attributes": [], "margin": 0.2, "gamma": 0.5, "balance_rate": 0.01},
    "pulling_away": 0.0,
}


class ReplayController(LiveController):
    """A recorded run at one of its moments, and if you like a second one at the same training step.

    The slider goes through the moments of the run that trained for more steps; the other one stays at its end when
    it is over.

    Raises
    ------
    ValueError
        for no run at all, or two of the same name.
    """

    title = "Replay a recorded training"
    main = ("run", "moment", "other")
    size = (8.8, 5.2)
    lines = 4
    fps: ClassVar[float] = 8.0
    steps_per_frame = 1

    def __init__(self, runs: Sequence[Recording]):
        self.runs = {run.name: run for run in runs}
        if not runs or len(self.runs) < len(runs):
            names = ", ".join(run.name for run in runs) or "none"
            raise ValueError(f"expected at least one recording, each with a name of its own; got {names}.")
        self.states = tuple(state for state in named.STATES if named.runs(state) <= set(self.runs))
        # A quantity that was recorded all along is drawn from there, not from the few moments of an evaluation.
        self._curves = {name: run.evaluations | run.metrics for name, run in self.runs.items()}
        self._last = max(len(run) for run in runs) - 1
        self.controls = self._make_controls()  # the runs decide what there is to choose from
        super().__init__()

    def _make_controls(self) -> tuple[Control, ...]:
        names = tuple(self.runs)
        quantities = {quantity for curves in self._curves.values() for quantity in curves}
        titles = tuple(title for title in panel_titles(quantities) if title != QUALITY) or (LOSSES,)
        return (
            Choice("run", "run", names, names[0]),
            Slider("moment", "step", 0, max(self._last, 1), self._last, 1, integer=True),
            *PLAYBACK,
            Button("back", "◀", "one moment back"),
            Button("forward", "▶", "one moment on"),
            Heading("compare at the same step"),
            Choice("other", "with", (ALONE, *names), ALONE),
            Heading("curves"),
            Choice("curves", "show", titles, JUDGE if JUDGE in titles else titles[0]),
        )

    # ------------------------------------------------------------------ time

    @property
    def shown(self) -> list[Recording]:
        """The chosen run, and the one it is compared with, if there is one and it is another."""
        names = dict.fromkeys([self.values["run"], self.values["other"]])
        return [self.runs[name] for name in names if name != ALONE]

    @property
    def step(self) -> int:
        """The training step that is shown."""
        longest = max(self.shown, key=lambda run: run.steps[-1])
        # Runs of fewer moments than the slider has places pass through them more slowly.
        place = self.values["moment"] / max(self._last, 1)
        return int(longest.steps[round(place * (len(longest) - 1))])

    def steps(self) -> Iterator[None]:
        while self.values["moment"] < self._last:
            self.forward()
            yield

    def play(self) -> None:
        super().play()
        if self.values["moment"] >= self._last:
            self.values["moment"] = 0

    def stop(self) -> None:
        super().stop()
        self.values["moment"] = 0

    def forward(self) -> None:
        self.values["moment"] = min(self._last, self.values["moment"] + 1)

    def back(self) -> None:
        self.values["moment"] = max(0, self.values["moment"] - 1)

    def readouts(self) -> Mapping[str, str]:
        return {"moment": f"{self.step:,}"}

    # ------------------------------------------------------------------ what is shown

    def _titles(self) -> list[str]:
        chosen = self.values["curves"]
        return [chosen] if len(self.shown) > 1 else list(dict.fromkeys([LOSSES, chosen, QUALITY]))

    def make_panels(self, figure: Figure) -> ReplayPanels:
        self._laid_out = self._wanted()
        return ReplayPanels(figure, [self._as_drawn(run) for run in self.shown], self._titles())

    def _wanted(self) -> tuple[str, ...]:
        return self.values["curves"], *(run.name for run in self.shown)

    def update(self) -> None:
        runs = self.shown
        if self._laid_out != self._wanted():
            self.panels.show([self._as_drawn(run) for run in runs], self._titles())
            self._laid_out, self.moving = self._wanted(), self.panels.moving
        moments = [run.at(self.step) for run in runs]
        self.panels.update(
            [int(run.steps[i]) for run, i in zip(runs, moments, strict=True)],
            [run.samples(i) for run, i in zip(runs, moments, strict=True)],
        )

    def _as_drawn(self, run: Recording) -> Run:
        return Run(run.name, run.steps, run.pictures.shape[1:], self._curves[run.name])

    def status(self) -> str:
        runs = self.shown
        lines = [self._progress(run) for run in runs]
        if len(runs) == 1:
            about = f"Recipe: {_listed(runs[0].recipe)}. {_recorded_on(runs[0])}"
            return (
                f"{lines[0]}<details class=course-fine><summary>Recipe and machine</summary>{about}</details>"
            )
        differences = _differences(*(run.recipe for run in runs))
        return "<br>".join(lines) + f"<div class=course-fine>Their recipes differ in: {differences}.</div>"

    def _progress(self, run: Recording) -> str:
        moment = run.at(self.step)
        step = int(run.steps[moment])
        measured: dict[int, list[str]] = {}  # by the step of the measurement, which may be long ago
        for name, curve in run.evaluations.items():
            if len(known := curve.until(step)):
                said = f"{escape(label_and_color(name)[0])} {_number(known.values[-1])}"
                measured.setdefault(int(known.steps[-1]), []).append(said)
        about = f"{_headed(run)}, step {step:,} of {run.steps[-1]:,}, after {_duration(run.seconds[moment])}."
        if self.step > run.steps[-1]:
            about += " It ends here, before the other one."
        then = [f"Measured at step {at:,}: {self._said(said)}." for at, said in measured.items()]
        return " ".join([about, *then])

    def _said(self, measured: list[str]) -> str:
        """What was measured; where two runs are told, three quantities have to do, and before a class the first."""
        if len(self.shown) == 1 or len(measured) == 1:
            return ", ".join(measured)
        return f"{measured[0]}<span class=course-fine>, {', '.join(measured[1:3])}</span>"


def replay_app(
    runs: str | Path | Recording | Sequence[str | Path | Recording] | None = None, *, scale: float = 1.0
) -> "frame.LiveApp":
    """The app for lessons 5 and 6, ready to show; ``scale=1.4`` for a projector.

    Parameters
    ----------
    runs : recordings, or their names or paths as :func:`~course_utils.recording.load_recording` takes them; None takes
        all that ship with the course, those with the best pictures first.

    Raises
    ------
    FileNotFoundError
        when there is nothing to replay.
    """
    if runs is None and not recordings():
        raise FileNotFoundError(
            "no recorded run ships with this copy of the course. Record one with course_utils.recording.RunRecorder, "
            'and give its path: replay_app(["my_run.npz"]).'
        )
    chosen: Iterable[str | Path | Recording] = recordings()
    if isinstance(runs, str | Path | Recording):
        chosen = (runs,)
    elif runs is not None:
        chosen = checks.instance("runs", runs, Iterable, "names of recordings, such as ('mlp', 'dcgan')")
    loaded = [run if isinstance(run, Recording) else load_recording(run) for run in chosen]
    if runs is None:
        loaded.sort(key=_distance_at_the_end)
    return show(ReplayController(loaded), scale=scale)


def _distance_at_the_end(run: Recording) -> float:
    curve = run.evaluations.get("frechet_distance")
    return float(curve.values[-1]) if curve is not None and len(curve) else float("inf")


# ---------------------------------------------------------------------- words


def _headed(run: Recording) -> str:
    """The name under which the run is chosen, and its title where that says more."""
    more = f" ({escape(run.title)})" if run.title and run.title != run.name else ""
    return f"<b>{escape(run.name)}</b>{more}"


def _listed(settings: dict[str, Any]) -> str:
    """The settings that are set, in their order."""
    return ", ".join(
        f"{_words(name)} {_words(value)}" for name, value in settings.items() if value is not None
    )


def _differences(*recipes: dict[str, Any]) -> str:
    differences = []
    for name in {**recipes[0], **recipes[1]}:
        first, second = (recipe.get(name, LATER.get(name)) for recipe in recipes)
        if first != second and name != "name":
            differences.append(f"{_words(name)} {_words(first)} | {_words(second)}")
    return ", ".join(differences) or "nothing"


def _words(value: Any) -> str:
    if isinstance(value, list):
        return "–".join(map(_words, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return escape(str(value).replace("_", " "))


def _recorded_on(run: Recording) -> str:
    about = run.machine
    device = about.get("device", "cpu")
    where = [about.get("cpu") if device == "cpu" else device]
    where += [f"{n} thread{'s' * (n != 1)}"] if (n := about.get("threads")) and device == "cpu" else []
    where += [f"torch {about['torch']}"] if "torch" in about else []
    return f"Recorded on {escape(', '.join(str(part) for part in [*where, about.get('date')] if part))}."


def _number(value: float) -> str:
    text = f"{value:,.0f}" if abs(value) >= 1000 or value == np.rint(value) else f"{value:.3g}"
    return text.replace("-", "−")


def _duration(seconds: float) -> str:
    """Minutes and seconds, whatever the length: two runs are compared."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} min"
