"""Lesson 5 in a real JupyterLab: training starts, pauses, obeys while it runs, is measured; a recorded run is replayed.
The kernel must stay responsive all the while."""


def test_live_training_and_a_recorded_one(open_notebook, screen, tmp_path):
    lesson = open_notebook("05_gan_mnist.ipynb")
    page = lesson.page
    app, picture, status = lesson.run_to_app("gan_app(images)", 420, tmp_path / "lesson_5.png")
    noise = screen.look(picture)

    app.get_by_role("button", name="Play").click()
    lesson.wait_for_text(status, r"D\(x\) =")
    page.wait_for_timeout(4000)
    app.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(600)
    learnt, paused_at = screen.look(picture), lesson.step(status)
    assert paused_at > 30
    assert screen.changed(noise, learnt) > 0.1
    page.wait_for_timeout(800)
    assert lesson.step(status) == paused_at  # Pause means pause

    app.get_by_role("button", name="Measure").click()
    lesson.wait_for_text(status, f"Fréchet distance at step {paused_at:,}:")
    page.wait_for_timeout(500)
    assert lesson.step(status) == paused_at  # and who rests, rests afterwards too

    app.get_by_role("button", name="Play").click()
    page.wait_for_timeout(1000)
    app.get_by_label("G's loss").select_option("minimax")  # acts on the run that goes on
    page.wait_for_timeout(1500)
    assert lesson.step(status) > paused_at
    app.get_by_label("recipe").select_option("wgan-gp")  # another run, which goes on at once
    lesson.wait_for_text(status, "Critic's estimate")
    app.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(600)
    app.get_by_role("button", name="Reset").click()
    lesson.wait_for_text(status, "Not trained yet")

    app = lesson.app("replay_app([")
    picture, status = app.locator("img"), app.locator(".course-app-status")
    at_the_end, last = screen.look(picture), lesson.step(status)
    app.get_by_role("button", name="Stop").click()  # back to the first moment
    page.wait_for_timeout(800)
    assert lesson.step(status) == 0 < last
    assert screen.changed(at_the_end, screen.look(picture)) > 0.05
    app.get_by_role("button", name="Play").click()
    page.wait_for_timeout(1500)
    app.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(500)
    assert lesson.step(status) > 0
    assert lesson.errors() == []
