"""What a figure shows, in words, for who does not see it: computed from the numbers that its artists hold.

:func:`~course_utils.plots.palette.use` calls :func:`install`, after which every figure that a notebook shows has its
description beside its picture, as ``metadata["image/png"]["alt"]``; nbconvert, the site and the page of ``make lab``
(course_utils/labextension) make an ``alt`` of it.
"""

import re
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.quiver import Quiver

KINDS = ("image/png", "image/jpeg")  # of pictures that a notebook stores
PANELS, THINGS = 4, 4  # so many panels are described, and curves or bars in each; the others are counted
SIGNS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "eta": "η", "theta": "θ",
    "lambda": "λ", "mu": "μ", "nu": "ν", "pi": "π", "rho": "ρ", "sigma": "σ", "phi": "φ", "psi": "ψ", "omega": "ω",
    "Delta": "Δ", "Sigma": "Σ", "sum": "Σ", "infty": "∞", "nabla": "∇", "partial": "∂", "cdot": "·", "times": "×",
    "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "approx": "≈", "pm": "±", "to": "→", "log": "log", "exp": "exp",
    "min": "min", "max": "max", "|": "|",
}  # fmt: skip


def describe(figure: Figure) -> str:
    """One or two sentences: how many panels, and of each its name, its axes, and how its curves, bars, points or
    pictures run; computed from the data of the artists."""
    panels = [found for ax in figure.axes if ax.get_visible() and (found := _panel(ax))]
    if not panels:
        return "A figure without data."
    shown, left = panels[:PANELS], len(panels) - PANELS
    more = f"; and {left} more like these" if left > 0 else ""
    kind = "One panel" if len(panels) == 1 else f"{len(panels)} panels"
    title = plain(figure.get_suptitle())
    return f"{title + '. ' if title else ''}{kind}. {'; '.join(shown)}{more}."


def install() -> None:
    """Let every figure that this notebook shows carry its description; without IPython, nothing."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None:
        display = shell.display_formatter
        display.mimebundle_formatter.for_type(Figure, partial(_bundle, display.formatters))


def _bundle(formatters: Any, figure: Figure, **_: object) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """No picture, which others make, but what is to be said beside it, whatever kind of picture that is."""
    kinds = [kind for kind in KINDS if Figure in formatters[kind].type_printers]
    said = {"alt": describe(figure)}
    return {}, {kind: said for kind in kinds}


def plain(text: str) -> str:
    """A label without the signs of TeX: ``$\\theta_0$`` is θ0."""
    text = re.sub(r"\\(?:mathrm|mathbf|mathbb|mathcal|text|operatorname|left|right|,|;|!)", "", text)
    text = re.sub(r"\\([A-Za-z]+|\|)", lambda match: SIGNS.get(match[1], match[1]), text)
    return " ".join(re.sub(r"[${}]|\^(?=\*)|_(?=[\w{])", "", text).split())


def number(value: float) -> str:
    """Three digits, with a real minus sign."""
    text = f"{value:,.0f}" if 1000 <= abs(value) < 1e6 else f"{value + 0.0:.3g}"
    return text.replace("-", "−")


def _panel(ax: Axes) -> str:
    things = [*_bars(ax), *_lines(ax), *_points(ax), *_pictures(ax)] or [*_words(ax)]
    if not things:
        return ""
    name = plain(ax.get_title(loc="left") or ax.get_title() or ax.get_title(loc="right"))
    x, y = plain(ax.get_xlabel()), plain(ax.get_ylabel())
    over = f"{y} over {x}" if x and y else x or y
    head = f"{name} ({over})" if name and over else name or over
    shown, left = things[:THINGS], len(things) - THINGS
    said = ", ".join(shown) + (f" and {left} more" if left > 0 else "")
    return f"{head}: {said}" if head else said


def _label(label: object) -> str:
    text = str(label)
    return "" if text.startswith("_") else plain(text)


def _lines(ax: Axes) -> Iterator[str]:
    nameless = 0
    for line in ax.get_lines():
        x, y = np.ma.filled(np.ma.asarray(line.get_data(), float), np.nan)
        finite = np.isfinite(x) & np.isfinite(y)
        if not line.get_visible() or not finite.any() or line.get_transform() != ax.transData:
            continue  # a guide, in shares of the axes
        name = _label(line.get_label())
        if name:
            yield f"{name} {_runs(x[finite], y[finite], line)}"
        elif finite.sum() > 2:
            nameless += 1
    if nameless:
        yield f"{nameless} unnamed curve{'s' * (nameless > 1)}"


def _runs(x: np.ndarray, y: np.ndarray, line: Line2D) -> str:
    """How a curve goes: from where to where, and its extremes where they lie between."""
    if len(y) == 1:
        return f"at ({number(x[0])}, {number(y[0])})"
    if line.get_linestyle() == "None":
        return f"{len(y)} points with heights from {number(y.min())} to {number(y.max())}"
    low, high, first, last = y.min(), y.max(), y[0], y[-1]
    if high - low <= 1e-9 * max(1.0, abs(high)):
        return f"constant at {number(first)}"
    said = f"from {number(first)} to {number(last)}"
    slack = 0.05 * (high - low)
    if high > max(first, last) + slack:
        said += f", highest {number(high)} at {number(x[y.argmax()])}"
    if low < min(first, last) - slack:
        said += f", lowest {number(low)} at {number(x[y.argmin()])}"
    return said


def _bars(ax: Axes) -> Iterator[str]:
    for bars in ax.containers:
        if not isinstance(bars, BarContainer) or not len(bars.patches):
            continue
        upright = bars.orientation != "horizontal"
        lengths = [p.get_height() if upright else p.get_width() for p in bars.patches]
        axis = ax.xaxis if upright else ax.yaxis
        names = [plain(tick.get_text()) for tick in axis.get_ticklabels()]
        label = _label(bars.get_label())
        head = f"bars of {label}" if label else "bars"
        if len(names) == len(lengths) <= 8 and all(names):
            pairs = zip(names, lengths, strict=True)
            yield f"{head}: " + ", ".join(f"{name} {number(length)}" for name, length in pairs)
        else:
            yield f"{len(lengths)} {head} from {number(min(lengths))} to {number(max(lengths))}"


def _points(ax: Axes) -> Iterator[str]:
    for drawn in ax.collections:
        if not drawn.get_visible():
            continue
        places = np.asarray(drawn.get_offsets(), float)
        if isinstance(drawn, PathCollection) and len(places):
            name, centre = _label(drawn.get_label()), places.mean(axis=0)
            at = f" around ({number(centre[0])}, {number(centre[1])})" if np.isfinite(centre).all() else ""
            yield f"{len(places)} points{' of ' + name if name else ''}{at}"
        elif isinstance(drawn, Quiver):
            yield f"{len(np.atleast_1d(drawn.U))} arrows"
        elif isinstance(drawn, QuadMesh) and drawn.get_array() is not None:
            yield "a coloured field, " + _field(np.ma.compressed(np.ma.asarray(drawn.get_array())))


def _words(ax: Axes) -> Iterator[str]:
    """What stands in a diagram, which holds no numbers."""
    words = [found for text in ax.texts if text.get_visible() and (found := plain(text.get_text()))]
    if words:
        yield "a diagram: " + ", ".join(words)


def _field(values: np.ndarray) -> str:
    return f"values from {number(values.min())} to {number(values.max())}" if len(values) else "no values"


def _pictures(ax: Axes) -> Iterator[str]:
    for image in ax.get_images():
        data = image.get_array()
        if data is None or not image.get_visible():
            continue
        height, width = data.shape[:2]
        if data.ndim == 3:
            yield f"a colour picture of {width} by {height} pixels"
        else:
            yield f"a picture of {width} by {height} pixels, {_field(np.ma.compressed(np.ma.asarray(data)))}"
