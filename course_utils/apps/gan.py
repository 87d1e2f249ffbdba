"""The app of lessons 5 and 6: watch a GAN or a WGAN learn, live, with its curves, and measure it when you like."""

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from html import escape
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from matplotlib.figure import Figure

from course_utils.apps import frame
from course_utils.apps.frame import PLAYBACK, LiveController, Speedometer, show
from course_utils.apps.frame.controls import Button, Choice, Heading, Slider
from course_utils.apps.states import gan as named
from course_utils.datasets import Images, load_images
from course_utils.datasets.scaling import check_digits, to_symmetric
from course_utils.files import taking
from course_utils.gan import RECIPES, AdversarialTrainer, Recipe, save_checkpoint
from course_utils.gan.metrics import frechet_distance
from course_utils.gan.metrics.classifier import load_classifier
from course_utils.gan.objectives import OBJECTIVES
from course_utils.pictures import save_picture
from course_utils.plots.describe import number
from course_utils.plots.images import mosaic
from course_utils.plots.training import TrainingPanels
from course_utils.recording import Recording, load_recording, recordings

PICTURES = 80
JUDGED = 2000  # pictures of each kind in one measurement
CHUNK = 50  # of them between two looks at the buttons
FOR_EVER = 10**9  # steps
LOSSES = tuple(name for name, objective in OBJECTIVES.items() if objective.probabilities)
SHOWN = tuple(name for name in RECIPES if not name.endswith("optimistic"))
RECORDED = {"wgan-clip-tuned": "wgan-clip"}  # recipe -> its recording, where that has another name


class TrainingController(LiveController):
    """Trains a recipe on the pictures, and shows the same latents' samples as they improve.

    Another recipe or seed starts a new run, and a recipe sets all controls; every other control acts on the run that
    goes on, and the status says what was changed. Until somebody trains, a recorded run of the recipe shows what will
    become of it, where one ships; :meth:`reset` shows the noise instead. Files are saved in ``folder``.
    """

    title = "Train and watch"
    states = named.STATES
    main = ("recipe", "rate", "measure")
    size = (8.8, 4.3)
    lines = 3
    fps: ClassVar[float] = 10.0
    controls = (
        *PLAYBACK[:2],  # Play and Pause
        Button("reset", "Reset", "the same seed again, from noise"),
        Button("measure", "Measure", "the Fréchet distance, now"),
        Button("save_pictures", "Save PNG", "write the pictures that are shown into a PNG file"),
        Button("save_run", "Save run", "write a checkpoint, from which the training can go on another day"),
        Heading("these start over"),
        Choice("recipe", "recipe", SHOWN, "dcgan-fast"),
        Slider("seed", "seed", 0, 9, 0, 1, integer=True),
        Heading("these act at once"),
        Choice("loss", "G's loss", LOSSES, "non-saturating"),
        Slider("k", "D steps, k", 1, 5, 1, 1, integer=True),
        Slider("rate", "rate ×", 0.1, 5.0, 1.0, 0.1),
        Slider("strength", "penalty, c ×", 0.1, 5.0, 1.0, 0.1),
    )

    def __init__(self, images: Images | None = None, recipe: str = "dcgan-fast", folder: str | Path = "."):
        super().__init__()
        if images is not None:
            check_digits("images", images.pixels if isinstance(images, Images) else images)
        self._given, self._folder = images, Path(folder)
        self._trainer: AdversarialTrainer | None = None
        self._note = ""
        self._recording: Recording | None = None
        self._measuring: Iterator[None] | None = None
        self._resting = True  # a measurement is to rest again when it is done
        self.set(recipe=recipe)

    # ------------------------------------------------------------------ what the controls do

    @cached_property
    def _images(self) -> Images:
        return load_images() if self._given is None else self._given

    @property
    def trainer(self) -> AdversarialTrainer:
        """What trains, made when it is first needed: a recording is shown without."""
        if self._trainer is None:
            self._trainer = AdversarialTrainer(self._images, self.recipe, seed=self.values["seed"])
        return self._trainer

    @property
    def recipe(self) -> Recipe:
        """The chosen recipe, as the controls have tuned it."""
        v, recipe = self.values, RECIPES[self.values["recipe"]]
        return recipe.replace(
            objective=v["loss"] if OBJECTIVES[recipe.objective].probabilities else recipe.objective,
            discriminator_steps=v["k"],
            generator_learning_rate=v["rate"] * recipe.generator_learning_rate,
            discriminator_learning_rate=v["rate"] * recipe.discriminator_learning_rate,
            penalty_weight=v["strength"] * recipe.penalty_weight,
            clip=v["strength"] * recipe.clip,
        )

    def reset(self) -> None:
        """A fresh trainer: the same recipe, the same seed."""
        if self._measuring is not None and self._resting:
            self.player.pause()  # it only played to measure what is gone now
        self._trainer = None
        self._speedometer = Speedometer()
        self._verdict = self._note = ""
        self._measuring = self._recording = None

    def changed(self, values: Mapping[str, Any]) -> None:
        self._note = ""
        if "recipe" in values:  # nothing is carried over from the recipe before
            self.values |= {name: value for name, value in self._own().items() if name not in values}
        if values.keys() & {"recipe", "seed"}:
            self.reset()
            if not self.player.playing:
                self._recording = _recording_of(self.values["recipe"])
        elif self._trainer is not None:
            self._trainer.change(
                **{name: new for name, (new, _) in self.recipe.difference(self._trainer.recipe).items()}
            )

    def _own(self) -> dict[str, Any]:
        """The values of the controls with which the chosen recipe trains as it is."""
        recipe = RECIPES[self.values["recipe"]]
        loss = recipe.objective if recipe.objective in LOSSES else "non-saturating"
        return {"loss": loss, "k": recipe.discriminator_steps, "rate": 1.0, "strength": 1.0}

    def disabled(self) -> dict[str, str]:
        """The controls without effect on the chosen recipe, and why."""
        recipe, without = RECIPES[self.values["recipe"]], {}
        if not OBJECTIVES[recipe.objective].probabilities:
            without["loss"] = "a critic's generator has one loss only"
        if recipe.penalty == "none":
            without["strength"] = f"{recipe.name} has no penalty and clips nothing"
        return without

    def _by_hand(self) -> str:
        """What was changed since the recipe was chosen, in words."""
        labels = {control.name: control.label for control in self.value_controls()}
        without, changed = self.disabled(), []
        for name, own in self._own().items():
            value = self.values[name]
            same = math.isclose(value, own, rel_tol=1e-6) if isinstance(own, float) else value == own
            if not same and name not in without:
                changed.append(
                    f"{labels[name]} {value:.3g}" if isinstance(value, float) else f"{labels[name]} {value}"
                )
        return f" Changed by hand: {', '.join(changed)}." if changed else ""

    @property
    def playing(self) -> bool:
        return super().playing and not (self._measuring is not None and self._resting)

    def play(self) -> None:
        super().play()
        self._resting, self._recording, self._note = False, None, ""

    def measure(self) -> None:
        """Ask for the Fréchet distance; the player computes it bit by bit, also while the training rests."""
        playing = self.player.playing
        self.player.play()
        if self._measuring is None:
            self._resting = not playing
        self._measuring, self._recording = self._measurement(), None
        self._verdict, self._note = "Measuring the Fréchet distance …", ""

    def save_pictures(self) -> None:
        """Write the pictures that are shown into a PNG file."""
        if (run := self.recording) is None:
            end = f"step{len(self.trainer.log)}"
            shown = mosaic(self.trainer.sample(PICTURES, seed=0), 10, scale="symmetric")
        else:
            end = f"recorded_step{run.steps[-1]}"
            shown = mosaic(run.samples(-1), _columns(run))
        with taking(self._files(end, ".png")) as path:
            save_picture(shown, path)
        self._note = f" Saved as {escape(path.name)}."

    def save_run(self) -> None:
        """Write a checkpoint, from which the training can go on another day."""
        if not (done := len(self.trainer.log)):
            self._note = " Nothing to save yet: not one step is trained."
            return
        with taking(self._files(f"step{done}", ".safetensors")) as path:
            save_checkpoint(self.trainer, path)
        call = f'resume(images, "{escape(path.name)}")'
        self._note = f" Saved: <code>{call}</code> of course_utils.gan goes on from here."

    def _files(self, end: str, suffix: str) -> Iterator[Path]:
        """Names to save under: with a number, where the same settings' file is there already (others may differ in a
        learning rate, which no name says)."""
        stem = self._folder / f"gan_{self.values['recipe']}_seed{self.values['seed']}_{end}"
        for n in count(1):
            yield stem.with_name(stem.name + (f"_{n}" if n > 1 else "") + suffix)

    # ------------------------------------------------------------------ what goes on

    def steps(self) -> Iterable[int]:
        while True:
            trainer = self.trainer
            training = trainer.steps(FOR_EVER)
            while self.trainer is trainer:  # until somebody starts over
                if self._measuring is None:
                    yield next(training)
                else:
                    next(self._measuring, None)
                    yield len(trainer.log)

    def _measurement(self) -> Iterator[None]:
        trainer, classifier = self.trainer, load_classifier(self.trainer.device)
        pixels = self._images.pixels
        n = min(JUDGED, len(pixels))
        real = pixels[np.random.default_rng(0).choice(len(pixels), n, replace=False)]
        z = torch.randn(n, trainer.recipe.latent_dim, generator=torch.Generator().manual_seed(0))
        seen: dict[str, list[torch.Tensor]] = {"real": [], "generated": []}
        for start in range(0, n, CHUNK):
            part = slice(start, start + CHUNK)
            shown = to_symmetric(torch.tensor(real[part]).unsqueeze(1).to(trainer.device))
            with torch.no_grad():
                seen["real"].append(classifier.features(shown))
                seen["generated"].append(classifier.features(trainer.generate(z[part])))
            yield
        distance = frechet_distance(*(torch.cat(features).cpu().numpy() for features in seen.values()))
        self._verdict = f"Fréchet distance at step {len(trainer.log):,}: {distance:,.0f} ({n:,} pictures)."
        self._measuring = None
        if self._resting:
            self.player.pause()

    # ------------------------------------------------------------------ what is shown

    @property
    def recording(self) -> Recording | None:
        """The recorded run that is shown: until a step is taken, and for the settings that it was made with."""
        run = self._recording
        if run is None or (self._trainer and len(self._trainer.log)) or self.values["seed"] != 0:
            return None
        pairs = Recipe(**run.recipe).difference(self.recipe).values()
        # A slider's number may come back from a browser with other last digits.
        other = [
            pair for pair in pairs if not (isinstance(pair[0], float) and math.isclose(*pair, rel_tol=1e-6))
        ]
        return None if other else run

    def scene(self) -> bool:
        """Is it a critic, whose curves are others?"""
        return not OBJECTIVES[self.recipe.objective].probabilities

    def make_panels(self, figure: Figure) -> TrainingPanels:
        return TrainingPanels(figure, critic=self.scene())

    def update(self) -> None:
        if (run := self.recording) is None:
            self.panels.update(self.trainer.sample(PICTURES, seed=0), self.trainer.history)
        else:
            first = next(iter(run.metrics.values()))  # all are thinned alike
            curves = {name: curve.values for name, curve in run.metrics.items()}
            self.panels.update(
                to_symmetric(run.samples(-1)), curves, every=int(first.steps[0]), columns=_columns(run)
            )
        self._speedometer.look(len(self._trainer.log) if self._trainer else 0)

    def status(self) -> str:
        if (run := self.recording) is not None:
            about = f"<b>{escape(run.title)}</b>, after {run.steps[-1]:,} steps"
            return (
                f"A recording, not your run: {about}. Play trains your own from the start, which is noise; "
                f"Reset shows that noise.{self._note}"
            )
        history, also = self.trainer.history, f"{self._verdict}{self._by_hand()}{self._note}"
        if not (done := len(self.trainer.log)):
            return f"Not trained yet: the generator makes noise. Press Play. {also}"
        speed = f", {speed:.0f} steps per second" if (speed := self._speedometer.speed) else ""
        recent = {name: values[-50:].mean() for name, values in history.items()}
        if "critic_estimate" in history:
            objective = OBJECTIVES[self.trainer.recipe.objective]
            name = "Critic's estimate:" if objective.measures == "W1" else "Real is ahead of generated by"
            said = f"{name} {number(recent['critic_estimate'])}."
            if objective.energies:
                ratio = recent["d_fake"] / recent["d_real"]
                said = f"Error of real pictures: {-recent['d_real']:.3f}, of generated ones {ratio:.2f} times that."
            if objective.takes == "balance":
                said += f" k = {recent['balance']:.2f}."
            if "gradient_norm" in history:
                said += f" Its mean slope: {recent['gradient_norm']:.2f}."
        else:
            said = f"D(x) = {recent['d_real']:.2f}, D(G(z)) = {recent['d_fake']:.2f}; at the equilibrium both are 0.50."
        return f"Step {done:,}{speed}. {said} {also}"


def _columns(run: Recording) -> int:
    """How many of a recording's pictures stand in a row of the square that they fill."""
    return round(run.pictures.shape[1] ** 0.5)


load = lru_cache(4)(load_recording)


def _recording_of(recipe: str) -> Recording | None:
    name = RECORDED.get(recipe, recipe)
    return load(name) if name in recordings() else None


def gan_app(
    images: Images | None = None,
    recipe: str = "dcgan-fast",
    *,
    folder: str | Path = ".",
    scale: float = 1.0,
) -> "frame.LiveApp":
    """The app of lessons 5 and 6, ready to show; ``scale=1.4`` for a projector. What is saved goes into ``folder``.

    ``images`` are what is learnt; None: ``load_images()``, when somebody trains, for a recording is shown without.
    """
    return show(TrainingController(images, recipe, folder), scale=scale)
