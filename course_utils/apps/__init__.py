"""Interactive apps: one line in a lesson opens one.

    from course_utils import apps
    apps.jsd_app()

``apps.present()`` at the top of a notebook makes it fit for a class.

What lives where:

    <app>.py      a controller that knows nothing of widgets, and ``<app>_app()``, which shows it
    frame/        what all apps share: controls, frames, players, and the widgets around them
    playground/   lesson 8's app

    states/       the named states of each

An app is imported when it is first asked for, so that lesson 1's needs no torch.
"""

from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from course_utils import memory
from course_utils.checks import one_of

if TYPE_CHECKING:
    from course_utils.apps.frame import Controller
    from course_utils.datasets import Images

APPS = {  # the function that opens an app -> its module
    "attacks_app": "attacks",
    "conditional_app": "conditional",
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
    "translation_app": "translation",
    "vae_app": "vae",
}

# Those with something to show; the guess asks, and is answered in its lesson only.
SHOWN = tuple(name for name in APPS if name != "guess_app")


def controller(name: str, images: "Images | None" = None) -> "Controller":
    """The controller behind an app such as "jsd_app", as its lesson opens it: all that it shows, without widgets.

    For tests, and for pages and slides that show pictures of an app. ``images`` are for the apps that take some; None
    stands for those of the lesson.

    Raises
    ------
    ValueError
        for a name that is no app of ``SHOWN``.
    """
    from course_utils.apps.frame import Controller

    module = import_module(f"{__name__}.{APPS[one_of('name', name, SHOWN)]}")
    kinds = (
        each for each in vars(module).values() if isinstance(each, type) and issubclass(each, Controller)
    )
    kind: Any = next(each for each in kinds if each.__module__.startswith(module.__name__))
    made: Controller
    match name:
        case "attacks_app" | "gan_app" | "vae_app":
            made = kind(_images(name) if images is None else images)
        case "replay_app":
            from course_utils.recording import load_recording, recordings

            made = kind([load_recording(run) for run in recordings()])
        case "style_app":
            made = kind("flower", "stained_glass", "embedded", ".")
        case _:
            made = kind()
    return made


def _images(name: str) -> "Images":
    from course_utils.datasets import load_images, load_mnist

    images = load_images()
    return load_mnist("test") if name == "attacks_app" and not images.is_stand_in else images


def present(on: bool = True, *, scale: float = 1.4, recorded: bool = True) -> None:
    """Before a class: large type, folded code, and apps at projector scale; ``present(False)`` takes it back.

    Put it at the top of a notebook and run it before the others. Text is ``scale`` times larger, and so are apps that
    are opened from then on without a scale of their own. The code of cells that show an app is folded away, and that of
    cells with the tag "hide-input" (as the notebook was last saved). Where a page may ask JupyterLab, as with
    ``make lab``, the notebook gets the whole window: single-document mode, side bars and status bar closed.

    Meanwhile another process records the named states of the notebook's apps, and a line says which are ready. From
    then on, when the kernel dies or is restarted, or an app's cell fails, these pictures stand in the app's place; n
    and p go through them as before. ``recorded=False`` goes without.

    Raises
    ------
    ValueError
        for a scale outside [0.5, 3].
    """
    from course_utils.apps.frame import page

    page.present(on, scale, {name: APPS[name] for name in SHOWN} if recorded else {})


def __getattr__(name: str) -> Any:
    if name not in APPS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with memory.imports():
        with suppress(ModuleNotFoundError):  # without ipywidgets, only what shows an app fails
            import_module(f"{__name__}.frame.live")
        return getattr(import_module(f"{__name__}.{APPS[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *APPS])
