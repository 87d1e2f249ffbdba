"""The layers that see a whole minibatch, against plain loops."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.gan.minibatch import MinibatchDiscrimination, MinibatchStandardDeviation
from course_utils.gan.networks import DCGANDiscriminator, MLPDiscriminator


def features(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@settings(max_examples=20)
@given(n=st.integers(1, 5), channels=st.integers(1, 3), seed=st.integers(0, 1000))
def test_standard_deviation_of_maps_is_its_formula(n, channels, seed):
    x = features(n, channels, 2, 3, seed=seed)
    total = 0.0
    for c in range(channels):
        for i in range(2):
            for j in range(3):
                values = x[:, c, i, j].tolist()
                mean = sum(values) / n
                total += math.sqrt(sum((v - mean) ** 2 for v in values) / n + 1e-8)
    out = MinibatchStandardDeviation()(x)
    assert out.shape == (n, channels + 1, 2, 3)
    assert torch.equal(out[:, :-1], x)
    assert torch.allclose(out[:, -1], torch.full((n, 2, 3), total / (6 * channels)).double(), atol=1e-7)


def test_standard_deviation_of_flat_features():
    x = features(4, 3)
    out = MinibatchStandardDeviation()(x)
    assert out.shape == (4, 4)
    expected = x.std(dim=0, unbiased=False).mean().item()
    assert out[:, 3].tolist() == pytest.approx([expected] * 4, abs=1e-7)


def test_a_collapsed_minibatch_has_no_spread_and_a_finite_gradient():
    x = features(1, 3).repeat(5, 1).requires_grad_()
    spread = MinibatchStandardDeviation()(x)[:, -1]
    assert spread.max() < 1e-3
    spread.sum().backward()
    assert x.grad.isfinite().all()


@settings(max_examples=20)
@given(n=st.integers(1, 5), kernels=st.integers(1, 4), dim=st.integers(1, 4), seed=st.integers(0, 1000))
def test_minibatch_discrimination_is_its_formula(n, kernels, dim, seed):
    torch.manual_seed(seed)
    layer = MinibatchDiscrimination(6, kernels, dim).double()
    x = features(n, 6, seed=seed)
    tensor = layer.projection.weight.view(kernels, dim, 6)
    with torch.no_grad():
        out = layer(x)
        assert out.shape == (n, 6 + kernels)
        assert torch.equal(out[:, :6], x)
        for i in range(n):
            for b in range(kernels):
                closeness = 0.0
                for j in range(n):
                    if j != i:
                        gap = (tensor[b] @ x[i] - tensor[b] @ x[j]).abs().sum().item()
                        closeness += math.exp(-gap)
                assert out[i, 6 + b].item() == pytest.approx(closeness, abs=1e-12)


def test_gradients_of_both_layers_against_finite_differences():
    layer = MinibatchDiscrimination(3, 2, 2).double()
    x = features(4, 3).requires_grad_()
    assert torch.autograd.gradcheck(layer, (x,))
    assert torch.autograd.gradcheck(MinibatchStandardDeviation(), (x,))


def test_closeness_tells_a_collapsed_minibatch_from_a_diverse_one():
    torch.manual_seed(0)
    layer = MinibatchDiscrimination(8).double()
    with torch.no_grad():
        collapsed = layer(features(1, 8).repeat(6, 1))[:, 8:]
        diverse = layer(10 * features(6, 8))[:, 8:]
    assert torch.allclose(collapsed, torch.full_like(collapsed, 5.0))  # every other sample is at distance 0
    assert diverse.max() < collapsed.min()


@pytest.mark.parametrize("kind", ["stddev", "discrimination"])
def test_only_with_such_a_layer_does_a_score_depend_on_the_company(kind):
    torch.manual_seed(0)
    x = torch.randn(6, 1, 28, 28)
    for with_layer, without in (
        (
            MLPDiscriminator((8,), minibatch_statistics=kind),
            MLPDiscriminator((8,)),
        ),
        (
            DCGANDiscriminator((4, 8), batch_norm=False, minibatch_statistics=kind),
            DCGANDiscriminator((4, 8), batch_norm=False),
        ),
    ):
        for network, alike in ((with_layer, False), (without, True)):
            together, alone = network(x)[:2], network(x[:2])
            assert together.shape == (2,)
            assert torch.allclose(together, alone, atol=1e-6) == alike
