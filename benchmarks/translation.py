"""What unpaired translation learns where the truth is known: `python benchmarks/translation.py [PART ...] [--store]`.

    swap      3s and 7s against inverted 3s and 7s, recipe "cycle": which map is learnt
    repairs   the same with one thing more each: identity loss, DTN's five tricks, each alone and all together, a local
              network, a transport cost; control: nothing more, as many steps
    colour    coloured digits against grey ones, "cycle-conv": what F reads from G(x), and from the true grey one
    outline   digits against outlines of other digits, "cycle-conv": a cycle beside the error to the truth
    invented  3s, 7s and 8s against inverted 3s and 7s: what becomes of the kind that y lacks; control: no 8s
    plane     four modes and the same ones turned by 30 degrees, "cycle-points": which of 24 matchings is learnt;
              with a transport cost, and with the identity loss

Chosen before the runs, that of colour after a run of 800 steps, which had been too short: G had lost every third digit.
A map has *kept* the labels where a judge that knows neither domain reads more than 0.8 of either kind as what they
were, and *swapped* them where it reads more than 0.8 of either as the other. A cycle is *good* where its error is below
half of that of the mean picture of x. Information is *hidden* where F finds more than half of the colour (share > 0.5)
in G(x), and less than a tenth in the true picture. A kind is *invented* where more than a tenth of what F makes of
a y is read as it, and less than 0.02 in the control. A term *selects* a matching where at least nine of ten seeds end
there. A repair *works* where all its seeds have kept the labels.

Trials on seeds 100 to 102 had chosen rates and sizes. All train on MNIST's training pictures but the last 2,000, and
are marked on 3s and 7s among these (422), or on 500 of them. Each part and seed is merged into
data/measured/translation.json, from which rows of another number of steps go. ``--ship`` writes what ships besides: the
translators of swap (translation-swap-SEED), of seed 0 those of colour and of outline, of seed 1 those of f-constancy
with an f that reads both (-constancy); and a recording of swap, seed 1, rows x, G(x) and F(G(x)). Prints one table and
one JSON line.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import torch
from course_utils import translation
from course_utils.attacks import load_digit_network
from course_utils.datasets import load_mnist
from course_utils.gan.metrics import load_classifier
from course_utils.recording import RunRecorder, schedule
from course_utils.runtime import REPOSITORY, describe_machine, load_results, store_results
from course_utils.translation import CycleTrainer, Domains, save_translation
from torch import nn

KINDS = (3, 7)
MOMENTS, SHOWN, MARKED = 16, 8, 500
SHIP = False
STEPS = {"swap": 1_000, "repairs": 700, "colour": 2_000, "outline": 300, "invented": 700, "plane": 600}
SEEDS = {"plane": range(10)}  # of the others 0 to 2
PLANE = {
    "cycle alone": {},
    "transport cost 1": {"transport_weight": 1.0},
    "identity 5": {"identity_weight": 5.0},
}

# way: what the domains are, the recipe, its settings, and whether f reads both domains (None: there is no f)
REPAIRS: dict[str, tuple[dict[str, Any], str, dict[str, Any], bool | None]] = {
    "nothing": ({}, "cycle", {}, None),
    "identity loss (CycleGAN)": ({}, "cycle-identity", {}, None),
    "source includes target": ({"mixed": True}, "cycle", {}, None),
    "identity, source includes target": ({"mixed": True}, "cycle-identity", {}, None),
    "three-class game": ({}, "cycle", {"game": "three-class"}, None),
    "given encoder": ({}, "cycle", {"given_encoder": True}, False),
    "f-constancy, f knows x only": ({}, "cycle", {"constancy_weight": 5.0}, False),
    "f-constancy, f reads both": ({}, "cycle", {"constancy_weight": 5.0}, True),
    "all of DTN, f knows x only": ({"mixed": True}, "dtn", {}, False),
    "all of DTN, f reads both": ({"mixed": True}, "dtn", {}, True),
    "local network": ({}, "cycle-conv", {}, None),
    "transport cost": ({}, "cycle", {"transport_weight": 1.0}, None),
}


@cache
def judge() -> nn.Module:
    """The classifier of lesson 5b: it has seen white digits on black, and none of these networks."""
    return load_classifier("cpu")


def trained(
    domains: Domains, recipe: str, seed: int, steps: int, name: str = "", **settings: Any
) -> tuple[CycleTrainer, float]:
    """A trainer after so many steps, and the seconds of this process that they took; with --ship under this name."""
    trainer = CycleTrainer(domains, recipe, device="cpu", seed=seed, **settings)
    recorder = RunRecorder(trainer.recipe, title=f"{name} on MNIST, seed {seed}", machine=describe_machine())
    moments = set(schedule(steps, MOMENTS).tolist()) if SHIP and name == "swap-1" else set()
    x, start = domains.held_out()[0][:SHOWN], time.process_time()
    for step in trainer.steps(steps):
        if step in moments:
            with torch.no_grad():
                g, f = trainer.forward_map, trainer.backward_map
                recorder.add_evaluation(step, **translation.mark(g, f, domains)._asdict())
                recorder.add_samples(step, torch.cat([x, g(x), f(g(x))]).numpy(), scale="symmetric")
    seconds = time.process_time() - start
    if SHIP and name:
        save_translation(trainer, REPOSITORY / "data" / "checkpoints" / f"translation-{name}.safetensors")
    if moments:
        recorder.save(REPOSITORY / "data" / "translation" / f"{name}.npz")
    return trainer, seconds


def few(domains: Domains) -> Domains:
    """The same, marked on fewer samples: convolutions take their time."""
    return replace(domains, test=domains.test[:MARKED], labels=domains.labels[:MARKED])


def marks(trainer: CycleTrainer, domains: Domains) -> dict[str, Any]:
    """Errors, beside what costs nothing, and the error of the mean picture of x, for the cycle."""
    found = translation.mark(trainer.forward_map, trainer.backward_map, domains)
    x, _ = domains.held_out()
    unit = 2 if domains.pictures else 1
    guess = (x - x.mean(0, keepdim=True)).abs().mean().item() / unit
    return {**found._asdict(), "mean_x": guess, "baselines": translation.baselines(domains)}


def read(trainer: CycleTrainer, domains: Domains) -> dict[str, Any]:
    """What the judge reads: of G(x), and whether F brings the label back."""
    g, f = trainer.forward_map, trainer.backward_map
    there = translation.moves(g, domains, judge(), KINDS)
    back = Domains(
        domains.x, domains.x, lambda x: x, domains.test, domains.labels, digit_of_y=domains.digit_of_x
    )
    round_trip = translation.moves(lambda x: f(g(x)), back, judge(), KINDS)
    return {"moves": there.round(4).tolist(), "round_trip": round_trip.round(4).tolist()}


def verdict(moves: list[list[float]]) -> str:
    """kept, swapped or mixed, by the rule above."""
    (a, b), (c, d) = moves
    return "kept" if min(a, d) > 0.8 else "swapped" if min(b, c) > 0.8 else "mixed"


# ---------------------------------------------------------------------- the parts


def swap(seed: int, steps: int) -> list[dict]:
    """One run of the plain recipe."""
    return [one_way("nothing", {}, "cycle", {}, None, seed, steps, f"swap-{seed}")]


def one_way(
    way: str,
    where: dict,
    recipe: str,
    settings: dict,
    both: bool | None,
    seed: int,
    steps: int,
    name: str = "",
) -> dict[str, Any]:
    domains = translation.inverted(load_mnist("train"), KINDS, seed=seed, **where)
    encoder = None
    if both is not None:
        encoder = translation.GivenEncoder(load_digit_network("cnn", "cpu"), domains, both=both)
    trainer, seconds = trained(domains, recipe, seed, steps, name, encoder=encoder, **settings)
    found = {**marks(trainer, domains), **read(trainer, domains)}
    return {
        "way": way,
        "seed": seed,
        "steps": steps,
        "seconds": seconds,
        **found,
        "map": verdict(found["moves"]),
    }


def repairs(seed: int, steps: int) -> Iterator[dict]:
    names = {"f-constancy, f reads both": "constancy"} if seed == 1 else {}
    return (one_way(way, *how, seed, steps, names.get(way, "")) for way, how in REPAIRS.items())


def colour(seed: int, steps: int) -> list[dict]:
    domains = few(translation.coloured(load_mnist("train"), seed=seed))
    trainer, seconds = trained(domains, "cycle-conv", seed, steps, "colour" if seed == 0 else "")
    g, f = trainer.forward_map, trainer.backward_map
    row = {"seed": seed, "steps": steps, "seconds": seconds, **marks(trainer, domains)}
    kept = translation.moves(g, domains, judge(), range(10))
    row["kept"] = float(np.nanmean(np.diag(kept)))
    hidden = translation.hidden_information(g, f, domains)
    row |= {
        "hidden": hidden._asdict(),
        "share": hidden.share,
        "true_share": 1 - hidden.true / hidden.constant,
    }
    row["probes"] = {
        name: translation.hidden_information(g, f, domains, probe).translated
        for name, probe in translation.PROBES.items()
    }
    return [row]


def outline(seed: int, steps: int) -> list[dict]:
    domains = few(translation.outlined(load_mnist("train"), seed=seed))
    trainer, seconds = trained(domains, "cycle-conv", seed, steps, "outline" if seed == 0 else "")
    return [{"seed": seed, "steps": steps, "seconds": seconds, **marks(trainer, domains)}]


def invented(seed: int, steps: int) -> list[dict]:
    """What F makes of pictures of y, which show 3s and 7s only, and what G makes of the 8s."""
    rows = []
    for more in ((8,), ()):
        domains = translation.inverted(load_mnist("train"), KINDS, only_x=more, seed=seed)
        trainer, seconds = trained(domains, "cycle", seed, steps)
        kinds = (*KINDS, 8)
        x, _ = domains.held_out()
        shared = np.isin(domains.labels, KINDS)
        y = Domains(
            domains.x,
            domains.y,
            domains.known,
            x[shared],
            domains.labels[shared],
            domains.digit_of_x,
            domains.digit_of_y,
        )
        back = translation.moves(trainer.backward_map, y, judge(), kinds, back=True)
        there = translation.moves(trainer.forward_map, domains, judge(), kinds)
        rows.append({
            "only_x": list(more), "seed": seed, "steps": steps, "seconds": seconds, **marks(trainer, domains),
            "back": back.round(4).tolist(), "moves": np.nan_to_num(there, nan=-1).round(4).tolist(),
            "invented": float(back[:2, 2].mean()),
        })  # fmt: skip
    return rows


def plane(seed: int, steps: int) -> list[dict]:
    rows = []
    for way, settings in PLANE.items():
        domains = translation.clouds()
        trainer, seconds = trained(domains, "cycle-points", seed, steps, **settings)
        found = translation.found_matching(trainer.forward_map, domains)
        errors = translation.mark(trainer.forward_map, trainer.backward_map, domains)
        rows.append({
            "way": way, "seed": seed, "steps": steps, "seconds": seconds, "order": list(found.order),
            "purity": found.purity, "matched": found.matching is not None, "cycle": errors.cycle,
            "cost": None if found.matching is None else found.matching.cost,
        })  # fmt: skip
    return rows


PARTS: dict[str, Callable[[int, int], Iterable[dict]]] = {
    "swap": swap, "repairs": repairs, "colour": colour, "outline": outline, "invented": invented, "plane": plane,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; none: all")
    parser.add_argument("--seeds", type=int, nargs="+", help="default: as in SEEDS, else 0 to 2")
    parser.add_argument("--steps", type=int, help="default: STEPS of each part")
    parser.add_argument("--ways", nargs="+", default=[""], help="of repairs: those with one of these parts")
    parser.add_argument(
        "--ship", action="store_true", help="write the translators and the recording that ship"
    )
    parser.add_argument("--store", action="store_true", help="merge into data/measured/translation.json")
    options = parser.parse_args()
    global SHIP
    SHIP = options.ship
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no part {unknown}; there are {', '.join(PARTS)}")
    for way in [way for way in REPAIRS if not any(part in way for part in options.ways)]:
        del REPAIRS[way]
    result: dict[str, Any] = {}
    with suppress(FileNotFoundError):
        result = load_results("translation")
    result |= {"benchmark": "translation", "machine": describe_machine()}
    for part in options.parts or PARTS:
        for seed in options.seeds if options.seeds is not None else SEEDS.get(part, range(3)):
            for row in PARTS[part](seed, options.steps or STEPS[part]):
                said = ", ".join(f"{name} {shown(value)}" for name, value in row.items())
                print(f"{part}:", said, flush=True)
                result[part] = merged(result.get(part, []), row)
                if options.store:
                    store_results("translation", result)
    print(json.dumps(result))


def merged(old: list[dict], new: dict) -> list[dict]:
    """What was measured with as many steps, with the new row in the place of an older one."""
    kept = (row for row in [*old, new] if row["steps"] == new["steps"])
    rows = {(row["seed"], row.get("way"), str(row.get("only_x"))): row for row in kept}
    return sorted(rows.values(), key=lambda row: (str(row.get("way", "")), row["seed"]))


def shown(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} {shown(v)}" for k, v in value.items()) + "}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
