// Players of recorded pictures of the apps: <div class="course-player" data-app="jsd_app"></div>. No kernel, no request to
// any host: the pictures lie beside this file, in frames/, and so do the scripts that list them. Written into a page after
// such a <div> and a script of the type application/json (recorded.py does so), it has the pictures from there.
(() => {
  const script = document.currentScript;
  const base = script.src && new URL("frames/", script.src).href;
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const NOTE = "Recorded pictures of the app: choose a state, drag a slider, or press n and p. Live, it answers to every "
    + "control: open the notebook.";
  // where n and p are letters, or somebody else's
  const ELSEWHERE = "input, textarea, select, [contenteditable=true], .course-player, .course-app";

  function build(box, name, about) {
    const id = `player-${name}-${(window.coursePlayers = (window.coursePlayers ?? 0) + 1)}`;
    const [width, height] = about.size;
    const note = make("p", { className: "course-player-note", textContent: box.dataset.note ?? NOTE });
    const choice = make("select", { id: `${id}-state` });
    about.states.forEach((state, i) => choice.append(make("option", { value: i, textContent: state.name })));
    const before = make("button", { type: "button", textContent: "◀", title: "the state before (p)" });
    const after = make("button", { type: "button", textContent: "▶", title: "the next state (n)" });
    before.setAttribute("aria-label", "previous state");
    after.setAttribute("aria-label", "next state");
    const play = make("button", { type: "button", textContent: "Play" });
    const img = make("img", { width, height, decoding: "sync" });
    const sees = make("p", { className: "course-player-sees" });
    const status = make("p", { className: "course-player-status" });
    const tracks = make("div", { className: "course-player-tracks" });
    const said = make("div", {}, sees, status);
    said.setAttribute("role", "status");
    box.replaceChildren(
      make("div", { className: "course-player-head" }, make("strong", { textContent: about.title }),
        make("label", { htmlFor: choice.id, textContent: "show" }), choice, before, after, play),
      img, said, tracks, note);
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", `${about.title}: recorded pictures`);

    let state, timer = null, ranges = [];
    const show = ([file, words], named) => {
      img.src = file.startsWith("data:") ? file : base + name + "/" + file;
      img.alt = named ? state.alt : `${about.title}. ${words}`;
      sees.textContent = named ? state.sees : "";
      status.textContent = words;
    };
    const halt = () => { clearInterval(timer); timer = null; play.textContent = "Play"; };
    const go = (index) => {
      halt();
      state = about.states[(index + about.states.length) % about.states.length];
      choice.value = about.states.indexOf(state);
      const held = ranges.findIndex(({ range }) => range === document.activeElement);
      tracks.replaceChildren();
      ranges = state.tracks.map((track, k) => {
        const chosen = track.kind === "choice";
        const range = make(chosen ? "select" : "input", { id: `${id}-${k}` });
        const out = make("output");
        out.setAttribute("for", range.id);
        if (chosen) track.frames.forEach((frame, i) => range.append(make("option", { value: i, textContent: frame[2] })));
        else Object.assign(range, { type: "range", min: 0, max: track.frames.length - 1, step: 1 });
        const tell = () => {
          if (chosen) return;
          out.textContent = track.frames[range.value][2];
          range.setAttribute("aria-valuetext", out.textContent);
        };
        const reset = () => { range.value = track.at; tell(); };
        const move = () => {
          ranges.forEach((other) => { if (other.range !== range) other.reset(); });
          tell();
          show(track.frames[range.value], Number(range.value) === track.at);
        };
        range.addEventListener("input", () => { halt(); move(); });
        tracks.append(make("div", {}, make("label", { htmlFor: range.id, textContent: track.label }), range, out));
        reset();
        return { range, move, reset, last: track.frames.length - 1 };
      });
      if (held >= 0) (ranges[held]?.range ?? choice).focus();  // else the next n would not be heard
      play.disabled = !ranges.length;
      show(state.frame, true);
    };
    play.addEventListener("click", () => {
      if (timer) { halt(); return; }
      const { range, move, last } = ranges.find((one) => one.range === box.lastRange) ?? ranges[0];
      if (Number(range.value) === last) { range.value = 0; move(); }
      play.textContent = "Pause";
      timer = setInterval(() => {
        if (Number(range.value) >= last) { halt(); return; }
        range.value = Number(range.value) + 1;
        move();
      }, 400);
    });
    tracks.addEventListener("focusin", (event) => { box.lastRange = event.target; });
    choice.addEventListener("change", () => go(Number(choice.value)));
    const here = () => about.states.indexOf(state);
    before.addEventListener("click", () => go(here() - 1));
    after.addEventListener("click", () => go(here() + 1));
    const turn = (event) => {
      const by = { n: 1, p: -1 }[event.key];
      if (!by || event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
      event.preventDefault();
      event.stopPropagation();
      go(here() + by);
    };
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") document.activeElement.blur();  // on slides the arrow keys go on then
      turn(event);
    });
    const called = (name) => about.states.findIndex((each) => each.name === name);
    go(Math.max(0, called(box.dataset.state)));
    if (!script.src) standIn(box, turn, (name) => { if (called(name) >= 0) go(called(name)); });
  }

  // Of several stand-ins, the one that n and p mean: of which most is in the window. Null where none is.
  function mostSeen() {
    let best = null, most = 0;
    for (const box of document.querySelectorAll(".course-recorded")) {
      const { top, bottom } = box.getBoundingClientRect(), seen = Math.min(bottom, innerHeight) - Math.max(top, 0);
      if (seen > most) [best, most] = [box, seen];
    }
    return best;
  }

  // In the place of an app whose kernel has died: where that was goes on, and n and p work without a click.
  function standIn(box, turn, goTo) {
    for (const element of [box, ...box.querySelectorAll("select, button")]) {
      element.setAttribute("data-lm-suppress-shortcuts", "true");  // of JupyterLab: x would cut the cell
    }
    const key = (event) => {
      if (!box.isConnected) { window.removeEventListener("keydown", key, true); return; }
      if (!event.target.closest?.(ELSEWHERE) && mostSeen() === box) turn(event);
    };
    window.addEventListener("keydown", key, true);
    const seen = new ResizeObserver(() => {
      if (!box.offsetHeight) return;
      seen.disconnect();
      const live = box.closest(".jp-OutputArea-child")?.nextElementSibling;
      goTo(live?.querySelector(".course-states select")?.value);
    });
    seen.observe(box);
  }

  if (!script.src) {
    const data = script.previousElementSibling, box = data.previousElementSibling;
    build(box, box.dataset.app, JSON.parse(data.textContent));
    return;
  }

  function fill(box) {
    const name = box.dataset.app;
    const ready = () => build(box, name, window.PLAYERS[name]);
    if (window.PLAYERS?.[name]) { ready(); return; }
    const script = make("script", { src: `${base}${name}.js` });
    script.addEventListener("load", ready);
    script.addEventListener("error", () => { box.textContent = "The pictures of this app were not built."; });
    document.head.append(script);
  }
  const begin = () => document.querySelectorAll(".course-player").forEach(fill);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
