"""Entropic transport against a closed form, its two limits, and the optimality condition it must meet."""

import numpy as np
import pytest
from scipy.stats import entropy

from course_utils.transport import earth_movers_distance, sinkhorn_curve


@pytest.fixture
def clouds():
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(12, 2)), generator.normal(size=(9, 2)) + 1
    a, b = generator.dirichlet(np.ones(12)), generator.dirichlet(np.ones(9))
    a[3], b[:2] = 0, 0
    return x, y, a / a.sum(), b / b.sum()


def test_two_points_have_a_closed_form():
    """a = b = 1/2, C = |x - y| on {0, 1}: the mass that stays is sigmoid(1 / eps), by symmetry."""
    eps = np.array([0.1, 1.0, 0.5, 30.0])
    curve = sinkhorn_curve([0.0, 1.0], [0.0, 1.0], eps)
    stays = 1 / (1 + np.exp(-1 / eps))
    np.testing.assert_allclose(curve.plans[:, 0, 0] + curve.plans[:, 1, 1], stays, atol=1e-7)
    np.testing.assert_allclose(curve.costs, 1 - stays, atol=1e-7)
    np.testing.assert_array_equal(curve.regularizations, eps)


def test_the_curve_runs_from_the_optimal_plan_to_independence(clouds):
    x, y, a, b = clouds
    exact = earth_movers_distance(x, y, a, b)
    eps = np.geomspace(0.005, 1e4, 12)
    curve = sinkhorn_curve(x, y, eps, a, b, tolerance=1e-8)
    assert (np.diff(curve.costs) > 0).all()
    assert (np.diff([entropy(plan, axis=None) for plan in curve.plans]) > 0).all()
    assert curve.costs[0] == pytest.approx(exact.cost, rel=1e-3)
    np.testing.assert_allclose(curve.plans[-1], np.outer(a, b), atol=1e-5)
    assert curve.costs[-1] == pytest.approx(a @ exact.cost_matrix @ b, rel=1e-3)
    assert entropy(curve.plans[-1], axis=None) == pytest.approx(entropy(a) + entropy(b), rel=1e-4)
    assert (curve.costs >= exact.cost - 1e-7).all()


def test_every_plan_is_a_coupling_of_the_gibbs_form(clouds):
    """Optimality: gamma = diag(u) exp(-C / eps) diag(v), so gamma exp(C / eps) has rank one."""
    x, y, a, b = clouds
    curve = sinkhorn_curve(x, y, [0.3, 2.0], a, b, metric="cityblock", tolerance=1e-8)
    cost = np.abs(x[:, None] - y).sum(axis=-1)
    for plan, eps in zip(curve.plans, curve.regularizations, strict=True):
        np.testing.assert_allclose(plan.sum(axis=1), a, atol=1e-12)
        np.testing.assert_allclose(plan.sum(axis=0), b, atol=1e-8)
        assert (plan[a == 0] == 0).all()
        logs = (np.log(plan[a > 0][:, b > 0]) + cost[a > 0][:, b > 0] / eps) * eps
        np.testing.assert_allclose(logs - logs[:1] - logs[:, :1] + logs[0, 0], 0, atol=1e-9)


def test_a_number_is_a_curve_of_one_point():
    assert sinkhorn_curve([0.0, 1.0], [2.0], 0.5).plans.shape == (1, 2, 1)


def test_a_small_regularization_is_approached_from_larger_ones():
    """From a cold start POT is not within the tolerance here after 5000 iterations (measured: 7e-6)."""
    generator = np.random.default_rng(3)
    x, y = generator.normal(size=(30, 2)), generator.normal(size=(30, 2)) + 1
    curve = sinkhorn_curve(x, y, 0.03, max_iterations=5000)
    assert curve.costs[0] == pytest.approx(earth_movers_distance(x, y).cost, rel=0.02)


def test_iterations_that_do_not_converge_are_an_error(clouds):
    x, y, a, b = clouds
    with pytest.raises(RuntimeError, match=r"eps = 0.001 has not converged after 50 iterations"):
        sinkhorn_curve(x, y, 0.001, a, b, max_iterations=50)


@pytest.mark.parametrize("eps", [0.0, [1.0, -1.0], np.nan, [[1.0]], []])
def test_regularizations_must_be_positive(eps):
    with pytest.raises(ValueError, match="^regularizations (is|holds|has shape) "):
        sinkhorn_curve([0.0], [1.0], eps)


def test_forbidden_moves_are_refused():
    with pytest.raises(
        ValueError, match="holds inf; .* only earth_movers_distance knows moves that are forbidden"
    ):
        sinkhorn_curve(None, None, 1.0, metric=[[1.0, np.inf], [0.0, 1.0]])


def test_a_regularization_that_rounding_drowns_is_refused():
    with pytest.raises(ValueError, match="regularizations holds 1e-300, which rounding drowns"):
        sinkhorn_curve([0.0, 1.0], [1.0, 2.0], [1.0, 1e-300])
