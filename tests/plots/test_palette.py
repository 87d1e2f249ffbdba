"""One meaning for each colour; words in a colour can be read on white, and keep its hue."""

import ast
import colorsys
import re
from pathlib import Path

import matplotlib.colors as mcolors
import nbformat
import pytest

from course_utils.plots import palette

ROOT = Path(__file__).resolve().parents[2]
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


# What a label speaks of, and the colours that may say it. One that speaks of two may have either.
WORDS = {
    "DATA": r"p\^\*|\breal\b|\bdata\b",
    "GENERATOR": r"p_G|\bgenerated\b|\bgenerator",
    "DISCRIMINATOR": r"\bcritic|discriminator|^\$?D\b|D\^\*",
    "ACCENT": r"\bJSD\b|\bW\b|distance",
}


def sources():
    for path in sorted((ROOT / "course_utils").glob("plots/*.py")):
        yield path.name, path.read_text()
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
            if cell.cell_type == "code" and not cell.source.startswith("%"):
                yield f"{path.stem}, cell {number}", cell.source


def coloured_labels(source):
    """Pairs (label, palette name): of calls with both, and of tables {label: palette.NAME}."""
    for node in ast.walk(ast.parse(source)):
        pairs = []
        if isinstance(node, ast.Call):
            named = {keyword.arg: keyword.value for keyword in node.keywords}
            pairs = [(named.get("label"), named.get("color"))]
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
        for label, colour in pairs:
            if isinstance(label, (ast.Constant, ast.JoinedStr)) and isinstance(colour, ast.Attribute):
                yield ast.unparse(label), colour.attr


def test_a_colour_has_one_meaning_over_all_lessons():
    """Where a label says what is drawn, its colour is the one that the course gives to that."""
    wrong, seen = [], 0
    for where, source in sources():
        for label, colour in coloured_labels(source):
            allowed = {name for name, words in WORDS.items() if re.search(words, label)}
            seen += bool(allowed)
            if allowed and colour in COLOURS and colour not in allowed | {"THEORY"}:
                wrong.append(f"{where}: {label} in {colour}, not in {' or '.join(sorted(allowed))}")
    assert wrong == []
    assert seen > 10


def test_colours_come_from_the_palette():
    wrong = [
        f"{where}: {node.value!r}"
        for where, source in sources()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and where != "palette.py"
        and re.fullmatch(r"#[0-9a-fA-F]{6}|C\d|tab:\w+", node.value)
    ]
    assert wrong == []
