"""Pictures for lesson 4: vector fields, runs, distances on a logarithmic axis, eigenvalues beside the unit circle."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.quiver import Quiver
from matplotlib.text import Text
from numpy.typing import ArrayLike

from course_utils.plots import palette
from course_utils.plots.layout import square_and_column

PLAIN, REPAIRS = palette.METHODS[:3], palette.METHODS[3:]
METHOD_COLORS = {
    "simultaneous": PLAIN[0],
    "alternating": PLAIN[2],
    "momentum": PLAIN[1],
    "optimistic": REPAIRS[0],
    "extragradient": REPAIRS[2],  # it runs beside the optimistic one
    "consensus": REPAIRS[1],
    "flow": palette.MUTED,
}
# A second cue beside the colour.
METHOD_MARKERS = {
    "simultaneous": "o",
    "alternating": "s",
    "momentum": "v",
    "optimistic": "D",
    "extragradient": "^",
    "consensus": "X",
    "flow": "P",
}
MARKER_SIGNS = {"o": "●", "s": "■", "v": "▼", "D": "◆", "^": "▲", "X": "✖", "P": "✚"}
VIEW = 2.5  # the plane is shown from -VIEW to VIEW
EIGENVALUE_VIEW = 1.6  # and the complex plane from -EIGENVALUE_VIEW to EIGENVALUE_VIEW
DECADES = (1, 2, 4, 6)  # how far up and down the axis of distances may reach; what goes further is cut


def field_grid(view: float = VIEW, n: int = 11) -> np.ndarray:
    """Where arrows are drawn: (n * n, 2), evenly over [-0.92 view, 0.92 view] in both directions."""
    ticks = np.linspace(-0.92 * view, 0.92 * view, n)
    return np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)


def arrows(vectors: ArrayLike) -> np.ndarray:
    """Vectors (n, 2) with the same directions and lengths squeezed into [0, 1): v / (1 + |v|)."""
    vectors = np.asarray(vectors, float)
    squeezed: np.ndarray = vectors / (1 + np.linalg.norm(vectors, axis=-1, keepdims=True))
    return squeezed


def draw_field(ax: Axes, points: ArrayLike, vectors: ArrayLike, *, view: float = VIEW) -> Quiver:
    """The players' field (n, 2) as arrows at points (n, 2); short arrows are to scale, long ones are squeezed. Both
    axes reach from -``view`` to ``view``."""
    quiver = ax.quiver(
        *np.asarray(points, float).T, *arrows(vectors).T, color=palette.FAINT, pivot="mid", angles="xy", scale=12,
        scale_units="width", width=0.006, zorder=1,
    )  # fmt: skip
    ax.set(xlim=(-view, view), ylim=(-view, view), aspect="equal", xlabel="$x$", ylabel="$y$")
    return quiver


def draw_run(ax: Axes, points: ArrayLike, method: str, **line: Any) -> None:
    """One run (steps + 1, 2) in its method's colour, with a ring where it starts and its method's marker where it ends.
    Points that are not finite are left out; ``line`` is what ``ax.plot`` takes."""
    points = np.asarray(points, float)
    known = points[np.isfinite(points).all(axis=1)]
    line = {"color": METHOD_COLORS.get(method, palette.THEORY), "lw": 1.6, "label": method, **line}
    ax.plot(*known.T, **line)
    ax.plot(*known[0], "o", mec=line["color"], mfc="white", mew=1.6, ms=6)
    ax.plot(*known[-1], METHOD_MARKERS.get(method, "s"), color=line["color"], ms=7, mec="white", mew=0.6)


def draw_equilibrium(ax: Axes, point: ArrayLike = (0.0, 0.0)) -> None:
    """A star at a point (2,) of the plane."""
    ax.plot(*np.asarray(point), "*", color=palette.THEORY, ms=12, zorder=5)


def draw_distance(
    ax: Axes, distances: ArrayLike, method: str, theory: ArrayLike | None = None, **line: Any
) -> None:
    """Distance to the equilibrium (steps + 1,) on a logarithmic axis, a marker every eighth of the way, and the
    prediction dashed on top of it."""
    every = max(1, len(np.asarray(distances)) // 8)
    first = list(METHOD_COLORS).index(method) * every // len(METHOD_COLORS) if method in METHOD_COLORS else 0
    look = {"marker": METHOD_MARKERS.get(method, "s"), "ms": 8, "mec": "white", "markevery": (first, every)}
    ax.semilogy(
        distances,
        **{"color": METHOD_COLORS.get(method, palette.THEORY), "lw": 3, "label": method, **look, **line},
    )
    if theory is not None:
        ax.semilogy(theory, color=palette.THEORY, lw=1.2, ls="--")
    ax.set(xlabel="step", ylabel="distance to the equilibrium")


def draw_bands(ax: Axes, steps: ArrayLike, runs: Mapping[str, ArrayLike], floor: float) -> None:
    """Two methods over a training: {name: (seeds, looks)} at ``steps`` (looks,), as a mean and a band from the best to
    the worst seed, with what real data reach as a guide."""
    for (name, curves), (color, dash) in zip(
        runs.items(), ((palette.SECOND, "-"), (palette.THIRD, "--")), strict=True
    ):
        curves = np.asarray(curves)
        ax.fill_between(steps, curves.min(axis=0), curves.max(axis=0), color=color, alpha=0.3, lw=0)
        ax.plot(steps, curves.mean(axis=0), color=color, ls=dash, lw=2.4, label=name)
    ax.axhline(floor, color=palette.THEORY, ls="--", lw=1.2)


def draw_unit_circle(ax: Axes, *, view: float = EIGENVALUE_VIEW) -> None:
    """The border between eigenvalues that decay and those that grow, in the complex plane up to ``view``."""
    angle = np.linspace(0, 2 * np.pi, 200)
    ax.plot(np.cos(angle), np.sin(angle), color=palette.THEORY, lw=1.2, ls="--")
    ax.set(
        xlim=(-view, view), ylim=(-view, view), aspect="equal", xlabel="real part", ylabel="imaginary part"
    )


def draw_eigenvalues(ax: Axes, eigenvalues: ArrayLike, method: str, *, view: float = EIGENVALUE_VIEW) -> None:
    """Complex eigenvalues (rates, k) as a learning rate grows: small dots at first, large ones at the end."""
    values = np.asarray(eigenvalues)
    sizes = np.broadcast_to(np.linspace(4, 40, len(values))[:, None], values.shape)
    draw_unit_circle(ax, view=view)
    ax.scatter(values.real, values.imag, s=sizes, color=METHOD_COLORS.get(method, palette.THEORY), zorder=3)
    ax.set_title(method)


class GamePanels:
    """The plane with its field and runs, distances, eigenvalues: made once, then moved.

    ``figure`` is drawn into for as long as the panels live; these are its three axes, the first of which is ``plane``.
    :meth:`update` changes only the artists in ``moving``, with labels such as "flow: run", and the limits of the axes;
    :meth:`set_scene` changes the rest. ``grid`` is where the field is shown, (n, 2).
    """

    def __init__(self, figure: Figure, methods: Sequence[str], steps: int):
        figure.clear()
        self.plane, self._radius, self._complex = square_and_column(
            figure, left=0.6, right=0.3, top=0.55, bottom=0.55, between=0.85, gap=0.55, lower=0.58
        )
        self.grid = field_grid()
        self._quiver = draw_field(self.plane, self.grid, np.zeros_like(self.grid))
        (self._star,) = self.plane.plot([], [], "*", color=palette.THEORY, ms=17, zorder=5)
        (self._rest,) = self.plane.plot([], [], "o", mec=palette.THEORY, mfc="none", mew=1.8, ms=13, zorder=5)
        (self._start,) = self.plane.plot(
            [], [], "o", mec=palette.THEORY, mfc="white", mew=1.8, ms=11, zorder=6, label="start"
        )
        self._radius.set(xlim=(0, steps), xlabel="step", yscale="log", ylabel="distance")
        draw_unit_circle(self._complex)
        self._complex.set(xticks=(-1, 0, 1), yticks=(-1, 0, 1), xlabel="eigenvalues", ylabel="")

        groups: list[dict[str, Line2D]] = [{} for _ in range(7)]
        self._runs, self._heads, self._distances, self._theory, self._eigenvalues = groups[:5]
        self._kept_runs, self._kept_distances = groups[5:]
        self._names: dict[str, Text] = {}
        for place, name in enumerate(methods):
            color, size = METHOD_COLORS[name], 12 - 1.2 * place  # smaller and smaller: none hides another
            dot = {"color": color, "ls": "none", "marker": METHOD_MARKERS[name]}
            marked = {"marker": METHOD_MARKERS[name], "ms": 6, "mec": "white", "mew": 0.6}
            every = (place * steps // 40, max(1, steps // 5))
            lines: list[tuple[Axes, str, dict[str, Any]]] = [
                (self.plane, "run", {"color": color, "lw": 1.6, "marker": ".", "ms": 3.5}),
                (self.plane, "now", {**dot, "ms": 9, "mec": "white", "zorder": 4}),
                (self._radius, "distance", {"color": color, "lw": 3.2, "markevery": every, **marked}),
                (self._radius, "theory", {"color": palette.THEORY, "lw": 1.2, "ls": "--", "zorder": 3}),
                (self._complex, "eigenvalues", {**dot, "ms": size, "mew": 0, "zorder": 3}),
                (self.plane, "kept run", {"color": color, "lw": 1.2, "ls": ":", "alpha": 0.8}),
                (self._radius, "kept distance", {"color": color, "lw": 1.8, "ls": ":"}),
            ]
            for group, (ax, what, how) in zip(groups, lines, strict=True):
                (group[name],) = ax.plot([], [], label=f"{name}: {what}", **how)
            self._names[name] = _write_name(figure, self.plane, name)
        self.moving: list[Artist] = [*(line for group in groups for line in group.values()), self._start]

    def set_scene(
        self, vectors: ArrayLike, rest: ArrayLike | None, methods: Collection[str], equilibrium: bool = True
    ) -> None:
        """New arrows (n, 2) at ``grid``; a star at the resting point, if there is one (an open circle where it is no
        equilibrium); the names of who plays, one after the other."""
        self._quiver.set_UVC(*arrows(vectors).T)
        for artist, wanted in ((self._star, equilibrium), (self._rest, not equilibrium)):
            artist.set_data(*([[]] * 2 if rest is None or not wanted else np.reshape(rest, (2, 1))))
        place = 0
        for name, text in self._names.items():
            text.set_visible(name in methods)
            if name in methods:
                text.set_position(_place_of_name(text.figure, place))
                place += 1

    def update(
        self,
        step: int,
        runs: Mapping[str, np.ndarray],
        distances: Mapping[str, np.ndarray],
        theory: Mapping[str, np.ndarray],
        eigenvalues: Mapping[str, np.ndarray],
        start: ArrayLike | None = None,
        kept: tuple[Mapping[str, np.ndarray], Mapping[str, np.ndarray]] = ({}, {}),
    ) -> None:
        """Show every run up to ``step``; a method that is missing in a mapping is not shown there.

        Parameters
        ----------
        runs : (n steps + 1, 2) each, NaN after divergence; of n points a step the last is marked.
        distances, theory : (steps + 1,) each, measured and predicted.
        eigenvalues : (k,) each, complex; those outside the panel are put on its border.
        start : (2,), a ring there.
        kept : runs and distances of an earlier experiment, shown whole, thin and dotted.
        """
        self._start.set_data(*([[]] * 2 if start is None else np.reshape(start, (2, 1))))
        for name in self._runs:
            run, distance = runs.get(name, np.empty((0, 2))), distances.get(name, np.empty(0))
            fine = max(1, (len(run) - 1) // max(1, len(distance) - 1))
            run, distance = run[: fine * step + 1], distance[: step + 1]
            known = run[np.isfinite(run).all(axis=1)]
            self._runs[name].set_data(*known.T)
            self._runs[name].set_markevery(fine)
            self._heads[name].set_data(*known[-1:].T)
            self._distances[name].set_data(np.arange(len(distance)), distance)
            predicted = theory.get(name, np.empty(0))
            self._theory[name].set_data(np.arange(len(predicted)), predicted)
            values, border = eigenvalues.get(name, np.empty(0)), 0.96 * EIGENVALUE_VIEW
            self._eigenvalues[name].set_data(
                np.clip(np.real(values), -border, border), np.clip(np.imag(values), -border, border)
            )
            self._kept_runs[name].set_data(*kept[0].get(name, np.empty((0, 2))).T)
            before = kept[1].get(name, np.empty(0))
            self._kept_distances[name].set_data(np.arange(len(before)), before)
        self._radius.set_ylim(*_distance_limits([*distances.values(), *kept[1].values()]))


def _distance_limits(curves: Iterable[np.ndarray]) -> tuple[float, float]:
    """Limits for whole runs, so that playing them never moves the axis; other settings move it in few, large steps."""
    distances = [d for d in curves if len(d) and d[0] > 0]
    if not distances:
        return 0.1, 10.0
    middle = 10.0 ** round(np.log10(distances[0][0]))
    together = np.concatenate(distances)
    together = together[np.isfinite(together) & (together > 0)]
    reach = np.abs(np.log10(together / middle)).max()
    decades = next((d for d in DECADES if d >= reach), DECADES[-1])
    return middle / 10.0**decades, middle * 10.0**decades


def _write_name(figure: Figure, ax: Axes, name: str) -> Text:
    """A method's marker and name, in a shade of its colour that can be read."""
    sign = MARKER_SIGNS[METHOD_MARKERS[name]]
    return ax.text(
        0, 0, f"{sign} {name}", color=palette.text(METHOD_COLORS[name]), fontsize=12, va="top",
        transform=figure.transFigure,
    )  # fmt: skip


def _place_of_name(figure: Any, place: int) -> tuple[float, float]:
    """Names of methods stand in two rows of four above the panels, in shares of the figure."""
    width, height = figure.get_size_inches()
    row, column = divmod(place, 4)
    return (0.1 + column * (width - 0.2) / 4) / width, 1 - (0.06 + 0.22 * row) / height
