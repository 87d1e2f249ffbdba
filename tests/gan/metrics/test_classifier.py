"""The shipped classifier: does it know the digits, and is it the network that the metrics think it is?"""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from course_utils import runtime
from course_utils.datasets import DataUnavailable, load_digits_stand_in, load_mnist
from course_utils.gan.metrics import look
from course_utils.gan.metrics.classifier import WEIGHTS, load_classifier
from course_utils.training import CheckpointError


@pytest.fixture(scope="module")
def classifier():
    before = torch.get_rng_state()
    loaded = load_classifier("cpu")
    assert torch.equal(torch.get_rng_state(), before)  # a student's own draws stay what they are
    return loaded


@pytest.fixture
def images():
    return torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_it_is_frozen_in_float32_and_small(classifier):
    assert not classifier.training
    assert all(not p.requires_grad and p.dtype == torch.float32 for p in classifier.parameters())
    assert runtime.shipped(WEIGHTS).stat().st_size < 600_000


def test_features_are_what_the_last_layer_decides_on(classifier, images):
    features = classifier.features(images)
    assert features.shape == (5, 128)
    assert features.min() >= 0
    expected = features @ classifier.head.weight.T + classifier.head.bias
    assert torch.allclose(classifier(images), expected, atol=1e-5)


def test_a_picture_is_judged_the_same_in_any_company(classifier, images):
    alone = torch.cat([classifier.features(image[None]) for image in images])
    assert torch.allclose(classifier.features(images), alone, atol=1e-4)


def test_gradients_reach_the_picture(classifier, images):
    images.requires_grad_()
    classifier(images).sum().backward()
    assert images.grad.abs().sum() > 0


def test_it_knows_digits_that_it_was_never_trained_on(classifier):
    """scikit-learn's digits come from other writers and another scanner; guessing would be right for one in ten."""
    digits = load_digits_stand_in()
    assert np.mean(look(digits, classifier).digits == digits.labels) > 0.9


def test_more_than_99_per_cent_on_mnists_test_set(classifier):
    try:
        test = load_mnist("test", download=False)
    except DataUnavailable:
        pytest.skip("MNIST is not at hand (COURSE_DATA)")
    assert np.mean(look(test, classifier).digits == test.labels) > 0.994


def test_a_shipped_file_that_is_cut_short_is_called_damaged(tmp_path, monkeypatch):
    (tmp_path / "broken.safetensors").write_bytes(runtime.shipped(WEIGHTS).read_bytes()[:-9])
    monkeypatch.setattr(runtime, "shipped", lambda _: tmp_path / "broken.safetensors")
    with pytest.raises(CheckpointError, match="broken.safetensors is damaged.*git checkout"):
        load_classifier("cpu")


def test_a_shipped_file_with_a_number_that_is_not_finite_is_refused(tmp_path, monkeypatch):
    weights = load_file(runtime.shipped(WEIGHTS))
    weights["head.bias"][3] = torch.inf
    save_file(weights, tmp_path / "broken.safetensors")
    monkeypatch.setattr(runtime, "shipped", lambda _: tmp_path / "broken.safetensors")
    with pytest.raises(
        ValueError, match=r"broken.safetensors: 1 of the 10 numbers of head.bias .*git checkout"
    ):
        load_classifier("cpu")
