"""The loop in which two networks train against each other, whatever the data is (L0, "The Basic Training
Algorithm for GAN").

:class:`AdversarialLoop` knows networks, objectives, penalties and steps; a subclass says where real samples come from.
:class:`~course_utils.gan.trainer.AdversarialTrainer` takes them from pictures,
:class:`~course_utils.gan.toy.ToyGAN` from a distribution in the plane.
"""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from course_utils import runtime
from course_utils.gan.objectives import OBJECTIVES
from course_utils.gan.penalties import clip_weights, gradient_norms, gradient_penalty, interpolate
from course_utils.gan.recipes import Recipe
from course_utils.training.average import ExponentialMovingAverage
from course_utils.training.graphs import StepGraph
from course_utils.training.guard import Guard
from course_utils.training.log import StepLog
from course_utils.training.state import put_state, take_state

METRICS = (
    "discriminator_loss",
    "generator_loss",
    "d_real",
    "d_fake",
    "gradient_norm",
)  # recorded at every step
CHECK_EVERY = 200  # steps between two looks at the numbers; a look makes a GPU wait
# Settings that decide how the networks look: they cannot change while these networks train.
STRUCTURE = (
    "architecture",
    "latent_dim",
    "generator_widths",
    "discriminator_widths",
    "batch_norm_in_discriminator",
    "minibatch_statistics",
)


class AdversarialLoop:
    """Two players, their optimizers, random numbers of their own, and the steps of the game.

    Parameters
    ----------
    recipe : every setting, a :class:`~course_utils.gan.recipes.Recipe`.
    device : where to train; None takes :func:`course_utils.runtime.device`.
    seed : of the weights, the minibatches and the latents. On the CPU, the same seed gives the same run.

    ``generator``, ``discriminator`` and both optimizers are plain torch objects, for a notebook to use.
    """

    def __init__(self, recipe: Recipe, *, device: str | torch.device | None = None, seed: int = 0):
        self.recipe, self.seed = recipe, seed
        self.device = runtime.device(device)
        with torch.random.fork_rng(devices=[]):  # the weights come from this seed, nobody else's draws change
            torch.manual_seed(seed)
            generator, discriminator = self.make_networks()
        # convolutions run faster over pixels whose channels lie side by side
        layout = torch.channels_last if recipe.architecture == "dcgan" else torch.preserve_format
        self.generator = generator.to(self.device, memory_format=layout)
        self.discriminator = discriminator.to(self.device, memory_format=layout)
        self.generator_optimizer, self.discriminator_optimizer = recipe.make_optimizers(
            self.generator, self.discriminator
        )
        self.average = ExponentialMovingAverage(self.generator, recipe.ema) if recipe.ema else None
        self.random = torch.Generator(self.device).manual_seed(seed)
        # Samples come from a stream of their own: looking at them must not change the training.
        self._sampling_random = torch.Generator(self.device).manual_seed(seed + 1)
        self.log = StepLog(len(METRICS), self.device)
        self._no_slope = torch.tensor(torch.nan, device=self.device)
        self._graph = StepGraph(self)
        self._guard = Guard(self)

    def make_networks(self) -> tuple[nn.Module, nn.Module]:
        """A fresh generator and discriminator; a subclass may play with networks of its own."""
        return self.recipe.make_networks()

    # ------------------------------------------------------------------ minibatches

    def real_batch(self) -> Tensor:
        """m real samples, drawn anew at every call."""
        raise NotImplementedError

    def latent_batch(self) -> Tensor:
        """m latents z ~ N(0, I), (m, latent_dim)."""
        return self._latents(self.recipe.batch_size, self.random)

    @torch.no_grad()
    def fake_batch(self) -> Tensor:
        """m generated samples for a step of D, which does not move the generator: no gradient goes through them."""
        return self.generator(self.latent_batch())

    def mixing_batch(self) -> Tensor:
        """m numbers t ~ U(0, 1) that say where between a real and a generated sample a penalty looks, (m, 1)."""
        return torch.rand(self.recipe.batch_size, 1, generator=self.random, device=self.device)

    def _latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.randn(n, self.recipe.latent_dim, generator=random, device=self.device)

    # ------------------------------------------------------------------ training

    def discriminator_step(self) -> tuple[Tensor, ...]:
        """One gradient step of D (or the critic); returns its loss, its two mean verdicts and the mean slope |∇f|.

        The verdicts are D(x) and D(G(z)), or f(x) and f(G(z)) of a critic. The slope is that at the points
        where a gradient penalty looks, NaN without one. All are from before the step; the loss includes the penalty.
        """
        recipe, objective = self.recipe, OBJECTIVES[self.recipe.objective]
        with self._precision():
            real = self._seen(self.real_batch())
            fake = self._seen(self.fake_batch().to(real.dtype))
            scores = self._judge(real, fake)
            loss, slope = objective.discriminator(*scores), self._no_slope
            if recipe.penalty in ("gp", "lp"):
                t = self.mixing_batch().view(-1, *[1] * (real.dim() - 1))
                norms = gradient_norms(self.discriminator, interpolate(real, fake, t), create_graph=True)
                loss = loss + recipe.penalty_weight * gradient_penalty(
                    norms, one_sided=recipe.penalty == "lp"
                )
                slope = norms.detach().mean()
        _descend(self.discriminator_optimizer, loss)
        if recipe.penalty == "clip":
            clip_weights(self.discriminator.parameters(), recipe.clip)
        said = [(s.sigmoid() if objective.probabilities else s).mean() for s in map(Tensor.detach, scores)]
        return loss.detach(), *said, slope

    def generator_step(self) -> Tensor:
        """One gradient step of G; returns its loss from before the step."""
        # The gradient has to pass through D, but D must not collect it.
        self.discriminator.requires_grad_(False)
        try:
            with self._precision():
                scores = self.discriminator(self._seen(self.generator(self.latent_batch())))
            loss = OBJECTIVES[self.recipe.objective].generator(_full(scores))
            _descend(self.generator_optimizer, loss)
        finally:  # also after Ctrl-C
            self.discriminator.requires_grad_(True)
        return loss.detach()

    def both_players(self) -> Tensor:
        """The work of one :meth:`step`, which a GPU records once and then replays; returns the :data:`METRICS`."""
        for _ in range(self.recipe.discriminator_steps):
            d_loss, *said = self.discriminator_step()
        for _ in range(self.recipe.generator_steps):
            g_loss = self.generator_step()
        return torch.stack([d_loss, g_loss, *said])

    def step(self) -> Tensor:
        """``discriminator_steps`` steps of D, then ``generator_steps`` of G; returns the :data:`METRICS`, on
        the device."""
        self.generator.train()
        self.discriminator.train()
        self._set_rates()
        values = self._graph()
        self.log.append(values)
        if self.average is not None:
            self.average.update(self.generator, len(self.log))
        return values

    def steps(self, n: int) -> Iterator[int]:
        """Train n steps, handing back after each one: the number of steps done so far, in all.

        Raises
        ------
        FloatingPointError
            when a number is no longer finite, with its name and the step; looked at every ``CHECK_EVERY`` steps. The
            trainer is then back at the last look at which all was well.
        """
        self.check()
        for i in range(n):
            self.step()
            if (i + 1) % CHECK_EVERY == 0 or i + 1 == n:
                self.check()
            yield len(self.log)

    def run(self, steps: int, *, progress: bool = True) -> Self:
        """Train for that many more steps, with a progress bar; an interrupted run can simply be run again."""
        with tqdm(
            total=steps, desc=f"training {self.recipe.name!r}", unit="step", disable=not progress
        ) as bar:
            for _ in self.steps(steps):
                bar.update()
        return self

    def check(self) -> None:
        """Look at the numbers now; :meth:`steps` does it now and then by itself, and raises the same errors."""
        self._guard.look()

    def change(self, **settings: Any) -> None:
        """Go on with other settings, such as ``generator_learning_rate=1e-4``; the weights stay as they are.

        Another ``optimizer`` starts with no memory of earlier gradients; all other changes keep it.

        Raises
        ------
        ValueError
            for a setting that decides how the networks look, does not exist or has a bad value.
        """
        recipe = self.recipe.replace(**settings)
        self._refuse(recipe, "you ask for")
        self._adopt(recipe)

    def _adopt(self, recipe: Recipe) -> None:
        before, self.recipe = self.recipe, recipe
        if recipe.optimizer != before.optimizer:
            self.generator_optimizer, self.discriminator_optimizer = recipe.make_optimizers(
                self.generator, self.discriminator
            )
        for optimizer in (self.generator_optimizer, self.discriminator_optimizer):
            for group in optimizer.param_groups:
                if "betas" in group:
                    group["betas"] = recipe.betas
        if recipe.ema != before.ema:
            self.average = ExponentialMovingAverage(self.generator, recipe.ema) if recipe.ema else None
        self._graph.forget()  # what was recorded belongs to the old settings

    # ------------------------------------------------------------------ details of a step

    def _judge(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """The scores of both minibatches; in one go where that cannot make a difference."""
        recipe = self.recipe
        batch_norm = recipe.architecture == "dcgan" and recipe.batch_norm_in_discriminator
        if batch_norm or recipe.minibatch_statistics != "none":  # a score depends on the whole minibatch
            return _full(self.discriminator(real)), _full(self.discriminator(fake))
        return _full(self.discriminator(torch.cat([real, fake]))).chunk(2)

    def _seen(self, samples: Tensor) -> Tensor:
        """What the discriminator sees of them: themselves, or themselves with instance noise."""
        if not self.recipe.instance_noise:
            return samples
        noise = torch.randn(samples.shape, generator=self.random, device=self.device)
        return samples + self.recipe.instance_noise * noise

    def _precision(self) -> torch.autocast:
        mixed = self.recipe.precision == "bfloat16"
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=mixed)

    def _set_rates(self) -> None:
        """The learning rates of this step, which a decay takes down in a straight line."""
        recipe = self.recipe
        left = max(0.0, 1 - len(self.log) / recipe.decay_steps) if recipe.decay_steps else 1.0
        for optimizer, rate in (
            (self.generator_optimizer, recipe.generator_learning_rate),
            (self.discriminator_optimizer, recipe.discriminator_learning_rate),
        ):
            for group in optimizer.param_groups:
                if isinstance(group["lr"], Tensor):  # it lives on the GPU, where a recorded step reads it
                    group["lr"].fill_(rate * left)
                else:
                    group["lr"] = rate * left

    # ------------------------------------------------------------------ results

    @property
    def history(self) -> dict[str, np.ndarray]:
        """One float32 array per quantity, one entry per step: the :data:`METRICS`, as far as the recipe has them.

        Both losses; ``d_real`` and ``d_fake``, the mean D(x) and D(G(z)), or f(x) and f(G(z)) of a critic;
        for a critic also ``critic_estimate``, their difference, and with a gradient penalty ``gradient_norm``.
        """
        history = dict(zip(METRICS, self.log.table().cpu().numpy().T, strict=True))
        if np.isnan(history["gradient_norm"]).all():
            del history["gradient_norm"]
        if not OBJECTIVES[self.recipe.objective].probabilities:
            history["critic_estimate"] = history["d_real"] - history["d_fake"]
        return history

    @torch.no_grad()
    def sample(self, n: int, seed: int | None = None) -> Tensor:
        """n generated samples on the CPU, by the averaged generator where the recipe has one.

        The same seed gives the same latents every time, so that samples from two moments can be compared; None draws
        new ones. Sampling never disturbs the training.
        """
        random = self._sampling_random
        if seed is not None:
            random = torch.Generator(self.device).manual_seed(seed)
        return self.generate(self._latents(n, random)).cpu()

    @torch.no_grad()
    def generate(self, z: Tensor) -> Tensor:
        """G(z) for latents (n, latent_dim) of your choice, as :meth:`sample` would draw it, on the trainer's device."""
        generator = self.average.module if self.average is not None else self.generator
        training = generator.training
        try:
            return generator.eval()(z.to(self.device))
        finally:
            generator.train(training)

    def state_dict(self) -> dict[str, Any]:
        """A copy of all that training depends on: recipe, weights, optimizers, random stream and history."""
        return take_state(self)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a :meth:`state_dict`; on the CPU, as if training had never stopped.

        The settings become those of the state (see :meth:`change`). Where the state comes from another kind of
        device, its random stream has no meaning here, and the minibatches to come are other ones.

        Raises
        ------
        ValueError
            when the state belongs to networks of another kind.
        """
        self._refuse(state["recipe"], "this state has")
        self._adopt(state["recipe"])
        put_state(self, state)
        self._guard.forget()

    def _refuse(self, recipe: Recipe, what: str) -> None:
        """Raise a ValueError where the recipe is for other networks than these."""
        for name in STRUCTURE:
            here, there = getattr(self.recipe, name), getattr(recipe, name)
            if here != there:
                raise ValueError(
                    f"{what} {name} {there!r}, but the networks of this trainer have {here!r}: "
                    "make a new trainer with the other recipe."
                )


def _full(scores: Tensor) -> Tensor:
    """Scores of a network in mixed precision, for a loss in full precision."""
    return scores.float() if scores.dtype == torch.bfloat16 else scores


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
