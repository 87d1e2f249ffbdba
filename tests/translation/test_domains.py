"""The two sides share no picture, the known map is the one that made them, and what does not fit is refused."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from course_utils import translation
from course_utils.datasets import Images
from course_utils.translation import Domains, as_seen, mark


def rows(pictures):
    return {bytes(np.ascontiguousarray(each)) for each in np.asarray(pictures)}


def test_nothing_is_paired_and_nothing_that_marks_is_trained_on(inverted):
    x, partners, test = rows(inverted.x), rows(255 - inverted.y.numpy()), rows(inverted.test)
    assert not x & partners
    assert not test & (x | partners)
    assert set(inverted.labels.tolist()) == {3, 7}


def test_both_sides_have_as_many_of_each_kind(digits):
    domains = translation.inverted(digits, (1, 4), only_x=(8,))
    known = {
        bytes(np.ascontiguousarray(p)): int(n) for p, n in zip(digits.pixels, digits.labels, strict=True)
    }
    x, y = (
        np.bincount([known[bytes(np.ascontiguousarray(p[0]))] for p in side], minlength=10)
        for side in (domains.x.numpy(), 255 - domains.y.numpy())
    )
    assert set(np.flatnonzero(x)) == {1, 4, 8}
    assert set(np.flatnonzero(y)) == {1, 4}
    assert abs(x[1] - y[1]) <= 1
    assert abs(x[4] - y[4]) <= 1


def test_a_source_that_includes_the_target_leaves_its_pictures_alone(digits):
    domains = translation.inverted(digits, mixed=True)
    x = as_seen(domains.x)
    border = x[:, 0, 0].mean(1)
    assert 0.4 < (border > 0).float().mean() < 0.6
    assert (domains.known(x)[:, 0, 0].mean(1) > 0).all()
    white = x[border > 0]
    assert torch.equal(domains.known(white), white)
    assert (domains.digit_of_x(x)[:, 0, 0].mean(1) < 0).all()


def test_the_true_grey_picture_says_nothing_of_the_colour(digits, coloured):
    """The same digits in other hues have the same partners; and they are the digits."""
    again = translation.coloured(digits, seed=0)
    assert torch.equal(coloured.test, again.test)
    x, true = coloured.held_out()
    assert torch.equal(as_seen(torch.from_numpy(digits.pixels[-len(true) :]))[:, None], true)
    darkest, brightest = x.amin(1), x.amax(1)
    assert torch.equal(darkest, -torch.ones_like(darkest))
    assert torch.equal(brightest, true[:, 0])


def test_an_outline_is_the_outer_gradient_of_morphology(digits):
    unit = digits.pixels[:20] / 255
    expected = ndimage.grey_dilation(unit, size=(1, 3, 3), mode="nearest") - unit
    seen = translation.domains.outline(as_seen(torch.from_numpy(digits.pixels[:20, None])).double())
    assert (seen[:, 0].numpy() + 1) == pytest.approx(2 * expected, abs=1e-6)
    domains = translation.outlined(digits)
    assert domains.y.dtype == torch.uint8
    assert not rows(domains.x) & rows(domains.y)


def test_maps_may_work_in_place(digits):
    """As torch.neg_ does: what is marked stays what it was."""
    x = torch.from_numpy(digits.pixels[:5, None]) / 127.5 - 1
    domains = Domains(x, -x, torch.neg_, x)
    assert torch.equal(domains.test, x)
    assert mark(torch.neg_, torch.neg_, domains) == (0, 0, 0)
    assert translation.cycle_loss(torch.neg_, torch.neg_, x, -x) == 0
    assert torch.equal(domains.held_out()[0], x)


SIDE = np.zeros((3, 1, 4, 4))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda d: Domains(SIDE[:0], SIDE, torch.neg), "n >= 1"),
        (lambda d: Domains(SIDE, SIDE[..., :3], torch.neg), "one height and width on both sides"),
        (lambda d: Domains(SIDE, np.zeros((3, 2)), torch.neg), "one height and width on both sides"),
        (lambda d: Domains(np.zeros((3, 2)), np.zeros((3, 3)), torch.neg), "points of one dimension"),
        (lambda d: Domains(SIDE + 255, SIDE, torch.neg), r"must lie in \[-1, 1\]"),
        (
            lambda d: Domains(d.pixels[:3, None] / 255, SIDE, torch.neg),
            r"x go from 0 to 1; .* give 2 \* x - 1",
        ),
        (lambda d: Domains(SIDE.astype(int), SIDE, torch.neg), "x is torch.int64"),
        (lambda d: Domains(SIDE, SIDE * np.nan, torch.neg), "NaN"),
        (lambda d: Domains(SIDE, SIDE, lambda x: x[:, 0]), "known leads from a sample of x to"),
        (lambda d: Domains(SIDE, SIDE, torch.neg, SIDE[..., :2]), "test holds samples of shape"),
        (lambda d: Domains(SIDE, SIDE, torch.neg, labels=[1, 2]), "one for each of the 3 test samples"),
        (lambda d: translation.inverted(d, (11,)), r"digits\[0\] is 11"),
        (lambda d: translation.inverted(Images(d.pixels[:0], d.labels[:0], "none")), "held_out|none has 0"),
        (lambda d: translation.coloured(d.pixels), "images is"),
        (lambda d: translation.clouds((1,)), "two modes at least"),
        (lambda d: translation.clouds((1, -1)), r"weights\[1\] is -1"),
        (lambda d: translation.matchings(translation.inverted(d)), "two clouds of modes"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(digits, make, said):
    with pytest.raises(ValueError, match=said):
        make(digits)
