"""The losses against double loops, closed forms and finite differences."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.style import content_loss, gram_matrix, style_loss, total_variation

shapes = st.tuples(*(st.integers(1, 4) for _ in range(4)))


def draw(shape, seed=0):
    return torch.as_tensor(np.random.default_rng(seed).standard_normal(shape))


def loops_gram(features):
    """L0's sum, index by index, of one picture (N, rows, columns)."""
    h = features.reshape(len(features), -1)
    gram = np.zeros((len(h), len(h)))
    for i in range(len(h)):
        for j in range(len(h)):
            for k in range(h.shape[1]):
                gram[i, j] += h[i, k] * h[j, k]
    return gram


@settings(max_examples=30)
@given(shapes, st.integers(0, 99))
def test_gram_matrix_is_the_lectures_sum(shape, seed):
    features = draw(shape, seed)
    expected = np.stack([loops_gram(picture) for picture in features.numpy()])
    assert np.allclose(gram_matrix(features).numpy(), expected, rtol=1e-12, atol=1e-12)


def test_gram_matrix_has_the_gradients_of_the_plain_product():
    features = torch.randn(2, 3, 4, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(gram_matrix, features)
    assert torch.autograd.gradgradcheck(gram_matrix, features)


def test_gram_matrix_forgets_where_things_are():
    features = draw((1, 3, 4, 5))
    order = torch.randperm(20, generator=torch.Generator().manual_seed(0))
    shuffled = features.flatten(2)[..., order].view_as(features)
    assert not torch.allclose(features, shuffled)
    assert torch.allclose(gram_matrix(features), gram_matrix(shuffled), rtol=1e-12, atol=1e-12)


def test_gram_matrix_of_half_precision_is_summed_in_single():
    features = torch.ones(1, 1, 64, 64, dtype=torch.bfloat16)
    features[..., 0, 0] = 3  # 4,104 is no bfloat16
    assert gram_matrix(features).item() == 64 * 64 + 8


@settings(max_examples=30)
@given(shapes, st.integers(0, 99))
def test_losses_are_the_lectures_double_sums(shape, seed):
    features, other = draw(shape, seed), draw(shape, seed + 100)
    _, channels, rows, columns = shape
    squares = content = 0.0
    for f, p in zip(features.numpy(), other.numpy(), strict=True):
        content += 0.5 * sum((a - b) ** 2 for a, b in zip(f.ravel(), p.ravel(), strict=True))
        difference = loops_gram(f) - loops_gram(p)
        squares += sum(difference[i, j] ** 2 for i in range(channels) for j in range(channels))
    positions = rows * columns
    target = gram_matrix(other)
    assert content_loss(features, other).item() == pytest.approx(content, rel=1e-10)
    assert style_loss(features, target, "lecture").item() == pytest.approx(
        squares / (4 * channels * positions), rel=1e-10
    )
    assert style_loss(features, target, "gatys").item() == pytest.approx(
        squares / (4 * channels**2 * positions**2), rel=1e-10
    )


def test_gradients_are_those_of_gatys_et_al():
    """Their equations 2 and 6, of features after a ReLU: (F - P) and F^T (G - A) / (N^2 M^2), transposed."""
    features = draw((1, 3, 4, 5)).abs().requires_grad_()
    target = draw((1, 3, 4, 5), 1).abs()
    (found,) = torch.autograd.grad(content_loss(features, target), features)
    assert torch.allclose(found, features.detach() - target, rtol=1e-12)

    gram = gram_matrix(target)
    rows = features.detach().flatten(2)
    expected = ((rows.mT @ (rows @ rows.mT - gram)).mT / (3 * 20) ** 2).view_as(features)
    (found,) = torch.autograd.grad(style_loss(features, gram, "gatys"), features)
    assert torch.allclose(found, expected, rtol=1e-10, atol=1e-14)
    (found,) = torch.autograd.grad(style_loss(features, gram, "lecture"), features)
    assert torch.allclose(found, expected * 60, rtol=1e-10, atol=1e-14)


def test_gradients_by_finite_differences():
    features, target = draw((2, 2, 3, 3)).requires_grad_(), draw((2, 2, 3, 3), 1)
    assert torch.autograd.gradcheck(lambda f: content_loss(f, target), features)
    assert torch.autograd.gradcheck(lambda f: style_loss(f, gram_matrix(target)), features)
    assert torch.autograd.gradcheck(total_variation, features)


@settings(max_examples=20)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 99))
def test_total_variation_is_the_mean_squared_step(h, w, seed):
    image = draw((1, 3, h, w), seed).numpy()
    down = [
        (image[0, c, i + 1, j] - image[0, c, i, j]) ** 2
        for c in range(3)
        for i in range(h - 1)
        for j in range(w)
    ]
    along = [
        (image[0, c, i, j + 1] - image[0, c, i, j]) ** 2
        for c in range(3)
        for i in range(h)
        for j in range(w - 1)
    ]
    expected = sum(np.mean(steps) for steps in (down, along) if steps)
    assert total_variation(torch.as_tensor(image)).item() == pytest.approx(expected, rel=1e-10)


def test_total_variation_of_a_chessboard_is_two_and_of_a_flat_picture_zero():
    board = (torch.arange(6)[:, None] + torch.arange(8)) % 2
    assert total_variation(board.double().expand(1, 3, 6, 8)).item() == 2
    assert total_variation(torch.full((1, 3, 6, 8), 0.3)).item() == 0


def test_errors_say_what_was_expected():
    features = draw((1, 3, 4, 5))
    with pytest.raises(ValueError, match="add the first axis"):
        gram_matrix(features[0, 0])
    with pytest.raises(ValueError, match="same size"):
        content_loss(features, features[..., :-1])
    with pytest.raises(ValueError, match="same layer"):
        style_loss(features, gram_matrix(features[:, :2]))
    with pytest.raises(ValueError, match="one of lecture, gatys"):
        style_loss(features, gram_matrix(features), "mean")


def test_whole_numbers_do_not_begin_again_at_their_end():
    big = torch.full((1, 2, 1000), 30_000, dtype=torch.int32)
    assert gram_matrix(big)[0, 0, 0].item() == pytest.approx(9e11)
    assert content_loss(2 * big, 0 * big).item() == pytest.approx(3.6e12)
    for kind in (torch.uint8, torch.float16):
        assert total_variation(torch.tensor([[[[0, 255]]]], dtype=kind)).item() == 255**2
        assert total_variation(torch.tensor([[[[0, 255]]]], dtype=kind).mT).item() == 255**2
    with pytest.raises(ValueError, match="features is complex"):
        gram_matrix(torch.ones(1, 2, 3, dtype=torch.complex64))


def test_one_picture_is_not_compared_with_five_styles():
    features = torch.rand(1, 3, 4)
    with pytest.raises(ValueError, match="one matrix for each picture or one for all"):
        style_loss(features, gram_matrix(features).repeat(5, 1, 1))
    with pytest.raises(ValueError, match="one or more of each"):
        gram_matrix(torch.zeros(1, 3, 0))
