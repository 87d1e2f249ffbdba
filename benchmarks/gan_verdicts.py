"""What the runs of gan_claims.py are summed up by.

The thresholds were chosen before the runs:

works      the median distance over the last third is below 0.6 of an untrained generator's, and all is finite
swing      standard deviation of log frechet over the last third, its straight line taken away: a generator that
           still improves does not swing. (And absolute_swing, of frechet itself: looked at afterwards, it decides
           no verdict)
setback    the largest ratio of a distance to the best one before it, from where the run first was below 0.6
collapse   fewer than ten modes at some moment of the last third. reached_kl: the KL at the first moment below 0.6,
           where all runs are equally far
meaningful what is told, if the 95 % interval of the seeds' mean rank correlation with frechet lies above 0.5 over
           the whole run ("all"), above 0 over its later half; not if it lies below; else undecided. (Fewer than
           three seeds decide nothing, whatever their interval: this was added after two agreed by luck or not)
verdict    "more stable than the GAN" holds if over seeds 0 to 2 and all conditions but "slow" the 95 % interval of
           the mean log ratio of the swings (paired) lies below 0 and no more runs fail; it fails if that interval
           lies above 0 or more runs fail by three or more; else it is undecided. The same of five steps of D against
           one, added afterwards
too many   "twenty critic steps bring mode collapse" holds if at the end in every seed a digit is missing that five
           steps have by then, fails if in none, and is else undecided
"""

from itertools import product

import numpy as np
from course_utils.runtime import load_results
from scipy import stats

FAR, MORE_FAILURES, SEEDS = 0.6, 3, 3
CONDITIONS = {  # batch norm in the generator, rates
    "plain": (True, 1.0),
    "no batch norm": (False, 1.0),
    "fast": (True, 5.0),
    "both": (False, 5.0),
    "slow": (True, 0.2),
}
STRESSED = [condition for condition in CONDITIONS if condition != "slow"]
MANY = "wgan-gp, k = 20"
CONVOLUTIONAL = {("dcgan", 19_000): "dcgan", ("wgan-gp", 13_500): "wgan-gp, k = 1"}


def measures(run: dict, noise: float) -> dict:
    """What one run is summed up by."""
    step, frechet = (np.array([m[name] for m in run["moments"]], float) for name in ("step", "frechet"))
    near = np.flatnonzero(frechet < FAR * noise)
    first = int(near[0]) if len(near) else None
    result: dict = {
        "reached": None if first is None else int(step[first]),
        "reached_kl": None if first is None else run["moments"][first]["kl"],
    }
    if not run["finite"] or run["condition"] == "slow":  # which ends as soon as it works
        nothing = ("swing", "absolute_swing", "setback", "late_modes", "late_kl")
        return result | {"works": run["finite"] and first is not None} | dict.fromkeys(nothing)
    late = step > run["steps"] * 2 / 3
    late_moments = [m for m, is_late in zip(run["moments"], late, strict=True) if is_late]
    from_there = np.ones(1) if first is None else frechet[first:]
    return result | {
        "works": bool(np.median(frechet[late]) < FAR * noise),
        "swing": round(around_a_line(step[late], np.log(frechet[late])), 4),
        "absolute_swing": round(around_a_line(step[late], frechet[late]), 2),
        "setback": round(float((from_there / np.minimum.accumulate(from_there)).max()), 3),
        "late_modes": min(m["modes"] for m in late_moments),
        "late_kl": max(m["kl"] for m in late_moments),
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
    own, theirs = (
        {
            (run["condition"], run["seed"]): run
            for run in runs
            if run["way"] == name and run["condition"] in STRESSED and run["seed"] < SEEDS
        }
        for name in (way, other)
    )
    pairs = [(own[key], theirs[key]) for key in sorted(own.keys() & theirs.keys())]
    fails, other_fails = (sum(not pair[i]["works"] for pair in pairs) for i in (0, 1))
    row: dict = {
        "way": way,
        "against": other,
        "pairs": len(pairs),
        "fails": fails,
        "other_fails": other_fails,
    }
    for name in ("swing", "absolute_swing"):
        logs = np.array([np.log(a[name] / b[name]) for a, b in pairs if a[name] and b[name]])
        row[name] = np.exp(interval(logs)).round(3).tolist() if len(logs) > 2 else None
    row["verdict"] = "undecided"
    if row["swing"] and row["swing"][2] < 1 and fails <= other_fails:
        row["verdict"] = "holds"
    if (row["swing"] and row["swing"][1] > 1) or fails >= other_fails + MORE_FAILURES:
        row["verdict"] = "fails"
    return row


def summary(runs: list[dict]) -> list[dict]:
    """For each way and condition, over the seeds: how many runs work, and the medians, or the worst, of the rest."""
    rows = []
    for way, condition in product(dict.fromkeys(run["way"] for run in runs), CONDITIONS):
        some = [run for run in runs if (run["way"], run["condition"]) == (way, condition)]
        if not some:
            continue
        known = {
            name: [run[name] for run in some if run[name] is not None]
            for name in ("reached", "swing", "setback", "reached_kl", "late_modes", "late_kl")
        }
        known["frechet"] = [run["moments"][-1]["frechet"] for run in some if run["finite"]]
        median = {
            name: float(np.median(known[name])) if known[name] else None
            for name in ("frechet", "swing", "reached_kl")
        }
        rows.append(
            {
                "way": way,
                "condition": condition,
                "runs": len(some),
                "diverged": sum(not run["finite"] for run in some),
                "work": sum(run["works"] for run in some),
                "collapsed": sum(modes < 10 for modes in known["late_modes"]),
                "reached": max(known["reached"], default=None),
                "setback": max(known["setback"], default=None),
                "fewest_modes": min(known["late_modes"], default=None),
                "largest_kl": max(known["late_kl"], default=None),
            }
            | median
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
        for name, quantity, part in (
            ("all", "told", slice(None)),
            ("without_first", "told", slice(1, None)),
            ("later_half", "told", slice(row["moments"] // 2, None)),
            ("w1", "w1", slice(None)),
        ):
            series = [[(m[quantity], m["frechet"]) for m in run["moments"][part]] for run in some]
            rho = np.array([stats.spearmanr(*zip(*pairs, strict=True))[0] for pairs in series])
            z = interval(np.arctanh(np.clip(rho, -0.9999, 0.9999)))
            row[name] = [round(float(np.tanh(value)), 3) for value in z]
        row["verdict"] = meaningful(row["all"], 0.5, len(some))
        row["later_verdict"] = meaningful(row["later_half"], 0.0, len(some))
        rows.append(row)
    return rows


def meaningful(interval: list[float], threshold: float, seeds: int) -> str:
    _, low, high = interval
    if seeds < SEEDS:
        return "undecided"
    return "holds" if low > threshold else "fails" if high < threshold else "undecided"


def convolutional() -> list[dict]:
    """What benchmarks/gan_quality.py has measured of the recipes, each with several seeds and 10,000 pictures."""
    runs = []
    for one in load_results("gan_quality"):
        way = CONVOLUTIONAL.get((one["recipe"], one["steps"]))
        if way is None:
            continue
        moments = [
            {
                "frechet": seen["frechet_distance"],
                "w1": seen["w1"],
                "told": seen.get("critic_estimate", np.log(2) - seen["discriminator_loss"] / 2),
            }
            for seen in one["evaluations"][1:]
        ]
        runs.append({"way": way, "condition": "plain", "finite": True, "moments": moments})
    return runs


def critic_steps(runs: list[dict]) -> dict:
    """Twenty critic steps beside five, seed by seed, at the same step of the generator."""
    five = {run["seed"]: run for run in runs if (run["way"], run["condition"]) == ("wgan-gp", "plain")}
    rows, lost = [], []
    for run in (run for run in runs if run["way"] == MANY and run["finite"]):
        last = run["moments"][-1]
        (same,) = [m for m in five[run["seed"]]["moments"] if m["step"] == last["step"]]
        rows.append({"seed": run["seed"], "five": same, "twenty": last})
        lost.append(last["modes"] < same["modes"])
    verdict = "undecided" if any(lost) != all(lost) or not lost else "holds" if all(lost) else "fails"
    return {"rows": rows, "verdict": verdict}
