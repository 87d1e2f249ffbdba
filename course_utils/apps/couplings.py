"""Lesson 3's first app: every coupling of two coins, as L1's table with its slider q."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from course_utils.apps import frame
from course_utils.apps.frame import Controller, Handle, Heading, Slider, show
from course_utils.apps.states import couplings as named
from course_utils.plots import palette
from course_utils.plots.transport_panels import CouplingPanels
from course_utils.transport import binary_couplings


class CouplingController(Controller):
    """Two coins X and Y with fixed P(X = 0) and P(Y = 0); q slides along all of their joint distributions.

    What a unit of mass pays for staying, 0→0 or 1→1, is zero at first, as with the distance |x − y|. A price for
    staying moves the optimum to the other end of the segment, but never inside. The dot over q can be dragged.
    """

    title = "All couplings of two coins"
    states = named.STATES
    main = ("mu0", "nu0", "q")
    size = (8.8, 4.6)
    controls = (
        Heading("the two coins"),
        Slider("mu0", "P(X = 0)", 0, 1, 0.3, 0.05),
        Slider("nu0", "P(Y = 0)", 0, 1, 0.5, 0.05),
        Heading("the coupling", palette.text(palette.ACCENT)),
        Slider("q", "q", 0, 1, 0.5, 0.02),
        Heading("what a unit of mass pays"),
        Slider("stay", "to stay", 0, 1, 0.0, 0.1),
        Slider("move", "to move", 0, 1, 1.0, 0.1),
    )

    def couplings(self) -> np.ndarray:
        """γ[q], γ[0] and γ[1], (3, 2, 2)."""
        v = self.values
        return binary_couplings(v["mu0"], v["nu0"], [v["q"], 0, 1])

    def costs(self) -> np.ndarray:
        """The costs of these three."""
        stay, move = self.values["stay"], self.values["move"]
        costs: np.ndarray = (self.couplings() * [[stay, move], [move, stay]]).sum(axis=(1, 2))
        return costs

    def make_panels(self, figure: Figure) -> CouplingPanels:
        return CouplingPanels(figure)

    def update(self) -> None:
        coupling, *ends = self.couplings()
        self.panels.update(coupling, ends, tuple(self.costs()), self.values["q"])

    def handles(self) -> Mapping[str, Handle]:
        return {"q": Handle(self.panels.cost, x=self.values["q"])}

    def drag(self, name: str, x: float, y: float, phase: str) -> None:
        self.slide(q=x)

    def status(self) -> str:
        here, start, end = self.costs()
        if np.isclose(start, end):
            return f"Every coupling costs {here:.3f}: the cost does not change along the segment."
        best, where = min((start, "q = 0"), (end, "q = 1"))
        return f"This coupling costs {here:.3f}. The cheapest, the star, is the end {where} and costs {best:.3f}."


def couplings_app(*, scale: float = 1.0) -> "frame.App":
    """L1's couplings with the slider q; ``scale=1.4`` for a projector."""
    return show(CouplingController(), scale=scale)
