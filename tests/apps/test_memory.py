"""Closing an app, or running its cell again, gives its memory back."""

import asyncio
import gc
import weakref

import pytest

from course_utils import apps, exercises
from course_utils.datasets import load_digits_stand_in
from course_utils.recording import recordings

ARGUMENTS = {
    "attacks_app": lambda: (load_digits_stand_in(),),
    "gan_app": lambda: (load_digits_stand_in(),),
    "guess_app": lambda: (exercises.question("2.c"), [0, 1, 2], [0.0, 0.5, 0.2]),
    "replay_app": lambda: (recordings()[:1],),
    "translation_app": lambda: (load_digits_stand_in(),),
    "vae_app": lambda: (load_digits_stand_in(),),
}


@pytest.fixture(scope="module", autouse=True)
def only_what_is_new():
    """The garbage collector looks through what the apps made, not through all that was imported before, each time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize("name", sorted(apps.APPS))
def test_nothing_of_a_closed_app_stays(name):
    """Controller, figure and every widget, whatever still points at the app itself, as a notebook's Out[...] does."""

    async def main():
        app = getattr(apps, name)(*ARGUMENTS.get(name, tuple)())
        if "play" in app.widgets:
            app.press("play")
            while not app.player.steps_taken:
                await asyncio.sleep(0.001)
        held = [weakref.ref(part) for part in (app.controller, app.figure, app.view, app.picture)]
        held += [weakref.ref(getattr(app.controller, "trainer", app.controller))]
        player = weakref.ref(app.player) if "play" in app.widgets else lambda: None
        app.close()
        await asyncio.sleep(0.05)  # the player ends on the loop
        gc.collect()
        return app, held, player

    app, held, player = asyncio.run(main())
    gc.collect()
    assert app.closed
    assert [ref() for ref in held] == [None] * len(held)
    assert player() is None
