"""The data behind the pictures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from course_utils.plots import images, palette, training


@pytest.mark.parametrize(
    "colours",
    [
        (palette.DATA, palette.GENERATOR, palette.DISCRIMINATOR, palette.ACCENT, palette.SECOND),
        palette.METHODS,
    ],
    ids=["meanings", "methods"],
)
def test_palette_is_distinguishable_in_grey_and_with_each_other(colours):
    """No two colours that may meet are near each other, even for an eye that lacks one kind of cone."""
    # Viénot, Brettel and Mollon (1999): what a deuteranope and a protanope see, in linear RGB
    linear = np.array([to_rgb(colour) for colour in colours]) ** 2.2
    for simulation in (
        np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]),
        np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
        np.eye(3),
    ):
        seen = np.clip(linear @ simulation.T, 0, 1) ** (1 / 2.2)
        distance = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
        assert distance[~np.eye(len(seen), dtype=bool)].min() > 0.12


def test_mosaic_puts_each_picture_in_its_place():
    pictures = np.arange(5, dtype=np.uint8)[:, None, None] * 51 * np.ones((1, 2, 3), np.uint8)
    canvas = images.mosaic(pictures, columns=3, gap=1, background=0.5)
    assert canvas.shape == (2 * 3 - 1, 3 * 4 - 1)
    for i in range(5):
        y, x = 3 * (i // 3), 4 * (i % 3)
        assert np.allclose(canvas[y : y + 2, x : x + 3], i / 5)
    assert (canvas[2] == 0.5).all()  # the gap between the rows
    assert (canvas[3:, 8:] == 0.5).all()  # the empty last place


def test_mosaic_reads_bytes_and_the_generators_floats_alike():
    in_bytes = np.random.default_rng(0).integers(0, 256, (4, 28, 28), dtype=np.uint8)
    floats = in_bytes[:, None].astype(np.float32) / 127.5 - 1
    assert np.allclose(images.mosaic(in_bytes), images.mosaic(floats), atol=1e-6)


def test_mosaic_goes_by_the_common_rule_and_by_what_it_is_told():
    in_bytes = np.random.default_rng(0).integers(0, 256, (4, 28, 28), dtype=np.uint8)
    expected = images.mosaic(in_bytes)
    assert np.allclose(images.mosaic(in_bytes / 255, scale="unit"), expected)
    assert np.allclose(images.mosaic(in_bytes.astype(int), scale="bytes"), expected)
    with pytest.warns(UserWarning, match=r"read as \[0, 1\]"):
        assert np.allclose(images.mosaic(in_bytes / 255), expected)
    bright = np.full((1, 2, 2), 0.5)
    assert images.mosaic(bright, columns=1, scale="symmetric")[0, 0] == 0.75
    with pytest.raises(ValueError, match="columns is 0"):
        images.mosaic(in_bytes, columns=0)


@pytest.mark.parametrize("bad", [np.zeros((0, 28, 28)), np.zeros((28, 28)), np.zeros((2, 3, 28, 28))])
def test_mosaic_refuses_what_is_no_picture(bad):
    with pytest.raises(ValueError, match=r"images must have the shape \(n, 1, h, w\)"):
        images.mosaic(bad)


def test_draw_mosaic_is_one_image_on_one_axes():
    ax = Figure().add_subplot()
    artist = images.draw_mosaic(ax, np.zeros((64, 28, 28), np.uint8), title="nothing yet")
    assert ax.get_images() == [artist]
    assert ax.get_title(loc="left") + ax.get_title() == "nothing yet"
    assert artist.get_clim() == (0, 1)


@given(values=st.lists(st.floats(-100, 100), min_size=1, max_size=60), window=st.integers(1, 20))
def test_smooth_is_the_mean_of_the_last_values(values, window):
    expected = [np.mean(values[max(0, i + 1 - window) : i + 1]) for i in range(len(values))]
    assert np.allclose(training.smooth(values, window), expected, atol=1e-9)


def test_training_curves_show_the_history_with_units_and_guides():
    rng = np.random.default_rng(0)
    history = {name: rng.random(300) for name in ("discriminator_loss", "generator_loss", "d_real", "d_fake")}
    losses, probabilities = Figure().subplots(1, 2)
    training.draw_losses(losses, history, window=50)
    training.draw_probabilities(probabilities, history, window=50)
    drawn = losses.get_lines()[0].get_ydata()
    assert np.allclose(drawn, training.smooth(history["discriminator_loss"], 50))
    assert losses.get_lines()[0].get_xdata()[0] == 1
    assert "nats" in losses.get_ylabel()
    assert losses.get_lines()[2].get_ydata()[0] == pytest.approx(2 * np.log(2))
    assert probabilities.get_ylim() == (0, 1)
    assert probabilities.get_lines()[2].get_ydata()[0] == 0.5
