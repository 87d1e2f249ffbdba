"""The apps as pictures: each named state, and the tracks of its sliders, for players that need no kernel.

`make site` and `make slides` show them. For every app a folder of WebP files, named by what is in them (a picture that
comes twice is stored once), and a script that says which picture stands where:

    PLAYERS["jsd_app"] = {title, size, states: [{name, sees, frames: [frame], tracks: [{label, at, frames: [frame]}]}]}

where a frame is [file, status in words, what stands beside the slider]. The first frame of a state is the state.
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
from course_utils.apps.frame import Controller, LiveController, Slider, forward
from course_utils.apps.frame.canvas import Canvas
from course_utils.apps.frame.recorded import picture, record

ROOT = Path(__file__).resolve().parents[1]
MAIN, OTHER = 7, 3  # pictures along a slider that matters before a class, and along another one
SLOW = {"style_app": 3, "gan_app": 20, "playground_app": 25}  # steps between two pictures of what is played
PLAYED = 7  # so many of them
# No track: it chooses something, or begins a training that would have to be played.
NO_TRACK = {"style_app", "gan_app", "playground_app"}


class Folder:
    """Where one app's pictures go."""

    def __init__(self, path: Path, controller: Controller):
        self.path, self.controller = path, controller
        self.canvas = Canvas(controller.size)
        path.mkdir(parents=True, exist_ok=True)

    def frame(self, beside: str = "") -> list[str]:
        """The present picture, stored, with what is said of it."""
        content = picture(self.controller, self.canvas)
        name = hashlib.sha1(content).hexdigest()[:12] + ".webp"
        if not (self.path / name).exists():
            (self.path / name).write_bytes(content)
        return [name, self.controller.spoken(), beside]


def samples(slider: Slider, count: int, end: float) -> list[float]:
    """So many values from the slider's lower end to its upper one, or all that it has."""
    steps = round((end - slider.low) / slider.step)
    at = sorted({round(k * steps / (count - 1)) for k in range(count)})
    return [slider.nearest(slider.low + k * slider.step) for k in at]


def tracks(folder: Folder, name: str) -> Iterator[dict[str, Any]]:
    """Each slider moved from end to end, all else as it is in the present state."""
    controller = folder.controller
    sliders = [c for c in controller.value_controls() if isinstance(c, Slider)]
    sliders.sort(key=lambda slider: slider.name not in controller.main)
    for slider in sliders if name not in NO_TRACK else []:
        if slider.name in controller.disabled() or slider.name == "speed":
            continue
        here = controller.values[slider.name]
        end = min(slider.high, controller.ends.get(slider.name, slider.high))
        values = samples(slider, MAIN if slider.name in controller.main else OTHER, end)
        values = sorted({*values, here})
        bring_back = controller.keep()
        frames = []
        for value in values:
            controller.set(**{slider.name: value})
            frames.append(folder.frame(f"{value:g}".replace("-", "−")))
        bring_back()
        if len({frame[0] for frame in frames}) > 1:
            yield {"label": slider.label, "at": values.index(here), "frames": frames}


def played(folder: Folder, name: str) -> Iterator[dict[str, Any]]:
    """What Play does from here, every few steps."""
    if name in SLOW and isinstance(folder.controller, LiveController):
        frames = [folder.frame("0")]
        for k in range(1, PLAYED):
            forward(SLOW[name])(folder.controller)
            frames.append(folder.frame(str(k * SLOW[name])))
        if len({frame[0] for frame in frames}) > 1:
            yield {"label": "steps from here", "at": 0, "frames": frames}


def make(name: str, target: Path, most: int | None) -> tuple[str, int, float]:
    """The pictures of one app; its name, how many bytes they have, and how long they took."""
    began = time.perf_counter()
    controller = apps.controller(name)
    folder = Folder(target / name, controller)
    about = record(controller, folder.frame, lambda: [*tracks(folder, name), *played(folder, name)], most)
    text = json.dumps(about, ensure_ascii=False, separators=(",", ":"))
    (target / f"{name}.js").write_text(f"(window.PLAYERS ??= {{}})[{name!r}] = {text};\n", encoding="utf-8")
    size = sum(path.stat().st_size for path in (target / name).iterdir())
    return name, size, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("apps", nargs="*", default=sorted(apps.SHOWN))
    parser.add_argument("--to", type=Path, default=ROOT / "build/frames")
    parser.add_argument("--states", type=int, help="only the first so many states of each")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    arguments = parser.parse_args()
    os.environ.update(COURSE_DEVICE="cpu", COURSE_PROFILE="quick", COURSE_THREADS="1")
    work = partial(make, target=arguments.to, most=arguments.states)
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for name, size, seconds in pool.map(work, arguments.apps):
            count = len(list((arguments.to / name).iterdir()))
            print(f"{name}: {count} pictures, {size / 1e6:.1f} MB, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
