"""Pictures of a variational autoencoder: the plane of its latents, what it decodes, and both terms of its bound."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Ellipse, Rectangle
from numpy.typing import ArrayLike

from course_utils.checks import number, numbers, points, positive, whole
from course_utils.datasets.scaling import Scale
from course_utils.plots import palette
from course_utils.plots.images import mosaic
from course_utils.plots.layout import add_axes, framed, outline, roomy, write
from course_utils.plots.layout import number as written

REACH = 3.0  # the plane is shown from -REACH to REACH
LOUPE, TIMES = 0.9, 5  # half the side of a loupe in the plane, and how many times it enlarges
TERMS = ("KL(q‖prior)", "−E log p(x|z), z ∼ q")
TERM_COLORS = (palette.ACCENT, palette.SECOND)


def map_latents(side: int, reach: float = REACH) -> np.ndarray:
    """Latents at the centres of side x side equal squares of [-reach, reach]^2, rows from the top left: float32
    (side^2, 2)."""
    side, reach = whole("side", side), positive("reach", reach)
    axis = reach * ((2 * np.arange(side) + 1) / side - 1)
    return np.column_stack([np.tile(axis, side), np.repeat(axis[::-1], side)]).astype(np.float32)


def draw_map(
    ax: Axes, pictures: ArrayLike, *, reach: float = REACH, scale: Scale | None = "unit", alpha: float = 1.0
) -> AxesImage:
    """What the latents of :func:`map_latents` decode to, (side^2, 28, 28), each at its place; returns the artist.

    Raises
    ------
    ValueError
        for another shape, type or range, or a number of pictures that is no square.
    """
    canvas, reach = _canvas(pictures, scale), positive("reach", reach)
    return ax.imshow(
        canvas, cmap="gray_r", vmin=0, vmax=1, alpha=number("alpha", alpha, "[0, 1]"),
        extent=(-reach, reach, -reach, reach), interpolation="bilinear",
    )  # fmt: skip


def _canvas(pictures: ArrayLike, scale: Scale | None) -> np.ndarray:
    side = round(len(np.asarray(pictures)) ** 0.5) if np.ndim(pictures) else 0
    if side < 1 or side**2 != len(np.asarray(pictures)):
        raise ValueError(f"a map needs side * side pictures; pictures has shape {np.shape(pictures)}.")
    return mosaic(pictures, side, gap=0, scale=scale)


def draw_codes(
    ax: Axes, means: ArrayLike, labels: ArrayLike, size: float = 28.0, color: str = palette.MUTED
) -> list[PathCollection]:
    """Where pictures are encoded, each as its digit, so that no colour has to tell ten classes apart.

    Parameters
    ----------
    means : (n, 2), the posterior means.
    labels : (n,), the digits 0 to 9.
    size, color : of the digits, in points squared; any of matplotlib's colours.

    Raises
    ------
    ValueError
        for other shapes.
    """
    places, digits = points("means", means, dim=2), numbers("labels", labels, "[0, 9]")
    if digits.shape != (len(places),):
        raise ValueError(f"labels has shape {digits.shape}; there are {len(places)} means.")
    size = positive("size", size)
    return [
        ax.scatter(places[own, 0], places[own, 1], marker=outline(digit), s=size, color=color, lw=0)
        for digit in range(10)
        for own in [digits == digit]
    ]


class LatentPanels:
    """Left the plane, with a point to decode and the posterior of one digit; right what both decode to, the two terms
    of the bound, and the bound over a recorded training.

    A posterior is a few pixels wide: a loupe, in the corner that is farthest from it, shows it enlarged.

    :meth:`update` changes the artists in ``moving``; :meth:`show_plane` what lies behind them in ``plane``, of which
    ``ground`` is the map.

    Parameters
    ----------
    steps, nats : (moments,), the recorded training: what its pictures cost, -ELBO, at which step.
    """

    def __init__(self, figure: Figure, steps: ArrayLike, nats: ArrayLike):
        figure.clear()
        steps, nats = np.asarray(steps), np.asarray(nats)
        width, height = figure.get_size_inches()
        side = height - 0.85
        self.plane = add_axes(figure, (0.64, 0.55, side, side))
        self.plane.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xlabel="latent z₁", ylabel="latent z₂")
        self.plane.grid(False)
        blank = np.zeros((1, 28, 28))
        self._map = draw_map(self.plane, blank, alpha=0.7)
        self._codes: list[PathCollection] = []
        self._ellipses = self._add_ellipses()
        (self._point,) = self.plane.plot(
            [], [], "o", ms=13, mfc=palette.GENERATOR, mec="white", mew=2, clip_on=False
        )
        (self._mean,) = self.plane.plot([], [], "+", ms=20, color=palette.DATA, mew=1)
        self._make_loupe()
        self.ground: list[Artist] = [self._map, *self.plane.spines.values()]
        self.moving: list[Artist] = [*self._ellipses, self._mean, *self._loupe, self._point]

        left = 0.64 + side + 0.3
        column = width - left - 0.12
        small, top = (column - 0.24) / 3, height - 0.32
        names = {
            "x": ("digit x", palette.DATA),
            "rebuilt": ("rebuilt", palette.SECOND),
            "decoded": ("at the ●", palette.GENERATOR),
        }
        self._pictures = {}
        frames: list[Artist] = []
        for i, (key, (name, colour)) in enumerate(names.items()):
            ax = add_axes(figure, (left + i * (small + 0.12), top - small, small, small))
            ax.set(xticks=[], yticks=[])
            ax.set_title(name, fontsize=11, color=palette.text(colour))
            frames += framed(ax)
            self._pictures[key] = ax.imshow(blank[0], cmap="gray_r", vmin=0, vmax=1)
            ax.grid(False)
        self._missing = figure.text(
            left / width,
            (top - small / 2) / height,
            "no encoder\nwas recorded",
            va="center",
        )
        self.moving += [*self._pictures.values(), *frames, self._missing]

        below = top - small - 0.1
        self.bars = add_axes(figure, (left, below - 0.78, column, 0.78))
        self.bars.set(xlim=(0, 1), ylim=(-0.05, 2.05))
        self.bars.set_axis_off()
        self._bars = self.bars.barh(
            [1.12, 0.12], [0, 0], 0.34, color=TERM_COLORS, hatch=["", "//"], ec="white", lw=0
        )
        said: dict[str, Any] = {"fontsize": 10.5, "va": "bottom"}
        for y, name in zip((1.36, 0.36), TERMS, strict=True):
            self.bars.text(0, y, name, **said)
        self._said = [self.bars.text(1, y, "", ha="right", **said) for y in (1.36, 0.36)]
        self.moving += [*self._bars, *self._said]

        bottom = 0.55
        self.curve = add_axes(figure, (left + 0.42, bottom, column - 0.42, below - 0.78 - 0.16 - bottom))
        self.curve.set_xscale("symlog", linthresh=10)
        self.curve.set(xlabel="training step", xlim=(0, 1.3 * steps.max()))
        self.curve.set(ylim=(0.9 * nats.min(), 1.08 * nats.max()), xticks=[0, 10, 100, 1000, 10_000])
        self.curve.xaxis.set_major_formatter("{x:,.0f}")
        self.curve.minorticks_off()
        self.curve.tick_params(labelsize=9)
        write(self.curve, 0.98, 0.95, "β = 1: −ELBO, nats", ha="right", va="top", fontsize=10.5)
        self.curve.plot(steps, nats, color=palette.THEORY, lw=1.6, ls="--")
        (self._now,) = self.curve.plot(
            [], [], "o", ms=9, mfc="white", mec=palette.THEORY, mew=2, clip_on=False
        )
        self.moving.append(self._now)

    def _add_ellipses(self) -> list[Ellipse]:
        """For one and two standard deviations."""
        made = [Ellipse((0, 0), 1, 1, fill=False, ec=palette.DATA, lw=1.8, ls=ls) for ls in ("-", "--")]
        for ellipse in made:
            self.plane.add_patch(ellipse)
        return made

    def _make_loupe(self) -> None:
        side = 2 * LOUPE
        self._glass = Rectangle((0, 0), side, side, fc="white", ec=palette.DATA, lw=1, alpha=0.92)
        self.plane.add_patch(self._glass)
        self._large = self._add_ellipses()
        self._times = self.plane.text(
            0, 0, f"×{TIMES}", fontsize=10, color=palette.text(palette.DATA), va="top"
        )
        self._loupe: list[Artist] = [self._glass, *self._large, self._times]

    def _show_loupe(self, mean: np.ndarray, deviations: np.ndarray) -> None:
        left, low = (-REACH if at > 0 else REACH - 2 * LOUPE for at in mean)
        self._glass.set_xy((left, low))
        self._times.set_position((left + 0.08, low + 2 * LOUPE - 0.06))
        for ellipse, times in zip(self._large, (1, 2), strict=True):
            ellipse.set_center((left + LOUPE, low + LOUPE))
            ellipse.set_clip_path(self._glass)  # at its present place
            across, up = 2 * TIMES * times * deviations
            ellipse.set(width=across, height=up)

    def show_plane(
        self, pictures: ArrayLike | None = None, scale: Scale | None = "unit", codes: Any = None
    ) -> None:
        """Behind the point: a map as for :func:`draw_map`, or codes, (means, labels) as for :func:`draw_codes`."""
        for artist in self._codes:
            artist.set_visible(codes is not None)
        self._map.set_visible(pictures is not None)
        if pictures is not None:
            self._map.set_data(_canvas(pictures, scale))
        if codes is not None and not self._codes:
            self._codes = draw_codes(self.plane, *codes)
        elif codes is not None:
            for digit, artist in enumerate(self._codes):
                artist.set_offsets(codes[0][codes[1] == digit])

    def update(
        self,
        z: tuple[float, float],
        q: tuple[ArrayLike, ArrayLike] | None,
        pictures: Mapping[str, ArrayLike],
        terms: tuple[float, float],
        now: tuple[float, float],
    ) -> None:
        """One state: the point z; q, the chosen digit's mean and standard deviation (2,), None where it is not known;
        pictures (28, 28) in [0, 1] by "x", "rebuilt", "decoded", those that there are; what the terms KL and
        -E log p(x|z) cost, in nats; and the moment of the recorded run (step, nats)."""
        for ellipse, times in zip(self._ellipses, (1, 2), strict=True):
            ellipse.set_visible(q is not None)
            if q is not None:
                ellipse.set_center(tuple(np.asarray(q[0], float)))
                across, up = 2 * times * np.asarray(q[1], float)
                ellipse.set(width=across, height=up)
        self._mean.set_data(*([[]] * 2 if q is None else np.reshape(q[0], (2, 1))))
        for artist in self._loupe:
            artist.set_visible(q is not None)
        if q is not None:
            self._show_loupe(*(np.asarray(part, float) for part in q))
        self._point.set_data([z[0]], [z[1]])
        for key, artist in self._pictures.items():
            for part in (artist, artist.axes, *artist.axes.spines.values()):
                part.set_visible(key in pictures)
            if key in pictures:
                artist.set_data(np.asarray(pictures[key]))
        self._missing.set_visible("x" not in pictures)
        top = roomy(sum(terms), 150)
        for bar, text, value in zip(self._bars, self._said, terms, strict=True):
            bar.set_width(value / top)
            text.set_text(f"{written(value, 1)} nats")
        self._now.set_data([now[0]], [now[1]])
