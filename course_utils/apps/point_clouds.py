"""Lesson 3's last app: transport between two clouds of points, exact or blurred, with the critic behind it."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from course_utils import toy
from course_utils.apps import frame
from course_utils.apps.frame import Button, Choice, Controller, Handle, Slider, Toggle, show
from course_utils.apps.states import point_clouds as named
from course_utils.plots.transport_panels import CloudPanels
from course_utils.transport import SinkhornCurve, earth_movers_distance, kantorovich_potential, sinkhorn_curve

LIMITS = (-3.5, 3.5), (-3.5, 3.5)
BLURS = 0.05 * 2.0 ** np.arange(0, 5.5, 0.5)  # in units of the mean cost between the clouds
# of the column sums: no eye sees it, and it takes a tenth of a second instead of seconds
SINKHORN_TOLERANCE = 1e-4
METRICS = {"Euclidean": "euclidean", "city blocks": "cityblock", "squared": "sqeuclidean"}
SLOPES = {
    "euclidean": "no slope is steeper than 1",
    "cityblock": "along each axis no slope is steeper than 1, and on a diagonal none steeper than √2",
}


def _blobs(n: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Each cloud three Gaussians around random centres."""
    x, y = (
        toy.GaussianMixture(generator.uniform(-1.2, 1.2, (3, 2)), 0.3).sample(n, generator) for _ in range(2)
    )
    return x, y


def _pair(p: Any, q: Any) -> Callable[[int, np.random.Generator], tuple[np.ndarray, np.ndarray]]:
    return lambda n, generator: (p.sample(n, generator), q.sample(n, generator))


CLOUDS = {
    "parallel lines": _pair(toy.parallel_lines(0), toy.parallel_lines(0)),
    "a blob and a ring": _pair(toy.GaussianMixture(np.zeros((1, 2)), 0.4), toy.ring(8, 1.7, 0.1)),
    "two moons": _pair(toy.two_moons(0.08), toy.spiral(1.0, 1.8, 0.08)),
    "random blobs": _blobs,
}


class CloudController(Controller):
    """Two clouds of n points each. The shift moves q to the right, and so does dragging it; blur 0 is exact transport,
    the k-th blur is Sinkhorn with a regularization of ``BLURS[k - 1]`` times the mean cost."""

    title = "Two clouds"
    states = named.STATES
    main = ("clouds", "shift", "blur")
    size = (8.8, 5.2)
    controls = (
        Choice("clouds", "clouds", tuple(CLOUDS), "parallel lines"),
        Slider("n", "points in each", 5, 40, 16, 1, integer=True),
        Slider("shift", "shift of q", -1.5, 1.5, 1.0, 0.1),
        Choice("metric", "distance", tuple(METRICS), "Euclidean"),
        Slider("blur", "blur", 0, len(BLURS), 0, 1, integer=True),
        Toggle("critic", "colour the best critic", True),
        Button("again", "new points"),
    )
    grid = np.stack(np.meshgrid(*(np.linspace(*limit, 41) for limit in LIMITS)), axis=-1)  # (41, 41, 2)

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self._seed = seed
        self.changed(dict(self.values))

    def begin(self) -> None:
        self._seed = 0
        super().begin()

    def again(self) -> None:
        self._seed += 1
        self.changed({"clouds": self.values["clouds"]})

    def changed(self, values: Mapping[str, Any]) -> None:
        if set(values) & {"clouds", "n"}:
            generator = np.random.default_rng(self._seed)
            self._x, self._y = CLOUDS[self.values["clouds"]](self.values["n"], generator)
        if set(values) & {"clouds", "n", "shift", "metric"}:
            self.x, self.y = self._x, self._y + np.array([self.values["shift"], 0])
            self.metric = METRICS[self.values["metric"]]
            self.transport = earth_movers_distance(self.x, self.y, metric=self.metric)
            self.critic = (
                None if self.metric == "sqeuclidean" else kantorovich_potential(self.transport)(self.grid)
            )
            self.curve: SinkhornCurve | None = None
        if self.values["blur"] and self.curve is None:  # only for who asks: it takes longer than all the rest
            mean_cost = self.transport.cost_matrix.mean()
            self.curve = sinkhorn_curve(
                self.x, self.y, BLURS * mean_cost, metric=self.metric, tolerance=SINKHORN_TOLERANCE
            )

    def handles(self) -> Mapping[str, Handle]:
        return {"q": Handle(self.panels.map, x=float(self.y[:, 0].mean()))}

    def drag(self, name: str, x: float, y: float, phase: str) -> None:
        self.slide(shift=x - self._y[:, 0].mean())

    def make_panels(self, figure: Figure) -> CloudPanels:
        return CloudPanels(figure, LIMITS, BLURS)

    def update(self) -> None:
        blur, exact = self.values["blur"], self.transport
        curve = self.curve if blur else None
        self.panels.update(
            self.x,
            self.y,
            curve.plans[blur - 1] if curve else exact.plan,
            order=exact.plan.argmax(axis=1),  # the exact plan pairs the points: a diagonal
            critic=self.critic if self.values["critic"] else None,
            exact=exact.cost,
            label=f"dashed: {self._name} = {exact.cost:.3f}" + ("" if curve else "\nmove the blur slider"),
            costs=curve.costs if curve else None,
            chosen=blur - 1 if curve else None,
        )

    def status(self) -> str:
        blur, cost = self.values["blur"], self.transport.cost
        text = f"Exact transport: every point of p has one partner, and {self._name} = {cost:.3f}."
        if blur and self.curve:
            text = (
                f"Sinkhorn with ε = {self.curve.regularizations[blur - 1]:.3f}: points share their partners, and the "
                f"plan costs {self.curve.costs[blur - 1]:.3f} instead of {self._name} = {cost:.3f}."
            )
        if self.values["critic"]:
            text += (
                f" Blue is where the critic is high, orange where it is low; {SLOPES[self.metric]}."
                if self.critic is not None
                else " There is no critic: the squared distance is no metric."
            )
        return text

    @property
    def _name(self) -> str:
        return "W₂²" if self.metric == "sqeuclidean" else "W"


def point_clouds_app(*, scale: float = 1.0) -> "frame.App":
    """Transport between two clouds with metric and regularization to choose; ``scale=1.4`` for a projector."""
    return show(CloudController(), scale=scale)
