"""An invisible widget that teaches the other widgets of an app to live in a notebook: keyboard, names, values."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import anywidget
import traitlets

_SHOW = """
// JupyterLab looks for a shortcut from the focused element outwards, and stops at the first that carries this mark. So
// everything that can have the focus carries it; else "x" on a button would cut the cell.
const MARK = "data-lm-suppress-shortcuts";
const FOCUSABLE = "button, select, input, textarea, summary, a[href], [tabindex], [contenteditable]";
// Except for what runs the cell or saves the notebook, which the browser would answer with a dialog of its own.
const passes = (e) => e.key === "Enter" ? e.shiftKey || e.ctrlKey || e.altKey || e.metaKey
  : e.key === "s" && (e.ctrlKey || e.metaKey) && !e.altKey;
// where Space has a meaning of its own
const TYPED = "select, input, textarea, summary, a[href], [contenteditable=true]";

function set(element, name, value) {
  if (element && element.getAttribute(name) !== value) element.setAttribute(name, value);
}

function tidy(app, model) {
  for (const [name, words] of Object.entries(model.get("readouts"))) {
    const row = app.querySelector(".course-control-" + name);
    if (!row) continue;  // it is not drawn yet
    let beside = row.querySelector(".course-readout");
    if (words && !beside) {
      beside = document.createElement("div");
      beside.className = "course-readout";
      row.append(beside);
    }
    if (beside && beside.textContent !== words) beside.textContent = words;
    row.classList.toggle("course-told", words !== "");
  }
  for (const element of [app, ...app.querySelectorAll(FOCUSABLE)]) set(element, MARK, "true");
  for (const slider of app.querySelectorAll(".widget-slider")) {
    const told = slider.matches(".course-told") ? ".course-readout" : ".widget-readout";
    const parts = [".widget-label", ".noUi-handle", told];
    const [label, handle, readout] = parts.map((part) => slider.querySelector(part));
    set(handle, "aria-label", label.textContent);
    set(handle, "aria-valuetext", readout.textContent);
    set(handle, "aria-disabled", String(slider.querySelector(".noUi-target").hasAttribute("disabled")));
    if (!readout.isContentEditable) continue;
    set(readout, "role", "textbox");
    set(readout, "aria-label", label.textContent + ", as a number");
  }
  for (const [name, reason] of Object.entries(model.get("reasons"))) {
    set(app.querySelector(".course-control-" + name), "title", reason);  // wherever in its row the mouse is
    for (const inner of app.querySelectorAll(`.course-control-${name} :is(label, select, input, .noUi-handle)`)) {
      set(inner, "title", reason);
    }
  }
  for (const choice of app.querySelectorAll(".course-states select")) set(choice, "aria-label", "show a named state");
  const playing = app.classList.contains("course-playing");
  for (const button of app.querySelectorAll(".course-control-play")) set(button, "aria-pressed", String(playing));
  for (const fold of app.querySelectorAll(".course-more")) {
    set(fold, "aria-expanded", String(fold.matches(".mod-active")));
  }
  const status = app.querySelector(".course-app-status");
  set(status, "role", "status");
  set(status, "aria-live", playing ? "off" : "polite");  // twelve times a second nobody wants to hear it
}

// What somebody does may take the kernel a moment: asked after a while whether it is done, it answers when it is. Until
// then the corner of the picture says so.
const WHILE = 100;  // milliseconds until it is asked, and again until the picture says so
const SAYS = { "course-control-pause": "pausing …", "course-control-stop": "stopping …" };
const ACTED = "button, select, input, .noUi-target, .course-picture";

function render({ model, el }) {
  el.style.display = "none";
  let app = null, frame = 0, watcher = null;
  let asked = null, later = 0;
  const rest = () => {
    clearTimeout(later);
    app.classList.remove("course-busy");
    app.removeAttribute("aria-busy");
  };
  const ask = (words = "working …") => {
    clearTimeout(later);
    later = setTimeout(() => {
      asked = Math.random();
      try { model.send({ asked }); } catch { return; }  // the kernel has gone
      later = setTimeout(() => {
        set(app.querySelector(".course-picture"), "data-busy", words);
        app.classList.add("course-busy");
        set(app, "aria-busy", "true");
      }, WHILE);
    }, WHILE);
  };
  const answered = (answer) => { if (answer === asked) rest(); };
  const acted = (event) => {
    const control = event.target.closest(ACTED);
    if (!control || (event.type === "click" && control.matches("select, input"))) return;  // a change follows
    ask(SAYS[[...control.classList].find((name) => name in SAYS)]);
  };
  const space = (event) => {
    if (event.key !== " " || event.ctrlKey || event.altKey || event.metaKey || event.target.closest(TYPED)) return;
    if (event.target.closest("button:not(.course-control-play):not(.course-control-pause)")) return;
    event.preventDefault();  // of the key's going down: the page would scroll; of its going up: the button would press
    if (event.type === "keydown" && !event.repeat) model.send("space");
  };
  const turn = (event) => {
    const by = { n: 1, p: -1 }[event.key];
    if (!by || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (event.target.closest(TYPED) && !event.target.closest(".course-states")) return;
    event.preventDefault();  // a choice would jump to what begins with that letter
    model.send(by);
    ask();
  };
  const pass = (event) => {  // before JupyterLab looks, which does so on the event's way down
    if (!app.contains(event.target) || !passes(event)) return;
    for (const element of [app, ...app.querySelectorAll(`[${MARK}]`)]) element.removeAttribute(MARK);
    setTimeout(() => tidy(app, model));
  };
  const begin = () => {
    app = el.closest(".course-app");
    if (!app) { frame = requestAnimationFrame(begin); return; }
    app.tabIndex = -1;  // a click on nothing gives the app the focus, and not the notebook
    set(app, "role", "group");
    set(app, "aria-label", model.get("name"));
    tidy(app, model);
    model.on("change:reasons change:readouts", () => tidy(app, model));
    watcher = new MutationObserver(() => tidy(app, model));
    watcher.observe(app, { subtree: true, childList: true, characterData: true, attributes: true,
                           attributeFilter: ["class", "title", "disabled", "aria-valuetext", "contenteditable"] });
    window.addEventListener("keydown", pass, true);
    model.on("msg:custom", answered);
    for (const type of ["click", "change", "keyup"]) app.addEventListener(type, acted);
    if (model.get("turns")) app.addEventListener("keydown", turn);
    if (model.get("plays")) for (const type of ["keydown", "keyup"]) app.addEventListener(type, space);
  };
  begin();
  return () => {
    cancelAnimationFrame(frame);
    model.off("change:reasons change:readouts");
    watcher?.disconnect();
    window.removeEventListener("keydown", pass, true);
    clearTimeout(later);
    model.off("msg:custom", answered);
    for (const type of ["click", "change", "keyup"]) app?.removeEventListener(type, acted);
    app?.removeEventListener("keydown", turn);
    for (const type of ["keydown", "keyup"]) app?.removeEventListener(type, space);
  };
}
export default { render };
"""


class Manners(anywidget.AnyWidget):
    """Put among the widgets of an app called ``name``: JupyterLab's shortcuts stay out of it, sliders have names and
    rounded values for who listens, the status line is read when it changes, and what takes a moment says so at once.
    ``reasons`` are tooltips of controls, and
    ``readouts`` what stands beside sliders in place of their numbers, by their
    :func:`~course_utils.apps.frame.rows.css_name`. Where something ``plays``, Space calls ``on_space()``;
    where it ``turns``, n and p call ``on_turn(1)`` and ``on_turn(-1)``."""

    _esm = _SHOW
    name = traitlets.Unicode("").tag(sync=True)
    reasons: "traitlets.Dict[str, str]" = traitlets.Dict({}).tag(sync=True)
    readouts: "traitlets.Dict[str, str]" = traitlets.Dict({}).tag(sync=True)
    plays = traitlets.Bool(False).tag(sync=True)
    turns = traitlets.Bool(False).tag(sync=True)
    on_space: Callable[[], object] | None = None
    on_turn: Callable[[int], object] | None = None
    guard: AbstractContextManager[Any] = nullcontext()  # held by what is being done

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.on_msg(lambda widget, content, buffers: self.hear(content))

    def hear(self, key: Any) -> None:
        """A key was pressed: "space", or how many named states to go on; or the page asks whether all is done."""
        if isinstance(key, dict):
            with self.guard:
                self.send(key["asked"])
        elif key == "space":
            if self.on_space is not None:
                self.on_space()
        elif self.on_turn is not None:
            self.on_turn(key)
