import base64
import io
import threading
import time
from types import SimpleNamespace

import ipywidgets
import numpy as np
import pytest
from PIL import Image

from course_utils.apps.frame import App, Button, Choice, Controller, Handle, Slider, Toggle
from course_utils.apps.frame.manners import Manners

pytestmark = pytest.mark.usefixtures("packed")


class Dial(Controller):
    """A bar as high as the slider; fails on purpose at one forbidden place."""

    title = "dial"
    size = (4.0, 3.0)
    controls = (
        Slider("height", "height", 0.0, 1.0, 0.5, 0.1),
        Choice("colour", "colour", ("#0072B2", "#D55E00"), "#0072B2"),
        Toggle("label", "label"),
        Button("reset", "reset"),
    )

    def __init__(self, forbidden=None):
        super().__init__()
        self.forbidden = forbidden
        self.figures = set()
        self.seen = []

    def reset(self):
        self.values["height"] = 0.5

    def draw(self, figure):
        if self.values["height"] == self.forbidden:
            raise ZeroDivisionError("the <height> is forbidden")
        self.figures.add(id(figure))
        self.seen.append((self.values["height"], self.values["colour"], self.values["label"]))
        figure.clear()
        ax = figure.add_axes([0.1, 0.1, 0.8, 0.8])
        ax.bar([0], [self.values["height"]], color=self.values["colour"])
        ax.set_ylim(0, 1)
        ax.set_title("label" if self.values["label"] else "")

    def status(self):
        return f"height {self.values['height']:.1f}"


def pixels(app) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(app.picture.value)).convert("RGB"))


def ink(app) -> int:
    """How many pixels have the bar's colour."""
    return int((pixels(app) == (0x00, 0x72, 0xB2)).all(axis=2).sum())


def test_the_picture_has_the_promised_size_and_follows_the_slider():
    app = App(Dial())
    assert pixels(app).shape == (300, 400, 3)
    half = ink(app)
    app.widgets["height"].value = 1.0
    assert ink(app) == pytest.approx(2 * half, rel=0.05)
    assert "height 1.0" in app.status.value


def test_one_figure_is_reused_for_ever(sweep):
    app = App(Dial())
    assert sweep(app) > 10
    assert app.controller.figures == {id(app.figure)}


def test_scale_enlarges_what_is_drawn_but_not_the_picture():
    plain, large = App(Dial()), App(Dial(), scale=1.5)
    assert pixels(large).shape == pixels(plain).shape
    assert large.figure.dpi == 1.5 * plain.figure.dpi
    for app in (plain, large):
        app.set(height=0.0, label=True)
    dark = [int((pixels(app)[:30] < 100).all(axis=2).sum()) for app in (plain, large)]  # the title's ink
    assert dark[1] > 1.5 * dark[0]


@pytest.mark.parametrize("scale", [0.1, 10])
def test_absurd_scale(scale):
    with pytest.raises(ValueError, match=r"scale is .*; it must be in \[0.5, 3\]"):
        App(Dial(), scale=scale)


def test_an_error_in_a_callback_is_shown_and_raised():
    app = App(Dial(forbidden=1.0))
    before = app.picture.value
    with pytest.raises(ZeroDivisionError):
        app.widgets["height"].value = 1.0
    assert "ZeroDivisionError" in app.status.value
    assert "the &lt;height&gt; is forbidden" in app.status.value  # escaped, not swallowed as a tag
    assert app.picture.value == before
    app.widgets["height"].value = 0.2  # the app lives on
    assert "height 0.2" in app.status.value


class Fragile(Dial):
    """Fails half way: after its values have changed, or with only the first part of its picture drawn."""

    fails = ""

    def __init__(self):
        super().__init__()
        self.double = 1.0

    def changed(self, values):
        self.values["label"] = not self.values["label"]
        if self.fails == "before":
            raise ArithmeticError("before the double")
        self.double = 2 * self.values["height"]

    def make_panels(self, figure):
        figure.clear()
        ax = figure.add_axes([0.1, 0.1, 0.8, 0.8])
        ax.set_ylim(0, 2)
        return SimpleNamespace(moving=(), one=ax.bar([0], [0])[0], two=ax.bar([1], [0], color="r")[0])

    draw = Controller.draw

    def update(self):
        self.panels.one.set_height(self.values["height"])
        if self.fails == "between" and self.values["height"] == 1.0:
            raise ArithmeticError("between the bars")
        self.panels.two.set_height(self.double)

    def status(self):
        return f"double {self.double}"


@pytest.mark.parametrize("fails", ["before", "between"])
@pytest.mark.parametrize("way", ["widget", "set", "button"])
def test_after_an_error_picture_controls_and_numbers_agree_again(fails, way):
    app = App(Fragile())
    app.set(height=0.2)
    picture, values = pixels(app), dict(app.controller.values)
    shown = {name: app.widgets[name].value for name in values}
    app.controller.fails = fails
    app.controller.reset = lambda: app.controller.set(height=1.0)
    raise_it = {
        "widget": lambda: setattr(app.widgets["height"], "value", 1.0),
        "set": lambda: app.set(height=1.0),
        "button": lambda: app.press("reset"),
    }
    with pytest.raises(ArithmeticError):
        raise_it[way]()
    assert "ArithmeticError" in app.status.value
    assert "double 0.4" in app.status.value
    assert np.array_equal(pixels(app), picture)
    assert app.controller.values == values
    assert {name: app.widgets[name].value for name in values} == shown
    app.controller.fails = ""
    app.widgets["height"].value = 1.0
    assert app.status.value == "double 2.0"


def test_an_error_behind_a_button_is_shown_and_raised():
    app = App(Dial())
    app.controller.forbidden = 0.5
    with pytest.raises(ZeroDivisionError):
        app.widgets["reset"].click()
    assert "forbidden" in app.status.value


def test_a_button_that_moves_a_slider_moves_its_widget_without_drawing_twice():
    app = App(Dial())
    app.widgets["height"].value = 0.9
    count = len(app.controller.seen)
    app.widgets["reset"].click()
    assert app.widgets["height"].value == 0.5
    assert len(app.controller.seen) == count + 1


def test_two_callbacks_never_draw_at_once():
    class Slow(Dial):
        inside = 0
        most = 0

        def draw(self, figure):
            type(self).inside += 1
            type(self).most = max(self.most, self.inside)
            time.sleep(0.01)
            super().draw(figure)
            type(self).inside -= 1

    app = App(Slow())
    errors = []

    def move(offset):
        try:
            for i in range(5):
                app.widgets["height"].value = round(0.1 * ((i + offset) % 10), 1)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=move, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert Slow.most == 1
    assert app.controller.values["height"] == app.widgets["height"].value


def test_it_shows_a_still_picture_for_readers_without_a_kernel_and_then_itself(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda what, **how: shown.append(what))
    app = App(Dial())
    app._ipython_display_()
    still, view = shown
    assert view is app.view
    stored = np.asarray(Image.open(io.BytesIO(base64.b64decode(still["image/png"]))))
    assert np.array_equal(stored[:300], pixels(app))
    strip = stored[300:]  # with the words that say how to wake it
    assert strip.shape[0] >= 20
    assert (strip < 100).all(axis=2).any()
    assert still["image/png"] in still["text/html"]
    assert "run this cell" in still["text/html"]
    assert still["text/plain"] == "dial (run this cell to play with it)"


def test_nothing_says_null_under_the_mouse():
    """JupyterLab writes a missing tooltip of words as "null"."""

    def words(widget):
        own = [widget] if isinstance(widget, ipywidgets.HTML) else []
        return own + [found for child in getattr(widget, "children", ()) for found in words(child)]

    for scale in (1.0, 1.4):
        found = [widget for widget in words(App(Dial(), scale=scale).view) if widget.layout.display != "none"]
        assert found
        assert all(isinstance(widget.tooltip, str) for widget in found)


def test_a_closed_app_says_so(capsys):
    app = App(Dial())
    app.close()
    app.close()  # twice is once
    assert app.closed
    app._ipython_display_()
    assert "run its cell again" in capsys.readouterr().out
    with pytest.raises(AttributeError, match="this app is closed: run its cell again"):
        app.set(height=1.0)
    with pytest.raises(AttributeError, match="App has no attribute 'hight'"):
        app.hight()


def test_running_a_cell_again_closes_the_apps_of_its_last_run(monkeypatch):
    """Seen from the kernel: requests with the cell's name and a number of their own."""
    request = {}
    shell = SimpleNamespace(kernel=SimpleNamespace(get_parent=lambda channel: request))
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)

    def run(cell, number, apps=1):
        request.update(metadata={"cellId": cell}, header={"msg_id": number})
        return [App(Dial()) for _ in range(apps)]

    (one, two), (other,) = run("a", "1", 2), run("b", "2")
    assert not any(app.closed for app in (one, two, other))
    (again,) = run("a", "3")
    assert [app.closed for app in (one, two, other, again)] == [True, True, False, False]


def test_every_control_is_labelled_and_can_hold_the_keyboard_focus():
    app = App(Dial())
    for name, widget in app.widgets.items():
        assert widget.description, name
        assert isinstance(
            widget, (ipywidgets.FloatSlider, ipywidgets.Dropdown, ipywidgets.Checkbox, ipywidgets.Button)
        )


class Mover(Dial):
    """The same bar, but only the bar is drawn again."""

    def draw(self, figure):
        if not self.moving:
            ax = figure.add_axes([0.1, 0.1, 0.8, 0.8])
            ax.set_title("still")
            self.moving = ax.bar([0], [0])
        bar = self.moving[0]
        bar.set(height=self.values["height"], color=self.values["colour"])
        bar.axes.set_ylim(0, 2 if self.values["label"] else 1)


def test_drawing_only_what_moves_gives_the_same_pixels_as_drawing_all():
    app = App(Mover())
    for values in (
        {"height": 1.0},
        {"height": 0.2},
        {"label": True},
        {"height": 0.7, "colour": "#D55E00"},
        {"label": False},
    ):
        app.set(**values)
        fresh = Mover()
        fresh.set(**app.controller.values)
        assert np.array_equal(pixels(app), pixels(App(fresh))), values


class Dragged(Dial):
    """The bar's end, a level line, can be dragged, on a logarithmic axis; and a place anywhere beside the bar."""

    def __init__(self):
        super().__init__()
        self.told = []

    def draw(self, figure):
        super().draw(figure)
        self.ax = figure.axes[0]
        self.ax.set(yscale="log", ylim=(0.01, 1), xlim=(-2, 3))

    def handles(self):
        end = {} if self.values["label"] else {"end": Handle(self.ax, y=max(self.values["height"], 0.1))}
        return {"anywhere": Handle(self.ax), **end}

    def drag(self, name, x, y, phase):
        self.told.append((name, phase))
        if name == "end":
            self.slide(height=y)
        self.at = x, y

    def disabled(self):
        return {"colour": "the bar has no height"} if self.values["height"] == 0 else {}


def test_a_drag_comes_in_the_units_of_the_axes_and_draws_once():
    app = App(Dragged())
    controller = app.controller
    ((_, *everywhere), (name, *end)) = app.picture.handles
    # the axes take 10 % to 90 % of the picture; half way down a logarithmic axis from 1 to 0.01 is 0.1
    assert everywhere == pytest.approx([0.1, 0.1, 0.9, 0.9], abs=1e-3)
    height = 0.1 + 0.8 * (-np.log10(0.5) / 2)
    assert (name, end) == ("end", pytest.approx([0.1, height, 0.9, height], abs=1e-3))
    drawn = len(controller.seen)
    app.picture.hear([("down", "end", 0.5, height), ("move", "end", 0.5, 0.3), ("up", "end", 0.3, 0.5)])
    assert controller.told == [("end", "down"), ("end", "move"), ("end", "up")]
    assert controller.at == pytest.approx((-0.75, 0.1))
    assert app.widgets["height"].value == 0.1
    assert len(controller.seen) == drawn + 1
    assert app.picture.handles[1][2] == pytest.approx(0.5, abs=1e-3)

    app.drag("end", (0, 0.1), (0, 0.77))
    assert controller.values["height"] == 0.8  # the nearest step
    app.drag("end", (0, 0.8), (7, 20))  # out of the picture
    assert controller.values["height"] == 1.0
    app.set(label=True)
    app.picture.hear([("up", "end", 0.5, 0.5)])  # of a handle that has gone
    assert controller.values["height"] == 1.0


def test_a_control_without_effect_is_disabled_and_says_why():
    app = App(Dragged())
    colour = app.widgets["colour"]
    assert not colour.disabled
    app.set(height=0.0)
    assert (colour.disabled, colour.tooltip) == (True, "the bar has no height")
    app.set(height=0.2)
    assert (colour.disabled, colour.tooltip) == (False, "")


def test_a_slider_of_indices_shows_what_they_mean():
    class Meant(Dial):
        def readouts(self):
            return {"height": "high"} if self.values["height"] > 0.5 else {}

    app = App(Meant())
    (manners,) = (child for child in app.view.children if isinstance(child, Manners))
    assert manners.readouts == {"height": "", "colour": "", "label": ""}
    app.set(height=0.9)
    assert manners.readouts["height"] == "high"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("a −0.0000, b -0 nats", "a 0.0000, b 0 nats"),
        ("−0.0001 and 1e-0 and x-0.00 and 3−0", "−0.0001 and 1e-0 and x-0.00 and 3−0"),
    ],
)
def test_no_status_shows_a_negative_zero(said, shown):
    class Zero(Dial):
        def status(self):
            return said

    assert App(Zero()).status.value == shown


def test_for_a_projector_the_controls_that_matter_stand_in_one_row_and_the_others_are_folded():
    class Presented(Dial):
        main = ("label", "height")
        below = (Slider("time", "time", 0, 1, 0, 0.1), Button("play", "Play"))

        def play(self):
            pass

    app = App(Presented(), scale=1.4)
    picture, row, *_, rest = app.view.children[0].children
    assert picture is app.picture
    *main, more = row.children
    assert main == [app.widgets[name] for name in ("height", "label", "play")]
    folded = [app.widgets[name] for name in ("colour", "reset", "time")]
    assert list(rest.children) == folded
    assert rest.layout.display == "none"
    more.value = True
    assert rest.layout.display != "none"
    app.picture.shown = 1200  # as many pixels as the browser shows
    assert pixels(app).shape == (900, 1200, 3)
    assert App(Dial(), scale=1.1).view.children[0].children[1].layout.display is None
