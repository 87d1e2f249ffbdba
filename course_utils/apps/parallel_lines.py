"""Lesson 2's app: move one of two parallel lines, train a discriminator, add noise, and see who still pushes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from course_utils.apps import frame
from course_utils.apps.frame import Button, Choice, Controller, Heading, Slider, show
from course_utils.divergences import optimal_discriminator
from course_utils.divergences.lines import DISTANCES
from course_utils.gan.judges import Discriminator
from course_utils.plots import palette
from course_utils.plots.layout import number
from course_utils.plots.parallel_lines import PLANE, LinesPanels
from course_utils.toy import Line, parallel_lines

TRAINED = "the trained D"
STEPS_PER_CLICK = 20
WALK_STEPS, WALK_RATE = 10, 0.05


class ParallelLinesController(Controller):
    """The line p_theta beside the line p*, with exact distances, exact slopes, and a discriminator in training.

    The discriminator keeps what it has learnt when theta moves, as in a GAN; everything follows from the sequence of
    actions, so the same clicks give the same numbers.
    """

    title = "Two parallel lines: who tells the generator where to go?"
    size = (8.8, 5.2)
    controls = (
        Slider("theta", "θ", -2, 2, 1.0, 0.01),
        Slider("noise", "noise s", 0, 1, 0.0, 0.01),
        Heading("discriminator", palette.DISCRIMINATOR),
        Button("train", f"Train the discriminator ({STEPS_PER_CLICK} steps)"),
        Button("forget", "Start with a fresh discriminator"),
        Heading("generator", palette.GENERATOR),
        Choice("follow", "walk down", (*DISTANCES, TRAINED), "W"),
        Button("walk", f"Walk {WALK_STEPS} steps", f"Gradient descent on θ with learning rate {WALK_RATE}"),
    )
    x = np.linspace(*PLANE[:2], 131)
    grid = np.stack(np.meshgrid(np.linspace(*PLANE[:2], 53), np.linspace(*PLANE[2:], 17)), axis=-1)

    def __init__(self) -> None:
        super().__init__()
        self.forget()

    # ------------------------------------------------------------------ what happens

    def forget(self) -> None:
        self.discriminator, self.trained_steps = Discriminator(2, seed=0), 0
        self.changed({})

    def train(self) -> None:
        real, fake = self._lines()
        self.discriminator.train(real, fake, STEPS_PER_CLICK, batch_size=128)
        self.trained_steps += STEPS_PER_CLICK
        self.changed({})

    def walk(self) -> None:
        """Gradient descent on theta; where there is no slope (KL without noise) it stays."""
        for _ in range(WALK_STEPS):
            slope = self.slopes["D" if self.values["follow"] == TRAINED else self.values["follow"]]
            theta = self.values["theta"] - WALK_RATE * np.nan_to_num(slope)
            self.values["theta"] = float(np.clip(theta, -2, 2))
            self.changed({})

    def changed(self, values: Mapping[str, Any]) -> None:
        at = self.values["theta"], self.values["noise"]
        # The same random numbers every time: the points move with the sliders, they do not flicker.
        self.real, self.fake = (
            line.sample(256, np.random.default_rng(k)) for k, line in enumerate(self._lines())
        )
        self.distances = {name: float(distance.value(*at)) for name, distance in DISTANCES.items()}
        self.slopes = {name: float(distance.gradient(*at)) for name, distance in DISTANCES.items()}
        # Half of dV/dtheta, which is the slope of the JSD if D is the best one.
        self.slopes["D"] = float(self.discriminator.generator_gradient(self.fake)[:, 0].mean() / 2)
        self.estimate = self.discriminator.estimate(self.real, self.fake)
        self.d_fake = float(self.discriminator(self.fake).mean())

    def _lines(self) -> tuple[Line, Line]:
        theta, noise = self.values["theta"], self.values["noise"]
        return parallel_lines(0, noise), parallel_lines(theta, noise)

    # ------------------------------------------------------------------ what is shown

    def make_panels(self, figure: Figure) -> LinesPanels:
        self._drawn_noise: float | None = None
        return LinesPanels(figure)

    def update(self) -> None:
        theta, noise = self.values["theta"], self.values["noise"]
        if noise != self._drawn_noise:
            self._draw_curves(noise)
        self.panels.curves.set_point(theta, self.distances, self.estimate if self.trained_steps else None)
        self.panels.set_lines(theta, self.real[:150], self.fake[:150])
        self.panels.set_pushes(theta, {name: -slope for name, slope in self.slopes.items()})
        across = np.column_stack([self.x, np.zeros_like(self.x)])
        places = np.array([[0.0, 0.0], [theta, 0.0]])
        best = (
            optimal_discriminator(stats.norm(0, noise), stats.norm(theta, noise))(self.x) if noise else None
        )
        self.panels.set_discriminator(
            self.discriminator(self.grid),
            self.x,
            self.discriminator(across),
            best,
            np.column_stack([places[:, 0], self.discriminator(places)]),
        )

    def _draw_curves(self, noise: float) -> None:
        narrow = noise * np.linspace(-8, 8, 65)  # resolves the well around 0, however narrow
        theta = np.union1d(np.linspace(-2, 2, 81), narrow[np.abs(narrow) <= 2])
        curves = {name: np.array(distance.value(theta, noise)) for name, distance in DISTANCES.items()}
        if not noise:
            for name in ("KL", "JSD"):
                curves[name][theta == 0] = np.nan  # the jump is a hole in the curve; the value 0 has a point
        self.panels.curves.set_curves(theta, curves)
        self._drawn_noise = noise

    def status(self) -> str:
        jsd = f"JSD = {self.distances['JSD']:.4f} nats with slope {number(self.slopes['JSD'])}."
        if not self.trained_steps:
            return f"{jsd} The discriminator is untrained: train it."
        return (
            f"{jsd} After {self.trained_steps} steps the discriminator reports {self.estimate:.4f}; on the fake line "
            f"it says D = {self.d_fake:.4f}, and the slope that reaches θ is {self.slopes['D']:.5f}."
        ).replace("-", "−")


def parallel_lines_app(*, scale: float = 1.0) -> "frame.App":
    """Lesson 2's app, ready to show; ``scale=1.4`` for a projector."""
    return show(ParallelLinesController(), scale=scale)
