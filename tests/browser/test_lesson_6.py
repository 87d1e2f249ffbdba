"""Lesson 6 in a real JupyterLab: a critic trains live and obeys while it does; recorded runs are compared.
The kernel must stay responsive all the while."""


def test_live_critic_and_recorded_runs(open_notebook, screen, tmp_path):
    lesson = open_notebook("06_wgan_mnist.ipynb")
    page = lesson.page
    app, picture, status = lesson.run_to_app("gan_app(images", 420, tmp_path / "lesson_6.png")
    noise = screen.look(picture)

    app.get_by_role("button", name="Play").click()
    lesson.wait_for_text(status, r"Critic's estimate: .* Its mean slope:")
    page.wait_for_timeout(4000)
    app.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(600)
    learnt, paused_at = screen.look(picture), lesson.step(status)
    assert paused_at > 5  # convolutions on two cores
    assert screen.changed(noise, learnt) > 0.05
    page.wait_for_timeout(800)
    assert lesson.step(status) == paused_at  # Pause means pause

    app.get_by_role("button", name="Play").click()
    app.get_by_label("recipe").select_option("wgan-clip")  # another run, which goes on at once
    lesson.wait_for_text(
        status, r"^(?![^]*mean slope)[^]*Critic's estimate"
    )  # clipping does not look at slopes
    app.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(600)
    app.get_by_role("button", name="Reset").click()
    lesson.wait_for_text(status, "Not trained yet")

    app = lesson.app("replay_app([")
    picture, status = app.locator("img"), app.locator(".course-app-status")
    app.get_by_label("run", exact=True).select_option("wgan-gp")
    lesson.wait_for_text(status, "wgan-gp")
    alone = screen.look(picture)
    app.get_by_label("with", exact=True).select_option("dcgan")
    lesson.wait_for_text(status, "Their recipes differ in:")
    page.wait_for_timeout(500)
    assert screen.changed(alone, screen.look(picture)) > 0.02
    assert lesson.errors() == []
