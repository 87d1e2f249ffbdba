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


@settings(deadline=None, max_examples=100)
@given(seeds, st.integers(1, 5), st.integers(1, 5), st.sampled_from([0, 1, 3]))
def test_following_the_steps_from_any_plan_ends_at_the_optimum(seed, n, m, fullness):
    generator = np.random.default_rng(seed)
    transport = random_problem(generator, n, m)
    plan, _ = follow(generator.integers(0, fullness + 1, (n, m)) / 12, transport)
    for error in marginal_errors(plan, transport.a, transport.b):
        assert np.abs(error).max() < 1e-8
    assert np.vdot(plan, transport.cost_matrix) == pytest.approx(transport.cost, abs=1e-7)


@settings(deadline=None, max_examples=100)
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


@settings(deadline=None, max_examples=100)
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


@settings(deadline=None, max_examples=50)
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
    with pytest.raises(ValueError, match="shape \\(3, 2\\)" if plan.shape == (3, 2) else "the plan holds"):
        next_step(plan, earth_movers_distance(None, None, metric=TWO_BY_TWO))
