"""The start page, and the apps of lessons 2 and 3, in a real JupyterLab: their controls move their pictures."""

import pytest

APPS = {
    "02_parallel_lines.ipynb": ["parallel_lines_app()"],
    "03_earth_movers_distance.ipynb": ["couplings_app()", "move_the_dirt_app()", "point_clouds_app()"],
}


def test_the_start_page_runs_from_the_menu(open_notebook):
    page = open_notebook("00_start_here.ipynb")
    page.clear()
    page.run_all(seconds=240)
    assert page.errors() == []


@pytest.mark.parametrize("path", APPS)
def test_the_apps_obey_their_controls(open_notebook, screen, tmp_path, path):
    lesson = open_notebook(path)
    page = lesson.page
    for call in APPS[path]:
        app, picture, status = lesson.run_to_app(call)
        before = screen.look(picture)
        assert before.std() > 10
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
