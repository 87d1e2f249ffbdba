"""The listings that lesson 11a shows are what the package runs; its tables are what was measured."""

import re

import pytest
import torch
from torch.nn.functional import softplus

from course_utils.datasets import load_digits_stand_in
from course_utils.gan import AdversarialTrainer

LESSONS, STUDY = ("11_condition_and_translate",), "conditional"
WIDTHS = {"latent_dim": 6, "generator_widths": (8, 4), "discriminator_widths": (4, 8), "batch_size": 8}


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("recipe", ["cgan-concat", "cgan", "cgan-attributes"])
def test_listings_and_trainer_give_the_same_weights(cells, recipe):
    names = {"torch": torch, "softplus": softplus}
    for cell in cells:
        if "algorithm" in cell.metadata.get("tags", []):
            assert len(cell.source.splitlines()) <= 25  # it fits on a projector
            exec(cell.source, names)
    digits = load_digits_stand_in()
    hand, package, other = (
        AdversarialTrainer(digits, recipe, device="cpu", seed=seed, **WIDTHS) for seed in (4, 4, 5)
    )
    package.run(5, progress=False)
    for t in hand, other:
        inner = t.discriminator.discriminator
        if recipe == "cgan-concat":
            # The listing lays maps beside the picture; how many there are, c says.
            score = lambda x, c, D=inner: names["concatenated"](D, x, c)  # noqa: E731
        else:
            score = lambda x, c, D=inner, V=t.discriminator.embedding: names["projected"](D, V, x, c)  # noqa: E731
        for _ in range(5):
            names["train_step"](
                t.generator.generator, score, t.discriminator_optimizer, t.generator_optimizer, t.real_pairs,
                t.latent_batch,
            )  # fmt: skip
    for player in ("generator", "discriminator"):
        pairs = zip(*(getattr(t, player).parameters() for t in (hand, package, other)), strict=True)
        for ours, theirs, elsewhere in pairs:
            assert torch.allclose(ours, theirs, rtol=0, atol=1e-9)
            assert not torch.allclose(ours, elsewhere, rtol=0, atol=1e-4)


def test_three_seeds_stand_behind_every_comparison(study):
    for part in ("equal", "collapse", "attributes"):
        assert {row["seed"] for row in study[part]} >= {0, 1, 2}, part


def test_the_tables_are_what_was_measured(printed, study):
    lines = printed('load_results("conditional")')
    for recipe in ("dcgan", "cgan", "cgan-concat"):
        for seconds in (20, 40):
            rows = [r["frechet"] for r in study["equal"] if (r["recipe"], r["seconds"]) == (recipe, seconds)]
            (line,) = [line for line in lines if re.match(rf" *{recipe} +{seconds} ", line)]
            assert f"{min(rows):.0f} to {max(rows):.0f}" in line
    lines = printed("def measured(case")
    for case, rounds in {(row["case"], row["rounds"]) for row in study["collapse"]}:
        rows = [row for row in study["collapse"] if (row["case"], row["rounds"]) == (case, rounds)]
        (line,) = [line for line in lines if re.match(rf"{case} +{rounds:,} +\[", line)]
        assert str([row["modes"] for row in rows]) in line
        assert f"{min(r['within'] for r in rows):.2f} to {max(r['within'] for r in rows):.2f}" in line


def test_the_verdicts_follow_from_the_measurement(printed, study):
    lines = printed('load_results("conditional")')
    for words, one, other in (("labels help", "cgan", "dcgan"), ("projection beats", "cgan", "cgan-concat")):
        for seconds in (20, 40):
            pair = [
                {
                    r["seed"]: r["frechet"]
                    for r in study["equal"]
                    if (r["recipe"], r["seconds"]) == (name, seconds)
                }
                for name in (one, other)
            ]
            truth = all(pair[0][seed] < pair[1][seed] for seed in pair[0])
            (line,) = [line for line in lines if line.startswith(words) and f" {seconds} s:" in line]
            assert line.endswith(": holds" if truth else ": fails")
    lines = printed("def measured(case")
    for line in (line for line in lines if " rounds, " in line):
        case, rounds, what = re.match(r"(.*), ([\d,]+) rounds, ([a-z ]+):", line).groups()
        quantities = ("modes", "entropy") if what == "digits" else ("within",)
        usual, bare, told = (
            [
                [r[q] for q in quantities]
                for r in study["collapse"]
                if (r["case"], r["rounds"]) == (name, int(rounds.replace(",", "")))
            ]
            for name in ("one to one", "ten to one", f"ten to one, {case}")
        )
        lost = all(b < u for pair in zip(bare, usual, strict=True) for b, u in zip(*pair, strict=True))
        kept = all(t >= u for pair in zip(told, usual, strict=True) for t, u in zip(*pair, strict=True))
        assert line.endswith(f": {'undecided' if not lost else 'holds' if kept else 'fails'}"), line
    lines, able = printed("def thick(name)"), {}
    for name in ("all", "no thick sevens"):
        rows = [row for row in study["attributes"] if row["trained"] == name]
        thick = all((r["thick_found"] - r["edge"]) / (r["thick_asked"] - r["edge"]) > 0.5 for r in rows)
        sevens = all(row["thick_sevens"] >= 0.8 for row in rows)
        for words, truth in {": thick": thick, ": and sevens": sevens}.items():
            (line,) = [line for line in lines if line.startswith(name + words)]
            # of the control, first; where it fails, the other decides nothing
            word = "holds" if truth else "fails"
            assert line.endswith(
                f": {word if able.setdefault(words, truth) or name == 'all' else 'undecided'}"
            ), line
