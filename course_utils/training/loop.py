"""The one loop: whatever is trained here, a GAN, an autoencoder or a classifier, is trained by a subclass of it.

A subclass names its parts and what it measures, and says what one step computes:

    class Regression(TrainingLoop):
        parts, quantities = ("model",), ("loss",)

        def make_networks(self):
            return (nn.Linear(1, 1),)

        def update(self):
            x = torch.rand(64, 1, generator=self.random, device=self.device)
            loss = (self.model(x) - 2 * x).square().mean()
            descend(self.model_optimizer, loss)
            return torch.stack([loss.detach()])
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from course_utils import runtime, threads
from course_utils.checks import Named, finite_tensors, instance, whole
from course_utils.optimizers import OPTIMIZERS
from course_utils.training.average import ExponentialMovingAverage
from course_utils.training.graphs import StepGraph
from course_utils.training.guard import Guard
from course_utils.training.log import StepLog
from course_utils.training.progress import Stepwise
from course_utils.training.settings import Settings
from course_utils.training.state import copied, remember, tensors_of


class TrainingLoop(Stepwise):
    """Networks, an optimizer for each, random numbers of their own, and the steps that train them.

    For every name in ``parts`` the loop has an attribute NAME, the network, and NAME_optimizer: plain torch objects,
    for a notebook to use. Its rate is ``recipe.NAME_learning_rate``. Networks that share an optimizer or an average are
    one part (an ``nn.ModuleDict``).

    Parameters
    ----------
    recipe : every setting, a :class:`~course_utils.training.settings.Settings`.
    device : where to train; None takes :func:`course_utils.runtime.device`.
    seed : of the weights and of everything that is drawn. On the CPU, the same seed gives the same run.
    """

    parts: ClassVar[tuple[str, ...]]
    quantities: ClassVar[tuple[str, ...]]  # what a step measures, recorded at every one
    optional: ClassVar[tuple[str, ...]] = ()  # those that are NaN where a recipe does not ask for them
    averaged: ClassVar[str] = ""  # the part whose moving average is kept where the recipe has an ``ema``
    recordable: ClassVar[bool] = True  # whether a GPU can record a step: all that it computes lies there

    recipe: Any

    def __init__(self, recipe: Settings, *, device: str | torch.device | None = None, seed: int = 0):
        self.recipe = instance("recipe", recipe, Settings, "a recipe")
        self.seed = seed = whole("seed", seed, 0, 2**63 - 2, "such as 0")
        self.device, self._dtype = runtime.device(device), torch.get_default_dtype()
        with threads.own_draws(seed):
            networks = self.make_networks()
        for part, network in zip(self.parts, networks, strict=True):
            setattr(self, part, network.to(self.device, memory_format=self.memory_format))  # type: ignore[call-overload]
        self.make_optimizers()
        self._make_average()
        self.random = torch.Generator(self.device).manual_seed(seed)
        self.log = StepLog(self.quantities, self.device)
        self.graph = StepGraph(self.update, self.random, self._can_be_recorded)
        rates = ", ".join(f"{part}_learning_rate=..." for part in self.parts)
        self._guard = Guard(
            self.log,
            self.networks,
            self.state_dict,
            self.load_state_dict,
            watched=[name for name in self.quantities if name not in self.optional],
            advice=f"Go on with smaller learning rates, for instance: trainer.change({rates}).",
        )

    # ------------------------------------------------------------------ what a subclass says

    def make_networks(self) -> Sequence[nn.Module]:
        """Fresh networks, one for each part, their weights drawn from torch's global generator."""
        raise NotImplementedError

    def update(self) -> Tensor:
        """The work of one :meth:`step`, which a GPU records once and then replays; returns the ``quantities``."""
        raise NotImplementedError

    @property
    def memory_format(self) -> torch.memory_format:
        """How the numbers of the networks lie in memory."""
        return torch.preserve_format

    @property
    def large(self) -> bool:
        """Whether a step is so much work that several threads are faster than one."""
        return False

    @property
    def alike(self) -> Callable[[], bool] | None:
        """Of a step that is not ``large``: what tells whether a few threads compute the same numbers as one, to the
        last bit; None where one is enough."""
        return None

    # ------------------------------------------------------------------ the parts

    def networks(self) -> dict[str, nn.Module]:
        """The networks by name."""
        return {part: getattr(self, part) for part in self.parts}

    def optimizers(self) -> dict[str, Optimizer]:
        """The optimizers by name, NAME_optimizer."""
        return {f"{part}_optimizer": getattr(self, f"{part}_optimizer") for part in self.parts}

    def make_optimizers(self) -> None:
        """New optimizers for the networks, with no memory."""
        for part, network in self.networks().items():
            setattr(self, f"{part}_optimizer", self.recipe.make_optimizer(part, network))

    def _make_average(self) -> None:
        ema = self.recipe.ema if self.averaged else 0
        self.average = ExponentialMovingAverage(getattr(self, self.averaged), ema) if ema else None

    @property
    def best(self) -> Any:
        """The part that answers: its average, where the recipe has one."""
        return getattr(self, self.averaged) if self.average is None else self.average.module

    def _can_be_recorded(self) -> bool:
        return self.recordable and OPTIMIZERS[self.recipe.optimizer].recordable

    # ------------------------------------------------------------------ training

    @property
    def done(self) -> int:
        return len(self.log)

    @property
    def label(self) -> str:
        return f"training {self.recipe.name!r}"

    def step(self) -> Tensor:
        """One step, logged; returns the ``quantities``, on the device."""
        self.prepare()
        with self.gradients():
            if self.device.type != "cpu":
                values = self.graph()
            else:
                with threads.all_cores() if self.large else threads.idle_cores(self.alike):
                    values = self.graph()
        self.log.append(values)
        if self.average is not None:
            self.average.update(getattr(self, self.averaged), self.done)
        return values

    @contextmanager
    def gradients(self) -> Iterator[None]:
        """Gradients are on for a step, also where a notebook has switched them off.

        Raises
        ------
        RuntimeError
            where a step fails, and torch's default type is another one than when the networks were made.
        """
        try:
            with torch.inference_mode(False):  # which ends a no_grad() as well
                yield
        except RuntimeError as error:
            if (now := torch.get_default_dtype()) == self._dtype:
                raise
            raise RuntimeError(
                f"this trainer was made in {self._dtype}, and torch's default is {now} now: set it back by "
                f"torch.set_default_dtype({self._dtype}), or make a new trainer and load this one's state_dict()."
            ) from error

    def prepare(self) -> None:
        """Networks in training mode, and the learning rates of the next step, which a decay takes down in a straight
        line."""
        recipe = self.recipe
        left = max(0.0, 1 - self.done / recipe.decay_steps) if recipe.decay_steps else 1.0
        for part, network in self.networks().items():
            network.train()
            for group in getattr(self, f"{part}_optimizer").param_groups:
                rate = recipe.learning_rate(part) * left
                if isinstance(group["lr"], Tensor):  # it lives on the GPU, where a recorded step reads it
                    group["lr"].fill_(rate)
                else:
                    group["lr"] = rate

    def drawn(self, n: int) -> Tensor:
        """Which of n samples make the next minibatch, drawn with replacement: (batch_size,)."""
        return torch.randint(n, (self.recipe.batch_size,), generator=self.random, device=self.device)

    def precision(self) -> torch.autocast:
        """The context in which the networks compute: bfloat16 where the recipe says so."""
        mixed = self.recipe.precision == "bfloat16"
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=mixed)

    def check(self) -> None:
        """Look at the numbers now; :meth:`steps` does it now and then by itself, and raises the same errors.

        Raises
        ------
        FloatingPointError
            when a number is no longer finite, with its name and the step. The trainer is then back at the last look at
            which all was well.
        """
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

    def _adopt(self, recipe: Settings) -> None:
        before, self.recipe = self.recipe, recipe
        if recipe.optimizer != before.optimizer:
            self.make_optimizers()
        for optimizer in self.optimizers().values():
            for group in optimizer.param_groups:
                if "betas" in group:
                    group["betas"] = recipe.betas
        if recipe.ema != before.ema:
            self._make_average()
        self.graph.forget()  # what was recorded belongs to the old settings

    def _refuse(self, recipe: Settings, what: str) -> None:
        """Raise a ValueError where the recipe is for other networks than these."""
        for name in self.recipe.structure:
            here, there = getattr(self.recipe, name), getattr(recipe, name)
            if here != there:
                raise ValueError(
                    f"{what} {name} {there!r}, but the networks of this trainer have {here!r}: "
                    "make a new trainer with the other recipe."
                )

    # ------------------------------------------------------------------ results

    @property
    def history(self) -> dict[str, np.ndarray]:
        """One float32 array per quantity, one entry per step; optional ones as far as the recipe has them."""
        history = dict(zip(self.quantities, self.log.table().cpu().numpy().T, strict=True))
        absent = [name for name in self.optional if np.isnan(history[name]).all()]
        return Named({name: values for name, values in history.items() if name not in absent})

    def state_dict(self) -> dict[str, Any]:
        """A copy of all that training depends on: recipe, weights, optimizers, random stream and history."""
        state: dict[str, Any] = {
            "recipe": self.recipe,
            "random": self.random.get_state(),
            "log": self.log.table(),
        }
        state |= {name: network.state_dict() for name, network in self.networks().items()}
        # Only what they remember: their rates and the like follow from the recipe and the device.
        state |= {name: optimizer.state_dict()["state"] for name, optimizer in self.optimizers().items()}
        if self.average is not None:
            state["average"] = self.average.module.state_dict()
        return copied(state | self.own_state())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a :meth:`state_dict`; on the CPU, as if training had never stopped.

        The settings become those of the state (see :meth:`change`). Where the state comes from another kind of
        device, its random stream has no meaning here, and the minibatches to come are other ones.

        Raises
        ------
        ValueError
            when the state belongs to another kind of training or to other networks, or holds weights that are NaN or
            infinite; the trainer is then as it was.
        """
        self._check_state(state)
        self._adopt(state["recipe"])
        for name, network in self.networks().items():
            network.load_state_dict(state[name])
        for name, optimizer in self.optimizers().items():
            remember(optimizer, state[name])
        if self.average is not None:
            self.average.module.load_state_dict(state["average"])
        self.log.replace(state["log"])
        if state["random"].shape == self.random.get_state().shape:
            self.random.set_state(state["random"])
        else:
            self.random.manual_seed(self.seed + self.done)
        self.load_own_state(state)
        self._guard.forget()

    def own_state(self) -> dict[str, Any]:
        """What a subclass's training depends on besides: tensors, numbers and words, in dicts and lists."""
        return {}

    def load_own_state(self, state: dict[str, Any]) -> None:
        """Take back what :meth:`own_state` gave."""

    def _check_state(self, state: dict[str, Any]) -> None:
        """Raise a ValueError before anything is changed where the state does not fit."""
        instance("state", state, dict, "what state_dict() gave")
        recipe, ours = state.get("recipe"), type(self.recipe).__name__
        if not isinstance(recipe, type(self.recipe)):
            raise ValueError(
                f"this state is of another kind of training: it has a {type(recipe).__name__}, not a {ours}."
            )
        self._refuse(recipe, "this state has")
        parts = [*self.networks(), *self.optimizers(), *(["average"] if self.averaged and recipe.ema else [])]
        if missing := [name for name in (*parts, "log", "random", *self.own_state()) if name not in state]:
            raise ValueError(
                f"this state lacks {', '.join(missing)}: it is not of a {type(self).__name__} like this one."
            )
        for name, network in self.networks().items():
            shapes = {key: value.shape for key, value in network.state_dict().items()}
            if {key: value.shape for key, value in state[name].items()} != shapes:
                raise ValueError(
                    f"this state is of other networks: its {name} has other weights than the trainer's."
                )
        self.log.check(state["log"])
        finite_tensors("this state", tensors_of({name: state[name] for name in parts}))


@contextmanager
def still(network: nn.Module) -> Iterator[None]:
    """Without gradients for the weights of a network, for a player that goes up or down through it. Layers that a
    notebook has frozen stay so."""
    # what a Ctrl-C has left without gradients on its way out is remembered
    trained = _still.setdefault(network, [p for p in network.parameters() if p.requires_grad])
    try:
        for p in trained:
            p.requires_grad_(False)
        yield
    finally:  # also after Ctrl-C
        for p in trained:
            p.requires_grad_(True)
        _still.pop(network, None)  # two trainers of one player may pass through it at once


_still: WeakKeyDictionary[nn.Module, list[nn.Parameter]] = WeakKeyDictionary()


def descend(optimizer: Optimizer, loss: Tensor) -> None:
    """One gradient step down the loss, for the weights of this optimizer.

    Raises
    ------
    RuntimeError
        where the loss does not depend on them.
    """
    optimizer.zero_grad(set_to_none=True)
    if not loss.requires_grad:
        raise RuntimeError(
            "this loss has no gradient: are all weights frozen (requires_grad is False), or is there a detach() or a "
            "no_grad() on the way to it?"
        )
    loss.backward()
    if all(p.grad is None for group in optimizer.param_groups for p in group["params"]):
        raise RuntimeError(
            "this loss depends on none of the weights that its optimizer moves. After another network was put in, "
            "trainer.make_optimizers() makes optimizers for the networks that are there now."
        )
    optimizer.step()
