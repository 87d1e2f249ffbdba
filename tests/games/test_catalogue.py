"""The catalogue of games: closed-form gradients and curvatures against torch autograd of the losses as defined."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from course_utils.games import (
    Game,
    bilinear,
    convex_concave,
    dirac_gan,
    gaussian_mean_game,
    nonconvex,
    simulate,
    with_consensus,
)

MATRIX = np.array([[1.0, -0.5, 2.0], [0.3, 0.8, -1.1]])
MEAN = np.array([1.0, -2.0])
# (places, weights) for the weight function exp(-t^2 / 2)
ATOMS = [torch.as_tensor(a) for a in np.polynomial.hermite_e.hermegauss(7)]
NO_NOISE = torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)


def torch_dirac(loss, regulariser, strength):
    """(x's loss, y's payoff) of the Dirac-GAN, written from the definitions with torch."""
    log_d = torch.nn.functional.logsigmoid
    places, weights = ATOMS if regulariser == "instance noise" else NO_NOISE
    weights = weights / weights.sum()

    def payoff(x, y):
        real, fake = y * strength * places, y * (x + strength * places)
        each = real - fake if loss == "wasserstein" else log_d(real) + torch.log1p(-torch.sigmoid(fake))
        price = {"gradient penalty": y**2, "wgan-gp": (y.abs() - 1.0) ** 2}.get(regulariser, 0.0)
        return (weights * each).sum() - 0.5 * strength * price

    def x_loss(x, y):
        if loss == "non-saturating":
            return -(weights * log_d(y * (x + strength * places))).sum()
        return payoff(x, y)

    return x_loss, payoff


def zero_sum(value):
    return value, value


GAMES = {
    "xy": (bilinear(), zero_sum(lambda x, y: x * y)),
    "number": (bilinear([[-2.5]]), zero_sum(lambda x, y: -2.5 * x * y)),
    "matrix": (bilinear(MATRIX), zero_sum(lambda x, y: x @ torch.as_tensor(MATRIX) @ y)),
    "convex-concave": (
        convex_concave(0.7, 1.3),
        zero_sum(lambda x, y: 0.35 * x**2 - 0.35 * y**2 + 1.3 * x * y),
    ),
    "nonconvex": (nonconvex(0.6), zero_sum(lambda x, y: x * y + 0.6 * (x**4 / 4 - x**2 / 2))),
    "mean": (gaussian_mean_game(1.5), zero_sum(lambda x, y: y * (1.5 - x))),
    "mean in 2-D": (gaussian_mean_game(MEAN), zero_sum(lambda x, y: (y * (torch.as_tensor(MEAN) - x)).sum())),
} | {
    f"dirac {loss} {regulariser}": (
        dirac_gan(loss, regulariser, strength=0.8),
        torch_dirac(loss, regulariser, 0.8),
    )
    for loss in ("minimax", "non-saturating", "wasserstein")
    for regulariser in ("none", "gradient penalty", "wgan-gp", "instance noise")
}
names = pytest.mark.parametrize("name", GAMES)


def players(game, seed, shape=()):
    """A random point, as the two parts that the game's functions take."""
    return game.split(np.random.default_rng(seed).uniform(-2.0, 2.0, (*shape, game.dimension)))


def as_vectors(game, *parts):
    return np.concatenate([np.reshape(part, -1) for part in parts])


@names
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15)
def test_values_gradients_and_curvatures_are_those_of_autograd(name, seed):
    game, (x_loss, payoff) = GAMES[name]
    x, y = players(game, seed)
    tx, ty = (torch.tensor(part, dtype=torch.float64, requires_grad=True) for part in (x, y))
    assert game.value(x, y) == pytest.approx(payoff(tx, ty).item(), abs=1e-12)
    assert (game.x_loss or game.value)(x, y) == pytest.approx(x_loss(tx, ty).item(), abs=1e-12)

    gx = torch.autograd.grad(x_loss(tx, ty), tx)[0]
    gy = torch.autograd.grad(payoff(tx, ty), ty)[0]
    for mine, theirs in zip(game.gradients(x, y), (gx, gy), strict=True):
        np.testing.assert_allclose(mine, theirs.numpy(), atol=1e-12)

    hessians = (torch.autograd.functional.hessian(f, (tx, ty)) for f in (x_loss, payoff))
    theirs = [block for row, h in enumerate(hessians) for block in h[row]]
    for mine, block in zip(game.second_derivatives(x, y), theirs, strict=True):
        np.testing.assert_allclose(mine, block.numpy(), atol=1e-12)


@names
def test_consensus_adds_the_gradient_of_the_energy(name):
    game, (x_loss, payoff) = GAMES[name]
    x, y = players(game, 5)
    tx, ty = (torch.tensor(part, dtype=torch.float64, requires_grad=True) for part in (x, y))
    gx = torch.autograd.grad(x_loss(tx, ty), tx, create_graph=True)[0]
    gy = torch.autograd.grad(payoff(tx, ty), ty, create_graph=True)[0]
    energy = 0.5 * ((gx**2).sum() + (gy**2).sum())
    ex, ey = torch.autograd.grad(energy, (tx, ty), retain_graph=True)
    calm = with_consensus(game, 0.3)
    for mine, theirs in zip(calm.gradients(x, y), (gx + 0.3 * ex, gy - 0.3 * ey), strict=True):
        np.testing.assert_allclose(mine, theirs.detach().numpy(), atol=1e-12)
    assert calm.value(x, y) == pytest.approx((payoff(tx, ty) - 0.3 * energy).item(), abs=1e-12)
    assert calm.x_loss(x, y) == pytest.approx((x_loss(tx, ty) + 0.3 * energy).item(), abs=1e-12)


@names
def test_many_points_at_once_give_what_single_points_give(name):
    game = GAMES[name][0]
    points = np.random.default_rng(3).uniform(-2.0, 2.0, (4, 3, game.dimension))
    x, y = game.split(points)
    fields, values = game.field(points), game.value(x, y)
    energies = [
        as_vectors(game, *game.energy_gradient(*game.split(p))) for p in points.reshape(-1, game.dimension)
    ]
    assert fields.shape == points.shape
    for index in np.ndindex(4, 3):
        one = points[index]
        parts = game.split(one)
        np.testing.assert_allclose(fields[index], game.field(one), atol=1e-14)
        assert values[index] == pytest.approx(game.value(*parts), abs=1e-14)
        if game.players == (1, 1):  # plain floats take their own path through the sigmoid
            np.testing.assert_allclose(game.gradients(*map(float, parts)), game.gradients(*parts), atol=1e-14)
    ex, ey = game.energy_gradient(x, y)
    parts = (np.reshape(ex, (12, -1)), np.reshape(ey, (12, -1)))
    np.testing.assert_allclose(np.concatenate(parts, axis=1), energies, atol=1e-13)


@names
def test_at_an_equilibrium_nobody_wants_to_move(name):
    game = GAMES[name][0]
    rng = np.random.default_rng(0)
    assert len(game.equilibria) == (0 if "wgan-gp" in name or name == "nonconvex" else 1)
    for equilibrium in game.equilibria:
        np.testing.assert_allclose(game.field(equilibrium), 0.0, atol=1e-15)
        x, y = game.split(equilibrium)
        others_x, others_y = game.split(rng.uniform(-3.0, 3.0, (200, game.dimension)))
        x_loss = game.x_loss or game.value
        assert (x_loss(others_x, np.broadcast_to(y, others_y.shape)) >= x_loss(x, y) - 1e-12).all()
        assert (game.value(np.broadcast_to(x, others_x.shape), others_y) <= game.value(x, y) + 1e-12).all()


def test_the_origin_of_the_nonconvex_game_rests_but_is_no_equilibrium():
    game = nonconvex()
    np.testing.assert_array_equal(game.field((0.0, 0.0)), 0.0)
    assert game.value(0.5, 0.0) < game.value(0.0, 0.0)


def test_the_nonconvex_flow_is_van_der_pols_oscillator():
    """Amplitude 2.00861986 of the van der Pol cycle at strength 1 (a tabulated constant), 2 for a small one."""
    for strength, amplitude, tolerance in ((1.0, 2.00861986087, 1e-5), (0.05, 2.0, 1e-3)):
        run = simulate(nonconvex(strength), "flow", (1.0, 1.0), steps=30_000, learning_rate=0.005)
        cycle = run.points[-1400:, 0]  # a period is a little over 2 pi
        if strength == 0.05:  # a weak pull: the start has been chosen near the cycle
            run = simulate(nonconvex(strength), "flow", (2 / 3**0.5, 0.0), steps=30_000, learning_rate=0.005)
            cycle = run.points[-1400:, 0]
        assert np.sqrt(3.0) * cycle.max() == pytest.approx(amplitude, abs=tolerance)


def test_saturated_sigmoids_keep_their_tiny_gradients():
    game = dirac_gan("minimax")
    for y in (40.0, np.array([40.0])):
        gx, _ = game.gradients(-10.0, y)  # D(x) = sigmoid(-400): small, but no zero
        np.testing.assert_allclose(gx, -40.0 * np.exp(-400.0), rtol=1e-12)
    assert game.gradients(1e4, 1e4)[0] == -1e4  # and no overflow on the other side


def test_instance_noise_is_an_expectation_over_a_gaussian():
    """The Gauss-Hermite atoms against adaptive quadrature of the definition."""
    s, x, y = 0.7, 0.6, -1.1
    noise = stats.norm(scale=s)

    def payoff(a):
        return -np.logaddexp(0.0, -y * a) * noise.pdf(a) - np.logaddexp(0.0, y * (x + a)) * noise.pdf(a)

    expected = integrate.quad(payoff, -8 * s, 8 * s, epsabs=1e-12)[0]
    assert dirac_gan("minimax", "instance noise", strength=s).value(x, y) == pytest.approx(expected, abs=1e-6)


@given(mean=st.floats(-3, 3), x=st.floats(-3, 3), y=st.floats(-3, 3), batch=st.integers(1, 64))
@settings(max_examples=5)
def test_mini_batch_gradients_have_the_law_of_drawn_batches(mean, x, y, batch):
    """The mean of the critic's gradient, and its variance 2 / B, against sampling the batches themselves."""
    rng = np.random.default_rng(7)
    n = 20_000
    game = gaussian_mean_game(mean, batch_size=batch, rng=rng)
    gx, gy = game.gradients(np.full(n, x), np.full(n, y))
    np.testing.assert_array_equal(gx, -y)
    drawn = stats.norm(mean).rvs((2000, batch), random_state=rng).mean(axis=1)
    drawn = drawn - (x + stats.norm().rvs((2000, batch), random_state=rng)).mean(axis=1)
    deviation = (2.0 / batch) ** 0.5
    assert abs(gy.mean() - (mean - x)) < 5 * deviation / n**0.5
    assert gy.std() == pytest.approx(deviation, rel=0.03)
    assert stats.ks_2samp(gy, drawn).pvalue > 1e-4


def test_mini_batches_repeat_with_the_seed_and_differ_without():
    def run(seed):
        game = gaussian_mean_game(batch_size=8, rng=np.random.default_rng(seed))
        return simulate(game, "optimistic", (0.0, 0.0), steps=50, learning_rate=0.1).points

    np.testing.assert_array_equal(run(1), run(1))
    assert np.abs(run(1) - run(2))[2:].min() > 0.0  # the first step of x sees no sample, all later ones do


def test_mistakes_are_explained():
    with pytest.raises(ValueError, match="loss is 'hinge'; it must be one of minimax"):
        dirac_gan("hinge")
    with pytest.raises(ValueError, match="regulariser is 'dropout'; it must be one of .*instance noise"):
        dirac_gan("minimax", "dropout")
    with pytest.raises(ValueError, match="strength is 0"):
        dirac_gan("minimax", "consensus", strength=0.0)
    with pytest.raises(ValueError, match=r"matrix has shape \(3,\)"):
        bilinear([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="finite"):
        bilinear(np.nan)
    with pytest.raises(ValueError, match="curvature is -1"):
        convex_concave(-1)
    with pytest.raises(ValueError, match="strength is 0"):
        nonconvex(0)
    with pytest.raises(ValueError, match="rng is None; it must be a numpy Generator.*for the mini-batches"):
        gaussian_mean_game(batch_size=8)
    with pytest.raises(ValueError, match=r"mean has shape \(1, 2\)"):
        gaussian_mean_game([[1.0, 2.0]])
    mine = Game(lambda x, y: x * y, lambda x, y: (y, x), name="my game")
    with pytest.raises(ValueError, match="my game has no second derivatives"):
        simulate(mine, "consensus", (1.0, 1.0), steps=1, learning_rate=0.1)
