"""The brains of the apps: values in, a drawn figure and a status line out; no widgets anywhere.

A test, a page or a slide can use a controller by itself: ``set``, ``press``, ``draw`` into any figure, ``status``.
:func:`course_utils.apps.frame.show` makes an app of it.
"""

import html
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from copy import copy
from typing import Any, ClassVar

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.apps.frame.controls import Button, Choice, Control, Slider, Toggle, ValueControl
from course_utils.apps.frame.handles import Handle
from course_utils.apps.frame.player import Player
from course_utils.apps.frame.states import State, Step
from course_utils.checks import one_of

# In a status line, what is no sentence: tags inside a word, other markup, and what is folded or to be copied.
INLINE = re.compile(r"</?(?:b|i|em|code|span|sub|sup)\b[^>]*>")
MARKUP = re.compile(r"<(details|pre|button|progress).*?</\1>|<[^>]*>", re.DOTALL)


class Controller:
    """What an app shows and does. A subclass names its ``title``, ``size`` (inches at scale 1, 100 pixels each) and
    ``controls``, and writes :meth:`make_panels`, :meth:`update` and, where there is something to say, :meth:`status`.
    To react to a value before the drawing (a preset that moves other sliders, a new data set), it overrides
    :meth:`changed`.

    Most of a frame's time goes into text and ticks, which rarely change. A controller that lists the artists that do
    change in ``moving`` gets only those drawn again, over a stored picture of all the rest, for as long as no axes
    change their limits. When anything else has changed, it assigns a new list, and all is drawn again, once; or an
    earlier list, when all the rest is again as it was with that one. An empty list always draws everything.

    Controls that belong to the picture, such as a time line, may stand ``below`` it. A slider whose range grows (the
    recorded part of a run) has its present upper end in ``ends``. ``alt`` says what the picture shows to who does not
    see it.

    A controller that overrides :meth:`click` gets a picture that can be clicked; one that overrides :meth:`handles` and
    :meth:`drag`, one in which things can be dragged (:mod:`course_utils.apps.frame.clicks` has an example). What has no
    effect at present it names in :meth:`disabled`.

    ``lines`` is how many lines of status the layout keeps free, so that nothing below moves when one more is said.

    ``states`` are places with a name, to be shown before a class one after the other, with one sentence each.

    Before a class, on a projector, the controls that :attr:`main` names stand under the picture, with Play and Pause;
    the others are folded.
    """

    title: ClassVar[str] = ""
    main: ClassVar[tuple[str, ...]] = ()
    alt: ClassVar[str] = ""
    size: ClassVar[tuple[float, float]] = (8.6, 5.0)
    lines: ClassVar[int] = 2
    controls: tuple[Control, ...] = ()
    below: tuple[Control, ...] = ()
    states: tuple[State, ...] = ()

    def __init__(self) -> None:
        self.state: State | None = None  # the named state that is shown, until something is changed
        self.values: dict[str, Any] = {c.name: c.value for c in self.value_controls()}
        self.ends: dict[str, float] = {}
        self.moving: Sequence[Artist] = ()
        self.panels: Any = None  # what draws
        self._drawn: tuple[Figure, Hashable] | None = None  # where the panels are, and of which scene
        # The panels of the other scenes in that figure, their axes, and what moved.
        self._scenes: dict[Hashable, tuple[Any, list[Axes], Sequence[Artist]]] = {}

    def value_controls(self) -> list[ValueControl]:
        return [c for c in self.controls + self.below if isinstance(c, (Slider, Choice, Toggle))]

    def buttons(self) -> list[Button]:
        return [c for c in self.controls + self.below if isinstance(c, Button)]

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
        self.state = None
        self.values.update(checked)
        self.changed(checked)

    def press(self, name: str) -> None:
        """Press the button of that name."""
        if name not in [b.name for b in self.buttons()]:
            raise ValueError(f"{self.title or type(self).__name__} has no button {name!r}")
        self.state = None
        getattr(self, name)()

    def changed(self, values: Mapping[str, Any]) -> None:
        """Called after :meth:`set` with the values just set; may change ``self.values`` further."""

    def click(self, across: float, down: float) -> None:
        """Called with where the picture was clicked, in shares of it: 0, 0 is its upper left corner."""

    def handles(self) -> Mapping[str, Handle]:
        """What can be dragged in the picture as it is drawn now, by name."""
        return {}

    def drag(self, name: str, x: float, y: float, phase: str) -> None:
        """Called while the handle of that name is dragged: the pointer is at (x, y), in the units of the handle's axes,
        perhaps outside of them. The phase is "down" once, "move" any number of times, and "up" once."""

    def slide(self, **values: float) -> None:
        """Set sliders by name, each to the nearest value that it has: for drags, which may go anywhere."""
        sliders = {c.name: c for c in self.value_controls() if isinstance(c, Slider)}
        self.set(**{name: sliders[name].nearest(value) for name, value in values.items()})

    def disabled(self) -> Mapping[str, str]:
        """The controls without effect at present: name -> reason. They look so, and the reason is their tooltip."""
        return {}

    def readouts(self) -> Mapping[str, str]:
        """What stands beside a slider in place of its number, by the slider's name: what an index means, say."""
        return {}

    def begin(self) -> None:
        """Everything as it is at first: from here the way leads to each named state."""
        self.set(**{c.name: c.value for c in self.value_controls()})

    def take_steps(self, steps: Iterable[Step]) -> None:
        """From the beginning, these steps: values to set, a button to press by name, a function of the controller."""
        self.begin()
        for step in steps:
            if isinstance(step, str):
                self.press(step)
            elif callable(step):
                step(self)
            else:
                self.set(**step)

    def visit(self, name: str) -> None:
        """Go to the state of that name, wherever we are.

        Raises
        ------
        ValueError
            for an unknown name.
        """
        states = {state.name: state for state in self.states}
        state = states[one_of("state", name, states)]
        self.take_steps(state.steps)
        self.state = state

    def turn(self, by: int) -> None:
        """Go on by so many named states (1 or -1), around the list; from elsewhere to its first or its last."""
        if self.states:
            here = self.states.index(self.state) if self.state else (-1 if by > 0 else 0)
            self.visit(self.states[(here + by) % len(self.states)].name)

    def describe(self) -> str:
        """What the picture shows, in words, for who does not see it: what kind of picture it is, and the sentence of
        the named state, or else the status."""
        said = self.state.sees if self.state else self.spoken()
        kind = self.alt or self.title
        return " ".join(f"{kind[:1].upper()}{kind[1:].rstrip('.')}. {said}".split())

    def spoken(self) -> str:
        """The status without its markup."""
        return " ".join(html.unescape(MARKUP.sub(" ", INLINE.sub("", self.status()))).split())

    def keep(self) -> Callable[[], None]:
        """A function that brings the present state back, after an error: what was assigned since then, and what was
        changed in dicts, lists and sets of our own, though not in other objects. The panels are made again, because an
        update of them may have been cut short."""
        own = (dict, list, set)
        kept = {name: copy(value) if type(value) in own else value for name, value in vars(self).items()}
        kept["_drawn"] = None

        def bring_back() -> None:
            vars(self).clear()
            vars(self).update(kept)

        return bring_back

    def draw(self, figure: Figure) -> None:
        """Draw the present state. In the same figure, artists are made once, and then moved."""
        scene = self.scene()
        drawn = figure, scene
        if drawn != self._drawn:
            if self._drawn is None or self._drawn[0] is not figure:
                self._scenes = {}
            else:
                self._scenes[self._drawn[1]] = self.panels, figure.axes, self.moving
            for ax in figure.axes:  # clear() would first make each of them as new
                figure.delaxes(ax)
            if scene in self._scenes:
                self.panels, axes, self.moving = self._scenes[scene]
                for ax in axes:
                    figure.add_axes(ax)
            else:
                figure.clear()  # what other panels have drawn there
                self.panels = self.make_panels(figure)
                self.moving = self.panels.moving
            self._drawn = drawn
        self.update()

    def scene(self) -> Hashable:
        """What decides which panels there are. Those of each scene are made once, and kept for when it comes back:
        their axes, that is, and no other artists of the figure."""
        return None

    def make_panels(self, figure: Figure) -> Any:
        """Axes and artists in the figure; what is returned lists those that change in its ``moving``."""
        raise NotImplementedError

    def update(self) -> None:
        """Bring ``self.panels`` to the present state."""

    def status(self) -> str:
        """One line of text (HTML allowed) that says what is shown."""
        return ""


class LiveController(Controller):
    """A controller of something that goes on. A subclass writes :meth:`steps` and puts ``*PLAYBACK`` in its controls.

    ``fps`` and ``steps_per_frame`` are what its ``player`` begins with.
    """

    fps: ClassVar[float] = 20.0
    steps_per_frame: ClassVar[int | None] = None

    def __init__(self) -> None:
        super().__init__()
        self.player = Player(self.steps, fps=self.fps, steps_per_frame=self.steps_per_frame)

    def steps(self) -> Iterable[Any]:
        """A fresh generator: every ``next`` changes the controller by one step."""
        raise NotImplementedError

    @property
    def playing(self) -> bool:
        """Whether that goes on which Play starts. (The player may also work for something else, such as a measurement
        at rest.)"""
        return self.player.playing

    def begin(self) -> None:
        self.player.pause()
        super().begin()

    def play(self) -> None:
        self.player.play()

    def pause(self) -> None:
        self.player.pause()

    def stop(self) -> None:
        self.player.stop()


PLAYBACK = (
    Button("play", "Play", "start, or go on after a pause"),
    Button("pause", "Pause", "stay where we are"),
    Button("stop", "Stop", "stop, and begin afresh next time"),
)
