"""Neural style transfer: a picture is moved, step by step, towards the content of one and the style of another."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from course_utils import runtime, threads
from course_utils.checks import each, instance, not_negative, one_of, switch, whole
from course_utils.optimizers import Adam
from course_utils.style.features import SMALLEST, FeatureNetwork, as_network, load_features
from course_utils.style.lbfgs import ProjectedLBFGS
from course_utils.style.level import Level
from course_utils.style.losses import Normalization, total_variation
from course_utils.style.parametrisation import PARAMETRISATIONS
from course_utils.training.progress import Stepwise
from course_utils.training.state import copied

QUANTITIES = ("total", "content", "style", "total_variation")
WEIGHTS = ("alpha", "beta", "style_weights")
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
# Each with its learning rate for pixels and for a spectrum.
OPTIMIZERS: dict[str, tuple[type[ProjectedLBFGS] | type[torch.optim.Adam], dict[str, float]]] = {
    "lbfgs": (ProjectedLBFGS, {"pixels": 1.0}),
    "adam": (Adam, {"pixels": 0.02, "spectrum": 0.05}),
}
BORDER = 8  # pixels
EXPLOSION = 10  # times the loss at the start: the run has diverged


class StyleTransfer(Stepwise):
    """Minimise alpha L_c(x, x_c) + beta L_S(x, x_s) + total_variation TV(x) over the pixels x in [0, 1].

    (L0 "Combining Content and Style Losses"; Gatys et al. 2016, eq. 7.) Both losses are relative, see
    :class:`~course_utils.style.perceptual.PerceptualLoss`: 0 is perfect, 1 is as bad as a blank. So one alpha and beta
    suit every network.

    Of several styles, L_S is the mean of their relative losses, weighted with v_k: sum_k v_k L_S(x, x_k) / sum_k v_k. A
    weight of zero leaves a style out.

    Parameters
    ----------
    content, style : pictures, whatever :func:`course_utils.pictures.open_picture` takes; of any two sizes. ``style``
        may be a list of pictures, to blend them.
    style_weights : v_k, a number for each style, zero or more but not all zero; None: all the same. They can be set
        while it runs.
    features : a :class:`~course_utils.style.features.FeatureNetwork`, or a name for
        :func:`~course_utils.style.features.load_features`.
    size, style_size : the longer side of the result and that of the style picture, in pixels; style_size None: the
        same. A larger style picture has coarser strokes.
    start : "content", "style" (the first one, stretched to the content's shape) or "noise" (uniform).
    alpha, beta : weights of content and style; both can be set while it runs.
    total_variation : weight of the squared steps between neighbouring pixels; smooths grain.
    layer_weights : style layer -> w_l; layers left out have 1.
    content_layers, style_layers : None: the network's own defaults.
    normalization : "gatys" or "lecture", the factor in :func:`~course_utils.style.losses.style_loss`.
    optimizer, learning_rate : "lbfgs" (rate 1) or "adam" (rate 0.02, in units of pixels; 0.05 for a spectrum).
    pyramid, steps_per_level : with more than one level, the picture is first made at half the size (a quarter, ...) and
        enlarged after that many steps (which can be set while it runs). Large strokes need it at large sizes.
    parametrisation : what the optimizer moves, "pixels" or the coefficients of a "spectrum"
        (:mod:`~course_utils.style.parametrisation`), which keeps grain out where a deep layer sees none. It needs
        "adam"; its "noise" is faint, and a given picture's darkest and lightest pixels come out a little less so.
    border : so many pixels of its mirror image continue a picture on each side, for the network's eyes only; with 0 a
        frame grows around the picture.
    keep_colours : transfer the luminance alone and keep the content's hues.
    seed : of the noise.
    device, precision : None takes :func:`course_utils.runtime.device`, or that of ``features``; in "bfloat16" the
        network computes in half precision, the picture, the sums and the optimizer in float32.

    Attributes
    ----------
    history : "total", "content", "style", "total_variation" -> a number per step, taken before the step.
    features, level, alpha, beta, style_weights, steps_per_level.

    Raises
    ------
    ValueError
        for settings that do not exist, negative weights, another number of styles and their weights, or a size too
        small for the network.
    """

    @threads.all_cores(large=False)
    def __init__(
        self,
        content: Any,
        style: Any,
        *,
        style_weights: Sequence[float] | None = None,
        features: str | FeatureNetwork = "auto",
        size: int = 256,
        style_size: int | None = None,
        start: Literal["content", "style", "noise"] = "content",
        alpha: float = 1.0,
        beta: float = 20.0,
        total_variation: float = 5.0,
        layer_weights: Mapping[str, float] | None = None,
        content_layers: Iterable[str] | None = None,
        style_layers: Iterable[str] | None = None,
        normalization: Normalization = "gatys",
        optimizer: Literal["lbfgs", "adam"] = "lbfgs",
        learning_rate: float | None = None,
        pyramid: int = 1,
        steps_per_level: int = 50,
        parametrisation: Literal["pixels", "spectrum"] = "pixels",
        border: int = BORDER,
        keep_colours: bool = False,
        seed: int = 0,
        device: str | torch.device | None = None,
        precision: Literal["float32", "bfloat16"] = "float32",
    ):
        if isinstance(features, str):
            features = load_features(features, device=device)
        self.features = features = as_network(features)
        if device is not None:
            features.to(runtime.device(device))
        if content_layers is None:
            content_layers = features.content_layers
        style_layers = features.check(features.style_layers if style_layers is None else style_layers)
        self._styles = list(style) if isinstance(style, (list, tuple)) else [style]
        if not self._styles:
            raise ValueError("style is an empty list; give one picture or more.")
        self._make_level = partial(
            Level,
            features.in_precision(PRECISIONS[one_of("precision", precision, PRECISIONS)]),
            content,
            self._styles,
            border=whole("border", border, 0, SMALLEST - 1),
            keep_colours=switch("keep_colours", keep_colours),
            content_layers=features.check(content_layers),
            style_layers=style_layers,
            layer_weights=_checked(layer_weights, style_layers),
            normalization=one_of("normalization", normalization, get_args(Normalization)),
        )
        self._sizes = whole("size", size), whole("style_size", size if style_size is None else style_size)
        self._levels = whole("pyramid", pyramid)
        self._make_map = PARAMETRISATIONS[one_of("parametrisation", parametrisation, PARAMETRISATIONS)]
        make, rates = OPTIMIZERS[one_of("optimizer", optimizer, OPTIMIZERS)]
        if parametrisation not in rates:
            raise ValueError(
                'parametrisation="spectrum" needs optimizer="adam": L-BFGS, which searches along no line here, '
                "drives a spectrum's pixels to pure black and white."
            )
        rate = rates[parametrisation] if learning_rate is None else learning_rate
        self._make_optimizer = partial(make, lr=not_negative("learning_rate", rate))
        self._tv_weight = not_negative("total_variation", total_variation)
        self.history: dict[str, list[float]] = {name: [] for name in QUANTITIES}
        one_of("start", start, ("content", "style", "noise"))
        seed = whole("seed", seed, 0, 2**63 - 1)
        self.alpha, self.beta, self.steps_per_level = alpha, beta, steps_per_level
        self.style_weights = [1.0] * len(self._styles) if style_weights is None else style_weights
        self._enter(0)
        if start == "noise":
            self._show(self._map.picture(self._map.noise(seed)))
        else:
            self._show(self._level.content if start == "content" else self._level.styles[0])

    # ------------------------------------------------------------------ where it is

    def __setattr__(self, name: str, value: Any) -> None:
        """What may be set while it runs is checked each time. With another weight the optimizer begins afresh: what
        L-BFGS remembers is the curvature of the objective so far, and its steps for a new one would go astray."""
        if name in ("alpha", "beta"):
            value = not_negative(name, value)
        elif name == "style_weights":
            given, value = value, each(name, value, not_negative, len(self._styles))
            if not any(value):
                raise ValueError(f"style_weights is {given!r}; one of the styles must count for something.")
        elif name == "steps_per_level":
            value = whole(name, value)
        super().__setattr__(name, value)
        if name in WEIGHTS and "_parameters" in vars(self):
            self._go_on(self._parameters)

    def _enter(self, level: int) -> None:
        """Open the pictures of a level of the pyramid."""
        smaller = 2 ** (self._levels - 1 - level)
        self._level = self._make_level(sizes=tuple(max(1, size // smaller) for size in self._sizes))
        self._map = self._make_map(self._level.content)
        self.level, self._steps_here = level, 0
        self._tried: dict[tuple[int, int], bool] = {}

    def _show(self, picture: Tensor) -> None:
        """Go on from a picture of any size."""
        self._go_on(self._map.parameters(self._level.fit(picture)))

    def _go_on(self, parameters: Tensor) -> None:
        """Go on from a copy of these parameters, with a new optimizer."""
        self._parameters = parameters.detach().clone().requires_grad_()
        self._optimizer = self._make_optimizer([self._parameters])
        self._good, self._best, self._limit = parameters.detach(), math.inf, math.inf

    @property
    def _picture(self) -> Tensor:
        return self._map.picture(self._parameters)

    # ------------------------------------------------------------------ steps

    @threads.all_cores()
    def prepare(self) -> None:
        """Compute the targets, what the network says of content and style, now; else the first step does it."""
        self._level.objective  # noqa: B018

    def step(self) -> dict[str, float]:
        """One step of the optimizer; returns the losses from before it. To pause, do not call it for a while.

        Pixels are clamped to [0, 1] after the step. (Measured against pixels that are free until they are shown, and
        against a sigmoid of free ones: clamped, L-BFGS reaches the lowest loss.) Never inside the closure: the
        optimizer would get the gradient at another point than the one it knows.

        Raises
        ------
        FloatingPointError
            when a loss is no finite number, or ten times the one at the start; :attr:`image` is then the best
            picture so far, and further steps start from there.
        """
        if self._steps_here >= self.steps_per_level and self.level + 1 < self._levels:
            picture = self._picture
            self._enter(self.level + 1)
            self._show(picture)
        before = self._parameters.detach().clone()
        try:
            self._optimizer.step(self._evaluate)
        except BaseException:  # an interrupt between two halves of a step: as if it had not begun
            self._go_on(before)
            raise
        losses = dict(zip(QUANTITIES, self._values.tolist(), strict=True))
        self._check(losses)
        if losses["total"] < self._best:
            self._good, self._best = before, losses["total"]
        with torch.no_grad():
            self._parameters.clamp_(self._map.low, self._map.high)
        self._steps_here += 1
        for name, value in losses.items():
            self.history[name].append(value)
        return losses

    def _evaluate(self) -> Tensor:
        self.prepare()
        with threads.cores_left(self.alike):  # what follows is too little for more than one
            return self._evaluate_here()

    def alike(self, count: int) -> bool:
        """Whether so many threads compute the same losses and the same gradient as all that are allowed, to the last
        bit: tried when it is first asked on a level of the pyramid. On noise, where all losses have a gradient and
        count alike: a run may begin where one has none, at its own content, and weights may be set while it runs."""
        if self._parameters.device.type != "cpu":
            return False
        pair, results = (count, threads.allowed()), []
        if pair not in self._tried:
            self.prepare()
            for each_count in pair:
                with threads.decided(each_count):
                    noise = self._map.noise(0).requires_grad_()
                    losses = torch.stack(self._losses(noise, ()))
                    losses.sum().backward()
                results.append([losses, noise.grad])
            self._tried[pair] = all(map(torch.equal, *results))
        return self._tried[pair]

    def _losses(self, parameters: Tensor, style_weights: Sequence[float]) -> tuple[Tensor, Tensor, Tensor]:
        picture = self._map.picture(parameters)
        content, style = self._level.losses(picture, style_weights)
        with threads.exactly(1):
            return content, style, total_variation(picture)

    def _evaluate_here(self) -> Tensor:
        self._parameters.grad = None
        content, style, variation = self._losses(self._parameters, self.style_weights)
        total = self.alpha * content + self.beta * style + self._tv_weight * variation
        total.backward()
        # The network works in channels_last, and so may the gradient; the optimizer wants the picture's own order.
        if self._parameters.grad is not None:
            self._parameters.grad = self._parameters.grad.contiguous()
        self._values = torch.stack([total, content, style, variation]).detach()
        return total

    def _check(self, losses: dict[str, float]) -> None:
        """Go back to the best picture where a number says that the run has diverged."""
        if self._limit == math.inf:  # the first step with this optimizer
            self._limit = EXPLOSION * max(losses["total"], self.alpha + self.beta)
        parts_first = [(name, losses[name]) for name in reversed(QUANTITIES)]
        trouble = [f"{name} is {loss:.3g}" for name, loss in parts_first if not math.isfinite(loss)]
        if losses["total"] > self._limit:
            trouble.append(f"total is {losses['total']:.3g}")
        if not torch.isfinite(self._parameters).all():
            trouble.append("picture has pixels that are no numbers")
        if trouble:
            self._go_on(self._good)
            raise FloatingPointError(
                f"step {self.done + 1}: {trouble[0]}; the run has diverged. The picture is the best one so far. "
                "Try a smaller learning_rate, or weights alpha and beta that are less far apart."
            )

    # ------------------------------------------------------------------ results

    @property
    def done(self) -> int:
        return len(self.history["total"])

    @property
    def label(self) -> str:
        return "style transfer"

    @property
    def image(self) -> np.ndarray:
        """The picture now: float32 (h, w, 3) in [0, 1], a copy."""
        return self._level.shown(self._picture)

    def state_dict(self) -> dict[str, Any]:
        """All that changes while it runs, for ``torch.save``; :meth:`load_state_dict` takes it back."""
        state = {name: getattr(self, name) for name in (*WEIGHTS, "level", "history")}
        state |= {"steps_here": self._steps_here, "picture": self._parameters, "good": self._good}
        state |= {"best": self._best, "limit": self._limit, "optimizer": self._optimizer.state_dict()}
        return copied(state)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where another StyleTransfer, made with the same pictures and settings, has stopped.

        Raises
        ------
        ValueError
            when the state is that of a picture of another size; the run then goes on as if nothing had been.
        """
        state = copied(dict(state))
        before = self._level, self._map, self.level, self._steps_here
        self._enter(state["level"])
        like = self._map.parameters(self._level.content)
        if state["picture"].shape != like.shape:
            self._level, self._map, self.level, self._steps_here = before
            raise ValueError(
                f"the state holds a picture of shape {tuple(state['picture'].shape)}, which is not what this transfer "
                "makes; make it with the same pictures, size and settings."
            )
        for name in WEIGHTS:
            setattr(self, name, state.get(name, getattr(self, name)))
        self._go_on(state["picture"].to(like))
        self._optimizer.load_state_dict(state["optimizer"])
        self._good, self._best, self._limit = state["good"].to(like), state["best"], state["limit"]
        self._steps_here, self.history = state["steps_here"], state["history"]


def _checked(weights: Mapping[str, float] | None, layers: Sequence[str]) -> dict[str, float]:
    """The weights of some of the layers."""
    example = f"a dictionary of layers and weights, such as {{{layers[0]!r}: 2.0}}"
    weights = instance("layer_weights", {} if weights is None else weights, Mapping, example)
    return {
        one_of("a layer of layer_weights", layer, layers): not_negative(f"the weight of {layer}", weight)
        for layer, weight in weights.items()
    }
