"""`make slides`: a deck of about twenty slides for each lesson, in build/slides/, for a hall without a network.

Open build/slides/index.html. A cell's tags choose: `slide` (a slide of its own), `fragment` (joins the slide before),
`notes` (said, not shown), `skip`. Where a lesson has none but skip, a rule does: every section is a slide with its
first paragraphs, and its figures, verdicts and apps stand beside them where there is room, or follow; the rest of its
prose, and how to play with an app, stand in the speaker's notes (key s).
Apps are the players of tools/frames.py. Reveal comes from the package sphinx-revealjs, MathJax from
django-static-mathjax, so that nothing is loaded from anywhere else.
"""

import argparse
import html
import re
import shutil
import sys
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from website import CALL, PLAYER, PLAYER_FILES, PUBLISH, mathjax, picture, title

from course_utils import apps

ROOT = Path(__file__).resolve().parents[1]
TAGS = ("slide", "fragment", "notes", "skip")
WORDS = 75  # on a slide, of prose; what is more goes into the notes
BESIDE, FEW = 45, 3  # words beside a figure, and printed lines
LINES, ROWS = 6, 7  # printed lines of a cell; rows of a table in large letters
ROOM, LINE, FORMULA = 150, 12, 26  # in words: a slide without a figure, a printed line, a formula on its own
WIDE = 80  # letters of a printed line
SHORT = 22  # words that are no slide of their own
MOST = 22  # slides of a deck by rule
ASIDE = {"Your turn"}  # sections that are for the notebook
ANNOUNCES = re.compile(r"[\w:,]$")  # a paragraph that goes on in the next one: a list, or a formula
ANNOUNCED = re.compile(r"[*-] |\d\. |\$\$|\|")
SENTENCE = re.compile(r"^(.*\.)\s+(?=[A-Z])", re.DOTALL)  # all but the last
VERDICT = re.compile(r"^.*: (?:holds|fails|near|far|agrees|differs|undecided)$", re.MULTILINE)
FOLD = re.compile(r"<details>.*?</details>", re.DOTALL)


@dataclass
class Slide:
    """What is shown, as pairs of a kind ("text", "figure", "printed" or "player") and its HTML, and what is said, as
    Markdown."""

    heading: str
    body: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def html(self) -> str:
        said = render("\n\n".join(self.notes))
        notes = f'<aside class="notes">{said}</aside>' if said else ""
        shown = "".join(part for _, part in self.body)
        dense = ' class="dense"' if shown.count("<tr") > ROWS else ""
        return f"<section{dense}>\n<h2>{render_line(self.heading)}</h2>\n{shown}\n{notes}</section>"

    def kinds(self) -> set[str]:
        return {kind for kind, _ in self.body}

    def weight(self) -> float:
        """How much room its text takes, in words; a formula on a line of its own takes that of many."""
        text = "".join(part for kind, part in self.body if kind == "text")
        return len(re.sub(r"<[^>]*>|\\\[.*?\\\]", " ", text, flags=re.DOTALL).split()) + FORMULA * text.count(
            r"\["
        )

    def lines(self) -> int:
        """How many lines are printed on it."""
        return sum(1 + part.count("\n") for kind, part in self.body if kind == "printed")

    def room(self) -> float:
        """What is left of a slide without a figure, in words."""
        printed = (html.unescape(part).split("\n") for kind, part in self.body if kind == "printed")
        return ROOM - self.weight() - LINE * sum(map(rows, printed))


def rows(lines: list[str]) -> int:
    """How many lines these take where long ones go on in the next."""
    return sum(1 + max(0, len(line) - 1) // WIDE for line in lines)


def _math(content: str, options: dict[str, Any]) -> str:
    left, right = (r"\[", r"\]") if options["display_mode"] else (r"\(", r"\)")
    return left + html.escape(content.strip()) + right


_markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
_markdown.use(dollarmath_plugin, renderer=_math, double_inline=True)


def render(text: str) -> str:
    return _markdown.render(text)


def render_line(text: str) -> str:
    return _markdown.renderInline(text)


def tags(cell: nbformat.NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", [])) & set(TAGS)


def sections(source: str) -> list[tuple[str, str]]:
    """The parts of a Markdown cell: (heading or nothing, text). What links to a notebook links to its deck, and the
    words of other links stay."""
    source = re.sub(r"\]\((\w+)\.ipynb\)", r"](\1.html)", source)
    source = re.sub(r"\[([^]]*)\]\(\.\.?/[^)]*\)", r"\1", source)
    parts = re.split(r"^#+ (.+)$", FOLD.sub("", source), flags=re.MULTILINE)
    found = [("", parts[0].strip()), *zip(parts[1::2], map(str.strip, parts[2::2]), strict=True)]
    return [(heading, text) for heading, text in found if heading or text]


def shorten(text: str) -> tuple[str, str]:
    """Whole paragraphs up to WORDS words (at least one, and the list or formula that the last one announces), and the
    rest, with where a lesson stands in the lectures."""
    paragraphs = re.split(r"\n\s*\n", text)
    paragraphs.sort(key=lambda paragraph: paragraph.startswith("**On the slides:**"))
    shown: list[str] = []
    count = 0
    while paragraphs:
        count += len(paragraphs[0].split())
        announced = shown and ANNOUNCES.search(shown[-1]) and ANNOUNCED.match(paragraphs[0])
        if shown and count > (ROOM if announced else WORDS):
            if announced and (others := SENTENCE.match(shown[-1])):  # it announces what is not there
                paragraphs.insert(0, shown[-1][others.end() :])
                shown[-1] = others[1]
            break
        shown.append(paragraphs.pop(0))
    return "\n\n".join(shown), "\n\n".join(paragraphs)


def outputs(cell: nbformat.NotebookNode, heading: str) -> tuple[str, list[str], list[str]]:
    """What a code cell shows: its app, or its pictures and the lines of its verdicts."""
    if called := CALL.findall(cell.source):  # a guess is made in the lesson only
        shown = (PLAYER.format(name=app) for app in dict.fromkeys(called) if app in apps.SHOWN)
        return "".join(shown), [], []
    pictures, lines = [], []
    for output in cell.outputs:
        if found := picture(output):
            kind, encoded, said = found
            said = html.escape(said or f"A figure of “{heading}”.")
            pictures.append(f'<img class="figure" alt="{said}" src="data:{kind};base64,{encoded}">')
        else:
            lines += VERDICT.findall(output.get("text", ""))
    return "", pictures, lines


def choose(notebook: nbformat.NotebookNode) -> list[Slide]:
    """The slides of a lesson: by its tags, or by the rule where it has none but skip."""
    tagged = any(tags(cell) - {"skip"} for cell in notebook.cells)
    slides: list[Slide] = []
    for cell in notebook.cells:
        mine = tags(cell)
        if "skip" in mine or (tagged and not mine):
            continue
        if not slides and ("notes" in mine or cell.cell_type == "code"):
            slides.append(Slide(title(notebook)))
        if "notes" in mine:
            slides[-1].notes.append(cell.source)
        elif cell.cell_type == "markdown":
            tell(slides, cell.source, title(notebook), mine, tagged)
        elif cell.cell_type == "code":
            show(slides, *outputs(cell, slides[-1].heading))
    return slides if tagged else thin(slides)


def tell(slides: list[Slide], source: str, name: str, mine: set[str], tagged: bool) -> None:
    """Put a Markdown cell on slides."""
    for heading, text in sections(source):
        if heading in ASIDE and not tagged:
            slides[-1].notes.append(text)
            continue
        if not slides or (heading and "fragment" not in mine):
            slides.append(Slide(heading or name))
        here = slides[-1]
        if not text:
            continue
        if here.body and not heading and "fragment" not in mine:
            here.notes.append(text)
            continue
        shown, rest = (text, "") if tagged else shorten(text)
        here.body.append(("text", f"<div>{render(shown)}</div>"))
        here.notes += [rest] if rest else []


def show(slides: list[Slide], player: str, pictures: list[str], lines: list[str]) -> None:
    """Put what a code cell shows on slides: beside the text or the figure that it belongs to, where there is room."""
    here = slides[-1]
    if player:
        if here.kinds() == {"text"} and len(slides) > 1:  # how to play is said
            here.notes.insert(0, here.body.pop()[1])
        else:
            slides.append(Slide(here.heading))
        slides[-1].body.append(("player", player))
    lines = lines[:LINES]
    if pictures and lines and here.kinds() == {"text"} and here.weight() > BESIDE and enough(here, lines):
        # the answer beside its question, and the figure follows
        here.body.append(("printed", printed(lines)))
        lines = []
    for shown in pictures:
        here = slides[-1]
        if here.kinds() == {"printed"} and here.lines() <= FEW:
            here.body.insert(0, ("figure", shown))
            continue
        if here.kinds() - {"text"} or here.weight() > BESIDE:
            slides.append(Slide(here.heading))
        slides[-1].body.append(("figure", shown))
    if lines:
        here = slides[-1]
        if "figure" in here.kinds():
            fits = here.lines() + len(lines) <= FEW and here.weight() <= BESIDE / 2
        else:
            fits = here.kinds() <= {"text", "printed"} and enough(here, lines)
        if not fits:
            slides.append(Slide(here.heading))
        slides[-1].body.append(("printed", printed(lines)))


def enough(slide: Slide, lines: list[str]) -> bool:
    """Whether these printed lines have room on a slide without a figure."""
    return LINE * rows(lines) <= slide.room()


def printed(lines: list[str]) -> str:
    return f'<pre class="printed">{html.escape(chr(10).join(lines))}</pre>'


def thin(slides: list[Slide]) -> list[Slide]:
    """At most MOST slides: the first, the last and the apps stay; of the others those of a few words go first, then
    those that only print, then those that talk. What they said moves into the notes of the slide before."""

    def worth(i: int) -> tuple[float, float]:
        kinds, weight = slides[i].kinds(), slides[i].weight()
        kind = 3 if "player" in kinds else 2 if "figure" in kinds else weight >= SHORT
        return (9 if i in (0, len(slides) - 1) else kind), weight

    slides = [slide for slide in slides if slide.body]
    said = [i for i in range(1, len(slides)) if slides[i].kinds() == {"text"} and slides[i].weight() < SHORT]
    kept = sorted(sorted({*range(len(slides))} - {*said}, key=worth, reverse=True)[:MOST])
    for i in sorted(set(range(len(slides))) - set(kept)):
        before = slides[max(k for k in kept if k < i)]
        before.notes += [part for kind, part in slides[i].body if kind != "figure"] + slides[i].notes
    return [slides[i] for i in kept]


def deck(notebook: nbformat.NotebookNode) -> str:
    """A lesson's whole deck as a page."""
    slides = choose(notebook)
    template = (PUBLISH / "deck.html").read_text(encoding="utf-8")
    return template.format(
        title=html.escape(title(notebook)), slides="\n".join(slide.html() for slide in slides)
    )


def reveal() -> Path:
    """Reveal's files, from the package sphinx-revealjs."""
    spec = find_spec("sphinx_revealjs")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("Reveal is missing: pip install sphinx-revealjs, or make slides.")
    return Path(spec.origin).parent / "_static" / "revealjs"


def prepare(target: Path, frames: Path) -> None:
    """All that the decks share."""
    shutil.rmtree(target, ignore_errors=True)
    (target / "mathjax").mkdir(parents=True)
    shutil.copy(mathjax(), target / "mathjax")
    for path in (*PLAYER_FILES, PUBLISH / "deck.css"):
        shutil.copy(path, target)
    for part in ("dist", "plugin/notes"):
        shutil.copytree(reveal() / part, target / "reveal" / part)
    if frames.exists():
        shutil.copytree(frames, target / "frames")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "notebooks", nargs="*", type=Path, default=sorted((ROOT / "notebooks").glob("*.ipynb"))[1:]
    )
    parser.add_argument(
        "--frames", type=Path, default=ROOT / "build/frames", help="where tools/frames.py has put them"
    )
    parser.add_argument("--to", type=Path, default=ROOT / "build/slides")
    arguments = parser.parse_args()
    prepare(arguments.to, arguments.frames)
    rows = []
    for path in arguments.notebooks:
        notebook = nbformat.read(path, as_version=4)
        page = deck(notebook)
        (arguments.to / f"{path.stem}.html").write_text(page, encoding="utf-8")
        rows.append(f'<li><a href="{path.stem}.html">{html.escape(title(notebook))}</a></li>')
        print(f"{path.stem}: {page.count('<section>')} slides")
    index = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Slides</title></head><body><main>'
        f"<h1>Slides</h1><ul>{''.join(rows)}</ul>"
        "<p>Arrow keys go on, s opens the speaker's notes; in a player, n and p go through its states.</p>"
        "</main></body></html>"
    )
    (arguments.to / "index.html").write_text(index, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
