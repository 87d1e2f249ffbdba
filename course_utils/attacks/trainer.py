"""Train a network that names digits: on clean pictures, or against an adversary (min over theta, max over pictures)."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim import Optimizer

from course_utils import checks
from course_utils.attacks.gradient import BALLS, LOSSES, climb, last
from course_utils.attacks.networks import DigitNetwork
from course_utils.attacks.recipes import RECIPES, DigitRecipe
from course_utils.datasets import Images
from course_utils.datasets.scaling import to_unit
from course_utils.training import TrainingLoop, descend
from course_utils.training.state import shared_tensor


class DigitTrainer(TrainingLoop):
    """The loop on one network, ``model``. A step draws pictures, lets the adversary climb the loss with
    ``attack_steps`` steps, and descends the loss of what it found (L0, "Adversarial Training via FGSM").

    Parameters
    ----------
    images : :class:`~course_utils.datasets.Images`, with their labels.
    recipe : a name in :data:`~course_utils.attacks.RECIPES`, or a :class:`~course_utils.attacks.DigitRecipe`.
    device : where to train; None takes :func:`course_utils.runtime.device`.
    seed : of the weights, the minibatches and the random starts. On the CPU, the same seed gives the same run.
    start : a network of the same architecture, whose weights it begins with; needed where the recipe ``begins_with``
        one.
    **overrides : settings of the recipe to replace, such as ``attack_steps=7``.

    Raises
    ------
    ValueError
        for pictures that are none, a recipe that does not exist, or a missing or unfit start.
    """

    parts = ("model",)
    quantities = ("loss", "accuracy")  # on what the adversary made of the minibatch, before the step
    averaged = "model"
    recordable = False  # the ramp is a Python number, and an attack looks at its pictures

    recipe: DigitRecipe
    model: DigitNetwork
    model_optimizer: Optimizer

    def __init__(
        self,
        images: Images,
        recipe: str | DigitRecipe = "cnn",
        *,
        device: str | torch.device | None = None,
        seed: int = 0,
        start: DigitNetwork | None = None,
        **overrides: Any,
    ):
        checks.instance("images", images, Images, "Images with labels, such as load_images() gives")
        if not len(images):
            raise ValueError("images are none: there must be one picture at least.")
        recipe = DigitRecipe.named(recipe, RECIPES, **overrides)
        if recipe.begins_with and start is None:
            raise ValueError(
                f"start is None, but the recipe {recipe.name!r} begins with a trained network: give "
                f'start=load_digit_network("{recipe.begins_with}"), or begins_with="" for fresh weights.'
            )
        if start is not None:
            checks.instance("start", start, DigitNetwork, "a DigitNetwork, such as load_digit_network gives")
            if start.architecture != recipe.architecture:
                raise ValueError(
                    f"start is a network of architecture {start.architecture!r}, and the recipe is for "
                    f"{recipe.architecture!r}."
                )
        super().__init__(recipe, device=device, seed=seed)
        if start is not None:
            self.model.load_state_dict(start.state_dict())
        self._pixels = shared_tensor(images.pixels)[:, None].to(self.device)
        self._labels = shared_tensor(np.asarray(images.labels, dtype=np.int64)).to(self.device)

    @property
    def memory_format(self) -> torch.memory_format:
        return torch.channels_last if self.recipe.architecture == "cnn" else torch.preserve_format

    def make_networks(self) -> tuple[DigitNetwork]:
        return (DigitNetwork(self.recipe.architecture),)

    def batch(self) -> tuple[Tensor, Tensor]:
        """Pictures (batch_size, 1, 28, 28) in [0, 1] and their digits, drawn anew at every call."""
        index = self.drawn(len(self._pixels))
        pixels = self._pixels.index_select(0, index)
        return to_unit(pixels, "bytes", torch.get_default_dtype()), self._labels[index]

    def attacked(self, x: Tensor, y: Tensor) -> Tensor:
        """What the adversary makes of pictures at this step of the training.

        Without ``project`` nothing but the number of steps bounds how far it goes: attack_steps * step_size.
        """
        recipe = self.recipe
        if not recipe.attack_steps:
            return x
        part = min(1.0, (self.done + 1) / recipe.ramp) if recipe.ramp else 1.0
        size, reach = part * recipe.step_size, part * recipe.epsilon
        if not recipe.project:
            reach = recipe.attack_steps * size
        limits, ball, start = (0.0, 1.0) if recipe.clamp else None, BALLS["linf"], x
        if recipe.random_start:
            start = x + ball.draw(x, reach, self.random)
            start = start if limits is None else start.clamp(*limits)
        return last(climb(  # unchecked: where the training diverges, the loop's guard says so
            self.model, lambda z, _: self.model(z), x, y, reach, recipe.attack_steps, size, start, limits, ball,
            LOSSES["cross-entropy"],
        ))  # fmt: skip

    def update(self) -> Tensor:
        x, y = self.batch()
        scores = self.model(self.attacked(x, y))
        loss = functional.cross_entropy(scores, y)
        descend(self.model_optimizer, loss)
        right = (scores.detach().argmax(dim=1) == y).to(loss.dtype).mean()
        return torch.stack([loss.detach(), right])
