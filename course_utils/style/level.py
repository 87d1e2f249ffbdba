"""One level of the pyramid: both pictures at one size, and what the transfer minimises there."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from course_utils.pictures import LARGEST, open_picture, resized_shape
from course_utils.style.colour import luminance, matched, with_luminance
from course_utils.style.features import SMALLEST, FeatureNetwork
from course_utils.style.perceptual import PerceptualLoss


class Level:
    """Content and styles at the given sizes (longer side, in pixels), as tensors beside the network.

    The variable picture is RGB (1, 3, h, w), or a luminance (1, 1, h, w) where the content keeps its colours; h and w
    are the content's. So are ``content``, the picture itself, and ``style``, the first style, of its own size. What the
    network says of both, the targets, is computed when :attr:`objective` is first needed.

    Raises
    ------
    ValueError
        when a picture would be too small for the network.
    """

    def __init__(
        self,
        network: FeatureNetwork,
        content: Any,
        styles: Sequence[Any],
        sizes: tuple[int, int],
        *,
        keep_colours: bool,
        **objective: Any,
    ):
        size, self._style_size = sizes
        opened = _opened("content", content, size)
        self._opened = [_opened("style", style, self._style_size) for style in styles]
        shapes = [("style", resized_shape(style.shape, self._style_size)) for style in self._opened]
        for name, (h, w) in (("content", resized_shape(opened.shape, size)), *shapes):
            if min(h, w) < SMALLEST:
                raise ValueError(
                    f"the {name} would be {w} pixels wide and {h} high here, and a network needs {SMALLEST} of both: "
                    "give a larger size, fewer levels of the pyramid, or a picture that is nearer to a square."
                )
        self._device = network.mean.device
        self.content = self._tensor(opened, size)
        self._colours = self.content if keep_colours else None
        if keep_colours:
            self.content = luminance(self.content)
        self._styles: list[Tensor] | None = None
        self._objective: PerceptualLoss | None = None
        self._make_objective = partial(PerceptualLoss, network, _rgb(self.content), **objective)

    # Not cached properties: those of Python 3.11 let no other level compute in the meantime, and a fork wait for ever.
    @property
    def styles(self) -> list[Tensor]:
        """The styles as the network sees them: with 1024 pixels, to make them takes as long as a frame of the app."""
        if self._styles is None:
            styles = [self._tensor(style, self._style_size) for style in self._opened]
            if self._colours is not None:
                styles = [matched(luminance(style), self.content) for style in styles]
            self._styles = styles
        return self._styles

    @property
    def objective(self) -> PerceptualLoss:
        """Both losses, with their targets."""
        if self._objective is None:
            self._objective = self._make_objective(style=[*map(_rgb, self.styles)])
        return self._objective

    def _tensor(self, picture: np.ndarray, size: int) -> Tensor:
        picture = open_picture(picture, size, copy=False)  # which the next line does
        return torch.from_numpy(np.array(np.moveaxis(picture, -1, 0), order="C"))[None].to(self._device)

    def fit(self, picture: Tensor) -> Tensor:
        """Any picture at this level's size: itself, or one like it."""
        if picture.shape == self.content.shape:
            return picture.detach()
        shape = self.content.shape[-2:]
        return interpolate(picture.detach(), size=shape, mode="bicubic", antialias=True).clamp(0, 1)

    def losses(self, picture: Tensor, style_weights: Sequence[float]) -> tuple[Tensor, Tensor]:
        """The relative content and style loss."""
        return self.objective(_rgb(picture), style_weights)

    def shown(self, picture: Tensor) -> np.ndarray:
        """What to look at: float32 (h, w, 3) in [0, 1], a copy."""
        picture = picture.detach()
        if self._colours is not None:
            picture = with_luminance(self._colours, picture)
        return picture[0].movedim(0, -1).cpu().numpy().copy()


def _opened(name: str, source: Any, size: int) -> np.ndarray:
    """A picture that nobody changes before it is needed: of this size already, or an array that is locked."""
    if (
        isinstance(source, np.ndarray)
        and not source.flags.writeable
        and max(source.shape, default=0) <= LARGEST
    ):
        return open_picture(source, name=name, copy=False)
    return open_picture(source, size, name=name)


def _rgb(picture: Tensor) -> Tensor:
    """A luminance as three equal channels; RGB as it is."""
    return picture.expand(-1, 3, -1, -1)
