"""Without any widget library: every controller imports, draws into a plain figure, obeys, and says what it shows."""

import re
import subprocess
import sys
from pathlib import Path

from course_utils import apps

FOLDER = Path(apps.__file__).parent
WITH_WIDGETS = {
    f"frame/{name}.py"
    for name in ("app", "live", "view", "rows", "clicks", "manners", "page", "presence", "uploads")
}
MODULES = sorted({str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.py")} - WITH_WIDGETS)

CODE = """
import importlib, inspect, sys

for name in ("ipywidgets", "anywidget", "traitlets", "IPython"):
    sys.modules[name] = None  # to import it is an error now

from matplotlib.figure import Figure

from course_utils.apps.frame import Controller

def arguments(name):
    if name in ("TrainingController", "VAEController"):
        from course_utils.datasets import load_digits_stand_in
        return [load_digits_stand_in()]
    if name == "ReplayController":
        from course_utils.recording import load_recording, recordings
        return [[load_recording(name) for name in recordings()[:2]]]
    if name == "GuessController":
        from types import SimpleNamespace
        asked = SimpleNamespace(text="?", guess=None, note=print)  # the true one would note it for whoever tests
        return [asked, [0, 1, 2], [0.0, 0.5, 0.2]]
    if name == "StyleController":
        from course_utils.style import load_features
        return ["china", "mosaic", load_features("random", taps=["scale1", "scale2"]), "."]
    return []

def drive(controller):
    names = {getattr(control, "name", "") for control in controller.controls + controller.below}
    assert controller.main and set(controller.main) <= names, "what matters before a class"
    figure = Figure(controller.size)
    start = dict(controller.values)

    def look():
        controller.draw(figure)
        assert isinstance(controller.status(), str)

    look()
    assert figure.axes
    for control in controller.value_controls():
        values = control.samples()  # one other value of each: an app sweeps in a test of its own
        controller.set(**{control.name: values[-1 if values[0] == start[control.name] else 0]})
        look()
        controller.set(**{control.name: start[control.name]})
    for button in controller.buttons():
        try:
            controller.press(button.name)
        except RuntimeError as error:  # nothing can play here, and it says so
            assert "no event loop is running" in str(error), button
            print("plays:", button.name)
        look()
    another = Figure(controller.size)
    controller.draw(another)
    assert len(another.axes) == len(figure.axes)
    figure.savefig("picture.png")

for name in sys.argv[1:]:
    module = importlib.import_module(name)
    for name, kind in inspect.getmembers(module, inspect.isclass):
        if issubclass(kind, Controller) and kind.__module__ == module.__name__ and "frame" not in module.__name__:
            print("drives:", name, flush=True)
            drive(kind(*arguments(name)))
"""


def test_they_work_without_widgets(tmp_path):
    modules = [".".join(["course_utils.apps", *Path(name).with_suffix("").parts]) for name in MODULES]
    done = subprocess.run(
        [sys.executable, "-c", CODE, *(module.removesuffix(".__init__") for module in modules)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = [line.split() for line in done.stdout.splitlines()]
    controllers = [
        name
        for module in MODULES
        for name in re.findall(
            r"^class (\w+)\((?:Live)?Controller\):", (FOLDER / module).read_text(), re.MULTILINE
        )
        if "frame" not in module
    ]
    assert sorted(words[1] for words in told if words[0] == "drives:") == sorted(controllers)
    assert {words[1] for words in told if words[0] == "plays:"} <= {"play", "measure"}
