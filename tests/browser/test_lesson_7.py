"""Lesson 7 in a real JupyterLab: paint, pause, wipe, upload and save."""

import io
import re

import numpy as np
from PIL import Image


def step(status) -> int:
    return int(re.search(r"Step (\d+)", status.inner_text())[1])


def test_the_app_paints_pauses_wipes_and_takes_pictures(open_notebook, screen, tmp_path):
    lesson = open_notebook("07_style_transfer.ipynb")
    page = lesson.page
    app, picture, status = lesson.run_to_app("style_app(", 600, tmp_path / "lesson_7.png")
    begun, first = step(status), screen.look(picture)

    app.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function(
        "([e, n]) => Number(/Step (\\d+)/.exec(e.innerText)[1]) >= n + 15",
        arg=[status.element_handle(), begun],
        timeout=120_000,
    )
    app.get_by_role("button", name="Pause", exact=True).click()
    page.wait_for_timeout(3000)  # the step that was running
    paused = step(status)
    assert "to go" in status.inner_text()
    page.wait_for_timeout(1500)
    assert step(status) == paused

    app.get_by_role("button", name="Stop", exact=True).click()
    app.get_by_role("button", name="Play", exact=True).click()  # from the content again
    page.wait_for_function(
        "([e, n]) => { const step = Number(/Step (\\d+)/.exec(e.innerText)[1]); return 3 <= step && step < n; }",
        arg=[status.element_handle(), begun],
        timeout=120_000,
    )
    app.get_by_role("button", name="Pause", exact=True).click()
    page.wait_for_timeout(3000)
    assert screen.changed(first, screen.look(picture)) > 0.02

    before = status.inner_text()
    app.get_by_role("button", name="Save", exact=True).click()
    lesson.wait_for_change(status, before)
    assert "style_transfer_001.png" in status.inner_text()

    buffer = io.BytesIO()
    Image.fromarray(np.full((60, 90, 3), (200, 30, 30), np.uint8)).save(buffer, format="png")
    for name, data, answer in (
        ("notes.txt", b"no picture at all", "no picture that can be read"),
        ("red.png", buffer.getvalue(), "Step 0"),
    ):
        with page.expect_file_chooser() as chooser:
            app.get_by_role("button", name="Upload a content").click()
        chooser.value.set_files({"name": name, "mimeType": "image/png", "buffer": data})
        page.wait_for_function(
            "([e, text]) => e.innerText.includes(text)", arg=[status.element_handle(), answer], timeout=60_000
        )
    page.wait_for_timeout(500)
    shown = screen.look(picture)
    red = (shown[..., 0] > 150) & (shown[..., 1] < 80)
    assert red.mean() > 0.2
    assert lesson.errors() == []
