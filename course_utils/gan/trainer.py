"""Train a GAN or a WGAN on 28x28 pictures."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils.datasets import Images
from course_utils.gan.adversarial import AdversarialLoop
from course_utils.gan.recipes import Recipe, get_recipe


class AdversarialTrainer(AdversarialLoop):
    """The adversarial loop on 28x28 pictures; samples are pictures (n, 1, 28, 28) in [-1, 1].

    Parameters
    ----------
    images : :class:`~course_utils.datasets.Images`, or uint8 pictures (n, 28, 28).
    recipe : a name in :data:`~course_utils.gan.recipes.RECIPES`, or a :class:`~course_utils.gan.recipes.Recipe`.
    device, seed : see :class:`~course_utils.gan.adversarial.AdversarialLoop`.
    **overrides : settings of the recipe to replace, such as ``batch_size=128``.

    All pictures live on the device as bytes and are scaled, a minibatch at a time, to [-1, 1], the interval of
    the generator's tanh.

    Raises
    ------
    ValueError
        for pictures of another shape or type, or a recipe that does not exist or is not for pictures.
    """

    def __init__(
        self,
        images: Images | np.ndarray,
        recipe: str | Recipe = "dcgan",
        *,
        device: str | torch.device | None = None,
        seed: int = 0,
        **overrides: Any,
    ):
        recipe = get_recipe(recipe, **overrides)
        if recipe.architecture == "points":
            raise ValueError(
                f"recipe {recipe.name!r} makes points of the plane, not pictures: choose mlp or dcgan."
            )
        pixels = _bytes(images)
        super().__init__(recipe, device=device, seed=seed)
        self.pixels = pixels.to(self.device)

    def real_batch(self) -> Tensor:
        """m real pictures (m, 1, 28, 28) in [-1, 1], drawn uniformly with replacement."""
        index = torch.randint(
            len(self.pixels), (self.recipe.batch_size,), generator=self.random, device=self.device
        )
        return self.pixels[index].to(torch.get_default_dtype()).div_(127.5).sub_(1)


def _bytes(images: Images | np.ndarray) -> Tensor:
    """The pictures as a uint8 tensor (n, 1, 28, 28)."""
    pixels = np.asarray(images.pixels if isinstance(images, Images) else images)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[1:] != (28, 28) or len(pixels) == 0:
        raise ValueError(
            "images must be Images (as load_images() returns them) or uint8 pictures of shape (n, 28, 28) with values "
            f"0 to 255; got {pixels.dtype} of shape {pixels.shape}."
        )
    return torch.tensor(pixels).unsqueeze(1)  # a copy: the arrays of Images may be read-only
