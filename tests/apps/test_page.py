"""A notebook before a class: what apps it opens, and which code is folded. (How it looks: tests/browser.)"""

import nbformat
import pytest
from IPython.utils.capture import capture_output

from course_utils import apps
from course_utils.apps.frame.page import tagged


@pytest.fixture
def quiet():
    with capture_output():
        yield
        apps.present(False)


def test_apps_have_the_scale_of_the_class_unless_they_say_another(quiet):
    assert apps.couplings_app().scale == 1.0
    apps.present()
    assert apps.couplings_app().scale == 1.4
    assert apps.couplings_app(scale=2).scale == 2
    apps.present(scale=1.7)
    assert apps.couplings_app().scale == 1.7
    apps.present(False)
    assert apps.couplings_app().scale == 1.0


def test_a_scale_that_no_app_can_have_changes_nothing(quiet):
    apps.present(scale=1.5)
    with pytest.raises(ValueError, match="scale"):
        apps.present(scale=9)
    assert apps.couplings_app().scale == 1.5


def test_the_code_of_tagged_cells_is_folded(tmp_path):
    v4 = nbformat.v4
    cells = [v4.new_code_cell("a = 1\nb = 2", metadata={"tags": ["x", "hide-input"]}), v4.new_code_cell("c = 3"),
             v4.new_markdown_cell("text", metadata={"tags": ["hide-input"]})]  # fmt: skip
    nbformat.write(v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
    assert tagged(tmp_path / "a.ipynb") == ["a = 1\nb = 2"]


@pytest.mark.parametrize("content", [None, "", "{}", "<<<<<<< HEAD"])
def test_what_is_no_notebook_has_nothing_to_fold(tmp_path, content):
    if content is not None:
        (tmp_path / "a.ipynb").write_text(content)
    assert tagged(tmp_path / "a.ipynb") == []
    assert tagged("") == []
