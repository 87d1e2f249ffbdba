"""A live app in a real JupyterLab pauses when nobody watches any more, and not before."""

import nbformat
import pytest

FPS = 5  # pictures a second, each after one step: the less it does, the less others wait


@pytest.fixture(scope="module")
def playing(open_for_all, write_notebook):
    """A small notebook whose live app, far above its end, has just been started."""
    v4 = nbformat.v4
    app = "from course_utils.apps.playground import playground_app\n\napp = playground_app(prepared=0)\n"
    app += f"app.player.fps, app.player.steps_per_frame = {FPS}, 1\napp"
    path = write_notebook("views.ipynb", app, "'the end'")
    contents = nbformat.read(path, 4)
    contents.cells.insert(1, v4.new_markdown_cell("down\n\n" * 200))
    nbformat.write(contents, path)
    notebook = open_for_all("views.ipynb")
    notebook.run_all(seconds=60)
    assert notebook.errors() == []
    app = notebook.app("playground_app")
    app.get_by_role("button", name="Play").click()
    notebook.wait_for_answer("app.controller.session.now > 0", "True")
    return notebook


def plays_on(notebook, seconds=4):
    """It is playing, and goes on for so many seconds more; a pause would have come by then."""
    before = int(notebook.ask("app.controller.session.now"))
    notebook.wait_for_answer(f"app.controller.session.now > {before + seconds * FPS}", "True")
    assert notebook.ask("app.player.playing") == "True"


def press_play(notebook):
    """Whoever asks, goes on."""
    notebook.app("playground_app").get_by_role("button", name="Play").click()
    notebook.wait_for_answer("app.player.playing", "True")


def test_an_app_pauses_when_nobody_watches_and_not_before(playing):
    page = playing.page

    def do(command):
        page.evaluate("async command => { await jupyterapp.commands.execute(command); }", command)

    def hide(hidden):
        """What the browser does to a page when its tab goes to the back, or comes to the front."""
        page.evaluate(
            """hidden => {
                Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
                document.dispatchEvent(new Event('visibilitychange'));
            }""",
            hidden,
        )

    playing.show("the end")  # far away, but on the page
    plays_on(playing)

    hide(True)
    playing.wait_for_answer("app.player.playing", "False")
    hide(False)
    app = playing.app("playground_app")
    playing.wait_for_text(app.locator(".course-app-status"), "nobody was watching")
    assert playing.ask("app.player.playing") == "False"
    press_play(playing)
    plays_on(playing)

    do("launcher:create")  # another tab of the lab comes to the front
    page.locator(".jp-Launcher").wait_for()
    page.wait_for_function("() => jupyterapp.shell.currentWidget.context === undefined")
    front = (
        "() => jupyterapp.shell.activateById([...jupyterapp.shell.widgets('main')].find(w => w.context).id)"
    )
    page.wait_for_timeout(7000)  # it is noticed within seconds
    page.evaluate(front)
    page.wait_for_function("() => jupyterapp.shell.currentWidget.context")
    assert playing.ask("app.player.playing") == "False"

    press_play(playing)
    plays_on(playing)

    playing.show("the end")
    page.evaluate(
        "() => jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.setSource('app')"
    )
    do("notebook:run-cell")  # a second view
    page.locator(".course-app").nth(1).wait_for()
    playing.show("playground_app")
    do("notebook:clear-cell-output")  # the first is gone
    plays_on(playing)

    page.evaluate("() => { jupyterapp.shell.currentWidget.content.activeCellIndex = 2 }")
    do("notebook:delete-cell")  # and the second
    playing.wait_for_answer("app.player.playing", "False")


def test_an_app_pauses_when_its_page_is_closed(playing):
    """A second page, which has no view of the app, asks the same kernel."""
    page = playing.page
    playing.show("playground_app")
    page.evaluate("() => jupyterapp.commands.execute('notebook:run-cell')")
    page.locator(".course-app").wait_for()
    other = type(playing)(page.context.new_page())
    other.page.goto(page.url)
    other.page.wait_for_function(
        "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel", timeout=120_000
    )
    other.page.evaluate("() => jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    press_play(playing)
    other.wait_for_answer("app.player.playing", "True")
    page.close()
    other.wait_for_answer("app.player.playing", "False")
    steps = other.ask("app.controller.session.now")
    other.page.wait_for_timeout(2000)
    assert other.ask("app.controller.session.now") == steps
