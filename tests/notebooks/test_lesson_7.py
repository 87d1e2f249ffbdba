"""The algorithm that lesson 7 shows is the algorithm that the package runs, and what it tells to try in the app comes
out as it says."""

import numpy as np
import pytest
import torch
from torch.nn.functional import pad

from course_utils.apps.style import style_app
from course_utils.pictures import open_picture, sample_pictures
from course_utils.style import (
    StyleTransfer,
    content_loss,
    gram_matrix,
    load_features,
    style_loss,
    total_variation,
)

LESSONS = ("07_style_transfer",)


@pytest.fixture(scope="module")
def lesson(cells):
    """The names that the cell tagged "algorithm" and the one before it define, run as a student runs them."""
    (place,) = [i for i, cell in enumerate(cells) if "algorithm" in cell.metadata.get("tags", [])]
    namespace = {
        "torch": torch,
        "open_picture": open_picture,
        "content_loss": content_loss,
        "gram_matrix": gram_matrix,
        "style_loss": style_loss,
        "total_variation": total_variation,
        "pad": pad,
    }
    for cell in cells[place - 1 : place + 1]:
        exec(cell.source, namespace)
    return namespace


@pytest.mark.parametrize("name", ["embedded", "random"])
@pytest.mark.parametrize(
    ("sizes", "weights"),
    [((64, 64), {}), ((80, 64), {"alpha": 0.5, "beta": 200.0, "smooth": 0.0})],
)
def test_cell_and_package_make_the_same_picture(lesson, name, sizes, weights):
    network = load_features(name, device="cpu")
    content, style = (sample_pictures()[picture]() for picture in ("flower", "woodcut"))
    x_c, x_s = (
        lesson["image_tensor"](picture, size) for picture, size in zip((content, style), sizes, strict=True)
    )
    by_hand = lesson["transfer"](network, x_c, x_s, steps=8, **weights)[0].movedim(0, -1).numpy()
    settings = {"total_variation" if key == "smooth" else key: value for key, value in weights.items()}
    packaged = StyleTransfer(
        content, style, features=network, size=sizes[0], style_size=sizes[1], optimizer="adam", **settings
    )
    start = packaged.image
    packaged.run(8, progress=False)
    assert np.abs(by_hand - start).mean() > 0.01  # it has gone somewhere
    assert np.abs(by_hand - packaged.image).max() < 1e-3
    assert np.abs(by_hand - packaged.image).mean() < 1e-5


def test_the_stored_pictures_are_those_of_the_network_that_ships(cells):
    source = "\n".join(cell.source for cell in cells)
    assert 'load_features("embedded")' in source
    assert 'load_features("auto")' not in source


# ------------------------------------------------------------------------------------------------ the app


@pytest.fixture
def app(tmp_path):
    app = style_app(
        "flower", "stained_glass", features=load_features("embedded", device="cpu"), folder=tmp_path
    )
    app.set(size="128")
    return app


def steps(app, n):
    for _ in range(n):
        app.controller.one_step()
    return {name: values[-1] for name, values in app.controller.transfer.history.items()}


def test_more_weight_on_the_style_is_seen_within_ten_steps_and_so_is_less(app):
    before = steps(app, 25)
    app.set(balance=3.0)
    more = steps(app, 10)
    assert more["style"] < 0.8 * before["style"]
    assert more["content"] > 1.1 * before["content"]
    app.set(balance=1.3)
    less = steps(app, 10)
    assert less["content"] < 0.95 * more["content"]


def test_from_noise_the_style_is_there_first(app):
    another = StyleTransfer("flower", "china", features=app.controller.features, size=128, start="style")
    stranger = another.step()["content"]
    app.set(start="noise")
    first, then = steps(app, 1), steps(app, 20)
    assert then["style"] < first["style"] / 10
    assert then["content"] > 0.75 * stranger  # hardly nearer to the content than another photograph
