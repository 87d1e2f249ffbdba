"""One look for every figure: readable on a projector, safe for colour-blind eyes.

The palette is Okabe and Ito's (2008), which stays distinguishable under the common kinds of colour
blindness. Each colour has one meaning throughout the course, so that a student learns it once.
"""

from contextlib import AbstractContextManager
from typing import Any

import matplotlib
import numpy as np
from cycler import cycler
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb

DATA = "#0072B2"  # p*, real samples (blue)
GENERATOR = "#D55E00"  # p_G, generated samples (vermilion)
DISCRIMINATOR = "#009E73"  # D, the critic, anything that judges (green)
ACCENT = "#CC79A7"  # the quantity under discussion: a divergence, a distance (purple)
SECOND = "#E69F00"  # a second method beside the first (orange)
THIRD = "#56B4E9"  # a third one (sky blue)
# Ways to step in lesson 4, and nothing else: three olives for plain steps, three violets for those that repair them,
# dark to light. Each has a marker of its own, too.
METHODS = ("#77710A", "#A09A2E", "#BDB748", "#6A4FC8", "#9782DE", "#B9A9EE")
THEORY = "#000000"  # predictions and bounds, dashed
MUTED = "#7F7F7F"  # guides, annotations
FAINT = "#BBBBBB"  # what lies behind: grids, fields of arrows
# Grounds on which a discriminator's or critic's value is drawn: white where it cannot tell.
LIGHT_DATA, LIGHT_GENERATOR = "#A6CEE6", "#F6C6A4"
JUDGED = LinearSegmentedColormap.from_list("judged", [LIGHT_GENERATOR, "white", LIGHT_DATA])
# What a pixel is darker than it was or should be, and what it is brighter; white where it is the same.
CHANGE = LinearSegmentedColormap.from_list("change", [DATA, "white", GENERATOR])

CONTRAST = 4.5  # what WCAG 2.1 asks of text on its ground

STYLE: dict[Any, Any] = {
    "figure.dpi": 100,
    "savefig.dpi": 100,
    "figure.facecolor": "white",
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.labelsize": 12,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "legend.fontsize": 11,
    "legend.frameon": False,
    "lines.linewidth": 2.2,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "axes.prop_cycle": cycler(color=[DATA, GENERATOR, DISCRIMINATOR, ACCENT, SECOND, THIRD, THEORY]),
    "image.cmap": "gray",
    "image.interpolation": "nearest",
}


def luminance(colour: str) -> float:
    """Relative luminance of a colour, 0 (black) to 1 (white); WCAG 2.1."""
    channels = np.array(to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def text(colour: str) -> str:
    """The colour for words on white: the same hue, as much darker as a contrast of 4.5 to 1 needs."""
    for part in np.linspace(1, 0, 101):
        darker = to_hex(part * np.array(to_rgb(colour)))
        if 1.05 / (luminance(darker) + 0.05) >= CONTRAST:
            return darker
    raise AssertionError("black on white has a contrast of 21 to 1")


def use() -> None:
    """Set the course's look for every figure of this notebook, and let each carry its description."""
    from course_utils.plots import describe  # which knows artists, and is not needed to choose a colour

    matplotlib.rcParams.update(STYLE)
    describe.install()


def context() -> AbstractContextManager[None]:
    """The course's look for the artists that are created inside a ``with`` block, and no others. Titles have a fixed
    place: to find a free one takes as long as drawing the ticks."""
    return matplotlib.rc_context({**STYLE, "axes.titley": 1.0})
