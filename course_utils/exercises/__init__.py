"""Practice with feedback: tasks for every lesson, whose checker says what went wrong.

    check("1.2")            is the answer right, and if not, where is the mistake?  check("1") looks at all of lesson 1
    hint("1.2")             one hint, then a second, nearer one
    solution("1.2")         the worked solution
    predict("2.a", 0.3, w)  commit to a guess, and see it beside what was computed
    question("2.c")         the same of a curve that is drawn: what ``apps.guess_app`` asks, and where it notes it
    progress()              what is solved so far, kept in a file on this machine; reset() forgets it

``check("1.2")`` looks at the name that the task says in the notebook; ``check("1.2", answer)`` at any answer: a
function, a number, an array, a tensor, a sentence. The tasks of lesson 1 stand in ``lesson_1.py``, and so on: a new one
is one entry there, with answers in ``tests/exercises/bank_1.py``. ``task`` judges, ``record`` keeps the file.
"""

import importlib
import sys
import textwrap
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from course_utils import checks
from course_utils.exercises import record as kept
from course_utils.exercises.task import Task, Verdict, close, row, show

__all__ = ["TASKS", "check", "hint", "predict", "progress", "question", "reset", "solution"]

WIDTH = 88  # characters that stand beside a file browser at 1280 x 720
LESSONS = sorted((path.stem[7:] for path in Path(__file__).parent.glob("lesson_*.py")), key=int)
_hints: Counter[str] = Counter()


def tasks(lesson: str) -> dict[str, Task]:
    """The tasks of a lesson, by id."""
    return {task.id: task for task in importlib.import_module(f"{__name__}.lesson_{lesson}").TASKS}


def predictions(lesson: str) -> dict[str, str]:
    """What a lesson asks one to guess, by id."""
    found: dict[str, str] = importlib.import_module(f"{__name__}.lesson_{lesson}").PREDICTIONS
    return found


def task(number: str) -> Task:
    """One task, by its id."""
    there = tasks(_lesson(number))
    return there[checks.one_of("number", number, there)]


def _lesson(number: str) -> str:
    """The lesson that a task or a prediction belongs to."""
    return checks.one_of(f"the lesson of number {number!r}", _id(number).partition(".")[0], LESSONS)


def _id(number: str) -> str:
    return str(checks.instance("number", number, str, "the id of a task, as a text", 'such as "1.2"'))


def __getattr__(name: str) -> Any:
    if name == "TASKS":  # of all lessons, by id; only now, since some of them import torch
        return {number: each for lesson in LESSONS for number, each in tasks(lesson).items()}
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def check(number: str, answer: Any = None) -> Verdict | None:
    """Say whether an answer is right, and if not, what went wrong.

    Parameters
    ----------
    number : the id of a task, "1.2", or of a lesson, "1": all its tasks.
    answer : a function, a number, an array, a tensor, or words. None takes the name that the task says, in the
        notebook.

    Returns
    -------
    what has been printed, as a verdict with ``right`` and ``message``; None of a lesson.

    Raises
    ------
    ValueError
        when there is no such task.
    NameError
        when the notebook has no such name.
    """
    names = sys._getframe(1).f_globals
    several = answer is None and _id(number) in LESSONS
    looked_at = list(tasks(number).values()) if several else [task(number)]
    if several and not any(each.name in names for each in looked_at):
        asked = ", ".join(each.name for each in looked_at)
        _say(f"{number}  nothing to check yet: its tasks ask for the names {asked}.")
    for each in looked_at:
        if answer is None and each.name not in names and not several:
            raise NameError(
                f'{each.id} asks for the name {each.name}; or give it: check("{each.id}", answer).'
            )
        if several and each.name not in names:
            continue
        found = each.judge(names[each.name] if answer is None else answer)
        _say(f"{each.id}  {found.message}")
        if found.state != "open":
            _note(each.id, solved=found.right)
        if not several:
            return found
    return None


def hint(number: str) -> None:
    """Say the next of a task's two hints."""
    hints = task(number).hints
    turn = min(_hints[number], len(hints))
    _hints[number] += 1
    more = f'  There is no further hint; solution("{number}") shows one way.'
    _say(f"{number}  hint {turn + 1}: {hints[turn]}" if turn < len(hints) else f"{number}{more}")


def solution(number: str) -> None:
    """Show the worked solution of a task."""
    print(task(number).solution())


def predict(number: str, guess: Any = ..., computed: Any = None) -> None:
    """Note a guess, and show it beside what the cell has computed.

    Parameters
    ----------
    number : the id of the prediction, "2.a".
    guess : a number, some numbers, or a word; the three dots mean none yet.
    computed : the same, as it came out. None: only note the guess, and show it in a later call.

    Raises
    ------
    ValueError
        when there is no such prediction, or a guess or what was computed is neither numbers nor a word.
    """
    asked = question(number)
    if computed is not None:
        _plain("computed", computed)
    if guess is not ...:
        asked.note(guess)
    elif computed is not None:
        guess = ... if asked.guess is None else asked.guess
    if guess is ...:
        told = "no guess yet, in place of the dots"
    else:
        told = f"your guess: {show(guess)}" + (", noted" if computed is None else "")
    if computed is not None:
        told += f"; computed ≈ {show(computed)}"
        told += "" if guess is ... else f" ({_compared(guess, computed)})"
    _say(f"{number}  {asked.text}\n     {told}.")


@dataclass(frozen=True)
class Question:
    """What one is asked to guess; ``guess`` is what was guessed last (None: nothing), and ``note(guess)`` keeps it."""

    number: str
    text: str

    @property
    def guess(self) -> Any:
        return kept.read().get(self.number, {}).get("guess")

    def note(self, guess: Any) -> None:
        noted = _plain("guess", guess)
        kept.change(lambda record: record.setdefault(self.number, {}).update(guess=noted))


def question(number: str) -> Question:
    """What a lesson asks one to guess.

    Raises
    ------
    ValueError
        when there is no such prediction.
    """
    there = predictions(_lesson(number))
    return Question(number, there[checks.one_of("number", number, there)])


def progress() -> None:
    """Print what is solved of each lesson."""
    record = kept.read()
    for lesson in LESSONS:
        there, guesses = tasks(lesson), predictions(lesson)
        solved = [number for number in there if record.get(number, {}).get("solved")]
        tried = [number for number in there if number in record and number not in solved]
        made = sum(number in record for number in guesses)
        bar = "".join("■" if n in solved else "▪" if n in tried else "□" for n in there)
        print(
            f"lesson {lesson:>2}  {bar:8} {len(solved)} of {len(there)} solved, "
            f"{made} of {len(guesses)} guesses made"
        )


def reset(number: str = "") -> None:
    """Forget what was solved and guessed: of one task, "1.2", of a lesson, "1", or of all."""
    lessons = [each for each in LESSONS if _id(number) in ("", each)]
    known = {name for each in lessons for name in (*tasks(each), *predictions(each))} or {task(number).id}
    for name in known:
        _hints.pop(name, None)

    def forget(record: kept.Record) -> None:
        for name in known:
            record.pop(name, None)

    kept.change(forget)
    print(f"forgotten: {number or 'all'}")


def _say(text: str) -> None:
    """Print lines that fit a projector; what is longer goes on under the text, which an id stands before."""
    for number, line in enumerate(text.split("\n")):
        indent = " " * (len(line) - len(line.lstrip()) if number else 5)
        print(textwrap.fill(line, WIDTH, subsequent_indent=indent) if len(line) > WIDTH else line)


def _note(number: str, solved: bool) -> None:
    def add(record: kept.Record) -> None:
        entry = record.setdefault(number, {})
        entry["tries"] = int(entry.get("tries", 0)) + 1
        entry["solved"] = bool(entry.get("solved")) or solved

    kept.change(add)


def _plain(name: str, value: Any) -> Any:
    """A word, a number or numbers, as JSON can hold it."""
    if isinstance(value, str):
        return value
    try:
        numbers = row(value).tolist()
    except (TypeError, ValueError):
        numbers = []
    if not numbers:
        raise ValueError(f"{name} is {show(value)}; it must be a number, some numbers, or a word.")
    return numbers[0] if len(numbers) == 1 else numbers


def _compared(guess: Any, computed: Any) -> str:
    """How far a guess is off, in words."""
    if isinstance(guess, str) and not isinstance(computed, str):
        return "a number is asked for, without quotes"
    if isinstance(guess, str) or isinstance(computed, str):
        return "the same" if str(guess).strip().lower() == str(computed).strip().lower() else "another"
    one, other = row(guess), row(computed)
    if one.size != other.size:
        return f"{one.size} and {other.size} numbers"
    if one.size > 1:
        return f"{np.abs(one - other).max():.3g} apart at most"
    a, b = one.item(), other.item()
    if close(a, b) or abs(a - b) <= 0.05 * abs(b):
        return "within 5 %"
    if not a * b > 0:
        return "of the other sign" if a * b < 0 else f"{a - b:+.3g}"
    ratio, words = (a / b, "times as large") if a / b > 1 else (b / a, "times too small")
    return f"{float(f'{ratio:.2g}'):,g} {words}"
