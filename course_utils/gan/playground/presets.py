"""Guided experiments of the playground: where to start, what to look at, and which number says that it happened.

What each of them really does on five seeds is measured by ``benchmarks/playground.py``.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from course_utils.gan.playground import plane
from course_utils.gan.playground.session import Data, Diverged, Session

LOOKS = 10  # measurements during a run
SGD = {"optimizer": "sgd", "generator_learning_rate": 0.1, "discriminator_learning_rate": 0.1}
CLIP = {
    "objective": "wasserstein",
    "penalty": "clip",
    "optimizer": "rmsprop",
    "discriminator_steps": 5,
}
PENALTY = {"objective": "wasserstein", "penalty_weight": 1.0, "discriminator_steps": 5}


@dataclass(frozen=True)
class Preset:
    """One experiment.

    Attributes
    ----------
    look : what to watch, in one sentence.
    steps : full steps after which its outcome is measured.
    data, settings, bug : as :class:`~course_utils.gan.playground.Session` takes them.
    first : single moves before those steps, such as "D" * 500.
    """

    look: str
    steps: int
    data: Data = "ring"
    settings: dict[str, Any] = field(default_factory=dict)
    bug: str = "none"
    first: str = ""

    def session(self, seed: int = 0) -> Session:
        """A fresh session, before any move."""
        return Session(self.data, seed, bug=self.bug, **self.settings)


PRESETS: dict[str, Preset] = {
    "a ring that works": Preset("All eight modes, and D near 1/2: the yardstick for the others.", 1500),
    "mode collapse": Preset(
        "G moves ten times for every step of D, and always to the one place that D likes at the moment.",
        600,
        settings={"generator_steps": 10},
    ),
    "mode collapse, repaired": Preset(
        "The same ten steps of G, but D also sees how widely its minibatch is spread.",
        600,
        settings={"generator_steps": 10, "minibatch_statistics": "stddev"},
    ),
    "vanishing gradient": Preset(
        "First 1,000 steps of D alone. Then D(G(z)) is almost 0, and with it the arrows.",
        30,
        settings={"objective": "minimax", **SGD},
        first="D" * 1000,
    ),
    "vanishing gradient, cured": Preset(
        "The same perfect D, and the non-saturating loss: 1 - D(G(z)) is almost 1.",
        30,
        settings=SGD,
        first="D" * 1000,
    ),
    "limit cycle": Preset(
        "One blob, nothing to get wrong; and still the generated points run around it.",
        1200,
        data=("drawn", [(1.0, 0.0)]),
        settings={"objective": "minimax"},
    ),
    "limit cycle, Optimistic Adam": Preset(
        "The same game with L3's optimistic step: the circle is smaller.",
        1200,
        data=("drawn", [(1.0, 0.0)]),
        settings={"objective": "minimax", "optimizer": "optimistic-adam"},
    ),
    "clipping, c too small": Preset(
        "The critic's slope is nearly 0, and so are its estimate and the arrows.",
        500,
        settings={**CLIP, "clip": 0.001},
    ),
    "clipping, c too large": Preset(
        "The slope is far above 1: the estimate is many times the true distance.",
        500,
        settings={**CLIP, "clip": 1.0},
    ),
    "gradient penalty": Preset(
        "The slope stays near 1, and the estimate follows the exact distance.",
        500,
        settings={**PENALTY, "penalty": "gp"},
    ),
    "Lipschitz penalty": Preset(
        "As before, but only slopes above 1 are punished.", 500, settings={**PENALTY, "penalty": "lp"}
    ),
    "learning rate too high": Preset(
        "Both players overshoot: whole modes come and go.",
        800,
        settings={"generator_learning_rate": 3e-2, "discriminator_learning_rate": 3e-2},
    ),
    "bug A": Preset(
        "The arrows ask for a move, and the points do not go there. Who pulls back?",
        1500,
        settings={"objective": "minimax"},
        bug="missing detach",
    ),
    "bug B": Preset("D wins with ease, and the points stop at an invisible wall.", 1000, bug="tanh"),
    "bug C": Preset(
        "It learns, but the start takes several times as long. Compare the manifold with the next preset.",
        300,
        bug="batch norm, eps",
    ),
    "bug C, mended": Preset("The same networks as in bug C, without the bug.", 300, bug="batch norm, right"),
}


def outcome(preset: Preset, seed: int = 0) -> dict[str, Any]:
    """Run an experiment and measure it.

    Returns
    -------
    dict with the numbers of :class:`~course_utils.gan.playground.plane.Measures` at the end, and

    ``own``        the judge's estimate by the name that stored results have
    ``pull``       mean length of -dL_G/dx at the generated points when the full steps begin
    ``moved``      how far the points (of the same latents) then went, on average
    ``orbit``      root mean square distance of the generated points' mean from the data's mean, second half of the run
    ``estimates``  (step, exact W1, the judge's own estimate) at LOOKS moments
    ``diverged``   the step at which the loss was no longer finite, or None; what is above is then from the last look
    """
    session = preset.session(seed).replay(preset.first)
    real, start = plane.evaluation_points(session.trainer, 500)
    pull = float(np.linalg.norm(plane.pulls(session.trainer, start), axis=1).mean())
    centre, centres, estimates, diverged = real.mean(dim=0), [], [], None
    measured, moved = plane.measure(session.trainer, plane.FEW), 0.0
    for _ in range(LOOKS):
        try:
            session.replay(preset.steps // LOOKS)
        except Diverged:
            diverged = session.now
            break
        measured = plane.measure(session.trainer, plane.FEW)
        now = session.trainer.sample(500, seed=0)
        moved = float((now - start).norm(dim=1).mean())
        centres.append(float((now.mean(dim=0) - centre).norm()))
        estimates.append((session.now, measured.w1, measured.judge_estimate))
    half = centres[len(centres) // 2 :]
    orbit = float(np.sqrt(np.mean(np.square(half)))) if half else None
    return asdict(measured) | {
        "own": measured.own,
        "pull": pull,
        "moved": moved,
        "orbit": orbit,
        "estimates": estimates,
        "diverged": diverged,
    }
