"""What labels and attributes change for a GAN: `python benchmarks/conditional.py [PART ...] [--seeds 0 1 2] [--store]`.

    equal       recipes dcgan, cgan (projection) and cgan-concat after equal seconds of one core: the Fréchet distance
                of 5,000 pictures to as many of MNIST's test pictures, and the share in which the judge sees the digit
                asked for (as_asked). Asked for are the labels of the test pictures; "shuffled" compares with others
    exchanged   cgan, told the labels of other pictures, for the steps that cgan took in "equal": is it the labels that
                help, or the networks that hear them?
    collapse    lesson 5b's collapse, recipe mlp with ten steps of G for one of D (a round), with labels and without,
                after 500 and 1,500 rounds (concatenation, which is not obeyed, after 500), and its control, one to one:
                modes, the entropy of the digits in nats, and "within", how varied each digit is: the variance of the
                judge's features within a digit it sees, over that of real ones
    attributes  recipe cgan-attributes (label, ink, slant) after 30 seconds, trained on all pictures, or without
                the thick sevens: those with more ink than 70 % of the sevens. Asked for are digit, ink and slant of
                2,000 test pictures: correlation of what is asked and what is measured, and the same with the
                attributes of other pictures ("shuffled"). Then the thick sevens of the test set: what ink comes, is
                it a seven, and where the ink of the sevens in training ended (edge)

The judge is the course's classifier, which no GAN sees in training; on real test pictures it is right in 99.5 %.
Chosen before any run: labels *help* if cgan's distance is smaller than dcgan's in every seed, at both times; an
attribute is *obeyed* from a correlation of 0.8 on; an unseen combination is *made* if in every seed at least 80 % are
sevens and the mean ink is nearer to what was asked than to the edge. After the runs of "equal", and before those with
exchanged labels: it is the labels that help if cgan's distance is smaller than with exchanged ones, too. Before the
runs of 1,500 rounds, and after those of 500, in which one to one had three or four digits itself: ten to one *has
collapsed* if its modes and its entropy are both lower than one to one's in every seed; then a way of telling *prevents*
that if both are no lower in any seed, and it prevents a collapse *inside* a digit if "within" is no lower. Seconds are
those of the process. Every part and seed is merged into data/measured/conditional.json. Needs MNIST; of a seed, "equal"
takes three minutes on one core, "collapse" three, "attributes" two, "exchanged" one. Prints one table and one JSON
line.
"""

import argparse
import json
from contextlib import suppress
from dataclasses import replace
from functools import cache
from typing import Any

from timing import after

import numpy as np
import torch
from course_utils.datasets import Images, load_mnist
from course_utils.gan import AdversarialTrainer, metrics
from course_utils.runtime import describe_machine, load_results, store_results

SECONDS, ATTRIBUTE_SECONDS, ROUNDS = (20, 40), 30, (500, 1_500)
RECIPES = ("dcgan", "cgan", "cgan-concat")
COLLAPSE = {  # case -> settings of recipe "mlp"
    "one to one": {},
    "one to one, projection": {"conditioning": "projection"},
    "ten to one": {"generator_steps": 10},
    "ten to one, concatenation": {"generator_steps": 10, "conditioning": "concatenation"},
    "ten to one, projection": {"generator_steps": 10, "conditioning": "projection"},
}
JUDGED, FEW = 5_000, 2_000
THICK = 0.7  # of the sevens have less ink
BLOCK = 500  # pictures at a time


@cache
def real() -> tuple[Images, metrics.Seen]:
    """The test pictures, in another order (they come sorted by writer), and what the judge sees in them."""
    test = load_mnist("test")
    order = np.random.default_rng(0).permutation(len(test))[:JUDGED]
    test = replace(test, pixels=test.pixels[order], labels=test.labels[order])
    return test, metrics.look(test)


def drawn(trainer: AdversarialTrainer, labels: np.ndarray, **attributes: np.ndarray) -> torch.Tensor:
    """One picture for each label (of a recipe without conditions: as many)."""
    pictures = []
    for start in range(0, len(labels), BLOCK):
        part = slice(start, start + BLOCK)
        asked = {name: values[part] for name, values in attributes.items()}
        asked |= {"labels": labels[part]} if trainer.recipe.conditional else {}
        pictures.append(trainer.sample(len(labels[part]), 1000 + start // BLOCK, **asked))
    return torch.cat(pictures)


def within(seen: metrics.Seen) -> dict[int, float]:
    """The variance of the features of each digit that is seen at least ten times, summed over the features."""
    digits, count = np.unique(seen.digits, return_counts=True)
    return {int(d): float(seen.features[seen.digits == d].var(0).sum()) for d in digits[count >= 10]}


# ---------------------------------------------------------------------- the four parts


def equal(seed: int) -> list[dict]:
    """The recipes after SECONDS of training each."""
    train, (test, truth) = load_mnist("train"), real()
    rows = []
    for recipe in RECIPES:
        trainer = AdversarialTrainer(train, recipe, device="cpu", seed=seed)
        for seconds in after(SECONDS, trainer.step):
            rows.append({"recipe": recipe, "seed": seed, "seconds": seconds, **judged(trainer, test, truth)})
    return rows


def exchanged(seed: int) -> list[dict]:
    """Recipe cgan, told the labels of other pictures: whatever it is told says nothing."""
    train, (test, truth) = load_mnist("train"), real()
    images = replace(train, labels=np.random.default_rng(seed).permutation(train.labels))
    trainer, rows = AdversarialTrainer(images, "cgan", device="cpu", seed=seed), []
    for row in load_results("conditional")["equal"]:
        if (row["recipe"], row["seed"]) == ("cgan", seed):
            trainer.run(row["steps"] - trainer.done, progress=False)
            rows.append({"seed": seed, "seconds": row["seconds"], **judged(trainer, test, truth)})
    return rows


def judged(trainer: AdversarialTrainer, test: Images, truth: metrics.Seen) -> dict[str, Any]:
    """Its pictures of the labels of test pictures, against those."""
    seen = metrics.look(drawn(trainer, test.labels), scale="symmetric")
    covered, obeys = metrics.mode_coverage(seen), trainer.recipe.conditional
    return {
        "steps": trainer.done, "frechet": metrics.frechet_distance(seen.features, truth.features),
        "modes": covered.modes, "entropy": covered.entropy,
        "as_asked": float((seen.digits == test.labels).mean()) if obeys else None,
        "shuffled": float((seen.digits == np.roll(test.labels, 1)).mean()) if obeys else None,
    }  # fmt: skip


def collapse(seed: int) -> list[dict]:
    """Recipe mlp with too many steps of G, told the labels and not."""
    train, (test, truth) = load_mnist("train"), real()
    labels, usual, rows = test.labels[:FEW], within(truth), []
    for case, settings in COLLAPSE.items():
        trainer = AdversarialTrainer(train, "mlp", device="cpu", seed=seed, **settings)
        for rounds in ROUNDS[:1] if "concatenation" in case else ROUNDS:
            trainer.run(rounds - trainer.done, progress=False)
            seen = metrics.look(drawn(trainer, labels), scale="symmetric")
            covered, spread = metrics.mode_coverage(seen), within(seen)
            row = {"case": case, "seed": seed, "rounds": rounds}
            row |= {"modes": covered.modes, "entropy": covered.entropy}
            ratios = [spread[digit] / usual[digit] for digit in spread if digit in usual]
            row["within"] = float(np.mean(ratios)) if ratios else None
            row["as_asked"] = float((seen.digits == labels).mean()) if trainer.recipe.conditional else None
            rows.append(row)
    return rows


def attributes(seed: int) -> list[dict]:
    """Recipe cgan-attributes, of all pictures and without the thick sevens."""
    train, (test, _) = load_mnist("train"), real()
    ink, seven = metrics.ink(train), train.labels == 7
    edge = float(np.quantile(ink[seven], THICK))
    kept = ~(seven & (ink > edge))
    few = replace(test, pixels=test.pixels[:FEW], labels=test.labels[:FEW])
    asked = {"ink": metrics.ink(few), "slant": metrics.slant(few)}
    unseen = (test.labels == 7) & (metrics.ink(test) > edge)
    thick = replace(test, pixels=test.pixels[unseen], labels=test.labels[unseen])
    rows = []
    for name, there in {"all": np.ones(len(train), bool), "no thick sevens": kept}.items():
        images = replace(train, pixels=train.pixels[there], labels=train.labels[there])
        trainer = AdversarialTrainer(images, "cgan-attributes", device="cpu", seed=seed)
        (seconds,) = after((ATTRIBUTE_SECONDS,), trainer.step)
        row = {"trained": name, "seed": seed, "seconds": seconds, "steps": trainer.done, "edge": edge}
        pictures = drawn(trainer, few.labels, **asked)
        row["as_asked"] = float((metrics.look(pictures, scale="symmetric").digits == few.labels).mean())
        for attribute, wanted in asked.items():
            found = getattr(metrics, attribute)(pictures, "symmetric")
            row[attribute] = float(np.corrcoef(wanted, found)[0, 1])
            row[f"{attribute}_shuffled"] = float(np.corrcoef(np.roll(wanted, 1), found)[0, 1])
        wanted = {"ink": metrics.ink(thick), "slant": metrics.slant(thick)}
        pictures = drawn(trainer, thick.labels, **wanted)
        row["thick_asked"] = float(wanted["ink"].mean())
        row["thick_found"] = float(metrics.ink(pictures, "symmetric").mean())
        row["thick_sevens"] = float((metrics.look(pictures, scale="symmetric").digits == 7).mean())
        rows.append(row)
    return rows


PARTS = {"equal": equal, "exchanged": exchanged, "collapse": collapse, "attributes": attributes}


def merged(about: dict, found: dict[str, list[dict]]) -> dict:
    """What is stored, with the parts and seeds that were found now in the place of older ones."""
    old = {}
    with suppress(FileNotFoundError):
        old = load_results("conditional")
    result = dict(about)
    for part, rows in found.items():
        new = {row["seed"] for row in rows}
        kept = [row for row in old.get(part, []) if row["seed"] not in new]
        result[part] = sorted(kept + rows, key=lambda row: row["seed"])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; none: all")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--store", action="store_true", help="merge into data/measured/conditional.json")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no part {unknown}; there are {', '.join(PARTS)}")
    about = {"benchmark": "conditional", "machine": describe_machine(), "judged": JUDGED, "few": FEW}
    about["judge"] = float((real()[1].digits == real()[0].labels).mean())
    found: dict[str, list[dict]] = {part: [] for part in PARTS}
    for part in options.parts or PARTS:
        for seed in options.seeds:
            found[part] += PARTS[part](seed)
            if options.store:  # now: a seed is not lost where the next one is interrupted
                store_results("conditional", merged(about, found))
    result = merged(about, found)
    for part in PARTS:
        for row in result[part]:
            said = (
                f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
                for name, value in row.items()
            )
            print(f"{part}:", ", ".join(said))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
