"""Lesson 12's app: what it shows against direct computation, every game over its whole range, and dragging."""

import itertools

import numpy as np
import pytest
from scipy import stats

from course_utils.apps.family import FamilyController, family_app
from course_utils.divergences.family import GAMES


def test_the_critic_is_the_best_one_of_these_densities():
    controller = FamilyController()
    controller.set(theta=1.5, noise=0.8)
    p, q = (stats.norm(mean, 0.8).pdf(controller.x) for mean in (0, 1.5))
    assert controller.best == pytest.approx(p / (p + q), abs=1e-6)
    assert controller.paid == pytest.approx(np.log(q / (p + q)), abs=1e-6)
    controller.set(game="hinge")
    clear = np.abs(controller.x - 0.75) > 0.01  # half-way rounding decides
    assert controller.best[clear] == pytest.approx(np.sign(p - q)[clear])


def test_the_pull_over_the_distance_passes_through_the_present_one():
    controller = FamilyController()
    controller.set(game="Wasserstein", theta=3.0)
    assert controller.now == pytest.approx(1, abs=1e-6)
    assert controller.pulls == pytest.approx(np.ones(len(controller.distances)), abs=1e-4)
    controller.set(game="EBGAN", noise=0.5)
    # TV = 2 Phi(theta / (2 s)) - 1
    assert controller.now == pytest.approx(stats.norm.pdf(3.0) / 0.5, rel=0.05)


def test_every_game_over_the_whole_range_is_drawn_and_told():
    app = family_app()
    for game, (theta, noise) in itertools.product(GAMES, ((0.1, 2.0), (4.0, 0.2))):
        app.set(game=game, theta=theta, noise=noise)
        assert GAMES[game].measures in app.status.value
        assert "nan" not in app.status.value
        told = app.status.value.split("pull on θ is ")[1].split(" ")[0]
        assert float(told.replace("−", "-")) == pytest.approx(app.controller.now, rel=0.01)  # of 1e-40, too


def test_on_a_projector_no_letters_meet():
    app = family_app(scale=1.4)
    for game in GAMES:
        app.set(game=game)
        texts = [text for ax in app.figure.axes for text in (*ax.texts, ax.yaxis.label) if text.get_text()]
        boxes = [text.get_window_extent() for text in texts]
        assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2)), game


def test_the_line_can_be_dragged(line):
    app = family_app()
    handle = app.controller.handles()["theta"]
    app.drag("theta", (handle.x, 0.5), (3.02, 0.5))
    assert app.controller.values["theta"] == app.widgets["theta"].value == pytest.approx(3.0)
    peak = app.controller.x[np.argmax(app.controller.q)]
    assert peak == pytest.approx(3.0, abs=0.03)
