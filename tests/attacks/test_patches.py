"""Patches: pasted where they should be, trained by the gradient by hand, and no better than they must be."""

import pytest
import torch
from torch.nn import functional

from course_utils.attacks import paste, patch


def test_a_pasted_patch_stands_whole_somewhere_and_all_else_stays():
    x, square = (
        torch.rand(50, 2, 9, 7, generator=torch.Generator().manual_seed(0)),
        torch.full((2, 3, 3), -1.0),
    )
    pasted = paste(x, square)
    inside = pasted == -1
    assert (inside.sum(dim=(1, 2, 3)) == 2 * 9).all()
    assert torch.equal(pasted[~inside], x[~inside])
    corners = {tuple(torch.nonzero(picture[0])[0].tolist()) for picture in inside}
    assert len(corners) > 20  # of 7 * 5 places
    assert max(row for row, _ in corners) == 6
    assert max(column for _, column in corners) == 4
    assert (x != -1).all()  # it was not written into


def test_a_patch_as_large_as_the_picture_is_the_picture():
    x, square = torch.rand(3, 1, 6, 6), torch.rand(1, 6, 6)
    assert torch.equal(paste(x, square), square.expand(3, 1, 6, 6))


def test_one_step_is_the_sign_of_the_gradient_by_hand(network):
    model = network()
    x = torch.rand(1, 1, 6, 6, generator=torch.Generator().manual_seed(0))
    whole = torch.full((1, 1, 6, 6), 0.5, requires_grad=True)  # as large as the picture: only one place
    functional.cross_entropy(model(whole), torch.tensor([2])).backward()
    found = patch(model, x, 2, side=6, steps=1, step_size=0.05, batch=3)
    assert torch.allclose(found, 0.5 - 0.05 * whole.grad[0].sign())


def test_it_makes_its_target_likelier_stays_in_the_bounds_and_leaves_the_model_alone(network, points):
    model, (x, _) = network("bn").train(), points(80)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    found = patch(model, x, 3, side=4, steps=60, batch=40)
    assert all(module.training for module in model.modules())
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    assert 0 <= found.min() <= found.max() <= 1
    model = model.eval()

    def wanted(square):
        return model(paste(x, square)).softmax(1)[:, 3].mean()

    draw = torch.Generator().manual_seed(0)
    others = [torch.full_like(found, 0.5), *torch.rand(20, *found.shape, generator=draw).round()]
    assert wanted(found) > max(wanted(square) for square in others)
    assert torch.equal(found, patch(model, x, 3, side=4, steps=60, batch=40))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"side": 7}, "side is 7 pixels wide"),
        ({"x": torch.rand(5, 36)}, r"pictures \(n, c, h, w\)"),
        ({"x": 2 * torch.ones(5, 1, 6, 6)}, "x: pixels from 2 to 2"),
        ({"target": 4}, "knows the classes 0 to 3"),
        ({"bounds": None}, "bounds"),
        ({"batch": 0}, "batch is 0"),
        ({"model": lambda x: torch.zeros(len(x), 4)}, "model lets no gradient through"),
    ],
)
def test_what_does_not_fit_is_said(network, points, change, said):
    given = {"model": network(), "x": points()[0], "target": 1, "side": 3, "steps": 1} | change
    with pytest.raises(ValueError, match=said):
        patch(**given)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_nothing_that_is_not_finite_is_pasted(value):
    x, square = torch.rand(3, 1, 6, 6), torch.rand(1, 3, 3)
    with pytest.raises(ValueError, match="^x: .*must be finite floats"):
        paste(torch.full_like(x, value), square)
    with pytest.raises(ValueError, match="^patch: .*must be finite floats"):
        paste(x, torch.full_like(square, value))


def test_bytes_are_not_pasted_into():
    """A patch in [0, 1] would be rounded to black without a word."""
    with pytest.raises(ValueError, match="^x: torch.uint8"):
        paste(torch.zeros(3, 1, 6, 6, dtype=torch.uint8), torch.rand(1, 3, 3))


def test_channels_must_agree():
    with pytest.raises(ValueError, match="patch has 2 channels, and the pictures x have 1"):
        paste(torch.rand(3, 1, 6, 6), torch.rand(2, 3, 3))
