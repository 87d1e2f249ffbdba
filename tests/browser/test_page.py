"""present(): a notebook before a class in a real JupyterLab, and what is left of it when the kernel dies."""

import nbformat
import pytest

from course_utils.apps.frame.page import FOLD

CODE = "shown_to_nobody = 1\nprint('what it says')"
TITLE = "import ipywidgets\nprint('a cell that stays')"


@pytest.fixture(scope="module")
def stage(open_for_all, write_notebook):
    path = write_notebook(
        "stage.ipynb",
        "from course_utils import apps\napps.present()",
        CODE,
        TITLE,
        "apps.couplings_app()",
        "apps.present(False)",
    )
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].metadata["tags"] = [FOLD]
    nbformat.write(notebook, path)
    return open_for_all("stage.ipynb")


def run(stage, text):
    stage.show(text)
    stage.page.evaluate("() => jupyterapp.commands.execute('notebook:run-cell')")


def code(stage, text):
    """The code of the cell with this text, as far as it is seen."""
    return stage.page.locator(".jp-CodeCell", has=stage.page.locator(".cm-content", has_text=text)).locator(
        ".jp-Cell-inputWrapper"
    )


def size(stage):
    return stage.page.evaluate(
        "() => parseFloat(getComputedStyle(document.querySelector('.jp-Notebook .jp-RenderedText pre')).fontSize)"
    )


def test_the_class_sees_large_type_and_no_code_that_is_not_for_it(stage):
    run(stage, TITLE)
    stage.page.locator(".jp-RenderedText pre", has_text="a cell that stays").wait_for()
    before = size(stage)
    run(stage, "apps.present()")
    stage.page.locator(".course-folded").wait_for(state="attached")
    run(stage, "apps.couplings_app()")
    app = stage.page.locator(".course-app")
    app.locator("img").wait_for()
    run(stage, CODE.splitlines()[0])
    stage.page.locator(".jp-RenderedText pre", has_text="what it says").wait_for()
    assert size(stage) == pytest.approx(1.4 * before, rel=0.06)
    assert not code(stage, "shown_to_nobody").is_visible()
    assert not code(stage, "couplings_app").is_visible()
    assert code(stage, "a cell that stays").is_visible()
    assert stage.page.evaluate("() => jupyterapp.shell.mode") == "single-document"
    assert app.evaluate("a => parseFloat(getComputedStyle(a).fontSize)") >= 17


def test_when_the_kernel_dies_the_picture_stays(stage):
    stage.show("apps.couplings_app()")
    picture = stage.page.locator(".course-app img")
    picture.wait_for()
    stage.page.evaluate(
        """async () => {
            const session = jupyterapp.shell.currentWidget.sessionContext;
            await session.session.kernel.requestExecute({code: 'import os; os._exit(1)'}).done.catch(() => null);
        }"""
    )
    stage.page.wait_for_timeout(3000)
    assert picture.is_visible() or stage.page.locator(".course-still").is_visible()
