"""How near a picture's style is to another's, in the eyes of a network, and in eyes that are no network.

A picture that was made with one network's Gram matrices has small distances in that network's eyes, whatever it looks
like: it was made to have them. So a comparison of networks needs eyes that belong to none of them.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from course_utils.checks import whole
from course_utils.pictures import open_picture
from course_utils.style.features import FeatureNetwork, as_network
from course_utils.style.perceptual import PerceptualLoss

PATCH, DIRECTIONS, QUANTILES = 7, 128, 512


def style_distance(picture: Any, style: Any, features: FeatureNetwork) -> float:
    """The relative style loss L_S(x, x_s) / L_S(0, x_s) that this network sees, with Gatys's factors and all its style
    layers: 0 for equal Gram matrices, 1 for a picture without any features.

    Parameters
    ----------
    picture, style : whatever :func:`course_utils.pictures.open_picture` takes, at least 32 pixels a side.
    """
    features = as_network(features)
    x, x_s = (p.to(features.mean.device) for p in (_tensor("picture", picture), _tensor("style", style)))
    layers = features.style_layers
    objective = PerceptualLoss(
        features,
        x,
        x_s,
        content_layers=layers[:1],
        style_layers=layers,
        layer_weights={},
        normalization="gatys",
    )
    with torch.no_grad():
        return float(objective(x)[1])


def patch_distance(picture: Any, style: Any, *, levels: int = 3, seed: int = 0) -> float:
    """The sliced Wasserstein distance between the patches of two pictures (Karras et al. 2018, section 5).

    Each picture becomes a Laplacian pyramid: what every halving of the size loses, and at last the small picture. On
    each level its patches of 7 x 7 pixels are points in R^147, scaled by the style's mean and standard deviation in
    each channel. W1 between the two clouds is estimated along 128 random directions, where it is the mean difference
    of quantiles; the mean over directions and levels is returned. No network, no Gram matrix.

    Parameters
    ----------
    picture, style : as for :func:`style_distance`; their sizes may differ.
    levels : of the pyramid, 1 to 5.
    seed : of the directions.

    Raises
    ------
    ValueError
        when the last level would be smaller than a patch.
    """
    levels = whole("levels", levels, 1, 5)
    pictures = [_tensor("picture", picture), _tensor("style", style)]
    smallest = min(min(p.shape[-2:]) for p in pictures) >> (levels - 1)
    if smallest < PATCH:
        raise ValueError(
            f"on level {levels} a picture would have {smallest} pixels, and a patch has {PATCH} on each side: "
            "give larger pictures, or fewer levels."
        )
    random = torch.Generator().manual_seed(whole("seed", seed, 0, 2**63 - 1))
    shares = (np.arange(QUANTILES) + 0.5) / QUANTILES
    distances = []
    for x, x_s in zip(*(_pyramid(p, levels) for p in pictures), strict=True):
        mean, spread = x_s.mean((0, 2, 3)), x_s.std((0, 2, 3), correction=0).clamp_min(1e-6)
        along = torch.randn(3 * PATCH**2, DIRECTIONS, generator=random, dtype=torch.float32)
        along /= along.norm(dim=0)
        clouds = [_patches((p - mean[:, None, None]) / spread[:, None, None]) @ along for p in (x, x_s)]
        a, b = (np.quantile(cloud.numpy(), shares, axis=0) for cloud in clouds)
        distances.append(np.abs(a - b).mean())
    return float(np.mean(distances))


def _tensor(name: str, picture: Any) -> Tensor:
    return torch.as_tensor(open_picture(picture, name=name)).movedim(-1, 0)[None].contiguous()


def _pyramid(picture: Tensor, levels: int) -> list[Tensor]:
    """The Laplacian pyramid, the finest level first; its sum, enlarged again, is the picture."""
    found = []
    for _ in range(levels - 1):
        smaller = avg_pool2d(picture, 2)
        found.append(picture - interpolate(smaller, size=picture.shape[-2:], mode="bilinear"))
        picture = smaller
    return [*found, picture]


def _patches(picture: Tensor) -> Tensor:
    """(patches, 147): all patches of a picture (1, 3, h, w)."""
    unfolded = picture[0].unfold(1, PATCH, 1).unfold(2, PATCH, 1)  # (3, rows, columns, 7, 7)
    return unfolded.permute(1, 2, 0, 3, 4).reshape(-1, 3 * PATCH**2)
