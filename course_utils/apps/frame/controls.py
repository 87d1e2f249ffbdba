"""What an app can be asked to do, as plain data; :mod:`~course_utils.apps.frame.rows` makes widgets of it."""

from dataclasses import dataclass
from typing import Any

from course_utils.checks import number, one_of


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

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high or not self.step > 0:
            raise ValueError(f"{self}: needs low <= value <= high and a positive step")

    def check(self, value: Any) -> float:
        checked = number(self.label, value, f"[{self.low}, {self.high}]")
        return int(checked) if self.integer else checked

    def nearest(self, value: float) -> float:
        """The nearest value that the slider has."""
        steps = round((min(max(value, self.low), self.high) - self.low) / self.step)
        return self.check(min(round(self.low + steps * self.step, 9), self.high))

    def samples(self) -> tuple[float, ...]:
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

    def __post_init__(self) -> None:
        self.check(self.value)

    def check(self, value: Any) -> str:
        return one_of(self.label, value, self.options)

    def samples(self) -> tuple[str, ...]:
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

    def samples(self) -> tuple[bool, ...]:
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


ValueControl = Slider | Choice | Toggle  # what has a value
Control = ValueControl | Button | Upload | Heading
