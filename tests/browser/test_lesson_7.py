"""Lesson 7 in a real JupyterLab: paint, pause, wipe, upload (also what a telephone takes) and save."""

import io

import numpy as np
from PIL import Image


def test_the_app_paints_pauses_wipes_and_takes_pictures(open_notebook, screen, tmp_path):
    lesson = open_notebook("07_style_transfer.ipynb")
    page = lesson.page
    app, picture, status = lesson.run_to_app("style_app(", tmp_path / "lesson_7.png")
    assert lesson.step(status) > 0  # what a reader without a kernel sees

    def press(name):
        app.get_by_role("button", name=name, exact=True).click()

    app.get_by_label("size (pixels)", exact=True).select_option("128")  # so that a step takes little
    lesson.wait_for_text(status, "Step 0")
    lesson.wait_for_rest(status)
    first = screen.look(picture)
    press("Play")
    lesson.wait_for_step(status, 20)
    press("Pause")
    lesson.wait_for_rest(status, quiet=3)  # longer than a step takes: Pause means pause
    paused = lesson.step(status)
    lesson.wait_for_picture(picture, lambda shown: screen.changed(first, shown) > 0.02)
    assert "Play takes about" in status.inner_text()

    press("Stop")
    press("Play")  # from the content again
    lesson.wait_for_text(status, r"[Ss]tep ([1-9]|1\d)\b")
    press("Pause")
    lesson.wait_for_rest(status, quiet=3)
    assert lesson.step(status) < paused

    press("Save")
    lesson.wait_for_text(status, r"style_transfer_001\.png")

    # The line between before and after follows the mouse, and stays where it is let go.
    left, width, whole, share = (
        float(lesson.ask(f"float(_.{name})"))
        for name in (
            "controller.panels.picture.bbox.x0",
            "controller.panels.picture.bbox.width",
            "figure.bbox.width",
            "controller.values['wipe']",
        )
    )
    lesson.drag(picture, *(((left + wipe * width) / whole, 0.5) for wipe in (share, 0.5, 0.6, 0.8)))
    lesson.wait_for_answer("abs(_.controller.values['wipe'] - 0.8) < 0.02", "True")

    def upload(name, data):
        with page.expect_file_chooser() as chooser:
            app.get_by_role("button", name="Upload a content").click()
        chooser.value.set_files({"name": name, "mimeType": f"image/{name[-3:]}", "buffer": data})

    upload("notes.txt", b"no picture at all")
    lesson.wait_for_text(status, "no picture that can be read")
    upload("red.png", saved(np.full((60, 90, 3), (200, 30, 30), np.uint8), "png"))
    lesson.wait_for_text(status, "Step 0")
    lesson.wait_for_picture(
        picture, lambda shown: ((shown[..., 0] > 150) & (shown[..., 1] < 80)).mean() > 0.2
    )

    # As a telephone takes it, green below and in more than 10 MiB, of which Jupyter's server makes a lost connection:
    # the browser reduces it. What the browser cannot read, it sends whole, in pieces.
    app.get_by_role("button", name="Step", exact=True).click()
    lesson.wait_for_text(status, "Step 1")
    for suffix, shape in (("jpeg", (3000, 4000)), ("tiff", (1800, 2400))):
        grain = np.random.default_rng(0).integers(0, 255, (*shape, 3)).astype(np.uint8)
        grain[shape[0] // 2 :, :, ::2] //= 8
        photograph = saved(grain, suffix, **({"quality": 95} if suffix == "jpeg" else {}))
        assert len(photograph) > 12e6
        upload(f"photograph.{suffix}", photograph)
        lesson.wait_for_text(status, "Step 0")
        lesson.wait_for_picture(
            picture, lambda shown: ((shown[..., 1] > 90) & (shown[..., 0] < 70)).mean() > 0.1
        )
        assert int(lesson.ask("_.controller.transfer.image.shape[1]")) == 128
        app.get_by_role("button", name="Step", exact=True).click()
        lesson.wait_for_text(status, "Step 1")
    assert lesson.errors() == []


def saved(picture, suffix, **settings):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format=suffix, **settings)
    return buffer.getvalue()
