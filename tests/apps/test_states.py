"""Named states: every one is visited, every number in its sentence is measured, and its picture, of which only what has
changed is drawn again, is the one that matplotlib by itself draws from scratch."""

import math
from copy import copy

import pytest
from matplotlib.figure import Figure

from course_utils import apps
from course_utils.apps.frame import Controller, Slider, show, state
from course_utils.apps.frame.canvas import Canvas
from course_utils.apps.frame.states import Number
from course_utils.plots import palette


def drawn(controller, canvas):
    with palette.context():
        controller.draw(canvas.figure)
        return canvas.png(controller.moving)


def from_scratch(controller):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("course_utils.apps.frame.canvas.FASTER", False)
        return drawn(copy(controller), Canvas(controller.size))


@pytest.mark.parametrize("name", apps.SHOWN)
def test_every_named_state_shows_what_it_says(name, images):
    controller = apps.controller(name, images)
    states = controller.states
    assert 5 <= len(states) <= 10
    assert len({state.name for state in states}) == len(states)
    canvas, seen, lies, pictures = Canvas(controller.size), set(), [], []
    for each in states:
        controller.visit(each.name)
        lies += each.lies(controller)
        picture = drawn(controller, canvas)
        assert picture == from_scratch(controller), f"{each.name}: not as drawn from scratch"
        pictures.append(picture)
        said = controller.describe()
        assert said.endswith(each.sees)
        seen.add(said)
    assert not lies, "\n".join(lies)
    assert len(seen) == len(states)
    again = states[0]  # wherever one comes from, a state is the same
    controller.visit(again.name)
    assert again.lies(controller) == []
    assert drawn(controller, canvas) == from_scratch(controller) == pictures[0]


@pytest.mark.parametrize(
    ("name", "control", "options"),
    [
        ("replay_app", "other", ("mlp", "wgan-gp", "none", "mlp")),
        ("replay_app", "run", ("cgan", "wgan-gp", "dcgan", "cgan")),
        ("replay_app", "curves", ("losses", "gradient norm", "what D says", "losses")),
        ("vae_app", "plane", ("where digits go", "what decodes there", "where digits go")),
        ("vae_app", "beta", ("4", "0.25", "4")),
        ("gan_app", "recipe", ("wgan-gp", "mlp", "wgan-clip", "wgan-gp")),
        ("playground_app", "compare", (True, False, True)),
    ],
)
def test_what_comes_back_is_as_drawn_from_scratch(name, control, options, images):
    """Panels, drawn axes and the ground behind what moves are kept for that."""
    controller = apps.controller(name, images)
    canvas = Canvas(controller.size)
    drawn(controller, canvas)
    for option in options:
        controller.set(**{control: option})
        assert drawn(controller, canvas) == from_scratch(controller), option


def test_brought_back_a_picture_is_what_it_was():
    """An app whose panels are made again in the same figure draws nothing twice."""
    controller = apps.controller("couplings_app", None)
    figure = Figure(controller.size)
    controller.draw(figure)
    count, bring_back = len(figure.axes), controller.keep()
    controller.set(q=1.0)
    bring_back()
    controller.draw(figure)
    assert len(figure.axes) == count


@pytest.mark.parametrize(
    ("says", "true", "false"),
    [
        ("0.693", 0.6934, 0.6936),
        ("−1.386", -1.3863, 1.386),
        ("31 %", 0.3149, 31),
        ("1,200", 1200.4, 1201),
        ("∞", math.inf, 1e300),
        ("10", 10.0, math.nan),
        ("less than 0.2", 0.1, 0.2),
        ("more than 5", 6, 5),
        ("at most 2", 2, 2.1),
        ("at least 6", 6, 5.9),
    ],
)
def test_a_number_is_true_to_its_last_digit(says, true, false):
    number = Number(says, lambda controller: 0.0)
    assert number.holds(true)
    assert not number.holds(false)


@pytest.mark.parametrize("wrong", ["", "many", "0.5 or so", "about 3"])
def test_a_number_reads_like_one(wrong):
    with pytest.raises(ValueError, match="must read like"):
        Number(wrong, lambda controller: 0.0)


def test_a_sentence_has_a_place_for_each_number():
    with pytest.raises(ValueError, match="1 numbers for 0 places"):
        state("a", "Nothing to see.", ("1", lambda c: 1.0))
    with pytest.raises(ValueError, match="at least one"):
        state("a", "Nothing to see.")


class Hills(Controller):
    title = "hills"
    alt = "a hill."
    size = (3.0, 3.0)
    controls = (Slider("height", "height", 0, 3, 1, 0.5),)
    states = (
        state("low", "The hill is {} high.", ("0", lambda c: c.values["height"]), height=0),
        state("high", "The hill is {} high.", ("3", lambda c: c.values["height"]), height=3),
        state("a lie", "The hill is {} high.", ("2", lambda c: c.values["height"])),
    )

    def draw(self, figure):
        pass

    def status(self):
        return "It is <b>so</b> &lt; high.<details>not this</details>"


def test_a_lie_is_found():
    hills = Hills()
    found = []
    for each in hills.states:
        hills.visit(each.name)
        found += each.lies(hills)
    assert found == ["a lie: said 2, found 1"]


def test_one_goes_around_and_a_moved_slider_leaves_the_state():
    hills = Hills()
    hills.turn(-1)
    assert hills.state.name == "a lie"
    hills.turn(1)
    assert (hills.state.name, hills.values["height"]) == ("low", 0)
    assert hills.describe() == "A hill. The hill is 0 high."
    hills.set(height=0.5)
    assert hills.state is None
    assert hills.describe() == "A hill. It is so < high."
    with pytest.raises(ValueError, match="it must be one of low, high, a lie"):
        hills.visit("deep")


def test_in_the_app_states_are_chosen_from_a_list_and_with_keys():
    app = show(Hills())
    assert list(app.states.options) == ["show me …", "low", "high", "a lie"]
    app.states.value = "high"  # as a student does
    assert app.widgets["height"].value == 3
    assert app.status.value.startswith("<b")
    assert "The hill is 3 high." in app.status.value
    assert app.picture.alt == "A hill. The hill is 3 high."
    app.turn(1)  # the key n
    assert app.states.value == "a lie"
    app.turn(-1)
    assert app.states.value == "high"
    app.widgets["height"].value = 3.0 + 1e-12  # as a browser sends it back
    assert app.states.value == "high"
    app.widgets["height"].value = 1.5
    assert app.states.value == "show me …"
    assert "The hill is" not in app.status.value
    app.states.value = "show me …"  # nothing to go to
    assert app.widgets["height"].value == 1.5
