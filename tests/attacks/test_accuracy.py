"""Accuracies: exact counts, what a stronger attack may do to them, and errors in words."""

from functools import partial

import pytest
import torch

from course_utils.attacks import accuracy, fgsm, pgd, random_signs, robust_accuracy


def identity(scores):
    """A model that gives these scores for the first, second, ... picture, whose first pixel is its number / 100."""
    return lambda x: scores[(100 * x[:, 0, 0, 0]).round().long()] + 0 * x.flatten(1).sum(1, keepdim=True)


def test_it_is_the_share_of_pictures_whose_largest_logit_is_right():
    x = torch.arange(8).view(-1, 1, 1, 1) / 100 * torch.ones(1, 1, 2, 2)
    y = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])
    scores = torch.nn.functional.one_hot(torch.tensor([0, 1, 2, 0, 1, 0, 1, 2]), 3).float()
    assert accuracy(identity(scores), x, y) == 5 / 8
    assert robust_accuracy(identity(scores), x, y, 0.0, fgsm) == 5 / 8


def test_more_pictures_than_fit_into_one_part(network, points):
    model, (x, y) = network(), points(1203)
    assert accuracy(model, x, y) == (model(x).argmax(1) == y).float().mean().item()


def test_epsilon_0_is_the_clean_accuracy_and_more_attacks_never_report_more(network, points):
    model, (x, y) = network(), points(400)
    y = model(x).argmax(1)  # all are named rightly at first
    assert robust_accuracy(model, x, y, 0.0, pgd) == accuracy(model, x, y) == 1.0
    attacks = [random_signs, fgsm, pgd, partial(pgd, loss="margin"), partial(pgd, restarts=3)]
    left = [robust_accuracy(model, x, y, 0.08, attacks[: i + 1]) for i in range(len(attacks))]
    assert left == sorted(left, reverse=True)
    assert left[0] > left[-1]
    assert left[-1] <= min(robust_accuracy(model, x, y, 0.08, attack) for attack in attacks)


def test_a_larger_ball_never_reports_more_of_a_linear_model(network, points):
    """Of two classes FGSM is the best attack, so that its numbers are those of the ball itself."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(36, 2))
    x, _ = points(300)
    y = model(x).argmax(1)
    left = [robust_accuracy(model, x, y, epsilon, fgsm) for epsilon in (0.0, 0.02, 0.05, 0.1, 0.2, 0.4)]
    assert left == sorted(left, reverse=True)
    assert left[0] == 1.0 > left[3]


def test_the_model_is_asked_in_evaluation_mode_and_left_alone(network, points):
    model, (x, y) = network("bn").train(), points(64)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    found = robust_accuracy(model, x, y, 0.05, fgsm)
    assert all(module.training for module in model.modules())
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert found == robust_accuracy(model.eval(), x, y, 0.05, fgsm)


def test_an_attack_that_gives_something_else_is_refused(network, points):
    with pytest.raises(ValueError, match="attack gives NoneType"):
        robust_accuracy(network(), *points(), 0.1, lambda *_: None)
    with pytest.raises(ValueError, match="attack is the class"):
        robust_accuracy(network(), *points(), 0.1, dict)
