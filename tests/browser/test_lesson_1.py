"""Lesson 1 in a real JupyterLab: move the app's sliders by mouse and keyboard, look at the pixels."""

from dataclasses import replace

from course_utils.apps.jsd import jsd_app


def test_mouse_keyboard_presets_and_drags(open_notebook, screen, tmp_path):
    lesson = open_notebook("01_jsd_and_kl.ipynb")
    page = lesson.page
    lesson.show("p_star = stats.Mixture")
    # a stored figure says what it shows
    page.locator(".jp-RenderedImage img[alt*='density over x']").first.wait_for()
    app, picture, status = lesson.run_to_app("jsd_app()", tmp_path / "lesson_1.png")
    first, said = screen.look(picture), status.inner_text()
    assert "nats" in said
    assert first.std() > 10  # not a blank frame

    controls = app.locator(".widget-slider").first.bounding_box()  # beside the picture, not above it
    assert controls["x"] + controls["width"] <= picture.bounding_box()["x"]

    # drag the first slider to the right with the mouse
    handle = app.locator(".noUi-handle").first
    start = handle.bounding_box()
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(start["x"] + 60, start["y"] + start["height"] / 2, steps=8)
    page.mouse.up()
    lesson.wait_for_change(status, said)
    dragged = lesson.wait_for_picture(picture, lambda shown: screen.changed(first, shown) > 0.005)
    said = status.inner_text()

    # and back to the left with the keyboard
    handle.focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    lesson.wait_for_change(status, said)
    lesson.wait_for_picture(picture, lambda shown: screen.changed(dragged, shown) > 0.001)

    # a preset moves the sliders too
    said, readout = status.inner_text(), app.locator(".widget-readout").first
    before = readout.inner_text()
    app.locator(".course-control-preset select").select_option("far apart")
    lesson.wait_for_change(status, said)
    assert "100 % of log 2" in status.inner_text()
    assert readout.inner_text() != before

    # drag the generator's first bump in the picture onto the data: the JSD falls
    twin = jsd_app()
    twin.set(preset="far apart")
    handle, said = twin.controller.handles()["g1"], status.inner_text()
    (x, y, *_), (there, *_) = handle.box(), replace(handle, x=-4.0).box()
    lesson.drag(picture, (x, y), (there, y))
    lesson.wait_for_change(status, said)
    assert "31 % of log 2" in status.inner_text()  # half of the mass lies right: 3/4 log 4/3

    assert lesson.errors() == []
    assert "Error" not in status.inner_text()
