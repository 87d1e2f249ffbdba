"""Seconds of *Run All* and the largest memory of every lesson: `python benchmarks/lessons.py [--cells] [--store]`.

Every notebook is executed as `make notebooks` does (CPU, quick profile), in a kernel of its own, one after the other;
the files stay as they are. Memory is the kernel's peak of resident pages (Linux: VmHWM), all libraries included: 30
students on a class server need 30 times that. The claim: no lesson takes more than 60 s, nor more than 700 MB. Prints
one table and one JSON line. --store writes it to data/measured/lessons.json, beside the stored rows of lessons that are
not run, and into the tables of the README and of the start page; --cells tells seconds and peak of each cell, too:
which of them needs it? About eight minutes on two quiet cores.
"""

import argparse
import json
import os
import re
import time
from pathlib import Path

import nbformat
from course_utils.runtime import REPOSITORY, describe_machine, load_results, store_results
from nbclient import NotebookClient

LESSONS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
SECONDS, MEGABYTES = 60, 700


def peak(pid: int) -> float:
    """The largest memory that this process had since the last call, in MB; NaN where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # the mark goes down to what is resident now
    except OSError:
        return float("nan")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1000


def run(path: Path, each_cell: bool = False) -> dict[str, float]:
    """Execute all cells; a cell that fails raises."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=None, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    with client.setup_kernel():
        seconds, peaks = 0.0, []
        for index, cell in enumerate(notebook.cells):
            start = time.perf_counter()
            client.execute_cell(cell, index)
            took = time.perf_counter() - start
            seconds, peaks = seconds + took, [*peaks, peak(client.km.provisioner.pid)]
            if each_cell and cell.cell_type == "code":
                print(f"    cell {index:2} {cell.id:18} {took:8.1f} {peaks[-1]:6.0f}", flush=True)
        return {"seconds": seconds, "megabytes": max(peaks)}


def told(text: str, rows: dict[str, dict[str, float]]) -> str:
    """A page whose tables have these seconds and, where they have megabytes, these megabytes."""
    for name, row in rows.items():
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
    parser.add_argument("--store", action="store_true", help="write data/measured/lessons.json")
    options = parser.parse_args()
    os.environ.update(COURSE_DEVICE="cpu", COURSE_PROFILE="quick")
    rows = load_results("lessons")["lessons"] if options.store else {}  # of those that are not run again
    rows = {path.stem: rows[path.stem] for path in LESSONS if path.stem in rows}
    print(f"{'lesson':30} {'seconds':>8} {'MB':>6}")
    for path in options.notebooks:
        rows[path.stem] = row = run(path, options.cells)
        print(f"{path.stem:30} {row['seconds']:8.1f} {row['megabytes']:6.0f}", flush=True)
    claims = {
        name: {
            "value": (value := max(row[name] for row in rows.values())),
            "limit": limit,
            "holds": value <= limit,
        }
        for name, limit in (("seconds", SECONDS), ("megabytes", MEGABYTES))
    }
    result = {"benchmark": "lessons", "machine": describe_machine(), "lessons": rows, "claims": claims}
    print(json.dumps(result))
    if options.store:
        store_results("lessons", result)
        store_on_the_pages(rows)


if __name__ == "__main__":
    main()
