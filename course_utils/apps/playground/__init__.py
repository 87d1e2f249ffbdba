"""Lesson 8's app: its controller, what its controls stand for (settings), and what it measures (measurements)."""

from typing import Any

from course_utils.apps import frame
from course_utils.apps.playground.app import PlaygroundController, playground_app
from course_utils.apps.playground.own_data import DRAWN, GIVEN
from course_utils.apps.playground.settings import OWN

__all__ = ["DRAWN", "GIVEN", "OWN", "PlaygroundController", "playground_app"]


def __getattr__(name: str) -> Any:
    if name == "PlaygroundApp":  # every app can be clicked by now
        return frame.LiveApp
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
