"""What a notebook must be before anybody runs it: executed, clean, small, and readable on the web."""

import re

import nbformat
import pytest

WIDGET = "application/vnd.jupyter.widget-view+json"
MARKER = re.compile(r"NBVAL_\w+|PYTEST_VALIDATE\w+")


def tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def outputs(cells, kind=None):
    return [output for cell in cells for output in cell.outputs if kind in (None, output.output_type)]


def printed(cell) -> list[str]:
    """The lines of text that a cell shows."""
    shown = [
        output.get("text", output.get("data", {}).get("text/plain", ""))
        for output in cell.outputs
        if "image/png" not in output.get("data", {})
    ]
    return "\n".join(shown).splitlines()


def test_is_valid(notebook):
    nbformat.validate(notebook)


def test_was_executed_from_top_to_bottom(code_cells):
    assert [cell.execution_count for cell in code_cells] == list(range(1, len(code_cells) + 1))


def test_shows_no_error_and_no_warning(code_cells):
    assert outputs(code_cells, "error") == []
    assert [o.text for o in outputs(code_cells, "stream") if o.name == "stderr"] == []


def test_is_small(path):
    assert path.stat().st_size < 1_500_000


def test_keeps_no_widget_state(notebook, code_cells):
    assert "widgets" not in notebook.metadata
    assert all(WIDGET not in output.get("data", {}) for output in outputs(code_cells))


def test_apps_are_stored_as_a_picture_and_their_views_are_not_compared(code_cells):
    for cell in code_cells:
        if "_app(" in cell.source:
            assert "nbval-ignore-output" in tags(cell)
            assert any("image/png" in output.get("data", {}) for output in cell.outputs)
            assert "hide-input" in tags(cell)  # before a class, and on the site, its code is folded


def test_code_is_folded_only_where_it_draws(code_cells):
    for cell in code_cells:
        if "hide-input" in tags(cell):
            assert any("image/png" in output.get("data", {}) for output in cell.outputs), cell.id
            assert "claim" not in cell.metadata, cell.id
            assert not re.search(r"\.run\(|\.steps\(|Trainer\(", cell.source), cell.id


def test_nobodys_guesses_are_stored(code_cells):
    for output in outputs(code_cells):
        said = output.get("text", "") + output.get("metadata", {}).get("image/png", {}).get("alt", "")
        assert "your guess" not in said
        assert "you say" not in said


def test_every_picture_says_what_it_shows(code_cells):
    """To who does not see it: computed when it was drawn (plots/describe.py; an app says its status)."""
    for output in outputs(code_cells):
        for kind in ("image/png", "image/jpeg"):
            if kind in output.get("data", {}):
                said = output.metadata.get(kind, {}).get("alt", "")
                assert len(said.split()) >= 6, said  # "A figure without data." says nothing


def test_cells_fit_on_a_projector(code_cells):
    assert max(len(cell.source.splitlines()) for cell in code_cells) <= 25


def test_code_is_no_wider_than_the_window(code_cells):
    """88 characters stand beside a file browser in JupyterLab at 1280 x 720."""
    assert [line for cell in code_cells for line in cell.source.splitlines() if len(line) > 88] == []


def test_printed_lines_do_not_wrap_on_a_projector(code_cells):
    """At the size that a class can read, about 110 characters stand in a line."""
    assert [line for cell in code_cells for line in printed(cell) if len(line) > 110] == []


def test_text_is_read_in_one_breath(notebook):
    """A table is looked up; what remains of a cell is read, and what is behind a fold, too."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            read = re.sub(r"^\|.*?$|\$\$.*?\$\$", "", cell.source, flags=re.DOTALL | re.MULTILINE)
            assert len(read.split()) <= 180, cell.source[:60]


def test_a_lesson_is_one_lesson_long(notebook):
    assert len(notebook.cells) <= 40


def test_no_number_hides_behind_a_bare_truth(code_cells):
    """A verdict stands beside its number and its control."""
    shown = [line for cell in code_cells for line in printed(cell)]
    assert [line for line in shown if re.search(r"\b(True|False)\b", line)] == []


def test_imports_come_from_the_packages_fronts(code_cells, root):
    """Few lines, from rooms and not from the modules in them; see the docstrings of the rooms for what lives where."""
    code = "\n".join(c.source for c in code_cells)
    # an app's cell has its own again
    lines = set(re.findall(r"^from (course_utils\S*) import", code, re.MULTILINE))
    assert len(lines) <= 3, lines
    for name in lines:
        room = root.joinpath(*name.split("."))
        assert room.is_dir() or name.count(".") == 1, name


def test_nbval_markers_stand_alone_on_their_line(code_cells):
    for cell in code_cells:
        for line in cell.source.splitlines():
            if MARKER.search(line):
                assert MARKER.sub("", line).strip() == "#", line


def test_links_to_other_notebooks_lead_somewhere(path, notebook):
    for cell in notebook.cells:
        for target in re.findall(r"\]\(([^)#:]+\.ipynb)\)", cell.source):
            assert (path.parent / target).is_file(), target


def test_a_lesson_has_all_its_parts(path, notebook):
    if path.stem.startswith("00"):
        pytest.skip("the start page is not a lesson")
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    for part in ("**On the slides:**", "The claim:", "## Your turn", "## What to remember", "*Sources:"):
        assert part in text, part


def test_pictures_of_digits_are_real_mnist(code_cells):
    for cell in code_cells:
        if "dataset" in tags(cell):
            assert cell.outputs[0].text.startswith("MNIST: 60,000 handwritten digits")


def test_the_data_set_line_is_not_compared(code_cells):
    """It differs, rightly, between a machine with MNIST and one without."""
    for cell in code_cells:
        if "load_images(" in cell.source:
            assert "nbval-ignore-output" in tags(cell)
