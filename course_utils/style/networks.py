"""The networks whose features style transfer compares: their layers, the layers' names, and where the weights are.

Each is described by a :class:`Spec`, and :data:`NETWORKS` lists them, the best first:

    vgg19        16 convolutions, trained on ImageNet (Simonyan, Zisserman 2015); what Gatys et al. used
    squeezenet   SqueezeNet 1.0, trained on ImageNet (Iandola et al. 2016); 5 MB that paint real strokes
    embedded     a small network that ships with the course
    random       untrained filters at several scales: palette and texture, but hardly any strokes
                 (He, Wang, Hopcroft 2016; Ustyuzhaninov et al. 2016)

VGG-19 and SqueezeNet have torchvision's layout (child ``"21"`` is torchvision's ``features.21``), so that the
published weight files fit. Every tap is the value *after* a ReLU, as in Gatys et al. 2016: a network's own features.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from course_utils.style import embedded
from course_utils.style.embedded import Squeeze


@dataclass(frozen=True)
class Published:
    """A weight file that its authors offer for download; ``digits`` starts its SHA-256, as the file's name says."""

    stem: str
    digits: str
    size: str  # for people
    host: str = "https://download.pytorch.org/models/"

    @property
    def file(self) -> str:
        return f"{self.stem}-{self.digits}.pth"

    @property
    def url(self) -> str:
        return self.host + self.file


@dataclass(frozen=True)
class Spec:
    """How to make a network and what to call its layers.

    Attributes
    ----------
    build : makes the layers, with weights of no meaning unless ``weights`` is None.
    weights : a file to download, the name of a file that ships in data/, or None.
    taps : tap -> the child of the network whose output it is, in order of depth; None: the children's own names.
    style_layers, content_layers : the defaults; None: all taps, and the last but one.
    """

    name: str
    build: Callable[[], nn.Sequential]
    weights: Published | str | None
    taps: dict[str, str] | None = None
    style_layers: tuple[str, ...] | None = None
    content_layers: tuple[str, ...] | None = None


# ------------------------------------------------------------------------------------------------ VGG-19

# (channels, convolutions) between two poolings
VGG19_BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))


def vgg19() -> nn.Sequential:
    """The convolutional part of VGG-19: child ``str(i)`` is torchvision's ``features.i``."""
    layers: list[nn.Module] = []
    before = 3
    for channels, convolutions in VGG19_BLOCKS:
        for _ in range(convolutions):
            # In place is safe, since only the ReLU's value is ever looked at, and halves the memory.
            layers += [nn.Conv2d(before, channels, 3, padding=1), nn.ReLU(inplace=True)]
            before = channels
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def _vgg19_taps() -> dict[str, str]:
    """Gatys's names: conv3_2 is the second convolution of the third block, whose ReLU is the next child."""
    taps, child = {}, 0
    for block, (_, convolutions) in enumerate(VGG19_BLOCKS, start=1):
        for i in range(1, convolutions + 1):
            taps[f"conv{block}_{i}"] = str(child + 1)
            child += 2
        child += 1  # the pooling
    return taps


# ------------------------------------------------------------------------------------------------ SqueezeNet


class Fire(nn.Module):
    """SqueezeNet's block: a 1x1 convolution squeezes the channels, 1x1 and 3x3 convolutions expand them again."""

    def __init__(self, before: int, squeezed: int, expanded: int):
        super().__init__()
        self.squeeze = Squeeze(before, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze(x).relu_()
        return torch.cat([self.expand1x1(x), self.expand3x3(x)], 1).relu_()


def squeezenet() -> nn.Sequential:
    """The convolutional part of SqueezeNet 1.0: child ``str(i)`` is torchvision's ``features.i``."""

    def pooling() -> nn.Module:
        return nn.MaxPool2d(3, stride=2, ceil_mode=True)

    return nn.Sequential(
        nn.Conv2d(3, 96, 7, stride=2), nn.ReLU(inplace=True), pooling(),
        Fire(96, 16, 64), Fire(128, 16, 64), Fire(128, 32, 128), pooling(),
        Fire(256, 32, 128), Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), pooling(),
        Fire(512, 64, 256),
    )  # fmt: skip


def _squeezenet_taps() -> dict[str, str]:
    """The first ReLU, and the fire modules, which the paper counts from 2 and torchvision's layout between poolings."""
    return {"relu1": "1"} | {
        f"fire{i}": child for i, child in enumerate("3 4 5 7 8 9 10 12".split(), start=2)
    }


# ------------------------------------------------------------------------------------------------ untrained


def random_filters(seed: int = 0, channels: tuple[int, ...] = (64, 96, 128, 160, 192)) -> nn.Sequential:
    """Untrained Gaussian filters at several scales: each next scale sees twice the neighbourhood of the one before.

    Layer after layer, the filters are scaled such that their values on noise have mean square 1 (Mishkin, Matas 2016);
    the network itself normalises nothing, because it would forget a picture's contrast. Borders are mirrored, so that
    the frame leaves no mark.
    """
    random = torch.Generator().manual_seed(seed)
    network, before = nn.Sequential(), 3
    values = torch.randn(1, 3, 128, 128, generator=random)
    for i, after in enumerate(channels):
        kernel = 7 if i == 0 else 3
        filters = nn.Conv2d(before, after, kernel, padding=kernel // 2, padding_mode="reflect", bias=False)
        scale = nn.Sequential(nn.AvgPool2d(2) if i else nn.Identity(), filters, nn.ReLU())
        with torch.no_grad():
            filters.weight.normal_(generator=random)
            filters.weight /= scale(values).square().mean().sqrt()
            values = scale(values)
        network.add_module(f"scale{i + 1}", scale)
        before = after
    return network


NETWORKS = {
    spec.name: spec
    for spec in (
        Spec(
            "vgg19",
            vgg19,
            Published("vgg19", "dcbb9e9d", "550 MB"),
            taps=_vgg19_taps(),
            style_layers=("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"),
            content_layers=("conv4_2",),
        ),
        Spec(
            "squeezenet",
            squeezenet,
            Published("squeezenet1_0", "b66bff10", "5 MB"),
            taps=_squeezenet_taps(),
            style_layers=("relu1", "fire2", "fire3", "fire4", "fire5", "fire7"),
            content_layers=("fire5",),
        ),
        Spec(
            "embedded",
            embedded.build,
            embedded.WEIGHTS,
            style_layers=("relu1", "fire2", "fire3", "fire4", "fire5", "fire7"),
            content_layers=("fire5",),
        ),
        Spec("random", random_filters, None),
    )
}
