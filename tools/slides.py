"""`make slides`: a deck of about twenty slides for each lesson, in build/slides/, for a hall without a network.

Open build/slides/index.html. A cell's tags choose: `slide` (a slide of its own), `fragment` (joins the slide before),
`notes` (said, not shown), `skip`. Where a lesson has none, a rule does: every section is a slide with its first
paragraphs, followed by its figures, verdicts and apps; the rest of its prose stands in the speaker's notes (key s).
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
from website import CALL, PLAYER, PLAYER_FILES, PUBLISH, mathjax, title

from course_utils import apps

ROOT = Path(__file__).resolve().parents[1]
TAGS = ("slide", "fragment", "notes", "skip")
WORDS = 75  # on a slide, of prose; what is more goes into the notes
MOST = 22  # slides of a deck by rule
VERDICT = re.compile(r"^.*: (?:holds|fails|near|far|agrees|differs|undecided)$", re.MULTILINE)
FOLD = re.compile(r"<details>.*?</details>", re.DOTALL)


@dataclass
class Slide:
    """What is shown, as HTML, and what is said, as Markdown."""

    heading: str
    body: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def html(self) -> str:
        said = render("\n\n".join(self.notes))
        notes = f'<aside class="notes">{said}</aside>' if said else ""
        return f"<section>\n<h2>{render_line(self.heading)}</h2>\n{''.join(self.body)}\n{notes}</section>"


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
    return [("", parts[0].strip()), *zip(parts[1::2], map(str.strip, parts[2::2]), strict=True)]


def shorten(text: str) -> tuple[str, str]:
    """Whole paragraphs up to WORDS words (at least one), and the rest."""
    paragraphs = re.split(r"\n\s*\n", text)
    shown, count = [], 0
    for paragraph in paragraphs:
        count += len(paragraph.split())
        if shown and count > WORDS:
            break
        shown.append(paragraph)
    return "\n\n".join(shown), "\n\n".join(paragraphs[len(shown) :])


def outputs(cell: nbformat.NotebookNode, heading: str, count: int) -> tuple[list[str], list[str]]:
    """What a code cell shows: its pictures or its app, and the lines of its verdicts."""
    called = [app for app in CALL.findall(cell.source) if app in apps.SHOWN]
    if called:
        return [PLAYER.format(name=app) for app in dict.fromkeys(called)], []
    pictures, lines = [], []
    for output in cell.outputs:
        if png := output.get("data", {}).get("image/png"):
            said = output.get("metadata", {}).get("image/png", {}).get("alt") or f"A figure of “{heading}”."
            source = f"data:image/png;base64,{png.replace(chr(10), '')}"
            pictures.append(f'<img class="figure" alt="{html.escape(said)}" src="{source}">')
        else:
            lines += VERDICT.findall(output.get("text", ""))
    return pictures, lines


def choose(notebook: nbformat.NotebookNode) -> list[Slide]:
    """The slides of a lesson: by its tags, or by the rule where it has none."""
    tagged = any(tags(cell) for cell in notebook.cells)
    slides: list[Slide] = []
    for cell in notebook.cells:
        mine = tags(cell)
        if "skip" in mine or (tagged and not mine):
            continue
        here = slides[-1] if slides else Slide(title(notebook))
        if "notes" in mine:
            here.notes.append(cell.source)
        elif cell.cell_type == "markdown":
            for heading, text in sections(cell.source):
                if not heading and not text:
                    continue
                if heading and ("fragment" not in mine):
                    slides.append(Slide(heading))
                elif not slides:
                    slides.append(here)
                here = slides[-1]
                if here.body and not heading and "fragment" not in mine:
                    here.notes.append(text)
                    continue
                shown, rest = (text, "") if tagged else shorten(text)
                here.body.append(render(shown))
                here.notes += [rest] if rest else []
        elif cell.cell_type == "code":
            pictures, lines = outputs(cell, here.heading, len(slides))
            for picture in pictures:
                slides.append(Slide(here.heading, [picture]))
            if lines:
                printed = f'<pre class="printed">{html.escape(chr(10).join(lines[:6]))}</pre>'
                words = len(re.sub(r"<[^>]*>", " ", "".join(here.body)).split())
                if pictures or words > WORDS or len(lines) > 2:
                    slides.append(Slide(here.heading, [printed]))
                else:
                    here.body.append(printed)
    return slides if tagged else thin(slides)


def thin(slides: list[Slide]) -> list[Slide]:
    """At most MOST slides: the first, the last and the apps stay; of the others those that only print go first, then
    those that only talk. What they said moves into the notes of the slide before."""
    rank = {"player": 3, "figure": 2, "printed": 0}

    def worth(i: int) -> tuple[int, int]:
        body = "".join(slides[i].body)
        kind = next(
            (value for word, value in rank.items() if f'class="{word}' in body or f"course-{word}" in body), 1
        )
        return (9 if i in (0, len(slides) - 1) else kind), -i

    kept = sorted(sorted(range(len(slides)), key=worth, reverse=True)[:MOST])
    for i in set(range(len(slides))) - set(kept):
        before = max(k for k in kept if k < i)
        slides[before].notes += slides[i].notes
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
