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


def step(by, clamp=True):
    """An attack that moves all pixels by that much."""
    return lambda model, x, y, epsilon: (x + by).clamp(0, 1) if clamp else x + by


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (
            [],
            r"attack is \[\]; it must be a function \(model, x, y, epsilon\) -> pictures, such as fgsm, or a list",
        ),
        ({}, r"attack is \{\}; it must be a function"),
        ("fgsm", "attack is 'fgsm'; it must be a function"),
        (None, "attack is None; it must be a function"),
        ([fgsm, None], "attack is .*None.*; it must be a function"),
        (dict, "attack is the class dict"),
        ([fgsm, dict], "attack is the class dict"),
        (lambda *_: None, "attack gives NoneType for pictures of shape"),
        (lambda model, x, *_: x.numpy(), "attack gives ndarray for pictures"),
        (lambda model, x, *_: x[1:], r"attack gives torch.float32 of shape \(7, 1, 6, 6\)"),
        (
            lambda model, x, *_: x.double(),
            "attack gives torch.float64 .* a tensor of that shape, torch.float32",
        ),
        (lambda model, x, *_: x * torch.nan, "attack gives pixels from nan to nan"),
        (step(0.5, clamp=False), r"attack gives pixels from .* to 1.* outside of the bounds \(0, 1\).*Clamp"),
        (step(0.11), "attack goes as far as 0.11, and epsilon is 0.1: it leaves the ball"),
        ([fgsm, step(0.11)], "it leaves the ball"),
        (
            lambda model, x, y, epsilon: pgd(model, x, y, 2 * epsilon),
            "attack goes as far as 0.2, .* leaves the ball",
        ),
    ],
)
def test_an_attack_that_is_none_or_gives_something_else_or_goes_too_far_is_refused(
    network, points, attack, said
):
    with pytest.raises(ValueError, match=said):
        robust_accuracy(network(), *points(), 0.1, attack)


def test_models_and_attacks_may_work_in_place(network, points):
    """As x.sub_(0.5) does; and an attack that overwrites its pictures, or labels, is compared with what they were."""
    plain, (x, y) = network(), points()
    before, named = x.clone(), y.clone()

    def model(z):
        return plain(z.sub_(0.5))

    def away(model, x, y, epsilon):
        return x.add_(0.9).clamp_(0, 1)

    def relabel(model, x, y, epsilon):
        y.copy_(model(x.clone()).argmax(1))  # as on the way to a targeted attack
        return x

    expected = accuracy(lambda z: plain(z - 0.5), x, y)
    assert accuracy(model, x, y) == robust_accuracy(model, x, y, 0.0, fgsm) == expected
    assert torch.equal(fgsm(model, x, y, 0.1), fgsm(lambda z: plain(z - 0.5), x, y, 0.1))
    with pytest.raises(ValueError, match="it leaves the ball"):
        robust_accuracy(model, x, y, 0.1, away)
    assert robust_accuracy(model, x, y, 0.1, relabel) == expected < 1
    assert torch.equal(x, before)
    assert torch.equal(y, named)


def test_both_balls_and_other_bounds_are_known(network, points):
    """At the rim itself, and with pictures of another scale: no attack of the package is ever refused."""
    model, (x, y) = network(), points(60)
    for norm, epsilon in (("linf", 0.1), ("l2", 1.5)):
        attack = partial(pgd, norm=norm, restarts=2)
        assert 0 <= robust_accuracy(model, x, y, epsilon, attack, norm=norm) < 1
        wide = partial(attack, bounds=(-1, 1))
        assert 0 <= robust_accuracy(model, 2 * x - 1, y, epsilon, wide, norm=norm, bounds=(-1, 1)) < 1
        free = partial(attack, bounds=None)
        assert 0 <= robust_accuracy(model, 100 * x, y, 100 * epsilon, free, norm=norm, bounds=None) < 1
    with pytest.raises(ValueError, match=r"images: pixels from .*say bounds=\(-1, 1\)"):
        robust_accuracy(model, 2 * x - 1, y, 0.1, fgsm)
    with pytest.raises(ValueError, match=r"images: pixels from .*say bounds=\(-1, 1\)"):
        accuracy(model, 2 * x - 1, y)
    assert accuracy(lambda z: model((z + 1) / 2), 2 * x - 1, y, bounds=(-1, 1)) == accuracy(model, x, y)
    with pytest.raises(ValueError, match="it leaves the ball"):  # each pixel goes no further, all together do
        robust_accuracy(model, x, y, 0.1, fgsm, norm="l2")
