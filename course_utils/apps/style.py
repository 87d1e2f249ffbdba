"""The app of lesson 7: paint one picture in the style of another, step by step."""

import html
import json
from collections import deque
from collections.abc import Iterator, Mapping
from functools import lru_cache, partial
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar

import numpy as np
import torch
from matplotlib.figure import Figure

from course_utils import checks, runtime
from course_utils.apps import frame
from course_utils.apps.frame import PLAYBACK, Handle, LiveController, show
from course_utils.apps.frame.controls import Button, Choice, Control, Heading, Slider, Toggle, Upload
from course_utils.apps.states import style as named
from course_utils.datasets.scaling import to_bytes, to_unit
from course_utils.files import taking
from course_utils.pictures import open_picture, sample_pictures, save_picture
from course_utils.plots.style_transfer import TransferPanels
from course_utils.style import FeatureNetwork, StyleTransfer, load_features
from course_utils.style.features import as_network
from course_utils.training.checkpoints import read_tensors, write_tensors

YOURS, NONE, SAME = "your own", "none", "as the result"
PICTURES = ".png,.jpg,.jpeg,.webp,.gif,.bmp,.tif,.tiff"
ROLES = ("content", "style", "second")
BEGIN = (
    *(*ROLES, "size", "style_size", "pyramid", "start", "content_layer", "style_layers", "optimizer"),
    *("variation", "keep_colours"),
)
SIZES = ("128", "192", "256", "384", "512", "768", "1024")
SMALL = 192  # pixels of the given pictures beside the result
PREPARED = runtime.REPOSITORY / "data/checkpoints/style_prepared.safetensors"
KIND, VERSION, WRITER = "course_utils.apps.style", 1, "data/make/style_prepared.py"
RECENT = 10  # steps whose time tells how long the others will take


class StyleController(LiveController):
    """Runs a :class:`~course_utils.style.StyleTransfer`. Other pictures or settings begin a new one; the balance of
    style and content, the blend of two styles, and how many steps are planned, act on the one that goes on.

    With a blend b, the styles have the weights 1 - b and b. The levels of a pyramid share the planned steps evenly.

    Parameters
    ----------
    content, style : names of sample pictures, or anything that :func:`~course_utils.pictures.open_picture` takes.
    features : a network, or a name for :func:`~course_utils.style.load_features`.
    folder : where Save puts its pictures.
    """

    title = "Paint in another style"
    alt = "The picture that is painted, beside it content, style, and the curves of both losses."
    states = named.STATES
    main = ("style", "balance", "wipe")
    size = (8.8, 4.6)
    fps: ClassVar[float] = 10.0

    def __init__(self, content: Any, style: Any, features: str | FeatureNetwork, folder: str | Path):
        self._features_name = features if isinstance(features, str) else None
        self.features = load_features(features) if isinstance(features, str) else as_network(features)
        self._folder = checks.path("folder", folder)
        self._samples = sample_pictures()
        self._own: dict[str, Sized] = {}
        for role, picture in (("content", content), ("style", style)):
            if not (isinstance(picture, str) and picture in self._samples):
                self._own[role] = Sized(open_picture(picture, name=role))
        self.controls = self._make_controls(
            *(
                YOURS if role in self._own else given
                for role, given in (("content", content), ("style", style))
            )
        )
        super().__init__()
        self._begun = self._settings()
        self._begin()

    def _make_controls(self, content: str, style: str) -> tuple[Control, ...]:
        network, names = self.features, (*self._samples, YOURS)
        return (
            *PLAYBACK[:2],
            Button("one_step", "Step", "one step of the optimizer"),
            Button("stop", "Stop", "stop, and begin again next time"),
            Button("save", "Save", "write the picture as it is now into a PNG file"),
            Heading("act at once"),
            Slider("balance", "log10 β/α", -1.0, 4.0, 1.3, 0.1),
            Slider("planned", "steps", 10, 500, 100, 10, integer=True),
            Heading("begin a new picture"),
            Choice("content", "content", names, content),
            Choice("style", "style", names, style),
            Choice("second", "second style", (NONE, *names), NONE),
            Upload("content_file", "Upload a content", PICTURES),
            Upload("style_file", "a style", PICTURES),
            Upload("second_file", "a second", PICTURES),
            Choice("size", "size (pixels)", SIZES, "192"),
            Choice("style_size", "style's size", (SAME, *SIZES), SAME),
            Choice("pyramid", "pyramid", ("1", "2", "3"), "1"),
            Choice("start", "start", ("content", "style", "noise"), "content"),
            Choice("content_layer", "content layer", network.layers, network.content_layers[0]),
            Choice("style_layers", "style up to", network.style_layers, network.style_layers[-1]),
            Choice("optimizer", "optimizer", ("lbfgs", "adam"), "lbfgs"),
            Choice("variation", "total variation", ("0", "1", "5", "20", "100"), "5"),
        )

    below = (
        Slider("wipe", "before | after", 0.0, 1.0, 0.0, 0.01),  # or drag the line
        Slider("blend", "first | second style", 0.0, 1.0, 0.5, 0.05),
        Toggle("keep_colours", "keep the content's colours (a new picture)"),
    )

    # ------------------------------------------------------------------ what the controls do

    def _begin(self) -> None:
        """A new transfer with the present settings; where that fails, the old one and its settings stay."""
        try:
            self.transfer = self._make_transfer()
        except ValueError:
            self.values.update(self._begun)
            raise
        self._begun = self._settings()
        self._over = False
        self._times: deque[float] = deque(maxlen=RECENT)
        self._note = ""

    def _settings(self) -> dict[str, Any]:
        return {name: self.values[name] for name in BEGIN}

    def _make_transfer(self) -> StyleTransfer:
        v, layers = self.values, self.features.style_layers
        size, style_size = (int(v[name if v[name] != SAME else "size"]) for name in ("size", "style_size"))
        alone = v["pyramid"] == "1"  # with more levels there are other sizes, too
        return StyleTransfer(
            self._picture("content", size if alone else None),
            [self._picture(role, None) for role in self._styles()],
            features=self.features, style_weights=self._style_weights(), size=size, style_size=style_size,
            start=v["start"], beta=10 ** v["balance"], content_layers=[v["content_layer"]],
            style_layers=layers[: layers.index(v["style_layers"]) + 1], optimizer=v["optimizer"],
            total_variation=float(v["variation"]), keep_colours=v["keep_colours"],
            pyramid=int(v["pyramid"]), steps_per_level=self._steps_per_level(),
        )  # fmt: skip

    def _styles(self) -> tuple[str, ...]:
        return ("style",) if self.values["second"] == NONE else ("style", "second")

    def _style_weights(self) -> tuple[float, ...]:
        return (1 - self.values["blend"], self.values["blend"]) if len(self._styles()) > 1 else (1.0,)

    def _steps_per_level(self) -> int:
        return max(1, self.values["planned"] // int(self.values["pyramid"]))

    def _picture(self, role: str, size: int | None) -> np.ndarray:
        name = self.values[role]
        return (self._own[role] if name == YOURS else _sample(name)).at(size)

    def changed(self, values: Mapping[str, Any]) -> None:
        if "balance" in values:
            self.transfer.beta = 10 ** values["balance"]
        if "planned" in values:
            self.transfer.steps_per_level = self._steps_per_level()
        missing = [role for role in ROLES if values.get(role) == YOURS and role not in self._own]
        for role in missing:
            self.values[role] = self._begun[role]
        if self._settings() != self._begun:
            self._begin()
        elif "blend" in values:
            self.transfer.style_weights = self._style_weights()
        if missing:
            what = "second style" if missing[0] == "second" else missing[0]
            self._note = f"There is no {what} of yours yet: choose a file with the button Upload."

    def content_file(self, content: bytes) -> None:
        """Take the content from the bytes of a file."""
        self._take("content", content)

    def style_file(self, content: bytes) -> None:
        """Take the style from the bytes of a file."""
        self._take("style", content)

    def second_file(self, content: bytes) -> None:
        """Take the second style from the bytes of a file."""
        self._take("second", content)

    def _take(self, role: str, content: bytes) -> None:
        before = dict(self._own)
        self._own[role] = Sized(open_picture(content))
        self.values[role] = YOURS
        try:
            self._begin()
        except ValueError:
            self._own = before
            raise

    def begin(self) -> None:
        super().begin()
        self._begin()

    def save(self) -> None:
        """Write the picture into the first free style_transfer_NNN.png of the folder."""
        with taking(self._folder / f"style_transfer_{n:03d}.png" for n in count(1)) as path:
            saved = save_picture(self.transfer.image, path)
        # The name alone, for the projector; the folder where the mouse asks for it.
        where = html.escape(str(saved.resolve().parent), quote=True)
        self._note = f'Saved as <span title="in {where}">{html.escape(saved.name)}</span>.'

    def stop(self) -> None:
        super().stop()
        self._over = True

    def handles(self) -> Mapping[str, Handle]:
        """The line between before and after."""
        return {"wipe": Handle(self.panels.picture, x=self.panels.edge_at(self.values["wipe"]))}

    def drag(self, name: str, x: float, y: float, phase: str) -> None:
        """Take the line to x, in pixels of the picture."""
        self.slide(wipe=self.panels.share_at(x))

    def disabled(self) -> Mapping[str, str]:
        if self.values["second"] == NONE:
            return {"blend": "choose a second style first"}
        return {}

    # ------------------------------------------------------------------ what goes on

    @property
    def done(self) -> int:
        """Steps taken so far."""
        return len(self.transfer.history["total"])

    def one_step(self) -> None:
        """A single step; a run that plays is paused."""
        self.pause()
        self._step()

    def prepare(self, steps: int) -> None:
        """Take so many steps. Those of the lesson's own picture are stored: what they lead to is opened, and the
        optimizer begins afresh there, as after any change of weights."""
        header, found = read_tensors(PREPARED, KIND, VERSION, WRITER) if PREPARED.is_file() else ({}, {})
        if header.get("run") != self._run(steps):
            for _ in range(steps):
                self.one_step()
            return
        picture = to_unit(found.pop("picture").movedim(-1, 0)[None], "bytes", torch.float32)
        history = {name: values.tolist() for name, values in found.items()}
        state = {"picture": picture, "good": picture, "history": history, "steps_here": steps}
        self.transfer.load_state_dict(self.transfer.state_dict() | state)

    def store_prepared(self, path: Path = PREPARED) -> None:
        """Write the steps that were taken, for :meth:`prepare`: the picture in bytes (h, w, 3), and the history."""
        tensors = {name: torch.tensor(values) for name, values in self.transfer.history.items()}
        tensors["picture"] = torch.from_numpy(to_bytes(self.transfer.image, "unit"))
        header = {"format": KIND, "version": str(VERSION), "run": self._run(self.done)}
        write_tensors(path, tensors, header)

    def _run(self, steps: int) -> str:
        """All that decides what so many steps lead to; of a network without a name, nobody knows."""
        run = {**self._begun, "balance": self.values["balance"], "features": self._features_name}
        return json.dumps({**run, "steps": steps}, sort_keys=True)

    def steps(self) -> Iterator[int]:
        if self._over or self.done >= self.values["planned"]:
            self._begin()
        while self.done < self.values["planned"]:
            self._step()
            yield self.done

    def _step(self) -> None:
        self.transfer.prepare()  # which is no part of a step's time
        start, level = perf_counter(), self.transfer.level
        self.transfer.step()
        if self.transfer.level != level:
            self._times.clear()  # each of these steps takes about four times as long
        self._times.append(perf_counter() - start)
        self._over, self._note = False, ""

    # ------------------------------------------------------------------ what is shown

    def scene(self) -> int:
        return len(self._styles())

    def make_panels(self, figure: Figure) -> TransferPanels:
        content, _, *styles = self._pictures()
        return TransferPanels(figure, content, *styles)

    def _pictures(self) -> list[np.ndarray]:
        """The content as large as the result, and what was given, small: that is the same for every size."""
        small = [self._picture(role, SMALL) for role in ("content", *self._styles())]
        return [self._picture("content", int(self._begun["size"])), *small]

    def update(self) -> None:
        if self.panels.show(*self._pictures()):
            self.moving = list(self.panels.moving)  # a new list: all is drawn, once
        self.panels.update(
            self.transfer.image, self.values["wipe"], self.transfer.history, self.values["planned"]
        )

    def status(self) -> str:
        done, planned = self.done, max(self.values["planned"], self.done)
        bar = f'<progress value="{done}" max="{planned}" style="width:8em"></progress>'
        said = f"{bar} Step {done} of {planned}"
        if not done:
            return f"{said}. Press Play. (The features are those of {self.features.name}.) {self._note}"
        each = sum(self._times) / len(self._times) if self._times else 0.0
        if done == planned:
            rest = "done"
        elif not self._times:
            rest = "Play goes on"
        elif self._over:
            rest = "stopped; Play begins again"
        else:
            rest = _duration(each * self._remaining())
            rest = f"{rest} to go" if self.playing else f"Play takes {rest}"
        said += f", {each:.2f} s each, {rest}" if each else f", {rest}"
        losses = {name: self.transfer.history[name][-1] for name in ("content", "style")}
        return f"{said}. Relative losses: content {losses['content']:.2g}, style {losses['style']:.2g}. {self._note}"

    def _remaining(self) -> int:
        """How many steps like the present ones are left; one on the next level of a pyramid counts as four."""
        per_level, last = self.transfer.steps_per_level, int(self._begun["pyramid"]) - 1
        levels = (min(step // per_level, last) for step in range(self.done, self.values["planned"]))
        return sum(4 ** max(0, level - self.transfer.level) for level in levels)


class Sized:
    """A picture, and what it is in the sizes that were asked for last (the longer side in pixels; None: its own)."""

    def __init__(self, picture: np.ndarray):
        self.at = lru_cache(len(SIZES) + 1)(partial(_fixed, picture))


def _fixed(picture: np.ndarray, size: int | None) -> np.ndarray:
    """The picture in that size, which cannot be written into: who keeps it needs no copy."""
    picture = open_picture(picture, size)
    picture.flags.writeable = False
    return picture


@lru_cache(8)
def _sample(name: str) -> Sized:
    return Sized(sample_pictures()[name]())


def _duration(seconds: float) -> str:
    return f"about {seconds:.0f} s" if seconds < 100 else f"about {seconds / 60:.0f} min"


def style_app(
    content: Any = "china",
    style: Any = "brush_strokes",
    *,
    features: str | FeatureNetwork = "auto",
    folder: str | Path = ".",
    prepared: int = 0,
    wipe: float = 0.0,
    scale: float = 1.0,
) -> "frame.LiveApp":
    """The app, ready to show: :class:`StyleController` in a frame; ``scale=1.4`` for a projector.

    Its first ``prepared`` steps are taken already (see :meth:`StyleController.prepare`), and its slider
    *before | after* stands at ``wipe``.
    """
    controller = StyleController(content, style, features, folder)
    controller.set(wipe=checks.number("wipe", wipe, "[0, 1]"))
    controller.prepare(checks.whole("prepared", prepared, at_least=0))
    return show(controller, scale=scale)
