"""Lesson 12's pictures show the numbers that they are given."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from course_utils.plots import family as draw
from course_utils.plots import palette


@pytest.fixture
def ax():
    return Figure().add_subplot()


def test_a_pull_has_the_colour_of_what_becomes_of_it_and_a_marker_of_its_own(ax):
    noise = np.array([1.0, 0.05])
    pulls = {"gone": [0.5, 1e-9], "there": [1.0, 1.0], "more": [1.0, 400.0], "gone, from higher": [0.7, 1e-9]}
    draw.draw_pulls(ax, noise, pulls)
    assert [(line.get_label(), line.get_color()) for line in ax.lines] == [
        ("more", palette.SECOND),
        ("there", palette.ACCENT),
        ("gone, from higher", palette.MUTED),
        ("gone", palette.MUTED),
    ]
    assert len({line.get_marker() for line in ax.lines[2:]}) == 2
    assert ax.lines[0].get_ydata().tolist() == [1.0, 400.0]
    assert ax.xaxis_inverted()


def test_the_thermostat_shows_the_balance_and_the_smoothed_ratio(ax):
    draw.draw_thermostat(ax, [1.0, 0.0, 0.5], [0.1, 0.2, 0.3], 0.5, window=2)
    ratio, balance = ax.lines[:2]
    assert ratio.get_ydata().tolist() == pytest.approx([1.0, 0.5, 0.25])
    assert balance.get_ydata().tolist() == [0.1, 0.2, 0.3]


def test_every_seed_of_a_ratio_has_its_line_and_every_setting_its_dash(ax):
    draw.draw_settling(ax, {"slow": [[0.1, 0.4], [0.2, 0.5]], "fast": [[0.6, 0.5]]}, 0.5, every=50)
    slow, again, fast = ax.lines[:3]
    assert again.get_xydata().tolist() == [[50.0, 0.2], [100.0, 0.5]]
    assert slow.get_linestyle() == again.get_linestyle() != fast.get_linestyle()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["slow", "fast", "γ"]


def test_every_way_has_its_seeds_and_its_name(ax):
    draw.draw_trade(
        ax,
        {"one": ([20.0, 21.0], [50.0, 60.0]), "other": ([18.0, 19.0], [10.0, 20.0])},
        joined=("one", "other"),
    )
    assert ax.lines[0].get_xydata().tolist() == [[20.0, 50.0], [21.0, 60.0]]
    assert ax.lines[-1].get_xydata().tolist() == [[20.5, 55.0], [18.5, 15.0]]
    assert [text.get_text() for text in ax.texts] == ["one", "other"]


def test_where_an_answer_leaves_the_picture_its_line_does():
    x, figure = np.linspace(-4, 6, 101), Figure((8.8, 4.6))
    density = np.full(101, 1 / 101)
    panels = draw.FamilyPanels(figure)
    panels.update(
        "a game", x, (density, density), 10 * x, 1e9 * x, np.array([0.1, 1.0]), np.ones(2), (1.0, 1.0)
    )
    critic = figure.axes[1]
    low, high = critic.get_ylim()
    for line in critic.lines:
        answers = line.get_ydata()
        assert answers[0] < low < high < answers[-1] < 1e6  # and no further than can be drawn
