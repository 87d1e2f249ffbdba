"""The frame around every app: one picture, controls beside it, one status line.

The picture is one persistent ``matplotlib.figure.Figure`` (no pyplot), drawn through Agg into PNG bytes. That is fast,
looks the same in every front end, and never makes the page jump.

JupyterLab 4.6 with ipykernel 7 delivers widget messages on a thread of their own, so two callbacks, or a callback
and a cell, may run at the same moment: a lock lets only one of them change the state and draw.
"""

import html
import math
import re
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from course_utils.apps.frame import cells
from course_utils.apps.frame.canvas import Canvas
from course_utils.apps.frame.clicks import Event, Picture
from course_utils.apps.frame.controller import Controller
from course_utils.apps.frame.controls import Slider
from course_utils.apps.frame.manners import Manners
from course_utils.apps.frame.rows import css_name
from course_utils.apps.frame.stage import stand_ins
from course_utils.apps.frame.view import SHOW_ME, Actions, make_states, make_view, presented, still
from course_utils.checks import number
from course_utils.plots import palette

# What an app holds until it is closed.
HELD = (
    "controller",
    "player",
    "figure",
    "picture",
    "status",
    "states",
    "widgets",
    "view",
    "_canvas",
    "_manners",
    "_presence",
)
NEGATIVE_ZERO = re.compile(r"(?<![\w.)])[-−](0(?:\.0+)?)(?![\w.])")


class App:
    """Show a :class:`~course_utils.apps.frame.controller.Controller` with ipywidgets.

    Parameters
    ----------
    controller : what to show; a widget-free object.
    scale : text and lines are drawn this many times larger, so that the back row can read them; 1 for a laptop, about
        1.4 for a projector. From 0.5 to 3. From 1.2 on the app is laid out for a class that watches: the picture first,
        as large as the window allows, the controls that matter in one row under it, the others folded.

    In a notebook, an app at the end of a cell shows itself. Running the cell again closes it and gives its memory back,
    and so does :meth:`close`. Every control can be worked from the keyboard: Tab moves between controls, the arrow keys
    move a slider, Space presses a button, and plays and pauses elsewhere in the app; n and p go through the
    named states.

    Raises
    ------
    ValueError
        for a scale outside [0.5, 3].
    """

    def __init__(self, controller: Controller, *, scale: float = 1.0):
        self.controller = controller
        self.scale = number("scale", scale, "[0.5, 3]", "1 for a laptop and 1.4 for a projector")
        self._lock = threading.RLock()
        self._syncing = False
        # What the widgets were last known to show.
        self._agreed: dict[str, Any] = {c.name: c.value for c in controller.value_controls()}
        self._canvas = Canvas(controller.size, scale)
        self.figure = self._canvas.figure
        self.picture = self._make_picture()
        self.status = widgets.HTML(tooltip="")
        self.widgets: dict[str, widgets.Widget] = {}
        self._manners = Manners(name=controller.title, turns=bool(controller.states))
        self._manners.on_turn, self._manners.guard = self.turn, self._lock
        self.view = self._make_view()
        self._tooltips = {name: widget.tooltip or "" for name, widget in self.widgets.items()}
        self.view.observe(self._on_close, names="comm")
        self.redraw()
        cells.took_over(self)

    # ------------------------------------------------------------------ what happens

    def set(self, **values: Any) -> None:
        """Set controls by name, as if a student had moved them; errors are shown in the app and raised.

        After an error, everything is as it was before: the picture, the controls and the numbers.
        """
        self._do(self.controller.set, **values)

    def press(self, name: str) -> None:
        """Press a button by name; errors are shown in the app and raised."""
        self._do(self.controller.press, name)

    def visit(self, name: str) -> None:
        """Go to the named state of that name."""
        self._do(self.controller.visit, name)

    def turn(self, by: int) -> None:
        """Go on by so many named states, 1 or -1, around the list."""
        self._do(self.controller.turn, by)

    def click(self, across: float, down: float) -> None:
        """Click at these shares of the picture's width and height, as if a student had."""
        self._do(self.controller.click, across, down)

    def drag(self, name: str, *places: tuple[float, float]) -> None:
        """Drag the handle of that name along these places, in the units of its axes, as if a student had: it is taken
        at the first of them, and let go at the last."""
        events: list[Event] = []
        phases = ["down", *["move"] * (len(places) - 2), "up"]
        for phase, (x, y) in zip(phases, places, strict=True):
            box = replace(self.controller.handles()[name], x=x, y=y).box()
            events.append((phase, name, box[0], box[1]))
        self._do(self._pointer, events)

    def redraw(self) -> None:
        """Draw the controller's present state again (for a background task that changed it)."""
        self._do(self._as_it_is)

    def _as_it_is(self) -> None:
        """No action: what is shown changes by itself."""

    def close(self) -> None:
        """Close all widgets and let go of the controller, the figure and all that they hold."""
        with self._lock:
            if not self.closed:
                self._let_go()
                close_tree(self.view)
                for name in HELD:
                    self.__dict__.pop(name, None)

    @property
    def closed(self) -> bool:
        """Whether :meth:`close` was called, or the cell run again."""
        return "view" not in self.__dict__

    def _let_go(self) -> None:
        """What has to end before everything is closed."""

    def _on_close(self, change: dict[str, Any]) -> None:
        if change["new"] is None:  # somebody closed the view
            self.close()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name in HELD:
                raise AttributeError("this app is closed: run its cell again to have a new one.")
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    # ------------------------------------------------------------------ how it happens

    def _do(self, action: Callable[..., object], *arguments: Any, **values: Any) -> None:
        with self._lock:
            bring_back = self.controller.keep()
            try:
                action(*arguments, **values)
                self._redraw()
                self._sync()
            except Exception as error:
                bring_back()
                self._show_error(error)
                raise

    def _redraw(self) -> None:
        with palette.context():
            self.controller.draw(self.figure)
            self.picture.value = self._canvas.png(self.controller.moving)
        self.picture.alt = self.controller.describe()
        self.picture.handles = [
            (name, *(round(share, 4) for share in handle.box()))
            for name, handle in self.controller.handles().items()
        ]
        self.status.value = self._say()

    def _say(self) -> str:
        state = self.controller.state
        sees = f'<b class="course-sees">{html.escape(state.sees)}</b> ' if state else ""
        return sees + NEGATIVE_ZERO.sub(r"\1", self.controller.status())

    def _sync(self, *, all_of_them: bool = False) -> None:
        """Bring the widgets in line with the controller, which may have moved some of them (a preset, say).

        The others are left alone: what somebody does to them at this moment may be on its way here.
        """
        self._syncing = True
        try:
            for name, end in self.controller.ends.items():
                self.widgets[name].max = end
            for name, value in self.controller.values.items():
                if all_of_them or value != self._agreed[name]:
                    self.widgets[name].value = value
            self._agreed = dict(self.controller.values)
            if self.states is not None:
                self.states.value = self.controller.state.name if self.controller.state else SHOW_ME
            reasons = self.controller.disabled()
            for name, widget in self.widgets.items():
                widget.disabled = name in reasons
                widget.tooltip = reasons.get(name, self._tooltips[name])
            told = self.controller.readouts()
            self._manners.reasons, self._manners.readouts = (
                {css_name(name): words.get(name, "") for name in self._agreed} for words in (reasons, told)
            )
        finally:
            self._syncing = False

    def _pointer(self, events: Sequence[Event]) -> None:
        for kind, name, across, down in events:
            if kind == "click":
                self.controller.click(across, down)
            elif handle := self.controller.handles().get(name):  # it may have gone meanwhile
                self.controller.drag(name, *handle.units(across, down), kind)

    def _on_upload(self, name: str, content: bytes) -> None:
        self._do(getattr(self.controller, name), content)

    def _on_change(self, name: str) -> None:
        with self._lock:  # a change that arrives on another thread waits until our own writing is over
            value = self.widgets[name].value  # the latest, of perhaps several that have waited
            # A number that we have set comes back from the browser as the nearest place of its slider, and with other
            # last digits: nobody has moved it. (What somebody types need not be such a place.)
            same = value == (agreed := self._agreed[name])
            if isinstance(value, float) and not same:
                (slider,) = (
                    c for c in self.controller.value_controls() if isinstance(c, Slider) and c.name == name
                )
                near = slider.step / 2 if math.isclose(value, slider.nearest(value), abs_tol=1e-9) else 0.0
                same = abs(value - agreed) <= near + 1e-9
            if not self._syncing and not same:
                self._agreed[name] = value
                self.set(**{name: value})

    def _on_state(self, name: str) -> None:
        with self._lock:
            now = self.controller.state.name if self.controller.state else SHOW_ME
            if not self._syncing and name not in (now, SHOW_ME):
                self.visit(name)

    def _on_shown(self, change: dict[str, Any]) -> None:
        with self._lock:
            self._canvas.resize(min(max(change["new"], 300), 2400))
            self.redraw()

    def _failed(self, error: Exception) -> None:
        """Something went wrong that no action of ours has raised."""
        with self._lock:
            self._show_error(error)

    def _show_error(self, error: Exception) -> None:
        """Say what went wrong; picture, controls and numbers are those of the state that the controller has now."""
        trace = html.escape("".join(traceback.format_exception(error)))
        said = ""
        with suppress(Exception):  # where even that fails, the picture stays what it was
            self._redraw()
            said = self._say()
        self._sync(all_of_them=True)
        self.status.value = (
            f'<div style="color:#A00000"><b>{type(error).__name__}:</b> {html.escape(str(error))}'
            f'<details><summary>details</summary><pre style="font-size:80%">{trace}</pre></details></div>{said}'
        )

    # ------------------------------------------------------------------ how it looks

    def _make_picture(self) -> Picture:
        controller = self.controller
        picture = Picture(
            alt=controller.title,
            clickable=type(controller).click is not Controller.click,
            fluid=presented(self.scale),
        )
        picture.on_events = partial(self._do, self._pointer)
        picture.observe(self._on_shown, names="shown")
        return picture

    def _make_view(self) -> widgets.Widget:
        actions = Actions(self.press, self._on_change, self._on_upload, self._failed)
        self.states = make_states(self.controller, self._on_state)
        return make_view(
            self.controller,
            self.picture,
            self.status,
            self._manners,
            self.widgets,
            self.scale,
            actions,
            self.states,
        )

    def still(self) -> dict[str, str]:
        """The present picture as an output of its own, by MIME type, for who opens the notebook without its kernel."""
        return still(self.controller.title, self.picture.value, self.picture.alt)

    def _ipython_display_(self, **_: Any) -> None:
        """Two outputs: the still picture, and the live view, which hides it for as long as it lives.

        One output with both types would not do: of a view without its kernel, JupyterLab shows an error and nothing
        else, even where a picture lies beside it.
        """
        from IPython.display import display

        if self.closed:
            print("This app is closed: run its cell again.")
            return
        still = self.still()
        place = display(still, raw=True, metadata={"image/png": {"alt": self.picture.alt}}, display_id=True)
        display(self.view)
        if hired := stand_ins():
            hired.insure(type(self.controller), still, place)


def close_tree(widget: widgets.Widget) -> None:
    """Close a widget and all that it consists of: ipywidgets keeps each of them alive until then."""
    for name in widget.keys:
        value = getattr(widget, name)
        for part in value if isinstance(value, (tuple, list)) else (value,):
            if isinstance(part, widgets.Widget):
                close_tree(part)
    widget.unobserve_all()
    widget.close()
