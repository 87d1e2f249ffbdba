"""How long until the digits are good? Seconds of two quiet cores to Fréchet distance 150, 60, 30 and 20.

    python benchmarks/time_to_quality.py --ways peer-dcgan --seeds 0 1 2 --steps 6000      any machine
    python benchmarks/time_to_quality.py --speed                                           a quiet one
    python benchmarks/time_to_quality.py --trial '{"generator_learning_rate": 2e-3}' --steps 1100

A way is one of the package's recipes, or one of PyTorch-GAN's two convolutional scripts with their own settings at
28 x 28 (`dcgan.py`; `wgan_gp.py`, whose networks are fully connected), rebuilt in `pytorch_gan.py`. All are judged as
in `gan_quality.py`, on 10,000 pictures, ours by the averaged generator that a student sees, the peers' as they are.
What a way reaches depends on its steps alone, so the runs may be made on a busy machine, with one thread each; what a
step costs is measured apart, all ways taking turns in one process on all cores. Seconds are the product; looking costs
nothing. A moment between two looks is read off the straight line between the logarithms of both; a distance that the
run has not reached is "-". A trial is "dcgan" with changes on the first of the seeds, and stores nothing.

Chosen before the runs: 60 within 45 seconds and 20 within 300 seconds, in the median of three seeds.

Prints one table and one JSON line. Each run and the speeds are merged into data/measured/time_to_quality.json with
--store. The package's own runs are those of `gan_quality.py`. Needs MNIST.
"""

import course_utils  # isort: skip # noqa: F401 # first: it says how threads wait before anything loads torch
import argparse
import json
from contextlib import suppress
from functools import partial
from itertools import takewhile
from statistics import median
from time import perf_counter

from gan_quality import Judge
from pytorch_gan import Dcgan, Peer, WganGp
from timing import measure

import numpy as np
from course_utils.datasets import load_mnist
from course_utils.gan import AdversarialTrainer
from course_utils.runtime import describe_machine, load_results, store_results
from course_utils.threads import all_cores

JUDGED = 10_000
MARKS = (150, 60, 30, 20)
GOALS = {60: 45, 20: 300}  # seconds
TURN = 2.0  # seconds: as in a training, caches and waits have settled
LOOKS = (250, 500, 750, 1000, 1500, 2000, 3000, 4000, 6000, 8000, 11_000, 15_000, 20_000, 30_000, 40_000)
OURS = ("dcgan", "dcgan-fast", "mlp", "wgan-gp")  # the runs of all are those of gan_quality.py
PEERS: dict[str, type[Peer]] = {"peer-dcgan": Dcgan, "peer-wgan-gp": WganGp}


def begin(way: str, changes: dict, images, seed: int):
    """What is judged (it has ``sample(n, seed)``), and a function that takes one step."""
    if way in PEERS:
        peer = PEERS[way](images.pixels, images.labels, seed)
        return peer, peer.step
    trainer = AdversarialTrainer(images, way, device="cpu", seed=seed, **changes)
    steps = trainer.steps(10**7)
    return trainer, lambda: next(steps)


def run(way: str, changes: dict, seed: int, steps: int, judge: Judge) -> dict:
    """One training run, until its steps are made or the last mark is reached."""
    learner, step = begin(way, changes, judge.train, seed)
    looks, done = [], 0
    for moment in [*takewhile(lambda look: look < steps, LOOKS), steps]:
        for _ in range(moment - done):
            step()
        done, seen = moment, judge(learner)
        looks.append({"steps": done, **{k: seen[k] for k in ("frechet_distance", "modes")}})
        print(f"  {way} {changes or ''} seed {seed}: {looks[-1]}", flush=True)
        if seen["frechet_distance"] <= MARKS[-1]:
            break
    return {"way": way, "seed": seed, "looks": looks}


def of_gan_quality(way: str) -> list[dict]:
    """The same from the runs of `gan_quality.py` as the recipe ships, of its full length."""
    runs = []
    with suppress(FileNotFoundError):
        runs = load_results("gan_quality")
    return [
        {
            "way": way,
            "seed": run["seed"],
            "looks": [{**look, "steps": look["step"]} for look in run["evaluations"]],
        }
        for run in runs
        if run["recipe"] == way and not run["overrides"]
    ]


def speed(ways: list[str], images, rounds: int) -> dict[str, float]:
    """Milliseconds a step, the median over turns."""
    calls = {}
    for way in ways:
        step = begin(way, {}, images, 0)[1]

        def turn(count, step=step, peer=way in PEERS):
            with all_cores(peer):  # ours decide by themselves
                for _ in range(count):
                    step()

        turn(2)
        start = perf_counter()
        turn(3)
        count = max(3, round(TURN / (perf_counter() - start) * 3))
        calls[way] = (partial(turn, count), count)
    return {way: row["median"] for way, row in measure(calls, rounds).items()}


def reached(looks: list[dict], mark: float) -> float:
    """The step at which the run first was at the mark; infinity where it was not."""
    before = None
    for look in looks:
        if look["frechet_distance"] <= mark:
            if before is None:
                return look["steps"]
            high, low = np.log([before["frechet_distance"], look["frechet_distance"]])
            share = (high - np.log(mark)) / (high - low)
            return before["steps"] + share * (look["steps"] - before["steps"])
        before = look
    return float("inf")


def table(runs: list[dict], speeds: dict[str, float]) -> dict[str, dict[int, list[float]]]:
    """Seconds to each mark of every seed (steps, where no speed is known), printed as "median (least to most)"."""
    found = {}
    marks = "".join(f"{mark:>24}" for mark in MARKS)
    print(f"{'seconds to Fréchet distance':28}{marks}{'ms a step':>11}")
    for way in dict.fromkeys(run["way"] for run in runs):
        of_it = [run for run in runs if run["way"] == way]
        each = speeds.get(way, 1e3) / 1e3
        found[way] = {mark: [each * reached(run["looks"], mark) for run in of_it] for mark in MARKS}
        cells = "".join(f"{spread(times):>24}" for times in found[way].values())
        print(f"{way:28}{cells}{speeds.get(way, float('nan')):11.1f}")
    return found


def spread(times: list[float]) -> str:
    low, middle, high = (
        f"{t:.0f}" if np.isfinite(t) else "-" for t in (min(times), median(times), max(times))
    )
    return middle if len(times) == 1 else f"{middle} ({low} to {high})"


def stored() -> dict:
    with suppress(FileNotFoundError):
        return load_results("time_to_quality")
    return {"runs": [], "speed": {}, "machine": {}}


def merge(result: dict) -> None:
    """Into the JSON file, in place of an earlier run of the same way and seed."""
    there = stored()
    runs = [run for run in there["runs"] if (run["way"], run["seed"]) != (result["way"], result["seed"])]
    runs = sorted([*runs, result], key=lambda run: (run["way"], run["seed"]))
    store_results("time_to_quality", {**there, "runs": runs})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ways", nargs="*", default=[], choices=PEERS, metavar="WAY")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--trial", type=json.loads, nargs="+", default=[], help="changes of dcgan, as JSON")
    parser.add_argument("--speed", action="store_true", help="what a step of each way costs")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--store", action="store_true", help="merge into data/measured/time_to_quality.json")
    options = parser.parse_args()
    judge, trials = Judge(load_mnist, JUDGED), []
    for changes in options.trial:
        changes = {name: tuple(v) if isinstance(v, list) else v for name, v in changes.items()}
        trials.append(run("dcgan", changes, options.seeds[0], options.steps, judge))
        trials[-1]["way"] = f"dcgan {changes}"
    runs = trials or stored()["runs"]
    for way in options.ways:
        for seed in options.seeds:
            result = run(way, {}, seed, options.steps, judge)
            runs = [*(other for other in runs if (other["way"], other["seed"]) != (way, seed)), result]
            if options.store:
                merge(result)
    speeds = stored()["speed"]
    if options.speed:
        speeds = speed([*OURS, *PEERS], judge.train, options.rounds)
        if options.store:
            store_results("time_to_quality", {**stored(), "speed": speeds, "machine": describe_machine()})
    runs = trials or [*(run for way in OURS for run in of_gan_quality(way)), *runs]
    found = table(runs, {} if trials else speeds)
    seconds = {
        way: {str(mark): [t if np.isfinite(t) else None for t in times] for mark, times in of.items()}
        for way, of in found.items()
    }
    if options.store and speeds and not trials:
        store_results("time_to_quality", {**stored(), "seconds": seconds})
    claims = {
        f"{mark} within {goal} s": {way: bool(median(times[mark]) <= goal) for way, times in found.items()}
        for mark, goal in GOALS.items()
    }
    print(
        json.dumps(
            {
                "benchmark": "time_to_quality",
                "machine": describe_machine(),
                "seconds": seconds,
                "claims": claims if speeds and not trials else {},
            }
        )
    )


if __name__ == "__main__":
    main()
