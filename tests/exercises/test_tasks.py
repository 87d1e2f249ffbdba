"""The graders are graded: wrong answers get their own message, right ones in other styles pass, changed ones do not.

``bank_N.py`` beside this file has answers to lesson N's tasks: WRONG, a list for each task of (words of the message
that it must get, answer), for what a mistake's own function does not say already; and RIGHT, a list of answers written
in other ways than the task's own.
"""

import ast
import importlib.util
import inspect
import re
import textwrap
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest

from course_utils import exercises
from course_utils.exercises.task import row

TASKS = [*exercises.TASKS.values()]
CODE = [task for task in TASKS if not task.points]
WORDS = [task for task in TASKS if task.points]
MISTAKES = 4  # recognised ones, at least


def bank(lesson):
    path = Path(__file__).with_name(f"bank_{lesson}.py")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BANKS = {lesson: bank(lesson) for lesson in exercises.LESSONS}


def wrong_answers(task):
    return BANKS[task.id.partition(".")[0]].WRONG.get(task.id, [])


def right_answers(task):
    return BANKS[task.id.partition(".")[0]].RIGHT[task.id]


def by_id(tasks):
    return pytest.mark.parametrize("task", tasks, ids=lambda task: task.id)


@by_id(CODE)
def test_every_recognised_mistake_gets_its_own_message(task):
    """Those whose answer is known, as it stands and rounded; and the bank's, which are written in other ways."""
    met = set()
    for sentence, sign in task.mistakes.items():
        for answer in sign.examples(task.right):
            for given in (answer, coarse(answer)) if task.inputs else (answer,):
                assert task.judge(given).message == sentence
                met.add(sentence)
    for words, answer in wrong_answers(task):
        said = task.judge(answer)
        assert said.state == "wrong", (words, said)
        assert words in said.message, (words, said)
        met.add(said.message)
    assert len(task.mistakes) >= MISTAKES
    assert met >= set(task.mistakes), set(task.mistakes) - met


@by_id(CODE)
def test_right_answers_in_other_styles_are_not_refused(task):
    answers = [*right_answers(task), task.right]
    if task.inputs:
        answers.append(coarse(task.right))
    assert len(answers) >= 4
    for number, answer in enumerate(answers):
        said = task.judge(answer)
        assert said.state == "right", (number, said)


def coarse(right):
    """An answer rounded to float32, as a list where it is an array."""

    def answer(*x):
        with np.errstate(all="ignore"):
            found = right(*x)
        return found if hasattr(found, "requires_grad") or callable(found) else rounded(found)

    def rounded(found):
        if isinstance(found, tuple):
            return tuple(map(rounded, found))
        if hasattr(found, "requires_grad"):
            return found
        return np.asarray(found, dtype=np.float32).tolist()

    return answer


@by_id([task for task in CODE if task.inputs is None])
@pytest.mark.parametrize(
    "answer",
    [[], [1.2, 1.3], [[1, 2], [3]], [..., [1.0]], 14.0, np.nan, np.inf, np.ones((2, 3)), 4j, "words", {}],
    ids=repr,
)
def test_a_value_of_any_size_or_kind_is_told_that_it_is_wrong(task, answer):
    assert task.judge(answer).state == "wrong"


@by_id([task for task in CODE if task.inputs])
@pytest.mark.parametrize("given", [None, "words", {}, [], (), np.ones((3, 3)), [[1, 2], [3]], 4j], ids=repr)
def test_what_a_function_gives_of_any_size_or_kind_is_told_that_it_is_wrong(task, given):
    assert task.judge(lambda *x: given).state == "wrong"


@by_id([task for task in CODE if task.inputs is None])
@pytest.mark.parametrize("answer", [None, "words", np.nan], ids=repr)
def test_who_gives_no_number_is_told_what_is_asked_for(task, answer):
    said = task.judge(answer).message
    assert "return" not in said  # it is no function
    assert re.search(r"\bnumbers? should stand there|must hold: |hint\(", said)


@by_id([task for task in CODE if task.inputs or not task.any_value])
def test_a_right_answer_that_is_changed_a_little_is_refused(task):
    """By half a per cent or more, everywhere or at a single input."""
    rng = np.random.default_rng(int(task.id.replace(".", "")))
    for kind in range(3):
        size = rng.choice([-1, 1]) * rng.uniform(0.005, 1)

        def changed(values, size=size, kind=kind):
            values = np.array(row(values))
            if kind == 0:
                return values * (1 + size)
            if kind == 1:
                return values + size
            values[values.size // 2] += size
            return values

        def through(answer, *x, changed=changed):
            return task.see(answer, *x) if answer is task.right else changed(task.see(answer, *x))

        copy = lambda *x: task.right(*x)  # noqa: E731
        assert replace(task, see=through).judge(copy).state == "wrong", (kind, size)


@by_id(TASKS)
def test_nothing_that_is_said_gives_the_solution_away(task):
    said = [task.statement, *task.hints, *task.mistakes]
    said = ["".join(each.split()) for each in said]
    for key in key_expressions(task):
        assert not [each for each in said if key in each], key


def key_expressions(task):
    """The parts of the worked solution that compute something, without blanks."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(task.right)))
    kinds = (ast.BinOp, ast.Call, ast.Compare)
    found = {"".join(ast.unparse(node).split()) for node in ast.walk(tree) if isinstance(node, kinds)}
    return {key for key in found if len(key) >= 9}


@by_id(TASKS)
def test_a_task_is_whole(task):
    assert task.name.startswith("my_")
    assert len(set(task.hints)) == 2
    assert task.judge(...).state == "open"
    assert task.name in task.judge(...).message
    if task.inputs:
        assert task.judge(lambda *x: ...).state == "open"


@by_id(CODE)
def test_a_printed_solution_runs_as_it_stands_and_is_right(task):
    """In a notebook that has answered the lesson's other tasks."""
    others = exercises.tasks(task.id.partition(".")[0]).values()
    names = {other.name: other.right for other in others if other.name != task.name}
    exec(compile(task.solution(), "solution", "exec"), names)
    assert task.judge(names[task.name]).state == "right"


@by_id(WORDS)
def test_words_are_never_refused_and_what_they_lack_is_asked_for(task):
    assert len(task.points) >= 3
    model = task.judge(task.right())
    assert model.state == "right"
    assert "no word found" not in model.message
    for answer in right_answers(task):
        said = task.judge(answer)
        assert said.state == "right"
        assert "no word found" not in said.message, said.message
    off = task.judge("my cat sat on a mat all day and was happy")
    assert off.state == "right"
    assert off.message.count("no word found") == len(task.points)
    assert "short" in task.judge("It is so.").message
    assert task.judge(3).state == "wrong"


@pytest.mark.parametrize("lesson", exercises.LESSONS)
def test_a_lesson_has_tasks_predictions_and_a_question_in_words(lesson):
    there = exercises.tasks(lesson)
    assert 3 <= len(there) <= 8  # lesson 11 has two notebooks
    assert [task.id for task in there.values()] == [f"{lesson}.{n}" for n in range(1, len(there) + 1)]
    assert any(task.points for task in there.values())
    assert 1 <= len(exercises.predictions(lesson)) <= 3
    names = [task.name for task in there.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("lesson", exercises.LESSONS)
def test_every_task_and_prediction_stands_in_its_lesson(lesson, root):
    paths = sorted((root / "notebooks").glob(f"{int(lesson):02}*.ipynb"))
    code = "\n".join(
        cell.source
        for path in paths
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
    )
    assert f'exercises.check("{lesson}")' in code
    for task in exercises.tasks(lesson).values():
        assert f"# {task.id}: " in code
        assert re.search(rf"^(def )?{task.name}\b", code, re.M), task.id
    for number in exercises.predictions(lesson):
        assert f'exercises.predict("{number}", ..., ' in code or f'exercises.question("{number}"), ' in code
