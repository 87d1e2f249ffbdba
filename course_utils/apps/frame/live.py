"""The app of something that goes on by itself: Play and Pause, until nobody watches any more."""

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from course_utils.apps.frame.app import App
from course_utils.apps.frame.controller import LiveController
from course_utils.apps.frame.presence import Presence

__all__ = ["App", "LiveApp"]

UNWATCHED = "<br><i>Paused, because nobody was watching. Play goes on from here.</i>"


class LiveApp(App):
    """An app with a player. A step's error is shown in the status line, and raised by ``await app.player.wait()``.

    It pauses when another app starts or is built, and when nobody watches any more: its tab is hidden or closed, the
    connection lost, its output cleared or its cell deleted. Closing its view stops it, and so does restarting the
    kernel.
    """

    controller: LiveController

    def __init__(self, controller: LiveController, *, scale: float = 1.0):
        self.player = controller.player
        self._left_alone = False  # it played until nobody watched
        super().__init__(controller, scale=scale)
        self.player.connect(self.redraw, self._failed, self._lock, self._watched)

    def _make_view(self) -> widgets.Widget:
        view, self._presence = super()._make_view(), Presence()
        self._presence.on_gone = self._rest
        self._manners.plays, self._manners.on_space = True, self._space
        view.children = (*view.children, self._presence)
        return view

    def _watched(self) -> bool:
        if self._presence.watched():
            return True
        self._rest()
        return False

    def _rest(self) -> None:
        """Nobody watches any more."""
        if self.player.playing:
            self._do(self._leave_alone)

    def _leave_alone(self) -> None:
        self.player.pause()
        self._left_alone = True

    def _do(self, action: Callable[..., object], *arguments: Any, **values: Any) -> None:
        with self._lock:
            self._left_alone &= action == self._as_it_is  # whoever does something has come back
            super()._do(action, *arguments, **values)

    def _space(self) -> None:
        self.press("pause" if self.controller.playing else "play")

    def _sync(self, *, all_of_them: bool = False) -> None:
        super()._sync(all_of_them=all_of_them)
        self._presence.playing, playing = self.player.playing, self.controller.playing
        if playing != ("course-playing" in self.view._dom_classes):
            (self.view.add_class if playing else self.view.remove_class)("course-playing")

    def _say(self) -> str:
        self._left_alone &= not self.player.playing
        return super()._say() + (UNWATCHED if self._left_alone else "")

    def _let_go(self) -> None:
        self.player.disconnect()
