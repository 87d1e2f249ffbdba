"""The app of lessons 5 and 6: watch a GAN or a WGAN learn, live, with its curves, and measure it when you like."""

import math
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any, ClassVar

import numpy as np
import torch
from matplotlib.figure import Figure

from course_utils.apps import frame
from course_utils.apps.frame import PLAYBACK, LiveController, Speedometer, show
from course_utils.apps.frame.controls import Button, Choice, Heading, Slider
from course_utils.datasets import Images
from course_utils.datasets.scaling import to_symmetric
from course_utils.gan import RECIPES, AdversarialTrainer, Recipe
from course_utils.gan.metrics import frechet_distance
from course_utils.gan.metrics.classifier import load_classifier
from course_utils.gan.objectives import OBJECTIVES
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

    Another recipe or seed starts a new run; every other control acts on the run that goes on. Until somebody trains, a
    recorded run of the recipe shows what will become of it, where one ships; :meth:`reset` shows the noise instead.
    """

    title = "Train and watch"
    size = (8.8, 4.3)
    fps: ClassVar[float] = 10.0
    controls = (
        *PLAYBACK[:2],  # Play and Pause
        Button("reset", "Reset", "the same seed again, from noise"),
        Button("measure", "Measure", "the Fréchet distance, now"),
        Heading("these start over"),
        Choice("recipe", "recipe", SHOWN, "mlp"),
        Slider("seed", "seed", 0, 9, 0, 1, integer=True),
        Heading("these act at once"),
        Choice("loss", "G's loss", LOSSES, "non-saturating"),
        Slider("k", "D steps, k", 1, 5, 1, 1, integer=True),
        Slider("rate", "rate ×", 0.1, 5.0, 1.0, 0.1),
        Slider("strength", "penalty, c ×", 0.1, 5.0, 1.0, 0.1),
    )

    def __init__(self, images: Images, recipe: str = "mlp"):
        super().__init__()
        self._images = images
        self._recording: Recording | None = None
        self._measuring: Iterator[None] | None = None
        self._resting = True  # a measurement is to rest again when it is done
        self.set(recipe=recipe)

    # ------------------------------------------------------------------ what the controls do

    def reset(self) -> None:
        """A fresh trainer: the same recipe, the same seed."""
        if self._measuring is not None and self._resting:
            self.player.pause()  # it only played to measure what is gone now
        self.trainer = AdversarialTrainer(self._images, self.values["recipe"], seed=self.values["seed"])
        self._tune()
        self._speedometer = Speedometer()
        self._verdict = ""
        self._measuring = self._recording = None

    def changed(self, values: Mapping[str, Any]) -> None:
        if "recipe" in values and "k" not in values:
            self.values["k"] = RECIPES[self.values["recipe"]].discriminator_steps
        if values.keys() & {"recipe", "seed"}:
            self.reset()
            if not self.player.playing:
                self._recording = _recording_of(self.values["recipe"])
        else:
            self._tune()

    def _tune(self) -> None:
        v, recipe = self.values, RECIPES[self.values["recipe"]]
        self.trainer.change(
            objective=v["loss"] if OBJECTIVES[recipe.objective].probabilities else recipe.objective,
            discriminator_steps=v["k"],
            generator_learning_rate=v["rate"] * recipe.generator_learning_rate,
            discriminator_learning_rate=v["rate"] * recipe.discriminator_learning_rate,
            penalty_weight=v["strength"] * recipe.penalty_weight,
            clip=v["strength"] * recipe.clip,
        )

    def play(self) -> None:
        super().play()
        self._resting, self._recording = False, None

    def measure(self) -> None:
        """Ask for the Fréchet distance; the player computes it bit by bit, also while the training rests."""
        playing = self.player.playing
        self.player.play()
        if self._measuring is None:
            self._resting = not playing
        self._measuring, self._recording = self._measurement(), None
        self._verdict = "Measuring the Fréchet distance …"

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
        if run is None or len(self.trainer.log) or self.values["seed"] != 0:
            return None
        pairs = Recipe(**run.recipe).difference(self.trainer.recipe).values()
        # A slider's number may come back from a browser with other last digits.
        other = [
            pair for pair in pairs if not (isinstance(pair[0], float) and math.isclose(*pair, rel_tol=1e-6))
        ]
        return None if other else run

    def scene(self) -> tuple[bool, bool]:
        """Is it a critic, whose curves are others? And a recording, which has its own number of pictures?"""
        return not OBJECTIVES[self.trainer.recipe.objective].probabilities, self.recording is not None

    def make_panels(self, figure: Figure) -> TrainingPanels:
        critic, run = self.scene()[0], self.recording
        if run is None:
            return TrainingPanels(figure, PICTURES, critic=critic)
        pictures = run.pictures.shape[1]
        return TrainingPanels(figure, pictures, columns=round(pictures**0.5), critic=critic)

    def update(self) -> None:
        if (run := self.recording) is None:
            self.panels.update(self.trainer.sample(PICTURES, seed=0), self.trainer.history)
        else:
            first = next(iter(run.metrics.values()))  # all are thinned alike
            curves = {name: curve.values for name, curve in run.metrics.items()}
            self.panels.update(to_symmetric(run.samples(-1)), curves, every=int(first.steps[0]))
        self._speedometer.look(len(self.trainer.log))

    def status(self) -> str:
        if (run := self.recording) is not None:
            about = f"<b>{escape(run.title)}</b>, after {run.steps[-1]:,} steps"
            return (
                f"A recording, not your run: {about}. Play trains your own from the start, which is noise; "
                "Reset shows that noise."
            )
        history = self.trainer.history
        if not (done := len(self.trainer.log)):
            return f"Not trained yet: the generator makes noise. Press Play. {self._verdict}"
        speed = f", {speed:.0f} steps per second" if (speed := self._speedometer.speed) else ""
        recent = {name: values[-50:].mean() for name, values in history.items()}
        if "critic_estimate" in history:
            said = f"Critic's estimate: {recent['critic_estimate']:.3g}."
            if "gradient_norm" in history:
                said += f" Its mean slope: {recent['gradient_norm']:.2f}."
        else:
            said = f"D(x) = {recent['d_real']:.2f}, D(G(z)) = {recent['d_fake']:.2f}; at the equilibrium both are 0.50."
        return f"Step {done:,}{speed}. {said} {self._verdict}"


def _recording_of(recipe: str) -> Recording | None:
    name = RECORDED.get(recipe, recipe)
    return load_recording(name) if name in recordings() else None


def gan_app(images: Images, recipe: str = "mlp", *, scale: float = 1.0) -> "frame.LiveApp":
    """The app of lessons 5 and 6, ready to show; ``scale=1.4`` for a projector."""
    return show(TrainingController(images, recipe), scale=scale)
