"""The player: plain steps, frames, flags from any thread, errors, and nothing left running."""

import asyncio
import itertools
import threading
import time
from types import SimpleNamespace

import nbformat
import pytest
from nbclient import NotebookClient

from course_utils.apps.frame import PLAYBACK, LiveApp, LiveController, Player, Slider
from course_utils.apps.frame.manners import Manners
from course_utils.apps.frame.presence import Presence


class Counter(LiveController):
    """Counts; fails or ends at a given number, and remembers whether its generator was closed."""

    title = "counter"
    size = (2.0, 1.0)
    controls = (Slider("count", "count", 0, 10_000, 0, 1, integer=True), *PLAYBACK)

    def __init__(self, end=10_000, fail_at=None, pause=0.0):
        super().__init__()
        self.end, self.fail_at, self.pause_of_a_step = end, fail_at, pause
        self.started = self.closed = 0

    def steps(self):
        self.started += 1
        try:
            while self.values["count"] < self.end:
                if self.values["count"] == self.fail_at:
                    raise ZeroDivisionError("the <step> failed")
                time.sleep(self.pause_of_a_step)
                self.values["count"] += 1
                yield
        finally:
            self.closed += 1

    def draw(self, figure):
        if not figure.texts:
            figure.text(0.1, 0.4, "")
        figure.texts[0].set_text(str(self.values["count"]))

    def status(self):
        return f"at {self.values['count']}"


def no_show():
    pass


def other_tasks():
    return asyncio.all_tasks() - {asyncio.current_task()}


def test_plain_steps_run_to_their_end_and_the_last_state_is_shown():
    async def main():
        items, shown = [], []
        player = Player(lambda: (items.append(i) for i in range(50)), lambda: shown.append(len(items)))
        player.play()
        assert items == []  # starting only sets a flag
        await player.wait()
        assert len(items) == player.steps_taken == 50
        assert shown[-1] == 50
        assert player.frames == len(shown)
        assert not player.playing
        await player.wait()  # again: returns at once
        player.play()
        await player.wait()
        assert len(items) == 100  # fresh steps

    asyncio.run(main())


def test_steps_per_frame_is_exact_and_the_frame_rate_is_a_limit():
    async def main():
        items, shown = [], []
        player = Player(
            lambda: (items.append(i) for i in range(30)),
            lambda: shown.append((len(items), time.perf_counter())),
            fps=50,
            steps_per_frame=3,
        )
        begin = time.perf_counter()
        player.play()
        await player.wait()
        assert [count for count, _ in shown] == [*range(3, 31, 3), 30]  # the last frame finds no more steps
        # Later than planned on a busy machine, but never earlier.
        assert all(at - begin >= k / 50 for k, (_, at) in enumerate(shown[:10]))

    asyncio.run(main())


@pytest.fixture
def clock(monkeypatch):
    """For the player, a millisecond passes whenever it looks at the clock: with every step, that is."""
    ticks = itertools.count()
    monkeypatch.setattr(
        "course_utils.apps.frame.player.time", SimpleNamespace(perf_counter=lambda: next(ticks) / 1000)
    )


def test_as_many_steps_as_fit_between_two_frames(until, clock):
    async def main():
        shown = []
        player = Player(lambda: iter(int, 1), lambda: shown.append(player.steps_taken), fps=20)
        player.play()
        await until(lambda: len(shown) > 10)
        player.stop()
        await player.wait()
        between = [after - before for before, after in itertools.pairwise(shown[1:-1])]
        assert all(20 < steps <= 50 + 30 for steps in between)  # 50 ms, and no slice of 30 ms is cut

    asyncio.run(main())


def test_others_on_the_loop_have_their_turn_after_every_slice_of_steps(clock):
    async def main():
        player, seen = Player(lambda: iter(int, 1)), [0]
        player.play()
        while seen[-1] < 1000:
            await asyncio.sleep(0)
            seen.append(player.steps_taken)
        player.stop()
        await player.wait()
        assert max(after - before for before, after in itertools.pairwise(seen)) <= 30

    asyncio.run(main())


@pytest.mark.parametrize("fps", [0.001, 20])
@pytest.mark.parametrize("steps_per_frame", [1, None])
@pytest.mark.parametrize("command", ["pause", "stop"])
def test_pause_and_stop_act_at_once_from_another_thread(fps, steps_per_frame, command, until):
    """At once: after one more step at most, and without waiting for the next frame, which may be far away."""

    async def main():
        player, at_command = (
            Player(lambda: iter(int, 1), no_show, fps=fps, steps_per_frame=steps_per_frame),
            [],
        )

        def press():
            getattr(player, command)()
            at_command.append(player.steps_taken)

        thread = threading.Thread(target=player.play)  # as a button does in JupyterLab
        thread.start()
        thread.join()
        await until(lambda: player.steps_taken > 0)
        threading.Thread(target=press).start()
        await until(lambda: at_command)
        await asyncio.wait_for(player.wait(), 120)
        assert player.steps_taken <= at_command[0] + 1
        assert other_tasks() == set()

    asyncio.run(main(), debug=True)  # in which asyncio refuses to be touched from a foreign thread


def test_pause_keeps_the_steps_and_stop_gives_them_up(until):
    async def main():
        app = LiveApp(Counter(pause=0.001))
        counter = app.controller
        app.press("play")
        await until(lambda: counter.values["count"] > 3)
        app.press("pause")
        await app.player.wait()
        assert (counter.started, counter.closed) == (1, 0)
        app.press("play")
        await until(lambda: app.player.steps_taken > 10)
        assert (counter.started, counter.closed) == (1, 0)
        app.press("stop")
        await app.player.wait()
        assert (counter.started, counter.closed) == (1, 1)
        app.press("play")
        await until(lambda: counter.started == 2)
        app.press("pause")
        app.press("stop")  # while nothing plays
        await app.player.wait()
        assert counter.closed == 2

    asyncio.run(main())


def test_stop_and_play_in_one_breath_begin_afresh(until):
    async def main():
        app = LiveApp(Counter(pause=0.001))
        app.press("play")
        await until(lambda: app.player.steps_taken > 3)
        app.press("stop")
        app.press("play")
        await until(lambda: app.controller.started == 2)
        assert app.player.playing
        app.press("stop")
        await app.player.wait()

    asyncio.run(main())


def test_the_app_follows_and_its_controls_can_be_moved_meanwhile(until):
    async def main():
        app = LiveApp(Counter(pause=0.001))
        app.widgets["play"].click()
        await until(lambda: app.player.frames > 2)
        assert app.widgets["count"].value > 0
        thread = threading.Thread(target=lambda: app.set(count=5000))
        thread.start()
        await until(lambda: not thread.is_alive())
        assert app.controller.values["count"] >= 5000
        app.widgets["stop"].click()
        await app.player.wait()
        assert app.status.value.count(f"at {app.controller.values['count']}") == 1
        assert app.widgets["count"].value == app.controller.values["count"]

    asyncio.run(main())


def test_while_a_step_changes_the_state_nobody_else_does(until):
    class Crowded(Counter):
        def steps(self):
            other = threading.Thread(target=lambda: app.set(count=5000))
            other.start()
            other.join(0.1)
            self.waiting = other.is_alive()
            yield

    async def main():
        nonlocal app
        app = LiveApp(Crowded())
        app.press("play")
        await until(lambda: app.controller.values["count"] == 5000)
        app.press("stop")
        await app.player.wait()
        assert app.controller.waiting

    app = None
    asyncio.run(main())


def test_an_error_in_a_step_is_shown_and_raised_and_the_app_lives_on():
    async def main():
        app = LiveApp(Counter(fail_at=7))
        app.press("play")
        with pytest.raises(ZeroDivisionError):
            await app.player.wait()
        assert "ZeroDivisionError" in app.status.value
        assert "the &lt;step&gt; failed" in app.status.value
        assert not app.player.playing
        assert app.controller.closed == 1
        app.controller.fail_at = None
        app.set(count=9990)
        app.press("play")
        await app.player.wait()
        assert "at 10000" in app.status.value

    asyncio.run(main())


def test_an_error_while_drawing_is_shown_and_raised():
    async def main():
        app = LiveApp(Counter(end=100))

        def draw(figure):
            raise KeyError("no such artist")

        app.controller.draw = draw
        app.player.play()
        with pytest.raises(KeyError):
            await app.player.wait()
        assert "no such artist" in app.status.value

    asyncio.run(main())


def test_only_one_plays_and_a_cell_that_is_run_again_pauses_the_old_one(until):
    async def main():
        first, second = LiveApp(Counter(pause=0.001)), LiveApp(Counter(pause=0.001))
        first.press("play")
        await until(lambda: first.player.steps_taken > 0)
        second.press("play")
        await first.player.wait()
        assert (first.player.playing, second.player.playing) == (False, True)
        LiveApp(Counter())  # the cell again
        await second.player.wait()
        assert not second.player.playing
        assert other_tasks() == set()

    asyncio.run(main())


def test_closing_the_view_stops_the_task(until):
    async def main():
        app = LiveApp(Counter(pause=0.001))
        app.press("play")
        await until(lambda: app.player.steps_taken > 0)
        player, controller = app.player, app.controller
        app.view.close()
        await player.wait()
        assert controller.closed == 1
        assert controller.values["count"] < controller.end
        assert other_tasks() == set()

    asyncio.run(main())


def test_interrupting_a_cell_that_waits_ends_the_run(until):
    async def main():
        player = Player(lambda: iter(int, 1), no_show)
        player.play()
        cell = asyncio.create_task(player.wait())
        await until(lambda: player.steps_taken > 0)
        cell.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cell
        assert not player.playing
        assert other_tasks() == set()
        player.play()  # and it can go on
        await until(lambda: player.playing)
        player.stop()
        await player.wait()

    asyncio.run(main())


def test_it_pauses_when_nobody_watches_and_not_before(until):
    """What a browser tells, told by hand: tests/browser/test_views.py looks at a real one."""

    async def main():
        app = LiveApp(Counter(pause=0.001))
        (presence,) = (child for child in app.view.children if isinstance(child, Presence))

        async def plays_on():
            now = app.controller.values["count"]
            await until(lambda: app.controller.values["count"] > now + 3)
            assert app.player.playing

        app.press("play")
        await plays_on()  # no view was told of: a script
        assert presence.playing
        one, two = (1, 2)
        for view, seen in ((one, True), (two, True), (two, False), (two, False)):
            presence.hear(view, seen)
            await plays_on()
        presence.hear(one, False)
        await app.player.wait()
        assert not app.player.playing
        assert not presence.playing
        assert app.controller.closed == 0
        assert "nobody was watching" in app.status.value
        app.redraw()  # as when the window changes its size
        assert "nobody was watching" in app.status.value
        app.set(count=3)  # somebody is back
        assert "nobody was watching" not in app.status.value
        app.press("play")  # whoever asks
        await plays_on()
        assert "nobody was watching" not in app.status.value
        app.press("pause")
        await app.player.wait()
        assert "nobody was watching" not in app.status.value

    asyncio.run(main())


def test_it_pauses_when_no_view_gives_a_sign_of_life_any_more(until, monkeypatch):
    """By a clock that runs as fast as the player looks at it: a second at every look."""
    ticks = itertools.count()
    monkeypatch.setattr(
        "course_utils.apps.frame.presence.time", SimpleNamespace(monotonic=lambda: float(next(ticks)))
    )

    class Lively(Counter):
        def steps(self):
            if not self.values["count"]:
                presence.hear(2, True)  # is silent ever after
            for step in super().steps():
                if self.values["count"] < 100:  # many times as long as silence may last
                    presence.hear(1, True)
                yield step

    presence = None

    async def main():
        nonlocal presence
        app = LiveApp(Lively(pause=0.04))  # one step in each slice of time
        (presence,) = (child for child in app.view.children if isinstance(child, Presence))
        app.press("play")
        await asyncio.wait_for(app.player.wait(), 120)
        assert 100 < app.controller.values["count"] < 150
        assert "nobody was watching" in app.status.value
        app.press("play")
        await until(lambda: app.player.steps_taken > 200)  # no view is known any more
        app.press("stop")
        await app.player.wait()

    asyncio.run(main())


def test_a_slider_that_somebody_moves_while_a_frame_is_drawn_keeps_its_value():
    """The value is on its way: the widget has it, the controller not yet."""
    app = LiveApp(Counter())
    widget = app.widgets["count"]
    waiting = threading.Event()
    with app._lock:
        thread = threading.Thread(target=lambda: (waiting.set(), setattr(widget, "value", 7)))
        thread.start()
        waiting.wait()
        while widget.value != 7:
            time.sleep(0.001)
        app.redraw()  # a frame of the player comes first
        assert widget.value == 7
    thread.join()
    assert app.controller.values["count"] == 7


def test_space_plays_and_pauses_and_the_app_shows_which(until):
    async def main():
        app = LiveApp(Counter(pause=0.001))
        (manners,) = (child for child in app.view.children if isinstance(child, Manners))
        assert "course-playing" not in app.view._dom_classes
        manners.on_space()
        await until(lambda: app.controller.values["count"] > 3)
        assert "course-playing" in app.view._dom_classes
        manners.on_space()
        await app.player.wait()
        assert not app.player.playing
        assert "course-playing" not in app.view._dom_classes

    asyncio.run(main())


def test_a_pause_from_elsewhere_is_shown_as_well(until):
    async def main():
        first, second = LiveApp(Counter(pause=0.001)), LiveApp(Counter(pause=0.001))
        first.press("play")
        await until(lambda: "course-playing" in first.view._dom_classes)
        second.press("play")
        await first.player.wait()
        assert "course-playing" not in first.view._dom_classes
        second.press("stop")
        await second.player.wait()

    asyncio.run(main())


def test_the_buttons_stand_beside_each_other():
    app = LiveApp(Counter())
    (column,) = (
        part
        for part in app.view.children[0].children
        if app.widgets["count"] in getattr(part, "children", ())
    )
    row = column.children[-1]
    assert [button.description for button in row.children] == ["Play", "Pause", "Stop"]
    assert app.widgets["stop"] is row.children[2]
    assert app.widgets["count"] is column.children[0]


def test_without_an_event_loop_play_says_so_and_a_later_loop_will_do():
    app = LiveApp(Counter(end=20))
    with pytest.raises(RuntimeError, match="no event loop is running"):
        app.press("play")
    assert "asyncio.run" in app.status.value
    app.press("stop")

    async def main():
        app.press("play")
        await app.player.wait()

    asyncio.run(main())
    assert app.controller.values["count"] == 20
    app.set(count=15)
    asyncio.run(main())  # the first loop is closed by now
    assert app.controller.values["count"] == 20


@pytest.mark.parametrize("wrong", [{"fps": 0}, {"steps_per_frame": 0}])
def test_absurd_rates(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} is 0; it must be"):
        Player(lambda: iter(()), no_show, **wrong)


KERNEL = """
import threading
from course_utils.apps.frame import LiveController, LiveApp, PLAYBACK

class Clock(LiveController):
    title, size, controls, count = "clock", (2.0, 1.0), PLAYBACK, 0
    def steps(self):
        for _ in range(30):
            self.count += 1
            yield
    def draw(self, figure): pass
    def status(self): return f"count {self.count}"

app = LiveApp(Clock())
button = threading.Thread(target=app.widgets["play"].click)  # on a thread of its own, as in JupyterLab
button.start(); button.join()
"""


def test_in_a_real_kernel_it_plays_between_cells_and_a_cell_can_wait_for_it():
    cells = [
        KERNEL,
        "import asyncio\nwhile app.controller.count < 30: await asyncio.sleep(0.01)\nprint(app.player.steps_taken)",
        "app.press('play'); await app.player.wait(); print(app.player.playing, app.controller.count)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    outputs = [[output.text for output in cell.outputs] for cell in notebook.cells]
    assert outputs[0] == []
    assert outputs[1] == ["30\n"]
    assert outputs[2] == ["False 60\n"]
