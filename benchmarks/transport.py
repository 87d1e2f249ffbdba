"""What the transport wrapper costs: ours against plain POT, scipy's linprog and the closed form on the line.

    python benchmarks/transport.py [--sizes 100 300 1000 3000] [--linprog-limit 300] [--repeats 7] [--save FILE]

Two Gaussian clouds of n points in the plane, Euclidean ground distance, equal weights; the line takes their first
coordinates. Times are medians; ours and POT's take turns, so that a busy machine disturbs both alike. "ours" starts
from the points and ends with the checked plan and potentials; "ot.emd" starts from a ready cost matrix.

Prints one table, the slope of each column in a log-log plot, and one JSON line with the two claims it measures:
    overhead    at n = 1000, ours costs at most 15 % over ot.emd
    line        at n = 3000, wasserstein_1d is at least 100 times faster than ours (the general solver)
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
import ot
from course_utils.files import write_json
from course_utils.transport import earth_movers_distance, wasserstein_1d
from scipy.optimize import linprog
from scipy.sparse import eye_array, kron, vstack
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

COLUMNS = ("ours", "ot.emd", "linprog", "ours, line", "scipy, line")
MAX_OVERHEAD, MIN_SPEEDUP = 0.15, 100


def linear_programme(a, b, cost):
    n, m = cost.shape
    marginals = vstack([kron(eye_array(n), np.ones((1, m))), kron(np.ones((1, n)), eye_array(m))])
    return linprog(cost.ravel(), A_eq=marginals.tocsr(), b_eq=np.concatenate([a, b]), method="highs").fun


def measure(n: int, repeats: int, with_linprog: bool) -> dict[str, float]:
    """Median seconds per column at size n, after checking that all of them agree on the distance."""
    generator = np.random.default_rng(n)
    x, y = generator.normal(size=(n, 2)), generator.normal(size=(n, 2)) + 1
    a, cost = np.full(n, 1 / n), cdist(x, y)
    calls = {
        "ours": (lambda: earth_movers_distance(x, y).cost, repeats),
        "ot.emd": (lambda: np.vdot(ot.emd(a, a, cost, numItermax=10_000_000), cost), repeats),
        "linprog": (lambda: linear_programme(a, a, cost), 1 if with_linprog else 0),
        "ours, line": (lambda: wasserstein_1d(x[:, 0], y[:, 0]), 50),
        "scipy, line": (lambda: wasserstein_distance(x[:, 0], y[:, 0]), 50),
    }
    seconds = {name: [] for name in calls}
    values = {name: call() for name, (call, times) in calls.items() if times}
    np.testing.assert_allclose(values["ours, line"], values["scipy, line"], rtol=1e-9)
    for name in ("ot.emd", "linprog"):
        np.testing.assert_allclose(values.get(name, values["ours"]), values["ours"], rtol=1e-7)
    for turn in range(max(times for _, times in calls.values())):
        for name, (call, times) in calls.items():
            if turn < times:
                start = time.perf_counter()
                call()
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(taken) for name, taken in seconds.items() if taken}


def slope(results, name):
    points = [(n, row[name]) for n, row in results.items() if name in row]
    return np.polyfit(*np.log(np.transpose(points)), 1)[0] if len(points) > 1 else float("nan")


def cell(value, scale, digits):
    return "-".rjust(14) if value is None else f"{value * scale:14.{digits}f}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 300, 1000, 3000])
    parser.add_argument("--linprog-limit", type=int, default=300, help="largest n that linprog is asked for")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--save", type=Path, help="also write the JSON to this file")
    options = parser.parse_args()

    print("milliseconds".ljust(14) + "".join(name.rjust(14) for name in COLUMNS) + "overhead".rjust(14))
    results = {}
    for n in options.sizes:
        results[n] = row = measure(n, options.repeats, n <= options.linprog_limit)
        overhead = f"{100 * (row['ours'] / row['ot.emd'] - 1):.1f} %".rjust(14)
        print(
            f"n = {n}".ljust(14) + "".join(cell(row.get(name), 1e3, 3) for name in COLUMNS) + overhead,
            flush=True,
        )
    slopes = {name: slope(results, name) for name in COLUMNS}
    print("slope".ljust(14) + "".join(cell(slopes[name], 1, 2) for name in COLUMNS))

    claims = {}
    if 1000 in results:
        overhead = results[1000]["ours"] / results[1000]["ot.emd"] - 1
        claims["overhead"] = {"value": overhead, "limit": MAX_OVERHEAD, "holds": overhead <= MAX_OVERHEAD}
    if 3000 in results:
        speedup = results[3000]["ours"] / results[3000]["ours, line"]
        claims["line"] = {"value": speedup, "limit": MIN_SPEEDUP, "holds": speedup >= MIN_SPEEDUP}
    where = {
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python "
        f"{platform.python_version()}, POT {ot.__version__}",
        "date": date.today().isoformat(),
    }
    report = {"benchmark": "transport", **where, "seconds": results, "slopes": slopes, "claims": claims}
    print(json.dumps(report))
    if options.save:
        write_json(options.save, report)
    return 0 if all(claim["holds"] for claim in claims.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
