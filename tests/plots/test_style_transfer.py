"""The data behind the pictures of lesson 7 and of its app."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from course_utils.plots import style_transfer
from course_utils.plots.style_transfer import TransferPanels, draw_grid

BLACK, WHITE = np.zeros((4, 10, 3)), np.ones((4, 10, 3))


def test_a_wipe_shows_that_share_of_the_content():
    panels = TransferPanels(Figure(), BLACK, WHITE)
    for share in np.linspace(0, 1, 41):
        panels.update(WHITE, share, {"content": [], "style": []}, planned=10)
        shown = panels.moving[0].get_array()[..., 0] / 255
        assert shown.mean() == pytest.approx(1 - round(10 * share) / 10)
        assert (np.diff(shown[0]) >= 0).all()  # black on the left
    assert WHITE.min() == 1  # the picture itself is as it was


def test_a_grid_has_every_picture_in_its_place_with_titles_and_labels():
    figure = Figure()
    pictures = [[np.full((4, 4, 3), (2 * i + j) / 10) for j in range(2)] for i in range(3)]
    draw_grid(figure, pictures, ["left", "right"], ["a", "b", "c"])
    values = [float(ax.get_images()[0].get_array()[0, 0, 0]) for ax in figure.axes]
    assert values == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert [ax.get_title() for ax in figure.axes] == ["left", "right", "", "", "", ""]
    assert [text.get_text() for ax in figure.axes for text in ax.texts] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("pictures", "columns", "message"),
    [([[WHITE], [WHITE, BLACK]], [], "same number"), ([[]], [], "at least one"), ([[WHITE]], ["a", "b"], "2 titles")],
)  # fmt: skip
def test_a_grid_that_does_not_fit_is_refused(pictures, columns, message):
    with pytest.raises(ValueError, match=message):
        draw_grid(Figure(), pictures, columns)


def test_a_gram_matrix_shows_its_numbers():
    ax = Figure().add_subplot()
    style_transfer.draw_gram(ax, [[6, 2], [2, 1]], ["red", "green"], "G")
    assert [text.get_text() for text in ax.texts] == ["6", "2", "2", "1"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["red", "green"]


def test_losses_are_drawn_as_they_are():
    ax = Figure().add_subplot()
    history = {"content": [0.1, 0.2], "style": [1.0, 0.5]}
    style_transfer.draw_losses(ax, history)
    for line in ax.get_legend_handles_labels()[0]:
        assert list(line.get_ydata()) == history[line.get_label()]
        assert list(line.get_xdata()) == [0, 1]  # before the first step, and before the second


def test_a_loss_of_zero_has_its_place_on_the_axis():
    """The content's loss at the start is exactly 0, which a logarithmic axis sends to minus infinity."""
    ax = Figure().add_subplot()
    style_transfer.draw_losses(ax, {"content": [0.0, 1.7], "style": [0.5, 0.01]})
    heights = ax.transAxes.inverted().transform(ax.transData.transform([(0, 0.0), (0, 0.01), (0, 1.7)]))[:, 1]
    assert heights[0] == pytest.approx(0)
    assert 0.1 < heights[1] < heights[2] < 1


def test_panels_move_and_keep_their_axes():
    figure = Figure()
    panels = TransferPanels(figure, BLACK, WHITE)
    axes, children = list(figure.axes), [len(ax.get_children()) for ax in figure.axes]
    history = {"content": [0.0, 0.2], "style": [1.0, 0.5]}
    panels.update(WHITE, 0.3, history, planned=50)
    assert figure.axes == axes
    assert [len(ax.get_children()) for ax in figure.axes] == children
    image, edge, handle, title, end, content, style = panels.moving
    assert image.get_array()[..., :3].mean((0, 2)).tolist() == [0] * 3 + [255] * 7
    assert edge.get_visible()
    assert list(edge.get_xdata()) == [2.5, 2.5]  # between the third column and the fourth
    assert list(handle.get_xdata()) == [2.5]
    assert title.get_text() == "step 2"
    assert list(content.get_ydata()) == [0.0, 0.2]
    assert list(style.get_ydata()) == [1.0, 0.5]
    assert content.axes.get_xlim() == (0, 1)
    assert list(content.get_xdata()) == [0, 1 / 50]
    assert end.get_text() == "50"
    panels.update(WHITE, 0.0, history, planned=1)
    assert not edge.get_visible()
    assert end.get_text() == "2"  # never shorter than the curve
    assert list(content.get_xdata()) == [0, 1 / 2]


@pytest.mark.parametrize("scale", [1.0, 1.4])
@pytest.mark.parametrize("shape", [(4, 6), (6, 4)])
def test_the_picture_that_is_made_is_large(scale, shape):
    """Of the app's 880 x 460 pixels; it had 355 x 237 of them before."""
    figure = Figure(figsize=(8.8 / scale, 4.6 / scale), dpi=100 * scale)
    panels = TransferPanels(figure, np.ones((*shape, 3)), WHITE, BLACK)
    panels.update(np.ones((*shape, 3)), 0.5, {"content": [], "style": []}, planned=10)
    FigureCanvasAgg(figure).draw()
    box = panels.picture.bbox
    assert box.height >= (390 if scale == 1 else 340)
    assert box.width / box.height == pytest.approx(shape[1] / shape[0], rel=0.01)
    for ax in figure.axes[1:]:
        assert ax.get_tightbbox().x0 > box.x1  # nothing lies over it
        assert ax.get_tightbbox().x1 <= figure.bbox.width


def test_a_line_stands_where_the_share_says():
    panels = TransferPanels(Figure(), BLACK, WHITE)
    for share in (0.0, 0.1, 1 / 3, 0.5, 0.99, 1.0):
        assert panels.share_at(panels.edge_at(share)) == pytest.approx(share, abs=1e-12)
