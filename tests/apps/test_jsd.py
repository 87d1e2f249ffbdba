"""Lesson 1's app: what it shows against direct computation, and every control over its whole range."""

import io
import itertools

import numpy as np
import pytest
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


def test_every_control_over_its_whole_range():
    app = jsd_app()
    assert app.sweep() > 40
    assert "JSD" in app.status.value


def test_what_is_written_beside_the_bars():
    app = jsd_app()
    app.set(shape="blocks", **normals((-2.0, 0.5), (2.0, 0.5)))
    written = [text.get_text() for text in app.figure.axes[-1].texts]
    beside = dict(itertools.pairwise(written))  # a name, and what follows it
    names = [name for name, _ in DivergencePanels.BARS.values()]
    assert [beside[name] for name in names] == ["∞ →", "∞ →", "0.693", "0.000"]
    assert "100 % of log 2" in app.status.value


def test_the_picture_is_coloured_and_keeps_its_size():
    app = jsd_app(scale=1.4)
    sizes = set()
    for preset in PRESETS:
        app.set(preset=preset)
        picture = Image.open(io.BytesIO(app.picture.value))
        sizes.add(picture.size)
        assert np.asarray(picture.convert("HSV"))[..., 1].max() > 150
    assert sizes == {(880, 460)}


@pytest.mark.parametrize("shape", ["bell curves", "blocks"])
@pytest.mark.parametrize("p_weight", [0, 0.5, 1])
@pytest.mark.parametrize("g_weight", [0, 0.5, 1])
@pytest.mark.parametrize("preset", ["a first guess", "far apart", "covers everything"])
def test_weights_of_nothing_and_of_everything(shape, p_weight, g_weight, preset):
    controller = JSDController()
    controller.set(preset=preset)
    controller.set(shape=shape, p_weight=p_weight, g_weight=g_weight)
    shown = controller.divergences
    assert 0 <= shown["jsd"] <= LOG_2
    assert shown["value"] == pytest.approx(2 * shown["jsd"] - 2 * LOG_2, abs=1e-9)
    assert not np.isnan([shown["kl_p_g"], shown["kl_g_p"]]).any()
