"""The algorithm that lesson 9 shows is the one that the package runs; its tables are what was measured."""

import re

import numpy as np
import pytest
import torch
from torch.nn.functional import softplus

from course_utils.datasets import load_digits_stand_in
from course_utils.vae import VAETrainer

LESSONS, STUDY = ("09_vae",), "vae"
NAMES = {"torch": torch, "np": np}


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("recipe", ["vae-2", "vae-20"])
def test_cell_and_trainer_give_the_same_weights(cells, defined, recipe):
    (cell,) = [cell for cell in cells if "algorithm" in cell.metadata.get("tags", [])]
    assert len(cell.source.splitlines()) <= 16  # it fits on a projector
    train_step, digits = defined("train_step", softplus=softplus), load_digits_stand_in()
    by_hand, packaged, other = (
        VAETrainer(digits, recipe, device="cpu", seed=seed, widths=(32, 16), batch_size=16)
        for seed in (4, 4, 5)
    )
    packaged.run(5, progress=False)
    for trainer in by_hand, other:
        for _ in range(5):
            x = trainer.batch().double()
            epsilon = torch.randn(len(x), trainer.recipe.latent_dim, generator=trainer.random)
            train_step(trainer.model, trainer.model_optimizer, x, epsilon)
    pairs = zip(*(t.model.state_dict().values() for t in (by_hand, packaged, other)), strict=True)
    for ours, theirs, elsewhere in pairs:
        assert torch.allclose(ours, theirs, rtol=0, atol=1e-9)
        assert not torch.allclose(ours, elsewhere, rtol=0, atol=1e-4)


def test_the_slant_of_a_line_is_known(defined):
    rows = torch.zeros(2, 28, 28)
    for y in range(4, 24):
        rows[0, y, 14] = 1  # upright
        rows[1, y, 14 + (14 - y) // 2] = 1  # half a pixel to the right for each pixel up
    found = defined("slant")(rows.flatten(1)).tolist()
    assert found == pytest.approx([0, 0.5], abs=0.02)


def test_several_seeds_stand_behind_every_comparison(study):
    for part, seeds in {"equal": 3, "ring": 3, "beta": 3, "bounds": 2}.items():
        assert len({row["seed"] for row in study[part]}) >= seeds, part


def test_the_tables_are_what_was_measured(printed, study):
    lines = printed("the GAN drops modes")
    for seconds in (5, 15, 30):
        for name in ("VAE", "VAE, warm", "GAN"):
            rows = [r for r in study["ring"] if (r["model"], r["seconds"]) == (name, seconds)]
            (line,) = [line for line in lines if re.match(rf" *{name} +{seconds} ", line)]
            assert "  ".join(str([row[key] for row in rows]) for key in ("modes", "wide")) in line
            assert f"{min(row['between'] for row in rows):.0%} to" in line
    lines = printed('column("equal", "frechet"')
    for seconds in (20, 40):
        rows = [r["frechet"] for r in study["equal"] if (r["model"], r["seconds"]) == ("VAE", seconds)]
        (line,) = [line for line in lines if re.match(rf" *VAE +{seconds} ", line)]
        assert f"{min(rows):.0f} to {max(rows):.0f}" in line


def test_the_verdicts_on_the_ring_follow_from_the_measurement(printed, study):
    lines = printed("the GAN drops modes")
    plain, warm, gan = (
        [r for r in study["ring"] if (r["model"], r["seconds"]) == (name, 30)]
        for name in ("VAE", "VAE, warm", "GAN")
    )
    for said, truth in {
        "VAE covers": all(row["modes"] == 8 for row in plain),
        "VAE, warm covers": all(row["modes"] == 8 for row in warm),
        "the GAN drops": all(row["modes"] < 8 for row in gan),
        "wide, it drops": all(row["wide"] < 8 for row in gan),
        "the warm VAE": all(v["between"] > g["between"] for v, g in zip(warm, gan, strict=True)),
    }.items():
        (line,) = [line for line in lines if line.startswith(f"30 s: {said}")]
        assert line.endswith(": holds" if truth else ": fails")
