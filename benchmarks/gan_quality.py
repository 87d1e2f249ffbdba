"""How good the recipes are, by steps and not by seconds; on request, the recorded runs that ship.

    python benchmarks/gan_quality.py dcgan --steps 4000 --seeds 0 1 2
    python benchmarks/gan_quality.py wgan-gp --steps 13500 --seeds 0 --record      -> data/runs/wgan-gp.npz

Quality is the Fréchet distance in the features of this project's classifier, between 10,000 generated
pictures and MNIST's 10,000 test pictures, with the modes covered and the entropy of the digits. The floor is
the distance between 10,000 training pictures and the test pictures; noise is that of an untrained generator.

Each finished run is merged into ``data/measured/gan_quality.json`` under "recipe, steps, seed", so that
seeds can be trained one after the other, on a machine that has other things to do. Needs MNIST. A seed of
"dcgan" takes about ten minutes for 19,000 steps on one core.
"""

import argparse
import json
import time
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import ot
import torch
from course_utils import runtime
from course_utils.datasets import Images, load_mnist
from course_utils.datasets.scaling import to_unit
from course_utils.gan import AdversarialTrainer, metrics
from course_utils.gan.pretrained import save_generator
from course_utils.recording import RunRecorder, schedule
from course_utils.runtime import describe_machine, load_results, store_results

DATA = runtime.REPOSITORY / "data"
JUDGED = 10_000
GENERATORS = ("dcgan", "dcgan-fast")  # whose weights ship with the run
MINIBATCH = 256  # for the exact W1 between minibatches
EVALUATED = (
    250,
    500,
    1000,
    1500,
    2000,
    3000,
    4000,
    5000,
    6000,
    7500,
    9000,
    10_500,
    12_000,
    13_500,
    15_000,
    17_000,
    19_000,
)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipe")
    parser.add_argument("--steps", type=int, help="generator steps (default: the recipe's full_steps)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument(
        "--record", nargs="?", const=True, help="also write data/runs/NAME.npz, and weights that ship"
    )
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings of the recipe to replace"
    )
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    overrides = {name: json.loads(value) for name, value in (pair.split("=", 1) for pair in arguments.set)}
    overrides = {name: tuple(v) if isinstance(v, list) else v for name, v in overrides.items()}
    judge = Judge(load_mnist, JUDGED)
    for seed in arguments.seeds:
        result = train(arguments, overrides, seed, judge)
        merge(result)
        print(json.dumps(result))


class Judge:
    """MNIST's test pictures as the classifier sees them, and what is measured against them, on ``judged`` pictures."""

    def __init__(self, load: Callable[[str], Images], judged: int):
        self.train, test, self.judged = load("train"), load("test"), judged
        self.seen = metrics.look(test)
        chosen = np.random.default_rng(0).choice(len(self.train.pixels), judged, replace=False)
        self.floor = metrics.frechet_distance(metrics.features(self.train.pixels[chosen]), self.seen.features)
        self.rows = to_unit(test.pixels.reshape(len(test.pixels), -1))

    def __call__(self, trainer) -> dict[str, float]:
        pictures = torch.cat([trainer.sample(500, seed=1000 + i) for i in range(self.judged // 500)])
        seen = metrics.look(pictures, scale="symmetric")
        modes, entropy = metrics.mode_coverage(seen.digits)
        made = to_unit(pictures[:MINIBATCH].flatten(1).numpy())
        recent = {
            name: float(values[-200:].mean())
            for name, values in getattr(trainer, "history", {}).items()
            if len(values)
        }
        return {
            "frechet_distance": metrics.frechet_distance(seen.features, self.seen.features),
            "modes": modes,
            "entropy": entropy,
            "w1": wasserstein(made, self.rows[:MINIBATCH]),
            "w1_floor": wasserstein(self.rows[MINIBATCH : 2 * MINIBATCH], self.rows[:MINIBATCH]),
            **{name: recent[name] for name in ("discriminator_loss", "critic_estimate") if name in recent},
        }


def wasserstein(x, y) -> float:
    """Exact W1 between two minibatches of pictures in [0, 1], as vectors with the Euclidean metric."""
    return float(ot.emd2([], [], ot.dist(x.astype(float), y.astype(float), metric="euclidean")))


def train(arguments, overrides, seed, judge) -> dict:
    trainer = AdversarialTrainer(judge.train, arguments.recipe, seed=seed, **overrides)
    steps = arguments.steps or trainer.recipe.full_steps
    changed = "".join(f", {setting} {value}" for setting, value in overrides.items()).replace("_", " ")
    recorder = RunRecorder(trainer.recipe, title=f"{trainer.recipe.name} on MNIST{changed}, seed {seed}")
    moments = set(schedule(steps, moments=64)) if arguments.record else set()
    evaluated = {0, steps} | {step for step in EVALUATED if step < steps}
    evaluations, seconds = [], 0.0

    def look(step: int) -> None:
        if step in moments:
            recorder.add_samples(step, trainer.sample(64, seed=0), scale="symmetric")
        if step in evaluated:
            evaluations.append({"step": step, **judge(trainer)})
            recorder.add_evaluation(**evaluations[-1])
            print(f"{trainer.recipe.name} seed {seed} {evaluations[-1]}", flush=True)

    look(0)
    start = time.perf_counter()
    for step in trainer.steps(steps):
        if step in moments or step in evaluated:  # what looking costs is not training
            seconds += time.perf_counter() - start
            look(step)
            start = time.perf_counter()
    if arguments.record:
        recorder.add_metrics(range(1, steps + 1), **trainer.history)
        name = trainer.recipe.name if arguments.record is True else arguments.record
        recorder.save(DATA / "runs" / f"{name}.npz")
        if name in GENERATORS:
            save_generator(trainer, DATA / "checkpoints" / f"{name}_generator.safetensors")
    return {
        "recipe": trainer.recipe.name,
        "overrides": overrides,
        "steps": steps,
        "seed": seed,
        "samples": JUDGED,
        "floor": judge.floor,
        "milliseconds_per_step": 1e3 * seconds / steps,
        "threads": torch.get_num_threads(),
        "machine": describe_machine(),
        "evaluations": evaluations,
    }


def merge(result: dict) -> None:
    """Into the JSON file, in place of an earlier run of the same kind."""
    runs = []
    with suppress(FileNotFoundError):
        runs = load_results("gan_quality")
    key = [result[name] for name in ("recipe", "steps", "seed", "overrides")]
    runs = [run for run in runs if [run[name] for name in ("recipe", "steps", "seed", "overrides")] != key]
    runs = sorted([*runs, result], key=lambda run: (run["recipe"], run["steps"], run["seed"]))
    store_results("gan_quality", runs)


if __name__ == "__main__":
    main()
