"""The algorithm that lesson 6 shows is the algorithm that the package runs, and its own small functions are right."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from course_utils.datasets import load_digits_stand_in
from course_utils.gan import AdversarialTrainer
from course_utils.gan.penalties import clip_weights
from course_utils.recording import RunRecorder, load_recording

LESSONS, STUDY = ("06_wgan_mnist",), "gan_claims"
NAMES = {"torch": torch, "np": np, "clip_weights": clip_weights}
MLP = {"architecture": "mlp", "generator_widths": (32,), "discriminator_widths": (32, 16)}


def numbers(network):
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


def step_by_hand(trainer, train_step, slope_penalty):
    """One step of the lesson's cell with a trainer's networks, settings and minibatches."""
    recipe, penalty = trainer.recipe, None
    if recipe.penalty in ("gp", "lp"):

        def penalty(f, x, fake):
            one_sided = recipe.penalty == "lp"
            return recipe.penalty_weight * slope_penalty(
                f, x, fake, trainer.mixing_batch(), one_sided=one_sided
            )

    train_step(
        trainer.generator, trainer.discriminator, trainer.generator_optimizer, trainer.discriminator_optimizer,
        trainer.real_batch, trainer.latent_batch, n_critic=recipe.discriminator_steps,
        c=recipe.clip if recipe.penalty == "clip" else None, penalty=penalty,
    )  # fmt: skip


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("networks", [MLP, {"generator_widths": (8, 4), "discriminator_widths": (4, 8)}])
@pytest.mark.parametrize("recipe", ["wgan-clip", "wgan-gp", "wgan-lp"])
@pytest.mark.parametrize("n_critic", [1, 3])
def test_cell_and_trainer_give_the_same_weights(cells, defined, recipe, networks, n_critic):
    (cell,) = [cell for cell in cells if "algorithm" in cell.metadata.get("tags", [])]
    assert len(cell.source.splitlines()) <= 16  # it fits on a projector
    cell_functions = defined("train_step"), defined("slope_penalty")
    settings = {"discriminator_steps": n_critic, "batch_size": 16, "decay_steps": 0, **networks}
    images = load_digits_stand_in()
    by_hand, packaged, other = (
        AdversarialTrainer(images, recipe, device="cpu", seed=seed, **settings) for seed in (4, 4, 5)
    )
    packaged.run(5, progress=False)
    for _ in range(5):
        step_by_hand(by_hand, *cell_functions)
    for player in ("generator", "discriminator"):
        ours, theirs = getattr(packaged, player).state_dict(), getattr(by_hand, player).state_dict()
        for name in ours:
            assert torch.allclose(ours[name].double(), theirs[name].double(), atol=1e-9), f"{player}.{name}"
    if recipe == "wgan-clip":
        assert numbers(by_hand.discriminator).abs().max() <= by_hand.recipe.clip
    # else the comparison could not fail
    assert not torch.allclose(numbers(by_hand.generator), numbers(other.generator), atol=1e-3)


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize(
    ("slope", "two_sided", "one_sided"), [(3.0, 4.0, 4.0), (0.25, 0.5625, 0.0), (1.0, 0.0, 0.0)]
)
def test_the_penalty_of_a_critic_with_a_known_slope(defined, slope, two_sided, one_sided):
    direction = nn.functional.normalize(torch.randn(784, generator=torch.Generator().manual_seed(0)), dim=0)
    x, fake = torch.randn(2, 7, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    t = torch.rand(7, 1, generator=torch.Generator().manual_seed(2))
    penalty = defined("slope_penalty")

    def f(u):
        return slope * u.flatten(1) @ direction

    assert penalty(f, x, fake, t).item() == pytest.approx(two_sided)
    assert penalty(f, x, fake, t, one_sided=True).item() == pytest.approx(one_sided)


@pytest.mark.usefixtures("double_precision")
def test_the_penalty_looks_between_the_pictures(defined):
    """f = |u|^2 / 2 has slope |u|: with t = 1 the penalty sees the real pictures, with t = 0 the generated ones."""
    x, fake = 2 * torch.ones(3, 1, 28, 28) / 28, 5 * torch.ones(3, 1, 28, 28) / 28  # of length 2 and 5
    seen = [
        defined("slope_penalty")(
            lambda u: u.flatten(1).square().sum(1) / 2, x, fake, torch.full((3, 1), t)
        ).item()
        for t in (0.0, 0.5, 1.0)
    ]
    assert seen == pytest.approx([16.0, 6.25, 1.0])


def test_only_one_sign_leads_to_the_data(defined):
    after = defined("after_ten_steps")
    assert after(+1) == pytest.approx(0.0)
    assert after(-1) == pytest.approx(2.0)


def test_what_was_told_is_aligned_with_the_quality(defined, tmp_path):
    """Before training nobody has said anything; a discriminator's loss is turned into the JSD that it reports."""
    for name, own in {"discriminator": "discriminator_loss", "critic": "critic_estimate"}.items():
        recorder = RunRecorder({"name": name})
        recorder.add_samples(0, np.zeros((1, 28, 28), np.uint8))
        recorder.add_evaluation(0, frechet_distance=90.0, w1=9.0, w1_floor=3.0)
        for step, value in ((10, 0.4), (20, 2 * np.log(2))):
            judged = {"frechet_distance": 3.0 * step, "w1": 1.0 * step, "w1_floor": 3.0}
            recorder.add_evaluation(step, **judged, **{own: value})
        recorder.save(tmp_path / f"{name}.npz")
    told = defined(
        "told",
        recording=SimpleNamespace(load_recording=lambda name: load_recording(tmp_path / f"{name}.npz")),
    )
    said, quality, w, floor = told("discriminator")
    assert said == pytest.approx([np.log(2) - 0.2, 0.0])
    assert [quality.tolist(), w.tolist(), floor.tolist()] == [[30, 60], [10, 20], [3, 3]]
    assert told("critic")[0] == pytest.approx([0.4, 2 * np.log(2)])


def test_the_table_of_runs_is_the_stored_measurement(printed, study):
    lines = printed('for row in result["summary"]')
    assert len(study["summary"]) >= 20
    for row in study["summary"]:
        (line,) = [line for line in lines if line.startswith(f"{row['way']:>15} {row['condition']:>13}")]
        runs = [
            run
            for run in study["runs"]
            if (run["way"], run["condition"], run["steps"]) == (row["way"], row["condition"], study["steps"])
        ]
        assert f"{sum(run['works'] for run in runs)} of {len(runs)}" in line
        if row["condition"] != "slow":
            last = np.median([run["moments"][-1]["frechet"] for run in runs])
            assert float(line.split(" of ")[1].split()[1]) == pytest.approx(last, abs=0.51)


def test_several_seeds_stand_behind_every_verdict_on_training(study):
    for row in study["comparisons"]:
        assert row["pairs"] >= 12  # four conditions, three seeds
    ours = {row["way"]: row["seeds"] for row in study["correlations"]}
    assert all(ours[way] >= 3 for way in ("gan", "wgan-clip", "wgan-gp", "dcgan"))
    assert len(study["critic_steps"]["rows"]) >= 3


def test_the_verdicts_on_stability_are_printed_as_stored(printed, study):
    lines = printed('for row in result["comparisons"]')
    for row in study["comparisons"]:
        (line,) = [line for line in lines if line.startswith(f"{row['way']} against {row['against']}:")]
        assert line.endswith(f": {row['verdict']}")
        assert f"{row['fails']} of {row['pairs']} fail (there {row['other_fails']})" in line


def test_what_was_told_is_judged_by_the_interval_alone(printed, study):
    lines = printed("def meaningful")
    for row in study["correlations"]:
        whole, later = [
            line
            for line in lines
            if line.startswith((f"{row['way']}, {row['seeds']} seeds", f"{row['way']}, later half"))
        ]
        for line, span, threshold in ((whole, "all", 0.5), (later, "later_half", 0.0)):
            _, low, high = row[span]
            word = "holds" if low > threshold else "fails" if high < threshold else "undecided"
            word = word if row["seeds"] >= 3 else "undecided"
            assert line.endswith(f": {word}")


def test_the_floor_of_w_is_a_range(printed, study):
    first = printed("floors_of_w")[0]
    low, high = (float(number) for number in first.split(": ")[1].split(" to "))
    assert low < high
    assert high == pytest.approx(max(study["w1_floors"]), abs=0.006)
