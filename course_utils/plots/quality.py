"""How good generated pictures are, drawn: quantities on logarithmic axes."""

from collections.abc import Mapping
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

CUES = (("-", "o"), ("--", "s"), ("-.", "^"), (":", "D"))  # beside the colour, for who does not see it


def draw_logarithmic(
    ax: Axes, x: ArrayLike, curves: Mapping[str, tuple[ArrayLike, str]], *, log_x: bool = False, **labels: str
) -> None:
    """Positive quantities (n,) against x (n,), each a pair (values, colour) under its name, on a logarithmic axis.

    ``labels`` are those of the axes: ``xlabel``, ``ylabel``, ``title``.
    """
    for (name, (values, color)), (dash, marker) in zip(curves.items(), cycle(CUES), strict=False):
        ax.plot(x, values, ls=dash, marker=marker, ms=4, color=color, label=name)
    ax.set_yscale("log")
    if log_x:
        ax.set_xscale("log", base=2)
        ax.set_xticks(x, [f"{value:,}" for value in np.asarray(x)])
        ax.minorticks_off()
    ax.set(**labels)
    ax.legend(loc="best")
