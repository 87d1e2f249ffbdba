"""Lesson 2's app: move one of two parallel lines, train a discriminator, add noise, and see who still pushes."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from course_utils.apps import frame
from course_utils.apps.frame import Button, Choice, Controller, Handle, Heading, Slider, show
from course_utils.apps.states import parallel_lines as named
from course_utils.divergences import LOG_2, optimal_discriminator, value_on_points
from course_utils.divergences.lines import DISTANCES
from course_utils.gan.judges import Discriminator
from course_utils.plots import palette
from course_utils.plots.layout import number
from course_utils.plots.parallel_lines import PLANE, LinesPanels
from course_utils.toy import Line, parallel_lines

TRAINED, TRAINED_HEURISTIC = "the trained D", "the trained D, −log D"
FOLLOWED = {TRAINED: "D", TRAINED_HEURISTIC: "−log D"}  # else the distance of that name
STEPS_PER_CLICK = 20
WALK_STEPS, WALK_RATE = 10, 0.05
POINTS, DRAWN = 2000, 150  # of each line, to judge by and to draw


class ParallelLinesController(Controller):
    """The line p_theta beside the line p*, with exact distances, exact slopes, and a discriminator in training.

    The discriminator keeps what it has learnt when theta moves, as in a GAN; everything follows from the sequence of
    actions, so the same clicks give the same numbers. A push on theta is minus a slope: of a distance, or of a
    generator's loss through the trained discriminator. Half of that of log(1 - D) is the slope of the JSD if D is the
    best one; that of -log D is then the slope of KL - 2 JSD.
    """

    title = "Two parallel lines: who tells the generator where to go?"
    alt = "the plane with both lines, the pushes on theta, the discriminator, and KL, JSD and W over theta"
    states = named.STATES
    main = ("theta", "noise", "train")
    size = (8.8, 5.2)
    controls = (
        Slider("theta", "θ", -2, 2, 1.0, 0.01),
        Slider("noise", "noise s", 0, 1, 0.0, 0.01),
        Heading("discriminator", palette.DISCRIMINATOR),
        Button("train", f"Train the discriminator ({STEPS_PER_CLICK} steps)"),
        Button("forget", "Start with a fresh discriminator"),
        Heading("generator", palette.GENERATOR),
        Choice("follow", "walk down", (*DISTANCES, *FOLLOWED), "W"),
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

    def begin(self) -> None:
        self.forget()
        super().begin()

    def train(self) -> None:
        real, fake = self._lines()
        self.discriminator.train(real, fake, STEPS_PER_CLICK, batch_size=128)
        self.trained_steps += STEPS_PER_CLICK
        self.changed({})

    def walk(self) -> None:
        """Gradient descent on theta; where there is no slope (KL without noise) it stays, and says why."""
        start = self.values["theta"]
        for _ in range(WALK_STEPS):
            theta = self.values["theta"] - WALK_RATE * np.nan_to_num(self.slopes[self._followed()])
            self.values["theta"] = float(np.clip(theta, -2, 2))
            self.changed({})
        self.told = self._tell_walk(start)

    def changed(self, values: Mapping[str, Any]) -> None:
        at = self.values["theta"], self.values["noise"]
        # The same random numbers every time: the points move with the sliders, they do not flicker.
        self.real, self.fake = (
            line.sample(POINTS, np.random.default_rng(k)) for k, line in enumerate(self._lines())
        )
        self.distances = {name: float(distance.value(*at)) for name, distance in DISTANCES.items()}
        self.slopes = {name: float(distance.gradient(*at)) for name, distance in DISTANCES.items()}
        minimax = self.discriminator.generator_gradient(self.fake)[:, 0].mean()
        heuristic = self.discriminator.generator_gradient(self.fake, saturating=False)[:, 0].mean()
        self.slopes |= {"D": float(minimax / 2), "−log D": float(heuristic)}
        self.estimate = self.discriminator.estimate(self.real, self.fake)
        self.standard_error = self.discriminator.standard_error(self.real, self.fake)
        self.best_estimate = self._report_of_the_best()
        self.d_fake = float(self.discriminator(self.fake).mean())
        self.told = ""

    def handles(self) -> dict[str, Handle]:
        return {"theta": Handle(self.panels.plane, x=self.values["theta"])}

    def drag(self, name: str, x: float, y: float, phase: str) -> None:
        self.slide(theta=x)

    def disabled(self) -> dict[str, str]:
        return {} if self.trained_steps else {"forget": "It is fresh: nobody has trained it yet."}

    def _followed(self) -> str:
        return FOLLOWED.get(self.values["follow"], self.values["follow"])

    def _best(self) -> Callable[[np.ndarray], np.ndarray | float] | None:
        """D* across the lines; None without noise, where it has no formula."""
        from scipy import stats  # slow

        noise = self.values["noise"]
        across = stats.norm(0, noise), stats.norm(self.values["theta"], noise)
        return optimal_discriminator(*across) if noise else None

    def _report_of_the_best(self) -> float:
        """What D* reports on the very points that the trained one is asked about: the control of its report."""
        best = self._best()
        if best is None:
            # D* is 1 on one line and 0 on the other, or 1/2 on both: no chance in it
            return self.distances["JSD"]
        return value_on_points(best, self.real[:, 0], self.fake[:, 0]) / 2 + LOG_2

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
        report = (self.estimate, self.standard_error) if self.trained_steps else ()
        self.panels.curves.set_point(theta, self.distances, *report)
        self.panels.set_lines(theta, self.real[:DRAWN], self.fake[:DRAWN])
        self.panels.set_pushes(theta, {name: -slope for name, slope in self.slopes.items()})
        across = np.column_stack([self.x, np.zeros_like(self.x)])
        places = np.array([[0.0, 0.0], [theta, 0.0]])
        best = self._best()
        self.panels.set_discriminator(
            self.discriminator(self.grid),
            self.x,
            self.discriminator(across),
            best and best(self.x),
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
        jsd = f"JSD = {number(self.distances['JSD'], 4)}, and its push on θ is {self._push('JSD')}."
        if not self.trained_steps:
            return f"{self.told} {jsd} The discriminator is untrained: train it."
        report = (
            f"{number(self.estimate, 4)} ± {2 * self.standard_error:.4f} from {POINTS:,} points of each line"
        )
        control = f"D* on the same points: {number(self.best_estimate, 4)}"
        fakes = f"on the fakes its mean is {self.d_fake:.4f}, and its push {self._push('D')}."
        return f"{self.told} {jsd} After {self.trained_steps} steps D reports {report} ({control}); {fakes}"

    def _push(self, name: str) -> str:
        return number(-self.slopes[name])

    def _tell_walk(self, start: float) -> str:
        """Where the walk went; if it stood still, why."""
        theta, name = self.values["theta"], self._followed()
        walked = f"{WALK_STEPS} steps down {self.values['follow']}: θ"
        if abs(theta - start) >= 0.005:  # half a step of its slider
            end = ", the end of its slider" if abs(theta) == 2 else ""
            return f"<b>{walked} went from {number(start)} to {number(theta)}{end}.</b>"
        if abs(theta) == 2 and theta * self.slopes[name] < 0:
            why = "it is pushed outwards, and its slider ends here"
        elif name == "W" or theta == 0:
            why = "it is at the goal" if theta == 0 else "it steps over the goal and back, at a kink"
        elif np.isnan(self.slopes[name]):
            why = "KL is infinite here, and what is infinite has no slope"
        elif name == "JSD" and abs(self.slopes[name]) < 0.0005:
            why = "the JSD is flat here"
        elif name == "D" and self.d_fake < 0.05:
            why = (
                f"D is sure that the fakes are fake (D = {self.d_fake:.4f}) and lets next to nothing through"
            )
        elif name == "−log D" and self.d_fake > 0.95:
            why = f"D takes the fakes for real (D = {self.d_fake:.4f}), so the generator is content"
        else:
            why = f"its push is only {self._push(name)}"
        return f"<b>{walked} stays at {number(theta)}: {why}.</b>"


def parallel_lines_app(*, scale: float = 1.0) -> "frame.App":
    """Lesson 2's app, ready to show; ``scale=1.4`` for a projector."""
    return show(ParallelLinesController(), scale=scale)
