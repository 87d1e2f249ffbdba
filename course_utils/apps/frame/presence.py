"""An invisible widget that knows whether anybody watches: neither ipywidgets nor JupyterLab tells the kernel when an
output is cleared, a tab hidden or a page closed."""

import time
from collections.abc import Callable

import anywidget
import traitlets

SILENCE = 20.0  # seconds of playing without a sign of life after which nobody watches
# seconds that may count between two looks: in a kernel that was busy, no sign of life could be heard
LAPSE = 1.0

_SHOW = """
export default {
  render({ model, el }) {
    el.style.display = "none";
    const view = crypto.getRandomValues(new Uint32Array(1))[0];
    let told = null;
    // Scrolled away still counts. Another tab of the browser, or of the lab, in front does not.
    const watched = () => !document.hidden && !el.closest(".lm-mod-hidden");
    const tell = (now) => {
      told = now;
      try { model.send([view, now]); } catch { /* the kernel has gone, and with it whatever played */ }
    };
    const look = () => { const now = watched(); if (now !== told) tell(now); };
    const leave = () => tell(false);
    // While something plays, a sign of life. And a tab of the lab comes to the front, and goes, without an event.
    const timer = setInterval(() => (model.get("playing") && told ? tell(watched()) : look()), 3000);
    document.addEventListener("visibilitychange", look);
    addEventListener("pagehide", leave);
    addEventListener("pageshow", look);
    look();
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
      removeEventListener("pagehide", leave);
      removeEventListener("pageshow", look);
      leave();
    };
  },
};
"""


class Presence(anywidget.AnyWidget):
    """Put beside other widgets, it calls ``on_gone()`` when the last view of them is watched no more: its tab is hidden
    or closed, the output cleared, the cell deleted or run again. Views that are only scrolled away still count.

    While ``playing`` is set, the views also give signs of life; :meth:`watched` misses them where the connection is
    lost, or a page has gone without a word.
    """

    _esm = _SHOW
    playing = traitlets.Bool(False).tag(sync=True)
    on_gone: Callable[[], object] | None = None

    def __init__(self) -> None:
        super().__init__()
        # each view that is watched, and when it last said so, by this clock:
        self._heard: dict[int, float] = {}
        self._clock, self._looked = 0.0, time.monotonic()  # seconds of playing
        self.on_msg(lambda widget, content, buffers: self.hear(*content))

    def hear(self, view: int, seen: bool) -> None:
        """A view is watched, or is no more."""
        if seen:
            self._heard[view] = self._clock
        elif self._heard.pop(view, None) is not None and not self._heard and self.on_gone is not None:
            self.on_gone()

    def watched(self) -> bool:
        """Whether somebody watches, to ask all the time while something plays. True as well where no view was ever
        told of: a script plays for nobody."""
        now = time.monotonic()
        self._clock, self._looked = self._clock + min(now - self._looked, LAPSE), now
        if self._clock - max(list(self._heard.values()), default=self._clock) <= SILENCE:
            return True
        self._heard.clear()  # who asks to go on, goes on
        return False
