"""The latent pad: what it shows is what the shipped models and the recording say."""

import asyncio

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, Rectangle

from course_utils.apps.frame import App
from course_utils.apps.vae import CODES, ELBO, MAP, MODELS, VAEController, vae_app
from course_utils.datasets import Images
from course_utils.plots.images import mosaic
from course_utils.plots.vae import TIMES
from course_utils.vae import elbo, importance_weighted_bound, load_vae


@pytest.fixture
def shown(digits):
    """A controller and its figure, drawn."""
    controller, figure = VAEController(digits), Figure((9.0, 5.0))
    controller.draw(figure)
    return controller, figure


def picture(figure, title):
    (ax,) = [ax for ax in figure.axes if ax.get_title() == title]
    return np.asarray(ax.get_images()[0].get_array())


def texts(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def last(controller):
    return len(controller.run) - 1


def test_the_point_goes_where_it_is_dragged_and_shows_what_decodes_there(shown):
    controller, figure = shown
    (name, handle), *_ = controller.handles().items()
    assert handle.x is None  # every place of the plane can be pressed
    controller.drag(name, 1.27, -9.0, "move")
    controller.draw(figure)
    assert (controller.values["z1"], controller.values["z2"]) == (1.25, -3.0)
    expected = load_vae("vae-2", "cpu").decode(torch.tensor([[1.25, -3.0]])).view(28, 28)
    assert picture(figure, "at the ●") == pytest.approx(expected.numpy(), abs=1e-6)


@pytest.mark.parametrize("beta", MODELS)
def test_a_digit_is_encoded_by_the_chosen_model(shown, beta):
    controller, figure = shown
    controller.set(beta=beta, digit=7, which=3)
    controller.draw(figure)
    model, x = load_vae(MODELS[beta], "cpu"), controller.x[controller.chosen][None]
    assert controller.labels[controller.chosen] == 7
    assert picture(figure, "digit x") == pytest.approx(x.view(28, 28).numpy())
    q = model.encode(x)
    ellipses = [patch for patch in figure.axes[0].patches if isinstance(patch, Ellipse)]
    (glass,) = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    deviations, mean = (q.log_variance[0] / 2).exp().tolist(), q.mean[0].tolist()
    middle = [glass.get_x() + glass.get_width() / 2, glass.get_y() + glass.get_height() / 2]
    # the loupe covers nothing that it shows
    assert np.abs(np.subtract(middle, mean)).min() > glass.get_width() / 2
    places = (mean, mean, middle, middle)
    for ellipse, times, place in zip(ellipses, (2, 4, 2 * TIMES, 4 * TIMES), places, strict=True):
        assert list(ellipse.get_center()) == pytest.approx(place, abs=1e-4)
        sizes = [ellipse.get_width(), ellipse.get_height()]
        assert sizes == pytest.approx([times * s for s in deviations], rel=1e-4)
    assert picture(figure, "rebuilt") == pytest.approx(model.decode(q.mean).view(28, 28).numpy(), abs=1e-5)
    reconstruction, kl = (t.item() for t in elbo(model, x, 5000, torch.Generator().manual_seed(3)))
    assert controller.terms == pytest.approx((kl, -reconstruction), rel=0.02)
    draws = torch.Generator().manual_seed(4)
    bounds = [importance_weighted_bound(model, x, 1000, draws).item() for _ in range(8)]
    assert min(bounds) - 1 < controller.weighted < max(bounds) + 1
    assert any(f"{kl:.1f} nats" in text for text in texts(figure))


def test_a_heavier_kl_widens_the_posteriors(digits):
    controller, found = VAEController(digits), {}
    for beta in MODELS:
        controller.set(beta=beta)
        found[beta] = controller.q.log_variance.mean().item()
    assert found["0.25"] < found[ELBO] < found["4"]


def test_earlier_moments_are_those_that_were_recorded(shown):
    controller, figure = shown
    controller.set(plane=CODES, beta="4")
    controller.set(moment=5)
    assert (controller.values["plane"], controller.values["beta"]) == (MAP, ELBO)
    controller.set(z1=-3.0, z2=3.0)  # the upper left
    controller.draw(figure)
    recorded = controller.run.samples(5)
    plane = np.asarray(figure.axes[0].get_images()[0].get_array())
    side = round(len(recorded) ** 0.5)
    assert plane == pytest.approx(mosaic(recorded, side, gap=0, scale="bytes"))
    assert picture(figure, "at the ●") == pytest.approx(recorded[0] / 255)
    evaluations = {name: curve.values[5] for name, curve in controller.run.evaluations.items()}
    assert f"= {-evaluations['elbo']:.1f} nats" in controller.status()
    assert evaluations["elbo"] == pytest.approx(evaluations["reconstruction"] - evaluations["kl"])
    assert not any(patch.get_visible() for patch in figure.axes[0].patches)
    assert controller.readouts() == {"moment": f"{controller.run.evaluations['elbo'].steps[5]:,}"}
    frames = {ax.get_title(): ax.get_visible() for ax in figure.axes if ax.get_images()}
    assert frames == {"": True, "digit x": False, "rebuilt": False, "at the ●": True}  # none is empty
    for ax in figure.axes:  # what moves is drawn one by one, without its axes
        edges = {edge.get_visible() for edge in ax.spines.values() if edge in controller.panels.moving}
        assert edges <= {ax.get_visible()}
    controller.set(digit=2)
    controller.draw(figure)
    assert all(ax.get_visible() for ax in figure.axes)


def test_drawing_only_what_moves_gives_the_same_pixels_as_drawing_all(digits):
    """Also after a journey through the training, where the map moves, and back."""
    app, still = (App(VAEController(digits)) for _ in range(2))
    for values in ({"moment": 3}, {"moment": 9}, {"z1": -1.0}, {"plane": CODES}, {"z2": 0.5}, {"plane": MAP}):
        app.set(**values)
        still.controller.set(**values)
        still.controller.panels = still.controller._drawn = None
        still.redraw()
        assert app.picture.value == still.picture.value, values


def test_what_needs_the_trained_encoder_is_off_at_an_earlier_moment_and_brings_back_the_end(shown):
    controller, _ = shown
    assert controller.disabled() == {}
    controller.set(moment=3)
    assert set(controller.disabled()) == {"beta", "plane", "digit", "which"}
    controller.set(z1=0.0)
    assert controller.values["moment"] == 3
    controller.set(digit=2)
    assert controller.values["moment"] == last(controller)
    assert controller.disabled() == {}


def test_the_recorded_end_is_the_model_that_ships(shown):
    """Sixteen greys, and weights in half precision."""
    controller, _ = shown
    recorded = controller.run.samples(last(controller)) / 255
    assert recorded == pytest.approx(controller.map, abs=0.06)


def test_playing_goes_through_the_training_once(digits, until):
    async def watch():
        app = vae_app(digits)
        app.set(moment=last(app.controller) - 2)
        app.press("play")
        await until(lambda: not app.player.playing)
        assert app.controller.values["moment"] == last(app.controller)
        app.press("stop")
        assert app.controller.values["moment"] == 0

    asyncio.run(watch())


def test_what_it_cannot_encode_is_refused(digits):
    with pytest.raises(ValueError, match="images is 'mnist'"):
        vae_app("mnist")
    with pytest.raises(ValueError, match="no picture"):
        vae_app(Images(digits.pixels[:0], digits.labels[:0], "none"))


def test_digits_that_are_missing_are_no_error(digits):
    only = digits.labels == 1
    controller = VAEController(Images(digits.pixels[only], digits.labels[only], "ones"))
    controller.set(digit=9)
    assert controller.labels[controller.chosen] == 1
