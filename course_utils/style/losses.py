"""The losses of neural style transfer (L0 "Content Loss" and "Style Loss"; Gatys, Ecker, Bethge 2016).

Features are h (n, N, rows, columns), or already (n, N, M): N channels, M = rows * columns positions. Every loss is one
number, summed over the n pictures.

The styles of two pictures of different sizes are compared per position: scale the target's Gram matrix by M / M_target
first, as :class:`~course_utils.style.StyleTransfer` does. Otherwise the larger picture simply has the larger sums.
"""

from typing import Any, Literal, cast, get_args

import torch
from torch import Tensor

from course_utils.checks import floats, one_of

Normalization = Literal["lecture", "gatys"]


def gram_matrix(features: Tensor) -> Tensor:
    """The Gram matrices G = F F^T, G_ij = sum_k F_ik F_jk, as (n, N, N); the rows of F are the channels (L0).

    Not normalised. Half precision is summed in float32.

    Raises
    ------
    ValueError
        when features is neither (n, N, rows, columns) nor (n, N, M), or holds nothing.
    """
    features = floats("features", features)
    if features.ndim not in (3, 4) or not features.numel():
        raise ValueError(
            "gram_matrix takes features (n, channels, rows, columns) or (n, channels, positions), one or more of each; "
            f"got shape {tuple(features.shape)}. For a single picture, add the first axis: features[None]."
        )
    return cast(Tensor, _Gram.apply(_at_least_single(features.flatten(2))))


class _Gram(torch.autograd.Function):
    """F F^T. Its gradient is (D + D^T) F for any D, one product with F; that of ``F @ F.mT`` would take two."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        return rows @ rows.mT

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (rows,) = ctx.saved_tensors
        return (gradient + gradient.mT) @ rows


def content_loss(features: Tensor, target: Tensor) -> Tensor:
    """E_c = 1/2 sum_ij (F_ij - P_ij)^2 (L0; Gatys et al. eq. 1), with the features F and those of the content, P.

    Raises
    ------
    ValueError
        when the shapes differ.
    """
    features, target = floats("features", features), floats("target", target)
    if features.shape != target.shape:
        raise ValueError(
            f"features and target are compared position by position, in one shape; got {tuple(features.shape)} "
            f"and {tuple(target.shape)}. Bring both pictures to the same size first."
        )
    return (_at_least_single(features) - _at_least_single(target)).square().sum() / 2


def _at_least_single(values: Tensor) -> Tensor:
    """Half precision as float32: a sum over all positions needs more than its 8 or 11 bits."""
    return values.float() if values.element_size() < 4 else values


def style_loss(features: Tensor, target_gram: Tensor, normalization: Normalization = "lecture") -> Tensor:
    """E_S = c sum_ij (G_ij - A_ij)^2 of one layer, with G the features' Gram matrix and A the style's.

    The factor is where the lecture and the paper differ, with N channels and M positions:

        "lecture"   c = 1 / (4 N M)        as L0 prints it
        "gatys"     c = 1 / (4 N^2 M^2)    Gatys et al. 2016, eq. 4

    The first makes the loss grow with the picture (G is a sum over positions, so its square grows as M^2). The second
    depends on the picture's size no more. With more than one layer, they also weigh the layers differently.

    Parameters
    ----------
    features : (n, N, rows, columns) or (n, N, M).
    target_gram : (n, N, N) or (1, N, N), from :func:`gram_matrix`.

    Raises
    ------
    ValueError
        for an unknown normalization or Gram matrices of another number, or of another number of channels.
    """
    gram = gram_matrix(features)
    target_gram = floats("target_gram", target_gram)
    if target_gram.shape not in (gram.shape, (1, *gram.shape[1:]), gram.shape[1:]):
        raise ValueError(
            f"features are {len(gram)} times {gram.shape[-1]} channels, and target_gram has shape "
            f"{tuple(target_gram.shape)}; there must be one matrix for each picture or one for all, from the same "
            "layer of the same network."
        )
    return (gram - target_gram).square().sum() * style_factor(features, normalization)


def style_factor(features: Tensor, normalization: Normalization) -> float:
    """c of :func:`style_loss` for features of this shape."""
    channels, positions = features.shape[1], features[0, 0].numel()
    one_of("normalization", normalization, get_args(Normalization), "for 1 / 4 N M or 1 / 4 N^2 M^2")
    return (
        1 / (4 * channels * positions) if normalization == "lecture" else 1 / (4 * channels**2 * positions**2)
    )


def total_variation(image: Tensor) -> Tensor:
    """The mean squared step between neighbouring pixels: down the rows, plus along the columns.

    For pixels in [0, 1] it lies in [0, 2]; 0 is a flat picture. (The squared, "anisotropic" form of Mahendran and
    Vedaldi 2015 with beta = 2: differentiable everywhere.)

    Parameters
    ----------
    image : (n, channels, h, w); along an axis of one pixel there are no steps.
    """
    image = _at_least_single(floats("image", image))
    if image.ndim < 2:
        raise ValueError(f"image has shape {tuple(image.shape)}; it must be (n, channels, h, w).")
    down, along = image.diff(dim=-2), image.diff(dim=-1)
    return sum(steps.square().mean() for steps in (down, along) if steps.numel()) + image.new_zeros(())
