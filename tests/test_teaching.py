"""docs/teaching.md speaks of what there is: its links, lessons, sections, slides, tasks and named states."""

import re
from importlib import import_module

import nbformat
import pytest

from course_utils import apps, exercises


@pytest.fixture(scope="module")
def text(root):
    return (root / "docs/teaching.md").read_text()


@pytest.fixture(scope="module")
def lessons(text, root):
    """The page's section of each lesson, with the notebook's text."""
    found = {}
    for part in re.split(r"^## ", text, flags=re.M):
        link = re.search(r"^\[Notebook\]\(\.\./(notebooks/[^)]+)\)", part, re.M)
        if link:
            cells = nbformat.read(root / link[1], as_version=4).cells
            found[link[1]] = part, "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return found


def test_every_lesson_has_its_section(lessons, root):
    assert sorted(lessons) == sorted(f"notebooks/{path.name}" for path in root.glob("notebooks/*.ipynb"))


def test_links_lead_somewhere(text, root):
    links = re.findall(r"\]\(([^)#]+)(?:#([^)]+))?\)", text)
    assert len(links) > 20
    for path, anchor in links:
        target = (root / "docs" / path).resolve()
        assert target.exists(), path
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(), re.M)
            slugs = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
            assert anchor in slugs


def test_sections_and_slides_are_those_of_the_notebook(lessons):
    for name, (part, notebook) in lessons.items():
        headings = re.findall(r"^#+ (.+)$", notebook, re.M)
        plan = "\n".join(re.findall(r"^\|.*\|$", part, re.M))
        for section in re.findall(r"\*([^*]+)\*", plan):
            assert section in headings, (name, section)
        for title in re.findall(r'"([^"]+)"', " ".join(re.findall(r"\*\*Slides:\*\*.*", part))):
            assert title.lower() in notebook.lower(), (name, title)


def test_tasks_exist(text):
    tasks = re.findall(r"`(\d+\.\d+)`", text)
    assert len(tasks) > 30
    assert [task for task in tasks if task not in exercises.TASKS] == []


def test_named_states_exist(text):
    lines = re.findall(r"^\*\*Click\*\* \(`(\w+)`\): (.+)$", text, re.M)
    assert {app for app, _ in lines} == set(apps.SHOWN)
    for app, line in lines:
        there = {each.name for each in import_module(f"course_utils.apps.states.{apps.APPS[app]}").STATES}
        said = re.findall("“([^”]+)”", line)
        assert said, app
        assert set(said) <= there, (app, set(said) - there)
