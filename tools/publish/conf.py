"""Sphinx's settings for the site. Everything that a page loads lies beside it: MathJax, letters, pictures, search."""

import json
from pathlib import Path

HERE = Path(__file__).parent
# what each figure shows, by the hash of its bytes
ALTS = json.loads((HERE / "alts.json").read_text(encoding="utf-8"))

project = "A course lab on GANs, Wasserstein GANs and style transfer"
html_title = "GAN course lab"
author = "the authors of the course"
project_copyright = author
language = "en"
extensions = ["myst_nb", "sphinx.ext.mathjax"]
templates_path = ["_templates"]
exclude_patterns = ["originals", "_static", "_templates"]
nb_execution_mode = "off"  # the stored outputs are shown
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
suppress_warnings = [
    "myst.header",
    "myst.xref_missing",
    "mystnb.unknown_mime_type",
    "misc.highlighting_failure",
]
html_theme = "pydata_sphinx_theme"
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "show_prev_next": True,
    "show_nav_level": 2,
    "navigation_depth": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": [],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
# Only the lessons are a section with pages to go to; an empty column would take room from the others.
html_sidebars = {page: [] for page in ("apps", "claims", "teaching", "students", "reference")}
html_static_path = ["_static"]
html_css_files = ["recorded.css", "site.css"]
html_js_files = ["recorded.js", "site.js"]
html_context = {"default_mode": "auto"}
html_extra_path = ["api"] if (HERE / "api").exists() else []
html_copy_source = False
html_show_search_summary = False  # which would fetch pages, and no page is fetched from a folder
mathjax_path = "mathjax/tex-svg.js"
mathjax3_config = {"svg": {"fontCache": "global"}, "options": {"enableMenu": False}}


def describe_pictures(app, doctree):
    """Give every picture of an output what was computed to be said of it."""
    from docutils import nodes

    for image in doctree.findall(nodes.image):
        if not image.get("alt"):
            image["alt"] = ALTS.get(Path(image["uri"]).stem, "")


def setup(app):
    app.connect("doctree-read", describe_pictures)
    return {"parallel_read_safe": True}
