"""The playground in a real JupyterLab: play, pause, single steps, back in time and on, a click into the picture."""

import re


def steps(status) -> tuple[int, int]:
    """Where the run is, and how much of it is recorded."""
    found = re.search(r"Step ([\d,]+) of ([\d,]+) recorded", status.inner_text())
    return tuple(int(number.replace(",", "")) for number in found.groups())


def test_play_pause_step_rewind_and_draw(open_notebook, screen, tmp_path):
    lesson = open_notebook("08_gan_playground.ipynb")
    page = lesson.page
    app, picture, status = lesson.run_to_app("playground_app()", 600, tmp_path / "lesson_8.png")
    for name in app.get_by_role("button").all():
        assert not name.evaluate("e => e.scrollWidth > e.clientWidth + 1"), "a clipped label"

    def press(name):
        before = status.inner_text()
        app.get_by_role("button", name=name, exact=True).click()
        page.wait_for_function("([e, text]) => e.innerText !== text", arg=[status.element_handle(), before])
        page.wait_for_timeout(700)

    untrained = screen.look(picture)
    press("Play")
    page.wait_for_function(
        r"e => Number((/Step ([\d,]+)/.exec(e.innerText) || ['', '0'])[1].replace(',', '')) > 60",
        arg=status.element_handle(),
        timeout=60_000,
    )
    app.get_by_role("button", name="Pause", exact=True).click()
    page.wait_for_timeout(1500)
    trained, (now, end) = screen.look(picture), steps(status)
    assert now == end > 60
    assert screen.changed(untrained, trained) > 0.02
    page.wait_for_timeout(700)
    assert steps(status) == (now, end)  # Pause means pause

    for name in ("D step", "G step", "Full step"):
        press(name)
    assert steps(status) == (now + 3, end + 3)
    assert screen.changed(trained, screen.look(picture)) > 0.0005

    # back in time, with the keyboard on the slider, to the very beginning
    app.locator(".noUi-handle").last.focus()
    page.keyboard.press("Home")
    page.wait_for_function("e => e.innerText.includes('Step 0 of')", arg=status.element_handle())
    page.wait_for_timeout(1000)
    assert steps(status) == (0, end + 3)
    past = screen.look(picture).astype(int)
    assert screen.changed(trained, past) > 0.02
    press("Full step")  # and on from there
    assert steps(status) == (1, 1)

    # a click into the plane is a new place to learn
    frame = picture.bounding_box()
    before = screen.look(picture)
    page.mouse.click(frame["x"] + 0.15 * frame["width"], frame["y"] + 0.7 * frame["height"])
    page.wait_for_timeout(1500)
    chosen = app.locator("select").nth(1).evaluate("e => e.selectedOptions[0].text")
    assert chosen.replace("\xa0", " ") == "drawn (click!)"
    assert screen.changed(before, screen.look(picture)) > 0.005

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
