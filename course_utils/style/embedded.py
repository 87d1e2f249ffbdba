"""The "embedded" feature network: 1.2 MB that ship with the course and were trained for it.

It was taught, from random weights, to give the numbers that SqueezeNet 1.0 trained on ImageNet (Iandola et al. 2016)
gives at its first layers (distillation, Hinton et al. 2015; data/make/embedded_features.py), each layer divided by one
number that brings it to unit size. So its taps carry the names of the layers that they imitate:

    tap                  channels   a position of it per
    relu1                96         2 x 2 pixels of the picture
    fire2, fire3         128        4 x 4
    fire4                256        4 x 4
    fire5                256        8 x 8
    fire6, fire7         384        8 x 8
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from course_utils import threads

WEIGHTS = "checkpoints/embedded_features.safetensors"  # in data/, float16

FIRES = {  # name -> (channels before, squeezed to, expanded to)
    "fire2": (96, 48, 128),
    "fire3": (128, 32, 128),
    "fire4": (128, 64, 256),
    "fire5": (256, 64, 256),
    "fire6": (256, 80, 384),
    "fire7": (384, 80, 384),
}
POOLED = ("fire2", "fire5")  # a pooling halves the picture before these


class Squeeze(nn.Conv2d):
    """A 1x1 convolution over many channels, with one thread: several would sum other parts of them, and round
    otherwise, for little work."""

    def forward(self, x: Tensor) -> Tensor:
        with threads.exactly(1):
            return super().forward(x)


class Fire(nn.Module):
    """SqueezeNet's block with a wider bottleneck: half of the channels see one position, half its 3 x 3 neighbours."""

    def __init__(self, before: int, squeezed: int, expanded: int):
        super().__init__()
        self.squeeze = Squeeze(before, squeezed, 1)
        self.narrow = nn.Conv2d(squeezed, expanded // 2, 1)
        self.wide = nn.Conv2d(squeezed, expanded // 2, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze(x).relu_()
        return torch.cat([self.narrow(x), self.wide(x)], dim=1).relu_()


def build() -> nn.Sequential:
    """The network with torch's random start weights; its named children, in order, are the taps.

    Input (n, 3, h, w): RGB in [0, 1], then ImageNet's mean taken off and divided by its standard deviation;
    at least 16 pixels a side. The trained weights are in data/checkpoints/embedded_features.safetensors.
    """
    first = OrderedDict(
        basis=nn.Conv2d(3, 64, 7, stride=2, bias=False), mix=nn.Conv2d(64, 96, 1), relu=nn.ReLU()
    )
    network = nn.Sequential(OrderedDict(relu1=nn.Sequential(first)))
    for name, sizes in FIRES.items():
        pool = [("pool", nn.MaxPool2d(3, stride=2, ceil_mode=True))] if name in POOLED else []
        network.add_module(name, nn.Sequential(OrderedDict([*pool, ("fire", Fire(*sizes))])))
    return network
