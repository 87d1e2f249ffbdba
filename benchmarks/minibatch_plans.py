"""Train a generator by plans between minibatches, or by a critic? `python benchmarks/minibatch_plans.py [--store]`.

A small generator learns the ring of eight Gaussians three ways, with as many steps and the same rate of its own:

    plans of 16, of 128   the best plan between a minibatch of each side, and the gradient of its cost; the code is the
                          function plan_generator of lesson 3, read from its cell
    critic                WGAN-GP, minibatches of 128, five steps of the critic for each of the generator

Measured at every look: W from 1,000 generated to 1,000 real points, their mean radius (the data's is 2), the modes
reached and the share of points near one. Chosen before the run, judged at the last look:

    bias   the mean radius by plans of 16 is below that of 128, and that below the data's, on every seed
    W      one way is better than another where the 95 % t-interval of the difference, seed by seed, leaves out zero

Prints one table and one JSON line; --store writes it to data/measured/minibatch_plans.json, which lesson 3 shows. A
quarter of an hour on one busy core.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import numpy as np
import ot
import torch
from course_utils import toy
from course_utils.gan import PointTrainer
from course_utils.gan.metrics import mixture_coverage
from course_utils.runtime import describe_machine, store_results
from course_utils.transport import earth_movers_distance

LESSON = Path(__file__).resolve().parents[1] / "notebooks" / "03_earth_movers_distance.ipynb"
RATES = {"generator_learning_rate": 1e-3, "discriminator_learning_rate": 1e-3, "betas": (0.5, 0.999)}
CRITIC = {"objective": "wasserstein", "penalty": "gp", "penalty_weight": 1.0, "discriminator_steps": 5}
RING, POINTS = toy.ring(), 1000
REAL = RING.sample(POINTS, np.random.default_rng(9))


def lessons_function(name: str) -> Callable[..., dict[int, np.ndarray]]:
    """A function of the lesson, made as a student makes it: by running the cell that defines it."""
    cells = nbformat.read(LESSON, as_version=4).cells
    (source,) = [cell.source for cell in cells if f"def {name}(" in cell.source]
    names = {"np": np, "ot": ot, "torch": torch, "toy": toy}
    exec(source, names)
    return names[name]


def by_critic(looks: list[int], seed: int) -> dict[int, np.ndarray]:
    trainer = PointTrainer(RING, device="cpu", seed=seed, **CRITIC, **RATES)
    return {
        step: trainer.sample(POINTS, seed=1).double().numpy()
        for step in trainer.steps(max(looks))
        if step in looks
    }


def judge(points: np.ndarray) -> dict[str, float]:
    coverage = mixture_coverage(points, RING)
    return {
        "w": round(earth_movers_distance(points, REAL).cost, 4),
        "radius": round(float(np.linalg.norm(points, axis=1).mean()), 4),
        "modes": coverage[0],
        "near": round(coverage[1], 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0, 1, ...")
    parser.add_argument("--looks", type=int, nargs="+", default=[250, 500, 1000, 2000], help="in steps of G")
    parser.add_argument("--store", action="store_true", help="write data/measured/minibatch_plans.json")
    options = parser.parse_args()

    torch.set_num_threads(1)
    plans = lessons_function("plan_generator")
    ways = {
        "plans of 16": lambda seed: plans(16, options.looks, seed),
        "plans of 128": lambda seed: plans(128, options.looks, seed),
        "critic": lambda seed: by_critic(options.looks, seed),
    }
    result = {
        "benchmark": "minibatch_plans",
        "machine": describe_machine(),
        "seeds": list(range(options.seeds)),
        "looks": options.looks,
        "real": judge(RING.sample(POINTS, np.random.default_rng(8))),
        "untrained": judge(PointTrainer(RING, device="cpu", seed=0).sample(POINTS, seed=1).double().numpy()),
        "ways": {},
    }
    print(f"real {result['real']}\nuntrained {result['untrained']}")
    for name, train in ways.items():
        runs, seconds = [], []
        for seed in result["seeds"]:
            start = time.perf_counter()
            made = train(seed)
            seconds.append(round(time.perf_counter() - start, 2))
            runs.append([judge(made[look]) for look in options.looks])
            print(f"{name}, seed {seed}, {seconds[-1]:.1f} s: {runs[-1][-1]}", flush=True)
        result["ways"][name] = {"seconds": seconds, "runs": runs}
    print(json.dumps(result))
    if options.store:
        store_results("minibatch_plans", result)


if __name__ == "__main__":
    main()
