"""Lesson 3's apps: what they show against direct computation, and every control over its whole range."""

from io import BytesIO

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image
from scipy.optimize import linear_sum_assignment, linprog
from scipy.spatial.distance import cdist

from course_utils.apps.couplings import CouplingController, couplings_app
from course_utils.apps.frame import App
from course_utils.apps.point_clouds import BLURS, CLOUDS, CloudController, point_clouds_app
from course_utils.apps.transport import HILLS, HOLES, PROBLEMS, RANDOM, DirtController, move_the_dirt_app
from course_utils.plots import palette


def cheapest_by_linprog(controller):
    """The optimum in shovels times distance, from the textbook linear programme."""
    problem = controller.problem
    metric = {"city blocks": "cityblock", "Euclidean": "euclidean"}[controller.values["metric"]]
    cost = cdist(problem.hills, problem.holes, metric)
    n, m = cost.shape
    marginals = np.vstack([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
    return linprog(cost.ravel(), A_eq=marginals, b_eq=[*problem.dirt, *problem.room]).fun


def shown(panel_texts):
    return [text.get_text() for text in panel_texts]


# ------------------------------------------------------------------ move the dirt yourself


def test_the_slider_edits_the_chosen_pair_and_cost_and_violations_follow():
    app = move_the_dirt_app()
    game, table = app.controller, app.controller.panels.table
    app.set(hill="B", hole="3", shovels=2)
    assert game.plan[1, 2] == 2
    assert game.cost() == 2 * (4 + 1)  # (3, 2) to (7, 3) in city blocks
    assert shown(table.rows) == ["3 left", "1 left", "4 left"]
    assert shown(table.columns) == ["2 free", "2 free", "1 free", "3 free"]
    assert table.total.get_text() == "your cost 10"
    app.set(shovels=5)  # hill B has 3, hole 3 takes 3
    assert shown(table.rows)[1] == shown(table.columns)[2] == "2 over"
    assert "hill B gives 2 more than it has, hole 3 gets 2 more than it takes" in app.status.value
    app.set(hill="A", hole="1")
    assert game.values["shovels"] == app.widgets["shovels"].value == 0
    app.set(hill="B", hole="3")
    assert app.widgets["shovels"].value == 5


@pytest.mark.parametrize("metric", ["city blocks", "Euclidean"])
@pytest.mark.parametrize("problem", [*PROBLEMS, RANDOM])
def test_hints_lead_to_the_optimum_of_linprog(problem, metric):
    game = DirtController()
    game.set(problem=problem, metric=metric, hill="C", hole="2")
    game.set(shovels=9)  # from a plan that is wrong
    for _ in range(40):
        game.press("hint")
        if game.step is None:
            break
        game.press("follow")
    else:
        pytest.fail("the hints do not end")
    assert not any(undone.any() for undone in game.undone())
    assert game.cost() == pytest.approx(cheapest_by_linprog(game), abs=1e-9)
    assert game.cost() == pytest.approx(game.cheapest(), abs=1e-9)
    assert "optimal" in game.status()
    assert "A plan!" not in game.status()


def test_greedy_goes_wrong_where_its_name_says():
    game = DirtController()
    game.set(problem="greedy goes wrong")
    while game.undone()[0].any():
        game.press("follow")
    assert game.cost() >= 1.2 * game.cheapest()
    game.press("hint")
    assert game.step.reason == "reroute"


@pytest.mark.parametrize("problem", [*PROBLEMS, RANDOM])
def test_the_proof_that_is_shown_is_one(problem, sketch):
    """Read back from the picture: f + g never above the cost, equal where dirt moves, and worth the cheapest cost."""
    game = DirtController()
    game.set(problem=problem, metric="city blocks")  # whole numbers, which are shown exactly
    game.set(optimum=True)
    assert sketch(game).figure.axes
    table = game.panels.table
    f, g = (
        np.array([float(text[2:].replace("−", "-")) for text in shown(texts)])
        for texts in (table.rows, table.columns)
    )
    total = float(table.total.get_text().removeprefix("cheapest cost "))
    for (i, j), text in table.remarks.items():
        cost = float(table.costs[i, j].get_text())
        assert float(text.get_text().replace("−", "-")) == f[i] + g[j] <= cost
        if table.masses[i, j].get_text():
            assert f[i] + g[j] == cost
        assert (text.get_fontweight() == "bold") == (f[i] + g[j] == cost)
    assert game.problem.dirt @ f + game.problem.room @ g == total
    assert total == pytest.approx(cheapest_by_linprog(game), abs=1e-9)


def test_what_the_lesson_answers_under_move_the_dirt_yourself():
    game = DirtController()
    for problem, greedy, best in (("a small one", 54, 44), ("greedy goes wrong", 63, 43)):
        game.set(problem=problem)
        while game.undone()[0].any():
            game.press("follow")
        assert (game.cost(), game.cheapest()) == pytest.approx((greedy, best))
    game.set(problem="along a street")
    for plan in (
        {"A1": 2, "A2": 1, "B2": 1, "B3": 1, "C3": 1, "C4": 2},
        {"B1": 2, "A2": 2, "A3": 1, "C3": 1, "C4": 2},
    ):
        game.press("clear")
        for (hill, hole), shovels in plan.items():
            game.set(hill=hill, hole=hole)
            game.set(shovels=shovels)
        assert not any(undone.any() for undone in game.undone())
        assert game.cost() == pytest.approx(game.cheapest()) == pytest.approx(28)


def test_the_proof_says_where_a_worse_plan_pays_too_much():
    game = DirtController()
    game.set(problem="greedy goes wrong")
    while game.undone()[0].any():
        game.press("follow")
    excess = game.cost() - game.cheapest()
    game.set(optimum=True)
    named = game.status().partition("pays too much on: ")[2].partition(".</div>")[0].split(", ")
    assert sum(float(part.split()[1]) for part in named) == pytest.approx(excess, abs=0.01 * len(named))


def test_undo_takes_back_one_move_and_a_drag_is_one_move():
    game = DirtController()
    for shovels in (1, 2, 3):  # a drag
        game.set(shovels=shovels)
    game.set(hill="B", hole="2")
    game.press("fill")
    assert game.plan.sum() == 3 + 2
    game.press("undo")
    assert game.plan.sum() == game.plan[0, 0] == 3
    game.press("undo")
    assert game.plan.sum() == 0
    game.press("undo")
    assert game.plan.sum() == 0


def test_fill_sends_what_fits_and_never_more():
    game = DirtController()
    for hill in HILLS:
        for hole in HOLES:
            game.set(hill=hill, hole=hole)
            game.press("fill")
            assert all((undone >= 0).all() for undone in game.undone())
    assert not any(undone.any() for undone in game.undone())
    game.press("clear")
    assert game.plan.sum() == 0


def test_dirt_dragged_from_a_hill_to_a_hole_is_sent_there(line):
    app = move_the_dirt_app()
    game, carried = app.controller, lambda: line(app.figure, "carried").get_xydata()
    assert set(game.handles()) == set(HILLS)
    hill, hole = (np.asarray(places, float) for places in (game.problem.hills[2], game.problem.holes[3]))
    assert (game.handles()["C"].x, game.handles()["C"].y) == tuple(hill)
    for phase, place in (("down", hill), ("move", (hill + hole) / 2), ("move", hole + 0.5)):
        game.drag("C", *place, phase)
        app.redraw()
        assert np.allclose(carried(), [hill, place])
    assert game.plan.sum() == 0
    game.drag("C", *(hole + 0.5), "up")
    app.redraw()
    assert game.plan[2, 3] == game.plan.sum() == 3  # C has 4, hole 4 takes 3
    assert len(carried()) == 0
    game.drag("C", *hole, "up")  # once more: said, not passed over in silence
    assert "Hole 4 is full" in game.status()
    before = game.plan.copy()
    game.drag("A", -1.0, -1.0, "up")  # dropped where there is no hole
    assert (game.plan == before).all()
    game.press("undo")
    assert game.plan.sum() == 0
    app.set(optimum=True)
    assert game.handles() == {}


def test_nothing_that_does_not_fit_is_passed_over_in_silence():
    game = DirtController()
    game.press("fill")
    assert "nothing more fits" not in game.status()
    game.press("fill")
    assert "Hole 1 is full" in game.status()
    game.set(hole="2")
    game.press("fill")
    game.set(hole="3")
    game.press("fill")
    assert "Hill A has nothing left" in game.status()


def test_looking_at_the_optimum_keeps_the_students_plan_and_an_edit_goes_back_to_it():
    app = move_the_dirt_app()
    app.set(shovels=2)
    before = app.controller.plan.copy()
    app.set(optimum=True)
    assert (app.controller.plan == before).all()
    app.set(shovels=1)
    assert app.controller.values["optimum"] is app.widgets["optimum"].value is False


def test_random_problems_differ_and_are_fair():
    game, seen = DirtController(), set()
    for _ in range(30):
        game.press("another")
        assert game.values["problem"] == RANDOM
        problem = game.problem
        assert sum(problem.dirt) == sum(problem.room) == 12
        assert min(*problem.dirt, *problem.room) >= 1
        assert max(problem.room) <= 9  # the slider's end
        places = np.concatenate([problem.hills, problem.holes])
        assert len(np.unique(places, axis=0)) == 7
        seen.add(places.tobytes())
    assert len(seen) == 30


def test_random_problems_come_from_the_seed():
    first, again, other = (DirtController(seed) for seed in (0, 0, 1))
    for game in (first, again, other):
        game.press("another")
    assert (first.problem.hills == again.problem.hills).all()
    assert (first.problem.hills != other.problem.hills).any()


# ------------------------------------------------------------------ couplings


def test_the_table_shows_l1s_numbers():
    app = couplings_app()
    for q in (0.0, 0.5, 1.0):
        app.set(q=q)
        table = {cell: float(text.get_text()) for cell, text in app.controller.panels.entries.items()}
        assert table == pytest.approx(
            {(0, 0): 0.3 - 0.3 * q, (0, 1): 0.3 * q, (1, 0): 0.2 + 0.3 * q, (1, 1): 0.5 - 0.3 * q}, abs=5e-4
        )
        assert app.controller.costs()[0] == pytest.approx(0.2 + 0.6 * q)


def test_the_dot_can_be_dragged_along_the_segment():
    app = couplings_app()
    controller = app.controller
    assert controller.handles()["q"].x == controller.values["q"]
    controller.drag("q", 0.337, 5.0, "move")
    assert controller.values["q"] == 0.34
    controller.drag("q", -3.0, 0.0, "up")
    assert controller.values["q"] == 0


def test_the_star_is_at_the_cheaper_end():
    app = couplings_app()
    assert "q = 0 and costs 0.200" in app.status.value
    app.set(stay=1.0, move=0.0)
    assert "q = 1 and costs 0.200" in app.status.value
    assert app.controller.panels.best.get_xdata() == [1]
    app.set(stay=1.0, move=1.0)
    assert "does not change" in app.status.value
    assert len(app.controller.panels.best.get_xdata()) == 0


@pytest.mark.usefixtures("packed")
def test_a_dot_at_zero_is_a_whole_dot():
    """The segment's end lies on the axis where a coin is sure."""
    app = couplings_app()

    def dots():
        seen = np.asarray(Image.open(BytesIO(app.picture.value)).convert("RGB")).astype(int)
        left = int(app.controller.panels.cost.bbox.x0)
        like = np.abs(seen[:, left - 20 :] - 255 * np.array(to_rgb(palette.ACCENT))).max(axis=2) < 8
        return like.sum()

    inside = dots()
    app.set(mu0=1.0)
    assert dots() > 0.98 * inside


# ------------------------------------------------------------------ two clouds


@pytest.mark.parametrize("clouds", CLOUDS)
def test_the_clouds_cost_is_that_of_the_best_assignment(clouds):
    controller = CloudController()
    controller.set(clouds=clouds, n=12, shift=0.7)
    cost = cdist(controller.x, controller.y)
    assert controller.transport.cost == pytest.approx(cost[linear_sum_assignment(cost)].mean(), abs=1e-12)


def test_the_coloured_critic_is_one_lipschitz_and_tells_the_clouds_apart_by_w():
    app = point_clouds_app()
    controller = app.controller
    step = controller.grid[0, 1, 0] - controller.grid[0, 0, 0]
    for axis in (0, 1):
        assert np.abs(np.diff(controller.critic, axis=axis)).max() <= step + 1e-12
    drawn = np.asarray(controller.panels.critic.get_array())
    np.testing.assert_allclose(np.diff(drawn), np.diff(controller.critic), atol=1e-12)
    assert controller.panels.critic.get_visible()
    assert "no slope is steeper than 1" in app.status.value
    ends = [
        float(text.get_text().removeprefix("critic ").replace("−", "-")) for text in controller.panels.ends
    ]
    assert ends == pytest.approx([-np.abs(drawn).max(), np.abs(drawn).max()], abs=0.05)
    app.set(metric="squared")
    assert not controller.panels.key.get_visible()
    assert controller.panels.key in controller.moving  # else the picture keeps the one drawn before
    assert controller.critic is None
    assert not controller.panels.critic.get_visible()
    assert "no critic" in app.status.value


def test_what_is_said_of_slopes_holds_for_city_blocks_too():
    controller = CloudController()
    controller.set(metric="city blocks", clouds="random blobs", n=20)
    step = controller.grid[0, 1, 0] - controller.grid[0, 0, 0]
    along = np.abs([np.diff(controller.critic, axis=axis).max() for axis in (0, 1)]) / step
    diagonal = np.abs(controller.critic[1:, 1:] - controller.critic[:-1, :-1]).max() / (2**0.5 * step)
    assert along.max() <= 1 + 1e-9
    assert 1.2 < diagonal <= 2**0.5 + 1e-9  # so that "1" alone would be wrong
    assert "√2" in controller.status()


def test_q_can_be_dragged():
    app = point_clouds_app()
    controller = app.controller
    assert controller.handles()["q"].x == pytest.approx(1.0)  # parallel lines: all of q stands there
    controller.drag("q", -0.52, 0.0, "move")
    assert controller.values["shift"] == -0.5
    assert np.allclose(controller.y[:, 0], -0.5)
    controller.drag("q", 99.0, 0.0, "up")
    assert controller.values["shift"] == 1.5


def test_the_cost_axis_is_in_units_of_the_cost():
    controller = CloudController()
    app = App(controller)
    app.set(blur=3)
    panels = controller.panels
    assert np.allclose(panels.curve.get_ydata(), controller.curve.costs)
    assert set(panels.exact.get_ydata()) == {controller.transport.cost}
    low, high = panels.costs.get_ylim()
    assert low == 0 < controller.curve.costs.max() < high
    assert len(panels.costs.get_yticks()) >= 2


def test_blur_costs_more_and_shares_partners():
    controller = CloudController()
    controller.set(blur=1, n=10)
    curve = controller.curve
    assert (np.diff(curve.costs) > 0).all()
    assert curve.costs[0] > controller.transport.cost
    assert len(curve.costs) == len(BLURS)
    controller.set(shift=0.0)
    assert controller.curve is not curve  # other points, another curve
    again = controller.curve
    controller.set(blur=0)
    controller.set(blur=len(BLURS))
    assert controller.curve is again


def test_new_points_are_new_and_a_shift_keeps_the_points():
    controller = CloudController()
    x, y = controller.x, controller.y
    controller.set(shift=-1.0)
    np.testing.assert_allclose(controller.y, y - [2.0, 0], atol=1e-12)
    assert controller.x is x
    controller.press("again")
    assert not np.isclose(controller.x[:, 1], x[:, 1]).any()


# ------------------------------------------------------------------ all of them


@pytest.mark.parametrize("app", [couplings_app, move_the_dirt_app, point_clouds_app])
def test_every_control_over_its_whole_range(app, sweep):
    shown = app(scale=1.4)
    assert sweep(shown) > 20
    picture = Image.fromarray(np.asarray(shown.figure.canvas.buffer_rgba())[..., :3])
    assert picture.size == tuple(round(100 * inches) for inches in shown.controller.size)
    assert np.asarray(picture.convert("HSV"))[..., 1].max() > 150


@pytest.mark.parametrize("controller", [CouplingController, DirtController, CloudController])
def test_drawing_only_what_moves_gives_the_same_pixels_as_drawing_all(controller):
    """Catches an artist that changes but was not listed among the moving ones."""
    moved = App(controller())
    controls = moved.controller.value_controls()
    first, last = ({c.name: c.samples()[end] for c in controls} for end in (0, -1))
    if controller is DirtController:
        first["problem"], last["problem"] = "a small one", "along a street"
    moved.set(**first)
    moved.set(**last)
    fresh = controller()
    fresh.set(**last)
    assert moved.picture.value == App(fresh).picture.value
