"""Hints for hand-made plans: following them from anywhere must end at the optimum, which the solver knows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.transport import earth_movers_distance
from course_utils.transport.hints import marginal_errors, next_step, overpayment, prices

seeds = st.integers(0, 2**32 - 1)
TWO_BY_TWO = np.array([[0.0, 4.0], [3.0, 1.0]])  # crossing costs 7, staying 1


def random_problem(generator, n, m, total=12):
    """Whole shovels, some hills or holes empty, points on a lattice so that many costs are equal."""
    a, b = (generator.multinomial(total, np.full(k, 1 / k)) / total for k in (n, m))
    x, y = (generator.integers(0, 6, (k, 2)).astype(float) for k in (n, m))
    return earth_movers_distance(x, y, a, b, metric="cityblock")


def follow(plan, transport, limit=200):
    steps = []
    while (step := next_step(plan, transport)) is not None:
        assert step.amount > 0
        plan = step.apply(plan)
        assert plan.min() > -1e-12
        plan = np.maximum(plan, 0)
        steps.append(step)
        assert len(steps) < limit, "the hints go round in circles"
    return plan, steps


@settings(max_examples=100)
@given(seeds, st.integers(1, 5), st.integers(1, 5), st.sampled_from([0, 1, 3]))
def test_following_the_steps_from_any_plan_ends_at_the_optimum(seed, n, m, fullness):
    generator = np.random.default_rng(seed)
    transport = random_problem(generator, n, m)
    plan, _ = follow(generator.integers(0, fullness + 1, (n, m)) / 12, transport)
    for error in marginal_errors(plan, transport.a, transport.b):
        assert np.abs(error).max() < 1e-8
    assert np.vdot(plan, transport.cost_matrix) == pytest.approx(transport.cost, abs=1e-7)


@settings(max_examples=100)
@given(seeds, st.integers(1, 5), st.integers(1, 5))
def test_a_reroute_keeps_the_marginals_and_saves_what_it_says(seed, n, m):
    generator = np.random.default_rng(seed)
    transport = random_problem(generator, n, m)
    cost = transport.cost_matrix
    plan = np.outer(transport.a, transport.b)
    while (step := next_step(plan, transport)) is not None:
        assert step.reason == "reroute"
        assert len(step.more) == len(step.less) == len(set(step.more)) == len({j for _, j in step.more})
        changed = step.apply(plan)
        np.testing.assert_allclose(changed.sum(axis=1), transport.a, atol=1e-9)
        np.testing.assert_allclose(changed.sum(axis=0), transport.b, atol=1e-9)
        assert np.vdot(plan - changed, cost) == pytest.approx(step.saving * step.amount, abs=1e-12)
        assert step.saving > 0
        plan = np.maximum(changed, 0)


@settings(max_examples=100)
@given(seeds, st.integers(1, 6), st.integers(1, 6))
def test_a_couplings_excess_cost_is_the_sum_of_its_overpayments(seed, n, m):
    generator = np.random.default_rng(seed)
    transport = random_problem(generator, n, m)
    independent = np.outer(transport.a, transport.b)
    excess = np.vdot(independent, transport.cost_matrix) - transport.cost
    paid = overpayment(independent, transport)
    assert paid.min() > -1e-12
    assert paid.sum() == pytest.approx(excess, abs=1e-12)
    assert overpayment(transport.plan, transport).sum() == pytest.approx(0, abs=1e-12)


@settings(max_examples=50)
@given(seeds, st.integers(1, 6), st.integers(1, 6))
def test_prices_never_exceed_the_cost_and_earn_it(seed, n, m):
    transport = random_problem(np.random.default_rng(seed), n, m)
    f, g = prices(transport)
    assert f.min() == 0
    assert (f[:, None] + g <= transport.cost_matrix + 1e-12).all()
    assert transport.a @ f + transport.b @ g == pytest.approx(transport.cost, abs=1e-12)
    whole = transport.a @ np.ones(n)  # lattice points: every price is a whole number, as every cost is
    assert whole == pytest.approx(1)
    np.testing.assert_allclose(f, np.round(f), atol=1e-9)
    np.testing.assert_allclose(g, np.round(g), atol=1e-9)


def test_the_three_kinds_of_step():
    transport = earth_movers_distance(None, None, metric=TWO_BY_TWO)
    start = next_step(np.zeros((2, 2)), transport)
    assert (start.reason, start.more, start.less) == ("open", ((0, 0),), ())  # the cheapest pair
    assert (start.amount, start.saving) == (0.5, 0)
    crossed = next_step(np.array([[0, 0.5], [0.5, 0]]), transport)
    assert crossed.reason == "reroute"
    assert (set(crossed.more), set(crossed.less)) == ({(0, 0), (1, 1)}, {(0, 1), (1, 0)})
    assert (crossed.amount, crossed.saving) == (pytest.approx(0.5), 6)
    greedy = next_step(np.array([[0.5, 0.25], [0, 0]]), transport)
    assert (greedy.reason, greedy.less, greedy.amount) == ("overdrawn", ((0, 1),), pytest.approx(0.25))
    column = next_step(np.array([[0.0, 0], [0.125, 0.5 + 0.125]]) * [1, 0.8], transport)
    assert (column.reason, column.less) == ("overdrawn", ((1, 0),))
    assert next_step(np.eye(2) / 2, transport) is None


@pytest.mark.parametrize("plan", [np.zeros((3, 2)), -np.eye(2), np.full((2, 2), np.nan)])
def test_what_is_no_plan(plan):
    with pytest.raises(ValueError, match="shape \\(3, 2\\)" if plan.shape == (3, 2) else "plan holds"):
        next_step(plan, earth_movers_distance(None, None, metric=TWO_BY_TWO))


LARGE = np.array([[4, 5, 1e16], [3, 5, 5], [5, 0, 2]])


@pytest.mark.parametrize(
    "cost", [LARGE, np.where(LARGE > 10, np.inf, LARGE), LARGE + np.array([[0], [1e9], [0]])]
)
@pytest.mark.parametrize("wrong", [[1, 2, 0], [0, 2, 1], [2, 0, 1]])
def test_a_large_cost_elsewhere_does_not_make_a_wrong_plan_optimal(cost, wrong):
    """The third plan uses the large cost itself; the optimum is (0, 2, 1) or (1, 0, 2): 4 + 5 + 0 or 5 + 3 + 2."""
    transport = earth_movers_distance(None, None, metric=cost)
    plan = np.eye(3)[wrong] / 3
    best = np.vdot(transport.plan, np.where(transport.plan > 0, cost, 0))
    assert (next_step(plan, transport) is None) == (plan[0, 2] == 0 and np.vdot(plan, LARGE) < 3.1)
    mended, _ = follow(plan, transport)
    assert np.vdot(mended, np.where(mended > 0, cost, 0)) == pytest.approx(best, rel=1e-15)


@settings(max_examples=50)
@given(seeds, st.integers(2, 5))
def test_following_the_steps_around_forbidden_moves(seed, n):
    generator = np.random.default_rng(seed)
    cost = generator.integers(0, 9, (n, n)).astype(float)
    cost[(generator.random((n, n)) < 0.6) & ~np.eye(n, dtype=bool)] = np.inf
    transport = earth_movers_distance(None, None, metric=cost)
    assert (overpayment(transport.plan, transport) < 1e-12).all()
    for start in (np.zeros((n, n)), np.full((n, n), 1 / n**2)):
        plan, _ = follow(start, transport)
        plan = np.where(plan > 1e-9, plan, 0)
        assert np.vdot(plan, np.where(plan > 0, cost, 0)) == pytest.approx(transport.cost, abs=1e-7)


def test_a_forbidden_move_overpays_without_end():
    transport = earth_movers_distance(None, None, metric=[[1.0, np.inf], [2.0, 3.0]])
    assert overpayment(np.eye(2)[::-1] / 2, transport)[0, 1] == np.inf
