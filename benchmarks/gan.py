"""What a GAN's step costs: our loop against PyTorch-GAN's, with the same networks and the same mathematics.

    python benchmarks/gan.py                                  speed, about four minutes on two quiet cores
    python benchmarks/gan.py --rounds 8 --threads 1 --quick   a look while developing
    python benchmarks/gan.py --save benchmarks/results/gan.json --plot benchmarks/results/gan_cost.png

Peer and networks are those of ``pytorch_gan.py`` (batch 64; its steps with its pipeline of data). Ours are the
package's loop with the peer's networks, in float32 and with bfloat16 autocast ("changed precision": not the same
numbers). First it is asserted that ours, given the same minibatches, has the same parameters after a turn of the game:
to 1e-4 in float32, and in float64, where rounding explains nothing, to 1e-4 for the GAN and 1e-9 for the others.
(BCELoss halves D's gradients; Adam forgets that, but for its eps.) Then the three take turns in one process; shown are
medians and quartiles. A step is one minibatch of real pictures: with the critics' n_critic = 5, a fifth of a turn.

"of the bound" is the time that the matrix products of our step (counted, not estimated) would take at the rate at which
this machine multiplies large float32 matrices, measured in the same run, as a share of the time that the step takes.

Prints the tables and one JSON line with the claims. Those about bfloat16 are made only where the machine's bfloat16
products are faster than its float32 products; elsewhere the measured ratio stands there without a claim.
"""

import argparse
import json
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from statistics import quantiles

import numpy as np
import pytorch_gan
import torch
from memory import resident
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from course_utils.datasets import Images, load_images
from course_utils.gan import RECIPES, AdversarialTrainer
from course_utils.gan.loop import AdversarialLoop
from course_utils.gan.recipes import Recipe
from course_utils.machine import describe_machine

SEED = 0
ADAM = {"generator_learning_rate": 2e-4, "discriminator_learning_rate": 2e-4}
RMSPROP = {"generator_learning_rate": 5e-5, "discriminator_learning_rate": 5e-5, "optimizer": "rmsprop"}
CRITIC = {"objective": "wasserstein", "discriminator_steps": 5}
SETTINGS = {"latent_dim": pytorch_gan.LATENT, "batch_size": pytorch_gan.BATCH}
CASES = {  # the peer, our recipe, the speed-ups to reach in float32 and bfloat16
    "GAN": (pytorch_gan.Gan, Recipe("gan", **SETTINGS, **ADAM), 1.8, 3.0),
    "WGAN": (pytorch_gan.Wgan, Recipe("wgan", penalty="clip", **SETTINGS, **CRITIC, **RMSPROP), 1.4, 2.2),
    "WGAN-GP": (pytorch_gan.WganGp, Recipe("wgan-gp", penalty="gp", **SETTINGS, **CRITIC, **ADAM), 1.7, 3.0),
}
BATCHES, WIDTHS = (16, 32, 64, 128, 256), (0.25, 0.5, 1, 2)


# ---------------------------------------------------------------- our loop with the peer's networks


class Ours(AdversarialTrainer):
    """The package's trainer, playing with the peer's networks; minibatches can be put into ``given``."""

    peer: type[pytorch_gan.Peer]

    def __init__(self, *arguments, **settings):
        self.given: dict[str, deque[Tensor]] = {"real": deque(), "latent": deque(), "mixing": deque()}
        super().__init__(*arguments, **settings)

    def make_networks(self):
        return pytorch_gan.Generator(), _Scores()

    def real_batch(self):
        return self.given["real"].popleft() if self.given["real"] else super().real_batch()

    def latent_batch(self):
        return self.given["latent"].popleft() if self.given["latent"] else super().latent_batch()

    def mixing_batch(self):
        return self.given["mixing"].popleft() if self.given["mixing"] else super().mixing_batch()


class _Scores(pytorch_gan.Discriminator):
    """The peer's discriminator without its sigmoid: our losses start from logits."""

    def __init__(self):
        super().__init__(sigmoid=False)

    def forward(self, images):
        return super().forward(images).squeeze(1)


class OursTogether(Ours):
    """gan.py's order: G moves first, and D judges what G had made before it moved."""

    def make_networks(self):
        generator, discriminator = super().make_networks()
        generator.register_forward_hook(self._keep)
        return generator, discriminator

    def _keep(self, generator, inputs, made):
        self._made = made

    def fake_batch(self):
        return self._made.detach()

    def both_players(self):
        g_loss = self.generator_step()
        d_loss, *said = self.discriminator_step()
        return torch.stack([d_loss, g_loss, *said])


def ours(case: str, images: Images, precision: str = "float32") -> Ours:
    kind = OursTogether if case == "GAN" else Ours
    return kind(images, CASES[case][1], device="cpu", seed=SEED, precision=precision)


def assert_equivalent(case: str, images: Images) -> dict[str, float]:
    """The largest difference between a parameter of ours and the peer's after one turn on the same minibatches."""
    apart = {}
    for dtype in (torch.float32, torch.float64):
        torch.set_default_dtype(dtype)
        peer, mine = CASES[case][0](images.pixels, images.labels, SEED), ours(case, images)
        mine.generator.load_state_dict(peer.generator.state_dict())
        mine.discriminator.load_state_dict(peer.discriminator.state_dict())
        random = np.random.default_rng(SEED)
        for _ in range(peer.cycle):
            batch = next(peer.batches)[0]
            z = torch.as_tensor(random.normal(size=(len(batch), pytorch_gan.LATENT)), dtype=dtype)
            t = torch.as_tensor(random.random((len(batch), 1)), dtype=dtype)
            mine.given["real"].append(batch)
            mine.given["latent"].append(z)
            if mine.recipe.penalty == "gp":
                mine.given["mixing"].append(t)
                peer.step(batch, z, alpha=t[:, :, None, None])
            else:
                peer.step(batch, z)
        mine.given["latent"].append(z)  # the peer's generator moves on the critic's last latents
        mine.step()
        pairs = [
            (p, q)
            for player in ("generator", "discriminator")
            for p, q in zip(
                getattr(peer, player).parameters(), getattr(mine, player).parameters(), strict=True
            )
        ]
        apart[str(dtype).removeprefix("torch.")] = max((p - q).abs().max().item() for p, q in pairs)
    torch.set_default_dtype(torch.float32)
    return apart


# ---------------------------------------------------------------- speed


def measure(calls: dict[str, tuple], rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds per step of things that take turns: {name: (call, steps in one call)} -> median, quartiles."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for round_ in range(-2, rounds):
        for name, (call, steps) in calls.items():
            start = time.perf_counter()
            call()
            if round_ >= 0:  # the first two warm up
                taken[name].append(1e3 * (time.perf_counter() - start) / steps)
    return {name: spread(values) for name, values in taken.items()}


def spread(values: list[float]) -> dict[str, float]:
    low, middle, high = quantiles(values, n=4)
    return {"median": middle, "low": low, "high": high, "rounds": len(values)}


def product_rates() -> dict[str, float]:
    """Floating point operations per second in large matrix products: the best of several, since nothing is faster."""
    rates = {}
    for dtype in (torch.float32, torch.bfloat16):
        a, b = (torch.randn(1024, 1024).to(dtype) for _ in range(2))
        best = float("inf")
        for _ in range(20):
            start = time.perf_counter()
            a @ b
            best = min(best, time.perf_counter() - start)
        rates[str(dtype).removeprefix("torch.")] = 2 * 1024**3 / best
    return rates


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
    print(f"{'ms per step':10}{'quartiles':>24}{'speed-up':>10}{'of the bound':>14}{'same to':>20}")
    for case, (kind, recipe, *_) in CASES.items():
        apart = assert_equivalent(case, images)
        assert apart["float32"] < 1e-4, f"{case} is not the same mathematics: {apart}"
        assert apart["float64"] < (1e-4 if case == "GAN" else 1e-9), (
            f"{case} is not the same mathematics: {apart}"
        )
        peer, steps = kind(images.pixels, images.labels, SEED), recipe.discriminator_steps
        trainers = {"ours": ours(case, images), "ours, bfloat16": ours(case, images, "bfloat16")}
        calls = {"peer": (lambda peer=peer, steps=steps: [peer.step() for _ in range(steps)], steps)}
        calls |= {name: (trainer.step, steps) for name, trainer in trainers.items()}
        times = measure(calls, rounds)
        bound = 1e3 * products(trainers["ours"].step) / steps / rates["float32"]
        for name, row in times.items():
            row |= {"speedup": times["peer"]["median"] / row["median"], "of_the_bound": bound / row["median"]}
            same = f"{apart['float32']:.0e}" if name == "ours" else ""
            print(line(f"{case}, {name}", row, bound=name == "ours") + same.rjust(16), flush=True)
        results[case] = {"times": times, "bound_ms": bound, "apart": apart, "batch": recipe.batch_size}
    return {"rates": rates, "cases": results}


def line(name: str, row: dict[str, float], *, bound: bool = False) -> str:
    quartiles = f"({row['low']:.1f} to {row['high']:.1f})"
    speedup = f"{row['speedup']:8.2f} x" if "speedup" in row else ""
    share = f"{100 * row['of_the_bound']:10.0f} %" if bound else ""
    return f"{name:24}{row['median']:8.2f} {quartiles:>18}{speedup:>12}{share:>14}"


class Circle(AdversarialLoop):
    """Points of the plane, as the playground has them: networks so small that the loop around them is what costs."""

    def real_batch(self):
        angle = 2 * torch.pi * torch.rand(self.recipe.batch_size, 1, generator=self.random)
        return torch.cat([angle.cos(), angle.sin()], dim=1)


def recipes(images: Images, rounds: int) -> dict[str, dict[str, float]]:
    """The package's own recipes at their own sizes: one whole step, of D as often as the recipe says and of G."""
    small = {
        "latent_dim": 2,
        "generator_widths": (64, 64),
        "discriminator_widths": (64, 64),
        "batch_size": 128,
    }
    trainers: dict[str, AdversarialLoop] = {
        name: AdversarialTrainer(images, name, device="cpu", seed=SEED)
        for name in ("mlp", "dcgan", "wgan-clip", "wgan-gp", "wgan-lp")
    }
    trainers["points"] = Circle(Recipe("points", architecture="points", **small), device="cpu")
    times = measure({name: (trainer.step, 1) for name, trainer in trainers.items()}, rounds)
    print("\nms per step of the recipes (all of a recipe's steps of D, then G)")
    for name, row in times.items():
        print(line(name, row))
    return times


def cost(images: Images, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Milliseconds per step against batch size and against width (a factor on all of the recipe's widths)."""
    results: dict[str, dict[str, list[float]]] = {}
    for name in ("mlp", "dcgan"):
        plain = RECIPES[name]
        variants = {f"batch {n}": plain.replace(batch_size=n) for n in BATCHES}
        variants |= {
            f"width {factor}": plain.replace(
                generator_widths=[int(w * factor) for w in plain.generator_widths],
                discriminator_widths=[int(w * factor) for w in plain.discriminator_widths],
            )
            for factor in WIDTHS
        }
        calls = {
            key: (AdversarialTrainer(images, recipe, device="cpu", seed=SEED).step, 1)
            for key, recipe in variants.items()
        }
        times = measure(calls, rounds)
        results[name] = {
            kind: [row["median"] for key, row in times.items() if key.startswith(kind)]
            for kind in ("batch", "width")
        }
        print(f"\n{name}: ms per step")
        print("  batch size " + "".join(f"{n:>9}" for n in BATCHES))
        print("             " + "".join(f"{ms:9.1f}" for ms in results[name]["batch"]))
        print("  width x    " + "".join(f"{factor:>9}" for factor in WIDTHS))
        print("             " + "".join(f"{ms:9.1f}" for ms in results[name]["width"]), flush=True)
    return results


def plot(results: dict, path: Path) -> None:
    from matplotlib.figure import Figure

    from course_utils.plots import style

    with style.context():
        figure = Figure(figsize=(8, 3.4), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        for axes, kind, x, label in (
            (left, "batch", BATCHES, "batch size"),
            (right, "width", WIDTHS, "width, as a factor on the recipe's"),
        ):
            for name, colour in (("mlp", style.DATA), ("dcgan", style.GENERATOR)):
                y = results[name][kind]
                axes.loglog(x, y, "o-", color=colour)
                axes.text(x[0], y[0] * 1.5, name, color=colour)
            axes.set_xlabel(label)
            axes.set_xticks(x, [str(value) for value in x], minor=False)
            axes.minorticks_off()
        left.set_ylabel("ms per step")
        figure.savefig(path, dpi=110)


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


# ---------------------------------------------------------------- on a GPU


def on_gpu(images: Images) -> dict:
    """Steps per second of "dcgan" with and without a captured graph, and how often the profiler sees a wait."""
    if not torch.cuda.is_available():
        print("\ndcgan on a GPU: not run: no GPU")
        return {"not run": "no GPU"}
    card, results = torch.cuda.get_device_name(), {}
    for precision in ("float32", "bfloat16"):
        for graph in (True, False):
            trainer = AdversarialTrainer(images, "dcgan", device="cuda", seed=SEED, precision=precision)
            trainer._graph.enabled = graph
            rates = []
            for _ in range(6):
                torch.cuda.synchronize()
                start = time.perf_counter()
                for _ in range(500):
                    trainer.step()
                torch.cuda.synchronize()
                rates.append(500 / (time.perf_counter() - start))
            name = f"{precision}, {'graph' if graph else 'eager'}"
            results[name] = spread(rates[1:]) | {"waits": waits(trainer)}
            row = results[name]
            print(f"dcgan on {card}, {name}: {row['median']:.0f} steps/s, {row['waits']} waits in 50 steps")
    best = results["float32, graph"]
    holds = best["median"] >= 2000 and best["waits"] == 0
    return {
        "card": card,
        "results": results,
        "claim": {"steps_per_second": best["median"], "limit": 2000, "holds": holds},
    }


def waits(trainer: AdversarialLoop) -> int:
    """How often, in 50 steps, the CPU waited for the GPU or fetched something from it."""
    from torch.profiler import ProfilerActivity, profile

    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
        with torch.profiler.record_function("fifty steps"):
            for _ in range(50):
                trainer.step()
    steps = next(event for event in seen.events() if event.name == "fifty steps")
    return sum(
        ("Synchronize" in event.name or "DtoH" in event.name)
        and steps.time_range.start <= event.time_range.start <= steps.time_range.end
        for event in seen.events()
    )


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
    parser.add_argument("--rounds", type=int, default=60, help="turns of each kind")
    parser.add_argument("--threads", type=int, help="of torch; default: as many as cores")
    parser.add_argument("--quick", action="store_true", help="speed against the peer only")
    parser.add_argument("--save", type=Path, help="also write the JSON to this file")
    parser.add_argument("--plot", type=Path, help="also draw cost against batch size and width")
    parser.add_argument("--alone", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        train_alone(*options.alone)
        return 0
    if options.threads:
        torch.set_num_threads(options.threads)
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
        options.save.write_text(json.dumps(report, indent=1) + "\n")
    return 0 if all(claim.get("holds", True) for claim in report["claims"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
