"""The widgets of an app in their places: picture, controls, status line."""

import base64
import html
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from itertools import count
from pathlib import Path

import ipywidgets as widgets
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from course_utils.apps.frame.canvas import to_png
from course_utils.apps.frame.clicks import Picture
from course_utils.apps.frame.controller import Controller
from course_utils.apps.frame.controls import Control
from course_utils.apps.frame.look import css
from course_utils.apps.frame.manners import Manners
from course_utils.apps.frame.rows import BELOW, SIDE_BY_SIDE, make_rows

SHOW_ME = "show me …"  # what stands in the choice of named states while none is shown
PROJECTED = 1.2  # from this scale on, an app is laid out for a class that watches
WAKE = "A still picture: run this cell (Shift + Enter) to play with it."
# The rules hide "model not found" where the view below was saved without a kernel, and the view whose kernel has gone.
STILL = """<style>
.jp-OutputArea-child:has(.course-still) + .jp-OutputArea-child:not(:has(.course-app)),
.jp-OutputArea-child:has(.course-still) + .jp-OutputArea-child:has(.course-app.jupyter-widgets-disconnected)
  {{display: none}}
</style>
<img class="course-still" alt="{alt} {wake}" src="data:image/png;base64,{png}" style="max-width: 100%">"""

_ids = count()


@dataclass(frozen=True)
class Actions:
    """What an app does when a student presses a button, changes a value, chooses a file, or one that is too large."""

    press: Callable[[str], None]
    change: Callable[[str], None]
    upload: Callable[[str, bytes], None]
    refuse: Callable[[Exception], None]


def presented(scale: float) -> bool:
    """Whether an app of this scale is laid out for a class that watches."""
    return scale >= PROJECTED


def make_view(
    controller: Controller,
    picture: Picture,
    status: widgets.HTML,
    manners: Manners,
    made: dict[str, widgets.Widget],
    scale: float,
    actions: Actions,
    states: widgets.Widget | None,
) -> widgets.Widget:
    """All of an app; the widget of every control goes into ``made`` by its name.

    At a scale for a laptop the controls stand beside the picture. For a projector, the picture comes first, as large as
    the window allows, under it in one row what ``controller.main`` names, and the rest folded.
    """
    large = presented(scale)
    make = partial(
        make_rows, made=made, press=actions.press, change=actions.change, upload=actions.upload,
        refuse=actions.refuse,
    )  # fmt: skip
    picture.add_class("course-picture")
    status.add_class("course-app-status")
    if large:
        names = controller.main or [c.name for c in controller.value_controls()[:3]]
        main: list[Control] = []
        rest: list[Control] = []
        for control in (*controller.controls, *controller.below):
            chosen = getattr(control, "name", "") in (*names, "play", "pause")
            (main if chosen else rest).append(control)
        # n and p need no room in the first row
        rows = [*([states] if states else []), *make(rest, SIDE_BY_SIDE)]
        controls = widgets.VBox(grouped(rows))
        row = [*make(main, {}), _fold(controls).add_class("course-more")]
        for widget in row:
            widget.layout.width = "auto"
        parts = [picture, widgets.HBox(row).add_class("course-main"), status, controls]
        rows_below = rows_beside = 0
    else:
        rows = make(controller.controls, SIDE_BY_SIDE)
        controls, rows_beside = widgets.VBox(grouped(rows)), len(rows)
        below = widgets.VBox(make(controller.below, BELOW)).add_class("course-below")
        title = widgets.HTML(html.escape(controller.title), tooltip="").add_class("course-title")
        head = widgets.HBox([title, *([states] if states else [])]).add_class("course-head")
        parts, rows_below = [head, controls, picture, below, status], len(below.children)
    controls.add_class("course-controls")

    me = f"course-app-{next(_ids)}"
    size = round(100 * controller.size[0]), round(100 * controller.size[1])
    style = css(me, size, scale, large, rows_below, rows_beside, controller.lines)
    look = widgets.HTML(style, layout={"display": "none"})
    view = widgets.VBox([widgets.HBox(parts), look, manners])
    for css_class in ("course-app", me, *(["course-presented"] if large else [])):
        view.add_class(css_class)
    return view


def make_states(controller: Controller, chosen: Callable[[str], None]) -> widgets.Dropdown | None:
    """A choice among the controller's named states, which calls ``chosen(name)``; None where it has none."""
    if not controller.states:
        return None
    names = [state.name for state in controller.states]
    tooltip = "named states: n and p on the keyboard go through them"
    choice = widgets.Dropdown(options=[SHOW_ME, *names], tooltip=tooltip, layout={"width": "auto"})
    choice.observe(lambda change: chosen(change["new"]), names="value")
    return choice.add_class("course-states")


def grouped(rows: list[widgets.Widget]) -> list[widgets.Widget]:
    """The rows, but what follows a heading in one box with it, which no column cuts."""
    parts: list[list[widgets.Widget]] = [[]]
    for row in rows:
        if isinstance(row, widgets.HTML):  # a heading
            parts.append([])
        parts[-1].append(row)
    first, *headed = parts
    return [*first, *(widgets.VBox(part).add_class("course-group") for part in headed)]


def _fold(content: widgets.Widget) -> widgets.ToggleButton:
    """A button that shows and hides the content; hidden at first."""
    button = widgets.ToggleButton(
        description="More", icon="caret-down", tooltip="show or hide the other controls"
    )

    def fold(_: object = None) -> None:
        content.layout.display = "block" if button.value else "none"

    button.observe(fold, names="value")
    fold()
    return button


def still(title: str, png: bytes, alt: str) -> dict[str, str]:
    """The picture as an output of its own, by MIME type, for who opens the notebook without its kernel. It says how to
    wake it.

    JupyterLab, Notebook 7 and nbconvert take the HTML (tests/browser/test_reopened.py), and so does VS Code by its
    order (NOTEBOOK_DISPLAY_ORDER in its source: text/html before image/png; nobody has looked). Of what is handed out,
    the PNG alone is left, which GitHub shows, too.
    """
    with_words = base64.b64encode(_with_banner(png)).decode("ascii")
    return {
        "text/plain": f"{title} (run this cell to play with it)",
        "text/html": STILL.format(png=with_words, alt=html.escape(alt, quote=True), wake=WAKE),
        "image/png": with_words,
    }


def _with_banner(png: bytes) -> bytes:
    """The picture with a line under it: viewers that show nothing but the picture show that, too."""
    picture = Image.open(BytesIO(png)).convert("RGB")
    font = ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"), 16)
    taller = Image.new("RGB", (picture.width, picture.height + 30), "#FFF3C4")
    taller.paste(picture)
    ImageDraw.Draw(taller).text((picture.width // 2, picture.height + 15), WAKE, "black", font, anchor="mm")
    return to_png(np.asarray(taller))
