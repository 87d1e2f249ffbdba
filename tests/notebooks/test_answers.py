"""What a lesson prints for a student to run, runs without MNIST and without a network: the code of every answer, every
cell of a lesson with pictures, and an app's cell after a restart.

Training is cut to a few steps: whether the answers are *right* was measured; that they run in their notebook as it
stands is tested here. That what a lesson prints holds without MNIST too is seen by `make offline`, and in hosted CI.
"""

import ast
import builtins
import re
import symtable
from dataclasses import replace

import matplotlib.pyplot as plt
import pytest

from course_utils import datasets, exercises
from course_utils.datasets import load_digits_stand_in, load_mnist

USUAL = re.compile(r"^import (numpy as np|torch)$|^from course_utils import divergences as dv$", re.MULTILINE)
CHECK = re.compile(r'exercises\.check\("(\d+)"\)')
FENCE = re.compile(r"```python\n(.*?)```", re.DOTALL)
# Training whose loop a cell writes itself: the end of its schedule, and one that is over at once.
OWN_LOOPS = {
    "01_jsd_and_kl": {"300, 1000, 2000)": "31, 32, 33)"},
    "06_wgan_mnist": {"in range(200):": "in range(3):", "in range(100):": "in range(3):"},
}


@pytest.fixture(autouse=True)
def nowhere(few_steps, monkeypatch, tmp_path):
    """A machine that has neither MNIST nor a network, on which training is over at once."""
    # the discard port: a connection is refused at once
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        for each in (name, name.upper()):
            monkeypatch.setenv(each, "" if name == "no_proxy" else "http://127.0.0.1:9")
    monkeypatch.setenv("COURSE_DATA", str(empty := tmp_path / "data"))
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.json"))
    (tmp_path / "saved").mkdir()
    monkeypatch.chdir(tmp_path / "saved")  # what an answer saves
    assert datasets.load_images().is_stand_in
    yield
    plt.close("all")
    assert not empty.exists()  # nothing was downloaded: it really was without MNIST


def part(name="train"):
    """The stand-in in the place of MNIST's training or test pictures, for an answer that asks for these."""
    digits, where = load_digits_stand_in(), slice(1500) if name == "train" else slice(1500, None)
    return replace(digits, pixels=digits.pixels[where], labels=digits.labels[where])


def free_names(code: str) -> tuple[set[str], set[str]]:
    """Names that the code needs from outside, and those that it gives at its top level.

    What a function needs counts too: it must be there when the function is called.
    """
    top = symtable.symtable(code, "cell", "exec")
    given = {name.get_name() for name in top.get_symbols() if name.is_assigned() or name.is_imported()}
    needed = {name.get_name() for name in top.get_symbols() if name.is_referenced()}
    inner = top.get_children()
    for table in inner:
        needed |= {n.get_name() for n in table.get_symbols() if n.is_global() and n.is_referenced()}
        inner.extend(table.get_children())
    return needed - set(dir(builtins)), given


def needed_cells(code: str, before: list[str]) -> list[int]:
    """Those of the cells before that the code needs, in their order: for each name the last one that gives it."""
    chosen: set[int] = set()
    open_questions = [(code, len(before))]
    while open_questions:
        source, end = open_questions.pop()
        loaded, bound = free_names(source)
        # a name that the code binds may still be read first: `trainer = trainer.run(100)`
        for name in loaded:
            giver = next((i for i in reversed(range(end)) if name in free_names(before[i])[1]), None)
            if giver is not None and giver not in chosen and (name not in bound or reads_first(source, name)):
                chosen.add(giver)
                open_questions.append((before[giver], giver))
    return sorted(chosen)


def reads_first(code: str, name: str) -> bool:
    """Whether the code's first mention of the name, line by line, reads it."""
    uses = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name) and node.id == name]
    line = min(node.lineno for node in uses)
    return any(isinstance(node.ctx, ast.Load) for node in uses if node.lineno == line)


def answers(notebook, plain):
    """(number of the cell, code, code cells before it) for every fenced block of Python in the text."""
    before = []
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            before.append(plain(cell.source))
        else:
            for code in FENCE.findall(cell.source):
                yield number, code, list(before)


@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # as in a kernel
@pytest.mark.timeout(600)
def test_the_code_of_every_answer_and_every_cell_that_sees_pictures_runs(path, notebook, plain, monkeypatch):
    for whole, cut in OWN_LOOPS.get(path.stem, {}).items():
        found = [cell for cell in notebook.cells if cell.cell_type == "code" and whole in cell.source]
        assert found, whole
        for cell in found:
            cell.source = cell.source.replace(whole, cut)
    found = list(answers(notebook, plain))
    code_cells = [plain(cell.source) for cell in notebook.cells if cell.cell_type == "code"]
    pictures = any("load_images(" in source for source in code_cells)
    if pictures:  # all of its cells are run, those after the last answer too
        found.append((len(notebook.cells), "", code_cells))
    if not found:
        pytest.skip("prints no code to run, and uses no pictures")
    ran: list[int] = []
    for number, code, before in found:
        needed = list(range(len(before))) if pictures else needed_cells(code, before)
        if not ran or min([*(set(needed) - set(ran)), len(before)]) < ran[-1]:  # the cells run in their order
            ran, namespace = [], {"__name__": "__main__"}
        for place in [*(i for i in needed if i not in ran), len(before)]:
            source = [*before, code][place]
            names = namespace
            if place == len(before):  # an answer leaves nothing behind, and may be about MNIST
                names = dict(namespace)
                monkeypatch.setattr(datasets, "load_mnist", part)
            try:
                exec(compile(source, f"cell {number}", "exec"), names)
            except Exception as error:
                error.add_note(f"on the way to the end of cell {number}, in:\n{source}")
                raise
            finally:
                monkeypatch.setattr(datasets, "load_mnist", load_mnist)
        ran = sorted({*ran, *needed})
        plt.close("all")


@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive")
def test_an_apps_cell_brings_what_it_needs(code_cells, plain):
    """After a restart of the kernel, running the cell of an app is enough (a guess is about what its lesson has)."""
    found = [cell for cell in code_cells if "_app(" in cell.source and "guess_app(" not in cell.source]
    if not found:
        pytest.skip("has no app")
    for cell in found:
        exec(compile(plain(cell.source), "app", "exec"), {"__name__": "__main__"})


def test_the_cell_of_your_turn_brings_what_it_needs(code_cells, monkeypatch, tmp_path, capsys):
    """After a restart, running it alone is enough, for the dots and for answers that call the libraries by their usual
    names."""
    found = [(cell.source, lesson) for cell in code_cells for lesson in CHECK.findall(cell.source)]
    if not found:
        pytest.skip("has no tasks")
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.json"))
    for source, lesson in found:
        names = {"__name__": "__main__"}
        exec(compile(source, "tasks", "exec"), names)
        asked = [task for task in exercises.tasks(lesson).values() if task.name in names]
        said = capsys.readouterr().out
        assert asked
        assert [task.id for task in asked if f"{task.id}  not answered yet" not in said] == []
        for task in asked:
            if not task.points:
                worked = USUAL.sub("", task.solution())
                exec(compile(worked, task.id, "exec"), names)
                assert task.judge(names[task.name]).right, worked


def test_the_names_that_an_answer_needs_are_found():
    """So that the test above can fail: it runs what gives a name, and nothing else."""
    before = ["import numpy as np\nn = 3", "x = np.ones(n)", "y = 1 / 0", "def f(a):\n    return a + x.sum()"]
    assert needed_cells("z = f(2)", before) == [0, 1, 3]
    assert needed_cells("y = 2\nprint(y)", before) == []
    assert needed_cells("n = n + 1", before) == [0]
    assert needed_cells("print(unknown)", before) == []
    # names of its own
    assert needed_cells("def g(n, x):\n    y = n\n    return [f for f in (x, y)]", before) == []
