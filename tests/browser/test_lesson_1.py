"""Lesson 1 in a real JupyterLab: run all, move the app's sliders by mouse and keyboard, look at the pixels."""

import io

import numpy as np
import pytest
from PIL import Image

APP = ".course-app"


@pytest.fixture
def lesson(open_notebook):
    notebook = open_notebook("01_jsd_and_kl.ipynb")
    notebook.clear()
    notebook.run_all(seconds=180)
    return notebook


def look(locator) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(locator.screenshot())).convert("RGB")).astype(int)


def test_run_all_then_play(lesson, tmp_path):
    page = lesson.page
    assert lesson.errors() == []

    lesson.show("jsd_app()")
    app = page.locator(f".jp-OutputArea-output {APP}").first
    picture, status = app.locator("img"), app.locator(".course-app-status")
    picture.wait_for()
    page.wait_for_function("img => img.complete && img.naturalWidth > 0", arg=picture.element_handle())
    first, said = look(picture), status.inner_text()
    assert "nats" in said
    assert first.std() > 10  # not a blank frame

    box = app.bounding_box()
    assert box["width"] <= 1280  # controls and picture fit on a projector, beside each other
    controls = app.locator(".widget-slider").first.bounding_box()
    assert controls["x"] + controls["width"] <= picture.bounding_box()["x"]

    # drag the first slider to the right with the mouse
    handle = app.locator(".noUi-handle").first
    start = handle.bounding_box()
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(start["x"] + 60, start["y"] + start["height"] / 2, steps=8)
    page.mouse.up()
    _wait_for_change(page, status, said)
    dragged, said = look(picture), status.inner_text()
    assert (np.abs(dragged - first).max(axis=2) > 30).mean() > 0.005

    # and back to the left with the keyboard
    handle.focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    _wait_for_change(page, status, said)
    moved = look(picture)
    assert moved.shape == first.shape  # nothing jumped
    assert (np.abs(moved - dragged).max(axis=2) > 30).mean() > 0.001

    # a preset, chosen with the keyboard, moves the sliders too
    said, readout = status.inner_text(), app.locator(".widget-readout").first
    before = readout.inner_text()
    app.locator("select").first.select_option("far apart")
    _wait_for_change(page, status, said)
    assert "100 % of log 2" in status.inner_text()
    assert readout.inner_text() != before

    assert lesson.errors() == []
    assert "Error" not in status.inner_text()
    page.screenshot(path=tmp_path / "lesson_1.png")


def _wait_for_change(page, locator, before: str) -> None:
    page.wait_for_function(
        "([element, before]) => element.innerText !== before",
        arg=[locator.element_handle(), before],
        timeout=10_000,
    )
    page.wait_for_timeout(500)  # the last of several frames
