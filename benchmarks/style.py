"""How fast a style transfer is: `python benchmarks/style.py [--device cpu|cuda] [--store]`.

Ours (`course_utils.style.StyleTransfer`) against a plain reference, written here as the popular tutorial does it:
VGG-19 cut after the deepest layer, targets computed once, ReLU not in place, weights not frozen, NCHW, torch's
L-BFGS. Both have Gatys's layers, the same content, style and start, and the same weights: VGG-19's where they are at
hand, random ones of its layout otherwise, for time does not depend on the values.

    step      the median time of one evaluation and step of L-BFGS at 256 x 256, the contestants in turn in every round
    to target the time (and the steps) that each needs until its loss, in the same units for all, is no higher than the
              reference's after --steps steps; and the lowest loss of each in as many steps
    memory    the peak of a process that does nothing else: resident on a CPU (and how much of it comes with the steps),
              allocated on a GPU
    GPU       300 Adam steps at 512 x 512 in bfloat16, on a GPU only; 3 seconds are aimed at

Prints one table and one JSON line; --store writes the JSON to benchmarks/results/style.json. A few minutes on two
cores.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from memory import resident
from safetensors.torch import save_file

from course_utils.downloads import DataUnavailable
from course_utils.machine import describe_machine
from course_utils.pictures import open_picture, sample_pictures
from course_utils.style import StyleTransfer, gram_matrix, load_features
from course_utils.style.networks import NETWORKS, vgg19
from course_utils.style.weights import find

RESULT = Path(__file__).parent / "results" / "style.json"
BETA = 20.0
CONTESTANTS = ("reference", "float32", "bfloat16")
CONTENT, STYLE = "grace_hopper", "mosaic"


def pictures(size: int, device: str) -> list[torch.Tensor]:
    """The square middle of the content, and the style, (1, 3, size, size)."""
    found = []
    for name in (CONTENT, STYLE):
        picture = sample_pictures()[name]()
        h, w, _ = picture.shape
        side = min(h, w)
        top, left = (h - side) // 2, (w - side) // 2
        square = open_picture(picture[top : top + side, left : left + side], size)
        found.append(torch.as_tensor(square).movedim(-1, 0)[None].contiguous().to(device))
    return found


def weight_file(folder: str) -> tuple[Path, str]:
    """VGG-19's weights, or random ones in their place."""
    try:
        return find(NETWORKS["vgg19"]), "trained"
    except DataUnavailable:
        random = torch.Generator().manual_seed(0)
        state = {
            f"features.{key}": torch.randn(value.shape, generator=random) * (2 / value[0].numel()) ** 0.5
            if value.ndim > 1
            else torch.zeros(value.shape)
            for key, value in vgg19().state_dict().items()
        }
        path = Path(folder) / "vgg19.safetensors"
        save_file(state, path)
        return path, "random"


class Reference:
    """The tutorial's way, with the objective of ours: the same numbers, so that losses can be compared."""

    def __init__(self, path: Path, size: int, device: str):
        spec = NETWORKS["vgg19"]
        features = load_features("vgg19", path=path, device=device)
        end = max(features.depth[tap] for tap in (*spec.style_layers, *spec.content_layers))
        self.network = features.network[:end].to(memory_format=torch.contiguous_format).requires_grad_(True)
        for child in self.network:
            if isinstance(child, torch.nn.ReLU):
                child.inplace = False
        self.mean, self.std = features.mean, features.std
        self.at = {features.depth[tap] - 1: tap for tap in (*spec.style_layers, *spec.content_layers)}
        self.style_layers, self.content_layers = spec.style_layers, spec.content_layers
        content, style = pictures(size, device)
        with torch.no_grad():
            of_content, of_style = self.features(content), self.features(style)
            self.scales = {
                tap: h.square().mean().sqrt() for tap, h in (of_style | self._only(of_content)).items()
            }
            self.targets = {tap: of_content[tap] / self.scales[tap] for tap in self.content_layers}
            self.grams = {tap: gram_matrix(of_style[tap] / self.scales[tap]) for tap in self.style_layers}
            self.units = 1.0, 1.0
            self.units = self.losses({tap: torch.zeros_like(h) for tap, h in of_content.items()})
        self.x = content.clone().requires_grad_()
        self.optimizer = torch.optim.LBFGS(
            [self.x], max_iter=1, history_size=100, tolerance_grad=0, tolerance_change=0
        )

    def _only(self, values):
        return {tap: values[tap] for tap in self.content_layers}

    def features(self, image):
        values, found = (image - self.mean) / self.std, {}
        for i, child in enumerate(self.network):
            values = child(values)
            if i in self.at:
                found[self.at[i]] = values
        return found

    def losses(self, values):
        content = sum(
            (values[tap] / self.scales[tap] - self.targets[tap]).square().sum() / 2 for tap in self.targets
        )
        style = 0
        for tap, target in self.grams.items():
            n, m = values[tap].shape[1], values[tap][0, 0].numel()
            gram = gram_matrix(values[tap] / self.scales[tap])
            style = style + (gram - target).square().sum() / (4 * n**2 * m**2)
        return content / self.units[0], style / self.units[1]

    def step(self) -> float:
        """The loss from before the step; pixels are clamped after it."""

        def closure():
            self.optimizer.zero_grad()
            content, style = self.losses(self.features(self.x))
            loss = content + BETA * style
            loss.backward()
            return loss

        loss = self.optimizer.step(closure)
        with torch.no_grad():
            self.x.clamp_(0, 1)
        return loss.item()


class Ours:
    def __init__(self, path: Path, size: int, device: str, **settings):
        content, style = (p[0].movedim(0, -1).cpu().numpy() for p in pictures(size, device))
        network = load_features("vgg19", path=path, device=device)
        network = network.cut((*network.style_layers, *network.content_layers))
        settings = {"alpha": 1.0, "beta": BETA, "total_variation": 0.0} | settings
        self.transfer = StyleTransfer(content, style, features=network, size=size, **settings)

    def step(self) -> float:
        return self.transfer.step()["total"]


def contestant(name: str, path: Path, device: str, size: int):
    if name == "reference":
        return Reference(path, size, device)
    return Ours(path, size, device, precision=name)


def timed(step, device: str) -> tuple[float, float]:
    """Seconds and the loss."""
    start = time.perf_counter()
    loss = step()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start, loss


def race(names, path: Path, device: str, size: int, steps: int) -> dict:
    """All in turn, step by step: what else the machine does slows all of them down alike."""
    runners = {name: contestant(name, path, device, size) for name in names}
    seconds, losses = {name: [] for name in names}, {name: [] for name in names}
    for i in range(steps):
        order = list(names) if i % 2 else list(reversed(names))
        for name in order:
            taken, loss = timed(runners[name].step, device)
            seconds[name].append(taken)
            losses[name].append(loss)
    target = losses["reference"][-1]
    result = {}
    for name in names:
        reached = next((i for i, loss in enumerate(losses[name]) if loss <= target), None)
        result[name] = {
            "ms_per_step": round(1000 * statistics.median(seconds[name][2:]), 1),
            "steps_to_target": None if reached is None else reached + 1,
            "seconds_to_target": None if reached is None else round(sum(seconds[name][: reached + 1]), 2),
            "lowest_loss": min(losses[name]),
        }
    return result


def memory(name: str, path: Path, device: str, size: int) -> dict:
    """The peak of a process of its own that makes the contestant and takes three steps, in MB."""
    command = [
        sys.executable,
        __file__,
        "--device",
        device,
        "--size",
        str(size),
        "--memory-of",
        name,
        str(path),
    ]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return json.loads(shown.splitlines()[-1])


def show_memory(name: str, path: Path, device: str, size: int) -> None:
    runner = contestant(name, path, device, size)
    before = resident("VmRSS")
    for _ in range(3):
        runner.step()
    if device == "cuda":
        print(json.dumps({"peak_mb": round(torch.cuda.max_memory_allocated() / 2**20)}))
    else:
        peak = resident()
        print(json.dumps({"peak_mb": round(peak), "of_the_steps_mb": round(peak - before)}))


def has_fast_bfloat16(device: str) -> bool:
    """Does the processor multiply bfloat16 itself?"""
    if device == "cuda":
        return torch.cuda.is_bf16_supported()
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.machine() == "arm64"
    return "amx_bf16" in flags or "avx512_bf16" in flags or " bf16" in flags


def adam_on_gpu(path: Path) -> float:
    """Seconds for 300 Adam steps at 512 x 512; the first ten, in which the kernels are chosen, are not counted."""
    runner = Ours(path, 512, "cuda", optimizer="adam", precision="bfloat16")
    for _ in range(10):
        runner.step()
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(300):
        runner.step()
    torch.cuda.synchronize()
    return round(time.perf_counter() - start, 2)


def same_objective(path: Path, device: str, size: int) -> None:
    """Both sides must minimise the same thing, or the race means nothing."""
    reference, ours = (contestant(name, path, device, size).step() for name in CONTESTANTS[:2])
    if abs(reference - ours) > 1e-3 * abs(reference):
        raise SystemExit(f"the objectives differ at the start: {reference} and {ours}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--size", type=int, default=256, help="pixels a side")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--store", action="store_true", help=f"write {RESULT.name}")
    parser.add_argument("--memory-of", nargs=2, metavar=("CONTESTANT", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    device = options.device
    if options.memory_of:
        return show_memory(options.memory_of[0], Path(options.memory_of[1]), device, options.size)
    if options.steps < 4:
        parser.error("--steps must be at least 4")

    names = CONTESTANTS if has_fast_bfloat16(device) else CONTESTANTS[:2]
    with tempfile.TemporaryDirectory() as folder:
        path, kind = weight_file(folder)
        same_objective(path, device, options.size)
        rows = race(names, path, device, options.size, options.steps)
        for name in names:
            rows[name] |= memory(name, path, device, options.size)
        gpu_seconds = adam_on_gpu(path) if device == "cuda" else None

    slow = rows["reference"]["ms_per_step"]
    print(
        f"{'':12}{'ms/step':>10}{'speed-up':>10}{'s to target':>13}{'steps':>7}{'lowest loss':>13}{'peak MB':>9}"
    )
    for name, row in rows.items():
        row["speed_up"] = round(slow / row["ms_per_step"], 2)
        print(
            f"{name:12}{row['ms_per_step']:10.1f}{row['speed_up']:10.2f}{row['seconds_to_target'] or '-':>13}"
            f"{row['steps_to_target'] or '-':>7}{row['lowest_loss']:13.4f}{row['peak_mb']:9}"
        )
    if gpu_seconds is not None:
        print(f"300 Adam steps at 512 x 512, bfloat16: {gpu_seconds} s")
    result = {
        "benchmark": "style",
        "machine": describe_machine(device),
        "size": options.size,
        "weights": kind,
        "steps": options.steps,
        "rows": rows,
        "adam_300_at_512_seconds": gpu_seconds,
    }
    line = json.dumps(result)
    print(line)
    if options.store:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(line + "\n")


if __name__ == "__main__":
    main()
