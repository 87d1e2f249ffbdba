"""Train the networks of lesson 10, seed 0, and write data/checkpoints/digits_*.safetensors.

    OMP_NUM_THREADS=1 COURSE_DATA=/folder/with/mnist python data/make/digit_networks.py

It needs MNIST (where ``load_mnist`` looks for it) and about three minutes on one CPU core. The test set chooses
nothing: the settings are RECIPES of ``course_utils/attacks/recipes.py``, and it is looked at once, at the end, with
the weights as written (float16). Other seeds: ``benchmarks/adversarial.py``.
"""

import argparse
import time
from pathlib import Path

import torch
from course_utils.attacks import (
    RECIPES,
    DigitNetwork,
    DigitTrainer,
    accuracy,
    fgsm,
    load_digit_network,
    robust_accuracy,
    save_digit_network,
)
from course_utils.datasets import load_mnist
from course_utils.datasets.scaling import to_unit
from course_utils.runtime import REPOSITORY


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, help="instead of the recipes' own")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "data" / "checkpoints")
    args = parser.parse_args()

    torch.set_num_threads(1)
    images, test = load_mnist("train"), load_mnist("test")
    x, y = (
        to_unit(torch.from_numpy(test.pixels)[:, None], "bytes", torch.float32),
        torch.from_numpy(test.labels),
    )
    trained: dict[str, DigitNetwork] = {}
    for name, recipe in RECIPES.items():
        begun = time.perf_counter()
        trainer = DigitTrainer(images, recipe, device="cpu", seed=0, start=trained.get(recipe.begins_with))
        trainer.run(args.steps or recipe.steps, progress=False)
        path = save_digit_network(trainer.model, args.output / f"digits_{name}.safetensors")
        trained[name] = load_digit_network(path, "cpu")  # what follows begins with what ships
        seconds, size = time.perf_counter() - begun, path.stat().st_size
        right = accuracy(trained[name], x, y), robust_accuracy(trained[name], x[:1000], y[:1000], 0.3, fgsm)
        print(
            f"{path.name}: {seconds:.0f} s, {size:,} bytes; {right[0]:.2%} of the test set, {right[1]:.1%} of its "
            "first 1,000 after FGSM with 0.3",
            flush=True,
        )


if __name__ == "__main__":
    main()
