"""What the quantities of a training run are called and coloured, and which of them share an axis."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from course_utils.plots import palette

LOSSES, JUDGE, QUALITY = "losses", "what D says", "Fréchet distance"


@dataclass(frozen=True)
class Panel:
    """Quantities that share an axis; ``guide`` is a dashed line, the value to compare with."""

    names: tuple[str, ...]
    limits: tuple[float, float] | None = None
    guide: float | None = None
    logarithmic: bool = False


PANELS = {
    LOSSES: Panel(("discriminator_loss", "generator_loss")),
    JUDGE: Panel(("d_real", "d_fake"), limits=(0, 1), guide=0.5),
    QUALITY: Panel(("frechet_distance",), logarithmic=True),
    "gradient norm": Panel(("gradient_norm",), guide=1.0),
    "modes covered": Panel(("modes",), limits=(0, 10.5)),
    "W1 of minibatches": Panel(("w1", "w1_floor")),
    "digit as asked": Panel(("as_asked",), limits=(0, 1.05)),
    "class entropy": Panel(("entropy",), limits=(0, 2.5), guide=float(np.log(10))),
}
# The outputs of a critic, d_real and d_fake, have no zero of their own: only their difference says something.
CRITIC = Panel(("critic_estimate",))

LABELS = {
    "discriminator_loss": ("D's loss", palette.DISCRIMINATOR),
    "generator_loss": ("G's loss", palette.GENERATOR),
    "d_real": ("D(x)", palette.DATA),
    "d_fake": ("D(G(z))", palette.GENERATOR),
    "critic_estimate": ("critic: f(x) − f(G(z))", palette.DISCRIMINATOR),
    "frechet_distance": ("Fréchet distance", palette.ACCENT),
    "gradient_norm": ("critic's gradient norm", palette.DISCRIMINATOR),
    "modes": ("modes covered", palette.ACCENT),
    "entropy": ("class entropy (nats)", palette.ACCENT),
    "as_asked": ("share that shows the digit asked for", palette.ACCENT),
    "w1": ("W1 of minibatches", palette.ACCENT),
    "w1_floor": ("its floor, real against real", palette.DATA),
}


def label_and_color(name: str) -> tuple[str, str]:
    """What a quantity is called in pictures and sentences, and its colour; one that nobody knows keeps its own name."""
    return LABELS.get(name, (name.replace("_", " "), palette.SECOND))


def panel_titles(quantities: Iterable[str]) -> list[str]:
    """The panels that have something to show of these quantities; one that nobody knows has a panel to itself."""
    quantities = set(quantities)
    known = {name for panel in (*PANELS.values(), CRITIC) for name in panel.names}
    titles = [title for title in PANELS if quantities & set(panel_for(title, quantities).names)]
    return titles + sorted(quantities - known)


def panel_for(title: str, quantities: Iterable[str]) -> Panel:
    """The panel of that title, for a run with these quantities."""
    if title == JUDGE and "critic_estimate" in quantities:
        return CRITIC
    return PANELS.get(title) or Panel((title,))
