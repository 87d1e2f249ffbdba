"""What a measure says of translations that are known: the truth, a swap, and one that hides a colour in plain sight."""

import numpy as np
import pytest
import torch
from scipy.ndimage import median_filter

from course_utils import translation
from course_utils.translation import (
    PROBES,
    Domains,
    baselines,
    cycle_loss,
    hidden_information,
    mark,
    moves,
    noise,
)


def test_the_truth_has_no_error_and_the_baselines_have_theirs(inverted):
    marks = mark(torch.neg, torch.neg, inverted)
    assert marks == (0, 0, 0)
    x, true = inverted.held_out()
    found = baselines(inverted)
    unit, partner = (x.numpy() + 1) / 2, (true.numpy() + 1) / 2
    assert found["x as it is"] == pytest.approx(np.abs(partner - unit).mean(), abs=1e-6)
    assert found["empty picture"] == pytest.approx(np.abs(partner - 1).mean(), abs=1e-6)
    assert found["mean picture"] == pytest.approx(np.abs(partner - partner.mean(0)).mean(), abs=1e-6)


def test_a_perfect_cycle_may_be_far_from_the_truth(inverted):
    marks = mark(lambda x: x, lambda y: y, inverted)
    assert marks.cycle == 0
    assert marks.partner == pytest.approx(baselines(inverted)["x as it is"])
    assert marks.back == pytest.approx(marks.partner)


def test_kept_and_swapped_kinds_are_told_apart(inverted):
    """A judge that knows each picture by heart, and a translation that gives the next picture of the other kind."""
    x, _ = inverted.held_out()
    labels = torch.from_numpy(inverted.labels)

    def judge(pictures):
        nearest = torch.cdist(pictures.flatten(1), x.flatten(1)).argmin(1)
        return torch.nn.functional.one_hot(labels[nearest], 10).float()

    assert moves(torch.neg, inverted, judge, (3, 7)).tolist() == [[1, 0], [0, 1]]
    assert moves(torch.neg, inverted, judge, (3, 7), back=True).tolist() == [[1, 0], [0, 1]]
    other = torch.stack([x[labels != kind][0] for kind in labels])

    def swap(pictures):
        return -other[torch.cdist(pictures.flatten(1), x.flatten(1)).argmin(1)]

    assert moves(swap, inverted, judge, (3, 7)).tolist() == [[0, 1], [1, 0]]
    assert np.isnan(moves(torch.neg, inverted, judge, (3, 5))[1]).all()
    with pytest.raises(ValueError, match="no labels"):
        moves(torch.neg, Domains(inverted.x, inverted.y, torch.neg), judge, (3, 7))


def test_a_colour_hidden_in_the_background_is_found(coloured):
    """G writes the hue into three corner pixels, F reads it there: everything comes back, and nothing from the truth;
    a wiped background takes it away, and the true ink does not."""

    def hue(x):
        ink = (x.amax(1, keepdim=True) + 1) / 2
        return ((x + 1) / 2 * ink).sum((2, 3)) / ink.square().sum((2, 3))

    def g(x):
        y = x.amax(1, keepdim=True).clone()
        y[:, 0, 0, :3] = 0.02 * hue(x) - 1
        return y

    def f(y):
        colour = (y[:, 0, 0, :3] + 1) / 0.02
        return (colour[:, :, None, None] * (y + 1)).clamp(0, 2) - 1

    found = hidden_information(g, f, coloured)
    assert found.translated < 0.01
    assert found.share > 0.95
    assert found.true > found.constant  # it knows no hue: black
    assert hidden_information(g, f, coloured, PROBES["background wiped"]).translated == pytest.approx(
        found.true
    )
    assert hidden_information(g, f, coloured, PROBES["ink replaced by the true ink"]).translated < 0.01
    assert hidden_information(lambda x: x.amax(1, keepdim=True), f, coloured).translated == pytest.approx(
        found.true
    )


def test_the_probes_do_what_they_say(coloured):
    _, true = coloured.held_out()
    made = (true + 0.3 * torch.randn(true.shape, generator=torch.Generator().manual_seed(0))).clamp(-1, 1)
    expected = median_filter(made[:3, 0].numpy(), size=(1, 3, 3), mode="constant")
    assert PROBES["3x3 median"](made[:3], true[:3])[:, 0].numpy() == pytest.approx(expected)
    assert set(PROBES["threshold at a half"](made, true).unique().tolist()) == {-1.0, 1.0}
    changed = noise(0.05)(torch.zeros(100, 1, 28, 28), true)
    assert changed.std().item() == pytest.approx(0.1, rel=0.02)
    assert torch.equal(noise(0.0)(made, true), made)


def test_points_are_measured_in_their_own_units():
    domains = translation.clouds(n=500)
    shifted = mark(lambda x: domains.known(x) + 1, lambda y: y, domains)
    assert shifted.partner == pytest.approx(1, abs=1e-6)
    assert set(baselines(domains)) == {"mean point", "x as it is"}


class Elsewhere(torch.nn.Module):
    """A network on another device, which is told what lies there."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1, device="meta"))

    def forward(self, x):
        assert x.device.type == "meta"
        return torch.zeros(x.shape)


def test_samples_go_where_the_network_is(inverted):
    _, true = inverted.held_out()
    assert mark(Elsewhere(), torch.neg, inverted).partner == pytest.approx(true.abs().mean().item() / 2)


def test_what_torch_would_stretch_over_the_truth_is_refused(coloured):
    """Three channels against one: a difference of each with the grey picture, and no error."""
    with pytest.raises(ValueError, match=r"forward_map gives \(.*, 3, 28, 28\) .* shape \(.*, 1, 28, 28\)"):
        mark(lambda x: x, lambda y: y, coloured)
    with pytest.raises(ValueError, match="backward_map gives"):
        hidden_information(lambda x: x.amax(1, keepdim=True), lambda y: y, coloured)
    with pytest.raises(ValueError, match=r"x has shape \(4, 2\) and comes back as \(1, 2\)"):
        cycle_loss(lambda x: x.mean(0, keepdim=True), lambda y: y, torch.ones(4, 2), torch.ones(4, 2))
    with pytest.raises(ValueError, match="domains hold points"):
        hidden_information(lambda x: x, lambda y: y, translation.clouds(n=8))


def test_where_there_is_nothing_to_hide_no_share_is_told():
    grey = translation.domains.brightest
    black = -torch.ones(3, 3, 4, 4)
    red = black.clone()
    red[:, 0] = 1
    with pytest.raises(ValueError, match="no ink whose colour could be hidden"):
        hidden_information(grey, lambda y: y, translation.Domains(black, black[:, :1], grey))
    found = hidden_information(
        grey, lambda y: y.repeat(1, 3, 1, 1), translation.Domains(red, red[:, :1], grey)
    )
    assert np.isnan(found.share)
