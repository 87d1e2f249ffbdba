"""The networks: their layers' names, their weights, and what comes out."""

import dataclasses
import hashlib
import re

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.functional import avg_pool2d, conv2d, max_pool2d, relu

from course_utils import runtime
from course_utils.datasets.downloads import DataUnavailable
from course_utils.style import embedded, load_features, networks
from course_utils.style.features import MEAN, STD
from course_utils.style.networks import NETWORKS, Published

# torchvision's vgg19.features, from its published configuration "E": index of each convolution, by Gatys's name.
CONVOLUTIONS = {
    "conv1_1": 0, "conv1_2": 2, "conv2_1": 5, "conv2_2": 7, "conv3_1": 10, "conv3_2": 12, "conv3_3": 14, "conv3_4": 16,
    "conv4_1": 19, "conv4_2": 21, "conv4_3": 23, "conv4_4": 25, "conv5_1": 28, "conv5_2": 30, "conv5_3": 32,
    "conv5_4": 34,
}  # fmt: skip
POOLINGS = {4, 9, 18, 27, 36}
FIRES = {"fire2": 3, "fire3": 4, "fire4": 5, "fire5": 7, "fire6": 8, "fire7": 9, "fire8": 10, "fire9": 12}


def random_state(network: nn.Module, prefix: str = "features.") -> dict:
    random = torch.Generator().manual_seed(0)
    return {
        prefix + key: torch.randn(value.shape, generator=random) * (2 / max(1, value[0].numel())) ** 0.5
        for key, value in network.state_dict().items()
    }


@pytest.fixture
def weights_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    (tmp_path / "weights").mkdir()
    return tmp_path / "weights"


@pytest.fixture
def small_vgg(monkeypatch):
    """VGG-19's layout with an eighth of its channels, which is 64 times faster."""
    blocks = tuple((channels // 8, convolutions) for channels, convolutions in networks.VGG19_BLOCKS)
    monkeypatch.setattr(networks, "VGG19_BLOCKS", blocks)


@pytest.fixture
def image():
    return torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(1))


def normalised(image):
    return (image - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


# ---------------------------------------------------------------------------------------------- layers


@pytest.mark.parametrize("pooling", ["max", "avg"])
def test_vgg19_names_are_gatyss(small_vgg, weights_folder, image, pooling):
    state = random_state(networks.vgg19())
    torch.save(state, weights_folder / "vgg19.pth")
    network = load_features("vgg19", pooling=pooling, device="cpu")
    assert network.layers == tuple(CONVOLUTIONS)

    h, expected = normalised(image), {}
    names = {index: name for name, index in CONVOLUTIONS.items()}
    for index in range(37):
        if index in names:
            h = relu(conv2d(h, state[f"features.{index}.weight"], state[f"features.{index}.bias"], padding=1))
            expected[names[index]] = h
        elif index in POOLINGS:
            h = (max_pool2d if pooling == "max" else avg_pool2d)(h, 2)
    found = network(image)
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert torch.allclose(found[name], value, rtol=1e-3, atol=1e-5), name


def test_vgg19_has_the_published_shapes_and_defaults():
    shapes = {name: value.shape for name, value in networks.vgg19().state_dict().items()}
    assert shapes["0.weight"] == (64, 3, 3, 3)
    assert shapes["10.weight"] == (256, 128, 3, 3)
    assert shapes["34.weight"] == (512, 512, 3, 3)
    assert len(shapes) == 2 * len(CONVOLUTIONS)
    spec = NETWORKS["vgg19"]
    assert spec.style_layers == ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
    assert spec.content_layers == ("conv4_2",)
    assert spec.weights.url == "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"
    assert (
        NETWORKS["squeezenet"].weights.url == "https://download.pytorch.org/models/squeezenet1_0-b66bff10.pth"
    )


def test_squeezenet_names_are_the_papers(weights_folder, image):
    state = random_state(networks.squeezenet())
    save_file(state, weights_folder / "squeezenet1_0.safetensors")
    network = load_features("squeezenet", device="cpu")

    def convolution(h, name, **options):
        return relu(conv2d(h, state[f"features.{name}.weight"], state[f"features.{name}.bias"], **options))

    h = convolution(normalised(image), "0", stride=2)
    expected = {"relu1": h}
    for name, index in FIRES.items():
        if name in ("fire2", "fire5", "fire9"):
            h = max_pool2d(h, 3, stride=2, ceil_mode=True)
        h = convolution(h, f"{index}.squeeze")
        h = torch.cat(
            [convolution(h, f"{index}.expand1x1"), convolution(h, f"{index}.expand3x3", padding=1)], 1
        )
        expected[name] = h
    found = network(image)
    assert network.layers == tuple(expected)
    for name, value in expected.items():
        assert torch.allclose(found[name], value, rtol=1e-3, atol=1e-5), name


def test_only_what_is_asked_for_is_computed(network, image):
    calls = []
    hooks = [
        child.register_forward_hook(lambda *_, name=name: calls.append(name))
        for name, child in network.network.named_children()
    ]
    found = network(image, ["scale2", "scale1"])
    for hook in hooks:
        hook.remove()
    assert list(found) == ["scale2", "scale1"]
    assert calls == ["scale1", "scale2"]
    everything = network(image)
    assert all(torch.equal(found[name], everything[name]) for name in found)


def test_cut_networks_end_with_the_deepest_layer_and_share_their_weights(image):
    whole = load_features("random", device="cpu")
    cut = load_features("random", device="cpu", taps=["scale3", "scale1"])
    assert cut.layers == ("scale1", "scale2", "scale3")
    assert len(cut.network) == 3
    assert torch.equal(cut(image)["scale3"], whole(image)["scale3"])
    shared = whole.cut(["scale2"])
    assert next(shared.parameters()).data_ptr() == next(whole.parameters()).data_ptr()
    assert set(shared.style_layers + shared.content_layers) <= set(shared.layers)


def test_networks_are_frozen_and_the_pictures_gradient_is_right(network):
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert not network.training
    double = load_features("random", device="cpu", taps=["scale2"]).double()
    image = torch.rand(1, 3, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    image.requires_grad_()
    value = double(image)["scale2"].square().sum()
    (gradient,) = torch.autograd.grad(value, image)
    direction = torch.randn(image.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        ahead, behind = (double(image + s * 1e-6 * direction)["scale2"].square().sum() for s in (1, -1))
    assert (gradient * direction).sum().item() == pytest.approx(((ahead - behind) / 2e-6).item(), rel=1e-4)


def test_random_filters_are_the_same_every_time_and_of_unit_size():
    noise = torch.randn(1, 3, 128, 128, generator=torch.Generator().manual_seed(9))
    for layer in networks.random_filters():
        noise = layer(noise).detach()
        assert noise.square().mean().item() == pytest.approx(1, rel=0.1)
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(1)
    first = load_features("random", device="cpu")(image)
    torch.manual_seed(2)
    second = load_features("random", device="cpu")(image)
    for name, value in first.items():
        assert torch.equal(value, second[name])


def test_an_untrained_network_has_the_same_layout_and_random_weights(image):
    trained = load_features("embedded", device="cpu")
    first, again, other = (load_features("embedded", untrained=seed, device="cpu") for seed in (0, 0, 1))
    assert first.layers == trained.layers
    assert first.style_layers == trained.style_layers
    states = [network.network.state_dict() for network in (trained, first, again, other)]
    assert [{k: v.shape for k, v in state.items()} for state in states] == [
        {k: v.shape for k, v in states[0].items()}
    ] * 4
    for key, weight in states[1].items():
        assert torch.equal(weight, states[2][key])
        if key.endswith("bias"):
            assert not weight.any()
        else:
            assert not torch.equal(weight, states[3][key])
            # mean square 2 / fan-in, up to the error of a mean over so many numbers
            ratio = weight.square().mean() * weight[0].numel() / 2
            assert ratio == pytest.approx(1, abs=5 * (2 / weight.numel()) ** 0.5)
    assert "seed 1" in other.origin
    assert all(values.isfinite().all() and values.any() for values in first(image).values())


def test_half_precision_is_a_copy_close_to_the_original(network, image):
    half = network.in_precision(torch.bfloat16)
    assert network.dtype == torch.float32
    assert half.dtype == torch.bfloat16
    assert half.mean.dtype == torch.float32
    exact, rough = network(image)["scale2"], half(image)["scale2"]
    assert rough.dtype == torch.bfloat16
    assert ((exact - rough.float()).norm() / exact.norm()).item() < 0.03
    assert network.in_precision(torch.float32) is network


@pytest.mark.parametrize(
    ("shape", "layers", "message"),
    [
        ((1, 3, 31, 64), None, "at least 32"),
        ((1, 1, 64, 64), None, "pictures"),
        ((64, 64, 3), None, "movedim"),
        ((1, 3, 64, 64), ["conv9_9"], "scale1, scale2"),
        ((1, 3, 64, 64), [], "no layer at all"),
    ],
)
def test_wrong_pictures_and_layers_are_errors(network, shape, layers, message):
    with pytest.raises(ValueError, match=message):
        network(torch.zeros(shape), layers)


# ---------------------------------------------------------------------------------------------- weights


def test_classifier_is_not_needed_and_ignored_and_the_old_format_is_read(small_vgg, weights_folder, image):
    state = random_state(networks.vgg19())
    torch.save(state, weights_folder / "vgg19.pt")
    expected = load_features("vgg19", device="cpu")(image)["conv2_1"]
    old = weights_folder / "elsewhere.pth"
    full = state | {"classifier.0.weight": torch.zeros(3, 3)}
    torch.save(full, old, _use_new_zipfile_serialization=False)  # as torchvision's file is
    network = load_features("vgg19", path=old, device="cpu")
    assert torch.equal(network(image)["conv2_1"], expected)
    assert str(old) in network.origin
    halves = {key.removeprefix("features."): value.half() for key, value in state.items()}
    save_file(halves, weights_folder / "halves.safetensors")
    network = load_features("vgg19", path=weights_folder / "halves.safetensors", device="cpu")
    assert network.dtype == torch.float32
    assert torch.allclose(network(image)["conv2_1"], expected, atol=1e-2)


def test_auto_passes_over_damaged_weights_and_names_them(small_vgg, weights_folder, tmp_path):
    def auto():
        with pytest.warns(UserWarning, match="cannot be read as weights.*the next weights at hand") as told:
            name = load_features("auto", device="cpu").name
        return name, [str(warning.message).split(" ")[0] for warning in told]

    damaged = weights_folder / "squeezenet1_0.pth"
    damaged.write_bytes(b"half a file")
    assert auto() == ("embedded", [str(damaged)])
    vgg = weights_folder / "vgg19.safetensors"
    vgg.write_bytes(b"half a file")
    assert auto() == ("embedded", [str(vgg), str(damaged)])
    torch.save(random_state(NETWORKS["squeezenet"].build()), weights_folder / "squeezenet1_0.pt")
    assert auto()[0] == "squeezenet"  # the second of two files
    with pytest.raises(ValueError, match="damaged"):  # asked for by name, no other will do
        load_features("vgg19", device="cpu")


def test_auto_takes_the_best_at_hand(small_vgg, weights_folder):
    def auto():
        return load_features("auto", device="cpu").name

    for name in ("vgg19_bn.pth", "vgg19-d01eb7cb.pth", "vgg19.txt", "squeezenet1_1.pth"):
        (weights_folder / name).write_bytes(b"weights of something else")
    assert auto() == "embedded"
    torch.save(random_state(networks.squeezenet()), weights_folder / "squeezenet1_0-imagenet.pt")
    assert auto() == "squeezenet"
    save_file(random_state(networks.vgg19()), weights_folder / "vgg19_features.safetensors")
    assert auto() == "vgg19"


def test_embedded_ships_with_the_course(image):
    before = torch.get_rng_state()
    network = load_features("embedded", device="cpu")
    assert torch.equal(torch.get_rng_state(), before)  # a student's own draws stay what they are
    found = network(image, (*network.style_layers, *network.content_layers))
    assert all(value.std() > 0 for value in found.values())
    assert "embedded_features.safetensors" in network.origin


def test_missing_weights_say_how_to_get_them(weights_folder):
    with pytest.raises(DataUnavailable, match="download=True") as error:
        load_features("squeezenet")
    assert NETWORKS["squeezenet"].weights.url in str(error.value)
    with pytest.raises(FileNotFoundError, match="no weight file"):
        load_features("vgg19", path=weights_folder / "nothing.pth")


def test_weights_that_do_not_fit_are_named(weights_folder):
    state = random_state(networks.squeezenet())
    path = weights_folder / "squeezenet1_0.pth"

    def message(content) -> str:
        torch.save(content, path)
        with pytest.raises(ValueError, match="squeezenet1_0.pth") as error:
            load_features("squeezenet", device="cpu")
        return str(error.value)

    short = {key: value for key, value in state.items() if "12.squeeze" not in key}
    assert "12.squeeze.weight, 12.squeeze.bias missing" in message(short)
    assert "(96, 3, 3, 3) and should be (96, 3, 7, 7)" in message(
        state | {"features.0.weight": torch.zeros(96, 3, 3, 3)}
    )
    assert "state dict" in message([1, 2])
    assert "state_dict" in message({"state_dict": state})
    assert "more than tensors" in message(networks.squeezenet())


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("kept", [0, 10, 1000, 100_000])
def test_damaged_weights_are_a_clear_error(weights_folder, suffix, kept):
    whole, path = weights_folder / f"whole{suffix}", weights_folder / f"squeezenet1_0{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(random_state(networks.squeezenet()), whole)
    path.write_bytes(whole.read_bytes()[:kept])
    with pytest.raises(ValueError, match="damaged"):
        load_features("squeezenet", device="cpu")


def test_download_is_checked_by_its_hash(weights_folder, tmp_path, monkeypatch, image):
    """From a server on this machine; the real hosts are not asked."""
    import functools
    import http.server
    import threading

    site = tmp_path / "site"
    site.mkdir()
    torch.save(random_state(networks.squeezenet()), site / "weights.bin")
    digits = hashlib.sha256((site / "weights.bin").read_bytes()).hexdigest()[:8]
    (site / "weights.bin").rename(site / f"squeezenet1_0-{digits}.pth")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=site)
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host = f"http://127.0.0.1:{server.server_port}/"

        def published(digits):
            spec = NETWORKS["squeezenet"]
            weights = Published("squeezenet1_0", digits, "5 MB", host)
            monkeypatch.setitem(NETWORKS, "squeezenet", dataclasses.replace(spec, weights=weights))

        published(digits)
        network = load_features("squeezenet", download=True, device="cpu")
        assert (weights_folder / f"squeezenet1_0-{digits}.pth").is_file()
        (weights_folder / f"squeezenet1_0-{digits}.pth").unlink()

        (site / f"squeezenet1_0-{digits}.pth").rename(site / "squeezenet1_0-00000000.pth")
        published("00000000")
        with pytest.raises(DataUnavailable, match="wrong bytes"):
            load_features("squeezenet", download=True)
        server.shutdown()
    assert network(image)["fire2"].isfinite().all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "vgg16"}, "vgg19, squeezenet, embedded, random"),
        ({"name": "random", "pooling": "median"}, "pooling"),
        ({"name": "auto", "download": True}, "say which network"),
        ({"name": "random", "taps": ["relu1"]}, "its layers are scale1"),
        ({"untrained": 0}, "a layout that you name"),
        ({"name": "random", "untrained": 0}, "a layout that you name"),
        ({"name": "embedded", "untrained": 0, "download": True}, "a layout that you name"),
        ({"name": "embedded", "untrained": -1}, "untrained is -1|got -1"),
    ],
)
def test_wrong_settings_are_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        load_features(**arguments)


def test_weights_that_are_not_finite_are_named(tmp_path):
    weights = load_file(runtime.shipped(embedded.WEIGHTS))
    name = next(iter(weights))
    weights[name].view(-1)[0] = torch.nan
    save_file(weights, tmp_path / "broken.safetensors")
    with pytest.raises(
        ValueError, match=f"broken.safetensors: 1 of the .* numbers of {re.escape(name)} are NaN"
    ):
        load_features("embedded", path=tmp_path / "broken.safetensors")
