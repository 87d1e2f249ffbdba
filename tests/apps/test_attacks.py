"""Lesson 10's app: what it shows against direct computation, painting, and every attack."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from torch.nn import functional

from course_utils.apps.attacks import (
    FGSM,
    LENGTH,
    NETWORKS,
    PGD,
    PGD_L2,
    RANDOM,
    AttackController,
    attacks_app,
)
from course_utils.attacks import fgsm, load_digit_network, pgd

MIDDLE = 14.0


@pytest.fixture(scope="module")
def app():
    return attacks_app()


@pytest.fixture
def controller():
    controller = AttackController()
    controller.draw(Figure(controller.size))
    return controller


@pytest.mark.parametrize("network", NETWORKS)
def test_it_shows_what_the_package_computes(images, controller, network):
    controller.set(network=network, attack=FGSM, epsilon=0.2, digit=3)
    model = load_digit_network(NETWORKS[network], "cpu")
    x = torch.from_numpy(images.pixels[3:4])[:, None] / 255
    y = torch.tensor([images.labels[3]])
    z = fgsm(model, x, y, 0.2)
    assert torch.allclose(controller.after, z, atol=1e-6)
    assert np.allclose(controller.probabilities, model(torch.cat([x, z])).softmax(1), atol=1e-5)
    assert controller.losses[1] == pytest.approx(functional.cross_entropy(model(z), y).item(), rel=1e-4)
    assert f"named {model(z).argmax():d}" in controller.status().replace("<b>", "").replace(
        "still ", ""
    ).replace("now ", "")


@pytest.mark.parametrize(("attack", "norm", "radius"), [(PGD, "linf", 0.1), (PGD_L2, "l2", 0.1 * LENGTH)])
def test_the_path_is_pgds_and_stays_in_its_ball(controller, attack, norm, radius):
    controller.set(attack=attack, epsilon=0.1, steps=7)
    model, y = controller.network, torch.tensor([controller.y])
    assert torch.equal(controller.after, pgd(model, controller.x, y, radius, 7, norm=norm))
    moved = (controller.after - controller.x).flatten()
    assert (moved.abs().max() if norm == "linf" else moved.norm()) <= radius + 1e-5
    assert len(controller.path) == 9  # the picture, the start, seven steps
    assert controller.path[0] == pytest.approx([0, 0], abs=1e-6)
    assert controller.path[-1] == pytest.approx([1, 0], abs=1e-4)  # in lengths of the whole displacement


def test_the_ground_is_the_loss_at_the_picture_and_at_the_end(controller):
    """The plane holds both: its value there, between four of its cells, is near theirs."""
    controller.set(attack=PGD, epsilon=0.1)
    low, high = np.min(controller.loss), np.max(controller.loss)
    for loss in controller.losses:
        assert low - 0.1 <= loss <= high + 0.5


def test_again_draws_anew_and_only_where_something_is_random(controller):
    controller.set(attack=RANDOM, epsilon=0.3)
    first = controller.after
    controller.press("again")
    assert not torch.equal(controller.after, first)
    assert "steps" in controller.disabled()
    controller.set(attack=FGSM)
    assert set(controller.disabled()) == {"steps", "again"}
    controller.set(attack=PGD)
    assert not controller.disabled()


def test_a_border_is_told_where_there_is_one(controller):
    for network, epsilon in (("CNN", 0.3), ("CNN, robust", 0.0)):
        controller.set(network=network, epsilon=epsilon)
        controller.draw(Figure(controller.size))
        crosses = controller.margin.min() < 0 < controller.margin.max()
        assert crosses == bool(epsilon)
        assert ("Dashed:" in controller.status()) == crosses == bool(controller.panels._border.get_segments())


def test_epsilon_0_changes_nothing(controller):
    controller.set(epsilon=0.0)
    assert torch.equal(controller.after, controller.x)
    controller.draw(Figure(controller.size))
    assert "still named" in controller.status()
    controller.label = (controller.y + 1) % 10  # a mistake before any attack is none of the attack's
    controller.press("again")
    assert "(wrongly, before any attack)" in controller.status()
    assert "still named" in controller.status()


def test_a_digit_can_be_painted(controller):
    controller.press("clear")
    assert "empty picture" in controller.status()
    assert torch.equal(controller.after, controller.x)  # of nothing there is nothing to attack
    assert set(controller.handles()) == {"pen"}
    controller.drag("pen", MIDDLE, 5.0, "down")
    controller.drag("pen", MIDDLE, 22.0, "move")
    assert "Painting" in controller.status()
    assert torch.equal(controller.after, controller.x)  # the attack waits for the pen to be lifted
    controller.drag("pen", MIDDLE, 22.0, "up")
    picture = controller.x[0, 0]
    assert (picture[5:23, 14] == 1).all()  # one stroke, without gaps
    assert picture[:, :11].max() == picture[:, 18:].max() == 0
    seen = int(controller.network(controller.x).argmax())
    assert controller.y == seen  # away from what the network sees
    assert f"Your picture, named {seen}" in controller.status()
    assert controller.readouts() == {"digit": "yours"}  # and not the number of a test digit
    assert not torch.equal(controller.after, controller.x)
    controller.set(digit=1)
    assert "Your picture" not in controller.status()
    assert controller.readouts() == {}


def test_the_pen_may_leave_the_picture(controller):
    for phase, x in (("down", -50.0), ("move", 200.0), ("up", 200.0)):
        controller.drag("pen", x, 3.0, phase)
    assert 0 <= controller.x.min() <= controller.x.max() == 1


def test_the_app_stands_for_the_lesson(app):
    app.set(network="CNN, robust", epsilon=0.3)
    assert "Error" not in app.status.value
