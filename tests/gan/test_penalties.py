"""Clipping and the gradient penalties, against loops, closed forms and finite differences."""

import cmath
import math
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode

from course_utils.gan.networks import MLPDiscriminator
from course_utils.gan.objectives import OBJECTIVES
from course_utils.gan.penalties import (
    PENALTIES,
    clip_weights,
    gradient_norms,
    gradient_penalty,
    interpolate,
    zero_centred_penalty,
)

seeds = st.integers(0, 10_000)


def smooth_critic(seed):
    """Twice differentiable everywhere, unlike one with LeakyReLU."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1)).double()


@settings(max_examples=30)
@given(seed=seeds, c=st.floats(0.001, 2))
def test_clipping_takes_every_weight_to_the_nearest_number_allowed(seed, c):
    critic = smooth_critic(seed)
    expected = [
        [min(max(w, -c), c) for w in parameter.flatten().tolist()] for parameter in critic.parameters()
    ]
    clip_weights(critic.parameters(), c)
    assert [parameter.flatten().tolist() for parameter in critic.parameters()] == expected
    assert all(parameter.requires_grad for parameter in critic.parameters())


@pytest.mark.parametrize("c", [0.0, -0.01, float("nan")])
def test_there_is_nothing_to_clip_to(c):
    with pytest.raises(ValueError, match="it must be .*, as the weights are clipped"):
        clip_weights(smooth_critic(0).parameters(), c)


def test_points_between_pairs():
    random = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(4, 1, 2, 2, generator=random, dtype=torch.float64) for _ in range(2))
    t = torch.tensor([0.0, 0.25, 0.6, 1.0], dtype=torch.float64)
    points = interpolate(real, fake, t.view(4, 1, 1, 1))
    for i in range(4):
        assert torch.allclose(points[i], t[i] * real[i] + (1 - t[i]) * fake[i], atol=1e-15)
    assert torch.equal(points[0], fake[0])
    assert torch.equal(points[3], real[3])


def test_slope_of_a_plane_and_of_a_cone():
    w = torch.tensor([3.0, 4.0])
    x = torch.randn(6, 2, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(gradient_norms(lambda u: u @ w, x), torch.full((6,), 5.0))
    assert torch.allclose(gradient_norms(lambda u: 2 * u.norm(dim=1), x), torch.full((6,), 2.0))


@settings(max_examples=20)
@given(seed=seeds)
def test_slopes_are_those_of_each_point_by_finite_differences(seed):
    critic = smooth_critic(seed)
    points = torch.randn(4, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    norms, h = gradient_norms(critic, points), 1e-5
    for i, point in enumerate(points):
        slope = [
            (critic(point + h * direction) - critic(point - h * direction)).item() / (2 * h)
            for direction in torch.eye(3, dtype=torch.float64)
        ]
        assert norms[i].item() == pytest.approx(math.hypot(*slope), abs=1e-8)


def test_norms_of_pictures_run_over_all_pixels_and_leave_no_gradients_behind():
    torch.manual_seed(0)
    critic = MLPDiscriminator((8,)).double()
    pictures = torch.randn(3, 1, 28, 28, dtype=torch.float64)
    norms = gradient_norms(critic, pictures)
    for i in range(3):
        one = pictures[i : i + 1].clone().requires_grad_()
        critic(one).backward()
        assert norms[i].item() == pytest.approx(one.grad.square().sum().sqrt().item(), abs=1e-12)
    critic.zero_grad()
    gradient_norms(critic, pictures)
    assert all(parameter.grad is None for parameter in critic.parameters())
    assert not pictures.requires_grad


def test_norms_can_be_asked_for_where_gradients_are_off():
    with torch.no_grad():
        assert gradient_norms(smooth_critic(0), torch.zeros(2, 3).double()).shape == (2,)


@given(norms=st.lists(st.floats(0, 50), min_size=1, max_size=8))
def test_penalties_are_their_formulas(norms):
    both = sum((n - 1) ** 2 for n in norms) / len(norms)
    one_sided = sum(max(0.0, n - 1) ** 2 for n in norms) / len(norms)
    norms = torch.tensor(norms, dtype=torch.float64)
    assert gradient_penalty(norms).item() == pytest.approx(both, abs=1e-12)
    assert gradient_penalty(norms, one_sided=True).item() == pytest.approx(one_sided, abs=1e-12)


def test_gp_asks_for_slope_one_and_lp_for_at_most_one():
    gentle, steep = torch.tensor([0.25]), torch.tensor([3.0])
    assert gradient_penalty(gentle).item() == 0.5625
    assert gradient_penalty(gentle, one_sided=True).item() == 0.0
    assert gradient_penalty(steep) == gradient_penalty(steep, one_sided=True) == 4.0


@pytest.mark.parametrize("name", ["gp", "lp", "r1", "r2"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_double_backward_against_finite_differences(seed, name):
    """The penalty's gradient with respect to the critic's weights goes through the gradient itself."""
    critic = smooth_critic(seed)
    points = torch.randn(5, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    names, values = zip(*critic.named_parameters(), strict=True)

    def penalty(*weights):
        # some slopes above one
        scaled = {name: 5 * weight for name, weight in zip(names, weights, strict=True)}

        def score(u):
            return functional_call(critic, scaled, (u,))

        return PENALTIES[name].of_slopes(gradient_norms(score, points, create_graph=True))

    assert penalty(*values) > 0
    assert torch.autograd.gradcheck(penalty, values)


class Products(TorchDispatchMode):
    """Counts matrix products."""

    count = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        self.count += operation in (torch.ops.aten.mm.default, torch.ops.aten.addmm.default)
        return operation(*args, **(kwargs or {}))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize(
    "kink", [nn.ReLU(), nn.LeakyReLU(), nn.LeakyReLU(0.2, inplace=True), nn.ELU(), nn.Tanh()], ids=str
)
def test_between_kinks_autograds_own_gradient_is_had_for_fewer_products(kink, dtype):
    random = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        critic = nn.Sequential(nn.Linear(3, 16), kink, nn.Linear(16, 8), kink, nn.Linear(8, 1)).to(dtype)
    points = torch.randn(32, 3, generator=random).to(dtype)

    def plain(critic, points, create_graph):
        points = points.clone().requires_grad_()
        (slope,) = torch.autograd.grad(critic(points).sum(), points, create_graph=create_graph)
        return slope.flatten(1).norm(dim=1)

    found, counts = [], []
    for norms in (plain, gradient_norms):
        critic.zero_grad()
        with Products() as products:
            loss = gradient_penalty(norms(critic, points, create_graph=True)) + critic(points).mean()
            loss.backward()
        found.append([loss.detach(), *(weight.grad for weight in critic.parameters())])
        counts.append(products.count)
    assert all(map(torch.equal, *found))
    straight = isinstance(kink, nn.ReLU | nn.LeakyReLU) and dtype != torch.bfloat16
    assert counts[1] < counts[0] if straight else counts[1] == counts[0]


@pytest.mark.parametrize("kink", [partial(F.relu, inplace=True), partial(F.leaky_relu, inplace=True)])
def test_a_kink_in_place_bends_what_others_read_too(kink):
    random = torch.Generator().manual_seed(0)
    weights = torch.randn(4, 3, generator=random, requires_grad=True)
    points = torch.randn(8, 3, generator=random, requires_grad=True)

    def critic(points):
        h = points @ weights.T
        kink(h)
        return h.square().sum(1)

    (slope,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
    found = []
    for norms in (slope.norm(dim=1), gradient_norms(critic, points, create_graph=True)):
        found.append([norms.detach(), *torch.autograd.grad(gradient_penalty(norms), weights)])
    assert all(map(torch.equal, *found))


# ---------------------------------------------------------------- R1 and R2


@given(norms=st.lists(st.floats(0, 50), min_size=1, max_size=8))
def test_the_zero_centred_penalty_is_its_formula(norms):
    value = zero_centred_penalty(torch.tensor(norms, dtype=torch.float64)).item()
    assert value == pytest.approx(sum(n * n for n in norms) / len(norms) / 2, abs=1e-9)


def test_where_the_judge_is_flat_r1_leaves_it_alone_and_nothing_becomes_nan():
    """A norm has no derivative at 0, its square has; and a discriminator is flat at the equilibrium."""
    weight = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    norms = gradient_norms(lambda u: u @ weight, torch.ones(4, 3).double(), create_graph=True)
    (gradient,) = torch.autograd.grad(zero_centred_penalty(norms), weight)
    assert torch.equal(gradient, torch.zeros(3).double())


@pytest.mark.parametrize("objective", ["minimax", "non-saturating", "relativistic"])
@pytest.mark.parametrize(("penalty", "times"), [("r1", 1), ("r2", 1), ("r1+r2", 2), ("none", 0)])
@pytest.mark.parametrize("gamma", [0.3, 1.0, 2.0])
def test_in_the_dirac_gan_the_eigenvalues_are_those_of_mescheder_et_al(objective, penalty, times, gamma):
    """D(x) = psi x, real data at 0, generated ones at theta: -gamma/2 +- sqrt(gamma^2/4 - f'(0)^2), f'(0) = 1/2."""
    objective, penalty = OBJECTIVES[objective], PENALTIES[penalty]

    def field(at):
        theta, psi = at
        real, fake = 0 * psi, psi * theta
        loss_d = objective.discriminator(real, fake)
        for _ in penalty.at if penalty.of_slopes else ():
            loss_d = loss_d + gamma * penalty.of_slopes(psi.abs()[None])  # |psi| is the slope everywhere
        loss_g = objective.generator(fake, real) if objective.pairs else objective.generator(fake)
        (down_g,) = torch.autograd.grad(loss_g, theta, create_graph=True)
        (down_d,) = torch.autograd.grad(loss_d, psi, create_graph=True)
        return -torch.stack([down_g, down_d])

    beside = torch.full((2,), 1e-9, dtype=torch.float64)  # exactly at 0, autograd does not know |psi|^2 twice
    jacobian = torch.autograd.functional.jacobian(field, beside)
    found = torch.linalg.eigvals(jacobian)
    root = cmath.sqrt((times * gamma) ** 2 / 4 - 1 / 4)
    expected = torch.tensor([-times * gamma / 2 + sign * root for sign in (1, -1)])
    distance = (found[:, None] - expected).abs()
    assert distance.min(dim=0).values.max() < 1e-7  # a double root is found to half of the digits
    assert distance.min(dim=1).values.max() < 1e-7


@pytest.mark.parametrize("t", [torch.tensor([0.0, 1.0]), torch.zeros(1, 2), torch.zeros(5, 1)])
def test_a_t_for_each_pair_and_no_other_shape(t):
    x = torch.zeros(2, 2)
    assert interpolate(x, x + 1, torch.tensor([[0.0], [1.0]])).tolist() == [[1, 1], [0, 0]]
    with pytest.raises(ValueError, match="a number for each pair"):
        interpolate(x, x + 1, t)


@pytest.mark.parametrize(
    "critic",
    [
        lambda x: x,
        lambda x: torch.ones(len(x)),
        lambda x: x.detach().numpy().sum(1),
        torch.no_grad()(torch.sum),
    ],
)
def test_a_critic_gives_one_score_for_each_point_and_its_gradient(critic):
    with pytest.raises(ValueError, match="critic gives .* one score for each"):
        gradient_norms(critic, torch.ones(3, 2))


@pytest.mark.parametrize("points", [torch.ones(3), torch.ones(3, 2, dtype=torch.int64)])
def test_slopes_are_at_floats(points):
    with pytest.raises(ValueError, match=r"points: .*must be floats \(n, ...\)"):
        gradient_norms(lambda x: x.sum(-1), points)


def test_slopes_of_points_from_inference_mode():
    with torch.inference_mode():
        points = torch.ones(3, 2)
    assert gradient_norms(lambda x: x.sum(1), points).tolist() == pytest.approx([2**0.5] * 3)
    assert gradient_penalty(torch.tensor([2, 3])).item() == 2.5
