"""`make student`: a copy of the course for a class, in build/student/, without outputs, solutions and answers.

Every file that git knows goes along, but for the tests and the CI. In the notebooks all outputs are gone, the folds
whose summary begins with "Answer" or "A solution" are cut out, and what stands for a task's answer (`def my_jsd`,
`my_rate = ...`) or for a guess is three dots again, also where the instructor has tried it. A `.git` in the copy is
kept: commit there and push, and the class pulls (docs/students.md).
"""

import argparse
import ast
import re
import shutil
import subprocess
from pathlib import Path

import nbformat

from course_utils import exercises
from course_utils.files import replacing

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = ("tests/", ".ci/", ".github/", ".pre-commit-config.yaml")
FOLD = re.compile(r"<details><summary>(?:Answer|A solution)[^<]*</summary>.*?</details>\n*", re.DOTALL)
DOTS = "...  # your answer here"


def reset(source: str, names: set[str]) -> str:
    """A cell's code, with three dots for the answers of these names and for the guesses in predict()."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # IPython's own lines: no cell with tasks has any
        return source
    lines, cuts = source.split("\n"), []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in names:
            first = node.body[0]
            cuts.append((first.lineno, first.col_offset, node.end_lineno, None, f"return {DOTS}"))
    for node in ast.walk(tree):
        value = answer_of(node, names)
        if value is not None:
            cuts.append((value.lineno, value.col_offset, value.end_lineno, value.end_col_offset, "..."))
    for row, column, end_row, end_column, text in sorted(cuts, reverse=True):
        rest = "" if end_column is None else lines[end_row - 1].encode()[end_column:].decode()
        lines[row - 1 : end_row] = [lines[row - 1].encode()[:column].decode() + text + rest]
    return "\n".join(lines)


def answer_of(node: ast.AST, names: set[str]) -> ast.expr | None:
    """The expression that an answer or a guess stands in."""
    if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) in names:
        return node.value
    if not isinstance(node, ast.Call) or ast.unparse(node.func).split(".")[-1] != "predict":
        return None
    if not node.args or not isinstance(getattr(node.args[0], "value", None), str):
        return None  # another function of that name: a guess begins with the number of its question
    named = (each.value for each in node.keywords if each.arg == "guess")
    return node.args[1] if len(node.args) > 1 else next(named, None)


def strip(notebook: nbformat.NotebookNode, names: set[str]) -> None:
    """Take outputs, solutions and answers out of a notebook."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            cell.source = reset(cell.source, names)
        else:
            cell.source = FOLD.sub("", cell.source).rstrip()
    notebook.cells = [cell for cell in notebook.cells if cell.source]


def make_copy(root: Path, target: Path) -> int:
    """Write the copy, and say how many notebooks it has.

    Raises
    ------
    FileExistsError
        when the folder is no copy: all that is in it would be lost.
    """
    if root.resolve().is_relative_to(target.resolve()) or (
        target.exists() and any(target.iterdir()) and not (target / "notebooks").is_dir()
    ):
        raise FileExistsError(
            f"{target} has other things in it, which a copy would replace: name another folder."
        )
    known = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True
    ).stdout
    files = [name for name in known.split("\0") if name and not name.startswith(LEFT_OUT)]
    names = {task.name for task in exercises.TASKS.values()}
    target.mkdir(parents=True, exist_ok=True)
    for old in target.iterdir():
        if old.name != ".git":
            shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
    count = 0
    for name in files:
        source, goal = root / name, target / name
        if not source.exists():
            continue
        goal.parent.mkdir(parents=True, exist_ok=True)
        if goal.suffix == ".ipynb":
            notebook = nbformat.read(source, as_version=4)
            strip(notebook, names)
            with replacing(goal) as part:
                nbformat.write(notebook, part)
            count += 1
        else:
            shutil.copy2(source, goal, follow_symlinks=False)
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=Path, default=ROOT / "build/student")
    arguments = parser.parse_args()
    count = make_copy(ROOT, arguments.to)
    print(
        f"{arguments.to}: {count} notebooks without outputs, solutions and answers. docs/students.md says what next."
    )


if __name__ == "__main__":
    main()
