"""A notebook that was saved and closed shows its apps' pictures when it is opened again, and how to wake them up."""

from nbconvert import HTMLExporter

CELL = "from course_utils import apps\n\napps.jsd_app()"
WAKE = "run this cell (Shift + Enter) to play with it"


def test_the_still_picture_hides_behind_the_live_view_and_is_there_after_reopening(
    open_for_all, write_notebook, notebook_7, tmp_path
):
    file = write_notebook("reopened.ipynb", CELL)
    notebook = open_for_all("reopened.ipynb")
    notebook.run_all(seconds=120)
    assert notebook.errors() == []
    page = notebook.page
    app = notebook.app("jsd_app")
    still = page.locator("img.course-still")
    assert still.count() == 1
    assert not still.is_visible()
    assert app.is_visible()

    # a new kernel: the old view's controls would do nothing
    page.evaluate("async () => jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    still.wait_for(state="visible")
    assert not app.is_visible()
    notebook.run_all(seconds=120)
    notebook.app("jsd_app")
    assert not still.is_visible()

    # saved and closed, and the kernel shut down: nothing lives any more
    page.evaluate(
        """async () => {
            const { context, sessionContext } = jupyterapp.shell.currentWidget;
            await context.save();
            await sessionContext.shutdown();
        }"""
    )

    def stands_in(page, name):
        still = page.locator("img.course-still")
        still.wait_for(state="visible")
        page.screenshot(path=tmp_path / f"{name}.png")
        assert still.evaluate("picture => picture.complete && picture.naturalWidth > 500")
        assert WAKE in still.get_attribute("alt")  # as in the picture itself
        assert page.get_by_text("Error displaying widget").filter(visible=True).count() == 0

    page.reload()
    stands_in(page, "reopened")

    # so it does in Notebook 7, in a window of its own: its page (7.6) throws an error at its own settings
    other = page.context.new_page()
    other.goto(notebook_7.format(path=file.name))
    stands_in(other, "notebook_7")
    other.close()

    # and on a page made of it
    converted, _ = HTMLExporter().from_filename(str(file))
    other = page.context.new_page()
    other.route("**/*", lambda route: route.abort())  # what it would fetch for formulas and for widgets
    other.set_content(converted, wait_until="domcontentloaded")
    stands_in(other, "converted")
    other.close()

    # and it wakes up
    page.wait_for_function(
        "() => jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'",
        timeout=120_000,
    )
    notebook.run_all(seconds=120)
    notebook.app("jsd_app")
    assert not still.is_visible()


def test_opening_a_lesson_does_not_change_it(open_notebook, home):
    """Not as the lab's tab sees it ("Save your work?"), and not on the disk, after the lab has saved it."""
    file = home / "notebooks" / "01_jsd_and_kl.ipynb"
    before = file.read_bytes()
    page = open_notebook(file.name).page
    page.wait_for_function("() => jupyterapp.shell.currentWidget.model.getMetadata('language_info').version")
    page.wait_for_timeout(2000)  # whatever comes late
    assert not page.evaluate("() => jupyterapp.shell.currentWidget.context.model.dirty")
    page.evaluate("async () => jupyterapp.shell.currentWidget.context.save()")
    assert file.read_bytes() == before
