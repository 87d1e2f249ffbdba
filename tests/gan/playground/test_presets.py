"""Guided experiments: they cannot be edited by accident, they are recognised, and what is claimed of them is so."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from course_utils.gan.playground import PRESETS, Session, outcome, plane
from course_utils.runtime import load_results

NUMBERS = ("w1", "jsd", "near", "judge_estimate", "pull", "moved", "spread", "orbit", "centred")


def weights(session):
    parts = [*session.trainer.generator.parameters(), *session.trainer.discriminator.parameters()]
    return torch.cat([p.detach().flatten() for p in parts])


# ---------------------------------------------------------------- claims


@pytest.mark.parametrize("name", PRESETS)
def test_what_one_should_see_was_seen_as_often_as_it_is_said(name):
    preset, runs = PRESETS[name], load_results("playground")["presets"][name]
    held = [preset.holds(run) for run in runs]
    assert len(runs) >= 5
    assert sum(held) >= preset.share * len(runs)
    assert ("mostly" in preset.see) == (preset.share < 1) == (not all(held))
    assert preset.claim


def test_a_run_without_a_number_shows_nothing():
    assert not PRESETS["limit cycle"].holds({"orbit": None})  # diverged before the first look


def test_lesson_8_try_1_it_is_the_ten_steps_and_statistics_repair():
    """On a seed that the stored table does not have. (Lesson 8 itself runs the collapse.)"""
    repaired = PRESETS["mode collapse, repaired"]
    assert repaired.holds(outcome(repaired, 7))
    assert outcome(PRESETS["mode collapse"], 7, generator_steps=1)["modes"] >= 6


def test_lesson_8_try_2_dead_arrows_come_to_life_with_the_other_loss_or_with_time():
    vanishing, cured = PRESETS["vanishing gradient"], PRESETS["vanishing gradient, cured"]
    session = vanishing.session(7).replay(vanishing.first)
    dead = outcome(session, steps=vanishing.steps)
    assert vanishing.holds(dead)
    assert outcome(session, steps=490)["w1"] < 1.2
    session.go(len(cured.first))
    session.change(objective="non-saturating")  # which D has not felt
    assert cured.contains(session)
    alive = outcome(session, steps=cured.steps)
    assert cured.holds(alive)
    assert alive["pull"] > 100 * dead["pull"]


def test_bug_a_stands_still_while_it_is_watched_and_without_the_bug_the_points_go():
    bug = PRESETS["bug A"]
    with_bug, without = outcome(bug, 7), outcome(bug, 7, bug="none")
    assert bug.holds(with_bug)
    assert not bug.holds(without)
    assert with_bug["moved"] < without["moved"] / 3


# ---------------------------------------------------------------- what a preset is


def test_presets_cannot_be_changed_by_accident():
    preset = PRESETS["limit cycle"]
    with pytest.raises(TypeError):
        preset.settings["optimizer"] = "sgd"
    with pytest.raises(TypeError):
        preset.claim["orbit"] = (0, 9)
    with pytest.raises(TypeError):
        PRESETS["limit cycle"] = preset
    with pytest.raises((TypeError, AttributeError)):
        preset.data[1].append((0.0, 0.0))
    session = preset.session()
    session.data[1].append((5.0, 5.0))
    assert preset.session().data == ("drawn", [(1.0, 0.0)])
    faster = preset.session(generator_learning_rate=0.5, data="grid")
    assert (faster.recipe.generator_learning_rate, faster.data) == (0.5, "grid")
    assert preset.session().recipe.generator_learning_rate == 1e-3


def test_a_session_keeps_its_own_copy_of_points():
    points = [(1.0, 0.0), (-1.0, 0.0)]
    session = Session(("drawn", points), 0).replay(2)
    more = [(0.0, 1.0)]
    session.change(data=("points", more))
    points.append((9.0, 9.0))
    more.append((9.0, 9.0))
    assert session.data == ("points", [(0.0, 1.0)])
    session.go(0)
    assert session.data == ("drawn", [(1.0, 0.0), (-1.0, 0.0)])
    session.go(2)
    assert session.data == ("points", [(0.0, 1.0)])


@pytest.mark.parametrize("name", PRESETS)
def test_a_run_is_recognised_by_what_led_there(name):
    preset = PRESETS[name]
    session = preset.session(3)
    assert [other for other in PRESETS if PRESETS[other].contains(session)] == [name]
    session.replay(preset.first[:3], 0 if preset.first else 2)
    assert preset.contains(session)
    session.replay("G")
    assert not preset.contains(session)
    session.go(session.now - 1)
    assert preset.contains(session)
    session.change(instance_noise=0.5)
    assert not preset.contains(session)


def test_what_d_does_not_feel_may_be_changed_while_only_d_moves():
    first, other = (
        replace(PRESETS[name], first="D" * 50) for name in ("vanishing gradient", "vanishing gradient, cured")
    )
    session = first.session().replay(first.first[:5])
    session.change(objective="non-saturating")
    assert other.contains(session)
    session.replay(first.first[5:])
    assert other.contains(session)
    assert torch.equal(weights(session), weights(other.session().replay(other.first)))
    session.replay(1)
    session.change(objective="minimax")
    assert not first.contains(session)  # G has felt the other loss
    session = PRESETS["mode collapse"].session().replay(1)
    session.change(minibatch_statistics="none", objective="minimax")
    session.change(objective="non-saturating")
    assert not PRESETS["mode collapse"].contains(session)


def test_settings_without_effect_do_not_matter():
    session = Session("ring", 0, generator_steps=10, clip=0.5, penalty_weight=3.0)
    assert PRESETS["mode collapse"].contains(session)
    assert not PRESETS["gradient penalty"].contains(PRESETS["gradient penalty"].session(penalty_weight=3.0))


# ---------------------------------------------------------------- outcome


def test_a_preset_and_a_session_that_is_where_it_begins_have_the_same_outcome():
    preset = PRESETS["limit cycle"]
    of_preset = outcome(preset, 2, steps=20, generator_learning_rate=5e-3)
    of_session = outcome(preset.session(2), steps=20, generator_learning_rate=5e-3)
    assert {name: of_preset[name] for name in NUMBERS} == {name: of_session[name] for name in NUMBERS}
    assert of_preset["moved"] != outcome(preset, 2, steps=20)["moved"]
    session = preset.session(2)
    outcome(session, steps=20)
    assert session.now == 20


def test_the_outcome_is_what_direct_computation_gives():
    session = Session("ring", 1, generator_learning_rate=1e-2).replay(3)
    real, start = plane.evaluation_points(session.trainer, 500)
    found = outcome(session, steps=10)
    now = session.trainer.sample(500, seed=0)
    assert found["moved"] == pytest.approx(np.linalg.norm((now - start).numpy(), axis=1).mean(), rel=1e-5)
    assert found["spread"] == pytest.approx(
        now.numpy().std(axis=0).mean() / real.numpy().std(axis=0).mean(), rel=0.01
    )
    assert found["w1"] == plane.measure(session.trainer, plane.FEW).w1
    assert [step for step, *_ in found["estimates"]] == list(range(4, 14))


def test_centred_clouds_that_differ_by_a_shift_have_distance_0():
    points = torch.randn(40, 2, generator=torch.Generator().manual_seed(0))
    assert plane.centred_w1(points, points + torch.tensor([3.0, -1.0])) == pytest.approx(0, abs=1e-6)
    assert plane.centred_w1(points, 2 * points) > 0.5


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (("limit cycle",), {}, "a Session or a preset, such as"),
        ((Session(), 3), {}, "seed is 3, but a session has its own"),
        ((Session(),), {"steps": 3}, "steps is 3"),
        ((PRESETS["limit cycle"],), {"learning_rate": 1}, "no setting 'learning_rate'"),
    ],
    ids=["a name", "a seed", "too few steps", "a setting"],
)
def test_outcome_says_what_it_cannot_do(arguments, settings, message):
    with pytest.raises(ValueError, match=message):
        outcome(*arguments, **settings)
