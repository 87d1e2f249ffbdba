"""W1 on the line: sorting against scipy, against the general solver, and against integrals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import trapezoid
from scipy.stats import kstest, uniform, wasserstein_distance

from course_utils.divergences import js_divergence_continuous, kl_divergence_continuous
from course_utils.transport import PiecewiseUniform, earth_movers_distance, wasserstein_1d

coordinates = st.floats(-1e3, 1e3, allow_subnormal=False)


@st.composite
def atoms(draw):
    points = draw(st.lists(coordinates, min_size=1, max_size=15))
    masses = draw(st.lists(st.integers(0, 9), min_size=len(points), max_size=len(points)).filter(any))
    return np.array(points), np.array(masses) / sum(masses)


@st.composite
def intervals_and_masses(draw):
    ends = sorted(draw(st.lists(st.integers(-50, 50), min_size=2, max_size=10, unique=True)))
    intervals = [
        (ends[k] / 4, ends[k + 1] / 4) for k in range(0, len(ends) - 1, draw(st.sampled_from([1, 2])))
    ]
    masses = draw(st.lists(st.integers(0, 9), min_size=len(intervals), max_size=len(intervals)).filter(any))
    return intervals[::-1], np.array(masses) / sum(masses)


def blocks():
    return intervals_and_masses().map(lambda parts: PiecewiseUniform(*parts))


def area_between_cdfs(p, q):
    """The second formula for W1, exactly: both cdfs are straight between multiples of 1/4, where blocks end, so with
    their crossings added the gap between them is straight too, and the trapezoidal rule leaves no error."""
    t = np.arange(-51, 52) / 4
    gap = p.cdf(t) - q.cdf(t)
    k = np.flatnonzero(gap[:-1] * gap[1:] < 0)
    t = np.union1d(t, t[k] + gap[k] / (gap[k] - gap[k + 1]) / 4)
    return trapezoid(np.abs(p.cdf(t) - q.cdf(t)), t)


@given(atoms(), atoms())
def test_atoms_agree_with_scipy(p, q):
    expected = wasserstein_distance(p[0], q[0], p[1], q[1])
    assert wasserstein_1d(p[0], q[0], p[1], q[1]) == pytest.approx(expected, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (7, 7), (30, 41), (1000, 3)])
def test_equal_weights_and_unequal_sizes(n, m):
    generator = np.random.default_rng(n)
    x, y = generator.normal(size=n), generator.normal(size=m) + 1
    assert wasserstein_1d(x, y) == pytest.approx(wasserstein_distance(x, y), rel=1e-12)
    assert wasserstein_1d(x, y) == pytest.approx(earth_movers_distance(x, y).cost, rel=1e-12)
    assert wasserstein_1d(x[:, None], y) == wasserstein_1d(x, y)


def test_far_from_the_origin_nothing_is_lost():
    assert wasserstein_1d(1e9 + np.arange(5.0), 1e9 + np.arange(5.0) + 0.5) == 0.5


def test_the_blocks_of_l2_are_3_apart():
    p = PiecewiseUniform([(1, 2), (3, 4), (9, 10)], [1 / 4, 1 / 4, 1 / 2])
    q = PiecewiseUniform([(5, 7)])
    assert wasserstein_1d(p, q) == pytest.approx(3, abs=1e-12)
    assert wasserstein_1d(q, p) == pytest.approx(3, abs=1e-12)


@given(blocks(), blocks())
def test_blocks_agree_with_the_area_between_the_cdfs(p, q):
    assert wasserstein_1d(p, q) == pytest.approx(area_between_cdfs(p, q), rel=1e-10, abs=1e-10)
    assert wasserstein_1d(p, p) == 0


@given(intervals_and_masses(), st.floats(-100, 100))
def test_a_shift_costs_its_length(parts, shift):
    intervals, masses = parts
    p, moved = PiecewiseUniform(intervals, masses), PiecewiseUniform(np.array(intervals) + shift, masses)
    assert wasserstein_1d(p, moved) == pytest.approx(abs(shift), rel=1e-9, abs=1e-9)


def test_atoms_against_blocks_where_the_quantiles_cross():
    assert wasserstein_1d([0.5], PiecewiseUniform([(0, 1)])) == pytest.approx(1 / 4)  # E|U - 1/2|
    assert wasserstein_1d(PiecewiseUniform([(0, 1)]), [0, 1]) == pytest.approx(1 / 4)
    assert wasserstein_1d(PiecewiseUniform([(0, 4)]), PiecewiseUniform([(1, 3)])) == pytest.approx(1 / 2)


@given(blocks())
def test_a_block_density_is_one_distribution_however_it_is_asked(p):
    t = np.linspace(-13, 13, 521) + 1 / 3000  # off the kinks
    np.testing.assert_allclose((p.cdf(t + 1e-5) - p.cdf(t - 1e-5)) / 2e-5, p.pdf(t), atol=1e-8)
    np.testing.assert_allclose(np.exp(p.logpdf(t)), p.pdf(t), rtol=1e-12)
    u = np.linspace(0.01, 0.99, 197)
    np.testing.assert_allclose(p.cdf(p.ppf(u)), u, atol=1e-12)
    low, high = p.support()
    assert p.cdf(low) == 0
    assert p.cdf(high) == 1
    assert (p.pdf([low - 1e-9, high + 1e-9]) == 0).all()
    assert low <= p.ppf(0) <= p.ppf(1) == high


def test_one_block_is_the_uniform_distribution_of_scipy():
    p, t = PiecewiseUniform([(5, 7)]), np.linspace(4, 8, 83)
    np.testing.assert_allclose(p.pdf(t), uniform(5, 2).pdf(t))
    np.testing.assert_allclose(p.cdf(t), uniform(5, 2).cdf(t), atol=1e-15)
    assert p.logpdf(4) == -np.inf


def test_samples_follow_the_blocks_and_their_generator():
    p = PiecewiseUniform([(1, 2), (3, 4), (9, 10)], [1 / 4, 1 / 4, 1 / 2])
    draws = p.sample(4000, np.random.default_rng(0))
    assert kstest(draws, p.cdf).pvalue > 0.01
    np.testing.assert_array_equal(draws, p.sample(4000, np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("intervals", "masses", "message"),
    [
        ([], None, "pairs of ends"),
        ([(1, 2, 3)], None, "pairs of ends"),
        ([(0, np.inf)], None, "intervals holds inf"),
        ([(2, 1)], None, "larger right end"),
        ([(1, 1)], None, "larger right end"),
        ([(0, 2), (1, 3)], None, "overlap"),
        ([(0, 1), (1, 2)], [1, 1], "sum to 2"),
    ],
)
def test_intervals_that_are_no_density_are_refused(intervals, masses, message):
    with pytest.raises(ValueError, match=message):
        PiecewiseUniform(intervals, masses)


def test_what_is_not_on_a_line_is_refused():
    with pytest.raises(ValueError, match="earth_movers_distance"):
        wasserstein_1d(np.zeros((3, 2)), np.zeros(3))
    with pytest.raises(ValueError, match="sum to"):
        wasserstein_1d([0.0, 1.0], [0.0], [1.0, 1.0])
    with pytest.raises(ValueError, match="leave b out"):
        wasserstein_1d([0.0], PiecewiseUniform([(0, 1)]), b=[1.0])
    with pytest.raises(ValueError, match=r"u holds 1.5; every entry must be in \[0, 1\]"):
        PiecewiseUniform([(0, 1)]).ppf([0.5, 1.5])


def test_divergences_take_block_densities():
    p = PiecewiseUniform([(1, 2), (3, 4), (9, 10)], [1 / 4, 1 / 4, 1 / 2])
    assert js_divergence_continuous(p, PiecewiseUniform([(5, 7)])) == pytest.approx(np.log(2), abs=1e-12)
    wide = PiecewiseUniform([(0, 2)])
    narrow = PiecewiseUniform([(0, 1)])
    assert kl_divergence_continuous(narrow, wide) == pytest.approx(np.log(2), abs=1e-12)
    assert kl_divergence_continuous(wide, narrow) == np.inf
    halves = PiecewiseUniform([(0, 1), (1, 2)], [1 / 4, 3 / 4])
    by_hand = 0.25 * np.log(0.5) + 0.75 * np.log(1.5)
    assert kl_divergence_continuous(halves, wide) == pytest.approx(by_hand, abs=1e-12)


@pytest.mark.parametrize("size", [1e-310, 1e-200, 1e200, 4e307])
def test_lengths_whose_squares_are_no_numbers(size):
    block = PiecewiseUniform([(0, 2 * size)])
    assert wasserstein_1d(block, [size]) / size == pytest.approx(0.5)


def test_a_distance_beyond_float64_is_refused():
    with pytest.raises(ValueError, match="further apart than float64 can hold"):
        wasserstein_1d([1.7e308], [-1.7e308])
