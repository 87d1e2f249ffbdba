"""One task, and how an answer to it is judged.

An answer is compared with the task's own, on inputs that go from small to large. What it gives may be NumPy, torch or
plain numbers, of any precision; nothing that a student wrote as text is ever run. An answer that differs is told,
in this order: the mistake that is known to give just these numbers; what is wrong with its kind (nothing returned, no
numbers, the wrong size, not finite); the first property that it breaks, at the smallest input; the smallest input at
which it differs.
"""

import ast
import copy
import inspect
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np

TOLERANCE = 1e-4  # relative: float32 may answer, and half a per mille is a mistake
Inputs = Iterator[tuple[Any, ...]]  # the arguments of one call after another, small ones first
Values = np.ndarray  # all numbers of an answer, in one row


class Seen(NamedTuple):
    """What an answer gave at each of the inputs, beside what is right there."""

    inputs: list[tuple[Any, ...]]
    given: list[Values]
    right: list[Values]
    see: Callable[..., Any]


class Unfit(TypeError):
    """What an answer gives is of no use to its judge; the text begins a sentence for the student."""


class Sign(NamedTuple):
    """By which a mistake is recognised; and of the right answer, answers that make it, where some are known."""

    fits: Callable[[Seen], bool]
    examples: Callable[[Callable[..., Any]], list[Any]] = lambda right: []


def close(given: Any, right: Any) -> bool:
    """Whether two results have the same numbers, to the tolerance; NaN equals NaN."""
    one, other = row(given), row(right)
    if one.size != other.size:
        return False
    with np.errstate(all="ignore"):
        return bool(np.allclose(one, other, rtol=TOLERANCE, atol=1e-7, equal_nan=True))


def like(wrong: Callable[..., Any]) -> Sign:
    """The answer gives what this wrong function gives, everywhere."""

    def sign(seen: Seen) -> bool:
        with quiet():
            results = [row(seen.see(wrong, *fresh(x))) for x in seen.inputs]
        return all(map(close, seen.given, results))

    return Sign(sign, lambda right: [wrong])


def times(factor: float) -> Sign:
    """Everywhere the right numbers, times this factor."""

    def scaled(found: Any) -> Any:
        return tuple(map(scaled, found)) if isinstance(found, tuple) else factor * found

    return Sign(
        lambda seen: all(close(g, factor * r) for g, r in zip(seen.given, seen.right, strict=True)),
        lambda right: [lambda *x: scaled(right(*x))],
    )


def one_of(*values: Any) -> Sign:
    """The answer is one of these."""
    return Sign(lambda seen: any(close(seen.given[0], value) for value in values), lambda right: [*values])


def where(test: Callable[[Any], bool]) -> Sign:
    """The answer, as it was given in numbers, passes this test."""

    def sign(seen: Seen) -> bool:
        value = seen.given[0]
        try:
            return bool(test(value if value.size > 1 else value.item()))
        # infinite; some numbers where one was meant, or one, or none
        except (ArithmeticError, AttributeError, TypeError, ValueError):
            return False

    return Sign(sign)


def _unless_finite(seen: Seen) -> bool:
    pairs = list(zip(seen.given, seen.right, strict=True))
    wrong = [g for g, r in pairs if not close(g, r)]
    return len(wrong) < len(pairs) and all(g.size and not np.isfinite(g).all() for g in wrong)


unless_finite = Sign(_unless_finite)  # right at some inputs; NaN or infinite, and wrong, at others


class Verdict(NamedTuple):
    """What is said about an answer."""

    state: Literal["open", "wrong", "right"]
    message: str

    @property
    def right(self) -> bool:
        """Whether the answer is right; one in words always is."""
        return self.state == "right"

    def _ipython_display_(self) -> None:
        """Nothing: in a notebook, the message is printed already."""


def _what_it_returns(answer: Callable[..., Any], *x: Any) -> Any:
    return answer(*x)


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes
    ----------
    id : lesson and number, "1.2".
    statement : what to do, in one or two sentences.
    right : a function that is the right answer, or that returns it where the answer is no function. It has the name
        that a notebook gives the answer, and what it is made of is the worked solution.
    inputs : given a numpy Generator, the arguments to compare at, small ones first. None: the answer is a value.
    must : {property in words: test}, of the function and each of the inputs, or of the value alone.
    any_value : the properties decide: every answer that has them all is right, however it differs from the task's own.
    entrywise : it is done for each entry of the inputs alike, so that an answer may be for a single one.
    see : what is compared of an answer, if it is not just what it returns: a tuple of that and more (gradients that it
        leaves, for instance).
    mistakes : {sentence: sign}, the first that fits is said. The sentence says where to look and not what is right.
    hints : two, the second one nearer. why : a sentence under the solution.
    compared : names of the parts of what ``see`` gives, a tuple; a message shows the first that differs.
    points : of a question that is answered in words, {part of a good answer: words, one of which it has to name}.
    """

    id: str
    statement: str
    right: Callable[..., Any]
    hints: tuple[str, str]
    inputs: Callable[[np.random.Generator], Inputs] | None = None
    must: Mapping[str, Callable[..., bool]] = field(default_factory=dict)
    any_value: bool = False
    entrywise: bool = False
    see: Callable[..., Any] = _what_it_returns
    mistakes: Mapping[str, Sign] = field(default_factory=dict)
    why: str = ""
    points: dict[str, str] = field(default_factory=dict)
    compared: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of the answer in the notebook."""
        return self.right.__name__

    def solution(self) -> str:
        """The worked solution, to be read or run."""
        if self.points:
            return " ".join(self.right().split())
        source = re.sub(r"  # type: ignore\S*", "", inspect.getsource(self.right)).rstrip()
        why = f"\n\n# {self.why}" if self.why else ""
        return f"{imports(self.right)}{source}{why}"

    def judge(self, answer: Any) -> Verdict:
        """What is right or wrong with an answer."""
        if _is_open(answer):
            return Verdict("open", f"not answered yet ({self.name}). {self.statement}")
        if self.points:
            return self._read(answer)
        if self.inputs is None:
            return self._compare(answer if inspect.isfunction(answer) else lambda: answer, [()])
        if not callable(answer):
            name = self.name
            return Verdict(
                "wrong", f'give the function itself, without brackets: check("{self.id}", {name}).'
            )
        return self._compare(answer, list(self.inputs(np.random.default_rng(0))))

    def _compare(self, answer: Callable[..., Any], inputs: list[tuple[Any, ...]]) -> Verdict:
        raw: list[Any] = []
        for x in inputs:
            try:
                raw.append(self._called(answer, x))
            except Exception as error:
                return Verdict("wrong", f"{_stopped(error, answer)}{self._at(x, ',')}")
        if all(map(_is_open, raw)):
            return Verdict("open", f"not answered yet ({self.name}). {self.statement}")
        with quiet():
            seen_right = [self.see(self.right, *fresh(x)) for x in inputs]
        right = [row(value) for value in seen_right]
        asked = "numbers" if self.any_value else _count(self._returned(seen_right[0]))
        asked += f" should {'come out' if self.inputs else 'stand there'}"
        if any(value is None for value in raw):
            why = "gives None: does your function end in a `return`?" if self.inputs else "is None:"
            return Verdict("wrong", f"{self.name} {why} {asked}.")
        try:
            given = [row(value) for value in raw]
        except (TypeError, ValueError):
            quotes = ", without quotes" if isinstance(raw[0], str) else ""
            return Verdict("wrong", f"{show(raw[0])} is no number and no array of numbers; {asked}{quotes}.")
        broken = self._broken(answer, inputs, raw)
        if broken is None if self.any_value else all(map(close, given, right)):
            return Verdict("right", f"right ({len(inputs)} inputs)." if self.inputs else "right.")
        seen = Seen(inputs, given, right, self.see)
        fitting = (sentence for sentence, sign in self.mistakes.items() if sign.fits(seen))
        return Verdict("wrong", next(fitting, None) or self._counterexample(seen, raw, broken))

    def _called(self, answer: Callable[..., Any], x: tuple[Any, ...]) -> Any:
        """What comes of an answer: with NumPy's arrays, else with tensors, else entry by entry. Where none works, the
        error that came last in its code, since the others are of arrays in the wrong library."""
        ways: list[Callable[..., Any]] = [self.see]
        if "torch" in sys.modules and any(isinstance(each, np.ndarray | float) for each in x):
            ways.append(_with_tensors(self.see))
        if self.entrywise:
            ways.append(_entry_by_entry(self.see))
        errors: list[Exception] = []
        for way in ways:
            try:
                with warnings.catch_warnings(), quiet():
                    warnings.simplefilter("ignore")
                    return way(answer, *fresh(x))
            except Exception as error:
                errors.append(error)
        raise max(
            errors, key=lambda error: max((line.lineno or 0 for line in _own_lines(error, answer)), default=0)
        )

    def _broken(self, answer: Any, inputs: list[tuple[Any, ...]], raw: list[Any]) -> tuple[int, str] | None:
        """The first property that fails, and at which of the inputs."""
        for number, x in enumerate(inputs):
            for words, test in self.must.items():
                try:
                    with quiet():
                        held = bool(
                            test(lambda *x: row(self._called(answer, x)), *fresh(x))
                            if self.inputs
                            else test(row(raw[0]))
                        )
                except Exception:  # of the wrong size, say; or it stops at the property's own inputs
                    held = False
                if not held:
                    return number, words
        return None

    def _counterexample(self, seen: Seen, raw: list[Any], broken: tuple[int, str] | None) -> str:
        for x, value, given, right in zip(seen.inputs, raw, seen.given, seen.right, strict=True):
            if given.size != right.size and not self.any_value:
                with quiet():
                    asked = _count(self._returned(self.see(self.right, *fresh(x))))
                return f"you give {show(self._returned(value))}; {asked} should come out{self._at(x)}"
        if not self.inputs and _rounded(seen.given[0], seen.right[0]):
            return f"{show(raw[0])} is right as far as it goes: give four digits or more, or what it is computed from."
        order = f" (In this order: {', '.join(self.compared)}.)" if self.compared else ""
        if broken is not None:
            number, words = broken
            least = f", which first fails{self._at(seen.inputs[number])}" if self.inputs else "."
            here = " there" if self.inputs else ""
            return f"not yet. This must hold: {words}{least} Yours is {show(raw[number])}{here}.{order}"
        agree = list(map(close, seen.given, seen.right))
        first = agree.index(False)
        of = f" {sum(agree)} of {len(agree)} inputs agree." if self.inputs else ""
        yours: Any = raw[first]
        there, name = seen.right[first], ""
        if self.compared and isinstance(yours, tuple):
            ends = np.cumsum([row(part).size for part in yours])[:-1]
            parts = zip(self.compared, yours, np.split(there, ends), strict=True)
            name, yours, there = next(part for part in parts if not close(*part[1:]))
            name = f" for {name}"
        in_words = _brief if name else show
        value = f" Yours is {in_words(yours)}{name}{self._at(seen.inputs[first])}"
        truth = f" {in_words(there)} is right there." if self.inputs else f' hint("{self.id}") helps on.'
        return f"not yet.{of}{value}{truth}"

    def _returned(self, value: Any) -> Any:
        """Of what ``see`` gives, the part that the answer itself has returned."""
        more = isinstance(value, tuple) and self.see is not _what_it_returns
        return value[0] if more else value

    def _at(self, x: tuple[Any, ...], before: str = "") -> str:
        """The end of a sentence that says the input."""
        names = inspect.signature(self.right).parameters
        # networks are callable
        said = [f"{n} = {show(v)}" for n, v in zip(names, x, strict=True) if not callable(v)]
        return f"{before} at {', '.join(said)}." if said else "."

    def _read(self, answer: Any) -> Verdict:
        """An answer in words is never refused: its reader compares it with a model answer."""
        if not isinstance(answer, str):
            return Verdict("wrong", 'answer in words, as a text: "...".')
        words = answer.lower()
        if len(words.split()) < 6:
            return Verdict("wrong", "that is short: say it in a sentence or two, as to a friend.")
        missing = [p for p, names in self.points.items() if not any(n in words for n in names.split(", "))]
        listed = "".join(f"\n  - no word found about this: {point}" for point in missing)
        ask = "\nIs it there in other words? You are the judge." if missing else ""
        return Verdict(
            "right", f"noted; here is a model answer to compare with.\n{self.solution()}{listed}{ask}"
        )


# ---------------------------------------------------------------------------------------- of answers, and of numbers


def row(value: Any) -> Values:
    """All numbers of a result (a number, an array or a tensor, or a tuple of them), as float64 in one row."""
    if isinstance(value, tuple | list):
        return np.concatenate([row(each) for each in value]) if value else np.zeros(0)
    value = value.detach().cpu() if hasattr(value, "detach") else value
    found = np.real_if_close(np.asarray(value), tol=1e6)  # roots of matrices may come with + 0j
    if found.dtype.kind not in "fiub":
        raise TypeError("no numbers")
    return found.astype(np.float64).ravel()


def _brief(value: Any) -> str:
    """A value in a few words; of many numbers, such as a gradient, how long their vector is."""
    numbers = row(value)
    return show(value) if numbers.size <= 8 else f"of length {np.linalg.norm(numbers):.5g}"


def _rounded(given: Values, right: Values) -> bool:
    """Whether these are the right numbers with two or three digits each, as one writes them by hand."""
    return any(np.array_equal(given, [float(f"{r:.{digits}g}") for r in right]) for digits in (2, 3))


def _count(value: Any) -> str:
    """How many numbers these are."""
    size = row(value).size
    return "one number" if size == 1 else f"{size} numbers"


def imports(function: Callable[..., Any]) -> str:
    """The import lines of its module that a function needs."""
    used = set(function.__code__.co_names)
    lines = []
    for node in ast.parse(inspect.getsource(sys.modules[function.__module__])).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            node.names = [each for each in node.names if (each.asname or each.name) in used]
            lines += [ast.unparse(node)] if node.names else []
    return "\n".join(lines) + "\n\n" if lines else ""


def show(value: Any) -> str:
    """A value in a few words."""
    if isinstance(value, tuple):
        return f"({', '.join(map(show, value))})"
    value = value.detach().cpu().numpy() if hasattr(value, "detach") else value
    with suppress(ValueError):  # rows of different lengths
        if isinstance(value, np.ndarray | list) and np.size(value) > 8:
            return f"an array of shape {np.shape(value)}"
    if isinstance(value, np.ndarray) and value.size != 1:
        return " ".join(np.array2string(value, precision=4, separator=", ").split())
    try:
        return f"{np.asarray(value).item():.5g}"
    except (TypeError, ValueError):
        words = " ".join(repr(value).split())
        return words if len(words) <= 80 else f"{type(value).__name__}"


def fresh(x: tuple[Any, ...]) -> tuple[Any, ...]:
    """Copies, so that nobody writes into another's inputs."""
    return copy.deepcopy(x)


def quiet() -> Any:
    """No warnings of arithmetic: what is infinite or NaN is told in a sentence."""
    return np.errstate(all="ignore")


def _is_open(answer: Any) -> bool:
    """Left as the notebook had it: the three dots."""
    return answer is ... or (
        isinstance(answer, tuple | list) and bool(answer) and all(a is ... for a in answer)
    )


def _with_tensors(see: Callable[..., Any]) -> Callable[..., Any]:
    import torch

    def way(answer: Callable[..., Any], *x: Any) -> Any:
        return see(answer, *(torch.as_tensor(a) if isinstance(a, np.ndarray | float) else a for a in x))

    return way


def _entry_by_entry(see: Callable[..., Any]) -> Callable[..., Any]:
    def way(answer: Callable[..., Any], *x: Any) -> Any:
        entries = zip(*(each.ravel() for each in np.broadcast_arrays(*x)), strict=True)
        found = [see(answer, *map(float, entry)) for entry in entries]
        return (
            tuple(map(np.array, zip(*found, strict=True))) if isinstance(found[0], tuple) else np.array(found)
        )

    return way


def _own_lines(error: Exception, answer: Callable[..., Any]) -> list[traceback.FrameSummary]:
    """The student's own lines on the way to an error, the last one where it was raised."""
    file = getattr(getattr(inspect.unwrap(answer), "__code__", None), "co_filename", None)
    return [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]


def _stopped(error: Exception, answer: Callable[..., Any]) -> str:
    """Which of the student's own lines raised this."""
    if isinstance(error, Unfit):
        return str(error)
    lines = _own_lines(error, answer)
    said = f"{type(error).__name__}: {error}".rstrip(".: ")
    if not lines:
        return f"calling your function stopped with {said}"
    return f"your line {lines[-1].lineno}, `{(lines[-1].line or '?').strip()}`, stopped with {said}"
