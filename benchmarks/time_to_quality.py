"""How long until the digits are good? Seconds of two quiet cores to Fréchet distance 150, 60, 30 and 20.

    python benchmarks/time_to_quality.py --ways dcgan peer-dcgan --seeds 0 1 2 --seconds 300 --store
    python benchmarks/time_to_quality.py --trial '{"generator_learning_rate": 2e-3}' --seconds 45

A way is one of the package's recipes with changes, or one of PyTorch-GAN's two convolutional scripts with their own
settings at 28 x 28 (`dcgan.py`; `wgan_gp.py`, whose networks are fully connected), rebuilt in `pytorch_gan.py`. All are
judged as in `gan_quality.py`, on 10,000 pictures, ours by the averaged generator that a student sees, the peers' as
they are. The clock runs while a way trains, not while it is judged. A moment between two looks is read off the straight
line between the logarithms of both; a distance that the run has not reached is "-". A trial is seed 0 of "dcgan" with
changes and stores nothing.

Chosen before the runs: 60 within 45 seconds and 20 within 300 seconds, in the median of three seeds.

Prints one table and one JSON line; --store merges each finished run into data/measured/time_to_quality.json. Needs
MNIST and a machine that has nothing else to do.
"""

import argparse
import json
import time
from contextlib import suppress
from itertools import takewhile
from statistics import median

from gan_quality import Judge
from pytorch_gan import Dcgan, Peer, WganGp

import numpy as np
from course_utils.datasets import load_mnist
from course_utils.gan import AdversarialTrainer
from course_utils.runtime import describe_machine, load_results, store_results
from course_utils.threads import all_cores

JUDGED = 10_000
MARKS = (150, 60, 30, 20)
LOOKS = (10, 15, 22, 33, 45, 60, 80, 110, 150, 200, 250, 300, 400, 500, 600, 720)  # seconds
WAYS: dict[str, tuple[str, dict]] = {"dcgan": ("dcgan", {}), "wgan-gp": ("wgan-gp", {}), "cgan": ("cgan", {})}
PEERS: dict[str, type[Peer]] = {"peer-dcgan": Dcgan, "peer-wgan-gp": WganGp}


def begin(way: str, changes: dict, images, seed: int):
    """What is judged (it has ``sample(n, seed)``), and a function that takes one step."""
    if way in PEERS:
        peer = PEERS[way](images.pixels, images.labels, seed)
        return peer, peer.step
    recipe, settings = WAYS[way]
    trainer = AdversarialTrainer(images, recipe, device="cpu", seed=seed, **settings, **changes)
    steps = trainer.steps(10**7)
    return trainer, lambda: next(steps)


def run(way: str, changes: dict, seed: int, seconds: float, judge: Judge) -> dict:
    """One training run, until the time is over or the last mark is reached."""
    learner, step = begin(way, changes, judge.train, seed)
    looks, spent, done = [], 0.0, 0
    for moment in [*takewhile(lambda look: look < seconds, LOOKS), seconds]:
        with all_cores(way in PEERS):  # ours decide by themselves
            while spent < moment:
                start = time.perf_counter()
                step()
                spent += time.perf_counter() - start
                done += 1
        seen = judge(learner)
        looks.append({"seconds": spent, "steps": done, **{k: seen[k] for k in ("frechet_distance", "modes")}})
        print(f"  {way} {changes or ''} seed {seed}: {looks[-1]}", flush=True)
        if seen["frechet_distance"] <= MARKS[-1]:
            break
    return {"way": way, "seed": seed, "looks": looks}


def reached(looks: list[dict], mark: float) -> float:
    """The seconds at which the run first was at the mark; infinity where it was not."""
    before = None
    for look in looks:
        if look["frechet_distance"] <= mark:
            if before is None:
                return look["seconds"]
            high, low = np.log([before["frechet_distance"], look["frechet_distance"]])
            share = (high - np.log(mark)) / (high - low)
            return before["seconds"] + share * (look["seconds"] - before["seconds"])
        before = look
    return float("inf")


def table(runs: list[dict]) -> dict[str, dict[int, list[float]]]:
    """Seconds to each mark, of every seed, printed as "median (least to most)"."""
    found = {}
    print(
        f"{'seconds to Fréchet distance':28}"
        + "".join(f"{mark:>22}" for mark in MARKS)
        + f"{'ms a step':>11}"
    )
    for way in dict.fromkeys(run["way"] for run in runs):
        of_it = [run for run in runs if run["way"] == way]
        found[way] = {mark: [reached(run["looks"], mark) for run in of_it] for mark in MARKS}
        cells = "".join(f"{spread(times):>22}" for times in found[way].values())
        last = [run["looks"][-1] for run in of_it]
        print(f"{way:28}{cells}{median(1e3 * look['seconds'] / look['steps'] for look in last):11.1f}")
    return found


def spread(times: list[float]) -> str:
    low, middle, high = (
        f"{t:.0f}" if np.isfinite(t) else "-" for t in (min(times), median(times), max(times))
    )
    return middle if len(times) == 1 else f"{middle} ({low} to {high})"


def merge(result: dict) -> list[dict]:
    """Into the JSON file, in place of an earlier run of the same way and seed."""
    runs = []
    with suppress(FileNotFoundError):
        runs = load_results("time_to_quality")["runs"]
    runs = [run for run in runs if (run["way"], run["seed"]) != (result["way"], result["seed"])]
    runs = sorted([*runs, result], key=lambda run: (run["way"], run["seed"]))
    store_results("time_to_quality", {"machine": describe_machine(), "runs": runs})
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ways", nargs="+", default=[*WAYS, *PEERS], choices=[*WAYS, *PEERS], metavar="WAY")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, default=300.0, help="of training, for each run")
    parser.add_argument("--trial", type=json.loads, nargs="+", default=[], help="changes of dcgan, as JSON")
    parser.add_argument("--store", action="store_true", help="merge into data/measured/time_to_quality.json")
    options = parser.parse_args()
    judge, runs = Judge(load_mnist, JUDGED), []
    for changes in options.trial:
        changes = {name: tuple(v) if isinstance(v, list) else v for name, v in changes.items()}
        result = run(
            "dcgan", changes, options.seeds[0] if len(options.seeds) == 1 else 0, options.seconds, judge
        )
        runs.append({**result, "way": f"dcgan {changes}"})
    for way in options.ways if not options.trial else []:
        for seed in options.seeds:
            runs.append(run(way, {}, seed, options.seconds, judge))
            if options.store:
                merge(runs[-1])
    found = table(runs)
    print(
        json.dumps(
            {"benchmark": "time_to_quality", "machine": describe_machine(), "seconds": found, "runs": runs}
        )
    )


if __name__ == "__main__":
    main()
