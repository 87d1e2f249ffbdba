"""Lesson 4's app in a real JupyterLab, whose kernel delivers clicks on a thread of its own: play, pause, stop, drag."""

from course_utils.apps.games import games_app


def test_play_pause_and_stop(open_notebook, screen, tmp_path):
    lesson = open_notebook("04_minimax_xy.ipynb")
    app, picture, status = lesson.run_to_app("games_app()", tmp_path / "lesson_4.png")
    at_the_end, last = screen.look(picture), lesson.step(status)
    boxes = [app.get_by_role("checkbox", name=name) for name in ("simultaneous", "alternating")]
    assert boxes[0].bounding_box()["y"] == boxes[1].bounding_box()["y"]  # two methods share a row

    def press(name):
        app.get_by_role("button", name=name).click()

    press("Play")  # from the end, so it begins anew
    lesson.wait_for_text(status, f"^(?![^]*tep {last}\\b)")
    first = lesson.step(status)
    lesson.wait_for_step(status, first)
    press("Pause")
    lesson.wait_for_rest(status)  # Pause means pause
    paused = lesson.step(status)
    assert first < paused < last
    lesson.wait_for_picture(picture, lambda shown: screen.changed(at_the_end, shown) > 0.001)

    press("Step")
    lesson.wait_for_step(status, paused)
    lesson.wait_for_rest(status)
    assert lesson.step(status) == paused + 1

    press("Play")
    lesson.wait_for_step(status, paused + 1)
    app.get_by_label("momentum").click()  # a control moved while it plays
    lesson.wait_for_text(status, "momentum")
    press("Stop")
    lesson.wait_for_text(status, r"After step 0\.")
    lesson.wait_for_rest(status)
    assert lesson.step(status) == 0

    # the start point follows the mouse
    fresh = games_app()
    across, down, *_ = fresh.controller.handles()["start"].box()
    before = screen.look(picture)
    lesson.drag(picture, (across, down), (across - 0.1, down + 0.1))
    lesson.wait_for_picture(picture, lambda shown: screen.changed(before, shown) > 0.001)
    assert lesson.errors() == []
    assert "Error" not in status.inner_text()
