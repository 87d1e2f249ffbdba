"""Interactive apps: one line in a lesson opens one.

    from course_utils import apps
    apps.jsd_app()

What lives where:

    <app>.py      a controller that knows nothing of widgets, and ``<app>_app()``, which shows it
    frame/        what all apps share: controls, frames, players, and the widgets around them
    playground/   lesson 8's app

An app is imported when it is first asked for, so that lesson 1's needs no torch.
"""

from importlib import import_module
from typing import Any

APPS = {  # the function that opens an app -> its module
    "attacks_app": "attacks",
    "couplings_app": "couplings",
    "family_app": "family",
    "games_app": "games",
    "gan_app": "gan",
    "guess_app": "guess",
    "jsd_app": "jsd",
    "move_the_dirt_app": "transport",
    "parallel_lines_app": "parallel_lines",
    "playground_app": "playground",
    "point_clouds_app": "point_clouds",
    "replay_app": "replay",
    "style_app": "style",
    "vae_app": "vae",
}


def __getattr__(name: str) -> Any:
    if name not in APPS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{APPS[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *APPS])
