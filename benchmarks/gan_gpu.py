"""What only a GPU can show: steps per second of "dcgan", and that none of them waits; for benchmarks/gan.py."""

import time

from gan_cases import SEED
from timing import spread

import torch
from course_utils.datasets import Images
from course_utils.gan import AdversarialTrainer
from course_utils.gan.adversarial import AdversarialLoop
from torch.profiler import ProfilerActivity, profile


def on_gpu(images: Images) -> dict:
    """Steps per second of "dcgan" with and without a captured graph, and how often the profiler sees a wait."""
    if not torch.cuda.is_available():
        print("\ndcgan on a GPU: not run: no GPU")
        return {"not run": "no GPU"}
    card, results = torch.cuda.get_device_name(), {}
    for precision in ("float32", "bfloat16"):
        for graph in (True, False):
            trainer = AdversarialTrainer(images, "dcgan", device="cuda", seed=SEED, precision=precision)
            trainer.graph.enabled = graph
            rates = []
            for _ in range(6):
                torch.cuda.synchronize()
                start = time.perf_counter()
                for _ in range(500):
                    trainer.step()
                torch.cuda.synchronize()
                rates.append(500 / (time.perf_counter() - start))
            name = f"{precision}, {'graph' if graph else 'eager'}"
            results[name] = spread(rates[1:]) | {"waits": waits(trainer)}
            row = results[name]
            print(f"dcgan on {card}, {name}: {row['median']:.0f} steps/s, {row['waits']} waits in 50 steps")
    best = results["float32, graph"]
    holds = best["median"] >= 2000 and best["waits"] == 0
    return {
        "card": card,
        "results": results,
        "claim": {"steps_per_second": best["median"], "limit": 2000, "holds": holds},
    }


def waits(trainer: AdversarialLoop) -> int:
    """How often, in 50 steps, the CPU waited for the GPU or fetched something from it."""
    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
        with torch.profiler.record_function("fifty steps"):
            for _ in range(50):
                trainer.step()
    steps = next(event for event in seen.events() if event.name == "fifty steps")
    return sum(
        ("Synchronize" in event.name or "DtoH" in event.name)
        and steps.time_range.start <= event.time_range.start <= steps.time_range.end
        for event in seen.events()
    )
