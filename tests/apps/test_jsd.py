"""Lesson 1's app: what it shows against direct computation, and every control over its whole range."""

import io
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import stats
from scipy.integrate import trapezoid

from course_utils.apps.jsd import FREE, PRESETS, JSDController, jsd_app
from course_utils.divergences import js_divergence_continuous, kl_divergence_continuous
from course_utils.plots.divergences import DivergencePanels

LOG_2 = np.log(2)


def normals(p, q):
    """The values that make p* and p_G single normals (mean, standard deviation)."""
    return {"p1": p[0], "p2": p[0], "p_width": p[1], "g1": q[0], "g2": q[0], "g_width": q[1]}


def test_single_bell_curves_have_the_closed_form_kl():
    controller = JSDController()
    controller.set(**normals((-1.0, 0.5), (2.0, 1.5)))
    closed = np.log(1.5 / 0.5) + (0.5**2 + 3**2) / (2 * 1.5**2) - 0.5
    assert controller.divergences["kl_p_g"] == pytest.approx(closed, rel=1e-9)
    back = np.log(0.5 / 1.5) + (1.5**2 + 3**2) / (2 * 0.5**2) - 0.5
    assert controller.divergences["kl_g_p"] == pytest.approx(back, rel=1e-9)


def test_the_numbers_are_those_of_the_mixtures_that_the_sliders_describe():
    controller = JSDController()
    controller.set(p1=-3.0, p2=1.0, p_width=0.5, p_weight=0.2, g1=0.0, g2=2.0, g_width=1.0, g_weight=0.7)
    p = stats.Mixture([stats.Normal(mu=-3, sigma=0.5), stats.Normal(mu=1, sigma=0.5)], weights=[0.2, 0.8])
    q = stats.Mixture([stats.Normal(mu=0, sigma=1), stats.Normal(mu=2, sigma=1)], weights=[0.7, 0.3])
    shown = controller.divergences
    assert shown["kl_p_g"] == pytest.approx(kl_divergence_continuous(p, q), rel=1e-9)
    assert shown["kl_g_p"] == pytest.approx(kl_divergence_continuous(q, p), rel=1e-9)
    assert shown["jsd"] == pytest.approx(js_divergence_continuous(p, q), rel=1e-9)
    assert shown["value"] == pytest.approx(2 * shown["jsd"] - 2 * LOG_2, abs=1e-9)


def test_blocks_make_kl_infinite_where_the_jsd_only_saturates():
    controller = JSDController()
    controller.set(shape="blocks", **normals((-2.0, 0.5), (2.0, 0.5)))
    assert controller.divergences["kl_p_g"] == controller.divergences["kl_g_p"] == np.inf
    assert controller.divergences["jsd"] == pytest.approx(LOG_2, abs=1e-9)
    controller.set(**normals((0.0, 0.5), (0.0, 1.0)))  # now p* lies inside p_G
    assert controller.divergences["kl_p_g"] == pytest.approx(LOG_2, abs=1e-9)
    assert controller.divergences["kl_g_p"] == np.inf
    assert controller.divergences["jsd"] < LOG_2 - 0.1


def test_equal_preset_is_the_equilibrium():
    controller = JSDController()
    controller.set(preset="equal")
    assert controller.divergences["jsd"] == pytest.approx(0, abs=1e-12)
    assert controller.divergences["value"] == pytest.approx(-2 * LOG_2, abs=1e-12)


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_move_the_sliders_and_a_moved_slider_leaves_the_preset(preset):
    controller = JSDController()
    controller.set(preset=preset)
    assert {name: controller.values[name] for name in PRESETS[preset]} == PRESETS[preset]
    controller.set(shape="blocks")
    assert controller.values["preset"] == preset
    controller.set(g1=0.3)
    assert controller.values["preset"] == FREE


def test_the_drawn_integrand_has_the_jsd_as_its_area(line):
    """Also far apart, where D* rounds to 0 and 1: nothing may be missing or infinite."""
    app = jsd_app()
    for preset in PRESETS:
        app.set(preset=preset)
        x, y = line(app.figure, "integrand").get_data()
        assert np.isfinite(y).all()
        assert (y >= 0).all()
        assert trapezoid(y, x) == pytest.approx(app.controller.divergences["jsd"], abs=1e-3), preset


def test_every_control_over_its_whole_range(sweep):
    app = jsd_app()
    assert sweep(app) > 40
    assert "JSD" in app.status.value


def test_what_is_written_beside_the_bars():
    app = jsd_app()
    app.set(shape="blocks", **normals((-2.0, 0.5), (2.0, 0.5)))
    written = [text.get_text() for text in app.figure.axes[-1].texts]
    beside = dict(itertools.pairwise(written))  # a name, and what follows it
    names = [name for name, _ in DivergencePanels.BARS.values()]
    assert [beside[name] for name in names] == ["∞ →", "∞ →", "0.693", "0.000"]
    assert "100 % of log 2" in app.status.value
    app.set(preset="far apart", shape="bell curves")
    written = [text.get_text() for text in app.figure.axes[-1].texts]
    assert dict(itertools.pairwise(written))[names[0]] == "200.0 →"  # (8 / 0.4)^2 / 2


def test_the_picture_is_coloured_and_keeps_its_size(packed):
    app = jsd_app(scale=1.4)
    sizes = set()
    for preset in PRESETS:
        app.set(preset=preset)
        picture = Image.open(io.BytesIO(app.picture.value))
        sizes.add(picture.size)
        assert np.asarray(picture.convert("HSV"))[..., 1].max() > 150
    assert sizes == {(880, 460)}


def blocks(mean1, mean2, width, weight):
    """Edges and heights of the blocks that the sliders describe."""
    half = 3**0.5 * width
    return [
        (mean - half, mean + half, part / (2 * half)) for mean, part in ((mean1, weight), (mean2, 1 - weight))
    ]


def divergences_of_blocks(p, q):
    """KL both ways, JSD and V(D*) of two sums of blocks: sums over the stretches between all edges."""
    edges = sorted({edge for left, right, _ in (*p, *q) for edge in (left, right)})
    middle, length = (np.add(edges[1:], edges[:-1]) / 2, np.diff(edges))

    def density(parts):
        return sum(height * ((middle > left) & (middle < right)) for left, right, height in parts)

    with np.errstate(all="ignore"):
        a, b = density(p), density(q)
        m = (a + b) / 2

        def kl(a, b):
            # a stretch of the width of rounding, between edges that should be one, has no mass
            counts = (a > 0) & (length > 1e-9)
            return np.sum(length * np.where(counts, a * np.log(a / b), 0.0))

        jsd = (kl(a, m) + kl(b, m)) / 2
        return {"kl_p_g": kl(a, b), "kl_g_p": kl(b, a), "jsd": jsd, "value": 2 * jsd - 2 * LOG_2}


def assert_like_blocks(controller):
    v = controller.values
    sides = (blocks(v[f"{s}1"], v[f"{s}2"], v[f"{s}_width"], v[f"{s}_weight"]) for s in "pg")
    expected = divergences_of_blocks(*sides)
    for name, value in controller.divergences.items():
        assert value == pytest.approx(expected[name], rel=1e-7, abs=1e-7), name


@pytest.mark.parametrize("p_weight", [0, 0.5, 1])
@pytest.mark.parametrize("g_weight", [0, 0.5, 1])
@pytest.mark.parametrize("preset", PRESETS)
def test_blocks_with_weights_of_nothing_and_of_everything(preset, p_weight, g_weight):
    """KL is infinite where one side has mass and the other has none, and finite elsewhere; it is never an error."""
    controller = JSDController()
    controller.set(preset=preset)
    controller.set(shape="blocks", p_weight=p_weight, g_weight=g_weight)
    assert_like_blocks(controller)


places, widths, weights = st.integers(-50, 50), st.integers(2, 40), st.integers(0, 20)


@given(st.tuples(places, places, places, places), st.tuples(widths, widths), st.tuples(weights, weights))
@settings(max_examples=60)
def test_blocks_wherever_the_sliders_stand(means, wide, shares):
    controller = JSDController()
    values = dict(zip(("p1", "p2", "g1", "g2"), (mean / 10 for mean in means), strict=True))
    values |= dict(zip(("p_width", "g_width"), (width / 20 for width in wide), strict=True))
    values |= dict(zip(("p_weight", "g_weight"), (weight / 20 for weight in shares), strict=True))
    controller.set(shape="blocks", **values)
    assert_like_blocks(controller)


@pytest.mark.parametrize("p_weight", [0, 0.5, 1])
@pytest.mark.parametrize("g_weight", [0, 0.5, 1])
@pytest.mark.parametrize("preset", PRESETS)
def test_bell_curves_with_weights_of_nothing_and_of_everything(preset, p_weight, g_weight):
    controller = JSDController()
    controller.set(preset=preset)
    controller.set(p_weight=p_weight, g_weight=g_weight)
    shown = controller.divergences
    assert 0 <= shown["jsd"] <= LOG_2
    assert shown["value"] == pytest.approx(2 * shown["jsd"] - 2 * LOG_2, abs=1e-9)
    assert np.isfinite([shown["kl_p_g"], shown["kl_g_p"]]).all()
    assert min(shown["kl_p_g"], shown["kl_g_p"]) >= 2 * (shown["jsd"] / LOG_2) ** 2  # Pinsker


def test_the_scale_of_the_area_never_changes(line):
    """Areas can be compared; a peak that does not fit is told."""
    app, limits = jsd_app(), set()
    for values in ({"preset": "equal"}, {"preset": "far apart"}, {"p_width": 0.1}):
        app.set(**values)
        curve = line(app.figure, "integrand")
        limits.add(curve.axes.get_ylim())
        cut = [text.get_text() for text in curve.axes.texts if text.get_text().startswith("cut")]
        peak = curve.get_ydata().max()
        assert cut == ([f"cut: its peak is {peak:.2f}"] if peak > curve.axes.get_ylim()[1] else [])
    assert len(limits) == 1
    assert cut


@pytest.mark.parametrize("name", ["p1", "p2", "g1", "g2"])
def test_the_means_can_be_dragged(name):
    app = jsd_app()
    app.set(preset="equal")
    handle = app.controller.handles()[name]
    assert handle.x == app.controller.values[name]
    app.drag(name, (handle.x, handle.y), (1.0, handle.y), (3.27, 0.1))
    assert app.controller.values[name] == app.widgets[name].value == 3.3  # the nearest that the slider has
    assert app.controller.handles()[name].x == 3.3
    assert app.controller.values["preset"] == FREE
    app.drag(name, (3.3, handle.y), (99.0, handle.y))
    assert app.controller.values[name] == 5


def test_bumps_at_one_place_have_handles_that_can_be_told_apart():
    """Those of the data lie above those of the generator; of two of one side, the first comes first."""
    app = jsd_app()
    app.set(preset="equal")
    boxes = {name: handle.box() for name, handle in app.controller.handles().items()}
    assert boxes["g1"][1] - boxes["p1"][1] > 0.02  # a fiftieth of the picture's height
    assert list(boxes) == ["p1", "p2", "g1", "g2"]


# What the lesson says beside the app.


def test_only_one_mode_has_one_large_kl():
    controller = JSDController()
    controller.set(preset="only one mode")
    assert controller.divergences["kl_p_g"] == pytest.approx(10.4, abs=0.05)
    assert controller.divergences["kl_g_p"] == pytest.approx(0.692, abs=0.0005)


def test_far_apart_and_further():
    controller = JSDController()
    controller.set(preset="far apart")
    assert controller.divergences["kl_p_g"] == pytest.approx(200, abs=0.5)
    controller.set(g1=5.0, g2=5.0)
    assert controller.divergences["kl_p_g"] == pytest.approx(253, abs=0.5)
    assert controller.divergences["jsd"] == pytest.approx(LOG_2, abs=1e-9)


def test_where_nothing_lies_no_discriminator_is_the_best(line):
    app = jsd_app()
    curve = line(app.figure, "d")
    words = [text for text in curve.axes.texts if "any $D$" in text.get_text()]
    assert not np.isnan(curve.get_ydata()).any()  # bell curves lie everywhere
    assert words == []
    app.set(preset="far apart", shape="blocks")
    x, d = curve.get_data()
    v, inside = app.controller.values, np.zeros(len(x), bool)
    for side in "pg":
        for left, right, _ in blocks(v[f"{side}1"], v[f"{side}2"], v[f"{side}_width"], v[f"{side}_weight"]):
            inside |= (left <= x) & (x <= right)
    assert np.array_equal(np.isnan(d), ~inside)
    assert [text for text in curve.axes.texts if "any $D$" in text.get_text()]


def test_blocks_that_overlap_in_part():
    controller = JSDController()
    controller.set(preset="a first guess")
    controller.set(shape="blocks")
    assert controller.divergences["kl_p_g"] == controller.divergences["kl_g_p"] == np.inf
    assert controller.divergences["jsd"] == pytest.approx(0.412, abs=0.0005)


def test_each_control_can_be_told_by_its_words_alone():
    """On a projector, and in the site's player, no heading stands over them."""
    labels = [control.label for control in JSDController().value_controls()]
    assert len({*labels}) == len(labels)
