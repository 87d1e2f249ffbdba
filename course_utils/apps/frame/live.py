"""The app of something that goes on by itself: Play and Pause, until nobody can see it any more."""

import ipywidgets as widgets

from course_utils.apps.frame.app import App
from course_utils.apps.frame.controller import LiveController
from course_utils.apps.frame.presence import Presence

__all__ = ["App", "LiveApp"]


class LiveApp(App):
    """An app with a player. A step's error is shown in the status line, and raised by ``await app.player.wait()``.

    It pauses when another app starts or is built, and when nobody can see it any more, because its output was cleared
    or its cell deleted. Closing its view stops it, and so does restarting the kernel.
    """

    controller: LiveController

    def __init__(self, controller: LiveController, *, scale: float = 1.0):
        super().__init__(controller, scale=scale)
        self.player = controller.player
        self.player.connect(self.redraw, self._show_error, self._lock)

    def _make_view(self) -> widgets.Widget:
        view, presence = super()._make_view(), Presence()
        presence.on_gone = lambda: self.player.pause()
        view.children = (*view.children, presence)
        return view

    def _let_go(self) -> None:
        self.player.disconnect()
