"""Super-resolution, 7x7 to 28x28 (L4, "SRGAN"; Ledig et al. 2017): one network, three losses, and what each pays for.

    pixel         E|G(y) - x|^2           blurred: the best answer to many possible pictures is their mean
    perceptual    E|e(G(y)) - e(x)|^2     in the features e of a network that names digits
    adversarial   -E log D(G(y))          looks like *a* digit, whether or not it is this one

y is the small picture, each pixel the mean of 4 x 4 of x. Pictures are (n, 1, 28, 28) in [-1, 1].
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer

from course_utils import checks
from course_utils.checks import each, not_negative, whole
from course_utils.datasets import Images
from course_utils.datasets.scaling import SIDE, check_digits, check_symmetric, to_symmetric
from course_utils.gan.networks import DCGAN_LAYERS, DCGANDiscriminator
from course_utils.gan.objectives import discriminator_loss, non_saturating_generator_loss
from course_utils.training import Settings, TrainingLoop, descend, still
from course_utils.training.pretrained import NetworkFile
from course_utils.training.state import shared_tensor

FILE = NetworkFile(
    "course_utils.upscaler", 1, "save_upscaler(trainer, path)", "checkpoints/upscaler_{}.safetensors"
)
FACTOR = 4
Eyes = Callable[[Tensor], Tensor]


def shrink(pictures: Tensor) -> Tensor:
    """Means over squares of 4 x 4 pixels, (n, 1, 28, 28) -> (n, 1, 7, 7)."""
    return functional.avg_pool2d(_read("pictures", pictures), FACTOR)


def bicubic(small: Tensor) -> Tensor:
    """The classical answer, without learning: Keys' cubic (a = -3/4) through the small pixels, (n, 1, 7, 7) -> (n, 1,
    28, 28)."""
    return _enlarged(_read("small", small, SIDE // FACTOR))


def _enlarged(small: Tensor) -> Tensor:
    large = functional.interpolate(small, scale_factor=FACTOR, mode="bicubic", align_corners=False)
    return large.clamp(-1, 1)


def psnr(pictures: Tensor, originals: Tensor) -> Tensor:
    """10 log10(4 / mean squared error) of each picture in [-1, 1], in decibels, (n,): the peak is 2, its square 4."""
    pictures, originals = _read("pictures", pictures), _read("originals", originals)
    if len(pictures) != len(originals):
        raise ValueError(
            f"there are {len(pictures)} pictures and {len(originals)} originals: give one for each."
        )
    error = (pictures - originals).square().flatten(1).mean(1)
    return 10 * torch.log10(4 / error.clamp_min(1e-12))


def _read(name: str, value: Any, side: int = SIDE) -> Tensor:
    return check_symmetric(name, _shaped(name, value, side))


def _shaped(name: str, value: Any, side: int) -> Tensor:
    value = checks.tensor(name, value)
    if value.shape[1:] != (1, side, side) or not value.is_floating_point():
        raise ValueError(
            f"{name} has shape {tuple(value.shape)} and type {value.dtype}; it must hold pictures (n, 1, {side}, "
            f"{side}) in [-1, 1], floats."
        )
    return value


class Upscaler(nn.Module):
    """Bicubic, and what convolutions add to it: two residual blocks at 7x7, then two pixel shuffles (Ledig et al.)."""

    def __init__(self, channels: int = 16):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(1, channels, 3, padding=1), nn.LeakyReLU(0.2))
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels, channels, 3, padding=1),
                nn.LeakyReLU(0.2),
                nn.Conv2d(channels, channels, 3, padding=1),
            )
            for _ in range(2)
        )
        self.grow = nn.Sequential(
            nn.Conv2d(channels, 2 * channels, 3, padding=1), nn.PixelShuffle(2), nn.LeakyReLU(0.2),
            nn.Conv2d(channels // 2, channels, 3, padding=1), nn.PixelShuffle(2), nn.LeakyReLU(0.2),
            nn.Conv2d(channels // 4, 1, 3, padding=1),
        )  # fmt: skip

    def forward(self, small: Tensor) -> Tensor:
        x = self.first(_shaped("small", small, SIDE // FACTOR))
        for block in self.blocks:
            x = x + block(x)
        return torch.tanh(2 * _enlarged(small) + self.grow(x))


@dataclass(frozen=True)
class UpscaleRecipe(Settings):
    """How to train an upscaler: the weights of the three losses, the networks and the steps.

    ``channels`` is a multiple of 4, the upscaler's; ``discriminator_widths`` those of
    :class:`~course_utils.gan.networks.DCGANDiscriminator`, without batch norm. A weight of 0 leaves its part out.
    """

    name: str
    pixel_weight: float = 1.0
    perceptual_weight: float = 0.0
    adversarial_weight: float = 0.0
    channels: int = 16
    discriminator_widths: tuple[int, ...] = (16, 32)
    batch_size: int = 32
    optimizer: str = "adam"
    generator_learning_rate: float = 1e-3
    discriminator_learning_rate: float = 3e-4
    betas: tuple[float, float] = (0.5, 0.999)
    decay_steps: int = 0
    ema: float = 0.99
    precision: str = "float32"
    quick_steps: int = 1_000
    full_steps: int = 4_000

    structure: ClassVar = ("channels", "discriminator_widths")

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check(
            pixel_weight=not_negative,
            perceptual_weight=not_negative,
            adversarial_weight=not_negative,
            channels=partial(whole, at_least=4),
            discriminator_widths=partial(each, check=whole, advice="such as (16, 32)"),
            batch_size=whole,
        )
        if self.channels % 4 or len(self.discriminator_widths) not in DCGAN_LAYERS:
            raise ValueError(
                f"channels is {self.channels} and discriminator_widths {self.discriminator_widths}: channels must be a "
                "multiple of 4, and there are 2 or 3 widths, such as (16, 32)."
            )


UPSCALERS = {
    recipe.name: recipe
    for recipe in (
        UpscaleRecipe("pixel"),
        UpscaleRecipe("perceptual", perceptual_weight=0.1),
        UpscaleRecipe("adversarial", perceptual_weight=0.1, adversarial_weight=0.01),
    )
}


class UpscaleTrainer(TrainingLoop):
    """The loop on an upscaler, ``generator``, and a ``discriminator`` of its pictures.

    Parameters
    ----------
    images : :class:`~course_utils.datasets.Images`, or uint8 pictures (n, 28, 28).
    recipe : a name in :data:`UPSCALERS`, or an :class:`UpscaleRecipe`.
    eyes : pictures (n, 1, 28, 28) in [-1, 1] -> features (n, ...), for the perceptual loss; kept still.
    device, seed : see :class:`~course_utils.training.TrainingLoop`.
    **overrides : settings of the recipe to replace, such as ``adversarial_weight=0.1``.

    Raises
    ------
    ValueError
        for pictures of another shape or type, a recipe that does not exist, or a perceptual weight without eyes.
    """

    parts = ("generator", "discriminator")
    quantities = ("pixel", "perceptual", "adversarial", "discriminator_loss")
    optional = ("perceptual", "adversarial", "discriminator_loss")
    averaged = "generator"

    recipe: UpscaleRecipe
    generator: Upscaler
    discriminator: nn.Module
    generator_optimizer: Optimizer
    discriminator_optimizer: Optimizer

    def __init__(
        self,
        images: Images | np.ndarray,
        recipe: str | UpscaleRecipe = "pixel",
        *,
        eyes: Eyes | None = None,
        device: str | torch.device | None = None,
        seed: int = 0,
        **overrides: Any,
    ):
        recipe = UpscaleRecipe.named(recipe, UPSCALERS, **overrides)
        if eyes is not None:
            checks.function("eyes", eyes, "a function from pictures to features, or None")
        self._eyes = eyes
        self._look_at(recipe)
        pixels = check_digits("images", images.pixels if isinstance(images, Images) else images)
        super().__init__(recipe, device=device, seed=seed)
        if isinstance(eyes, nn.Module):
            eyes.to(self.device).eval().requires_grad_(False)
        self._absent = torch.tensor(torch.nan, device=self.device)
        self.pixels = shared_tensor(pixels)[:, None].to(self.device)

    def _look_at(self, recipe: UpscaleRecipe) -> None:
        if recipe.perceptual_weight and self._eyes is None:
            raise ValueError(
                "eyes is None, but the recipe has a perceptual_weight: give a function from pictures to features."
            )

    def _refuse(self, recipe: Any, what: str) -> None:
        super()._refuse(recipe, what)
        self._look_at(recipe)

    def make_networks(self) -> tuple[nn.Module, nn.Module]:
        """A fresh upscaler and a fresh discriminator."""
        recipe = self.recipe
        return Upscaler(recipe.channels), DCGANDiscriminator(recipe.discriminator_widths, batch_norm=False)

    def batch(self) -> Tensor:
        """m pictures (m, 1, 28, 28) in [-1, 1], drawn with replacement."""
        return to_symmetric(self.pixels.index_select(0, self.drawn(len(self.pixels))))

    def update(self) -> Tensor:
        """One step of D, where there is an adversarial loss, then one of the upscaler on the same pictures."""
        recipe, x = self.recipe, self.batch()
        # unlike shrink(), without a look that a GPU waits for
        made = self.generator(functional.avg_pool2d(x, FACTOR))
        d_loss = perceptual = adversarial = self._absent
        pixel = (made - x).square().mean()
        loss = recipe.pixel_weight * pixel
        if recipe.perceptual_weight and self._eyes is not None:
            with torch.no_grad():
                wanted = self._eyes(x.clone())
            perceptual = (self._eyes(made.clone()) - wanted).square().mean()
            loss = loss + recipe.perceptual_weight * perceptual
        if recipe.adversarial_weight:
            d_loss = discriminator_loss(self.discriminator(x), self.discriminator(made.detach()))
            descend(self.discriminator_optimizer, d_loss)
            with still(self.discriminator):
                adversarial = non_saturating_generator_loss(self.discriminator(made))
                descend(self.generator_optimizer, loss + recipe.adversarial_weight * adversarial)
        else:
            descend(self.generator_optimizer, loss)
        return torch.stack([value.detach() for value in (pixel, perceptual, adversarial, d_loss)])

    @torch.no_grad()
    def upscale(self, small: Tensor) -> Tensor:
        """G(y) of small pictures (n, 1, 7, 7) in [-1, 1], (n, 1, 28, 28) on the CPU; nothing of the training moves."""
        small = _read("small", small, SIDE // FACTOR)
        return self.best(small.to(self.device, torch.get_default_dtype())).cpu()


def save_upscaler(trainer: UpscaleTrainer, path: str | Path) -> Path:
    """Write the upscaler that answers, in float16; an earlier file of that name is replaced in one go.

    Errors as of :meth:`~course_utils.training.pretrained.NetworkFile.save`.
    """
    checks.instance("trainer", trainer, UpscaleTrainer, "an UpscaleTrainer", "and the path comes after it")
    return FILE.save(trainer.best, path, {"channels": str(trainer.recipe.channels)})


def load_upscaler(name: str | Path = "adversarial", device: str | torch.device | None = None) -> Upscaler:
    """A trained upscaler, in evaluation mode, its weights frozen, in float32.

    Parameters
    ----------
    name : of one that ships, "pixel", "perceptual" or "adversarial"; or the path of a file that :func:`save_upscaler`
        wrote.
    device : where it is to run; None takes :func:`course_utils.runtime.device`.

    Errors as of :meth:`~course_utils.training.pretrained.NetworkFile.load`: no such file, or a damaged one.
    """
    return FILE.load(name, device, lambda header: Upscaler(int(header["channels"])))
