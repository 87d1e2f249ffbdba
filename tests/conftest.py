"""What all tests share."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session", autouse=True)
def _cpu_and_two_threads():
    """The checks are about the CPU in the quick profile, on every machine; a test that wants more asks for it."""
    os.environ.setdefault("COURSE_DEVICE", "cpu")
    os.environ.setdefault("COURSE_PROFILE", "quick")
