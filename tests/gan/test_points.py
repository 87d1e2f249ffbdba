"""Training on points, the three bugs, and recorded time: every comparison is of bits, on the CPU."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from course_utils.gan import load_checkpoint, save_checkpoint
from course_utils.gan.playground import DATA, Diverged, Session, make_data, scaled_to_view
from course_utils.gan.playground.bugs import (
    BUGS,
    BatchNormEps,
    BatchNormGenerator,
    MissingDetach,
    TanhGenerator,
)
from course_utils.gan.recipes import RECIPES
from course_utils.gan.trainer import PointCloud, PointTrainer
from course_utils.toy import ring

SMALL = {"generator_widths": (8, 8), "discriminator_widths": (8, 8), "batch_size": 16}


def everything(session):
    """All that training depends on, as one list of tensors and numbers."""
    found = []

    def walk(value):
        if isinstance(value, torch.Tensor):
            found.append(value.double().nan_to_num(nan=-1e300))
        elif isinstance(value, dict):
            for key in sorted(value, key=str):
                walk(value[key])
        elif isinstance(value, list | tuple):
            for item in value:
                walk(item)
        elif isinstance(value, int | float):
            found.append(torch.tensor(float(value % 2**50), dtype=torch.float64))

    walk(session.trainer.state_dict())
    return found


def same(one, other):
    a, b = (s if isinstance(s, list) else everything(s) for s in (one, other))
    return len(a) == len(b) > 10 and all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


# ---------------------------------------------------------------------- the trainer


def test_the_same_seed_gives_the_same_bits_and_another_one_does_not():
    runs = [Session("ring", seed, **SMALL).replay(30) for seed in (3, 3, 4)]
    assert same(runs[0], runs[1])
    assert not same(runs[0], runs[2])


def test_a_full_turn_is_the_loops_own_step_and_single_turns_move_one_player():
    trainer, other = (PointTrainer(ring(), device="cpu", seed=1, **SMALL) for _ in range(2))
    for _ in range(5):
        trainer.turn()
    other.run(5, progress=False)
    assert all(
        torch.equal(a, b)
        for a, b in zip(trainer.generator.parameters(), other.generator.parameters(), strict=True)
    )

    def weights():
        return [
            torch.cat([p.detach().flatten() for p in n.parameters()])
            for n in (trainer.generator, trainer.discriminator)
        ]

    for player, moves in (("discriminator", [False, True]), ("generator", [True, False])):
        before, row = weights(), trainer.log.table()[-1].clone()
        trainer.turn(player)
        moved = [not torch.equal(a, b) for a, b in zip(before, weights(), strict=True)]
        assert moved == moves
        new = trainer.log.table()[-1]
        keeps = {"discriminator": 1, "generator": 0}[player]
        assert new[keeps] == row[keeps]  # the loss of who did not move
        assert new[1 - keeps] != row[1 - keeps]
    assert len(trainer.log) == 7


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_a_player_may_begin_alone(player, tmp_path):
    """What the other one has not measured yet is no divergence, also after the run was saved, loaded or rewound."""
    trainer = PointTrainer(ring(), device="cpu", **SMALL)
    trainer.turn(player)
    trainer.turn(player)
    trainer.check()
    save_checkpoint(trainer, tmp_path / "run.safetensors")
    other = PointTrainer(ring(), device="cpu", **SMALL)
    load_checkpoint(other, tmp_path / "run.safetensors")
    for each in (trainer, other):
        each.turn(player)
        each.run(3, progress=False)
    assert [name for name, values in trainer.history.items() if np.isnan(values).any()]
    assert other.history.keys() == trainer.history.keys()
    np.testing.assert_array_equal([*other.history.values()], [*trainer.history.values()])


@pytest.mark.parametrize(
    ("alone", "lost"), [("generator", "generator_loss"), ("discriminator", "discriminator_loss")]
)
def test_a_player_who_begins_alone_can_still_diverge(alone, lost):
    trainer = PointTrainer(ring(), device="cpu", **SMALL)
    trainer.turn(alone)
    trainer.log.append(torch.full((len(trainer.quantities),), torch.nan), {lost})
    with pytest.raises(FloatingPointError, match=f"{lost} became nan at step 2"):
        trainer.check()


def test_points_are_resampled_and_only_they_come():
    points = np.random.default_rng(0).normal(size=(50, 2))
    batch = PointTrainer(points, device="cpu", **SMALL).real_batch()
    assert batch.shape == (16, 2)
    distance = np.linalg.norm(batch.numpy()[:, None] - points, axis=-1).min(axis=1)
    assert (distance < 1e-6).all()
    draws = PointCloud(points).sample(20_000, np.random.default_rng(1))
    share = (draws[:, None] == points).all(axis=-1).mean(axis=0)
    assert np.abs(share - 1 / 50).max() < 0.005


@pytest.mark.parametrize("wrong", [np.zeros((0, 2)), np.zeros((3, 3)), [[0.0, np.nan]]])
def test_what_is_no_cloud(wrong):
    with pytest.raises(
        ValueError, match=r"it must hold points, shape \(n, 2\)|every entry must be a finite number"
    ):
        PointTrainer(wrong)


def test_recipes_for_pictures_and_unknown_players_are_refused():
    with pytest.raises(ValueError, match="'points'"):
        PointTrainer(ring(), RECIPES["mlp"])
    with pytest.raises(ValueError, match="one of both"):
        PointTrainer(ring(), **SMALL).turn("referee")


# ---------------------------------------------------------------------- the bugs


def gradients_after_a_discriminator_step(kind):
    trainer = kind(ring(), device="cpu", objective="minimax", **SMALL)
    trainer.discriminator_step()
    return [p.grad for p in trainer.generator.parameters()]


def test_the_missing_detach_leaves_gradients_in_the_generator():
    assert all(g is None for g in gradients_after_a_discriminator_step(PointTrainer))
    assert all(g.abs().sum() > 0 for g in gradients_after_a_discriminator_step(MissingDetach))


@pytest.mark.usefixtures("double_precision")
def test_with_minimax_what_is_left_cancels_the_generators_own_gradient():
    """Oracle: on the same latents and with a D that stands still, the two gradients are exactly opposite."""
    sums = []
    for own_latents in (False, True):
        trainer = MissingDetach(ring(), device="cpu", objective="minimax", optimizer="sgd", **SMALL,
                                discriminator_learning_rate=1e-300, generator_learning_rate=1.0)  # fmt: skip
        z = trainer.latent_batch()
        trainer.latent_batch = lambda z=z: z
        before = [p.detach().clone() for p in trainer.generator.parameters()]
        if not own_latents:
            trainer.discriminator_step()
        trainer.generator_step()
        sums.append(
            sum((a - b).abs().sum() for a, b in zip(before, trainer.generator.parameters(), strict=True))
        )
    assert sums[0] < 1e-12 < 1e-3 < sums[1]


def test_the_tanh_generator_cannot_leave_its_square():
    session = Session("ring", 0, bug="tanh", **SMALL).replay(50)
    made = session.trainer.sample(500, seed=0)
    assert made.abs().max() <= 1
    assert isinstance(session.trainer, TanhGenerator)
    assert np.abs(session.trainer.distribution.modes).max() == 2  # where it would have to go


def test_eps_in_momentums_place_and_what_it_does():
    spreads = {}
    for kind in (BatchNormGenerator, BatchNormEps):
        trainer = kind(ring(), device="cpu", seed=0)
        norms = [m for m in trainer.generator if isinstance(m, torch.nn.BatchNorm1d)]
        assert [m.momentum for m in norms] == [0.1, 0.1]
        spreads[kind] = trainer.generator.train()(trainer.latent_batch()).std(dim=0).mean().item()
    assert [m.eps for m in norms] == [0.8, 0.8]
    assert spreads[BatchNormGenerator] > 20 * spreads[BatchNormEps]


@pytest.mark.parametrize("bug", BUGS)
def test_bugs_train_their_own_generator(bug):
    session = Session("ring", 0, bug=bug, **SMALL)
    before = [p.detach().clone() for p in session.trainer.generator.parameters()]
    session.replay(5)
    moved = [
        not torch.equal(a, b) for a, b in zip(before, session.trainer.generator.parameters(), strict=True)
    ]
    assert sum(moved) >= len(moved) - 2  # batch norm takes the gradient from the biases before it


# ---------------------------------------------------------------------- recorded time

CHANGES = st.one_of(
    st.fixed_dictionaries({"generator_steps": st.integers(1, 3)}),
    st.fixed_dictionaries({"discriminator_steps": st.integers(1, 3)}),
    st.fixed_dictionaries(
        {"optimizer": st.sampled_from(["adam", "optimistic-adam", "rmsprop", "sgd", "optimistic-sgd"])}
    ),
    st.fixed_dictionaries({"objective": st.sampled_from(["minimax", "non-saturating", "wasserstein"])}),
    st.fixed_dictionaries({"penalty": st.sampled_from(["none", "clip", "gp", "lp"])}),
    st.fixed_dictionaries({"generator_learning_rate": st.sampled_from([1e-4, 1e-3, 1e-2])}),
    st.fixed_dictionaries({"instance_noise": st.sampled_from([0.0, 0.3])}),
    st.fixed_dictionaries(
        {"data": st.sampled_from([*DATA, ("drawn", [(0.5, -1.0)]), ("points", [(0.0, 1.0), (1.0, 1.0)])])}
    ),
)
SCHEDULES = st.lists(
    st.one_of(st.integers(1, 12), st.text("DG", min_size=1, max_size=3), CHANGES), max_size=8
)


# without shrinking, which would train for minutes
@settings(
    max_examples=20,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(schedule=SCHEDULES, data=st.data())
def test_rewinding_and_going_on_equals_never_having_stopped(schedule, data):
    session = Session("ring", 1, **SMALL)
    session.replay(*schedule)
    end, final = session.end, everything(session)
    assert (
        session.now
        == end
        == sum(i if isinstance(i, int) else len(i) for i in schedule if not isinstance(i, dict))
    )

    for _ in range(2):  # look around
        session.go(data.draw(st.integers(0, end)))
    session.go(end)
    assert same(final, session)

    namespace = {}
    exec(session.share(), namespace)  # the shared line is the run
    assert same(final, namespace["session"])

    # another branch, from the middle: as if the other future had never been
    middle = data.draw(st.integers(0, end))
    session.go(middle)
    line = session.share()
    session.replay({"generator_steps": 2}, 3, "D")
    namespace = {}
    exec(line, namespace)
    assert same(session, namespace["session"].replay({"generator_steps": 2}, 3, "D"))
    assert session.end == middle + 4


def test_a_long_run_can_be_rewound_to_any_of_its_steps():
    """Longer than the distance of the states that are kept at first: some are kept, others are played again."""
    session = Session("ring", 0, **SMALL).replay(40)
    at_40, log = everything(session), session.trainer.log.table().clone()
    session.replay({"generator_learning_rate": 1e-2}, 60)
    final = everything(session)
    session.go(40)
    assert same(at_40, session)
    assert torch.equal(session.trainer.log.table().nan_to_num(), log.nan_to_num())
    session.go(100)
    assert same(final, session)


def test_steps_that_are_not_recorded():
    session = Session("ring", 0, **SMALL).replay(3)
    for step in (-1, 4):
        with pytest.raises(ValueError, match="from 0 to 3"):
            session.go(step)


def test_a_change_that_fails_is_not_recorded():
    session = Session("ring", 0, **SMALL).replay(2)
    with pytest.raises(ValueError, match="make a new trainer"):
        session.change(generator_widths=(9, 9))
    with pytest.raises(ValueError, match="no setting"):
        session.change(colour="blue")
    with pytest.raises(ValueError, match="must be positive"):
        session.change(clip=-1.0, data="grid")
    assert session.data == "ring"
    assert session.share().endswith(".replay(2)")


def test_a_run_that_diverges_says_so_and_can_be_rewound():
    rates = {"generator_learning_rate": 1e12, "discriminator_learning_rate": 1e12}
    session = Session("ring", 0, optimizer="sgd", objective="wasserstein", **SMALL).replay(5)
    before = everything(session)
    session.change(**rates)
    with pytest.raises(Diverged, match="smaller learning rate"):
        session.replay(200)
    assert 5 < session.now == session.end < 205
    session.go(5)
    assert all(torch.equal(a, b) for a, b in zip(before[:2], everything(session)[:2], strict=True))


# ---------------------------------------------------------------------- data


@pytest.mark.parametrize("name", DATA)
def test_named_data_lie_in_the_view_and_can_be_learnt(name):
    points = make_data(name).sample(2000, np.random.default_rng(0))
    assert points.shape == (2000, 2)
    assert (np.abs(points) < 3).all(axis=1).mean() > 0.99
    Session(name, 0, **SMALL).replay(2)


def test_drawn_and_given_points():
    drawn = make_data(("drawn", [(1.0, 1.0), (-1.0, 0.0)]))
    assert np.array_equal(drawn.modes, [[1, 1], [-1, 0]])
    points = make_data(("points", [(1.0, 1.0), (-1.0, 0.0)])).sample(10, np.random.default_rng(0))
    assert np.isin(points[:, 0], [1, -1]).all()
    for wrong in ("triangle", ("drawn", []), ("sung", [(0, 0)]), 5):
        with pytest.raises(ValueError, match="must be one of|must hold points"):
            make_data(wrong)
    with pytest.raises(ValueError, match="bug is 'moth'"):
        Session("ring", bug="moth")
    with pytest.raises(ValueError, match="one of B, D, G"):
        Session("ring", **SMALL).move("x")


def test_scaling_to_the_view_keeps_the_shape():
    points = np.array([[100.0, 7.0], [300.0, 7.0], [200.0, 57.0]])
    assert scaled_to_view(points) == [(-2.0, -0.5), (2.0, -0.5), (0.0, 0.5)]
    assert scaled_to_view([[5.0, 5.0]]) == [(0.0, 0.0)]
