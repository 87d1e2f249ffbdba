"""``present()``: a notebook before a class. An invisible widget makes the page fit, for as long as it is there."""

import json
import os
from pathlib import Path

import anywidget
import traitlets

from course_utils.apps.frame.stage import set_scale
from course_utils.checks import number

# The tag of a code cell whose code is not for the class (the sites of Jupyter Book know it, too).
FOLD = "hide-input"

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
      const fold = wanted.has(same(lines.map((line) => line.textContent).join("\\n")));
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
  const before = lab?.shell.mode;
  if (lab) {
    lab.shell.mode = "single-document";
    lab.shell.collapseLeft();
    lab.shell.collapseRight();
  }
  return () => {
    cancelAnimationFrame(frame);
    watcher?.disconnect();
    style.remove();
    for (const cell of document.querySelectorAll(".course-folded")) cell.classList.remove("course-folded");
    if (lab && before) lab.shell.mode = before;
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


def present(on: bool, scale: float) -> None:
    """See :func:`course_utils.apps.present`."""
    from IPython.display import display

    scale = number("scale", scale, "[0.5, 3]", "1 for a laptop and 1.4 for a projector")
    for page in _pages:
        page.close()
    _pages.clear()
    set_scale(scale if on else None)
    if on:
        _pages.append(Page(scale=scale, folded=tagged(os.environ.get("JPY_SESSION_NAME", ""))))
        display(_pages[0])


def tagged(notebook: str | Path) -> list[str]:
    """The code of the cells of a notebook file that carry the tag; none where there is no such file."""
    try:
        cells = json.loads(Path(notebook).read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return []
    return [
        "".join(cell["source"])
        for cell in cells
        if cell["cell_type"] == "code" and FOLD in cell["metadata"].get("tags", ())
    ]
