"""What else a critic can be, measured: `python benchmarks/family.py [PART ...] [--seeds 0 1 2] [--store]`.

    digits      one small network of pictures and many kinds of critic on MNIST: at moments of the training the Fréchet
                distance of 2,000 pictures, modes, entropy of the digits and sharpness; of autoencoders also the error
                of real pictures, L(G)/L(x), k and the measure M, each the mean of the last 200 steps
    tips        the same network after ganhacks' tips (L3), or against them, one at a time
    ali         ALI in the plane, on the ring, beside a GAN whose encoder is fitted afterwards to (G(z), z): modes, W1;
                of real points that were encoded and decoded, how many are back in their mode, and how far they are
                from where they were; how far the codes are from the prior
    aae         lesson 9's autoencoder with two latents, its KL term against a discriminator of latents (two priors):
                reconstruction of test digits, Fréchet distance of draws, and how far the codes are from the prior
                (energy distance of 2,000 codes and 2,000 draws; "floor": of draws and draws)
    resolution  7x7 to 28x28: bicubic, and the losses of course_utils.gan.upscale: PSNR, Fréchet distance, sharpness,
                error after shrinking again, and digits that became others: named otherwise, and surely (0.9), by a
                classifier that named the original rightly and took no part in the training

Sharpness is the share of a picture's power above 0.25 cycles per pixel, over that of real test pictures. Each run goes
into data/measured/family.json as soon as it is done (--store), and is not repeated. Needs MNIST. Prints one table and
one JSON line.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from itertools import product
from typing import Any

from family_ways import CRITICS, TIPS, Inference, Way, fit_encoder

import numpy as np
import torch
from course_utils import runtime, transport
from course_utils.attacks import load_digit_network
from course_utils.datasets import Images, load_mnist
from course_utils.datasets.scaling import to_symmetric, to_unit
from course_utils.gan import PointTrainer, metrics
from course_utils.gan.upscale import UpscaleTrainer, bicubic, psnr, save_upscaler, shrink
from course_utils.runtime import describe_machine, load_results, store_results
from course_utils.toy import ring
from course_utils.vae import AAETrainer, VAETrainer, binarise, save_vae
from scipy.spatial.distance import cdist

SHIPPED = {  # row of seed 0 -> the file that ships
    "AAE": "aae-2",
    "AAE, petals": "aae-2-petals",
    "pixel": "upscaler_pixel",
    "pixel + 3 perceptual": "upscaler_perceptual",
    "+ adversarial 0.01": "upscaler_adversarial",
}
JUDGED = 2_000
LATENTS: dict[str, tuple[Callable[..., Any], str]] = {
    "VAE": (VAETrainer, "vae-2"),
    "AAE": (AAETrainer, "aae-2"),
    "AAE, petals": (AAETrainer, "aae-2-petals"),
}
CODED, LATENT_STEPS = 2_000, 2_500
LOSSES: dict[str, dict[str, float]] = {
    "pixel": {},
    "pixel + perceptual": {"perceptual_weight": 0.1},
    "pixel + 3 perceptual": {"perceptual_weight": 3.0},
    "+ adversarial 0.003": {"perceptual_weight": 0.1, "adversarial_weight": 0.003},
    "+ adversarial 0.01": {"perceptual_weight": 0.1, "adversarial_weight": 0.01},
    "+ adversarial 0.03": {"perceptual_weight": 0.1, "adversarial_weight": 0.03},
}
UPSCALE_STEPS = 1_500
SURE = 0.9
SHIP = False
RECENT, BLOCK = 200, 50  # steps: of a mean at a look, and of a point of a curve
ALI_STEPS, ENDS = 3_000, 500


# ---------------------------------------------------------------------- what real pictures are


@cache
def test() -> Images:
    return load_mnist("test")


@cache
def seen() -> metrics.Seen:
    return metrics.look(test().pixels[:JUDGED])


def sharpness(pictures: np.ndarray) -> float:
    """The mean share of a picture's power, its mean taken off, at frequencies above 0.25 cycles per pixel."""
    pictures = pictures.reshape(-1, 28, 28).astype(float)
    power = np.abs(np.fft.fft2(pictures)) ** 2
    power[:, 0, 0] = 0  # the mean
    across = np.fft.fftfreq(28)
    high = np.hypot(across[:, None], across) > 0.25
    return float((power[:, high].sum(1) / power.sum((1, 2)).clip(1e-12)).mean())


@cache
def sharpness_of_real() -> float:
    return sharpness(test().pixels[:JUDGED] / 127.5)


def judged(pictures: torch.Tensor) -> dict[str, float]:
    """Pictures in [-1, 1] beside the test pictures."""
    look = metrics.look(pictures, scale="symmetric")
    modes, entropy = metrics.mode_coverage(look.digits)
    return {
        "frechet": metrics.frechet_distance(look.features, seen().features),
        "modes": modes,
        "entropy": entropy,
        "sharpness": sharpness(pictures.numpy()) / sharpness_of_real(),
    }


def floor() -> float:
    """The Fréchet distance of as many training pictures."""
    chosen = np.random.default_rng(0).choice(60_000, JUDGED, replace=False) % len(load_mnist("train").pixels)
    return metrics.frechet_distance(metrics.features(load_mnist("train").pixels[chosen]), seen().features)


# ---------------------------------------------------------------------- the parts


def digits(seed: int, names: list[str], steps: int) -> Iterator[dict]:
    return trained(CRITICS, seed, names, steps)


def tips(seed: int, names: list[str], steps: int) -> Iterator[dict]:
    return trained(TIPS, seed, names, steps)


def trained(ways: dict[str, Way], seed: int, names: list[str], steps: int) -> Iterator[dict]:
    for name, way in ways.items():
        if name not in (names or ways):
            continue
        torch.manual_seed(seed)  # dropout draws from the global stream
        trainer = way.kind(load_mnist("train"), way.recipe, device="cpu", seed=seed, **way.settings)
        looks, start = [], time.process_time()
        spent = 0.0
        for step in sorted({min(moment, steps) for moment in way.moments}):
            trainer.run(step - trainer.done, progress=False)
            spent += time.process_time() - start
            pictures = torch.cat([trainer.sample(500, seed=1000 + i) for i in range(max(1, JUDGED // 500))])
            look = {"step": step, **judged(pictures)}
            if "balance" in trainer.history:
                history = {k: float(v[-RECENT:].mean()) for k, v in trainer.history.items()}
                look |= {"ratio": history["d_fake"] / history["d_real"], "error": -history["d_real"]}
            if "convergence" in trainer.history:
                look |= {"k": history["balance"], "M": history["convergence"]}
            looks.append(look)
            print(f"{name} seed {seed} {json.dumps(look)}", flush=True)
            start = time.process_time()
        row = {"name": name, "seed": seed, "steps": trainer.done, "seconds": spent, "looks": looks}
        yield row | ({"curves": curves(trainer.history)} if "convergence" in trainer.history else {})


def curves(history: dict[str, np.ndarray]) -> dict[str, list[float]]:
    """L(G) / L(x), k and M, each of means over 50 steps."""
    n = len(history["d_real"]) // BLOCK * BLOCK
    means = {name: values[:n].reshape(-1, BLOCK).mean(1) for name, values in history.items()}
    shown = {"ratio": means["d_fake"] / means["d_real"], "k": means["balance"], "M": means["convergence"]}
    return {name: [float(f"{value:.4g}") for value in values] for name, values in shown.items()}


def ali(seed: int, names: list[str], steps: int) -> Iterator[dict]:
    steps, random = min(steps, ALI_STEPS), torch.Generator().manual_seed(seed)
    for name in names or ALI:
        if name not in ALI:
            continue
        trainer = ALI[name](ring(), device="cpu", seed=seed).run(steps, progress=False)
        encoder = getattr(trainer.generator, "encoder", None) or fit_encoder(trainer, steps)
        modes, x = trainer.distribution.modes, trainer.distribution.sample(CODED, np.random.default_rng(seed))
        with torch.no_grad():
            codes = encoder(torch.from_numpy(x).float())
            again = trainer.generator(codes).numpy()
        made = trainer.sample(CODED, seed=seed).numpy()
        home = cdist(again, modes).argmin(1) == cdist(x, modes).argmin(1)
        draws = [latents(trainer, CODED, random) for _ in range(3)]
        yield {
            "name": name,
            "seed": seed,
            "steps": trainer.done,
            "modes": int(metrics.mixture_coverage(made, trainer.distribution)[0]),
            "w1": transport.earth_movers_distance(made[:ENDS].astype(float), x[:ENDS]).cost,
            "home": float(home.mean()),
            "again": float(np.linalg.norm(again - x, axis=1).mean()),
            "apart": energy_distance(codes.numpy(), draws[0]),
            "floor": energy_distance(draws[1], draws[2]),
        }


def aae(seed: int, names: list[str], steps: int) -> Iterator[dict]:
    x = to_unit(torch.from_numpy(test().pixels[:JUDGED]).flatten(1), "bytes", torch.float32)
    black = binarise(x, torch.Generator().manual_seed(0))
    for name in names or LATENTS:
        if name not in LATENTS:
            continue
        make, recipe = LATENTS[name]
        trainer = make(load_mnist("train"), recipe, device="cpu", seed=seed)
        trainer.run(min(steps, LATENT_STEPS), progress=False)
        if SHIP and seed == 0 and name in SHIPPED:
            save_vae(trainer, runtime.REPOSITORY / "data" / "checkpoints" / f"{SHIPPED[name]}.safetensors")
        random = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            q = trainer.best.encode(black)
            codes = q.mean if isinstance(trainer, AAETrainer) else q.sample(1, random)[0]
            nats = trainer.best.log_likelihood(black, codes).mean().item()
        pictures = torch.cat([trainer.sample(500, seed=1000 + i) for i in range(max(1, JUDGED // 500))])
        draws = [latents(trainer, CODED, random) for _ in range(3)]
        row = {"name": name, "seed": seed, "steps": trainer.done, "reconstruction": nats, **judged(pictures)}
        row["apart"] = energy_distance(codes[:CODED].numpy(), draws[0])
        row["floor"] = energy_distance(draws[1], draws[2])
        yield row


def latents(trainer: Any, n: int, random: torch.Generator) -> np.ndarray:
    if isinstance(trainer, AAETrainer):
        return trainer.prior_batch(n, random).numpy()
    return torch.randn(n, trainer.recipe.latent_dim, generator=random).numpy()


def energy_distance(x: np.ndarray, y: np.ndarray) -> float:
    """2 E|x - y| - E|x - x'| - E|y - y'|, zero only for equal distributions (Székely and Rizzo 2013); V-statistic."""
    return float(2 * cdist(x, y).mean() - cdist(x, x).mean() - cdist(y, y).mean())


def resolution(seed: int, names: list[str], steps: int) -> Iterator[dict]:
    x = to_symmetric(torch.from_numpy(test().pixels[:JUDGED, None]))
    small = shrink(x)
    maps = torch.nn.Sequential(*list(load_digit_network("cnn", "cpu"))[:4])

    def eyes(pictures: torch.Tensor) -> torch.Tensor:
        return maps((pictures + 1) / 2)

    for name in names or ["bicubic", *LOSSES]:
        if name != "bicubic" and name not in LOSSES:
            continue
        row: dict[str, Any] = {"name": name, "seed": seed}
        made = bicubic(small)
        if name in LOSSES:
            trainer = UpscaleTrainer(
                load_mnist("train"), "pixel", eyes=eyes, device="cpu", seed=seed, **LOSSES[name]
            )
            trainer.run(min(steps, UPSCALE_STEPS), progress=False)
            made = torch.cat([trainer.upscale(part) for part in small.split(500)])
            row["steps"] = trainer.done
            if SHIP and seed == 0 and name in SHIPPED:
                save_upscaler(
                    trainer, runtime.REPOSITORY / "data" / "checkpoints" / f"{SHIPPED[name]}.safetensors"
                )
        yield row | upscaled(made, x)


@torch.no_grad()
def upscaled(made: torch.Tensor, x: torch.Tensor) -> dict[str, float]:
    """Both sides of the bargain, and the digits that are others now."""
    judge = metrics.load_classifier("cpu")
    labels = torch.from_numpy(test().labels[: len(x)].astype(np.int64))
    sure, now = (torch.cat([judge(p) for p in made.split(500)])).softmax(1).max(1)
    before = torch.cat([judge(p) for p in x.split(500)]).argmax(1)
    right = before == labels
    return {
        "psnr": psnr(made, x).mean().item(),
        "again": (shrink(made) - shrink(x)).square().mean().sqrt().item(),
        "changed": (right & (now != labels)).float().mean().item(),
        "surely": (right & (now != labels) & (sure > SURE)).float().mean().item(),
        **judged(made),
    }


ALI = {"ALI": Inference, "a GAN, then an encoder": PointTrainer}
PARTS = {"digits": digits, "tips": tips, "ali": ali, "aae": aae, "resolution": resolution}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; none: all")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--names", nargs="+", default=[], help="only these rows")
    parser.add_argument("--steps", type=int, default=10**6, help="at most so many")
    parser.add_argument("--store", action="store_true", help="merge into data/measured/family.json")
    parser.add_argument(
        "--ship", action="store_true", help="also write data/checkpoints of what ships, seed 0"
    )
    options = parser.parse_args()
    global SHIP
    SHIP = options.ship
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no part {unknown}; there are {', '.join(PARTS)}")
    result: dict[str, Any] = {"benchmark": "family", **{part: [] for part in PARTS}}
    with suppress(FileNotFoundError):
        result |= load_results("family")
    result |= {"machine": describe_machine(), "judged": JUDGED, "floor": floor()}
    for part in options.parts or PARTS:
        wanted = product(options.names or names_of(part), options.seeds)
        done = {(row["name"], row["seed"]) for row in result[part]}
        for name, seed in (both for both in wanted if both not in done):
            for row in PARTS[part](seed, [name], options.steps):
                with suppress(FileNotFoundError):  # another run may have stored something in the meantime
                    if options.store:
                        stored = load_results("family")
                        result |= {name: stored.get(name, []) for name in PARTS}
                result[part] = sorted(
                    [*result[part], row], key=lambda row: (names_of(part).index(row["name"]), row["seed"])
                )
                print(part, json.dumps({k: v for k, v in row.items() if k != "looks"}), flush=True)
                if options.store:
                    store_results("family", result)
    print(json.dumps(result))


def names_of(part: str) -> list[str]:
    names = {"digits": CRITICS, "tips": TIPS, "ali": ALI, "aae": LATENTS, "resolution": ["bicubic", *LOSSES]}
    return [*names[part]]


if __name__ == "__main__":
    main()
