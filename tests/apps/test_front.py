"""``from course_utils import apps`` is all that a lesson needs."""

import ast
import subprocess
import sys

from course_utils import apps


def test_every_app_is_at_the_front(root):
    """Each function that opens an app, wherever it is defined."""
    folder = root / "course_utils" / "apps"
    defined = {
        node.name
        for path in folder.rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.endswith("_app")
    }
    assert defined == {name for name in dir(apps) if name.endswith("_app")}
    for name in defined:
        assert callable(getattr(apps, name))


def test_a_name_that_is_no_app_is_an_ordinary_error():
    assert not hasattr(apps, "cooking_app")


def test_an_app_comes_in_only_when_it_is_asked_for():
    code = (
        "import sys; from course_utils import apps; print({'ipywidgets', 'matplotlib', 'torch'} & set(sys.modules)); "
        "apps.jsd_app(); print({'torch', 'ot'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["set()", "set()"]
