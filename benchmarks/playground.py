"""What the playground's experiments really do, and how fast it is: `OMP_NUM_THREADS=1 python benchmarks/playground.py`.

    presets   every guided experiment (`course_utils.gan.playground.presets`) on several seeds: its outcome, and
              the judge's estimate beside the exact W1 at ten moments
    controls  the same experiments with one thing changed: what could overturn a claim
    critics   G stands still while critics of several kinds learn for 500 steps: their estimates beside the exact W1
    speed     redraws per second with 2,000 points, frame and step times, and how long Pause takes

Prints tables and one JSON line. --store writes every row to data/measured/playground.json, for lesson 8, when it is
measured; --resume adds to the rows stored there the seeds they lack, --rows 8 ends after eight of them, and --names
takes only the experiments and controls of these names: lesson 8's experiments are stored with ten seeds. About fifteen
minutes for five seeds on one quiet core. --speed measures the speed only, in half a minute.
"""

import argparse
import asyncio
import datetime
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from course_utils.apps.playground import playground_app
from course_utils.gan.playground import DATA, Session, plane
from course_utils.gan.playground.presets import PRESETS, outcome
from course_utils.runtime import load_results, store_results

SHOWN = ("w1", "jsd", "modes", "near", "least", "own", "slope", "pull", "moved", "spread", "orbit", "centred")
EXPERIMENTS: dict[str, tuple[str, dict[str, Any]]] = {name: (name, {}) for name in PRESETS}
# name: (the experiment, what is changed)
CONTROLS: dict[str, tuple[str, dict[str, Any]]] = {
    "mode collapse: one step of G": ("mode collapse", {"generator_steps": 1}),
    "mode collapse: one step, statistics": (
        "mode collapse, repaired",
        {"generator_steps": 1},
    ),
    "mode collapse: twice as long": ("mode collapse", {"steps": 1200}),
    "mode collapse, repaired: twice as long": ("mode collapse, repaired", {"steps": 1200}),
    "vanishing gradient: 500 steps": ("vanishing gradient", {"steps": 500}),
    "vanishing gradient: 1,500 steps": ("vanishing gradient", {"steps": 1500}),
    "vanishing gradient, cured: 1,500 steps": ("vanishing gradient, cured", {"steps": 1500}),
    "limit cycle: half of G's rate": ("limit cycle", {"generator_learning_rate": 5e-4}),
    "limit cycle: half of both rates": (
        "limit cycle",
        {"generator_learning_rate": 5e-4, "discriminator_learning_rate": 5e-4},
    ),
    "limit cycle: non-saturating": ("limit cycle", {"objective": "non-saturating"}),
    "limit cycle: without momentum": ("limit cycle", {"betas": (0.0, 0.999)}),
    "a ring that works: minimax": ("a ring that works", {"objective": "minimax"}),
    "a ring that works: minimax, optimistic": (
        "a ring that works",
        {"objective": "minimax", "optimizer": "optimistic-adam"},
    ),
    "R3GAN: without the penalties": ("R3GAN", {"penalty": "none"}),
    "EBGAN: one number as code": ("EBGAN", {"discriminator_widths": (64, 64, 1)}),
    "BEGAN: gamma 0.8": ("BEGAN", {"gamma": 0.8}),
    "BEGAN: gamma 1": ("BEGAN", {"gamma": 1.0}),
    "bug A: without the bug": ("bug A", {"bug": "none"}),
    "bug A: 1,500 steps": ("bug A", {"steps": 1500}),
    "bug B: without the bug": ("bug B", {"bug": "none"}),
}
CRITIC_STEPS = 500
WATCHED = 5.0  # seconds of playing
CRITICS = {
    "clipping, c = 0.001": {"penalty": "clip", "clip": 0.001, "optimizer": "rmsprop"},
    "clipping, c = 0.01": {"penalty": "clip", "clip": 0.01, "optimizer": "rmsprop"},
    "clipping, c = 0.1": {"penalty": "clip", "clip": 0.1, "optimizer": "rmsprop"},
    "clipping, c = 1": {"penalty": "clip", "clip": 1.0, "optimizer": "rmsprop"},
    "GP, weight 1": {"penalty": "gp", "penalty_weight": 1.0},
    "GP, weight 10": {"penalty": "gp", "penalty_weight": 10.0},
    "LP, weight 10": {"penalty": "lp", "penalty_weight": 10.0},
    "LP, weight 100": {"penalty": "lp", "penalty_weight": 100.0},
}
LIMITS = {"redraws_per_second": 10, "frame": 0.06, "step": 0.003, "pause": 0.3}


class Enough(Exception):
    """As many rows as were asked for."""


def outcomes(rows: dict, seeds: int, results: dict, keep: Callable[[], None]) -> None:
    print(
        f"{'mean of ' + str(seeds) + ' seeds':38}"
        + "".join(f"{name:>8}" for name in SHOWN)
        + "  as claimed, diverged"
    )
    for name, (preset, changed) in rows.items():
        runs = results.setdefault(name, [])
        if len(runs) < seeds:
            runs += [outcome(PRESETS[preset], seed, **changed) for seed in range(len(runs), seeds)]
            keep()
        numbers = [[run[key] for run in runs if run[key] is not None] for key in SHOWN]
        row = "".join(f"{np.mean(n):8.3f}" if n else f"{'-':>8}" for n in numbers)
        holds = sum(PRESETS[preset].holds(run) for run in runs)
        print(f"{name:38}{row}  {holds}, {sum(run['diverged'] is not None for run in runs)}", flush=True)


def critics(seeds: int, results: dict, keep: Callable[[], None]) -> None:
    print(f"\n{'G stands still':24}{'W1':>9}{'estimate':>10}{'slope':>9}{'steepest':>10}{'ratio':>9}")
    for name, settings in CRITICS.items():
        if name not in results:
            results[name] = [critic(settings, seed) for seed in range(seeds)]
            keep()
        means = {key: np.mean([run[key] for run in results[name]]) for key in results[name][0]}
        print(f"{name:24}{means['w1']:9.3f}{means['own']:10.4f}{means['slope']:9.4f}{means['steepest']:10.3f}"
              f"{means['own'] / means['w1']:9.3f}", flush=True)  # fmt: skip


def critic(settings: dict, seed: int) -> dict:
    session = Session("ring", seed, objective="wasserstein", **settings).replay("D" * CRITIC_STEPS)
    m = plane.measure(session.trainer)
    return {
        "w1": m.w1, "own": m.judge_estimate, "slope": m.slope, "steepest": m.steepest, "secant": m.secant,
        "lower_bound": m.lower_bound,
    }  # fmt: skip


def floors() -> dict:
    """(lowest, highest) JSD and W1 of real against real, in five draws."""
    return {name: plane.floor_range(make()) for name, make in DATA.items()}


async def speed() -> dict:
    app = playground_app(points=2000)
    app.press("play")
    await asyncio.sleep(WATCHED / 5)
    frames, steps, begin = app.player.frames, app.player.steps_taken, time.perf_counter()
    await asyncio.sleep(WATCHED)
    took = time.perf_counter() - begin
    frames, steps = app.player.frames - frames, app.player.steps_taken - steps
    pauses = []
    for _ in range(10):
        app.press("play")
        await asyncio.sleep(0.2)
        start = time.perf_counter()
        app.press("pause")
        await app.player.wait()
        pauses.append(time.perf_counter() - start)
    frame, frame_cpu = timed(app.redraw, 40)
    step, step_cpu = timed(app.controller.session.move, 300)
    return {
        "redraws_per_second": frames / took,
        "steps_per_second": steps / took,
        "frame": frame,
        "step": step,
        "pause": max(pauses),
        "frame_cpu": frame_cpu,
        "step_cpu": step_cpu,
        "load": os.getloadavg()[0],
    }


def timed(action: Callable[[], object], times: int) -> tuple[float, float]:
    """Median seconds by the clock, and of this process alone, which a busy machine changes less."""
    clock, own = [], []
    for _ in range(times):
        start, start_own = time.perf_counter(), time.process_time()
        action()
        clock.append(time.perf_counter() - start)
        own.append(time.process_time() - start_own)
    return statistics.median(clock), statistics.median(own)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--speed", action="store_true", help="measure the speed only")
    parser.add_argument("--resume", action="store_true", help="keep the rows that are stored already")
    parser.add_argument("--rows", type=int, help="end after so many new rows")
    parser.add_argument("--names", nargs="+", choices=[*EXPERIMENTS, *CONTROLS], metavar="NAME")
    parser.add_argument("--store", action="store_true", help="write data/measured/playground.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    stored = {}
    if options.resume or options.speed:
        with suppress(FileNotFoundError):
            stored = load_results("playground")
    report = {
        "benchmark": "playground",
        "seeds": options.seeds,
        "presets": {},
        "controls": {},
        "critics": {},
    } | stored
    if not options.names:
        report["seeds"] = options.seeds
    report["date"] = datetime.date.today().isoformat()
    report["machine"] = (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, torch {torch.__version__}"
    )

    new = 0

    def keep() -> None:
        nonlocal new
        if options.store:
            store_results("playground", report)
        new += 1
        if new == options.rows:
            raise Enough

    if not options.speed:
        try:
            for kind, rows in (("presets", EXPERIMENTS), ("controls", CONTROLS)):
                chosen = {name: row for name, row in rows.items() if name in (options.names or rows)}
                outcomes(chosen, options.seeds, report[kind], keep)
            if options.names:
                raise Enough
            critics(options.seeds, report["critics"], keep)
        except Enough:
            return
        report["floor"] = floors()
    report["speed"] = asyncio.run(speed()) | {"limits": LIMITS}
    print(
        "\n" + ", ".join(f"{name} {value:.4g}" for name, value in report["speed"].items() if name != "limits")
    )
    keep()
    print(json.dumps(report))


if __name__ == "__main__":
    main()
