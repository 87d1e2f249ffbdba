"""One meaning for each colour; words in a colour can be read on white, and keep its hue."""

import ast
import colorsys
import re
from pathlib import Path

import matplotlib.colors as mcolors
import nbformat
import numpy as np
import pytest

from course_utils.plots import games, palette

ROOT = Path(__file__).resolve().parents[2]
COLOURS = ("DATA", "GENERATOR", "DISCRIMINATOR", "ACCENT", "SECOND", "THIRD", "THEORY", "MUTED")


@pytest.mark.parametrize(("colour", "contrast"), [("#000000", 21.0), ("#ffffff", 1.0), ("#767676", 4.54)])
def test_luminance_gives_the_known_contrasts(colour, contrast):
    """Black and white, and the lightest grey that passes, as WebAIM's checker gives them."""
    assert 1.05 / (palette.luminance(colour) + 0.05) == pytest.approx(contrast, abs=0.01)


@pytest.mark.parametrize("colour", [*(getattr(palette, name) for name in COLOURS), *palette.METHODS])
def test_words_can_be_read(colour):
    words = palette.text(colour)
    assert 1.05 / (palette.luminance(words) + 0.05) >= 4.5
    hue, *_ = colorsys.rgb_to_hsv(*mcolors.to_rgb(words))
    assert hue == pytest.approx(colorsys.rgb_to_hsv(*mcolors.to_rgb(colour))[0], abs=0.02)
    assert palette.text(words) == words


# What a label speaks of, and the colours that must say it: one that speaks of two may have either.
WORDS = {
    "DATA": r"p\^\*|\breal\b|\bdata\b",
    "GENERATOR": r"p_G|\bgenerated\b|\bgenerator",
    "DISCRIMINATOR": r"\bcritic|discriminator|^\$?D\b|D\^\*",
    "ACCENT": r"\bJSD\b|\bW\b|distance",
}
# What else these four may say. Nothing else: a method or a loss has SECOND and THIRD, or colours of its own.
MAY = {
    "DATA": r"\bD\(x\)|_real\b|p_star|F_p\b|^x$|digit x|floor|^ring$|^p$|^true$",
    "GENERATOR": r"\bG\b|p_g\b|fake|F_q\b|decoded|at the ●|^end$|VAE|GAN|^q$|^made$|^wrong$|^ink found$",
    "DISCRIMINATOR": r"\bD\b|^d$|judge|^value$|network|^cnn$|between|measured|gradient|penalty|steps$|^best$|"
    r"^share of|^\$k\$$",
    "ACCENT": r"^jsd$|^w1|W1|\bKL\b|modes|entropy|integrand|carried|^stays$|as_asked|asked for$|^seed",
    "SECOND": r"^KL",
    "THIRD": r"^KL",
}


def sources():
    for path in sorted((ROOT / "course_utils").glob("plots/*.py")):
        yield path.name, path.read_text()
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
            if cell.cell_type == "code" and not cell.source.startswith("%"):
                yield f"{path.stem}, cell {number}", cell.source


def named_colours(node):
    """The palette's names in an expression that is a colour, or a tuple or a dict of a line's looks with one."""
    parts = (
        node.elts if isinstance(node, ast.Tuple) else node.values if isinstance(node, ast.Dict) else [node]
    )
    return [part.attr for part in parts if isinstance(part, ast.Attribute) and part.attr in COLOURS]


def coloured_labels(source):
    """Pairs (label, palette name): of calls with both, and of tables and tuples with a label and its colour."""
    for node in ast.walk(ast.parse(source)):
        pairs = []
        if isinstance(node, ast.Call):
            named = {keyword.arg: keyword.value for keyword in node.keywords}
            pairs = [(named.get("label"), named.get("color"))]
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
        elif isinstance(node, ast.Tuple) and node.elts:
            pairs = [(node.elts[0], node)]
        for label, colour in pairs:
            text = isinstance(label, ast.JoinedStr) or isinstance(getattr(label, "value", None), str)
            if text and colour is not None and ast.unparse(label) != "'color'":
                for name in named_colours(colour):
                    yield ast.unparse(label), name


def misused(where, source):
    """What is drawn in a colour that means something else."""
    for label, colour in coloured_labels(source):
        said = label.removeprefix("f").strip("'\"")
        must, may = ({name for name, r in words.items() if re.search(r, said)} for words in (WORDS, MAY))
        if (must or colour in WORDS) and colour not in must | may | {"THEORY"}:
            yield f"{where}: {label} in {colour}, not in {' or '.join(sorted(must)) or 'one that is free'}"


def test_a_colour_has_one_meaning_over_all_lessons():
    """Where a label says what is drawn, its colour is the one that the course gives to that, and to nothing else."""
    pairs = [pair for _, source in sources() for pair in coloured_labels(source)]
    assert [wrong for where, source in sources() for wrong in misused(where, source)] == []
    assert len(pairs) > 40


@pytest.mark.parametrize(
    "source",
    [
        'METHOD_COLORS = {"simultaneous": palette.GENERATOR, "flow": palette.MUTED}',
        'losses = {r"$\\log(1-D)$": (minimax, palette.GENERATOR, "-")}',
        'ax.plot(x, y, color=palette.DATA, label="generated")',
        'curves = {"slope of the JSD": {"color": palette.SECOND, "ls": "-"}}',
    ],
)
def test_a_colour_with_another_meaning_is_found(source):
    """So that the test above can fail: what the lessons once had, and its like."""
    assert len(list(misused("here", source))) == 1


def test_lesson_4s_methods_have_colours_of_their_own():
    """No method is drawn in a colour that means something, and nobody else uses theirs."""
    colours = {name: colour for name, colour in games.METHOD_COLORS.items() if name != "flow"}
    assert sorted(colours.values()) == sorted(palette.METHODS)
    assert {where for where, source in sources() if "palette.METHODS" in source} == {"games.py"}
    named = np.array([mcolors.to_rgb(getattr(palette, name)) for name in COLOURS])
    own = np.array([mcolors.to_rgb(colour) for colour in palette.METHODS])
    assert np.linalg.norm(own[:, None] - named, axis=-1).min() > 0.25


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
