import pytest

from course_utils.apps.frame import Button, Choice, Controller, Heading, Slider, Toggle


class Counter(Controller):
    title = "counter"
    controls = (
        Heading("settings"),
        Slider("width", "width", 0.5, 2.5, 1.0, 0.1),
        Slider("n", "points", 1, 10, 4, 1, integer=True),
        Choice("kind", "kind", ("line", "ring"), "line"),
        Toggle("noise", "add noise"),
        Button("grow", "one more"),
    )

    def __init__(self):
        super().__init__()
        self.seen = []

    def changed(self, values):
        self.seen.append(values)

    def grow(self):
        self.values["n"] += 1


def test_starts_at_the_declared_values():
    assert Counter().values == {"width": 1.0, "n": 4, "kind": "line", "noise": False}


def test_set_keeps_types_and_reports_the_change():
    counter = Counter()
    counter.set(width=2, n=5, noise=True)
    assert counter.values == {"width": 2.0, "n": 5, "kind": "line", "noise": True}
    assert counter.seen == [{"width": 2.0, "n": 5, "noise": True}]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"width": 3.0}, r"width is 3.0; it must be in \[0.5, 2.5\]"),
        ({"width": float("nan")}, "width is nan; it must be a finite number"),
        ({"width": "wide"}, "width is 'wide'; it must be a finite number"),
        ({"kind": "square"}, "kind is 'square'; it must be one of line, ring"),
        ({"noise": 1}, "expected True or False, got 1"),
        ({"colour": 1}, "counter has no control 'colour'; it has width, n, kind, noise"),
        ({"grow": 1}, "no control 'grow'"),
    ],
)
def test_bad_values_are_refused_in_words_and_change_nothing(values, message):
    counter = Counter()
    with pytest.raises(ValueError, match=message):
        counter.set(n=9, **values)
    assert counter.values == Counter().values
    assert counter.seen == []


def test_press():
    counter = Counter()
    counter.press("grow")
    assert counter.values["n"] == 5
    with pytest.raises(ValueError, match="no button 'width'"):
        counter.press("width")


def test_samples_are_the_extremes_and_the_middle():
    assert Slider("a", "a", 0, 1, 0, 0.25).samples() == (0.0, 0.5, 1.0)
    assert Slider("a", "a", 1, 10, 4, 1, integer=True).samples() == (1, 5, 10)


def test_a_control_whose_own_value_is_impossible_is_refused():
    with pytest.raises(ValueError, match="needs low <= value <= high"):
        Slider("a", "a", 0, 1, 2, 0.1)
    with pytest.raises(ValueError, match="a is 'c'; it must be one of a, b"):
        Choice("a", "a", ("a", "b"), "c")


@pytest.mark.parametrize(
    ("value", "nearest"),
    [(-3, -1.0), (0.26, 0.3), (0.24, 0.2), (0.33, 0.3), (0.97, 0.95), (1e9, 0.95), (-0.04, 0.0)],
)
def test_the_nearest_value_that_a_slider_has(value, nearest):
    assert Slider("a", "a", -1, 0.95, 0, 0.1).nearest(value) == nearest
