"""The network that ships with the course: the file fits, and it has learned what it was taught."""

import pytest
import torch
from safetensors.torch import load_file

from course_utils import runtime
from course_utils.datasets.downloads import DataUnavailable
from course_utils.pictures import sample_pictures
from course_utils.style import load_features, synthesise_texture
from course_utils.style.embedded import WEIGHTS, build

SHAPES = {  # tap -> (channels, rows) for 64 x 64 pixels
    "relu1": (96, 29),
    "fire2": (128, 14),
    "fire3": (128, 14),
    "fire4": (256, 14),
    "fire5": (256, 7),
    "fire6": (384, 7),
    "fire7": (384, 7),
}
AGREEMENT = {"relu1": 0.98, "fire3": 0.7, "fire5": 0.5}  # set below what was reached


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    return load_file(runtime.shipped(WEIGHTS))


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    return torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def test_the_file_is_small_and_holds_exactly_the_networks_weights(state):
    assert runtime.shipped(WEIGHTS).stat().st_size <= 1_500_000
    own = build().state_dict()
    assert {k: v.shape for k, v in state.items()} == {k: v.shape for k, v in own.items()}
    assert {v.dtype for v in state.values()} == {torch.float16}
    build().load_state_dict(state, strict=True)


def test_its_weights_are_finite_and_far_from_the_limits_of_float16(state):
    for name, weight in state.items():
        assert torch.isfinite(weight).all(), name
        assert weight.float().abs().max() < 1000, name


def test_taps_have_the_names_and_shapes_of_the_layers_they_imitate(pictures):
    network = load_features("embedded", device="cpu")
    assert network.layers == tuple(SHAPES)
    found = network(pictures)
    assert {k: tuple(v.shape) for k, v in found.items()} == {k: (2, c, n, n) for k, (c, n) in SHAPES.items()}
    assert all(v.dtype == torch.float32 and v.min() >= 0 for v in found.values())


def test_taps_are_what_the_children_give_one_after_the_other(state, pictures):
    network = build()
    network.load_state_dict(state)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = (pictures - mean[:, None, None]) / std[:, None, None]
    with torch.no_grad():
        found = load_features("embedded", device="cpu")(pictures)
        for name, child in network.named_children():
            x = child(x)
            torch.testing.assert_close(found[name], x, rtol=1e-4, atol=1e-4)


def test_the_same_picture_gives_the_same_numbers(pictures):
    first, again = (load_features("embedded", device="cpu")(pictures) for _ in range(2))
    assert all(torch.equal(first[tap], again[tap]) for tap in first)


def test_every_tap_is_about_one_in_size_on_a_photograph():
    """The teacher's layers were divided by their root mean square: one weight then suits all layers."""
    found = load_features("embedded", device="cpu")(photograph())
    for tap, values in found.items():
        assert 0.3 < values.square().mean().sqrt() < 3, tap


def test_it_sees_what_squeezenet_sees():
    """On a picture that it never learned from, its taps go along with its teacher's; at random weights they do not."""
    try:
        teacher = load_features("squeezenet", device="cpu")
    except (DataUnavailable, FileNotFoundError):
        pytest.skip("SqueezeNet's weights are not at hand")
    picture = photograph()
    goals, found = teacher(picture, SHAPES), load_features("embedded", device="cpu")(picture)
    for tap, least in AGREEMENT.items():
        assert agreement(found[tap], goals[tap]) > least, tap


def agreement(a: torch.Tensor, b: torch.Tensor) -> float:
    """The cosine between two layers' values, after each channel's mean over the picture is taken off."""
    a, b = (x - x.mean((2, 3), keepdim=True) for x in (a, b))
    return float((a * b).sum() / (a.norm() * b.norm()))


def photograph() -> torch.Tensor:
    """scikit-learn's flower, which was left out of the training, (1, 3, 160, 240)."""
    return torch.from_numpy(sample_pictures()["flower"](size=240)).movedim(-1, 0)[None]


def test_the_first_layers_texture_alone_can_be_made():
    """It has hardly any curvature where the noise starts; L-BFGS once diverged there."""
    made = synthesise_texture(sample_pictures()["brush_strokes"](), "embedded", ["relu1"], size=64, steps=30)
    losses = made.history["total"]
    assert losses[-1] < 0.1 * losses[0]
