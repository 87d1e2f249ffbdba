"""Distances between styles: 0 for the same picture, blind to places, and they tell textures apart."""

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance

from course_utils.pictures import sample_pictures
from course_utils.style import StyleTransfer, patch_distance, style_distance


def picture(name, size=96):
    return sample_pictures()[name](size)


def test_a_style_is_at_distance_zero_from_itself(network):
    assert patch_distance(picture("waves"), picture("waves")) == pytest.approx(0, abs=1e-6)
    assert style_distance(picture("waves"), picture("waves"), network) == pytest.approx(0, abs=1e-6)


def test_the_networks_eye_sees_what_the_transfer_minimises(network):
    transfer = StyleTransfer(picture("mosaic"), picture("waves"), features=network, size=96, border=0)
    seen = style_distance(picture("mosaic"), picture("waves"), network)
    assert seen == pytest.approx(transfer.step()["style"], rel=1e-4)


def test_of_flat_pictures_the_patches_differ_as_their_colours_do():
    """Every patch is one point, so along a direction a the distance is |a . (x - y)|; the fine levels are all 0."""
    grey, light = np.full((64, 64, 3), 0.4), np.full((64, 64, 3), 0.5)
    random = torch.Generator().manual_seed(3)
    along = torch.randn(147, 128, generator=random)
    along /= along.norm(dim=0)
    expected = (along.sum(0) * 0.1 / 1e-6).abs().mean()  # a flat style's spread counts as 1e-6
    assert patch_distance(light, grey, levels=1, seed=3) == pytest.approx(float(expected), rel=1e-3)


def test_one_level_is_the_mean_of_scipys_distances_along_the_directions():
    x, y = picture("waves", 40), picture("woodcut", 40)

    def points(values):
        scaled = (values - y.mean((0, 1))) / y.std((0, 1))
        # (rows, columns, 3, 7, 7)
        windows = np.lib.stride_tricks.sliding_window_view(scaled, (7, 7), axis=(0, 1))
        return windows.reshape(-1, 147)

    along = torch.randn(147, 128, generator=torch.Generator().manual_seed(0))
    along = (along / along.norm(dim=0)).numpy()
    a, b = points(x) @ along, points(y) @ along
    exact = np.mean([wasserstein_distance(a[:, i], b[:, i]) for i in range(128)])
    assert patch_distance(x, y, levels=1) == pytest.approx(exact, rel=0.01)


def test_the_patches_tell_a_texture_from_its_shuffled_pixels_and_not_from_its_mirror_image():
    style = picture("mosaic", 128)
    shuffled = np.random.default_rng(0).permutation(style.reshape(-1, 3)).reshape(style.shape)
    mirrored, other = style[:, ::-1], picture("brush_strokes", 128)
    distances = [patch_distance(p, style) for p in (mirrored, other, shuffled)]
    assert distances[0] < 0.3 * min(distances[1:])


def test_too_small_pictures_are_refused():
    with pytest.raises(ValueError, match="level 4 a picture would have 5 pixels"):
        patch_distance(picture("waves", 40), picture("waves"), levels=4)
