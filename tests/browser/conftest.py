"""A real JupyterLab, and a real Chromium that looks at it.

The lab serves copies of the notebooks, so nothing that a test does reaches the repository. Where no Chromium is found
the tests are skipped, and say so.
"""

import io
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, sync_playwright

from course_utils.runtime import data_dir

APP = ".course-app"
STEP = r"[Ss]tep ([\d,]+)"  # in a status line
HANGS = 120  # seconds after which something that should happen is taken never to happen
SCREEN = {"width": 1280, "height": 720}  # what a projector shows
CHROMIUMS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
# Without these, Chromium looks up hosts of its own at every start, which a machine without a network waits for.
QUIET = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def browser():
    """A Chromium. For this folder alone: while Playwright runs, no other test of this process can run a loop."""
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        found = [path for path in (own, *map(Path, CHROMIUMS)) if path.exists()]
        if not found:
            pytest.skip(
                "no Chromium: neither Playwright's own (playwright install chromium) nor "
                + ", ".join(CHROMIUMS)
            )
        # A root account, as in a container, cannot use Chromium's sandbox.
        sandbox = [] if os.geteuid() else ["--no-sandbox"]
        browser = playwright.chromium.launch(
            executable_path=found[0],
            args=[*QUIET, *sandbox],
            ignore_default_args=["--hide-scrollbars"],  # a student sees them
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def grave():
    """grave(page, within=None): what axe finds there that is serious or critical, text of low contrast among it."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="pip install -e '.[test]'"
    ).Axe()

    def look(page, within=None):
        # preload: it would fetch style sheets, which it cannot from a folder
        options = {"resultTypes": ["violations"], "preload": False}
        found = axe.run(page, context=within, options=options).response["violations"]
        return [
            (each["id"], [node["html"] for node in each["nodes"]])
            for each in found
            if each["impact"] in ("serious", "critical")
        ]

    return look


@pytest.fixture(scope="session")
def home(tmp_path_factory, root):
    """The folder of the lab's files, with a copy of the notebooks in notebooks/."""
    home = tmp_path_factory.mktemp("lab")
    shutil.copytree(root / "notebooks", home / "notebooks")
    return home


@pytest.fixture(scope="session")
def lab(home, root):
    """The address of a running JupyterLab, with its token in a query."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    log = (home / "lab.log").open("w")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}", "--ServerApp.port_retries=0",
               f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={home / 'notebooks'}", "--allow-root",
               "--LabApp.expose_app_in_browser=True", f"--LabApp.app_settings_dir={root / '.jupyter'}",
               "--ServerApp.jpserver_extensions=course_utils.lab=True"]  # fmt: skip
    environment = {
        **os.environ,
        "COURSE_DATA": str(data_dir()),  # found from the repository, not from the copies
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
    }
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_until_up(f"http://127.0.0.1:{port}/api?token={token}", server, home / "lab.log")
        yield f"http://127.0.0.1:{port}/lab/workspaces/{{workspace}}/tree/{{path}}?token={token}"
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()


@pytest.fixture(scope="session")
def notebook_7(lab):
    """The address of a notebook in Jupyter Notebook 7, which the same server brings."""
    return lab.replace("lab/workspaces/{workspace}/tree", "notebooks")


def _wait_until_up(url: str, server: subprocess.Popen, log: Path, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise RuntimeError(f"JupyterLab did not come up:\n{log.read_text()[-3000:]}")


class Notebook:
    """One notebook, open in the lab."""

    def __init__(self, page: Page):
        self.page = page

    def run_all(self, seconds: float) -> None:
        """Run every cell from the menu, as a student does, and wait until the last one is done, or one has failed."""
        self.page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        self.page.wait_for_function(
            """() => {
                const cells = jupyterapp.shell.currentWidget.content.model.cells;
                const code = [...Array(cells.length).keys()].map(i => cells.get(i)).filter(c => c.type === 'code');
                return code.every(c => c.executionState !== 'running' && c.executionCount !== null)
                    || code.some(c => c.outputs.toJSON().some(o => o.output_type === 'error'));
            }""",
            timeout=1000 * seconds,
        )

    def clear(self) -> None:
        """Drop all stored outputs and counts, so that what is seen afterwards is new."""
        self.page.evaluate("() => jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")

    def errors(self) -> list[str]:
        """Every error and everything on stderr in the cells' outputs."""
        return self.page.evaluate(
            """() => {
                const cells = jupyterapp.shell.currentWidget.content.model.cells;
                return [...Array(cells.length).keys()].map(i => cells.get(i)).filter(c => c.type === 'code')
                    .flatMap(c => c.outputs.toJSON())
                    .filter(o => o.output_type === 'error' || o.name === 'stderr')
                    .map(o => o.evalue || String(o.text));
            }"""
        )

    def ask(self, expression: str) -> str:
        """What the kernel answers to a Python expression, in the form of its repr."""
        return self.page.evaluate(
            """async (expression) => {
                const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                const request = {code: '', silent: true, user_expressions: {answer: expression}};
                const { answer } = (await kernel.requestExecute(request).done).content.user_expressions;
                return answer.status === 'ok' ? answer.data['text/plain'] : answer.evalue;
            }""",
            expression,
        )

    def wait_for_answer(self, expression: str, answer: str) -> None:
        """Wait until the kernel answers so; the limit is for what never happens."""
        end = time.monotonic() + HANGS
        while (now := self.ask(expression)) != answer:
            assert time.monotonic() < end, f"{expression} is still {now}, not {answer}"
            self.page.wait_for_timeout(100)

    def show(self, text: str) -> None:
        """Bring the code cell that contains this text to the top of the window."""
        self.page.evaluate(
            """async (text) => {
                const content = jupyterapp.shell.currentWidget.content;
                const index = content.widgets.findIndex(
                    w => w.model.type === 'code' && w.model.sharedModel.source.includes(text));
                content.activeCellIndex = index;
                await content.scrollToItem(index, 'start');
            }""",
            text,
        )

    def app(self, call: str) -> Locator:
        """Show the cell with this call, such as "jsd_app()", and return the app in its output."""
        self.show(call)
        app = self.page.locator(f".jp-Cell.jp-mod-active .jp-OutputArea-output {APP}")
        app.locator("img").wait_for()
        self.page.wait_for_function(
            "img => img.complete && img.naturalWidth > 0", arg=app.locator("img").element_handle()
        )
        return app

    def run_to_app(self, call: str, picture: Path | None = None) -> tuple[Locator, Locator, Locator]:
        """Run the cell with this call, as after a restart of the kernel; then the app, its picture and status line.

        (That all cells run, one after the other, is seen by nbval, and in this lab on the start page.) No cell may have
        failed, and a projector must hold all of the app, below the menu.
        """
        self.show(call)
        for command in ("clear-cell-output", "run-cell"):
            self.page.evaluate("command => { jupyterapp.commands.execute('notebook:' + command) }", command)
        self.page.wait_for_function(
            """() => {
                const cell = jupyterapp.shell.currentWidget.content.activeCell.model;
                return cell.executionState !== 'running' && cell.executionCount !== null;
            }""",
            timeout=1000 * HANGS,
        )
        assert self.errors() == []
        app = self.app(call)
        if picture is not None:
            self.page.screenshot(path=picture)
        box = app.bounding_box()
        assert box["width"] <= SCREEN["width"]
        assert box["height"] <= SCREEN["height"] - 30
        return app, app.locator("img"), app.locator(".course-app-status")

    def wait_for_text(self, locator: Locator, pattern: str, seconds: float = HANGS) -> None:
        """Wait until the text matches this regular expression."""
        self.page.wait_for_function(
            "([element, pattern]) => new RegExp(pattern).test(element.innerText)",
            arg=[locator.element_handle(), pattern],
            timeout=1000 * seconds,
        )

    def step(self, status: Locator) -> int:
        """The training step that a status line tells."""
        return int(re.search(STEP, status.inner_text())[1].replace(",", ""))

    def wait_for_step(self, status: Locator, above: int) -> None:
        """Wait until the status line tells a later step than that."""
        self.page.wait_for_function(
            """([element, pattern, above]) => {
                const found = new RegExp(pattern).exec(element.innerText);
                return found !== null && Number(found[1].replaceAll(',', '')) > above;
            }""",
            arg=[status.element_handle(), STEP, above],
            timeout=1000 * HANGS,
        )

    def wait_for_change(self, locator: Locator, before: str) -> None:
        """Wait until the text is another one, and the last of several frames has come."""
        self.page.wait_for_function(
            "([element, before]) => element.innerText !== before",
            arg=[locator.element_handle(), before],
            timeout=1000 * HANGS,
        )
        self.wait_for_rest(locator)

    def wait_for_rest(self, status: Locator, quiet: float = 1.0) -> None:
        """Wait until the text has stayed the same for so many seconds: whatever was going on has come to its end."""
        status.evaluate("element => { delete element.lastText; }")
        self.page.wait_for_function(
            """([element, quiet]) => {
                if (element.lastText !== element.innerText) {
                    element.lastText = element.innerText;
                    element.restsSince = performance.now();
                }
                return performance.now() - element.restsSince > 1000 * quiet;
            }""",
            arg=[status.element_handle(), quiet],
            timeout=1000 * HANGS,
        )

    def drag(self, picture: Locator, *way: tuple[float, float]) -> None:
        """With the mouse along these places, from 0 at the upper left of the picture to 1; a single one is clicked."""

        def go(across: float, down: float, steps: int) -> None:
            box = picture.bounding_box()
            self.page.mouse.move(
                box["x"] + across * box["width"], box["y"] + down * box["height"], steps=steps
            )

        start, *others = way
        picture.hover()  # when it stands still, and nothing lies over it
        go(*start, steps=1)
        self.page.mouse.down()
        for place in others:
            go(*place, steps=8)
        self.page.mouse.up()

    def wait_for_picture(self, picture: Locator, fits: Callable[[np.ndarray], bool]) -> np.ndarray:
        """Wait until what is on the screen there fits; returns it."""
        end = time.monotonic() + HANGS
        while not fits(shown := look(picture)):
            assert time.monotonic() < end, "the picture never became what was expected"
            self.page.wait_for_timeout(100)
        return shown


def look(locator: Locator) -> np.ndarray:
    """What is on the screen there: (height, width, 3), 0 to 255."""
    return np.asarray(Image.open(io.BytesIO(locator.screenshot())).convert("RGB")).astype(int)


def changed(before: np.ndarray, after: np.ndarray) -> float:
    """The share of pixels that look different. Both pictures must have the same size: nothing may jump."""
    assert before.shape == after.shape
    return float((np.abs(after - before).max(axis=2) > 30).mean())


@pytest.fixture
def screen():
    """The two functions that look at pixels."""
    return SimpleNamespace(look=look, changed=changed)


@contextmanager
def own_window(browser, lab):
    """open_it("name.ipynb") -> Notebook, in this one window; errors in its console fail, and nothing is left open."""
    context = browser.new_context(viewport=SCREEN)
    page = context.new_page()
    page.set_default_timeout(1000 * HANGS)
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))

    def open_it(path: str) -> Notebook:
        if page.url == "about:blank":
            # A workspace of its own: otherwise the lab also opens again, at some moment, what was open before.
            page.goto(lab.format(path=path, workspace=secrets.token_hex(4)))
        else:
            page.evaluate("path => { jupyterapp.commands.execute('docmanager:open', { path }) }", path)
        page.wait_for_function(
            """path => {
                const widget = window.jupyterapp?.shell?.currentWidget;
                return widget?.context?.path === path && widget.content?.model?.cells?.length > 0;
            }""",
            arg=path,
        )
        page.evaluate("() => jupyterapp.shell.collapseLeft()")  # the notebook gets the whole width
        page.wait_for_function(
            "() => jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'"
        )
        return Notebook(page)

    def leave() -> None:
        """Close every notebook without saving it, and end its kernel."""
        last = context.pages[-1]  # a test may have closed the first
        last.evaluate(
            """async () => {
                await jupyterapp.serviceManager.sessions.shutdownAll();
                for (const widget of [...jupyterapp.shell.widgets('main')]) widget.dispose();
            }"""
        )
        said = failures.copy()
        failures.clear()  # the next test begins anew
        assert said == []

    try:
        yield open_it, leave
    finally:
        context.close()


@pytest.fixture(scope="package")
def window(browser, lab):
    with own_window(browser, lab) as window:
        yield window


@pytest.fixture
def open_notebook(window):
    """open_notebook("name.ipynb") -> Notebook, in a lab that has nothing else open."""
    open_it, leave = window
    yield open_it
    leave()


@pytest.fixture(scope="module")
def open_for_all(browser, lab):
    """The same for all tests of a module, in a window of their own."""
    with own_window(browser, lab) as (open_it, leave):
        yield open_it
        leave()


@pytest.fixture(scope="session")
def write_notebook(home):
    """write_notebook("name.ipynb", cell, ...): a notebook of these code cells, where the lab finds it; its path."""

    def write(name, *cells):
        v4, path = nbformat.v4, home / "notebooks" / name
        metadata = {
            "kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
        }
        nbformat.write(v4.new_notebook(cells=[*map(v4.new_code_cell, cells)], metadata=metadata), path)
        return path

    return write
