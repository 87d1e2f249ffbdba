"""Does the saturating loss, descending log(1 - D(G(z))), work? And what do more steps of D do?

    OMP_NUM_THREADS=1 python benchmarks/saturating_loss.py [--seeds 0 1 2 3 4] [--steps 500 1000] [--store]

Recipe "mlp" of lesson 5 on MNIST, with both losses of the generator, against three discriminators: one step of D for
each of G, five, and five at five times its learning rate. After so many steps of G, measured on 1,000 pictures:

    frechet   distance to 1,000 of MNIST's test pictures in the features of the course's classifier
    entropy   of the digits, in nats, at most log 10 = 2.303
    d_fake    D(G(z)), mean of the last 50 steps

Prints one table (mean, lowest and highest over the seeds) and one JSON line. With --store each training goes into
data/measured/saturating_loss.json as soon as it is done, and is not repeated; lesson 5a shows that file. About four
minutes for each seed on one core.
"""

import argparse
import json
from contextlib import suppress
from itertools import product
from typing import Any

import numpy as np
import torch
from course_utils.datasets import load_mnist
from course_utils.gan import AdversarialTrainer
from course_utils.gan.metrics import features, frechet_distance, look, mode_coverage
from course_utils.runtime import describe_machine, load_results, store_results

OBJECTIVES = ("minimax", "non-saturating")
DISCRIMINATORS: dict[str, dict[str, Any]] = {
    "k = 1": {},
    "k = 5": {"discriminator_steps": 5},
    "k = 5, D's rate x 5": {"discriminator_steps": 5, "discriminator_learning_rate": 5e-3},
}
JUDGED = 1000
MEASURES = ("frechet", "entropy", "d_fake")
KEY = ("opponent", "objective", "seed", "steps")


def train(
    pixels: np.ndarray, real: np.ndarray, opponent: str, objective: str, seed: int, moments: list[int]
) -> list[dict[str, Any]]:
    """One training, measured at these steps."""
    settings = DISCRIMINATORS[opponent]
    trainer = AdversarialTrainer(pixels, "mlp", seed=seed, device="cpu", objective=objective, **settings)
    runs = []
    for steps in sorted(moments):
        trainer.run(steps - trainer.done, progress=False)
        seen = look(trainer.sample(JUDGED, seed=1), scale="symmetric")
        measured = {
            "frechet": round(frechet_distance(seen.features, real), 1),
            "entropy": round(mode_coverage(seen.digits).entropy, 4),
            "d_fake": round(float(trainer.history["d_fake"][-50:].mean()), 4),
        }
        runs.append(dict(zip(KEY, (opponent, objective, seed, steps), strict=True)) | measured)
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument(
        "--steps", type=int, nargs="+", default=[500, 1000], help="of G, where it is measured"
    )
    parser.add_argument(
        "--store", action="store_true", help="keep each training in data/measured/saturating_loss.json"
    )
    options = parser.parse_args()

    torch.set_num_threads(1)
    pixels, real = load_mnist("train").pixels, features(load_mnist("test").pixels[:JUDGED])
    noise = AdversarialTrainer(pixels, "mlp", seed=0, device="cpu").sample(JUDGED, seed=1)
    result: dict[str, Any] = {
        "benchmark": "saturating_loss",
        "machine": describe_machine(),
        "samples": JUDGED,
        "untrained": round(frechet_distance(features(noise), real), 1),
        "runs": [],
    }
    for seed, opponent, objective in product(options.seeds, DISCRIMINATORS, OBJECTIVES):
        if options.store:  # others may have stored theirs meanwhile
            with suppress(FileNotFoundError):
                result["runs"] = load_results("saturating_loss")["runs"]
        done = {tuple(run[name] for name in KEY) for run in result["runs"]}
        if not done.issuperset((opponent, objective, seed, steps) for steps in options.steps):
            new = train(pixels, real, opponent, objective, seed, options.steps)
            result["runs"] += [run for run in new if tuple(run[name] for name in KEY) not in done]
            if options.store:
                store_results("saturating_loss", result)
    print(f"{'steps':>5} {'discriminator':>20} {'loss of G':>15}" + "".join(f"{n:>22}" for n in MEASURES))
    for key in product(options.steps, DISCRIMINATORS, OBJECTIVES):
        runs = [run for run in result["runs"] if (run["steps"], run["opponent"], run["objective"]) == key]
        columns = [[run[name] for run in runs] for name in MEASURES]
        numbers = (f"{np.mean(c):.3g} ({min(c):.3g}..{max(c):.3g})" for c in columns)
        print("{:>5} {:>20} {:>15}".format(*key) + "".join(f"{each:>22}" for each in numbers))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
