"""`make notebooks`: run every notebook again, as CI will, and store what it shows.

On the CPU, in the quick profile, with real MNIST. A live widget is stored as the still picture that the app brings
along, because a widget without its kernel is an error message; progress bars are not stored at all.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from course_utils.datasets import load_mnist
from course_utils.files import replacing

ROOT = Path(__file__).resolve().parents[1]
WIDGET = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def still(output: nbformat.NotebookNode) -> nbformat.NotebookNode | None:
    """The output without what only a live kernel can show; None where nothing is left.

    Of an app's still picture the PNG is kept, which every viewer shows, and not the same again inside of HTML.
    """
    data = output.get("data", {})
    if "course-still" in data.get("text/html", ""):
        del data["text/html"]
    return None if WIDGET in data else output


def execute(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,  # how often a print is flushed is no difference between two runs
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [kept for output in cell.outputs if (kept := still(output)) is not None]
    notebook.metadata = nbformat.from_dict(METADATA)
    with replacing(path) as part:
        nbformat.write(notebook, part)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "notebooks", nargs="*", type=Path, default=sorted((ROOT / "notebooks").glob("*.ipynb"))
    )
    paths = parser.parse_args().notebooks
    os.environ.update(COURSE_DEVICE="cpu", COURSE_PROFILE="quick")
    load_mnist("train")  # fails with what to do: the stored outputs must not come from the stand-in
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COURSE_PROGRESS"] = f"{folder}/progress.json"  # nobody's own guesses are stored
        for path in paths:
            start = time.perf_counter()
            execute(path)
            size = path.stat().st_size / 1e6
            print(f"{path.name}: {time.perf_counter() - start:.0f} s, {size:.2f} MB", flush=True)


if __name__ == "__main__":
    sys.exit(main())
