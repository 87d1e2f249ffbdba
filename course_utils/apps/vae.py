"""Lesson 9's app: the plane of latents of a variational autoencoder as a pad, and what its bound is made of."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from course_utils import checks, runtime
from course_utils.apps import frame
from course_utils.apps.frame import PLAYBACK, Choice, Handle, Heading, LiveController, Slider, show
from course_utils.apps.states import vae as named
from course_utils.datasets import SIDE, Images
from course_utils.datasets.scaling import to_unit
from course_utils.plots import palette
from course_utils.plots.layout import number
from course_utils.plots.vae import REACH, LatentPanels, map_latents
from course_utils.recording import load_recording
from course_utils.vae import VAE, binarise, elbo, importance_weighted_bound, load_vae

ELBO = "1, the ELBO"
MODELS = {"0.25": "vae-2-beta-0.25", ELBO: "vae-2", "4": "vae-2-beta-4"}
MAP, CODES = "what decodes there", "where digits go"
HELD_OUT = 500  # the last pictures, on which nothing that ships was trained
EACH = 20  # digits of each kind to choose from
SAMPLES, WEIGHTED = 100, 1000  # draws of z: for the first term, and for the tighter bound
TRAINED = ("beta", "plane", "digit", "which")  # what needs a trained encoder


class VAEController(LiveController):
    """A point in the plane of latents and the digit that it decodes to; a held-out digit, its posterior as ellipses of
    one and two deviations, what is rebuilt from its mean, and both terms of its bound.

    The models are those that ship. Of the training the map and the mean of both terms were recorded: at its earlier
    moments the point shows the nearest picture of that map.

    Raises
    ------
    ValueError
        for what is not :class:`~course_utils.datasets.Images`, or none at all.
    """

    title = "Inside a variational autoencoder: two latents, ten digits"
    alt = (
        "Left, the plane of two latents with a point and the ellipses of one digit's posterior; right, that digit, "
        "what is rebuilt of it, what the point decodes to, the two terms of the bound as bars, and the bound over the "
        "training."
    )
    states = named.STATES
    main = ("digit", "beta", "moment")
    size = (9.0, 5.0)
    fps: ClassVar[float] = 6.0
    steps_per_frame = 1

    def __init__(self, images: Images):
        checks.instance("images", images, Images, "pictures of digits, such as load_images()")
        if not len(images.pixels):
            raise ValueError("images holds no picture; at least one is needed to encode.")
        self.run = load_recording(runtime.shipped("vae/vae-2.npz"))
        self._last = len(self.run) - 1
        self.controls = (
            Choice("beta", "β", tuple(MODELS), ELBO),
            Choice("plane", "show", (MAP, CODES), MAP),
            Heading("a digit to encode", palette.text(palette.DATA)),
            Slider("digit", "digit", 0, 9, 3, 1, integer=True),
            Slider("which", "which one", 1, EACH, 1, 1, integer=True),
            Heading("a point to decode: drag it", palette.text(palette.GENERATOR)),
            Slider("z1", "z₁", -REACH, REACH, 0.6, 0.05),
            Slider("z2", "z₂", -REACH, REACH, -1.0, 0.05),
            Heading("a recorded training"),
            Slider("moment", "step", 0, self._last, self._last, 1, integer=True),
            *PLAYBACK,
        )
        super().__init__()
        pixels = torch.from_numpy(np.array(images.pixels[-HELD_OUT:])).flatten(1)
        self.x = binarise(to_unit(pixels, "bytes", torch.float32), torch.Generator().manual_seed(0))
        self.labels = np.asarray(images.labels[-HELD_OUT:])
        self._models: dict[str, tuple[VAE, Any, np.ndarray]] = {}
        self._told: dict[tuple[Any, ...], tuple[tuple[float, float], float]] = {}  # at most 3 x 10 x 20
        self.changed(self.values)

    # ------------------------------------------------------------------ what is computed

    def changed(self, values: Mapping[str, Any]) -> None:
        if "moment" not in values and not set(values).isdisjoint(TRAINED):
            self.values["moment"] = self._last
        if self.early:
            self.values |= {"beta": ELBO, "plane": MAP}  # which was recorded
        self._choose()
        wanted = tuple(self.values[name] for name in ("beta", "digit", "which"))
        if wanted not in self._told:
            self._told[wanted] = self._bounds()
        self.terms, self.weighted = self._told[wanted]

    @torch.no_grad()
    def _choose(self) -> None:
        """The chosen model, with its codes and its map, and the chosen digit."""
        beta = self.values["beta"]
        if beta not in self._models:
            model, side = load_vae(MODELS[beta], "cpu"), round(self.run.pictures.shape[1] ** 0.5)
            decoded = model.decode(torch.from_numpy(map_latents(side))).view(-1, SIDE, SIDE).numpy()
            self._models[beta] = model, model.encode(self.x), decoded
        self.model, self.q, self.map = self._models[beta]
        those = np.flatnonzero(self.labels == self.values["digit"])
        those = those if len(those) else np.arange(len(self.labels))
        self.chosen = int(those[(self.values["which"] - 1) % len(those)])

    @torch.no_grad()
    def _bounds(self) -> tuple[tuple[float, float], float]:
        """Both terms of the chosen digit's bound, and the tighter bound."""
        x = self.x[self.chosen : self.chosen + 1]
        terms = elbo(self.model, x, SAMPLES, torch.Generator().manual_seed(0))
        reconstruction, kl = (term.item() for term in terms)
        weighted = importance_weighted_bound(self.model, x, WEIGHTED, torch.Generator().manual_seed(1))
        return (kl, -reconstruction), weighted.item()

    @property
    def early(self) -> bool:
        """Whether a moment before the end of the training is shown."""
        return self.values["moment"] < self._last

    @property
    def _step(self) -> int:
        """The training step of the moment that is shown."""
        return int(self.run.evaluations["elbo"].steps[self.values["moment"]])

    def recorded(self, quantity: str) -> float:
        """The mean over the recorded run's held-out digits at the moment that is shown, in nats."""
        return float(self.run.evaluations[quantity].values[self.values["moment"]])

    # ------------------------------------------------------------------ what a student can do

    def disabled(self) -> Mapping[str, str]:
        why = "an earlier moment of the training: the map was recorded, the encoder was not"
        return dict.fromkeys(TRAINED, why) if self.early else {}

    def handles(self) -> Mapping[str, Handle]:
        return {"point": Handle(self.panels.plane)}  # wherever it is pressed, the point goes

    def drag(self, name: str, x: float, y: float, phase: str) -> None:
        self.slide(z1=x, z2=y)

    def steps(self) -> Iterator[None]:
        while self.early:
            self.set(moment=self.values["moment"] + 1)
            yield

    def play(self) -> None:
        super().play()
        if not self.early:
            self.set(moment=0)

    def stop(self) -> None:
        super().stop()
        self.set(moment=0)

    def readouts(self) -> Mapping[str, str]:
        return {"moment": f"{self._step:,}"}

    # ------------------------------------------------------------------ what is shown

    def make_panels(self, figure: Figure) -> LatentPanels:
        self._behind: tuple[Any, ...] | None = None  # the point
        self._moving: dict[tuple[Any, ...], list[Artist]] = {}  # with what behind it
        bound = self.run.evaluations["elbo"]
        return LatentPanels(figure, bound.steps, -bound.values)

    @torch.no_grad()
    def update(self) -> None:
        moment, early, (z1, z2) = self.values["moment"], self.early, (self.values["z1"], self.values["z2"])
        before, self._behind = (
            self._behind,
            ("", moment) if early else (self.values["plane"], self.values["beta"]),
        )
        if self._behind != before:
            if early:
                self.panels.show_plane(self.run.samples(moment), "bytes")
            elif self.values["plane"] == MAP:
                self.panels.show_plane(self.map)
            else:
                self.panels.show_plane(codes=(self.q.mean.numpy(), self.labels))
            # What lies behind has a list of its own. From moment to moment of the training it moves itself.
            new = [*(self.panels.ground if early else ()), *self.panels.moving]
            self.moving = self._moving.setdefault(("",) if early else self._behind, new)
        if early:
            side = round(len(self.map) ** 0.5)
            column, row = (min(int((at / REACH + 1) / 2 * side), side - 1) for at in (z1, -z2))
            pictures = {"decoded": self.run.samples(moment)[row * side + column] / 255}
            q, terms = None, (self.recorded("kl"), -self.recorded("reconstruction"))
        else:
            mean, log_variance = (part[self.chosen] for part in self.q)
            q, terms = (mean.numpy(), (log_variance / 2).exp().numpy()), self.terms
            both = self.model.decode(torch.stack([mean, torch.tensor([z1, z2])])).view(2, SIDE, SIDE)
            pictures = {"x": self.x[self.chosen].view(SIDE, SIDE).numpy()}
            pictures |= {"rebuilt": both[0].numpy(), "decoded": both[1].numpy()}
        self.panels.update((z1, z2), q, pictures, terms, (self._step, -self.recorded("elbo")))

    def status(self) -> str:
        kl, rest = self.terms
        if self.early:
            kl, rest = self.recorded("kl"), -self.recorded("reconstruction")
            return (
                f"Recorded, after {self._step:,} steps: −ELBO = {number(rest, 1)} + {number(kl, 1)} = "
                f"{number(rest + kl, 1)} nats, the mean over 1,000 held-out digits. "
                "The point shows the nearest picture of the map."
            )
        return (
            f"A {self.labels[self.chosen]}: −ELBO = {number(rest, 1)} (what z leaves unexplained) + {number(kl, 1)} "
            f"(what q costs) = {number(rest + kl, 1)} nats, so −log p(x) is at most that; {WEIGHTED:,} weighted draws "
            f"say at most {number(-self.weighted, 1)}."
        )


def vae_app(images: Images, *, scale: float = 1.0) -> "frame.LiveApp":
    """Lesson 9's app, ready to show, from weights that ship; ``scale=1.4`` for a projector.

    Parameters
    ----------
    images : :class:`~course_utils.datasets.Images`, such as ``load_images()``; digits to encode are among its last 500.

    Raises
    ------
    ValueError
        as :class:`VAEController`.
    """
    return show(VAEController(images), scale=scale)
