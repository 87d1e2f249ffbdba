"""`make apps` in a Chromium that reaches Voila only: pictures, a slider, and no kernel once the page is closed."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

pytest.importorskip("voila", reason="voila is not installed: make apps installs it")
HANGS = 180  # seconds


@pytest.fixture(scope="module")
def served(root, tmp_path_factory):
    """Voila with all pages: its address."""
    sys.path.insert(0, str(root / "tools"))
    import served_apps

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("apps")
    served_apps.write(folder, sorted((root / "notebooks").glob("*.ipynb")))
    words, environment = served_apps.command(folder, f"--port={port}", "--no-browser")
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(words, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait(lambda: answers(f"http://127.0.0.1:{port}/"), folder / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=30)


def answers(address):
    try:
        return urllib.request.urlopen(address, timeout=5).status == 200
    except OSError:
        return False


def wait(until, log=None):
    end = time.monotonic() + HANGS
    while not until():
        assert time.monotonic() < end, log.read_text()[-2000:] if log else "still not so"
        time.sleep(0.3)


def answers_for(served, kernel):
    """Whether Voila has this kernel."""
    try:
        with urllib.request.urlopen(f"{served}/api/kernels/{kernel}", timeout=10) as reply:
            return json.load(reply)["id"] == kernel
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        return False


@pytest.mark.timeout(3 * HANGS)
@pytest.mark.parametrize("name", ["01_jsd_app", "02_parallel_lines_app", "04_games_app"])
def test_an_app_works_without_a_network_and_its_kernel_ends_with_its_page(browser, screen, served, name):
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    elsewhere = []
    context.route("**/*", lambda route: route.continue_() if route.request.url.startswith((served, "data:", "blob:"))
                  else (elsewhere.append(route.request.url), route.abort()))  # fmt: skip
    try:
        index = context.new_page()
        index.goto(served)
        with context.expect_page() as opened:
            index.locator(f"a[href*='{name}']").click()
        page = opened.value
        page.set_default_timeout(1000 * HANGS)
        app = page.locator(".course-app")
        app.locator("img").first.wait_for()
        page.wait_for_function(
            "() => document.querySelector('.course-app img').naturalWidth > 300", timeout=1000 * HANGS
        )
        kernel = page.evaluate(
            "JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId"
        )
        assert answers_for(served, kernel)
        picture = app.locator("img").first
        before = screen.look(picture)
        handle = app.locator(".noUi-handle").first
        handle.scroll_into_view_if_needed()
        box = handle.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 2 + 25, box["y"] + box["height"] / 2, steps=4)
        page.mouse.up()
        wait(lambda: screen.changed(before, screen.look(picture)) > 0.001)
        page.close(run_before_unload=True)
        wait(lambda: not answers_for(served, kernel))
        assert elsewhere == []
    finally:
        context.close()
