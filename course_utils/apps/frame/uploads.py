"""A button that takes a file of any size: ipywidgets' own sends it as one message, and from 10 MiB on Jupyter's server
answers by cutting the connection, without a word."""

from collections.abc import Callable
from typing import Any

import anywidget
import traitlets

MOST = 64  # MB; a picture arrives reduced, so this is for files of other kinds

_SHOW = """
const PIECE = 1 << 20, WHOLE = 2 << 20, PATIENCE = 60;  // bytes, bytes, seconds
const mb = (bytes) => (bytes / 1e6).toFixed(1);

async function reduced(file, longest) {  // a large picture, redrawn with fewer pixels where this browser can read it
  if (file.size <= WHOLE || !file.type.startsWith("image/")) return file;
  const img = new Image();
  img.src = URL.createObjectURL(file);
  try {
    await img.decode();
    const scale = Math.min(1, longest / Math.max(img.naturalWidth, img.naturalHeight));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(scale * img.naturalWidth));
    canvas.height = Math.max(1, Math.round(scale * img.naturalHeight));
    const ink = canvas.getContext("2d");
    ink.imageSmoothingQuality = "high";
    ink.fillStyle = "white";  // what transparent parts show
    ink.fillRect(0, 0, canvas.width, canvas.height);
    ink.drawImage(img, 0, 0, canvas.width, canvas.height);  // the way up that its EXIF tag says
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.95));
    return blob && blob.size < file.size ? blob : file;
  } catch {
    return file;
  } finally {
    URL.revokeObjectURL(img.src);
  }
}

function render({ model, el }) {
  const input = document.createElement("input"), button = document.createElement("button");
  Object.assign(input, { type: "file", accept: model.get("accept"), hidden: true });
  Object.assign(button, { type: "button", className: "jupyter-widgets jupyter-button widget-button" });
  Object.assign(button.style, { width: "100%", margin: "0" });
  let answered = () => {}, busy = false;
  const hear = (answer) => answered(answer);
  const ask = (content, buffers) => new Promise((resolve, reject) => {
    answered = resolve;
    setTimeout(() => reject(new Error("no answer from the kernel")), 1000 * PATIENCE);
    model.send(content, undefined, buffers);
  });
  const say = (text) => { button.textContent = text; };
  const look = () => {
    button.disabled = busy || model.get("disabled");
    button.title = model.get("tooltip");
    if (!busy) say(model.get("description"));
  };
  const rest = () => { busy = false; look(); };

  input.addEventListener("change", async () => {
    const file = input.files[0];
    if (!file) return;
    busy = true;
    look();
    try {
      say(`reading ${mb(file.size)} MB`);
      const content = await reduced(file, model.get("longest")), name = file.name, size = content.size;
      for (let at = 0, more = true; more; at += PIECE) {
        say(`sending ${mb(at)} of ${mb(size)} MB`);
        const piece = await content.slice(at, at + PIECE).arrayBuffer();
        ({ more } = await ask({ name, size, at }, [piece]));
      }
      rest();
    } catch (error) {
      say(error.message);
      setTimeout(rest, 5000);
    }
    input.value = "";  // so that the same file can be chosen again
  });
  button.addEventListener("click", () => input.click());
  model.on("msg:custom", hear);
  model.on("change:disabled change:tooltip", look);
  look();
  el.append(button, input);
  return () => {
    model.off("msg:custom", hear);
    model.off("change:disabled change:tooltip", look);
  };
}
export default { render };
"""


class FileButton(anywidget.AnyWidget):
    """A button that asks for a file and calls ``on_file(content)`` with its bytes, or ``on_refused(error)`` with a
    ValueError in its place.

    The file comes in pieces of 1 MiB, each after the one before has arrived, and the button counts them. A picture
    of more than 2 MiB is first redrawn in the browser with at most ``longest`` pixels on its longer side (what
    :func:`~course_utils.pictures.open_picture` would keep of it), so that a telephone's 12 MB become about one. Where
    the browser cannot read it, it comes as it is.
    """

    _esm = _SHOW
    description = traitlets.Unicode("").tag(sync=True)
    tooltip = traitlets.Unicode("").tag(sync=True)
    accept = traitlets.Unicode("").tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)
    longest = traitlets.Int(2048).tag(sync=True)

    on_file: Callable[[bytes], object] | None = None
    on_refused: Callable[[Exception], object] | None = None

    def __init__(self, **traits: Any):
        super().__init__(**traits)
        self._pieces = bytearray()
        self.on_msg(lambda widget, content, buffers: self.hear(content, buffers))

    def hear(self, content: dict[str, Any], buffers: list[Any]) -> None:
        """A piece of a file, from byte ``at`` on; what is answered says whether another should follow."""
        name, size, at = content["name"], content["size"], content["at"]
        if size > 1e6 * MOST:
            self.send({"more": False})
            self._tell_refused(
                f"{name} has {size / 1e6:.0f} MB, and at most {MOST} can be sent. Make it smaller first."
            )
            return
        if at == 0:
            self._pieces.clear()
        if at == len(self._pieces):  # a piece that does not follow belongs to another view's file
            self._pieces += bytes(buffers[0])
        more = len(self._pieces) < size
        self.send({"more": more})
        if not more:
            complete = bytes(self._pieces)
            self._pieces.clear()
            self.take(complete)

    def take(self, content: bytes) -> None:
        """As if a student had chosen a file with these bytes."""
        if self.on_file is not None:
            self.on_file(content)

    def _tell_refused(self, sentence: str) -> None:
        if self.on_refused is not None:
            self.on_refused(ValueError(sentence))
