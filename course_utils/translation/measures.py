"""How good is a translation, where the truth is known? Beside what costs nothing, and beside what it hides.

Errors are means of |difference| over pixels and channels, in shares of the full range from black to white (so half of
the difference in [-1, 1]); of points, in their units. Everything is measured on the held-out samples of the domains.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import unfold

from course_utils.checks import each, function, instance, number, whole
from course_utils.translation.domains import Domains, Map

INK = 0.1  # what is brighter than this share of white counts as ink
CHUNK = 500  # pictures at a time
ROUNDING = 1e-6


class Marks(NamedTuple):
    """``partner``: G(x) against the true T(x). ``cycle``: F(G(x)) against x. ``back``: F(T(x)) against x."""

    partner: float
    cycle: float
    back: float


@torch.no_grad()
def mark(forward_map: Map, backward_map: Map, domains: Domains) -> Marks:
    """Errors of a pair of translators on the held-out samples.

    Raises
    ------
    ValueError
        for what is no function or no Domains.
    """
    _look_at(domains, forward_map=forward_map, backward_map=backward_map)
    x, true = domains.held_out()
    made = through("forward_map", forward_map, x, true.shape[1:])
    back = (through("backward_map", backward_map, y, x.shape[1:]) for y in (made, true))
    unit = 2 if domains.pictures else 1
    return Marks(*(_distance(a, b) / unit for a, b in ((made, true), *((again, x) for again in back))))


@torch.no_grad()
def baselines(domains: Domains) -> dict[str, float]:
    """What the error to the true partner is for answers that need no translator: an empty picture (the median of all
    pixels of the partners), their mean picture, and where the shapes allow it x itself, as it is."""
    _look_at(domains)
    x, true = domains.held_out()
    unit = 2 if domains.pictures else 1
    mean = true.mean(0, keepdim=True).expand_as(true)
    found = {"mean picture" if domains.pictures else "mean point": _distance(mean, true) / unit}
    if domains.pictures:
        empty = torch.full_like(true, true.median().item())
        found = {"empty picture": _distance(empty, true) / unit, **found}
    if x.shape == true.shape:
        found["x as it is"] = _distance(x, true) / unit
    return found


@torch.no_grad()
def moves(
    translate: Map,
    domains: Domains,
    judge: Callable[[Tensor], Tensor],
    kinds: Sequence[int],
    *,
    back: bool = False,
) -> np.ndarray:
    """Shares (k, k) of test digits of kind i (rows) that a judge takes for kind j of these ones after the translation.

    The diagonal is the label kept; rows need not sum to 1, since a judge may see something else.

    Parameters
    ----------
    judge : white digits on black (n, 1, 28, 28) in [-1, 1] -> ten logits; one that was trained on neither domain.
    kinds : the digits; of those that the test samples do not have, the row is NaN.
    back : translate the true partners by ``translate`` from y to x, instead of x to y.
    """
    _look_at(domains, translate=translate, judge=judge)
    if domains.labels is None:
        raise ValueError("these domains have no labels: nobody can say which of them a translation keeps.")
    kinds = each("kinds", kinds, partial(whole, at_least=0, at_most=9), advice="such as (3, 7)")
    x, true = domains.held_out()
    given, wanted = (true, x) if back else (x, true)
    made = through("translate", translate, given, wanted.shape[1:])
    read = domains.digit_of_x if back else domains.digit_of_y
    seen = through("judge", judge, read(made), (10,)).argmax(1).numpy()
    shares = np.full((len(kinds), len(kinds)), np.nan)
    for row, kind in enumerate(kinds):
        own = seen[domains.labels == kind]
        if len(own):
            shares[row] = [(own == other).mean() for other in kinds]
    return shares


class Hidden(NamedTuple):
    """The error of x's colour where there is ink: as F finds it in G(x), in the true partner, and for the mean colour
    of all ink as a constant guess. Where the first is far below the other two, G(x) carries what T(x) does not."""

    translated: float
    true: float
    constant: float

    @property
    def share(self) -> float:
        """How much of the colour comes back: 1 - translated / constant, 1 all, 0 as little as by the constant guess.
        NaN where that guess is right, because all have one colour."""
        return 1 - self.translated / self.constant if self.constant > ROUNDING else float("nan")


@torch.no_grad()
def hidden_information(
    forward_map: Map,
    backward_map: Map,
    domains: Domains,
    probe: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> Hidden:
    """What F reads from G(x), against what it reads from the true partner.

    ``probe``, one of :data:`PROBES`, changes G(x) on its way, given the true partner as well.
    """
    _look_at(domains, forward_map=forward_map, backward_map=backward_map)
    if not domains.pictures:
        raise ValueError("domains hold points, and only pictures have ink that could hide a colour.")
    x, true = domains.held_out()
    made = through("forward_map", forward_map, x, true.shape[1:])
    if probe is not None:
        changed = function("probe", probe, "a function of G(x) and T(x)")(made, true.clone())
        if not isinstance(changed, Tensor) or changed.shape != made.shape:
            raise ValueError("probe gives something else than pictures of the shape of G(x).")
        made = changed
    ink = (x.amax(1, keepdim=True) + 1) / 2
    if not ink.sum():
        raise ValueError("domains hold black pictures only: there is no ink whose colour could be hidden.")
    guess = (x * ink).sum((0, 2, 3), keepdim=True) / ink.sum()
    found = [through("backward_map", backward_map, y, x.shape[1:]) for y in (made, true)]
    return Hidden(*(_in_ink(y, x, ink) for y in (*found, guess)))


def _median(made: Tensor, true: Tensor) -> Tensor:
    n, c, h, w = made.shape
    return unfold(made, 3, padding=1).view(n, c, 9, h, w).median(2).values


def noise(size: float, seed: int = 0) -> Callable[[Tensor, Tensor], Tensor]:
    """A probe: normal noise of this standard deviation, in shares of the full range."""
    size, seed = number("size", size, "[0, inf)"), whole("seed", seed, 0, 2**63 - 1)

    def add(made: Tensor, true: Tensor) -> Tensor:
        drawn = torch.randn(made.shape, generator=torch.Generator().manual_seed(seed))
        return (made + 2 * size * drawn.to(made)).clamp(-1, 1)

    return add


PROBES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "background wiped": lambda made, true: torch.where(true > 2 * INK - 1, made, -1.0),
    "ink replaced by the true ink": lambda made, true: torch.where(true > 2 * INK - 1, true, made),
    "threshold at a half": lambda made, true: torch.where(made > 0, 1.0, -1.0),
    "3x3 median": _median,
    "noise of 0.05": noise(0.05),
}


def _in_ink(a: Tensor, b: Tensor, ink: Tensor) -> float:
    """The mean |difference| over channels, weighed by how much ink a pixel has."""
    return ((a - b).abs().mean(1, keepdim=True) * ink).sum().item() / (2 * ink.sum().item())


def _distance(a: Tensor, b: Tensor) -> float:
    return (a - b).abs().mean().item()


def through(name: str, network: Callable[[Tensor], Tensor], x: Tensor, shape: Sequence[int]) -> Tensor:
    """What a network makes of samples, a part at a time: of this shape, or torch would stretch it over what it is
    compared with.

    Raises
    ------
    ValueError
        where it is something else.
    """
    wanted = tuple(shape)
    weights = network.parameters() if isinstance(network, nn.Module) else iter(())
    # the samples of the domains lie on the CPU, a network that was trained may not
    where = next(weights, x).device
    made = []
    for part in x.split(CHUNK):
        made.append(network(part.to(where).clone()))  # it may compute in place
        if not isinstance(made[-1], Tensor) or made[-1].shape != (len(part), *wanted):
            what = tuple(made[-1].shape) if isinstance(made[-1], Tensor) else type(made[-1]).__name__
            raise ValueError(
                f"{name} gives {what} for {len(part)} samples; it must give a tensor of shape {(len(part), *wanted)}."
            )
    return torch.cat(made).to(x.device)


def _look_at(domains: Domains, **functions: Callable[..., Tensor]) -> None:
    instance("domains", domains, Domains, "Domains", "and what translates them comes before")
    for name, value in functions.items():
        function(name, value, "a network, or a function of samples")
