"""Where the notebooks are, and whether real MNIST is at hand."""

from pathlib import Path

import matplotlib
import nbformat
import pytest

from course_utils.datasets import load_mnist
from course_utils.datasets.downloads import DataUnavailable

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))


def pytest_generate_tests(metafunc):
    if "path" in metafunc.fixturenames:
        metafunc.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture(autouse=True)
def style_stays():
    """Cells set matplotlib's style for themselves, not for the tests that come after in this process."""
    with matplotlib.rc_context():
        yield


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


@pytest.fixture
def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="session")
def mnist_at_hand() -> bool:
    try:
        load_mnist("train", download=False)
    except DataUnavailable:
        return False
    return True
