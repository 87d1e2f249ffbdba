"""Lesson 11b's app: a picture, its translation, its return, and what the translation hides."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_utils.apps import frame
from course_utils.apps.frame import Choice, Controller, Heading, Slider, show
from course_utils.apps.states import translation as named
from course_utils.checks import instance
from course_utils.datasets import Images, load_digits_stand_in
from course_utils.plots import palette
from course_utils.plots.translation import TranslationPanels
from course_utils.translation import (
    PROBES,
    Domains,
    Translation,
    coloured,
    inverted,
    load_translation,
    outlined,
)


class Example(NamedTuple):
    """Domains, made of some digits; and the translators for them that ship, by what the slider of trainings says."""

    make: Callable[[Images], Domains]
    names: tuple[str, ...]


EXAMPLES = {
    "colour to grey": Example(coloured, ("colour",)),
    "3 and 7, inverted": Example(inverted, ("swap-1", "swap-2")),
    "the same, with f": Example(inverted, ("constancy",)),
    "outlines": Example(outlined, ("outline",)),
}
MADE, TRUE = "G(x)", "T(x)"
FED = (MADE, TRUE, *PROBES)
SEEDS = max(len(each.names) for each in EXAMPLES.values())
PICTURES = 40
HELD_OUT = 2_000  # the last pictures, on which nothing that ships was trained

load = cache(load_translation)


class TranslationController(Controller):
    """One held-out picture x, G(x), and what F makes of it, or of what it is fed instead; the true partner, both
    errors, and how much of x comes back: 1 - error of F / error of the best constant guess, in ink where x is
    coloured."""

    title = "There and back: a translation, and what it hides"
    states = named.STATES
    main = ("example", "picture", "fed")
    size = (9.0, 5.0)
    alt = (
        "a picture, its translation and its return; under them the true partner and both errors; at the side how much "
        "comes back"
    )

    def __init__(self, images: Images | None = None):
        images = load_digits_stand_in() if images is None else images
        instance("images", images, Images, "Images, such as load_images() gives, or None")
        if len(images) < 4:
            raise ValueError(f"images are {len(images)}; there must be some to translate, four at least.")
        self.controls = (
            Choice("example", "domains", tuple(EXAMPLES), "colour to grey"),
            Slider("seed", "training", 0, SEEDS - 1, 0, 1, integer=True),
            Heading("the picture", palette.text(palette.DATA)),
            Slider("picture", "picture", 1, PICTURES, 1, 1, integer=True),
            Heading("the way back", palette.text(palette.SECOND)),
            Choice("fed", "F is fed", FED, MADE),
            Slider("gain", "errors ×", 1, 20, 5, 1, integer=True),
        )
        super().__init__()
        last = slice(-min(HELD_OUT, len(images)), None)
        self._images = Images(images.pixels[last], images.labels[last], images.name)
        self._domains: dict[str, tuple[Domains, Tensor, Tensor]] = {}
        self._translated: tuple[Any, ...] | None = None  # what was translated, by whom
        self.changed(self.values)

    # ------------------------------------------------------------------ what a student can do

    def changed(self, values: Mapping[str, Any]) -> None:
        if "example" in values or "seed" in values:
            self.values["seed"] = min(self.values["seed"], len(self.example.names) - 1)
        wanted = self.values["example"], self.values["seed"], self.values["fed"]
        if wanted != self._translated:
            self._translated = None  # until all is done: an interrupt may come in between
            self._translate()
            self._translated = wanted
        self._choose()

    def disabled(self) -> Mapping[str, str]:
        return {"seed": "of these, one training ships"} if len(self.example.names) == 1 else {}

    # ------------------------------------------------------------------ what is computed

    @property
    def example(self) -> Example:
        return EXAMPLES[self.values["example"]]

    @property
    def translation(self) -> Translation:
        return load(self.example.names[self.values["seed"]], "cpu")

    def _sides(self) -> tuple[Domains, Tensor, Tensor]:
        """The domains of the example, and the pictures x and T(x) that are shown."""
        name = self.values["example"]
        if name not in self._domains:
            # Nothing is trained here: all pictures were left aside, and a quarter of them is shown.
            domains = self.example.make(self._images)
            x, true = domains.held_out()
            self._domains[name] = domains, x[:PICTURES], true[:PICTURES]
        return self._domains[name]

    @torch.no_grad()
    def _translate(self) -> None:
        """All pictures there and back, and what of them comes back."""
        _, x, true = self._sides()
        g, f, _ = self.translation
        made, fed = g(x), self.values["fed"]
        given = made if fed == MADE else true if fed == TRUE else PROBES[fed](made, true)
        back, from_true = f(given), f(true)
        ink = (x.amax(1, keepdim=True) + 1) / 2 if x.shape[1] == 3 else torch.ones_like(x[:, :1])
        guess = (x * ink).sum(0, keepdim=True) / ink.sum(0, keepdim=True).clamp_min(1e-6)
        if x.shape[1] == 3:  # one colour for all ink
            guess = (x * ink).sum((0, 2, 3), keepdim=True) / ink.sum()

        def off(a: Tensor) -> Tensor:
            return ((a.expand_as(x) - x).abs().mean(1, keepdim=True) * ink).sum((1, 2, 3))

        wrong = off(guess).sum()
        self.shares = tuple(1 - (off(each).sum() / wrong).item() for each in (back, from_true))
        self._errors = {
            "partner": (made - true).abs().mean((1, 2, 3)) / 2,
            "back": off(back) / (2 * ink.sum((1, 2, 3))),
        }
        self._all = {"x": x, "made": made, "true": true, "back": back, "given": given}

    def _choose(self) -> None:
        """The chosen picture of them."""
        self.i = (self.values["picture"] - 1) % len(self._all["x"])
        self.errors = {name: each[self.i].item() for name, each in self._errors.items()}
        self.pictures = {name: each[self.i].numpy() for name, each in self._all.items()}

    # ------------------------------------------------------------------ what is shown

    def make_panels(self, figure: Figure) -> TranslationPanels:
        return TranslationPanels(figure)

    def update(self) -> None:
        share, from_true = self.shares
        fed = self.values["fed"]
        words = {"background wiped": "G(x), wiped", "ink replaced by the true ink": "true ink",
                 "threshold at a half": "threshold", "3x3 median": "median", "noise of 0.05": "noise"}  # fmt: skip
        self.panels.update(
            self.pictures, words.get(fed, fed), self.values["gain"], (share, from_true),
            f"mean of {len(self._sides()[1])} pictures",
        )  # fmt: skip

    def status(self) -> str:
        colour = "colour in the ink" if self.pictures["x"].shape[0] == 3 else "picture"
        share, from_true = (f"{max(each, 0):.0%}" for each in self.shares)
        fed = self.values["fed"] if self.values["fed"] in (MADE, TRUE) else f"{MADE} ({self.values['fed']})"
        return (
            f"G(x) is {self.errors['partner']:.3f} from the true partner; F, fed with {fed}, "
            f"{self.errors['back']:.3f} from x. Over all pictures, F finds <b>{share}</b> of the {colour} again "
            f"(fed with the true partner: {from_true}; 0 is the best constant guess)."
        )


def translation_app(images: Images | None = None, *, scale: float = 1.0) -> "frame.App":
    """Lesson 11b's app on some digits (None: scikit-learn's), from weights that ship; ``scale=1.4`` for a projector.

    Parameters
    ----------
    images : :class:`~course_utils.datasets.Images`, such as ``load_images()``; what is shown is among its last 2,000.

    Raises
    ------
    ValueError
        for what is not Images, or too few of them.
    """
    return show(TranslationController(images), scale=scale)
