"""The theory of linear games: step matrices against the simulation, closed forms against eigenvalues and runs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from course_utils.games import (
    bilinear,
    convex_concave,
    dirac_gan,
    gaussian_mean_game,
    nonconvex,
    simulate,
)
from course_utils.games.theory import (
    OPTIMISTIC_LIMIT,
    RADIUS_FACTORS,
    STEP_MATRICES,
    alternating_invariant,
    eigenvalues,
    jacobian,
    radius_factor,
    step_matrix,
)

QUARTER_TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
rates = st.floats(1e-3, 1.5)
starts = arrays(float, 2, elements=st.floats(-2.0, 2.0)).filter(lambda z: np.abs(z).max() > 0.1)
matrices = st.tuples(st.integers(1, 3), st.integers(1, 3)).flatmap(
    lambda shape: arrays(float, shape, elements=st.floats(-1.0, 1.0))
)


def blocks(a):
    """The field of x^T A y: -A y for x, A^T x for y."""
    n, m = a.shape
    return np.block([[np.zeros((n, n)), -a], [a.T, np.zeros((m, m))]])


@given(a=matrices)
@settings(max_examples=30)
def test_the_jacobian_of_a_bilinear_game(a):
    np.testing.assert_allclose(jacobian(bilinear(a)), blocks(a), atol=1e-12)


def test_jacobians_of_curved_games():
    np.testing.assert_allclose(jacobian(convex_concave(0.5, 2.0)), [[-0.5, -2.0], [2.0, -0.5]], atol=1e-12)
    expected = [[-0.7 * (3 * 0.5**2 - 1), -1.0], [1.0, 0.0]]
    np.testing.assert_allclose(jacobian(nonconvex(0.7), (0.5, -1.0)), expected, atol=1e-12)
    game, x, y = dirac_gan("non-saturating"), 0.4, -1.2
    xx, xy, yx, yy = game.second_derivatives(x, y)
    np.testing.assert_allclose(jacobian(game, (x, y)), [[-xx, -xy], [yx, yy]], atol=1e-11)


@given(strength=st.floats(0.1, 3.0), loss=st.sampled_from(["minimax", "non-saturating"]))
@settings(max_examples=30)
def test_dirac_eigenvalues_are_those_of_mescheder_and_others(strength, loss):
    """With slope 1/2 and curvature 1/4 of the loss at 0; see their lemmas on each regulariser."""
    root = np.emath.sqrt
    expected = {
        "none": 0.5j * np.array([-1, 1]),
        "gradient penalty": -strength / 2 + root(strength**2 / 4 - 0.25) * np.array([-1, 1]),
        "instance noise": -(strength**2) / 4 + root(strength**4 / 16 - 0.25) * np.array([-1, 1]),
        "consensus": -strength / 4 + 0.5j * np.array([-1, 1]),
    }
    for regulariser, values in expected.items():
        j = jacobian(dirac_gan(loss, regulariser, strength=strength))
        # sum and product of the eigenvalues: unlike the roots, they do not suffer where the two meet
        assert np.trace(j) == pytest.approx(values.sum().real, abs=1e-9)
        assert np.linalg.det(j) == pytest.approx(values.prod().real, abs=1e-9)


@pytest.mark.parametrize("method", STEP_MATRICES)
@given(a=matrices, eta=st.floats(0.01, 0.5), seed=st.integers(0, 1000))
@settings(max_examples=15)
def test_powers_of_the_step_matrix_are_the_simulation(method, a, eta, seed):
    game, (n, m) = bilinear(a), a.shape
    z = np.random.default_rng(seed).uniform(-1.0, 1.0, n + m)
    run = simulate(game, method, z, steps=12, learning_rate=eta)
    step = step_matrix(method, blocks(a), eta, n_x=n)
    state = {"optimistic": np.append(z, 0 * z), "momentum": np.append(z, z)}.get(method, z)
    for point in run.points:
        np.testing.assert_allclose(state[: n + m], point, atol=1e-8 if method == "flow" else 1e-11)
        state = step @ state


def test_options_reach_the_step_matrix():
    for method, option in (("momentum", {"momentum": -0.4}), ("consensus", {"strength": 0.3})):
        run = simulate(bilinear(), method, (1.0, 0.5), steps=1, learning_rate=0.2, **option)
        state = np.array([1.0, 0.5, 1.0, 0.5] if method == "momentum" else [1.0, 0.5])
        step = step_matrix(method, QUARTER_TURN, 0.2, **option)
        np.testing.assert_allclose((step @ state)[:2], run.points[1], atol=1e-14)


@pytest.mark.parametrize(
    "method", ["simultaneous", "alternating", "optimistic", "extragradient", "consensus", "flow"]
)
def test_radius_factors_are_spectral_radii(method):
    eta = np.concatenate([np.linspace(1e-3, 3.0, 301), [0.5, OPTIMISTIC_LIMIT, 2.0]])
    spectral = np.abs(eigenvalues(method, QUARTER_TURN, eta)).max(axis=-1)
    # where two eigenvalues meet (optimistic at 1/2, alternating at 2) a rounding error eps moves them by sqrt(eps)
    np.testing.assert_allclose(radius_factor(method, eta), spectral, atol=1e-7)
    apart = (np.abs(eta - 0.5) > 0.02) & (np.abs(eta - 2.0) > 0.02)
    np.testing.assert_allclose(radius_factor(method, eta[apart]), spectral[apart], rtol=1e-12)


@pytest.mark.parametrize("method", ["simultaneous", "extragradient", "consensus"])
@given(eta=rates, start=starts, scale=st.floats(0.2, 1.5), strength=st.floats(0.1, 1.0))
@settings(max_examples=30)
def test_these_methods_multiply_the_radius_by_their_factor_at_every_step(method, eta, start, scale, strength):
    option = {"strength": strength} if method == "consensus" else {}
    run = simulate(bilinear(scale), method, start, steps=50, learning_rate=eta, bound=1e200, **option)
    theory = {k: v * scale for k, v in option.items()}
    radius = np.linalg.norm(start) * radius_factor(method, scale * eta, **theory) ** np.arange(51)
    np.testing.assert_allclose(run.distance_to(), radius, rtol=1e-10)


@given(eta=rates, start=starts)
@settings(max_examples=30)
def test_the_factors_of_the_lecture(eta, start):
    """Simultaneous: sqrt(1 + eta^2) on the radius. Extragradient: 1 - eta^2 + eta^4 on its square."""
    for method, squared in (("simultaneous", 1 + eta**2), ("extragradient", 1 - eta**2 + eta**4)):
        radius = simulate(bilinear(), method, start, steps=20, learning_rate=eta, bound=1e200).distance_to()
        np.testing.assert_allclose(radius[1:] ** 2, squared * radius[:-1] ** 2, rtol=1e-10)


@given(eta=st.floats(1e-3, 1.99), start=starts)
@settings(max_examples=40)
def test_alternating_steps_stay_on_their_ellipse(eta, start):
    run = simulate(bilinear(), "alternating", start, steps=300, learning_rate=eta)
    invariant = alternating_invariant(run.points, eta)
    # 1 - eta / 2 is the smaller eigenvalue of the ellipse: near eta = 2 the ellipse is long, and rounding with it
    np.testing.assert_allclose(invariant, invariant[0], atol=1e-10 * (run.distance_to() ** 2).max())
    assert run.distance_to().max() ** 2 <= invariant[0] / (1 - eta / 2) * (1 + 1e-9)


@given(eta=st.floats(2.01, 4.0), start=starts)
@settings(max_examples=20)
def test_from_two_on_alternating_steps_run_away(eta, start):
    run = simulate(bilinear(), "alternating", start, steps=2000, learning_rate=eta)
    assert run.diverged_at is not None


@given(eta=st.floats(0.05, 0.9).filter(lambda eta: abs(eta - OPTIMISTIC_LIMIT) > 0.02), start=starts)
@settings(max_examples=40)
def test_the_optimistic_step_contracts_up_to_its_limit_only(eta, start):
    run = simulate(bilinear(), "optimistic", start, steps=4000, learning_rate=eta, bound=1e150)
    contracts = run.diverged_at is None and run.distance_to()[-1] < 0.1 * run.distance_to()[0]
    assert contracts == (eta < OPTIMISTIC_LIMIT)
    assert contracts == (radius_factor("optimistic", eta) < 1)
    radius = run.distance_to()
    far = int(np.sum(np.isfinite(radius) & (radius > 1e-150))) - 1  # its square is still a number
    middle = far // 2
    rate = (radius[far] / radius[middle]) ** (1 / (far - middle))
    assert rate == pytest.approx(radius_factor("optimistic", eta), rel=5e-3)


def test_at_the_limit_the_optimistic_step_neither_contracts_nor_grows():
    assert radius_factor("optimistic", OPTIMISTIC_LIMIT) == pytest.approx(1.0, abs=1e-14)
    radius = simulate(
        bilinear(), "optimistic", (1, 0), steps=5000, learning_rate=OPTIMISTIC_LIMIT
    ).distance_to()
    assert radius[-1] == pytest.approx(radius[1000], rel=1e-9)


def test_eigenvalues_keep_the_shape_of_the_learning_rates():
    eta = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]])
    assert eigenvalues("simultaneous", QUARTER_TURN, eta).shape == (2, 3, 2)
    np.testing.assert_allclose(
        eigenvalues("simultaneous", QUARTER_TURN, 0.3), [1 - 0.3j, 1 + 0.3j], atol=1e-15
    )
    many = eigenvalues("optimistic", QUARTER_TURN, eta)
    for index in np.ndindex(2, 3):  # mu^2 - (1 + 2 i eta) mu + i eta = 0, and its conjugate
        roots = np.roots([1, -(1 + 2j * eta[index]), 1j * eta[index]])
        both = np.sort_complex(np.append(roots, roots.conj()))
        np.testing.assert_allclose(np.sort(np.abs(many[index])), np.sort(np.abs(both)), atol=1e-7)


def test_mistakes_are_explained():
    with pytest.raises(ValueError, match="method is 'newton'; it must be one of simultaneous"):
        step_matrix("newton", QUARTER_TURN, 0.1)
    with pytest.raises(ValueError, match=r"j has shape \(2, 3\)"):
        step_matrix("simultaneous", np.ones((2, 3)), 0.1)
    with pytest.raises(
        ValueError, match="method is 'momentum'; it must be one of .*which have a closed form"
    ):
        radius_factor("momentum", 0.1)
    with pytest.raises(ValueError, match="no known equilibrium"):
        jacobian(nonconvex())
    with pytest.raises(ValueError, match="random gradients"):
        jacobian(gaussian_mean_game(batch_size=2, rng=np.random.default_rng(0)))


@pytest.mark.parametrize("start", [(1.4, 0.6), (-0.3, 2.0), (0.5, -0.5)])
def test_the_non_saturating_dirac_gan_arrives_sublinearly(start):
    """d(r^2)/dt = -2 u tanh(u / 2) with u = x y, whose mean over a round is r^4 / 8: r -> sqrt(8 / t)."""
    eta, steps = 0.1, 30_000
    r = simulate(
        dirac_gan("non-saturating"), "alternating", start, steps=steps, learning_rate=eta
    ).distance_to()
    assert r[-1] == pytest.approx(np.sqrt(8 / (eta * steps)), rel=0.03)


@pytest.mark.parametrize("eta", [0.05, 0.1])
def test_simultaneous_steps_on_it_stop_where_growth_and_decay_balance(eta):
    run = simulate(dirac_gan("non-saturating"), "simultaneous", (1.4, 0.6), steps=30_000, learning_rate=eta)
    assert run.distance_to()[-1] == pytest.approx(np.sqrt(2 * eta), rel=0.03)


@given(momentum=st.floats(-0.8, 0.95))
@settings(max_examples=30)
def test_growth_on_xy_follows_the_age_of_the_gradient(momentum):
    """log rho = eta^2 (1/2 + age), with age beta / (1 - beta) for m <- beta m + (1 - beta) g."""
    eta = 1e-3
    rho = np.abs(eigenvalues("momentum", QUARTER_TURN, (1 - momentum) * eta, momentum=momentum)).max()
    assert np.log(rho) / eta**2 == pytest.approx(0.5 + momentum / (1 - momentum), rel=1e-2, abs=1e-3)


@pytest.mark.parametrize("method", RADIUS_FACTORS)
def test_the_radius_of_steps_backwards(method):
    rates = np.array([-3.0, -1.0, -0.3])
    largest = np.abs(eigenvalues(method, QUARTER_TURN, rates)).max(axis=-1)
    assert radius_factor(method, rates) == pytest.approx(largest)


def test_a_width_that_rounding_drowns_is_refused():
    with pytest.raises(ValueError, match="width is 0.001, which rounding drowns"):
        jacobian(bilinear(), (1e20, 0.0))
