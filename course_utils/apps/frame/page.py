"""``present()``: a notebook before a class. An invisible widget makes the page fit, for as long as it is there."""

import html
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from course_utils.apps.frame.stage import StandIns, hire, set_scale, stand_ins
from course_utils.checks import number

# The tag of a code cell whose code is not for the class (the sites of Jupyter Book know it, too).
FOLD = "hide-input"
CALL = re.compile(r"\bapps\.(\w+)\(")

_SHOW = """
const STYLE = `
.jp-Notebook, .jp-LinkedOutputView { --jp-content-font-size1: TEXTpx; --jp-code-font-size: CODEpx; }
.jp-Notebook .jp-RenderedText pre, .jp-Notebook .cm-editor,
.jp-Notebook .jp-RenderedHTMLCommon table { font-size: CODEpx; }
.jp-Notebook .jp-InputPrompt, .jp-Notebook .jp-OutputPrompt, .jp-Notebook .jp-Toolbar-micro { display: none; }
.jp-Notebook .jp-CodeCell:has(.course-app) > .jp-Cell-inputWrapper,
.jp-Notebook .jp-CodeCell.course-folded > .jp-Cell-inputWrapper,
.jp-Notebook .jp-CodeCell:has(.course-app) > .jp-CellHeader { display: none; }
`;
const same = (text) => text.replace(/\\s+/g, " ").trim();

function render({ model, el }) {
  el.style.display = "none";
  const style = document.createElement("style");
  const scale = model.get("scale");  // of what JupyterLab has: 14 pixels for text, 13 for code and what it prints
  style.textContent = STYLE.replaceAll("TEXT", 14 * scale).replaceAll("CODE", 13 * scale);
  document.head.append(style);
  const wanted = new Set(model.get("folded").map(same));
  let notebook = null, watcher = null, frame = 0;
  const mark = () => {
    for (const cell of notebook.querySelectorAll(".jp-CodeCell")) {
      const lines = [...cell.querySelectorAll(":scope > .jp-Cell-inputWrapper .cm-line")];
      if (!lines.length) continue;  // not drawn yet
      const fold = cell.contains(el) || wanted.has(same(lines.map((line) => line.textContent).join("\\n")));
      if (fold !== cell.classList.contains("course-folded")) cell.classList.toggle("course-folded", fold);
    }
  };
  const begin = () => {
    notebook = el.closest(".jp-Notebook");
    if (!notebook) { frame = requestAnimationFrame(begin); return; }
    mark();
    watcher = new MutationObserver(mark);
    watcher.observe(notebook, { subtree: true, childList: true });
  };
  begin();
  const lab = window.jupyterapp ?? null;  // only where the server lets pages have it
  const bars = lab ? [...lab.shell.widgets("bottom")].filter((bar) => bar.isVisible) : [];
  for (const bar of bars) bar.hide();
  const shown = (side) => lab.shell.isSideTabBarVisible?.(side);  // its icons
  let before = null;
  if (lab) {
    // JupyterLab keeps this over a reload, which ends us without a word: labextension/ brings it back then.
    before = JSON.parse(localStorage.getItem("course-stage"))
      ?? { mode: lab.shell.mode, sides: ["left", "right"].filter(shown) };
    localStorage.setItem("course-stage", JSON.stringify(before));
    for (const side of before.sides.filter(shown)) lab.shell.toggleSideTabBarVisibility(side);
    lab.shell.mode = "single-document";
    lab.shell.collapseLeft();
    lab.shell.collapseRight();
  }
  return () => {
    cancelAnimationFrame(frame);
    watcher?.disconnect();
    style.remove();
    for (const cell of document.querySelectorAll(".course-folded")) cell.classList.remove("course-folded");
    for (const bar of bars) bar.show();
    if (!lab) return;
    lab.shell.mode = before.mode;
    for (const side of before.sides) if (!shown(side)) lab.shell.toggleSideTabBarVisibility(side);
    localStorage.removeItem("course-stage");
  };
}
export default { render };
"""


class Page(anywidget.AnyWidget):
    """Large type and folded code for the notebook that it stands in; what it changed goes back when it is closed.

    ``scale`` enlarges text; ``folded`` is the code of the cells to fold, besides those that show an app.
    """

    _esm = _SHOW
    scale = traitlets.Float(1.4).tag(sync=True)
    folded: "traitlets.List[str]" = traitlets.List(traitlets.Unicode()).tag(sync=True)


_pages: list[Page] = []


def present(on: bool, scale: float, recorded: Mapping[str, str]) -> None:
    """See :func:`course_utils.apps.present`; ``recorded`` are the apps that can be, with their modules."""
    from IPython import get_ipython
    from IPython.display import display

    scale = number("scale", scale, "[0.5, 3]", "1 for a laptop and 1.4 for a projector")
    for page in _pages:
        page.close()
    _pages.clear()
    set_scale(scale if on else None)
    hire(None)
    shell: Any = get_ipython()
    if shell is not None and _after in shell.events.callbacks["post_run_cell"]:
        shell.events.unregister("post_run_cell", _after)
    if not on:
        return
    notebook = os.environ.get("JPY_SESSION_NAME", "")
    _pages.append(Page(scale=scale, folded=tagged(notebook)))
    display(_pages[0])
    if shell is not None and recorded:
        place = display(_line(""), raw=True, display_id=True)
        new = StandIns(recorded, scale, lambda words: place.update(_line(words), raw=True))
        hire(new)
        new.ask(name for code, _ in _code(notebook) for name in CALL.findall(code))
        shell.events.register("post_run_cell", _after)


def _line(words: str) -> dict[str, str]:
    return {"text/plain": words, "text/html": f'<small class="course-stand-ins">{html.escape(words)}</small>'}


def _after(result: Any) -> None:
    """A cell has run: if it failed, the recorded pictures of the apps that it called stand below its error."""
    from IPython.display import display

    hired = stand_ins()
    if hired is None or result.success:
        return
    for name in dict.fromkeys(CALL.findall(result.info.raw_cell)):
        if name in hired.shown:
            still = {"text/plain": f"{name}, recorded"}
            hired.stand_in(name, still, display(still, raw=True, display_id=True))


def tagged(notebook: str | Path) -> list[str]:
    """The code of the cells of a notebook file that carry the tag; none where there is no such file."""
    return [code for code, tags in _code(notebook) if FOLD in tags]


def _code(notebook: str | Path) -> list[tuple[str, list[str]]]:
    """The code cells of a notebook file, with their tags; none where there is no such file."""
    try:
        cells = json.loads(Path(notebook).read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return []
    return [
        ("".join(cell["source"]), cell["metadata"].get("tags", []))
        for cell in cells
        if cell["cell_type"] == "code"
    ]
