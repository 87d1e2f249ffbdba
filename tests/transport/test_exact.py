"""The earth mover's distance against solvers and theorems that know nothing of it."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment, linprog
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

from course_utils.transport import (
    PiecewiseUniform,
    binary_couplings,
    earth_movers_distance,
    kantorovich_potential,
    sinkhorn_curve,
)

seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 12)
metrics = st.sampled_from(["euclidean", "sqeuclidean", "cityblock"])


def random_measure(generator, n, d=2, zeros=True):
    """Points, some of them repeated, with weights of which about a third are zero."""
    points = generator.integers(-3, 4, (n, d)) + generator.choice([0.0, 0.25], (n, d))
    weights = generator.exponential(size=n)
    if zeros:
        weights[generator.random(n) < 1 / 3] = 0
        weights[generator.integers(n)] += 1
    return points.astype(float), weights / weights.sum()


def linear_programme(a, b, cost):
    """Kantorovich's programme as scipy's HiGHS solves it: the textbook form, every constraint spelled out."""
    n, m = cost.shape
    marginals = np.vstack([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
    solution = linprog(cost.ravel(), A_eq=marginals, b_eq=np.concatenate([a, b]), method="highs")
    assert solution.status == 0
    return solution.fun


def assert_certified(transport):
    """The plan is a coupling, the potentials are feasible for every pair, and the two values agree."""
    f, g = transport.potentials
    scale = np.abs(transport.cost_matrix).max()
    assert transport.plan.dtype == f.dtype == g.dtype == np.float64
    assert (transport.plan >= 0).all()
    np.testing.assert_allclose(transport.plan.sum(axis=1), transport.a, rtol=0, atol=1e-12)
    np.testing.assert_allclose(transport.plan.sum(axis=0), transport.b, rtol=0, atol=1e-12)
    slack = transport.cost_matrix - f[:, None] - g
    assert slack.min() >= -1e-14 * scale
    assert slack[transport.plan > 0].max() <= 1e-10 * scale  # complementary slackness
    assert abs(transport.gap) <= 1e-12 * scale
    dual = transport.a @ f + transport.b @ g
    assert transport.cost == pytest.approx(dual, rel=1e-9, abs=1e-12 * scale)
    assert transport.a @ f == pytest.approx(transport.b @ g, rel=1e-9, abs=1e-12 * scale)


@settings(max_examples=60)
@given(seeds, sizes, sizes, metrics)
def test_cost_is_the_optimum_of_the_linear_programme(seed, n, m, metric):
    generator = np.random.default_rng(seed)
    (x, a), (y, b) = random_measure(generator, n), random_measure(generator, m)
    transport = earth_movers_distance(x, y, a, b, metric)
    assert_certified(transport)
    np.testing.assert_allclose(transport.cost_matrix, cdist(x, y, metric), rtol=1e-13)
    expected = linear_programme(a, b, cdist(x, y, metric))
    assert transport.cost == pytest.approx(expected, rel=1e-8, abs=1e-10)


@pytest.mark.parametrize("metric", ["euclidean", "sqeuclidean", "cityblock"])
def test_equal_weights_are_an_assignment_problem(metric):
    generator = np.random.default_rng(1)
    x, y = generator.normal(size=(2, 60, 3))
    cost = cdist(x, y, metric)
    rows, columns = linear_sum_assignment(cost)
    transport = earth_movers_distance(x, y, metric=metric)
    assert_certified(transport)
    assert transport.cost == pytest.approx(cost[rows, columns].mean(), rel=1e-12)
    np.testing.assert_array_equal(transport.plan.argmax(axis=1), columns)


@settings(max_examples=50)
@given(seeds, sizes, sizes)
def test_points_on_a_line(seed, n, m):
    generator = np.random.default_rng(seed)
    (x, a), (y, b) = random_measure(generator, n, d=1), random_measure(generator, m, d=1)
    transport = earth_movers_distance(x[:, 0], y[:, 0], a, b)
    assert_certified(transport)
    assert transport.cost == pytest.approx(wasserstein_distance(x[:, 0], y[:, 0], a, b), rel=1e-9, abs=1e-12)
    column = earth_movers_distance(x, y[:, 0], a, b)  # a column is a line, too
    assert column.cost == transport.cost
    assert column.x.shape == (n,)


@settings(max_examples=50)
@given(seeds, sizes, sizes, sizes, st.sampled_from(["euclidean", "cityblock"]))
def test_it_is_a_metric_between_measures(seed, n, m, k, metric):
    generator = np.random.default_rng(seed)
    p, q, r = (random_measure(generator, size) for size in (n, m, k))

    def w(one, other):
        return earth_movers_distance(one[0], other[0], one[1], other[1], metric).cost

    assert w(p, p) == pytest.approx(0, abs=1e-12)
    assert w(p, q) == pytest.approx(w(q, p), rel=1e-10, abs=1e-12)
    assert w(p, r) <= w(p, q) + w(q, r) + 1e-10
    assert w(p, q) >= np.linalg.norm(p[1] @ p[0] - q[1] @ q[0]) - 1e-10  # linear functions are critics


def test_parallel_lines_are_theta_apart():
    z = np.random.default_rng(0).normal(size=40)
    zero = np.zeros_like(z)
    for theta in (-2.0, 0.0, 0.5):
        transport = earth_movers_distance(np.column_stack([zero + theta, z]), np.column_stack([zero, z]))
        assert transport.cost == pytest.approx(abs(theta), abs=1e-12)


def test_a_callable_and_a_matrix_stand_for_a_named_metric():
    generator = np.random.default_rng(5)
    x, y = generator.normal(size=(7, 2)), generator.normal(size=(9, 2))
    named = earth_movers_distance(x, y, metric="cityblock")
    function = earth_movers_distance(x, y, metric=lambda u, v: np.abs(u - v).sum())
    in_place = earth_movers_distance(x, y, metric=lambda u, v: np.abs(np.subtract(u, v, out=u), out=u).sum())
    matrix = earth_movers_distance(x, y, metric=cdist(x, y, "cityblock").astype(np.float64, order="F"))
    alone = earth_movers_distance(None, None, metric=cdist(x, y, "cityblock").tolist())
    for other in (function, in_place, matrix, alone):
        assert_certified(other)
        assert other.cost == pytest.approx(named.cost, rel=1e-12)
    assert alone.x is None
    on_a_line = earth_movers_distance([0.0, 1.0], [3.0], metric=lambda u, v: abs(u - v))
    assert on_a_line.cost == pytest.approx(2.5)


def test_negative_costs_are_a_transport_problem_too():
    cost = np.array([[-3.0, -1.0], [-1.0, -2.0]])
    transport = earth_movers_distance(None, None, metric=cost)
    assert_certified(transport)
    assert transport.cost == pytest.approx(-2.5)


@pytest.mark.parametrize("scale", [1e-300, 1e-20, 1e-12, 1e-9, 1e-3, 1e6, 1e200])
def test_the_unit_of_length_does_not_matter(scale):
    """Plain POT stops early at costs near 1e-12: with a wrong plan, and with no warning."""
    generator = np.random.default_rng(0)
    (x, a), (y, b) = random_measure(generator, 30), random_measure(generator, 40)
    cost = cdist(x, y)
    transport = earth_movers_distance(None, None, a, b, metric=scale * cost)
    assert_certified(transport)
    assert transport.cost / scale == pytest.approx(linear_programme(a, b, cost), rel=1e-8)


def test_equal_points_cost_nothing():
    transport = earth_movers_distance(np.ones((3, 2)), np.ones((2, 2)))
    assert_certified(transport)
    assert transport.cost == 0


def test_weights_of_zero_get_feasible_potentials():
    generator = np.random.default_rng(3)
    x, y = generator.normal(size=(50, 2)), generator.normal(size=(60, 2)) + 1
    a, b = np.ones(50), np.ones(60)
    a[:30], b[10:] = 0, 0
    transport = earth_movers_distance(x, y, a / a.sum(), b / b.sum())
    assert_certified(transport)
    assert (transport.plan[:30] == 0).all()
    assert (transport.plan[:, 10:] == 0).all()
    assert transport.cost == pytest.approx(earth_movers_distance(x[30:], y[:10]).cost, rel=1e-12)


def test_weights_far_below_rounding():
    generator = np.random.default_rng(0)
    a, b = generator.dirichlet(np.full(50, 0.02), size=2)  # spans 80 orders of magnitude
    x, y = generator.normal(size=(2, 50, 2))
    transport = earth_movers_distance(x, y, a, b)
    np.testing.assert_allclose(transport.plan.sum(axis=1), a, rtol=0, atol=1e-12)
    assert transport.cost == pytest.approx(linear_programme(a, b, cdist(x, y)), rel=1e-7)


# Weights: rounding is mended, anything more is refused


def test_weights_within_rounding_are_renormalised():
    a = np.array([0.5, 0.5 + 5e-10])
    transport = earth_movers_distance([0.0, 1.0], [0.0], a)
    assert transport.a.sum() == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([0.5, 0.5 + 1e-8], "sum to 1.00000001"),
        ([2.0, 2.0], r"pass a / a.sum\(\)"),
        ([0.0, 0.0], "sum to 0"),
        ([1.5, -0.5], "weights a holds -0.5; every entry must be zero or more"),
        ([np.nan, 1.0], "finite"),
        ([1.0], "2 points"),
        (np.full((2, 1), 0.5), "one weight per point"),
    ],
)
def test_weights_that_are_no_probabilities_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        earth_movers_distance([0.0, 1.0], [0.0, 3.0], weights)


def test_float32_weights_are_refused_with_the_reason():
    """POT issues 342 and 429: they make the exact problem infeasible, and a zero plan comes back."""
    n = 1000
    weights = np.random.default_rng(0).random(n).astype(np.float32)
    weights /= weights.sum()
    with pytest.raises(ValueError, match="float32, too coarse"):
        earth_movers_distance(np.arange(n), np.arange(n), weights)
    exact = weights.astype(np.float64)
    transport = earth_movers_distance(
        np.arange(n), np.arange(n) + 1, exact / exact.sum(), exact / exact.sum()
    )
    assert transport.cost == pytest.approx(1)


# What cannot be solved is an error


def test_a_solver_that_gives_up_is_an_error():
    x, y = np.random.default_rng(0).normal(size=(2, 50, 2))
    with pytest.raises(RuntimeError, match="max_pivots is 3"):
        earth_movers_distance(x, y, max_pivots=3)


@pytest.mark.parametrize(
    ("flawed_plan", "cost"),
    [
        (np.zeros((2, 2)), np.array([[0.0, 3.0], [1.0, 2.0]])),
        (np.full((2, 2), 0.25), np.array([[0.0, 3.0], [4.0, 2.0]])),  # a coupling, but not the best one
        (np.diag([1.0, 0.0]), np.ones((2, 2))),  # the right cost, but no coupling
        (np.array([[1.0, -0.5], [-0.5, 1.0]]), np.ones((2, 2))),  # the right marginals, but negative mass
    ],
)
def test_a_wrong_answer_without_a_warning_is_an_error(monkeypatch, flawed_plan, cost):
    import ot

    solve = ot.emd
    monkeypatch.setattr(ot, "emd", lambda *args, **options: (flawed_plan, solve(*args, **options)[1]))
    with pytest.raises(RuntimeError, match="not optimal"):
        earth_movers_distance(None, None, metric=cost)


def test_no_warning_leaks_and_none_is_switched_off_for_good():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        earth_movers_distance([0.0, 1.0], [2.0])
        warnings.warn("still heard", UserWarning, stacklevel=1)
    assert [str(w.message) for w in caught] == ["still heard"]


@pytest.mark.parametrize(
    ("x", "y", "metric", "message"),
    [
        ([], [1.0], "euclidean", "at least one point"),
        (np.zeros((2, 2, 2)), [1.0], "euclidean", "shape \\(2, 2, 2\\)"),
        ([0.0, np.inf], [1.0], "euclidean", "x holds inf; every entry must be a finite number"),
        (np.zeros((3, 2)), np.zeros((3, 4)), "euclidean", "different dimension"),
        (np.zeros((3, 2)), np.zeros(3), "euclidean", "different dimension"),
        ([0.0], [1.0], "manhattan", "'manhattan'. Give one of euclidean"),
        ([0.0], [1.0, 2.0], np.ones((2, 1)), "shape \\(n, m\\)"),
        (None, None, np.ones(3), "shape \\(n, m\\)"),
        (
            None,
            None,
            np.array([[-np.inf, 1.0]]),
            "metric holds -inf; every entry must be a finite number, and inf",
        ),
        (
            None,
            None,
            np.array([[np.nan, np.inf]]),
            "metric holds nan; every entry must be a finite number, and inf",
        ),
        ([0.0], [1e200], "sqeuclidean", "beyond what float64 can hold"),
        (None, [1.0], "euclidean", "x is None; it must be made of numbers"),
        (np.zeros((2, 2)), np.zeros((2, 2)), lambda u, v: u - v, "one number per pair"),
    ],
)
def test_what_is_no_transport_problem_is_refused(x, y, metric, message):
    with pytest.raises(ValueError, match=message):
        earth_movers_distance(x, y, metric=metric)


# Costs of very different size, and moves that are forbidden


def cheapest_assignment(cost, units_a=None, units_b=None):
    """Mean cost where hill i holds units_a[i] shovels and hole j takes units_b[j]; None where no plan is allowed."""
    n, m = cost.shape
    a = np.ones(n, int) if units_a is None else units_a
    b = np.ones(m, int) if units_b is None else units_b
    shovels = np.repeat(np.repeat(cost, a, axis=0), b, axis=1)
    try:
        return shovels[linear_sum_assignment(shovels)].mean()
    except ValueError:  # "cost matrix is infeasible"
        return None


def costs_of_all_sizes(generator, n, m):
    shape = n, m
    small = generator.uniform(0, 5, shape)
    return {
        "28 decades": 10 ** generator.uniform(-12, 16, shape),
        "whole numbers and 1e16": np.where(generator.random(shape) < 0.5, 1e16, np.floor(small)),
        "negative": small - 5 * 10.0 ** generator.integers(-6, 6),
        "hugely negative": np.where(generator.random(shape) < 0.3, -1e16, small),
        "shifted": np.floor(small)
        + 1e10 * generator.integers(-3, 3, (n, 1))
        + 1e10 * generator.integers(-3, 3, m),
        "forbidden": np.where(generator.random(shape) < generator.random(), np.inf, small),
        "forbidden, 28 decades": np.where(
            generator.random(shape) < 0.4, np.inf, 10 ** generator.uniform(-12, 16, shape)
        ),
    }


KINDS = list(costs_of_all_sizes(np.random.default_rng(0), 1, 1))


def assert_optimal_or_refused(cost, expected, a=None, b=None, *, may_give_up=False):
    """Right, or no plan exists, or (for costs of more decades than float64 has) an error: never a wrong number."""
    if expected is None:
        with pytest.raises(ValueError, match="No plan avoids the forbidden moves"):
            earth_movers_distance(None, None, a, b, metric=cost)
        return
    try:
        transport = earth_movers_distance(None, None, a, b, metric=cost)
    except RuntimeError:
        assert may_give_up
        return
    (f, g), used = transport.potentials, transport.plan > 0
    assert transport.cost == pytest.approx(expected, rel=1e-9, abs=1e-15 * np.abs(cost[used]).max())
    assert all(np.isfinite(values).all() for values in (transport.plan, f, g))
    np.testing.assert_allclose(transport.plan.sum(axis=1), transport.a, rtol=0, atol=1e-12)
    np.testing.assert_allclose(transport.plan.sum(axis=0), transport.b, rtol=0, atol=1e-12)
    allowed = np.isfinite(cost)
    size = np.abs(np.where(allowed, cost, 0)) + np.abs(f)[:, None] + np.abs(g)
    assert (f[:, None] + g <= cost + 1e-14 * size).all()
    assert abs(transport.gap) <= 1e-9 * abs(expected) + 1e-14 * (
        transport.a @ np.abs(f) + transport.b @ np.abs(g)
    )


@pytest.mark.parametrize("large", [1e3, 1e9, 1e16, 1e100, 1e300, np.inf])
def test_a_large_cost_that_no_plan_needs_changes_nothing(large):
    transport = earth_movers_distance(None, None, metric=[[4, 5, large], [3, 5, 5], [5, 0, 2]])
    assert transport.cost == pytest.approx(3.0, rel=1e-14)
    assert abs(transport.gap) < 1e-13


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40)
@given(seed=seeds, n=st.integers(1, 8))
def test_equal_weights_and_costs_of_all_sizes(kind, seed, n):
    cost = costs_of_all_sizes(np.random.default_rng(seed), n, n)[kind]
    assert_optimal_or_refused(cost, cheapest_assignment(cost), may_give_up="28" in kind)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40)
@given(seed=seeds, n=st.integers(1, 7), m=st.integers(1, 7), total=st.sampled_from([6, 7, 12, 30]))
def test_shovels_and_costs_of_all_sizes(kind, seed, n, m, total):
    """Weights of k / 7 do not sum to one exactly: the crumb that is left must not travel at 1e16 a unit."""
    generator = np.random.default_rng(seed)
    cost = costs_of_all_sizes(generator, n, m)[kind]
    a, b = generator.multinomial(total, np.full(n, 1 / n)), generator.multinomial(total, np.full(m, 1 / m))
    expected = cheapest_assignment(cost, a, b)
    assert_optimal_or_refused(cost, expected, a / total, b / total, may_give_up="28" in kind)


@settings(max_examples=40)
@given(seeds, st.integers(1, 6), st.integers(1, 6))
def test_forbidden_moves_against_the_linear_programme_without_them(seed, n, m):
    generator = np.random.default_rng(seed)
    (_, a), (_, b) = random_measure(generator, n), random_measure(generator, m)
    cost = generator.uniform(-1, 5, (n, m))
    allowed = generator.random((n, m)) < 0.7
    marginals = np.vstack([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
    bounds = [(0, None if ok else 0) for ok in allowed.ravel()]
    right = np.concatenate([a, b])
    solution = linprog(cost.ravel(), A_eq=marginals, b_eq=right, bounds=bounds, method="highs")
    expected = solution.fun if solution.status == 0 else None
    assert_optimal_or_refused(np.where(allowed, cost, np.inf), expected, a, b)


@settings(max_examples=40)
@given(seeds, st.integers(2, 8), st.floats(-1e8, 1e8), st.sampled_from([2.0**-60, 1e-9, 1.0, 1e12]))
def test_shifts_and_scales_move_the_cost_and_not_the_plan(seed, n, shift, scale):
    generator = np.random.default_rng(seed)
    cost = generator.uniform(0, 5, (n, n))
    plain = earth_movers_distance(None, None, metric=cost)
    rows, columns = generator.uniform(-1, 1, (2, n)) * shift
    other = earth_movers_distance(None, None, metric=scale * (cost + rows[:, None] + columns))
    # the shifted costs are rounded
    np.testing.assert_allclose(np.vdot(other.plan, cost), plain.cost, rtol=1e-12, atol=1e-15 * abs(shift))
    assert other.cost / scale == pytest.approx(
        plain.cost + (rows + columns).mean(), rel=1e-12, abs=1e-15 * abs(shift)
    )


@pytest.mark.parametrize("far", [1e8, 1e12])
@pytest.mark.parametrize("metric", ["euclidean", "cityblock"])
@pytest.mark.parametrize("both", [False, True])
def test_a_point_far_out_leaves_the_others_their_plan(far, metric, both):
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(30, 2)), generator.normal(size=(30, 2)) + 1
    x[0] = far
    y[3] = 1.001 * far if both else y[3]
    transport = earth_movers_distance(x, y, metric=metric)
    rows, columns = linear_sum_assignment(cdist(x, y, metric))
    assert transport.cost == pytest.approx(cdist(x, y, metric)[rows, columns].mean(), rel=1e-15)
    inner = np.sort(transport.cost_matrix[transport.plan > 0])[:29].sum()
    assert inner == pytest.approx(np.sort(cdist(x, y, metric)[rows, columns])[:29].sum(), rel=1e-9)


def test_an_impossible_problem_says_which_rows_and_columns():
    cost = np.array([[4.0, np.inf, np.inf], [3.0, np.inf, np.inf], [5.0, 0.0, 2.0]])
    words = r"rows \[0, 1\] hold a mass of 0.666667, but may only go to columns \[0\], which take 0.333333"
    with pytest.raises(ValueError, match=words):
        earth_movers_distance(None, None, metric=cost)
    with pytest.raises(ValueError, match=r"rows \[2\] hold a mass of 1, .* columns \[\], which take 0"):
        earth_movers_distance(
            None, None, [0, 0, 1], metric=np.where(np.arange(3)[:, None] == 2, np.inf, cost)
        )


def test_forbidden_moves_of_points_without_mass_are_no_obstacle():
    cost = [[np.inf, np.inf, np.inf], [np.inf, 3.0, 5.0], [np.inf, 0.0, np.inf]]
    transport = earth_movers_distance(None, None, [0, 0.5, 0.5], [0, 0.5, 0.5], metric=cost)
    assert transport.cost == 2.5
    assert np.isfinite(transport.potentials).all()


def test_a_function_may_forbid_moves_too():
    transport = earth_movers_distance(
        [0.0, 1.0], [2.0, 3.0], metric=lambda u, v: np.inf if v - u > 2.5 else v - u
    )
    np.testing.assert_array_equal(transport.plan, np.eye(2) / 2)
    assert np.isfinite(kantorovich_potential(transport)(np.array([0.0, 1.0, 2.0]))).all()


# The Kantorovich potential


@settings(max_examples=50)
@given(seeds, sizes, sizes, st.integers(1, 3), st.sampled_from(["euclidean", "cityblock"]))
def test_the_potential_is_a_best_critic(seed, n, m, d, metric):
    """Both halves of Kantorovich-Rubinstein: 1-Lipschitz everywhere, and it attains W."""
    generator = np.random.default_rng(seed)
    (x, a), (y, b) = random_measure(generator, n, d), random_measure(generator, m, d)
    transport = earth_movers_distance(x, y, a, b, metric)
    f, g = transport.potentials
    phi = kantorovich_potential(transport)
    probes = np.concatenate([x, y, generator.normal(size=(50, d)) * 5])
    values = phi(probes[:, 0] if d == 1 else probes)
    assert (np.abs(values[:, None] - values) <= cdist(probes, probes, metric) + 1e-12).all()
    at_x, at_y = values[:n], values[n : n + m]
    assert a @ at_x - b @ at_y == pytest.approx(transport.cost, rel=1e-9, abs=1e-11)
    np.testing.assert_allclose(at_x[a > 0], f[a > 0], atol=1e-11)
    np.testing.assert_allclose(at_y[b > 0], -g[b > 0], atol=1e-11)


def test_the_potential_falls_with_slope_one_along_every_move():
    generator = np.random.default_rng(2)
    x, y = generator.normal(size=(30, 2)), generator.normal(size=(30, 2)) + 2
    transport = earth_movers_distance(x, y)
    phi = kantorovich_potential(transport)
    i, j = np.nonzero(transport.plan)
    for share in (0.0, 0.3, 0.9):  # on the whole segment, not only at its ends
        along = phi(x[i] + share * (y[j] - x[i]))
        np.testing.assert_allclose(along, phi(x[i]) - share * transport.cost_matrix[i, j], atol=1e-12)


def test_the_potential_keeps_the_shape_of_a_fine_grid():
    generator = np.random.default_rng(4)
    plane = kantorovich_potential(earth_movers_distance(*generator.normal(size=(2, 80, 2))))
    # more than one chunk
    grid = np.stack(np.meshgrid(np.linspace(-2, 2, 150), np.linspace(-2, 2, 120)), axis=-1)
    values = plane(grid)
    assert values.shape == (120, 150)
    assert values[7, 11] == plane(grid[7, 11])
    line = kantorovich_potential(earth_movers_distance(*generator.normal(size=(2, 8))))
    assert line(np.zeros((3, 4))).shape == (3, 4)
    assert line(0.5).shape == ()


def test_the_potential_of_the_blocks_of_l2():
    """The lecture draws phi(t) = |t - 6| up to a constant: 2 on average on p, -1 on q."""
    p, q = PiecewiseUniform([(1, 2), (3, 4), (9, 10)], [1 / 4, 1 / 4, 1 / 2]), PiecewiseUniform([(5, 7)])
    levels = (np.arange(400) + 0.5) / 400
    transport = earth_movers_distance(p.ppf(levels), q.ppf(levels))
    assert transport.cost == pytest.approx(3, abs=1e-12)
    t = np.linspace(1, 10, 300)
    phi = kantorovich_potential(transport)(t)
    drawn = np.abs(t - 6)
    assert np.ptp(phi - drawn) < 0.02  # twice the widest gap between neighbouring atoms


def test_a_callable_metric_has_a_potential_too():
    transport = earth_movers_distance([0.0, 1.0], [3.0, 5.0], metric=lambda u, v: abs(u - v))
    phi = kantorovich_potential(transport)
    assert phi([0.0, 1.0]).mean() - phi([3.0, 5.0]).mean() == pytest.approx(3.5)


def test_potentials_that_make_no_sense_are_refused():
    x, y = np.zeros((2, 2)), np.ones((2, 2))
    with pytest.raises(ValueError, match="cost matrix"):
        kantorovich_potential(earth_movers_distance(x, y, metric=np.ones((2, 2))))
    with pytest.raises(ValueError, match="triangle inequality"):
        kantorovich_potential(earth_movers_distance(x, y, metric="sqeuclidean"))
    with pytest.raises(ValueError, match="last axis must be 2 long"):
        kantorovich_potential(earth_movers_distance(x, y))(np.zeros((4, 3)))


# L1's table of couplings


@pytest.mark.parametrize("q", [0.0, 0.25, 1.0])
def test_the_table_of_l1(q):
    table = [[0.3 - 0.3 * q, 0.3 * q], [0.2 + 0.3 * q, 0.5 - 0.3 * q]]
    np.testing.assert_allclose(binary_couplings(0.3, 0.5, q), table, rtol=0, atol=1e-15)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_binary_couplings_are_couplings_between_the_frechet_bounds(mu0, nu0, q):
    gamma = binary_couplings(mu0, nu0, q)
    assert (gamma >= 0).all()
    np.testing.assert_allclose(gamma.sum(axis=1), [mu0, 1 - mu0], rtol=0, atol=1e-15)
    np.testing.assert_allclose(gamma.sum(axis=0), [nu0, 1 - nu0], rtol=0, atol=1e-15)
    assert binary_couplings(mu0, nu0, 0)[0, 0] == min(mu0, nu0)
    assert binary_couplings(mu0, nu0, 1)[0, 0] == max(0, mu0 + nu0 - 1)


def test_the_best_binary_coupling_is_the_optimal_plan():
    """L1's cost is linear along the segment, so an end of it is optimal: for |x - y|, the one at q = 0."""
    transport = earth_movers_distance([0.0, 1.0], [0.0, 1.0], [0.3, 0.7], [0.5, 0.5])
    couplings = binary_couplings(0.3, 0.5, np.linspace(0, 1, 11))
    assert couplings.shape == (11, 2, 2)
    costs = (couplings * transport.cost_matrix).sum(axis=(1, 2))
    assert costs.argmin() == 0
    assert transport.cost == pytest.approx(costs[0]) == pytest.approx(0.2)
    np.testing.assert_allclose(transport.plan, couplings[0], atol=1e-15)


@pytest.mark.parametrize(
    ("mu0", "nu0", "q"), [(-0.1, 0.5, 0), (0.3, 1.1, 0), (0.3, 0.5, 2), (0.3, np.nan, 0)]
)
def test_binary_couplings_refuse_what_is_no_probability(mu0, nu0, q):
    with pytest.raises(ValueError, match=r"(mu0|nu0|q) is .*; it must be"):
        binary_couplings(mu0, nu0, q)


def test_results_are_one_line_on_the_screen():
    transport = earth_movers_distance([0.0, 1.0], [1.0, 2.0, 3.0])
    assert repr(transport).startswith("<Transport of 2 onto 3 points: cost 1.5, gap ")
    assert "\n" not in repr(transport)
    curve = sinkhorn_curve(np.zeros(200), np.ones(300), [0.1, 1])
    assert repr(curve) == "<SinkhornCurve: 2 plans, 200 x 300, regularizations 0.1 to 1>"
    for bad in (None, "abc", 3.0, np.zeros(3)):
        with pytest.raises(
            ValueError, match="transport is .*; it must be what earth_movers_distance returned"
        ):
            kantorovich_potential(bad)


@pytest.mark.parametrize("metric", ["euclidean", "cityblock"])
@pytest.mark.parametrize("size", [1e-310, 1e-200, 1e200, 1e307])
def test_distances_whose_squares_are_no_numbers(size, metric):
    x, y = np.array([[0, 0], [1, 0]]), np.array([[2, 0], [3, 4]])
    expected = earth_movers_distance(x, y, metric=metric).cost
    assert earth_movers_distance(size * x, size * y, metric=metric).cost / size == pytest.approx(expected)
