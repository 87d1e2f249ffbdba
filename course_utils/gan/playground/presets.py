"""Guided experiments of the playground: where to start, what to look at, where it stops, and what one sees there.

What each of them really does on ten seeds (five of lesson 12's, and of the ring) is measured by
``benchmarks/playground.py``; a test looks at every one. What broke on a later seed is seen "mostly": "learning rate too
high" on seed 8, "bug C, mended" on seed 9.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from course_utils.checks import instance, whole
from course_utils.gan.objectives import OBJECTIVES
from course_utils.gan.penalties import PENALTIES
from course_utils.gan.playground import plane
from course_utils.gan.playground.session import Data, Diverged, Session
from course_utils.gan.recipes import Recipe
from course_utils.gan.trainer import POINTS

LOOKS = 10  # measurements during a run
SGD = {"optimizer": "sgd", "generator_learning_rate": 0.1, "discriminator_learning_rate": 0.1}
CLIP = {"objective": "wasserstein", "penalty": "clip", "optimizer": "rmsprop", "discriminator_steps": 5}
PENALTY = {"objective": "wasserstein", "penalty_weight": 1.0, "discriminator_steps": 5}
ENERGY = {"architecture": "points, autoencoder", "discriminator_widths": (64, 64, 2)}
R3GAN = {"objective": "relativistic", "penalty": "r1+r2", "penalty_weight": 0.1}


@dataclass(frozen=True)
class Preset:
    """One experiment. Nothing of it can be changed: ``session`` takes other settings for one run.

    Attributes
    ----------
    look : what to watch, in one sentence.
    steps : full steps after which it is measured, and where the app stops.
    see : what one should see there, in one sentence.
    claim : the same in numbers: an interval for some of the measures that :func:`outcome` gives.
    later : what comes of it when one plays on, where that is another story.
    data, settings, bug : as :class:`~course_utils.gan.playground.Session` takes them.
    first : single moves before those steps, such as "D" * 500.
    share : on how much of the seeds the claim holds, at least: below 1, ``see`` says "mostly".
    """

    look: str
    steps: int
    see: str
    claim: Mapping[str, tuple[float, float]]
    later: str = ""
    data: Data = "ring"
    settings: Mapping[str, Any] = field(default_factory=dict)
    bug: str = "none"
    first: str = ""
    share: float = 1.0

    def __post_init__(self) -> None:
        for name in ("claim", "settings"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        if not isinstance(self.data, str):
            object.__setattr__(self, "data", (self.data[0], tuple(map(tuple, self.data[1]))))

    def session(self, seed: int = 0, **overrides: Any) -> Session:
        """A fresh session, before any move; ``overrides`` replace its settings, ``data`` or ``bug``."""
        return Session(seed=seed, **{"data": self.data, "bug": self.bug, **self.settings, **overrides})

    def contains(self, session: Session) -> bool:
        """Whether a session, however it got there, is at a moment of this experiment."""
        same_data = session.data in (self.data, (self.data[0], list(self.data[1])))
        if not same_data or session.bug != self.bug:
            return False
        if _effective(session.recipe) != self._recipe:
            return False
        moves = ""
        for item in session.schedule:
            if not isinstance(item, dict):
                moves += "B" * item if isinstance(item, int) else item
            # Before the first move every change is as good as a start, while only D moves one that D does not feel.
            elif len(moves) > len(self.first) or (moves and not _felt_by_g_only(item)):
                return False
        return moves == (self.first + "B" * len(moves))[: len(moves)]

    @cached_property
    def _recipe(self) -> Recipe:
        return _effective(POINTS.replace(**self.settings))

    def holds(self, outcome: Mapping[str, Any]) -> bool:
        """Whether an outcome is what ``see`` says."""
        found = {name: outcome[name] for name in self.claim}  # None: diverged before the first look
        return all(found[n] is not None and low <= found[n] <= high for n, (low, high) in self.claim.items())


@cache
def _effective(recipe: Recipe) -> Recipe:
    """The recipe with the usual values where a setting has no effect."""
    penalty = PENALTIES[recipe.penalty]
    clip = recipe.clip if penalty.clips else POINTS.clip
    weight = recipe.penalty_weight if penalty.of_slopes is not None else POINTS.penalty_weight
    return recipe.replace(clip=clip, penalty_weight=weight)


def _felt_by_g_only(change: Mapping[str, Any]) -> bool:
    """Whether D's steps are the same after a change of settings: minimax and its heuristic share D's loss."""
    return set(change) == {"objective"} and OBJECTIVES[change["objective"]].probabilities


ANY = float("inf")
EIGHT_MODES = {"modes": (8, 8), "near": (0.5, 1), "w1": (0, 0.6)}
COLLAPSED = {"modes": (0, 2), "spread": (0, 0.5)}
ONE_BLOB: Data = ("drawn", [(1.0, 0.0)])
# fmt: off
PRESETS: Mapping[str, Preset] = MappingProxyType({  # what to watch; steps, what one should see; the same in numbers
    "a ring that works": Preset(
        "All eight modes, and D near 1/2: the yardstick for the others.",
        1500, "all eight modes, with more than half of the points near one.",
        EIGHT_MODES),
    "mode collapse": Preset(
        "G moves ten times for every step of D, and always to the one place that D likes at the moment.",
        600, "at most 2 of 8 modes, and a cloud less than half as wide as the ring, which hops from place to place.",
        COLLAPSED, settings={"generator_steps": 10}),
    "mode collapse, repaired": Preset(
        "The same ten steps of G, but D also sees how widely its minibatch is spread. It takes all 600 steps.",
        600, "at least 6 of 8 modes.",
        {"modes": (6, 8), "spread": (0.7, 1.5)},
        settings={"generator_steps": 10, "minibatch_statistics": "stddev"}),
    "mode collapse, R3GAN": Preset(
        "The same ten steps of G, with a loss and penalties that make games converge. Are they a remedy?",
        600, "at most 2 of 8 modes: they are none.",
        COLLAPSED, settings={"generator_steps": 10, **R3GAN}),
    "vanishing gradient": Preset(
        "First 1,000 steps of D alone. Then D(G(z)) is almost 0, and with it the arrows.",
        10, "points that moved by less than 0.2 in 10 full steps.",
        {"moved": (0, 0.2)},
        "It frees itself: by step 1,500 the distance is below 1.2, without any cure.",
        settings={"objective": "minimax", **SGD}, first="D" * 1000),
    "vanishing gradient, cured": Preset(
        "The same perfect D, and the non-saturating loss: 1 - D(G(z)) is almost 1.",
        10, "points that moved by more than 0.8 in the same 10 full steps: towards the data, and past it.",
        {"moved": (0.8, ANY)},
        "Its pulls are now so long that at this rate it overshoots for good: by step 2,500 minimax is mostly nearer.",
        settings=SGD, first="D" * 1000),
    "limit cycle": Preset(
        "One blob, nothing to get wrong; and still the generated points run around it.",
        1200, "a cloud whose mean is still 0.07 or more away from the blob's, on average over the second half.",
        {"orbit": (0.07, 0.4)}, data=ONE_BLOB, settings={"objective": "minimax"}),
    "limit cycle, Optimistic Adam": Preset(
        "The same game with L3's optimistic step: the circle is smaller.",
        1200, "a mean within 0.07 of the blob's, on average over the second half.",
        {"orbit": (0, 0.07)}, data=ONE_BLOB, settings={"objective": "minimax", "optimizer": "optimistic-adam"}),
    "limit cycle, R1": Preset(
        "The same game with a penalty on D's slope at the real points, the friction of lesson 4's Dirac-GAN.",
        1200, "a mean within 0.1 of the blob's, on average over the second half.",
        {"orbit": (0, 0.1)}, data=ONE_BLOB,
        settings={"objective": "minimax", "penalty": "r1", "penalty_weight": 1.0}),
    "clipping, c too small": Preset(
        "The critic's slope is nearly 0, and so are its estimate and the arrows.",
        500, "an estimate of 0.00 where the distance is not small; few points near a mode.",
        {"judge_estimate": (-0.01, 0.01), "w1": (0.6, ANY), "near": (0, 0.2)}, settings={**CLIP, "clip": 0.001}),
    "clipping, c too large": Preset(
        "The slope is far above 1: the estimate is many times the true distance.",
        500, "a slope above 20, and an estimate to match.",
        {"slope": (20, ANY), "judge_estimate": (5, ANY)}, settings={**CLIP, "clip": 1.0}),
    "gradient penalty": Preset(
        "The slope stays near 1, and the estimate follows the exact distance.",
        500, "all eight modes and a slope between 1 and 1.3.",
        {"modes": (8, 8), "slope": (1, 1.3)}, settings={**PENALTY, "penalty": "gp"}),
    "Lipschitz penalty": Preset(
        "As before, but only slopes above 1 are punished.",
        500, "all eight modes and a slope between 0.9 and 1.2.",
        {"modes": (8, 8), "slope": (0.9, 1.2)}, settings={**PENALTY, "penalty": "lp"}),
    "R3GAN": Preset(
        "The relativistic loss with R1 and R2: the small, modern baseline.",
        1500, "all eight modes, with more than half of the points near one.",
        EIGHT_MODES, settings=R3GAN),
    "least squares": Preset(
        "Scores of real points go to 1, of generated ones to 0: no logarithm, no Lipschitz condition.",
        1500, "all eight modes, with more than half of the points near one.",
        EIGHT_MODES, settings={"objective": "least squares"}),
    "least squares, (−1, 1, 0)": Preset(
        "The constants of the paper's theorem. G wants the score 0, which is where both densities are equal.",
        1500, "a distance above 0.45: further than with the usual constants.",
        {"w1": (0.45, ANY)}, settings={"objective": "least squares, (-1, 1, 0)"}),
    "hinge": Preset(
        "What D has right by more than 1 teaches it nothing any more.",
        1500, "all eight modes, with more than half of the points near one.",
        EIGHT_MODES, settings={"objective": "hinge"}),
    "EBGAN": Preset(
        "The judge is an autoencoder: the surface is minus its error. Where it is high, points are given back well.",
        1500, "at least five modes, and a cloud as wide as the ring. (Expected: seven; two of five seeds had them.)",
        {"modes": (5, 8), "spread": (0.8, 1.2)}, settings={"objective": "margin", **ENERGY}),
    "BEGAN": Preset(
        "Its thermostat steers L(G) / L(x) to one half (errors are thousandths here, so its rate is 10).",
        1500, "at most 2 of 8 modes, and a cloud less than half as wide as the ring: all points in one place.",
        COLLAPSED, settings={"objective": "balanced", "balance_rate": 10.0, **ENERGY}),
    "learning rate too high": Preset(
        "Both players overshoot: whole modes come and go.",
        800, "mostly at most 6 of 8 modes, and a mean that is far off (1 or more).",
        {"modes": (0, 6), "orbit": (1, ANY)},
        settings={"generator_learning_rate": 3e-2, "discriminator_learning_rate": 3e-2}, share=0.8),
    "bug A": Preset(
        "The arrows ask for a move, and the points do not go there. Who pulls back?",
        100, "points that have moved by less than 1, under arrows that are still there (0.05 or longer).",
        {"moved": (0, 1), "arrows": (0.05, ANY)},
        "D becomes perfect, and then the arrows die too.",
        settings={"objective": "minimax"}, bug="missing detach"),
    "bug B": Preset(
        "D wins with ease, and the points stop at an invisible wall.",
        1000, "no mode, and a D that is sure: it says JSD = log 2 = 0.69.",
        {"modes": (0, 0), "judge_estimate": (0.64, 0.7)}, bug="tanh"),
    "bug C": Preset(
        "It learns, but the start takes several times as long. Compare the manifold with the next preset.",
        300, "a distance of at least 0.55.",
        {"w1": (0.55, ANY)}, bug="batch norm, eps"),
    "bug C, mended": Preset(
        "The same networks as in bug C, without the bug.",
        300, "mostly a distance of at most 0.55.",
        {"w1": (0, 0.55)}, bug="batch norm, right", share=0.8),
})
# fmt: on


def outcome(
    subject: Preset | Session, seed: int | None = None, *, steps: int | None = None, **overrides: Any
) -> dict[str, Any]:
    """Run an experiment and measure it: a preset from its start, or a session from where it is.

    Parameters
    ----------
    subject : a :class:`Preset`; or a session, which then goes on.
    seed : of a preset's run, 0 if none is given; a session has its own.
    steps : how many full steps; None for as many as the preset says, 1,000 of a session.
    **overrides : settings (or ``data``, ``bug``) to replace: ``generator_learning_rate=5e-4``.

    Returns
    -------
    dict with the numbers of :class:`~course_utils.gan.playground.plane.Measures` at the end, and

    ``own``        the judge's estimate by the name that stored results have
    ``lower_bound`` the same as a true lower bound of W1
    ``pull``       mean length of -dL_G/dx at the generated points when the full steps begin
    ``arrows``     the same at the end
    ``moved``      how far the points (of the same latents) then went, on average
    ``spread``     standard deviation of the generated points over that of the real ones, at the end
    ``orbit``      root mean square distance of the generated points' mean from the data's mean, second half of the run
    ``centred``    exact W1 after both clouds have been moved to the same mean: what an orbit does not explain
    ``estimates``  (step, exact W1, the judge's own estimate) at LOOKS moments
    ``diverged``   the step at which the loss was no longer finite, or None; what is above is then from the last look

    Raises
    ------
    ValueError
        for another subject, a seed beside a session, fewer steps than LOOKS, or a bad setting.
    """
    if isinstance(subject, Session):
        if seed is not None:
            raise ValueError(
                f"seed is {seed}, but a session has its own: leave it away, or give a preset such as "
                'PRESETS["limit cycle"].'
            )
        session = subject
        if overrides:
            session.change(**overrides)
    else:
        kinds = 'a Session or a preset, such as PRESETS["limit cycle"]'
        preset = instance("the first argument", subject, Preset, kinds)
        session = preset.session(0 if seed is None else seed, **overrides).replay(preset.first)
    if steps is None:
        steps = 1000 if isinstance(subject, Session) else subject.steps
    steps = whole("steps", steps, at_least=LOOKS, advice=f"{LOOKS} looks are taken on the way")
    real, start = plane.evaluation_points(session.trainer, 500)
    pull = _length(plane.pulls(session.trainer, start))
    centre, centres, estimates, diverged = real.mean(dim=0), [], [], None
    measured, now = plane.measure(session.trainer, plane.FEW), start
    for look in range(LOOKS):
        try:
            session.replay((look + 1) * steps // LOOKS - look * steps // LOOKS)
        except Diverged:
            diverged = session.now
            break
        measured = plane.measure(session.trainer, plane.FEW)
        now = session.trainer.sample(500, seed=0)
        centres.append(float((now.mean(dim=0) - centre).norm()))
        estimates.append((session.now, measured.w1, measured.judge_estimate))
    half = centres[len(centres) // 2 :]
    orbit = float(np.sqrt(np.mean(np.square(half)))) if half else None
    return asdict(measured) | {
        "own": measured.own,
        "lower_bound": measured.lower_bound,
        "pull": pull,
        "arrows": _length(plane.pulls(session.trainer, now)),
        "moved": float((now - start).norm(dim=1).mean()),
        "spread": float(now.std(dim=0).mean() / real.std(dim=0).mean()),
        "orbit": orbit,
        "centred": plane.centred_w1(real[: plane.FEW], now[: plane.FEW]),
        "estimates": estimates,
        "diverged": diverged,
    }


def _length(vectors: np.ndarray) -> float:
    return float(np.linalg.norm(vectors, axis=1).mean())
