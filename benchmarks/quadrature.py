"""KL divergence by our quadrature and by scipy.integrate: relative errors against the truth, and times against ours.

    python benchmarks/quadrature.py [--rounds 7] [--cases NAME ...]

Every row is a KL(p || q) whose value is known in closed form, or from mpmath with 30 digits. scipy is given the
integrand p log(p / q) and

    quad             the whole support
    quad, points     the central 1 - 2e-12 of p's mass, with the quantiles of both as ``points=``, where ours looks too
    quad_vec         the whole support, all nodes of an interval in one call
    tanhsinh         the whole support, all nodes in one call

An error of "-" means that the result is no number or that the method raised; where the truth is infinite, "wrong" is
any number. scipy's warnings are counted, for they are all that a reader would be told. Times are medians of turns.

Prints one table and one JSON line.
"""

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
from course_utils.divergences import kl_divergence_continuous
from course_utils.runtime import describe_machine
from scipy import integrate, stats

LEVELS = np.array([1e-6, 1e-3, 0.05, 0.25, 0.5])


def gaussian_kl(m1: float, s1: float, m2: float, s2: float) -> float:
    return float(np.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - 0.5)


def mixture(*components: tuple[float, float]) -> Any:
    return stats.Mixture([stats.Normal(mu=m, sigma=s) for m, s in components])


def student_kl(n: float, m: float) -> float:
    """KL between Student distributions: over x = sinh(u), in pieces short enough for mpmath."""
    mpmath.mp.dps = 30

    def log_pdf(nu: mpmath.mpf, x: mpmath.mpf) -> mpmath.mpf:
        norm = mpmath.loggamma((nu + 1) / 2) - mpmath.loggamma(nu / 2) - mpmath.log(nu * mpmath.pi) / 2
        return norm - (nu + 1) / 2 * mpmath.log1p(x * x / nu)

    def integrand(u: mpmath.mpf) -> mpmath.mpf:
        x = mpmath.sinh(u)
        log_p = log_pdf(mpmath.mpf(n), x)
        return mpmath.exp(log_p) * (log_p - log_pdf(mpmath.mpf(m), x)) * mpmath.cosh(u)

    return float(2 * mpmath.quad(integrand, [*range(0, 40, 4), 60, 90]))


def narrow_kl(width: float) -> float:
    """KL of half N(0, 1) and half N(3, width^2) to N(0, 1), piece by piece around the narrow peak."""
    mpmath.mp.dps = 30

    def integrand(x: mpmath.mpf) -> mpmath.mpf:
        wide = mpmath.npdf(x)
        ratio = (1 + mpmath.npdf(x, 3, width) / wide) / 2
        return wide * ratio * mpmath.log(ratio)

    around = [3 + k * mpmath.mpf(width) for k in (-40, -20, -10, -5, -2, 0, 2, 5, 10, 20, 40)]
    return float(mpmath.quad(integrand, [-30, -10, -3, 0, 2, *around, 4, 10, 30]))


CASES: dict[str, tuple[Any, Any, Callable[[], float]]] = {
    "N(0, 1) || N(1, 2)": (stats.norm(0, 1), stats.norm(1, 2), lambda: gaussian_kl(0, 1, 1, 2)),
    "N(1000, 1) || N(1010, 1)": (stats.norm(1000, 1), stats.norm(1010, 1), lambda: 50.0),
    "N(0, 1) || N(60, 1)": (stats.norm(0, 1), stats.norm(60, 1), lambda: 1800.0),
    "narrow mixture || N(0, 1)": (mixture((0, 1), (3, 1e-4)), stats.norm(0, 1), lambda: narrow_kl(1e-4)),
    "Cauchy || Cauchy(5, 2)": (stats.cauchy(), stats.cauchy(5, 2), lambda: float(np.log(34 / 8))),
    "t(1.5) || t(2)": (stats.t(1.5), stats.t(2), lambda: student_kl(1.5, 2)),
    "Pareto(0.1) || Pareto(0.2)": (stats.pareto(0.1), stats.pareto(0.2), lambda: float(np.log(0.5) + 1)),
    "Beta(0.1, 1) || uniform": (stats.beta(0.1, 1), stats.uniform(), lambda: float(np.log(0.1) + 9)),
    "Cauchy || N-mixture": (stats.cauchy(), mixture((-2, 1), (2, 1)), lambda: np.inf),
}


def integrand(p: Any, q: Any) -> Callable[[Any], Any]:
    def value(x: Any) -> Any:
        with np.errstate(all="ignore"):
            log_p, log_q = p.logpdf(x), q.logpdf(x)
            return np.where(np.isneginf(log_p), 0.0, np.exp(log_p) * (log_p - log_q))[()]

    return value


def with_points(p: Any, q: Any) -> float:
    places = [np.r_[d.ppf(LEVELS), d.isf(LEVELS)] if hasattr(d, "ppf") else parts(d) for d in (p, q)]
    low, high = (p.ppf(1e-12), p.isf(1e-12)) if hasattr(p, "ppf") else (p.icdf(1e-12), p.iccdf(1e-12))
    inside = np.unique(np.concatenate(places))
    inside = inside[(inside > low) & (inside < high)]
    return integrate.quad(integrand(p, q), low, high, points=inside, limit=500)[0]


def parts(mixture: Any) -> np.ndarray:
    return np.concatenate([np.r_[c.icdf(LEVELS), c.iccdf(LEVELS)] for c in mixture.components])


METHODS: dict[str, Callable[[Any, Any], float]] = {
    "ours": kl_divergence_continuous,
    "quad": lambda p, q: integrate.quad(integrand(p, q), *p.support(), limit=500)[0],
    "quad, points": with_points,
    "quad_vec": lambda p, q: integrate.quad_vec(integrand(p, q), *p.support())[0],
    "tanhsinh": lambda p, q: integrate.tanhsinh(integrand(p, q), *p.support()).integral,
}


def run(method: Callable[[Any, Any], float], p: Any, q: Any) -> tuple[float, int, float]:
    """Value, number of warnings, seconds."""
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        start = time.perf_counter()
        try:
            value = float(method(p, q))
        except (ArithmeticError, ValueError):
            value = np.nan
        return value, len(caught), time.perf_counter() - start


def judged(value: float, truth: float) -> str:
    if np.isinf(truth):
        return "right" if value == truth else "wrong"
    return f"{abs(value - truth) / abs(truth):.0e}" if np.isfinite(value) else "-"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    options = parser.parse_args()
    rows: dict[str, Any] = {}
    print(f"{'KL(p || q)':28}{'truth':>8}" + "".join(f"{name:>20}" for name in METHODS))
    for name in options.cases:
        p, q, known = CASES[name]
        truth = known()
        runs = {m: [run(method, p, q) for _ in range(options.rounds)] for m, method in METHODS.items()}
        seconds = {m: statistics.median(took for *_, took in turns) for m, turns in runs.items()}
        rows[name] = {
            m: {
                "value": turns[0][0] if np.isfinite(turns[0][0]) else str(turns[0][0]),
                "warnings": turns[0][1],
                "seconds": seconds[m],
            }
            for m, turns in runs.items()
        }
        print(f"{name:28}{truth:8.4g}", end="")
        for row in rows[name].values():
            verdict = judged(float(row["value"]), truth) + ("!" if row["warnings"] else "")
            cell = f"{verdict} ({row['seconds'] / seconds['ours']:.1f} x)"
            print(f"{cell:>20}", end="")
        print(flush=True)
    print("relative errors (time against ours); ! with a warning\n")
    print(json.dumps({"benchmark": "quadrature", "machine": describe_machine(), "cases": rows}))


if __name__ == "__main__":
    main()
