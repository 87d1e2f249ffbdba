"""Does a discriminator that sees the minibatch prevent mode collapse?

    OMP_NUM_THREADS=1 python benchmarks/mode_collapse.py [--seeds 3] [--store]

Recipe "mlp" of lesson 5 on MNIST, with one or three steps of G for each step of D, and each kind of minibatch
statistics; the same seeds and the same number of steps of D for all. At the end, measured on 1,000 pictures:

    modes     covered, of ten, by the course's classifier: at least a tenth of the fair share
    entropy   of the digits, in nats, at most log 10 = 2.303
    spread    of a minibatch of 64: standard deviation over the pictures, averaged over the pixels, in units of a
              full pixel (of real pictures too)
    nearest   median distance to the nearest training picture, in units of that of fresh pictures from MNIST's
              test set (near 0: copies)
    copies    share of the pictures that look like copies (of fresh ones: 0.02 to 0.03)

Prints one table (mean, lowest and highest over the seeds) and one JSON line; --store writes the JSON to
data/measured/mode_collapse.json, which lesson 5 shows. About three minutes on one quiet core.
"""

import argparse
import json

import numpy as np
import torch
from course_utils.datasets import load_mnist
from course_utils.datasets.scaling import to_symmetric
from course_utils.gan import AdversarialTrainer
from course_utils.gan.metrics import look, memorisation, mode_coverage
from course_utils.gan.networks import MINIBATCH_STATISTICS
from course_utils.runtime import describe_machine, store_results

GENERATOR_STEPS = (1, 3)
JUDGED, MINIBATCH, COMPARED = 1000, 64, 200
MEASURES = ("modes", "entropy", "spread", "nearest", "copies")


def spread(pictures: torch.Tensor) -> float:
    """How much pictures (n, 1, 28, 28) in [-1, 1] differ, as in lesson 5."""
    return pictures.std(dim=0).mean().item() / 2


def train(pixels: np.ndarray, fresh: np.ndarray, steps: int, seed: int, **settings) -> dict[str, float]:
    """One run, measured at its end."""
    trainer = AdversarialTrainer(pixels, "mlp", seed=seed, **settings).run(steps, progress=False)
    pictures = trainer.sample(JUDGED, seed=1)
    modes, entropy = mode_coverage(look(pictures, scale="symmetric").digits)
    batches = pictures[: JUDGED // MINIBATCH * MINIBATCH].split(MINIBATCH)
    copied = memorisation(pictures[:COMPARED], pixels, fresh[:COMPARED], scale="symmetric")
    return {
        "modes": modes,
        "entropy": entropy,
        "spread": float(np.mean([spread(batch) for batch in batches])),
        "nearest": copied.ratio,
        "copies": copied.copies,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="seeds 0, 1, ...")
    parser.add_argument("--steps", type=int, default=400, help="of D")
    parser.add_argument("--store", action="store_true", help="write data/measured/mode_collapse.json")
    options = parser.parse_args()

    torch.set_num_threads(1)
    pixels, fresh = load_mnist("train").pixels, load_mnist("test").pixels
    real = to_symmetric(torch.from_numpy(pixels[: 100 * MINIBATCH])[:, None])
    real_spread = float(np.mean([spread(batch) for batch in real.split(MINIBATCH)]))
    rows = []
    print(f"{'steps of G':>10} {'statistics':>15}" + "".join(f"{name:>22}" for name in MEASURES))
    for generator_steps in GENERATOR_STEPS:
        for statistics in MINIBATCH_STATISTICS:
            settings = {"generator_steps": generator_steps, "minibatch_statistics": statistics}
            runs = [train(pixels, fresh, options.steps, seed, **settings) for seed in range(options.seeds)]
            rows.append({**settings, "runs": runs})
            columns = [[run[name] for run in runs] for name in MEASURES]
            print(
                f"{generator_steps:10} {statistics:>15}"
                + "".join(f"{np.mean(c):8.2f} ({min(c):.2f}..{max(c):.2f})".rjust(22) for c in columns),
                flush=True,
            )
    print(f"{'(real minibatches)':>26}{'':44}{real_spread:14.2f}")
    result = {
        "benchmark": "mode_collapse",
        "machine": describe_machine(),
        "seeds": list(range(options.seeds)),
        "steps": options.steps,
        "real_spread": real_spread,
        "rows": rows,
    }
    print(json.dumps(result))
    if options.store:
        store_results("mode_collapse", result)


if __name__ == "__main__":
    main()
