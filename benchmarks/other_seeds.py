"""Do the verdicts of a lesson survive other seeds? `OMP_NUM_THREADS=1 python benchmarks/other_seeds.py --store`.

Lessons 5b and 6 compute much on the spot, from the seed that stands in their first cell: SEED = 0. Here the same
cells run with other seeds, and each line that decides a claim is kept where its tag says "0 here". A test compares the
verdicts with those that the lessons print. Prints the lines and one JSON line; --store writes them to
data/measured/other_seeds.json. About a minute for a seed of both lessons on one core.
"""

import argparse
import json
import os
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import nbformat
from course_utils.runtime import REPOSITORY, describe_machine, store_results

NOTEBOOKS = REPOSITORY / "notebooks"
LESSONS = ("05b_judging_gans", "06_wgan_mnist")
FIRST, HERE = "SEED = 0", "0 here"


def decided(path: Path, seed: int) -> list[dict[str, Any]]:
    """What the cells of a lesson print with that seed, up to the last one that decides a claim from it."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    tags = [
        [tag for tag in cell.metadata.get("claim", []) if tag.get("seeds", "").startswith(HERE)]
        for cell in cells
    ]
    if FIRST not in cells[0].source:
        raise ValueError(f"the first cell of {path.name} does not say {FIRST!r}.")
    names: dict[str, Any] = {}
    found = []
    for cell, own in zip(cells[: 1 + max(i for i, some in enumerate(tags) if some)], tags, strict=False):
        said = StringIO()
        with redirect_stdout(said):
            exec(cell.source.replace(FIRST, f"SEED = {seed}"), names)
        plt.close("all")
        lines = [line.strip() for line in said.getvalue().splitlines()]
        for tag in own:
            line = next(line for line in lines if line.startswith(tag["line"].strip()))
            found.append({"seed": seed, "id": tag["id"], "start": tag["line"], "line": line})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--store", action="store_true", help="write data/measured/other_seeds.json")
    options = parser.parse_args()
    os.environ.update(COURSE_DEVICE="cpu", COURSE_PROFILE="quick")
    matplotlib.use("agg")
    result: dict[str, Any] = {
        "benchmark": "other_seeds",
        "machine": describe_machine(),
        "seeds": options.seeds,
        "lessons": {},
    }
    for lesson in LESSONS:
        rows = [row for seed in options.seeds for row in decided(NOTEBOOKS / f"{lesson}.ipynb", seed)]
        result["lessons"][lesson] = rows
        print(lesson, *(f"  {row['seed']}  {row['line']}" for row in rows), sep="\n", flush=True)
    print(json.dumps(result))
    if options.store:
        store_results("other_seeds", result)


if __name__ == "__main__":
    main()
