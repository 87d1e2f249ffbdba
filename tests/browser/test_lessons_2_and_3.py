"""The apps of lessons 2 and 3 in a real JupyterLab: each fits on the screen, and its controls move its picture."""

import pytest

APPS = {
    "02_parallel_lines.ipynb": ["parallel_lines_app()"],
    "03_earth_movers_distance.ipynb": ["couplings_app()", "move_the_dirt_app()", "point_clouds_app()"],
}


@pytest.mark.parametrize("path", APPS)
def test_run_all_then_play(open_notebook, screen, tmp_path, path):
    lesson = open_notebook(path)
    page = lesson.page
    lesson.clear()
    lesson.run_all(seconds=240)
    assert lesson.errors() == []
    for call in APPS[path]:
        app = lesson.app(call)
        picture, status = app.locator("img"), app.locator(".course-app-status")
        before = screen.look(picture)
        assert before.std() > 10
        assert app.bounding_box()["width"] <= 1280
        app.locator(".noUi-handle").first.focus()  # the keyboard works every slider
        for _ in range(4):
            page.keyboard.press("ArrowRight")
        lesson.wait_for_picture(picture, lambda shown, before=before: screen.changed(before, shown) > 0.001)
        for button in app.get_by_role("button").all():
            assert not button.evaluate("e => e.scrollWidth > e.clientWidth + 1"), "a clipped label"
            button.click()
        lesson.wait_for_rest(status)
        assert "Error" not in status.inner_text(), call
        page.screenshot(path=tmp_path / f"{call}.png")
    assert lesson.errors() == []
