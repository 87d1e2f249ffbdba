"""A quantity against the training step, thinned to what a picture can show."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

POINTS = 2000  # more than a projector has pixels across


@dataclass(frozen=True, eq=False)
class Curve:
    """A quantity against the training step; four arrays of shape (points,).

    ``values`` are means over windows of the training, ``low`` and ``high`` the extremes in each window, and ``steps``
    the last step of each. Where nothing was thinned, the three are the same.
    """

    steps: np.ndarray
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def __repr__(self) -> str:
        steps = f", steps {self.steps[0]:,} to {self.steps[-1]:,}" if len(self.steps) else ""
        return f"<Curve: {len(self.steps):,} points{steps}>"

    def __len__(self) -> int:
        return len(self.steps)

    def until(self, step: float) -> "Curve":
        """The part that was known at that step."""
        end = np.searchsorted(self.steps, step, side="right")
        return Curve(self.steps[:end], self.values[:end], self.low[:end], self.high[:end])


def thin(steps: ArrayLike, values: ArrayLike, points: int = POINTS) -> Curve:
    """A curve of at most ``points`` windows of equally many values each (the last may have fewer)."""
    steps, values = np.asarray(steps, np.int64), np.asarray(values, float)
    width = max(1, math.ceil(len(values) / points))
    starts = np.arange(0, len(values), width)
    ends = np.append(starts[1:], len(values))[: len(starts)]
    if len(values) == 0:
        return Curve(steps, values, values, values)
    with np.errstate(invalid="ignore"):  # a run that diverges may hold inf and -inf in one window
        means = np.add.reduceat(values, starts) / (ends - starts)
    return Curve(
        steps[ends - 1], means, np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    )
