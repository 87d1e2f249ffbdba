"""Lesson 4's app in a real JupyterLab, whose kernel delivers clicks on a thread of its own: play, pause, stop."""

import time


def step(status) -> int:
    return int(status.inner_text().split("After step ")[1].split(".")[0])


def test_play_pause_and_stop(open_notebook, screen, tmp_path):
    lesson = open_notebook("04_minimax_xy.ipynb")
    page = lesson.page
    app, picture, status = lesson.run_to_app("games_app()", 240, tmp_path / "lesson_4.png")

    app.get_by_role("button", name="Play").click()  # from the end, so it begins anew
    page.wait_for_timeout(1000)
    first, picture_then = step(status), screen.look(picture)
    page.wait_for_timeout(1000)
    second = step(status)
    assert 0 < first < second < 300
    assert screen.changed(picture_then, screen.look(picture)) > 0.001

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
