"""FGSM and PGD against closed forms and autograd by hand; what an attack may never do; and who is left undisturbed."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from course_utils.attacks import fgsm, pgd, pgd_path, random_signs
from course_utils.attacks.gradient import BALLS, margins

FREE = {"bounds": None}


def rest(z, x):
    return (z - x).flatten(1)


# ---------------------------------------------------------------- closed forms


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("epsilon", [0.003, 0.1, 2.0])
def test_on_two_classes_of_a_linear_model_the_margin_grows_by_epsilon_times_the_1_norm(epsilon):
    torch.manual_seed(0)
    linear = nn.Linear(30, 2)
    x, y = torch.randn(9, 30), torch.arange(9) % 2
    w = (linear.weight[1] - linear.weight[0]).detach()
    growth = margins(linear(fgsm(linear, x, y, epsilon, **FREE)), y) - margins(linear(x), y)
    assert torch.allclose(growth, epsilon * w.abs().sum().expand(9), rtol=1e-12)
    # no other displacement of that size does better, and one step of PGD or twenty do the same
    many = pgd(linear, x, y, epsilon, 20, **FREE)
    assert torch.allclose(margins(linear(many), y) - margins(linear(x), y), growth, rtol=1e-12)
    corners = x + epsilon * torch.randn(200, 1, 30).sign()
    assert (
        margins(linear(corners.flatten(0, 1)), y.repeat(200)) - margins(linear(x), y).repeat(200)
    ).max() <= growth[0]


@pytest.mark.usefixtures("double_precision")
def test_on_a_linear_model_the_euclidean_attack_grows_the_margin_by_epsilon_times_the_2_norm():
    torch.manual_seed(0)
    linear = nn.Linear(30, 2)
    x, y = torch.randn(5, 30), torch.arange(5) % 2
    w = (linear.weight[1] - linear.weight[0]).detach()
    z = pgd(linear, x, y, 0.7, 3, random_start=False, norm="l2", **FREE)
    assert torch.allclose(margins(linear(z), y) - margins(linear(x), y), 0.7 * w.norm().expand(5), rtol=1e-9)


@pytest.mark.usefixtures("double_precision")
def test_random_signs_grow_a_linear_margin_by_epsilon_times_the_2_norm_in_the_root_mean_square():
    w = torch.randn(400, generator=torch.Generator().manual_seed(3))
    x, y = torch.zeros(4000, 400), torch.zeros(4000, dtype=torch.long)
    moved = random_signs(nn.Identity(), x, y, 0.1, **FREE)
    assert torch.equal(moved.abs(), torch.full_like(x, 0.1))
    assert (moved @ w).square().mean().sqrt() == pytest.approx(0.1 * w.norm().item(), rel=0.05)


@pytest.mark.parametrize("loss", ["cross-entropy", "margin"])
@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_pgd_is_the_loop_written_out_by_hand(network, points, norm, loss):
    model, (x, y), epsilon, size = network(), points(), 0.2, 0.07
    by_hand = x
    for _ in range(6):
        z = by_hand.clone().requires_grad_()
        for i in range(len(z)):  # one picture at a time
            p = model(z[i : i + 1])
            wrong = torch.cat([p[0, : y[i]], p[0, y[i] + 1 :]]).max()
            (wrong - p[0, y[i]] if loss == "margin" else -p.log_softmax(1)[0, y[i]]).backward()
        by_hand = torch.empty_like(x)
        for i, g in enumerate(z.grad):
            d = z.detach()[i] + size * (g.sign() if norm == "linf" else g / g.norm()) - x[i]
            d = d.clamp(-epsilon, epsilon) if norm == "linf" else d * min(1.0, epsilon / d.norm().item())
            by_hand[i] = (x[i] + d).clamp(0, 1)
    path = pgd_path(model, x, y, epsilon, 6, size, random_start=False, norm=norm, loss=loss)
    assert path.shape == (7, *x.shape)
    assert torch.equal(path[0], x)
    assert torch.allclose(path[-1], by_hand, atol=1e-6)
    assert torch.equal(path[-1], pgd(model, x, y, epsilon, 6, size, random_start=False, norm=norm, loss=loss))


def test_fgsm_is_one_step_along_the_sign(network, points):
    model, (x, y) = network(), points()
    z = x.clone().requires_grad_()
    functional.cross_entropy(model(z), y).backward()
    assert torch.allclose(fgsm(model, x, y, 0.3), (x + 0.3 * z.grad.sign()).clamp(0, 1))


def test_the_margin_is_how_far_the_best_wrong_class_is_ahead():
    scores = torch.tensor([[1.0, 5.0, 2.0], [4.0, 0.0, -1.0]])
    assert margins(scores, torch.tensor([2, 0])).tolist() == [3.0, -4.0]


@pytest.mark.parametrize(
    ("scores", "y", "said"),
    [
        (torch.zeros(4), [0], r"scores: torch.float32 of shape \(4,\)"),
        (torch.zeros(2, 1), [0, 0], "two or more classes"),
        (torch.zeros(0, 3), [], "scores"),
        (torch.zeros(2, 3, dtype=torch.long), [0, 0], "scores: torch.int64"),
        (torch.full((2, 3), torch.nan), [0, 0], "scores hold logits that are NaN"),
        (torch.zeros(2, 3), [0, 3], "y goes from 0 to 3, but the model knows the classes 0 to 2"),
        (torch.zeros(2, 3), [-1, 0], "y goes from -1 to 0"),
        (torch.zeros(2, 3), [0], r"y is torch.int64 of shape \(1,\)"),
        (torch.zeros(2, 3), [0.0, 1.0], "y is torch.float32"),
        ([[0.0, 1.0]], [0], "scores is .* a torch tensor"),
    ],
)
def test_margins_of_what_are_no_logits(scores, y, said):
    with pytest.raises(ValueError, match=said):
        margins(scores, torch.tensor(y))


def test_the_margin_moves_a_sure_network_and_the_cross_entropy_does_not(points):
    """p_y = 1 to rounding: the cross-entropy has no slope, as log(1 - D) has none."""
    x, _ = points()
    y = torch.zeros(len(x), dtype=torch.long)

    def sure(z):
        return torch.stack([200 + z.flatten(1).sum(1), z.flatten(1).sum(1) * 0], dim=1)

    how = {"steps": 3, "random_start": False}
    assert torch.equal(pgd(sure, x, y, 0.1, **how), x)
    assert torch.allclose(pgd(sure, x, y, 0.1, **how, loss="margin"), x - 0.1)


# ---------------------------------------------------------------- what always holds


@settings(max_examples=40)
@given(
    epsilon=st.floats(0, 1.5), steps=st.integers(1, 4), size=st.floats(0, 3), norm=st.sampled_from([*BALLS]),
    start=st.booleans(), seed=st.integers(0, 99), ends=st.sampled_from([(0.0, 1.0), (-1.0, 1.0), (0.1, 0.9)]),
)  # fmt: skip
def test_never_outside_the_ball_or_the_box(epsilon, steps, size, norm, start, seed, ends):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3))
    x = ends[0] + (ends[1] - ends[0]) * torch.rand(6, 5).round(decimals=1).clamp(0, 1)  # some on the border
    y = torch.randint(3, (6,))
    draw = torch.Generator().manual_seed(seed)
    z = pgd(model, x, y, epsilon, steps, size, start, draw, ends, norm=norm)
    length = rest(z, x).abs().amax(1) if norm == "linf" else rest(z, x).norm(dim=1)
    assert length.max() <= epsilon + 1e-6
    assert z.min() >= ends[0]
    assert z.max() <= ends[1]
    if epsilon == 0:
        assert torch.allclose(z, x, atol=1e-6)


@settings(max_examples=30)
@given(seed=st.integers(0, 10**6), epsilon=st.floats(0, 0.5), norm=st.sampled_from([*BALLS]))
def test_never_lowers_the_loss_of_a_linear_model(seed, epsilon, norm):
    """Of two classes: the gradient keeps its direction, and pixels that the box stops only do less."""
    torch.manual_seed(seed)
    linear, x, y = nn.Linear(12, 2).double(), torch.rand(10, 12).double(), torch.randint(2, (10,))
    before = functional.cross_entropy(linear(x), y, reduction="none")
    for z in (
        fgsm(linear, x, y, epsilon),
        pgd(linear, x, y, epsilon, 5, random_start=False, norm=norm),
    ):
        assert (functional.cross_entropy(linear(z), y, reduction="none") >= before - 1e-12).all()


@pytest.mark.parametrize("norm", [*BALLS])
def test_random_starts_fill_the_ball_evenly(norm):
    x, y = torch.full((4000, 3), 0.5), torch.zeros(4000, dtype=torch.long)
    d = rest(pgd(lambda z: z, x, y, 0.2, 1, 0.0, norm=norm), x) / 0.2  # steps of no size: the start is left
    size = d.abs().amax(1) if norm == "linf" else d.norm(dim=1)
    assert np.quantile(size**3, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.04)
    assert d.mean(0).abs().max() < 0.05


def test_restarts_give_the_worst_of_their_ends(network, points):
    model, (x, y) = network(), points(60)
    draw, again = torch.Generator().manual_seed(5), torch.Generator().manual_seed(5)
    worst = margins(model(pgd(model, x, y, 0.1, 1, generator=draw, restarts=4)), y)
    each = torch.stack([margins(model(pgd(model, x, y, 0.1, 1, generator=again)), y) for _ in range(4)])
    assert torch.allclose(worst, each.amax(0), atol=1e-6)
    assert (each.amax(0) > each[0]).any()  # else nothing was compared


def test_the_same_generator_gives_the_same_attack_and_another_another(network, points):
    model, (x, y) = network(), points()
    seeds = [pgd(model, x, y, 0.1, 1, 0.01, generator=torch.Generator().manual_seed(s)) for s in (0, 0, 1)]
    assert torch.equal(seeds[0], seeds[1])
    assert torch.equal(seeds[0], pgd(model, x, y, 0.1, 1, 0.01))
    assert not torch.equal(seeds[0], seeds[2])
    before = torch.random.get_rng_state()
    pgd(model, x, y, 0.1)
    random_signs(model, x, y, 0.1)
    assert torch.equal(before, torch.random.get_rng_state())


# ---------------------------------------------------------------- the model is left as it was found


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("attack", [fgsm, pgd, random_signs])
def test_the_model_is_left_as_it_was_found(network, points, attack, train):
    model, (x, y) = network("bn").train(train), points()
    model[1].train(not train)  # a mixed state is somebody's intention
    modes = [module.training for module in model.modules()]
    state = {name: value.clone() for name, value in model.state_dict().items()}
    x.requires_grad_()
    z = attack(model, x, y, 0.1)
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert x.grad is None
    assert not z.requires_grad
    assert torch.equal(z, attack(model.eval(), x, y, 0.1))  # it was asked in evaluation mode


def test_the_modes_come_back_after_an_error(network, points):
    model, (x, _) = network("bn").train(), points()
    with pytest.raises(ValueError, match="y goes from 9 to 9, but the model knows the classes 0 to 3"):
        fgsm(model, x, torch.full((len(x),), 9), 0.1)
    assert all(module.training for module in model.modules())


def test_it_works_inside_of_no_grad(network, points):
    model, (x, y) = network(), points()
    with torch.no_grad():
        inside = fgsm(model, x, y, 0.1)
        assert not torch.is_grad_enabled()
    assert torch.equal(inside, fgsm(model, x, y, 0.1))


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"x": torch.full((8, 1, 6, 6), 7.0)}, r"x: pixels from 7 to 7, outside of the bounds \(0, 1\)"),
        ({"x": torch.full((8, 1, 6, 6), -0.5)}, r"for pictures in \[-1, 1\] say bounds="),
        ({"x": torch.full((8, 1, 6, 6), torch.nan)}, "x: pixels from nan to nan"),
        ({"x": torch.zeros(8, 1, 6, 6, dtype=torch.uint8)}, "x: torch.uint8 of shape"),
        ({"x": torch.zeros(0, 1, 6, 6)}, "n >= 1 pictures"),
        ({"y": torch.zeros(8, 4)}, r"y is torch.float32 of shape \(8, 4\); it must hold the class of each picture"),
        ({"y": torch.zeros(7, dtype=torch.long)}, r"of shape \(7,\).*of shape \(8,\)"),
        ({"y": torch.full((8,), -1)}, "y goes from -1 to -1"),
        ({"epsilon": -0.1}, "epsilon is -0.1; it must be zero or more"),
        ({"bounds": (1, 0)}, "the lower one comes first"),
        ({"bounds": 1}, "bounds is 1"),
        ({"model": nn.Linear}, "model is the class Linear"),
        ({"model": lambda x: x.sum()}, "model gives shape"),
        ({"model": lambda x: x.flatten(1).detach()}, "model lets no gradient through"),
        ({"model": lambda x: torch.ones(len(x), 4).requires_grad_()}, "model lets no gradient through"),
        ({"model": lambda x: x.flatten(1) * torch.nan}, "model gives logits that are NaN"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said(network, points, change, said):
    x, y = points()
    given = {"model": network(), "x": x, "y": y, "epsilon": 0.1} | change
    with pytest.raises(ValueError, match=said):
        fgsm(**given)


def test_labels_may_be_small_whole_numbers_with_restarts_too(network, points):
    model, (x, y) = network(), points()
    expected = pgd(model, x, y, 0.1, 2, restarts=2)
    for kind in (torch.uint8, torch.int32):
        assert torch.equal(pgd(model, x, y.to(kind), 0.1, 2, restarts=2), expected)


def test_restarts_without_a_random_start_are_refused(network, points):
    with pytest.raises(ValueError, match="all of them would be the same"):
        pgd(network(), *points(), 0.1, random_start=False, restarts=2)
