"""Does optimism help Adam train a small GAN? `OMP_NUM_THREADS=1 python benchmarks/optimistic_adam.py [--store]`.

A GAN of two small perceptrons (a `PointTrainer`) learns the ring of eight Gaussians, with torch's Adam and with
L3's OptimisticAdam, for the minimax and for the non-saturating objective:

    learning rate   the same for both, at each of RATES. (A pilot gave each optimizer the best rate on two other seeds.
                    Two seeds decided that by the fourth decimal; so all rates are shown.)
    measure         the earth mover's distance from 1,000 generated to 1,000 real points, averaged over the looks in the
                    last quarter of the training (smaller is better; "real" is what real points reach)
    verdict         optimistic minus plain, seed by seed (same weights at the start, same random numbers), with its
                    95 % t-interval: a difference counts where the interval leaves out zero; each of the
                    six does so once in twenty times by chance alone

Beside it: how much the distance still fluctuates in the last quarter (standard deviation), and at the end which share
of the points is within 3 standard deviations of a mode. Prints one table and one JSON
line; --store writes the JSON to data/measured/optimistic_adam.json, which lesson 4 shows. About half an hour on
one core.
"""

import argparse
import json

import numpy as np
import torch
from course_utils.gan import PointTrainer
from course_utils.gan.metrics import mixture_coverage
from course_utils.runtime import describe_machine, store_results
from course_utils.toy import ring
from course_utils.transport import earth_movers_distance
from scipy import stats

OPTIMIZERS = {"Adam": "adam", "OptimisticAdam": "optimistic-adam"}
OBJECTIVES = ("minimax", "non-saturating")
RATES = (1e-4, 3e-4, 1e-3)
BETAS = (0.5, 0.999)
POINTS, LOOKS = 1000, 16
MEASURES = ("distance", "fluctuation", "near")


def train(
    objective: str, optimizer: str, rate: float, seed: int, steps: int, betas: tuple[float, float] = BETAS
) -> dict:
    """One run, looked at LOOKS times."""
    mixture, random = ring(), np.random.default_rng(seed + 10_000)
    gan = PointTrainer(
        mixture,
        optimizer=OPTIMIZERS[optimizer],
        generator_learning_rate=rate,
        discriminator_learning_rate=rate,
        betas=betas,
        objective=objective,
        latent_dim=8,
        device="cpu",
        seed=seed,
    )
    distances = []
    for step in gan.steps(steps):
        if step % (steps // LOOKS) == 0:
            made = gan.sample(POINTS).numpy().astype(float)
            distances.append(earth_movers_distance(made, mixture.sample(POINTS, random)).cost)
    near = mixture_coverage(made, mixture).near
    last = distances[-LOOKS // 4 :]
    return {
        "distances": [round(d, 4) for d in distances],
        "distance": float(np.mean(last)),
        "fluctuation": float(np.std(last, ddof=1)),
        "near": near,
    }


def compare(objective: str, rate: float, seeds: range, steps: int) -> dict:
    """Both optimizers on all seeds, pair by pair."""
    runs = {name: [train(objective, name, rate, seed, steps) for seed in seeds] for name in OPTIMIZERS}
    plain, optimistic = (np.array([run["distance"] for run in runs[name]]) for name in OPTIMIZERS)
    gain = optimistic - plain
    low, high = stats.t.interval(0.95, len(gain) - 1, gain.mean(), stats.sem(gain))
    difference = {"mean": float(gain.mean()), "low": float(low), "high": float(high)}
    better = int((gain < 0).sum())
    for name in OPTIMIZERS:
        means = [np.mean([run[key] for run in runs[name]]) for key in MEASURES]
        print(f"{objective:15} {rate:8.0e} {name:15}" + "".join(f"{m:13.3f}" for m in means), flush=True)
    print(f"{'':25}optimistic minus plain: {gain.mean():+.3f} [{low:+.3f}, {high:+.3f}], "
          f"better on {better} of {len(gain)} seeds", flush=True)  # fmt: skip
    return {
        "objective": objective,
        "learning_rate": rate,
        "runs": runs,
        "difference": difference,
        "optimistic_better": better,
    }


def real_against_real() -> float:
    random = np.random.default_rng(0)
    pairs = [(ring().sample(POINTS, random), ring().sample(POINTS, random)) for _ in range(10)]
    return float(np.mean([earth_movers_distance(x, y).cost for x, y in pairs]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8, help="seeds 0, 1, ... to compare on")
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--store", action="store_true", help="write data/measured/optimistic_adam.json")
    options = parser.parse_args()
    if options.steps % LOOKS or options.seeds < 2:
        parser.error(f"--steps must be a multiple of {LOOKS}, and --seeds at least 2")

    torch.set_num_threads(1)
    about, real = describe_machine(), real_against_real()
    print(f"{'objective':15} {'rate':>8} {'optimizer':15}" + "".join(f"{name:>13}" for name in MEASURES))
    print(f"{'(real points)':40}{real:13.3f}", flush=True)
    result = {
        "benchmark": "optimistic_adam",
        "date": about["date"],
        "machine": f"{about['cpu']}, {about['cores']} cores, torch {about['torch']}, 1 thread",
        "seeds": list(range(options.seeds)),
        "steps": options.steps,
        "betas": BETAS,
        "real": real,
        "comparisons": [
            compare(objective, rate, range(options.seeds), options.steps)
            for objective in OBJECTIVES
            for rate in RATES
        ],
    }
    print(json.dumps(result))
    if options.store:
        store_results("optimistic_adam", result)


if __name__ == "__main__":
    main()
