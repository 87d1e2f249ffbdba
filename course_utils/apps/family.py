"""Lesson 12's app: two densities, a game, its best critic, and how hard it pulls the generator back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from course_utils.apps import frame
from course_utils.apps.frame import Choice, Controller, Handle, Slider, show
from course_utils.apps.states import family as named
from course_utils.divergences.family import FARTHEST, GAMES, pull
from course_utils.plots.describe import number as three_digits  # of a pull of a millionth, too
from course_utils.plots.family import LINE, FamilyPanels
from course_utils.plots.layout import number

POINTS = 401
DISTANCES = 17


class FamilyController(Controller):
    """p* = N(0, s^2) and p_G = N(theta, s^2), lesson 2's lines seen from the side; a game's best critic, what G pays
    for a sample of each x, and the slope of that loss in theta, over the distance.
    """

    title = "One pair of densities, nine critics"
    alt = "two densities, the best critic between them, and the pull on theta over the distance"
    states = named.STATES
    main = ("game", "theta", "noise")
    size = (8.8, 4.6)
    controls = (
        Choice("game", "game", tuple(GAMES), "minimax"),
        Slider("theta", "θ", 0.1, 4.0, 2.0, 0.05),
        Slider("noise", "noise s", 0.2, 2.0, 0.6, 0.05),
    )
    x = np.linspace(*LINE, POINTS)

    def __init__(self) -> None:
        super().__init__()
        self.changed(self.values)

    def changed(self, values: Mapping[str, Any]) -> None:
        v, self.game = self.values, GAMES[self.values["game"]]
        theta, noise = v["theta"], v["noise"]
        # Far out a density is e^-690 at least: with 0 the ratios of some games would be infinite.
        logs = [(-((self.x - centre) ** 2) / (2 * noise**2)).clip(-690) for centre in (0.0, theta)]
        self.p, self.q = (np.exp(log) / np.exp(log).sum() for log in logs)
        with np.errstate(all="ignore"):  # of some games infinite where one density has underflowed
            self.best = self.game.best(self.p, self.q, self.x)
            self.paid = self.game.sample_loss(self.best, self.p, self.q)
        if {"game", "noise"} & set(values):
            self.distances = np.geomspace(0.1, min(8.0, FARTHEST * noise), DISTANCES)
            self.pulls = np.array([pull(self.game, at, noise) for at in self.distances])
        self.now = pull(self.game, theta, noise)

    def handles(self) -> dict[str, Handle]:
        return {"theta": Handle(self.panels.densities, x=self.values["theta"])}

    def drag(self, name: str, x: float, y: float, phase: str) -> None:
        self.slide(theta=x)

    def make_panels(self, figure: Figure) -> FamilyPanels:
        return FamilyPanels(figure)

    def update(self) -> None:
        self.panels.update(
            self.values["game"],
            self.x,
            (self.p, self.q),
            self.best,
            self.paid,
            self.distances,
            self.pulls,
            (self.values["theta"], self.now),
        )

    def status(self) -> str:
        value = self.game.value(self.p, self.q, self.x)
        follows = self.game.follows.replace("p_G", "p<sub>G</sub>")
        return (
            f"The best critic's loss is {number(value)}; it measures <b>{self.game.measures}</b>. With it at rest, G "
            f"descends <b>{follows}</b>, and its pull on θ is {three_digits(self.now)} (of W: 1)."
        )


def family_app(*, scale: float = 1.0) -> "frame.App":
    """Lesson 12's app, ready to show; ``scale=1.4`` for a projector."""
    return show(FamilyController(), scale=scale)
