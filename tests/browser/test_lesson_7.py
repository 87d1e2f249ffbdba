"""Lesson 7 in a real JupyterLab: paint, pause, wipe, upload and save."""

import io

import numpy as np
from PIL import Image


def test_the_app_paints_pauses_wipes_and_takes_pictures(open_notebook, screen, tmp_path):
    lesson = open_notebook("07_style_transfer.ipynb")
    page = lesson.page
    app, picture, status = lesson.run_to_app("style_app(", 600, tmp_path / "lesson_7.png")
    begun, first = lesson.step(status), screen.look(picture)

    def press(name):
        app.get_by_role("button", name=name, exact=True).click()

    press("Play")
    lesson.wait_for_step(status, begun + 15)
    press("Pause")
    lesson.wait_for_rest(status, quiet=5)  # longer than a step takes: Pause means pause
    assert "to go" in status.inner_text()

    press("Stop")
    press("Play")  # from the content again
    lesson.wait_for_text(status, r"[Ss]tep ([1-9]|1\d)\b")
    press("Pause")
    lesson.wait_for_rest(status, quiet=5)
    assert lesson.step(status) < begun + 15
    lesson.wait_for_picture(picture, lambda shown: screen.changed(first, shown) > 0.02)

    press("Save")
    lesson.wait_for_text(status, r"style_transfer_001\.png")

    buffer = io.BytesIO()
    Image.fromarray(np.full((60, 90, 3), (200, 30, 30), np.uint8)).save(buffer, format="png")
    for name, data, answer in (
        ("notes.txt", b"no picture at all", "no picture that can be read"),
        ("red.png", buffer.getvalue(), "Step 0"),
    ):
        with page.expect_file_chooser() as chooser:
            app.get_by_role("button", name="Upload a content").click()
        chooser.value.set_files({"name": name, "mimeType": "image/png", "buffer": data})
        lesson.wait_for_text(status, answer)
    lesson.wait_for_picture(
        picture, lambda shown: ((shown[..., 0] > 150) & (shown[..., 1] < 80)).mean() > 0.2
    )
    assert lesson.errors() == []
