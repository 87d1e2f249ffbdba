"""A picture that says where it was clicked: ipywidgets' own Image does not."""

from collections.abc import Callable
from typing import Any

import anywidget
import traitlets

_SHOW = """
function render({ model, el }) {
  const img = document.createElement("img");
  img.alt = model.get("alt");
  img.draggable = false;
  Object.assign(img.style, { width: "100%", display: "block", cursor: "crosshair", touchAction: "none" });
  let url = null;
  const show = () => {
    const next = URL.createObjectURL(new Blob([model.get("value")], { type: "image/png" }));
    img.src = next;
    if (url) URL.revokeObjectURL(url);
    url = next;
  };
  let last = null, count = 0;
  const tell = (event) => {
    const box = img.getBoundingClientRect();
    last = [event.clientX, event.clientY];
    model.set("clicked", [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height, ++count]);
    model.save_changes();
  };
  img.addEventListener("pointerdown", (event) => { img.setPointerCapture(event.pointerId); tell(event); });
  img.addEventListener("pointermove", (event) => {
    if (event.buttons === 1 && last && Math.hypot(event.clientX - last[0], event.clientY - last[1]) > 12) tell(event);
  });
  show();
  model.on("change:value", show);
  el.appendChild(img);
  return () => { model.off("change:value", show); URL.revokeObjectURL(url); };
}
export default { render };
"""


class ClickablePicture(anywidget.AnyWidget):
    """Shows PNG bytes (``value``), like :class:`ipywidgets.Image`, and calls ``on_click(across, down)`` when clicked.

    Along a stroke with the button held it calls again and again. Both numbers are shares of the picture, from 0 at
    its upper left to 1.
    """

    _esm = _SHOW
    value = traitlets.Bytes(b"").tag(sync=True)
    alt = traitlets.Unicode("").tag(sync=True)
    # Across, down, and a count that makes every click a change.
    clicked: "traitlets.List[Any]" = traitlets.List([]).tag(sync=True)

    on_click: Callable[[float, float], object] | None = None

    @traitlets.observe("clicked")
    def _tell(self, change: Any) -> None:
        if self.on_click is not None and change["new"]:
            self.on_click(*change["new"][:2])
