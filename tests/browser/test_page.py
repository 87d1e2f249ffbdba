"""present(): a notebook before a class in a real JupyterLab, and what is left of it when the kernel dies."""

import re

import nbformat
import pytest

from course_utils import apps
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
        "apps.couplings_app(scale=99)",
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


def bottom(locator):
    box = locator.bounding_box()
    return box["y"] + box["height"]


def size(stage):
    return stage.page.evaluate(
        "() => parseFloat(getComputedStyle(document.querySelector('.jp-Notebook .jp-RenderedText pre')).fontSize)"
    )


def test_the_class_sees_large_type_and_no_code_that_is_not_for_it(stage):
    run(stage, TITLE)
    stage.page.locator(".jp-RenderedText pre", has_text="a cell that stays").wait_for()
    before = size(stage)
    run(stage, "apps.present()")
    stage.page.locator(".course-folded").nth(1).wait_for(state="attached")  # and the cell that presents
    run(stage, "apps.couplings_app()")
    app = stage.page.locator(".course-app")
    app.locator("img").wait_for()
    run(stage, CODE.splitlines()[0])
    stage.page.locator(".jp-RenderedText pre", has_text="what it says").wait_for()
    assert size(stage) == pytest.approx(1.4 * before, rel=0.06)
    assert not code(stage, "shown_to_nobody").is_visible()
    assert not code(stage, "couplings_app()").is_visible()
    assert code(stage, "a cell that stays").is_visible()
    assert stage.page.evaluate("() => jupyterapp.shell.mode") == "single-document"
    assert stage.page.locator(".jp-SideBar:visible").count() == 0  # of icons
    assert app.evaluate("a => parseFloat(getComputedStyle(a).fontSize)") >= 17


def test_where_an_app_fails_recorded_pictures_stand_below_its_error(stage):
    stage.page.locator(".course-stand-ins", has_text="them): couplings_app.").wait_for(timeout=120_000)
    run(stage, "apps.couplings_app(scale=99)")
    player = stage.page.locator(".jp-Cell.jp-mod-active .course-recorded")
    player.locator("select").wait_for()
    assert player.is_visible()


def test_when_the_kernel_dies_recorded_pictures_go_on_where_the_app_was(stage):
    stage.show("apps.couplings_app()")
    app = stage.page.locator(".course-app")
    player = stage.page.locator(".course-recorded").first
    sees = [state.sees for state in apps.controller("couplings_app").states]
    assert not player.is_visible()
    app.locator(".course-main button").first.focus()
    for text in sees[:3]:
        stage.page.keyboard.press("n")
        app.locator(".course-sees", has_text=text).wait_for()
    stage.page.evaluate(
        """async () => {
            const session = jupyterapp.shell.currentWidget.sessionContext;
            await session.session.kernel.requestExecute({code: 'import os; os._exit(1)'}).done.catch(() => null);
        }"""
    )
    stage.page.locator(".jp-Dialog button").click()  # JupyterLab says that the kernel has died
    player.wait_for()
    assert not app.is_visible()
    said = player.locator(".course-player-sees")
    assert said.inner_text() == sees[2]
    for key, text in (("n", sees[3]), ("p", sees[2]), ("p", sees[1])):
        stage.page.keyboard.press(key)
        assert said.inner_text() == text
    picture = player.locator("img")
    assert picture.evaluate("img => img.complete && img.naturalWidth") == 1200
    box = player.bounding_box()
    assert box["height"] < 720 - 30  # a projector holds all of it
    # of two, the keys mean the one of which more is seen
    other = stage.page.locator(".course-recorded").last
    other.evaluate(
        """player => {  // without the error between them, a strip of the first is in the window
            player.closest('.jp-OutputArea').firstElementChild.style.display = 'none';
            player.scrollIntoView({block: 'end'});
        }"""
    )
    assert 0 < bottom(player) < other.bounding_box()["y"]
    stage.page.keyboard.press("n")
    other.locator(".course-player-sees", has_text=sees[1]).wait_for()
    assert said.text_content() == sees[1]
    stage.page.keyboard.press("n")
    other.locator(".course-player-sees", has_text=sees[2]).wait_for()
    assert said.text_content() == sees[1]
    # a new kernel is there, to go on with
    stage.page.wait_for_function(
        "() => jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'"
    )
    assert stage.ask("1 + 1") == "2"


def test_a_page_that_is_loaded_again_has_its_icons_back(stage, home):
    def kept():
        """Whether the lab has written down, as it does a while after, that a bar of icons is hidden."""
        workspaces = (path.read_text() for path in (home / "workspaces").iterdir())
        return any(re.search(r'"visible":\s*false', text) for text in workspaces)

    icons = stage.page.locator(".jp-SideBar").filter(visible=True)
    run(stage, "apps.present()")
    for _ in range(300):
        if kept():
            break
        stage.page.wait_for_timeout(100)
    assert kept()
    assert icons.count() == 0
    stage.page.evaluate("async () => jupyterapp.shell.currentWidget.context.save()")
    stage.page.reload()
    icons.nth(1).wait_for()
    assert stage.page.evaluate("() => jupyterapp.shell.mode") == "multiple-document"
