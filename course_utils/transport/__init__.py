"""Optimal transport: distances, the plans behind them, and the prices that prove them (lesson 3).

What lives where:

    exact      the earth mover's distance between weighted points, its dual, and the coupling of two coins
    line       the Wasserstein distance on the line, by sorting
    entropic   Sinkhorn's blurred plans
    measures   points, weights and ground costs, checked
    hints      what to change in a plan that a student made by hand
"""

from course_utils.transport.entropic import SinkhornCurve, sinkhorn_curve
from course_utils.transport.exact import (
    Transport,
    binary_couplings,
    earth_movers_distance,
    kantorovich_potential,
)
from course_utils.transport.line import PiecewiseUniform, wasserstein_1d

__all__ = [
    "PiecewiseUniform",
    "SinkhornCurve",
    "Transport",
    "binary_couplings",
    "earth_movers_distance",
    "kantorovich_potential",
    "sinkhorn_curve",
    "wasserstein_1d",
]
