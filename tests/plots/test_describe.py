"""A figure's description tells the numbers that its artists hold, and a notebook's picture carries it."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from course_utils.plots import divergences as draw
from course_utils.plots.describe import describe, number, plain


@pytest.fixture
def ax():
    return Figure().add_subplot()


def test_curves_with_their_ends_and_their_extremes(ax):
    x = np.linspace(-2, 2, 101)
    draw.draw_densities(ax, x, np.exp(-(x**2)), 0 * x + 0.25)
    ax.set(title="two densities", xlabel="$x$")
    said = describe(ax.figure)
    assert said.startswith("One panel. two densities (density over x): ")
    assert "p*, data from 0.0183 to 0.0183, highest 1 at 0" in said
    assert "pG, generator constant at 0.25" in said


def test_other_data_are_told_otherwise(ax):
    (line,) = ax.plot([0, 1, 2], [5, 6, 7], label="loss")
    assert "loss from 5 to 7" in describe(ax.figure)
    line.set_data([0, 1, 2], [5, 3, 4])
    assert "loss from 5 to 4, lowest 3 at 1" in describe(ax.figure)
    line.set_visible(False)
    assert describe(ax.figure) == "A figure without data."


def test_bars_points_arrows_fields_and_pictures(ax):
    ax.bar(["KL", "JSD"], [2.5, -0.69])
    assert "bars: KL 2.5, JSD −0.69" in describe(ax.figure)
    ax.clear()
    ax.scatter([0, 2], [1, 3], label=r"$p_\theta$")
    ax.quiver([0, 1], [0, 1], [1, 1], [1, 1])
    ax.pcolormesh(np.arange(6.0).reshape(2, 3))
    said = describe(ax.figure)
    for words in ("2 points of pθ around (1, 2)", "2 arrows", "a coloured field, values from 0 to 5"):
        assert words in said
    ax.clear()
    ax.imshow([[0, 1, 2], [3, 4, 5]])
    assert "a picture of 3 by 2 pixels, values from 0 to 5" in describe(ax.figure)


def test_a_diagram_is_told_by_its_words(ax):
    ax.set_axis_off()
    ax.text(0, 0, "latent\n100")
    ax.text(1, 0, "Linear")
    assert describe(ax.figure) == "One panel. a diagram: latent 100, Linear."


def test_many_panels_are_counted():
    figure = Figure()
    for ax in figure.subplots(2, 3).flat:
        ax.plot([0, 1], [0, 1], label="up")
    said = describe(figure)
    assert said.startswith("6 panels. ")
    assert said.endswith("and 2 more like these.")


@pytest.mark.parametrize(
    ("tex", "words"), [(r"$\theta_0$", "θ0"), (r"$W_1$", "W1"), (r"KL$(p^*\,\|\,p_G)$", "KL(p*|pG)")]
)
def test_labels_lose_their_tex(tex, words):
    assert plain(tex) == words


@pytest.mark.parametrize(
    ("value", "text"), [(-0.0, "0"), (-1.5, "−1.5"), (12345.6, "12,346"), (0.123456, "0.123")]
)
def test_numbers(value, text):
    assert number(value) == text


def test_a_notebooks_picture_carries_it():
    from IPython.core.interactiveshell import InteractiveShell

    from course_utils.plots import palette

    shell = InteractiveShell.instance()
    try:
        with plt.rc_context():
            palette.use()
            figure, ax = plt.subplots()
            ax.plot([0, 1], [2, 3], label="loss")
            shell.display_formatter.formatters["image/png"].for_type(Figure, lambda figure: b"png")
            data, metadata = shell.display_formatter.format(figure)
    finally:
        plt.close("all")
        InteractiveShell.clear_instance()
    assert data["image/png"] == b"png"
    assert metadata["image/png"]["alt"] == "One panel. loss from 2 to 3."
