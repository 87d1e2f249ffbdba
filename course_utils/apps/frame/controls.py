"""What an app can be asked to do, said without widgets, and the base of the controllers that obey.

A controller declares its controls as data. The frame (:mod:`course_utils.apps.frame`) turns them into
ipywidgets; plain tests call :meth:`Controller.set` and :meth:`Controller.press` and need no widgets at all.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from matplotlib.artist import Artist
from matplotlib.figure import Figure


@dataclass(frozen=True)
class Slider:
    """A number in [low, high], moved in steps; ``integer`` ones are whole numbers."""

    name: str
    label: str
    low: float
    high: float
    value: float
    step: float
    integer: bool = False

    def __post_init__(self):
        if not self.low <= self.value <= self.high or not self.step > 0:
            raise ValueError(f"{self}: needs low <= value <= high and a positive step")

    def check(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise ValueError(f"{self.label}: expected a number from {self.low} to {self.high}, got {value!r}")
        if not self.low <= value <= self.high:
            raise ValueError(f"{self.label}: {value} is outside [{self.low}, {self.high}]")
        return int(value) if self.integer else float(value)

    def samples(self) -> tuple:
        """The extremes and the middle, for a sweep."""
        middle = self.low + self.step * round((self.high - self.low) / 2 / self.step)
        return tuple(map(self.check, (self.low, middle, self.high)))


@dataclass(frozen=True)
class Choice:
    """One of several named options."""

    name: str
    label: str
    options: tuple[str, ...]
    value: str

    def __post_init__(self):
        self.check(self.value)

    def check(self, value: Any) -> str:
        if value not in self.options:
            raise ValueError(f"{self.label}: {value!r} is not one of {', '.join(self.options)}")
        return value

    def samples(self) -> tuple:
        return self.options


@dataclass(frozen=True)
class Toggle:
    """On or off."""

    name: str
    label: str
    value: bool = False

    def check(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError(f"{self.label}: expected True or False, got {value!r}")
        return value

    def samples(self) -> tuple:
        return (False, True)


@dataclass(frozen=True)
class Button:
    """Pressing it calls the controller's method of the same name."""

    name: str
    label: str
    tooltip: str = ""


@dataclass(frozen=True)
class Upload:
    """Choosing a file calls the controller's method of the same name with the file's bytes."""

    name: str
    label: str
    accept: str = ""  # such as ".csv,.txt"


@dataclass(frozen=True)
class Heading:
    """A caption over the controls that follow."""

    label: str
    color: str = "inherit"


Control = Slider | Choice | Toggle | Button | Upload | Heading


class Controller:
    """The brain of an app: values in, a drawn figure and a status line out; no widgets anywhere.

    A subclass names its ``title``, ``size`` (inches at scale 1, 100 pixels each) and ``controls``, and writes
    :meth:`draw` and, where there is something to say, :meth:`status`. To react to a value before the
    drawing (a preset that moves other sliders, a new data set), it overrides :meth:`changed`.

    Most of a frame's time goes into text and ticks, which rarely change. A controller that lists the artists that do
    change in ``moving`` gets only those drawn again, over a stored picture of all the rest, for as long as no axes
    change their limits. When anything else has changed, it assigns a new list, and all is drawn again, once. An empty
    list always draws everything.

    Controls that belong to the picture, such as a time line, may stand ``below`` it. A slider whose range grows (the
    recorded part of a run) has its present upper end in ``ends``.
    """

    title: ClassVar[str] = ""
    size: ClassVar[tuple[float, float]] = (8.6, 5.0)
    controls: ClassVar[tuple[Control, ...]] = ()
    below: ClassVar[tuple[Control, ...]] = ()

    def __init__(self) -> None:
        self.values: dict[str, Any] = {c.name: c.value for c in self.value_controls()}
        self.ends: dict[str, float] = {}
        self.moving: Sequence[Artist] = ()

    @classmethod
    def value_controls(cls) -> list[Slider | Choice | Toggle]:
        return [c for c in cls.controls + cls.below if isinstance(c, (Slider, Choice, Toggle))]

    @classmethod
    def buttons(cls) -> list[Button]:
        return [c for c in cls.controls + cls.below if isinstance(c, Button)]

    def set(self, **values: Any) -> None:
        """Set controls by name; nothing changes when any name or value is wrong.

        Raises
        ------
        ValueError
            for an unknown name or a value outside the control's range.
        """
        known = {c.name: c for c in self.value_controls()}
        unknown = [name for name in values if name not in known]
        if unknown:
            raise ValueError(
                f"{self.title or type(self).__name__} has no control {unknown[0]!r}; it has {', '.join(known)}"
            )
        checked = {name: known[name].check(value) for name, value in values.items()}
        self.values.update(checked)
        self.changed(checked)

    def press(self, name: str) -> None:
        """Press the button of that name."""
        if name not in [b.name for b in self.buttons()]:
            raise ValueError(f"{self.title or type(self).__name__} has no button {name!r}")
        getattr(self, name)()

    def changed(self, values: Mapping[str, Any]) -> None:
        """Called after :meth:`set` with the values just set; may change ``self.values`` further."""

    def draw(self, figure: Figure) -> None:
        """Draw the present state. The figure is always the same object: create artists once, then move them."""
        raise NotImplementedError

    def status(self) -> str:
        """One line of text (HTML allowed) that says what is shown."""
        return ""
