"""An invisible widget that knows whether anybody can see it: neither ipywidgets nor JupyterLab tells the kernel when an
output is cleared."""

from collections.abc import Callable

import anywidget

_SHOW = """
export default {
  render({ model }) {
    model.send("shown");
    return () => model.send("gone");
  },
};
"""


class Presence(anywidget.AnyWidget):
    """Put beside other widgets, it calls ``on_gone()`` when the last view of them has left the page: the output was
    cleared, its cell deleted or run again, or the notebook closed. Views that are only scrolled away still count.
    """

    _esm = _SHOW
    on_gone: Callable[[], object] | None = None

    def __init__(self):
        super().__init__()
        self.views = 0
        self.on_msg(lambda widget, content, buffers: self._hear(content))

    def _hear(self, content: str) -> None:
        self.views += {"shown": 1, "gone": -1}[content]
        if self.views == 0 and self.on_gone is not None:
            self.on_gone()
