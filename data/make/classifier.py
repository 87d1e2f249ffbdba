"""Train the digit classifier that judges generated pictures, and write data/checkpoints/mnist_classifier.safetensors.

    OMP_NUM_THREADS=1 COURSE_DATA=/folder/with/mnist python data/make/classifier.py

It needs MNIST (where ``load_mnist`` looks for it) and about six minutes on one CPU core. The test set chooses
nothing: the settings are fixed, and it is looked at once, at the end, with the weights as written (float16).
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from course_utils.datasets import Images, load_mnist
from course_utils.datasets.scaling import to_symmetric
from course_utils.files import replacing
from course_utils.gan.metrics.classifier import WEIGHTS, DigitClassifier
from course_utils.runtime import REPOSITORY
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F


def jitter(images: Tensor, generator: torch.Generator) -> Tensor:
    """Every picture turned by up to 10 degrees, scaled by up to 10 % and shifted by up to 2 pixels, at random."""
    n, side = len(images), images.shape[-1]

    def uniform(limit: float) -> Tensor:
        return (2 * torch.rand(n, generator=generator) - 1) * limit

    angle, scale = torch.deg2rad(uniform(10)), 1 + uniform(0.1)
    cos, sin = scale * angle.cos(), scale * angle.sin()
    shift = 2 * 2 / side  # grid_sample measures in half pictures
    rows = [torch.stack([cos, -sin, uniform(shift)], 1), torch.stack([sin, cos, uniform(shift)], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    # what comes in from outside is background, which is -1: the padding is 0, so the ground is moved there and back
    return F.grid_sample(images + 1, grid, align_corners=False) - 1


def scaled(images: Images) -> tuple[Tensor, Tensor]:
    """Pictures (n, 1, 28, 28) in [-1, 1] and their labels."""
    return to_symmetric(torch.from_numpy(images.pixels)[:, None]), torch.from_numpy(images.labels)


def train(epochs: int, batch_size: int, learning_rate: float, seed: int) -> DigitClassifier:
    """AdamW with one cycle of the learning rate on the cross-entropy."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    images, labels = scaled(load_mnist("train"))
    classifier = DigitClassifier()
    optimizer = torch.optim.AdamW(classifier.parameters(), weight_decay=0.01)
    steps = epochs * (len(images) // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps)
    for epoch in range(epochs):
        start, losses = time.perf_counter(), []
        order = torch.randperm(len(images), generator=generator)
        for index in order[: len(images) // batch_size * batch_size].view(-1, batch_size):
            loss = F.cross_entropy(classifier(jitter(images[index], generator)), labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        print(
            f"epoch {epoch + 1}: loss {np.mean(losses):.4f}, {time.perf_counter() - start:.0f} s", flush=True
        )
    return classifier.eval()


@torch.no_grad()
def accuracy(classifier: DigitClassifier) -> float:
    """The share of MNIST's 10,000 test pictures that it names rightly."""
    images, labels = scaled(load_mnist("test"))
    right = [
        (classifier(x).argmax(1) == y).sum()
        for x, y in zip(images.split(500), labels.split(500), strict=True)
    ]
    return torch.stack(right).sum().item() / len(labels)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=5e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=REPOSITORY / "data" / WEIGHTS)
    args = parser.parse_args()

    classifier = train(args.epochs, args.batch_size, args.learning_rate, args.seed)
    half = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in classifier.state_dict().items()
    }
    with replacing(args.output) as part:
        save_file(half, part)
    classifier.load_state_dict(load_file(args.output))
    print(f"{args.output}: {args.output.stat().st_size:,} bytes, test accuracy {accuracy(classifier):.2%}")


if __name__ == "__main__":
    main()
