"""check, hint, solution, predict, progress and reset, as a notebook calls them; and the file that remembers."""

import json
import subprocess
import sys
import warnings

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter

from course_utils import exercises
from course_utils.exercises import check, hint, predict, progress, record, reset, solution


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    file = tmp_path / "progress.json"
    monkeypatch.setenv("COURSE_PROGRESS", str(file))
    return file


def said(capsys):
    """What was printed, with what went on in the next line joined again."""
    return capsys.readouterr().out.replace("\n     ", " ")


def in_a_notebook(code):
    """Run a cell in names of its own, as a kernel does."""
    names = {"check": check, "np": np}
    exec(compile(code, "cell 3", "exec"), names)


def test_an_answer_is_found_by_its_name(capsys):
    in_a_notebook("def my_d_star(a, b):\n    return a / (a + b)\n\ncheck('1.2')")
    assert said(capsys) == "1.2  right (4 inputs).\n"
    with pytest.raises(NameError, match=r'the name my_d_star; or give it: check\("1.2", answer\)'):
        in_a_notebook("check('1.2')")


def test_a_check_returns_its_verdict_and_a_notebook_does_not_show_it_twice(capsys):
    verdict = check("1.4", 3.0)
    assert (verdict.right, check("1.4", 2 * 0.2 - 2 * np.log(2)).right, check("1")) == (False, True, None)
    assert verdict.message in said(capsys)
    assert DisplayFormatter().format(verdict) == ({}, {})


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (-0.986, "as it goes"),
        (-0.99, "as it goes"),
        ("-0.9863", "quotes"),
        (-0.996, "hint"),
        (-0.9863, "right."),
    ],
)
def test_a_right_number_that_was_rounded_or_quoted_is_told_so(capsys, answer, words):
    check("1.4", answer)
    assert words in said(capsys)


def test_a_model_answer_goes_on_where_it_began(capsys):
    check("1.5", "so far I only know that I do not know it")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 5
    assert not any(line.startswith("   ") for line in lines)


def test_a_lesson_is_checked_as_far_as_it_is_there(capsys, file):
    in_a_notebook("my_value = ...\ndef my_d_star(a, b):\n    return ...\n\ncheck('1')")
    lines = said(capsys).splitlines()
    assert [line[:3] for line in lines] == ["1.2", "1.4"]
    assert all("not answered yet" in line for line in lines)
    assert not file.exists()  # nothing to remember


def test_a_lesson_without_any_answer_says_what_it_asks_for(capsys):
    in_a_notebook("check('1')")
    assert said(capsys).startswith("1  nothing to check yet: its tasks ask for the names my_jsd, my_d_star, ")


def test_an_error_in_an_answer_names_its_own_line_and_the_input(capsys):
    in_a_notebook("def my_d_star(a, b):\n    c = a + b\n    return a / nothing\n\ncheck('1.2')")
    out = said(capsys)
    assert "your line 3" in out
    assert "NameError: name 'nothing' is not defined" in out
    assert "is not defined, at a = 0.2, b = 0.6." in out
    in_a_notebook("def my_weight():\n    return 1 / 0\n\ncheck('6.4')")
    assert said(capsys).endswith("stopped with ZeroDivisionError: division by zero.\n")


def test_of_an_error_with_arrays_and_one_with_tensors_the_later_is_told(capsys):
    in_a_notebook(
        "import torch\ndef my_jsd(p, q):\n    m = torch.lerp(p, q, 0.5)\n    return m.nothing\n\ncheck('1.1')"
    )
    out = said(capsys)
    assert "your line 4" in out
    assert "'Tensor' object has no attribute 'nothing'" in out


def test_a_counterexample_is_the_first_input_that_differs(capsys):
    def estimate(t, z, w):
        return np.hypot(t, np.sort(z) - np.sort(w)).mean() + 0.01 * (len(z) > 2)

    check("2.4", estimate)
    out = said(capsys)
    assert "1 of 4 inputs agree" in out
    assert "at theta = 0, z = [2., 0., 1.], z_data = [0., 1., 3.]" in out


def test_a_property_that_fails_is_named_with_the_first_input_where_it_does(capsys):
    check("4.3", lambda z, v, before, eta: z + eta * (2 * v - before) * (eta > 0.4))
    assert "a plain step where the field did not change, which first fails at z = [" in said(capsys)


def test_an_answer_that_stops_where_a_property_is_tried_does_not_have_it(capsys):
    def w2(*gaussians):
        if gaussians[:2] == gaussians[2:]:
            raise RuntimeError("equal")
        return 1.01 * exercises.task("3.4").right(*gaussians)

    check("3.4", w2)
    assert "This must hold: 0 between equal ones" in said(capsys)


def test_inputs_are_not_shared_between_answers(capsys):
    def spoils(x, y):
        x.sort()
        y.sort()
        return np.abs(x - y).mean()

    check("3.1", spoils)
    assert said(capsys).startswith("3.1  right")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: check("77.1", 1), "the lesson of number '77.1' is '77'"),
        (lambda: check("1.77", 1), "number is '1.77'; it must be one of 1.1, 1.2"),
        (lambda: check(1.2, 1), "number is 1.2; it must be the id of a task, as a text, such as"),
        (lambda: hint("0.1"), "the lesson of number '0.1' is '0'"),
        (lambda: predict("1.z", 1), "number is '1.z'; it must be one of 1.a"),
        (lambda: reset("1.77"), "number is '1.77'"),
    ],
)
def test_what_is_not_there_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_hints_come_one_by_one_and_then_the_solution(capsys):
    reset("2.1")
    said(capsys)
    for words in ("hint 1: ", "hint 2: ", 'solution("2.1")'):
        hint("2.1")
        assert words in said(capsys)
    solution("2.1")
    code = said(capsys)
    assert "type: ignore" not in code
    names = {}
    exec(code, names)
    check("2.1", names["my_w"])
    assert "right" in said(capsys)


def test_a_guess_is_kept_and_shown_beside_what_was_computed(capsys):
    predict("3.a")
    assert "no guess yet" in said(capsys)
    predict("3.a", ..., 3.0)
    assert "computed ≈ 3" in said(capsys)
    predict("3.a", 2.95)
    assert "your guess: 2.95, noted" in said(capsys)
    predict("3.a", computed=3.0)
    assert "your guess: 2.95; computed ≈ 3 (within 5 %)" in said(capsys)
    for guess, computed, words in (
        (6, 3.0, "2 times as large"),
        (1, 3.0, "3 times too small"),
        (-1, 3.0, "of the other sign"),
        (-6, -3.0, "2 times as large"),
        (-1, -3.0, "3 times too small"),
        ("arrive", "Arrive", "the same"),
        ("circle", "arrive", "another"),
        ([1, 2], [1, 2.5], "0.5 apart at most"),
        (0.5, 0.0, "+0.5"),
        (600, 3.0, "200 times as large"),
        (float("nan"), 3.0, "(+nan)"),
        ("3", 3.0, "without quotes"),
    ):
        predict("4.a", guess, computed)
        assert words in said(capsys)


def test_progress_counts_what_is_solved_and_reset_forgets_it(capsys):
    check("1.4", 3.0)
    check("1.4", 2 * 0.2 - 2 * np.log(2))
    check("1.4", 3.0)  # once solved, solved
    check("1.2", 3.0)
    predict("1.a", 0.2)
    said(capsys)
    progress()
    first, *others = said(capsys).splitlines()
    assert first.split() == "lesson 1 □▪□■□ 1 of 5 solved, 1 of 3 guesses made".split()
    assert len(others) == len(exercises.LESSONS) - 1
    reset("1.4")
    reset("1")
    said(capsys)
    progress()
    assert "□□□□□    0 of 5 solved, 0 of 3" in said(capsys)
    check("1.4", 3.0)
    reset()
    assert record.read() == {}


@pytest.mark.parametrize("content", [b"{", b'["a"]', b'{"1.2": 3}', b"\x00\x01", b"\xff\xfe"])
def test_a_damaged_file_is_put_aside(content, file, capsys):
    file.write_bytes(content)
    progress()  # reads nothing, and does not mind
    with pytest.warns(UserWarning, match="was damaged; it is kept as progress.json.damaged"):
        check("1.4", 1.0)
    assert file.with_name("progress.json.damaged").read_bytes() == content
    assert json.loads(file.read_text()) == {"1.4": {"tries": 1, "solved": False}}


def test_an_empty_file_is_no_damage(file):
    file.write_text("")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check("1.4", 1.0)


def test_where_nothing_can_be_written_the_exercises_work(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "file" / "progress.json"))
    with pytest.warns(
        UserWarning, match="Your progress was not noted .* COURSE_PROGRESS may name another file"
    ):
        check("1.4", 1.0)
    assert "1.4" in said(capsys)
    progress()


NOTE = """
import sys
from course_utils.exercises import record
def add(known):
    entry = known.setdefault(sys.argv[1], {"tries": 0})
    entry["tries"] += 1
for _ in range(25):
    record.change(add)
"""


def test_two_kernels_lose_nothing():
    kernels = [subprocess.Popen([sys.executable, "-c", NOTE, name]) for name in ("1.1", "1.1", "2.1")]
    assert [kernel.wait(timeout=120) for kernel in kernels] == [0, 0, 0]
    assert record.read() == {"1.1": {"tries": 50}, "2.1": {"tries": 25}}
