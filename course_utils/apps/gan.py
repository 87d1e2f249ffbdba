"""Lesson 5's app: watch a GAN learn, live, with its two curves."""

from collections.abc import Iterable, Mapping
from time import perf_counter
from typing import Any, ClassVar

from matplotlib.figure import Figure

from course_utils.apps.controls import Button, Choice, Heading, Slider
from course_utils.apps.live import TRANSPORT, LiveApp, LiveController
from course_utils.datasets import Images
from course_utils.gan import AdversarialTrainer
from course_utils.gan.objectives import OBJECTIVES
from course_utils.plots.training import TrainingPanels

PICTURES = 80
FOR_EVER = 10**9  # steps


class TrainingController(LiveController):
    """Trains recipe "mlp" on the pictures, and shows the same latents' samples as they improve.

    A changed setting starts a new run with the same seed, so that two settings can be compared fairly.
    """

    title = "Train a GAN and watch"
    size = (8.8, 4.3)
    fps: ClassVar[float] = 10.0
    controls = (
        *TRANSPORT[:2],  # Play and Pause
        Button("reset", "Reset", "the same seed again, from noise"),
        Heading("a change starts over"),
        Choice("objective", "G's loss", tuple(OBJECTIVES), "non-saturating"),
        Slider("k", "D steps, k", 1, 5, 1, 1, integer=True),
        Slider("rate", "rate × 1e-3", 0.1, 5.0, 1.0, 0.1),
        Slider("seed", "seed", 0, 9, 0, 1, integer=True),
    )

    def __init__(self, images: Images):
        super().__init__()
        self._images = images
        self._panels: TrainingPanels | None = None
        self.reset()

    def reset(self) -> None:
        v = self.values
        self.trainer = AdversarialTrainer(
            self._images,
            "mlp",
            seed=v["seed"],
            objective=v["objective"],
            discriminator_steps=v["k"],
            generator_learning_rate=1e-3 * v["rate"],
            discriminator_learning_rate=1e-3 * v["rate"],
        )
        self._mark = (0, perf_counter())  # steps and time at the last frame, for the speed
        self._speed = 0.0

    def changed(self, values: Mapping[str, Any]) -> None:
        self.reset()

    def steps(self) -> Iterable[int]:
        while True:
            trainer = self.trainer
            for done in trainer.steps(FOR_EVER):
                yield done
                if self.trainer is not trainer:  # somebody started over between two steps
                    break

    def draw(self, figure: Figure) -> None:
        if self._panels is None:
            self._panels = TrainingPanels(figure, PICTURES)
            self.moving = self._panels.moving
        history = self.trainer.history
        self._panels.update(self.trainer.sample(PICTURES, seed=0), history)
        done, now = len(history["d_real"]), perf_counter()
        steps, seconds = done - self._mark[0], now - self._mark[1]
        self._speed, self._mark = (steps / seconds if steps > 0 else 0.0), (done, now)

    def status(self) -> str:
        history = self.trainer.history
        done = len(history["d_real"])
        if not done:
            return "Not trained yet: the generator makes noise. Press Play."
        d_real, d_fake = (history[name][-50:].mean() for name in ("d_real", "d_fake"))
        speed = f", {self._speed:.0f} steps per second" if self._speed else ""
        return f"Step {done:,}{speed}. D(x) = {d_real:.2f}, D(G(z)) = {d_fake:.2f}; at the equilibrium both are 0.50."


def gan_app(images: Images, *, scale: float = 1.0) -> LiveApp:
    """Lesson 5's app, ready to show; ``scale=1.4`` for a projector."""
    return LiveApp(TrainingController(images), scale=scale)
