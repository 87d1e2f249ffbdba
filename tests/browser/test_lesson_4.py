"""Lesson 4's app in a real JupyterLab, whose kernel delivers clicks on a thread of its own: play, pause, stop."""

import io
import time

import numpy as np
import pytest
from PIL import Image

APP = ".course-app"


@pytest.fixture
def lesson(open_notebook):
    notebook = open_notebook("04_minimax_xy.ipynb")
    notebook.clear()
    notebook.run_all(seconds=240)
    return notebook


def step(status) -> int:
    return int(status.inner_text().split("After step ")[1].split(".")[0])


def test_play_pause_and_stop(lesson, tmp_path):
    page = lesson.page
    assert lesson.errors() == []
    lesson.show("games_app()")
    app = page.locator(f".jp-OutputArea-output {APP}").first
    picture, status = app.locator("img"), app.locator(".course-app-status")
    picture.wait_for()
    box = app.bounding_box()
    assert box["width"] <= 1280
    assert box["height"] <= 690  # all of it on a projector, below the menu
    page.screenshot(path=tmp_path / "lesson_4.png")

    app.get_by_role("button", name="Play").click()  # from the end, so it begins anew
    page.wait_for_timeout(1000)
    first, picture_then = step(status), look(picture)
    page.wait_for_timeout(1000)
    second = step(status)
    assert 0 < first < second < 300
    assert (np.abs(look(picture) - picture_then).max(axis=2) > 30).mean() > 0.001

    app.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(500)
    paused = step(status)
    page.wait_for_timeout(500)
    assert step(status) == paused

    app.get_by_role("button", name="Step").click()
    page.wait_for_timeout(300)
    assert step(status) == paused + 1

    app.get_by_role("button", name="Play").click()
    page.wait_for_timeout(500)
    app.get_by_label("momentum").click()  # a control moved while it plays
    page.wait_for_timeout(500)
    assert "momentum" in status.inner_text()
    app.get_by_role("button", name="Stop").click()
    begin = time.monotonic()
    page.wait_for_function("e => e.innerText.includes('After step 0.')", arg=status.element_handle())
    assert time.monotonic() - begin < 2  # as seen from outside, on a machine that may be busy
    page.wait_for_timeout(300)
    assert step(status) == 0
    assert lesson.errors() == []
    assert "Error" not in status.inner_text()


def look(locator) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(locator.screenshot())).convert("RGB")).astype(int)
