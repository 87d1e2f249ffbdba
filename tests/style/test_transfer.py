"""StyleTransfer: what it minimises, how it steps, and what it does when things go wrong."""

import math
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

from course_utils.pictures import open_picture, sample_pictures
from course_utils.style import StyleTransfer, load_features, reconstruct_content, synthesise_texture
from course_utils.style.colour import luminance
from course_utils.style.parametrisation import COLOURS, Spectrum
from course_utils.style.perceptual import PerceptualLoss
from course_utils.style.transfer import QUANTITIES


@pytest.fixture
def make(content, style, network):
    def make(**settings):
        return StyleTransfer(content, style, **{"features": network, "size": 64, "device": "cpu"} | settings)

    return make


def tensor(picture) -> torch.Tensor:
    return torch.as_tensor(picture).movedim(-1, 0)[None]


# ------------------------------------------------------------------------------------------------ the objective


def relative_losses(network, image, content, style, content_layers, style_layers, weights, power):
    """Content and style loss from their definitions, in NumPy and float64, per layer."""

    def features(picture, layer):
        with torch.no_grad():
            return network(picture, [layer])[layer][0].flatten(1).double().numpy()

    def losses(blank: bool):
        content_sum = style_sum = 0.0
        for layer in content_layers:
            target = features(content, layer)
            scale = np.sqrt((target**2).mean())
            h = 0 if blank else features(image, layer)
            content_sum += 0.5 * ((h - target) ** 2).sum() / scale**2
        for layer in style_layers:
            h, target = features(image, layer), features(style, layer)
            n, m = h.shape
            scale = np.sqrt((target**2).mean())
            gram = 0 if blank else h @ h.T / scale**2
            difference = gram - (target @ target.T / scale**2) * m / target.shape[1]
            style_sum += weights.get(layer, 1) * (difference**2).sum() / (4 * (n * m) ** power)
        return np.array([content_sum, style_sum])

    return losses(blank=False) / losses(blank=True)


@pytest.mark.parametrize("border", [0, 8])
@pytest.mark.parametrize(("normalization", "power"), [("lecture", 1), ("gatys", 2)])
def test_the_objective_is_its_definition(make, network, content, style, normalization, power, border):
    layers = {"content_layers": ["scale2", "scale3"], "style_layers": ["scale1", "scale3"]}
    weights = {"scale3": 0.25}
    transfer = make(
        **layers, layer_weights=weights, normalization=normalization, alpha=0.7, beta=3.0, total_variation=2.0,
        start="noise", border=border,
    )  # fmt: skip
    image, losses = tensor(transfer.image), transfer.step()
    pictures = [tensor(open_picture(picture, 64)) for picture in (content, style)]
    sides = ((0, 0), (0, 0), (border, border), (border, border))
    seen = [torch.as_tensor(np.pad(picture, sides, mode="reflect")) for picture in (image, *pictures)]
    expected = relative_losses(network, *seen, *layers.values(), weights, power)
    assert [losses["content"], losses["style"]] == pytest.approx(expected, rel=1e-3)
    variation = sum(np.mean(np.diff(image.numpy(), axis=axis) ** 2) for axis in (2, 3))
    assert losses["total_variation"] == pytest.approx(variation, rel=1e-4)
    assert losses["total"] == pytest.approx(0.7 * expected[0] + 3 * expected[1] + 2 * variation, rel=1e-3)


def test_the_objective_does_not_depend_on_how_large_the_networks_values_are(network, content, style):
    """Why both losses are relative: an equivalent network, with values 10 times as large, means the same."""

    class Louder(torch.nn.Module):
        def forward(self, image, layers):
            return {layer: 10 * value for layer, value in network(image, layers).items()}

    layers = {"content_layers": ["scale2"], "style_layers": ["scale1", "scale2"]}
    settings = layers | {"layer_weights": {"scale1": 1, "scale2": 1}, "normalization": "gatys"}
    pictures = [tensor(open_picture(picture, 64)) for picture in (content, style)]
    image = torch.rand(pictures[0].shape, generator=torch.Generator().manual_seed(0))
    plain, loud = (PerceptualLoss(net, *pictures, **settings)(image) for net in (network, Louder()))
    assert torch.allclose(torch.stack(plain), torch.stack(loud), rtol=1e-4)


def test_content_and_style_are_zero_at_their_own_pictures(make, content):
    assert make(start="content").step()["content"] == pytest.approx(0, abs=1e-9)
    assert StyleTransfer(content, content, features=make().features, size=64).step()[
        "style"
    ] == pytest.approx(0, abs=1e-9)


def test_a_blank_style_is_no_division_by_zero(make, content, network):
    transfer = StyleTransfer(content, np.zeros((40, 40, 3)), features=network, size=48).run(3, progress=False)
    assert all(math.isfinite(value) for values in transfer.history.values() for value in values)


def test_no_frame_grows_around_a_picture():
    """A texture of one kind all over: along its edges it should be as light as inside. Without the mirrored border the
    zeros around it leave a dark frame."""
    style = sample_pictures()["mosaic"](96)
    light = {}
    for border in (0, 8):
        made = StyleTransfer(
            "flower",
            style,
            features=load_features("embedded", device="cpu"),
            size=96,
            beta=50.0,
            border=border,
        )
        picture = made.run(25, progress=False).image.mean(-1)
        inner = picture[2:-2, 2:-2]
        edge = (picture.sum() - inner.sum()) / (picture.size - inner.size)
        light[border] = edge / picture[8:-8, 8:-8].mean()
    assert light[0] < 0.75
    assert 0.75 < light[8] < 1.5


# ------------------------------------------------------------------------------------------------ stepping


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
@pytest.mark.parametrize("start", ["content", "style", "noise"])
def test_it_descends_and_the_picture_stays_in_range(make, optimizer, start):
    transfer = make(optimizer=optimizer, start=start)
    assert transfer.image.shape == (46, 64, 3)  # the content's proportions
    for _ in transfer.steps(40):
        assert 0 <= transfer.image.min() <= transfer.image.max() <= 1
    total = transfer.history["total"]
    assert len(total) == 40
    assert total[-1] < 0.75 * total[0]


def test_it_gets_the_pixels_gradient_of_the_weighted_sum(make, network, content, style):
    """Adam's first step is minus the rate times the gradient's sign."""
    layers = {"content_layers": ["scale2"], "style_layers": ["scale1", "scale3"]}
    transfer = make(optimizer="adam", learning_rate=0.001, start="noise", **layers)
    before = transfer.image
    picture = tensor(before).requires_grad_()
    objective = PerceptualLoss(
        network, *(tensor(open_picture(source, 64)) for source in (content, style)), **layers,
        layer_weights=dict.fromkeys(layers["style_layers"], 1), normalization="gatys", border=8,
    )  # fmt: skip
    content, style = objective(picture)
    down, along = picture.diff(dim=2), picture.diff(dim=3)
    total = content + 20 * style + 5 * (down.square().mean() + along.square().mean())
    (gradient,) = torch.autograd.grad(total, picture)
    transfer.step()
    sure = (gradient.abs() > 1e-5)[0].movedim(0, -1).numpy()
    inside = (before > 0.01) & (before < 0.99) & sure
    moved = transfer.image - before
    expected = -0.001 * np.sign(gradient[0].movedim(0, -1).numpy())
    assert inside.mean() > 0.5
    assert np.allclose(moved[inside], expected[inside], atol=1e-5)


def test_lbfgs_evaluates_once_per_step_and_beats_adam(make):
    transfer = make()
    transfer.prepare()
    calls = []
    hook = transfer.features.register_forward_hook(lambda *_: calls.append(1))
    transfer.run(10, progress=False)
    hook.remove()
    assert len(calls) == 10
    lbfgs, adam = (make(optimizer=o).run(40, progress=False).history["total"][-1] for o in ("lbfgs", "adam"))
    assert lbfgs < adam


def test_step_by_step_is_the_same_as_at_once_and_the_seed_decides(make):
    at_once = make(start="noise").run(6, progress=False)
    transfer = make(start="noise")
    for _ in range(3):
        for _ in transfer.steps(2):
            pass
    assert np.array_equal(transfer.image, at_once.image)
    assert transfer.history == at_once.history
    other = make(start="noise", seed=1)
    assert not np.allclose(other.image, make(start="noise").image)


def test_the_image_is_a_copy(make):
    transfer = make()
    transfer.image[:] = 0
    assert transfer.image.max() > 0.5


def test_alpha_and_beta_change_on_the_way(make):
    transfer = make(beta=100.0).run(15, progress=False)
    strong = transfer.history["style"][-1]
    transfer.beta = 0.0
    # a new one, that remembers nothing of the old objective
    assert not transfer.state_dict()["optimizer"]["state"]
    transfer.run(15, progress=False)
    assert transfer.history["content"][-1] < transfer.history["content"][14]
    assert transfer.history["style"][-1] > strong
    transfer.alpha = 0.0
    assert transfer.step()["total"] == pytest.approx(5 * transfer.history["total_variation"][-1], rel=1e-5)


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_a_saved_run_continues_exactly(make, tmp_path, optimizer):
    settings = {"optimizer": optimizer, "pyramid": 2, "steps_per_level": 4, "size": 96, "start": "noise"}
    whole = make(**settings).run(12, progress=False)
    first = make(**settings).run(7, progress=False)
    torch.save(first.state_dict(), tmp_path / "run.pt")
    first.run(5, progress=False)  # what was saved stays as it was
    second = make(**settings)
    second.load_state_dict(torch.load(tmp_path / "run.pt", weights_only=True))
    assert second.level == 1
    second.run(5, progress=False)
    assert second.history == whole.history == first.history
    assert np.array_equal(second.image, whole.image)
    with pytest.raises(ValueError, match="same pictures, size"):
        make(**settings | {"size": 100}).load_state_dict(first.state_dict())


def test_a_state_of_another_size_leaves_a_run_as_it_was(make):
    transfer = make(size=96, pyramid=2, steps_per_level=1).run(2, progress=False)
    before = transfer.image
    with pytest.raises(ValueError, match="same pictures, size"):
        transfer.load_state_dict(make(size=100, pyramid=2).state_dict())
    assert (transfer.level, np.array_equal(transfer.image, before)) == (1, True)
    transfer.step()


def test_the_pyramid_goes_from_coarse_to_fine(make):
    transfer = make(pyramid=2, steps_per_level=3, size=96)
    shapes = [transfer.image.shape[:2] for _ in transfer.steps(5)]
    assert shapes == [(34, 48)] * 3 + [(69, 96)] * 2
    assert transfer.level == 1


def test_keep_colours_changes_the_luminance_alone(make, content):
    transfer = make(keep_colours=True).run(10, progress=False)
    image, original = tensor(transfer.image), tensor(open_picture(content, 64))
    inside = ((image > 0.001) & (image < 0.999)).all(1)
    hue, kept = (picture - luminance(picture) for picture in (image, original))
    assert inside.float().mean() > 0.3
    assert torch.allclose(hue.movedim(1, -1)[inside], kept.movedim(1, -1)[inside], atol=1e-5)
    assert not torch.allclose(luminance(image), luminance(original), atol=0.05)


def test_half_precision_follows_single_precision(make):
    exact, rough = (
        make(precision=p, optimizer="adam").run(20, progress=False) for p in ("float32", "bfloat16")
    )
    assert rough.features.dtype == torch.float32  # the caller's network is left as it is
    assert rough.history["total"][-1] == pytest.approx(exact.history["total"][-1], rel=0.1)
    assert rough.image.dtype == np.float32


# ------------------------------------------------------------------------------------------------ several styles


@pytest.fixture
def blend(content, style, network):
    """blend(weights, ...): a transfer to the stripes and to a second style."""
    dots = np.zeros((40, 50, 3), np.float32)
    dots[::5, ::5] = [0.1, 0.2, 1.0]

    def blend(weights, styles=(style, dots), **settings):
        settings = {"features": network, "size": 64, "device": "cpu"} | settings
        return StyleTransfer(content, list(styles), style_weights=weights, **settings)

    blend.second = dots
    return blend


@pytest.mark.parametrize(
    "settings", [{}, {"pyramid": 2, "steps_per_level": 3, "keep_colours": True, "size": 96}]
)
def test_a_style_without_weight_is_left_out(make, blend, settings):
    alone = make(**settings).run(6, progress=False)
    for weights in ((1, 0), (0.3, 0)):
        both = blend(weights, **settings).run(6, progress=False)
        assert np.array_equal(both.image, alone.image)
        assert both.history == alone.history


def test_the_style_loss_is_the_weighted_mean_of_each_styles_own(content, blend):
    weights = (1.0, 3.0)
    alone = [blend(only, start="noise").step()["style"] for only in ((1, 0), (0, 1))]
    assert blend(weights, start="noise").step()["style"] == pytest.approx(
        np.dot(weights, alone) / 4, rel=1e-5
    )
    assert blend(None, start="noise").step()["style"] == pytest.approx(np.mean(alone), rel=1e-5)


def test_the_order_of_the_styles_does_not_matter(blend, style):
    first = blend((0.25, 0.75)).run(6, progress=False)
    swapped = blend((0.75, 0.25), styles=(blend.second, style)).run(6, progress=False)
    assert np.allclose(first.image, swapped.image, atol=1e-5)
    assert first.history["style"] == pytest.approx(swapped.history["style"], rel=1e-5)


def test_style_weights_change_on_the_way_and_are_saved(blend):
    transfer = blend((1, 0)).run(3, progress=False)
    before = transfer.image
    transfer.style_weights = (0, 2)
    assert transfer.style_weights == (0.0, 2.0)
    expected = blend((0, 1))
    expected.load_state_dict(transfer.state_dict() | {"style_weights": (0.0, 1.0)})
    other = blend((1, 1))
    other.load_state_dict(transfer.state_dict())
    assert other.style_weights == (0.0, 2.0)
    for run in (transfer, expected, other):
        assert np.array_equal(run.image, before)
        run.run(2, progress=False)
        assert np.array_equal(run.image, transfer.image)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ((0, 0), "one of the styles must count"),
        ((1, -1), "style_weights.1. is -1; it must be zero or more"),
        ((1,), "a tuple of 2 numbers"),
        ((1, math.nan), "finite number"),
    ],
)
def test_wrong_style_weights_are_errors(blend, weights, message):
    with pytest.raises(ValueError, match=message):
        blend(weights)
    transfer = blend((1, 1))
    with pytest.raises(ValueError, match=message):
        transfer.style_weights = weights
    with pytest.raises(ValueError, match="one picture or more"):
        blend(None, styles=())


# ------------------------------------------------------------------------------------------------ going wrong


@pytest.fixture
def sabotaged(network):
    """sabotaged(change): while in this context, the network's values are what ``change(values)`` makes of them."""

    @contextmanager
    def sabotaged(change):
        hook = network.register_forward_hook(lambda module, inputs, values: change(values))
        try:
            yield
        finally:
            hook.remove()

    return sabotaged


def run_with_pictures(transfer, steps):
    """Run; the pictures before each step, which are those that the history's losses belong to."""
    pictures = []
    for _ in range(steps):
        pictures.append(transfer.image)
        transfer.step()
    return pictures


def test_divergence_stops_with_the_best_picture(make, sabotaged):
    """Pixels cannot leave [0, 1], so values that explode are made by hand."""
    transfer, calls = make(), []
    pictures = run_with_pictures(transfer, 8)
    best = np.argmin(transfer.history["total"])

    def exploding(values):
        calls.append(1)
        return {layer: value * 10 ** len(calls) for layer, value in values.items()}

    with sabotaged(exploding), pytest.raises(FloatingPointError, match=r"step \d+: total is .*learning_rate"):
        transfer.run(100, progress=False)
    assert len(calls) < 6
    assert np.array_equal(transfer.image, pictures[best])
    assert transfer.step()["total"] == pytest.approx(transfer.history["total"][best], rel=1e-5)


@pytest.mark.parametrize(("quantity", "layer"), [("content", "scale2"), ("style", "scale3")])
def test_nan_stops_with_the_last_good_picture(make, sabotaged, quantity, layer):
    transfer = make(content_layers=["scale2"], style_layers=["scale1", "scale3"])
    pictures = run_with_pictures(transfer, 3)
    good = pictures[np.argmin(transfer.history["total"])]
    with (
        sabotaged(lambda values: values | {layer: values[layer] * math.nan}),
        pytest.raises(FloatingPointError, match=f"step 4: .*{quantity}"),
    ):
        transfer.step()
    assert np.array_equal(transfer.image, good)
    assert len(transfer.history["total"]) == 3
    transfer.run(3, progress=False)
    assert np.isfinite(transfer.image).all()


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
@pytest.mark.parametrize("moment", ["in the network", "when the picture has moved"])
def test_an_interrupted_step_has_not_happened(make, network, moment, optimizer):
    transfer = make(optimizer=optimizer).run(3, progress=False)
    before = transfer.image

    def interrupt(*_):
        raise KeyboardInterrupt

    hook = {
        "in the network": network.register_forward_hook,
        "when the picture has moved": register_optimizer_step_post_hook,
    }[moment](interrupt)
    with pytest.raises(KeyboardInterrupt):
        transfer.run(2, progress=False)
    hook.remove()
    assert np.array_equal(transfer.image, before)
    transfer.run(2, progress=False)
    assert [len(transfer.history[name]) for name in QUANTITIES] == [5] * 4


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"start": "black"}, "start is 'black'; it must be one of content, style, noise"),
        ({"optimizer": "sgd"}, "lbfgs, adam"),
        ({"precision": "float8"}, "float32, bfloat16"),
        ({"normalization": "mean"}, "lecture"),
        ({"pyramid": 0}, "whole number"),
        ({"pyramid": 4}, "fewer levels"),
        ({"size": 20}, "larger size"),
        ({"style_layers": ["conv1_1"]}, "its layers are scale1"),
        ({"layer_weights": {"conv1_1": 2}}, "layer_weights is 'conv1_1'; it must be one of scale1"),
        ({"layer_weights": {"scale1": -2}}, "weight of scale1"),
        (
            {"layer_weights": 2.0},
            "layer_weights is 2.0; it must be a dictionary of layers and weights, such as {",
        ),
        ({"features": None}, "features is None; it must be the name of a network or what load_features gave"),
    ],
)
def test_wrong_settings_are_errors(make, settings, message):
    with pytest.raises(ValueError, match=message):
        make(**settings)


# ------------------------------------------------------------------------------------------------ reconstruction


def test_reconstructed_content_comes_close_and_ignores_the_style(content, network):
    transfer = reconstruct_content(content, network, "scale1", size=64, steps=60, total_variation=0)
    assert transfer.history["content"][-1] < 0.05 * transfer.history["content"][0]
    assert transfer.history["total"] == pytest.approx(transfer.history["content"], rel=1e-6)
    noise = StyleTransfer(content, content, features=network, size=64, start="noise").image
    original = open_picture(content, 64)
    assert np.abs(transfer.image - original).mean() < 0.5 * np.abs(noise - original).mean()


def test_texture_has_the_styles_gram_matrices(style, network):
    transfer = synthesise_texture(
        style, network, ["scale1", "scale2"], size=64, steps=60, total_variation=0, beta=1
    )
    assert transfer.history["style"][-1] < 0.05 * transfer.history["style"][0]
    assert transfer.history["total"] == pytest.approx(transfer.history["style"], rel=1e-6)
    colours, wanted = transfer.image.mean((0, 1)), open_picture(style, 64).mean((0, 1))
    assert np.allclose(colours, wanted, atol=0.08)


def test_a_name_is_enough_for_the_network(content, style):
    transfer = StyleTransfer(content, style, features="random", size=64, device="cpu").run(2, progress=False)
    assert transfer.features.name == "random"
    assert transfer.features.layers == load_features("random", device="cpu").layers


@pytest.mark.parametrize("batch", [False, True])
def test_pictures_may_be_pytorchs_tensors(content, style, network, batch):
    def tensor(picture):
        picture = torch.tensor(picture).permute(2, 0, 1)
        return picture[None] if batch else picture

    settings = {"features": network, "size": 48}
    expected = StyleTransfer(content, style, **settings).run(2, progress=False).image
    found = StyleTransfer(tensor(content).requires_grad_(), tensor(style), **settings).run(2, progress=False)
    assert np.array_equal(found.image, expected)
    one = reconstruct_content(content, network, "scale1", steps=1, size=48).image
    assert np.array_equal(
        reconstruct_content(tensor(content), network, "scale1", steps=1, size=48).image, one
    )
    texture = synthesise_texture(style, network, steps=1, size=48).image
    assert np.array_equal(synthesise_texture(tensor(style), network, steps=1, size=48).image, texture)


@pytest.mark.parametrize("settings", [{}, {"style_size": 128, "keep_colours": True}, {"pyramid": 2}])
def test_a_picture_counts_as_it_was_when_it_was_given(content, style, network, settings):
    """Whether it can be written into or not; the second is only made as large as it should be when it is needed."""

    def after_two_steps(pictures, then):
        transfer = StyleTransfer(
            *pictures, features=network, size=96, steps_per_level=1, device="cpu", **settings
        )
        then(pictures)
        return transfer.run(2, progress=False).image

    def overwrite(pictures):
        for picture in pictures:
            picture[:] = 0

    given = (
        open_picture(content, 96),
        open_picture(style, settings.get("style_size", 96)),
    )  # as large as needed
    locked = [picture.copy() for picture in given]
    for picture in locked:
        picture.flags.writeable = False
    expected = after_two_steps(locked, lambda _: None)
    if settings.get("pyramid", 1) == 1:  # a later level opens its pictures later
        assert np.array_equal(after_two_steps([picture.copy() for picture in given], overwrite), expected)
    assert np.array_equal(after_two_steps(given, lambda _: None), expected)


def test_a_picture_that_is_too_narrow_is_refused_at_once_locked_or_not(content, network):
    narrow = np.ones((40, 400, 3), np.float32)
    for writeable in (True, False):
        narrow.flags.writeable = writeable
        with pytest.raises(ValueError, match="the style would be 64 pixels wide and 6 high"):
            StyleTransfer(content, narrow, features=network, size=64, device="cpu")


def test_a_sample_picture_goes_by_its_name(network):
    assert StyleTransfer("china", "flower", features=network, size=48).image.shape == (32, 48, 3)
    with pytest.raises(FileNotFoundError, match="chian: no such file.*the sample pictures are china, flower"):
        StyleTransfer("chian", "flower", features=network)


# ------------------------------------------------------------------------------------------------ the spectrum


@pytest.mark.parametrize("shape", [(1, 3, 40, 56), (1, 3, 33, 47), (1, 1, 40, 41)])
def test_a_spectrum_gives_back_the_picture_that_it_came_from(shape):
    picture = 0.1 + 0.8 * torch.rand(shape, generator=torch.Generator().manual_seed(0))
    spectrum = Spectrum(picture)
    assert torch.allclose(spectrum.picture(spectrum.parameters(picture)), picture, atol=1e-4)
    extremes = torch.zeros(shape)
    assert torch.allclose(spectrum.picture(spectrum.parameters(extremes)), torch.full(shape, 0.02), atol=1e-3)


def test_a_spectrums_noise_is_as_faint_and_as_coarse_as_it_says():
    """u has mean square (0.01)^2 in each of its colours, and the amplitude of a frequency falls as 1 / f."""
    spectrum = Spectrum(torch.zeros(1, 3, 128, 128))
    pictures = [spectrum.picture(spectrum.noise(seed)) for seed in range(40)]
    light = torch.cat(pictures).logit() / 4
    powers = torch.fft.rfft2(light.mean(1)).abs().square().mean(0)
    assert (powers[0, 8] / powers[0, 32]).sqrt() == pytest.approx(4, rel=0.3)
    colours = torch.tensor(COLOURS) / torch.tensor(COLOURS).norm(dim=0).max()
    expected = (colours @ colours.T).diagonal() * 0.01**2
    assert torch.allclose(light.square().mean((0, 2, 3)), expected, rtol=0.15)


@pytest.mark.parametrize("keep_colours", [False, True])
def test_a_transfer_in_the_spectrum_descends_and_goes_on_from_a_saved_state(make, keep_colours):
    settings = {"parametrisation": "spectrum", "optimizer": "adam", "keep_colours": keep_colours}
    straight = make(**settings).run(12, progress=False)
    first = make(**settings).run(6, progress=False)
    second = make(**settings)
    second.load_state_dict(first.state_dict())
    assert np.allclose(second.run(6, progress=False).image, straight.image, atol=1e-5)
    assert straight.history["total"][-1] < 0.9 * straight.history["total"][0]
    assert 0 <= straight.image.min() <= straight.image.max() <= 1


def test_a_spectrum_rebuilds_what_pixels_leave_as_noise():
    """A photograph from a deep layer, the same steps: nearer to it than from the pixels of noise."""
    network, photograph = load_features("embedded", device="cpu"), sample_pictures()["china"](96)
    errors = {}
    for name in ("pixels", "spectrum"):
        made = reconstruct_content(
            photograph, network, "fire5", size=96, steps=40, parametrisation=name, optimizer="adam"
        )
        errors[name] = np.sqrt(np.mean((made.image - photograph) ** 2))
    assert errors["spectrum"] < 0.7 * errors["pixels"]


def test_a_spectrum_is_not_for_lbfgs(make):
    with pytest.raises(ValueError, match="needs optimizer"):
        make(parametrisation="spectrum")
