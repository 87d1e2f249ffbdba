"""A curve that somebody draws by its points, and the computed one over it."""

from collections.abc import Mapping

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from course_utils.plots import palette
from course_utils.plots.layout import add_axes

ROOM = 0.05  # of the height, above and below: a point at the rim is whole


class GuessPanel:
    """One axes: curves to go by, the points of a guess, and later what was computed.

    Parameters
    ----------
    x, at : the values (m,) at which the computed curve is known, and those (n,) of the guess's points.
    limits : of what may be guessed, low and high.
    labels : of both axes. color : of the computed curve.
    behind : {name: (values (m,) over x, colour)}, curves that help to guess.
    """

    def __init__(
        self,
        figure: Figure,
        x: np.ndarray,
        at: np.ndarray,
        limits: tuple[float, float],
        labels: tuple[str, str],
        color: str,
        behind: Mapping[str, tuple[np.ndarray, str]],
    ):
        figure.clear()
        width, height = figure.get_size_inches()
        self.axes = ax = add_axes(figure, (0.75, 0.6, width - 0.95, height - 1.05))
        low, high = limits
        room = ROOM * (high - low)
        ax.set(xlim=(x[0], x[-1]), ylim=(low - room, high + room), xlabel=labels[0], ylabel=labels[1])
        for (name, (values, its_color)), dashes in zip(behind.items(), ("-", "-.", ":"), strict=False):
            ax.plot(x, values, dashes, color=its_color, lw=1.5, alpha=0.7, label=name)
        (self.computed,) = ax.plot([], [], color=color, label="computed")
        (self.guess,) = ax.plot(
            at, at * np.nan, "o--", color=palette.SECOND, ms=8, clip_on=False, label="your guess"
        )
        (self.chosen,) = ax.plot([], [], "o", ms=15, mfc="none", mec=palette.MUTED, mew=1.5, clip_on=False)
        ax.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2 + len(behind), borderaxespad=0.2)
        self.moving: list[Artist] = [self.computed, self.guess, self.chosen]
        self._x, self._at = x, at

    def update(self, heights: np.ndarray, chosen: int, computed: np.ndarray | None) -> None:
        """Move the points to their heights (n,), mark one of them, and show the computed curve, if it is given."""
        self.guess.set_ydata(heights)
        self.chosen.set_data([self._at[chosen]], [heights[chosen]])
        known = slice(0) if computed is None else slice(None)
        self.computed.set_data(self._x[known], (self._x if computed is None else computed)[known])
