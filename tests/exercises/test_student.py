"""`make student`, and how a class pulls changed notebooks over its own work; with real git and a remote folder."""

import subprocess

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ANSWERED = '''from course_utils import exercises

exercises.predict("1.a", 0.3)

def my_jsd(p, q):
    """The JSD."""
    m = (p + q) / 2  # ä
    return m.sum()

my_value = 2 * 0.2
exercises.check("1")'''
EMPTY = """from course_utils import exercises

exercises.predict("1.a", ...)

def my_jsd(p, q):
    return ...  # your answer here

my_value = ...
exercises.check("1")"""
TEXT = """**1.** Why?

<details><summary>Answer</summary>

Because.
</details>

**2.** And how?

<details><summary>Where does it come from?</summary>

From here.
</details>"""


@pytest.fixture(scope="module")
def student(script_at):
    return script_at("tools/student.py")


def git(folder, *words, fails=False):
    who = [
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@b.c",
        "-c",
        "init.defaultBranch=main",
        "-c",
        "commit.gpgsign=false",
    ]
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True)
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stdout


def written(path, *cells):
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=list(cells)), path)


@pytest.fixture
def course(tmp_path):
    """An instructor's repository, with outputs, solutions and the instructor's own answers."""
    course = tmp_path / "course"
    ran = new_code_cell(
        ANSWERED, id="task", execution_count=3, outputs=[new_output("stream", text="1.2  right")]
    )
    fold = new_markdown_cell("<details><summary>A solution</summary>\n\n`m`\n</details>", id="fold")
    written(course / "notebooks/01.ipynb", new_markdown_cell(TEXT, id="text"), ran, fold)
    for name in ("Makefile", "tests/test_all.py", "untracked.txt"):
        (course / name).parent.mkdir(exist_ok=True)
        (course / name).write_text("all:\n")
    git(course, "init")
    git(course, "add", "Makefile", "tests", "notebooks")
    git(course, "commit", "-m", "The course")
    return course


def sources(folder):
    return [cell.source for cell in nbformat.read(folder / "notebooks/01.ipynb", as_version=4).cells]


def test_a_copy_has_no_outputs_no_solutions_and_no_answers(student, course, tmp_path):
    assert student.make_copy(course, tmp_path / "copy") == 1
    assert sorted(str(p.relative_to(tmp_path / "copy")) for p in (tmp_path / "copy").rglob("*.*")) == [
        "notebooks/01.ipynb"
    ]
    assert (tmp_path / "copy/Makefile").exists()
    text, code = nbformat.read(tmp_path / "copy/notebooks/01.ipynb", as_version=4).cells
    assert (code.source, code.outputs, code.execution_count) == (EMPTY, [], None)
    assert "Because" not in text.source
    assert "From here" in text.source
    assert "**2.**" in text.source


def test_a_guess_given_by_its_name_is_three_dots_again(student):
    assert (
        student.reset('predict("1.a", guess=0.3, computed=w)', set())
        == 'predict("1.a", guess=..., computed=w)'
    )


def test_a_folder_with_other_things_in_it_is_left_alone(student, course, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home/thesis.tex").write_text("years of work")
    for target in (tmp_path / "home", course, tmp_path):
        with pytest.raises(FileExistsError, match="name another folder"):
            student.make_copy(course, target)
    assert (tmp_path / "home/thesis.tex").exists()
    assert (course / "notebooks/01.ipynb").exists()


def test_the_lessons_lose_their_solutions_and_keep_their_code(student, root, tmp_path):
    count = student.make_copy(root, tmp_path / "copy")
    originals = sorted((root / "notebooks").glob("*.ipynb"))
    assert count == len(originals)
    for path in originals:
        before, after = (
            nbformat.read(p, as_version=4) for p in (path, tmp_path / "copy/notebooks" / path.name)
        )
        assert not any(cell.get("outputs") for cell in after.cells)
        text = "".join(cell.source for cell in after.cells if cell.cell_type == "markdown")
        assert "<summary>Answer" not in text
        assert text.count("<details>") == text.count("</details>")
        codes = [[cell.source for cell in each.cells if cell.cell_type == "code"] for each in (before, after)]
        assert codes[0] == codes[1], path.name  # a committed lesson is not answered


@pytest.fixture
def copies(student, course, tmp_path):
    """(what the instructor publishes from, a student's clone), by way of a remote folder."""
    published, remote, clone = (tmp_path / name for name in ("published", "remote.git", "clone"))
    student.make_copy(course, published)
    git(published, "init")
    git(published, "add", "-A")
    git(published, "commit", "-m", "Week 1")
    git(tmp_path, "init", "--bare", str(remote))
    git(published, "remote", "add", "origin", str(remote))
    git(published, "push", "-u", "origin", "main")
    git(tmp_path, "clone", str(remote), str(clone))
    return published, clone


def edit(path, number, source):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[number].source = source
    nbformat.write(notebook, path)


def publish(student, course, published):
    student.make_copy(course, published)
    git(published, "add", "-A")
    git(published, "commit", "-m", "Week 2")
    git(published, "push")


MINE = EMPTY.replace("return ...  # your answer here", "return 0.0")


def test_a_changed_lesson_comes_to_a_student_who_keeps_the_answer(student, course, copies):
    published, clone = copies
    edit(clone / "notebooks/01.ipynb", 1, MINE)
    edit(course / "notebooks/01.ipynb", 0, "**1.** Why, exactly?")
    publish(student, course, published)
    git(clone, "commit", "-am", "Mine")
    git(clone, "pull", "--no-rebase", "-X", "ours")
    assert sources(clone) == ["**1.** Why, exactly?", MINE]


def test_where_both_changed_the_same_cell_the_students_stays(student, course, copies):
    published, clone = copies
    edit(clone / "notebooks/01.ipynb", 1, MINE)
    edit(course / "notebooks/01.ipynb", 1, ANSWERED.replace("my_jsd(p, q)", "my_jsd(p, q, r)"))
    publish(student, course, published)
    # not committed yet: git refuses, and harms nothing
    git(clone, "pull", "--no-rebase", "-X", "ours", fails=True)
    assert sources(clone)[1] == MINE
    git(clone, "commit", "-am", "Mine")
    git(clone, "pull", "--no-rebase", "-X", "ours")
    assert "return 0.0" in sources(clone)[1]


def test_a_copy_that_did_not_change_gives_nothing_to_commit(student, course, copies):
    published, _ = copies
    student.make_copy(course, published)
    assert git(published, "status", "--porcelain") == ""
