"""What goes on by itself: one player for every app that animates or trains. It knows asyncio, but no widgets.

The work is a plain generator: each ``next`` is one step. An asyncio task on the kernel's own event loop takes the steps
and shows them at most ``fps`` times a second; between the frames it gives the loop back, so that the kernel stays
responsive and other cells run. Callbacks do nothing but set flags, so they may come from any thread (JupyterLab 4.6
with ipykernel 7 delivers them on one of its own).

Only one player of a kernel plays at a time: starting another one, or showing it in an app, as when a cell is run
again, pauses it. (When nobody can see an app any more, :class:`~course_utils.apps.frame.live.LiveApp` pauses it.)
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

from course_utils.checks import positive, whole

SLICE = 0.03  # seconds of steps before the loop gets a turn
NAP = 0.1  # seconds of sleep at most before the flags are looked at again
# seconds: not sleep(0), since a callback on another thread that waits for the lock can take it meanwhile; and a share
# of a slice, since after a long step much waits, and what it takes to hear of Pause are several turns of the loop
BREATH, SHARE = 0.001, 0.03

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

    To play, it needs a running event loop, which every notebook cell has; elsewhere, use it inside ``asyncio.run``.
    ``steps_taken`` and ``frames`` count what was done and shown; ``fps`` and ``steps_per_frame`` may be changed on the
    way.

    Raises
    ------
    ValueError
        for a frame rate or a number of steps that is not positive.
    """

    _at_work: ClassVar["Player | None"] = None
    _turn = threading.Lock()

    def __init__(
        self,
        steps: Callable[[], Iterable[Any]],
        show: Callable[[], object] = lambda: None,
        *,
        fps: float = 20.0,
        steps_per_frame: int | None = None,
    ):
        if steps_per_frame is not None:
            steps_per_frame = whole("steps_per_frame", steps_per_frame, advice="or None for as many as fit")
        self._make_steps, self._show = steps, show
        self.fps, self.steps_per_frame = positive("fps", fps), steps_per_frame
        self._on_error: Callable[[Exception], object] = lambda error: None
        self._guard: AbstractContextManager[Any] = nullcontext()
        self._watched: Callable[[], bool] = lambda: True
        self._loop = _running_loop()
        self._task: asyncio.Task[None] | None = None
        self._steps: Iterator[Any] | None = None
        self._playing = self._give_up = False
        self.steps_taken = self.frames = 0

    def connect(
        self,
        show: Callable[[], object],
        on_error: Callable[[Exception], object],
        guard: AbstractContextManager[Any],
        watched: Callable[[], bool] = lambda: True,
    ) -> None:
        """Let an app show what is played; any other player pauses.

        ``on_error`` is called with what a step or ``show`` raised, before :meth:`wait` raises it; ``guard``, a lock for
        example, is entered around every step. ``watched`` is asked many times a second, and pauses when it says False.
        """
        self._show, self._on_error, self._guard, self._watched = show, on_error, guard, watched
        self._loop = _running_loop() or self._loop
        Player._take_over(None)

    def disconnect(self) -> None:
        """Stop, and let go of the app."""
        self.stop()
        self._show, self._on_error, self._guard = lambda: None, lambda error: None, nullcontext()
        self._watched = lambda: True
        with Player._turn:
            if Player._at_work is self:
                Player._at_work = None

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
        loop = self._loop
        if loop is None or loop.is_closed():
            loop = self._loop = _running_loop()
        if loop is None:
            raise RuntimeError(
                "Nothing can play here, because no event loop is running. In a notebook there is one; in a script, "
                "build the app and play it inside a coroutine that asyncio.run(...) runs."
            )
        Player._take_over(self)
        self._playing = True
        self._wake(loop)

    def pause(self) -> None:
        """Take no further step; :meth:`play` goes on from here."""
        self._playing = False

    def stop(self) -> None:
        """Take no further step, and give these steps up: the next :meth:`play` begins with fresh ones."""
        self._playing, self._give_up = False, True
        if self._loop is not None and not self._loop.is_closed():
            self._wake(self._loop)  # the generator is closed on the loop, where alone it runs

    async def wait(self) -> None:
        """Return when the run is over, paused or stopped; raise what it raised. For cells and tests."""
        await asyncio.sleep(0)  # a start from another thread comes first
        if self._task is not None:
            await self._task

    # ------------------------------------------------------------------ on the loop

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        if _running_loop() is loop:
            self._ensure_task(loop)
        else:
            loop.call_soon_threadsafe(self._ensure_task, loop)

    def _ensure_task(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._run())
            # An error is shown by the app and raised by wait(); asyncio need not complain that nobody asked.
            self._task.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def _run(self) -> None:
        due, taken = time.perf_counter(), 0  # when the next frame is due, and its steps so far
        more = True
        try:
            while True:
                if self._give_up:
                    self._close_steps()
                if not self._watched():
                    self._playing = False
                if not self._playing:
                    if more:  # paused: there may be steps that no frame has shown yet
                        self._show()
                        self.frames += bool(taken)
                    return
                began = time.perf_counter()
                taken, more = self._take_steps(taken)
                complete = taken == self.steps_per_frame
                now = time.perf_counter()
                breath = max(BREATH, SHARE * (now - began))
                if not more:
                    self._playing, self._give_up = False, True
                if not more or (now >= due and (complete or self.steps_per_frame is None)):
                    self._show()
                    self.frames += 1
                    # After a slow frame the next one is due at once, but no burst makes up for lost time.
                    due, taken, complete = max(due + 1 / self.fps, time.perf_counter()), 0, False
                await asyncio.sleep(min(max(due - now, breath), NAP) if complete else breath)
        except Exception as error:
            self._close_steps()
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
        close = getattr(steps, "close", None)  # only generators have it
        if close is not None:
            close()

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


class Speedometer:
    """How many steps a second were taken between the last two looks, in ``speed``."""

    def __init__(self) -> None:
        self.speed = 0.0
        self._done, self._at = 0, time.perf_counter()

    def look(self, done: int) -> None:
        """So many steps are done by now."""
        steps, seconds = done - self._done, time.perf_counter() - self._at
        self.speed = steps / seconds if steps > 0 else 0.0
        self._done, self._at = done, self._at + seconds
