"""Times of things that take turns, so that a busy machine slows all of them down alike; and steps for a while."""

import time
from collections.abc import Callable, Iterator
from statistics import quantiles

LARGE = 1024  # rows and columns of the matrices whose product tells how fast a machine multiplies


def measure(calls: dict[str, tuple], rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds per step of things that take turns: {name: (call, steps in one call)} -> median, quartiles."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for round_ in range(-2, rounds):
        for name, (call, steps) in calls.items():
            start = time.perf_counter()
            call()
            if round_ >= 0:  # the first two warm up
                taken[name].append(1e3 * (time.perf_counter() - start) / steps)
    return {name: spread(values) for name, values in taken.items()}


def spread(values: list[float]) -> dict[str, float]:
    low, middle, high = quantiles(values, n=4)
    return {"median": middle, "low": low, "high": high, "rounds": len(values)}


def line(name: str, row: dict[str, float], *shares: str) -> str:
    quartiles = f"({row['low']:.1f} to {row['high']:.1f})"
    speedup = f"{row['speedup']:8.2f} x" if "speedup" in row else ""
    columns = "".join(f"{100 * row[share]:12.0f} %" for share in shares)
    return f"{name:24}{row['median']:8.2f} {quartiles:>18}{speedup:>12}{columns}"


def after(seconds: tuple[float, ...], step: Callable[[], object]) -> Iterator[float]:
    """Take steps for so many seconds of this process in all; hands back each of them when it is reached."""
    spent = 0.0
    for end in seconds:
        while spent < end:
            start = time.process_time()
            step()
            spent += time.process_time() - start
        yield end


def product_rates() -> dict[str, float]:
    """Floating point operations per second of this CPU in large matrix products: the best of several."""
    import torch  # who imports this module may still have to import course_utils before it

    rates = {}
    for dtype in (torch.float32, torch.bfloat16):
        a, b = (torch.randn(LARGE, LARGE).to(dtype) for _ in range(2))
        best = float("inf")
        for _ in range(20):
            start = time.perf_counter()
            a @ b
            best = min(best, time.perf_counter() - start)
        rates[str(dtype).removeprefix("torch.")] = 2 * LARGE**3 / best
    return rates
