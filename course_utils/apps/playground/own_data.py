"""Data of one's own: what was drawn into the plane, and what came in a file."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from course_utils.gan.playground import Data, read_csv
from course_utils.gan.playground.presets import ONE_BLOB

DRAWN, GIVEN = "drawn (click!)", "from a CSV file"
BLOB = "one blob"  # that of the limit cycles
Points = list[tuple[float, float]]


def _heart() -> Points:
    t = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    x, y = 16 * np.sin(t) ** 3, 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return read_csv("\n".join(f"{a:.3f},{b:.3f}" for a, b in zip(x, y, strict=True)).encode())


HEART = _heart()


@dataclass(frozen=True)
class OwnData:
    """A drawing and a file's points; until somebody brings others, three blobs and a heart. A drawing that is
    ``cleared`` still has one blob, because there must be something to learn; the next one takes its place."""

    drawing: tuple[tuple[float, float], ...] = ((-1.5, -1.0), (1.5, -1.0), (0.0, 1.5))
    given: tuple[tuple[float, float], ...] = tuple(HEART)
    cleared: bool = False

    def clear(self) -> Self:
        return replace(self, drawing=((0.0, 0.0),), cleared=True)

    def add(self, x: float, y: float, *, afresh: bool) -> Self:
        """A blob more; ``afresh``: in place of what was drawn before."""
        before = () if afresh or self.cleared else self.drawing
        return replace(self, drawing=(*before, (round(x, 2), round(y, 2))), cleared=False)

    def take(self, content: bytes) -> Self:
        """The points of a CSV file."""
        return replace(self, given=tuple(read_csv(content)))

    def named(self, name: str) -> Data:
        """What a session takes, by the name in the app's choice."""
        own: dict[str, Data] = {
            DRAWN: ("drawn", list(self.drawing)), GIVEN: ("points", list(self.given)), BLOB: ONE_BLOB
        }  # fmt: skip
        return own.get(name, name)

    def read(self, data: Data) -> tuple[str, Self]:
        """The other way round: the name in the app's choice of what a session has, to be found there again."""
        if isinstance(data, str):
            return data, self
        kind, points = data
        if (kind, list(map(tuple, points))) == ONE_BLOB and tuple(points) != self.drawing:
            return BLOB, self
        if kind == "drawn":
            return DRAWN, replace(self, drawing=tuple(points))
        return GIVEN, replace(self, given=tuple(points))
