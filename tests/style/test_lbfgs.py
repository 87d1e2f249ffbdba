"""The projected L-BFGS against scipy's L-BFGS-B and torch's L-BFGS."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from course_utils.style.lbfgs import ProjectedLBFGS


def quadratic(seed: int, n: int = 12, condition: float = 30.0):
    """1/2 (x - c)^T A (x - c) with eigenvalues from 1 to condition, and c partly outside [0, 1]."""
    random = np.random.default_rng(seed)
    q, _ = np.linalg.qr(random.standard_normal((n, n)))
    a = torch.as_tensor(q @ np.diag(np.geomspace(1, condition, n)) @ q.T)
    c = torch.as_tensor(random.uniform(-0.6, 1.6, n))
    return lambda x: 0.5 * (x - c) @ a @ (x - c), c


def run(function, start, optimizer, steps):
    x = start.clone().requires_grad_()
    stepper, losses = optimizer(x), []
    for _ in range(steps):

        def closure():
            x.grad = None
            loss = function(x)
            loss.backward()
            return loss

        losses.append(stepper.step(closure).item())
    return x.detach(), losses


@settings(max_examples=8)
@given(st.integers(0, 1000))
def test_within_bounds_it_finds_scipys_minimum(seed):
    function, _ = quadratic(seed)
    start = torch.full((12,), 0.5, dtype=torch.float64)
    found, losses = run(function, start, lambda x: ProjectedLBFGS([x]), 100)
    oracle = minimize(
        lambda x: function(torch.as_tensor(x)).item(), start.numpy(), method="L-BFGS-B", bounds=[(0, 1)] * 12,
        options={"ftol": 1e-15, "gtol": 1e-10},
    )  # fmt: skip
    assert 0 <= found.min() <= found.max() <= 1
    assert losses[-1] == pytest.approx(oracle.fun, rel=1e-5, abs=1e-9)
    assert np.allclose(found.numpy(), oracle.x, atol=1e-3)


def test_without_bounds_it_steps_as_torchs_does():
    """Both without line search. How long the first step is, is a matter of taste; torch's is made the same."""
    function, _ = quadratic(3)
    start = torch.full((12,), 0.5, dtype=torch.float64)
    free = {"low": -np.inf, "high": np.inf, "longest": np.inf}
    mine, _ = run(function, start, lambda x: ProjectedLBFGS([x], memory=5, **free), 12)

    gradient = torch.autograd.functional.jacobian(function, start)
    rates = iter([(0.01 / gradient.abs().mean() / min(1, 1 / gradient.abs().sum())).item()] + [1] * 11)

    class Theirs(torch.optim.LBFGS):
        def step(self, closure):
            self.param_groups[0]["lr"] = next(rates)
            return super().step(closure)

    settings = {"max_iter": 1, "history_size": 5, "tolerance_grad": 0, "tolerance_change": 0}
    theirs, _ = run(function, start, lambda x: Theirs([x], **settings), 12)
    assert torch.allclose(mine, theirs, rtol=1e-6, atol=1e-8)


def test_it_does_not_stand_still_where_everything_proposed_is_clamped_away():
    """Start in the corner that the gradient first pushes into; the minimum is inside."""
    target = torch.tensor([0.5, 0.5, 1.4], dtype=torch.float64)
    start = torch.tensor([0.0, 1.0, 1.0], dtype=torch.float64)
    found, _ = run(lambda x: (x - target).square().sum(), start, lambda x: ProjectedLBFGS([x]), 30)
    assert np.allclose(found.numpy(), [0.5, 0.5, 1.0], atol=1e-6)


def test_it_is_not_thrown_away_where_the_first_move_saw_no_curvature():
    """A rounded |x| is nearly straight at the start, its minimum far inside; a free step leaps to the bound."""
    start, path = torch.full((1,), 0.9, dtype=torch.float64), []

    def function(x):
        path.append(x.item())
        return (1e-2 + x.square()).sqrt().sum()

    found, _ = run(function, start, lambda x: ProjectedLBFGS([x], low=-1.0), 60)
    assert np.abs(np.diff(path)).max() <= 0.1 + 1e-12
    assert abs(found.item()) < 1e-3


def test_its_state_can_be_saved_in_the_middle():
    function, _ = quadratic(1)
    x = torch.full((12,), 0.5, dtype=torch.float64, requires_grad=True)

    def step(x, optimizer):
        def closure():
            x.grad = None
            loss = function(x)
            loss.backward()
            return loss

        optimizer.step(closure)

    first = ProjectedLBFGS([x])
    for _ in range(4):
        step(x, first)
    y = x.detach().clone().requires_grad_()
    second = ProjectedLBFGS([y])
    second.load_state_dict(first.state_dict())
    step(x, first)
    step(y, second)
    assert torch.equal(x, y)
