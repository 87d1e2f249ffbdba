"""`python tools/claims.py`: write docs/claims.md, the ledger of every claim and of the cell that decides it.

The register docs/claims.toml has one sentence for each claim. A cell that decides one says so in its metadata,

    "claim": [{"id": ..., "kind": ..., "lecture": ..., "status": ..., "line": ..., "seeds": ...}]

where `line` is how the line of its stored output begins that the ledger quotes, and `seeds` says what was random.
`--check` writes nothing and fails where the page is stale or something does not fit.
"""

import argparse
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import nbformat

from course_utils.files import replacing

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "claims.md"
KINDS = ("theorem", "derivation", "measured", "paper's observation", "slip on a slide")
STATUS = {"proved": "proved", "holds": "holds", "fails": "fails here", "undecided": "undecided here"}
# A line that ends in one of these is a verdict; its number and its control stand before it.
VERDICTS = ("holds", "fails", "near", "far", "agrees", "differs", "undecided")
VERDICT = re.compile(rf": ({'|'.join(VERDICTS)})$")
CHAPTER = re.compile(r"l\d|lesson-\d+[a-z]?")
LECTURES = {
    "l0": "L0, the main lecture: GANs, Wasserstein GANs, neural style transfer",
    "l1": "L1, week 10: Wasserstein distance, WGAN training, CycleGAN",
    "l2": "L2, deep learning, part 3: VAEs, the GAN's game, JSD against EMD",
    "l3": "L3, lecture 10: GAN, WGAN, optimistic mirror descent, BEGAN, adversarial examples",
    "l4": "L4, day 4: GANs, DCGAN, latent arithmetic, conditional GANs",
}


@dataclass(frozen=True)
class Decision:
    """What one cell says about one claim."""

    id: str
    kind: str
    lecture: str
    status: str
    quote: str
    seeds: str
    lesson: str
    cell: int


def printed(cell: nbformat.NotebookNode) -> list[str]:
    """The lines of text that a code cell shows, pictures and tables aside."""
    shown = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            shown += output.text.splitlines()
        elif "image/png" not in output.get("data", {}):
            shown += output.get("data", {}).get("text/plain", "").splitlines()
    return [line.strip() for line in shown]


def read(notebooks: list[Path]) -> tuple[list[Decision], list[str]]:
    """Every decision, and what is wrong, a sentence each."""
    decisions, wrong = [], []
    for path in notebooks:
        for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
            where = f"{path.stem}, cell {number}"
            lines, tags = printed(cell), cell.metadata.get("claim", [])
            if not tags and any(VERDICT.search(line) for line in lines):
                wrong.append(f"{where}: prints a verdict, but has no claim in its metadata.")
            for tag in tags:
                if set(tag) - {"seeds"} != {"id", "kind", "lecture", "status", "line"}:
                    wrong.append(
                        f"{where}: a claim needs id, kind, lecture, status, line; it has {sorted(tag)}."
                    )
                    continue
                if tag["kind"] not in KINDS or tag["status"] not in STATUS:
                    wrong.append(f"{where}: {tag['id']}: kind {tag['kind']!r}, status {tag['status']!r}.")
                    continue
                if tag["kind"] == "slip on a slide" and tag["status"] not in ("proved", "holds"):
                    wrong.append(
                        f"{where}: {tag['id']}: the register says that the slide slips: proved or holds."
                    )
                    continue
                quote = next((line for line in lines if line.startswith(tag["line"].strip())), None)
                if quote is None:
                    wrong.append(f"{where}: {tag['id']}: no line of the output begins {tag['line']!r}.")
                    continue
                said = (tag[name] for name in ("id", "kind", "lecture", "status"))
                decisions.append(Decision(*said, quote, tag.get("seeds", ""), path.name, number))
    return decisions, wrong


def rows(id: str, register: dict, decisions: list[Decision]) -> list[str]:
    """The lines of the page's table for one claim."""
    if id in register["open"]:
        entry = register["open"][id]
        return [
            f"| {entry['says']} <sub>{id}</sub> | {entry['kind']} | open: {entry['why']} | {entry['lecture']} |"
        ]
    lines = []
    for decision in (decision for decision in decisions if decision.id == id):
        seeds = f" ({decision.seeds})" if decision.seeds else ""
        quote = decision.quote.replace("|", "\\|").replace("`", "'")
        cell = f"[{Path(decision.lesson).stem}](../notebooks/{decision.lesson}), cell {decision.cell}"
        lines.append(
            f"| {register['claims'][id]} <sub>{id}</sub> | {decision.kind} "
            f"| {STATUS[decision.status]}{seeds}: `{quote}` | {decision.lecture}; {cell} |"
        )
    return lines


def ledger(register: dict, decisions: list[Decision]) -> tuple[str, list[str]]:
    """The page, and what is wrong: ids that are not registered, claims that nothing decides."""
    claims, undecided = register["claims"], register["open"]
    known = {decision.id for decision in decisions}
    wrong = [f"{id}: not registered in docs/claims.toml." for id in sorted(known - set(claims))]
    wrong += [
        f"{id}: decided by no cell; decide it, or give the reason under [open]."
        for id in claims
        if id not in known
    ]
    wrong += [f"{id}: registered twice." for id in set(claims) & set(undecided)]
    count = {status: sum(decision.status == status for decision in decisions) for status in STATUS}
    page = [
        "# What is claimed, and what came of it",
        "",
        "Written by `python tools/claims.py` from the notebooks' stored outputs and `docs/claims.toml`; do not edit.",
        "Each line quotes what the deciding cell printed: a number beside its control. The status is that of the",
        "claim's sentence: *far* or *differs* at a line's end may be what it says. Of a slip on a slide",
        "the sentence says that the slide slips, *proved* is said of that, and the line tests the slide's words.",
        "",
        f"{len(claims) + len(undecided)} claims, {len(decisions)} decisions: "
        + ", ".join(f"{count[status]} {word}" for status, word in STATUS.items())
        + f"; {len(undecided)} claims are still open.",
    ]
    chapters: dict[str, list[str]] = {}
    for id in sorted((*claims, *undecided)):
        place = CHAPTER.match(id)
        if place is None:
            wrong.append(f"{id}: an id begins with l0 to l4, or lesson-N.")
            continue
        chapters.setdefault(place[0], []).append(id)
    for place in sorted(chapters, key=lambda place: (len(place), place)):  # l0, ..., lesson-1, ..., lesson-12
        page += ["", f"## {LECTURES.get(place, place.replace('-', ' ').capitalize())}", ""]
        page += ["| claim | kind | status | where |", "|---|---|---|---|"]
        for id in chapters[place]:
            page += rows(id, register, decisions)
    return "\n".join(page) + "\n", wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the page is stale")
    options = parser.parse_args()
    decisions, wrong = read(sorted((ROOT / "notebooks").glob("*.ipynb")))
    register = tomllib.loads((ROOT / "docs" / "claims.toml").read_text())
    page, more = ledger(register, decisions)
    if not options.check:
        with replacing(PAGE) as part:
            part.write_text(page, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page:
        more.append("docs/claims.md is stale: run python tools/claims.py.")
    print(*wrong, *more, sep="\n")
    return bool(wrong or more)


if __name__ == "__main__":
    sys.exit(main())
