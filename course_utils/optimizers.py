"""Optimistic gradient steps as torch optimizers, for players that chase each other (L3, "Training GANs").

With d_t the direction that the plain optimizer would take at step t (the gradient for SGD, the bias-corrected
m_t / (sqrt(v_t) + eps) for Adam), both move by

    theta_t = theta_{t-1} - lr (1 + optimism) d_t + lr optimism d_{t-1},      d_0 = 0.

optimism = 1 is the lecture's 2 d_t - d_{t-1}; optimism = 0 is the plain optimizer. The first step is twice a
plain one, as there is no direction before it. A learning rate that changes between steps scales both terms.
Source: L3, "Optimistic ADAM"; Daskalakis, Ilyas, Syrgkanis, Zeng, "Training GANs with optimism", 2018.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.optim.optimizer import Optimizer, ParamsT

from course_utils.checks import each, not_negative, number, one_of, switch
from course_utils.foreach import foreach

Kind = TypeVar("Kind", bound=Optimizer)


def _bare(method: Any) -> Any:
    """The method itself, out of the wrappers in which torch loads its compiler before it calls it."""
    while hasattr(method, "__wrapped__"):
        method = method.__wrapped__
    return method


class BareOptimizer(Optimizer):
    """An optimizer that does not load torch's compiler, which would take 1 to 2 s and 70 MB of every kernel."""

    add_param_group = _bare(Optimizer.add_param_group)
    state_dict = _bare(Optimizer.state_dict)
    load_state_dict = _bare(Optimizer.load_state_dict)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """As torch's, which tells its profiler as well, and takes a hundredth of a step for it."""
        if not set_to_none:
            _bare(Optimizer.zero_grad)(self, set_to_none=False)
            return
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None


class _OnePass(BareOptimizer):
    """One pass over all weights is all that a CPU does, from the second step on; the first is torch's own, and makes
    the state. Torch's asks many questions about each tensor at each step, and has such a pass for Adam only: with
    beta_1 = 0, at a step so late that beta_2^t = 0, it is RMSprop. What is out of the ordinary is left to torch."""

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        lists = [self._lists(group) for group in self.param_groups]
        if closure is not None or None in lists:
            return super().step(closure)
        for group, (params, grads, means, squares, steps) in zip(
            self.param_groups, cast(list[tuple[list[Tensor], ...]], lists), strict=True
        ):
            if not params:
                continue
            steps = foreach("add_", steps, [_ONE] * len(steps))
            beta1, beta2 = group.get("betas") or (0.0, group["alpha"])
            torch._fused_adam_(
                params, grads, means, squares, [], steps if "betas" in group else [_LATE] * len(steps),
                lr=group["lr"], beta1=beta1, beta2=beta2,
                weight_decay=0.0, eps=group["eps"], amsgrad=False, maximize=False,
            )  # fmt: skip
        return None

    def _lists(self, group: dict[str, Any]) -> tuple[list[Tensor], ...] | None:
        """Weights, gradients, means, squares and steps of what has a gradient; None: out of the ordinary."""
        params: list[Any] = [p for p in group["params"] if p.grad is not None]
        grads: list[Any] = [p.grad for p in params]
        states: list[Any] = [self.state.get(p) for p in params]
        if not (
            hasattr(torch, "_fused_adam_")
            and isinstance(group["lr"], float)
            and group.get("alpha", 0.0) < 1
            and not any(group.get(name) for name in _EXTRAS)
            and getattr(self, "found_inf", None) is None  # a GradScaler's
            and all(states)
            and all(p.is_cpu and p.is_floating_point() for p in params)
            and not any(grad.is_sparse for grad in grads)
        ):
            return None
        means = [state["exp_avg"] for state in states] if "betas" in group else grads
        squares = [state["exp_avg_sq" if "betas" in group else "square_avg"] for state in states]
        # it counts through the memory, whatever the strides
        for p, grad, mean, square in zip(params, grads, means, squares, strict=True):
            if not (
                p.is_contiguous() and grad.is_contiguous() and mean.is_contiguous() and square.is_contiguous()
                and p.nbytes == grad.nbytes == mean.nbytes == square.nbytes
            ):  # fmt: skip
                return None
        return params, grads, means, squares, [state["step"] for state in states]


_ONE = torch.tensor(1.0)  # of numbers torch makes a tensor for each step
_LATE = torch.tensor(float("inf"))
_EXTRAS = ("weight_decay", "maximize", "amsgrad", "centered", "momentum", "differentiable", "capturable")


def _without_compiler(kind: type[Kind], *before: type[BareOptimizer]) -> type[Kind]:
    """One of torch's optimizers without it; everything else is torch's own, and what comes ``before``."""
    light = type(kind.__name__, (BareOptimizer, kind), {"step": torch.no_grad()(_bare(kind.step))})
    return cast(type[Kind], type(kind.__name__, (*before, light), {}) if before else light)


Adam = _without_compiler(torch.optim.Adam, _OnePass)
RMSprop = _without_compiler(torch.optim.RMSprop, _OnePass)
SGD = _without_compiler(torch.optim.SGD)


class _Optimistic(BareOptimizer):
    """What the two share: gradients in, the optimistic combination of their directions out."""

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        for name in ("lr", "eps", "weight_decay", "optimism"):
            if name in defaults:
                not_negative(name, defaults[name])
        switch("maximize", defaults["maximize"])
        super().__init__(params, defaults)

    def _directions(
        self, group: dict[str, Any], grads: list[Tensor], states: list[dict[str, Any]]
    ) -> list[Tensor]:
        """d_t of every tensor in the group, as new tensors: they are kept for the next step."""
        raise NotImplementedError

    @torch.no_grad()  # torch's own types let a closure return floats only
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:  # type: ignore[override]
        """One step. `closure`, if given, computes the loss and its gradients anew; its loss is returned."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if params:
                self._step_group(group, params)
        return loss

    def _step_group(self, group: dict[str, Any], params: list[Tensor]) -> None:
        grads = [p.grad for p in params if p.grad is not None]
        if any(g.is_sparse or g.is_complex() for g in grads):
            raise ValueError(
                f"{type(self).__name__} takes dense real gradients; here is a sparse or complex one."
            )
        if group["maximize"]:
            grads = foreach("neg", grads)
        if group["weight_decay"]:
            grads = foreach("add", grads, params, alpha=group["weight_decay"])
        states = [self.state[p] for p in params]
        directions = self._directions(group, grads, states)
        lr, optimism = group["lr"], group["optimism"]
        foreach("add_", params, directions, alpha=-lr * (1.0 + optimism))
        if not optimism:
            return
        before = [(p, s["direction"]) for p, s in zip(params, states, strict=True) if "direction" in s]
        if before:
            foreach("add_", *map(list, zip(*before, strict=True)), alpha=lr * optimism)
        for state, direction in zip(states, directions, strict=True):
            state["direction"] = direction


class OptimisticSGD(_Optimistic):
    """Optimistic gradient descent: theta <- theta - lr (2 g_t - g_{t-1}), with g_0 = 0 (L3, OMD).

    Parameters
    ----------
    params, lr, weight_decay, maximize : as in torch.optim.SGD (weight decay adds weight_decay * theta to the
        gradient; maximize ascends, for the critic of a min-max game).
    momentum : replaces g_t by the buffer b_t = momentum b_{t-1} + g_t, as torch.optim.SGD does.
    optimism : 1 is the lecture's rule, 0 is torch.optim.SGD.

    Raises
    ------
    ValueError
        for a negative or non-finite number, momentum outside [0, 1), and for sparse or complex gradients.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        *,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        optimism: float = 1.0,
        maximize: bool = False,
    ) -> None:
        number("momentum", momentum, "[0, 1)", "such as 0.9")
        plain = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        super().__init__(params, plain | {"optimism": optimism, "maximize": maximize})

    def _directions(
        self, group: dict[str, Any], grads: list[Tensor], states: list[dict[str, Any]]
    ) -> list[Tensor]:
        directions = [g.clone() for g in grads]
        if group["momentum"]:
            for state, g in zip(states, grads, strict=True):
                state.setdefault("momentum_buffer", torch.zeros_like(g))
            buffers = [state["momentum_buffer"] for state in states]
            foreach("mul_", buffers, group["momentum"])
            foreach("add_", buffers, grads)
            foreach("copy_", directions, buffers)
        return directions


class OptimisticAdam(_Optimistic):
    """Adam with L3's optimistic step:

        m_t = beta_1 m_{t-1} + (1 - beta_1) g_t            mhat_t = m_t / (1 - beta_1^t)
        v_t = beta_2 v_{t-1} + (1 - beta_2) g_t^2          vhat_t = v_t / (1 - beta_2^t)
        theta_t = theta_{t-1} - 2 lr mhat_t / (sqrt(vhat_t) + eps) + lr mhat_{t-1} / (sqrt(vhat_{t-1}) + eps)

    with the last term zero at t = 1.

    Parameters
    ----------
    params, lr, betas, eps, weight_decay, maximize : as in torch.optim.Adam (weight decay adds
        weight_decay * theta to the gradient).
    optimism : 1 is the lecture's rule, 0 is torch.optim.Adam.

    Raises
    ------
    ValueError
        for a negative or non-finite number, betas outside [0, 1), and for sparse or complex gradients.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        optimism: float = 1.0,
        maximize: bool = False,
    ) -> None:
        each("betas", betas, partial(number, interval="[0, 1)"), 2, "such as (0.9, 0.999)")
        plain = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, plain | {"optimism": optimism, "maximize": maximize})

    def _directions(
        self, group: dict[str, Any], grads: list[Tensor], states: list[dict[str, Any]]
    ) -> list[Tensor]:
        beta1, beta2 = group["betas"]
        for state, g in zip(states, grads, strict=True):
            if "step" not in state:
                state.update(step=0, exp_avg=torch.zeros_like(g), exp_avg_sq=torch.zeros_like(g))
            state["step"] += 1
        means, squares = [s["exp_avg"] for s in states], [s["exp_avg_sq"] for s in states]
        foreach("lerp_", means, grads, 1.0 - beta1)
        foreach("mul_", squares, beta2)
        foreach("addcmul_", squares, grads, grads, value=1.0 - beta2)
        # A tensor that had no gradient at some steps has its own count, hence one correction per tensor.
        scales = foreach("div", squares, [1.0 - beta2 ** s["step"] for s in states])
        foreach("sqrt_", scales)
        foreach("add_", scales, group["eps"])
        directions = foreach("div", means, [1.0 - beta1 ** s["step"] for s in states])
        foreach("div_", directions, scales)
        return directions


@dataclass(frozen=True)
class OptimizerKind:
    """An optimizer that a recipe can name.

    ``make`` takes parameters, rate, Adam's betas and whether the step is recorded in a CUDA graph;
    ``recordable`` tells whether it can be, because all of the optimizer's state lives on the GPU.
    """

    make: Callable[[list[nn.Parameter], float | Tensor, tuple[float, float], bool], Optimizer]
    recordable: bool = True


OPTIMIZERS = {
    # fused: one pass over all weights instead of several operations per tensor
    "adam": OptimizerKind(
        lambda p, lr, betas, graph: Adam(p, lr=lr, betas=betas, fused=True, capturable=graph)
    ),
    "optimistic-adam": OptimizerKind(
        lambda p, lr, betas, _: OptimisticAdam(p, float(lr), betas), recordable=False
    ),
    "rmsprop": OptimizerKind(lambda p, lr, _, graph: RMSprop(p, lr=lr, foreach=True, capturable=graph)),
    "sgd": OptimizerKind(lambda p, lr, *_: SGD(p, lr=lr, fused=True)),
    "optimistic-sgd": OptimizerKind(lambda p, lr, *_: OptimisticSGD(p, float(lr)), recordable=False),
}


def make_optimizer(
    name: str, parameters: Iterable[nn.Parameter], rate: float, betas: tuple[float, float]
) -> Optimizer:
    """A fresh optimizer of that name in :data:`OPTIMIZERS`.

    On a GPU the whole step may be recorded in a graph; then the learning rate has to live there too, as a tensor.
    """
    kind, parameters = OPTIMIZERS[one_of("name", name, OPTIMIZERS)], list(parameters)
    graph = kind.recordable and parameters[0].is_cuda
    lr = torch.tensor(rate, device=parameters[0].device) if graph else rate
    return kind.make(parameters, lr, betas, graph)
