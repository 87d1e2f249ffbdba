"""The step rules and `simulate`: against steps written out by hand, the flow, and their promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils import games
from course_utils.games import (
    METHODS,
    Game,
    bilinear,
    convex_concave,
    dirac_gan,
    gaussian_mean_game,
    nonconvex,
    simulate,
)

GAMES = {
    "xy": bilinear(),
    "matrix": bilinear([[1.0, -0.5, 0.2], [0.3, 0.8, -1.1]]),
    "convex-concave": convex_concave(0.5, 1.5),
    "nonconvex": nonconvex(0.7),
    "dirac": dirac_gan("non-saturating", "instance noise", strength=0.5),
    "mean": gaussian_mean_game([1.0, -2.0]),
}
rates = st.floats(1e-3, 0.3)
coordinate = st.floats(-2.0, 2.0)


def by_hand(game, method, start, steps, eta):
    """Every method as the update of one vector z along the field v, as textbooks write it."""
    v, z, n = game.field, np.asarray(start, float), game.players[0]
    points, old, m = [z], np.zeros_like(z), np.zeros_like(z)
    for _ in range(steps):
        now = v(z)
        if method == "simultaneous":
            z = z + eta * now
        elif method == "alternating":
            half = z.copy()
            half[:n] += eta * now[:n]
            z = half.copy()
            z[n:] += eta * v(half)[n:]
        elif method == "momentum":
            m = 0.9 * m + now
            z = z + eta * m
        elif method == "optimistic":
            z = z + 2 * eta * now - eta * old
        elif method == "extragradient":
            z = z + eta * v(z + eta * now)
        elif method == "consensus":
            h = 1e-5 * np.eye(len(z))
            energy = [(np.sum(v(z + e) ** 2) - np.sum(v(z - e) ** 2)) / 4e-5 for e in h]
            z = z + eta * (now - np.array(energy))
        old = now
        points.append(z)
    return np.array(points)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", GAMES)
def test_every_method_takes_the_textbook_steps(name, method):
    game = GAMES[name]
    start = np.random.default_rng(1).uniform(-1.0, 1.0, game.dimension)
    run = simulate(game, method, start, steps=40, learning_rate=0.07)
    assert run.points.shape == (41, game.dimension)
    tolerance = 1e-7 if method == "consensus" else 1e-12  # by hand, consensus takes difference quotients
    np.testing.assert_allclose(run.points, by_hand(game, method, start, 40, 0.07), atol=tolerance)
    assert run.diverged_at is None
    assert (run.method, run.learning_rate) == (method, 0.07)


@pytest.mark.parametrize("method", [*METHODS, "flow"])
@pytest.mark.parametrize("name", GAMES)
def test_many_starts_at_once_give_what_single_starts_give(name, method):
    game = GAMES[name]
    starts = np.random.default_rng(2).uniform(-1.0, 1.0, (2, 3, game.dimension))
    together = simulate(game, method, starts, steps=20, learning_rate=0.05)
    assert together.points.shape == (21, 2, 3, game.dimension)
    np.testing.assert_array_equal(together.diverged_at, np.full((2, 3), -1))
    for index in np.ndindex(2, 3):
        alone = simulate(game, method, starts[index], steps=20, learning_rate=0.05)
        np.testing.assert_allclose(together.points[:, *index], alone.points, atol=1e-13)


@pytest.mark.parametrize("method", [m for m in METHODS if m not in ("consensus", "momentum")])
@pytest.mark.parametrize("name", GAMES)
def test_methods_become_the_flow_as_the_learning_rate_goes_to_zero(name, method):
    """Halving eta halves the distance to the flow at time 2: every one of these is of first order at least."""
    game = GAMES[name]
    start = np.random.default_rng(4).uniform(-1.0, 1.0, game.dimension)
    end = simulate(game, "flow", start, steps=1, learning_rate=2.0).points[-1]
    coarse, fine = (
        np.linalg.norm(simulate(game, method, start, steps=n, learning_rate=2.0 / n).points[-1] - end)
        for n in (2000, 4000)
    )
    assert fine < 3e-3
    assert fine < 0.6 * coarse


def test_weak_consensus_and_slow_momentum_become_flows_too():
    """Consensus of strength eta vanishes with it; momentum beta runs the flow 1 / (1 - beta) times as fast."""
    game, start, n = convex_concave(), (1.0, 0.5), 4000
    end = simulate(game, "flow", start, steps=1, learning_rate=2.0).points[-1]
    calm = simulate(game, "consensus", start, steps=n, learning_rate=2.0 / n, strength=2.0 / n)
    heavy = simulate(game, "momentum", start, steps=n, learning_rate=1.0 / n, momentum=0.5)
    np.testing.assert_allclose(calm.points[-1], end, atol=2e-3)
    np.testing.assert_allclose(heavy.points[-1], end, atol=2e-3)


@given(x=coordinate, y=coordinate, eta=rates)
@settings(max_examples=20)
def test_the_flow_of_xy_runs_on_circles(x, y, eta):
    run = simulate(bilinear(), "flow", (x, y), steps=100, learning_rate=eta)
    angle = eta * np.arange(101)
    circle = np.stack([x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)], axis=-1)
    np.testing.assert_allclose(run.points, circle, atol=1e-6)


def test_a_flow_that_explodes_in_finite_time_stops_and_leaves_the_others_alone():
    """dx/dt = x^3 leaves for infinity at time 1 / (2 x_0^2); y rests."""
    cubic = Game(lambda x, y: -(x**4) / 4, lambda x, y: (-(x**3), 0.0 * y), name="cubic")
    run = simulate(cubic, "flow", [(1.0, 0.0), (0.1, 0.0)], steps=40, learning_rate=0.045)
    assert run.diverged_at[0] == 12  # 11 * 0.045 < 1 / 2 < 12 * 0.045
    assert run.diverged_at[1] == -1
    assert np.isnan(run.points[12:, 0]).all()
    times = 0.045 * np.arange(41)
    np.testing.assert_allclose(run.points[:12, 0, 0], (1 - 2 * times[:12]) ** -0.5, rtol=1e-8)
    np.testing.assert_allclose(run.points[:, 1, 0], 0.1 * (1 - 0.02 * times) ** -0.5, rtol=1e-8)


@given(eta=st.floats(0.3, 3.0), bound=st.floats(10.0, 1e8))
@settings(max_examples=30)
def test_a_diverging_run_says_when_and_keeps_its_shape(eta, bound):
    steps = 3000
    run = simulate(bilinear(), "simultaneous", (1.0, 0.0), steps=steps, learning_rate=eta, bound=bound)
    exact = (1 + 1j * eta) ** np.arange(steps + 1, dtype=complex) if eta < 0.5 else None
    assert run.points.shape == (steps + 1, 2)
    k = run.diverged_at
    assert (np.abs(run.points[:k]) <= bound).all()
    assert np.isnan(run.points[k:]).all()
    last = run.points[k - 1]
    after = last + eta * np.array([-last[1], last[0]])
    assert np.abs(after).max() > bound
    if exact is not None:
        first = np.argmax(np.maximum(np.abs(exact.real), np.abs(exact.imag)) > bound)
        assert abs(k - first) <= 1


def test_a_diverging_run_is_not_computed_to_the_end():
    calls = 0

    def gradients(x, y):
        nonlocal calls
        calls += 1
        return y, x

    run = simulate(
        Game(lambda x, y: x * y, gradients), "simultaneous", (1, 0), steps=10**6, learning_rate=1.0
    )
    assert run.diverged_at == 40  # 2^(40 / 2) > 10^6
    assert calls < 1000


def test_among_many_starts_each_has_its_own_end():
    starts = np.array([[1.0, 0.0], [1e5, 0.0], [0.0, 0.0]])
    run = simulate(bilinear(), "simultaneous", starts, steps=500, learning_rate=1.0)
    np.testing.assert_array_equal(run.diverged_at, [40, 8, -1])
    assert np.isfinite(run.points[:40, 0]).all()
    assert np.isnan(run.points[8:, 1]).all()
    np.testing.assert_array_equal(run.points[:, 2], 0.0)


@pytest.mark.parametrize("start", [(3.0, 1.0), [(3.0, 1.0), (0.0, 0.0)]])
def test_overflow_is_divergence_and_no_warning(start):
    """Python's float power raises OverflowError, NumPy's warns; here both are the end of a run."""
    quartic = Game(lambda x, y: -(x**4), lambda x, y: (-4 * x**3, 0 * y))
    run = simulate(quartic, "simultaneous", start, steps=300, learning_rate=0.5)
    first = np.ravel(run.diverged_at)[0]
    assert 1 < first < 10
    assert np.isnan(run.points.reshape(301, -1, 2)[first:, 0]).all()


@given(x=coordinate, y=coordinate, eta=rates, method=st.sampled_from([*METHODS]))
@settings(max_examples=30)
def test_averages_and_distances(x, y, eta, method):
    run = simulate(bilinear(), method, [(x, y), (y, 1.0)], steps=30, learning_rate=eta)
    assert run.averages.shape == run.points.shape
    for k in (0, 1, 17, 30):
        np.testing.assert_allclose(run.averages[k], run.points[: k + 1].mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(
        run.distance_to((1.0, -1.0)), np.hypot(run.points[..., 0] - 1, run.points[..., 1] + 1), atol=1e-12
    )


def test_averages_of_alternating_steps_converge_where_the_last_point_does_not():
    run = simulate(bilinear(), "alternating", (1.0, 0.0), steps=20_000, learning_rate=0.1)
    assert run.distance_to()[-1] > 0.9
    assert np.linalg.norm(run.averages[-1]) < 2e-3


def test_regularised_dirac_gans_converge_and_bare_ones_do_not():
    def end(loss, regulariser):
        game = dirac_gan(loss, regulariser, strength=1.0)
        return simulate(game, "alternating", (1.0, 1.0), steps=4000, learning_rate=0.1).distance_to()[-1]

    for loss in ("minimax", "non-saturating", "wasserstein"):
        # The non-saturating one creeps in without any fixed rate, as the paper also sees; the others circle.
        assert end(loss, "none") > (0.1 if loss == "non-saturating" else 0.5)
        assert end(loss, "wgan-gp") > 0.5
        assert end(loss, "gradient penalty") < 1e-6
        assert end(loss, "consensus") < 1e-6
    assert end("minimax", "instance noise") < 1e-6
    assert end("non-saturating", "instance noise") < 1e-6
    assert end("wasserstein", "instance noise") > 0.5  # a linear payoff does not see noise of mean zero


def test_consensus_as_a_method_and_as_a_regulariser_are_one_thing():
    options = {"start": (1.0, 0.5), "steps": 100, "learning_rate": 0.1}
    method = simulate(dirac_gan("minimax"), "consensus", strength=0.7, **options)
    regulariser = simulate(dirac_gan("minimax", "consensus", strength=0.7), "simultaneous", **options)
    np.testing.assert_array_equal(method.points, regulariser.points)


def test_learning_the_mean_of_a_gaussian():
    """L3: gradient descent spirals out, momentum sooner, and the optimistic last point finds the mean."""
    game = gaussian_mean_game([3.0, 4.0])
    runs = {
        m: simulate(game, m, np.zeros(4), steps=4000, learning_rate=0.1)
        for m in ("simultaneous", "momentum", "optimistic")
    }
    mean = game.equilibria[0]
    assert runs["momentum"].diverged_at < runs["simultaneous"].diverged_at
    assert runs["optimistic"].distance_to(mean)[-1] < 1e-3
    noisy = gaussian_mean_game([3.0, 4.0], batch_size=64, rng=np.random.default_rng(0))
    last = simulate(noisy, "optimistic", np.zeros(4), steps=4000, learning_rate=0.1).distance_to(mean)[-500:]
    assert last.mean() < 1.0  # the noise keeps it near the mean, not on it
    assert last.min() > 1e-4


def test_a_rule_of_ones_own():
    def descent_only(game, x, y, learning_rate, *, brake=1.0):
        while True:
            x = x - brake * learning_rate * game.gradients(x, y)[0]
            yield x, y

    run = simulate(convex_concave(), descent_only, (1.0, 0.0), steps=10, learning_rate=0.5, brake=0.5)
    np.testing.assert_allclose(run.points[:, 0], 0.75 ** np.arange(11))
    assert run.method == "descent_only"


def in_place(game, x, y, learning_rate):
    while True:
        gx, gy = game.gradients(x, y)
        x -= learning_rate * gx
        y += learning_rate * gy
        yield x, y


@pytest.mark.parametrize("name", ["xy", "matrix", "mean", "dirac"])
@pytest.mark.parametrize("runs", [(), (3,), (2, 3)])
def test_a_rule_may_work_in_place(name, runs):
    """x -= lr * gx is natural; 300 steps are more than the block that is looked at in one piece."""
    game = GAMES[name]
    start = np.random.default_rng(3).uniform(-1.0, 1.0, (*runs, game.dimension))
    kept = start.copy()
    run = simulate(game, in_place, start, steps=300, learning_rate=0.01)
    np.testing.assert_array_equal(start, kept)
    np.testing.assert_array_equal(run.points[0], kept)
    expected = simulate(game, "simultaneous", start, steps=300, learning_rate=0.01)
    np.testing.assert_allclose(run.points, expected.points, rtol=1e-12, atol=1e-14)
    assert len(np.unique(run.points.reshape(301, -1), axis=0)) == 301


def test_gradients_that_change_their_points_are_refused():
    """The run would be another one, without a word: y is twice as large when the step is taken."""

    def gradients(x, y):
        y *= 2
        return y, x

    game = Game(lambda x, y: 2 * x * y, gradients, name="mine")
    for method in ("simultaneous", "flow"):
        with pytest.raises(ValueError, match="the gradients of mine change the x or y that they are given"):
            simulate(game, method, [(1.0, 1.0), (2.0, 1.0)], steps=3, learning_rate=0.1)


def test_a_rule_may_yield_one_array_over_and_over():
    def rule(game, x, y, learning_rate):
        z = np.array([x, y])
        while True:
            z += learning_rate * game.field(z)
            yield z[0:1], z[1:2]

    run = simulate(bilinear(), rule, (1.0, 0.5), steps=300, learning_rate=0.01)
    expected = simulate(bilinear(), "simultaneous", (1.0, 0.5), steps=300, learning_rate=0.01)
    np.testing.assert_allclose(run.points, expected.points, rtol=1e-12)


@pytest.mark.parametrize("requires_grad", [False, True])
@pytest.mark.parametrize("start", [(1.0, 0.5), [(1.0, 0.5), (-1.0, 2.0)]])
def test_a_rule_may_yield_tensors(requires_grad, start):
    torch = pytest.importorskip("torch")

    def rule(game, x, y, learning_rate):
        x, y = (torch.tensor(part, dtype=torch.float64, requires_grad=requires_grad) for part in (x, y))
        while True:
            with torch.no_grad():
                gx, gy = game.gradients(x.clone(), y.clone())
                x -= learning_rate * gx
                y += learning_rate * gy
            yield x, y

    run = simulate(bilinear(), rule, start, steps=300, learning_rate=0.01)
    expected = simulate(bilinear(), "simultaneous", start, steps=300, learning_rate=0.01)
    np.testing.assert_allclose(run.points, expected.points, rtol=1e-12)


@pytest.mark.parametrize(
    "convert", [lambda v: [v], int, np.float32, np.float64, np.array, lambda v: np.array([v])]
)
def test_a_rule_may_yield_lists_and_any_kind_of_number(convert):
    def rule(game, x, y, learning_rate):
        while True:
            x, y = x + 1.0, y - 2.0
            yield convert(x), convert(y)

    run = simulate(bilinear(), rule, (0.0, 0.0), steps=300, learning_rate=0.1)
    np.testing.assert_array_equal(run.points, np.arange(301)[:, None] * [1.0, -2.0])


@pytest.mark.parametrize("kind", ["int", "tensor", "tensor with gradients"])
@pytest.mark.parametrize("method", [m for m in METHODS if m != "consensus"])
def test_a_game_may_give_integers_or_tensors(kind, method):
    torch = pytest.importorskip("torch")
    number = {
        "int": int,
        "tensor": lambda v: torch.tensor(v, dtype=torch.float64),
        "tensor with gradients": lambda v: torch.tensor(v, dtype=torch.float64, requires_grad=True),
    }[kind]
    game = Game(lambda x, y: x + y, lambda x, y: (number(1), number(2)))
    run = simulate(game, method, (0.0, 0.0), steps=20, learning_rate=0.5)
    plain = simulate(
        Game(lambda x, y: x + y, lambda x, y: (1.0, 2.0)), method, (0.0, 0.0), steps=20, learning_rate=0.5
    )
    np.testing.assert_allclose(run.points, plain.points, rtol=1e-12)


@pytest.mark.parametrize("after", [0, 1, 300])
@pytest.mark.parametrize("start", [(1.0, 0.0), [(1.0, 0.0), (0.0, 1.0)]])
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (None, "must yield the next point"),
        (1.0, "must yield the next point"),
        ((None, 0.0), "must yield the next point"),
        (("one", 0.0), "must yield the next point"),
        ((np.zeros((3, 2)), 0.0), "must yield the next point"),
        ((np.nan, 0.0), "look for 0/0"),
    ],
)
def test_what_is_no_point_is_explained(after, start, wrong, message):
    def rule(game, x, y, learning_rate):
        for _ in range(after):
            yield x, y
        while True:
            yield (wrong[0] + 0 * x, wrong[1] + 0 * y) if message == "look for 0/0" else wrong

    with pytest.raises(ValueError, match=message):
        simulate(bilinear(), rule, start, steps=400, learning_rate=0.1)


def test_a_type_error_of_the_rule_itself_stays_its_own():
    def rule(game, x, y, learning_rate):
        yield x, y
        yield x + "1", y

    with pytest.raises(TypeError, match="unsupported operand"):
        simulate(bilinear(), rule, (1.0, 0.0), steps=5, learning_rate=0.1)


def test_no_steps_give_the_start():
    for method in (*METHODS, "flow"):
        np.testing.assert_array_equal(
            simulate(bilinear(), method, (1, 2), steps=0, learning_rate=0.1).points, [[1.0, 2.0]]
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "newton"}, "method is 'newton'; it must be one of simultaneous"),
        ({"start": (1.0, 2.0, 3.0)}, r"shape \(3,\), but a point of x y has 2 coordinates"),
        ({"start": 1.0}, r"start has shape \(\)"),
        ({"start": (np.nan, 0.0)}, "give coordinates between"),
        ({"start": (1e7, 0.0)}, "give coordinates between"),
        ({"steps": 2.5}, "steps is 2.5"),
        ({"steps": -1}, "steps is -1"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0"),
        ({"learning_rate": np.nan}, "learning_rate is nan"),
        ({"method": lambda game, x, y, eta: (p for p in [(x, y)])}, "stopped after 1 steps"),
    ],
)
def test_mistakes_are_explained(change, message):
    arguments = {"method": "simultaneous", "start": (1.0, 0.0), "steps": 10, "learning_rate": 0.1} | change
    with pytest.raises(ValueError, match=message):
        simulate(bilinear(), **arguments)


def test_a_random_game_has_no_flow():
    game = gaussian_mean_game(batch_size=4, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="there is no flow"):
        simulate(game, "flow", (0.0, 0.0), steps=5, learning_rate=0.1)


def test_a_trajectory_is_one_line_on_the_screen():
    game = games.bilinear()
    played = games.simulate(game, "alternating", [1, 0.5], steps=5_000, learning_rate=0.1)
    end = ", ".join(f"{c:.3g}" for c in played.points[-1])
    assert repr(played) == f"<Trajectory 'alternating': 5,000 steps of 0.1, from (1, 0.5), to ({end})>"
    lost = games.simulate(game, "simultaneous", [1, 1], steps=2_000, learning_rate=0.5)
    end = f"from (1, 1), diverged at step {lost.diverged_at}"
    assert repr(lost) == f"<Trajectory 'simultaneous': 2,000 steps of 0.5, {end}>"
    many = games.simulate(game, "simultaneous", np.ones((3, 4, 2)), steps=2_000, learning_rate=0.5)
    assert repr(many) == "<Trajectory 'simultaneous': 2,000 steps of 0.5, 12 starts, 12 diverged>"
    wide = games.simulate(games.bilinear(np.eye(3)), "optimistic", np.arange(6), steps=0, learning_rate=0.1)
    assert repr(wide) == "<Trajectory 'optimistic': 0 steps of 0.1, from (0, 1, 2, ...), to (0, 1, 2, ...)>"


def test_the_moving_average_forgets_and_meets_its_closed_form_on_a_circle():
    """On z_k = exp(i phi k) the EMA settles at radius (1 - d) / |1 - d exp(-i phi)|."""
    steps, decay = 2000, 0.98
    run = simulate(bilinear(), "flow", (1.0, 0.0), steps=steps, learning_rate=0.1)
    radius = np.linalg.norm(run.moving_average(decay)[-1])
    assert radius == pytest.approx((1 - decay) / abs(1 - decay * np.exp(-0.1j)), rel=1e-3)
    np.testing.assert_array_equal(run.moving_average(0.0), run.points)
    with pytest.raises(ValueError, match="decay"):
        run.moving_average(1.0)


def test_the_flow_of_a_tiny_start_is_as_exact():
    run = simulate(bilinear(), "flow", (1e-9, 0.0), steps=6, learning_rate=1.0)
    assert run.points[-1] / 1e-9 == pytest.approx([np.cos(6), np.sin(6)], rel=1e-7)
