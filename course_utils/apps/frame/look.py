"""How an app looks: where its parts stand in a window of any size, and its letters."""

from math import ceil

COLUMN = 290  # pixels of the controls' column, at scale 1
SHELL = 130  # pixels of the window's height that JupyterLab's menu, tabs and tool bar take
ROW = 34  # pixels of a row of controls, at scale 1
LARGE = 700  # pixels of a picture that one can work with
BLUE = "#0072B2"

# Wide windows: controls beside the picture. Where that would leave it less than LARGE, or nothing at all, the picture
# comes first, then the controls in two or three columns.
# The picture is never so high that picture, controls below it and status do not fit into the window.
_CSS = """<style>
{me} {{overflow: visible; max-width: 100%; container-type: inline-size; font-size: {letters}px;
  --jp-widgets-font-size: {letters}px; --jp-ui-font-size1: {letters}px}}
{me} .widget-box {{overflow: visible}}
{me} > .widget-box {{display: grid; gap: 2px 8px; align-items: start; margin: 0; width: 100%}}
{me} .course-head {{grid-area: title; margin: 0; align-items: center; gap: 12px}}
{me} .course-title {{margin: 0; flex: 1 1 auto}}
{me} .course-states {{margin: 0; flex: 0 1 auto; min-width: 8em}}
{me} .course-states :focus-visible {{outline-offset: -3px}}
{me} .course-controls {{grid-area: controls}}
{me} .course-below {{grid-area: below; max-width: {width}px}}
{me} .course-main {{grid-area: main; align-items: center; flex-flow: row wrap; gap: 0 8px}}
{me} .course-main > * {{flex: 1 1 {field}px; min-width: 0}}
{me} .course-main select {{min-width: 0}}
{me} .course-main > .widget-slider {{flex-grow: 2}}
{me} .course-main > button {{flex: 0 0 auto}}
{me} .course-picture {{grid-area: picture; margin: 0; height: auto; aspect-ratio: {width} / {height};
  width: min(100%, {widest}px, max({least}px, (100vh - {around}px) * {ratio}))}}
{me} .widget-html.course-app-status {{grid-area: status; height: auto; min-height: {lines}em; margin: 0; width: auto}}
{me} .course-app-status sub {{line-height: 0}}
{me} .course-app-status .widget-html-content {{line-height: 1.35; overflow-wrap: anywhere}}
{me} > .widget-box {{{wide}}}
@container (max-width: {narrow}px) {{
  {me} > .widget-box {{grid-template: "title" "picture" "below" "status" "controls" / minmax(0, 1fr)}}
  {me}:not(.course-presented) .course-picture {{
    width: min(100%, {widest}px, max({large}px, (100vh - {stacked}px) * {ratio}))
  }}
  {me} .course-controls {{display: block; columns: 3 {third}px; column-gap: 16px}}
  {me} .course-controls > * {{break-inside: avoid}}
}}
{me}.course-presented > .widget-box {{grid-template: "picture" "main" "status" "controls" / minmax(0, 1fr)}}
{me}.course-presented .course-picture {{justify-self: center}}
{me}.course-presented .course-controls {{display: block; columns: 2; column-gap: 16px}}
{me}.course-presented .course-fine {{display: none}}  /* of the status, what is for the desk */

{me} .widget-label, {me} .widget-label-basic, {me} .widget-readout, {me} select, {me} button,
  {me} .widget-html-content, {me} .widget-upload {{font-size: {letters}px}}
{me} .widget-inline-hbox, {me} button, {me} .course-controls .widget-html {{margin: 1px 2px}}
{me} .widget-inline-hbox {{height: auto; min-height: {line}px; align-items: center}}
{me} .widget-inline-hbox .widget-label {{white-space: normal; line-height: 1.15; height: auto}}
{me} .course-below .widget-slider .widget-label {{width: 9em !important}}
{me} :is(.widget-readout, .course-readout) {{min-width: 4.2em}}
{me} .course-main :is(.widget-readout, .course-readout) {{min-width: 3em}}
{me} .course-readout {{display: none; padding-left: 14px; text-align: center}}  /* clear of the thumb's outline */
{me} .course-told .course-readout {{display: block}}
{me} .course-told .widget-readout {{display: none !important}}
{me} .course-main .widget-label {{width: auto !important; white-space: nowrap; text-align: left}}
@container (max-width: {tight}px) {{  /* labels over their controls */
  {me} .course-main > .widget-inline-hbox {{flex-flow: row wrap}}
  {me} .course-main .widget-label {{flex: 1 0 100%; font-size: 0.8em; line-height: 1}}
  {me} .course-main .slider-container {{flex: 1 1 40px; min-width: 0}}
}}
{me} .course-controls .widget-dropdown {{flex-wrap: wrap}}  /* a choice whose longest name would be cut */
{me} .course-controls select {{flex: 1 1 40px; width: 40px; min-width: min-content; max-width: 100%}}
{me} .widget-checkbox {{margin-right: 14px}}
{me} .widget-checkbox input {{width: {letters}px; height: {letters}px}}
{me} button, {me} select, {me} .widget-dropdown {{height: auto; min-height: {line}px}}
{me} :disabled, {me} [disabled] {{cursor: not-allowed}}
{me} .course-off {{opacity: 0.5}}
{me} :focus {{outline: none}}
{me} :focus-visible {{outline: 3px solid {blue} !important; outline-offset: 2px; z-index: 1}}
{me} :is(button, select):focus-visible {{position: relative}}
{me} .course-title .widget-html-content {{font-weight: bold}}
{me}.course-playing .course-control-play {{background: {blue}; color: white}}
{me}.course-playing .course-title .widget-html-content::after {{content: "▶ playing"; color: white; background: {blue};
  border-radius: 4px; padding: 1px 6px; margin-left: 10px; font-weight: normal}}
{me} .course-picture {{position: relative}}
{me}.course-busy .course-picture::after {{content: attr(data-busy); position: absolute; top: 4px; right: 4px;
  color: white; background: {blue}; border-radius: 4px; padding: 1px 8px; pointer-events: none}}
.jp-OutputArea-child:has(+ .jp-OutputArea-child {me}:not(.jupyter-widgets-disconnected)) {{display: none}}
.output_container:has(+ .output_container {me}:not(.jupyter-widgets-disconnected)) {{display: none}}  /* VS Code */
</style>"""


def css(
    me: str,
    size: tuple[int, int],
    scale: float,
    presented: bool,
    rows_below: int,
    rows_beside: int,
    lines: int,
) -> str:
    """The style of the app of this class, with a picture of this size in pixels and so many lines of status, as
    HTML."""
    width, height = size
    line = round(27 * scale)
    high = 1.35 * (2 if presented else lines) + 0.1  # em; before a class, the picture comes first
    title, status = (0, high * 13 * scale) if presented else (28, high * 13)
    rows = 1 if presented else rows_below
    # what the window's height has to hold beside it
    around = round(SHELL + title + status + rows * ROW * scale + 8)
    stack = round(ceil(rows_beside / 3 + 1) * ROW * scale)
    return _CSS.format(
        me=f".{me}", width=width, height=height, ratio=f"{width / height:.4f}", letters=round(13 * scale), line=line,
        widest=2000 if presented else width, least=360, large=LARGE, around=around, stacked=around + stack,
        wide=_WIDE.format(column=round(COLUMN * scale)), field=round(100 * scale), tight=round(640 * scale),
        lines=f"{high:.2f}", narrow=round(COLUMN * scale + 8 + LARGE), third=round(250 * scale), blue=BLUE,
    )  # fmt: skip


_WIDE = (
    'grid-template: "controls title" auto "controls picture" auto "controls below" auto "controls status" 1fr '
    "/ {column}px minmax(0, 1fr)"
)
