"""The loop that trains a generator against a discriminator (L0, "The Basic Training Algorithm for GAN")."""

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from course_utils import runtime
from course_utils.datasets import Images
from course_utils.gan.objectives import OBJECTIVES
from course_utils.gan.recipes import Recipe, get_recipe

METRICS = ("discriminator_loss", "generator_loss", "d_real", "d_fake")
CHECK_EVERY = 100  # steps between two looks at the numbers; a look makes a GPU wait


class AdversarialTrainer:
    """Train a GAN on 28x28 pictures.

    Parameters
    ----------
    images : :class:`~course_utils.datasets.Images`, or uint8 pictures (n, 28, 28).
    recipe : a name in :data:`~course_utils.gan.recipes.RECIPES`, or a :class:`~course_utils.gan.recipes.Recipe`.
    device : where to train; None takes :func:`course_utils.runtime.device`.
    seed : of the weights, the minibatches and the latents. On the CPU, the same seed gives the same run.
    **overrides : settings of the recipe to replace, such as ``batch_size=128``.

    The pictures live on the device as bytes and are scaled, a minibatch at a time, to [-1, 1], the interval of
    the generator's tanh. ``generator``, ``discriminator`` and both optimizers are plain torch objects, for the
    notebook to use.

    Raises
    ------
    ValueError
        for pictures of another shape or type, or a recipe that does not exist.
    """

    def __init__(
        self,
        images: Images | np.ndarray,
        recipe: str | Recipe = "mlp",
        *,
        device: str | torch.device | None = None,
        seed: int = 0,
        **overrides: Any,
    ):
        self.recipe = get_recipe(recipe, **overrides)
        self.objective = OBJECTIVES[self.recipe.objective]
        self.device = runtime.device(device)
        self.pixels = _bytes(images).to(self.device)
        with torch.random.fork_rng(
            devices=[]
        ):  # the weights come from this seed, and nobody else's draws change
            torch.manual_seed(seed)
            generator, discriminator = self.recipe.make_networks()
        self.generator, self.discriminator = generator.to(self.device), discriminator.to(self.device)
        # one pass over all weights instead of several operations per tensor
        options = {"betas": self.recipe.betas, "fused": True}
        self.generator_optimizer = torch.optim.Adam(
            self.generator.parameters(), lr=self.recipe.generator_learning_rate, **options
        )
        self.discriminator_optimizer = torch.optim.Adam(
            self.discriminator.parameters(), lr=self.recipe.discriminator_learning_rate, **options
        )
        self.random = torch.Generator(self.device).manual_seed(seed)
        # Samples come from a stream of their own: looking at pictures must not change the training.
        self._sampling_random = torch.Generator(self.device).manual_seed(seed + 1)
        self._log: list[Tensor] = []

    # ------------------------------------------------------------------ minibatches

    def real_batch(self) -> Tensor:
        """m real pictures (m, 1, 28, 28) in [-1, 1], drawn uniformly with replacement."""
        index = torch.randint(
            len(self.pixels), (self.recipe.batch_size,), generator=self.random, device=self.device
        )
        return self.pixels[index].to(torch.get_default_dtype()).div_(127.5).sub_(1)

    def latent_batch(self) -> Tensor:
        """m latents z ~ N(0, I), (m, latent_dim)."""
        return self._latents(self.recipe.batch_size, self.random)

    def _latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.randn(n, self.recipe.latent_dim, generator=random, device=self.device)

    # ------------------------------------------------------------------ training

    def discriminator_step(self) -> tuple[Tensor, Tensor, Tensor]:
        """One gradient step of D; returns its loss and the mean D(x) and D(G(z)) from before the step."""
        real, z = self.real_batch(), self.latent_batch()
        with torch.no_grad():  # this step does not move the generator, so it needs no gradient through it
            fake = self.generator(z)
        real_logits, fake_logits = self.discriminator(real), self.discriminator(fake)
        loss = self.objective.discriminator(real_logits, fake_logits)
        _descend(self.discriminator_optimizer, loss)
        return loss.detach(), real_logits.detach().sigmoid().mean(), fake_logits.detach().sigmoid().mean()

    def generator_step(self) -> Tensor:
        """One gradient step of G; returns its loss from before the step."""
        # The gradient has to pass through D, but D must not collect it.
        self.discriminator.requires_grad_(False)
        loss = self.objective.generator(self.discriminator(self.generator(self.latent_batch())))
        _descend(self.generator_optimizer, loss)
        self.discriminator.requires_grad_(True)
        return loss.detach()

    def step(self) -> Tensor:
        """``discriminator_steps`` steps of D, then one of G; returns the :data:`METRICS`, (4,), on the device."""
        self.generator.train()
        self.discriminator.train()
        for _ in range(self.recipe.discriminator_steps):
            d_loss, d_real, d_fake = self.discriminator_step()
        metrics = torch.stack([d_loss, self.generator_step(), d_real, d_fake])
        self._log.append(metrics)
        return metrics

    def steps(self, n: int) -> Iterator[int]:
        """Train n steps, handing back after each one: the number of steps done so far, in all.

        Raises
        ------
        FloatingPointError
            when a loss is no longer a finite number, with the step; looked at every ``CHECK_EVERY`` steps.
        """
        for i in range(n):
            self.step()
            if (i + 1) % CHECK_EVERY == 0 or i + 1 == n:
                self._check_finite()
            yield len(self._log)

    def run(self, steps: int, *, progress: bool = True) -> "AdversarialTrainer":
        """Train for that many more steps, with a progress bar; an interrupted run can simply be run again."""
        with tqdm(
            total=steps, desc=f"training {self.recipe.name!r}", unit="step", disable=not progress
        ) as bar:
            for _ in self.steps(steps):
                bar.update()
        return self

    def _check_finite(self) -> None:
        recent = torch.stack(self._log[-CHECK_EVERY:]).cpu()
        bad = (~recent.isfinite()).nonzero()
        if len(bad):
            row, column = bad[0].tolist()
            step = len(self._log) - len(recent) + row + 1
            raise FloatingPointError(
                f"{METRICS[column]} became {recent[row, column].item()} at step {step}: the training diverged. "
                "A smaller learning rate usually mends it."
            )

    # ------------------------------------------------------------------ results

    @property
    def history(self) -> dict[str, np.ndarray]:
        """One float32 array per metric, one entry per step: both losses in nats, mean D(x) and D(G(z))."""
        table = torch.stack(self._log).cpu().numpy() if self._log else np.empty((0, len(METRICS)), np.float32)
        return dict(zip(METRICS, table.T, strict=True))

    @torch.no_grad()
    def sample(self, n: int, seed: int | None = None) -> Tensor:
        """n generated pictures (n, 1, 28, 28) in [-1, 1], on the CPU.

        The same seed gives the same latents every time, so that pictures from two moments can be compared;
        None draws new ones. Sampling never disturbs the training.
        """
        random = self._sampling_random
        if seed is not None:
            random = torch.Generator(self.device).manual_seed(seed)
        self.generator.eval()
        return self.generator(self._latents(n, random)).cpu()

    def state_dict(self) -> dict[str, Any]:
        """A copy of all that training depends on: weights, optimizers, random stream and history."""
        state = {
            "recipe": self.recipe,
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "generator_optimizer": self.generator_optimizer.state_dict(),
            "discriminator_optimizer": self.discriminator_optimizer.state_dict(),
            "random": self.random.get_state(),
            "log": torch.stack(self._log).cpu() if self._log else torch.empty(0, len(METRICS)),
        }
        return copy.deepcopy(state)  # torch's own state_dicts share memory with the weights that train on

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a :meth:`state_dict`; on the CPU, as if training had never stopped.

        Raises
        ------
        ValueError
            when the state belongs to another recipe.
        """
        if state["recipe"] != self.recipe:
            raise ValueError(
                f"this state was trained with {state['recipe']}, but this trainer has {self.recipe}."
            )
        for part in ("generator", "discriminator", "generator_optimizer", "discriminator_optimizer"):
            getattr(self, part).load_state_dict(state[part])
        self.random.set_state(state["random"])
        self._log = list(state["log"].to(self.device))


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def _bytes(images: Images | np.ndarray) -> Tensor:
    """The pictures as a uint8 tensor (n, 1, 28, 28)."""
    pixels = np.asarray(images.pixels if isinstance(images, Images) else images)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[1:] != (28, 28) or len(pixels) == 0:
        raise ValueError(
            "images must be Images (as load_images() returns them) or uint8 pictures of shape (n, 28, 28) with values "
            f"0 to 255; got {pixels.dtype} of shape {pixels.shape}."
        )
    return torch.tensor(pixels).unsqueeze(1)  # a copy: the arrays of Images may be read-only
