"""The trained judges against what they should find: JSD, W, the best discriminator, the slope of the best critic."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from course_utils.divergences import js_divergence_continuous, optimal_discriminator
from course_utils.gan.judges import Critic, Discriminator
from course_utils.toy import parallel_lines

LOG_2 = np.log(2)
KINDS = (Critic, Discriminator)


class Normal:
    """On the line, shape (n,)."""

    def __init__(self, mean, std):
        self.law = stats.norm(mean, std)

    def sample(self, n, generator):
        return self.law.rvs(n, random_state=generator)


@pytest.fixture(scope="module")
def trained():
    """A discriminator of N(0, 1) against N(1.5, 0.7), and fresh points of both."""
    p, q = Normal(0, 1), Normal(1.5, 0.7)
    generator = np.random.default_rng(5)
    judge = Discriminator(1, learning_rate=1e-2).train(p, q, 400)
    return judge, p.law, q.law, p.sample(20_000, generator), q.sample(20_000, generator)


def test_discriminator_finds_the_best_one_and_reports_the_jsd_from_below(trained):
    judge, p, q, x, y = trained
    grid = np.linspace(-2, 3, 51)
    assert np.abs(judge(grid) - optimal_discriminator(p, q)(grid)).max() < 0.06
    jsd = js_divergence_continuous(p, q)
    assert 0.96 * jsd < judge.estimate(x, y) < jsd + 0.005  # 20,000 points: standard error 0.002


def test_generator_gradient_is_twice_the_derivative_of_the_jsd(trained):
    """dV(D*)/dtheta when q moves by theta, here by finite differences of the exact JSD."""
    judge, p, _, _, y = trained
    h = 1e-3
    left, right = (js_divergence_continuous(p, stats.norm(1.5 + move, 0.7)) for move in (-h, h))
    assert judge.generator_gradient(y).mean() == pytest.approx(2 * (right - left) / (2 * h), rel=0.06)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_gradients_match_finite_differences(dim):
    x = np.random.default_rng(0).normal(size=(7, dim) if dim > 1 else 7)
    judge, critic = Discriminator(dim, seed=3), Critic(dim, seed=3)
    h = 1e-6
    losses = (
        (lambda u: np.log(1 - judge(u)), judge.generator_gradient(x)),
        (lambda u: -np.log(judge(u)), judge.generator_gradient(x, saturating=False)),
        (lambda u: -critic(u), critic.generator_gradient(x)),
    )
    for loss, gradient in losses:
        assert gradient.shape == x.shape
        for axis in range(dim):
            shift = h * np.eye(dim)[axis] if dim > 1 else h
            numeric = (loss(x + shift) - loss(x - shift)) / (2 * h)
            assert np.allclose(gradient[..., axis] if dim > 1 else gradient, numeric, atol=1e-8)
    steepness = np.sqrt((critic.score_gradient(x).reshape(7, dim) ** 2).sum(axis=1))
    assert np.allclose(critic.slope(x), steepness)


@pytest.mark.parametrize(("penalty", "theta"), [(10.0, -2.0), (2.0, 1.0)])
def test_critic_of_a_shift_has_the_slope_that_the_penalty_allows(penalty, theta):
    """f = s x is best for a shift by t, and s t - penalty (s - 1)^2 is largest at s = 1 + t / (2 penalty)."""
    critic = Critic(2, penalty=penalty).train(parallel_lines(0), parallel_lines(theta), 400)
    x, shift = parallel_lines(0).sample(500, np.random.default_rng(1)), np.array([theta, 0])
    slope = 1 + abs(theta) / (2 * penalty)
    assert critic.estimate(x, x + shift) == pytest.approx(slope * abs(theta), rel=0.03)
    assert np.median(critic.slope(x + shift / 2)) == pytest.approx(slope, rel=0.03)
    push = critic.generator_gradient(x + shift)[:, 0]
    assert np.median(push) == pytest.approx(np.sign(theta) * slope, rel=0.05)


def test_one_sided_penalty_lets_the_critic_be_flat():
    """Between equal distributions the best critic is constant; the two-sided penalty wants slope 1 all the same."""
    p = Normal(0, 1)
    x = p.sample(400, np.random.default_rng(2))
    one, two = (
        Critic(1, one_sided=side, learning_rate=1e-2).train(p, p, 200).slope(x) for side in (True, False)
    )
    assert np.median(one) < 0.5
    assert np.median(two) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_untrained_estimate_and_that_steps_report_what_estimate_says(kind):
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(30, 2)), generator.normal(3, 1, size=(20, 2))
    judge = kind(2)
    before = judge.estimate(x, y)
    assert judge.step(x, y) == pytest.approx(before, abs=1e-12)
    for _ in range(50):
        judge.step(x, y)
    assert judge.estimate(x, y) > before
    values = judge(x), judge(y)
    if kind is Critic:
        assert judge.estimate(x, y) == pytest.approx(values[0].mean() - values[1].mean())
    else:
        value = np.log(values[0]).mean() + np.log(1 - values[1]).mean()
        assert judge.estimate(x, y) == pytest.approx((value + 2 * LOG_2) / 2)


@pytest.mark.parametrize("kind", KINDS)
def test_seeded_and_careful_with_the_global_generators(kind):
    def outcome(seed):
        judge = kind(2, seed=seed).train(parallel_lines(0), parallel_lines(1), 3)
        return torch.cat([p.detach().ravel() for p in judge.network.parameters()])

    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    first = outcome(1)
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(first, outcome(1))
    assert not torch.equal(first, outcome(2))


@given(distance=st.floats(-50, 50), spread=st.floats(0, 5))
@settings(max_examples=20)
def test_discriminator_never_reports_more_than_log_2(distance, spread):
    generator = np.random.default_rng(0)
    x, y = generator.normal(0, spread, 40), generator.normal(distance, spread, 40)
    judge = Discriminator(1, learning_rate=0.05)
    for _ in range(15):
        judge.step(x, y)
    assert judge.estimate(x, y) <= LOG_2


@pytest.mark.parametrize("kind", KINDS)
def test_shapes(kind):
    plane, line = kind(2), kind(1)
    points = np.broadcast_to(np.array([0.5, 2.0]), (3, 4, 2))  # read-only, as broadcast arrays are
    assert plane(points).shape == (3, 4)
    assert plane.score_gradient(points).shape == (3, 4, 2)
    assert np.allclose(plane(points), plane(points[0, :1])[0])
    assert line(np.zeros(5)).shape == line.score_gradient(np.zeros(5)).shape == (5,)
    assert line(np.zeros((5, 1))).shape == (5, 1)
    assert line(0.3) == pytest.approx(line(np.array([0.3]))[0])
    assert line.step(np.zeros(5), np.ones(5)) == pytest.approx(
        kind(1).step(np.zeros((5, 1)), np.ones((5, 1)))
    )


@pytest.mark.parametrize("kind", KINDS)
def test_wrong_points_are_told(kind):
    with pytest.raises(ValueError, match=r"fake has shape \(4,\).*dimension 2"):
        kind(2).step(np.zeros((4, 2)), np.zeros(4))
    with pytest.raises(ValueError, match=r"points has shape \(4, 3\)"):
        kind(2)(np.zeros((4, 3)))
    with pytest.raises(ValueError, match="holds nan; every entry must be a finite number"):
        kind(1).estimate([0.0], [np.nan])
    with pytest.raises(ValueError, match=r"fake is a ndarray.*call step"):
        kind(1).train(Normal(0, 1), np.zeros(3), 1)


@pytest.mark.parametrize(
    "wrong",
    [{"dim": 0}, {"dim": 2, "width": 0}, {"dim": 2, "learning_rate": -1.0}, {"dim": 2, "penalty": -1}],
)
def test_wrong_settings_are_told(wrong):
    with pytest.raises(ValueError, match=list(wrong)[-1]):
        Critic(**wrong)


@pytest.mark.parametrize("kind", [Discriminator, Critic])
def test_the_standard_error_is_the_spread_of_many_reports(kind):
    random = np.random.default_rng(0)
    judge = kind(2, seed=1).train(parallel_lines(0, 0.5), parallel_lines(1, 0.5), 40)
    draw = [parallel_lines(theta, 0.5) for theta in (0, 1)]
    samples = [[line.sample(200, random) for line in draw] for _ in range(400)]
    reports = np.array([judge.estimate(*pair) for pair in samples])
    told = np.array([judge.standard_error(*pair) for pair in samples])
    assert told.mean() == pytest.approx(reports.std(ddof=1), rel=0.12)  # of 400, a spread is known to 3.5 %
    with pytest.raises(ValueError, match="at least two"):
        judge.standard_error(samples[0][0][:1], samples[0][1])


@pytest.mark.parametrize("kind", [Discriminator, Critic])
@pytest.mark.parametrize("off", [torch.no_grad, torch.inference_mode])
def test_gradients_are_there_where_a_notebook_switched_them_off(kind, off):
    x = np.random.default_rng(0).normal(size=(4, 2))
    plain, within = kind(2), kind(2)
    expected = plain.step(x, x + 1), plain.score_gradient(x)
    with off():
        found = within.step(x, x + 1), within.score_gradient(x)
    assert found[0] == expected[0]
    assert np.array_equal(found[1], expected[1])
