"""The two losses that style transfer weighs, in units in which alpha and beta mean the same for every network."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor
from torch.nn.functional import pad

from course_utils import threads
from course_utils.style.features import FeatureNetwork
from course_utils.style.losses import Normalization, content_loss, gram_matrix, style_factor


class PerceptualLoss:
    """Content and style loss of a picture against targets that are computed once.

    The raw losses of L0 and of Gatys et al. depend on how large a network's values happen to be: multiply a layer's
    weights by 10 and the next layer's by 1/10, and the network says the same as before, but that layer's style loss is
    10,000 times as large. (Gatys et al. rescaled VGG for that reason.) So, first, each layer's features are divided by
    the root mean square of the target's features there. Second, each of the two losses is divided by its value for
    features that are zero everywhere:

        content   L_c(x) / L_c(0)     0: all features as in the content picture; 1: as far from them as a blank
        style     L_S(x) / L_S(0)     0: all Gram matrices as in the style picture; 1: as far from them as a blank

    with L_S = sum_l w_l E_S(l). The Gram matrix of a style picture with M' positions is multiplied by M / M'.
    Between the layers, the lecture's or Gatys's factor still has its say. Of several styles, each has a relative loss
    of its own, in its own unit; their weighted mean counts.

    Every picture is continued by its mirror image, ``border`` pixels on each side, before the network sees it. The
    networks themselves put zeros there, which no style has: the pixels along the edge then pay for it, and a dark or
    light frame grows around the picture.

    Parameters
    ----------
    content, style : pictures (1, 3, h, w) in [0, 1]; their sizes may differ. ``style`` may be a list of them.
    layer_weights : w_l of some of the style layers; the others have 1.
    border : pixels; fewer than the smallest picture has.
    """

    def __init__(
        self,
        features: FeatureNetwork,
        content: Tensor,
        style: Tensor | Sequence[Tensor],
        *,
        content_layers: Sequence[str],
        style_layers: Sequence[str],
        layer_weights: Mapping[str, float],
        normalization: Normalization,
        border: int = 0,
    ):
        self.features, self.border = features, border
        self.content_layers, self.style_layers = tuple(content_layers), tuple(style_layers)
        self.layers = tuple(dict.fromkeys((*self.content_layers, *self.style_layers)))
        self.layer_weights, self.normalization = layer_weights, normalization
        styles = [style] if isinstance(style, Tensor) else style
        with torch.no_grad(), threads.exactly(1):  # the network takes what it needs
            of_content = self._seen(content, self.layers)
            self.content_scale = {l: _size(of_content[l]) for l in self.content_layers}
            self.content_targets = {l: of_content[l] for l in self.content_layers}
            blank = {l: torch.zeros_like(h) for l, h in of_content.items()}
            # a style or content without any features (w_l = 0, say) stays in its raw unit
            self.content_unit = _or_one(self._content_loss(blank))
            self.styles = [
                self._style_target(self._seen(style, self.style_layers), blank) for style in styles
            ]

    def _seen(self, picture: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        return self.features(mirrored(picture, self.border), layers)

    def _style_target(self, of_style: dict[str, Tensor], blank: dict[str, Tensor]) -> "_Style":
        scale = {l: _size(of_style[l]) for l in self.style_layers}
        grams = {}
        for l in self.style_layers:
            positions, own = blank[l][0, 0].numel(), of_style[l][0, 0].numel()
            grams[l] = gram_matrix(of_style[l]) / scale[l] ** 2 * (positions / own)
        return _Style(scale, grams, _or_one(self._style_loss(blank, scale, grams)))

    def _content_loss(self, values: dict[str, Tensor]) -> Tensor:
        losses = (
            content_loss(values[l], self.content_targets[l]) / self.content_scale[l] ** 2
            for l in self.content_layers
        )
        return cast(Tensor, sum(losses))

    def _style_loss(
        self, values: dict[str, Tensor], scale: dict[str, Tensor], grams: dict[str, Tensor]
    ) -> Tensor:
        losses = (
            self.layer_weights.get(l, 1.0)
            * (gram_matrix(values[l]) / scale[l] ** 2 - grams[l]).square().sum()
            * style_factor(values[l], self.normalization)
            for l in self.style_layers
        )
        return cast(Tensor, sum(losses))

    def __call__(self, image: Tensor, style_weights: Sequence[float] | None = None) -> tuple[Tensor, Tensor]:
        """The relative content loss and style loss of a picture (1, 3, h, w) of the content's size.

        ``style_weights`` has a weight for each style, zero or more but not all zero; None: all the same.
        """
        values = self._seen(image, self.layers)
        weights = style_weights or [1.0] * len(self.styles)
        # few numbers; several threads would sum other parts of them, and round otherwise
        with threads.exactly(1):
            content = self._content_loss(values) / self.content_unit
            style = sum(
                weight / sum(weights) * (self._style_loss(values, target.scale, target.grams) / target.unit)
                for weight, target in zip(weights, self.styles, strict=True)
                if weight > 0
            )
        return content, cast(Tensor, style)


def mirrored(picture: Tensor, border: int) -> Tensor:
    """The picture (n, c, h, w) continued by its mirror image, ``border`` pixels on each side, fewer than it has."""
    return pad(picture, (border,) * 4, mode="reflect") if border else picture


class _Style(NamedTuple):
    """What one style picture asks for, by layer."""

    scale: dict[str, Tensor]
    grams: dict[str, Tensor]
    unit: Tensor  # the loss of a blank


def _size(values: Tensor) -> Tensor:
    """The root mean square, or 1 where all values are zero."""
    return _or_one(values.float().square().mean().sqrt())


def _or_one(number: Tensor) -> Tensor:
    return torch.where(number > 0, number, torch.ones_like(number))


Objective = PerceptualLoss  # its old name: gan.objectives has an Objective, too
