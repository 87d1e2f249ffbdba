"""The picture of an app, which says where it is clicked and dragged: ipywidgets' own Image does neither.

What a controller has to write so that something in its picture can be dragged::

    def handles(self):                      # asked after every drawing
        return {"theta": Handle(self.panels.plane, x=self.values["theta"])}

    def drag(self, name, x, y, phase):      # in the units of that axes; phase is "down", "move" or "up"
        self.slide(theta=x)                 # the nearest value that the slider has

The browser holds the nearest handle within reach and sends what happens in bundles: one at a time, the next when the
kernel has drawn the last. Of a drag only the latest place goes into a bundle (and always the first and the last), so a
slow picture lags by one frame and never by a queue. Of clicks and painted strokes every place goes.
"""

from collections.abc import Callable, Sequence
from typing import Any

import anywidget
import traitlets

_SHOW = """
const NEAR = 14, FINGER = 28, STROKE = 12;  // pixels: how far a mouse, a finger reaches; between dots of a stroke
function render({ model, el }) {
  const img = document.createElement("img");
  img.draggable = false;
  const describe = () => { img.alt = model.get("alt"); };
  Object.assign(img.style, { width: "100%", display: "block", userSelect: "none" });
  img.addEventListener("dragstart", (event) => event.preventDefault());  // of a selection that it is in
  let url = null;
  const show = () => {
    const next = URL.createObjectURL(new Blob([model.get("value")], { type: "image/png" }));
    img.src = next;
    if (url) URL.revokeObjectURL(url);
    url = next;
  };

  let bundle = [], waiting = false;
  const flush = () => {
    if (waiting || !bundle.length) return;
    model.send({ events: bundle });
    [bundle, waiting] = [[], true];
  };
  const tell = (kind, name, event) => {
    const box = img.getBoundingClientRect();
    const place = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    if (kind === "move" && bundle.at(-1)?.[0] === "move") bundle.pop();
    bundle.push([kind, name, ...place]);
    flush();
  };
  const heard = () => { waiting = false; flush(); };

  // The nearest handle within reach; a point goes before a line, a line before a whole axes.
  const find = (event) => {
    const box = img.getBoundingClientRect(), reach = event.pointerType === "touch" ? FINGER : NEAR;
    const beyond = (at, low, high) => Math.max(low - at, 0, at - high);
    return model.get("handles").map(([name, left, top, right, bottom]) => ({
      name, wide: right > left, high: bottom > top, away: Math.hypot(
        beyond(event.clientX - box.left, left * box.width, right * box.width),
        beyond(event.clientY - box.top, top * box.height, bottom * box.height)),
    })).filter((handle) => handle.away <= reach)
      .sort((a, b) => a.wide + a.high - b.wide - b.high || a.away - b.away)[0];
  };
  const cursor = (handle) => !handle ? (model.get("clickable") ? "crosshair" : "default")
    : handle.wide && handle.high ? "crosshair" : handle.wide ? "ns-resize" : handle.high ? "ew-resize" : "grab";

  let held = null, last = null, latest = null;
  img.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    latest = event;
    held = find(event)?.name ?? null;
    if (held === null && !model.get("clickable")) return;
    img.setPointerCapture(event.pointerId);
    last = [event.clientX, event.clientY];
    tell(held === null ? "click" : "down", held ?? "", event);
  });
  img.addEventListener("pointermove", (event) => {
    latest = event;
    if (held !== null) tell("move", held, event);
    else if (!last) {
      const handle = find(event);
      [img.style.cursor, img.style.touchAction] = [cursor(handle), handle || model.get("clickable") ? "none" : "auto"];
    } else if (Math.hypot(event.clientX - last[0], event.clientY - last[1]) > STROKE) {
      last = [event.clientX, event.clientY];
      tell("click", "", event);
    }
  });
  const release = (event) => {
    if (held !== null) tell("up", held, event);
    held = last = null;
  };
  img.addEventListener("pointerup", release);
  img.addEventListener("pointercancel", () => release(latest));  // it has no place of its own
  // A finger that lands on a handle must not scroll the page; it tells so before any pointermove.
  img.addEventListener("touchstart", (event) => {
    const { clientX, clientY } = event.touches[0];
    if (model.get("clickable") || find({ clientX, clientY, pointerType: "touch" })) event.preventDefault();
  }, { passive: false });

  // On a projector the kernel draws as many pixels as are shown.
  let later = 0;
  const sized = new ResizeObserver(() => {
    clearTimeout(later);
    later = setTimeout(() => {
      if (!img.clientWidth || Math.abs(img.clientWidth - model.get("shown")) < 3) return;
      model.set("shown", img.clientWidth);
      model.save_changes();
    }, 200);
  });
  if (model.get("fluid")) sized.observe(img);

  show();
  describe();
  model.on("change:value", show);
  model.on("change:alt", describe);
  model.on("msg:custom", heard);
  el.appendChild(img);
  return () => {
    sized.disconnect();
    clearTimeout(later);
    model.off("change:value", show);
    model.off("change:alt", describe);
    model.off("msg:custom", heard);
    URL.revokeObjectURL(url);
  };
}
export default { render };
"""

Event = tuple[str, str, float, float]


class Picture(anywidget.AnyWidget):
    """Shows PNG bytes (``value``), and calls ``on_events([(kind, name, across, down), ...])``.

    A kind is "click" (the name is empty then), or "down", "move" or "up" of the handle with that name. Both numbers are
    shares of the picture, from 0 at its upper left to 1. Along a stroke with the button held, "click" comes again and
    again. ``handles`` lists (name, left, top, right, bottom), in the same shares. Where it is ``fluid``, ``shown`` is
    how many pixels wide it stands on the screen.
    """

    _esm = _SHOW
    value = traitlets.Bytes(b"").tag(sync=True)
    alt = traitlets.Unicode("").tag(sync=True)
    clickable = traitlets.Bool(False).tag(sync=True)
    fluid = traitlets.Bool(False).tag(sync=True)
    shown = traitlets.Int(0).tag(sync=True)
    handles: "traitlets.List[Any]" = traitlets.List([]).tag(sync=True)

    on_events: Callable[[Sequence[Event]], object] | None = None

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.on_msg(lambda widget, content, buffers: self.hear(content["events"]))

    def hear(self, events: Sequence[Event]) -> None:
        """Some clicks, or parts of a drag: the browser sends more when these are answered."""
        try:
            if self.on_events is not None:
                self.on_events(events)
        finally:
            self.send("seen")
