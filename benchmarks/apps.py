"""How soon the apps show a picture, and how fast they answer: `python benchmarks/apps.py [--rounds N] [--save FILE]`.

The first picture: every cell of a lesson that shows an app is run as after a restart, in a fresh process, after the
lesson's first code cell (the imports) alone; a guess, whose curve is computed before, after all cells before it.
Counted are the seconds from the cell's start to its first picture, with all that is imported, loaded or computed for
the first time, but for what every kernel has imported, and with Python's compiled files of the package at hand, as on
any second start. Aims: 2 s, and harder, 0.3.

Dragging: every slider of every app is dragged from end to end, through its widget, as a student would; of every choice
each option is taken, of every switch both. A frame is all that happens in the kernel between a change of the control
and the finished PNG: the mathematics, the drawing, the encoding. Where a control begins another run, as "seed" does,
that is part of the frame. Aim: 15 frames a second with every slider (the median of its frames). A second, harder aim is
reported for each app: of every control, the median frame within 50 ms, and 95 % of its frames within 100. Beside it the
frames of what plays (only the frame is timed, not the steps between two frames), and the baseline: matplotlib's own
``savefig`` of the same figure, which is what a notebook pays for every picture without an app, before any mathematics.

Prints two tables and one JSON line with the claims. ``--cpu`` counts the processor's seconds in place of the clock's,
for a busy machine; ``--apps jsd style`` drags these apps alone.
"""

import argparse
import compileall
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
from typing import Any

import numpy as np
import torch
from course_utils import apps, exercises
from course_utils.apps.frame import App, LiveApp, Slider
from course_utils.datasets import load_digits_stand_in
from course_utils.divergences import lines
from course_utils.files import write_json
from course_utils.plots import palette
from course_utils.runtime import describe_machine

APPS = (
    "jsd parallel_lines couplings move_the_dirt point_clouds games family gan replay style playground vae attacks "
    "conditional translation guess"
).split()


def to_guess() -> tuple[Any, ...]:
    """What lesson 2 lets a student guess."""
    theta = np.linspace(-2, 2, 401)
    return exercises.question("2.c"), theta, lines.js_divergence(theta, 0.0)


def some_digits() -> tuple[Any, ...]:
    return (load_digits_stand_in(),)


ARGUMENTS = {"gan": some_digits, "vae": some_digits, "guess": to_guess}
PACKAGE = Path(apps.__file__).parents[1]
LESSONS = sorted((Path(__file__).parents[1] / "notebooks").glob("[01][0-9]*.ipynb"))
FIRST, SOON = 2.0, 0.3  # seconds
DRAGGED = 15.0  # frames a second
MEDIAN, MOST = 0.05, 0.1  # seconds of a control's median frame, and of 95 % of its frames
STOPS = 12  # places at which a slider halts on its way from end to end
FRAMES = 20

# A cell run as a notebook runs it: in a loop, and what its last line is worth is shown.
RUN = """
import ast, asyncio, json, sys, time
import ipykernel.kernelapp

async def run():
    clock, (*before, cell) = getattr(time, sys.argv[1]), json.load(sys.stdin)
    for earlier in before:
        exec(earlier, globals())
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
    compileall.compile_dir(PACKAGE, quiet=2)
    for lesson in LESSONS:
        cells = json.loads(lesson.read_text(encoding="utf-8"))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        for place, cell in enumerate(code):
            for app in APPS:
                if f"apps.{app}_app(" not in cell:
                    continue
                before = code[: place if app == "guess" else 1]
                done = subprocess.run(
                    [sys.executable, "-c", RUN, clock], input=json.dumps([*before, cell]), text=True, check=True,
                    stdout=subprocess.PIPE, env={**os.environ, "MPLBACKEND": "agg"},
                )  # fmt: skip
                name = f"{lesson.stem.split('_')[0]} {app}_app"
                seconds[name] = float(done.stdout.splitlines()[-1])
                print(f"| {name} | {seconds[name]:.2f} |", flush=True)
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
    """Seconds of every frame while each slider is dragged from end to end, and each other control takes all that it
    can be, by its name."""
    taken: dict[str, list[float]] = {}
    for control in app.controller.value_controls():
        widget, before = app.widgets[control.name], app.controller.values[control.name]
        values: Any = control.samples()
        if isinstance(control, Slider):
            end = app.controller.ends.get(control.name, control.high)  # a time line grows with its run
            values = stops(control, end)
        seconds = [
            watch(partial(setattr, widget, "value", value)) for value in values if widget.value != value
        ]
        if seconds:
            taken[control.name] = seconds
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


def frames(name: str, rounds: int, scale: float, watch: Watch) -> dict[str, Any]:
    """One app's row of the table."""
    app = getattr(apps, f"{name}_app")(*ARGUMENTS.get(name, tuple)(), scale=scale)
    taken: dict[str, list[float]] = {}
    played: list[float] = []
    for _ in range(rounds):
        for name, seconds in drag(app, watch).items():
            taken.setdefault(name, []).extend(seconds)
        played += play(app, watch)
    dragged = {
        control.name: taken[control.name]
        for control in app.controller.value_controls()
        if isinstance(control, Slider) and control.name in taken
    }
    slowest = max(dragged, key=lambda name: statistics.median(dragged[name]))
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    most = {name: float(np.quantile(seconds, 0.95)) for name, seconds in taken.items()}
    return {
        "dragged": per_second([second for seconds in dragged.values() for second in seconds]),
        "slowest": per_second(dragged[slowest]),
        "slider": slowest,
        "played": per_second(played),
        "savefig": per_second(savefig(app, watch)),
        "median": max(medians.values()),
        "median_of": max(medians, key=medians.__getitem__),
        "most": max(most.values()),
        "most_of": max(most, key=most.__getitem__),
        "late": ", ".join(name for name in taken if medians[name] > MEDIAN or most[name] > MOST),
    }


def shown(name: str, row: dict[str, Any]) -> str:
    """A line of the table."""
    speeds = [
        "" if row[key] is None else f"{row[key]:.0f}" for key in ("dragged", "slowest", "played", "savefig")
    ]
    times = [f"{1000 * row[key]:.0f} ({row[f'{key}_of']})" for key in ("median", "most")]
    return f"| {' | '.join([name, *speeds[:2], row['slider'], *speeds[2:], *times, row['late']])} |"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--cpu", action="store_true", help="count the processor's seconds, not the clock's")
    parser.add_argument("--save", type=Path, help="also write the JSON to this file")
    parser.add_argument(
        "--apps", nargs="+", choices=APPS, default=[], help="drag these alone; no first pictures"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)  # as the notebooks do: threads of small networks only wait for each other
    clock = "process_time" if options.cpu else "perf_counter"

    first: dict[str, float] = {}
    if not options.apps:
        print(f"| lesson, app | first picture, s (aims: {FIRST:g}, {SOON:g}) |\n|---|---|")
        first = first_pictures(clock)
    print(
        f"\n| app: frames a second | dragging | slowest slider (aim: {DRAGGED:g}) | which | playing | savefig "
        f"| slowest control, median, ms (aim: {1000 * MEDIAN:.0f}) | 95 %, ms (aim: {1000 * MOST:.0f}) "
        "| controls over an aim |\n|---|---|---|---|---|---|---|---|---|"
    )
    rows: dict[str, dict[str, Any]] = {}
    watch = partial(timed, getattr(time, clock))
    for name in APPS:
        if name in (options.apps or APPS):
            rows[name] = frames(name, options.rounds, options.scale, watch)
            print(shown(name, rows[name]), flush=True)

    slow = min(rows, key=lambda name: rows[name]["slowest"])
    report = {
        "benchmark": "apps",
        "machine": describe_machine(),
        "clock": clock,
        "scale": options.scale,
        "first": first,
        "frames": rows,
        "claims": {
            "dragged": {
                "app": slow,
                "value": rows[slow]["slowest"],
                "limit": DRAGGED,
                "holds": rows[slow]["slowest"] >= DRAGGED,
            },
            "controls": {
                "within": [name for name, row in rows.items() if not row["late"]],
                "limits": [MEDIAN, MOST],
                "holds": not any(row["late"] for row in rows.values()),
            },
        },
    }
    if first:
        late = max(first, key=first.__getitem__)
        claim = {"app": late, "value": first[late], "limit": FIRST, "holds": first[late] <= FIRST}
        report["claims"]["first"] = claim
        within = [name for name, took in first.items() if took <= SOON]
        report["claims"]["soon"] = {"within": within, "limit": SOON, "holds": len(within) == len(first)}
    print(json.dumps(report))
    if options.save:
        write_json(options.save, report)
    return 0 if all(claim["holds"] for claim in report["claims"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
