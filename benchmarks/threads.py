"""Do several kernels on one machine get along? `python benchmarks/threads.py [--rounds 3] [--store]`.

One, two and four processes at once do the work of lessons 5 and 7: steps of the recipes mlp, dcgan and wgan-gp, and
steps of style transfer at 160 pixels. Four ways to choose threads:

    spinning    all cores, and threads that wait as torch's pool does by itself
    short       all cores, and threads that give their core back soon (GOMP_SPINCOUNT=300)
    one         one thread
    ours        what course_utils/threads.py decides: how many by the size of the work, how to wait by the crowd

Every process does all the work, one kind after the other, and starts each kind when all have arrived there. Shown are
milliseconds a step, the mean over processes, the median over rounds. The claim: ours is never slower than 1.3 times the
best of the others, alone or crowded. Prints one table and one JSON line; --store merges it into
data/measured/threads.json. Seven minutes a round on two quiet cores; one with --crowds 1.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import mean, median

from course_utils.runtime import describe_machine, load_results, store_results
from course_utils.threads import LIBRARIES, WAITING, cores

LIMIT = 1.3
CROWDS = (1, 2, 4)
STEPS = {"mlp": 200, "dcgan": 40, "wgan-gp": 30, "style": 30}
WAYS = {
    "spinning": {"GOMP_SPINCOUNT": "300000", "KMP_BLOCKTIME": "200", "threads": str(cores())},
    "short": {**WAITING, "threads": str(cores())},
    "one": {**WAITING, "threads": "1"},
    "ours": {},
}


def work(name: str):
    """A function that takes one step."""
    if name == "style":
        from course_utils.pictures import sample_pictures
        from course_utils.style import StyleTransfer

        pictures = sample_pictures()
        content, style = pictures["china"](), pictures["brush_strokes"]()
        transfer = StyleTransfer(content, style, features="embedded", size=160, device="cpu")
        transfer.prepare()
        return transfer.step
    from course_utils.datasets import load_digits_stand_in
    from course_utils.gan import AdversarialTrainer

    return AdversarialTrainer(load_digits_stand_in(), name, device="cpu").step


def kernel(crowd: int, meeting: Path, scale: float) -> None:
    """What one process does; prints milliseconds a step of each kind of work."""
    times = {}
    for name, count in STEPS.items():
        step = work(name)
        for _ in range(2):
            step()
        (meeting / f"{name}.{os.getpid()}").touch()
        while len(list(meeting.glob(f"{name}.*"))) < crowd:
            time.sleep(0.02)
        n = max(1, round(count * scale))
        start = time.perf_counter()
        for _ in range(n):
            step()
        times[name] = 1000 * (time.perf_counter() - start) / n
    print(json.dumps(times))


def together(way: str, crowd: int, scale: float) -> dict[str, float]:
    """Milliseconds a step of each kind of work, the mean over that many processes at once."""
    settings = dict(WAYS[way])
    threads = settings.pop("threads", None)
    for_all = dict.fromkeys((*LIBRARIES, "COURSE_THREADS"), threads) if threads else {}
    chosen = {*WAITING, *LIBRARIES, "COURSE_THREADS", "OMP_WAIT_POLICY"}
    environment = {k: v for k, v in os.environ.items() if k not in chosen} | settings | for_all
    with tempfile.TemporaryDirectory() as meeting:
        command = [sys.executable, __file__, "--kernel", str(crowd), meeting, "--scale", str(scale)]
        processes = [
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
            for _ in range(crowd)
        ]
        said = [json.loads(process.communicate()[0].splitlines()[-1]) for process in processes]
    return {name: mean(times[name] for times in said) for name in STEPS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="so many times as many steps")
    parser.add_argument("--crowds", type=int, nargs="+", default=CROWDS, help="how many processes at once")
    parser.add_argument("--store", action="store_true", help="write data/measured/threads.json")
    parser.add_argument("--kernel", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.kernel:
        kernel(int(options.kernel[0]), Path(options.kernel[1]), options.scale)
        return
    rows, worst = [], 0.0
    print(f"{'ms a step':10} {'at once':>7}" + "".join(f"{way:>10}" for way in WAYS) + f"{'ours / best':>14}")
    for crowd in options.crowds:
        runs = {way: [] for way in WAYS}
        for _ in range(options.rounds):  # one after the other, so that what else goes on meets them all
            for way in WAYS:
                runs[way].append(together(way, crowd, options.scale))
        for name in STEPS:
            times = {way: median(run[name] for run in runs[way]) for way in WAYS}
            ratio = times["ours"] / min(ms for way, ms in times.items() if way != "ours")
            worst = max(worst, ratio)
            rows.append(
                {"work": name, "at_once": crowd, "rounds": options.rounds, "ms": times, "ratio": ratio}
            )
            print(
                f"{name:10} {crowd:7}" + "".join(f"{ms:10.1f}" for ms in times.values()) + f"{ratio:14.2f}",
                flush=True,
            )
    claim = {"worst_ratio": worst, "limit": LIMIT, "holds": worst <= LIMIT}
    result = {
        "benchmark": "threads",
        "machine": describe_machine(),
        "rows": rows,
        "claim": claim,
    }
    print(json.dumps(result))
    if options.store:
        with suppress(FileNotFoundError):  # what other crowds did in an earlier run stays
            kept = load_results("threads")["rows"]
            rows += [row for row in kept if row["at_once"] not in options.crowds]
        rows.sort(key=lambda row: row["at_once"])
        worst = max(row["ratio"] for row in rows)
        result["claim"] |= {"worst_ratio": worst, "holds": worst <= LIMIT}
        store_results("threads", result)


if __name__ == "__main__":
    main()
