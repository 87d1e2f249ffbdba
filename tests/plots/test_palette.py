"""Words in a palette's colour can be read on white, and keep their hue."""

import colorsys

import matplotlib.colors as mcolors
import pytest

from course_utils.plots import palette

COLOURS = ("DATA", "GENERATOR", "DISCRIMINATOR", "ACCENT", "SECOND", "THIRD", "THEORY", "MUTED")


@pytest.mark.parametrize(("colour", "contrast"), [("#000000", 21.0), ("#ffffff", 1.0), ("#767676", 4.54)])
def test_luminance_gives_the_known_contrasts(colour, contrast):
    """Black and white, and the lightest grey that passes, as WebAIM's checker gives them."""
    assert 1.05 / (palette.luminance(colour) + 0.05) == pytest.approx(contrast, abs=0.01)


@pytest.mark.parametrize("name", COLOURS)
def test_words_can_be_read(name):
    colour = getattr(palette, name)
    words = palette.text(colour)
    assert 1.05 / (palette.luminance(words) + 0.05) >= 4.5
    hue, *_ = colorsys.rgb_to_hsv(*mcolors.to_rgb(words))
    assert hue == pytest.approx(colorsys.rgb_to_hsv(*mcolors.to_rgb(colour))[0], abs=0.02)
    assert palette.text(words) == words
