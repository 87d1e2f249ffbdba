"""An app as recorded pictures of its named states, with their sentences: for a player that needs no kernel."""

import base64
import html
import json
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from course_utils.apps.frame.canvas import Canvas
from course_utils.apps.frame.controller import Controller
from course_utils.plots import palette

COLOURS, QUALITY = 256, 75
WIDTH = 1200  # pixels of a picture for a projector

# Until the script has made a player of it, or where none may run, it is the first picture. The first rule hides what is
# left of a view that was saved with its notebook; the others change places when the kernel of a living one dies.
_PLAYER = """<style>{css}
.jp-OutputArea-child:has(.course-recorded) + .jp-OutputArea-child:not(:has(.course-app, .course-recorded)),
.jp-OutputArea-child:has(.course-recorded) + .jp-OutputArea-child:has(.course-app.jupyter-widgets-disconnected)
  {{display: none}}
.jp-OutputArea-child:has(.course-recorded):has(+ .jp-OutputArea-child .course-app.jupyter-widgets-disconnected)
  {{display: table !important}}
</style>
<div class="course-player course-recorded" data-app="{name}" data-note="{note}"><img alt="{alt}" src="{src}"></div>
<script type="application/json">{about}</script>
<script>{js}</script>"""
NOTE = "Recorded pictures: n and p go through them. Run this cell again for the living app."


def picture(
    controller: Controller, canvas: Canvas, *, colours: int = COLOURS, quality: int = QUALITY
) -> bytes:
    """What the controller shows now, as WebP: in so many colours, without loss, or as a photograph of that quality,
    whichever is smaller."""
    with palette.context():
        controller.draw(canvas.figure)
        png = canvas.png(controller.moving)
    drawn, coded = Image.open(BytesIO(png)).convert("RGB"), (BytesIO(), BytesIO())
    few = drawn.quantize(colours, dither=Image.Dither.NONE).convert("RGB")
    few.save(coded[0], "webp", lossless=True, quality=50, method=2)
    drawn.save(coded[1], "webp", quality=quality, method=6)
    return min((buffer.getvalue() for buffer in coded), key=len)


def record(
    controller: Controller,
    frame: Callable[[], list[str]],
    tracks: Callable[[], list[Any]] = list,
    most: int | None = None,
) -> dict[str, Any]:
    """All that a player has to know of an app: {title, size, states: [{name, sees, alt, frame, tracks}]}.

    ``frame()`` says where the present picture is, and what is said of it; ``tracks()``, where one can go from here.

    Raises
    ------
    AssertionError
        when a number in a state's sentence is not true.
    """
    states = []
    for state in controller.states[:most]:
        controller.visit(state.name)
        if lies := state.lies(controller):
            raise AssertionError(f"{controller.title}: {'; '.join(lies)}")
        entry = {"name": state.name, "sees": state.sees, "alt": controller.describe(), "frame": frame()}
        states.append({**entry, "tracks": tracks()})
    return {
        "title": controller.title,
        "size": [round(100 * inch) for inch in controller.size],
        "states": states,
    }


def for_a_class(controller: Controller, scale: float) -> dict[str, Any]:
    """The same with its pictures in it, as large as a projector shows them."""
    canvas = Canvas(controller.size, scale)
    canvas.resize(WIDTH)

    def frame() -> list[str]:
        coded = base64.b64encode(picture(controller, canvas)).decode("ascii")
        return [f"data:image/webp;base64,{coded}", controller.spoken()]

    return record(controller, frame)


def write(find: Callable[[str], Controller], scale: str, *names: str) -> None:
    """The body of a process of its own: a line of JSON for each app, as soon as it is recorded: its name, and what
    :func:`for_a_class` says of the controller that ``find(name)`` gives, or {"error": why not}."""
    if hasattr(os, "nice"):  # somebody speaks, and computes, meanwhile
        os.nice(10)
    for name in names:
        with redirect_stdout(sys.stderr):
            try:
                about = for_a_class(find(name), float(scale))
            except Exception as error:
                about = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps([name, about]), flush=True)


def player(name: str, about: dict[str, Any]) -> str:
    """HTML that plays these pictures of the app of that name, in the place of its live view when that has died."""
    css, js = (
        Path(__file__).with_name(f"recorded.{kind}").read_text(encoding="utf-8") for kind in ("css", "js")
    )
    first = about["states"][0]
    return _PLAYER.format(
        css=css, js=js, name=name, note=NOTE, alt=html.escape(first["alt"], quote=True), src=first["frame"][0],
        about=json.dumps(about, ensure_ascii=False).replace("<", "\\u003c"),
    )  # fmt: skip
