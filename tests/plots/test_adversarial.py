"""Lesson 10's pictures: the data behind them."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from course_utils.plots import adversarial as draw


@pytest.fixture
def ax():
    return Figure().subplots()


def test_a_change_is_white_where_nothing_changes(ax):
    change = np.zeros((28, 28))
    change[0, 0], change[1, 1] = 0.1, -0.1
    image = draw.draw_change(ax, change, 0.1)
    shown = image.to_rgba(image.get_array())
    assert shown[5, 5] == pytest.approx([1, 1, 1, 1], abs=0.01)
    assert shown[0, 0][0] > shown[0, 0][2]  # vermilion adds
    assert shown[1, 1][2] > shown[1, 1][0]  # blue takes away


def test_accuracies_are_a_mean_and_a_band_over_the_seeds(ax):
    draw.draw_accuracies(ax, [0, 0.1], {"cnn": [[1.0, 0.2], [0.8, 0.4]]})
    (line,) = ax.get_lines()
    assert line.get_ydata() == pytest.approx([90, 30])
    (band,) = ax.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert {80.0, 100.0} <= set(heights.round(6))


def test_every_network_that_ships_has_a_look_of_its_own():
    looks = [(look["color"], look["ls"], look["marker"]) for look in draw.LOOKS.values()]
    assert len(set(looks)) == len(looks)
    assert len({look["marker"] for look in draw.LOOKS.values()}) == len(looks)


def test_the_panels_show_the_path_the_ground_and_the_border():
    panels = draw.AttackPanels(Figure((8.8, 5.0)))
    x = np.linspace(-1, 1, 9)
    margin = np.broadcast_to(x[:, None], (9, 9))  # the border lies level, in the middle
    path = np.array([[0, 0], [0.5, 0.2], [1, 0]])
    picture = np.full((28, 28), 0.5)
    p = np.eye(10)
    panels.update(picture, picture + 0.1, ("a", "b", "c"), (p[3], p[5]), 0.1, path, np.ones((9, 9)), margin)
    (line,) = [line for line in panels.plane.get_lines() if line.get_label() == "path"]
    assert np.column_stack(line.get_data()) == pytest.approx(path[:, ::-1])
    (border,) = panels.plane.collections
    (segment,) = border.get_segments()
    (left, right), _ = draw.REACH
    assert segment[:, 1] == pytest.approx((left + right) / 2)
    assert [text.get_text() for text in panels.before.texts] == ["a"]
