"""How long 100,000 steps of a game of two numbers take: `python benchmarks/games.py [--steps N]`.

Prints one table (best of three runs, in seconds) and one JSON line. The claim that it measures: well under a
second, whatever the step rule, where the gradients are a few operations. "dirac + noise" shows the price of
more: each of its gradients averages over seven atoms. Below stand the flow, which an ODE solver follows to a
relative tolerance of 1e-10, and 1,000 starts at once, both with fewer steps.
"""

import argparse
import json
import platform
import time

import numpy as np
from course_utils.games import (
    METHODS,
    bilinear,
    convex_concave,
    dirac_gan,
    gaussian_mean_game,
    nonconvex,
    simulate,
)

GAMES = {
    "x y": bilinear(),
    "convex-concave": convex_concave(),
    "nonconvex": nonconvex(),
    "dirac minimax": dirac_gan("minimax"),
    "dirac + penalty": dirac_gan("minimax", "gradient penalty"),
    "dirac + noise": dirac_gan("minimax", "instance noise"),
    "gaussian mean": gaussian_mean_game(batch_size=64, rng=np.random.default_rng(0)),
}


def best_of(repeats: int, game, method: str, start, steps: int, learning_rate: float = 1e-3) -> float:
    seconds = []
    for _ in range(repeats):
        begin = time.perf_counter()
        # Momentum leaves x y within this many steps; a bound it cannot reach would time an early stop.
        run = simulate(game, method, start, steps=steps, learning_rate=learning_rate, bound=1e300)
        seconds.append(time.perf_counter() - begin)
        if not np.isfinite(run.points).all():
            raise RuntimeError(f"{method} on {game.name} diverged: this would time fewer than {steps} steps")
    return min(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=100_000)
    steps = parser.parse_args().steps

    start = (0.5, 0.5)
    times = {name: {m: best_of(3, game, m, start, steps) for m in METHODS} for name, game in GAMES.items()}
    print(f"seconds for {steps:,} steps from one start")
    print(f"{'':16}" + "".join(f"{method:>15}" for method in METHODS))
    for name, row in times.items():
        print(f"{name:16}" + "".join(f"{seconds:15.3f}" for seconds in row.values()))

    flow_steps, batch_steps = steps // 10, steps // 100
    starts = np.random.default_rng(0).uniform(-1.0, 1.0, (1000, 2))
    flow = best_of(1, GAMES["x y"], "flow", start, flow_steps, learning_rate=0.1)
    batch = best_of(3, GAMES["x y"], "optimistic", starts, batch_steps)
    print(f"x y, flow, {flow_steps:,} points 0.1 apart in time: {flow:.3f} s")
    print(f"x y, optimistic, 1,000 starts, {batch_steps:,} steps: {batch:.3f} s")
    print(
        json.dumps(
            {
                "benchmark": "games",
                "steps": steps,
                "seconds": times,
                "slowest": max(max(row.values()) for row in times.values()),
                "flow_seconds": flow,
                "flow_steps": flow_steps,
                "batch_seconds": batch,
                "batch_steps": batch_steps,
                "python": platform.python_version(),
                "machine": platform.machine(),
            }
        )
    )


if __name__ == "__main__":
    main()
