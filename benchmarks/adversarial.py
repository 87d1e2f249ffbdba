"""What fools networks that name digits, and what adversarial training buys; L0's listing as printed and mended.

    OMP_NUM_THREADS=1 python benchmarks/adversarial.py [--seeds 0 1 2] [--ways ...] [--pictures 1000] [--store]

Recipes of course_utils.attacks on MNIST; accuracies on the first test pictures, in [0, 1]:

    table      linear, mlp, cnn, fgsm, robust: clean, random signs, FGSM, PGD with 20 steps and a random start, at
               several epsilon. Seed 0 is the network that ships.
    listing    the same clean CNN trained on for 440 steps with J = 3, sizes rising over the first half, in six ways:
               L0's listing to the letter (z never moves), as it must be meant (z_{j+1} = z'), with a smaller step,
               projected, projected and clamped, and that with a random start (which "robust" is after 880 steps).
    scratch    adversarial training from random weights, 440 steps: FGSM; J = 3 with and without projection and clamp.
    strong     what more attacks leave of "fgsm" and "robust" at 0.3, on half of the pictures, each attack on what the
               earlier ones left: 100 steps with five starts, the margin as loss, pictures made on the clean CNN.

Prints one table and one JSON line. With --store each run goes into data/measured/adversarial.json as soon as it is
done, and is not repeated; lesson 10 shows that file. About five minutes for each seed on one core.
"""

import argparse
import json
import time
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np
import torch
from course_utils.attacks import (
    RECIPES,
    DigitNetwork,
    DigitTrainer,
    accuracy,
    fgsm,
    load_digit_network,
    pgd,
    random_signs,
    robust_accuracy,
)
from course_utils.datasets import Images, load_mnist
from course_utils.datasets.scaling import to_unit
from course_utils.runtime import describe_machine, load_results, store_results
from torch import Tensor

# way -> recipe, changes
TABLE: dict[str, tuple[str, dict[str, Any]]] = {name: (name, {}) for name in RECIPES}
BRIEF = {"quick_steps": 440, "full_steps": 440, "ramp": 220}
BARE = BRIEF | {"random_start": False, "project": False, "clamp": False}
LISTING: dict[str, tuple[str, dict[str, Any]]] = {
    "to the letter": ("robust", BRIEF | {"attack_steps": 0}),
    "as meant": ("robust", BARE),
    "as meant, step 0.1": (
        "robust",
        BARE | {"step_size": 0.1},
    ),  # reach 3 x 0.1: a projection would change nothing
    "projected": ("robust", BARE | {"project": True}),
    "projected, clamped": ("robust", BRIEF | {"random_start": False}),
    "and a random start": ("robust", BRIEF),
}
SCRATCH: dict[str, tuple[str, dict[str, Any]]] = {
    "fgsm, scratch": ("fgsm", BRIEF | {"begins_with": "", "ramp": 0}),
    "robust, scratch": ("robust", BRIEF | {"begins_with": "", "ramp": 0}),
    "unprojected, scratch": ("robust", BARE | {"begins_with": "", "ramp": 0}),
}
WAYS = TABLE | LISTING | SCRATCH
STRONG = ("fgsm", "robust")
STEPS = 20  # of the usual PGD
MORE = 100  # of the strong one,
STARTS = 5  # so many times
FULL = ("clean", "signs 0.1", "signs 0.2", "signs 0.3", "fgsm 0.05", "fgsm 0.1", "fgsm 0.2", "fgsm 0.3", "pgd 0.1",
        "pgd 0.2", "pgd 0.3")  # fmt: skip
SHORT = ("clean", "fgsm 0.3", "pgd 0.3")
ATTACKS = {"signs": random_signs, "fgsm": fgsm, "pgd": partial(pgd, steps=STEPS)}


def measured(model: DigitNetwork, x: Tensor, y: Tensor, what: tuple[str, ...]) -> dict[str, float]:
    """Accuracies by name."""
    found = {}
    for name in what:
        attack, _, epsilon = name.partition(" ")
        right = (
            robust_accuracy(model, x, y, float(epsilon), ATTACKS[attack])
            if epsilon
            else accuracy(model, x, y)
        )
        found[name] = round(right, 4)
    return found


def strong(
    model: DigitNetwork, clean: DigitNetwork, x: Tensor, y: Tensor, epsilon: float
) -> dict[str, float]:
    """The share that is left after more and more attacks."""
    draw = torch.Generator().manual_seed(1)
    attacks: dict[str, Any] = {
        "clean": lambda model, x, *_: x,
        f"pgd, {STEPS} steps": partial(pgd, steps=STEPS),
        f"pgd, {MORE} steps": partial(pgd, steps=MORE, generator=draw),
        f"pgd, {MORE} steps, {STARTS} starts": partial(
            pgd, steps=MORE, generator=draw, restarts=max(STARTS - 1, 1)
        ),
        f"margin, {MORE} steps": partial(pgd, steps=MORE, generator=draw, loss="margin"),
        "made on the clean CNN": lambda _, *given: pgd(clean, *given, steps=STEPS),
    }
    left, total = {}, len(x)
    for name, attack in attacks.items():
        if len(x):
            attacked = attack(model, x, y, epsilon)
            with torch.no_grad():
                still = model(attacked).argmax(1) == y
            x, y = x[still], y[still]
        left[name] = round(len(x) / total, 4)
    return left


class Trained:
    """The networks of one seed, each trained when it is first asked for."""

    def __init__(self, images: Images, seed: int, steps: int | None):
        self.images, self.seed, self.steps = images, seed, steps
        self.networks: dict[str, DigitNetwork] = {}

    def __getitem__(self, way: str) -> DigitNetwork:
        if way not in self.networks:
            name, changes = WAYS[way]
            if self.seed == 0 and way in TABLE and self.steps is None:
                self.networks[way] = load_digit_network(name, "cpu")
            else:
                recipe = RECIPES[name].replace(**changes)
                start = self[recipe.begins_with] if recipe.begins_with else None
                trainer = DigitTrainer(self.images, recipe, device="cpu", seed=self.seed, start=start)
                trainer.run(self.steps or recipe.steps, progress=False)
                self.networks[way] = trainer.model.eval().requires_grad_(False)
        return self.networks[way]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument(
        "--ways", nargs="+", default=[*WAYS, "strong"], metavar="WAY", help="or strong; default: all"
    )
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--steps", type=int, help="of each training, instead of the recipes' own")
    parser.add_argument(
        "--store", action="store_true", help="keep each run in data/measured/adversarial.json"
    )
    options = parser.parse_args()

    torch.set_num_threads(1)
    images, test = load_mnist("train"), load_mnist("test")
    n = options.pictures
    x = to_unit(torch.from_numpy(test.pixels[:n])[:, None], "bytes", torch.float32)
    y = torch.from_numpy(test.labels[:n])
    result: dict[str, Any] = {"runs": [], "strong": []}

    def stored() -> None:  # others may have stored theirs meanwhile
        if options.store:
            with suppress(FileNotFoundError):
                kept = load_results("adversarial")
                result.update(runs=kept["runs"], strong=kept["strong"])

    def keep(kind: str, run: dict[str, Any]) -> None:
        stored()
        result[kind].append(run)
        about = {"machine": describe_machine(), "pictures": n, "pgd_steps": STEPS, "benchmark": "adversarial"}
        result.update(about, largest_class=round(float(np.bincount(test.labels[:n]).max() / len(y)), 4))
        if options.store:
            store_results("adversarial", result)

    stored()
    for seed in options.seeds:
        trained = Trained(images, seed, options.steps)
        for way in [way for way in WAYS if way in options.ways]:
            if not any((run["way"], run["seed"]) == (way, seed) for run in result["runs"]):
                begun = time.perf_counter()
                model = trained[way]
                seconds = round(time.perf_counter() - begun, 1)
                found = measured(model, x, y, FULL if way in TABLE else SHORT)
                keep("runs", {"way": way, "seed": seed, "seconds": seconds, "accuracy": found})
        for way in STRONG if "strong" in options.ways else ():
            if not any((run["way"], run["seed"]) == (way, seed) for run in result["strong"]):
                left = strong(trained[way], trained["cnn"], x[: n // 2], y[: n // 2], 0.3)
                keep("strong", {"way": way, "seed": seed, "epsilon": 0.3, "left": left})

    for names, ways in ((FULL, TABLE), (SHORT, LISTING | SCRATCH)):
        print(f"{'%':>22}" + "".join(f"{name:>20}" for name in names))
        for way in ways:
            runs = [run["accuracy"] for run in result["runs"] if run["way"] == way]
            columns = [[100 * run[name] for run in runs] for name in names] if runs else []
            print(
                f"{way:>22}"
                + "".join(f"{f'{np.mean(c):.1f} ({min(c):.1f}..{max(c):.1f})':>20}" for c in columns)
            )
    for run in result["strong"]:
        print(
            f"{run['way']}, seed {run['seed']}: "
            + ", ".join(f"{k} {100 * v:.1f}" for k, v in run["left"].items())
        )
    print(json.dumps(result))


if __name__ == "__main__":
    main()
