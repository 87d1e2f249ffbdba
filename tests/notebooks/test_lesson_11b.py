"""The algorithm that lesson 11b shows is the one that the package runs; its verdicts follow from what was measured."""

import torch

from course_utils import translation
from course_utils.datasets import load_digits_stand_in

LESSONS, STUDY = ("11b_translation",), "translation"


def test_cell_and_trainer_give_the_same_weights(cells):
    """Twelve steps on eight samples each: the pool of 50 is full after seven."""
    (cell,) = [cell for cell in cells if "algorithm" in cell.metadata.get("tags", [])]
    assert len(cell.source.splitlines()) <= 18  # it fits on a projector
    namespace = {"torch": torch}
    exec(cell.source, namespace)
    domains = translation.inverted(load_digits_stand_in())
    by_hand, packaged, other = (
        translation.CycleTrainer(
            domains, device="cpu", seed=s, widths=(16,), critic_widths=(16,), batch_size=8
        )
        for s in (4, 4, 5)
    )
    packaged.run(12, progress=False)
    for trainer in by_hand, other:
        networks = *trainer.generators.values(), *trainer.critics.values()
        for _ in range(12):
            x, y = trainer.batch()
            optimizers = trainer.generators_optimizer, trainer.critics_optimizer
            namespace["train_step"](*networks, *optimizers, x, y, trainer.pools)
    for part in ("generators", "critics"):
        rows = [getattr(t, part).state_dict().values() for t in (by_hand, packaged, other)]
        for ours, theirs, elsewhere in zip(*rows, strict=True):
            assert torch.allclose(ours, theirs, rtol=0, atol=1e-6)
            assert not torch.allclose(ours, elsewhere, rtol=0, atol=1e-4)


def test_several_seeds_stand_behind_the_maps(study):
    parts = {"swap": 3, "plane": 10, "colour": 3, "outline": 3}
    for part, seeds in parts.items():
        assert len({row["seed"] for row in study[part]}) >= seeds, part
    swapping = {row["seed"] for row in study["swap"] if row["map"] == "swapped"}
    for way in {row["way"] for row in study["repairs"]}:
        assert swapping & {row["seed"] for row in study["repairs"] if row["way"] == way}, way


def test_the_verdicts_follow_from_the_measurement(cells, study):
    lines = [line for cell in cells for out in cell.outputs for line in out.get("text", "").splitlines()]
    swap, invented = study["swap"], study["invented"]
    trained = {r["seed"] for r in invented if not r["only_x"] and r["partner"] < 0.5}  # the control did
    with_8, without = (
        [r["invented"] for r in invented if bool(r["only_x"]) is more and r["seed"] in trained]
        for more in (True, False)
    )
    colour = study["colour"]
    best = translation.cheapest(translation.clouds(n=8)).cost
    expected = {
        "the true labels are kept": all(row["map"] == "kept" for row in swap),
        "the cycle is good in every seed": all(row["cycle"] < row["mean_x"] / 2 for row in swap),
        "hidden:": min(row["share"] for row in colour) > 0.5
        and max(row["true_share"] for row in colour) < 0.1,
        "noise of 0.05 breaks it": all(
            row["probes"]["noise of 0.05"] > row["hidden"]["constant"] for row in colour
        ),
        "the 8s of x are still": all(r["moves"][2][2] > 0.8 for r in invented if r["only_x"]),
    }
    for way in {row["way"] for row in study["plane"]}:
        costs = [row["cost"] for row in study["plane"] if row["way"] == way]
        hits = sum(cost is not None and abs(cost - best) < 1e-6 for cost in costs)
        expected[f"{way}:"] = hits >= 0.9 * len(costs)
    for way in {row["way"] for row in study["repairs"]} - {"nothing"}:
        expected[f"{way:33} "] = all(row["map"] == "kept" for row in study["repairs"] if row["way"] == way)
    for start, truth in expected.items():
        (line,) = [line for line in lines if line.startswith(start) and ": " in line]
        assert line.endswith(": holds" if truth else ": fails"), line
    (line,) = [line for line in lines if line.startswith("no 8 among the y")]
    few = max(without) < 0.02
    assert line.endswith(": fails" if min(with_8) < 0.1 else ": holds" if few else ": undecided"), line
