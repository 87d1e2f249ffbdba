"""Where the notebooks are, what tests ask of a lesson, and training that is over at once."""

import re
from functools import partial
from pathlib import Path

import matplotlib
import nbformat
import pytest

from course_utils import vae
from course_utils.gan.judges import Judge
from course_utils.gan.playground import Session
from course_utils.runtime import load_results
from course_utils.training import Stepwise

FEW = 3  # steps of any training
NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))


def pytest_generate_tests(metafunc):
    if "path" in metafunc.fixturenames:
        metafunc.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture(autouse=True)
def style_stays():
    """Cells set matplotlib's style for themselves, not for the tests that come after in this process."""
    with matplotlib.rc_context():
        yield


def shortened(item):
    """An item of a session's schedule: so many steps, the letters of single ones, or settings."""
    return min(item, FEW) if isinstance(item, int) else item[:FEW] if isinstance(item, str) else item


@pytest.fixture
def few_steps(monkeypatch):
    """Any training is over at once, and so is an integral over all latents."""
    run, steps, go, replay, train = Stepwise.run, Stepwise.steps, Session.go, Session.replay, Judge.train

    def counted(self, n):
        """All are counted, a few are taken."""
        done = self.done
        yield from steps(self, min(n, FEW))
        yield from range(done + FEW + 1, done + n + 1)

    monkeypatch.setattr(Stepwise, "steps", counted)
    coarse = partial(vae.log_evidence_on_grid, side=101, tolerance=99)
    monkeypatch.setattr(vae, "log_evidence_on_grid", coarse)
    monkeypatch.setattr(Stepwise, "run", lambda self, steps, **_: run(self, min(steps, FEW), progress=False))
    monkeypatch.setattr(Session, "go", lambda self, step, *a, **k: go(self, min(step, FEW), *a, **k))
    monkeypatch.setattr(Session, "replay", lambda self, *schedule: replay(self, *map(shortened, schedule)))
    monkeypatch.setattr(Judge, "train", lambda self, p, q, n, **k: train(self, p, q, min(n, FEW), **k))


@pytest.fixture(scope="session")
def plain():
    """plain(source): the code of a cell without IPython's own lines."""
    return lambda source: "\n".join(line for line in source.splitlines() if not line.startswith(("%", "!")))


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


@pytest.fixture
def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def cells(request):
    """The code cells of the notebooks that the test's module names in LESSONS."""
    notebooks = [
        nbformat.read(path, as_version=4) for path in NOTEBOOKS if path.stem in request.module.LESSONS
    ]
    return [cell for notebook in notebooks for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def study(request):
    """What was measured for the lesson, by the name that the test's module has in STUDY."""
    return load_results(request.module.STUDY)


@pytest.fixture(scope="module")
def printed(cells):
    """printed(part): the lines that the one cell with this piece of source has printed."""

    def printed(part):
        (cell,) = [cell for cell in cells if part in cell.source]
        return "".join(out.text for out in cell.outputs if out.output_type == "stream").splitlines()

    return printed


@pytest.fixture(scope="module")
def defined(request, cells):
    """defined(name): a function that a cell of the lesson defines, made as a student makes it, with the names that the
    test's module has in NAMES."""

    def make(name, **names):
        (source,) = [cell.source for cell in cells if f"def {name}(" in cell.source]
        (definition,) = re.findall(rf"^def {name}\(.*?(?=^\S|\Z)", source, flags=re.DOTALL | re.MULTILINE)
        namespace = {**request.module.NAMES, **names}
        exec(definition, namespace)
        return namespace[name]

    return make
