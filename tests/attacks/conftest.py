"""What the tests of the attacks share: pictures, and networks small enough to attack in no time."""

import pytest
import torch
from torch import nn

from course_utils.datasets.scaling import to_unit


@pytest.fixture(scope="session")
def digits(images):
    """Forty pictures (40, 1, 28, 28) in [0, 1] and their digits."""
    pixels = torch.from_numpy(images.pixels[:40])[:, None]
    return to_unit(pixels, "bytes", torch.float32), torch.from_numpy(images.labels[:40])


@pytest.fixture
def network():
    """network("bn"): a small network of pictures (n, 1, 6, 6) with four classes and weights from a seed."""

    def make(kind="mlp", seed=0):
        torch.manual_seed(seed)
        if kind == "linear":
            return nn.Sequential(nn.Flatten(), nn.Linear(36, 4))
        if kind == "bn":
            return nn.Sequential(
                nn.Conv2d(1, 3, 3),
                nn.BatchNorm2d(3),
                nn.ReLU(),
                nn.Dropout(0.5),
                nn.Flatten(),
                nn.Linear(48, 4),
            )
        return nn.Sequential(nn.Flatten(), nn.Linear(36, 16), nn.Tanh(), nn.Linear(16, 4))

    return make


@pytest.fixture
def points():
    """points(n): pictures (n, 1, 6, 6) in [0.1, 0.9] and classes 0 to 3."""

    def make(n=8, seed=1):
        draw = torch.Generator().manual_seed(seed)
        return 0.1 + 0.8 * torch.rand(n, 1, 6, 6, generator=draw), torch.randint(4, (n,), generator=draw)

    return make
