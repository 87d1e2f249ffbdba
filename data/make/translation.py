"""Train the translators that ship, and record one training (lesson 11b).

    export OMP_NUM_THREADS=1 COURSE_DATA=/folder/with/mnist
    python data/make/translation.py swap-0 swap-1 swap-2 constancy colour outline

The recipes of course_utils.translation on MNIST's training pictures but the last 2,000, so that a lesson can translate
pictures that no network has seen. "swap" and "constancy" are 3s and 7s against inverted ones, without and with DTN's
f-constancy, whose f reads both sides. Of swap-0 the run is recorded besides, data/translation/swap-0.npz: rows x, G(x)
and F(G(x)) of eight held-out digits at thirty moments, with both errors. What was left aside chooses nothing.
"""

import argparse
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from course_utils import translation
from course_utils.attacks import load_digit_network
from course_utils.datasets import load_mnist
from course_utils.recording import RunRecorder, schedule
from course_utils.runtime import REPOSITORY, describe_machine
from course_utils.translation import CycleTrainer, Domains, GivenEncoder, mark, save_translation

MOMENTS, SHOWN = 30, 8


class Run(NamedTuple):
    domains: Callable[..., Domains]
    recipe: str
    steps: int
    seed: int = 0
    settings: dict[str, Any] = {}  # noqa: RUF012  nobody writes into it


RUNS = {
    **{f"swap-{seed}": Run(translation.inverted, "cycle", 1_000, seed) for seed in range(3)},
    "constancy": Run(translation.inverted, "cycle", 1_000, 0, {"constancy_weight": 5.0}),
    "colour": Run(translation.coloured, "cycle-conv", 1_200),
    "outline": Run(translation.outlined, "cycle-conv", 1_200),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", choices=RUNS)
    options = parser.parse_args()
    for name in options.names:
        run = RUNS[name]
        domains = run.domains(load_mnist("train"), seed=run.seed)
        f = None
        if "constancy_weight" in run.settings:
            f = GivenEncoder(load_digit_network("cnn", "cpu"), domains, both=True)
        trainer = CycleTrainer(domains, run.recipe, encoder=f, device="cpu", seed=run.seed, **run.settings)
        recorder = RunRecorder(trainer.recipe, title=f"{name} on MNIST", machine=describe_machine())
        moments = set(schedule(run.steps, MOMENTS).tolist()) if name == "swap-0" else {run.steps}
        x, _ = domains.held_out()

        @torch.no_grad()
        def look(
            step: int, trainer=trainer, domains=domains, x=x[:SHOWN], recorder=recorder, name=name
        ) -> None:
            g, f = trainer.forward_map, trainer.backward_map
            found = mark(g, f, domains)
            print(f"{name} {step:6}  partner {found.partner:.3f}  cycle {found.cycle:.3f}", flush=True)
            if name == "swap-0":
                recorder.add_evaluation(step, **found._asdict())
                recorder.add_samples(step, torch.cat([x, g(x), f(g(x))]).numpy(), scale="symmetric")

        look(0)
        for step in trainer.steps(run.steps):
            if step in moments:
                look(step)
        print(
            save_translation(trainer, REPOSITORY / "data" / "checkpoints" / f"translation-{name}.safetensors")
        )
        if name == "swap-0":
            recorder.add_metrics(range(1, run.steps + 1), **trainer.history)
            path = REPOSITORY / "data" / "translation" / f"{name}.npz"
            path.parent.mkdir(exist_ok=True)
            print(path, recorder.save(path), "bytes")


if __name__ == "__main__":
    main()
