"""Lessons 5a and 5b in a real JupyterLab: training starts, pauses, obeys while it runs, is measured; recorded runs are
replayed. The kernel must stay responsive all the while."""


def test_live_training_and_a_recorded_one(open_notebook, screen, tmp_path):
    lesson = open_notebook("05_gan_mnist.ipynb")
    app, picture, status = lesson.run_to_app("gan_app()", tmp_path / "lesson_5.png")

    def press(name):
        app.get_by_role("button", name=name).click()

    press("Reset")
    lesson.wait_for_text(status, "Not trained yet")
    lesson.wait_for_rest(status)
    noise = screen.look(picture)
    press("Play")
    lesson.wait_for_text(status, r"D\(x\) =")
    lesson.wait_for_picture(picture, lambda shown: screen.changed(noise, shown) > 0.1)  # it learns
    press("Pause")
    lesson.wait_for_rest(status)  # Pause means pause
    paused_at = lesson.step(status)

    press("Measure")
    lesson.wait_for_text(status, f"Fréchet distance at step {paused_at:,}:")
    lesson.wait_for_rest(status)
    assert lesson.step(status) == paused_at  # and who rests, rests afterwards too

    press("Play")
    lesson.wait_for_step(status, paused_at)
    app.get_by_label("G's loss").select_option("minimax")  # acts on the run that goes on
    lesson.wait_for_step(status, lesson.step(status))
    app.get_by_label("recipe").select_option("wgan-gp")  # another run, which goes on at once
    lesson.wait_for_text(status, "Critic's estimate")
    press("Pause")
    lesson.wait_for_rest(status)
    press("Reset")
    lesson.wait_for_text(status, "Not trained yet")

    app, picture, status = lesson.run_to_app("replay_app([")
    at_the_end, last = screen.look(picture), lesson.step(status)
    press("Stop")  # back to the first moment
    lesson.wait_for_text(status, r"[Ss]tep 0\b")
    assert last > 0
    lesson.wait_for_picture(picture, lambda shown: screen.changed(at_the_end, shown) > 0.05)
    press("Play")
    lesson.wait_for_step(status, 0)
    press("Pause")
    lesson.wait_for_rest(status)
    assert lesson.errors() == []


def test_the_recorded_collapse_beside_its_control(open_notebook, screen, tmp_path):
    lesson = open_notebook("05b_judging_gans.ipynb")
    app, picture, status = lesson.run_to_app("replay_app([", tmp_path / "lesson_5b.png")
    lesson.wait_for_text(status, "collapse")
    alone = screen.look(picture)
    app.get_by_label("with", exact=True).select_option("mlp")
    lesson.wait_for_text(status, r"differ in: .*generator steps 10 \| 1")
    lesson.wait_for_picture(picture, lambda shown: screen.changed(alone, shown) > 0.05)
    compared = screen.look(picture)
    app.get_by_label("show", exact=True).select_option("class entropy")
    lesson.wait_for_picture(picture, lambda shown: screen.changed(compared, shown) > 0.005)
    app.get_by_role("button", name="Stop").click()
    lesson.wait_for_text(status, "Measured at step 0:")
    assert lesson.errors() == []
