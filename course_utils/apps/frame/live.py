"""What goes on by itself: one player for every app that animates or trains.

The work is a plain generator: each ``next`` is one step. An asyncio task on the kernel's own event loop takes the steps
and shows them at most ``fps`` times a second; between the frames it gives the loop back, so that the kernel stays
responsive and other cells run. Callbacks do nothing but set flags, so they may come from any thread (JupyterLab 4.6
with ipykernel 7 delivers them on one of its own).

Only one player of a kernel plays at a time: building or starting another one, as when a cell is run again, pauses it.
It also pauses when nobody can see it any more, because its output was cleared or its cell deleted. Closing the app's
view stops it, and so does restarting the kernel.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import ClassVar

import ipywidgets as widgets

from course_utils.apps.frame.app import App
from course_utils.apps.frame.controls import Button, Controller
from course_utils.apps.frame.presence import Presence

SLICE = 0.03  # seconds of steps before the loop gets a turn
NAP = 0.1  # seconds of sleep at most before the flags are looked at again
BREATH = 0.001  # not sleep(0): a callback on another thread that waits for the lock can take it meanwhile

_END = object()


class Player:
    """Take steps in the background, and show them.

    Parameters
    ----------
    steps : called without arguments for a fresh iterable; every item taken from it is one step. A training loop is
        ``lambda: iter(trainer.step, None)``. When the items end, so does the run. After that, or after :meth:`stop`,
        a generator is closed (its ``finally`` runs), and the next start asks for a fresh one.
    show : draws the present state; called on the event loop's thread.
    fps : how often to show, at most, per second.
    steps_per_frame : how many steps lie between two frames; None for as many as fit in.
    on_error : called with what a step or ``show`` raised, before :meth:`wait` raises it.
    guard : entered around every step, a lock for example.

    Needs a running event loop, which every notebook cell has; elsewhere, use it inside ``asyncio.run``.
    ``steps_taken`` and ``frames`` count what was done and shown.

    Raises
    ------
    ValueError
        for a frame rate or a number of steps that is not positive.
    """

    _at_work: ClassVar["Player | None"] = None
    _turn = threading.Lock()

    def __init__(
        self,
        steps: Callable[[], Iterable],
        show: Callable[[], object],
        *,
        fps: float = 20.0,
        steps_per_frame: int | None = None,
        on_error: Callable[[Exception], object] | None = None,
        guard: AbstractContextManager | None = None,
    ):
        if not fps > 0 or not (steps_per_frame is None or steps_per_frame >= 1):
            raise ValueError(
                f"fps is {fps!r} and steps_per_frame is {steps_per_frame!r}: both must be positive "
                "(steps_per_frame=None takes as many steps as fit)."
            )
        self._make_steps, self._show = steps, show
        self.fps, self.steps_per_frame = fps, steps_per_frame
        self._on_error, self._guard = on_error, guard or nullcontext()
        self._loop = _running_loop()
        self._task: asyncio.Task | None = None
        self._steps: Iterator | None = None
        self._playing = self._give_up = False
        self.steps_taken = self.frames = 0
        Player._take_over(None)

    # ------------------------------------------------------------------ for callbacks, from any thread

    @property
    def playing(self) -> bool:
        return self._playing

    def play(self) -> None:
        """Start, or go on after a pause.

        Raises
        ------
        RuntimeError
            where no event loop runs.
        """
        if self._loop is None or self._loop.is_closed():
            self._loop = _running_loop()
        if self._loop is None:
            raise RuntimeError(
                "Nothing can play here, because no event loop is running. In a notebook there is one; in a script, "
                "build the app and play it inside a coroutine that asyncio.run(...) runs."
            )
        Player._take_over(self)
        self._playing = True
        self._wake()

    def pause(self) -> None:
        """Take no further step; :meth:`play` goes on from here."""
        self._playing = False

    def stop(self) -> None:
        """Take no further step, and give these steps up: the next :meth:`play` begins with fresh ones."""
        self._playing, self._give_up = False, True
        if self._loop is not None and not self._loop.is_closed():
            self._wake()  # the generator is closed on the loop, where alone it runs

    async def wait(self) -> None:
        """Return when the run is over, paused or stopped; raise what it raised. For cells and tests."""
        await asyncio.sleep(0)  # a start from another thread comes first
        if self._task is not None:
            await self._task

    # ------------------------------------------------------------------ on the loop

    def _wake(self) -> None:
        if _running_loop() is self._loop:
            self._ensure_task()
        else:
            self._loop.call_soon_threadsafe(self._ensure_task)

    def _ensure_task(self) -> None:
        if self._task is None or self._task.done():
            self._task = self._loop.create_task(self._run())

    async def _run(self) -> None:
        due, taken = time.perf_counter(), 0  # when the next frame is due, and its steps so far
        try:
            while True:
                if self._give_up:
                    self._close_steps()
                if not self._playing:
                    if taken:  # steps that no frame has shown yet
                        self._show()
                        self.frames += 1
                    return
                taken, more = self._take_steps(taken)
                complete = taken == self.steps_per_frame
                now = time.perf_counter()
                if not more:
                    self._playing, self._give_up = False, True
                if not more or (now >= due and (complete or self.steps_per_frame is None)):
                    self._show()
                    self.frames += 1
                    # After a slow frame the next one is due at once, but no burst makes up for lost time.
                    due, taken, complete = max(due + 1 / self.fps, time.perf_counter()), 0, False
                await asyncio.sleep(min(max(due - now, BREATH), NAP) if complete else BREATH)
        except Exception as error:
            self._close_steps()
            if self._on_error is not None:
                self._on_error(error)
            raise
        finally:
            self._playing = False

    def _take_steps(self, taken: int) -> tuple[int, bool]:
        """Go on with the steps of this frame, for one slice of time; returns their number, and whether more follow."""
        end = time.perf_counter() + SLICE
        while taken != self.steps_per_frame and time.perf_counter() < end:
            with self._guard:
                if not self._playing or self._give_up:
                    break
                if self._steps is None:
                    self._steps = iter(self._make_steps())
                if next(self._steps, _END) is _END:
                    return taken, False
            taken += 1
            self.steps_taken += 1
        return taken, True

    def _close_steps(self) -> None:
        steps, self._steps, self._give_up = self._steps, None, False
        if hasattr(steps, "close"):
            steps.close()

    @classmethod
    def _take_over(cls, player: "Player | None") -> None:
        """Let `player` be the one at work, and pause whoever was."""
        with cls._turn:
            other, cls._at_work = cls._at_work, player
        if other is not None and other is not player:
            other.pause()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class LiveController(Controller):
    """A controller of something that goes on. A subclass writes :meth:`steps` and puts ``*TRANSPORT`` in its controls.

    ``fps`` and ``steps_per_frame`` are those of :class:`Player`. ``player`` is there once a :class:`LiveApp` shows it.
    """

    fps: ClassVar[float] = 20.0
    steps_per_frame: ClassVar[int | None] = None
    player: Player

    def steps(self) -> Iterable:
        """A fresh generator: every ``next`` changes the controller by one step."""
        raise NotImplementedError

    def play(self) -> None:
        self.player.play()

    def pause(self) -> None:
        self.player.pause()

    def stop(self) -> None:
        self.player.stop()


TRANSPORT = (
    Button("play", "Play", "start, or go on after a pause"),
    Button("pause", "Pause", "stay where we are"),
    Button("stop", "Stop", "stop, and begin afresh next time"),
)


class LiveApp(App):
    """An app with a player. A step's error is shown in the status line, and raised by ``await app.player.wait()``."""

    controller: LiveController

    def __init__(self, controller: LiveController, *, scale: float = 1.0):
        super().__init__(controller, scale=scale)
        self.player = controller.player = Player(
            controller.steps,
            self.redraw,
            fps=controller.fps,
            steps_per_frame=controller.steps_per_frame,
            on_error=self._show_error,
            guard=self._lock,
        )
        self.view.observe(self._on_close, names="comm")

    def _make_view(self) -> widgets.Widget:
        view, presence = super()._make_view(), Presence()
        presence.on_gone = lambda: self.player.pause()
        view.children = (*view.children, presence)
        return view

    def _on_close(self, change) -> None:
        if change["new"] is None:  # the view was closed
            self.player.stop()
