"""Checks of settings, with errors that say what was expected."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np


def one_of(name: str, value: Any, choices: Iterable[str]) -> str:
    if value not in choices:
        raise ValueError(f"{name} is one of {', '.join(choices)}; got {value!r}.")
    return value


def whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name} is a whole number from 1; got {value!r}.")
    return int(value)


def weight(name: str, value: Any) -> float:
    if not (isinstance(value, (int, float, np.number)) and 0 <= value < math.inf):
        raise ValueError(f"{name} is a number from 0 on; got {value!r}.")
    return float(value)


def layer_weights(weights: Mapping[str, float] | None, layers: tuple[str, ...]) -> dict[str, float]:
    """layer -> weight for all the layers, 1 for those that weights leaves out."""
    weights = weights or {}
    if unknown := sorted(set(weights) - set(layers)):
        raise ValueError(
            f"layer_weights names {', '.join(unknown)}, but the style layers are {', '.join(layers)}."
        )
    return {layer: weight(f"the weight of {layer}", weights.get(layer, 1.0)) for layer in layers}
