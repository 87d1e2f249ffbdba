"""Whether apps stand before a class: the scale of those that ask for none of their own."""

_before_a_class: list[float] = []


def scale_of(asked: float) -> float:
    """The scale of an app that asks for this one."""
    asks_for_none = isinstance(asked, int | float) and asked == 1.0
    return _before_a_class[-1] if asks_for_none and _before_a_class else asked


def set_scale(scale: float | None) -> None:
    """From now on, this is the scale of apps that ask for none; None takes it back."""
    _before_a_class[:] = [] if scale is None else [scale]
