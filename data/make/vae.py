"""Train the autoencoders that ship: data/checkpoints/vae-2.safetensors, vae-20.safetensors and two with another beta.

    OMP_NUM_THREADS=1 COURSE_DATA=/folder/with/mnist python data/make/vae.py vae-2 vae-20
    OMP_NUM_THREADS=1 COURSE_DATA=/folder/with/mnist python data/make/vae.py vae-2 --beta 0.25

The recipes of course_utils.vae at their ``full_steps``, seed 0, rates falling to zero in a straight line; with --beta
another weight of the KL term, and a name that says so. MNIST's last 1,000 training pictures stay aside, so that a
lesson can encode pictures that no model has seen. Of vae-2 a run is recorded besides, data/vae/vae-2.npz: the plane of
digits at thirty moments, and both terms of the bound on the pictures that were left aside. About five minutes each on
one core. What was left aside chooses nothing.
"""

import argparse

import torch
from course_utils.datasets import load_mnist
from course_utils.datasets.scaling import to_unit
from course_utils.plots.vae import map_latents
from course_utils.recording import RunRecorder, schedule
from course_utils.runtime import REPOSITORY, describe_machine
from course_utils.vae import RECIPES, VAETrainer, binarise, elbo, save_vae

SIDE = 12  # digits across the map
HELD_OUT = 1000
MOMENTS = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", choices=RECIPES)
    parser.add_argument("--steps", type=int, help="default: the recipe's full_steps")
    parser.add_argument("--beta", type=float, default=1.0)
    options = parser.parse_args()
    pixels = load_mnist("train").pixels
    grey = to_unit(torch.from_numpy(pixels[-HELD_OUT:]).flatten(1), "bytes", torch.float32)
    held_out = binarise(grey, torch.Generator().manual_seed(0))
    latents = torch.from_numpy(map_latents(SIDE))
    for recipe in options.names:
        steps = options.steps or RECIPES[recipe].full_steps
        trainer = VAETrainer(pixels[:-HELD_OUT], recipe, device="cpu", decay_steps=steps, beta=options.beta)
        name = recipe + f"-beta-{options.beta:g}" * (options.beta != 1)
        recorded = name == "vae-2"
        recorder = RunRecorder(trainer.recipe, title=f"{name} on MNIST, seed 0", machine=describe_machine())
        moments = set(schedule(steps, MOMENTS).tolist())

        @torch.no_grad()
        def look(step: int, trainer=trainer, recorder=recorder, name=name, recorded=recorded) -> None:
            terms = elbo(trainer.model, held_out, generator=torch.Generator().manual_seed(1))
            reconstruction, kl = (term.mean().item() for term in terms)
            recorder.add_evaluation(step, reconstruction=reconstruction, kl=kl, elbo=reconstruction - kl)
            if recorded:
                recorder.add_samples(
                    step, trainer.model.decode(latents).view(-1, 28, 28).numpy(), scale="unit"
                )
            print(
                f"{name} {step:6}  ELBO {reconstruction - kl:8.2f} = {reconstruction:8.2f} - {kl:6.2f}",
                flush=True,
            )

        look(0)
        for step in trainer.steps(steps):
            if step in moments:
                look(step)
        print(save_vae(trainer, REPOSITORY / "data" / "checkpoints" / f"{name}.safetensors"))
        if recorded:
            print(recorder.save(REPOSITORY / "data" / "vae" / "vae-2.npz"), "bytes")


if __name__ == "__main__":
    main()
