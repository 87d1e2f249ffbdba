"""Lesson 10's app: fool a network, with a digit of the test set or one of your own hand."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional

from course_utils.apps import frame
from course_utils.apps.frame import Button, Choice, Controller, Handle, Heading, Slider, show
from course_utils.apps.states import attacks as named
from course_utils.attacks import DigitNetwork, load_digit_network, pgd_path, random_signs
from course_utils.attacks.gradient import margins
from course_utils.checks import instance
from course_utils.datasets import SIDE, Images, load_digits_stand_in
from course_utils.datasets.scaling import to_unit
from course_utils.plots.adversarial import REACH, AttackPanels

NETWORKS = {
    "linear": "linear",
    "MLP": "mlp",
    "CNN": "cnn",
    "CNN, FGSM-trained": "fgsm",
    "CNN, robust": "robust",
}
PGD, FGSM, PGD_L2, RANDOM = "PGD", "FGSM", "PGD, Euclidean", "random signs"
DIGITS = 100  # of the test set that the slider shows
LENGTH = 10  # a Euclidean ball has this many times the radius: about as much damage
PEN = 1.6  # pixels
CELLS = 17  # of the plane, along each side

load = cache(load_digit_network)


class AttackController(Controller):
    """One picture, one network, one attack on it. Painting into the left picture changes it; the attack follows when
    the pen is lifted. Where a test digit is shown, the attack leads away from its label, else from what the network
    sees at first."""

    title = "Fool a network"
    states = named.STATES
    main = ("network", "attack", "epsilon", "digit", "clear")
    size = (8.8, 5.0)
    alt = "a digit before and after an attack, the change, the network's probabilities, and the path of the attack"
    controls = (
        Choice("network", "network", tuple(NETWORKS), "CNN"),
        Choice("attack", "attack", (PGD, FGSM, PGD_L2, RANDOM), PGD),
        Slider("epsilon", "ε", 0.0, 0.5, 0.1, 0.01),
        Slider("steps", "steps", 1, 40, 10, 1, integer=True),
        Button("again", "Again", "another random start, or other random signs"),
        Heading("the picture"),
        Slider("digit", "digit", 0, DIGITS - 1, 0, 1, integer=True),
        Button("clear", "Draw one", "an empty picture, to paint into with the mouse"),
    )

    def __init__(self, images: Images | None = None):
        super().__init__()
        images = load_digits_stand_in() if images is None else images
        instance("images", images, Images, "Images, such as load_images() gives, or None")
        if not len(images):
            raise ValueError("images are none: there must be one picture at least.")
        self._pixels = to_unit(torch.from_numpy(images.pixels[:DIGITS])[:, None], "bytes", torch.float32)
        self._labels = images.labels[:DIGITS]
        self._seed, self._painting, self._pen = 0, False, (0.0, 0.0)
        self.changed({"digit": 0})

    # ------------------------------------------------------------------ what a student can do

    def changed(self, values: Mapping[str, Any]) -> None:
        if "digit" in values:
            which = min(self.values["digit"], len(self._pixels) - 1)
            self.x, self.label = self._pixels[which : which + 1], int(self._labels[which])
        self._attack()

    def begin(self) -> None:
        self._seed = 0
        super().begin()

    def again(self) -> None:
        self._seed += 1
        self._attack()

    def clear(self) -> None:
        self.x, self.label = torch.zeros(1, 1, SIDE, SIDE), -1
        self._attack()

    def handles(self) -> Mapping[str, Handle]:
        return {"pen": Handle(self.panels.before)}

    def drag(self, name: str, x: float, y: float, phase: str) -> None:
        """Paint a line from where the pen was to where it is."""
        if phase == "down":
            self._pen = x, y
        here, there = np.array(self._pen), np.array([x, y])
        places = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), axis=-1)
        way = there - here
        along = np.clip((places - here) @ way / max(way @ way, 1e-9), 0, 1)
        away = np.linalg.norm(places - here - along[..., None] * way, axis=-1)
        ink = torch.tensor(np.clip(PEN - away, 0, 1), dtype=torch.float32)
        self.x, self.label, self._pen = torch.maximum(self.x, ink), -1, (x, y)
        self._painting = phase != "up"
        self._attack()

    def disabled(self) -> Mapping[str, str]:
        without: dict[str, str] = {}
        if self.values["attack"] in (FGSM, RANDOM):
            without["steps"] = "this attack takes one step"
        if self.values["attack"] == FGSM:
            without["again"] = "nothing is random here"
        return without

    def readouts(self) -> Mapping[str, str]:
        return {} if self.label >= 0 else {"digit": "yours"}

    # ------------------------------------------------------------------ what is computed

    @property
    def network(self) -> DigitNetwork:
        return load(NETWORKS[self.values["network"]], "cpu")

    @torch.no_grad()
    def _attack(self) -> None:
        """The attack, and the loss in the plane of its path."""
        network, epsilon = self.network, self.values["epsilon"]
        scores = network(self.x)
        y = scores.argmax(1) if self.label < 0 else torch.tensor([self.label])
        self.y, path = int(y), self.x[None]
        if epsilon and self.x.any() and not self._painting:
            path = self._path(network, y, epsilon)
        self.after = path[-1]
        both = torch.cat([self.x, self.after])
        self.probabilities = network(both).softmax(1).numpy()
        self.losses = functional.cross_entropy(network(both), y.expand(2), reduction="none").tolist()

        moved = (path - self.x).flatten(1)
        along = moved[-1] / moved[-1].norm().clamp_min(1e-9)
        rest = moved - (moved @ along)[:, None] * along
        across = rest[rest.norm(dim=1).argmax()]
        if across.norm() < 1e-4:  # a straight way: any other direction will do
            other = random_signs(network, torch.full_like(self.x, 0.5), y, 1.0).flatten() - 0.5
            across = other - (other @ along) * along
        across = across / across.norm()
        length = moved[-1].norm().clamp_min(1e-3)
        self.path = torch.stack([moved @ along, moved @ across], 1).div(length).numpy()
        (left, right), (low, high) = REACH
        a, b = torch.meshgrid(
            torch.linspace(left, right, CELLS), torch.linspace(low, high, CELLS), indexing="ij"
        )
        plane = length * (a[..., None] * along + b[..., None] * across)
        seen = network((self.x.flatten() + plane).clamp(0, 1).view(-1, 1, SIDE, SIDE))
        names = y.expand(CELLS * CELLS)
        self.loss = functional.cross_entropy(seen, names, reduction="none").view(CELLS, CELLS).numpy()
        self.margin = margins(seen, names).view(CELLS, CELLS).numpy()

    def _path(self, network: DigitNetwork, y: Tensor, epsilon: float) -> Tensor:
        """The places where the attack goes, the picture itself first: (steps + 1, 1, 1, 28, 28)."""
        draw, attack, steps = (
            torch.Generator().manual_seed(self._seed),
            self.values["attack"],
            self.values["steps"],
        )
        if attack == RANDOM:
            return torch.stack([self.x, random_signs(network, self.x, y, epsilon, draw)])
        if attack == FGSM:
            return pgd_path(network, self.x, y, epsilon, 1, epsilon, random_start=False)
        radius, norm = (LENGTH * epsilon, "l2") if attack == PGD_L2 else (epsilon, "linf")
        path = pgd_path(network, self.x, y, radius, steps, generator=draw, norm=norm)
        return torch.cat([self.x[None], path])

    # ------------------------------------------------------------------ what is shown

    def make_panels(self, figure: Figure) -> AttackPanels:
        return AttackPanels(figure)

    def update(self) -> None:
        change = (self.after - self.x).abs().max().item()
        before, after = (f"{p.argmax()}, {p.max():.1%}" for p in self.probabilities)
        self.panels.update(
            self.x.numpy(),
            self.after.numpy(),
            (before, f"≤ {change:.2f} a pixel", after),
            (self.probabilities[0], self.probabilities[1]),
            max(change, 1e-3),
            self.path,
            self.loss,
            self.margin,
        )

    def status(self) -> str:
        before, after = (int(p.argmax()) for p in self.probabilities)
        if self._painting:
            return f"Painting: the network sees a {before}. Lift the pen, and the attack begins."
        if self.label < 0 and not self.x.any():
            return "An empty picture: hold the mouse button and paint a digit into it."
        shows = "Your picture" if self.label < 0 else f"A {self.label}"
        moved = f"length {(self.after - self.x).norm():.2f}" if self.values["attack"] == PGD_L2 else ""
        end = "still named" if after == before else "now named"
        wrong = "" if before == self.y else " (wrongly, before any attack)"
        border = self.margin.min() < 0 < self.margin.max()
        dashed = "Dashed: where the network changes its mind." if border else "No border lies in this plane."
        return (
            f"{shows}, named {before}{wrong}; after {self.values['attack']} with ε = {self.values['epsilon']:.2f}"
            f"{f' ({moved})' if moved else ''} {end} <b>{after}</b>. Loss {self.losses[0]:.2g} before, "
            f"{self.losses[1]:.2g} after. {dashed}"
        )


def attacks_app(images: Images | None = None, *, scale: float = 1.0) -> "frame.App":
    """Lesson 10's app on some pictures (None: scikit-learn's digits), ready to show; ``scale=1.4`` for a projector."""
    return show(AttackController(images), scale=scale)
