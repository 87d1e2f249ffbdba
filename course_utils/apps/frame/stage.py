"""What apps are before a class: how large, and who stands in for them when the kernel dies.

The stand-ins are recorded pictures (:mod:`course_utils.apps.frame.recorded`). They go into the output of their own in
which an app leaves a still picture, behind its live view, so that they are in the page before anything dies.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from course_utils.apps.frame.recorded import player

# It ends when whoever has started it is gone: then there is nobody at the other end of its input.
PROCESS = """import os, sys, threading
threading.Thread(target=lambda: (os.read(0, 1), os._exit(1)), daemon=True).start()
from course_utils import apps
from course_utils.apps.frame.recorded import write
write(apps.controller, *sys.argv[1:])"""
# Torch beside a kernel that computes: one thread, and nothing of a GPU's memory.
ENVIRONMENT = {"COURSE_DEVICE": "cpu", "COURSE_PROFILE": "quick", "COURSE_THREADS": "1"}

_before_a_class: list[float] = []
_stand_ins: list["StandIns"] = []


def scale_of(asked: float) -> float:
    """The scale of an app that asks for this one."""
    asks_for_none = isinstance(asked, int | float) and asked == 1.0
    return _before_a_class[-1] if asks_for_none and _before_a_class else asked


def set_scale(scale: float | None) -> None:
    """From now on, this is the scale of apps that ask for none; None takes it back."""
    _before_a_class[:] = [] if scale is None else [scale]


class StandIns:
    """The apps' recorded pictures, made by a process of its own, and put into their places as they come.

    Parameters
    ----------
    shown : the apps that can be recorded, such as "jsd_app", each with its module.
    scale : how large.
    tell : called with a sentence on what is ready, each time that this changes.
    """

    def __init__(self, shown: Mapping[str, str], scale: float, tell: Callable[[str], object]):
        self.shown, self.scale, self._tell = shown, scale, tell
        self._asked: list[str] = []
        self._players: dict[str, str] = {}
        self._places: list[tuple[str, dict[str, str], Any]] = []
        self._processes: list[subprocess.Popen[str]] = []
        self._failed: dict[str, str] = {}
        self._dismissed = False
        self._lock = threading.Lock()

    def ask(self, names: Iterable[str]) -> None:
        """Let these apps be recorded, unless they are already."""
        with self._lock:
            new = [name for name in dict.fromkeys(names) if name in self.shown and name not in self._asked]
            self._asked += new
        if new:
            self._say()
            threading.Thread(target=self._record, args=(new,), daemon=True).start()

    def insure(self, kind: type, still: dict[str, str], place: Any) -> None:
        """An app with a controller of this kind stands in a notebook: when it is recorded, put its player into that
        place, whose ``update`` takes data by MIME type: what stands there now, but for the HTML."""
        module = kind.__module__.removeprefix("course_utils.apps.").partition(".")[0]
        name = next((name for name, own in self.shown.items() if own == module), None)
        if name is not None:
            self.stand_in(name, still, place)

    def stand_in(self, name: str, still: dict[str, str], place: Any) -> None:
        """Put the player of the app of that name there, when it is recorded."""
        self.ask([name])
        with self._lock:
            ready = name in self._players
            if not ready:
                self._places.append((name, still, place))
        if ready:
            self._put(name, still, place)

    def dismiss(self) -> None:
        """Record no more."""
        with self._lock:
            self._dismissed, self._tell = True, lambda words: None
            for process in self._processes:
                process.kill()

    def _record(self, names: list[str]) -> None:
        command = [sys.executable, "-c", PROCESS, str(self.scale), *names]
        environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, start_new_session=True,  # interrupting the kernel is not meant for it
        ) as process:  # fmt: skip
            with self._lock:
                self._processes.append(process)
                if self._dismissed:  # while it was being started
                    process.kill()
            assert process.stdout is not None
            for line in process.stdout:
                self._arrived(*json.loads(line))
        for name in names:
            if name not in self._players and name not in self._failed:
                self._arrived(name, {"error": f"the recording ended with {process.returncode}"})

    def _arrived(self, name: str, about: dict[str, Any]) -> None:
        with self._lock:
            if "error" in about:
                self._failed[name] = about["error"]
            else:
                self._players[name] = player(name, about)
            places = [(still, place) for other, still, place in self._places if other == name]
        for still, place in places if name in self._players else ():
            self._put(name, still, place)
        self._say()

    def _put(self, name: str, still: dict[str, str], place: Any) -> None:
        place.update({**still, "text/html": self._players[name]}, raw=True)

    def _say(self) -> None:
        with self._lock:
            players, asked, failed = [*self._players], [*self._asked], {**self._failed}
        ready = ", ".join(players) or "none yet"
        on_the_way = ", ".join(name for name in asked if name not in (*players, *failed))
        words = f"If the kernel dies, recorded pictures stand in (n and p go through them): {ready}."
        words += f" Being recorded: {on_the_way}." if on_the_way else ""
        words += "".join(f" {name} has none: {why}" for name, why in failed.items())
        self._tell(words)


def stand_ins() -> StandIns | None:
    """Who stands in now."""
    return _stand_ins[-1] if _stand_ins else None


def hire(new: StandIns | None) -> None:
    """From now on, these stand in; None takes it back."""
    for earlier in _stand_ins:
        earlier.dismiss()
    _stand_ins[:] = [] if new is None else [new]
