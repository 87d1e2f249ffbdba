"""Pictures for lesson 12: what each game's best critic says of two densities, and how hard the generator is pulled."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from course_utils.plots import palette
from course_utils.plots.layout import add_axes, draw_guide, write
from course_utils.plots.playground import draw_scene
from course_utils.plots.training import smooth

LINE = (-4.0, 6.0)  # the stretch of x that is shown
PULLS = (1e-4, 1e4)  # from here to there a pull is drawn
LIMIT, FAR = 3.0, 300.0  # of a critic's answers in the picture; how far out of it a line may end
DASHES = ("-", "--", "-.", ":", (0, (5, 1)))
MARKERS = "os^Dv"


def draw_pulls(ax: Axes, noise: ArrayLike, pulls: Mapping[str, ArrayLike]) -> None:
    """How hard each game pulls, (n,) by name, over the noise (n,) that still joins two lines a distance of 1 apart.

    The colour says what becomes of a pull, the marker whose it is. The legend has them by colour, from the top to the
    bottom as they stand at the largest noise."""
    noise = np.asarray(noise, float)
    first, last = np.argmax(noise), np.argmin(noise)
    sizes = {name: np.abs(np.asarray(values, float)) for name, values in pulls.items()}
    for colour, low, high in (
        (palette.SECOND, 10, np.inf),
        (palette.ACCENT, 0.01, 10),
        (palette.MUTED, -1, 0.01),
    ):
        own = [name for name, values in sizes.items() if low < values[last] <= high]
        for i, name in enumerate(sorted(own, key=lambda name: -sizes[name][first])):
            marker, dash = MARKERS[i % len(MARKERS)], DASHES[i % len(DASHES)]
            ax.plot(
                noise, sizes[name].clip(PULLS[0] / 10), color=colour, ls=dash, lw=2, label=name,
                marker=marker, ms=8, mfc="white", mew=2, markevery=(i % len(noise), 5),
            )  # fmt: skip
    ax.set(xscale="log", yscale="log", ylim=PULLS, xlabel="noise $s$ (the lines are 1 apart)")
    ax.set_ylabel("pull, |slope of $G$'s loss in θ|")
    _plain_ticks(ax, (2, 1, 0.5, 0.2, 0.1, 0.05))
    ax.invert_xaxis()
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), handlelength=3.2)


def draw_plane(ax: Axes, scene: Mapping[str, Any]) -> None:
    """A scene of :func:`course_utils.gan.playground.plane.scene` with names: data, generated points, what D says."""
    draw_scene(ax, **scene)
    how = {"va": "top", "fontsize": 10.5, "bbox": {"fc": "white", "ec": "none", "alpha": 0.8, "pad": 1}}
    write(ax, 0.02, 0.98, "● real", color=palette.text(palette.DATA), **how)
    write(ax, 0.22, 0.98, "▲ generated", color=palette.text(palette.GENERATOR), **how)


def draw_thermostat(ax: Axes, ratio: ArrayLike, balance: ArrayLike, gamma: float, window: int = 25) -> None:
    """L(G) / L(x), smoothed, and BEGAN's k, (steps,) each, with gamma as a guide."""
    steps = np.arange(1, len(np.asarray(ratio)) + 1)
    ax.plot(steps, smooth(ratio, window), color=palette.GENERATOR, ls="--", label="$L(G)/L(x)$")
    ax.plot(steps, np.asarray(balance), color=palette.DISCRIMINATOR, label="$k$")
    draw_guide(ax, gamma, "γ")
    ax.set(xlabel="training step", ylabel="ratio; k", ylim=(0, 1.1), title="The thermostat")
    ax.legend(loc="upper right")


def draw_settling(ax: Axes, ratios: Mapping[str, Sequence[ArrayLike]], gamma: float, every: int = 50) -> None:
    """L(G) / L(x) over the training, means over ``every`` steps, a line for each seed (n,) of each setting; gamma as a
    guide, with a tenth to both sides."""
    looks = ((palette.GENERATOR, "-"), (palette.SECOND, "--"), (palette.THIRD, ":"))
    for (name, seeds), (colour, dash) in zip(ratios.items(), looks, strict=False):
        for i, values in enumerate(seeds):
            steps = every * np.arange(1, len(np.asarray(values)) + 1)
            ax.plot(steps, values, color=colour, ls=dash, lw=1.5, label=None if i else name)
    ax.axhspan(0.9 * gamma, 1.1 * gamma, color=palette.FAINT, alpha=0.4, lw=0)
    draw_guide(ax, gamma, "γ")
    ax.set(xlabel="training step", ylabel="$L(G)/L(x)$", ylim=(0, None))
    ax.legend(loc="lower right")


def draw_trade(
    ax: Axes, points: Mapping[str, tuple[ArrayLike, ArrayLike]], joined: Collection[str] = ()
) -> None:
    """Perception over distortion: of each way its PSNR and Fréchet distance, (seeds,) each; the means of those named
    in ``joined``, which differ in one weight, are joined by a line."""
    middle = []
    for (name, (decibels, distances)), marker in zip(points.items(), "sovD^P", strict=False):
        where = np.asarray(decibels, float).mean(), np.asarray(distances, float).mean()
        ax.plot(decibels, distances, marker, color=palette.SECOND, ms=8, ls="none")
        beside, how = (12, 5), "baseline"
        if name in joined:  # the line leaves upwards
            middle.append(where)
            beside, how = (24, -5), "center"
        ax.annotate(name, where, xytext=beside, textcoords="offset points", fontsize=10, va=how)
    if middle:
        ax.plot(*np.transpose(middle), color=palette.MUTED, lw=1, zorder=0)
    ax.margins(x=0.3, y=0.15)
    ax.set(xlabel="PSNR (dB): nearer to the original →", ylabel="Fréchet distance", yscale="log")
    ticks = (20, 50, 100)
    ax.set_yticks(ticks, [str(tick) for tick in ticks])
    ax.minorticks_off()


def _plain_ticks(ax: Axes, ticks: tuple[float, ...]) -> None:
    """A logarithmic x axis with these numbers, written as they are said."""
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()


class FamilyPanels:
    """Two densities, the best critic and what G pays, and the pull over the distance: made once, then moved.

    The figure's axes ``densities`` show where the generated line stands, and it can be dragged there.
    """

    def __init__(self, figure: Figure):
        figure.clear()
        width, height = figure.get_size_inches()
        left, wide = 0.75, 0.5 * (width - 2.1)
        low = (height - 1.35) / 2
        self.densities = add_axes(figure, (left, 0.9 + low, wide, low))
        self._critic = add_axes(figure, (left, 0.55, wide, low))
        self._pull = add_axes(figure, (left + wide + 0.95, 0.55, wide, 2 * low + 0.35))
        self.densities.set(xlim=LINE, ylabel="density", yticks=[])
        self.densities.tick_params(labelbottom=False)
        self._critic.set(xlim=LINE, ylim=(-LIMIT, LIMIT), xlabel="$x$", ylabel="answer, loss")
        self._pull.set(xscale="log", yscale="log", xlabel="distance θ", ylim=PULLS)
        self._pull.set_ylabel("pull on θ (dashed: $W$)")
        _plain_ticks(self._pull, (0.1, 0.2, 0.5, 1, 2, 5))
        colours = {"p": palette.DATA, "q": palette.GENERATOR, "best": palette.DISCRIMINATOR}
        self._lines: dict[str, Line2D] = {}
        for ax, name, label, dash, x in (
            (self.densities, "p", "$p^*$", "-", 0.02),
            (self.densities, "q", "$p_G$", (0, (5, 1)), 0.16),
            (self._critic, "best", "best critic", "-", 0.02),
            (self._critic, "paid", "what $G$ pays", "--", 0.5),
        ):
            colour = colours.get(name, palette.GENERATOR)
            (self._lines[name],) = ax.plot([], [], color=colour, ls=dash)
            write(ax, x, 1.02, label, color=palette.text(colour), va="bottom")
        (self._others,) = self._pull.plot([], [], color=palette.THEORY, ls="--", lw=1.4)
        (self._curve,) = self._pull.plot([], [], color=palette.ACCENT)
        (self._now,) = self._pull.plot([], [], "o", color=palette.GENERATOR, ms=9, clip_on=False)
        self._name = write(self._pull, 0.02, 1.01, "", color=palette.text(palette.ACCENT), va="bottom")
        self.moving: list[Artist] = [*self._lines.values(), self._others, self._curve, self._now, self._name]

    def update(
        self,
        name: str,
        x: np.ndarray,
        densities: tuple[np.ndarray, np.ndarray],
        critic: np.ndarray,
        paid: np.ndarray,
        distances: np.ndarray,
        pulls: np.ndarray,
        now: tuple[float, float],
    ) -> None:
        """One state: densities, the best critic and what G pays for a sample, (n,) over x (n,); pulls (m,) over
        distances (m,), and the present one (distance, pull). Losses are shown less their mean over p_G."""
        top = max(density.max() for density in densities)
        for key, density in zip(("p", "q"), densities, strict=True):
            self._lines[key].set_data(x, density / top)
        self.densities.set_ylim(0, 1.08)
        paid = np.where(np.isfinite(paid), paid, np.nan)
        paid = paid - np.nansum(densities[1] * paid) / densities[1].sum()
        self._lines["best"].set_data(x, np.clip(critic, -FAR, FAR))
        self._lines["paid"].set_data(x, np.clip(paid, -FAR, FAR))
        self._pull.set_xlim(distances[0], distances[-1])
        self._curve.set_data(distances, np.abs(pulls).clip(PULLS[0] / 10))
        self._others.set_data(distances[[0, -1]], [1, 1])
        self._now.set_data([now[0]], [np.clip(abs(now[1]), *PULLS)])
        self._name.set_text(name)
