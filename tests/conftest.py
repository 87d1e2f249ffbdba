"""What all tests share."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# The checks are about the CPU in the quick profile, on every machine. One thread: the networks here are so small that
# more would only wait for each other, and on a busy machine for a long time. (Read when torch is imported.)
os.environ.setdefault("COURSE_DEVICE", "cpu")
os.environ.setdefault("COURSE_PROFILE", "quick")
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture
def double_precision():
    """Everything that a test makes with torch is float64: two ways to compute the same then differ by nothing
    but rounding. In float32, Adam turns the rounding of a vanishing gradient into a full step."""
    import torch

    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT
