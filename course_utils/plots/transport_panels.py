"""Lesson 3's live pictures: made once, then moved; nothing but the artists in ``moving`` and axes limits change."""

from collections.abc import Container, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from numpy.typing import ArrayLike

from course_utils.plots import palette
from course_utils.plots.layout import framed, margins, number, roomy, write
from course_utils.plots.transport import MASS, PlanMap

Cell = tuple[int, int]
# A critic's values: low where it says "generated", white in the middle, high where it says "real".
NAME: dict[str, Any] = {"fontsize": 14, "weight": "bold", "va": "center"}


class PlanTable:
    """A plan as a table: in each cell its cost, its mass and a remark; beside each row and column a remark."""

    def __init__(self, ax: Axes, rows: Sequence[str], columns: Sequence[str]):
        n, m = len(rows), len(columns)
        ax.set(xlim=(-0.75, m + 0.02), ylim=(n + 0.85, -0.75))
        ax.axis("off")
        ax.hlines(range(n + 1), 0, m, color=palette.FAINT, lw=1)
        ax.vlines(range(m + 1), 0, n, color=palette.FAINT, lw=1)
        for i, name in enumerate(rows):
            ax.text(-0.38, i + 0.36, name, color=palette.text(palette.DATA), ha="center", **NAME)
        for j, name in enumerate(columns):
            ax.text(j + 0.5, -0.55, name, color=palette.text(palette.GENERATOR), ha="center", **NAME)
        self.frame = Rectangle((0, 0), 1, 1, fill=False, ec=palette.ACCENT, lw=3)
        ax.add_patch(self.frame)
        cells = list(product(range(n), range(m)))
        self.fills = {
            (i, j): ax.add_patch(Rectangle((j, i), 1, 1, fc=palette.ACCENT, alpha=0, lw=0)) for i, j in cells
        }
        self.costs = {(i, j): ax.text(j + 0.07, i + 0.17, "", fontsize=11, va="center") for i, j in cells}
        centred: dict[str, Any] = {"ha": "center", "va": "center"}
        self.masses = {
            (i, j): ax.text(j + 0.5, i + 0.48, "", fontsize=16, weight="bold", **centred) for i, j in cells
        }
        self.remarks = {(i, j): ax.text(j + 0.5, i + 0.83, "", fontsize=11, **centred) for i, j in cells}
        self.rows = [ax.text(-0.38, i + 0.68, "", fontsize=11, **centred) for i in range(n)]
        self.columns = [ax.text(j + 0.5, -0.2, "", fontsize=11, **centred) for j in range(m)]
        self.total = ax.text(m, n + 0.27, "", color=palette.text(palette.ACCENT), ha="right", **NAME)
        self.key = ax.text(m, n + 0.65, "", fontsize=11, ha="right", va="center")
        self.moving: list[Artist] = [*self.fills.values(), self.frame]
        self.moving += [*self.costs.values(), *self.masses.values(), *self.remarks.values()]
        self.moving += [*self.rows, *self.columns, self.total, self.key]

    def update(
        self,
        costs: Mapping[Cell, str],
        masses: Mapping[Cell, float],
        remarks: Mapping[Cell, str],
        bold: Container[Cell],
        rows: Sequence[str],
        columns: Sequence[str],
        total: str,
        key: str,
        selected: Cell | None,
    ) -> None:
        """Show costs, masses and remarks by their cells (i, j), a remark for every row and every column, the cells in
        ``bold`` with bold remarks, and a frame around the ``selected`` one."""
        most = max(masses.values())
        for cell, fill in self.fills.items():
            fill.set_alpha(0.35 * masses[cell] / most if masses[cell] else 0)
            self.costs[cell].set_text(costs[cell])
            self.masses[cell].set_text(f"{masses[cell]:g}" if masses[cell] else "")
            self.remarks[cell].set_text(remarks.get(cell, ""))
            self.remarks[cell].set_fontweight("bold" if cell in bold else "normal")
        for text, remark in zip([*self.rows, *self.columns], [*rows, *columns], strict=True):
            text.set_text(remark)
        self.total.set_text(total)
        self.key.set_text(key)
        self.frame.set_visible(selected is not None)
        if selected is not None:
            self.frame.set_xy(selected[::-1])


class DirtPanels:
    """A map of hills and holes beside the table of the plan, for "move the dirt yourself".

    ``size`` is that of the map, (width, height) in its own units; its axes are ``ground``. :meth:`carry` shows dirt on
    its way from a hill to where the pointer is.
    """

    def __init__(self, figure: Figure, hills: Sequence[str], holes: Sequence[str], size: tuple[float, float]):
        grid = figure.add_gridspec(
            1, 2, width_ratios=(1, 1.2), wspace=0.02, **margins(figure, 0.1, 0.1, 0.1, 0.1)
        )
        ax = figure.add_subplot(grid[0])
        width, height = size
        ax.set(xlim=(-1, width + 1), ylim=(-1, height + 1), aspect="equal", xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_xticks(np.arange(width + 1), minor=True)
        ax.set_yticks(np.arange(height + 1), minor=True)
        ax.grid(which="minor")
        ax.tick_params(which="both", length=0)
        self.ground = ax
        self.map = PlanMap(ax, len(hills), len(holes), bend=0.35)
        (self.hand,) = ax.plot([], [], "o:", color=palette.ACCENT, lw=2.5, ms=12, zorder=5, label="carried")
        self.table = PlanTable(figure.add_subplot(grid[1]), hills, holes)
        self.moving: list[Artist] = [*self.map.moving, self.hand, *self.table.moving]

    def carry(self, hill: ArrayLike | None = None, pointer: ArrayLike | None = None) -> None:
        """Dirt between a hill (2,) and the pointer (2,); nothing where nothing is carried."""
        way = np.empty((0, 2)) if hill is None or pointer is None else np.array([hill, pointer])
        self.hand.set_data(*way.T)
        self.hand.set_markevery([-1] if len(way) else [])


class CouplingPanels:
    """L1's two coins: the table of a coupling, the segment of all of them, and the cost along it."""

    def __init__(self, figure: Figure):
        grid = figure.add_gridspec(
            2, 2, width_ratios=(1.1, 1), hspace=0.6, wspace=0.22, **margins(figure, 0.05, 0.2, 0.1, 0.62)
        )
        table = figure.add_subplot(grid[:, 0])
        table.set(xlim=(-0.65, 2.6), ylim=(2.6, -0.5))
        table.axis("off")
        self.fills: dict[Cell, Rectangle] = {}
        self.entries: dict[Cell, Text] = {}
        for x, y in product(range(2), range(2)):
            self.fills[x, y] = Rectangle((y, x), 1, 1, fc=palette.ACCENT, ec=palette.FAINT, lw=1)
            table.add_patch(self.fills[x, y])
            self.entries[x, y] = table.text(
                y + 0.5, x + 0.5, "", fontsize=17, weight="bold", ha="center", va="center"
            )
        row: dict[str, Any] = {"color": palette.text(palette.DATA), "fontsize": 13, "va": "center"}
        column: dict[str, Any] = {"color": palette.text(palette.GENERATOR), "fontsize": 13, "ha": "center"}
        for k in range(2):
            table.text(k + 0.5, -0.15, f"$y = {k}$", **column)
            table.text(-0.1, k + 0.5, f"$x = {k}$", ha="right", **row)
        self.mu = [table.text(2.1, k + 0.5, "", **row) for k in range(2)]
        self.nu = [table.text(k + 0.5, 2.2, "", **column) for k in range(2)]
        segment = figure.add_subplot(grid[0, 1])
        segment.set(xlabel=r"$\gamma_{00}$", ylabel=r"$\gamma_{11}$")
        self.cost = cost = figure.add_subplot(grid[1, 1])
        cost.set(xlabel="$q$", ylabel="cost")
        for ax, text in ((segment, "all couplings: a segment"), (cost, "the cost is linear along it")):
            ax.set(xlim=(-0.04, 1.04), ylim=(-0.04, 1.4), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
            write(ax, 0.5, 0.9, text, ha="center", va="center")
        self.lines = [ax.plot([], [], color=palette.MUTED)[0] for ax in (segment, cost)]
        whole: dict[str, Any] = {"ms": 10, "color": palette.ACCENT, "clip_on": False}  # at 0, too
        self.points = [ax.plot([], [], "o", **whole)[0] for ax in (segment, cost)]
        (self.best,) = cost.plot([], [], "*", ms=17, clip_on=False, color=palette.DISCRIMINATOR)
        self.moving: list[Artist] = [*self.fills.values(), *self.entries.values(), *self.mu, *self.nu]
        self.moving += [*self.lines, self.best, *self.points]

    def update(
        self, coupling: ArrayLike, ends: ArrayLike, costs: tuple[float, float, float], q: float
    ) -> None:
        """Show a coupling (2, 2) at place q, the couplings (2, 2, 2) at q = 0 and 1, and the costs of all three."""
        coupling, ends = np.asarray(coupling), np.asarray(ends)
        for cell, text in self.entries.items():
            text.set_text(f"{coupling[cell]:.3f}")
            self.fills[cell].set_facecolor((*to_rgb(palette.ACCENT), 0.7 * coupling[cell]))
        marginals = [*coupling.sum(axis=1), *coupling.sum(axis=0)]
        for text, mass in zip([*self.mu, *self.nu], marginals, strict=True):
            text.set_text(f"{mass:.2f}")
        self.lines[0].set_data(ends[:, 0, 0], ends[:, 1, 1])
        self.points[0].set_data([coupling[0, 0]], [coupling[1, 1]])
        here, start, end = costs
        self.lines[1].set_data([0, 1], [start, end])
        self.points[1].set_data([q], [here])
        cheaper = [(0, start)] if start < end else [(1, end)] if end < start else []
        self.best.set_data(*np.reshape(cheaper, (-1, 2)).T)


class CloudPanels:
    """Two clouds with the plan between them as lines, the plan as a matrix, and the cost against the blur.

    ``limits`` are those of both coordinates of the map; ``blurs`` are the values that the blur axis has to hold.
    """

    def __init__(
        self, figure: Figure, limits: tuple[tuple[float, float], tuple[float, float]], blurs: ArrayLike
    ):
        grid = figure.add_gridspec(
            2, 2, width_ratios=(1.75, 1), height_ratios=(1.25, 1), hspace=0.28, wspace=0.3,
            **margins(figure, 0.5, 0.15, 0.35, 0.95),
        )  # fmt: skip
        (left, right), (low, high) = limits
        self.map = ax = figure.add_subplot(grid[:, 0])
        ax.set(xlim=(left, right), ylim=(low, high), aspect="equal")
        ax.grid(visible=False)
        ticks = np.arange(np.ceil(left), np.floor(right) + 1)
        ax.set(xticks=ticks, yticks=np.arange(np.ceil(low), np.floor(high) + 1))
        self.critic = ax.imshow(
            np.zeros((2, 2)), cmap=palette.JUDGED, zorder=0, extent=(left, right, low, high), origin="lower",
            interpolation="bilinear",
        )  # fmt: skip
        key = ax.inset_axes((0.3, -0.17, 0.4, 0.035))
        key.imshow(np.linspace(0, 1, 64)[None], cmap=palette.JUDGED, aspect="auto", extent=(0, 1, 0, 1))
        key.set(xticks=[], yticks=[])
        key.grid(visible=False)
        framed(key)
        self.key = key
        beside: dict[str, Any] = {"transform": key.transAxes, "fontsize": 11, "va": "center"}
        self.ends = [key.text(x, 0.5, "", ha=ha, **beside) for x, ha in ((-0.04, "right"), (1.04, "left"))]
        self.lines = LineCollection([], color=palette.ACCENT, zorder=2)
        ax.add_collection(self.lines)
        (self.x,) = ax.plot([], [], "o", ms=7, color=palette.DATA, zorder=3)
        (self.y,) = ax.plot([], [], "s", ms=6.5, color=palette.GENERATOR, zorder=3)
        write(ax, 0.02, 1.02, "$p$: discs", color=palette.text(palette.DATA), fontsize=13)
        write(ax, 0.98, 1.02, "$q$: squares", color=palette.text(palette.GENERATOR), fontsize=13, ha="right")
        matrix = figure.add_subplot(grid[0, 1])
        matrix.set(xticks=[], yticks=[])
        matrix.set_title("the plan, $p$ by $q$", fontsize=12)
        self.matrix = matrix.imshow(np.zeros((2, 2)), cmap=MASS, extent=(0, 1, 0, 1))
        curve = figure.add_subplot(grid[1, 1])
        self.costs = curve
        curve.set(xscale="log", xlim=(0.8 * np.min(blurs), 1.25 * np.max(blurs)), ylim=(0, 1))
        curve.locator_params(axis="y", nbins=4)
        curve.set_xticks([0.1, 1], ["0.1", "1"])
        curve.minorticks_off()
        curve.set(xlabel=r"blur $\varepsilon$ / mean cost")
        curve.set_title("cost of the plan", fontsize=12)
        (self.exact,) = curve.plot([], [], "--", lw=1.5, color=palette.THEORY)
        (self.curve,) = curve.plot([], [], ".-", color=palette.ACCENT)
        (self.point,) = curve.plot([], [], "o", ms=10, color=palette.ACCENT)
        self.label = write(curve, 0.04, 0.08, "", fontsize=11)
        self.blurs = np.asarray(blurs)
        self.moving: list[Artist] = [self.critic, *ax.spines.values(), self.key, self.lines, self.x, self.y]
        self.moving += [
            self.matrix,
            *framed(matrix),
            self.exact,
            self.curve,
            self.point,
            self.label,
            *self.ends,
        ]

    def update(
        self,
        x: ArrayLike,
        y: ArrayLike,
        plan: ArrayLike,
        order: np.ndarray,
        critic: np.ndarray | None,
        exact: float,
        label: str,
        costs: np.ndarray | None,
        chosen: int | None,
    ) -> None:
        """Show clouds x (n, 2) and y (m, 2), a plan (n, m) and the values of a critic on a grid (rows upwards).

        ``order`` (m,) sorts the columns of the matrix; ``costs`` are those at ``blurs``, of which number ``chosen`` is
        shown as a dot; both may be None, and then the plan is the exact one. A dashed line marks its cost ``exact``.
        """
        x, y, plan = np.asarray(x), np.asarray(y), np.asarray(plan)
        for points, artist in ((x, self.x), (y, self.y)):
            artist.set_data(*points.T)
        share = plan * len(x)  # 1 where a point sends all it has to one place
        i, j = np.nonzero(share > 0.02)  # fainter lines cannot be seen
        self.lines.set_segments(list(np.stack([x[i], y[j]], axis=1)))
        self.lines.set_alpha(np.clip(share[i, j], 0.06, 0.9))
        self.lines.set_linewidth(np.clip(2.5 * share[i, j], 0.6, 2.5).tolist())
        self.matrix.set_data(plan[:, order])
        self.matrix.set_clim(0, max(plan.max(), 0.2 / len(x)))
        self.critic.set_visible(critic is not None)
        if critic is not None:
            centred = critic - np.median(critic)
            steepest = np.abs(centred).max()
            self.critic.set_data(centred)
            self.critic.set_clim(-steepest, steepest)
            for text, value, word in zip(self.ends, (-steepest, steepest), ("critic {}", "{}"), strict=True):
                text.set_text(word.format(number(value, 1)))
        self.key.set_visible(critic is not None)
        for text in self.ends:
            text.set_visible(critic is not None)
        # An axis that moves in few, large steps: only then is all drawn again.
        self.costs.set_ylim(0, roomy(1.1 * max(exact, 0 if costs is None else np.max(costs))))
        self.exact.set_data([self.blurs[0] / 2, 2 * self.blurs[-1]], [exact] * 2)
        self.curve.set_data(([], []) if costs is None else (self.blurs, costs))
        self.point.set_data(([], []) if costs is None else ([self.blurs[chosen]], [costs[chosen]]))
        self.label.set_text(label)
