"""What a GAN's step costs: our loop against PyTorch-GAN's, with the same networks and the same mathematics.

    python benchmarks/gan.py                                  speed, about four minutes on two quiet cores
    python benchmarks/gan.py --rounds 8 --threads 1 --quick   a look while developing
    python benchmarks/gan.py --save data/measured/gan.json --plot docs/gan_cost.png

Peer and networks are those of ``pytorch_gan.py`` (batch 64; its steps with its pipeline of data). Ours are the
package's loop with the peer's networks, in float32 and with bfloat16 autocast ("changed precision": not the same
numbers). First it is asserted that ours, given the same minibatches, has the same parameters after a turn of the game:
to 1e-4 in float32, and in float64, where rounding explains nothing, to 1e-4 for the GAN and 1e-9 for the others.
(BCELoss halves D's gradients; Adam forgets that, but for its eps.) They take turns in one process, some steps each,
so that each finds its weights in the cache, as in a training; shown are medians and quartiles of a step. A step is one
minibatch of real pictures: with the critics' n_critic = 5, a fifth of a turn of the game.

"of the bound" is the time that the matrix products of our step (counted, not estimated) would take at the rate at which
this machine multiplies large float32 matrices, as a share of the time that the step takes. That product takes its turns
with the steps: a shared machine's speed changes by a third within a minute. "of the peak" compares with the fastest of
twenty products before the run instead, which a median step never sees.

Prints the tables and one JSON line with the claims. Those about bfloat16 are made only where the machine's bfloat16
products are faster than its float32 products; elsewhere the measured ratio stands there without a claim.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from gan_cases import CASES, SEED, assert_equivalent, ours
from gan_gpu import on_gpu
from gan_sizes import cost, plot, recipes
from memory import resident
from timing import LARGE, line, measure, product_rates

import torch
from course_utils.datasets import Images, load_images
from course_utils.files import write_json
from course_utils.runtime import describe_machine
from course_utils.threads import cores
from torch.utils._python_dispatch import TorchDispatchMode

# ---------------------------------------------------------------- speed

TURN = 5  # steps


class Products(TorchDispatchMode):
    """Counts the floating point operations in all matrix products, those of the backward passes too."""

    def __init__(self):
        super().__init__()
        self.operations = 0

    def __torch_dispatch__(self, operation, types, arguments=(), named=None):
        if operation in (torch.ops.aten.mm.default, torch.ops.aten.addmm.default):
            left, right = arguments[-2:]
            self.operations += 2 * left.shape[0] * left.shape[1] * right.shape[1]
        return operation(*arguments, **(named or {}))


def repeated(step, times: int):
    return lambda: [step() for _ in range(times)]


def products(step) -> int:
    """Floating point operations in the matrix products of one call."""
    with Products() as counted:
        step()
    return counted.operations


def compare(images: Images, rounds: int) -> dict[str, dict]:
    rates, results = product_rates(), {}
    print(
        f"matrix products: float32 {rates['float32'] / 1e9:.0f}, bfloat16 {rates['bfloat16'] / 1e9:.0f} GFLOP/s"
    )
    titles = f"{'speed-up':>12}{'of the bound':>14}{'of the peak':>14}{'same to':>10}"
    print(f"{'ms per step':24}{'median':>8} {'quartiles':>18}" + titles)
    matrix = torch.randn(LARGE, LARGE)
    for case, (kind, recipe, *_) in CASES.items():
        apart = assert_equivalent(case, images)
        assert apart["float32"] < 1e-4, f"{case} is not the same mathematics: {apart}"
        assert apart["float64"] < (1e-4 if case == "GAN" else 1e-9), (
            f"{case} is not the same mathematics: {apart}"
        )
        peer, steps = kind(images.pixels, images.labels, SEED), recipe.discriminator_steps
        trainers = {"ours": ours(case, images), "ours, bfloat16": ours(case, images, "bfloat16")}
        length = TURN // steps * steps
        calls = {"peer": (repeated(peer.step, length), length)}
        calls |= {name: (repeated(t.step, length // steps), length) for name, t in trainers.items()}
        times = measure(calls | {"product": (repeated(lambda: matrix @ matrix, 3), 3)}, rounds)
        product, operations = times.pop("product"), products(trainers["ours"].step) / steps
        bound, peak = product["median"] * operations / (2 * LARGE**3), 1e3 * operations / rates["float32"]
        for name, row in times.items():
            row |= {"speedup": times["peer"]["median"] / row["median"]}
            row |= {"of_the_bound": bound / row["median"], "of_the_peak": peak / row["median"]}
            print(line(f"{case}, {name}", row, "of_the_bound", "of_the_peak"), end="")
            print(f"{apart['float32']:10.0e}" if name == "ours" else "", flush=True)
        results[case] = {"times": times, "bound_ms": bound, "product": product}
        results[case] |= {"apart": apart, "batch": recipe.batch_size}
    return {"rates": rates, "cases": results}


# ---------------------------------------------------------------- memory


def memory(case: str, who: str) -> float:
    """Peak resident memory in MB of a process that does nothing but that training, 20 steps of it."""
    command = [sys.executable, __file__, "--alone", case, who]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def train_alone(case: str, who: str) -> None:
    """What :func:`memory` runs; "nothing" only loads the libraries and the pictures."""
    torch.set_num_threads(1)
    images = load_images()
    if who == "peer":
        peer = CASES[case][0](images.pixels, images.labels, SEED)
        for _ in range(20):
            peer.step()
    elif who != "nothing":
        trainer = ours(case, images, "bfloat16" if who.endswith("bfloat16") else "float32")
        for _ in range(20 // trainer.recipe.discriminator_steps):
            trainer.step()
    print(resident())


def memories() -> dict[str, dict[str, float]]:
    print("\npeak memory in MB, in processes of their own (all with libraries and pictures)")
    nothing = memory("GAN", "nothing")
    print(f"{'libraries and pictures':24}{nothing:8.0f}")
    results = {"nothing": {"peak": nothing}}
    for case in CASES:
        results[case] = {who: memory(case, who) for who in ("peer", "ours", "ours, bfloat16")}
        print(
            f"{case:24}" + "".join(f"{name} {value:.0f}   " for name, value in results[case].items()),
            flush=True,
        )
    return results


# ---------------------------------------------------------------- all together


def claims(speed: dict) -> dict[str, dict]:
    faster = speed["rates"]["bfloat16"] > speed["rates"]["float32"]
    results = {}
    for case, (_, _, full, mixed) in CASES.items():
        times = speed["cases"][case]["times"]
        value = times["ours"]["speedup"]
        results[case] = {"value": value, "limit": full, "holds": value >= full}
        value = times["ours, bfloat16"]["speedup"]
        results[f"{case}, bfloat16"] = {"value": value, "limit": mixed} | (
            {"holds": value >= mixed}
            if faster
            else {"not claimed": "this machine multiplies bfloat16 matrices more slowly than float32 ones"}
        )
    return results


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=40, help="turns of each kind")
    parser.add_argument("--threads", type=int, help="of torch; default: as many as cores")
    parser.add_argument("--quick", action="store_true", help="speed against the peer only")
    parser.add_argument("--save", type=Path, help="also write the JSON to this file")
    parser.add_argument("--plot", type=Path, help="also draw cost against batch size and width")
    parser.add_argument("--alone", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        train_alone(*options.alone)
        return 0
    torch.set_num_threads(options.threads or cores())
    images = load_images()
    print(images.describe())
    report = {"benchmark": "gan", "machine": describe_machine(), "seed": SEED, "images": images.name}
    report["speed"] = compare(images, options.rounds)
    if not options.quick:
        report["recipes"] = recipes(images, options.rounds // 2)
        report["cost"] = cost(images, max(4, options.rounds // 6))
        if options.plot:
            plot(report["cost"], options.plot)
        report["memory"] = memories()
        report["gpu"] = on_gpu(images)
    report["claims"] = claims(report["speed"])
    print(json.dumps(report))
    if options.save:
        write_json(options.save, report)
    return 0 if all(claim.get("holds", True) for claim in report["claims"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
