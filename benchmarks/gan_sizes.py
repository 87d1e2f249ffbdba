"""What a step of our own recipes costs, and how that grows with batch size and width; for benchmarks/gan.py."""

from pathlib import Path

from gan_cases import SEED
from timing import line, measure

import torch
from course_utils.datasets import Images
from course_utils.gan import RECIPES, AdversarialTrainer
from course_utils.gan.adversarial import AdversarialLoop
from course_utils.gan.recipes import Recipe
from course_utils.plots import palette
from matplotlib.figure import Figure

BATCHES, WIDTHS = (16, 32, 64, 128, 256), (0.25, 0.5, 1, 2)


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
    with palette.context():
        figure = Figure(figsize=(8, 3.4), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        for axes, kind, x, label in (
            (left, "batch", BATCHES, "batch size"),
            (right, "width", WIDTHS, "width, as a factor on the recipe's"),
        ):
            for name, colour in (("mlp", palette.DATA), ("dcgan", palette.GENERATOR)):
                y = results[name][kind]
                axes.loglog(x, y, "o-", color=colour)
                axes.text(x[0], y[0] * 1.5, name, color=colour)
            axes.set_xlabel(label)
            axes.set_xticks(x, [str(value) for value in x], minor=False)
            axes.minorticks_off()
        left.set_ylabel("ms per step")
        figure.savefig(path, dpi=110)
