"""What a critic is like, drawn: its slopes, its weights, and how far its estimate can be trusted."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course_utils.plots import palette

PLACES = {"real": palette.DATA, "between": palette.DISCRIMINATOR, "generated": palette.GENERATOR}
WAYS = ((palette.MUTED, "-"), (palette.MUTED, ":"), (palette.SECOND, "--"), (palette.THIRD, "-."))
DASHES = {"real": "-", "between": "-.", "generated": ":"}


def draw_slopes(
    ax: Axes, slopes: Mapping[str, ArrayLike], *, title: str, limits: tuple[float, float] = (1e-3, 10.0)
) -> None:
    """How steep a critic is at real pictures, generated ones and points between: one histogram of |∇f|, (n,), for each
    of the :data:`PLACES`, with 1, where a critic of the dual should be, as a guide.

    The axis is logarithmic, from ``limits[0]`` to ``limits[1]``, the same for every critic that is to be compared;
    what lies outside is counted at its end.
    """
    low, high = limits
    edges = np.geomspace(low, high, 61).tolist()
    for place, values in slopes.items():
        inside = np.clip(np.asarray(values, float), edges[0], edges[-1])
        ax.hist(inside, edges, histtype="step", lw=1.8, color=PLACES[place], ls=DASHES[place], label=place,
                weights=np.full(len(inside), 100 / len(inside)))  # fmt: skip
    ax.axvline(1, color=palette.THEORY, ls="--", lw=1.2)
    ax.set_xscale("log")
    ax.set(
        xlim=limits,
        xlabel=r"slope $|\nabla f|$ (f per distance)",
        ylabel="share (%)",
        title=title,
    )


def draw_weights(ax: Axes, weights: ArrayLike, *, title: str, c: float | None = None) -> None:
    """A critic's weights (n,), all layers together, as shares of 100 bins; the limits of a clipped one, -c and c, as
    guides. The axis reaches to the largest weight, or to 1.5 c. The share is on a logarithmic axis: without it the
    heap at the limits would be all that one sees.
    """
    values = np.asarray(weights, float).ravel()
    reach = float(np.abs(values).max()) if c is None else max(1.5 * c, float(np.abs(values).max()))
    share = np.full(len(values), 100 / len(values))
    ax.hist(values, np.linspace(-reach, reach, 101).tolist(), weights=share, color=palette.DISCRIMINATOR)
    guides = () if c is None else (-c, c)
    for limit in guides:
        ax.axvline(limit, color=palette.THEORY, ls="--", lw=1.2)
    ax.set_yscale("log")
    ticks = (-reach, 0, reach) if c is None else (-c, 0, c)  # more would run into each other
    ax.set_xticks(ticks, [f"{tick:.2g}" for tick in ticks])
    ax.set(xlim=(-reach, reach), ylim=(1e-3, 100), xlabel="weight", ylabel="share (%)", title=title)


def draw_slope_against_limit(ax: Axes, limits: Sequence[float], slopes: ArrayLike, bound: ArrayLike) -> None:
    """The mean slope of clipped critics against their limit c, with the bound that no slope exceeds, and with 1; (n,)
    each."""
    ax.plot(limits, slopes, "o-", color=palette.DISCRIMINATOR, label="measured, mean")
    ax.plot(limits, bound, ls="--", lw=1.4, color=palette.THEORY, label="bound")
    ax.axhline(1, color=palette.MUTED, lw=1.2)
    ax.annotate("wanted: 1", (0.02, 1), xycoords=("axes fraction", "data"), xytext=(0, 4),
                textcoords="offset points", color=palette.MUTED, fontsize=11)  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xticks(limits, [f"{c:g}" for c in limits])
    ax.minorticks_off()
    ax.set(xlabel="clipping limit c", ylabel=r"slope $|\nabla f|$", title="What c does to the slope")
    ax.legend(loc="lower right")


def draw_trust(ax: Axes, said: ArrayLike, quality: ArrayLike, *, title: str, xlabel: str) -> None:
    """What a player says of the distance against the Fréchet distance, both (moments,), joined in the order of time.

    The first moment is an open circle, the last one is filled: a number that can be trusted leads from the upper right
    to the lower left.
    """
    said, quality = np.asarray(said, float), np.asarray(quality, float)
    ax.plot(said, quality, "-", lw=1.2, color=palette.MUTED)
    ax.plot(said, quality, "o", ms=5, color=palette.ACCENT)
    ax.plot(said[:1], quality[:1], "o", ms=11, mfc="none", mec=palette.THEORY, mew=1.6)
    ax.plot(said[-1:], quality[-1:], "o", ms=11, color=palette.THEORY)
    ax.set_yscale("log")
    ax.locator_params(axis="x", nbins=4)
    ax.set(xlabel=xlabel, ylabel="Fréchet distance", title=title)


def draw_runs(
    ax: Axes, runs: Mapping[str, Sequence[tuple[ArrayLike, ArrayLike]]], *, title: str, goal: float
) -> None:
    """The Fréchet distance over a training, (steps, distances) of (moments,) each, one line for each seed; `runs` maps
    a way of training to its seeds. Under the dashed line at `goal` a run counts as one that works.
    """
    for (way, seeds), (colour, dash) in zip(runs.items(), WAYS, strict=False):
        for i, (steps, distances) in enumerate(seeds):
            ax.plot(steps, distances, color=colour, ls=dash, lw=1.5, label=way if i == 0 else None)
    ax.axhline(goal, color=palette.THEORY, ls="--", lw=1.2)
    ax.set_yscale("log")
    ax.set(xlabel="generator steps", ylabel="Fréchet distance", title=title)
