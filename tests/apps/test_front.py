"""``from course_utils import apps`` is all that a lesson needs."""

import ast

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
