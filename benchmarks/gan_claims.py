"""The slides' claims about Wasserstein GANs, measured on a grid: is their training more stable, do they keep all modes?

    OMP_NUM_THREADS=1 python benchmarks/gan_claims.py [--seeds 0 1 2] [--steps 1500]

Three ways to play the game, each with a generator with and without batch norm (Arjovsky et al. 2017 take it away
to show what a GAN cannot stand) and at a fifth of, at, and at five times its learning rates; the networks are
those of recipe "mlp", and every run has as many steps of the discriminator or critic as of the generator, one to
one. At the end, measured on 1,000 pictures:

    frechet   distance to 1,000 of MNIST's test pictures, in the features of the course's classifier
    modes     covered, of ten, by the same classifier
    entropy   of the digits, in nats, at most log 10 = 2.303

A run *works* if its distance to the test pictures is below 0.6 of the untrained generator's (where the recorded
run of recipe "mlp" begins to show ten digits), with at least seven modes; a run stopped by numbers that are no longer
finite does not work. Prints one table and one JSON line. Each run goes into data/measured/gan_claims.json as
soon as it is done, and is not repeated, so that this may be interrupted; lesson 6 shows that file. About two
minutes for each seed on one quiet core.
"""

import argparse
import json
from contextlib import suppress
from itertools import product

import numpy as np
import torch
from course_utils.datasets import load_mnist
from course_utils.gan import RECIPES, AdversarialTrainer
from course_utils.gan.metrics import features, frechet_distance, look, mode_coverage
from course_utils.runtime import describe_machine, load_results, store_results
from torch import nn

JUDGED = 1000
RATES = (1.0, 0.2, 5.0)
FAR, MODES = 0.6, 7  # what a run must beat, in units of the untrained generator's distance, and reach
_CRITIC = RECIPES["mlp"].replace(objective="wasserstein")
WAYS = {
    "gan": RECIPES["mlp"],
    "wgan-clip": _CRITIC.replace(
        penalty="clip", optimizer="rmsprop", generator_learning_rate=1e-3, discriminator_learning_rate=3e-4
    ),
    "wgan-gp": _CRITIC.replace(penalty="gp", betas=(0.5, 0.9)),
}
KEY = ("way", "batch_norm", "rate", "seed", "steps")


class PlainTrainer(AdversarialTrainer):
    """Trains a generator without batch norm; the linear layers get the biases that batch norm made superfluous."""

    def make_networks(self) -> tuple[nn.Module, nn.Module]:
        generator, discriminator = super().make_networks()
        layers = [layer for layer in generator.layers if not isinstance(layer, nn.BatchNorm1d)]
        generator.layers = nn.Sequential(
            *(
                nn.Linear(layer.in_features, layer.out_features) if isinstance(layer, nn.Linear) else layer
                for layer in layers
            )
        )
        return generator, discriminator


def train(
    pixels: np.ndarray, real: np.ndarray, way: str, batch_norm: bool, rate: float, seed: int, steps: int
):
    """One run of the grid, measured at its end."""
    recipe = WAYS[way]
    rates = {
        name: rate * getattr(recipe, name)
        for name in ("generator_learning_rate", "discriminator_learning_rate")
    }
    kind = AdversarialTrainer if batch_norm else PlainTrainer
    trainer = kind(pixels, recipe, seed=seed, device="cpu", **rates)
    try:
        trainer.run(steps, progress=False)
    except FloatingPointError:
        return {"finite": False, "frechet": None, "modes": 0, "entropy": 0.0}
    seen = look(trainer.sample(JUDGED, seed=1), scale="symmetric")
    modes, entropy = mode_coverage(seen.digits)
    return {
        "finite": True,
        "frechet": round(frechet_distance(seen.features, real), 2),
        "modes": modes,
        "entropy": round(entropy, 4),
    }


def works(run: dict, noise: float) -> bool:
    """Whether a run counts as one that has learnt to write digits."""
    return run["finite"] and run["frechet"] < FAR * noise and run["modes"] >= MODES


def summary(result: dict) -> list[dict]:
    """For each way, with and without batch norm: over all rates and seeds, the share of runs that work and the
    medians; and over the runs that work, the fewest modes and the lowest entropy."""
    rows = []
    for way, batch_norm in product(WAYS, (True, False)):
        runs = [run for run in result["runs"] if (run["way"], run["batch_norm"]) == (way, batch_norm)]
        good = [run for run in runs if works(run, result["noise"])]
        if runs:
            rows.append(
                {
                    "way": way,
                    "batch_norm": batch_norm,
                    "runs": len(runs),
                    "work": len(good),
                    "frechet": float(
                        np.median([run["frechet"] if run["finite"] else np.inf for run in runs])
                    ),
                    "modes": float(np.median([run["modes"] for run in runs])),
                    "fewest_modes": min((run["modes"] for run in good), default=None),
                    "lowest_entropy": min((run["entropy"] for run in good), default=None),
                }
            )
    return rows


def store(result: dict) -> None:
    store_results("gan_claims", result | {"summary": summary(result)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=1500)
    options = parser.parse_args()

    torch.set_num_threads(1)
    pixels, test = load_mnist("train").pixels, load_mnist("test").pixels
    real = features(test[np.random.default_rng(0).choice(len(test), JUDGED, replace=False)])
    untrained = AdversarialTrainer(pixels, "mlp", seed=0, device="cpu").sample(JUDGED, seed=1)
    result = {"benchmark": "gan_claims", "noise": frechet_distance(features(untrained), real), "runs": []}
    with suppress(FileNotFoundError):
        result["runs"] = load_results("gan_claims")["runs"]
    result |= {
        "machine": describe_machine(),
        "samples": JUDGED,
        "rates": RATES,
        "far": FAR,
        "least_modes": MODES,
    }
    done = {tuple(run[name] for name in KEY) for run in result["runs"]}
    for seed, rate, batch_norm, way in product(options.seeds, RATES, (True, False), WAYS):
        setting = dict(zip(KEY, (way, batch_norm, rate, seed, options.steps), strict=True))
        if tuple(setting.values()) in done:
            continue
        result["runs"].append(setting | train(pixels, real, **setting))
        store(result)
        print(result["runs"][-1], flush=True)
    print(f"\n{'way':>10} {'batch norm':>10} {'work':>9} {'Fréchet':>9} {'modes':>7}  (medians of all runs)")
    for row in summary(result):
        share, norm = f"{row['work']} of {row['runs']}", "yes" if row["batch_norm"] else "no"
        print(f"{row['way']:>10} {norm:>10} {share:>9} {row['frechet']:9.0f} {row['modes']:7.1f}")
    print(json.dumps(summary(result)))


if __name__ == "__main__":
    main()
