"""Neural style transfer: a picture is moved, step by step, towards the content of one and the style of another."""

import copy
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from course_utils import runtime, threads
from course_utils.checks import each, instance, not_negative, one_of, switch, whole
from course_utils.style.features import SMALLEST, FeatureNetwork, as_network, load_features
from course_utils.style.lbfgs import ProjectedLBFGS
from course_utils.style.level import Level
from course_utils.style.losses import Normalization, total_variation
from course_utils.style.parametrisation import PARAMETRISATIONS
from course_utils.training.progress import Stepwise

QUANTITIES = ("total", "content", "style", "total_variation")
LEARNING_RATES = {("pixels", "lbfgs"): 1.0, ("pixels", "adam"): 0.02, ("spectrum", "adam"): 0.05}
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
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
        elif device is not None:
            features = as_network(features).to(runtime.device(device))
        self.features = features = as_network(features)
        content_layers = features.check(features.content_layers if content_layers is None else content_layers)
        style_layers = features.check(features.style_layers if style_layers is None else style_layers)
        styles = list(style) if isinstance(style, (list, tuple)) else [style]
        self._style_weights = _checked_style_weights(style_weights, len(styles))
        self._make_level = partial(
            Level,
            features.in_precision(PRECISIONS[one_of("precision", precision, PRECISIONS)]),
            content,
            styles,
            border=whole("border", border, 0, SMALLEST - 1),
            keep_colours=switch("keep_colours", keep_colours),
            content_layers=content_layers,
            style_layers=style_layers,
            layer_weights=_checked_weights(layer_weights, style_layers),
            normalization=one_of("normalization", normalization, get_args(Normalization)),
        )
        self._sizes = whole("size", size), whole("style_size", size if style_size is None else style_size)
        self._levels = whole("pyramid", pyramid)
        self.steps_per_level = whole("steps_per_level", steps_per_level)
        self._optimizer_name = one_of("optimizer", optimizer, ("lbfgs", "adam"))
        self._make_map = PARAMETRISATIONS[one_of("parametrisation", parametrisation, PARAMETRISATIONS)]
        if (parametrisation, optimizer) not in LEARNING_RATES:
            raise ValueError(
                'parametrisation="spectrum" needs optimizer="adam": L-BFGS, which searches along no line here, '
                "drives a spectrum's pixels to pure black and white."
            )
        rate = LEARNING_RATES[parametrisation, optimizer] if learning_rate is None else learning_rate
        self._rate = not_negative("learning_rate", rate)
        self._alpha, self._beta = not_negative("alpha", alpha), not_negative("beta", beta)
        self._tv_weight = not_negative("total_variation", total_variation)
        self.history: dict[str, list[float]] = {name: [] for name in QUANTITIES}
        self._enter(0)
        one_of("start", start, ("content", "style", "noise"))
        picture = self._level.start(start, whole("seed", seed, 0, 2**63 - 1))
        noise = self._make_map(picture).noise(seed) if start == "noise" else None
        self._set(picture if noise is None else self._make_map(picture).picture(noise))

    # ------------------------------------------------------------------ weights

    @property
    def alpha(self) -> float:
        """The weight of the content loss."""
        return self._alpha

    @alpha.setter
    def alpha(self, value: float) -> None:
        self._alpha = not_negative("alpha", value)
        self._forget()

    @property
    def beta(self) -> float:
        """The weight of the style loss."""
        return self._beta

    @beta.setter
    def beta(self, value: float) -> None:
        self._beta = not_negative("beta", value)
        self._forget()

    @property
    def style_weights(self) -> tuple[float, ...]:
        """How much each style counts."""
        return self._style_weights

    @style_weights.setter
    def style_weights(self, values: Sequence[float]) -> None:
        self._style_weights = _checked_style_weights(values, len(self._style_weights))
        self._forget()

    # ------------------------------------------------------------------ levels

    def _enter(self, level: int) -> None:
        """Compute the targets of a level of the pyramid."""
        smaller = 2 ** (self._levels - 1 - level)
        self._level = self._make_level(sizes=tuple(max(1, size // smaller) for size in self._sizes))
        self.level, self._steps_here = level, 0

    def _set(self, picture: Tensor) -> None:
        """Go on from this picture, with a new optimizer."""
        self._map = self._make_map(picture)
        self._restore(self._map.parameters(picture))

    def _restore(self, parameters: Tensor) -> None:
        """Go on from these parameters of a picture of the same size, with a new optimizer."""
        self._parameters = parameters.detach().clone().requires_grad_()
        self._forget()

    @property
    def _picture(self) -> Tensor:
        return self._map.picture(self._parameters)

    def _forget(self) -> None:
        """A new optimizer. What L-BFGS remembers is the curvature of the objective so far; for another objective (other
        weights, another level) it would give steps in wrong directions."""
        self._optimizer: ProjectedLBFGS | torch.optim.Adam
        if self._optimizer_name == "lbfgs":
            self._optimizer = ProjectedLBFGS([self._parameters], lr=self._rate)
        else:
            self._optimizer = torch.optim.Adam([self._parameters], lr=self._rate)
        self._good, self._best, self._limit = self._parameters.detach().clone(), math.inf, math.inf

    # ------------------------------------------------------------------ steps

    @threads.all_cores()
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
            self._enter(self.level + 1)
            self._set(self._level.fit(self._picture))
        before = self._parameters.detach().clone()
        try:
            self._optimizer.step(self._evaluate)
        except BaseException:  # an interrupt between two halves of a step: as if it had not begun
            self._restore(before)
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
        self._parameters.grad = None
        picture = self._picture
        content, style = self._level.losses(picture, self._style_weights)
        variation = total_variation(picture)
        total = self._alpha * content + self._beta * style + self._tv_weight * variation
        total.backward()
        # The network works in channels_last, and so may the gradient; the optimizer wants the picture's own order.
        if self._parameters.grad is not None:
            self._parameters.grad = self._parameters.grad.contiguous()
        self._values = torch.stack([total, content, style, variation]).detach()
        return total

    def _check(self, losses: dict[str, float]) -> None:
        if self._limit == math.inf:  # the first step with this optimizer
            self._limit = EXPLOSION * max(losses["total"], self._alpha + self._beta)
        # The parts before the sum.
        bad = [name for name in reversed(QUANTITIES) if not math.isfinite(losses[name])]
        if not bad and losses["total"] > self._limit:
            bad = ["total"]
        if not bad and not bool(torch.isfinite(self._parameters).all()):
            bad = ["picture"]
        if bad:
            self._restore(self._good)
            value = f" is {losses[bad[0]]:.3g}" if bad[0] in losses else " has pixels that are no numbers"
            raise FloatingPointError(
                f"step {len(self.history['total']) + 1}: {bad[0]}{value}; the run has diverged. The picture is "
                "the best one so far. Try a smaller learning_rate, or weights alpha and beta that are less far apart."
            )

    @property
    def done(self) -> int:
        return len(self.history["total"])

    @property
    def label(self) -> str:
        return "style transfer"

    # ------------------------------------------------------------------ results

    @property
    def image(self) -> np.ndarray:
        """The picture now: float32 (h, w, 3) in [0, 1], a copy."""
        return self._level.shown(self._picture)

    def state_dict(self) -> dict[str, Any]:
        """All that changes while it runs, for ``torch.save``; :meth:`load_state_dict` takes it back."""
        return {
            "level": self.level,
            "steps_here": self._steps_here,
            "alpha": self._alpha,
            "beta": self._beta,
            "style_weights": self._style_weights,
            "picture": self._parameters.detach().clone(),
            "good": self._good,
            "best": self._best,
            "limit": self._limit,
            "optimizer": copy.deepcopy(self._optimizer.state_dict()),
            "history": {name: list(values) for name, values in self.history.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where another StyleTransfer, made with the same pictures and settings, has stopped.

        Raises
        ------
        ValueError
            when the state is that of a picture of another size.
        """
        self._enter(state["level"])
        picture = self._level.start("content", 0)
        self._map = self._make_map(picture)
        parameters, like = state["picture"], self._map.parameters(picture)
        if parameters.shape != like.shape:
            raise ValueError(
                f"the state holds a picture of shape {tuple(parameters.shape)}, which is not what this transfer makes; "
                "make it with the same pictures, size and settings."
            )
        self._alpha, self._beta = state["alpha"], state["beta"]
        self._style_weights = state.get("style_weights", self._style_weights)
        self._restore(parameters.to(like))
        self._optimizer.load_state_dict(copy.deepcopy(state["optimizer"]))
        self._good, self._best, self._limit = state["good"].to(like), state["best"], state["limit"]
        self._steps_here = state["steps_here"]
        self.history = {name: list(values) for name, values in state["history"].items()}


def _checked_style_weights(weights: Sequence[float] | None, styles: int) -> tuple[float, ...]:
    """A weight for each style, at least one of them above zero."""
    if styles == 0:
        raise ValueError("style is an empty list; give one picture or more.")
    checked = each("style_weights", [1.0] * styles if weights is None else weights, not_negative, styles)
    if not any(checked):
        raise ValueError(f"style_weights is {weights!r}; one of the styles must count for something.")
    return checked


def _checked_weights(weights: Mapping[str, float] | None, layers: Sequence[str]) -> dict[str, float]:
    """layer -> weight for all the layers, 1 for those that weights leaves out."""
    weights = {} if weights is None else weights
    instance(
        "layer_weights",
        weights,
        Mapping,
        f"a dictionary of layers and weights, such as {{{layers[0]!r}: 2.0}}",
    )
    for layer in weights:
        one_of("a layer of layer_weights", layer, layers)
    return {layer: not_negative(f"the weight of {layer}", weights.get(layer, 1.0)) for layer in layers}
