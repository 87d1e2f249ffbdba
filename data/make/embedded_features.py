"""Teach the "embedded" feature network: `OMP_NUM_THREADS=1 python data/make/embedded_features.py`.

A student (course_utils/style/embedded.py), random at the start, learns to give at its taps the numbers that SqueezeNet
1.0 trained on ImageNet gives at the layers of the same names, each divided by the layer's root mean square. No weight
of SqueezeNet is copied.

    pictures    photographs inside matplotlib, scikit-learn and scikit-image (`pip install scikit-image`, only for
                this), the drawn style pictures, drawn textures, digit collages (MNIST, where it is at hand); cut,
                turned, scaled, mirrored, recoloured and mixed anew each time
    and         pictures that style transfer with the student itself is painting: what an optimiser finds is unlike
                any picture, and the student must agree with its teacher there too
    left out    LEFT_OUT, for the judgement in benchmarks/embedded_features.py
    first       each layer by itself, from the ones before it as they are by then, on patches: a patch has all that a
                layer looks at, and thousands of pictures can be in the memory at once
    then        all together, with the relative distance of the Gram matrices as part of the loss

Errors are relative, with each channel in units of its own root mean square. Needs SqueezeNet's weights in
COURSE_DATA/weights. About ten minutes on one quiet core; same seed and machine, same weights. Writes
data/checkpoints/embedded_features.safetensors (float16).
"""

import argparse
import time
from pathlib import Path

from training_pictures import crops, digits, drawn, photographs

import numpy as np
import torch
from course_utils.datasets import load_images
from course_utils.datasets.scaling import to_bytes, to_unit
from course_utils.files import replacing
from course_utils.style.embedded import WEIGHTS, build
from course_utils.style.features import load_features
from PIL import Image
from safetensors.torch import save_file
from torch.nn import functional as F

DATA = Path(__file__).resolve().parents[1]
FILE = DATA / WEIGHTS
LEFT_OUT = ("flower", "grace_hopper", "brush_strokes", "waves")
MEAN, STD = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
CUT = 96  # pixels a side of what the networks see
PICTURES, PATCHES = 1280, 32  # for each layer by itself: pictures, and patches in each
SAMPLES = 512  # patches in a step
OWN = 192  # how many of the student's own paintings are kept


def taps(network: torch.nn.Sequential, image: torch.Tensor) -> list[torch.Tensor]:
    """The student's taps for pictures (n, 3, h, w) in [0, 1]."""
    x = ((image - MEAN[:, None, None]) / STD[:, None, None]).contiguous(memory_format=torch.channels_last)
    found = []
    for child in network:
        x = child(x)
        found.append(x)
    return found


def gram(features: torch.Tensor) -> torch.Tensor:
    rows = features.flatten(2)
    return rows @ rows.transpose(1, 2) / rows.shape[2]


def gather(random: np.random.Generator, textures: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Photographs and style pictures; textures and digits. Each (n, 3, SIDE, SIDE) uint8."""
    looked_at = photographs(LEFT_OUT)
    for file in sorted((DATA / "images").glob("*.png")):
        if file.stem not in LEFT_OUT:
            looked_at[file.stem] = np.asarray(Image.open(file).convert("RGB"))
    seen = []
    for picture in looked_at.values():
        grey = (picture[..., 0] == picture[..., 1]).all()
        seen += crops(picture, 8 if grey else 24, random)
    made = drawn(textures, random) + digits(textures // 24, random, load_images().pixels)
    return tuple(torch.from_numpy(np.stack(group)).permute(0, 3, 1, 2).contiguous() for group in (seen, made))


def augment(pictures: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Cut, turn, scale, mirror, recolour, mix: (n, 3, side, side) uint8 -> (n, 3, CUT, CUT) in [0, 1]."""
    n = len(pictures)

    def uniform(low, high, *shape):
        return low + (high - low) * torch.rand(n, *shape, generator=generator)

    turn = torch.where(uniform(0, 1) < 0.5, uniform(-0.15, 0.15), uniform(-np.pi, np.pi))
    scale = CUT / pictures.shape[-1] * 2 ** uniform(-1.2, 1.0)  # part of the side that is seen
    mirror = torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    cos, sin = torch.cos(turn) * scale, torch.sin(turn) * scale
    reach = (1 - scale).clamp(min=0)
    theta = torch.stack(
        [cos * mirror, -sin, uniform(-1, 1) * reach, sin * mirror, cos, uniform(-1, 1) * reach], dim=1
    )
    grid = F.affine_grid(theta.view(n, 2, 3), (n, 3, CUT, CUT), align_corners=False)
    x = F.grid_sample(
        to_unit(pictures, dtype=torch.float32), grid, padding_mode="reflection", align_corners=False
    )

    strength = torch.where(uniform(0, 1) < 0.6, 0.12, 0.5)[:, None, None]
    mix = torch.eye(3) + strength * torch.randn(n, 3, 3, generator=generator) * 0.6
    centre = x.mean((2, 3), keepdim=True)
    x = torch.einsum("nij,njhw->nihw", mix, x - centre) + centre + 0.12 * uniform(-1, 1, 3, 1, 1)
    x = x.clamp(0, 1) ** (2 ** uniform(-0.6, 0.6, 1, 1, 1))
    blend = torch.where(uniform(0, 1) < 0.15, uniform(0.2, 0.5), torch.zeros(n))[:, None, None, None]
    x = x * (1 - blend) + blend * x.flip(0)
    noisy = torch.where(uniform(0, 1) < 0.15, uniform(0, 0.12), torch.zeros(n))[:, None, None, None]
    return (x + noisy * torch.randn(x.shape, generator=generator)).clamp(0, 1)


def paint(
    student, content: torch.Tensor, style: torch.Tensor, generator: torch.Generator
) -> list[torch.Tensor]:
    """Style transfer with the student on a few pictures at once; the pictures after 10 and after 25 steps of Adam."""
    with torch.no_grad():
        kept, wanted = taps(student, content)[4], [gram(t) for t in taps(student, style)]
        size = [w.square().sum((1, 2)) for w in wanted]
    strength = 10 ** (2 * torch.rand(len(content), generator=generator))
    image = (
        content.clone()
        if torch.rand((), generator=generator) < 0.7
        else torch.rand(content.shape, generator=generator)
    )
    image.requires_grad_(True)
    optimizer, snapshots = torch.optim.Adam([image], lr=0.05), []
    for step in range(1, 26):
        found = taps(student, image)
        painted = sum(
            (gram(f) - w).square().sum((1, 2)) / s for f, w, s in zip(found, wanted, size, strict=True)
        )
        away = (found[4] - kept).square().mean((1, 2, 3)) / kept.square().mean((1, 2, 3))
        optimizer.zero_grad()
        (image.grad,) = torch.autograd.grad((strength * painted + away).sum(), image)
        optimizer.step()
        with torch.no_grad():
            image.clamp_(0, 1)
        if step in (10, 25):
            snapshots.append(to_bytes(image.detach(), "unit"))
    return snapshots


def errors(student, teacher, pictures: torch.Tensor) -> list[str]:
    """Per tap, on pictures not learned from: relative error of the features, and of the Gram matrices."""
    with torch.no_grad():
        pairs = list(zip(taps(student, pictures), teacher(pictures), strict=True))
    shown = []
    for s, t in pairs:
        feature = ((s - t).square().sum() / t.square().sum()).sqrt()
        grams = ((gram(s) - gram(t)).square().sum((1, 2)) / gram(t).square().sum((1, 2))).sqrt().mean()
        shown.append(f"{feature:.3f}/{grams:.3f}")
    return shown


def left_out() -> torch.Tensor:
    """The pictures kept for judging, (4, 3, 224, 224)."""
    pictures = [p for name, p in photographs().items() if name in LEFT_OUT]
    pictures += [
        np.asarray(Image.open(DATA / "images" / f"{name}.png").convert("RGB")) for name in LEFT_OUT[2:]
    ]
    square = [np.asarray(Image.fromarray(p).resize((224, 224), Image.Resampling.LANCZOS)) for p in pictures]
    return to_unit(torch.from_numpy(np.stack(square)).permute(0, 3, 1, 2), dtype=torch.float32)


class Muon(torch.optim.Optimizer):
    """Momentum whose every step is made orthogonal (Jordan et al. 2024): all directions of a matrix learn equally fast.

    The features' faint directions, fine texture above all, would need ten times the steps with Adam. The five steps are
    Newton and Schulz's, with Jordan's coefficients. For weights with two or more axes.
    """

    def __init__(self, parameters, lr: float, momentum: float = 0.95):
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for weight in group["params"]:
                state = self.state[weight]
                mean = state.setdefault("mean", torch.zeros_like(weight))
                mean.lerp_(weight.grad, 1 - group["momentum"])
                rows = weight.grad.lerp(mean, group["momentum"]).flatten(1)
                tall = len(rows) > rows.shape[1]
                x = rows.T if tall else rows
                x = x / (x.norm() + 1e-9)
                for _ in range(5):
                    square = x @ x.T
                    x = 3.4445 * x + (2.0315 * square @ square - 4.7750 * square) @ x
                size = max(1, len(rows) / rows.shape[1]) ** 0.5
                weight.sub_((x.T if tall else x).reshape(weight.shape), alpha=group["lr"] * size)


def start(pictures: torch.Tensor, generator: torch.Generator) -> torch.nn.Sequential:
    """A random student, but for its first 7 x 7 filters: they whiten the patches of these pictures (their PCA)."""
    student = build().to(memory_format=torch.channels_last)
    for weight in student.parameters():
        if weight.ndim == 4:
            torch.nn.init.kaiming_normal_(weight, generator=generator)
        else:
            torch.nn.init.zeros_(weight)
    patches = (
        F.unfold((pictures - MEAN[:, None, None]) / STD[:, None, None], 7, stride=5)
        .transpose(1, 2)
        .flatten(0, 1)
    )
    variance, direction = torch.linalg.eigh(patches.T @ patches / len(patches))
    filters = student.relu1.basis.weight
    with torch.no_grad():
        filters.copy_((direction / variance.sqrt()).T.flip(0)[: len(filters)].reshape(filters.shape))
    return student


def optimizers(parameters, rate: float, steps: int) -> list:
    """Muon for matrices, Adam for the rest, and their schedules: a short rise, then down to zero."""
    parameters = list(parameters)
    both = [
        Muon([p for p in parameters if p.ndim == 4], lr=rate),
        torch.optim.Adam([p for p in parameters if p.ndim == 1], lr=rate / 10, betas=(0.9, 0.99)),
    ]
    return both + [
        torch.optim.lr_scheduler.LambdaLR(one, lambda step: min(1, (step + 1) / 20) * (1 - step / steps))
        for one in both
    ]


def on_patches(child: torch.nn.Sequential, patches: torch.Tensor) -> torch.Tensor:
    """What a child gives in the middle of patches of its (pooled) input, (n, positions, channels) -> (n, channels)."""
    if hasattr(child, "basis"):
        basis = patches.flatten(1) @ child.basis.weight.permute(0, 2, 3, 1).flatten(1).T
        return F.relu(F.linear(basis, child.mix.weight.flatten(1), child.mix.bias))
    fire = child.fire
    squeezed = F.relu(F.linear(patches, fire.squeeze.weight.flatten(1), fire.squeeze.bias))
    narrow = F.linear(squeezed[:, 4], fire.narrow.weight.flatten(1), fire.narrow.bias)
    wide = F.linear(squeezed.flatten(1), fire.wide.weight.permute(0, 2, 3, 1).flatten(1), fire.wide.bias)
    return F.relu(torch.cat([narrow, wide], dim=1))


def cut_patches(child, values: torch.Tensor, count: int, generator) -> tuple[torch.Tensor, torch.Tensor]:
    """`count` random patches of a child's input in each picture, (n * count, positions, channels); and their places."""
    side, stride, inset = (7, 2, 0) if hasattr(child, "basis") else (3, 1, 1)
    if hasattr(child, "pool"):
        values = child.pool(values)
    patches = F.unfold(values, side, stride=stride)
    n, _, places = patches.shape
    columns = (values.shape[3] - side) // stride + 1
    at = torch.randint(places, (n, 1, count), generator=generator)
    patches = patches.gather(2, at.expand(-1, patches.shape[1], -1)).view(n, values.shape[1], side**2, count)
    rows, columns = at // columns + inset, at % columns + inset
    return patches.permute(0, 3, 2, 1).flatten(0, 1), torch.cat([rows, columns], dim=1)


def learn_alone(student, layer: int, teacher, draw, rate: float, steps: int, generator) -> float:
    """Teach one child on patches of what the children before it give: patches of many pictures in every step.

    Returns the share of the teacher's mean square that is left unexplained at the end.
    """
    child, inputs, goals = student[layer], [], []
    with torch.no_grad():
        for _ in range(PICTURES // 16):
            image = draw(16)
            goal = teacher(image, layer + 1)[layer]
            x = ((image - MEAN[:, None, None]) / STD[:, None, None]).contiguous(
                memory_format=torch.channels_last
            )
            patches, at = cut_patches(child, student[:layer](x), PATCHES, generator)
            places = (at[:, :1] * goal.shape[3] + at[:, 1:]).expand(-1, goal.shape[1], -1)
            inputs.append(patches.half())
            goals.append(goal.flatten(2).gather(2, places).transpose(1, 2).flatten(0, 1))
    inputs, goals = torch.cat(inputs), torch.cat(goals)
    unit = goals.square().mean(0).sqrt() + 0.1
    updates, unexplained = optimizers(child.parameters(), rate, steps), []
    for _ in range(steps):
        some = torch.randint(len(goals), (SAMPLES,), generator=generator)
        apart = ((on_patches(child, inputs[some].float()) - goals[some]) / unit).square().mean(1)
        size = (goals[some] / unit).square().mean(1)
        child.zero_grad()
        (apart / (0.3 + size)).mean().backward()
        for update in updates:
            update.step()
        unexplained.append((apart.mean() / size.mean()).item())
    return float(np.mean(unexplained[-50:]))


def train(alone: int, together: int, batch: int, rate: float, textures: int, seed: int, file: Path) -> None:
    layers = [name for name, _ in build().named_children()]
    network = load_features("squeezenet", device="cpu", taps=layers)
    sizes = [1.0] * len(layers)

    def teacher(image, depth=None):
        with torch.no_grad():
            found = network(image, layers[:depth])
        return [found[layer] / size for layer, size in zip(found, sizes, strict=False)]

    generator, random = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    seen, made = gather(random, textures)
    own = made[:0, :, :CUT, :CUT]
    held_out = left_out()
    print(f"{len(seen)} cuts of photographs and style pictures, {len(made)} textures", flush=True)

    def some(group, count):
        return group[torch.randint(len(group), (count,), generator=generator)]

    def draw(count):
        return augment(torch.cat([some(seen, count - count // 2), some(made, count // 2)]), generator)

    def keep():
        with replacing(file) as part:
            save_file({k: v.detach().half().contiguous() for k, v in student.state_dict().items()}, part)

    first = draw(64)
    sizes = [t.square().mean().sqrt() for t in teacher(first)]
    units = [t.square().mean((0, 2, 3), keepdim=True).sqrt() + 0.1 for t in teacher(first)]  # of each channel
    student = start(first, generator)
    for layer, name in enumerate(layers):
        began = time.perf_counter()
        left = learn_alone(student, layer, teacher, draw, rate, alone, generator)
        print(f"{name}: {left:.3f} unexplained, {time.perf_counter() - began:.0f} s", flush=True)
        keep()
    print("left out", *errors(student, teacher, held_out), flush=True)

    updates, losses, began = optimizers(student.parameters(), rate / 4, together), [], time.perf_counter()
    for step in range(together):
        if step % 150 == 0:
            own = torch.cat([own, *paint(student, draw(8), draw(8), generator)])[-OWN:]
        share = batch // 3
        image = torch.cat([draw(batch - share), to_unit(some(own, share), dtype=torch.float32)])
        parts = []
        for s, t, unit in zip(taps(student, image), teacher(image), units, strict=True):
            apart = ((s - t) / unit).square().mean((1, 2, 3)) / (0.05 + (t / unit).square().mean((1, 2, 3)))
            grams = (gram(s) - gram(t)).square().sum((1, 2)) / gram(t).square().sum((1, 2))
            parts.append(apart.mean() + 0.3 * (grams + 1e-6).sqrt().mean())
        student.zero_grad()
        sum(parts).backward()
        for update in updates:
            update.step()
        losses.append([part.item() for part in parts])
        if step % 100 == 99 or step == together - 1:
            keep()
            minutes = (time.perf_counter() - began) / 60
            shown = " ".join(f"{part:.3f}" for part in np.mean(losses[-100:], axis=0))
            print(
                f"step {step + 1}, {minutes:.1f} min, loss {shown}; left out",
                *errors(student, teacher, held_out),
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--alone", type=int, default=1200, help="steps for each layer by itself")
    parser.add_argument("--together", type=int, default=500, help="steps for all layers")
    parser.add_argument("--batch", type=int, default=6)
    parser.add_argument("--rate", type=float, default=8e-2, help="Muon's highest learning rate")
    parser.add_argument("--textures", type=int, default=250, help="how many textures are drawn beforehand")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--file", type=Path, default=FILE)
    torch.set_num_threads(1)
    train(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
