"""Lesson 6 in a real JupyterLab: a critic trains live and obeys while it does; recorded runs are compared.
The kernel must stay responsive all the while."""


def test_live_critic_and_recorded_runs(open_notebook, screen, tmp_path):
    lesson = open_notebook("06_wgan_mnist.ipynb")
    app, picture, status = lesson.run_to_app("gan_app(images", tmp_path / "lesson_6.png")

    def press(name):
        app.get_by_role("button", name=name).click()

    press("Reset")
    lesson.wait_for_text(status, "Not trained yet")
    lesson.wait_for_rest(status)
    noise = screen.look(picture)
    press("Play")
    lesson.wait_for_text(status, r"Critic's estimate: .* Its mean slope:")
    lesson.wait_for_picture(picture, lambda shown: screen.changed(noise, shown) > 0.05)  # it learns
    press("Pause")
    lesson.wait_for_rest(status)  # Pause means pause
    paused_at = lesson.step(status)

    press("Play")
    lesson.wait_for_step(status, paused_at)
    app.get_by_label("recipe").select_option("wgan-clip")  # another run, which goes on at once
    # clipping does not look at slopes
    lesson.wait_for_text(status, r"^(?![^]*mean slope)[^]*Critic's estimate")
    press("Pause")
    lesson.wait_for_rest(status)
    press("Reset")
    lesson.wait_for_text(status, "Not trained yet")

    app, picture, status = lesson.run_to_app("replay_app([")
    app.get_by_label("run", exact=True).select_option("wgan-gp")
    lesson.wait_for_text(status, "wgan-gp")
    lesson.wait_for_rest(status)
    alone = screen.look(picture)
    app.get_by_label("with", exact=True).select_option("dcgan")
    lesson.wait_for_text(status, "Their recipes differ in:")
    lesson.wait_for_picture(picture, lambda shown: screen.changed(alone, shown) > 0.02)
    assert lesson.errors() == []
