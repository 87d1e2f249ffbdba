"""The playground in a real JupyterLab: play, pause, single steps, back in time and on, a click into the picture."""

import re


def steps(status) -> tuple[int, int]:
    """Where the run is, and how much of it is recorded."""
    found = re.search(r"Step ([\d,]+) of ([\d,]+) recorded", status.inner_text())
    return tuple(int(number.replace(",", "")) for number in found.groups())


def test_play_pause_step_rewind_and_draw(open_notebook, screen, tmp_path):
    lesson = open_notebook("08_gan_playground.ipynb")
    page = lesson.page
    app, picture, status = lesson.run_to_app("playground_app()", tmp_path / "lesson_8.png")
    for name in app.get_by_role("button").all():
        assert not name.evaluate("e => e.scrollWidth > e.clientWidth + 1"), "a clipped label"

    def press(name):
        before = status.inner_text()
        app.get_by_role("button", name=name, exact=True).click()
        lesson.wait_for_change(status, before)

    def wait_for_another_picture(before, share):
        return lesson.wait_for_picture(picture, lambda shown: screen.changed(before, shown) > share)

    opened = steps(status)
    assert opened[0] == opened[1] > 0  # a run that a reader without a kernel sees, too
    press("Reset")
    assert steps(status) == (0, 0)
    untrained = screen.look(picture)
    app.get_by_role("button", name="Play", exact=True).click()
    lesson.wait_for_step(status, 60)
    wait_for_another_picture(untrained, 0.02)  # it learns
    app.get_by_role("button", name="Pause", exact=True).click()
    lesson.wait_for_rest(status)  # Pause means pause
    trained = screen.look(picture)
    now, end = steps(status)
    assert now == end > 60

    for name in ("D step", "G step", "Full step"):
        press(name)
    assert steps(status) == (now + 3, end + 3)
    wait_for_another_picture(trained, 0.0005)

    # back in time, with the keyboard on the slider, to the very beginning
    app.locator(".noUi-handle").last.focus()
    page.keyboard.press("Home")
    lesson.wait_for_text(status, "Step 0 of")
    lesson.wait_for_rest(status)
    assert steps(status) == (0, end + 3)
    wait_for_another_picture(trained, 0.02)
    press("Full step")  # and on from there
    assert steps(status) == (1, 1)

    # a click into the plane is a new place to learn
    before = screen.look(picture)
    lesson.drag(picture, (0.15, 0.7))
    wait_for_another_picture(before, 0.005)
    chosen = app.locator(".course-control-data select").evaluate("e => e.selectedOptions[0].text")
    assert chosen.replace("\xa0", " ") == "drawn (click!)"

    press("Share")
    assert "from course_utils.gan.playground import Session" in status.inner_text()
    assert "'drawn'" in status.inner_text()
    app.get_by_role("button", name="Copy").click()
    assert app.get_by_role("button", name="Copied").is_visible()
    _, end = steps(status)
    assert lesson.errors() == []
    assert "Error" not in status.inner_text()
    page.screenshot(path=tmp_path / "share.png")
    for command in ("insert-cell-below", "enter-edit-mode"):
        page.evaluate("command => jupyterapp.commands.execute('notebook:' + command)", command)
    page.keyboard.press("Control+v")
    page.evaluate("() => jupyterapp.commands.execute('notebook:run-cell')")
    assert int(lesson.ask("session.end")) == end
