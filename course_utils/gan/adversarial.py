"""Two networks that train against each other, whatever the data is (L0, "The Basic Training Algorithm for GAN").

:class:`AdversarialLoop` knows networks, objectives, penalties and the two kinds of steps; all else is the loop of
:mod:`course_utils.training`. A subclass says where real samples come from: those of
:mod:`~course_utils.gan.trainer` take them from pictures, or from a distribution in the plane.
"""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.optim import Optimizer

from course_utils import threads
from course_utils.checks import numbers, whole
from course_utils.gan.conditional import check_labels, encode
from course_utils.gan.metrics.classifier import CLASSES
from course_utils.gan.networks import ARCHITECTURES
from course_utils.gan.objectives import OBJECTIVES, Objective, next_balance, pulling_away
from course_utils.gan.penalties import PENALTIES, Penalty, clip_weights, gradient_norms, interpolate
from course_utils.gan.recipes import Recipe
from course_utils.training import TrainingLoop, descend, still
from course_utils.training.state import shared_tensor

# recorded at every step; an autoencoder as critic adds BEGAN's k, the "balance"
METRICS = ("discriminator_loss", "generator_loss", "d_real", "d_fake", "gradient_norm")


class Verdict(NamedTuple):
    """What one step of D measured, before it moved: see :meth:`AdversarialLoop.discriminator_step`."""

    discriminator_loss: Tensor
    d_real: Tensor
    d_fake: Tensor
    gradient_norm: Tensor


class AdversarialLoop(TrainingLoop):
    """Two players, their optimizers, random numbers of their own, and the steps of the game.

    Parameters
    ----------
    recipe : every setting, a :class:`~course_utils.gan.recipes.Recipe`.
    device : where to train; None takes :func:`course_utils.runtime.device`.
    seed : of the weights, the minibatches and the latents. On the CPU, the same seed gives the same run.

    ``generator``, ``discriminator`` and both optimizers are plain torch objects, for a notebook to use.
    """

    parts = ("generator", "discriminator")
    optional = ("gradient_norm",)
    averaged = "generator"

    recipe: Recipe
    generator: nn.Module
    discriminator: nn.Module
    generator_optimizer: Optimizer
    discriminator_optimizer: Optimizer

    def __init__(self, recipe: Recipe, *, device: str | torch.device | None = None, seed: int = 0):
        super().__init__(recipe, device=device, seed=seed)
        self.balance = torch.zeros((), device=self.device)
        # Samples come from a stream of their own: looking at them must not change the training.
        self._sampling_random = torch.Generator(self.device).manual_seed(self.seed + 1)
        self._no_slope = torch.tensor(torch.nan, device=self.device)

    def make_networks(self) -> tuple[nn.Module, nn.Module]:
        """A fresh generator and discriminator; a subclass may play with networks of its own."""
        return self.recipe.make_networks()

    @property
    def quantities(self) -> tuple[str, ...]:  # type: ignore[override]
        energies = ARCHITECTURES[self.recipe.architecture].energies
        return (*METRICS, "balance") if energies else METRICS

    @property
    def memory_format(self) -> torch.memory_format:
        return ARCHITECTURES[self.recipe.architecture].memory_format

    @property
    def large(self) -> bool:
        return ARCHITECTURES[self.recipe.architecture].large

    @property
    def objective(self) -> Objective:
        """What the two minimise."""
        return OBJECTIVES[self.recipe.objective]

    # ------------------------------------------------------------------ minibatches

    def real_batch(self) -> Tensor:
        """m real samples, drawn anew at every call."""
        raise NotImplementedError

    def real_pairs(self) -> tuple[Tensor, Tensor | None]:
        """m real samples and their conditions c (m, ...), None for a recipe without."""
        return self.real_batch(), None

    def latent_batch(self) -> Tensor:
        """m latents z ~ N(0, I), (m, latent_dim)."""
        return self._latents(self.recipe.batch_size, self.random)

    @torch.no_grad()
    def fake_batch(self, c: Tensor | None = None) -> Tensor:
        """m generated samples, of conditions c where there are any, for a step of D, which does not move the generator:
        no gradient goes through them."""
        return told(self.generator, self.latent_batch(), c)

    def mixing_batch(self) -> Tensor:
        """m numbers t ~ U(0, 1) that say where between a real and a generated sample a penalty looks, (m, 1)."""
        return torch.rand(self.recipe.batch_size, 1, generator=self.random, device=self.device)

    def _latents(self, n: int, random: torch.Generator) -> Tensor:
        return torch.randn(n, self.recipe.latent_dim, generator=random, device=self.device)

    # ------------------------------------------------------------------ training

    def discriminator_step(self) -> Verdict:
        """One gradient step of D (or the critic); returns its loss, its two mean verdicts and the mean slope |∇f|.

        The verdicts are D(x) and D(G(z)), or the scores f(x) and f(G(z)) where these are no logits. The slope is that
        at the points where a gradient penalty looks, NaN without one. All are from before the step; the loss includes
        the penalty.
        """
        recipe, objective, penalty = self.recipe, self.objective, PENALTIES[self.recipe.penalty]
        with self.precision():
            real, c = self.real_pairs()
            real = self.seen(real)
            fake = self.seen(self.fake_batch(c).to(real.dtype))
            scores = self.judge(real, fake, c)
            loss, slope = self.discriminator_loss(*scores), self._no_slope
            if penalty.of_slopes is not None:
                points = self.penalised_points(penalty, real, fake)
                critic = partial(told, self.discriminator, c=c if c is None else c.repeat(len(penalty.at), 1))
                norms = gradient_norms(critic, points, create_graph=True)
                for part in norms.chunk(len(penalty.at)):
                    loss = loss + recipe.penalty_weight * penalty.of_slopes(part)
                slope = norms.detach().mean()
        descend(self.discriminator_optimizer, loss)
        if penalty.clips:
            clip_weights(self.discriminator.parameters(), recipe.clip)
        seen = [s.detach() for s in scores]
        if objective.takes == "balance":  # in place: a GPU that replays a recorded step finds it there
            real, fake = seen
            self.balance.copy_(next_balance(self.balance, real, fake, recipe.gamma, recipe.balance_rate))
        said = [(s.sigmoid() if objective.probabilities else s).mean() for s in seen]
        return Verdict(loss.detach(), said[0], said[1], slope)

    def discriminator_loss(self, real_scores: Tensor, fake_scores: Tensor) -> Tensor:
        """What D minimises, from the scores of real and generated samples; without penalties."""
        terms = {"margin": self.recipe.margin, "balance": self.balance}
        taken = {name: value for name, value in terms.items() if name == self.objective.takes}
        return self.objective.discriminator(real_scores, fake_scores, **taken)

    def generator_step(self) -> Tensor:
        """One gradient step of G; returns its loss from before the step."""
        with still(self.discriminator):  # the gradient has to pass through D, but D must not collect it
            with self.precision():
                real, c = self.real_pairs() if self.recipe.conditional else (None, None)
                fake = self.seen(told(self.generator, self.latent_batch(), c))
                scores = told(self.discriminator, fake, c)
            loss = self.generator_loss(_full(scores), real, c)
            if self.recipe.pulling_away:
                with self.precision():
                    codes = self.discriminator.code(fake)  # type: ignore[operator]
                loss = loss + self.recipe.pulling_away * pulling_away(_full(codes))
            descend(self.generator_optimizer, loss)
        return loss.detach()

    def generator_loss(
        self, fake_scores: Tensor, real: Tensor | None = None, c: Tensor | None = None
    ) -> Tensor:
        """What G minimises, from the scores of its samples; where these are compared, with fresh real samples (of the
        same conditions c)."""
        if not self.objective.pairs:
            return self.objective.generator(fake_scores)
        with torch.no_grad(), self.precision():
            real = self.real_batch() if real is None else real
            real_scores = told(self.discriminator, self.seen(real), c)
        return self.objective.generator(fake_scores, _full(real_scores))

    def penalised_points(self, penalty: Penalty, real: Tensor, fake: Tensor) -> Tensor:
        """Where a penalty looks, m points for each of its places."""
        places = {"real": real, "generated": fake}
        if "between" in penalty.at:
            places["between"] = interpolate(real, fake, self.mixing_batch().view(-1, *[1] * (real.dim() - 1)))
        return torch.cat([places[place] for place in penalty.at])

    def update(self) -> Tensor:
        """``discriminator_steps`` steps of D, then ``generator_steps`` of G; returns the :data:`METRICS`."""
        for _ in range(self.recipe.discriminator_steps):
            verdict = self.discriminator_step()
        for _ in range(self.recipe.generator_steps):
            generator_loss = self.generator_step()
        return self.row(**verdict._asdict(), generator_loss=generator_loss)

    def row(self, **values: Tensor) -> Tensor:
        """These numbers in the order of the log; the balance is that after the step."""
        return torch.stack([(values | {"balance": self.balance})[name] for name in self.quantities])

    def judge(self, real: Tensor, fake: Tensor, c: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The scores of both minibatches (of the same conditions); in one go where that cannot make a difference."""
        if self.recipe.scores_whole_minibatches:
            return _full(told(self.discriminator, real, c)), _full(told(self.discriminator, fake, c))
        both = c if c is None else c.repeat(2, 1)
        real_scores, fake_scores = _full(told(self.discriminator, torch.cat([real, fake]), both)).chunk(2)
        return real_scores, fake_scores

    def seen(self, samples: Tensor) -> Tensor:
        """What the discriminator sees of samples: themselves, or themselves with instance noise."""
        if not self.recipe.instance_noise:
            return samples
        noise = torch.randn(samples.shape, generator=self.random, device=self.device)
        return samples + self.recipe.instance_noise * noise

    # ------------------------------------------------------------------ results

    @property
    def history(self) -> dict[str, np.ndarray]:
        """One float32 array per quantity, one entry per step: the :data:`METRICS`, as far as the recipe has them.

        Both losses; ``d_real`` and ``d_fake``, the mean D(x) and D(G(z)), or f(x) and f(G(z)) of a critic;
        for a critic also ``critic_estimate``, their difference (of a relativistic one: how far real is ahead), and with
        a gradient penalty ``gradient_norm``. An autoencoder has ``balance``, BEGAN's k after the step (0 where the
        objective is another), and "balanced" also ``convergence``, Berthelot et al.'s M = L(x) + |gamma L(x) - L(G)|,
        with L = -score and the recipe's gamma of now.
        """
        history = super().history
        if not self.objective.probabilities:
            history["critic_estimate"] = history["d_real"] - history["d_fake"]
        if self.objective.takes == "balance":
            real, fake = -history["d_real"], -history["d_fake"]
            history["convergence"] = real + np.abs(self.recipe.gamma * real - fake)
        return history

    def own_state(self) -> dict[str, Any]:
        return {"balance": self.balance} if self.objective.energies else {}

    def load_own_state(self, state: dict[str, Any]) -> None:
        if "balance" in state:
            self.balance.copy_(state["balance"])

    @torch.no_grad()
    def sample(
        self, n: int, seed: int | None = None, labels: ArrayLike | None = None, **attributes: ArrayLike
    ) -> Tensor:
        """n generated samples on the CPU, by the averaged generator where the recipe has one.

        The same seed gives the same latents every time, so that samples from two moments can be compared; None draws
        new ones. Sampling never disturbs the training. ``labels`` and attributes: see :meth:`generate`.
        """
        random = self._sampling_random
        if seed is not None:
            random = torch.Generator(self.device).manual_seed(whole("seed", seed, 0, 2**63 - 1))
        z = self._latents(whole("n", n, at_least=0), random)
        return self.generate(z, labels, **attributes).cpu()

    @torch.no_grad()
    def generate(
        self, z: Tensor | np.ndarray, labels: ArrayLike | None = None, **attributes: ArrayLike
    ) -> Tensor:
        """G(z) for latents (n, latent_dim) of your choice, as :meth:`sample` would draw it, on the trainer's device.

        Parameters
        ----------
        labels : of a conditional recipe the digits (n,), or one for all; None: 0 to 9 in turn.
        **attributes : what else it is to be told, such as ``ink=0.2``, one number for all or (n,); MNIST's mean where
            nothing is said.

        Raises
        ------
        ValueError
            for latents of another shape; labels that are not digits, of another length, or for a recipe without
            conditions; an attribute that the recipe does not have.
        """
        generator = self.best
        # NumPy's numbers are float64, the network's are not
        z = z if isinstance(z, Tensor) else shared_tensor(numbers("z", z))
        if z.ndim != 2 or z.shape[1] != self.recipe.latent_dim:
            raise ValueError(
                f"z has shape {tuple(z.shape)}; it must hold latents, shape (n, {self.recipe.latent_dim})."
            )
        c = self._asked(len(z), labels, attributes)
        training = generator.training
        try:
            with threads.all_cores(self.large):
                return told(generator.eval(), z.to(self.device, next(generator.parameters()).dtype), c)
        finally:
            generator.train(training)

    def _asked(self, n: int, labels: ArrayLike | None, attributes: dict[str, Any]) -> Tensor | None:
        """The conditions of n samples, from what is asked for."""
        if not self.recipe.conditional:
            if labels is not None or attributes:
                what = ", ".join(["labels"] * (labels is not None) + [*attributes])
                raise ValueError(
                    f"recipe {self.recipe.name!r} has no conditions, so {what} cannot be chosen: train 'cgan', for "
                    "instance."
                )
            return None
        digits = check_labels(np.arange(n) % CLASSES if labels is None else labels, n)
        return encode(digits, self.recipe.attributes, attributes).to(self.device, self._dtype)


def told(network: nn.Module, x: Tensor, c: Tensor | None) -> Tensor:
    """What a network makes of x, or of x and its conditions, where there are any."""
    return network(x) if c is None else network(x, c)


def _full(scores: Tensor) -> Tensor:
    """Scores of a network in mixed precision, for a loss in full precision."""
    return scores.float() if scores.dtype == torch.bfloat16 else scores
