"""The frame around every app: controls in a column, one picture, one status line.

The picture is one persistent ``matplotlib.figure.Figure`` (no pyplot), drawn through Agg into an image widget of
fixed size. That is fast, looks the same in every front end, and never makes the page jump.

JupyterLab 4.6 with ipykernel 7 delivers widget messages on a thread of their own, so two callbacks, or a callback
and a cell, may run at the same moment: a lock lets only one of them change the state and draw.
"""

import base64
import html
import io
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from course_utils.apps.frame import cells
from course_utils.apps.frame.clicks import Event, Picture
from course_utils.apps.frame.controller import Controller
from course_utils.apps.frame.controls import Slider
from course_utils.apps.frame.rows import BELOW, SIDE_BY_SIDE, css, make_rows
from course_utils.checks import number
from course_utils.plots import palette

PIXELS_PER_INCH = 100
COLUMN_WIDTH = 290  # pixels, at scale 1

# What an app holds until it is closed.
HELD = (
    *("controller", "player", "figure", "picture", "status", "widgets", "view"),
    *("_canvas", "_still", "_moving", "_limits"),
)
# The rule hides "model not found" where the view below has no kernel any more.
STILL = """<style>
.jp-OutputArea-child:has(.course-still) + .jp-OutputArea-child:not(:has(.course-app)) {{display: none}}
</style>
<img class="course-still" alt="{title}" src="data:image/png;base64,{png}" style="max-width: 100%">
<p class="course-still">A still picture: run this cell (Shift + Enter) to play with it.</p>"""

_ids = count()


class App:
    """Show a :class:`~course_utils.apps.frame.controller.Controller` with ipywidgets.

    Parameters
    ----------
    controller : what to show; a widget-free object.
    scale : text and lines are drawn this many times larger, in a picture of the same size, so that the back row
        can read them; 1 for a laptop, about 1.4 for a projector. From 0.5 to 3.

    In a notebook, an app at the end of a cell shows itself. Running the cell again closes it and gives its memory back,
    and so does :meth:`close`. Every control can be worked from the keyboard: Tab moves
    between controls, the arrow keys move a slider, Space presses a button.

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

        width, height = controller.size
        # Fewer inches at more dots per inch: the same number of pixels, with everything in it larger.
        self.figure = Figure(figsize=(width / scale, height / scale), dpi=PIXELS_PER_INCH * scale)
        self._canvas: Any = FigureCanvasAgg(self.figure)
        # The picture without what moves, and for which moving artists and limits it was drawn.
        self._still: Any = None
        self._moving: Sequence[Artist] | None = None
        self._limits: list[tuple[float, ...]] = []

        self.picture = self._make_picture(round(width * PIXELS_PER_INCH))
        self.status = widgets.HTML(layout={"min_height": "2.6em", "width": "100%"})
        self.widgets: dict[str, widgets.Widget] = {}
        self.view = self._make_view()
        self._tooltips = {name: widget.tooltip or "" for name, widget in self.widgets.items()}
        self.view.observe(self._on_close, names="comm")
        self.redraw()
        cells.took_over(self)

    # ------------------------------------------------------------------ what happens

    def set(self, **values: Any) -> None:
        """Set controls by name, as if a student had moved them; errors are shown in the app and raised."""
        self._do(self.controller.set, **values)

    def press(self, name: str) -> None:
        """Press a button by name; errors are shown in the app and raised."""
        self._do(self.controller.press, name)

    def click(self, across: float, down: float) -> None:
        """Click at these shares of the picture's width and height, as if a student had."""
        self._do(self.controller.click, across, down)

    def drag(self, name: str, *places: tuple[float, float]) -> None:
        """Drag the handle of that name along these places, in the units of its axes, as if a student had: the first is
        where it is taken, the last where it is let go."""
        events: list[Event] = []
        phases = ["down", *["move"] * (len(places) - 2), "up"]
        for phase, (x, y) in zip(phases, places, strict=True):
            box = replace(self.controller.handles()[name], x=x, y=y).box()
            events.append((phase, name, box[0], box[1]))
        self._do(self._pointer, events)

    def redraw(self) -> None:
        """Draw the controller's present state again (for a background task that changed it)."""
        self._do(lambda: None)

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

    def sweep(self) -> int:
        """Drive every control over its extremes and its middle, every option and every button, and all sliders to
        both ends at once. Ends where it began. Returns how many states were drawn; raises the first error met.

        For tests: a callback that fails only at a value nobody visited fails here.
        """
        controls = self.controller.value_controls()
        start = dict(self.controller.values)
        drawn = 0

        def visit(**values: Any) -> None:
            nonlocal drawn
            for name, value in values.items():
                self.widgets[name].value = value  # through the widget, so that its callback is what is tested
                drawn += 1

        for control in controls:
            for value in (*control.samples(), start[control.name]):
                visit(**{control.name: value})
        for end in (0, -1):
            visit(**{c.name: c.samples()[end] for c in controls if isinstance(c, Slider)})
            for button in self.controller.buttons():
                self.widgets[button.name].click()
                drawn += 1
        self.set(**start)
        return drawn

    def _do(self, action: Callable[..., object], *arguments: Any, **values: Any) -> None:
        with self._lock:
            try:
                action(*arguments, **values)
                self._redraw()
                self._sync()
            except Exception as error:
                self._show_error(error)
                raise

    def _redraw(self) -> None:
        with palette.context():
            self.controller.draw(self.figure)
            self._render()
        frame = Image.fromarray(np.asarray(self._canvas.buffer_rgba())[..., :3])
        buffer = io.BytesIO()
        frame.save(buffer, format="png", compress_level=1)  # speed matters here, size does not
        self.picture.value = buffer.getvalue()
        self.picture.handles = [
            (name, *(round(share, 4) for share in handle.box()))
            for name, handle in self.controller.handles().items()
        ]
        self.status.value = f'<div style="line-height:1.35">{self.controller.status()}</div>'

    def _render(self) -> None:
        moving = self.controller.moving
        limits = [ax.viewLim.bounds for ax in self.figure.axes]
        if not moving or moving is not self._moving or limits != self._limits:
            for artist in moving:
                artist.set_animated(True)  # which keeps it out of an ordinary draw
            self._canvas.draw()
            self._still = self._canvas.copy_from_bbox(self.figure.bbox)
            self._moving, self._limits = moving, limits
        else:
            self._canvas.restore_region(self._still)
        for artist in moving:
            artist.draw(self._canvas.get_renderer())

    def _pointer(self, events: Sequence[Event]) -> None:
        for kind, name, across, down in events:
            if kind == "click":
                self.controller.click(across, down)
            elif handle := self.controller.handles().get(name):  # it may have gone meanwhile
                self.controller.drag(name, *handle.units(across, down), kind)

    def _sync(self) -> None:
        """Bring the widgets in line with the controller, which may have moved some of them (a preset, say)."""
        self._syncing = True
        try:
            for name, end in self.controller.ends.items():
                self.widgets[name].max = end
            for name, value in self.controller.values.items():
                self.widgets[name].value = value
            reasons = self.controller.disabled()
            for name, widget in self.widgets.items():
                widget.disabled = name in reasons
                widget.tooltip = reasons.get(name, self._tooltips[name])
        finally:
            self._syncing = False

    def _on_upload(self, name: str, content: bytes) -> None:
        self._do(getattr(self.controller, name), content)

    def _on_change(self, name: str, value: Any) -> None:
        with self._lock:  # a change that arrives on another thread waits until our own writing is over
            if not self._syncing:
                self.set(**{name: value})

    def _show_error(self, error: Exception) -> None:
        trace = "".join(traceback.format_exception(error))
        self.status.value = (
            '<div style="color:#A00000;line-height:1.35">'
            f"<b>{type(error).__name__}:</b> {html.escape(str(error))}"
            f'<details><summary>details</summary><pre style="font-size:80%">{html.escape(trace)}</pre></details></div>'
        )

    # ------------------------------------------------------------------ how it looks

    def _make_picture(self, width: int) -> Picture:
        # A fixed size that may shrink with a narrow window, never grow or jump.
        picture = Picture(
            alt=self.controller.alt or self.controller.title,
            clickable=type(self.controller).click is not Controller.click,
            layout={"width": f"{width}px", "max_width": "100%", "height": "auto", "flex": "0 1 auto"},
        )
        picture.on_events = partial(self._do, self._pointer)
        return picture

    def _make_view(self) -> widgets.Widget:
        css_class = f"course-app-{next(_ids)}"
        width = round(COLUMN_WIDTH * self.scale)
        make = partial(
            make_rows, made=self.widgets, press=self.press, change=self._on_change,
            upload=self._on_upload, refuse=self._show_error,
        )  # fmt: skip
        controls = widgets.VBox(
            make(self.controller.controls, SIDE_BY_SIDE), layout={"width": f"{width}px", "flex": "0 0 auto"}
        )
        below = make(self.controller.below, BELOW)
        for row in below:
            row.layout.max_width = self.picture.layout.width
        stage = widgets.VBox(
            [self.picture, *below, self.status], layout={"flex": "1 1 500px", "min_width": "0"}
        )
        title = widgets.HTML(f"<b>{html.escape(self.controller.title)}</b>")
        look = widgets.HTML(css(css_class, self.scale))
        view = widgets.VBox(
            [title, widgets.HBox([controls, stage], layout={"flex_flow": "row wrap"}), look],
            layout={"overflow": "hidden"},
        )
        view.add_class("course-app").add_class(css_class)
        self.status.add_class("course-app-status")
        return view

    def still(self) -> dict[str, str]:
        """The present picture as an output of its own, by MIME type, for who opens the notebook without its kernel."""
        png = base64.b64encode(self.picture.value).decode("ascii")
        return {
            "text/plain": f"{self.controller.title} (run this cell to play with it)",
            "text/html": STILL.format(png=png, title=html.escape(self.controller.title, quote=True)),
            "image/png": png,
        }

    def _ipython_display_(self, **_: Any) -> None:
        """Two outputs: the still picture, and the live view, which hides it for as long as it lives.

        One output with both types would not do: of a view without its kernel, JupyterLab shows an error and nothing
        else, even where a picture lies beside it.
        """
        from IPython.display import display

        if self.closed:
            print("This app is closed: run its cell again.")
            return
        display(self.still(), raw=True)
        display(self.view)


def close_tree(widget: widgets.Widget) -> None:
    """Close a widget and all that it consists of: ipywidgets keeps each of them alive until then."""
    for name in widget.keys:
        value = getattr(widget, name)
        for part in value if isinstance(value, (tuple, list)) else (value,):
            if isinstance(part, widgets.Widget):
                close_tree(part)
    widget.unobserve_all()
    widget.close()
