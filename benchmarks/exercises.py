"""How good are the graders? Every small change of every worked solution, and how many of them a grader refuses.

    python benchmarks/exercises.py [--lessons 1 2] [--store]   # a lesson's rows alone can be measured again

A mutant is the worked solution with one change: an operator or a sign, a constant, an index, two arguments exchanged, a
function in the place of another, a step left out. One that is refused (or that stops with an error) is caught. What
survives is listed, and whether it is right at 20 other draws of the inputs, too (the square of a - b does not mind
which is which): then it is no mistake. The aim is that 95 % of all are caught. The control is the same
grader with its first input alone, and without properties.
"""

import argparse
import ast
import copy
import inspect
import itertools
import json
import textwrap
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from course_utils import exercises
from course_utils.exercises.task import Task
from course_utils.runtime import describe_machine, load_results, store_results

AIM = 0.95
OPERATORS = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add, ast.Mult),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult, ast.Sub),
    ast.Pow: (ast.Mult, ast.Add),
    ast.MatMult: (ast.Mult, ast.Sub),
    ast.Lt: (ast.Gt,),
    ast.Gt: (ast.Lt,),
    ast.LtE: (ast.GtE,),
    ast.GtE: (ast.LtE,),
    ast.Eq: (ast.NotEq,),
}
NAMES = {  # a function or method, and what one might have written for it
    "mean": ("sum", "max"),
    "sum": ("mean", "max"),
    "max": ("min", "mean"),
    "min": ("max", "mean"),
    "sort": ("abs",),
    "sin": ("cos",),
    "cos": ("sin",),
    "arccos": ("arcsin",),
    "sqrt": ("square", "abs"),
    "square": ("abs",),
    "abs": ("square",),
    "log": ("log2", "exp"),
    "exp": ("log",),
    "sign": ("abs",),
    "clip": ("minimum",),
    "eigh": ("svd",),
    "prod": ("sum",),
    "ones_like": ("zeros_like",),
    "detach": ("clone",),
}


def mutants(tree: ast.Module) -> Iterator[tuple[str, ast.Module]]:
    """(what was changed, the changed code), one for each place and change."""
    for number, node in enumerate(ast.walk(tree)):
        for turn in itertools.count():
            changed = copy.deepcopy(tree)
            place = next(itertools.islice(ast.walk(changed), number, None))
            done = change(place, node, turn)
            if done is None:
                break
            yield f"line {getattr(node, 'lineno', 0)}: {done}", ast.fix_missing_locations(changed)


def change(place: ast.AST, node: ast.AST, turn: int) -> str | None:
    """Change this node in the way number ``turn``, and say how; None after the last way."""
    ways = list(WAYS[type(node)](node)) if type(node) in WAYS else []
    if turn >= len(ways):
        return None
    words, values = ways[turn]
    for name, value in values.items():
        setattr(place, name, value)
    return words


def operator(node) -> Iterator[tuple[str, dict]]:
    for other in OPERATORS.get(type(node.op), ()):
        yield f"`{ast.unparse(node)}` with {other.__name__}", {"op": other()}
    if type(node.op) in (ast.Sub, ast.Div, ast.Pow, ast.MatMult):
        yield f"`{ast.unparse(node)}` turned round", {"left": node.right, "right": node.left}
    yield f"`{ast.unparse(node)}`, only the left side", {"op": ast.Mult(), "right": ast.Constant(1.0)}


def sign(node) -> Iterator[tuple[str, dict]]:
    if isinstance(node.op, ast.USub):
        yield f"`{ast.unparse(node)}` without its sign", {"op": ast.UAdd()}


def constant(node) -> Iterator[tuple[str, dict]]:
    value = node.value
    if isinstance(value, bool):
        yield f"{value} turned", {"value": not value}
    elif isinstance(value, int):
        yield from (
            (f"{value} became {other}", {"value": other}) for other in (value + 1, value - 1, 2 * value + 3)
        )
    elif isinstance(value, float):
        yield from (
            (f"{value} became {x}", {"value": x}) for x in (2 * value, value + 1, -value) if x != value
        )


def comparison(node) -> Iterator[tuple[str, dict]]:
    for other in OPERATORS.get(type(node.ops[0]), ()):
        yield f"`{ast.unparse(node)}` with {other.__name__}", {"ops": [other()]}


def call(node) -> Iterator[tuple[str, dict]]:
    if len(node.args) >= 2:
        first, second, *rest = node.args
        yield f"`{ast.unparse(node)}`, arguments exchanged", {"args": [second, first, *rest]}
    for keyword in node.keywords:
        kept = [each for each in node.keywords if each is not keyword]
        yield f"`{ast.unparse(node)}` without {keyword.arg}", {"keywords": kept}


def attribute(node) -> Iterator[tuple[str, dict]]:
    for other in NAMES.get(node.attr, ()):
        yield f"{node.attr} became {other}", {"attr": other}


def sequence(node) -> Iterator[tuple[str, dict]]:
    if len(node.elts) >= 2 and isinstance(node.ctx, ast.Load):
        yield f"`{ast.unparse(node)}` in the other order", {"elts": node.elts[::-1]}


WAYS = {
    ast.BinOp: operator,
    ast.UnaryOp: sign,
    ast.Constant: constant,
    ast.Compare: comparison,
    ast.Call: call,
    ast.Attribute: attribute,
    ast.Tuple: sequence,
    ast.List: sequence,
}


def compiled(task: Task, tree: ast.Module):
    """The function that the changed code makes, among the names that the solution itself sees."""
    names = dict(inspect.getmodule(task.right).__dict__)
    exec(compile(tree, f"mutant of {task.id}", "exec"), names)
    return names[task.name]


def refused(task: Task, tree: ast.Module) -> bool:
    return task.judge(compiled(task, tree)).state != "right"


def is_right_elsewhere(task: Task, tree: ast.Module) -> bool:
    """At draws of the inputs that the grader has not seen."""
    if task.inputs is None:
        return False
    draws = (task.inputs(np.random.default_rng(seed)) for seed in range(1, 21))
    return replace(task, inputs=lambda _: itertools.chain(*draws)).judge(compiled(task, tree)).right


def examine(task: Task) -> dict:
    """How many mutants of a task there are, how many are caught (by the first input alone), and who survives."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(task.right)))
    before = ast.unparse(tree)
    found = {words: code for words, code in mutants(tree) if ast.unparse(code) != before}
    left = {words: code for words, code in found.items() if not refused(task, code)}
    survivors = {words: is_right_elsewhere(task, code) for words, code in left.items()}
    caught_by_one = len(found) - len(survivors)
    if task.inputs:
        first = replace(
            task, inputs=lambda rng: itertools.islice(task.inputs(rng), 1), must={}, any_value=False
        )
        caught_by_one = sum(refused(first, code) for code in found.values())
    return {"mutants": len(found), "caught by one input": caught_by_one, "survivors": survivors}


def stored() -> dict:
    """What was measured of the other lessons."""
    try:
        return load_results("exercises")["tasks"]
    except FileNotFoundError:
        return {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lessons", nargs="+", default=exercises.LESSONS, choices=exercises.LESSONS)
    parser.add_argument(
        "--store", action="store_true", help="keep these lessons in data/measured/exercises.json"
    )
    arguments = parser.parse_args()
    results = stored() if arguments.store else {}
    results = {
        number: found
        for number, found in results.items()
        if number[: number.index(".")] not in arguments.lessons
    }
    print("task  mutants  caught  by one input alone   survivors")
    for lesson in arguments.lessons:
        for task in (each for each in exercises.tasks(lesson).values() if not each.points):
            results[task.id] = found = examine(task)
            count, lost = found["mutants"], len(found["survivors"])
            print(f"{task.id:5} {count:7} {count - lost:7} {found['caught by one input']:8} {'':13} {lost}")
            for words, same in found["survivors"].items():
                print(f"{'':15}{words}{' (right elsewhere, too)' if same else ''}")
    total = sum(found["mutants"] for found in results.values())
    lost = sum(len(found["survivors"]) for found in results.values())
    same = sum(sum(found["survivors"].values()) for found in results.values())
    alone = sum(found["caught by one input"] for found in results.values())
    print(f"caught: {total - lost} of {total} mutants, {1 - lost / total:.1%} (aim {AIM:.0%}; ", end="")
    print(f"by one input {alone / total:.1%}); of the {lost} others {same} are right elsewhere, too")
    numbers = {
        "mutants": total,
        "caught": total - lost,
        "right elsewhere, too": same,
        "caught by one input": alone,
    }
    everything = {"machine": describe_machine(), **numbers, "tasks": results}
    if arguments.store:
        store_results("exercises", everything)
    print(json.dumps(everything))


if __name__ == "__main__":
    main()
