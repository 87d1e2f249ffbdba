"""Lesson 11a's app: ten digits of one hand, from generators that ship."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from safetensors.torch import load_file
from torch import Tensor

from course_utils import runtime
from course_utils.apps import frame
from course_utils.apps.frame import Choice, Controller, Handle, Heading, Slider, show
from course_utils.apps.states import conditional as named
from course_utils.datasets.scaling import to_unit
from course_utils.gan import load_generator, metrics
from course_utils.gan.conditional import ATTRIBUTES
from course_utils.plots import palette
from course_utils.plots.conditional import HandPanels
from course_utils.plots.layout import number
from course_utils.plots.vae import REACH, map_latents

DIGIT, ALL = "the digit", "digit, ink and slant"
GENERATORS = {DIGIT: "cgan", ALL: "cgan-attributes"}
SIDE = 7  # digits across the map
TEN = np.arange(10)

load, load_judge = cache(load_generator), cache(metrics.load_classifier)


@cache
def directions(name: str) -> Tensor:
    """The two directions of z that change that generator's pictures most, (2, latent_dim), as ``style_directions``
    found them: it takes a quarter of a second."""
    return load_file(runtime.shipped("checkpoints/style_directions.safetensors"))[name]


class HandController(Controller):
    """One latent z, drawn as all ten digits: in a plane through it, spanned by the two directions that change pictures
    most, a point can be dragged. What the generator is told besides the digit, its sliders say."""

    title = "Ten digits of one hand"
    states = named.STATES
    main = ("hand", "ink", "slant")
    size = (9.0, 4.7)
    alt = (
        "Left, a plane of styles, drawn as one digit, with a point; right, the ten digits of that point, what the "
        "judge sees in each, and their ink and slant on two axes."
    )
    controls = (
        Choice("told", "G is told", tuple(GENERATORS), ALL),
        Heading("the hand: one z for all ten"),
        Slider("hand", "hand", 1, 50, 1, 1, integer=True),
        Slider("first", "1st direction", -REACH, REACH, 0.0, 0.1),
        Slider("second", "2nd direction", -REACH, REACH, 0.0, 0.1),
        Slider("digit", "map of digit", 0, 9, 7, 1, integer=True),
        Heading("what is asked for", palette.text(palette.THEORY)),
        Slider("ink", "ink", 0.02, 0.32, 0.13, 0.01),
        Slider("slant", "slant", -0.7, 1.0, 0.15, 0.05),
    )

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Any, ...] | None = None  # what the ten digits were drawn from
        self.changed(self.values)

    @property
    def generator(self) -> Any:
        return load(GENERATORS[self.values["told"]], "cpu")

    @property
    def asked(self) -> dict[str, float]:
        """The attributes that this generator is told, by name."""
        return {name: self.values[name] for name in self.generator.attributes}

    def latents(self, places: np.ndarray) -> Tensor:
        """The latents (n, latent_dim) of this hand at places (n, 2) of the plane."""
        generator, way = self.generator, directions(GENERATORS[self.values["told"]])
        z = torch.randn(generator.latent_dim, generator=torch.Generator().manual_seed(self.values["hand"]))
        z = z - way.T @ (way @ z)
        latents: Tensor = z + torch.as_tensor(places, dtype=z.dtype) @ way
        return latents

    @torch.no_grad()
    def drawn(self, places: np.ndarray, labels: np.ndarray) -> Tensor:
        """The pictures there, (n, 1, 28, 28) in [-1, 1], one of each label."""
        generator = self.generator
        pictures: Tensor = generator(self.latents(places), generator.conditions(labels, **self.asked))
        return pictures

    def changed(self, values: Mapping[str, Any]) -> None:
        """The ten digits of the point, what the judge sees in them, and what is measured."""
        point = self.values["first"], self.values["second"]
        wanted = self.values["told"], self.values["hand"], *point, *self.asked.values()
        if wanted == self._shown:
            return
        self._shown = None  # until all is done: an interrupt may come in between
        self.pictures = self.drawn(np.tile(point, (10, 1)), TEN)
        self.seen = metrics.look(self.pictures, load_judge("cpu"), scale="symmetric").digits
        self.found = {name: about.measure(self.pictures, "symmetric") for name, about in ATTRIBUTES.items()}
        self._shown = wanted

    # ------------------------------------------------------------------ what a student can do

    def handles(self) -> Mapping[str, Handle]:
        return {"point": Handle(self.panels.plane)}  # wherever it is pressed, the point goes

    def drag(self, name: str, x: float, y: float, phase: str) -> None:
        self.slide(first=x, second=y)

    def disabled(self) -> Mapping[str, str]:
        return {
            name: "this generator is told the digit only" for name in ATTRIBUTES if name not in self.asked
        }

    # ------------------------------------------------------------------ what is shown

    def make_panels(self, figure: Figure) -> HandPanels:
        self._behind: tuple[Any, ...] | None = None  # what the map was drawn from
        return HandPanels(figure, tuple(ATTRIBUTES))

    def update(self) -> None:
        behind = (*(self.values[name] for name in ("told", "hand", "digit")), *self.asked.values())
        if behind != self._behind:
            places = map_latents(SIDE)
            pictures = self.drawn(places, np.full(len(places), self.values["digit"]))
            self.panels.show_map(to_unit(pictures[:, 0].numpy(), "symmetric"))
            self._behind = behind
        point = self.values["first"], self.values["second"]
        shown = to_unit(self.pictures[:, 0].numpy(), "symmetric")
        self.panels.update(point, shown, self.seen, self.found, self.asked)

    def status(self) -> str:
        right = int((self.seen == TEN).sum())
        ranges = "; ".join(
            f"{name} {number(min(values), 2)} to {number(max(values), 2)}"
            + (f" (asked: {number(self.asked[name], 2)})" if name in self.asked else "")
            for name, values in self.found.items()
        )
        return f"One z, ten labels: the judge sees the digit that was asked for in {right} of 10. Measured: {ranges}."


def conditional_app(*, scale: float = 1.0) -> "frame.App":
    """Lesson 11a's app, ready to show, from weights that ship; ``scale=1.4`` for a projector."""
    return show(HandController(), scale=scale)
