"""Site and slides: whole, offline, every picture says what it shows; and in a real Chromium, from a folder, players,
search, no console error, no request to any host."""

import base64
import io
import json
import re
import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from PIL import Image

from course_utils import apps
from course_utils.apps.frame import Choice, LiveController, Slider, forward, state

CALL = "from course_utils import apps\napps.couplings_app()"


class Small(LiveController):
    """An app that trains: two steps at a rate, from where its kind says."""

    title, size = "small", (1.6, 1.0)
    main = ("kind", "rate")
    controls = (
        Choice("kind", "kind", ("low", "high", "your own"), "low"),
        Slider("rate", "rate", 1, 4, 1, 1),
        Slider("other", "other", 0, 1, 0, 1),
    )
    states = (
        state("begun", "It is at {}.", ("0", lambda c: c.at)),
        state("two steps", "Two steps of 3 end at {}.", ("6", lambda c: c.at), do=({"rate": 3}, forward(2))),
    )
    at = 0

    def begin(self):
        super().begin()
        self.at = 0

    def steps(self):
        while True:
            self.at += self.values["rate"]
            yield

    def make_panels(self, figure):
        ax = figure.add_axes((0, 0, 1, 1), xlim=(0, 1), ylim=(0, 9))
        return SimpleNamespace(moving=(), line=ax.axhline(0))

    def update(self):
        self.panels.line.set_ydata([self.at + (self.values["kind"] == "high")] * 2)

    def status(self):
        return f"at <b>{self.at:g}</b>, {self.values['kind']}"


@pytest.fixture(scope="module")
def published(root, tmp_path_factory):
    """.site and .slides: folders; .pages: the two lessons of each."""
    for package in ("myst_nb", "pydata_sphinx_theme", "sphinx_revealjs", "mathjax"):
        pytest.importorskip(package, reason="pip install -e '.[site]'")
    sys.path.insert(0, str(root / "tools"))
    try:
        import frames
        import slides
        import website
    finally:
        sys.path.remove(str(root / "tools"))
    folder = tmp_path_factory.mktemp("published")
    v4, buffer = nbformat.v4, io.BytesIO()
    Image.new("RGB", (60, 30), "navy").save(buffer, "png")
    png = base64.b64encode(buffer.getvalue()).decode()
    said = v4.new_output(
        "display_data", {"image/png": png}, metadata={"image/png": {"alt": "a loss from 2 to 1 & 0"}}
    )
    printed = v4.new_output("stream", name="stdout", text="an aside\nW = 0.41 (floor 0.28): near\n")
    first = [
        v4.new_markdown_cell("# Lesson one\n\nThe claim about $W_1$, with [more](two.ipynb).\n\n$$a < b$$"),
        v4.new_code_cell("plot()", outputs=[said, printed]),
        v4.new_markdown_cell(
            "## Play with it\n\nDrag. <details><summary>Answer</summary>\n\nIt moves.\n\n</details>"
        ),
        v4.new_code_cell(CALL, outputs=[v4.new_output("display_data", {"image/png": png})]),
    ]
    second = [
        v4.new_markdown_cell("# Lesson two\n\nA word found nowhere else: pterodactyl."),
        v4.new_markdown_cell("## Shown\n\nThis.", metadata={"tags": ["slide"]}),
        v4.new_markdown_cell("and that", metadata={"tags": ["fragment"]}),
        v4.new_markdown_cell("said aloud", metadata={"tags": ["notes"]}),
        v4.new_markdown_cell("## Hidden\n\nNot this.", metadata={"tags": ["skip"]}),
    ]
    paths = []
    for name, cells in (("one", first), ("two", second)):
        nbformat.write(v4.new_notebook(cells=cells), path := folder / f"{name}.ipynb")
        paths.append(path)
    frames.MAIN, frames.OTHER = 3, 2  # pictures along a slider: quick, and its ends are among them
    frames.store(apps.controller("couplings_app", None), "couplings_app", folder / "frames", 2)
    frames.TRAINED["small_app"] = (("kind",), ("rate",))
    frames.store(Small(), "small_app", folder / "frames")
    website.prepare(folder / "source", paths, folder / "frames")
    website.build(folder / "source", folder / "site", api=False)
    website.reference(folder / "site" / "api", "course_utils.transport")
    slides.prepare(folder / "slides", folder / "frames")
    for path in paths:
        page = slides.deck(nbformat.read(path, as_version=4))
        (folder / "slides" / f"{path.stem}.html").write_text(page, encoding="utf-8")
    return SimpleNamespace(
        site=folder / "site", slides=folder / "slides", frames=folder / "frames", tools=slides
    )


class Page(HTMLParser):
    """What a page asks for, its pictures, its words."""

    def __init__(self, path):
        super().__init__()
        self.asks, self.links, self.pictures, self.text, self.players = [], [], [], "", []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag in ("script", "img", "iframe", "source") and "src" in given:
            self.asks.append(given["src"])
        if tag == "link" and given.get("rel") in ("stylesheet", "preload", "icon", "search"):
            self.asks.append(given["href"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "img":
            self.pictures.append(given)
        if "course-player" in (given.get("class") or "").split():
            self.players.append(given["data-app"])

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def pages(published):
    templates = published.site / "_static"
    found = [path for path in published.site.rglob("*.html") if templates not in path.parents]
    found += published.slides.glob("*.html")
    assert len(found) > 8
    return {path: Page(path) for path in found}


def test_nothing_is_asked_of_another_host_and_all_that_is_asked_is_there(pages):
    for path, page in pages.items():
        for address in page.asks:
            assert not re.match(r"(https?:)?//", address), (path, address)
            if not address.startswith("data:"):
                assert (path.parent / re.split("[?#]", address)[0]).exists(), (path, address)


def test_every_link_inside_leads_somewhere(pages):
    for path, page in pages.items():
        for address in page.links:
            inside = re.split("[?#]", address)[0]
            if inside and not re.match(r"\w+:", address) and "api/" not in address:
                assert (path.parent / inside).exists(), (path, address)


def test_every_picture_says_what_it_shows(published, pages):
    for path, page in pages.items():
        assert all(picture.get("alt") for picture in page.pictures), path
    for folder in (published.site / "lessons", published.slides):
        (picture,) = pages[folder / "one.html"].pictures
        assert picture["alt"] == "a loss from 2 to 1 & 0"


def test_an_app_is_a_player_and_its_notebook_can_be_had(published, pages):
    lesson = pages[published.site / "lessons" / "one.html"]
    assert lesson.players == ["couplings_app"]
    assert [link for link in lesson.links if link.endswith("one.ipynb") and "_downloads" in link]
    assert "couplings_app" in pages[published.site / "apps.html"].players
    assert pages[published.slides / "one.html"].players == ["couplings_app"]


def test_search_knows_the_words(published):
    assert "pterodactyl" in (published.site / "searchindex.js").read_text()


def test_a_players_pictures_are_those_of_the_app(published, images):
    text = (published.frames / "couplings_app.js").read_text(encoding="utf-8")
    about = json.loads(text.partition(" = ")[2].rstrip(";\n"))
    controller = apps.controller("couplings_app", images)
    assert [state["name"] for state in about["states"]] == [state.name for state in controller.states[:2]]
    second = about["states"][1]
    controller.visit(second["name"])
    assert second["sees"] == controller.state.sees
    assert second["alt"] == controller.describe()
    assert second["frame"][1] == controller.status()
    track = next(track for track in second["tracks"] if track["label"] == "q")
    assert track["frames"][track["at"]][0] == second["frame"][0]
    controller.set(q=1.0)
    assert track["frames"][-1][1:] == [controller.status(), "1"]
    width, height = about["size"]
    shown = []
    for name, *_ in track["frames"]:
        with Image.open(published.frames / "couplings_app" / name) as picture:
            shown.append(np.asarray(picture.convert("RGB"), float))
    assert {pixels.shape for pixels in shown} == {(height, width, 3)}
    first, last = shown[0], shown[-1]
    assert (np.abs(first - last).max(axis=2) > 60).mean() > 0.001  # a dot, numbers and colours have moved


def test_a_choice_is_a_track_and_what_trains_is_trained_again(published):
    text = (published.frames / "small_app.js").read_text(encoding="utf-8")
    begun, trained = json.loads(text.partition(" = ")[2].rstrip(";\n"))["states"]
    told = [
        [(track["label"], track["kind"], track["at"], [frame[1:] for frame in track["frames"]])
         for track in state["tracks"]]
        for state in (begun, trained)
    ]  # fmt: skip
    assert told[0] == [("kind", "choice", 0, [["at 0, low", "low"], ["at 0, high", "high"]])]
    assert told[1] == [
        ("kind", "choice", 0, [["at 6, low", "low"], ["at 6, high", "high"]]),
        ("rate", "range", 1, [[f"at {2 * rate}, low", str(rate)] for rate in (1, 3, 4)]),
    ]
    assert trained["tracks"][1]["frames"][1][0] == trained["frame"][0]


def test_slides_by_rule_show_formula_figure_verdict_and_app(published):
    text = (published.slides / "one.html").read_text(encoding="utf-8")
    sections = text.split("<section>")[1:]
    assert re.search("<h2>(.*?)</h2>", sections[0])[1] == "Lesson one"
    assert r"\[a &lt; b\]" in sections[0]
    assert 'class="figure"' in sections[0]  # beside few words
    assert "W = 0.41 (floor 0.28): near" in text
    assert "an aside" not in text
    assert "It moves." not in text  # an answer
    assert "course-player" in sections[-1]


def test_what_was_printed_answers_beside_the_question(published):
    v4, pixel = nbformat.v4, "iVBORw0KGgo="
    shown = v4.new_output("display_data", {"image/png": pixel}, metadata={"image/png": {"alt": "a plot"}})
    told = v4.new_output("stream", name="stdout", text="W = 0.41 (floor 0.28): near\n")
    for words, kinds in ((60, [["text", "printed"], ["figure"]]), (200, [["text"], ["figure", "printed"]])):
        text = v4.new_markdown_cell(f"# Lesson\n\nIs it near?{' word' * words}")
        slides = published.tools.choose(
            v4.new_notebook(cells=[text, v4.new_code_cell("plot()", outputs=[shown, told])])
        )
        assert [[kind for kind, _ in slide.body] for slide in slides] == kinds


def test_tags_choose_where_there_are_some(published):
    text = (published.slides / "two.html").read_text(encoding="utf-8")
    (section,) = text.split("<section>")[1:]
    shown, said = section.split('<aside class="notes">')
    assert "This." in shown
    assert "and that" in shown
    assert "said aloud" in said
    assert "Not this" not in text
    assert "pterodactyl" not in text


def test_a_slide_announces_nothing_that_is_not_there(published):
    shorten = published.tools.shorten
    many = " word" * published.tools.WORDS
    for few in ("* one\n* two", "$$a = b.$$"):
        assert shorten(f"So.{many} There are two:\n\n{few}\n\nMore.") == (
            f"So.{many} There are two:\n\n{few}",
            "More.",
        )
    long = "* " + " word" * published.tools.ROOM
    assert shorten(f"So. There are many:\n\n{long}") == ("So.", f"There are many:\n\n{long}")
    assert shorten(f"All of it:\n\n{long}") == ("All of it:", long)  # not a slide without a word


def test_a_deck_of_every_lesson_is_no_longer_than_a_lecture(published, root):
    for path in sorted((root / "notebooks").glob("*.ipynb"))[1:]:
        lesson = nbformat.read(path, as_version=4)
        slides = published.tools.choose(lesson)
        assert 12 <= len(slides) <= 25, path.name
        assert slides[0].heading.startswith("Lesson"), path.name
        code = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "code")
        called = set(published.tools.CALL.findall(code))
        text = "".join(part for slide in slides for _, part in slide.body)
        assert all(f'data-app="{app}"' in text for app in called & set(apps.SHOWN)), path.name


# ------------------------------------------------------------------ in a browser


@pytest.fixture
def offline(browser):
    """A page that fails the test on console errors and on requests for anything but files."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "request", lambda r: None if r.url.startswith(("file:", "data:", "blob:")) else said.append(r.url)
    )
    yield page
    context.close()
    assert said == []


def test_a_player_goes_through_states_and_along_tracks(published, offline):
    offline.goto((published.site / "lessons" / "one.html").as_uri())
    player = offline.locator(".course-player")
    sees, img = player.locator(".course-player-sees"), player.locator("img")
    offline.wait_for_function("img => img.naturalWidth > 0", arg=img.element_handle())
    assert "at cost 0.500" in img.get_attribute("alt")
    first = sees.inner_text()
    player.locator("select").focus()
    offline.keyboard.press("n")
    assert sees.inner_text() != first
    assert player.locator("select").evaluate("e => e.selectedOptions[0].text") == "the cheapest coupling"
    offline.keyboard.press("p")
    assert sees.inner_text() == first
    before = img.get_attribute("src")
    track = player.get_by_label("q", exact=True)
    track.focus()
    offline.keyboard.press("End")
    assert img.get_attribute("src") != before
    assert "0.800" in player.locator(".course-player-status").inner_text()
    # the focus stays on the track
    for key, name in (("n", "the cheapest coupling"), ("p", "independent coins")):
        offline.keyboard.press(key)
        assert player.locator("select").evaluate("e => e.selectedOptions[0].text") == name
    offline.wait_for_function("img => img.complete && img.naturalWidth > 0", arg=img.element_handle())
    player.get_by_role("button", name="Play").click()
    player.get_by_role("button", name="Pause").wait_for()
    player.get_by_role("button", name="Play", exact=True).wait_for(timeout=30_000)  # at its end


def test_a_choice_of_a_player_shows_its_options_picture(published, offline):
    offline.goto((published.site / "apps.html").as_uri())
    player = offline.locator(".course-player[data-app=small_app]")
    player.get_by_label("kind").select_option("high")
    assert player.locator(".course-player-status").inner_text() == "at 0, high"
    player.locator("select").first.select_option("two steps")
    assert player.locator(".course-player-status").inner_text() == "at 6, low"


def test_search_finds_a_page_from_a_folder(published, offline):
    offline.goto((published.site / "search.html").as_uri() + "?q=pterodactyl")
    offline.locator("#search-results a", has_text="Lesson two").first.wait_for(timeout=30_000)
    assert "cannot quote" in offline.locator("main").inner_text()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_the_site(published, offline, grave, theme):
    offline.emulate_media(color_scheme=theme)
    for page in ("lessons/one.html", "apps.html", "api/course_utils/transport.html"):
        offline.goto((published.site / page).as_uri())
        assert offline.evaluate("document.documentElement.dataset.theme") == theme
        assert grave(offline) == [], page


def test_axe_finds_nothing_serious_in_a_deck(published, offline, grave):
    offline.goto((published.slides / "one.html").as_uri())
    offline.wait_for_function("() => window.Reveal?.isReady()")
    for _ in range(offline.evaluate("Reveal.getTotalSlides()")):
        assert grave(offline) == []
        offline.keyboard.press("ArrowRight")


def test_a_deck_goes_on_with_keys_and_nothing_is_cut_off(published, offline):
    offline.goto((published.slides / "one.html").as_uri())
    offline.wait_for_function("() => window.Reveal?.isReady() && window.MathJax?.startup?.promise")
    offline.evaluate("() => MathJax.startup.promise")
    total = offline.evaluate("Reveal.getTotalSlides()")
    cut = """() => { const s = Reveal.getCurrentSlide();
        return s.scrollHeight > s.clientHeight + 2 || s.scrollWidth > s.clientWidth + 2; }"""
    seen = """() => { const s = Reveal.getCurrentSlide(), at = s.querySelector('h2').getBoundingClientRect();
        return s.contains(document.elementFromPoint(at.x + at.width / 2, at.y + at.height / 2)); }"""
    for slide in range(total):
        assert offline.evaluate("Reveal.getIndices().h") == slide
        assert offline.evaluate(seen), slide
        assert not offline.evaluate(cut), slide
        offline.keyboard.press("ArrowRight")
