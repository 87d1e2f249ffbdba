"""What the tests of the apps share."""

import asyncio

import pytest
from matplotlib.figure import Figure

from course_utils.apps.frame import Slider, canvas
from course_utils.plots import palette


@pytest.fixture
def packed():
    """For a test that opens the app's picture as a browser does."""


@pytest.fixture(autouse=True)
def as_drawn(request, monkeypatch):
    """Everything is drawn as ever, but only what asks for ``packed`` makes a PNG of the pixels, which takes a quarter
    of a drawing's time."""
    if "packed" not in request.fixturenames:
        monkeypatch.setattr(canvas, "to_png", lambda pixels: pixels[..., :3].tobytes())


@pytest.fixture(scope="session")
def until():
    """Let the event loop run until a condition holds. A busy machine may take its time; only a hang fails."""

    async def wait(condition):
        async with asyncio.timeout(120):
            while not condition():
                await asyncio.sleep(0.002)

    return wait


class Sketch:
    """An app without widgets and pixels: what it shows is worked out when somebody asks."""

    def __init__(self, controller):
        self.controller, self.set, self.press = controller, controller.set, controller.press
        self._figure = Figure(controller.size)

    @property
    def figure(self):
        with palette.context():
            self.controller.draw(self._figure)
        return self._figure

    @property
    def status(self):
        return self.controller.status()


@pytest.fixture(scope="session")
def sketch():
    """sketch(controller): for tests of what is told and drawn, which need neither its widgets nor its pixels."""
    return Sketch


@pytest.fixture(scope="session")
def line():
    """line(figure, label): the line of that label, wherever it is drawn."""

    def line(figure, label):
        (found,) = (line for ax in figure.axes for line in ax.get_lines() if line.get_label() == label)
        return found

    return line


@pytest.fixture(scope="session")
def axes():
    """axes(figure, label): those whose vertical axis is called so."""

    def axes(figure, label):
        (found,) = (ax for ax in figure.axes if ax.get_ylabel() == label)
        return found

    return axes


@pytest.fixture(scope="session")
def sweep():
    """sweep(app): moves every control over its extremes and its middle, tries every option, presses every button, and
    takes all sliders to both ends at once, through the widgets, so that their callbacks are what is tested. It ends
    where it began, and returns how many states were drawn. A callback that fails at a value nobody visited fails here.
    """

    def sweep(app):
        controls, start, drawn = app.controller.value_controls(), dict(app.controller.values), 0

        def visit(**values):
            nonlocal drawn
            for name, value in values.items():
                app.widgets[name].value = value
                drawn += 1

        for control in controls:
            for value in (*control.samples(), start[control.name]):
                visit(**{control.name: value})
        for end in (0, -1):
            visit(**{c.name: c.samples()[end] for c in controls if isinstance(c, Slider)})
            for button in app.controller.buttons():
                app.widgets[button.name].click()
                drawn += 1
        app.set(**start)
        return drawn

    return sweep
