"""Named states: places worth showing, with one sentence each on what to see there, and the numbers that it rests on."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# Values of controls to set, a button to press, or what to do with the controller.
Step = Mapping[str, Any] | str | Callable[[Any], object]

# Numbers as a sentence writes them, and how a measured one is compared with them.
_SAYS = re.compile(r"(less than|more than|at most|at least|)\s?(∞|[-−]?[\d,]+(\.\d+)?)( %|)")


@dataclass(frozen=True)
class Number:
    """A number as a sentence says it, and ``measure(controller)``, which says whether it is true.

    ``says`` is what stands in the sentence: "0.693" (true to its last digit), "31 %", "1,200", "∞", or with a bound
    before it: "less than 0.2", "more than", "at most", "at least".

    Raises
    ------
    ValueError
        for words that are none of these.
    """

    says: str
    measure: Callable[[Any], float]

    def __post_init__(self) -> None:
        if not _SAYS.fullmatch(self.says):
            raise ValueError(
                f'a number must read like "0.693", "31 %", "∞" or "less than 0.2", not {self.says!r}'
            )

    def holds(self, measured: float) -> bool:
        """Whether a measured value is what is said: to half a unit of the last digit, or on its side of the bound."""
        match = _SAYS.fullmatch(self.says)
        assert match is not None
        bound, digits, decimals, percent = match.groups()
        said = math.inf if digits == "∞" else float(digits.replace("−", "-").replace(",", ""))
        measured = 100 * measured if percent else measured
        if bound:
            return {
                "less than": measured < said,
                "more than": measured > said,
                "at most": measured <= said,
                "at least": measured >= said,
            }[bound]
        return measured == said or abs(measured - said) <= 0.5001 * 10.0 ** (1 - len(decimals or "."))


@dataclass(frozen=True)
class State:
    """A place of an app with a name.

    Attributes
    ----------
    name : a few words, for a list to choose from.
    says : one sentence on what to see, with {} where a number stands.
    numbers : these numbers, in their order.
    steps : how to get there from where the app begins: mappings of controls to values, buttons by name, and functions
        of the controller.

    Raises
    ------
    ValueError
        for a sentence without a number, or with more or fewer places than numbers.
    """

    name: str
    says: str
    numbers: tuple[Number, ...]
    steps: tuple[Step, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < len(self.numbers) == self.says.count("{}"):
            raise ValueError(
                f"{self.name!r} has {len(self.numbers)} numbers for {self.says.count('{}')} places in its sentence; "
                "it needs one for each, and at least one."
            )

    @property
    def sees(self) -> str:
        """The whole sentence."""
        return self.says.format(*(number.says for number in self.numbers))

    def lies(self, controller: Any) -> list[str]:
        """The numbers that do not hold in a controller that is in this state, in words; none where all is true."""
        found = [(number, float(number.measure(controller))) for number in self.numbers]
        return [f"{self.name}: said {n.says}, found {value:.6g}" for n, value in found if not n.holds(value)]


def state(
    name: str,
    says: str,
    *numbers: tuple[str, Callable[[Any], float]],
    do: tuple[Step, ...] = (),
    **values: Any,
) -> State:
    """A :class:`State`, shortly: its numbers as pairs, the controls' ``values`` by name, then what to ``do``."""
    return State(name, says, tuple(Number(*pair) for pair in numbers), (*([values] if values else []), *do))


def forward(steps: int) -> Callable[[Any], None]:
    """So many steps of what a live controller plays, one after the other, or to its end."""

    def go(controller: Any) -> None:
        for _ in zip(range(steps), controller.steps(), strict=False):
            pass

    return go
