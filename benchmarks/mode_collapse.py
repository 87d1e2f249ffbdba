"""Mode collapse on purpose, its control, and what repairs it.

    OMP_NUM_THREADS=1 python benchmarks/mode_collapse.py [--seeds 0 1 2] [--cases ...] [--rounds 1500] [--store]

Recipe "mlp" of lesson 5 on MNIST. A round is one step of D and then one or ten steps of G; ten to one is the collapse.
Its control is one to one with as many steps of D; with as many steps of G, that is for ten times as many rounds, lesson
5b has the recorded run "mlp". The remedies: both kinds of minibatch statistics for D. At the end, measured on 2,000
pictures:

    modes     covered, of ten, by the course's classifier: at least a tenth of the fair share
    entropy   of the digits, in nats, at most log 10 = 2.303
    frechet   distance to 2,000 of MNIST's test pictures in the classifier's features
    d_loss    D's loss, mean of the last 100 rounds; 2 log 2 = 1.386 where D knows nothing
    spread    of a minibatch of 64: standard deviation over the pictures, averaged over the pixels, in units of a
              full pixel (of real pictures too)
    nearest   median distance to the nearest training picture, in units of that of fresh pictures from MNIST's
              test set (near 0: copies)
    copies    share of the pictures that look like copies (of fresh ones: 0.02 to 0.03)

A case *fails* if in every seed its entropy is lower and its distance larger than those of the control with that seed,
*holds* if in every seed both are at least as good, and is *undecided* otherwise.

Prints one table (mean, lowest and highest over the seeds) and one JSON line. With --store each run goes into
data/measured/mode_collapse.json as soon as it is done, and is not repeated, so that this may be interrupted; lesson
5b shows that file. About three minutes for each seed on one core.
"""

import argparse
import json
from itertools import product
from typing import Any

import numpy as np
import torch
from course_utils.datasets import load_mnist
from course_utils.datasets.scaling import to_symmetric
from course_utils.gan import AdversarialTrainer
from course_utils.gan.metrics import features, frechet_distance, look, memorisation, mode_coverage
from course_utils.runtime import describe_machine, load_results, store_results

ROUNDS = 1500
CASES: dict[str, dict[str, Any]] = {
    "1:1": {},
    "10:1": {"generator_steps": 10},
    "10:1, stddev": {"generator_steps": 10, "minibatch_statistics": "stddev"},
    "10:1, discrimination": {"generator_steps": 10, "minibatch_statistics": "discrimination"},
}
CONTROL = "1:1"
JUDGED, MINIBATCH, COMPARED = 2000, 64, 200
MEASURES = ("modes", "entropy", "frechet", "d_loss", "spread", "nearest", "copies")


def spread(pictures: torch.Tensor) -> float:
    """How much pictures (n, 1, 28, 28) in [-1, 1] differ, as in lesson 5b."""
    return pictures.std(dim=0).mean().item() / 2


def train(pixels: np.ndarray, fresh: np.ndarray, case: str, seed: int, rounds: int) -> dict[str, float]:
    """One run, measured at its end."""
    trainer = AdversarialTrainer(pixels, "mlp", seed=seed, device="cpu", **CASES[case])
    trainer.run(rounds, progress=False)
    pictures = trainer.sample(JUDGED, seed=1)
    seen = look(pictures, scale="symmetric")
    modes, entropy = mode_coverage(seen.digits)
    batches = pictures[: JUDGED // MINIBATCH * MINIBATCH].split(MINIBATCH)
    copied = memorisation(pictures[:COMPARED], pixels, fresh[:COMPARED], scale="symmetric")
    return {
        "modes": modes,
        "entropy": round(entropy, 4),
        "frechet": round(frechet_distance(seen.features, features(fresh)), 1),
        "d_loss": round(float(trainer.history["discriminator_loss"][-100:].mean()), 4),
        "spread": round(float(np.mean([spread(batch) for batch in batches])), 4),
        "nearest": round(copied.ratio, 3),
        "copies": copied.copies,
    }


def summary(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each case its seeds, and of each measure the mean, the lowest and the highest."""
    rows = []
    for case in CASES:
        own = sorted((run for run in runs if run["case"] == case), key=lambda run: run["seed"])
        if own:
            columns = {name: [run[name] for run in own] for name in MEASURES}
            rows.append(
                {"case": case, "seeds": [run["seed"] for run in own], "verdict": verdict(runs, case)}
                | {name: [float(np.mean(c)), min(c), max(c)] for name, c in columns.items()}
            )
    return rows


def verdict(runs: list[dict[str, Any]], case: str) -> str:
    """Of a case, against the control, seed by seed."""
    if case == CONTROL:
        return "control"
    own, control = ({run["seed"]: run for run in runs if run["case"] == name} for name in (case, CONTROL))
    gains = [
        (own[seed]["entropy"] - control[seed]["entropy"], control[seed]["frechet"] - own[seed]["frechet"])
        for seed in own.keys() & control.keys()
    ]
    if all(min(gain) >= 0 for gain in gains):
        return "holds"
    return "fails" if all(max(gain) < 0 for gain in gains) else "undecided"


def stored() -> list[dict[str, Any]]:
    """The runs that are in the file so far."""
    try:
        runs: list[dict[str, Any]] = load_results("mode_collapse")["runs"]
    except FileNotFoundError:
        runs = []
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--cases", nargs="+", default=list(CASES), metavar="CASE", choices=list(CASES))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument(
        "--store", action="store_true", help="keep each run in data/measured/mode_collapse.json"
    )
    options = parser.parse_args()

    torch.set_num_threads(1)
    pixels, test = load_mnist("train").pixels, load_mnist("test").pixels
    fresh = test[np.random.default_rng(0).permutation(len(test))[:JUDGED]]
    real = pixels[:JUDGED]
    batches = to_symmetric(torch.from_numpy(real[: JUDGED // MINIBATCH * MINIBATCH])[:, None]).split(
        MINIBATCH
    )
    result: dict[str, Any] = {"runs": stored() if options.store else []}
    result |= {
        "benchmark": "mode_collapse",
        "machine": describe_machine(),
        "rounds": options.rounds,
        "samples": JUDGED,
        "real_spread": float(np.mean([spread(batch) for batch in batches])),
        "floor": frechet_distance(features(real), features(fresh)),
    }
    done = {(run["case"], run["seed"]) for run in result["runs"]}
    for case, seed in product(options.cases, options.seeds):
        if (case, seed) in done:
            continue
        run = {"case": case, "seed": seed} | train(pixels, fresh, case, seed, options.rounds)
        if options.store:  # others may have stored theirs meanwhile
            result["runs"] = stored()
        result["runs"].append(run)
        if options.store:
            store_results("mode_collapse", result | {"summary": summary(result["runs"])})
        print(run, flush=True)
    print(f"\n{'steps of G to D':>24}" + "".join(f"{name:>22}" for name in MEASURES) + "  verdict")
    rows = summary(result["runs"])
    for row in rows:
        numbers = (f"{mean:.3g} ({low:.3g}..{high:.3g})" for mean, low, high in (row[m] for m in MEASURES))
        print(f"{row['case']:>24}" + "".join(f"{each:>22}" for each in numbers) + f"  {row['verdict']}")
    print(f"real pictures: spread {result['real_spread']:.3f}; floor of the distance {result['floor']:.1f}")
    print(json.dumps(result | {"runs": rows}))


if __name__ == "__main__":
    main()
