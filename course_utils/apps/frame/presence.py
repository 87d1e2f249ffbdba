"""An invisible widget that knows whether anybody can see it: neither ipywidgets nor JupyterLab tells the kernel when an
output is cleared."""

from collections.abc import Callable

import anywidget

_SHOW = """
const page = crypto.getRandomValues(new Uint32Array(1))[0];
export default {
  render({ model }) {
    model.send([page, 1]);
    return () => model.send([page, -1]);
  },
};
"""


class Presence(anywidget.AnyWidget):
    """Put beside other widgets, it calls ``on_gone()`` when the last view of them has left the page: the output was
    cleared, or its cell deleted or run again. Views that are only scrolled away still count. A page that is reloaded
    says no farewell, so a view on a new page makes those of earlier pages count no more.
    """

    _esm = _SHOW
    on_gone: Callable[[], object] | None = None

    def __init__(self) -> None:
        super().__init__()
        self.views = 0
        self._page: int | None = None
        self.on_msg(lambda widget, content, buffers: self.hear(*content))

    def hear(self, page: int, change: int) -> None:
        """A view has come to a page (change 1), or gone from it (-1)."""
        if page != self._page:
            if change < 0:
                return  # a farewell from a page that counts no more
            self.views, self._page = 0, page
        self.views += change
        if self.views == 0 and self.on_gone is not None:
            self.on_gone()
