"""Unpaired translation (L1, section 4): CycleGAN and DTN, on domains whose true map is known, so that it can be marked.

    G: x -> y,  F: y -> x,      adversarial terms + lambda (E|F(G(x)) - x| + E|G(F(y)) - y|)

What lives where:

    domains       ``Domains``; ``inverted``, ``coloured``, ``outlined``: digits, and what a known map makes of others
    plane         ``clouds`` of modes, and all ways to match them
    losses        the terms, CycleGAN's and DTN's
    pool          ``ReplayPool``: made samples of earlier steps, for the critics
    networks      translators and critics: ``ARCHITECTURES``
    recipes       ``CycleRecipe``, ``RECIPES``
    encoder       ``GivenEncoder``: DTN's f
    trainer       ``CycleTrainer``, on the one loop of :mod:`course_utils.training`
    measures      the error to the truth beside trivial ones, labels kept, hidden information
    pretrained    ``load_translation``: trained ones that ship
"""

from course_utils.translation.domains import Domains, as_seen, coloured, inverted, outlined
from course_utils.translation.encoder import GivenEncoder
from course_utils.translation.losses import cycle_loss
from course_utils.translation.measures import (
    PROBES,
    Hidden,
    Marks,
    baselines,
    hidden_information,
    mark,
    moves,
    noise,
)
from course_utils.translation.plane import (
    Clouds,
    Found,
    Matching,
    cheapest,
    clouds,
    found_matching,
    matchings,
    mode_map,
)
from course_utils.translation.pool import ReplayPool
from course_utils.translation.pretrained import Translation, load_translation, save_translation
from course_utils.translation.recipes import RECIPES, CycleRecipe
from course_utils.translation.trainer import CycleTrainer

__all__ = [
    "PROBES",
    "RECIPES",
    "Clouds",
    "CycleRecipe",
    "CycleTrainer",
    "Domains",
    "Found",
    "GivenEncoder",
    "Hidden",
    "Marks",
    "Matching",
    "ReplayPool",
    "Translation",
    "as_seen",
    "baselines",
    "cheapest",
    "clouds",
    "coloured",
    "cycle_loss",
    "found_matching",
    "hidden_information",
    "inverted",
    "load_translation",
    "mark",
    "matchings",
    "mode_map",
    "moves",
    "noise",
    "outlined",
    "save_translation",
]
