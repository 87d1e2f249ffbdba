"""The frame around every app: what it can be asked to do, and the widgets that ask."""

from course_utils.apps.frame.app import App

__all__ = ["App"]
