"""Pictures of transport for lesson 3: dirt, holes, plans, densities that move, and the potential that prices it all."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import FancyArrowPatch
from numpy.typing import ArrayLike

from course_utils.plots import palette

WIDEST_ARROW = 12  # points, for the largest single mass a problem can move
LARGEST_DISC = 2000  # points squared, for all the mass of a problem
MASS = LinearSegmentedColormap.from_list("mass", ["white", palette.ACCENT])  # of a plan, as a matrix


class PlanMap:
    """Hills (blue discs), holes (vermilion rings) and an arrow for each mass that moves, as wide as the mass.

    Areas of discs and widths of arrows are proportional to mass. The artists live as long as ``ax``; call
    :meth:`update`. Nothing but those in ``moving`` changes, unless points leave the axes.

    Parameters
    ----------
    ax : with limits that hold all points.
    n, m : the numbers of hills and holes.
    bend : how far arrows bow to one side, in their length; on a line they would cover each other.
    """

    def __init__(self, ax: Axes, n: int, m: int, bend: float = 0.2):
        self.arrows = {
            pair: FancyArrowPatch(
                (0, 0), (0, 0), arrowstyle="-|>", connectionstyle=f"arc3,rad={bend}",
                color=palette.ACCENT, alpha=0.75, mutation_scale=12,
            )
            for pair in product(range(n), range(m))
        }  # fmt: skip
        for arrow in self.arrows.values():
            ax.add_patch(arrow)
        self.hills = ax.scatter([], [], color=palette.DATA, zorder=3)
        self.holes = ax.scatter(
            [], [], facecolors="white", edgecolors=palette.GENERATOR, linewidths=2.5, zorder=3
        )
        self.names = [
            ax.text(0, 0, "", ha="center", va="center", zorder=4, clip_on=True) for _ in range(n + m)
        ]
        self.moving: list[Artist] = [*self.arrows.values(), self.hills, self.holes, *self.names]

    def update(
        self,
        x: ArrayLike,
        y: ArrayLike,
        a: ArrayLike,
        b: ArrayLike,
        plan: ArrayLike,
        names: Sequence[str] = (),
        highlight: tuple[int, int] | None = None,
    ) -> None:
        """Show hills x (n, 2) of masses a (n,), holes y (m, 2) of masses b (m,), both summing to one, and plan (n, m).

        ``names`` are for the hills, then the holes. ``highlight`` is a pair (i, j) shown even where nothing moves.
        """
        x, y, plan = np.asarray(x), np.asarray(y), np.asarray(plan)
        for artist, points, masses in ((self.hills, x, a), (self.holes, y, b)):
            artist.set_offsets(points)
            artist.set_sizes(LARGEST_DISC * np.asarray(masses))
        radii_a, radii_b = (np.sqrt(LARGEST_DISC * np.asarray(masses)) / 2 for masses in (a, b))
        for (i, j), arrow in self.arrows.items():
            chosen = (i, j) == highlight
            arrow.set_visible(bool(plan[i, j] > 0 or chosen))
            arrow.set_positions(x[i], y[j])
            arrow.shrinkA, arrow.shrinkB = radii_a[i], radii_b[j] + 2  # in points: from rim to rim
            width = max(2 * WIDEST_ARROW * plan[i, j], 1.2)
            arrow.set_linewidth(width)
            arrow.set_mutation_scale(8 + 2 * width)  # the size of the head
            arrow.set_linestyle("-" if plan[i, j] > 0 else (0, (2, 3)))
            arrow.set_color(palette.ACCENT if plan[i, j] > 0 else palette.MUTED)
        for text, point, name in zip(self.names, [*x, *y], names, strict=False):
            text.set(position=point, text=name)
        for k, text in enumerate(self.names):
            text.set_color("white" if k < len(x) else palette.text(palette.GENERATOR))


def draw_plan(
    ax: Axes, x: ArrayLike, y: ArrayLike, a: ArrayLike, b: ArrayLike, plan: ArrayLike, *, bend: float = 0.0
) -> None:
    """A plan (n, m) between hills x (n, 2) and holes y (m, 2) in the plane, as arrows whose widths are masses."""
    x, y = np.asarray(x), np.asarray(y)
    points = np.concatenate([x, y])
    margin = 0.12 * np.ptp(points, axis=0).max()
    (left, low), (right, high) = points.min(axis=0) - margin, points.max(axis=0) + margin
    ax.set(xlim=(left, right), ylim=(low, high), aspect="equal")
    names = [f"$x_{i}$" for i in range(len(x))] + [f"$y_{j}$" for j in range(len(y))]
    PlanMap(ax, len(x), len(y), bend).update(x, y, a, b, plan, names)


def draw_joint(
    figure: Figure | SubFigure, plan: ArrayLike, rows: Sequence[str], columns: Sequence[str], title: str = ""
) -> None:
    """A plan (n, m) as a matrix, with its two marginals as bars on its sides: the standard picture of a coupling."""
    plan = np.asarray(plan)
    n, m = plan.shape
    grid = figure.add_gridspec(2, 2, width_ratios=(3, 1), height_ratios=(1, 3), hspace=0.05, wspace=0.05)
    matrix = figure.add_subplot(grid[1, 0])
    matrix.imshow(plan, cmap=MASS, vmin=0, vmax=2 * plan.max(), aspect="auto")
    matrix.grid(visible=False)
    matrix.set(xticks=range(m), xticklabels=columns, yticks=range(n), yticklabels=rows)
    for (i, j), mass in np.ndenumerate(plan):
        if mass > 1e-12:
            matrix.text(j, i, f"{mass:.2g}", ha="center", va="center", fontsize=11)
    top = figure.add_subplot(grid[0, 0], sharex=matrix)
    top.bar(range(m), plan.sum(axis=0), color=palette.GENERATOR)
    top.set_title(title)
    side = figure.add_subplot(grid[1, 1], sharey=matrix)
    side.barh(range(n), plan.sum(axis=1), color=palette.DATA)
    for ax in (top, side):
        ax.grid(visible=False)
        ax.tick_params(left=False, bottom=False, labelleft=False, labelbottom=False)
        ax.spines[["left", "bottom"]].set_visible(False)


def draw_facing(ax: Axes, x: ArrayLike, p: ArrayLike, q: ArrayLike) -> None:
    """Two densities (n,) over x (n,), p upwards and q downwards, so that mass can be seen to move."""
    for density, sign, color, name in (
        (p, 1, palette.DATA, "$p$, dirt"),
        (q, -1, palette.GENERATOR, "$q$, holes"),
    ):
        ax.fill_between(x, sign * np.asarray(density), color=color, alpha=0.35, lw=0, label=name, step="mid")
    ax.axhline(0, color=palette.THEORY, lw=1)
    top = 1.5 * max(np.max(p), np.max(q))
    ax.set(ylim=(-top, top), xlabel="$x$", ylabel="density", title="Dirt above, holes below")
    ax.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    ax.legend(loc="lower left", ncols=2)


def draw_quantiles(ax: Axes, u: ArrayLike, p: ArrayLike, q: ArrayLike, *, label: str) -> None:
    """Two quantile functions (n,) over levels u (n,) in [0, 1], and the area between them, which is W, with a label."""
    ax.plot(u, p, color=palette.DATA, label="$F_p^{-1}$")
    ax.plot(u, q, color=palette.GENERATOR, ls="--", label="$F_q^{-1}$")
    ax.fill_between(u, p, q, color=palette.ACCENT, alpha=0.3, lw=0, label=label)
    ax.set(xlabel="level $u$", ylabel="$x$", title="The $u$-th grain, the $u$-th place")
    ax.legend()


def draw_potential(
    ax: Axes, x: np.ndarray, curves: Mapping[str, tuple[ArrayLike, Mapping[str, Any]]]
) -> None:
    """Potentials (n,) over x (n,), each {label: (values, line style)}, with the steepest slopes allowed, +1 and -1,
    drawn beside them."""
    for label, (values, line) in curves.items():
        ax.plot(x, values, label=label, **line)
    low, high = ax.get_ylim()
    start, length = x[0] + 0.03 * (x[-1] - x[0]), 0.3 * (high - low)
    for slope in (1, -1):
        at = low + (0.1 if slope > 0 else 0.4) * (high - low)
        ax.plot([start, start + length], [at, at + slope * length], color=palette.THEORY, lw=1.2, ls="--")
    ax.annotate("slopes ±1", (start + length, low + 0.25 * (high - low)), va="center", fontsize=11)
    ax.set(xlabel="$x$", ylabel="potential")
    ax.legend()


def draw_running_times(ax: Axes, measured: Mapping[str, Mapping[int, float]], **line: Any) -> None:
    """Seconds against n in a log-log plot, {method: {n: seconds}}; the slope of each method is the exponent in n."""
    looks = (
        (palette.MUTED, "^-"),
        (palette.SECOND, "s-"),
        (palette.THIRD, "o-"),
        (palette.THIRD, "D--"),
    )
    for (name, times), (color, style) in zip(measured.items(), looks, strict=False):
        n, seconds = np.array(list(times)), np.array(list(times.values()))
        ax.loglog(n, 1e3 * seconds, style, **{"color": color, "label": name, **line})
    ax.set(xlabel="points in each cloud, $n$", ylabel="milliseconds")
