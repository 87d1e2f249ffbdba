"""Divergences against scipy, closed forms, exact arithmetic and adaptive quadrature of another make."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, special, stats
from scipy.spatial import distance

from course_utils.divergences import (
    gan_value,
    js_divergence,
    js_divergence_continuous,
    js_integrand,
    kl_divergence,
    kl_divergence_continuous,
    optimal_discriminator,
    pointwise_value,
    value_on_points,
)
from course_utils.divergences import quadrature as _quadrature

LOG_2 = np.log(2)
ATOMS = stats.rv_discrete(values=([-1, 1], [0.5, 0.5]))


def probability_vectors(n: int):
    """Vectors with zeros, tiny and ordinary entries."""
    entry = st.one_of(st.just(0.0), st.floats(1e-300, 1e-12), st.floats(0.01, 1.0))
    return (
        st.lists(entry, min_size=n, max_size=n)
        .filter(lambda v: sum(v) > 0.01)
        .map(lambda v: np.array(v) / sum(v))
    )


@st.composite
def vectors(draw, count: int):
    n = draw(st.integers(1, 6))
    return [draw(probability_vectors(n)) for _ in range(count)]


def mixture(means, stds, weights):
    return stats.Mixture(
        [stats.Normal(mu=m, sigma=s) for m, s in zip(means, stds, strict=True)], weights=weights
    )


def gaussian_kl(m1, s1, m2, s2):
    return np.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - 0.5


# --- Probability vectors ------------------------------------------------------------------------------------------


@given(vectors(2))
def test_vectors_agree_with_scipy(pair):
    p, q = pair
    np.testing.assert_allclose(kl_divergence(p, q), stats.entropy(p, q), rtol=1e-12, atol=1e-14)
    with np.errstate(all="ignore"):  # scipy takes the root of a sum that may round to -1e-17
        jsd = np.nan_to_num(distance.jensenshannon(p, q) ** 2)
    np.testing.assert_allclose(js_divergence(p, q), jsd, rtol=1e-7, atol=1e-14)


@given(vectors(3))
def test_vectors_invariants(triple):
    p, q, r = triple
    assert kl_divergence(p, p) == 0 == js_divergence(p, p)
    assert kl_divergence(p, q) >= 0.5 * np.abs(p - q).sum() ** 2 - 1e-13  # Pinsker: zero only where p = q
    assert 0 <= js_divergence(p, q) <= LOG_2
    assert js_divergence(p, q) == js_divergence(q, p)
    m = (p + q) / 2
    np.testing.assert_allclose(
        js_divergence(p, q), (kl_divergence(p, m) + kl_divergence(q, m)) / 2, rtol=1e-12, atol=1e-14
    )
    metric = lambda a, b: np.sqrt(js_divergence(a, b))  # noqa: E731
    assert metric(p, r) <= metric(p, q) + metric(q, r) + 1e-7  # sqrt turns a rounding of 1e-15 into 3e-8


@given(vectors(2))
def test_merging_two_outcomes_never_increases_a_divergence(pair):
    p, q = pair
    assume(p.size > 1)
    merged = [np.r_[v[0] + v[1], v[2:]] for v in (p, q)]
    assert kl_divergence(*merged) <= kl_divergence(p, q) * (1 + 1e-12) + 1e-13
    assert js_divergence(*merged) <= js_divergence(p, q) * (1 + 1e-12) + 1e-13


def test_vectors_near_each_other_keep_their_digits():
    step = 12_345_677 * 2.0**-55  # 1/8 + step is a float: nothing is rounded here
    p = np.full(6, 1 / 8) + np.array([1, -1, 2, -2, 0, 0]) * step
    p[4:] = 1 / 4  # the entries sum to 1 exactly
    q = np.array([1 / 8] * 4 + [1 / 4] * 2)
    with localcontext() as context:
        context.prec = 60
        exact_p, exact_q = [Decimal(float(v)) for v in p], [Decimal(float(v)) for v in q]
        exact_kl = sum(a * (a / b).ln() for a, b in zip(exact_p, exact_q, strict=True))
        exact_js = sum(
            (a * (2 * a / (a + b)).ln() + b * (2 * b / (a + b)).ln()) / 2
            for a, b in zip(exact_p, exact_q, strict=True)
        )
    np.testing.assert_allclose(kl_divergence(p, q), float(exact_kl), rtol=1e-11)
    np.testing.assert_allclose(js_divergence(p, q), float(exact_js), rtol=1e-11)


def test_subnormal_entries_neither_overflow_nor_vanish():
    tiny = 5e-324  # 0.5 / tiny overflows
    np.testing.assert_allclose(
        kl_divergence([0.5, 0.5], [1.0, tiny]), 0.5 * (2 * np.log(0.5) - np.log(tiny)), rtol=1e-14
    )
    np.testing.assert_allclose(kl_divergence([1.0, tiny], [0.5, 0.5]), LOG_2, rtol=1e-14)
    assert js_divergence([1.0, tiny], [tiny, 1.0]) == pytest.approx(LOG_2, rel=1e-14)


def test_zeros_shapes_and_types():
    assert kl_divergence([0.5, 0.5], [1.0, 0.0]) == np.inf
    assert kl_divergence([1.0, 0.0], [0.5, 0.5]) == pytest.approx(LOG_2, rel=1e-15)
    assert js_divergence([1.0, 0.0], [0.0, 1.0]) == pytest.approx(LOG_2, rel=1e-15)
    assert isinstance(kl_divergence([1.0], [1.0]), float)
    assert isinstance(js_divergence([1.0], [1.0]), float)
    p, q = np.full((3, 1, 2), 0.5), np.array([[0.5, 0.5], [0.25, 0.75]])
    assert kl_divergence(p, q).shape == (3, 2)
    np.testing.assert_allclose(js_divergence(p, q)[:, 1], js_divergence([0.5, 0.5], [0.25, 0.75]))
    # A sum that is off by rounding, up to 1e-6, is divided out.
    np.testing.assert_allclose(
        kl_divergence([0.3, 0.7 + 5e-7], [0.6, 0.4]), stats.entropy([0.3, 0.7 + 5e-7], [0.6, 0.4]), rtol=1e-12
    )


@pytest.mark.parametrize(
    ("p", "q", "words"),
    [
        ([-0.1, 1.1], [0.5, 0.5], r"p holds -0\.1; every entry must be zero or more, as a probability is"),
        ([0.5, 0.5], [0.5, 0.5 + 3e-6], r"q sums to 1\.000003 .* not to 1"),
        ([np.nan, 1.0], [0.5, 0.5], "p holds nan; every entry must be a finite"),
        ([0.5, 0.5], [np.inf, 0.5], "q holds inf; every entry must be a finite"),
        ([], [], r"shape \(0,\)"),
        (1.0, 1.0, r"shape \(\)"),
        ([0.5, 0.5], [1.0], "p has 2 entries .* q has 1"),
        (np.full((2, 2), 0.5), np.full((3, 2), 0.5), "do not broadcast"),
        (["a", "b"], [0.5, 0.5], "p is .*; it must be made of numbers"),
        ([0.5, 0.5], stats.norm(), "functions ending in _continuous"),
    ],
)
def test_bad_vectors_are_refused_in_words(p, q, words):
    for divergence in (kl_divergence, js_divergence):
        with pytest.raises(ValueError, match=words):
            divergence(p, q)


# --- Densities: closed forms --------------------------------------------------------------------------------------

scales = st.floats(-3, 3).map(lambda e: 10**e)
locations = st.floats(-100, 100)


@given(locations, scales, locations, scales, st.booleans())
@settings(max_examples=60)
def test_gaussian_kl_has_its_closed_form(m1, s1, m2, s2, newer):
    make = (lambda m, s: stats.Normal(mu=m, sigma=s)) if newer else stats.norm
    p, q = make(m1, s1), make(m2, s2)
    np.testing.assert_allclose(
        kl_divergence_continuous(p, q), gaussian_kl(m1, s1, m2, s2), rtol=1e-8, atol=1e-8
    )


@given(locations, scales, locations, scales)
@settings(max_examples=40)
def test_cauchy_kl_has_its_closed_form(m1, s1, m2, s2):
    """Chyzak and Nielsen, 2019."""
    expected = np.log(((s1 + s2) ** 2 + (m1 - m2) ** 2) / (4 * s1 * s2))
    kl = kl_divergence_continuous(stats.cauchy(m1, s1), stats.cauchy(m2, s2))
    np.testing.assert_allclose(kl, expected, rtol=1e-8, atol=1e-9)


def gamma_kl(a, b):
    return (a - b) * special.digamma(a) - special.gammaln(a) + special.gammaln(b)


def beta_kl(a, b, c, d):
    psi = special.digamma
    return (
        special.betaln(c, d)
        - special.betaln(a, b)
        + (a - c) * psi(a)
        + (b - d) * psi(b)
        + (c - a + d - b) * psi(a + b)
    )


def kl_to_normal(p, second_moment):
    """KL(p || N(0, 1)) = -H(p) + log(2 pi) / 2 + E x^2 / 2."""
    return -p.entropy() + np.log(2 * np.pi) / 2 + second_moment / 2


CLOSED_FORMS = {
    "normal, far and narrow": (stats.norm(), stats.norm(40, 0.01), gaussian_kl(0, 1, 40, 0.01)),
    "narrow, normal far off": (stats.norm(40, 0.01), stats.norm(), gaussian_kl(40, 0.01, 0, 1)),
    "where pdf underflows": (stats.norm(), stats.norm(1e5), gaussian_kl(0, 1, 1e5, 1)),
    "exponential": (stats.expon(scale=2), stats.expon(scale=3), np.log(3 / 2) - 1 / 3),
    "exponential, normal": (stats.expon(), stats.norm(), np.log(2 * np.pi) / 2),
    "uniform inside": (stats.uniform(0, 1), stats.uniform(-1, 4), np.log(4)),
    "uniform, newer": (stats.Uniform(a=0, b=1), stats.Uniform(a=0, b=3), np.log(3)),
    "Laplace, normal": (stats.laplace(), stats.norm(), kl_to_normal(stats.laplace(), 2)),
    "normal, Laplace that underflows": (
        stats.norm(),
        stats.laplace(scale=1e-3),
        1e3 * np.sqrt(2 / np.pi) + np.log(2e-3) - stats.norm().entropy(),
    ),
    "lognormal": (stats.lognorm(1), stats.lognorm(2), gaussian_kl(0, 1, 0, 2)),
    "lognormal, newer": (
        stats.exp(stats.Normal(mu=0, sigma=1)),
        stats.exp(stats.Normal(mu=1, sigma=2)),
        gaussian_kl(0, 1, 1, 2),
    ),
    "lognormal, normal": (stats.lognorm(1), stats.norm(), kl_to_normal(stats.lognorm(1), np.exp(2))),
    "Student 3, normal": (stats.t(3), stats.norm(), kl_to_normal(stats.t(3), 3)),
    "Student 2.01, normal": (stats.t(2.01), stats.norm(), kl_to_normal(stats.t(2.01), 201)),
    "Student 3, newer": (
        stats.make_distribution(stats.t)(df=3.0),
        stats.Normal(mu=0, sigma=1),
        kl_to_normal(stats.t(3), 3),
    ),
    "Pareto": (stats.pareto(2), stats.pareto(3), np.log(2 / 3) + 1 / 2),
    "gamma": (stats.gamma(2), stats.gamma(3), gamma_kl(2, 3)),
    "gamma, singular at 0": (stats.gamma(0.3), stats.gamma(5), gamma_kl(0.3, 5)),
    "gamma, mass below 1e-300": (stats.gamma(0.01), stats.gamma(0.02), gamma_kl(0.01, 0.02)),
    "beta, singular at both ends": (stats.beta(0.5, 0.5), stats.uniform(), beta_kl(0.5, 0.5, 1, 1)),
    "beta": (stats.beta(2, 3), stats.beta(0.5, 4), beta_kl(2, 3, 0.5, 4)),
    "truncated": (stats.truncnorm(-1, 2), stats.norm(), -np.log(stats.norm.cdf(2) - stats.norm.cdf(-1))),
    "truncated, newer": (
        stats.truncate(stats.Normal(mu=0, sigma=1), -1, 2),
        stats.Normal(mu=0, sigma=1),
        -np.log(stats.norm.cdf(2) - stats.norm.cdf(-1)),
    ),
    "folded": (stats.dgamma(2), stats.dgamma(5), gamma_kl(2, 5)),
    "the same": (stats.norm(3, 2), stats.Normal(mu=3, sigma=2), 0.0),
}


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_kl_closed_forms(name):
    p, q, expected = CLOSED_FORMS[name]
    np.testing.assert_allclose(kl_divergence_continuous(p, q), expected, rtol=1e-8, atol=1e-10)


INFINITE = {
    "Cauchy, normal (absolutely continuous, yet infinite)": (stats.cauchy(), stats.norm()),
    "Cauchy, Laplace": (stats.cauchy(), stats.laplace()),
    "Student 2, normal: the border": (stats.t(2), stats.norm()),
    "Student 3, e^(-|x|^3): the border": (stats.t(3), stats.gennorm(3)),
    "Student 6, e^(-x^6), which overflows on the way": (stats.t(6), stats.gennorm(6)),
    "logistic, log-density beyond -1e308": (stats.logistic(), stats.gumbel_r(0, 0.02)),
    "uniforms overlapping": (stats.uniform(0, 2), stats.uniform(0, 1)),
    "normal, exponential": (stats.norm(), stats.expon()),
    "edge in the far tail": (stats.norm(), stats.uniform(-50, 150)),
    "hole in the middle": (
        stats.norm(),
        stats.Mixture([stats.Uniform(a=-60, b=50), stats.Uniform(a=51, b=60)]),
    ),
    "e^(-1/x) at the edge 0": (stats.uniform(0, 1), stats.invgauss(1)),
    "e^(-1/x) at another edge": (stats.uniform(1, 1), stats.invgauss(1, loc=1)),
}


@pytest.mark.parametrize("name", INFINITE)
def test_infinite_kl_is_infinite_and_jsd_is_not(name):
    p, q = INFINITE[name]
    assert kl_divergence_continuous(p, q) == np.inf
    assert 0 < js_divergence_continuous(p, q) <= LOG_2
    assert js_divergence_continuous(p, q) == js_divergence_continuous(q, p)


def test_finite_where_the_tail_just_allows_it():
    # The neighbours of the borders above: E x^2 under Student 2.01 is 201; ∫ 2x / x dx at e^(-1/x).
    assert kl_divergence_continuous(stats.t(3), stats.gennorm(2.9)) < 100
    assert kl_divergence_continuous(stats.beta(2, 1), stats.invgauss(1)) < 10
    assert kl_divergence_continuous(stats.norm(), stats.cauchy()) == pytest.approx(
        integrate.quad(
            lambda x: stats.norm.pdf(x) * (stats.norm.logpdf(x) - stats.cauchy.logpdf(x)), -40, 40
        )[0],
        rel=1e-9,
    )


# --- Densities: JSD, mixtures, the value --------------------------------------------------------------------------


@given(locations, scales, locations, scales)
@settings(max_examples=40)
def test_jsd_bounds_symmetry_and_value(m1, s1, m2, s2):
    p, q = stats.norm(m1, s1), stats.norm(m2, s2)
    jsd = js_divergence_continuous(p, q)
    assert 0 <= jsd <= LOG_2
    assert jsd == js_divergence_continuous(q, p)
    best = gan_value(optimal_discriminator(p, q), p, q)
    np.testing.assert_allclose(best, 2 * jsd - 2 * LOG_2, rtol=0, atol=1e-9)


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0.2, 3)), min_size=3, max_size=3))
@settings(max_examples=25)
def test_sqrt_jsd_obeys_the_triangle_inequality(parameters):
    p, q, r = (stats.norm(m, s) for m, s in parameters)
    a, b, c = (np.sqrt(js_divergence_continuous(*pair)) for pair in ((p, r), (p, q), (q, r)))
    assert a <= b + c + 1e-7


def test_far_apart_and_disjoint_reach_log_2():
    assert js_divergence_continuous(stats.norm(), stats.norm(40, 0.01)) == pytest.approx(LOG_2, abs=1e-6)
    assert js_divergence_continuous(stats.uniform(0, 1), stats.uniform(2, 1)) == pytest.approx(
        LOG_2, abs=1e-12
    )
    assert js_divergence_continuous(stats.norm(), stats.norm(1e6, 1e-3)) == pytest.approx(LOG_2, abs=1e-9)


def test_mixtures_of_two_gaussians_against_quad():
    p, q = mixture([-2, 2], [1, 0.5], [0.3, 0.7]), mixture([0, 3], [0.4, 1], [0.5, 0.5])
    integrand = lambda x: p.pdf(x) * (p.logpdf(x) - q.logpdf(x))  # noqa: E731
    expected = integrate.quad(integrand, -12, 12, points=[-2, 0, 2, 3], epsabs=1e-12, limit=200)[0]
    np.testing.assert_allclose(kl_divergence_continuous(p, q), expected, rtol=1e-9)


def test_narrow_components_are_not_missed():
    # Components that do not overlap reduce a mixture's KL to that of its weights (plus a shift within one of them).
    p = mixture([-50, 50], [1e-3, 1e-3], [0.3, 0.7])
    q = mixture([-50, 50.001], [1e-3, 1e-3], [0.5, 0.5])
    expected = 0.3 * np.log(0.6) + 0.7 * (np.log(1.4) + 0.5)
    np.testing.assert_allclose(kl_divergence_continuous(p, q), expected, rtol=1e-8)
    # A needle of weight 0.001 within a broad component, against the broad component alone.
    needle = mixture([0, 0.3], [1, 1e-6], [0.999, 0.001])
    broad = stats.Normal(mu=0, sigma=1)
    narrow_kl = gaussian_kl(0.3, 1e-6, 0, 1)
    expected = 0.999 * np.log(0.999) + 0.001 * (np.log(0.001) + narrow_kl)
    np.testing.assert_allclose(kl_divergence_continuous(needle, broad), expected, rtol=0.01)


def test_optimal_discriminator_maximises_the_value_at_every_point():
    p, q = mixture([-2, 2], [1, 0.5], [0.3, 0.7]), stats.norm(1, 1.5)
    best = optimal_discriminator(p, q)
    for x in np.linspace(-4, 4, 9):
        found = optimize.minimize_scalar(
            lambda d, x=x: -pointwise_value(d, p.pdf(x), q.pdf(x)),
            bounds=(0, 1),
            method="bounded",
            options={"xatol": 1e-9},
        )
        assert best(x) == pytest.approx(found.x, abs=1e-5)
        assert pointwise_value(best(x), p.pdf(x), q.pdf(x)) >= -found.fun - 1e-12


def test_optimal_discriminator_where_densities_underflow_or_vanish():
    best = optimal_discriminator(stats.norm(0, 1), stats.norm(1, 1))
    assert isinstance(best(0.5), float)
    assert best(0.5) == 0.5
    np.testing.assert_allclose(best(np.array([[-500.0], [500.5]])), [[1.0], [0.0]], atol=1e-200)
    disjoint = optimal_discriminator(stats.uniform(0, 1), stats.uniform(2, 1))
    np.testing.assert_array_equal(disjoint(np.array([0.5, 1.5, 2.5])), [1.0, 0.5, 0.0])


@given(st.floats(-3, 3), st.floats(-3, 3))
@settings(max_examples=30)
def test_any_other_discriminator_has_a_smaller_value(slope, offset):
    p, q = stats.norm(0, 1), stats.norm(1, 2)
    best = gan_value(optimal_discriminator(p, q), p, q)
    assert gan_value(lambda x: special.expit(slope * x + offset), p, q) <= best + 1e-10


def test_value_of_known_discriminators():
    p, q = stats.norm(0, 1), stats.norm(3, 1)
    assert gan_value(lambda x: 0.5, p, q) == pytest.approx(-2 * LOG_2, abs=1e-12)
    # A step between 0.2 and 0.9 at x = 1.234, where no break point lies.
    step = lambda x: np.where(x < 1.234, 0.9, 0.2)  # noqa: E731
    below = p.cdf(1.234), q.cdf(1.234)
    expected = (
        below[0] * np.log(0.9)
        + (1 - below[0]) * np.log(0.2)
        + below[1] * np.log(0.1)
        + (1 - below[1]) * np.log(0.8)
    )
    assert gan_value(step, p, q) == pytest.approx(expected, abs=1e-9)
    # log |x| has an integral: E log|x| for N(0, 1) is -(gamma + log 2) / 2; against U(5, 6), 1 - D = 1/2 there.
    dip = lambda x: np.where(np.abs(x) < 4, np.minimum(np.abs(x) / 8, 1.0), 0.5)  # noqa: E731
    inner = integrate.quad(lambda x: 2 * stats.norm.pdf(x) * np.log(x / 8), 0, 4)[0]
    expected = inner + 2 * stats.norm.sf(4) * np.log(0.5) + np.log(0.5)
    assert gan_value(dip, p, stats.uniform(5, 1)) == pytest.approx(expected, abs=1e-8)


def test_certainty_costs_everything_where_it_is_wrong_and_nothing_where_it_is_right():
    left, right = stats.uniform(0, 1), stats.uniform(2, 1)
    is_left = lambda x: x < 1.5  # noqa: E731
    assert gan_value(is_left, left, right) == 0
    assert gan_value(is_left, stats.norm(-4), right) == -np.inf  # 1.9e-8 of the data lies right of 1.5
    assert gan_value(is_left, right, left) == -np.inf
    assert gan_value(is_left, stats.norm(), right) == -np.inf
    assert gan_value(lambda x: 1.0 * (x < 8), stats.norm(), stats.uniform(9, 1)) == 0  # 6e-16 of p: rounding


def test_the_quotient_of_pdfs_is_as_good_a_discriminator():
    # Written as on the slide it rounds to exactly 1 and to 0/0 in the tails; neither may spoil the value.
    p, q = stats.norm(0, 1), stats.norm(6, 0.5)
    by_hand = lambda x: p.pdf(x) / (p.pdf(x) + q.pdf(x))  # noqa: E731
    expected = 2 * js_divergence_continuous(p, q) - 2 * LOG_2
    assert gan_value(by_hand, p, q) == pytest.approx(expected, abs=1e-10)
    quotient = lambda x: stats.beta.pdf(x, 2, 2) / (stats.beta.pdf(x, 2, 2) + stats.beta.pdf(x, 2, 3))  # noqa: E731
    p_b, q_b = stats.beta(2, 2), stats.beta(2, 3)  # 0/0 at both edges
    expected_b = 2 * js_divergence_continuous(p_b, q_b) - 2 * LOG_2
    assert gan_value(quotient, p_b, q_b) == pytest.approx(expected_b, abs=1e-10)
    single = lambda x: by_hand(x).astype(np.float32)  # noqa: E731
    assert gan_value(single, p, q) == pytest.approx(expected, abs=1e-5)


def test_a_network_with_float32_answers():
    p, q = stats.norm(0, 1), stats.norm(1, 1)
    network = lambda x: special.expit(np.float32(0.3) - x.astype(np.float32))  # noqa: E731
    exact = gan_value(lambda x: special.expit(0.3 - x), p, q)
    value = gan_value(network, p, q)
    assert value == pytest.approx(exact, abs=1e-5)
    # Under Cauchy data log D ~ x has no mean; in float32 D reaches 0 at x = 104, where a share 0.003 of the data lies.
    assert gan_value(network, stats.cauchy(), q) == -np.inf


def test_pointwise_value():
    assert pointwise_value(1.0, 0.7, 0.0) == 0
    assert pointwise_value(0.0, 0.7, 0.1) == -np.inf
    np.testing.assert_allclose(
        pointwise_value([0.25, 0.5], 0.3, 0.1), [0.3 * np.log(0.25) + 0.1 * np.log(0.75), 0.4 * np.log(0.5)]
    )
    with pytest.raises(ValueError, match=r"d is 1\.5; it must be in \[0, 1\]"):
        pointwise_value(1.5, 0.1, 0.1)
    with pytest.raises(ValueError, match="p_star_x is -0.1; it must be"):
        pointwise_value(0.5, -0.1, 0.1)


@pytest.mark.parametrize(
    ("discriminator", "words"),
    [
        (lambda x: x, r"must be in \[0, 1\], so put a sigmoid"),
        (lambda x: np.full(x.shape, np.nan), "answer holds nan"),
        (lambda x: np.full((x.size, 1), 0.5), "one value in .* for each point"),
    ],
)
def test_bad_discriminators_are_refused_in_words(discriminator, words):
    with pytest.raises(ValueError, match=words):
        gan_value(discriminator, stats.norm(), stats.norm(1))


# --- What is refused, and atoms -----------------------------------------------------------------------------------


@pytest.mark.parametrize("atoms", [ATOMS, ATOMS(), stats.poisson(3)])
def test_atoms_are_singular_to_a_density(atoms):
    assert kl_divergence_continuous(stats.norm(), atoms) == np.inf
    assert kl_divergence_continuous(atoms, stats.Normal(mu=0, sigma=1)) == np.inf
    assert (
        js_divergence_continuous(stats.norm(), atoms)
        == LOG_2
        == js_divergence_continuous(atoms, stats.norm())
    )
    with pytest.raises(ValueError, match="both discrete.*vectors"):
        kl_divergence_continuous(atoms, atoms)
    with pytest.raises(ValueError, match="p_g is discrete"):
        optimal_discriminator(stats.norm(), atoms)
    with pytest.raises(ValueError, match="p_star is discrete"):
        gan_value(lambda x: 0.5, atoms, stats.norm())


@pytest.mark.skipif(
    not hasattr(stats, "Binomial"), reason="scipy 1.16 brought the newer discrete distributions"
)
def test_newer_atoms_are_singular_too():
    assert js_divergence_continuous(stats.Binomial(n=3, p=0.5), stats.norm()) == LOG_2


class InPlace:
    """A normal density around 1 that changes the points, and the levels, that it is asked for."""

    support = stats.norm.support

    @staticmethod
    def ppf(u):
        u *= 0.5
        return 1 + stats.norm.ppf(2 * u)

    @staticmethod
    def isf(u):
        u *= 0.5
        return 1 + stats.norm.isf(2 * u)

    @staticmethod
    def logpdf(x):
        x -= 1
        return stats.norm.logpdf(x)


def test_a_density_may_work_in_place():
    found = (
        kl_divergence_continuous(InPlace(), stats.norm()),
        kl_divergence_continuous(stats.norm(), InPlace()),
    )
    assert found == pytest.approx((0.5, 0.5))


class Unnormalised:
    """Twice a normal density."""

    ppf, isf, support = stats.norm.ppf, stats.norm.isf, stats.norm.support

    @staticmethod
    def logpdf(x):
        return stats.norm.logpdf(x) + LOG_2


@pytest.mark.parametrize(
    ("q", "words"),
    [
        ([0.5, 0.5], "Probability vectors go to kl_divergence"),
        (stats.gaussian_kde([0.0, 1.0, 3.0]), "gaussian_kde, which lacks"),
        (stats.t, "open parameters"),
        (stats.norm([0, 1]), "scalar parameters"),
        (stats.Normal(mu=[0, 1]), "scalar parameters"),
        (stats.norm(0, -1), "scales must be positive"),
        (stats.norm(1e17, 1), "tell the quantiles apart"),
        (Unnormalised(), "q integrates to 2, not to 1"),
    ],
)
def test_bad_distributions_are_refused_in_words(q, words):
    for divergence in (kl_divergence_continuous, js_divergence_continuous):
        with pytest.raises(ValueError, match=words):
            divergence(stats.norm(), q)


def test_an_underflowed_logpdf_is_reported_not_believed():
    # scipy's Lévy density is e^(-1/2x) and 0 below x = 7e-4; its logpdf is the log of that 0.
    with pytest.raises(ArithmeticError, match="q.logpdf is -inf inside the support"):
        kl_divergence_continuous(stats.uniform(0, 1e-3), stats.levy())


# --- The quadrature rule ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("degree", range(0, 32))
def test_kronrod_rule_is_exact_up_to_degree_31(degree):
    exact = 2 / (degree + 1) if degree % 2 == 0 else 0.0
    assert _quadrature._KRONROD @ _quadrature._NODES**degree == pytest.approx(exact, abs=1e-15)
    if degree < 20:
        assert _quadrature._GAUSS @ _quadrature._NODES**degree == pytest.approx(exact, abs=1e-15)


def test_js_integrand_is_what_the_jsd_integrates_and_is_finite_everywhere():
    p, q = stats.norm(-4, 0.4), stats.norm(4, 0.4)
    x = np.linspace(-60, 60, 4001)
    integrand = js_integrand(p, q)
    assert np.isfinite(integrand(x)).all()
    assert integrand(x).min() >= 0
    near, other = stats.norm(0, 1), stats.norm(1, 2)
    total = integrate.quad(js_integrand(near, other), -30, 30, points=[0, 1], limit=200)[0]
    assert total == pytest.approx(js_divergence_continuous(near, other), abs=1e-9)
    x = np.linspace(-10, 10, 401)
    p_x, q_x = near.pdf(x), other.pdf(x)
    by_hand = (p_x * np.log(2 * p_x / (p_x + q_x)) + q_x * np.log(2 * q_x / (p_x + q_x))) / 2
    assert np.allclose(js_integrand(near, other)(x), by_hand, atol=1e-12)
    with pytest.raises(ValueError, match="one of the two is discrete"):
        js_integrand(stats.rv_discrete(values=([0, 1], [0.5, 0.5])), near)


# --- Periodic densities, and components without weight --------------------------------------------------------------


@pytest.mark.parametrize("kappa", [0.1, 1.0, 30.0])
@pytest.mark.parametrize(("loc", "scale"), [(0.0, 1.0), (1.0, 0.5)])
def test_a_von_mises_density_is_one_period(kappa, loc, scale):
    """scipy gives its support as the whole line, where the density repeats without end."""
    p, circle = stats.vonmises(kappa, loc, scale), stats.uniform(loc - np.pi * scale, 2 * np.pi * scale)
    ratio, log_i0 = special.ive(1, kappa) / special.ive(0, kappa), np.log(special.ive(0, kappa)) + kappa
    assert kl_divergence_continuous(p, circle) == pytest.approx(kappa * ratio - log_i0, rel=1e-9)
    assert kl_divergence_continuous(circle, p) == pytest.approx(log_i0, rel=1e-9)
    assert kl_divergence_continuous(p, p) == pytest.approx(0, abs=1e-12)
    assert kl_divergence_continuous(stats.norm(loc, scale), p) == np.inf
    x = np.linspace(loc - np.pi * scale, loc + np.pi * scale, 20_001)
    normal = stats.norm(loc, scale)
    expected = integrate.trapezoid(p.pdf(x) * (p.logpdf(x) - normal.logpdf(x)), x)
    assert kl_divergence_continuous(p, normal) == pytest.approx(expected, rel=1e-6)
    assert optimal_discriminator(p, normal)(loc + 4 * scale) == 0


def test_a_von_mises_on_a_line_of_its_own_agrees():
    line, circle = stats.vonmises_line(1), stats.vonmises(1)
    assert kl_divergence_continuous(line, circle) == pytest.approx(0, abs=1e-12)
    assert js_divergence_continuous(line, stats.norm()) == pytest.approx(
        js_divergence_continuous(circle, stats.norm()), rel=1e-9
    )


def test_a_component_of_weight_zero_is_nowhere():
    left, right = stats.Uniform(a=0, b=1), stats.Uniform(a=2, b=3)
    only_left, both = stats.Mixture([left, right], weights=[1.0, 0.0]), stats.Mixture([left, right])
    assert kl_divergence_continuous(only_left, left) == pytest.approx(0, abs=1e-12)
    assert kl_divergence_continuous(only_left, both) == pytest.approx(LOG_2, rel=1e-9)
    assert kl_divergence_continuous(both, only_left) == np.inf
    assert kl_divergence_continuous(right, only_left) == np.inf
    assert js_divergence_continuous(right, only_left) == pytest.approx(LOG_2, rel=1e-9)


# --- The value on points ------------------------------------------------------------------------------------------


def test_value_on_many_points_is_the_value():
    p, q = stats.norm(0, 1), stats.norm(1, 1.5)
    best = optimal_discriminator(p, q)
    real, fake = (side.rvs(200_000, random_state=k) for k, side in enumerate((p, q)))
    assert value_on_points(best, real, fake) == pytest.approx(gan_value(best, p, q), abs=0.01)
    assert value_on_points(lambda x: 0.5, real, fake[:3]) == pytest.approx(-2 * LOG_2)


@pytest.mark.parametrize("answer", [lambda x: np.full((len(x), 2), 0.5), lambda x: np.full(2, 0.5)])
def test_value_on_points_wants_one_answer_a_point(answer):
    with pytest.raises(ValueError, match="must return one value"):
        value_on_points(answer, np.zeros((3, 1)), np.zeros((3, 1)))
    assert value_on_points(lambda x: 0.5 + 0 * x, np.zeros((3, 1)), np.zeros((2, 1))) == pytest.approx(
        -2 * LOG_2
    )


def test_certainty_where_the_density_is_infinite_adds_nothing():
    assert pointwise_value([1.0, 0.0], [np.inf, 0.0], [0.0, np.inf]).tolist() == [0.0, 0.0]
    assert pointwise_value(0.5, np.inf, 1.0) == -np.inf


def test_what_underflows_is_no_error_where_numpy_raises():
    with np.errstate(all="raise"):
        assert gan_value(lambda x: 0.5, stats.norm(), stats.norm(1)) == pytest.approx(-2 * LOG_2)


def test_value_on_points_of_certainty():
    def sure(x):
        return (x > 0).astype(float)

    right, wrong = np.array([1.0, 2.0]), np.array([-1.0])
    assert value_on_points(sure, right, wrong) == 0
    assert value_on_points(sure, np.r_[right, wrong], wrong) == -np.inf
    with pytest.raises(ValueError, match="at least one"):
        value_on_points(sure, right, [])
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        value_on_points(lambda x: 2 * x, right, wrong)


@given(st.floats(-3, 3), st.floats(0.3, 3))
@settings(max_examples=25)
def test_kl_minus_twice_the_jsd_is_twice_the_kl_of_the_mixture(mean, std):
    """What -log D minimises at D* (lesson 1): KL(q || p) - 2 JSD(p, q) = 2 KL((p + q) / 2 || p), a divergence."""
    p, q = stats.Normal(), stats.Normal(mu=mean, sigma=std)
    middle = stats.Mixture([p, q], weights=[0.5, 0.5])
    bracket = kl_divergence_continuous(q, p) - 2 * js_divergence_continuous(p, q)
    assert bracket == pytest.approx(2 * kl_divergence_continuous(middle, p), rel=1e-8, abs=1e-10)
