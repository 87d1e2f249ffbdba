"""The ledger of claims: nothing unknown, no verdict without a claim, no stale page."""

import json
import tomllib
from pathlib import Path

import nbformat.v4 as nb
import pytest

ROOT = Path(__file__).resolve().parents[2]
TAG = {"id": "l0-known", "kind": "measured", "lecture": "L0, somewhere", "status": "holds", "line": "W1 ="}
SAID = "W1 = 0.41 (floor 0.28, untrained 1.90): near"


@pytest.fixture(scope="module")
def claims(script_at):
    return script_at("tools/claims.py")


@pytest.fixture
def judged(claims, tmp_path):
    """judged(tags, text, ...): what is wrong with one cell, and the page."""

    def judge(tags, text=SAID, register=None):
        cell = nb.new_code_cell("...", metadata={"claim": tags} if tags else {})
        cell.outputs = [nb.new_output("stream", name="stdout", text=text)]
        path = tmp_path / "01_lesson.ipynb"
        path.write_text(nb.writes(nb.new_notebook(cells=[nb.new_markdown_cell("text"), cell])))
        decisions, wrong = claims.read([path])
        page, more = claims.ledger(register or {"claims": {"l0-known": "It is near."}, "open": {}}, decisions)
        return wrong + more, page

    return judge


def test_the_ledger_is_whole_and_not_stale(claims):
    decisions, wrong = claims.read(sorted((ROOT / "notebooks").glob("*.ipynb")))
    page, more = claims.ledger(tomllib.loads((ROOT / "docs" / "claims.toml").read_text()), decisions)
    assert wrong + more == []
    assert claims.PAGE.read_text() == page, "run python tools/claims.py"


def test_other_seeds_give_the_same_verdicts(claims):
    """Of what a lesson computes from one seed: benchmarks/other_seeds.py ran its cells with two more."""
    stored = json.loads((ROOT / "data" / "measured" / "other_seeds.json").read_text())
    for lesson, rows in stored["lessons"].items():
        decisions, _ = claims.read([ROOT / "notebooks" / f"{lesson}.ipynb"])
        here = [d for d in decisions if d.seeds.startswith("0 here")]
        assert len(rows) == len(here) * len(stored["seeds"]) > 0
        for row in rows:
            (quote,) = (d.quote for d in here if d.id == row["id"] and d.quote.startswith(row["start"]))
            assert claims.VERDICT.search(row["line"])[1] == claims.VERDICT.search(quote)[1], row


def test_the_page_quotes_what_the_cell_printed(judged):
    wrong, page = judged([TAG | {"seeds": "0 to 4"}])
    assert wrong == []
    (line,) = [line for line in page.splitlines() if "l0-known" in line]
    assert "It is near." in line
    assert f"holds (0 to 4): `{SAID}`" in line
    assert "01_lesson.ipynb), cell 1" in line


@pytest.mark.parametrize("word", ["holds", "fails", "near", "far", "agrees", "differs", "undecided"])
def test_a_verdict_needs_a_claim(judged, word):
    (wrong, *_), _ = judged([], f"a number = 1.0 (control 2.0): {word}")
    assert "prints a verdict" in wrong


def test_a_sentence_about_what_holds_is_no_verdict(judged):
    (only,), _ = judged([], "it holds: 3\nwhat holds\nnear: far away")
    assert "decided by no cell" in only


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": "l0-unknown"}, "l0-unknown: not registered"),
        ({"kind": "guess"}, "guess"),
        ({"status": "True"}, "True"),
        ({"kind": "slip on a slide", "status": "fails"}, "the slide slips: proved or holds"),
        ({"line": "W2 ="}, "no line of the output begins 'W2 ='"),
        ({"colour": "red"}, "a claim needs id, kind, lecture, status, line"),
    ],
)
def test_what_does_not_fit_is_said(judged, change, said):
    wrong, _ = judged([TAG | change])
    assert any(said in sentence for sentence in wrong), wrong


def test_what_no_cell_decides_needs_a_reason(judged):
    register = {
        "claims": {"l0-known": "It is near."},
        "open": {"l1-later": {"says": "Later.", "kind": "measured", "lecture": "L1, end", "why": "lesson 9"}},
    }
    wrong, page = judged([TAG], register=register)
    assert wrong == []
    assert "open: lesson 9 | L1, end" in page
    register["claims"]["l2-forgotten"] = "Nobody looked."
    wrong, _ = judged([TAG], register=register)
    assert wrong == ["l2-forgotten: decided by no cell; decide it, or give the reason under [open]."]
