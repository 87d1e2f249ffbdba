"""Predict first: draw a curve before it is computed, and then see both."""

import html
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from course_utils import checks
from course_utils.apps import frame
from course_utils.apps.frame import Button, Controller, Handle, Slider, show
from course_utils.plots import palette
from course_utils.plots.guess import GuessPanel
from course_utils.plots.layout import number


class Question(Protocol):
    """What is asked, what was guessed before, and what takes a guess: :func:`course_utils.exercises.question`."""

    @property
    def text(self) -> str: ...
    @property
    def guess(self) -> Any: ...
    def note(self, guess: Any) -> object: ...


class GuessController(Controller):
    """A curve with ``points`` points, each at a height in [low, high]: by dragging across the picture, or with two
    sliders. The computed curve is shown when the guess is made and noted, not before.

    Parameters
    ----------
    question : see :class:`Question`.
    x, computed : the curve (m,), x rising; what is compared is its values at the points, which are evenly spaced.
    low, high : between which heights may be guessed.
    labels : of both axes. color : of the computed curve.
    behind : {name: (values (m,) over x, colour)}, up to three curves that help to guess.

    Raises
    ------
    ValueError
        for curves of other lengths, x that does not rise, or a low that is not below high.
    """

    title = "Predict first"
    alt = "a curve of your own, drawn by its points; then the computed one beside it"
    main = ("place", "height", "compare")
    size = (8.6, 4.0)

    def __init__(
        self,
        question: Question,
        x: ArrayLike,
        computed: ArrayLike,
        *,
        low: float = 0.0,
        high: float = 1.0,
        labels: tuple[str, str] = ("$x$", "$y$"),
        color: str = palette.ACCENT,
        behind: Mapping[str, tuple[ArrayLike, str]] | None = None,
        points: int = 13,
    ):
        if not hasattr(question, "note"):
            raise ValueError(
                f'question is {question!r:.60}; it must be a question, such as exercises.question("2.c").'
            )
        self.question, self.labels, self.color = question, labels, color
        self.low, self.high = low, high = checks.number("low", low), checks.number("high", high)
        if not low < high:
            raise ValueError(f"low is {low} and high is {high}; low must be below high.")
        self.x, self.computed = checks.numbers("x", x), checks.numbers("computed", computed)
        if self.x.ndim != 1 or self.x.shape != self.computed.shape or not (np.diff(self.x) > 0).all():
            raise ValueError(
                f"x has shape {self.x.shape} and computed {self.computed.shape}; both must be (m,), and x must rise."
            )
        self.behind = {
            name: (np.asarray(y, dtype=float), color) for name, (y, color) in (behind or {}).items()
        }
        points = checks.whole("points", points, at_least=2)
        self.at = np.linspace(self.x[0], self.x[-1], points)
        middle = (low + high) / 2
        self._height = Slider("height", "height", low, high, middle, (high - low) / 100)
        self.controls = (
            Slider("place", "point", 1, points, (points + 1) // 2, 1, integer=True),
            self._height,
            Button("compare", "Show both", "your guess is noted, and the computed curve appears"),
            Button("again", "Guess again", "begin with a level line"),
        )
        super().__init__()
        self._held: tuple[int, float] | None = None  # where the pointer was last, while it draws
        self.drawn = self.shown = False
        self.again()
        with suppress(ValueError):  # of another kind, in a file that somebody has written into
            earlier = checks.numbers("guess", question.guess)
            if earlier.shape == self.at.shape:
                self._put(slice(None), earlier.clip(low, high))
                self.changed({})

    # ------------------------------------------------------------------ what a student can do

    def changed(self, values: Mapping[str, Any]) -> None:
        if "height" in values and not self.shown:
            self._put(self.place, values["height"])
        self.values["height"] = self._height.nearest(self.heights[self.place])

    @property
    def place(self) -> int:
        """The chosen point, counted from 0."""
        return int(self.values["place"]) - 1

    def handles(self) -> Mapping[str, Handle]:
        return {} if self.shown else {"curve": Handle(self.panels.axes)}

    def drag(self, name: str, x: float, y: float, phase: str) -> None:
        """The point that is nearest in x goes to the pointer, and those that it has passed with it."""
        at, to = int(np.abs(self.at - x).argmin()), float(np.clip(y, self.low, self.high))
        before, level = self._held if phase != "down" and self._held else (at, to)
        (first, start), (last, end) = sorted([(before, level), (at, to)])
        passed = np.arange(first, last + 1)
        self._put(passed, to if first == last else np.interp(passed, [first, last], [start, end]))
        self._held = None if phase == "up" else (at, to)
        self.set(place=at + 1)

    def compare(self) -> None:
        if self.drawn and not self.shown:
            self.shown = True
            self.question.note([round(float(height), 4) for height in self.heights])

    def again(self) -> None:
        self.heights = np.full(self.at.shape, (self.low + self.high) / 2)
        self.drawn = self.shown = False
        self.changed({})

    def disabled(self) -> Mapping[str, str]:
        if self.shown:
            reason = "both curves are shown; Guess again begins afresh"
            return {"height": reason, "compare": reason}
        return {} if self.drawn else {"compare": "draw your guess first", "again": "nothing is drawn yet"}

    def _put(self, places: Any, heights: Any) -> None:
        self.heights = self.heights.copy()  # an error brings the earlier one back
        self.heights[places] = heights
        self.drawn = True

    # ------------------------------------------------------------------ what it shows

    def make_panels(self, figure: Figure) -> GuessPanel:
        limits = self.low, self.high
        return GuessPanel(figure, self.x, self.at, limits, self.labels, self.color, self.behind)

    def update(self) -> None:
        self.panels.update(self.heights, self.place, self.computed if self.shown else None)

    def distances(self) -> tuple[np.ndarray, float]:
        """How far each point is from the computed curve, (n,); and how far from it, on average, the level line is that
        comes nearest: what one would reach without knowing anything of its shape."""
        right = np.interp(self.at, self.x, self.computed)
        return np.abs(self.heights - right), float(np.abs(right - np.median(right)).mean())

    def status(self) -> str:
        asked = html.escape(self.question.text)
        if not self.drawn:
            return f"{asked} Drag across the picture, or choose a point and set its height."
        x = number(self.at[self.place], 2, trim=True)
        if not self.shown:
            height = number(self.heights[self.place], 2)
            return f"{asked} Point {self.place + 1} of {len(self.at)}, at {x}: you say {height}."
        off, level = self.distances()
        worst = int(off.argmax())
        return (
            f"Yours is {number(off.mean(), 2)} away, on average over the {len(off)} points (the best level line: "
            f"{number(level, 2)}), and most at {number(self.at[worst], 2, trim=True)}, by {number(off[worst], 2)}."
        )


def guess_app(
    question: Question, x: ArrayLike, computed: ArrayLike, *, scale: float = 1.0, **look: Any
) -> "frame.App":
    """Draw a curve, and see it beside the computed one; ``look`` goes to :class:`GuessController`, ``scale=1.4`` is
    for a projector."""
    return show(GuessController(question, x, computed, **look), scale=scale)
