"""Two small networks that judge points, trained one step at a time: what a GAN and a Wasserstein GAN look through.

    Discriminator   maximises V(D) = E_real[log D] + E_fake[log(1 - D)],   reports (V + 2 log 2) / 2  -> JSD (L0, L2)
    Critic          maximises E_real[f] - E_fake[f] - gradient penalty,     reports E_real[f] - E_fake[f] -> W (L1, L2)

Both are high on the real points and low on the fake ones. (L0 writes the duality the other way round; with f also -f
is 1-Lipschitz, so that changes the sign of f and nothing else.) They work in float64 on the CPU, on points of any
dimension: real and fake are arrays (n, dim), or (n,) on the line.
"""

from typing import Any, Protocol, Self

import numpy as np
import torch
from scipy.special import expit
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from course_utils import threads
from course_utils.checks import not_negative, numbers, positive, switch, whole
from course_utils.divergences import LOG_2
from course_utils.gan.penalties import gradient_norms, gradient_penalty
from course_utils.optimizers import Adam
from course_utils.transport.measures import as_points


class Samples(Protocol):
    """What :meth:`Judge.train` draws from: the distributions of :mod:`course_utils.toy`, for example."""

    def sample(self, n: int, generator: np.random.Generator) -> np.ndarray: ...


class Judge:
    """What the two have in common: a perceptron with two hidden layers, Adam, and random numbers of its own.

    Parameters
    ----------
    dim : of the points; 1 for points on the line.
    width : of the hidden layers.
    learning_rate : Adam's.
    seed : of the weights and of everything drawn later. The same seed and the same points give the same network.

    Raises
    ------
    ValueError
        for a dim, width or learning rate that is not positive.
    """

    betas = (0.9, 0.999)

    def __init__(self, dim: int, *, width: int = 32, learning_rate: float = 3e-3, seed: int = 0):
        self.dim, width, seed = whole("dim", dim), whole("width", width), whole("seed", seed, 0, 2**63 - 1)
        learning_rate = positive("learning_rate", learning_rate)
        with threads.own_draws(seed):
            layers = [
                nn.Linear(dim, width),
                nn.SiLU(),
                nn.Linear(width, width),
                nn.SiLU(),
                nn.Linear(width, 1),
            ]
            self.network = nn.Sequential(*layers).double()
        self.optimizer = Adam(self.network.parameters(), lr=learning_rate, betas=self.betas)
        self._random = np.random.default_rng(seed)

    @torch.inference_mode(False)  # with gradients, also where a notebook has switched them off
    def step(self, real: np.ndarray, fake: np.ndarray) -> float:
        """One step up the objective on these points; returns the estimate that they gave before it."""
        x, y = self._tensor(real, "real"), self._tensor(fake, "fake")
        scores = self.network(torch.cat([x, y]))[:, 0]
        estimate, loss = self._objective(scores[: len(x)], scores[len(x) :], x, y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return estimate.item()

    def train(self, real: Samples, fake: Samples, steps: int, *, batch_size: int = 256) -> Self:
        """``steps`` steps, each on ``batch_size`` fresh points of both distributions; returns the judge itself.

        Raises
        ------
        ValueError
            for something that one cannot draw from, an array for example.
        """
        for name, p in (("real", real), ("fake", fake)):
            if not hasattr(p, "sample"):
                raise ValueError(
                    f"{name} is a {type(p).__name__}, which has no .sample(n, generator) to draw fresh points from. "
                    "With points that you already have, call step(real, fake) in a loop."
                )
        batch_size = whole("batch_size", batch_size)
        for _ in range(whole("steps", steps, at_least=0, advice="and both distributions come before it")):
            self.step(*(p.sample(batch_size, self._random) for p in (real, fake)))
        return self

    @torch.no_grad()
    def estimate(self, real: np.ndarray, fake: np.ndarray) -> float:
        """What the network reports on these points: the JSD in nats, or W in the units of the points.

        On fresh points it is, but for sampling noise, a lower bound, because no network beats the best one: at most
        the JSD, or W times the steepest slope of the critic. On points that were trained on it may exceed that.
        """
        scores = (self.network(self._tensor(x, name))[:, 0] for x, name in ((real, "real"), (fake, "fake")))
        return self._estimate(*scores).item()

    @torch.no_grad()
    def standard_error(self, real: np.ndarray, fake: np.ndarray) -> float:
        """The standard error of :meth:`estimate` on these points, in its units: how far the report of this very network
        moves from one sample of this size to the next.

        Raises
        ------
        ValueError
            for fewer than two real or two fake points.
        """
        scores = [self.network(self._tensor(x, name))[:, 0] for x, name in ((real, "real"), (fake, "fake"))]
        if min(map(len, scores)) < 2:
            raise ValueError("one point has no spread: give at least two real and two fake points.")
        on_real, on_fake = self._parts(*scores)
        return (on_real.var() / len(on_real) + on_fake.var() / len(on_fake)).sqrt().item()

    @torch.no_grad()
    def score(self, points: np.ndarray) -> np.ndarray:
        """The network's raw output: the logit a of a discriminator, the value f of a critic.

        (..., dim) -> (...); on the line the shape of the points is kept.
        """
        x, points = self._flat(points)
        return self.network(x)[:, 0].numpy().reshape(points.shape if self.dim == 1 else points.shape[:-1])

    @torch.inference_mode(False)
    def score_gradient(self, points: np.ndarray) -> np.ndarray:
        """Gradient of :meth:`score` with respect to the points, in their shape."""
        x, points = self._flat(points)
        (gradient,) = torch.autograd.grad(self.network(x.requires_grad_()).sum(), x)
        return gradient.numpy().reshape(points.shape)

    def _objective(self, real: Tensor, fake: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """The estimate and the loss, from the scores of the real points x and the fake points y."""
        raise NotImplementedError

    def _estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        raise NotImplementedError

    def _parts(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """What each real and each fake point adds to the estimate: their means are its two parts."""
        raise NotImplementedError

    def _flat(self, points: np.ndarray) -> tuple[Tensor, np.ndarray]:
        """Points in an array of any shape (a grid to draw on, say), one after the other; and as they are."""
        points = numbers("points", points)
        whole = self.dim == 1 or points.shape[-1:] == (self.dim,)  # else _tensor says what is wrong
        return self._tensor(points.reshape(-1, self.dim) if whole else points, "points"), points

    def _tensor(self, points: np.ndarray, name: str) -> Tensor:
        points = as_points(name, points)
        columns = points[:, None] if points.ndim == 1 else points
        if columns.shape[1] != self.dim:
            raise ValueError(
                f"{name} has shape {points.shape}, but this network was made for points of dimension {self.dim}: "
                f"give shape (n, {self.dim})."
            )
        return torch.tensor(
            columns if columns.flags.c_contiguous else columns.copy()
        )  # a copy: it may be read-only


class Discriminator(Judge):
    """A probability D(x) in (0, 1) that x is real; what it reports approaches the JSD, and log 2 = 0.693 at most.

    V(D) <= V(D*) = 2 JSD - 2 log 2 (L0, "Relationship with KL divergence"), so (V + 2 log 2) / 2 <= JSD. Parameters,
    methods and errors are those of :class:`Judge`.
    """

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """D = sigmoid(a), (..., dim) -> (...); on the line the shape of the points is kept."""
        return expit(self.score(points))

    def generator_gradient(self, points: np.ndarray, *, saturating: bool = True) -> np.ndarray:
        """How the generator's loss changes as its points move: -D(x) ∇a(x) for log(1 - D), in the points' shape.

        For the heuristic loss -log D (``saturating=False``) it is -(1 - D(x)) ∇a(x). With p_theta the distribution of
        theta + z, the mean over points of it, in the direction of theta, is dV/dtheta, twice the derivative of the JSD
        if D = D*.
        """
        sign = 1 if switch("saturating", saturating) else -1
        factor = expit(sign * self.score(points))
        return -(factor if self.dim == 1 else factor[..., None]) * self.score_gradient(points)

    def _estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        return (logsigmoid(real).mean() + logsigmoid(-fake).mean()) / 2 + LOG_2

    def _parts(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        return logsigmoid(real) / 2, logsigmoid(-fake) / 2

    def _objective(self, real: Tensor, fake: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        estimate = self._estimate(real, fake)
        return estimate, -2 * estimate  # -V but for a constant


class Critic(Judge):
    """A real-valued f, kept near slope 1 by a gradient penalty; what it reports approaches W(real, fake).

        maximise  E_real[f] - E_fake[f] - penalty * E[(|∇f(u)| - 1)^2],   u evenly between a real and a fake point

    (Gulrajani et al., 2017; Lipschitz in the Euclidean metric.) The penalty allows a slope above 1 at a price: two
    distributions a shift t apart get the slope 1 + t / (2 penalty), and so W too large by that factor.

    Parameters
    ----------
    dim, width, learning_rate, seed : see :class:`Judge`.
    penalty : weight of the gradient penalty.
    one_sided : punish slopes above 1 only (Petzka et al., 2018), which is what 1-Lipschitz means; the two-sided default
        also pulls smaller slopes up to 1, where the best critic may be flat.

    Raises
    ------
    ValueError
        for a negative penalty.
    """

    betas = (0.5, 0.9)  # those of Gulrajani et al. for points in the plane

    def __init__(self, dim: int, *, penalty: float = 10.0, one_sided: bool = False, **judge: Any):
        super().__init__(dim, **judge)
        self.penalty = not_negative("penalty", penalty, "and 10 is usual")
        self.one_sided = switch("one_sided", one_sided)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """f, (..., dim) -> (...); on the line the shape of the points is kept. Only differences of f mean anything."""
        return self.score(points)

    def slope(self, points: np.ndarray) -> np.ndarray:
        """|∇f|, shaped as f; a 1-Lipschitz function has at most 1."""
        gradient = self.score_gradient(points)
        return np.abs(gradient) if self.dim == 1 else np.linalg.norm(gradient, axis=-1)

    def generator_gradient(self, points: np.ndarray) -> np.ndarray:
        """How the generator's loss -E_fake[f] changes as its points move: -∇f(x), in the points' shape."""
        return -self.score_gradient(points)

    def _estimate(self, real: Tensor, fake: Tensor) -> Tensor:
        return real.mean() - fake.mean()

    def _parts(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        return real, -fake

    def _objective(self, real: Tensor, fake: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        estimate = self._estimate(real, fake)
        n = min(len(x), len(y))
        share = torch.from_numpy(self._random.random((n, 1)))
        between = share * x[:n] + (1 - share) * y[:n]
        slopes = gradient_norms(self.network, between, create_graph=True)
        return estimate, self.penalty * gradient_penalty(slopes, one_sided=self.one_sided) - estimate
