"""Seconds of *Run All*, largest memory and start of every lesson: `python benchmarks/lessons.py [--start] [--store]`.

Every notebook is executed as `make notebooks` does (CPU, quick profile), in a kernel of its own, one after the other;
the files stay as they are. Memory is the kernel's peak of resident pages (Linux: VmHWM), all libraries included: 30
students on a class server need 30 times that. The claim: no lesson takes more than 60 s, nor more than 700 MB. Prints
one table and one JSON line. --store writes it to data/measured/lessons.json, beside the stored rows of lessons that are
not run, and into the tables of the README and of the start page; --cells tells seconds and peak of each cell, too:
which of them needs it? About eight minutes on two quiet cores.

--start measures, in place of all that, how soon a lesson has an app on the screen: a new kernel, the lesson's first
code cell (its imports) and the cell of its first app, which needs no other; before a guess, whose curve the lesson
computes, all cells before it; on the start page, which has no app, all cells. The clock's seconds of each part, and
those of the processor, the kernel's own start included, which a busy machine changes less. Python's compiled files of
the package are at hand, as on any second start. The claim: within 4 s. With --store the rows join those of
data/measured/lessons.json. Two minutes.
"""

import argparse
import compileall
import json
import os
import re
import time
from pathlib import Path

import nbformat
import psutil
from course_utils.runtime import REPOSITORY, describe_machine, load_results, store_results
from nbclient import NotebookClient

LESSONS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
SECONDS, MEGABYTES, START = 60, 700, 4
APP = re.compile(r"\bapps\.(\w+_app)\(")


def peak(pid: int) -> float:
    """The largest memory that this process had since the last call, in MB; NaN where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # the mark goes down to what is resident now
    except OSError:
        return float("nan")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1000


def opened(path: Path) -> NotebookClient:
    """The notebook, and who runs its cells."""
    return NotebookClient(
        nbformat.read(path, as_version=4),
        timeout=None,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    )


def run(path: Path, each_cell: bool = False) -> dict[str, float]:
    """Execute all cells; a cell that fails raises."""
    client = opened(path)
    with client.setup_kernel():
        seconds, peaks = 0.0, []
        for index, cell in enumerate(client.nb.cells):
            start = time.perf_counter()
            client.execute_cell(cell, index)
            took = time.perf_counter() - start
            seconds, peaks = seconds + took, [*peaks, peak(client.km.provisioner.pid)]
            if each_cell and cell.cell_type == "code":
                print(f"    cell {index:2} {cell.id:18} {took:8.1f} {peaks[-1]:6.0f}", flush=True)
        return {"seconds": seconds, "megabytes": max(peaks)}


def to_first_app(sources: list[str]) -> list[int]:
    """Which of these cells are enough for the first app after a restart of the kernel."""
    place, name = next(
        ((i, found[1]) for i, cell in enumerate(sources) if (found := APP.search(cell))), (None, "")
    )
    if place is None:
        return list(range(len(sources)))
    return list(range(place + 1)) if name == "guess_app" else [0, place]


def start(path: Path) -> dict[str, float]:
    """Seconds of a new kernel, of the imports, and of what comes then, up to the first app; and the processor's."""
    client = opened(path)
    code = [index for index, cell in enumerate(client.nb.cells) if cell.cell_type == "code"]
    chosen = to_first_app([client.nb.cells[index].source for index in code])
    marks = [time.perf_counter()]
    with client.setup_kernel():
        marks.append(time.perf_counter())
        for place in chosen:
            client.execute_cell(client.nb.cells[code[place]], code[place])
            marks.append(time.perf_counter())
        used = psutil.Process(client.km.provisioner.pid).cpu_times()
    kernel, imports, app = marks[1] - marks[0], marks[2] - marks[1], marks[-1] - marks[2]
    return {
        "kernel": kernel,
        "imports": imports,
        "app": app,
        "start": marks[-1] - marks[0],
        "start_cpu": used.user + used.system,
    }


def told(text: str, rows: dict[str, dict[str, float]]) -> str:
    """A page whose tables have these seconds and, where they have megabytes, these megabytes."""
    for name, row in rows.items():
        if "seconds" not in row:
            continue  # only its start was measured
        seconds, megabytes = f"{row['seconds']:.0f} s |", f" {row['megabytes']:.0f} MB |"
        text = re.sub(
            rf"^(\| \[.*\b{name}\.ipynb\) \|.* \| )\d+ s \|( \d+ MB \|)?",
            lambda found, s=seconds, mb=megabytes: found[1] + s + (mb if found[2] else ""),
            text,
            flags=re.MULTILINE,
        )
    return text


def store_on_the_pages(rows: dict[str, dict[str, float]]) -> None:
    """Into the README's table and those of the start page."""
    readme = REPOSITORY / "README.md"
    readme.write_text(told(readme.read_text(encoding="utf-8"), rows), encoding="utf-8")
    notebook = json.loads(LESSONS[0].read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = told("".join(cell["source"]), rows).splitlines(keepends=True)
    LESSONS[0].write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, default=LESSONS)
    parser.add_argument("--cells", action="store_true", help="seconds and peak of each cell, too")
    parser.add_argument("--start", action="store_true", help="only from a new kernel to the first app")
    parser.add_argument("--store", action="store_true", help="write data/measured/lessons.json")
    options = parser.parse_args()
    os.environ.update(COURSE_DEVICE="cpu", COURSE_PROFILE="quick")
    rows = load_results("lessons")["lessons"] if options.store else {}  # of those that are not run again
    rows = {path.stem: rows[path.stem] for path in LESSONS if path.stem in rows}
    compileall.compile_dir(REPOSITORY / "course_utils", quiet=2)
    columns = (
        ("kernel", "imports", "app", "start", "start_cpu") if options.start else ("seconds", "megabytes")
    )
    print(f"| lesson | {' | '.join(columns)} |\n|---{'|---' * len(columns)}|")
    for path in options.notebooks:
        row = start(path) if options.start else run(path, options.cells)
        rows[path.stem] = rows.get(path.stem, {}) | row
        print(f"| {path.stem} | {' | '.join(f'{row[name]:.1f}' for name in columns)} |", flush=True)
    claims = {}
    for name, limit in (("seconds", SECONDS), ("megabytes", MEGABYTES), ("start", START)):
        if values := [row[name] for row in rows.values() if name in row]:
            claims[name] = {"value": max(values), "limit": limit, "holds": max(values) <= limit}
    result = {"benchmark": "lessons", "machine": describe_machine(), "lessons": rows, "claims": claims}
    print(json.dumps(result))
    if options.store:
        store_results("lessons", result)
        store_on_the_pages(rows)


if __name__ == "__main__":
    main()
