"""A live app in a real JupyterLab pauses when nobody can see it any more, and not before."""

import nbformat
import pytest


@pytest.fixture
def playing(open_notebook, home):
    """A small notebook whose live app, far above its end, has just been started."""
    v4 = nbformat.v4
    cells = [
        v4.new_code_cell(
            "from course_utils.apps.playground import playground_app\n\napp = playground_app(prepared=0)\napp"
        ),
        v4.new_markdown_cell("down\n\n" * 200),
        v4.new_code_cell("'the end'"),
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(v4.new_notebook(cells=cells, metadata=metadata), home / "notebooks" / "views.ipynb")
    notebook = open_notebook("views.ipynb")
    notebook.run_all(seconds=60)
    assert notebook.errors() == []
    app = notebook.app("playground_app")
    app.get_by_role("button", name="Play").click()
    wait_for(notebook, "app.controller.session.now > 0", "True")
    return notebook


def wait_for(notebook, expression, answer, seconds=120):
    """Wait for the kernel's answer; the limit is for what never happens."""
    for _ in range(10 * seconds):
        if notebook.ask(expression) == answer:
            return
        notebook.page.wait_for_timeout(100)
    raise AssertionError(f"{expression} is still {notebook.ask(expression)}")


def plays_on(notebook, steps=200):
    """It is playing, and goes on for so many steps more; a pause would have come by then."""
    before = int(notebook.ask("app.controller.session.now"))
    wait_for(notebook, f"app.controller.session.now > {before + steps}", "True")
    assert notebook.ask("app.player.playing") == "True"


def test_an_app_pauses_when_its_last_view_is_gone(playing):
    page = playing.page

    def do(command):
        page.evaluate("command => jupyterapp.commands.execute('notebook:' + command)", command)

    page.evaluate("() => jupyterapp.shell.currentWidget.context.save()")
    page.reload()  # the kernel goes on, and so does the app
    page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel")
    playing.app("playground_app")
    assert playing.ask("app.player.playing") == "True"

    playing.show("the end")  # far away
    plays_on(playing)

    page.evaluate(
        "() => jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.setSource('app')"
    )
    do("run-cell")  # a second view
    page.locator(".course-app").nth(1).wait_for()
    playing.show("playground_app")
    do("clear-cell-output")  # the first is gone
    plays_on(playing)

    page.evaluate("() => { jupyterapp.shell.currentWidget.content.activeCellIndex = 2 }")
    do("delete-cell")  # and the second
    wait_for(playing, "app.player.playing", "False")
