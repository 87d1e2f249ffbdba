"""The frame around every app. What an app does is plain Python; only what shows it needs widgets.

    controls, handles   sliders, choices, buttons ... and what can be dragged, as data
    controller, player  the base of the controllers, and what plays them: no widgets
    states              places of an app with a name and a sentence
    stage               how large apps are before a class
    page                ``present()``: a notebook before a class
    app, live           apps with ipywidgets (and rows, clicks, uploads, presence, their parts)

A lesson writes a controller and calls :func:`show`.
"""

from typing import TYPE_CHECKING, Any, overload

from course_utils.apps.frame.controller import PLAYBACK, Controller, LiveController
from course_utils.apps.frame.controls import Button, Choice, Control, Heading, Slider, Toggle, Upload
from course_utils.apps.frame.handles import Handle
from course_utils.apps.frame.player import Player, Speedometer
from course_utils.apps.frame.stage import scale_of
from course_utils.apps.frame.states import State, forward, state

if TYPE_CHECKING:
    from course_utils.apps.frame.live import App, LiveApp

__all__ = [
    "PLAYBACK", "App", "Button", "Choice", "Control", "Controller", "Handle", "Heading", "LiveApp", "LiveController",
    "Player", "Slider", "Speedometer", "State", "Toggle", "Upload", "forward", "show", "state",
]  # fmt: skip

TRANSPORT = PLAYBACK  # its old name: in this course, transport is optimal transport


@overload
def show(controller: LiveController, *, scale: float = 1.0) -> "LiveApp": ...
@overload
def show(controller: Controller, *, scale: float = 1.0) -> "App": ...
def show(controller: Controller, *, scale: float = 1.0) -> "App":
    """An app of the controller, ready to show; ``scale=1.4`` for a projector.

    The one place where controllers meet widgets.
    """
    from course_utils.apps.frame import live

    make: type[App] = live.LiveApp if isinstance(controller, LiveController) else live.App
    return make(controller, scale=scale_of(scale))


def __getattr__(name: str) -> Any:
    """``App`` and ``LiveApp`` bring ipywidgets with them, so they come when they are asked for."""
    if name in ("App", "LiveApp"):
        from course_utils.apps.frame import live

        return getattr(live, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
