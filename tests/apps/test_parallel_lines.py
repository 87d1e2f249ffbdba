"""Lesson 2's app: what it shows against direct computation, what its buttons do, and every control over its range."""

import io
import re
from copy import deepcopy

import numpy as np
import pytest
from matplotlib.markers import CARETLEFT, CARETRIGHT
from PIL import Image
from scipy import stats

from course_utils.apps.frame import App
from course_utils.apps.parallel_lines import (
    TRAINED,
    TRAINED_HEURISTIC,
    WALK_RATE,
    WALK_STEPS,
    ParallelLinesController,
    parallel_lines_app,
)
from course_utils.divergences import js_divergence_continuous, kl_divergence_continuous, optimal_discriminator
from course_utils.gan.judges import Discriminator
from course_utils.plots import palette

LOG_2 = np.log(2)


@pytest.fixture(scope="module")
def trained():
    """trained(clicks, **values): a controller after so many clicks on Train; what was trained once is kept."""
    kept = {}

    def trained(clicks, **values):
        key = clicks, *values.items()
        if key not in kept:
            kept[key] = trained(clicks - 1, **values) if clicks else ParallelLinesController()
            if clicks:
                kept[key].press("train")
            else:
                kept[key].set(**values)
        return deepcopy(kept[key])

    return trained


@pytest.fixture
def fresh(sketch):
    """What the app shows as it starts."""
    return sketch(ParallelLinesController())


@pytest.fixture
def app():
    return parallel_lines_app()


@pytest.fixture
def across(axes):
    """across(app, color): the curve of that colour, x and y, in the picture of D along the first axis."""

    def across(app, color):
        lines = axes(app.figure, "$D(x, 0)$").get_lines()
        (found,) = (line for line in lines if line.get_color() == color and line.get_linestyle() != "None")
        return found.get_data()

    return across


def curves(app):
    """The axes of KL, JSD and W over theta, and the curve in each."""
    found = {}
    for ax in app.figure.axes[-3:]:
        name = ax.texts[0].get_text().split()[0]  # such as "KL = 0.5"
        found[name] = ax, next(line for line in ax.get_lines() if line.get_linestyle() == "-")
    return found


def pushes(app):
    """The lengths of the arrows, their heads (how many, and which way) and the numbers beside them, by who pushes."""
    (ax,) = (ax for ax in app.figure.axes if "pushes" in ax.get_title("left"))
    names = [label.get_text() for label in ax.get_yticklabels()]
    numbers = dict(zip(names, [text.get_text() for text in ax.texts], strict=True))
    lines = ax.get_lines()
    lengths = {
        name: float(np.diff(stem.get_xdata())[0]) for name, stem in zip(names, lines[::2], strict=True)
    }
    way = {CARETLEFT: -1, CARETRIGHT: 1}
    heads = {
        name: way.get(head.get_marker(), 0) * len(head.get_xdata())
        for name, head in zip(names, lines[1::2], strict=True)
    }
    return lengths, heads, numbers


def test_numbers_without_noise_are_the_lectures():
    controller = ParallelLinesController()
    for theta in (-2.0, 0.01, 1.5):
        controller.set(theta=theta)
        assert controller.distances == {"KL": np.inf, "JSD": LOG_2, "W": abs(theta)}
        assert controller.slopes["JSD"] == 0
        assert controller.slopes["W"] == np.sign(theta)
    controller.set(theta=0.0)
    assert controller.distances == {"KL": 0, "JSD": 0, "W": 0}


def test_numbers_with_noise_are_those_of_the_densities():
    controller = ParallelLinesController()
    controller.set(theta=-0.7, noise=0.3)
    p, q = stats.norm(0, 0.3), stats.norm(-0.7, 0.3)
    assert controller.distances["JSD"] == pytest.approx(js_divergence_continuous(p, q), rel=1e-9)
    assert controller.distances["KL"] == pytest.approx(kl_divergence_continuous(q, p), rel=1e-9)
    assert controller.distances["W"] == 0.7


def test_training_takes_the_gradient_away(trained, sketch, across):
    fresh = sketch(trained(20))
    controller = fresh.controller
    steepest = max(abs(trained(clicks).slopes["D"]) for clicks in range(1, 21))
    assert controller.trained_steps == 400
    assert steepest > 0.1  # at first it learns which way is real, ...
    assert 0 < controller.slopes["D"] < 0.01 * steepest  # ... and then it is too sure
    assert 0.99 * LOG_2 < controller.estimate < LOG_2
    assert controller.d_fake < 0.001
    assert f"{controller.estimate:.4f}" in fresh.status
    x, d = across(fresh, palette.DISCRIMINATOR)
    assert np.allclose(d, controller.discriminator(np.column_stack([x, 0 * x])))
    judged = [
        line for line in curves(fresh)["JSD"][0].get_lines() if line.get_color() == palette.DISCRIMINATOR
    ]
    diamond, bar = judged
    assert diamond.get_ydata() == [controller.estimate]
    assert np.ptp(bar.get_ydata()) == pytest.approx(4 * controller.standard_error)


def test_with_noise_the_trained_gradients_are_those_of_the_divergences(fresh, across):
    fresh.set(noise=0.5, theta=1.0)
    fresh.controller.discriminator = Discriminator(2, learning_rate=1e-2)
    for _ in range(12):
        fresh.press("train")
    slopes = fresh.controller.slopes
    assert slopes["D"] == pytest.approx(slopes["JSD"], rel=0.2)
    assert slopes["−log D"] == pytest.approx(slopes["KL"] - 2 * slopes["JSD"], rel=0.2)
    assert slopes["KL"] - 2 * slopes["JSD"] == pytest.approx(3.1008, abs=5e-5)
    x, best = across(fresh, palette.THEORY)
    assert np.allclose(best, optimal_discriminator(stats.norm(0, 0.5), stats.norm(1.0, 0.5))(x))


def test_the_same_clicks_give_the_same_numbers():
    def play():
        controller = ParallelLinesController()
        controller.press("train")
        controller.set(theta=0.4, noise=0.1)
        controller.press("train")
        return controller.estimate, controller.slopes["D"]

    assert play() == play()


@pytest.mark.parametrize(
    ("follow", "noise", "moved"),
    [("W", 0.0, True), ("JSD", 0.0, False), ("KL", 0.0, False), ("JSD", 0.5, True)],
)
def test_walking_downhill(fresh, follow, noise, moved):
    fresh.set(follow=follow, noise=noise)
    fresh.press("walk")
    theta = fresh.controller.values["theta"]
    assert (theta < 0.95) == moved
    if follow == "W":
        assert theta == pytest.approx(1 - WALK_STEPS * WALK_RATE)
    if not moved:
        assert theta == 1


def test_walking_stays_on_the_slider(trained):
    """A discriminator that has learnt the wrong side pushes outwards, but not beyond the end."""
    controller = trained(5)
    controller.set(theta=-2.0, follow=TRAINED)
    for _ in range(3):
        controller.press("walk")
    assert -2 <= controller.values["theta"] <= 2


def test_curves_are_the_distances_with_a_hole_where_they_jump(fresh):
    for noise in (0.0, 0.25):
        fresh.set(noise=noise)
        drawn = {name: curve.get_data() for name, (_, curve) in curves(fresh).items()}
        theta, jsd = drawn["JSD"]
        assert np.isnan(jsd[theta == 0]).all() == (noise == 0)
        at = np.flatnonzero(theta > 0)[::7]
        for k in at:
            expected = (
                js_divergence_continuous(stats.norm(0, noise), stats.norm(theta[k], noise))
                if noise
                else LOG_2
            )
            assert jsd[k] == pytest.approx(expected, abs=1e-9)
        assert np.allclose(drawn["W"][1], np.abs(drawn["W"][0]))


def test_arrows_point_downhill_and_say_their_numbers(fresh):
    fresh.set(theta=-0.5)
    lengths, heads, texts = pushes(fresh)
    assert (lengths["W"], heads["W"]) == (1, 1)  # from -0.5 towards 0
    assert lengths["JSD"] == lengths["KL"] == heads["JSD"] == heads["KL"] == 0
    assert (texts["KL"], texts["JSD"], texts["W"]) == ("no slope", "0.000", "1.000")
    fresh.set(noise=0.1)
    lengths, heads, texts = pushes(fresh)
    assert (lengths["KL"], heads["KL"]) == (1.5, 2)  # cut, with two heads, ...
    assert texts["KL"] == "50.000"  # ... but told


def test_every_arrow_has_the_scale_of_the_axis_and_a_head(fresh):
    """As long as its number says, or cut with two heads; what is pushed at all has a head, the same way as its sign."""
    fresh.set(noise=0.5)
    for theta in (-2.0, -0.3, 0.02, 1.0, 2.0):
        fresh.set(theta=theta)
        fresh.press("train")
        lengths, heads, texts = pushes(fresh)
        assert list(lengths) == ["KL", "JSD", "D", "−log D", "W"]
        for name, length in lengths.items():
            said = -fresh.controller.slopes[name]
            assert float(texts[name].replace("−", "-")) == pytest.approx(said, abs=0.0006)
            assert np.sign(heads[name]) == np.sign(length) == np.sign(said)
            assert abs(heads[name]) == 1 + (abs(said) > abs(length) + 1e-3)
            assert length == pytest.approx(
                np.clip(said, max(-1.5, -2.6 - theta), min(1.5, 2.6 - theta)), abs=1e-9
            )


def test_status_and_picture_tell_the_same_pushes(fresh):
    fresh.set(noise=0.5, theta=1.0)
    fresh.press("train")
    _, _, texts = pushes(fresh)
    told = re.findall(r"push(?: on θ)?(?: is)? (−?[\d.]+\d)", fresh.status)
    assert told == [texts["JSD"], texts["D"]]


def test_a_walk_that_stands_still_says_why(trained):
    controller = trained(0)

    def walked(**values):
        controller.set(**values)
        controller.press("walk")
        return re.search("<b>(.*)</b>", controller.status())[1]

    assert walked(follow="W") == "10 steps down W: θ went from 1.000 to 0.500."
    assert "stays at 1.000: KL is infinite" in walked(theta=1.0, follow="KL")
    assert "stays at 1.000: the JSD is flat here" in walked(follow="JSD")
    assert "stays at 0.000: it is at the goal" in walked(theta=0.0, follow="W")
    assert "stays at 0.020: it steps over the goal and back" in walked(theta=0.02)
    controller = trained(20)
    assert "stays at 0.999: D is sure that the fakes are fake (D = 0.000" in walked(follow=TRAINED)
    controller = trained(5, follow=TRAINED)
    # where it has never been, it pushes outwards
    assert "went from −1.000 to −2.000, the end of its slider" in walked(theta=-1.0)
    assert "stays at −2.000: it is pushed outwards" in walked()
    assert "D takes the fakes for real (D = 1.000" in walked(theta=-1.5, follow=TRAINED_HEURISTIC)
    controller.set(noise=0.1)
    assert "<b>" not in controller.status()  # what is told of a walk goes with the next action


def test_the_report_stands_beside_its_control(trained):
    """What D reports from a sample may lie above the JSD, and so may D* on the same points; both are told."""
    controller, best = trained(15, noise=0.5), optimal_discriminator(stats.norm(0, 0.5), stats.norm(1.0, 0.5))
    x, y = (stats.norm(*at).rvs((400, 2000), random_state=k) for k, at in enumerate(((0, 0.5), (1, 0.5))))
    reports = (np.log(best(x)).mean(1) + np.log1p(-best(y)).mean(1)) / 2 + LOG_2
    assert reports.mean() == pytest.approx(controller.distances["JSD"], abs=0.001)  # right on average, ...
    # ... and as far off as is told
    assert reports.std() == pytest.approx(controller.standard_error, rel=0.15)
    assert abs(controller.best_estimate - controller.distances["JSD"]) < 4 * reports.std()
    assert abs(controller.estimate - controller.distances["JSD"]) < 4 * reports.std()
    told = f"{controller.estimate:.4f} ± {2 * controller.standard_error:.4f} from 2,000 points of each line"
    assert told in controller.status()
    assert f"D* on the same points: {controller.best_estimate:.4f}" in controller.status()


def test_minus_log_d_still_moves_where_log_1_minus_d_stands_still(trained):
    controller = trained(20, follow=TRAINED_HEURISTIC)
    controller.press("walk")
    assert controller.values["theta"] < 0.9


def test_an_open_circle_marks_the_end_of_a_curve_that_jumps(fresh):
    def circles():
        found = {}
        for name, (ax, _) in curves(fresh).items():
            (circle,) = (line for line in ax.get_lines() if line.get_markerfacecolor() == "white")
            found[name] = list(circle.get_xdata()), list(circle.get_ydata())
        return found

    assert circles()["JSD"] == ([0], [LOG_2])
    assert circles()["KL"][0] == [0]
    assert circles()["W"] == ([], [])
    fresh.set(noise=0.3)
    assert set(map(str, circles().values())) == {"([], [])"}


def test_the_generators_line_can_be_dragged(app):
    handle = app.controller.handles()["theta"]
    assert (handle.x, handle.y) == (1.0, None)  # anywhere along it
    app.drag("theta", (1.0, 0.0), (0.3, 1.0), (-1.234, 2.0))
    assert app.controller.values["theta"] == app.widgets["theta"].value == -1.23
    app.drag("theta", (-1.23, 0.0), (-9.0, 0.0))
    assert app.controller.values["theta"] == -2


def test_a_fresh_discriminator_needs_no_fresh_one(app):
    assert app.widgets["forget"].disabled
    app.press("train")
    assert not app.widgets["forget"].disabled


def test_every_control_over_its_whole_range(app, sweep):
    assert sweep(app) > 15
    assert "JSD" in app.status.value


def test_moving_parts_alone_give_the_whole_picture(packed):
    """Nothing that changes is missing from ``moving``: an app that begins in this state has the same pixels."""
    used = parallel_lines_app()
    used.set(theta=-1.3, noise=0.4)
    for theta, noise in ((0.6, 0.0), (-0.6, 0.3)):
        used.set(theta=theta, noise=noise)
        controller = ParallelLinesController()
        controller.set(theta=theta, noise=noise)
        assert used.picture.value == App(controller).picture.value
    assert Image.open(io.BytesIO(used.picture.value)).size == (880, 520)


# What the lesson answers to "play with it".


def test_the_push_grows_and_dies_while_that_of_minus_log_d_grows_on(trained):
    slopes = [trained(clicks).slopes for clicks in range(1, 21)]
    pushes = [(-each["D"], -each["−log D"]) for each in slopes]
    minimax, heuristic = np.transpose(pushes)
    assert np.abs(minimax).argmax() == 1  # after 40 steps
    assert minimax[[1, 4, 19]] == pytest.approx([-0.21, -0.01, -0.001], abs=0.006)
    assert (np.diff(heuristic) < 0).all()
    assert heuristic[-1] == pytest.approx(-18, abs=1)


@pytest.mark.parametrize(("clicks", "end"), [(1, 0.68), (2, -0.35), (5, 0.975), (20, 0.998)])
def test_four_walks_down_a_discriminator_that_nobody_trains_on_the_way(trained, clicks, end):
    controller = trained(clicks)
    controller.set(follow=TRAINED)
    for _ in range(4):
        controller.press("walk")
    assert controller.values["theta"] == pytest.approx(end, abs=0.01)


def test_the_push_stays_with_noise_and_goes_with_it(trained):
    controller = trained(15, noise=0.5)
    assert controller.slopes["D"] == pytest.approx(0.47, abs=0.01)
    for noise, push in ((0.4, None), (0.3, 0.48), (0.2, 0.12), (0.1, 0.001)):
        controller.set(noise=noise)
        for _ in range(10):
            controller.press("train")
        assert push is None or controller.slopes["D"] == pytest.approx(push, abs=0.006)


def test_where_it_has_never_been_it_pushes_outwards_until_it_is_trained_there(trained):
    controller = trained(5)
    controller.set(theta=-1.0)
    told = [-controller.slopes["D"]]
    for _ in range(2):
        controller.press("train")
        told.append(-controller.slopes["D"])
    assert told == pytest.approx([-2.55, -0.14, 0.17], abs=0.01)


@pytest.mark.parametrize(("theta", "side"), [(1.0, "right"), (-1.0, "left")])
def test_the_name_of_the_best_discriminator_stands_where_no_curve_runs(app, axes, theta, side):
    app.set(noise=1.0, theta=theta)
    app.figure.canvas.draw()
    ax = axes(app.figure, "$D(x, 0)$")
    (label,) = (text for text in ax.texts if "dashed" in text.get_text())
    box = label.get_window_extent().expanded(1.0, 1.1)
    assert (box.x0 > ax.bbox.x0 + ax.bbox.width / 2) == (side == "right")
    for line in ax.get_lines():
        if len(line.get_xdata()) > 2:
            points = ax.transData.transform(line.get_xydata())
            assert not any(box.contains(*point) for point in points)


def test_a_walk_that_ends_between_two_places_of_the_slider_stays_where_it_ended():
    """The browser sends back the nearest value that its slider has, which is no move; one place further is."""
    app = parallel_lines_app()
    app.set(noise=0.5, follow="KL")
    app.press("walk")
    theta, said = app.controller.values["theta"], app.status.value
    assert abs(theta - round(theta, 2)) > 0.001
    app.widgets["theta"].value = round(theta, 2)
    assert (app.controller.values["theta"], app.status.value) == (theta, said)
    for moved in (round(theta, 2) - 0.01, round(theta, 2) - 0.013):  # to a place, and typed
        app.widgets["theta"].value = moved
        assert app.controller.values["theta"] == moved
