"""The two losses that style transfer weighs, in units in which alpha and beta mean the same for every network."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from course_utils.style.features import FeatureNetwork
from course_utils.style.losses import Normalization, content_loss, gram_matrix, style_loss


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
    Between the layers, the lecture's or Gatys's factor still has its say.

    Parameters
    ----------
    content, style : pictures (1, 3, h, w) in [0, 1]; their sizes may differ.
    layer_weights : w_l for each of the style layers.
    """

    def __init__(
        self,
        features: FeatureNetwork,
        content: Tensor,
        style: Tensor,
        *,
        content_layers: Sequence[str],
        style_layers: Sequence[str],
        layer_weights: Mapping[str, float],
        normalization: Normalization,
    ):
        self.features = features
        self.content_layers, self.style_layers = tuple(content_layers), tuple(style_layers)
        self.layers = tuple(dict.fromkeys((*self.content_layers, *self.style_layers)))
        self.layer_weights, self.normalization = layer_weights, normalization
        with torch.no_grad():
            of_content, of_style = features(content, self.layers), features(style, self.style_layers)
            self._set_targets(of_content, of_style)

    def _set_targets(self, of_content: dict[str, Tensor], of_style: dict[str, Tensor]) -> None:
        self.content_scale = {l: _size(of_content[l]) for l in self.content_layers}
        self.style_scale = {l: _size(of_style[l]) for l in self.style_layers}
        self.content_targets = {l: of_content[l] / self.content_scale[l] for l in self.content_layers}
        self.grams = {}
        for l in self.style_layers:
            positions, own = of_content[l][0, 0].numel(), of_style[l][0, 0].numel()
            self.grams[l] = gram_matrix(of_style[l] / self.style_scale[l]) * (positions / own)
        blank = {l: torch.zeros_like(h) for l, h in of_content.items()}
        self.content_unit = self.style_unit = torch.ones(())
        content, style = self._losses(blank)
        # a style or content without any features (w_l = 0, say) stays in its raw unit
        self.content_unit, self.style_unit = _or_one(content), _or_one(style)

    def _losses(self, values: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        content = sum(
            content_loss(values[l] / self.content_scale[l], self.content_targets[l])
            for l in self.content_layers
        )
        style = sum(
            self.layer_weights[l]
            * style_loss(values[l] / self.style_scale[l], self.grams[l], self.normalization)
            for l in self.style_layers
        )
        return content / self.content_unit, style / self.style_unit

    def __call__(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The relative content loss and style loss of a picture (1, 3, h, w) of the content's size."""
        return self._losses(self.features(image, self.layers))


def _size(values: Tensor) -> Tensor:
    """The root mean square, or 1 where all values are zero."""
    return _or_one(values.float().square().mean().sqrt())


def _or_one(number: Tensor) -> Tensor:
    return torch.where(number > 0, number, torch.ones_like(number))


Objective = PerceptualLoss  # its old name: gan.objectives has an Objective, too
