"""A small trained-like network, so that the tests of the transfer take no time and need no weight file."""

import numpy as np
import pytest

from course_utils.style import load_features


@pytest.fixture(scope="session")
def network():
    return load_features("random", device="cpu", taps=["scale1", "scale2", "scale3"])


@pytest.fixture(scope="session")
def content() -> np.ndarray:
    """A disc on a slope of colours, (40, 56, 3)."""
    y, x = np.mgrid[:40, :56]
    disc = ((y - 20) ** 2 + (x - 24) ** 2 < 150)[..., None]
    slope = np.stack([x / 56, y / 40, 1 - x / 56], -1)
    return np.where(disc, [0.9, 0.8, 0.2], slope).astype(np.float32)


@pytest.fixture(scope="session")
def style() -> np.ndarray:
    """Red and white stripes, (48, 36, 3)."""
    y, x = np.mgrid[:48, :36]
    stripes = ((y + x) % 8 < 4)[..., None]
    return np.where(stripes, [0.8, 0.1, 0.1], [1.0, 0.95, 0.9]).astype(np.float32)
