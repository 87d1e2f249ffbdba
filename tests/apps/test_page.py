"""A notebook before a class: what apps it opens, which code is folded, who stands in. (How it looks: tests/browser.)"""

import base64
import io
import json
import queue
import re
import subprocess
import sys
import threading

import nbformat
import pytest
from IPython.utils.capture import capture_output
from PIL import Image

from course_utils import apps
from course_utils.apps.frame import Controller, stage
from course_utils.apps.frame.page import tagged
from course_utils.apps.frame.stage import StandIns


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


class Place:
    """Somewhere in a notebook."""

    def __init__(self):
        self.shown = queue.Queue()

    def update(self, bundle, raw):
        assert raw
        self.shown.put(bundle)


def test_another_process_records_an_app_and_its_player_goes_where_the_app_stands():
    kind, told = type(apps.controller("couplings_app")), queue.Queue()
    hired = StandIns({"couplings_app": "couplings", "no_app": "none"}, 1.4, told.put)
    early, late, another = Place(), Place(), Place()
    hired.insure(kind, {"text/plain": "a still"}, early)
    hired.insure(Controller, {}, another)  # one of somebody's own
    bundle = early.shown.get(timeout=120)
    assert bundle["text/plain"] == "a still"
    hired.insure(kind, {}, late)
    assert late.shown.get(timeout=10)["text/html"] == bundle["text/html"]
    assert another.shown.empty()
    (data,) = re.findall(r'<script type="application/json">([^<]*)</script>', bundle["text/html"])
    states = json.loads(data)["states"]
    assert [state["sees"] for state in states] == [
        state.sees for state in apps.controller("couplings_app").states
    ]
    pictures = {state["frame"][0] for state in states}
    assert len(pictures) == len(states)
    for address in pictures:
        content = base64.b64decode(address.removeprefix("data:image/webp;base64,"))
        assert Image.open(io.BytesIO(content)).width == 1200
    hired.ask(["couplings_app", "no_app", "somebody_else"])
    lines = [told.get(timeout=120)]
    while "no_app has none" not in lines[-1]:
        lines.append(told.get(timeout=120))
    assert "Being recorded: couplings_app" in lines[0]
    assert "through them): couplings_app." in lines[-1]
    assert "Being recorded" not in lines[-1]
    hired.dismiss()


def test_whoever_is_dismissed_leaves_no_process_not_even_one_that_is_just_being_started(monkeypatch):
    may, begun = threading.Event(), queue.Queue()

    class Slow(subprocess.Popen):
        def __init__(self, *arguments, **options):
            may.wait(60)
            super().__init__(*arguments, **options)
            begun.put(self)

    monkeypatch.setattr(subprocess, "Popen", Slow)
    hired = StandIns({"couplings_app": "couplings"}, 1.0, lambda words: None)
    hired.ask(["couplings_app"])
    hired.dismiss()
    may.set()
    assert begun.get(timeout=60).wait(timeout=60) not in (0, 1)  # killed: neither done nor left alone


def test_who_records_ends_when_nobody_is_left_to_hear_it():
    """The system closes its input when the kernel dies."""
    command = [sys.executable, "-c", stage.PROCESS, "1", "couplings_app"]
    done = subprocess.run(command, input="", capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
