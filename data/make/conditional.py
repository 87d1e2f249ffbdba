"""Train the conditional generators that ship: data/checkpoints/cgan_generator.safetensors and that of cgan-attributes.

    OMP_NUM_THREADS=1 COURSE_DATA=/folder/with/mnist python data/make/conditional.py cgan cgan-attributes directions

Recipes of course_utils.gan on MNIST's training pictures, seed 0. Of "cgan" the run is recorded besides,
data/runs/cgan.npz: ten latents, each as all ten digits, at forty moments; the Fréchet distance to MNIST's 10,000 test
pictures, from as many pictures of the same digits; and the share of them in which the course's classifier sees the
digit that was asked for. Some three minutes each on one core. What is measured chooses nothing. "directions" are those
of both generators' styles, as style_directions finds them in a quarter of a second, in
data/checkpoints/style_directions.safetensors: the app of lesson 11 opens without it.
"""

import argparse

import numpy as np
import torch
from course_utils.datasets import load_mnist
from course_utils.gan import AdversarialTrainer, load_generator, metrics, save_generator
from course_utils.gan.conditional import style_directions
from course_utils.recording import RunRecorder, schedule
from course_utils.runtime import REPOSITORY, describe_machine
from safetensors.torch import save_file

HANDS, MOMENTS = 10, 40
EVALUATED = (0, 250, 500)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", choices=("cgan", "cgan-attributes", "directions"))
    parser.add_argument("--steps", type=int, default=1_000)
    options = parser.parse_args()
    recipes = [name for name in options.names if name != "directions"]
    if recipes:
        ship_generators(recipes, options.steps)
    if "directions" in options.names:
        found = {name: style_directions(load_generator(name, "cpu")) for name in ("cgan", "cgan-attributes")}
        save_file(
            {name: way.contiguous() for name, way in found.items()},
            REPOSITORY / "data" / "checkpoints" / "style_directions.safetensors",
        )


def ship_generators(names: list[str], steps: int) -> None:
    train, test = load_mnist("train"), load_mnist("test")
    truth = metrics.features(test)
    for name in names:
        trainer = AdversarialTrainer(train, name, device="cpu")
        recorder = RunRecorder(trainer.recipe, title=f"{name} on MNIST, seed 0", machine=describe_machine())
        moments, evaluated = set(schedule(steps, MOMENTS).tolist()), {*EVALUATED, steps}
        z = torch.randn(HANDS, trainer.recipe.latent_dim, generator=torch.Generator().manual_seed(0))
        hands = z.repeat_interleave(10, dim=0)

        def look(step: int, trainer=trainer, recorder=recorder, hands=hands) -> None:
            recorder.add_samples(step, trainer.generate(hands), scale="symmetric")

        def measure(step: int, trainer=trainer, recorder=recorder) -> None:
            parts = np.array_split(test.labels, len(test) // 500)
            pictures = [trainer.sample(len(part), 1000 + i, part) for i, part in enumerate(parts)]
            seen = metrics.look(torch.cat(pictures), scale="symmetric")
            distance = metrics.frechet_distance(seen.features, truth)
            as_asked = float((seen.digits == test.labels).mean())
            recorder.add_evaluation(step, frechet_distance=distance, as_asked=as_asked)
            print(
                f"{trainer.recipe.name} {step:6}  distance {distance:7.1f}  as asked {as_asked:.3f}",
                flush=True,
            )

        look(0)
        measure(0)
        for step in trainer.steps(steps):
            if step in moments:
                look(step)
            if step in evaluated:
                measure(step)
        print(save_generator(trainer, REPOSITORY / "data" / "checkpoints" / f"{name}_generator.safetensors"))
        if name == "cgan":
            recorder.add_metrics(range(1, steps + 1), **trainer.history)
            print(recorder.save(REPOSITORY / "data" / "runs" / "cgan.npz"), "bytes")


if __name__ == "__main__":
    main()
