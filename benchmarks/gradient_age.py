"""Is it optimism that helps, or fresher gradients? `OMP_NUM_THREADS=1 python benchmarks/gradient_age.py [--store]`.

Momentum beta_1 makes the gradient that a step follows older, by beta_1 / (1 - beta_1) steps on average; an optimistic
step makes it one step younger. With beta_1 = 1/2 the two cancel: 2 m_t - m_{t-1} = g_t exactly, so that Optimistic
Adam is Adam without momentum, but for its slow denominator. Two experiments, both minimax:

    blob   one Gaussian, where only the rotation is left to go wrong (lesson 8's "limit cycle"): the root mean square
           distance of the generated mean from the data's, from a quarter of the run on, every 10 steps. Seeds 0 to 2
           were a pilot; the verdict is from the seeds after them. Chosen before: the order of the ages is the order of
           the circles on every seed but at most one; equal ages differ by less than a fifth of what separates ages 0
           and 1, on average
    ring   eight Gaussians at rate 1e-3, as in optimistic_adam.py, whose stored runs have Adam and Optimistic Adam with
           beta_1 = 1/2: here Adam with beta_1 = 0, on the same seeds. Chosen before: its share of points near a mode
           differs from Optimistic Adam's by less than half of what separates that from Adam's (lesson 4 asks it of
           the whole 95 % interval of the difference, seed by seed: single seeds spread by more)

The control for the blob is half the learning rate. Prints one table and one JSON line; --store writes it to
data/measured/gradient_age.json, which lesson 4 shows. About five minutes on one core.
"""

import argparse
import json

from optimistic_adam import train

import numpy as np
import torch
from course_utils.gan import PointTrainer
from course_utils.runtime import describe_machine, store_results
from course_utils.toy import GaussianMixture

CASES = {  # name -> (age of the gradient in steps, settings)
    "Adam, beta_1 = 0.9": (9, {"betas": (0.9, 0.999)}),
    "Adam, beta_1 = 0.5": (1, {"betas": (0.5, 0.999)}),
    "... at half the rate": (1, {"betas": (0.5, 0.999), "rate": 5e-4}),
    "Adam, beta_1 = 0": (0, {"betas": (0.0, 0.999)}),
    "optimistic, beta_1 = 0.5": (0, {"betas": (0.5, 0.999), "optimizer": "optimistic-adam"}),
    "optimistic, beta_1 = 0": (-1, {"betas": (0.0, 0.999), "optimizer": "optimistic-adam"}),
}
CENTRE, WIDTH, EVERY, FIRST_SEED = (1.0, 0.0), 0.1, 10, 3


def orbit(seed: int, steps: int, rate: float = 1e-3, **settings: object) -> float:
    """How far the generated mean stays from the blob's centre, root mean square."""
    blob = GaussianMixture(np.array([CENTRE]), WIDTH)
    rates = {"generator_learning_rate": rate, "discriminator_learning_rate": rate}
    gan = PointTrainer(blob, device="cpu", seed=seed, objective="minimax", **rates, **settings)
    offsets = [
        gan.sample(200, seed=0).numpy().mean(axis=0) - CENTRE
        for step in gan.steps(steps)
        if step > steps // 4 and step % EVERY == 0
    ]
    return float(np.sqrt(np.square(offsets).sum(axis=1).mean()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds of the blob, from 3 on")
    parser.add_argument("--steps", type=int, default=2400, help="of the blob")
    parser.add_argument("--ring-seeds", type=int, default=8, help="seeds 0, 1, ... of the ring")
    parser.add_argument("--ring-steps", type=int, default=8000)
    parser.add_argument("--store", action="store_true", help="write data/measured/gradient_age.json")
    options = parser.parse_args()

    torch.set_num_threads(1)
    seeds = list(range(FIRST_SEED, FIRST_SEED + options.seeds))
    blob = []
    for name, (age, settings) in CASES.items():
        orbits = [round(orbit(seed, options.steps, **settings), 4) for seed in seeds]
        blob.append({"name": name, "age": age, "orbits": orbits})
        print(f"{name:26} age {age:2}: " + "  ".join(f"{r:.3f}" for r in orbits), flush=True)
    ring = []
    for seed in range(options.ring_seeds):
        ring.append(train("minimax", "Adam", 1e-3, seed, options.ring_steps, betas=(0.0, 0.999)))
        told = ", ".join(f"{name} {ring[-1][name]:.3f}" for name in ("distance", "near"))
        print(f"ring, beta_1 = 0, seed {seed}: {told}", flush=True)
    result = {
        "benchmark": "gradient_age",
        "machine": describe_machine(),
        "blob": {"seeds": seeds, "steps": options.steps, "cases": blob},
        "ring": {"seeds": options.ring_seeds, "steps": options.ring_steps, "rate": 1e-3, "runs": ring},
    }
    print(json.dumps(result))
    if options.store:
        store_results("gradient_age", result)


if __name__ == "__main__":
    main()
