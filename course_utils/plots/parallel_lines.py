"""Pictures for lesson 2: two parallel lines, who judges them, and which way each distance pushes the second one."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from numpy.typing import ArrayLike

from course_utils.plots import palette
from course_utils.plots.layout import add_axes, number, write

LOG_2 = float(np.log(2))
# fake, cannot tell, real
PLANE = (-2.6, 2.6, -3.2, 3.2)  # x from, to; z from, to
KL_TOP, KL_INFINITE = 4.0, 5.2  # up to where KL is drawn, and where infinity is written
LONGEST_ARROW = 1.5  # units of x; a longer one is cut, and has two heads
SEEN = 0.0005  # a push below this is written as 0.000 and drawn as a dot


def draw_samples(ax: Axes, real: ArrayLike, fake: ArrayLike) -> None:
    """Points of both lines, (n, 2) each, in the plane."""
    for points, color, label in (
        (real, palette.DATA, "$p^*$, data"),
        (fake, palette.GENERATOR, r"$p_\theta$, generator"),
    ):
        ax.plot(*np.transpose(points), ".", color=color, ms=4, label=label)
    ax.set(xlim=PLANE[:2], ylim=PLANE[2:], xlabel="$x$", ylabel="$z$")
    ax.legend(loc="upper left", bbox_to_anchor=(0, 1.02), markerscale=2.5)


class DistanceCurves:
    """KL, JSD and W as functions of theta, one below the other, with a point that shows where theta is.

    ``axes`` are three Axes. Call :meth:`set_curves` when the noise changes and :meth:`set_point` when theta does.
    """

    NAMES: ClassVar = ("KL", "JSD", "W")

    def __init__(self, axes: tuple[Axes, Axes, Axes]):
        kl, jsd, w = axes
        kl.set(
            ylim=(-0.3, KL_INFINITE + 0.5), yticks=(0, 2, 4, KL_INFINITE), yticklabels=("0", "2", "4", "∞")
        )
        jsd.set(ylim=(-0.05, 0.83), yticks=(0, LOG_2), yticklabels=("0", "log 2"))
        w.set(ylim=(-0.15, 2.5), yticks=(0, 1, 2), xlabel=r"$\theta$")
        self._curves: dict[str, Line2D] = {}
        self._holes: dict[str, Line2D] = {}
        self._points: dict[str, Line2D] = {}
        self._numbers: dict[str, Text] = {}
        for name, ax in zip(self.NAMES, axes, strict=True):
            ax.set(xlim=(-2.1, 2.1), xticks=(-2, -1, 0, 1, 2))
            ax.tick_params(labelbottom=ax is w)
            # Every distance is 0 there, also where its curve jumps: then an open circle marks the end of the curve.
            ax.plot(0, 0, "o", color=palette.ACCENT, ms=6)
            (self._curves[name],) = ax.plot([], [], color=palette.ACCENT)
            (self._holes[name],) = ax.plot([], [], "o", color=palette.ACCENT, mfc="white", mew=1.5, ms=6)
            (self._points[name],) = ax.plot(
                [], [], "o", color=palette.GENERATOR, ms=8, zorder=3, clip_on=False
            )
            self._numbers[name] = write(ax, 0.5, 1.0, "", ha="center", va="bottom")
        (self._estimate,) = jsd.plot(
            [], [], "D", color=palette.DISCRIMINATOR, ms=8, mfc="none", mew=2, zorder=4
        )
        (self._spread,) = jsd.plot([], [], color=palette.DISCRIMINATOR, lw=2, zorder=4)
        self.moving: list[Artist] = [*self._curves.values(), *self._holes.values(), *self._points.values()]
        self.moving += [*self._numbers.values(), self._spread, self._estimate]

    def set_curves(self, theta: ArrayLike, distances: Mapping[str, ArrayLike]) -> None:
        """The three curves (n,) over theta (n,). NaN leaves a hole, with an open circle where the curve before it ends;
        infinity is drawn at its own height."""
        theta = np.asarray(theta)
        for name, curve in self._curves.items():
            height = _kl_height(distances[name], hide=True) if name == "KL" else np.asarray(distances[name])
            curve.set_data(theta, height)
            hole = np.flatnonzero(np.isnan(distances[name]))
            self._holes[name].set_data(theta[hole], height[hole - 1])

    def set_point(
        self,
        theta: float,
        distances: Mapping[str, float],
        estimate: float | None = None,
        standard_error: float = 0.0,
    ) -> None:
        """Where theta is, and, if given, which JSD a trained discriminator reports there: a green diamond, and a bar of
        two standard errors to each side."""
        for name, value in distances.items():
            self._points[name].set_data([theta], np.atleast_1d(_kl_height(value) if name == "KL" else value))
            self._numbers[name].set_text(f"{name} = {number(value)}")
        self._estimate.set_data(([], []) if estimate is None else ([theta], [estimate]))
        reach = 2 * standard_error
        bar = ([], []) if estimate is None else ([theta, theta], [estimate - reach, estimate + reach])
        self._spread.set_data(bar)


class LinesPanels:
    """Lesson 2's app: the plane, the pushes on theta, the discriminator across, and the three distances.

    ``figure`` is drawn into for as long as the panels live; nothing but the artists in ``moving`` ever changes. The
    lines stand in the axes ``plane``.
    """

    # Who pushes, and its colour.
    ROWS: ClassVar = {
        "KL": palette.ACCENT,
        "JSD": palette.ACCENT,
        "D": palette.DISCRIMINATOR,
        "−log D": palette.DISCRIMINATOR,
        "W": palette.ACCENT,
    }

    def __init__(self, figure: Figure):
        figure.clear()
        width, height = figure.get_size_inches()
        left, right, split = 0.85, width - 0.15, 0.62 * width
        rows = np.linspace(0.55, height - 0.3, 101)  # in inches from below, by percents

        def place(x0: float, x1: float, low: int, high: int) -> Axes:
            return add_axes(figure, (x0, rows[low], x1 - x0, rows[high] - rows[low]))

        profile = place(left, split, 0, 22)
        self.plane = place(left, split, 26, 63)
        pushes = place(left, split, 65, 100)
        kl, jsd, w = (place(split + 0.75, right, low, low + 26) for low in (73, 36, 0))
        self.curves = DistanceCurves((kl, jsd, w))
        self._make_plane(self.plane)
        self._make_profile(profile)
        self._make_pushes(pushes)
        self.moving: list[Artist] = [self._judged, *self._lines.values(), *self._samples.values()]
        self.moving += [self._best, self._best_label, self._d, *self._marks]
        self.moving += [
            *self._stems.values(),
            *self._heads.values(),
            *self._numbers.values(),
            *self.curves.moving,
        ]

    def _make_plane(self, ax: Axes) -> None:
        self._judged = ax.imshow(
            [[0.5]], extent=PLANE, cmap=palette.JUDGED, vmin=0, vmax=1, aspect="auto", origin="lower",
            interpolation="bilinear",
        )  # fmt: skip
        self._lines: dict[str, Line2D] = {}
        self._samples: dict[str, Line2D] = {}
        for name, color in (("real", palette.DATA), ("fake", palette.GENERATOR)):
            (self._lines[name],) = ax.plot([], [], color=color, lw=1, alpha=0.7)
            (self._samples[name],) = ax.plot([], [], ".", color=color, ms=4)
        ax.set(xlim=PLANE[:2], ylim=PLANE[2:], ylabel="$z$", yticks=(-2, 0, 2))
        ax.tick_params(labelbottom=False)
        ax.grid(visible=False)

    def _make_profile(self, ax: Axes) -> None:
        (self._best,) = ax.plot([], [], color=palette.THEORY, lw=1.4, ls="--")
        self._best_label = write(ax, 0.99, 0.97, "", va="top")
        (self._d,) = ax.plot([], [], color=palette.DISCRIMINATOR)
        self._marks = [
            ax.plot([], [], "o", color=color, ms=7, zorder=3)[0]
            for color in (palette.DATA, palette.GENERATOR)
        ]
        ax.set(xlim=PLANE[:2], ylim=(-0.1, 1.1), yticks=(0, 0.5, 1), xlabel="$x$", ylabel="$D(x, 0)$")

    def _make_pushes(self, ax: Axes) -> None:
        heights = np.arange(len(self.ROWS))[::-1]
        ax.set(xlim=PLANE[:2], ylim=(-0.6, len(self.ROWS) - 0.4), yticks=heights)
        ax.set_yticklabels(self.ROWS)
        ax.tick_params(labelbottom=False, left=False, bottom=False)
        ax.set_title(r"pushes on $\theta$, in units of $x$", fontsize=12, pad=4)
        ax.spines[:].set_visible(False)
        self._heights = dict(zip(self.ROWS, heights, strict=True))
        self._stems: dict[str, Line2D] = {}
        self._heads: dict[str, Line2D] = {}
        self._numbers: dict[str, Text] = {}
        for name, y in self._heights.items():
            color = self.ROWS[name]
            (self._stems[name],) = ax.plot([], [], color=color, lw=2.5, label=f"push of {name}")
            (self._heads[name],) = ax.plot([], [], ls="", color=color, ms=8, mew=0)
            self._numbers[name] = ax.text(0, y, "", va="center", color=palette.text(color))

    def set_lines(self, theta: float, real: ArrayLike, fake: ArrayLike) -> None:
        """Where the lines are, and points (n, 2) of both."""
        for name, x, points in (("real", 0.0, real), ("fake", theta, fake)):
            self._lines[name].set_data([x, x], PLANE[2:])
            self._samples[name].set_data(*np.transpose(points))

    def set_discriminator(
        self,
        surface: ArrayLike,
        x: ArrayLike,
        d: ArrayLike,
        best: ArrayLike | None,
        marks: Sequence[tuple[float, float]] | np.ndarray,
    ) -> None:
        """D on a grid over ``PLANE``, rows are z; and along x (n,) at z = 0, with the best one if it has a formula.

        ``d`` and ``best`` are (n,); ``marks`` are the pairs (place, D) of the two lines, (2, 2).
        """
        self._judged.set_data(surface)
        self._d.set_data(x, d)
        self._best.set_data([] if best is None else x, [] if best is None else best)
        self._best_label.set_text("" if best is None else "dashed: $D^*$")
        if best is not None:  # above the end where both curves are low
            first, *_, last = np.asarray(best)
            right = last <= first
            self._best_label.set(x=0.99 if right else 0.01, ha="right" if right else "left")
        for mark, (place, value) in zip(self._marks, marks, strict=True):
            mark.set_data([place], [value])

    def set_pushes(self, theta: float, pushes: Mapping[str, float]) -> None:
        """Arrows from theta, one for each of ``ROWS``, as long as the push, in units of x. One that is longer than
        ``LONGEST_ARROW`` or leaves the picture is cut and has two heads; its number is whole. NaN means no slope."""
        # The numbers stand where the arrows are not.
        edge, side = (PLANE[0], "left") if theta >= 0 else (PLANE[1], "right")
        for name, y in self._heights.items():
            push = pushes[name]
            words = "no slope" if np.isnan(push) else number(push)
            self._numbers[name].set(text=words, x=edge, ha=side)
            self._draw_arrow(name, theta, push, y)

    def _draw_arrow(self, name: str, theta: float, push: float, y: float) -> None:
        low, high = max(PLANE[0], theta - LONGEST_ARROW), min(PLANE[1], theta + LONGEST_ARROW)
        tip = theta if np.isnan(push) else float(np.clip(theta + push, low, high))
        self._stems[name].set_data([theta, tip], [y, y])
        head = self._heads[name]
        if np.isnan(push):
            head.set_data([], [])
        elif abs(push) < SEEN:
            head.set_marker(".")
            head.set_data([theta], [y])
        else:  # carets to the left and to the right, with their tip at the point, where the number says
            head.set_marker(4 if push < 0 else 5)
            cut = abs(theta + push - tip) > SEEN
            tips = [tip, tip - 0.12 * float(np.sign(push))] if cut else [tip]
            head.set_data(tips, [y] * len(tips))


def _kl_height(value: ArrayLike, hide: bool = False) -> np.ndarray:
    """Infinity at its own height; finite values above the drawn range at its upper end, or hidden."""
    value = np.asarray(value, dtype=float)
    beyond = np.where(hide, np.nan, KL_TOP)
    return np.where(np.isposinf(value), KL_INFINITE, np.where(value > KL_TOP, beyond, value))
