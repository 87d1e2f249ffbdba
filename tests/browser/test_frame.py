"""What every app owes to its window, its keyboard and its class, in a real JupyterLab: all apps in one notebook.

They stand in one page, each at the scale for a laptop and at that for a projector; the first cells hold small apps of
the tests' own.
"""

import re

import pytest

CALLS = (
    *("jsd_app({})", "parallel_lines_app({})", "couplings_app({})", "move_the_dirt_app({})", "point_clouds_app({})"),
    *("games_app({})", "gan_app(images, {})", "replay_app({})", "style_app({})", "playground_app({})"),
    "vae_app(images, {})",
    "attacks_app(images, {})",
    *("conditional_app({})", "translation_app(images, {})", "family_app({})"),
    "guess_app(exercises.question('2.c'), [0, 1, 2], [0.0, 0.5, 0.2], {})",
)  # fmt: skip
PLAYED = ("games_app", "gan_app", "replay_app", "style_app", "playground_app", "vae_app")
SCALE = "scale=1.4"
SIZES = {
    "1280": (1280, 720, False),
    "1280 beside the files": (1280, 720, True),
    "900": (900, 720, False),
    "1920": (1920, 1080, False),
}
PREPARE = """
import time
from course_utils import apps, exercises
from course_utils.apps.frame import PLAYBACK, Button, Choice, Controller, Handle, LiveController, Slider, Toggle, show
from course_utils.apps.frame import Upload, state
from course_utils.datasets import load_digits_stand_in

images = load_digits_stand_in()

class Kinds(LiveController):
    title, size, fps = "all kinds", (4.0, 2.0), 30
    controls = (
        Slider("height", "height", 0, 3, 0.3, 0.1), Choice("kind", "kind", ("one", "two"), "one"),
        Toggle("on", "on"), Button("go", "Go"), Upload("file", "Take a file"), *PLAYBACK[:2],
    )
    states = (
        state("low", "It is {} high.", ("0", lambda c: c.values["height"]), height=0),
        state("high", "It is {} high.", ("3", lambda c: c.values["height"]), height=3),
    )
    went = steps_taken = 0

    def go(self): self.went += 1
    def file(self, content): pass
    def disabled(self): return {"kind": "not now"} if self.values["on"] else {}
    def handles(self): return {"height": Handle(self.panels.ax, y=self.values["height"])}
    def drag(self, name, x, y, phase): self.slide(height=y)

    def steps(self):
        while True:
            time.sleep(0.05)  # as a step of training: nobody else is heard meanwhile
            self.steps_taken += 1
            yield

    def make_panels(self, figure):
        from types import SimpleNamespace
        figure.clear()
        ax = figure.add_axes([0.1, 0.1, 0.8, 0.8])
        ax.set_ylim(0, 3)
        return SimpleNamespace(moving=(), ax=ax, line=ax.axhline(0))

    def update(self): self.panels.line.set_ydata([self.values["height"]] * 2)
    def status(self): return f"height {self.values['height']:.1f}, went {self.went}, {self.steps_taken} steps"
"""
KINDS = "kinds = show(Kinds())\nkinds"


@pytest.fixture(scope="module")
def house(open_for_all, write_notebook):
    """The notebook with all apps, run."""
    calls = [f"apps.{call.format(scale)}" for scale in ("scale=1.0", SCALE) for call in CALLS]
    write_notebook("house.ipynb", PREPARE, KINDS, *calls)
    notebook = open_for_all("house.ipynb")
    notebook.clear()
    notebook.run_all(seconds=400)
    assert notebook.errors() == []
    return notebook


@pytest.fixture
def resized(house, request):
    """The same, in a window of the size that the test names."""
    width, height, files = SIZES[request.param]
    house.page.set_viewport_size({"width": width, "height": height})
    house.page.evaluate("files => jupyterapp.shell[files ? 'expandLeft' : 'collapseLeft']()", files)
    yield house
    house.page.set_viewport_size({"width": 1280, "height": 720})
    house.page.evaluate("() => jupyterapp.shell.collapseLeft()")


class Places:
    """Where the parts of an app are that stands at the top of the notebook's window, in pixels from there."""

    def __init__(self, notebook, call):
        self.app = notebook.app(call)
        self.app.evaluate("app => app.scrollIntoView({block: 'start'})")
        notebook.page.wait_for_timeout(200)
        window = notebook.page.locator(".jp-WindowedPanel-outer").filter(visible=True).first.bounding_box()
        self.origin, self.height = self.app.bounding_box(), window["height"]
        self.width = self.origin["width"]
        self.picture, self.status = self.of("img"), self.of(".course-app-status")

    def of(self, part):
        """left, top, right, bottom"""
        return self.box(self.app.locator(part).first)

    def box(self, locator):
        box, x, y = locator.bounding_box(), self.origin["x"], self.origin["y"]
        left, top = box["x"] - x, box["y"] - y
        return left, top, left + box["width"], top + box["height"]


# Any part of the app, or of the notebook around it, that could be scrolled sideways.
SIDEWAYS = """app => {
    const scrolls = (e) => e.scrollWidth > e.clientWidth && ['auto', 'scroll'].includes(getComputedStyle(e).overflowX);
    const around = [];
    for (let e = app; e && !e.classList.contains('jp-Notebook'); e = e.parentElement) around.push(e);
    return [...around, ...app.querySelectorAll('*')].filter(scrolls).map((e) => e.className);
}"""


# Boxes with a scroll bar of their own, which somebody would have to find.
SCROLLS = """app => [...app.querySelectorAll('*')].filter(e =>
    e.scrollHeight > e.clientHeight + 1 && ['auto', 'scroll'].includes(getComputedStyle(e).overflowY)
).map(e => e.className)"""


@pytest.mark.parametrize("resized", SIZES, indirect=True)
@pytest.mark.parametrize("scale", ["scale=1.0", SCALE])
def test_nothing_scrolls_sideways_and_no_label_is_clipped(resized, scale):
    for call in CALLS:
        app = Places(resized, call.format(scale)).app
        assert app.evaluate(SIDEWAYS) == [], call
        for button in app.get_by_role("button").filter(visible=True).all():
            assert not button.evaluate("e => e.scrollWidth > e.clientWidth + 1"), (call, button.inner_text())
        labels = app.locator(".widget-label").filter(visible=True)
        cut = "labels => labels.filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"
        assert labels.evaluate_all(cut) == [], call


@pytest.mark.parametrize("resized", ["1280"], indirect=True)
def test_at_the_desk_an_app_fits_the_window_with_its_controls_beside_the_picture(resized):
    for call in CALLS:
        at = Places(resized, call.format("scale=1.0"))
        assert at.picture[0] >= at.of(".course-controls")[2], call
        assert at.picture[3] <= at.height, call
        assert at.status[1] + 35 <= at.height, call  # its first two lines
        if "playground" in call:
            assert at.origin["height"] <= at.height
        assert at.status[3] - at.status[1] >= 35, (
            call
        )  # room for two lines, so that nothing moves for the second


@pytest.mark.parametrize("resized", ["900", "1280 beside the files"], indirect=True)
def test_where_there_is_little_room_the_picture_comes_first_and_the_controls_in_columns(resized):
    for call in CALLS:
        at = Places(resized, call.format("scale=1.0"))
        assert at.picture[2] - at.picture[0] >= min(700, 0.95 * at.width) - 1, call
        assert at.picture[3] <= at.status[1] <= at.status[3] <= at.of(".course-controls")[1] + 1, call
        assert at.status[1] + 35 <= at.height, call
        rows = at.app.locator(".course-controls :is(.widget-inline-hbox, button)").all()
        lefts = [at.box(row)[0] / at.width for row in rows]
        assert min(lefts) < 0.05, call
        assert max(lefts) > 0.3, call


@pytest.mark.parametrize("resized", ["1280", "1280 beside the files", "1920"], indirect=True)
def test_before_a_class_the_picture_is_as_large_as_the_window_and_play_is_in_sight(resized):
    for call in CALLS:
        at = Places(resized, call.format(SCALE))
        wide, high = at.picture[2] - at.picture[0], at.picture[3] - at.picture[1]
        rest = at.height - high  # what controls and status leave free
        assert wide > 0.97 * at.width or rest < 160, call
        assert at.status[1] + 50 <= at.height, call
        resized.page.wait_for_function(  # drawn as large, not blown up
            "img => Math.abs(img.naturalWidth - img.clientWidth) < 3",
            arg=at.app.locator("img").element_handle(),
        )
        row = at.app.locator(".course-main > *").all()
        assert at.picture[3] <= min(at.box(part)[1] for part in row), call
        if resized.page.viewport_size["width"] > 1280:
            assert wide > 1400
            assert len({round(at.box(part)[3] / 20) for part in row}) == 1, call  # one row
        if call.startswith(PLAYED):
            play = at.app.get_by_role("button", name="Play", exact=True)
            assert at.box(play)[3] <= at.height, call
        assert not at.app.locator(".course-controls").is_visible()
        assert at.app.evaluate(SCROLLS) == [], call
    more = at.app.locator(".course-more")
    for state in ("visible", "hidden"):
        more.click()
        at.app.locator(".course-controls").wait_for(state=state)


KEYS = {
    "slider": ".noUi-handle",
    "number of a slider": ".widget-readout",
    "choice": ".course-control-kind select",
    "switch": "input[type=checkbox]",
    "button": "button:has-text('Go')",
    "upload": "button:has-text('Take a file')",
}


@pytest.mark.parametrize("kind", [*KEYS, "picture", "title"])
def test_no_key_that_is_pressed_in_an_app_reaches_the_notebook(house, kind):
    page, app = house.page, house.app("kinds = show")

    def cells():
        return page.evaluate(
            "() => jupyterapp.shell.currentWidget.content.widgets.map(w => [w.model.id, w.model.type])"
        )

    before = cells()
    if kind in KEYS:
        app.locator(KEYS[kind]).first.focus()
    else:
        app.locator("img" if kind == "picture" else ".course-title").click(position={"x": 3, "y": 3})
    assert app.evaluate("app => app.contains(document.activeElement)")
    for key in ("m", "x", "d", "d", "a", "y"):
        page.keyboard.press(key)
    page.wait_for_timeout(300)
    page.keyboard.press("Escape")
    assert cells() == before
    assert app.is_visible()


def test_space_plays_and_pauses_and_the_app_shows_which(house):
    page, app = house.page, house.app("kinds = show")
    play = app.get_by_role("button", name="Play", exact=True)
    playing = app.locator("xpath=self::*[contains(@class, 'course-playing')]")

    def rests():
        house.wait_for_rest(app.locator(".course-app-status"), quiet=0.5)

    app.locator(".noUi-handle").focus()
    page.keyboard.press("Space")
    playing.wait_for()
    assert play.get_attribute("aria-pressed") == "true"
    page.keyboard.press("Space")
    rests()
    assert playing.count() == 0
    play.click()  # has the focus now: Space on it does the same
    playing.wait_for()
    page.keyboard.press("Space")
    rests()
    assert playing.count() == 0
    assert play.get_attribute("aria-pressed") == "false"
    went = house.ask("kinds.controller.went")
    app.get_by_role("button", name="Go").focus()
    page.keyboard.press("Space")  # presses the button that has the focus
    house.wait_for_text(app.locator(".course-app-status"), f"went {int(went) + 1}")
    assert playing.count() == 0


def test_no_press_on_a_slider_is_lost_while_something_plays(house):
    page, app = house.page, house.app("kinds = show")
    house.ask("kinds.set(height=0.3)")
    house.ask("kinds.press('play')")
    app.locator(".noUi-handle").focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    house.wait_for_text(app.locator(".course-app-status"), "height 2.3")
    house.ask("kinds.press('pause')")
    assert app.locator(".widget-readout").inner_text() == "2.3"


def test_the_line_in_the_picture_can_be_dragged(house):
    page, app = house.page, house.app("kinds = show")
    house.ask("kinds.set(height=1.0)")
    house.wait_for_text(app.locator(".widget-readout"), "1.0")
    box = app.locator("img").bounding_box()

    def move(height, steps=1):
        down = 0.1 + 0.8 * (3 - height) / 3
        page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + down * box["height"], steps=steps)

    move(2.0)  # beside it
    page.mouse.down()
    move(2.8)
    page.mouse.up()
    assert house.ask("kinds.controller.values['height']") == "1.0"
    move(1.03)
    page.mouse.down()
    move(2.5, steps=15)
    page.mouse.up()
    house.wait_for_text(app.locator(".course-app-status"), "height 2.5")
    house.wait_for_text(app.locator(".widget-readout"), "^2.5$")  # which comes after the status


def test_a_digit_drawn_with_the_mouse_is_attacked(house):
    """Lesson 10's app: a drag that paints."""
    app, mouse = house.app("attacks_app(images, scale=1.0"), house.page.mouse
    status = app.locator(".course-app-status")
    app.get_by_role("button", name="Draw one").click()
    house.wait_for_text(status, "empty picture")
    box = app.locator("img").bounding_box()
    x, top, below = (
        box["x"] + 0.13 * box["width"],
        *(box["y"] + part * box["height"] for part in (0.15, 0.4)),
    )
    mouse.move(x, top)
    mouse.down()
    mouse.move(x, below, steps=8)
    mouse.up()
    house.wait_for_text(status, r"Your picture, named \d.*named \d")


def test_n_and_p_go_through_the_named_states_and_say_what_to_see(house):
    page, app = house.page, house.app("kinds = show")
    status, img = app.locator(".course-app-status"), app.locator("img")
    app.locator(".noUi-handle").focus()
    page.keyboard.press("n")
    house.wait_for_text(status, "^It is 0 high")
    page.keyboard.press("n")
    house.wait_for_text(status, "^It is 3 high")
    page.wait_for_function("img => img.alt.endsWith('It is 3 high.')", arg=img.element_handle())
    app.locator(".course-states select").focus()  # where a letter would choose what begins with it
    page.keyboard.press("p")
    house.wait_for_text(status, "^It is 0 high")
    app.locator(".widget-readout").first.click()
    page.keyboard.press("n")  # is typed there
    page.keyboard.press("Escape")
    page.wait_for_timeout(300)
    assert "It is 0 high" in status.inner_text()
    assert app.get_by_role("combobox", name="show a named state").count() == 1  # a title alone is no name


def test_a_control_without_effect_looks_so_and_says_why(house):
    app = house.app("kinds = show")
    choice, switch = app.locator(".course-control-kind select"), app.locator("input[type=checkbox]")
    assert choice.is_enabled()
    switch.check()
    house.page.wait_for_function("e => e.disabled && e.title === 'not now'", arg=choice.element_handle())
    switch.uncheck()
    house.page.wait_for_function("e => !e.disabled && e.title === ''", arg=choice.element_handle())


def test_everything_has_a_name_for_who_listens(house):
    """axe's critical and serious rules for pictures and sliders, on every app."""
    for call in ["kinds = show", *(call.format("scale=1.0") for call in CALLS)]:
        app = house.app(call)
        assert app.locator("img").get_attribute("alt"), call
        for slider in app.get_by_role("slider").all():
            row = slider.locator("xpath=ancestor::*[contains(@class, 'widget-slider')]")
            parts = (".widget-label", ":is(.widget-readout, .course-readout):visible")
            label, readout = (row.locator(part).inner_text() for part in parts)
            assert slider.get_attribute("aria-label") == label, call
            assert slider.get_attribute("aria-valuetext") == readout, call
        assert app.locator(".course-app-status").get_attribute("role") == "status"
        for button in app.locator("button").all():
            assert not re.search(r"\(\d+\)|null", button.inner_text() + (button.get_attribute("title") or ""))
        unmarked = "e => e.closest('[data-lm-suppress-shortcuts]') !== e"
        for focusable in app.locator("button, select, input, [tabindex], [contenteditable]").all():
            assert not focusable.evaluate(unmarked), call


def test_axe_finds_nothing_serious(house, grave):
    """In one app with every kind of control, and before a class."""
    for call in ("kinds = show", CALLS[0].format(SCALE)):
        app = house.app(call)
        app.evaluate("app => app.classList.add('looked-at')")
        assert grave(house.page, ".looked-at") == [], call
        app.evaluate("app => app.classList.remove('looked-at')")


def test_what_runs_the_cell_in_the_notebook_runs_it_from_a_control_too(house):
    page = house.page
    for control in (".noUi-handle", ".course-control-kind select", "button:has-text('Go')"):
        app, before = house.app("kinds = show"), house.ask("id(kinds)")
        app.locator(control).first.focus()
        page.keyboard.press("Shift+Enter")
        for _ in range(100):
            if house.ask("id(kinds)") != before:
                break
            page.wait_for_timeout(50)
        assert house.ask("id(kinds)") != before, control


def test_the_focus_can_be_seen(house):
    page, app = house.page, house.app("kinds = show")
    app.locator(".course-control-kind select").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
        ring = page.evaluate("() => getComputedStyle(document.activeElement).outline")
        assert "solid" in ring
        assert "3px" in ring


def test_a_pad_is_pressed_anywhere_and_its_point_goes_there(house):
    page, app = house.page, house.app("vae_app(images, scale=1.0)")
    readouts = app.locator(".widget-slider", has_text="z").locator(".widget-readout")
    box = app.locator("img").bounding_box()
    before = readouts.all_inner_texts()
    page.mouse.click(box["x"] + 0.15 * box["width"], box["y"] + 0.3 * box["height"])
    house.wait_for_change(readouts.first, before[0])
    across, up = (float(text.replace("−", "-")) for text in readouts.all_inner_texts())
    assert -3 <= across < -1  # left
    assert 0.5 < up <= 3  # above
