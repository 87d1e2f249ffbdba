"""What lesson 9's autoencoder can and cannot do: `python benchmarks/vae.py [PART ...] [--seeds 0 1 2] [--store]`.

    equal    on MNIST, VAE (recipe vae-20) against GAN (recipe dcgan) after equal seconds of one core: Fréchet distance
             in this project's classifier over 10,000 samples, and sharpness, the share of a picture's power above
             0.25 cycles per pixel. "drawn": black and white pixels drawn from the decoder's probabilities
    shipped  the same of the VAE and the GAN that ship, 20,000 and 19,000 steps
    ring     the same question on the ring of eight Gaussians, with networks of the same widths: modes covered, points
             within three deviations of a mode, and points between the modes, further than a quarter of the way to the
             next one from every mode. Three deviations are 0.06 here, so "wide" counts the modes once more within that
             quarter, 0.38, and "least" is the share of the emptiest, 1 for its own. "warm": the weight of the KL term
             rises from 0 to 1 over 2,000 steps
    beta     both terms of the bound, and active units, for weights beta of the KL term, after --steps (2,000)
    bounds   how far the ELBO lies below log p(x): the importance-weighted bound of what ships, and with two latents
             log p(x) itself by quadrature

Seconds are those of the process, so that work beside it takes none away. A latent is active when the variance of its
posterior mean over test pictures exceeds 0.01 (Burda et al. 2016). Each part, seed and length is merged into
data/measured/vae.json, so that they can be run one after the other. Needs MNIST; of a seed "equal" and "beta" take
two minutes each on one core, "ring" one and a half. Prints one table and one JSON line.
"""

import argparse
import json
from contextlib import suppress
from functools import cache, partial

from timing import after

import numpy as np
import torch
from course_utils import toy
from course_utils.datasets import load_mnist
from course_utils.datasets.scaling import to_unit
from course_utils.gan import AdversarialTrainer, PointTrainer, load_generator, metrics
from course_utils.runtime import describe_machine, load_results, store_results
from course_utils.vae import (
    VAE,
    VAETrainer,
    binarise,
    elbo,
    importance_weighted_bound,
    load_vae,
    log_evidence_on_grid,
)

SECONDS, RING_SECONDS = (20, 40), (5, 15, 30)
BETAS = (0.1, 1, 4, 20)
SAMPLES = (1, 10, 100, 1000)
JUDGED, BOUNDED, GRID = 10_000, 200, 401
WARM_UP = 2_000  # steps
SHOWN = 600  # points that a lesson draws
TOLERANCE = 0.1  # of a posterior's mass on the grid
BLOCK = 100  # pictures on the grid at a time
ACTIVE = 0.01


def sharpness(pictures: np.ndarray) -> float:
    """The mean share of a picture's power, its mean taken off, at frequencies above 0.25 cycles per pixel."""
    pictures = pictures.reshape(-1, 28, 28).astype(float)
    power = np.abs(np.fft.fft2(pictures - pictures.mean((1, 2), keepdims=True))) ** 2
    across = np.fft.fftfreq(28)
    high = np.hypot(across[:, None], across) > 0.25
    return float((power[:, high].sum(1) / power.sum((1, 2)).clip(1e-12)).mean())


def drawn(pictures: np.ndarray) -> np.ndarray:
    """Black and white pixels with the greys in [0, 1] as probabilities."""
    return binarise(torch.from_numpy(pictures).float(), torch.Generator().manual_seed(0)).numpy()


# ---------------------------------------------------------------------- pictures


@cache
def real() -> tuple[np.ndarray, list[dict]]:
    """What the classifier sees in the test pictures, and their rows."""
    test = load_mnist("test").pixels[:JUDGED]
    rows = [("real", 0.0, sharpness(test)), ("real, drawn", None, sharpness(drawn(test / 255)))]
    names = ("model", "frechet", "sharpness")
    return metrics.features(test), [{"seconds": 0, **dict(zip(names, row, strict=True))} for row in rows]


def equal(seed: int) -> list[dict]:
    """VAE and GAN after SECONDS of training each."""
    train = load_mnist("train")
    features, rows = real()
    rows = [{"seed": seed, **row} for row in rows]
    for model, make in {"VAE": VAETrainer, "GAN": AdversarialTrainer}.items():
        trainer = make(train, device="cpu", seed=seed)
        for seconds in after(SECONDS, trainer.step):
            pictures = np.concatenate([trainer.sample(500, seed=i) for i in range(max(1, JUDGED // 500))])
            row = {"seed": seed, "seconds": seconds, "steps": trainer.done}
            seen = metrics.features(pictures, scale="symmetric")
            distance = metrics.frechet_distance(seen, features)
            rows.append({**row, "model": model, "frechet": distance, "sharpness": sharpness(pictures)})
            if model == "VAE":
                sharp = sharpness(drawn((pictures + 1) / 2))
                rows.append({**row, "model": "VAE, drawn", "frechet": None, "sharpness": sharp})
    return rows


@torch.no_grad()
def shipped(seed: int) -> list[dict]:
    """The same of those that ship, after some 20,000 steps each."""
    vae, generator = load_vae("vae-20", "cpu"), load_generator("dcgan", "cpu")
    random = torch.Generator().manual_seed(seed)
    makers = {
        "VAE": lambda n: 2 * vae.decode(torch.randn(n, vae.latent_dim, generator=random)) - 1,
        "GAN": lambda n: generator(torch.randn(n, generator.latent_dim, generator=random)),
    }
    features, _ = real()
    rows = []
    for model, make in makers.items():
        pictures = torch.cat([make(500).view(-1, 1, 28, 28) for _ in range(max(1, JUDGED // 500))]).numpy()
        distance = metrics.frechet_distance(metrics.features(pictures, scale="symmetric"), features)
        rows.append({"model": model, "seed": seed, "frechet": distance, "sharpness": sharpness(pictures)})
    return rows


# ---------------------------------------------------------------------- the ring


class RingVAE:
    """A VAE with a Gaussian likelihood on points of the plane; widths and minibatches as of ``PointTrainer``."""

    def __init__(self, ring: toy.GaussianMixture, seed: int, warm_up: int = 0):
        torch.manual_seed(seed)
        self.warm_up = warm_up  # steps over which the weight of the KL term rises to 1 (Bowman et al. 2015)
        self.ring, self.draws = ring, np.random.default_rng(seed)
        self.random = torch.Generator().manual_seed(seed)
        self.model = VAE(2, (64, 64), likelihood="gaussian", data_dim=2)
        self.optimizer = torch.optim.Adam(self.model.parameters(), 2e-3)
        self.done = 0

    def step(self) -> None:
        x = torch.from_numpy(self.ring.sample(128, self.draws)).float()
        reconstruction, kl = elbo(self.model, x, generator=self.random)
        self.optimizer.zero_grad()
        weight = min(1.0, self.done / self.warm_up) if self.warm_up else 1.0
        (weight * kl - reconstruction).mean().backward()
        self.optimizer.step()
        self.done += 1

    @torch.no_grad()
    def kl(self) -> float:
        """The mean of the KL term on fresh points, in nats: 0 where the posterior has collapsed."""
        x = torch.from_numpy(self.ring.sample(1000, np.random.default_rng(0))).float()
        return elbo(self.model, x)[1].mean().item()

    @torch.no_grad()
    def sample(self, n: int, seed: int) -> torch.Tensor:
        """x ~ p(x|z) with z ~ N(0, I)."""
        random = torch.Generator().manual_seed(seed)
        numbers = self.model.decoder(torch.randn(n, 2, generator=random))
        noise = torch.randn(n, 2, generator=random)
        return numbers[:, :2] + (numbers[:, 2:] / 2).exp() * noise


def on_the_ring(seed: int) -> list[dict]:
    """VAE and GAN after RING_SECONDS each, and the ring's own points."""
    ring, rows = toy.ring(), []
    apart = np.linalg.norm(ring.modes[0] - ring.modes[1])

    def judge(model: str, points: np.ndarray, **about: float) -> None:
        covered = metrics.mixture_coverage(points, ring)
        away = np.linalg.norm(points[:, None] - ring.modes, axis=2).min(1)
        row = {
            "model": model,
            "seed": seed,
            "seconds": 0,
            **about,
            "modes": covered.modes,
            "near": covered.near,
        }
        row["between"] = float((away > apart / 4).mean())
        loose = metrics.mixture_coverage(points, ring, deviations=apart / 4 / ring.std)
        row |= {"wide": loose.modes, "least": float(loose.shares.min() * len(ring.modes))}
        if seed == 0 and row["seconds"] in (0, RING_SECONDS[-1]):
            row["points"] = points[:SHOWN].round(2).tolist()
        rows.append(row)

    judge("ring", ring.sample(JUDGED, np.random.default_rng(seed)))
    trainers = {
        "VAE": RingVAE(ring, seed),
        "VAE, warm": RingVAE(ring, seed, WARM_UP),
        "GAN": PointTrainer(ring, device="cpu", seed=seed),
    }
    for model, trainer in trainers.items():
        for seconds in after(RING_SECONDS, trainer.step):
            points = np.asarray(trainer.sample(JUDGED, seed=0), float)
            about = {"seconds": seconds, "steps": trainer.done}
            if isinstance(trainer, RingVAE):
                about["kl"] = trainer.kl()
            judge(model, points, **about)
    return rows


# ---------------------------------------------------------------------- the bound


def held_out(n: int) -> torch.Tensor:
    """Binary test pictures (n, 784), the same every time."""
    grey = to_unit(torch.from_numpy(load_mnist("test").pixels[:n]).flatten(1), "bytes", torch.float32)
    return binarise(grey, torch.Generator().manual_seed(0))


def beta(seed: int, steps: int, betas: list[float]) -> list[dict]:
    """Both terms and the active latents, for each weight."""
    x, rows = held_out(1000), []
    for weight in betas:
        trainer = VAETrainer(load_mnist("train"), device="cpu", beta=weight, seed=seed)
        model = trainer.run(steps, progress=False).model
        with torch.no_grad():
            terms = elbo(model, x, 10, torch.Generator().manual_seed(seed))
            active = int((model.encode(x).mean.var(0) > ACTIVE).sum())
        reconstruction, kl = (term.mean().item() for term in terms)
        row = {"beta": weight, "seed": seed, "trained": steps, "reconstruction": reconstruction, "kl": kl}
        rows.append(row | {"active": active})
    return rows


def bounds(seed: int) -> list[dict]:
    """The bound on the first test pictures for more and more samples, of both that ship, and log p(x) of vae-2."""
    x, rows = held_out(BOUNDED), []
    for name in ("vae-20", "vae-2"):
        model, draw = load_vae(name, "cpu"), torch.Generator().manual_seed(seed)
        for samples in SAMPLES:
            value = importance_weighted_bound(model, x, samples, draw).mean().item()
            rows.append({"model": name, "seed": seed, "samples": samples, "bound": value})
    return [*rows, {"model": name, "seed": seed, "samples": None, "bound": on_the_grid()}]


@cache
def on_the_grid() -> float:
    """The mean of log p(x) over the same pictures by quadrature: nothing is drawn."""
    model, found = load_vae("vae-2", "cpu"), []
    for x in held_out(BOUNDED).split(BLOCK):
        # Of the narrowest of these posteriors the grid misses 5 % of the mass or so: 0.05 nats of one picture.
        found.append(log_evidence_on_grid(model, x, side=GRID, tolerance=TOLERANCE).log_evidence)
    return torch.cat(found).mean().item()


def which(row: dict) -> tuple:
    """What a new measurement of the same replaces."""
    return tuple(row.get(name) for name in ("seed", "trained", "beta"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = ("equal", "shipped", "ring", "beta", "bounds")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(parts)}; none: all")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--steps", type=int, default=2_000, help="of part beta")
    parser.add_argument("--betas", type=float, nargs="+", default=list(BETAS), help="of part beta")
    parser.add_argument("--store", action="store_true", help="merge into data/measured/vae.json")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(parts):
        parser.error(f"no part {unknown}; there are {', '.join(parts)}")
    measures = dict(
        zip(
            parts,
            (equal, shipped, on_the_ring, partial(beta, steps=options.steps, betas=options.betas), bounds),
            strict=True,
        )
    )
    found = {
        part: [row for seed in options.seeds for row in measures[part](seed)]
        for part in options.parts or parts
    }
    for part, rows in found.items():
        for row in rows:
            numbers = {name: value for name, value in row.items() if name != "points"}
            said = (
                f"{name} {v:.4g}" if isinstance(v, float) else f"{name} {v}" for name, v in numbers.items()
            )
            print(f"{part}:", ", ".join(said))
    result = {"benchmark": "vae", "machine": describe_machine(), "judged": JUDGED, "bounded": BOUNDED}
    old = {}
    with suppress(FileNotFoundError):
        old = load_results("vae")
    for part in parts:
        new = found.get(part, [])
        done = {which(row) for row in new}
        kept = [row for row in old.get(part, []) if which(row) not in done]
        result[part] = sorted(kept + new, key=lambda row: (row.get("trained", 0), row["seed"]))
    print(json.dumps(result))
    if options.store:
        store_results("vae", result)


if __name__ == "__main__":
    main()
