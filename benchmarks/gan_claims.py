"""The slides' claims about Wasserstein GANs, put to the test: is their training more stable, are no modes lost, does
the loss mean something?

    OMP_NUM_THREADS=1 python benchmarks/gan_claims.py [--ways ...] [--conditions ...] [--seeds 0 1 2] [--steps 1500]

Four ways to play the game with the networks of recipe "mlp": the GAN with one and with five steps of D for each of G
(the second is the control: as many as a critic has), and two WGANs with n_critic = 5, as in L3 and in Gulrajani et
al. 2017, by clipping (RMSProp, c = 0.01) and by gradient penalty (Adam, lambda = 10). Each under five conditions:

    plain          batch norm in the generator, the learning rates below
    no batch norm  without it (Arjovsky et al. 2017 take it away to show what a GAN cannot stand)
    fast           both learning rates x 5
    both           the two together
    slow           both learning rates x 0.2, until it works, but no longer than steps / 0.2

The generator's weights are judged as they are, without the average that hides how they swing: every 100 steps, in the
last third every 50, on 1,000 pictures from always the same latents.

    frechet   distance to 1,000 of MNIST's test pictures, in the features of the course's classifier
    modes     covered, of ten, each by a tenth of its fair share at least; kl of the digits' shares from equal ones
    told      what the judge says of the distance, a mean over 50 steps: the critic's estimate, or log 2 - loss / 2
    w1        exact, of 256 pictures against 256 of the test set, in pixels from 0 to 1
    noise     how much log frechet depends on the latents, at the end: the yardstick of a swing

What follows from them, and the thresholds, stand in gan_verdicts.py. A fifth way, "wgan-gp, k = 20", tries L1's warning
that too many critic steps may bring mode collapse: plain, for a third of the steps, beside what "wgan-gp" shows at that
moment. The correlations of the convolutional recipes, "dcgan" and "wgan-gp" with one critic step, come from
gan_quality.json.

Prints one table and one JSON line. A run goes into data/measured/gan_claims.json as soon as it is done, and is not
repeated: interrupt it, or share the work among processes by --ways, --conditions and --seeds. Lesson 6 shows that
file. About 12 minutes for each seed on one quiet core.
"""

import argparse
import json
from contextlib import suppress
from itertools import product

from gan_verdicts import (
    CONDITIONS,
    FAR,
    MANY,
    comparison,
    convolutional,
    correlations,
    critic_steps,
    measures,
    summary,
)

import numpy as np
import torch
from course_utils import transport
from course_utils.datasets import load_mnist
from course_utils.datasets.scaling import to_unit
from course_utils.gan import RECIPES, AdversarialTrainer
from course_utils.gan.metrics import features, frechet_distance, look, mode_coverage
from course_utils.runtime import describe_machine, load_results, store_results
from torch import nn

STEPS, JUDGED, MINIBATCH, EVERY, FLOORS = 1500, 1000, 256, 50, 5
_GAN = RECIPES["mlp"].replace(ema=0.0)
_CRITIC = _GAN.replace(objective="wasserstein", discriminator_steps=5)
WAYS = {
    "gan": _GAN,
    "gan, k = 5": _GAN.replace(discriminator_steps=5),
    "wgan-clip": _CRITIC.replace(
        penalty="clip", optimizer="rmsprop", generator_learning_rate=1e-3, discriminator_learning_rate=3e-4
    ),
    "wgan-gp": _CRITIC.replace(penalty="gp", betas=(0.5, 0.9)),
}
WAYS[MANY] = WAYS["wgan-gp"].replace(discriminator_steps=20)
KEY = ("way", "condition", "seed", "steps")


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


class Judge:
    """MNIST's test pictures, and what is measured against them."""

    def __init__(self) -> None:
        self.pixels, test = load_mnist("train").pixels, load_mnist("test").pixels
        chosen = np.random.default_rng(0).permutation(len(test))
        self.features = features(test[chosen[:JUDGED]])
        self.rows = to_unit(test[chosen[: (FLOORS + 1) * MINIBATCH]].reshape(-1, 784)).astype(float)

    def w1(self, rows: np.ndarray) -> float:
        """Exact, of pictures (256, 784) against those of the test set."""
        return transport.earth_movers_distance(rows, self.rows[:MINIBATCH]).cost

    def floors(self) -> list[float]:
        """W of real pictures against real ones: several draws, because one says little."""
        fresh = np.split(self.rows[MINIBATCH:], FLOORS)
        return [round(self.w1(rows), 3) for rows in fresh]

    def __call__(self, trainer: AdversarialTrainer) -> dict[str, float]:
        pictures = trainer.sample(JUDGED, seed=1)
        seen = look(pictures, scale="symmetric")
        covered = mode_coverage(seen.digits)
        return {
            "frechet": round(frechet_distance(seen.features, self.features), 2),
            "modes": covered.modes,
            "kl": round(covered.kl, 4),
            "told": round(told(trainer), 5),
            "w1": round(self.w1(to_unit(pictures[:MINIBATCH].flatten(1).double().numpy(), "symmetric")), 3),
        }

    def noise(self, trainer: AdversarialTrainer) -> float:
        """How much log frechet depends on the latents."""
        seen = [features(trainer.sample(JUDGED, seed=seed), scale="symmetric") for seed in (2, 3, 4)]
        return round(float(np.std([np.log(frechet_distance(s, self.features)) for s in seen], ddof=1)), 4)


def told(trainer: AdversarialTrainer) -> float:
    """The distance that the judge reports: a critic's estimate, or the JSD that follows from D's loss."""
    history = trainer.history
    if "critic_estimate" in history:
        return float(history["critic_estimate"][-EVERY:].mean())
    return float(np.log(2) - history["discriminator_loss"][-EVERY:].mean() / 2)


def train(judge: Judge, noise: float, way: str, condition: str, seed: int, steps: int) -> dict:
    """One run: what was seen of it, moment by moment."""
    batch_norm, rate = CONDITIONS[condition]
    recipe = WAYS[way]
    rates = {
        name: rate * getattr(recipe, name)
        for name in ("generator_learning_rate", "discriminator_learning_rate")
    }
    kind = AdversarialTrainer if batch_norm else PlainTrainer
    trainer = kind(judge.pixels, recipe, seed=seed, device="cpu", **rates)
    run: dict = {"finite": True, "moments": []}
    last = round(steps / min(rate, 1))
    ends = [*range(2 * EVERY, last + 1, 2 * EVERY), *range(2 * last // 3, last + 1, EVERY), last]
    step = 0
    try:
        for end in sorted(set(ends)):
            trainer.run(end - step, progress=False)
            step = end
            run["moments"].append({"step": step, **judge(trainer)})
            if rate < 1 and run["moments"][-1]["frechet"] < FAR * noise:
                break
        run["noise"] = judge.noise(trainer)
    except (FloatingPointError, ValueError):  # the weights, or the pictures, are no longer finite
        run["finite"] = False
    return run


def store(result: dict, run: dict | None = None) -> dict:
    """The run merged into what other processes have stored meanwhile, with the tables that follow."""
    runs = result["runs"]
    with suppress(FileNotFoundError):
        runs = load_results("gan_claims")["runs"]
    runs = [one | measures(one, result["noise"]) for one in ([*runs, run] if run else runs)]
    order = {name: i for i, name in enumerate([*WAYS, *CONDITIONS])}
    runs = sorted(runs, key=lambda r: (order[r["condition"]], order[r["way"]], r["seed"], r["steps"]))
    compared, recipes = [run for run in runs if run["steps"] == result["steps"]], []
    with suppress(FileNotFoundError):
        recipes = convolutional()
    result = result | {
        "runs": runs,
        "summary": summary(compared),
        "comparisons": [
            comparison(compared, way, other)
            for way, other in [
                *product(("wgan-clip", "wgan-gp"), ("gan", "gan, k = 5")),
                ("gan, k = 5", "gan"),  # L4: more steps of D may be more stable
            ]
        ],
        "correlations": correlations([*compared, *recipes]),
        "critic_steps": critic_steps(runs),
    }
    store_results("gan_claims", result)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--conditions", nargs="+", choices=CONDITIONS, default=list(CONDITIONS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args()

    torch.set_num_threads(1)
    judge = Judge()
    untrained = AdversarialTrainer(judge.pixels, "mlp", seed=0, device="cpu").sample(JUDGED, seed=1)
    noise = round(frechet_distance(features(untrained, scale="symmetric"), judge.features), 2)
    result = {
        "benchmark": "gan_claims",
        "machine": describe_machine(),
        "noise": noise,
        "w1_floors": judge.floors(),
        "samples": JUDGED,
        "far": FAR,
        "steps": STEPS,
        "runs": [],
    }
    with suppress(FileNotFoundError):
        result["runs"] = load_results("gan_claims")["runs"]
    done = {tuple(run[name] for name in KEY) for run in result["runs"]}
    for seed, condition, way in product(options.seeds, options.conditions, options.ways):
        steps = options.steps // 3 if way == MANY else options.steps
        setting = dict(zip(KEY, (way, condition, seed, steps), strict=True))
        if tuple(setting.values()) not in done and (way != MANY or condition == "plain"):
            run = setting | train(judge, noise, **setting)
            result = store(result, run)
            print(setting, run["moments"][-1:], measures(run, noise), flush=True)
    result = store(result)
    print(
        f"\n{'way':>10} {'condition':>13} {'work':>6} {'Fréchet':>8} {'swing':>6} {'setback':>7} {'modes':>5} {'KL':>5}"
    )
    for row in result["summary"]:
        numbers = [row[n] for n in ("frechet", "swing", "setback", "fewest_modes", "largest_kl")]
        shown = [np.nan if number is None else number for number in numbers]
        print(
            f"{row['way']:>10} {row['condition']:>13} {row['work']} of {row['runs']} "
            "{:8.0f} {:6.3f} {:7.2f} {:5.0f} {:5.2f}".format(*shown)
        )
    for row in (*result["comparisons"], *result["correlations"], result["critic_steps"]):
        print(row)
    print(json.dumps({name: value for name, value in result.items() if name != "runs"}))


if __name__ == "__main__":
    main()
