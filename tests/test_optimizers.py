"""The optimistic optimizers: against a NumPy version of L3's algorithm, torch's own Adam and SGD, and `games`."""

import copy
import io
import pickle
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.games import bilinear, simulate
from course_utils.optimizers import Adam, OptimisticAdam, OptimisticSGD, RMSprop, make_optimizer

KINDS = [OptimisticAdam, OptimisticSGD]


def parameters(dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(shape, generator=generator, dtype=dtype).requires_grad_() for shape in ((3, 2), (4,), ())
    ]


def loss_of(params, step=0):
    """A smooth loss that is not quadratic and changes with the step, so that old gradients differ from new ones."""
    return sum((p - 3.0 * step).sin().sum() + (p * p).sum().sqrt() for p in params)


def train(optimizer, params, steps, first=0):
    for step in range(first, first + steps):
        optimizer.zero_grad()
        loss_of(params, 0.1 * step).backward()
        optimizer.step()
    return [p.detach().clone() for p in params]


def same(a, b, **tolerance):
    for p, q in zip(a, b, strict=True):
        torch.testing.assert_close(p, q, **(tolerance or {"rtol": 0.0, "atol": 0.0}))


def lecture_adam(theta, gradients, lr, beta1, beta2, eps):
    """L3, algorithm 1, line by line."""
    m = v = direction = np.zeros_like(theta)
    path = []
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        old, direction = direction, m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)
        theta = theta - 2 * lr * direction + lr * old
        path.append(theta)
    return path


@given(
    seed=st.integers(0, 2**32 - 1),
    lr=st.floats(1e-4, 0.5),
    beta1=st.floats(0.0, 0.99),
    beta2=st.floats(0.0, 0.999),
    eps=st.sampled_from([1e-8, 1e-3, 0.1]),
)
@settings(max_examples=40)
def test_optimistic_adam_is_the_lectures_algorithm(seed, lr, beta1, beta2, eps):
    rng = np.random.default_rng(seed)
    start, gradients = rng.normal(size=5), rng.normal(size=(12, 5))
    theta = torch.tensor(start, requires_grad=True)
    optimizer = OptimisticAdam([theta], lr, (beta1, beta2), eps)
    for g, expected in zip(gradients, lecture_adam(start, gradients, lr, beta1, beta2, eps), strict=True):
        theta.grad = torch.tensor(g)
        optimizer.step()
        np.testing.assert_allclose(theta.detach().numpy(), expected, rtol=1e-10, atol=1e-10)


@given(seed=st.integers(0, 2**32 - 1), lr=st.floats(1e-4, 0.5), momentum=st.floats(0.0, 0.99))
@settings(max_examples=40)
def test_optimistic_sgd_is_the_lectures_recursion(seed, lr, momentum):
    rng = np.random.default_rng(seed)
    expected, gradients = rng.normal(size=5), rng.normal(size=(12, 5))
    theta = torch.tensor(expected, requires_grad=True)
    optimizer = OptimisticSGD([theta], lr, momentum=momentum)
    buffer = old = np.zeros(5)
    for g in gradients:
        theta.grad = torch.tensor(g)
        optimizer.step()
        buffer = momentum * buffer + g
        expected = expected - lr * (2 * buffer - old)
        old = buffer
        np.testing.assert_allclose(theta.detach().numpy(), expected, rtol=1e-10, atol=1e-10)


def test_two_optimistic_sgds_play_xy_as_games_does():
    x, y = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (1.0, -0.5))
    players = OptimisticSGD([x], 0.2), OptimisticSGD([y], 0.2, maximize=True)
    run = simulate(bilinear(), "optimistic", (1.0, -0.5), steps=200, learning_rate=0.2)
    for expected in run.points[1:]:
        for player in players:
            player.zero_grad()
        (x * y).backward()
        for player in players:
            player.step()
        np.testing.assert_allclose([x.item(), y.item()], expected, atol=1e-13)
    assert abs(x.item()) < 0.05


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "options", [{}, {"weight_decay": 0.1}, {"maximize": True, "weight_decay": 0.05}, {"betas": (0.5, 0.9)}]
)
def test_without_optimism_it_is_torchs_adam(options, dtype):
    mine, theirs = parameters(dtype), parameters(dtype)
    a = train(OptimisticAdam(mine, 0.01, optimism=0.0, **options), mine, 50)
    b = train(torch.optim.Adam(theirs, 0.01, **options), theirs, 50)
    same(a, b, rtol=1e-6, atol=1e-6 if dtype is torch.float32 else 1e-12)


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9, "weight_decay": 0.1}, {"maximize": True}])
def test_without_optimism_it_is_torchs_sgd(options):
    mine, theirs = parameters(), parameters()
    a = train(OptimisticSGD(mine, 0.01, optimism=0.0, **options), mine, 50)
    b = train(torch.optim.SGD(theirs, 0.01, **options), theirs, 50)
    same(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_optimism_changes_the_run(kind):
    plain, optimistic = parameters(), parameters()
    a = train(kind(plain, 0.01, optimism=0.0), plain, 5)
    b = train(kind(optimistic, 0.01), optimistic, 5)
    assert all((p - q).abs().min() > 1e-4 for p, q in zip(a, b, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_each_group_keeps_its_own_settings_and_follows_changes(kind):
    """One optimizer with two groups is two optimizers, also when a scheduler moves the rate of one."""
    together, apart = parameters(), parameters()
    one = kind([{"params": together[:1]}, {"params": together[1:], "lr": 0.05, "optimism": 0.5}], lr=0.01)
    two = [kind(apart[:1], lr=0.01), kind(apart[1:], lr=0.05, optimism=0.5)]
    for step in range(12):
        if step == 6:
            one.param_groups[1]["lr"] = two[1].param_groups[0]["lr"] = 0.002
        train(one, together, 1, first=step)
        for optimizer in two:
            optimizer.zero_grad()
        loss_of(apart, 0.1 * step).backward()
        for optimizer in two:
            optimizer.step()
    same(together, apart)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_learning_rate_scales_both_terms(kind):
    theta = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = kind([theta], lr=1.0)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.1)
    for _ in range(2):
        theta.grad = torch.ones(1, dtype=torch.float64)
        optimizer.step()
        scheduler.step()
    assert theta.item() == pytest.approx(-2.0 - 0.1 * (2.0 - 1.0), abs=1e-6)  # every direction is 1 here


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, {"weight_decay": 0.1}])
def test_a_saved_run_goes_on_as_if_nothing_had_happened(kind, options):
    params = parameters()
    optimizer = kind(params, 0.02, **options)
    train(optimizer, params, 7)
    file = io.BytesIO()
    torch.save(optimizer.state_dict(), file)
    file.seek(0)

    again = [p.detach().clone().requires_grad_() for p in params]
    resumed = kind(again, 0.5)  # the learning rate comes back with the state
    resumed.load_state_dict(torch.load(file, weights_only=True))
    same(train(optimizer, params, 7, first=7), train(resumed, again, 7, first=7))

    copied = copy.deepcopy(optimizer)
    assert copied.state_dict()["param_groups"] == optimizer.state_dict()["param_groups"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_closure_computes_the_gradient_and_its_loss_comes_back(kind):
    a, b = parameters(), parameters()
    with_closure, without = kind(a, 0.02), kind(b, 0.02)

    def closure():
        with_closure.zero_grad()
        loss = loss_of(a)
        loss.backward()
        return loss

    for _ in range(3):
        expected = loss_of(a).item()
        assert with_closure.step(closure).item() == expected
        without.zero_grad()
        loss_of(b).backward()
        assert without.step() is None
    same(a, b)


@pytest.mark.parametrize("kind", KINDS)
def test_tensors_without_a_gradient_wait_and_keep_their_own_count(kind):
    """A tensor that joins late moves as it would in an optimizer of its own."""
    early, late = (torch.ones(2, dtype=torch.float64, requires_grad=True) for _ in range(2))
    alone = torch.ones(2, dtype=torch.float64, requires_grad=True)
    both, single = kind([early, late], 0.1), kind([alone], 0.1)
    for step in range(6):
        both.zero_grad()
        single.zero_grad()
        (early**2).sum().backward()
        if step >= 3:
            (late**2).sum().backward()
            (alone**2).sum().backward()
            single.step()
        both.step()
        if step < 3:
            assert torch.equal(late, torch.ones(2, dtype=torch.float64))
    assert torch.equal(late, alone)
    assert not torch.equal(late, early)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_left_as_they_were(kind):
    theta = torch.ones(3, requires_grad=True)
    optimizer = kind([theta], 0.1, weight_decay=0.3)
    theta.grad = torch.tensor([1.0, 2.0, 3.0])
    for _ in range(3):
        optimizer.step()
    assert torch.equal(theta.grad, torch.tensor([1.0, 2.0, 3.0]))


@pytest.mark.parametrize("kind", KINDS)
def test_the_old_direction_survives_gradients_zeroed_in_place(kind):
    a, b = parameters(), parameters()
    forgets, zeroes = kind(a, 0.02), kind(b, 0.02)
    for step in range(4):
        for params, optimizer, to_none in ((a, forgets, True), (b, zeroes, False)):
            optimizer.zero_grad(set_to_none=to_none)
            loss_of(params, 0.1 * step).backward()
            optimizer.step()
    same(a, b)


@pytest.mark.parametrize("kind", KINDS)
def test_mistakes_are_explained(kind):
    theta = torch.ones(2, requires_grad=True)
    for name in ("lr", "weight_decay", "optimism"):
        for value in (-0.1, float("nan"), float("inf")):
            with pytest.raises(ValueError, match=f"{name} is .*; it must be (zero or more|a finite number)"):
                kind([theta], **{name: value})
    with pytest.raises(ValueError, match="empty parameter list"):
        kind([])
    theta.grad = torch.ones(2).to_sparse()
    with pytest.raises(ValueError, match="sparse or complex"):
        kind([theta]).step()


def test_decay_rates_lie_below_one():
    theta = torch.ones(2, requires_grad=True)
    with pytest.raises(ValueError, match=r"betas\[1\] is 1.0; it must be in \[0, 1\)"):
        OptimisticAdam([theta], betas=(0.9, 1.0))
    with pytest.raises(ValueError, match="momentum is -0.5"):
        OptimisticSGD([theta], momentum=-0.5)
    with pytest.raises(ValueError, match="eps is -1"):
        OptimisticAdam([theta], eps=-1)


def test_optimism_undoes_momentum_of_one_half():
    """b_t = b_{t-1} / 2 + g_t, and 2 b_t - b_{t-1} = 2 g_t: the plain steps, twice as long."""
    ends = []
    for make in (
        lambda p: OptimisticSGD(p, lr=0.1, momentum=0.5),
        lambda p: torch.optim.SGD(p, lr=0.2),
    ):
        theta = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
        optimizer = make([theta])
        for _ in range(20):
            optimizer.zero_grad()
            (theta**4).sum().backward()
            theta.grad.clamp_(-1, 1)
            optimizer.step()
        ends.append(theta.detach())
    torch.testing.assert_close(*ends)


PLAIN = {
    "adam": (torch.optim.Adam, {"betas": (0.5, 0.9), "fused": True}),
    "rmsprop": (torch.optim.RMSprop, {"foreach": True}),
    "sgd": (torch.optim.SGD, {"fused": True}),
}


@pytest.mark.parametrize("name", PLAIN)
def test_without_the_compiler_torchs_optimizers_are_what_they_were(name):
    kind, options = PLAIN[name]
    close = {"rtol": 1e-14, "atol": 1e-15} if name == "rmsprop" else {}  # multiplied and added at once
    ours, theirs = parameters(), parameters()
    light, plain = make_optimizer(name, ours, 0.01, (0.5, 0.9)), kind(theirs, lr=0.01, **options)
    assert isinstance(light, kind)
    same(train(light, ours, 5), train(plain, theirs, 5), **close)
    light.load_state_dict(copy.deepcopy(plain.state_dict()))
    plain.load_state_dict(copy.deepcopy(light.state_dict()))
    same(train(light, ours, 5, first=5), train(plain, theirs, 5, first=5), **close)
    again = pickle.loads(pickle.dumps(light))
    assert type(again) is type(light)
    assert again.state_dict()["param_groups"] == light.state_dict()["param_groups"]


UNUSUAL = {
    "transposed": lambda p: p.grad.t().contiguous().t(),
    "sparse": lambda p: p.grad.to_sparse(),
    "none": lambda p: None,
}


@pytest.mark.parametrize(
    "extra", [{}, {"weight_decay": 0.1}, {"maximize": True}, {"lr": torch.tensor(0.01)}], ids=str
)
@pytest.mark.parametrize("unusual", UNUSUAL)
@pytest.mark.parametrize("kind", [Adam, RMSprop])
def test_gradients_and_settings_out_of_the_ordinary_are_torchs_own_affair(kind, unusual, extra):
    """Tensors as they lie in memory, and none of these settings, is all that the one pass over the weights knows."""
    results = []
    for make in (kind, getattr(torch.optim, kind.__name__)):
        random = torch.Generator().manual_seed(0)
        first, second = torch.ones(3, 2, requires_grad=True), torch.ones(4, requires_grad=True)
        optimizer = make([first, second], **{"lr": 0.01} | extra)
        for step in range(4):
            for p in (first, second):
                p.grad = torch.randn(p.shape, generator=random)
            if step == 2:
                first.grad = UNUSUAL[unusual](first)
            refused = pytest.raises(RuntimeError, match="sparse")  # by both
            with refused if step == 2 and unusual == "sparse" else nullcontext():
                optimizer.step()
        results.append([first.detach(), second.detach(), *optimizer.state[first].values()])
    same(*results, rtol=1e-5, atol=1e-6)


def test_the_one_pass_leaves_gradients_alone_and_counts_its_steps():
    for kind in (Adam, RMSprop):
        theta = torch.ones(3, requires_grad=True)
        optimizer = kind([theta], 0.1)
        for step in range(1, 4):
            theta.grad = torch.tensor([1.0, -2.0, 1e-20])
            optimizer.step()
            assert theta.grad.tolist() == torch.tensor([1.0, -2.0, 1e-20]).tolist()
            assert optimizer.state[theta]["step"] == step


def scaled(optimizer, theta, step):
    """An infinite loss, of which a GradScaler takes no step."""
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    scaler.scale(theta.sum() * (float("inf") if step == 2 else 1.0)).backward()
    scaler.step(optimizer)


def widened(optimizer, theta, step):
    theta.data, theta.grad = theta.data.double(), None
    theta.square().sum().backward()
    optimizer.step()


def without_gradients(optimizer, theta, step):
    theta.grad = None if step == 2 else torch.ones_like(theta)
    optimizer.step()


def with_frozen_group(optimizer, theta, step):
    if step == 1:
        optimizer.add_param_group({"params": [torch.ones(2)]})
    without_gradients(optimizer, theta, step)


def looked_at(optimizer, theta, step):
    """Before the first step the look leaves an empty state behind."""
    assert ("step" in optimizer.state[theta]) == (step > 0)
    without_gradients(optimizer, theta, step)


@pytest.mark.parametrize("take", [scaled, widened, without_gradients, with_frozen_group, looked_at])
@pytest.mark.parametrize(
    ("kind", "extra"),
    [(Adam, {"fused": True}), (RMSprop, {}), (RMSprop, {"alpha": 1.0}), (RMSprop, {"alpha": 1 - 1e-10})],
)
def test_steps_out_of_the_ordinary_are_torchs_own_affair(kind, extra, take):
    if take is widened and kind is Adam:
        extra = {}  # torch's own fused Adam refuses it
    results = []
    for make in (kind, getattr(torch.optim, kind.__name__)):
        theta = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
        optimizer = make([theta], 0.01, **extra)
        for step in range(4):
            optimizer.zero_grad()
            take(optimizer, theta, step)
        results.append([theta.detach(), *optimizer.state[theta].values()])
    same(*results, rtol=1e-5, atol=1e-6)


def test_complex_weights_are_torchs_own_affair():
    results = []
    for make in (RMSprop, torch.optim.RMSprop):
        theta = torch.tensor([1.0 + 2.0j], requires_grad=True)
        optimizer = make([theta], 0.01)
        for _ in range(3):
            optimizer.zero_grad()
            theta.abs().sum().backward()
            optimizer.step()
        results.append([theta.detach()])
    same(*results)


def test_weights_that_have_grown_are_refused_before_memory_of_others_is_written():
    theta = torch.ones(3, requires_grad=True)
    optimizer = RMSprop([theta], 0.01)
    theta.sum().backward()
    optimizer.step()
    theta.grad, theta.data = None, torch.ones(5)
    theta.sum().backward()
    with pytest.raises(RuntimeError, match="size of tensor"):
        optimizer.step()
