"""Lesson 8's app."""

from course_utils.apps.playground.app import (
    DRAWN,
    GIVEN,
    OWN,
    PlaygroundApp,
    PlaygroundController,
    playground_app,
)

__all__ = ["DRAWN", "GIVEN", "OWN", "PlaygroundApp", "PlaygroundController", "playground_app"]
