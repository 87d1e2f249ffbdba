"""Frozen networks that yield the features of a picture, layer by layer, under names."""

import copy
import warnings
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from types import NoneType
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from course_utils import runtime, threads
from course_utils.checks import instance, one_of, switch, tensor, whole
from course_utils.checks import path as checked_path
from course_utils.style import weights
from course_utils.style.networks import NETWORKS, Spec

SMALLEST = 32  # pixels; below, the deep layers have no position left
# Of ImageNet's pixels, which the networks were trained with.
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class FeatureNetwork(nn.Module):
    """A frozen network: ``network(image)`` gives the values of its layers by name.

    Made by :func:`load_features`.

    Attributes
    ----------
    name : "vgg19", "squeezenet", "embedded" or "random".
    origin : one sentence on where its weights come from.
    layers : the names that can be asked for, in order of depth.
    style_layers, content_layers : those that styles and contents are compared on, unless one says otherwise.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, spec: Spec, network: nn.Sequential, origin: str):
        super().__init__()
        self.name, self.origin, self.network = spec.name, origin, network
        self.taps = spec.taps or {name: name for name, _ in network.named_children()}
        self.layers = tuple(self.taps)
        self.style_layers = spec.style_layers or self.layers
        self.content_layers = spec.content_layers or self.layers[-2:-1]
        # Where each tap is taken: after how many children.
        order = {name: i for i, (name, _) in enumerate(network.named_children(), start=1)}
        self.depth = {tap: order[child] for tap, child in self.taps.items()}
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1), persistent=False)
        # Frozen: the backward pass computes the gradient of the picture and of nothing else.
        self.requires_grad_(False).eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload] # untold

    @threads.all_cores()
    def forward(self, image: Tensor, layers: Iterable[str] | None = None) -> dict[str, Tensor]:
        """The features h^(l)(x) after the ReLU of each layer: name -> (n, channels, rows, columns).

        Parameters
        ----------
        image : (n, 3, h, w), RGB in [0, 1], at least 32 x 32. Normalised here, in the image's precision, with the
            mean and the standard deviation of ImageNet; computed on in the network's precision.
        layers : names from :attr:`layers`, in any order; None: all. What lies deeper is not computed.

        Raises
        ------
        ValueError
            for an unknown layer or an image of another shape.
        """
        wanted = self.check(layers)
        if tensor("image", image).ndim != 4 or image.shape[1] != 3 or min(image.shape[-2:]) < SMALLEST:
            raise ValueError(
                f"image has shape {tuple(image.shape)}; it must be pictures (n, 3, h, w), h and w at least {SMALLEST}. "
                "For an array (h, w, 3): torch.as_tensor(picture).movedim(-1, 0)[None]."
            )
        values = ((image - self.mean) / self.std).to(self.dtype, memory_format=torch.channels_last)
        taken = {self.depth[tap]: tap for tap in wanted}
        found = {}
        for i, child in enumerate(islice(self.network, max(taken)), start=1):
            values = child(values)
            if i in taken:
                found[taken[i]] = values
        return {tap: found[tap] for tap in wanted}

    @property
    def dtype(self) -> torch.dtype:
        """What the layers compute in."""
        return next(self.network.parameters()).dtype

    def in_precision(self, dtype: torch.dtype) -> "FeatureNetwork":
        """This network, or a copy of it whose layers compute in another precision; the normalisation stays exact."""
        if dtype == self.dtype:
            return self
        other = copy.deepcopy(self)
        other.network.to(dtype)
        return other

    def check(self, layers: Iterable[str] | None) -> tuple[str, ...]:
        """These names as a tuple, all of them for None.

        Raises
        ------
        ValueError
            when one is not a layer of this network, or there is none.
        """
        layers = (layers,) if isinstance(layers, str) else layers
        layers = instance("layers", layers, (Iterable, NoneType), f"names such as {self.layers[:2]}")
        wanted = self.layers if layers is None else tuple(map(str, layers))
        unknown = [tap for tap in wanted if tap not in self.taps]
        if unknown or not wanted:
            problem = f"has no layer {unknown[0]!r}" if unknown else "was asked for no layer at all"
            raise ValueError(f"{self.name} {problem}; its layers are {', '.join(self.layers)}.")
        return wanted

    def cut(self, layers: Iterable[str]) -> "FeatureNetwork":
        """A network that ends after the deepest of these layers; its weights are shared with this one."""
        layers = self.check(layers)
        end = max(self.depth[tap] for tap in layers)
        kept = {tap: child for tap, child in self.taps.items() if self.depth[tap] <= end}
        spec = Spec(
            self.name,
            build=NETWORKS[self.name].build,
            weights=None,
            taps=kept,
            style_layers=tuple(tap for tap in self.style_layers if tap in kept) or layers,
            content_layers=tuple(tap for tap in self.content_layers if tap in kept) or layers,
        )
        return FeatureNetwork(spec, cast(nn.Sequential, self.network[:end]), self.origin)


def as_network(features: Any) -> FeatureNetwork:
    """The network itself, where it is one."""
    return instance("features", features, FeatureNetwork, "the name of a network or what load_features gave")


def load_features(
    name: str = "auto",
    *,
    pooling: Literal["max", "avg"] = "max",
    untrained: int | None = None,
    path: str | Path | None = None,
    download: bool = False,
    device: str | torch.device | None = None,
    taps: Iterable[str] | None = None,
) -> FeatureNetwork:
    """A frozen feature network; its ``name`` and ``origin`` say which one it is.

    Parameters
    ----------
    name : "vgg19", "squeezenet", "embedded", "random" (:mod:`course_utils.style.networks` describes them), or "auto":
        the first of vgg19, squeezenet and embedded whose weights are at hand and sound; a warning names damaged ones.
    pooling : "max", as the networks were trained, or "avg", which Gatys et al. found to give smoother pictures.
    untrained : a seed: the same layout with random weights in place of trained ones, as a control for what the training
        adds. Each filter is normal with variance 2 / (its number of weights) (He et al. 2015), the biases are 0.
    path : a weight file in torchvision's layout, trained for RGB pictures normalised as torchvision does it. None: look
        in ``COURSE_DATA/weights`` for the usual names, with and without hash.
    download : fetch missing weights from PyTorch's host (SqueezeNet 5 MB, VGG-19 550 MB), checked by their hash.
        Nothing is ever downloaded otherwise.
    device : None takes :func:`course_utils.runtime.device`.
    taps : the layers you will ask for; what lies deeper is cut off. None: keep all.

    Raises
    ------
    ValueError
        for an unknown name, pooling or tap, a weight file that does not fit, or weights for an untrained network.
    FileNotFoundError, DataUnavailable
        when the weights are not at hand; the message says how to get them.
    """
    one_of("name", name, ("auto", *NETWORKS))
    one_of("pooling", pooling, ("max", "avg"))
    if switch("download", download) | (path is not None) and name == "auto":
        raise ValueError('"auto" takes what is at hand; with path or download, say which network is meant.')

    if untrained is not None and (name in ("auto", "random") or path is not None or download):
        raise ValueError(
            "untrained gives random weights to a layout that you name, such as "
            'load_features("embedded", untrained=0); "auto", "random", path and download do not go with it.'
        )

    if name == "auto":
        spec, network, file = _best_at_hand()
    elif untrained is not None:
        spec, file = NETWORKS[name], None
        network = weights.randomised(_loaded(spec, None), whole("untrained", untrained, 0, 2**63 - 1))
    else:
        spec = NETWORKS[name]
        file = weights.find(spec, download=download) if path is None else checked_path("path", path)
        network = _loaded(spec, file)
    origin = f"{spec.name}: untrained, random filters."
    if untrained is not None:
        origin = f"{spec.name}'s layout: untrained, random weights of seed {untrained}."
    if file is not None:
        origin = f"{spec.name}: trained weights from {file}."
    if pooling != "max":
        _average_pooling(network)
    features = FeatureNetwork(spec, network, origin)
    if taps is not None:
        features = features.cut(taps)
    return features.to(runtime.device(device))


@threads.own_draws()  # first weights are drawn and replaced
def _loaded(spec: Spec, file: Path | None) -> nn.Sequential:
    network = spec.build()
    if file is not None:
        weights.load(network, file)
    return network


def _best_at_hand() -> tuple[Spec, nn.Sequential, Path | None]:
    for spec in (NETWORKS["vgg19"], NETWORKS["squeezenet"]):
        for file in weights.at_hand(spec):
            try:
                return spec, _loaded(spec, file), file
            except (OSError, ValueError) as error:  # no permission to read it, for one
                reason = str(error).rstrip(".")
                warnings.warn(
                    f"{reason}. It is not used, and the next weights at hand are taken.", stacklevel=4
                )
    spec, ships = NETWORKS["embedded"], weights.find(NETWORKS["embedded"])
    return spec, _loaded(spec, ships), ships


def _average_pooling(network: nn.Module) -> None:
    for parent in network.modules():
        for name, child in parent.named_children():
            if isinstance(child, nn.MaxPool2d):
                setattr(
                    parent, name, nn.AvgPool2d(child.kernel_size, child.stride, ceil_mode=child.ceil_mode)
                )
