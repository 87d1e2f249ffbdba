"""`make apps`: every app of the lessons on a page of its own, served by Voila, with an index; no notebook, no code.

The pages are made anew, in build/apps/, of the cells that open an app in the notebooks. Each page has its own kernel,
which ends when the page is closed; one whose browser was lost ends after ten minutes.
"""

import argparse
import html
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = "course"
CALL = re.compile(r"\bapps\.(\w+_app)\(")
LARGER = "from course_utils.apps import present\npresent(scale={scale}, recorded=False)"
# Two sentences for each. `guess_app` alone has no page: it asks about what a lesson has computed.
SAYS = {
    "attacks_app": "Choose a digit or draw one, and say how far a pixel may move. See its path, and who is fooled.",
    "conditional_app": "Ten digits of one hand, made to order. Drag the point of styles, and see what the judge reads.",
    "couplings_app": "All ways to couple two coins, on one slider. Find the cheapest, and see when all cost the same.",
    "family_app": "One pair of densities, many critics. Drag the generator away, and see whose pull lets go.",
    "games_app": "Two players, one value. Choose how they step, and see who comes to rest and who runs away.",
    "gan_app": "A GAN trains on digits while you watch. Play, pause, and turn every knob of the running training.",
    "jsd_app": "Two densities with handles. See the best discriminator, the KL both ways and the JSD at once.",
    "move_the_dirt_app": "Carry hills into holes at the lowest cost. Ask for hints, and see why nobody can be cheaper.",
    "parallel_lines_app": "Two lines, one number. See which distance says where to go, and which is silent.",
    "playground_app": "Both players of a GAN in the plane, live. Step, rewind, break it, and measure.",
    "point_clouds_app": "Two clouds and the cheapest plan between them. Change the metric, and blur the plan.",
    "replay_app": "Recorded trainings on digits. Go to any step, and put another run beside it.",
    "style_app": "One picture in the style of another, while the pixels move. Change the balance as it paints.",
    "translation_app": "Pictures translated without pairs, beside the truth. See what a cycle hides and misses.",
    "vae_app": "The plane of latents of a variational autoencoder. Drag in it, and follow its training.",
}


@dataclass(frozen=True)
class Page:
    """One app: where it comes from, and the cell that opens it."""

    app: str
    notebook: str
    lesson: str
    code: str

    @property
    def name(self) -> str:
        return f"{self.notebook.partition('_')[0]}_{self.app}"

    @property
    def says(self) -> str:
        return SAYS.get(self.app, "An app of this lesson. Its controls say what they do.")

    def write(self, folder: Path, scale: float) -> None:
        v4 = nbformat.v4
        code = self.code if scale == 1 else f"{LARGER.format(scale=scale)}\n{self.code}"
        metadata = {
            "kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
        }
        cells = [v4.new_markdown_cell(f"# {self.lesson}\n\n{self.says}"), v4.new_code_cell(code)]
        nbformat.write(v4.new_notebook(cells=cells, metadata=metadata), folder / f"{self.name}.ipynb")


def pages(notebooks: list[Path]) -> list[Page]:
    """A page for each cell of these notebooks that opens an app without the cells before it."""
    found = {}
    for path in notebooks:
        cells = nbformat.read(path, as_version=4).cells
        lesson = cells[0].source.splitlines()[0].lstrip("# ")
        for cell in cells:
            for app in CALL.findall(cell.source) if cell.cell_type == "code" else ():
                if app != "guess_app":
                    page = Page(app, path.stem, lesson, cell.source)
                    found[page.name] = page
    return list(found.values())


def write(target: Path, notebooks: list[Path], scale: float = 1.0) -> list[Page]:
    """Write the pages and the template, and say which pages there are."""
    shutil.rmtree(target, ignore_errors=True)
    (target / "pages").mkdir(parents=True)
    template = target / "share" / "voila" / "templates" / TEMPLATE
    shutil.copytree(ROOT / "tools" / "voila", template)
    made = pages(notebooks)
    rows = []
    for page in made:
        page.write(target / "pages", scale)
        address = f"{{{{ base_url }}}}voila/render/{page.name}.ipynb"
        what, _, todo = page.says.partition(". ")
        named = html.escape(f"{page.lesson.partition(':')[0]}: {what}")
        rows.append(f'<li><a href="{address}" target="_blank">{named}</a><br>{html.escape(todo)}</li>')
    index = template / "tree-lab.html"
    index.write_text(index.read_text(encoding="utf-8").replace("@PAGES@", "\n".join(rows)), encoding="utf-8")
    return made


def command(target: Path, *more: str) -> tuple[list[str], dict[str, str]]:
    """How Voila is started for what was written there: the command, and its environment."""
    shared = os.pathsep.join(filter(None, [str(target / "share"), os.environ.get("JUPYTER_PATH")]))
    environment = {**os.environ, "JUPYTER_PATH": shared}
    words = ["-m", "voila", str(target / "pages"), f"--template={TEMPLATE}",
             "--MappingKernelManager.cull_idle_timeout=600", "--MappingKernelManager.cull_interval=60"]  # fmt: skip
    return [sys.executable, *words, *more], environment


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=Path, default=ROOT / "build/apps")
    parser.add_argument("--scale", type=float, default=1.0, help="1.4 for a projector")
    arguments, more = parser.parse_known_args()  # the rest is for voila: --port=8888, --no-browser
    made = write(arguments.to, sorted((ROOT / "notebooks").glob("*.ipynb")), arguments.scale)
    print(f"{arguments.to}: {len(made)} apps. Voila opens the index in a browser; Ctrl + C ends it.")
    words, environment = command(arguments.to, *more)
    os.execve(words[0], words, environment)


if __name__ == "__main__":
    main()
