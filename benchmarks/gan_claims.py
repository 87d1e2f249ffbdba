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

The thresholds were chosen before the runs:

    works      the median distance over the last third is below 0.6 of an untrained generator's, and all is finite
    swing      standard deviation of log frechet over the last third, its straight line taken away: a generator that
               still improves does not swing. `noise` is the same of one generator under other latents. (And
               absolute_swing, of frechet itself: looked at afterwards, it decides no verdict)
    setback    the largest ratio of a distance to the best one before it, from where the run first was below 0.6
    collapse   fewer than ten modes at some moment of the last third. reached_kl: the KL at the first moment below 0.6,
               where all runs are equally far
    meaningful what is told, if the 95 % interval of the seeds' mean rank correlation with frechet lies above 0.5 over
               the whole run ("all"), above 0 over its later half; not if it lies below; else undecided
    verdict    "more stable than the GAN" holds if over all seeds and all conditions but "slow" the 95 % interval of
               the mean log ratio of the swings (paired) lies below 0 and no more runs fail; it fails if that
               interval lies above 0 or more runs fail by three or more; else it is undecided

A fifth way, "wgan-gp, k = 20", tries L1's warning that too many critic steps may bring mode collapse: plain, for a
third of the steps, beside what "wgan-gp" shows at that moment. The correlations of the convolutional recipes, "dcgan"
and "wgan-gp" with one critic step, come from gan_quality.json.

Prints one table and one JSON line. A run goes into data/measured/gan_claims.json as soon as it is done, and is not
repeated: interrupt it, or share the work among processes by --ways, --conditions and --seeds. Lesson 6 shows that
file. About 12 minutes for each seed on one quiet core.
"""

import argparse
import json
from contextlib import suppress
from itertools import product

import numpy as np
import torch
from course_utils import transport
from course_utils.datasets import load_mnist
from course_utils.datasets.scaling import to_unit
from course_utils.gan import RECIPES, AdversarialTrainer
from course_utils.gan.metrics import features, frechet_distance, look, mode_coverage
from course_utils.runtime import describe_machine, load_results, store_results
from scipy import stats
from torch import nn

STEPS, JUDGED, MINIBATCH, EVERY, FLOORS = 1500, 1000, 256, 50, 5
FAR, MORE_FAILURES = 0.6, 3
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
MANY = "wgan-gp, k = 20"
WAYS[MANY] = WAYS["wgan-gp"].replace(discriminator_steps=20)
CONDITIONS = {  # batch norm in the generator, rates
    "plain": (True, 1.0),
    "no batch norm": (False, 1.0),
    "fast": (True, 5.0),
    "both": (False, 5.0),
    "slow": (True, 0.2),
}
CONVOLUTIONAL = {("dcgan", 19_000): "dcgan", ("wgan-gp", 13_500): "wgan-gp, k = 1"}
STRESSED = [condition for condition in CONDITIONS if condition != "slow"]
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


def measures(run: dict, noise: float) -> dict:
    """What a run is summed up by: see above."""
    step, frechet = (np.array([m[name] for m in run["moments"]], float) for name in ("step", "frechet"))
    near = np.flatnonzero(frechet < FAR * noise)
    late = step > run["steps"] * 2 / 3
    result: dict = {"reached": None, "reached_kl": None}
    if len(near):
        result = {"reached": int(step[near[0]]), "reached_kl": run["moments"][near[0]]["kl"]}
    if not run["finite"] or run["condition"] == "slow":  # which ends as soon as it works
        works = bool(run["finite"] and len(near))
        nothing = ("swing", "absolute_swing", "setback", "late_modes", "late_kl")
        return result | {"works": works} | dict.fromkeys(nothing)
    from_there = frechet[near[0] :] if len(near) else np.ones(1)
    return result | {
        "works": bool(np.median(frechet[late]) < FAR * noise),
        "swing": round(around_a_line(step[late], np.log(frechet[late])), 4),
        "absolute_swing": round(around_a_line(step[late], frechet[late]), 2),
        "setback": round(float((from_there / np.minimum.accumulate(from_there)).max()), 3),
        "late_modes": min(m["modes"] for m, is_late in zip(run["moments"], late, strict=True) if is_late),
        "late_kl": max(m["kl"] for m, is_late in zip(run["moments"], late, strict=True) if is_late),
    }


def around_a_line(x: np.ndarray, y: np.ndarray) -> float:
    """The standard deviation of y around its straight line in x; NaN for fewer than three points."""
    return float("nan") if len(x) < 3 else float(np.std(y - np.polyval(np.polyfit(x, y, 1), x), ddof=2))


def interval(values: np.ndarray) -> tuple[float, float, float]:
    """Mean and 95 % interval by Student's t, of independent runs."""
    mean, reach = values.mean(), stats.sem(values) * stats.t.ppf(0.975, len(values) - 1)
    return float(mean), float(mean - reach), float(mean + reach)


def comparison(runs: list[dict], way: str, other: str) -> dict:
    """The swing of `way` in units of that of `other`, paired by condition and seed, and who fails how often."""
    of = {
        name: {
            (r["condition"], r["seed"]): r for r in runs if r["way"] == name and r["condition"] in STRESSED
        }
        for name in (way, other)
    }
    pairs = sorted(of[way].keys() & of[other].keys())
    fails = [sum(not of[name][pair]["works"] for pair in pairs) for name in (way, other)]
    row: dict = {
        "way": way,
        "against": other,
        "pairs": len(pairs),
        "fails": fails[0],
        "other_fails": fails[1],
    }
    for name in ("swing", "absolute_swing"):
        both = [(of[way][pair][name], of[other][pair][name]) for pair in pairs]
        logs = np.array([np.log(a / b) for a, b in both if a and b])
        row[name] = np.exp(interval(logs)).round(3).tolist() if len(logs) > 2 else None
    row["verdict"] = "undecided"
    if row["swing"] and row["swing"][2] < 1 and fails[0] <= fails[1]:
        row["verdict"] = "holds"
    if (row["swing"] and row["swing"][1] > 1) or fails[0] >= fails[1] + MORE_FAILURES:
        row["verdict"] = "fails"
    return row


def summary(runs: list[dict]) -> list[dict]:
    """For each way and condition, over the seeds: how many runs work, and the medians, or the worst, of the rest."""
    rows = []
    for way, condition in product(WAYS, CONDITIONS):
        some = [run for run in runs if (run["way"], run["condition"]) == (way, condition)]
        if not some:
            continue

        def those(name: str, some: list[dict] = some) -> list[float]:
            return [run[name] for run in some if run[name] is not None]

        collapsed = [run["late_modes"] for run in some if run["late_modes"] not in (None, 10)]
        ends = [run["moments"][-1]["frechet"] for run in some if run["finite"]]
        rows.append(
            {
                "way": way,
                "condition": condition,
                "runs": len(some),
                "diverged": sum(not run["finite"] for run in some),
                "work": sum(run["works"] for run in some),
                "frechet": float(np.median(ends)) if ends else None,
                "reached": max(those("reached"), default=None),
                "swing": float(np.median(those("swing"))) if those("swing") else None,
                "setback": max(those("setback"), default=None),
                "collapsed": len(collapsed),
                "reached_kl": float(np.median(those("reached_kl"))) if those("reached_kl") else None,
                "fewest_modes": min(those("late_modes"), default=None),
                "largest_kl": max(those("late_kl"), default=None),
            }
        )
    return rows


def correlations(runs: list[dict]) -> list[dict]:
    """Spearman's correlation of what was told with the Fréchet distance over the moments of plain runs: over all of
    them, without the first, over the later half; and that of the exact W. Mean over the seeds with its 95 % interval,
    by Fisher's z."""
    rows = []
    for way in dict.fromkeys(run["way"] for run in runs):
        some = [run for run in runs if (run["way"], run["condition"]) == (way, "plain") and run["finite"]]
        if len(some) < 2:
            continue
        row: dict = {"way": way, "seeds": len(some), "moments": len(some[0]["moments"])}
        half = row["moments"] // 2
        for name, quantity, part in (
            ("all", "told", slice(None)),
            ("without_first", "told", slice(1, None)),
            ("later_half", "told", slice(half, None)),
            ("w1", "w1", slice(None)),
        ):
            series = [[(m[quantity], m["frechet"]) for m in run["moments"][part]] for run in some]
            rho = np.array([stats.spearmanr(*zip(*pairs, strict=True))[0] for pairs in series])
            z = interval(np.arctanh(np.clip(rho, -0.9999, 0.9999)))
            row[name] = [round(float(np.tanh(value)), 3) for value in z]
        row["verdict"] = meaningful(row["all"], 0.5)
        row["later_verdict"] = meaningful(row["later_half"], 0.0)
        rows.append(row)
    return rows


def convolutional() -> list[dict]:
    """What benchmarks/gan_quality.py has measured of the recipes, each with several seeds and 10,000 pictures."""
    runs = []
    for one in load_results("gan_quality"):
        if (one["recipe"], one["steps"]) not in CONVOLUTIONAL:
            continue
        moments = [
            {
                "frechet": seen["frechet_distance"],
                "w1": seen["w1"],
                "told": seen.get("critic_estimate", np.log(2) - seen["discriminator_loss"] / 2),
            }
            for seen in one["evaluations"][1:]
        ]
        way = CONVOLUTIONAL[one["recipe"], one["steps"]]
        runs.append({"way": way, "condition": "plain", "finite": True, "moments": moments})
    return runs


def meaningful(interval: list[float], threshold: float) -> str:
    _, low, high = interval
    return "holds" if low > threshold else "fails" if high < threshold else "undecided"


def critic_steps(runs: list[dict]) -> list[dict]:
    """Twenty critic steps beside five, seed by seed, at the same step of the generator."""
    five = {run["seed"]: run for run in runs if (run["way"], run["condition"]) == ("wgan-gp", "plain")}
    rows = []
    for run in (run for run in runs if run["way"] == MANY and run["finite"]):
        last = run["moments"][-1]
        (same,) = [m for m in five[run["seed"]]["moments"] if m["step"] == last["step"]]
        rows.append({"seed": run["seed"], "five": same, "twenty": last})
    return rows


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
            for way, other in product(("wgan-clip", "wgan-gp"), ("gan", "gan, k = 5"))
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
    tables = "comparisons", "correlations", "critic_steps"
    for row in (row for name in tables for row in result[name]):
        print(row)
    print(json.dumps({name: result[name] for name in ("summary", *tables)}))


if __name__ == "__main__":
    main()
