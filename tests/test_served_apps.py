"""The pages of `make apps`: one for every app of every lesson, and nothing that asks another host."""

import html
import re
import sys

import nbformat
import pytest

from course_utils import apps


@pytest.fixture(scope="module")
def served_apps(root):
    sys.path.insert(0, str(root / "tools"))
    import served_apps

    yield served_apps
    sys.path.remove(str(root / "tools"))


def test_every_app_of_every_lesson_has_a_page_and_stands_in_the_index(served_apps, root, tmp_path):
    made = served_apps.write(tmp_path, sorted((root / "notebooks").glob("*.ipynb")))
    assert {page.app for page in made} >= set(apps.SHOWN)
    index = (tmp_path / "share/voila/templates/course/tree-lab.html").read_text()
    assert re.findall(r"voila/render/(\w+)\.ipynb", index) == [page.name for page in made]
    for page in made:
        text, code = nbformat.read(tmp_path / "pages" / f"{page.name}.ipynb", as_version=4).cells
        assert page.app in served_apps.SAYS, page.app
        assert page.says in text.source
        assert len(re.findall(r"[.?!](?: |$)", page.says)) == 2, page.says
        assert all(sentence.strip(".") in html.unescape(index) for sentence in page.says.split(". "))
        assert f"apps.{page.app}(" in code.source
        compile(code.source, page.name, "exec")


def test_pages_for_a_projector_open_larger_apps(served_apps, root, tmp_path):
    served_apps.write(tmp_path, [root / "notebooks/01_jsd_and_kl.ipynb"], scale=1.4)
    (page,) = (tmp_path / "pages").iterdir()
    assert "present(scale=1.4, recorded=False)" in nbformat.read(page, as_version=4).cells[1].source


def test_the_template_asks_no_other_host(root):
    for path in (root / "tools/voila").iterdir():
        assert "//" not in path.read_text().replace("*//", ""), path
