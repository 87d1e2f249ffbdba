"""Lesson 5 in a real JupyterLab: train live, pause, go on. The kernel must stay responsive all the while."""

import re


def step(status) -> int:
    return int(re.search(r"Step ([\d,]+)", status.inner_text())[1].replace(",", ""))


def test_live_training_starts_pauses_and_goes_on(open_notebook, screen):
    lesson = open_notebook("05_gan_mnist.ipynb")
    page = lesson.page
    lesson.clear()
    lesson.run_all(seconds=300)
    assert lesson.errors() == []

    app = lesson.app("gan_app(images)")
    picture, status = app.locator("img"), app.locator(".course-app-status")
    noise = screen.look(picture)

    app.get_by_role("button", name="Play").click()
    page.wait_for_function("e => / D\\(x\\)/.test(e.innerText)", arg=status.element_handle(), timeout=20_000)
    page.wait_for_timeout(4000)
    app.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(600)
    learnt, paused_at = screen.look(picture), step(status)
    assert paused_at > 30
    assert screen.changed(noise, learnt) > 0.1
    page.wait_for_timeout(800)
    assert step(status) == paused_at  # Pause means pause

    app.get_by_role("button", name="Play").click()
    page.wait_for_timeout(2000)
    app.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(600)
    assert step(status) > paused_at

    app.get_by_role("button", name="Reset").click()
    page.wait_for_function("e => e.innerText.includes('Not trained yet')", arg=status.element_handle())
    assert lesson.errors() == []
