"""Rows of ipywidgets for the controls of an app."""

import html
import re
from collections.abc import Callable, Sequence
from itertools import groupby

import ipywidgets as widgets

from course_utils.apps.frame.controls import Button, Choice, Control, Heading, Slider, Toggle, Upload
from course_utils.apps.frame.uploads import FileButton

# neighbours of these kinds share a row; how wide each is
SIDE_BY_SIDE = {Button: "1 1 16%", Toggle: "0 0 40%"}
BELOW = {Button: "1 1 0", Toggle: "0 0 auto"}  # the same, under the picture
LONG = 16  # letters that fit into a choice beside a label of the usual width


class LoudButton(widgets.Button):  # type: ignore[misc] # it has no types
    """A button whose failing action raises. Handlers given to ``on_click`` are only logged when they fail, so a
    test that clicks would never notice."""

    action: Callable[[], None]

    def click(self) -> None:
        self.action()


def make_rows(
    controls: Sequence[Control],
    beside: dict[type, str],
    *,
    made: dict[str, widgets.Widget],
    press: Callable[[str], None],
    change: Callable[[str], None],
    upload: Callable[[str, bytes], None],
    refuse: Callable[[Exception], None],
) -> list[widgets.Widget]:
    """A widget per control; neighbours of the kinds in ``beside`` share a row. Each goes into ``made`` by its name.
    Its CSS class is "course-control-" and its :func:`css_name`.

    ``press(name)``, ``change(name)`` and ``upload(name, content)`` are called when a student does just that, and
    ``refuse(error)`` when a file cannot be taken.
    """

    def make(control: Control) -> widgets.Widget:
        widget = _make_widget(control)
        match control:
            case Heading():
                return widget
            case Button():
                widget.action = lambda: press(control.name)
            case Upload():
                widget.on_file = lambda content: upload(control.name, content)
                widget.on_refused = refuse
            case _:
                widget.observe(lambda _: change(control.name), names="value")
        made[control.name] = widget
        return widget.add_class(f"course-control-{css_name(control.name)}")

    def kind(control: Control) -> type:
        return Button if isinstance(control, Upload) else type(control)  # they look alike

    rows = []
    for alike, group in groupby(controls, key=kind):
        row = [make(control) for control in group]
        rows += [_beside_each_other(row, beside[alike])] if alike in beside and len(row) > 1 else row
    return rows


def _make_widget(control: Control) -> widgets.Widget:
    wide = {"width": "98%"}
    label = {"description": getattr(control, "label", ""), "style": {"description_width": "42%"}}
    match control:
        case Heading():
            words = f'<b style="color:{control.color}">{html.escape(control.label)}</b>'
            # without a tooltip, the page says "null"
            return widgets.HTML(words, tooltip="")
        case Button():
            return LoudButton(
                description=control.label, tooltip=control.tooltip or control.label, layout=wide
            )
        case Upload():
            return FileButton(
                description=control.label, accept=control.accept, tooltip="choose a file", layout=wide
            )
        case Slider():
            make = widgets.IntSlider if control.integer else widgets.FloatSlider
            number = {} if control.integer else {"readout_format": f".{_decimals(control.step)}f"}
            limits = {"min": control.low, "max": control.high, "step": control.step}
            return make(value=control.value, layout=wide, **limits, **label, **number)
        case Choice():
            if max(map(len, control.options)) > LONG:
                label["style"] = {"description_width": "initial"}  # only as wide as it must be
            return widgets.Dropdown(value=control.value, options=control.options, layout=wide, **label)
        case Toggle():
            return widgets.Checkbox(value=control.value, description=control.label, indent=False, layout=wide)


def _beside_each_other(row: list[widgets.Widget], flex: str) -> widgets.Widget:
    for widget in row:
        widget.layout.width, widget.layout.flex, widget.layout.min_width = "auto", flex, "fit-content"
    return widgets.HBox(row, layout={"flex_flow": "row wrap", "width": "98%"})


def _decimals(step: float) -> int:
    """How many decimals a slider must show so that neighbouring steps look different."""
    text = f"{step:.6f}".rstrip("0")
    return len(text.partition(".")[2])


def css_name(name: str) -> str:
    """A control's name as a part of a CSS class."""
    return re.sub(r"\W", "-", name)
