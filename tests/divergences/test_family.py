"""The wall of losses: every best critic against an optimiser that knows no formula, every divergence against its
definition, every slope against finite differences."""

import numpy as np
import ot
import pytest
from scipy import stats
from scipy.optimize import linprog, minimize
from scipy.spatial.distance import jensenshannon

from course_utils.divergences import family, js_divergence_continuous, lines
from course_utils.divergences.family import GAMES

POINTWISE = [name for name in GAMES if name not in ("Wasserstein", "MMD", "relativistic")]


@pytest.fixture
def distributions():
    """Two with full support, different everywhere, on nine points at uneven places."""
    random = np.random.default_rng(0)
    p, q = random.dirichlet(np.ones(9), 2)
    return p, q, np.sort(random.normal(size=9))


def on_a_grid(mean, deviation, n=801, reach=8.0):
    x = np.linspace(-reach, reach, n)
    p = stats.norm(mean, deviation).pdf(x)
    return p / p.sum()


# ---------------------------------------------------------------- the best critic


@pytest.mark.parametrize("name", POINTWISE)
def test_no_answer_at_any_point_beats_the_best_critic(name, distributions):
    """Oracle: all answers on a fine grid, at each point by itself."""
    p, q, x = distributions
    game, best = GAMES[name], GAMES[name].best(*distributions)
    low, high = (max(game.answers[0], -3) + 1e-6, min(game.answers[1], 3) - 1e-6)
    answers = np.linspace(low, high, 30_001)
    for i in range(len(x)):
        here = [game.critic_loss(np.array([a]), p[i : i + 1], q[i : i + 1]) for a in answers[::30]]
        nearest = answers[::30][int(np.argmin(here))]
        fine = minimize(
            lambda a, i=i: game.critic_loss(a, p[i : i + 1], q[i : i + 1]),
            [nearest], method="Nelder-Mead", bounds=[(low, high)], options={"xatol": 1e-9, "fatol": 1e-12},
        )  # fmt: skip
        ours = game.critic_loss(best[i : i + 1], p[i : i + 1], q[i : i + 1])
        assert ours <= fine.fun + 1e-9
        assert ours == pytest.approx(fine.fun, abs=1e-6)


def test_the_best_relativistic_critic_by_quasi_newton(distributions):
    p, q, x = distributions
    game = GAMES["relativistic"]
    found = minimize(game.critic_loss, np.zeros(9), (p, q), method="BFGS", options={"gtol": 1e-9})
    assert found.fun == pytest.approx(game.critic_loss(game.best(p, q, x), p, q), abs=1e-9)
    assert np.ptp(found.x - game.best(p, q, x)) < 1e-3  # up to a constant


def test_the_best_lipschitz_critic_by_linear_programming(distributions):
    p, q, x = distributions
    n, pairs = len(x), [(i, j) for i in range(9) for j in range(9) if i != j]
    rows = np.zeros((len(pairs), n))
    for row, (i, j) in zip(rows, pairs, strict=True):
        row[i], row[j] = 1, -1
    limits = [abs(x[i] - x[j]) for i, j in pairs]
    found = linprog(q - p, A_ub=rows, b_ub=limits, bounds=[(0, 0)] + [(None, None)] * (n - 1))
    best = GAMES["Wasserstein"].best(p, q, x)
    assert found.fun == pytest.approx(GAMES["Wasserstein"].critic_loss(best, p, q), abs=1e-9)
    assert (np.abs(best[:, None] - best) <= np.abs(x[:, None] - x) + 1e-12).all()
    assert -found.fun == pytest.approx(ot.emd2_1d(x, x, p, q, metric="euclidean"), abs=1e-9)


def test_the_best_critic_of_the_unit_ball_of_a_kernel(distributions):
    """Oracle: every f = K a / sqrt(a K a) is in the ball; climb over a."""
    p, q, x = distributions
    kernel = np.exp(-((x[:, None] - x) ** 2) / 2)

    def loss(a):
        return (q - p) @ kernel @ a / np.sqrt(a @ kernel @ a)

    found = minimize(loss, p - q + 0.01, method="BFGS").fun
    game = GAMES["MMD"]
    assert found == pytest.approx(game.critic_loss(game.best(p, q, x), p, q), abs=1e-7)


@pytest.mark.parametrize("name", GAMES)
def test_the_best_critics_loss_is_the_divergence_that_the_table_says(name, distributions):
    game = GAMES[name]
    assert game.critic_loss(game.best(*distributions), *distributions[:2]) == pytest.approx(
        game.value(*distributions), abs=1e-12
    )


# ---------------------------------------------------------------- what G descends


@pytest.mark.parametrize("name", GAMES)
def test_a_critic_at_rest_shows_the_slope_of_what_the_table_says(name, distributions):
    """Oracle: central differences in q, along directions that keep its sum."""
    p, q, x = distributions
    game, random, step = GAMES[name], np.random.default_rng(1), 1e-6
    told = game.sample_loss(game.best(p, q, x), p, q)
    for _ in range(5):
        way = random.normal(size=9) * q
        way -= way.sum() * q
        by_hand = (game.descends(p, q + step * way, x) - game.descends(p, q - step * way, x)) / (2 * step)
        assert told @ way == pytest.approx(by_hand, rel=1e-5, abs=1e-8)


def test_maos_constants_give_pearsons_chi2_to_the_value_and_no_slope_near_the_data():
    """Mao et al. 2017, equation 8: with b - c = 1 and b - a = 2, both terms of 2 C(G) together are the chi^2."""
    p, q = on_a_grid(0, 1), on_a_grid(0.5, 1.3)
    game = family.least_squares(-1.0, 1.0, 0.0)
    best = game.best(p, q, None)
    assert 2 * (p + q) @ (best**2 / 2) == pytest.approx(family.mixture_chi2(p, q), abs=1e-12)
    # their own way of writing it: (2 q - (p + q))^2 / (p + q)
    assert family.mixture_chi2(p, q) == pytest.approx(((2 * q - (p + q)) ** 2 / (p + q)).sum(), abs=1e-12)
    way = np.random.default_rng(2).normal(size=len(p)) * p * 0.1
    way -= way.sum() * p
    slopes = [
        [g.sample_loss(g.best(p, p + step * way, None), p, p + step * way) @ way for step in (1e-2, 1e-3)]
        for g in (GAMES["least squares"], game)
    ]
    assert slopes[0][0] / slopes[0][1] == pytest.approx(10, rel=0.05)  # of first order in the distance
    assert slopes[1][0] / slopes[1][1] == pytest.approx(100, rel=0.2)  # and of second


# ---------------------------------------------------------------- the divergences


def test_on_densities_they_are_what_quadrature_says():
    p, q = on_a_grid(0, 1), on_a_grid(1, 1.5)
    first, second = stats.norm(0, 1), stats.norm(1, 1.5)
    x = np.linspace(-8, 8, 801)
    exact_tv = 1 - ot_overlap(first, second)
    assert family.total_variation(p, q) == pytest.approx(exact_tv, abs=1e-4)
    value = GAMES["minimax"].value(p, q, x)
    assert value == pytest.approx(2 * np.log(2) - 2 * js_divergence_continuous(first, second), abs=1e-6)
    pairs = [np.outer(a, b).ravel() for a, b in ((p, q), (q, p))]
    assert np.log(2) - GAMES["relativistic"].value(p, q, x) == pytest.approx(
        jensenshannon(*pairs) ** 2, abs=1e-9
    )
    assert -GAMES["Wasserstein"].value(p, q, x) == pytest.approx(
        stats.wasserstein_distance(x, x, p, q), abs=1e-9
    )


def ot_overlap(first, second):
    x = np.linspace(-12, 12, 200_001)
    return np.trapezoid(np.minimum(first.pdf(x), second.pdf(x)), x)


def test_equal_distributions_are_no_distance_apart_and_disjoint_ones_at_the_end():
    p, q = np.array([0.5, 0.5, 0.0, 0.0]), np.array([0.0, 0.0, 0.5, 0.5])
    assert (family.total_variation(p, q), family.mixture_chi2(p, q)) == (1, 2)
    assert (family.total_variation(p, p), family.mixture_chi2(p, p)) == (0, 0)
    x = np.arange(4.0)
    assert family.maximum_mean_discrepancy(p, p, x) == 0
    # two points each: by hand
    k = np.exp(-np.square(np.arange(4)) / 2)
    by_hand = np.sqrt((1 + k[1]) - (k[1] + 2 * k[2] + k[3]) / 2)
    assert family.maximum_mean_discrepancy(p, q, x) == pytest.approx(by_hand)


def test_where_supports_part_the_relativistic_critic_has_lost_nothing():
    p, q, x = np.array([0.5, 0.5, 0, 0]), np.array([0, 0, 0.25, 0.75]), np.arange(4.0)
    game = GAMES["relativistic"]
    assert game.critic_loss(game.best(p, q, x), p, q) == pytest.approx(game.value(p, q, x), abs=1e-12) == 0


def test_what_is_no_pair_of_distributions_on_the_line_is_refused():
    p, x = np.array([0.2, 0.3, 0.5]), np.array([0.0, 2.0, 1.0])
    for call in (GAMES["Wasserstein"].value, GAMES["Wasserstein"].best, GAMES["Wasserstein"].descends):
        with pytest.raises(ValueError, match="x does not rise"):
            call(p, p[::-1], x)
    with pytest.raises(ValueError, match="p sums to 2"):  # W would be twice as large
        GAMES["Wasserstein"].value(2 * p, 2 * p[::-1], np.arange(3.0))
    for distance in (family.total_variation, family.mixture_chi2):
        with pytest.raises(ValueError, match="p sums to 5"):
            distance([2, 3], [5, 0])


# ---------------------------------------------------------------- lesson 2's lines


@pytest.mark.parametrize(("theta", "noise"), [(1.0, 1.0), (2.0, 0.5), (0.5, 0.2), (1.0, 0.05)])
def test_the_pull_between_two_lines_is_the_derivative_of_the_divergence(theta, noise):
    """Oracles: the closed forms of lesson 2, and of two Gaussians."""
    slope = lines.js_gradient(theta, noise)
    assert family.pull(GAMES["minimax"], theta, noise) == pytest.approx(2 * slope, rel=1e-4)
    kl = theta / noise**2
    assert family.pull(GAMES["non-saturating"], theta, noise) == pytest.approx(kl - 2 * slope, rel=1e-4)
    assert family.pull(GAMES["Wasserstein"], theta, noise) == pytest.approx(1, rel=1e-6)
    tv = stats.norm.pdf(theta / (2 * noise)) / noise  # TV = 2 Phi(theta / (2 noise)) - 1
    assert family.pull(GAMES["hinge"], theta, noise) == pytest.approx(2 * tv, rel=0.02, abs=0)
    assert family.pull(GAMES["EBGAN"], theta, noise) == pytest.approx(tv, rel=0.02, abs=0)


def test_when_supports_part_some_pulls_vanish_one_stays_and_some_explode():
    far = {name: family.pull(game, 1.0, 0.05) for name, game in GAMES.items()}
    assert all(abs(far[name]) < 1e-12 for name in ("minimax", "least squares", "hinge", "EBGAN"))
    assert far["Wasserstein"] == pytest.approx(1)
    assert 0 < far["MMD"] < 1
    assert far["non-saturating"] == pytest.approx(1 / 0.05**2, rel=1e-3)
    assert far["relativistic"] == pytest.approx(1 / 0.05**2, rel=1e-3)


def test_a_line_that_is_too_far_away_is_refused_in_words():
    with pytest.raises(ValueError, match="theta is 3; it must be at most 25 times the noise, 2.5"):
        family.pull(GAMES["hinge"], 3.0, 0.1)
