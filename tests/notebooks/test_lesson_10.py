"""The corrected listing that lesson 10 shows is what the package runs, and its tables are the stored measurements."""

import re

import numpy as np
import pytest
import torch
from torch.nn import functional

from course_utils.attacks import DigitTrainer

LESSONS, STUDY = ("10_adversarial_examples",), "adversarial"


def weights(trainer):
    return torch.cat([parameter.detach().flatten() for parameter in trainer.model.parameters()])


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize(("steps", "delta", "size"), [(1, 0.3, 0.3), (3, 0.3, 0.15), (5, 0.1, 0.03)])
def test_cell_and_trainer_give_the_same_weights(cells, images, steps, delta, size):
    (cell,) = [cell for cell in cells if "algorithm" in cell.metadata.get("tags", [])]
    assert len(cell.source.splitlines()) <= 16  # it fits on a projector
    namespace = {"torch": torch, "F": functional}
    exec(cell.source, namespace)
    how = {"architecture": "mlp", "begins_with": "", "ramp": 0, "random_start": False, "batch_size": 16}
    how |= {"attack_steps": steps, "epsilon": delta, "step_size": size, "device": "cpu"}
    packaged, by_hand, other = (DigitTrainer(images, "robust", seed=seed, **how) for seed in (4, 4, 5))
    packaged.run(4, progress=False)
    for _ in range(4):
        x, y = by_hand.batch()
        namespace["adversarial_step"](by_hand.model, by_hand.model_optimizer, x, y, delta, steps, size)
    assert torch.allclose(weights(packaged), weights(by_hand), atol=1e-9)
    assert not torch.allclose(weights(packaged), weights(other), atol=1e-3)  # else it could not fail


def test_no_run_is_stored_twice_and_the_seed_that_ships_stands_behind_every_row(study):
    for kind in ("runs", "strong"):
        runs = [(run["way"], run["seed"]) for run in study[kind]]
        assert len(set(runs)) == len(runs)
        for way in {way for way, _ in runs}:
            assert min(seed for name, seed in runs if name == way) == 0


def test_the_tables_are_the_stored_measurement(printed, study):
    lines = printed('shown = ["clean"]')
    for way in ("linear", "mlp", "cnn"):
        (line,) = [line for line in lines if line.split()[:1] == [way]]
        clean = [100 * run["accuracy"]["clean"] for run in study["runs"] if run["way"] == way]
        assert float(line.split()[2]) == pytest.approx(np.mean(clean), abs=0.051)
    for line in printed("after all attacks"):
        if found := re.match(r"(\w+), after all attacks: ([\d.]+) %", line):
            left = [100 * [*run["left"].values()][-1] for run in study["strong"] if run["way"] == found[1]]
            assert float(found[2]) == pytest.approx(np.mean(left), abs=0.051)
            assert line.endswith(": holds" if min(left) > 50 else ": fails")


def test_more_attacks_never_leave_more(study):
    for run in study["strong"]:
        left = [*run["left"].values()]
        assert left == sorted(left, reverse=True)
    for run in study["runs"]:
        found = run["accuracy"]
        for attack in ("fgsm", "pgd"):
            by_size = [found[name] for name in found if name.startswith(attack)]
            if run["way"] in ("linear", "mlp", "cnn"):
                assert by_size == sorted(by_size, reverse=True)
