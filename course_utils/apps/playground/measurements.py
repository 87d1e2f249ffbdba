"""What was measured of a playground's session, and how it is said."""

import time
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

import numpy as np

from course_utils import runtime
from course_utils.gan.playground import Session, plane
from course_utils.gan.playground.session import PREPARED, make_data

EVERY = 1.0  # seconds between two measurements while it plays
ESTIMATED = {
    "JSD": "the JSD",
    "JSD of pairs": "the JSD between pairs",
    "TV": "the total variation",
    "chi2": "Pearson's χ² (at most 2)",
}
DRAWS = 5  # of real points against real points: one alone is off by a third


class Measurements:
    """The measures of one session by step, taken at most once a second while it plays. Those ``before`` have drawn real
    points against real points already; where the data are the same, that need not be done again."""

    def __init__(self, session: Session, before: "Measurements | None" = None):
        self._session = session
        self.taken: dict[int, plane.Measures] = {}
        self._floors: list[tuple[float, float]] = []  # real points against real points, ...
        self._data: Any = None  # ... and which
        if before is not None and before.knows(session.data):
            self._floors, self._data = before._floors, session.trainer.distribution
        self.at_once()

    def knows(self, data: Any) -> bool:
        """Whether the floors at hand are of these data."""
        here = self._session
        return here.data == data and self._data is here.trainer.distribution

    def at_once(self) -> None:
        """Let the next look measure, even if the last one was a moment ago."""
        self._last = -np.inf

    def look(self) -> None:
        """Measure the present step, unless it is too soon, or has been done, or makes no sense any more."""
        trainer, step = self._session.trainer, self._session.now
        known = time.perf_counter() - self._last < EVERY or (self.taken and max(self.taken) == step)
        if trainer.distribution is self._data and known:
            return
        if not all(p.isfinite().all() for p in trainer.generator.parameters()):
            return
        self._know_floors()
        self.taken[step] = plane.measure(trainer, plane.FEW)
        self._last = time.perf_counter()

    def _know_floors(self) -> None:
        trainer = self._session.trainer
        if trainer.distribution is not self._data:
            self._floors, self._data = [], trainer.distribution
        while (seed := len(self._floors)) < DRAWS:
            if isinstance(data := self._session.data, str):  # drawn once and for all
                self._floors.append(_known_floor(data, seed))
                continue
            self._floors.append(plane.floor(trainer.distribution, seed=seed))
            break  # one at a look: with every click the data are others

    def take(self, taken: Mapping[str, Mapping[str, Any]]) -> None:
        """Take over what was measured before, by step."""
        self._know_floors()
        self.taken = {int(step): plane.Measures(**measures) for step, measures in taken.items()}

    def forget_future(self) -> None:
        """Another future begins here: drop what was measured later."""
        self.taken = {step: m for step, m in self.taken.items() if step <= self._session.now}

    def curves(self) -> np.ndarray:
        """Step, W1, JSD and the judge's own estimate up to the present step: (n, 4), sorted."""
        known = [
            (step, m.w1, m.jsd, m.judge_estimate)
            for step, m in sorted(self.taken.items())
            if step <= self._session.now
        ]
        return np.array(known).reshape(-1, 4)

    def _latest(self) -> plane.Measures | None:
        """The last measures up to the present step, if there are any."""
        known = [step for step in self.taken if step <= self._session.now]
        return self.taken[max(known)] if known else None

    def _modes(self, m: plane.Measures) -> str:
        return f"{m.modes} of {len(self._session.trainer.distribution.modes)} modes"

    def short(self) -> str:
        """The last W1 and modes, in a picture's letters."""
        if (m := self._latest()) is None:
            return ""
        return f"W₁ {m.w1:.2f}" + (f", {self._modes(m)}" if m.modes >= 0 else "")

    def words(self) -> str:
        """The last measures, in HTML; empty where there are none."""
        if (m := self._latest()) is None:
            return ""
        jsd, w1 = np.array(self._floors).T
        parts = [
            f"JSD {m.jsd:.2f} nats (real against real {_interval(jsd)}), W<sub>1</sub> {m.w1:.2f} "
            f"({_interval(w1)}, {len(w1)} {'draws' if len(w1) > 1 else 'draw'})"
        ]
        if m.modes >= 0:
            parts.append(f"{self._modes(m)}, {m.near:.0%} of the points near one")
        parts.append(self._judges_word(m))
        return "; ".join(parts)

    def _judges_word(self, m: plane.Measures) -> str:
        """What the judge itself makes of it."""
        trainer, says = self._session.trainer, m.judge_estimate
        if trainer.objective.measures == "W1":
            slope = f" with slope {m.slope:.2g}" if np.isfinite(m.slope) else ""
            return f"the critic says {_number(says)}{slope}, which is {_number(says / m.w1)} W<sub>1</sub>"
        if trainer.objective.energies:
            real, fake = (-trainer.log.last(name).item() for name in ("d_real", "d_fake"))
            word = f"error of real points L(x) = {real:.3f}, of generated ones {fake / real:.2f} times that"
            return (
                f"{word}; k = {trainer.balance.item():.2f}" if trainer.objective.takes == "balance" else word
            )
        of = ESTIMATED[trainer.objective.measures]
        return f"D's own estimate of {of}, from below: {max(says, 0):.2f}"


def stored() -> dict[str, Any]:
    """What ships (see data/make/playground_prepared.py): the run with which the app opens, what was measured of it, and
    the floors of all data. Without the repository nothing does, and all is computed."""
    with suppress(FileNotFoundError):
        return dict(runtime.load_results(PREPARED))
    return {"run": "", "taken": {}, "floors": {}}


@lru_cache(64)
def _known_floor(data: str, seed: int) -> tuple[float, float]:
    ships = stored()["floors"].get(data)
    return tuple(ships[seed]) if ships else plane.floor(make_data(data), seed=seed)


def _number(x: float) -> str:
    return f"{round(x, 2) + 0.0:.2f}"  # no -0.00


def _interval(numbers: np.ndarray) -> str:
    low, high = f"{numbers.min():.2f}", f"{numbers.max():.2f}"
    return low if low == high else f"{low} to {high}"
