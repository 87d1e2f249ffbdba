"""Pictures of a latent plane: each decoded picture stands where its latent is."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from course_utils.plots.vae import draw_codes, draw_map, map_latents


def test_a_map_shows_every_picture_at_its_latent():
    """Pictures whose grey is their place: the colour under each latent, as drawn, is that of its own picture."""
    side, reach = 5, 2.0
    latents = map_latents(side, reach)
    greys = np.linspace(0, 1, side**2)
    ax = Figure().add_subplot()
    artist = draw_map(ax, np.broadcast_to(greys[:, None, None], (side**2, 28, 28)), reach=reach)
    left, right, bottom, top = artist.get_extent()
    shown = artist.get_array()
    rows, columns = shown.shape
    for (x, y), grey in zip(latents, greys, strict=True):
        column = int((x - left) / (right - left) * columns)
        row = int((top - y) / (top - bottom) * rows)
        assert shown[row, column] == pytest.approx(grey)
    assert np.abs(latents).max() == pytest.approx(reach * (1 - 1 / side))


def test_codes_stand_where_they_are_as_their_digit():
    means, labels = np.arange(8.0).reshape(4, 2), np.array([3, 3, 7, 0])
    drawn = draw_codes(Figure().add_subplot(), means, labels)
    assert [len(artist.get_offsets()) for artist in drawn] == [1, 0, 0, 2, 0, 0, 0, 1, 0, 0]
    assert drawn[3].get_offsets().tolist() == means[:2].tolist()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda ax: draw_map(ax, np.zeros((5, 28, 28))), "side \\* side pictures"),
        (lambda ax: draw_map(ax, 1.0), "side \\* side pictures"),
        (lambda ax: draw_map(ax, np.full((4, 28, 28), 7.0)), "from 7 to 7"),
        (lambda ax: draw_codes(ax, np.zeros((3, 3)), [1, 2, 3]), "means has shape"),
        (lambda ax: draw_codes(ax, np.zeros((3, 2)), [1, 2]), "labels has shape"),
        (lambda ax: draw_codes(ax, np.zeros((3, 2)), [1, 2, 12]), "labels holds 12"),
        (lambda ax: map_latents(0), "side is 0"),
    ],
)
def test_what_is_no_plane_is_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        wrong(Figure().add_subplot())
