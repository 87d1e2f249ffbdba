"""The curve that is drawn before it is computed: by dragging, by the keyboard's sliders; noted, then compared."""

import json

import numpy as np
import pytest

from course_utils import exercises
from course_utils.apps.guess import GuessController, guess_app

X = np.linspace(-2, 2, 401)
CURVE = np.where(X == 0, 0.0, np.log(2))


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    file = tmp_path / "progress.json"
    monkeypatch.setenv("COURSE_PROGRESS", str(file))
    return file


@pytest.fixture
def app():
    app = guess_app(exercises.question("2.c"), X, CURVE, points=5)  # at -2, -1, 0, 1 and 2
    yield app
    app.close()


def test_dragging_draws_and_takes_along_what_it_passes(app, line):
    app.drag("curve", (-2.0, 0.2), (2.0, 1.0))
    assert app.controller.heights == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert line(app.figure, "your guess").get_ydata() == pytest.approx(app.controller.heights)
    app.drag("curve", (0.3, 7.0), (0.3, 7.0))  # out of the picture
    assert app.controller.heights == pytest.approx([0.2, 0.4, 1.0, 0.8, 1.0])
    assert (app.widgets["place"].value, app.widgets["height"].value) == (3, 1.0)


def test_the_sliders_draw_too(app):
    for place, height in enumerate((0.1, 0.9, 0.5, 0.25, 0.0), start=1):
        app.widgets["place"].value = place
        app.widgets["height"].value = height
    assert app.controller.heights == pytest.approx([0.1, 0.9, 0.5, 0.25, 0.0])
    app.widgets["place"].value = 2
    assert app.widgets["height"].value == 0.9
    assert "Point 2 of 5, at −1: you say 0.90" in app.status.value


def test_nothing_is_shown_before_a_guess_is_made_and_noted(app, line, file):
    app.press("compare")
    assert app.widgets["compare"].disabled
    assert not len(line(app.figure, "computed").get_xdata())
    assert not file.exists()
    app.set(height=0.7)
    assert not len(line(app.figure, "computed").get_xdata())
    app.press("compare")
    assert line(app.figure, "computed").get_ydata() == pytest.approx(CURVE)
    assert json.loads(file.read_text()) == {"2.c": {"guess": [0.5, 0.5, 0.7, 0.5, 0.5]}}
    assert app.controller.handles() == {}
    assert app.widgets["height"].disabled
    app.set(height=0.1)  # too late
    assert app.controller.heights == pytest.approx([0.5, 0.5, 0.7, 0.5, 0.5])
    app.press("again")
    assert not len(line(app.figure, "computed").get_xdata())
    assert app.controller.heights == pytest.approx([0.5] * 5)


def test_the_distances_are_told_beside_that_of_the_best_level_line(app):
    app.drag("curve", (-2.0, np.log(2)), (2.0, np.log(2)))
    app.press("compare")
    off, level = app.controller.distances()
    right = np.array([np.log(2), np.log(2), 0, np.log(2), np.log(2)])
    assert off == pytest.approx(np.abs(right - np.log(2)))
    assert level == pytest.approx(min(np.abs(right - h).mean() for h in np.linspace(0, 1, 2001)), abs=1e-3)
    assert "0.14 away" in app.status.value
    assert "most at 0, by 0.69" in app.status.value


def test_an_earlier_guess_is_there_again_if_it_fits():
    asked = exercises.question("2.c")
    for kept, heights in (
        ([0.0, 0.1, 0.2, 0.3, 9.0], [0.0, 0.1, 0.2, 0.3, 1.0]),
        ([0.1, 0.2], [0.5] * 5),
        (0.3, [0.5] * 5),
        ([0.1, float("nan"), 0.2, 0.3, 0.4], [0.5] * 5),
    ):
        asked.note(kept)
        assert GuessController(asked, X, CURVE, points=5).heights == pytest.approx(heights)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"low": 1.0}, "low must be below high"),
        ({"points": 1}, "points is 1"),
        ({"x": X[:9]}, "both must be"),
        ({"x": X[::-1]}, "x must rise"),
        ({"computed": CURVE * np.nan}, "computed"),
        ({"question": "2.c"}, r"question is '2\.c'; it must be a question, such as exercises\.question"),
    ],
)
def test_what_is_no_curve_is_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        GuessController(**({"question": exercises.question("2.c"), "x": X, "computed": CURVE} | wrong))
