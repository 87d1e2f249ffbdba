"""Which guided experiment a run belongs to, what comes next in it, and what is said where it stops."""

from dataclasses import dataclass
from typing import Self

from course_utils.gan.playground import Session
from course_utils.gan.playground.presets import PRESETS, Preset
from course_utils.gan.recipes import Recipe
from course_utils.gan.trainer import POINTS


@dataclass(frozen=True)
class Guide:
    """``name`` is the experiment's; empty for a run of one's own. Then ``origin`` is the one that it was made of by
    hand, if it was."""

    name: str = ""
    origin: str = ""

    @property
    def preset(self) -> Preset | None:
        return PRESETS.get(self.name)

    @property
    def look(self) -> str:
        """What to watch."""
        return self.preset.look if self.preset else ""

    def choose(self, name: str) -> Self:
        """An experiment; any other name is a run of one's own, made of what was chosen before."""
        return type(self)(name) if name in PRESETS else type(self)("", self.name or self.origin)

    def begin(self, recipe: Recipe) -> Self:
        """A new run of one's own begins with this recipe: with another loss it has nothing of the experiment left."""
        origin = PRESETS.get(self.origin)
        same = origin and recipe.objective == origin.settings.get("objective", POINTS.objective)
        return self if same else type(self)()

    def recognise(self, session: Session) -> Self:
        """A run that is where an experiment begins is that experiment, however it came there."""
        for name, preset in PRESETS.items():
            special = preset.settings or preset.bug != "none"  # the ring alone is what one starts with
            if not self.name and special and preset.contains(session):
                return self.choose(name)
        return self

    def recall(self, session: Session) -> Self:
        """After a journey in time: is this a moment of the experiment, or of what somebody made of it by hand?"""
        preset = PRESETS.get(name := self.origin or self.name)
        return self.choose(name if preset and preset.contains(session) else "").recognise(session)

    def due(self, step: int) -> str:
        """The move after that step."""
        return (self.preset.first[step : step + 1] if self.preset else "") or "B"

    def said_at(self, step: int) -> str:
        """What is said where the run stops at this step; nothing where it goes on."""
        if (preset := self.preset) is None:
            return ""
        alone, end = len(preset.first), len(preset.first) + preset.steps
        if step == end:
            see = f"<b>Here it was measured. What you should see:</b> {preset.see}"
            return f"{see} Play takes it further. {preset.later}"
        if step == alone > 0:
            return f"D has had its {alone:,} steps alone. Play lets both move, and stops at step {end:,}."
        return ""
