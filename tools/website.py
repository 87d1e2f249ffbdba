"""`make site`: the lessons as pages that need no kernel, no server and no network, in build/site/.

Open build/site/index.html, from a folder, a stick or a server. The pages are made by Sphinx, with MyST-NB and the
theme of PyData, of the outputs that the notebooks store; where a lesson opens an app stands a player of recorded
pictures (tools/frames.py), and what a figure shows is told by its alternative text, computed when it was drawn.
"""

import argparse
import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import nbformat

from course_utils import apps

ROOT = Path(__file__).resolve().parents[1]
PUBLISH = ROOT / "tools" / "publish"
PLAYER_FILES = [ROOT / "course_utils" / "apps" / "frame" / f"recorded.{kind}" for kind in ("js", "css")]
LIMIT = 60e6  # bytes
ELSEWHERE = re.compile(r"\[([^\]]+)\]\(\.\./[^)]+\)")  # a link to a file of the repository that is no page
CALL = re.compile(r"\bapps\.(\w+_app)\(")
WELCOME = """# A course lab on GANs, Wasserstein GANs and style transfer

Each lesson takes one claim from the lecture, derives it, **computes it in the next cell**, and gives you an app to play
with. These pages show what the notebooks have stored, and the [apps](apps) are players of recorded pictures. To compute
yourself, download a notebook and open it in JupyterLab.
"""
PLAYER = '<div class="course-player" data-app="{name}"></div>'


def picture(output: nbformat.NotebookNode) -> tuple[str, str, str] | None:
    """The picture of an output: its kind, its bytes in base64, and what is said of it."""
    data, told = output.get("data", {}), output.get("metadata", {})
    for kind in ("image/png", "image/jpeg"):
        if kind in data:
            return kind, data[kind].replace("\n", ""), told.get(kind, {}).get("alt", "")
    return None


def stage(notebook: nbformat.NotebookNode, name: str) -> dict[str, str]:
    """Make a page's source of a notebook, in place: players for its apps, links that fit, a way to have the file.

    Returns what its figures show, by the SHA-256 of their bytes.
    """
    alts: dict[str, str] = {}
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("../docs/claims.md", "../claims.md")
            heading = (re.findall(r"^#+ (.+)$", cell.source, re.MULTILINE) or [heading])[-1]
            continue
        if cell.cell_type != "code":
            continue
        called = [app for app in CALL.findall(cell.source) if app in apps.SHOWN]
        if called:
            player = "".join(PLAYER.format(name=app) for app in dict.fromkeys(called))
            cell.outputs = [nbformat.v4.new_output("display_data", {"text/html": player})]
        for output in cell.outputs:
            if found := picture(output):
                _, encoded, said = found
                digest = hashlib.sha256(base64.b64decode(encoded)).hexdigest()
                alts[digest] = said or f"A figure of the section “{heading}”."
    link = f"{{download}}`Download this notebook, without outputs <../originals/{name}.ipynb>`"
    notebook.cells[0].source += f"\n\n{link}"
    return alts


def missing(notebook: nbformat.NotebookNode) -> int:
    """How many figures of a notebook were stored without their description."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return sum(1 for output in outputs if (found := picture(output)) and not found[2])


def title(notebook: nbformat.NotebookNode) -> str:
    return notebook.cells[0].source.splitlines()[0].lstrip("# ")


def gallery(frames: Path) -> str:
    """A page with the player of every app, and the sentences of its states in a list."""
    parts = [
        "# The apps, as recorded pictures",
        "",
        "Every named state of every app, with the sentence on what to see there. In the lessons they are live.",
        "",
    ]
    for script in sorted(frames.glob("*.js")):
        about = json.loads(script.read_text(encoding="utf-8").partition(" = ")[2].rstrip(";\n"))
        parts += [f"## {about['title']}", "", PLAYER.format(name=script.stem), ""]
        parts += [f"- **{state['name']}**: {html.escape(state['sees'])}" for state in about["states"]] + [""]
    return "\n".join(parts)


def mathjax() -> Path:
    """MathJax in one file, from the package django-static-mathjax (which needs no Django)."""
    spec = find_spec("mathjax")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("MathJax is missing: pip install django-static-mathjax, or make site.")
    return Path(spec.origin).parent / "static" / "mathjax" / "es5" / "tex-svg.js"


def prepare(source: Path, notebooks: list[Path], frames: Path) -> None:
    """Write all that Sphinx reads into a folder."""
    shutil.rmtree(source, ignore_errors=True)
    (source / "lessons").mkdir(parents=True)
    static = source / "_static"
    (static / "mathjax").mkdir(parents=True)
    (source / "originals").mkdir()
    shutil.copy(mathjax(), static / "mathjax")
    for path in (*PLAYER_FILES, PUBLISH / "site.js", PUBLISH / "site.css"):
        shutil.copy(path, static)
    shutil.copy(PUBLISH / "conf.py", source)
    (source / "_templates").mkdir()
    shutil.copy(PUBLISH / "search.html", source / "_templates")
    if frames.exists():
        shutil.copytree(frames, static / "frames")
    alts: dict[str, str] = {}
    rows, without = [], 0
    for path in notebooks:
        notebook = nbformat.read(path, as_version=4)
        without += missing(notebook)
        # On the page stand its outputs; the file comes without, which would be a quarter of the site.
        bare = nbformat.read(path, as_version=4)
        for cell in bare.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(bare, source / "originals" / path.name)
        rows.append((path.stem, title(notebook)))
        alts |= stage(notebook, path.stem)
        nbformat.write(notebook, source / "lessons" / path.name)
    if without:
        print(f"{without} figures were stored without a description: `make notebooks` gives them one.")
    (source / "alts.json").write_text(json.dumps(alts, ensure_ascii=False), encoding="utf-8")
    pages = []
    for page in ("claims", "teaching", "students"):
        if (found := ROOT / "docs" / f"{page}.md").exists():
            text = found.read_text(encoding="utf-8").replace("../notebooks/", "lessons/")
            text = ELSEWHERE.sub(r"\1", text)
            (source / f"{page}.md").write_text(text, encoding="utf-8")
            pages.append(page)
    (source / "apps.md").write_text(gallery(frames), encoding="utf-8")
    link = '<a href="api/course_utils.html">the package course_utils</a>'
    reference = f"# API reference\n\nFrom the docstrings: {link}.\n"
    (source / "reference.md").write_text(reference, encoding="utf-8")
    names = "\n".join(stem for stem, _ in rows)
    text = f"# Lessons\n\n```{{toctree}}\n:maxdepth: 1\n\n{names}\n```\n"
    (source / "lessons" / "index.md").write_text(text, encoding="utf-8")
    listed = "\n".join(f"- [{name}](lessons/{stem})" for stem, name in rows)
    short = {page: f"{page.capitalize()} <{page}>" for page in pages}  # one line of navigation holds them all
    more = "\n".join(["lessons/index", "Apps <apps>", *short.values(), "API <reference>"])
    text = f"{WELCOME}\n{listed}\n\n```{{toctree}}\n:hidden:\n\n{more}\n```\n"
    (source / "index.md").write_text(text, encoding="utf-8")


def build(source: Path, target: Path, *, api: bool) -> None:
    """Run Sphinx, and pdoc for the reference.

    Raises
    ------
    RuntimeError
        when Sphinx ends with an error.
    """
    shutil.rmtree(target, ignore_errors=True)
    command = [sys.executable, "-m", "sphinx", "-q", "-j", "2", "-b", "html", str(source), str(target)]
    done = subprocess.run(command, capture_output=True, text=True)
    print(done.stderr, end="", file=sys.stderr)
    if done.returncode:
        raise RuntimeError(f"Sphinx ended with {done.returncode}: {done.stderr[-2000:]}")
    if api:
        reference(target / "api")


def reference(target: Path, *modules: str) -> None:
    """The docstrings of the package (or of some modules) as pages in a folder, made by pdoc."""
    command = [sys.executable, "-m", "pdoc", "--docformat", "numpy", "--no-show-source"]
    command += ["--template-directory", str(PUBLISH / "pdoc"), "--output-directory", str(target)]
    subprocess.run([*command, *(modules or ["course_utils"])], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "notebooks", nargs="*", type=Path, default=sorted((ROOT / "notebooks").glob("*.ipynb"))
    )
    parser.add_argument(
        "--frames", type=Path, default=ROOT / "build/frames", help="where tools/frames.py has put them"
    )
    parser.add_argument("--to", type=Path, default=ROOT / "build/site")
    parser.add_argument("--no-api", action="store_true", help="leave the API reference out")
    arguments = parser.parse_args()
    source = arguments.to.with_name(arguments.to.name + "-source")
    prepare(source, arguments.notebooks, arguments.frames)
    build(source, arguments.to, api=not arguments.no_api)
    size = sum(path.stat().st_size for path in arguments.to.rglob("*") if path.is_file())
    print(f"{arguments.to}: {size / 1e6:.0f} MB; open {arguments.to / 'index.html'}.")
    if size > LIMIT:
        sys.exit(f"The site is larger than {LIMIT / 1e6:.0f} MB.")


if __name__ == "__main__":
    main()
