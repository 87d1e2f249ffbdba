"""What every app owes to its window, its keyboard and its class, in a real JupyterLab: all apps in one notebook.

They stand in one page, each at the scale for a laptop and at that for a projector; the first cells hold small apps of
the tests' own.
"""

import re
from contextlib import contextmanager
from types import SimpleNamespace

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
SHOWN = [call.format(scale) for scale in ("scale=1.0", SCALE) for call in CALLS]  # in the notebook's order
SIZES = {
    "1280": (1280, 720, False),
    "1280 beside the files": (1280, 720, True),
    "900": (900, 720, False),
    "1920": (1920, 1080, False),
}
PREPARE = """
import time
from pathlib import Path
from course_utils import apps, exercises
from course_utils.apps.frame import PLAYBACK, Button, Choice, Controller, Handle, LiveController, Slider, Toggle, show
from course_utils.apps.frame import Upload, state
from course_utils.datasets import load_digits_stand_in

images = load_digits_stand_in()

class Kinds(LiveController):
    title, size, fps = "all kinds", (4.0, 2.0), 30
    controls = (
        Slider("height", "height", 0, 3, 0.3, 0.1), Choice("kind", "kind", ("one", "two"), "one"),
        Toggle("on", "on"), Button("go", "Go"), Button("nap", "Nap"), Upload("file", "Take a file"), *PLAYBACK[:2],
    )
    states = (
        state("low", "It is {} high.", ("0", lambda c: c.values["height"]), height=0),
        state("high", "It is {} high.", ("3", lambda c: c.values["height"]), height=3),
    )
    went = steps_taken = 0

    def go(self): self.went += 1
    def nap(self):
        while not Path("waker").exists(): time.sleep(0.02)
        Path("waker").unlink()
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
    write_notebook("house.ipynb", PREPARE, KINDS, *(f"apps.{call}" for call in SHOWN))
    notebook = open_for_all("house.ipynb")
    notebook.clear()
    notebook.run_all(seconds=400)
    assert notebook.errors() == []
    notebook.page.wait_for_function(
        "count => document.querySelectorAll('.course-app img').length === count", arg=1 + len(SHOWN)
    )
    return notebook


# Where the parts of each app are, in pixels from its own corner, and what of it scrolls or is cut off. The style alone
# decides, so no app has to be brought into sight for it.
MEASURE = """apps => apps.map(app => {
    const corner = app.getBoundingClientRect();
    const box = ({left, top, right, bottom}) => [left - corner.x, top - corner.y, right - corner.x, bottom - corner.y];
    const all = part => [...app.querySelectorAll(part)].filter(e => e.getClientRects().length);
    const boxes = part => all(part).map(e => box(e.getBoundingClientRect()));
    const scrolls = (e, way) => ['auto', 'scroll'].includes(getComputedStyle(e)['overflow' + way]);
    const around = [];  // any part of the notebook around it, too
    for (let e = app; e && !e.classList.contains('jp-Notebook'); e = e.parentElement) around.push(e);
    return {
        width: corner.width, height: corner.height, picture: boxes('img')[0], status: boxes('.course-app-status')[0],
        controls: boxes('.course-controls')[0], main: boxes('.course-main > *'), play: boxes('.course-control-play'),
        rows: boxes('.course-controls :is(.widget-inline-hbox, button)'),
        sideways: [...around, ...all('*')].filter(e => e.scrollWidth > e.clientWidth && scrolls(e, 'X'))
            .map(e => e.className),
        // with a scroll bar of their own, which somebody would have to find
        down: all('*').filter(e => e.scrollHeight > e.clientHeight + 1 && scrolls(e, 'Y')).map(e => e.className),
        cut: all('button, .widget-label').filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent),
    };
})"""
# At rest for so many frames of the page.
RESTS = """() => {
    const {width, height} = document.querySelector('.course-app').getBoundingClientRect(), now = `${width} ${height}`;
    [window.restFrames, window.restSize] = [window.restSize === now ? window.restFrames + 1 : 0, now];
    return window.restFrames > 20;
}"""


@contextmanager
def window(notebook, size):
    """The notebook in a window of that size."""
    page, (width, height, files) = notebook.page, SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate("files => jupyterapp.shell[files ? 'expandLeft' : 'collapseLeft']()", files)
    page.evaluate("() => { window.restFrames = 0; }")
    page.wait_for_function(RESTS)
    yield
    page.set_viewport_size({"width": 1280, "height": 720})
    page.evaluate("() => jupyterapp.shell.collapseLeft()")


@pytest.fixture(scope="module")
def measured(house):
    """measured(size, scale): (call, where its parts are) of every app, and the height that a notebook has there."""
    found, shown = {}, house.page.locator(".course-app")

    def measure(size, scale):
        if size not in found:
            with window(house, size):
                room = house.page.locator(".jp-WindowedPanel-outer").filter(visible=True).first.bounding_box()
                _, *apps = shown.evaluate_all(MEASURE)  # but the first, which is the tests' own
                found[size] = room["height"], list(zip(SHOWN, apps, strict=True))
        height, apps = found[size]
        return [(call, SimpleNamespace(**app, room=height)) for call, app in apps if scale in call]

    return measure


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scale", ["scale=1.0", SCALE])
def test_nothing_scrolls_sideways_and_no_label_is_clipped(measured, size, scale):
    for call, app in measured(size, scale):
        assert app.sideways == [], call
        assert app.cut == [], call


def test_at_the_desk_an_app_fits_the_window_with_its_controls_beside_the_picture(measured):
    for call, app in measured("1280", "scale=1.0"):
        assert app.picture[0] >= app.controls[2], call
        assert app.picture[3] <= app.room, call
        assert app.status[1] + 35 <= app.room, call  # its first two lines
        if "playground" in call:
            assert app.height <= app.room
        # room for two lines, so that nothing moves for the second
        assert app.status[3] - app.status[1] >= 35, call


@pytest.mark.parametrize("size", ["900", "1280 beside the files"])
def test_where_there_is_little_room_the_picture_comes_first_and_the_controls_in_columns(measured, size):
    for call, app in measured(size, "scale=1.0"):
        assert app.picture[2] - app.picture[0] >= min(700, 0.95 * app.width) - 1, call
        assert app.picture[3] <= app.status[1] <= app.status[3] <= app.controls[1] + 1, call
        assert app.status[1] + 35 <= app.room, call
        lefts = [left / app.width for left, *_ in app.rows]
        assert min(lefts) < 0.05, call
        assert max(lefts) > 0.3, call


@pytest.mark.parametrize("size", ["1280", "1280 beside the files", "1920"])
def test_before_a_class_the_picture_is_as_large_as_the_window_and_play_is_in_sight(measured, size):
    for call, app in measured(size, SCALE):
        wide, high = app.picture[2] - app.picture[0], app.picture[3] - app.picture[1]
        assert wide > 0.97 * app.width or app.room - high < 160, call  # what controls and status leave free
        assert app.status[1] + 50 <= app.room, call
        assert app.picture[3] <= min(top for _, top, _, _ in app.main), call
        if size == "1920":
            assert wide > 1400
            assert len({round(bottom / 20) for *_, bottom in app.main}) == 1, call  # one row
        if call.startswith(PLAYED):
            assert app.play[0][3] <= app.room, call
        assert app.controls is None, call
        assert app.down == [], call


def test_before_a_class_a_picture_is_drawn_as_large_as_it_stands_there_and_the_rest_unfolds(house):
    with window(house, "1920"):
        for call in CALLS:
            app = house.app(call.format(SCALE))
            house.page.wait_for_function(
                "img => Math.abs(img.naturalWidth - img.clientWidth) < 3",
                arg=app.locator("img").element_handle(),
            )
        for state in ("visible", "hidden"):
            app.locator(".course-more").click()
            app.locator(".course-controls").wait_for(state=state)


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


def test_what_takes_a_moment_says_so_until_it_is_done(house, home):
    page, app = house.page, house.app("kinds = show")
    busy = page.locator(".course-busy")
    says = "e => getComputedStyle(e, '::after').content"
    app.get_by_role("button", name="Nap").click()
    busy.wait_for()
    assert app.locator(".course-picture").evaluate(says) == '"working …"'
    app.get_by_role("button", name="Pause").click()  # heard when the nap is over
    page.wait_for_function("() => document.querySelector('.course-picture').dataset.busy === 'pausing …'")
    (home / "notebooks" / "waker").touch()
    busy.wait_for(state="detached")
    assert app.locator(".course-picture").evaluate(says) == "none"
    assert app.get_attribute("aria-busy") is None
    app.get_by_role("button", name="Go").click()
    page.wait_for_timeout(500)
    assert busy.count() == 0


def test_no_press_on_a_slider_is_lost_while_something_plays(house):
    page, app = house.page, house.app("kinds = show")
    house.ask("kinds.set(height=0.3)")
    house.ask("kinds.press('play')")
    app.locator(".noUi-handle").focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    house.wait_for_text(app.locator(".course-app-status"), "height 2.3")
    house.ask("kinds.press('pause')")
    house.wait_for_text(app.locator(".widget-readout"), r"^2\.3$")


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

    # The system takes the pointer away: the value stays where it is. What is selected around it does not go along.
    page.evaluate("() => getSelection().selectAllChildren(document.querySelector('.jp-Notebook'))")
    page.mouse.down()
    move(1.5, steps=9)
    house.wait_for_text(app.locator(".course-app-status"), "height 1.5")
    app.locator("img").dispatch_event("pointercancel")
    move(0.5)
    page.mouse.up()
    page.evaluate("() => getSelection().removeAllRanges()")
    page.wait_for_timeout(300)
    assert house.ask("kinds.controller.values['height']") == "1.5"


def test_a_digit_drawn_with_the_mouse_is_attacked(house):
    """Lesson 10's app: a drag that paints."""
    app = house.app("attacks_app(images, scale=1.0")
    status = app.locator(".course-app-status")
    app.get_by_role("button", name="Draw one").click()
    house.wait_for_text(status, "empty picture")
    house.drag(app.locator("img"), (0.13, 0.15), (0.13, 0.4))
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


# What somebody hears who does not see the app; and what of it that can have the focus is not marked as the app's own.
HEARD = """apps => apps.map(app => {
    const all = part => [...app.querySelectorAll(part)], seen = e => e.getClientRects().length;
    const read = (row, part) => [...row.querySelectorAll(part)].filter(seen).map(e => e.textContent).join();
    const sliders = all('[role=slider]').filter(seen).map(e => [e, e.closest('.widget-inline-hbox')]);
    return {
        alt: app.querySelector('img').alt, role: app.querySelector('.course-app-status').getAttribute('role'),
        told: sliders.map(([e, row]) => [e.getAttribute('aria-label'), e.getAttribute('aria-valuetext')]),
        shown: sliders.map(([e, row]) => [
            read(row, '.widget-label'), read(row, '.widget-readout, .course-readout')]),
        buttons: all('button').map(e => `${e.textContent} ${e.title}`),
        unmarked: all('button, select, input, [tabindex], [contenteditable]')
            .filter(e => e.closest('[data-lm-suppress-shortcuts]') !== e).map(e => e.outerHTML),
    };
})"""


def test_everything_has_a_name_for_who_listens(house):
    """axe's critical and serious rules for pictures and sliders, on every app."""
    names = ["kinds", *SHOWN[: len(CALLS)]]  # at the desk, where all controls are in sight
    apps = house.page.locator(".course-app").evaluate_all(HEARD)[: len(names)]
    assert sum(len(heard["told"]) for heard in apps) > len(apps)
    for call, heard in zip(names, apps, strict=True):
        assert heard["alt"], call
        assert heard["role"] == "status", call
        assert heard["told"] == heard["shown"], call
        assert not [text for text in heard["buttons"] if re.search(r"\(\d+\)|null", text)], call
        assert heard["unmarked"] == [], call


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
        house.wait_for_answer(f"id(kinds) != {before}", "True")


def test_the_focus_can_be_seen(house):
    page, app = house.page, house.app("kinds = show")
    app.locator(".course-control-kind select").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
        ring = page.evaluate("() => getComputedStyle(document.activeElement).outline")
        assert "solid" in ring
        assert "3px" in ring


def test_a_pad_is_pressed_anywhere_and_its_point_goes_there(house):
    app = house.app("vae_app(images, scale=1.0)")
    readouts = app.locator(".widget-slider", has_text="z").locator(".widget-readout")
    before = readouts.all_inner_texts()
    house.drag(app.locator("img"), (0.15, 0.3))
    house.wait_for_change(readouts.first, before[0])
    across, up = (float(text.replace("−", "-")) for text in readouts.all_inner_texts())
    assert -3 <= across < -1  # left
    assert 0.5 < up <= 3  # above
