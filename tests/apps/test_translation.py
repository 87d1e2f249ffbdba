"""Lesson 11b's app: what it shows is what the shipped translators make of held-out digits."""

from io import BytesIO

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from course_utils import translation
from course_utils.apps.translation import (
    EXAMPLES,
    FED,
    MADE,
    PROBES,
    TRUE,
    TranslationController,
    translation_app,
)
from course_utils.datasets import Images
from course_utils.plots.translation import as_image


@pytest.fixture
def shown(digits):
    controller = TranslationController(digits)
    figure = Figure(controller.size)
    controller.draw(figure)
    return controller, figure


def pictures(figure):
    return [np.asarray(ax.get_images()[0].get_array()) for ax in figure.axes if ax.get_images()]


@pytest.mark.parametrize("example", EXAMPLES)
def test_it_shows_a_picture_its_translation_and_its_return(shown, example):
    controller, figure = shown
    controller.set(example=example, picture=3)
    controller.draw(figure)
    g, f, _ = translation.load_translation(EXAMPLES[example].names[0], "cpu")
    x, true = (part[2:3] for part in EXAMPLES[example].make(controller._images).held_out())
    made = g(x)
    expected = (x, made, f(made), true)
    for seen, right in zip(pictures(figure)[:4], expected, strict=True):
        assert seen == pytest.approx(as_image(right[0].numpy()), abs=1e-5)
    assert controller.errors["partner"] == pytest.approx((made - true).abs().mean().item() / 2, abs=1e-6)
    assert f"{controller.errors['partner']:.3f}" in controller.status()


def test_the_meter_is_the_packages_measure_of_what_is_hidden(shown):
    """Over the pictures that are shown, in ink."""
    controller, _ = shown
    g, f, _ = translation.load_translation("colour", "cpu")
    domains, x, _ = controller._sides()
    fewer = translation.Domains(domains.x, domains.y, domains.known, domains.test[: len(x)])
    for fed in FED:
        controller.set(fed=fed)
        probe = translation.PROBES.get(fed)
        found = translation.hidden_information(g, f, fewer, probe)
        error = found.true if fed == TRUE else found.translated
        assert controller.shares[0] == pytest.approx(1 - error / found.constant, abs=1e-4)
        assert controller.shares[1] == pytest.approx(1 - found.true / found.constant, abs=1e-4)
    assert found.true > found.constant


def test_the_true_partner_takes_the_colour_away(shown):
    controller, figure = shown
    controller.set(fed=MADE)
    with_made = controller.shares[0]
    controller.set(fed=TRUE)
    controller.draw(figure)
    assert controller.shares[0] == controller.shares[1] < 0.1 < with_made
    assert any("T(x)" in ax.get_title() and "F fed" in ax.get_title() for ax in figure.axes)


def test_seeds_are_offered_where_several_ship(shown):
    controller, _ = shown
    assert "seed" in controller.disabled()
    controller.set(example="3 and 7, inverted", seed=1)
    first = controller.pictures["made"]
    assert not controller.disabled()
    controller.set(seed=0)
    assert not np.allclose(first, controller.pictures["made"])
    controller.set(example="outlines", seed=1)
    assert controller.values["seed"] == 0


def test_differences_are_multiplied(shown):
    controller, figure = shown
    controller.set(gain=1)
    controller.draw(figure)
    once = pictures(figure)[4]
    controller.set(gain=7)
    controller.draw(figure)
    assert pictures(figure)[4] == pytest.approx(7 * once, abs=1e-5)


@pytest.mark.usefixtures("packed")
def test_every_picture_has_a_whole_frame(digits):
    """A white one would have no edges, and where the pictures move, they hide what was drawn before them."""
    app = translation_app(digits)
    app.set(example="3 and 7, inverted")
    seen = np.asarray(Image.open(BytesIO(app.picture.value)).convert("L")).astype(int)[::-1]  # from below
    for ax in app.figure.axes:
        if ax.images and (ax.images[0].to_rgba(ax.images[0].get_array())[:3] > 0.99).all():
            left, below, right, above = ax.bbox.extents.round().astype(int)
            beside = slice(left + 5, right - 5), slice(below + 5, below + 10)
            edges = [seen[y - 2 : y + 2, beside[0]] for y in (below, above)]
            edges += [seen[beside[1], x - 2 : x + 2] for x in (left, right)]
            assert max(edge.min() for edge in edges) < 225


def test_what_it_cannot_translate_is_refused(digits):
    with pytest.raises(ValueError, match="images is 'mnist'"):
        translation_app("mnist")
    with pytest.raises(ValueError, match="four at least"):
        translation_app(Images(digits.pixels[:2], digits.labels[:2], "few"))


def test_nothing_is_computed_with_gradients(shown):
    controller, _ = shown
    assert not any(
        isinstance(each, torch.Tensor) and each.requires_grad for each in controller.pictures.values()
    )


def test_what_an_interrupt_cut_short_is_translated_again(shown, monkeypatch):
    controller, _ = shown
    controller.set(fed=MADE)
    probe, before = next(iter(PROBES)), controller.status()

    def interrupted(made, true):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setitem(PROBES, probe, interrupted)
        with pytest.raises(KeyboardInterrupt):
            controller.set(fed=probe)
    controller.set(picture=2)
    cut = controller.status()
    controller.set(fed=MADE, picture=1)
    assert controller.status() == before
    controller.set(fed=probe, picture=2)
    assert controller.status() == cut
