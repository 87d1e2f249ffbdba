"""The averaged generator, against its recursion written out."""

import pytest
import torch
from torch import nn

from course_utils.training.average import ExponentialMovingAverage

DECAY = 0.6


def network():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def follow(module, average, steps, device="cpu"):
    """Random weights for every step; returns every tensor's values over time."""
    random = torch.Generator().manual_seed(1)
    seen = {name: [value.clone()] for name, value in module.state_dict().items()}
    for step in range(1, steps + 1):
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=random))
        module.train()(torch.randn(5, 3, generator=random).to(device))  # moves batch norm's statistics
        average.update(module, step)
        for name, value in module.state_dict().items():
            seen[name].append(value.clone())
    return seen


def assert_is_the_recursion(average, seen, steps):
    for name, value in average.module.state_dict().items():
        if name.endswith("num_batches_tracked"):
            assert value.item() == steps
            continue
        expected = seen[name][0].double()
        for step in range(1, steps + 1):
            decay = min(DECAY, (1 + step) / (10 + step))
            expected = decay * expected + (1 - decay) * seen[name][step].double()
        assert torch.allclose(value.double(), expected, atol=1e-5), name


@pytest.mark.parametrize("steps", [1, 4, 40])  # while the decay warms up, and after
def test_weights_and_batch_norms_statistics_follow_the_recursion(steps):
    torch.manual_seed(0)
    module = network()
    average = ExponentialMovingAverage(module, DECAY)
    assert_is_the_recursion(average, follow(module, average, steps), steps)


def test_the_average_is_a_copy_ready_to_draw():
    module = network()
    average = ExponentialMovingAverage(module, DECAY)
    before = [value.clone() for value in average.module.state_dict().values()]
    follow(module, ExponentialMovingAverage(module, DECAY), 1)
    assert all(torch.equal(a, b) for a, b in zip(before, average.module.state_dict().values(), strict=True))
    assert not average.module.training
    assert not any(parameter.requires_grad for parameter in average.module.parameters())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
def test_the_recursion_on_a_gpu():
    torch.manual_seed(0)
    module = network().cuda()
    average = ExponentialMovingAverage(module, DECAY)
    assert_is_the_recursion(average, follow(module, average, 12, "cuda"), 12)
