"""How long the apps take to answer: `python benchmarks/apps.py [--rounds N] [--scale S] [--save FILE]`.

Every app of the course is driven through its own widgets, as a student would: each slider from end to end, every
choice, every switch. One redraw is all that happens in the kernel between a change of a widget and the finished PNG:
the mathematics, the drawing, the encoding. Apps that play also show some frames of what they play ("frame": only the
frame is timed, not the steps between two frames). The baseline is matplotlib's own ``savefig`` of the same figure,
which is what a notebook pays for every picture without an app, before any mathematics.

"first" is the time from the call to the first picture, with all that is imported or computed for the first time.

Prints one table and one JSON line with the claims that it measures: the first picture of every app comes within 2 s,
the median redraw takes under 50 ms. (Where a control begins another run, as most of those of ``style`` and ``replay``
do, that is part of the redraw.)
"""

import argparse
import io
import json
import statistics
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from course_utils.apps.couplings import couplings_app
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
    gan_app,
    replay_app,
    style_app,
    playground_app,
)
ARGUMENTS = {gan_app: (load_digits_stand_in,)}  # made when the app is
LIMIT = 0.05  # seconds
FIRST = 2.0  # seconds
STOPS = 12  # places at which a slider halts on its way from end to end
FRAMES = 20


def stops(control) -> list:
    """Values of a control in the order in which a drag would meet them."""
    if not isinstance(control, Slider):
        return list(control.samples())
    ticks = round((control.high - control.low) / control.step)
    places = np.unique(np.linspace(0, ticks, STOPS).round())
    return [control.check(min((control.low + control.step * place).item(), control.high)) for place in places]


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def measure(app: App) -> tuple[list[float], list[float]]:
    """Seconds of every redraw of one round through all controls, and of the frames that the app plays."""
    seconds = []
    for control in app.controller.value_controls():
        widget, before = app.widgets[control.name], app.controller.values[control.name]
        for value in [*stops(control), before]:
            if widget.value != value:
                seconds.append(timed(lambda widget=widget, value=value: setattr(widget, "value", value)))
    if not isinstance(app, LiveApp):
        return seconds, []
    app.press("stop" if "stop" in app.widgets else "reset")  # a recorded run may be at its end
    return seconds, [timed(app.redraw) for _ in islice(app.controller.steps(), FRAMES)]


def savefig(app: App) -> float:
    """Median seconds of a plain savefig of what the app shows."""
    with palette.context():
        return statistics.median(
            timed(lambda: app.figure.savefig(io.BytesIO(), format="png")) for _ in range(FRAMES)
        )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--save", type=Path, help="also write the JSON to this file")
    options = parser.parse_args()
    torch.set_num_threads(1)  # as the notebooks do: threads of small networks only wait for each other

    print(
        "milliseconds".ljust(22)
        + "".join(
            name.rjust(10) for name in ("redraws", "first", "median", "95 %", "slowest", "frame", "savefig")
        )
    )
    results = {}
    for make in APPS:
        arguments = [argument() for argument in ARGUMENTS.get(make, ())]
        start = time.perf_counter()
        app = make(*arguments, scale=options.scale)  # its first picture is drawn by then
        first = time.perf_counter() - start
        moved, frames = zip(*(measure(app) for _ in range(options.rounds)), strict=True)
        frames = [taken for round_ in frames for taken in round_]
        seconds = [taken for round_ in moved for taken in round_] + frames
        row = {
            "redraws": len(seconds),
            "first": first,
            "median": statistics.median(seconds),
            "p95": float(np.quantile(seconds, 0.95)),
            "slowest": max(seconds),
            "frame": statistics.median(frames) if frames else None,
            "savefig": savefig(app),
        }
        name = make.__name__.removesuffix("_app")
        results[name] = row
        shown = (row[key] for key in ("first", "median", "p95", "slowest", "frame", "savefig"))
        times = "".join("-".rjust(10) if value is None else f"{1e3 * value:10.1f}" for value in shown)
        print(f"{name:22}{row['redraws']:10}{times}", flush=True)

    claims = {}
    for claim, key, limit in (("redraw", "median", LIMIT), ("first", "first", FIRST)):
        slowest = max(results, key=lambda name: results[name][key])
        value = results[slowest][key]
        claims[claim] = {"app": slowest, "value": value, "limit": limit, "holds": value < limit}
    report = {
        "benchmark": "apps",
        "machine": describe_machine(),
        "scale": options.scale,
        "seconds": results,
        "claims": claims,
    }
    print(json.dumps(report))
    if options.save:
        write_json(options.save, report)
    return 0 if all(claim["holds"] for claim in claims.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
