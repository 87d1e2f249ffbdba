"""The picture of the GAN playground: the plane with both players, their losses, and how far they are from the data."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator

from course_utils.plots import palette
from course_utils.plots.layout import add_axes, roomy, square_and_column, write

VIEW = 3.0
SURFACE = 60  # squares along each side of the surface
ARROWS = 48
ARROW_LENGTH = 0.9  # of an infinitely strong pull, in units of the plane
CURVE_POINTS = 400  # of a curve, at most: a panel has no more pixels
STEPS = 250  # the time axis starts with so many, and doubles
# A curve's name, colour and dashes, and where over the axes its name stands.
LOSSES = (("loss of D", palette.DISCRIMINATOR, "-", 0.0), ("of G", palette.GENERATOR, "-", 0.5))
DISTANCES = (
    ("W₁", palette.SECOND, "--", 0.0),
    ("JSD", palette.ACCENT, "-", 0.22),
    ("judge says", palette.DISCRIMINATOR, ":", 0.5),
)
KEYS = {"-": "━", "--": "╍", ":": "┅"}


def _pale(color: str, amount: float = 0.45) -> tuple[float, ...]:
    return tuple(1 - amount * (1 - c) for c in to_rgb(color))


# What looks generated to the judge is pale vermilion, what looks real is pale blue, undecided is white.
VERDICTS = LinearSegmentedColormap.from_list(
    "verdicts", [_pale(palette.GENERATOR), (1.0, 1.0, 1.0), _pale(palette.DATA)]
)


class PlaneArtists:
    """The plane with data, generated points, and what both players know: made once on ``ax``, then moved.

    ``moving`` lists all that :meth:`update` moves; the points are labelled "real" and "generated".
    """

    def __init__(self, ax: Axes):
        ax.grid(False)
        ax.set(xlim=(-VIEW, VIEW), ylim=(-VIEW, VIEW), aspect="equal")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(FixedLocator((-2, 0, 2)))  # set_xticks() would make the ticks now
        ax.set_xlabel("x₁", labelpad=1)
        ax.set_ylabel("x₂", labelpad=-4)
        # A mesh of squares draws several times faster than an image.
        edges = np.linspace(-VIEW, VIEW, SURFACE + 1)
        self._surface = ax.pcolormesh(edges, edges, np.zeros((SURFACE, SURFACE)), cmap=VERDICTS, zorder=0)
        self._manifold = LineCollection([], colors=palette.GENERATOR, linewidths=0.7, alpha=0.55, zorder=1)
        ax.add_collection(self._manifold, autolim=False)
        dots: dict[str, Any] = {"ls": "none", "marker": "o", "ms": 2.6, "mew": 0}
        (self._real,) = ax.plot([], [], color=palette.DATA, label="real", **dots, zorder=2)
        dots |= {"marker": "^", "ms": 3.0}
        (self._fake,) = ax.plot([], [], color=palette.GENERATOR, label="generated", **dots, zorder=3)
        nowhere = np.zeros(ARROWS)
        self._arrows = ax.quiver(
            nowhere, nowhere, nowhere, nowhere, color=palette.THEORY, angles="xy", scale=1, scale_units="xy",
            width=0.004, zorder=4,
        )  # fmt: skip
        self.moving: list[Artist] = [self._surface, self._manifold, self._real, self._fake, self._arrows]
        self.moving += ax.spines.values()

    def update(
        self,
        real: np.ndarray,
        fake: np.ndarray,
        surface: np.ndarray | None,
        low: float,
        high: float,
        arrows: tuple[np.ndarray, np.ndarray] | None,
        manifold: np.ndarray | None,
    ) -> None:
        """Show a scene, as :func:`course_utils.gan.playground.plane.scene` makes it; None hides a part.

        Parameters
        ----------
        real, fake : points (n, 2).
        surface : (SURFACE, SURFACE) verdicts, rows upwards, between ``low`` and ``high`` with white in the middle.
        arrows : (starts (m, 2), pulls (m, 2)), at most ARROWS of them. A pull v is drawn along v / (1 + |v|).
        manifold : lines (l, dots, 2).
        """
        self._real.set_data(*real.T)
        self._fake.set_data(*fake.T)
        self._surface.set_visible(surface is not None)
        if surface is not None:
            self._surface.set_array(surface)
            self._surface.set_clim(low, high)
        self._manifold.set_segments(() if manifold is None else list(manifold))
        starts = pulls = np.full((ARROWS, 2), np.nan)
        if arrows is not None:
            starts, pulls = (_filled(part) for part in arrows)
        self._arrows.set_offsets(starts)
        self._arrows.set_UVC(*(ARROW_LENGTH * pulls / (1 + np.linalg.norm(pulls, axis=1, keepdims=True))).T)


def draw_scene(ax: Axes, **scene: Any) -> None:
    """One still scene, with what :meth:`PlaneArtists.update` takes, and over it how a pull of length 1 is drawn."""
    PlaneArtists(ax).update(**scene)
    if scene["arrows"] is not None:
        _write_scale(ax, 0.55)


def _below(ax: Axes) -> tuple[float, float]:
    """An inch to the right, and the line of the axis' label, in shares of the axes."""
    size: Any = ax.bbox.size
    width, height = size / ax.figure.dpi
    return 1 / width, -0.36 / height


def _write_players(ax: Axes, y: float, x: float) -> None:
    """The key, from the left end on, its second word at x."""
    write(ax, 0, y, "● real", color=palette.text(palette.DATA), va="bottom")
    write(ax, x, y, "▲ generated", color=palette.text(palette.GENERATOR), va="bottom")


def _write_scale(ax: Axes, x: float, y: float = 1.045) -> None:
    """Over the axes: an arrow as it is drawn for a pull of length 1, and what it is."""
    to = x + ARROW_LENGTH / 2 / (2 * VIEW)
    arrow = {"arrowstyle": "-|>", "color": palette.THEORY, "lw": 1.2, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (to, y), (x, y), xycoords="axes fraction", arrowprops=arrow, annotation_clip=False)
    write(ax, to + 0.02, y, "|∂Lɢ/∂x| = 1", color=palette.THEORY, va="center", fontsize=11)


class PlaygroundPanels:
    """The ``plane``, the losses and the distances, the figure's three axes: made once, then moved.

    :meth:`update` changes the artists in ``moving``, the curves labelled with their names in ``LOSSES`` and
    ``DISTANCES``, and, rarely, the limits of the curves.
    """

    def __init__(self, figure: Figure):
        figure.clear()
        self.plane, self._losses, self._distances = square_and_column(
            figure, left=0.55, right=0.3, top=0.35, bottom=0.5, between=0.8, gap=0.5
        )
        self._artists = PlaneArtists(self.plane)
        _write_players(self.plane, 1.02, 0.8 * _below(self.plane)[0])
        _write_scale(self.plane, 0.56, _below(self.plane)[1])
        self._curves: dict[str, Line2D] = {}
        for ax, curves in ((self._losses, LOSSES), (self._distances, DISTANCES)):
            for name, color, dashes, place in curves:
                (self._curves[name],) = ax.plot([], [], color=color, lw=1.8, ls=dashes, label=name)
                write(ax, place, 1.03, f"{KEYS[dashes]} {name}", color=palette.text(color), va="bottom")
            ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))  # room for five digits
        self._losses.tick_params(labelbottom=False)
        self._losses.set_ylabel("loss")
        self._distances.set(xlabel="step", ylabel="distance")
        self.moving: list[Artist] = [*self._artists.moving, *self._curves.values()]

    def update(self, scene: Mapping[str, Any], losses: np.ndarray, measured: np.ndarray) -> None:
        """Show a scene for :meth:`PlaneArtists.update`, and the curves up to now.

        Parameters
        ----------
        losses : (steps, 2), D's and G's.
        measured : (looks, 4): step, W1, JSD, the judge's own estimate.
        """
        self._artists.update(**scene)
        steps = len(losses)
        at, losses = thinned(losses)
        for column, (name, *_) in enumerate(LOSSES):
            self._curves[name].set_data(at, losses[:, column])
        for column, (name, *_) in enumerate(DISTANCES, start=1):
            self._curves[name].set_data(measured[:, 0], measured[:, column])
            self._curves[name].set_marker("." if len(measured) == 1 else "None")  # one look makes no line
        # The axes move rarely and in large steps; in between, nothing flickers.
        for ax in (self._losses, self._distances):
            ax.set_xlim(0, roomy(steps, at_least=STEPS))
        self._losses.set_ylim(*_limits(losses))
        self._distances.set_ylim(0, _limits(measured[:, 1:3])[1])


class ComparedPanels:
    """Two planes side by side: on the left a picture that was kept, on the right, the ``plane``, what goes on.

    Over each stand two lines that say what it is. :meth:`show` brings another picture to the left, :meth:`update`
    changes the artists in ``moving``.
    """

    def __init__(self, figure: Figure):
        figure.clear()
        width, height = figure.get_size_inches()
        left, between, bottom = 0.55, 0.65, 0.5
        side = min(height - bottom - 0.55, (width - left - between - 0.15) / 2)
        before, self.plane = (
            add_axes(figure, (left + k * (side + between), bottom, side, side)) for k in range(2)
        )
        self._before, self._artists = PlaneArtists(before), PlaneArtists(self.plane)
        inch, line = _below(before)
        _write_players(before, line - 0.02, 0.5 + 0.22 * inch)  # on both sides of the axis' label
        how: dict[str, Any] = {"va": "bottom", "fontsize": 10}
        self._shown: tuple[Mapping[str, Any], Collection[str]] | None = None
        self._said, self._caption = (write(ax, 0, 1.02, "", **how) for ax in (before, self.plane))
        self.moving: list[Artist] = [*self._artists.moving, self._caption]

    def show(self, caption: str, kept: Mapping[str, Any], hidden: Collection[str] = ()) -> bool:
        """This scene for :meth:`PlaneArtists.update` on the left, but for its ``hidden`` parts, and what it is; whether
        it is another one than before."""
        before, self._shown = self._shown, (kept, hidden)
        if before is not None and before[0] is kept and before[1] == hidden:
            return False
        self._before.update(**{**kept, **dict.fromkeys(hidden)})
        self._said.set_text(caption)
        return True

    def update(self, scene: Mapping[str, Any], caption: str) -> None:
        """Show a scene for :meth:`PlaneArtists.update` on the right, and what it is."""
        self._artists.update(**scene)
        self._caption.set_text(caption)


def thinned(values: np.ndarray, most: int = CURVE_POINTS) -> tuple[np.ndarray, np.ndarray]:
    """At most ``most`` means over equal stretches of values (n, k), and the steps in their middle, counted from 1."""
    n = len(values)
    stretch = max(1, int(np.ceil(n / most)))
    starts = np.arange(0, n, stretch)
    counts = np.minimum(stretch, n - starts)
    means = np.add.reduceat(values, starts, axis=0) / counts[:, None] if n else np.empty((0, values.shape[1]))
    return starts + (counts + 1) / 2, means


def _filled(vectors: np.ndarray) -> np.ndarray:
    """ARROWS rows, those that are missing NaN: a quiver cannot change how many arrows it has."""
    rows = np.full((ARROWS, 2), np.nan)
    rows[: len(vectors)] = vectors
    return rows


def _limits(values: np.ndarray) -> tuple[float, float]:
    """0 and below, 1 and above: the nearest powers of two that hold nearly all of the values."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    low, high = np.quantile(finite, (0.01, 0.99))
    top = 2.0 ** np.clip(np.ceil(np.log2(max(1.05 * high, 1e-9))), 0, 40)
    return (-(2.0 ** np.clip(np.ceil(np.log2(-1.05 * low)), 0, 40)) if low < 0 else 0.0), top
