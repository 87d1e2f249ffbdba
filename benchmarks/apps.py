"""How soon the apps show a picture, and how fast they answer: `python benchmarks/apps.py [--rounds N] [--save FILE]`.

The first picture: every cell of a lesson that shows an app is run as after a restart, in a fresh process, after the
lesson's first code cell (the imports) alone. Counted are the seconds from the cell's start to its first picture, with
all that is imported, loaded or computed for the first time. Aim: 2 s.

Dragging: every slider of every app is dragged from end to end, through its widget, as a student would. A frame is all
that happens in the kernel between a change of the slider and the finished PNG: the mathematics, the drawing, the
encoding. Where a slider begins another run, as "seed" does, that is part of the frame. Aim: 15 frames a second with
every slider (the median of its frames). Beside it the frames of what plays (only the frame is timed, not the steps
between two frames), and the baseline: matplotlib's own ``savefig`` of the same figure, which is what a notebook pays
for every picture without an app, before any mathematics.

Prints two tables and one JSON line with both claims. ``--cpu`` counts the processor's seconds in place of the clock's,
for a busy machine.
"""

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from course_utils.apps.attacks import attacks_app
from course_utils.apps.conditional import conditional_app
from course_utils.apps.couplings import couplings_app
from course_utils.apps.family import family_app
from course_utils.apps.frame import App, LiveApp, Slider
from course_utils.apps.games import games_app
from course_utils.apps.gan import gan_app
from course_utils.apps.jsd import jsd_app
from course_utils.apps.parallel_lines import parallel_lines_app
from course_utils.apps.playground import playground_app
from course_utils.apps.point_clouds import point_clouds_app
from course_utils.apps.replay import replay_app
from course_utils.apps.style import style_app
from course_utils.apps.transport import move_the_dirt_app
from course_utils.apps.vae import vae_app
from course_utils.datasets import load_digits_stand_in
from course_utils.files import write_json
from course_utils.plots import palette
from course_utils.runtime import describe_machine

APPS: tuple[Callable[..., App], ...] = (
    jsd_app,
    parallel_lines_app,
    couplings_app,
    move_the_dirt_app,
    point_clouds_app,
    games_app,
    family_app,
    gan_app,
    replay_app,
    style_app,
    playground_app,
    vae_app,
    attacks_app,
    conditional_app,
)
ARGUMENTS = dict.fromkeys((gan_app, vae_app), (load_digits_stand_in,))  # made when the app is
LESSONS = sorted((Path(__file__).parents[1] / "notebooks").glob("[01][0-9]*.ipynb"))
FIRST = 2.0  # seconds
DRAGGED = 15.0  # frames a second
STOPS = 12  # places at which a slider halts on its way from end to end
FRAMES = 20

# A cell run as a notebook runs it: in a loop, and what its last line is worth is shown.
RUN = """
import ast, asyncio, json, sys, time

async def run():
    clock, (imports, cell) = getattr(time, sys.argv[1]), json.load(sys.stdin)
    exec(imports, globals())
    start = clock()
    module = ast.parse(cell)
    shown = module.body.pop().value
    exec(compile(module, "cell", "exec"), globals())
    eval(compile(ast.Expression(shown), "cell", "eval"), globals()).still()
    return clock() - start

print("\\n" + str(asyncio.run(run())))
"""


def first_pictures(clock: str) -> dict[str, float]:
    """Seconds to the first picture of every cell of the lessons that shows an app: {"01 jsd_app": 0.8}."""
    seconds = {}
    for lesson in LESSONS:
        cells = json.loads(lesson.read_text(encoding="utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        for cell in code:
            for make in APPS:
                if f"apps.{make.__name__}(" not in cell:
                    continue
                done = subprocess.run(
                    [sys.executable, "-c", RUN, clock], input=json.dumps([code[0], cell]), text=True, check=True,
                    stdout=subprocess.PIPE, env={**os.environ, "MPLBACKEND": "agg"},
                )  # fmt: skip
                name = f"{lesson.stem.split('_')[0]} {make.__name__}"
                seconds[name] = float(done.stdout.splitlines()[-1])
                print(f"| {name} | {seconds[name]:.1f} |", flush=True)
    return seconds


Watch = Callable[[Callable[[], object]], float]


def timed(clock: Callable[[], float], action: Callable[[], object]) -> float:
    """Seconds of a call."""
    start = clock()
    action()
    return clock() - start


def stops(slider: Slider, end: float) -> list[float]:
    """Values of a slider in the order in which a drag up to its end would meet them."""
    places = np.unique(np.linspace(0, round((end - slider.low) / slider.step), STOPS).round())
    return [slider.check(min((slider.low + slider.step * place).item(), end)) for place in places]


def drag(app: App, watch: Watch) -> dict[str, list[float]]:
    """Seconds of every frame while each slider is dragged from end to end, by its name."""
    taken: dict[str, list[float]] = {}
    for slider in app.controller.value_controls():
        if not isinstance(slider, Slider):
            continue
        end = app.controller.ends.get(slider.name, slider.high)  # a time line grows with its run
        widget, before = app.widgets[slider.name], app.controller.values[slider.name]
        taken[slider.name] = [
            watch(lambda widget=widget, value=value: setattr(widget, "value", value))
            for value in stops(slider, end)
            if widget.value != value
        ]
        widget.value = before
    return taken


def play(app: App, watch: Watch) -> list[float]:
    """Seconds of frames of what the app plays; none where it plays nothing."""
    if not isinstance(app, LiveApp):
        return []
    app.press("stop" if "stop" in app.widgets else "reset")  # a recorded run may be at its end
    return [watch(app.redraw) for _ in islice(app.controller.steps(), FRAMES)]


def savefig(app: App, watch: Watch) -> list[float]:
    """Seconds of a plain savefig of what the app shows."""
    with palette.context():
        return [watch(lambda: app.figure.savefig(io.BytesIO(), format="png")) for _ in range(FRAMES)]


def per_second(seconds: list[float]) -> float | None:
    """Frames a second, by the median frame."""
    return 1 / statistics.median(seconds) if seconds else None


def frames(
    make: Callable[..., App], rounds: int, scale: float, watch: Watch
) -> dict[str, float | str | None]:
    """One app's row of the table."""
    app = make(*(argument() for argument in ARGUMENTS.get(make, ())), scale=scale)
    dragged: dict[str, list[float]] = {}
    played: list[float] = []
    for _ in range(rounds):
        for name, seconds in drag(app, watch).items():
            dragged.setdefault(name, []).extend(seconds)
        played += play(app, watch)
    speeds = {name: per_second(seconds) for name, seconds in dragged.items()}
    slowest = min(speeds, key=speeds.__getitem__)
    return {
        "dragged": per_second([second for seconds in dragged.values() for second in seconds]),
        "slowest": speeds[slowest],
        "slider": slowest,
        "played": per_second(played),
        "savefig": per_second(savefig(app, watch)),
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--cpu", action="store_true", help="count the processor's seconds, not the clock's")
    parser.add_argument("--save", type=Path, help="also write the JSON to this file")
    options = parser.parse_args()
    torch.set_num_threads(1)  # as the notebooks do: threads of small networks only wait for each other
    clock = "process_time" if options.cpu else "perf_counter"

    print(f"| lesson, app | first picture, s (aim: {FIRST:g}) |\n|---|---|")
    first = first_pictures(clock)
    aim = f"(aim: {DRAGGED:g})"
    print(f"\n| app: frames a second | dragging | slowest slider {aim} | which | playing | savefig |")
    print("|---|---|---|---|---|---|")
    rows, watch = {}, partial(timed, getattr(time, clock))
    for make in APPS:
        name = make.__name__.removesuffix("_app")
        rows[name] = row = frames(make, options.rounds, options.scale, watch)
        shown = (
            "" if value is None else f"{value:.0f}" if isinstance(value, float) else value
            for value in row.values()
        )
        print(f"| {name} | {' | '.join(shown)} |", flush=True)

    late, slow = max(first, key=first.__getitem__), min(rows, key=lambda name: rows[name]["slowest"])
    report = {
        "benchmark": "apps",
        "machine": describe_machine(),
        "clock": clock,
        "scale": options.scale,
        "first": first,
        "frames": rows,
        "claims": {
            "first": {"app": late, "value": first[late], "limit": FIRST, "holds": first[late] <= FIRST},
            "dragged": {
                "app": slow,
                "value": rows[slow]["slowest"],
                "limit": DRAGGED,
                "holds": rows[slow]["slowest"] >= DRAGGED,
            },
        },
    }
    print(json.dumps(report))
    if options.save:
        write_json(options.save, report)
    return 0 if all(claim["holds"] for claim in report["claims"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
