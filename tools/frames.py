"""The apps as pictures: each named state, and the tracks of its controls, for players that need no kernel.

`make site` and `make slides` show them. For every app a folder of WebP files, named by what is in them (a picture that
comes twice is stored once), and a script that says which picture stands where:

    PLAYERS["jsd_app"] = {title, size, states: [{name, sees, alt, frame, tracks: [{label, kind, at, frames: [frame]}]}]}

where a frame is [file, status in words, what stands beside the slider, or the option's name]. A track is one control
moved from end to end ("range") or through its options ("choice"), all else as in the state; what acts by training only
is trained again, the way of the state, with the other value. Its picture `at` is the state itself.
"""

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from course_utils import apps
from course_utils.apps.frame import Controller, Slider, State, forward
from course_utils.apps.frame.canvas import Canvas
from course_utils.apps.frame.controls import Choice, ValueControl
from course_utils.apps.frame.recorded import picture, record

ROOT = Path(__file__).resolve().parents[1]
MAIN, OTHER = 6, 2  # pictures along a slider that matters before a class, and along another one
# options of a choice that matters before a class; another one gets a track with at most so many
OPTIONS, FEW = (6, 3)
AFRESH = 3  # values of what is trained again for each picture
ABSENT = {"your own"}  # options that need a file of the reader
# Of the apps that train: the controls that only look at what is there, and those that take a training with them.
TRAINED = {
    "gan_app": (("recipe",), ("rate", "k")),
    "playground_app": (("time",), ("loss", "noise")),
    "style_app": (("wipe",), ("style", "balance")),
}
PLAYED = {"gan_app": 20, "playground_app": 25, "style_app": 3}  # steps between two pictures of what is played
COLOURS, QUALITY = 64, 50


class Folder:
    """Where one app's pictures go."""

    def __init__(self, path: Path, controller: Controller):
        self.path, self.controller = path, controller
        self.canvas = Canvas(controller.size)
        path.mkdir(parents=True, exist_ok=True)

    def frame(self, beside: str = "") -> list[str]:
        """The present picture, stored, with what is said of it."""
        content = picture(self.controller, self.canvas, colours=COLOURS, quality=QUALITY)
        name = hashlib.sha1(content).hexdigest()[:12] + ".webp"
        (self.path / name).write_bytes(content)
        return [name, self.controller.spoken(), beside]


def samples(slider: Slider, count: int, end: float) -> list[float]:
    """So many values from the slider's lower end to its upper one, or all that it has."""
    steps = round((end - slider.low) / slider.step)
    at = sorted({round(k * steps / (count - 1)) for k in range(count)})
    return [slider.nearest(slider.low + k * slider.step) for k in at]


def values(controller: Controller, control: ValueControl, *, afresh: bool) -> list[Any]:
    """What a control's track goes through, the present value among it; nothing for one that gets no track."""
    here, main = controller.values[control.name], control.name in controller.main
    if isinstance(control, Slider):
        end = min(control.high, controller.ends.get(control.name, control.high))
        found = samples(control, AFRESH if afresh else MAIN if main else OTHER, end)
        return sorted({*found, here})
    options = [option for option in control.samples() if option not in ABSENT]
    if not main and not afresh and len(options) > FEW:
        return []
    most = min(len(options), AFRESH if afresh else OPTIONS)
    kept = {options[round(k * (len(options) - 1) / max(1, most - 1))] for k in range(most)}
    return [option for option in options if option in kept or option == here]


def says(controller: Controller, control: ValueControl) -> str:
    """What an app shows of a control's value."""
    value = controller.values[control.name]
    if isinstance(control, Slider):
        return controller.readouts().get(control.name, f"{value:g}".replace("-", "−"))
    return str(value) if isinstance(control, Choice) else "on" if value else "off"


def tracks(folder: Folder, name: str, state: State) -> Iterator[dict[str, Any]]:
    """Each control moved from end to end, all else as it is in the state."""
    controller, at_rest = folder.controller, folder.frame()
    looks, trains = TRAINED.get(name, ((), ()))
    late = next((i for i, step in enumerate(state.steps) if callable(step)), None)  # here begins its training
    controls = [
        control
        for control in controller.value_controls()
        if control.name not in {*controller.disabled(), "speed"}
        and (name not in TRAINED or control.name in looks or (control.name in trains and late is not None))
    ]
    controls.sort(key=lambda control: control.name not in controller.main)
    for control in controls:
        here, rest = controller.values[control.name], [*at_rest[:2], says(controller, control)]
        frames: list[list[str]] = []
        at = 0
        bring_back = controller.keep()
        for value in values(controller, control, afresh=control.name in trains):
            if value == here:
                at = len(frames)
                frames.append(rest)
                continue
            if control.name in trains:
                controller.take_steps((*state.steps[:late], {control.name: value}, *state.steps[late:]))
            else:
                controller.set(**{control.name: value})
            if controller.values[control.name] == value:  # else the app has said why not
                frames.append(folder.frame(says(controller, control)))
            if name not in TRAINED and not isinstance(control, Slider):
                bring_back()  # for an option may move other controls
                bring_back = controller.keep()
        if name in TRAINED:
            controller.visit(state.name)
        else:
            bring_back()
        if len({frame[0] for frame in frames}) > 1:
            kind = "range" if isinstance(control, Slider) else "choice"
            yield {"label": control.label, "kind": kind, "at": at, "frames": frames}


def played(folder: Folder, name: str, state: State) -> Iterator[dict[str, Any]]:
    """What Play does from here, every few steps; where a recording is shown, it would begin something else."""
    controller = folder.controller
    if name in PLAYED and getattr(controller, "recording", None) is None:
        frames = [folder.frame("0")]
        for k in range(1, MAIN):
            forward(PLAYED[name])(controller)
            frames.append(folder.frame(str(k * PLAYED[name])))
        controller.visit(state.name)
        if len({frame[0] for frame in frames}) > 1:
            yield {"label": "steps from here", "kind": "range", "at": 0, "frames": frames}


def store(controller: Controller, name: str, target: Path, most: int | None = None) -> None:
    """The pictures of an app, or of its first so many states, and the script that lists them."""
    folder = Folder(target / name, controller)

    def moved() -> list[Any]:
        state = controller.state
        assert state is not None
        return [*played(folder, name, state), *tracks(folder, name, state)]

    about = record(controller, folder.frame, moved, most)
    text = json.dumps(about, ensure_ascii=False, separators=(",", ":"))
    (target / f"{name}.js").write_text(f"(window.PLAYERS ??= {{}})[{name!r}] = {text};\n", encoding="utf-8")


def make(name: str, target: Path) -> tuple[int, int, float]:
    """Record the app of that name; how many pictures it has, how many bytes, and how many seconds of a core it took."""
    began = time.process_time()
    store(apps.controller(name), name, target)
    sizes = [path.stat().st_size for path in (target / name).iterdir()]
    return len(sizes), sum(sizes), time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("apps", nargs="*", default=sorted(apps.SHOWN))
    parser.add_argument("--to", type=Path, default=ROOT / "build/frames")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    arguments = parser.parse_args()
    os.environ.update(COURSE_DEVICE="cpu", COURSE_PROFILE="quick", COURSE_THREADS="1")
    # what trains takes longest, and begins
    todo = sorted(arguments.apps, key=lambda name: name not in TRAINED)
    with ProcessPoolExecutor(arguments.jobs) as pool:
        made = pool.map(partial(make, target=arguments.to), todo)
        for name, (count, size, seconds) in zip(todo, made, strict=True):
            print(f"{name}: {count} pictures, {size / 1e6:.1f} MB, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
