"""Pictures for lesson 11b: a picture, its translation and its return; matchings in the plane."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from course_utils.checks import numbers, points
from course_utils.datasets import SIDE
from course_utils.plots import palette
from course_utils.plots.layout import add_axes, framed, write


def as_image(picture: ArrayLike) -> np.ndarray:
    """A picture (c, h, w) in [-1, 1], c = 1 or 3, as (h, w, 3) in [0, 1], the way matplotlib wants it."""
    found = (np.asarray(picture, float).clip(-1, 1) + 1) / 2
    if found.ndim != 3 or found.shape[0] not in (1, 3):
        raise ValueError(f"picture has shape {found.shape}; it must be (1, h, w) or (3, h, w).")
    return np.repeat(found, 3 // found.shape[0], axis=0).transpose(1, 2, 0)


def draw_rows(ax: Axes, rows: Mapping[str, ArrayLike], title: str = "") -> None:
    """Pictures (n, c, h, w) in [-1, 1], one row under the other in one image, the name of each row beside it."""
    gap, lines = 2, []
    for pictures in rows.values():
        images = [as_image(each) for each in np.asarray(pictures)]
        pad = np.full((images[0].shape[0], gap, 3), 0.45)
        lines.append(np.concatenate([part for image in images for part in (image, pad)][:-1], axis=1))
    pad = np.full((gap, lines[0].shape[1], 3), 0.45)
    ax.imshow(np.concatenate([part for line in lines for part in (line, pad)][:-1]), interpolation="nearest")
    height = lines[0].shape[0]
    ax.set(xticks=[], yticks=[height / 2 + i * (height + gap) for i in range(len(lines))], title=title)
    ax.set_yticklabels(list(rows))
    ax.tick_params(length=0)
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def draw_matching(
    ax: Axes, x: ArrayLike, y: ArrayLike, starts: ArrayLike, ends: ArrayLike, title: str = ""
) -> None:
    """Two clouds of the plane, (n, 2) and (m, 2), and an arrow from each start (k, 2) to its end (k, 2)."""
    x, y, starts, ends = (
        points(n, v, dim=2) for n, v in (("x", x), ("y", y), ("starts", starts), ("ends", ends))
    )
    ax.scatter(x[:, 0], x[:, 1], s=5, color=palette.DATA, alpha=0.5, lw=0, label="x")
    ax.scatter(y[:, 0], y[:, 1], s=9, color=palette.SECOND, alpha=0.5, marker="x", lw=0.6, label="y")
    for a, b in zip(starts, ends, strict=True):
        ax.annotate("", b, a, arrowprops={"arrowstyle": "->", "lw": 1.8, "color": palette.GENERATOR})
    ax.set(xticks=[], yticks=[], aspect="equal")
    ax.set_title(title, fontsize=11)
    ax.grid(visible=False)


def draw_costs(ax: Axes, found: Mapping[str, ArrayLike], costs: ArrayLike) -> None:
    """How costly the learnt matchings are: for each way a dot for each seed (NaN: no matching, at the right end), over
    ticks at the ``costs`` that matchings can have."""
    possible = np.unique(numbers("costs", costs).round(6))
    for cost in possible:
        ax.axvline(cost, color=palette.FAINT, lw=1, zorder=0)
    ax.axvline(possible[0], color=palette.THEORY, ls="--", lw=1.4, zorder=0)
    none = possible[-1] + (possible[-1] - possible[0]) * 0.12
    looks = ((palette.GENERATOR, "o"), (palette.SECOND, "D"), (palette.THIRD, "s"), (palette.MUTED, "v"))
    for row, ((name, values), (colour, marker)) in enumerate(zip(found.items(), looks, strict=False)):
        values = np.asarray(values, float)
        at = np.where(np.isnan(values), none, values)
        order = np.argsort(at, kind="stable")
        place = np.zeros(len(at))
        count: dict[float, int] = {}
        for i in order:
            key = round(float(at[i]), 3)
            place[i] = count.get(key, 0)
            count[key] = place[i] + 1
        ax.scatter(
            at,
            -row + 0.3 - 0.07 * place,
            s=26,
            color=colour,
            marker=marker,
            edgecolor="white",
            lw=0.4,
            label=name,
        )
    ax.set(
        yticks=[-i for i in range(len(found))], ylim=(-len(found) + 0.35, 0.55), xlabel="cost of the matching"
    )
    ax.set_yticklabels(list(found))
    ticks: list[float] = []
    for cost in possible:
        if not ticks or cost - ticks[-1] > 0.12 * (none - possible[0]):
            ticks.append(float(cost))
    ax.set_xticks([*ticks, none], [*(f"{tick:.2f}" for tick in ticks), "none"])
    ax.grid(visible=False)


class TranslationPanels:
    """x, G(x) and what F makes of it; under them the true partner and both errors; beside them the meter.

    :meth:`update` changes the artists in ``moving``.
    """

    def __init__(self, figure: Figure):
        figure.clear()
        width, height = figure.get_size_inches()
        side = (height - 0.95) / 2
        names = (
            ("x", "x", palette.DATA), ("made", "G(x)", palette.GENERATOR), ("back", "F( · )", palette.SECOND),
            ("true", "true partner T(x)", palette.DATA), ("wrong", "G(x) − T(x)", palette.GENERATOR),
            ("lost", "F( · ) − x", palette.SECOND),
        )  # fmt: skip
        self._images, self._titles = {}, {}
        frames: list[Artist] = []
        for i, (key, name, colour) in enumerate(names):
            column, row = i % 3, i // 3
            left, bottom = 0.15 + column * (side + 0.2), (1 - row) * (side + 0.42) + 0.1
            ax = add_axes(figure, (left, bottom, side, side))
            how: dict[str, Any] = {"vmin": 0, "vmax": 1}
            if key in ("wrong", "lost"):
                how = {"cmap": palette.CHANGE, "vmin": -1, "vmax": 1}
            self._images[key] = ax.imshow(np.zeros((SIDE, SIDE)), **how)
            ax.set(xticks=[], yticks=[])
            ax.grid(visible=False)
            frames += framed(ax)
            self._titles[key] = ax.set_title(name, fontsize=11, color=palette.text(colour))
        left = 0.15 + 3 * (side + 0.2) + 0.4
        self.meter = add_axes(figure, (left, 1.05, width - left - 0.15, height - 1.65))
        self.meter.set(xlim=(0, 3), ylim=(0, 1.05), xticks=[], yticks=(0, 0.5, 1))
        self.meter.set_title("F finds again", fontsize=11)
        self._bars = self.meter.bar(
            [0.75, 2.25],
            [0, 0],
            0.9,
            color=[palette.ACCENT, palette.FAINT],
            hatch=["", "//"],
            edgecolor="white",
        )
        self._heights = [
            self.meter.text(x, 0, "", ha="center", va="bottom", fontsize=11) for x in (0.75, 2.25)
        ]
        self._names = [
            self.meter.text(x, -0.03, name, ha="center", va="top", fontsize=10)
            for x, name in ((0.75, ""), (2.25, "from\nT(x)"))
        ]
        under = -0.03 - 0.45 / (height - 1.65)  # the names' two lines, in inches at every scale
        self._said = write(self.meter, 0.5, under, "", ha="center", va="top", fontsize=10)
        titles = [self._titles[key] for key in ("back", "wrong", "lost")]
        self.moving: list[Artist] = [
            *self._images.values(), *frames, *titles, *self._bars, self.meter.spines["bottom"],
            *self._heights, *self._names, self._said,
        ]  # fmt: skip

    def update(
        self, pictures: Mapping[str, ArrayLike], fed: str, gain: float, shares: tuple[float, float], said: str
    ) -> None:
        """One state.

        Parameters
        ----------
        pictures : (c, h, w) in [-1, 1] by "x", "made", "true", "back".
        fed : what F is given, in words; it stands over F's picture and under the meter's first bar.
        gain : by which the differences are multiplied.
        shares : of what is in x and not in T(x): found again from what F is fed, and from the true partner.
        said : under the meter.
        """
        for key in ("x", "made", "true", "back"):
            self._images[key].set_data(as_image(pictures[key]))
        for key, one, other in (("wrong", "made", "true"), ("lost", "back", "x")):
            difference = (np.asarray(pictures[one], float) - np.asarray(pictures[other], float)).mean(0) / 2
            self._images[key].set_data(gain * difference)
        times = f", × {gain:g}" if gain != 1 else ""
        self._titles["back"].set_text(f"F fed with {fed}")
        self._titles["wrong"].set_text(f"G(x) − T(x){times}")
        self._titles["lost"].set_text(f"F's picture − x{times}")
        for bar, text, share in zip(self._bars, self._heights, shares, strict=True):
            shown = min(max(share, 0.0), 1.0)
            bar.set_height(shown)
            text.set_y(shown + 0.01)
            text.set_text(f"{share:.0%}" if share >= 0 else "none")
        self._names[0].set_text(f"from\n{fed}")
        self._said.set_text(said)
