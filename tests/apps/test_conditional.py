"""Ten digits of one hand: what the app shows is what the shipped generators draw."""

from functools import cache

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.markers import MarkerStyle

from course_utils.apps.conditional import ALL, DIGIT, HandController, conditional_app
from course_utils.gan import load_generator, metrics
from course_utils.gan.conditional import style_directions
from course_utils.plots.images import mosaic


@pytest.fixture(scope="module")
def generators():
    return {DIGIT: load_generator("cgan", "cpu"), ALL: load_generator("cgan-attributes", "cpu")}


@pytest.fixture(scope="module")
def shown():
    controller, figure = HandController(), Figure((9.0, 4.7))
    controller.draw(figure)
    return controller, figure


directions = cache(style_directions)  # a quarter of a second


def latent(controller, generator, first, second):
    """Of the hand that is chosen, at a place of its plane."""
    a, b = directions(generator)
    z = torch.randn(64, generator=torch.Generator().manual_seed(controller.values["hand"]))
    return z + (first - z @ a) * a + (second - z @ b) * b


@pytest.mark.parametrize("told", [DIGIT, ALL])
def test_the_ten_digits_share_the_latent_of_the_point(told, shown, generators):
    controller, figure = shown
    controller.set(told=told, hand=3, ink=0.2, slant=0.5)
    controller.drag("point", 1.03, -9.0, "move")
    controller.draw(figure)
    assert (controller.values["first"], controller.values["second"]) == (1.0, -3.0)
    generator = generators[told]
    z = latent(controller, generator, 1.0, -3.0).expand(10, -1)
    asked = {"ink": 0.2, "slant": 0.5} if told == ALL else {}
    expected = generator(z, generator.conditions(np.arange(10), **asked))
    rows = [np.asarray(image.get_array()) for image in figure.axes[1].get_images()]
    pictures = np.concatenate([np.split(row, 5, axis=1) for row in rows])
    assert pictures == pytest.approx((expected[:, 0].numpy() + 1) / 2, abs=1e-3)
    judged = metrics.look(expected, scale="symmetric").digits
    *markers, wrong = figure.axes[1].get_lines()
    places = {
        (round(y), int(x)): digit
        for digit, line in enumerate(markers)
        for x, y in zip(*line.get_data(), strict=True)
    }
    assert [places[key] for key in sorted(places)] == list(judged)
    assert len(wrong.get_xdata()) == (judged != np.arange(10)).sum()
    assert f"in {(judged == np.arange(10)).sum()} of 10" in controller.status()
    for ax, measure in zip(figure.axes[2:], (metrics.ink, metrics.slant), strict=True):
        line, *markers = ax.get_lines()
        for digit, marker in enumerate(markers):
            glyph, own = (MarkerStyle(one) for one in (f"${digit}$", marker.get_marker()))
            assert np.allclose(
                *(one.get_path().transformed(one.get_transform()).vertices for one in (glyph, own))
            )
        at = [marker.get_xdata()[0] for marker in markers]
        assert at == pytest.approx(np.clip(measure(expected, "symmetric"), *ax.get_xlim()), abs=1e-3)
        assert line.get_visible() == (told == ALL)


def test_the_map_is_the_plane_of_one_digit(shown, generators):
    controller, figure = shown
    controller.set(told=DIGIT, hand=2, digit=4)
    controller.draw(figure)
    centres = 6 / 7 * np.arange(-3, 4)
    z = torch.stack([latent(controller, generators[DIGIT], x, y) for y in centres[::-1] for x in centres])
    expected = generators[DIGIT](z, generators[DIGIT].conditions(np.full(49, 4)))
    plane = np.asarray(figure.axes[0].get_images()[0].get_array())
    assert plane == pytest.approx(mosaic((expected + 1).numpy() / 2, 7, gap=0, scale="unit"), abs=1e-3)


def test_what_a_generator_is_not_told_cannot_be_asked_for(shown):
    controller, _ = shown
    controller.set(told=DIGIT)
    assert set(controller.disabled()) == {"ink", "slant"}
    assert "asked:" not in controller.status().replace("asked for", "")
    controller.set(told=ALL)
    assert controller.disabled() == {}


@pytest.mark.parametrize("name", ["ink", "slant"])
def test_what_is_asked_for_and_what_comes_have_room_on_the_axis(name):
    controller = HandController()
    controller.draw(Figure((9.0, 4.7)))
    low, high = controller.panels.axes[name].ax.get_xlim()
    slider = next(c for c in controller.value_controls() if c.name == name)
    for asked in (slider.low, slider.high):
        controller.set(**{name: asked})
        for value in (asked, *controller.found[name]):
            assert low < value < high


def test_every_control_over_its_range(sweep):
    assert sweep(conditional_app()) > 20


def test_the_directions_are_orthonormal_and_change_more_than_chance(generators):
    """Against forty random ones, at other latents than those that they were chosen at."""
    generator = generators[DIGIT]
    way = style_directions(generator)
    assert torch.allclose(way @ way.T, torch.eye(2), atol=1e-5)
    random = torch.Generator().manual_seed(9)
    z, others = torch.randn(40, 64, generator=random), torch.randn(40, 64, generator=random)
    c = generator.conditions(np.arange(40) % 10)
    moved = [
        (generator(z + d, c) - generator(z - d, c)).square().mean().item()
        for d in [*way, *(others / others.norm(dim=1, keepdim=True))]
    ]
    assert moved[0] > max(moved[2:])
    with pytest.raises(
        ValueError, match='a conditional generator that was loaded, as load_generator."cgan".'
    ):
        style_directions(load_generator("dcgan", "cpu"))


def test_what_an_interrupt_cut_short_is_drawn_again(monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    cut, whole = HandController(), HandController()
    with monkeypatch.context() as patch:
        patch.setattr(metrics, "look", interrupted)
        with pytest.raises(KeyboardInterrupt):
            cut.set(first=1.0, second=-2.0)
    for controller in (cut, whole):
        controller.set(first=1.0, second=-2.0)
    assert cut.status() == whole.status()
    assert list(cut.seen) == list(whole.seen) != list(HandController().seen)
