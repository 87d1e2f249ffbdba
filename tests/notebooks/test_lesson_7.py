"""The algorithm that lesson 7 shows is the algorithm that the package runs."""

from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch

from course_utils.pictures import open_picture, sample_pictures
from course_utils.style import (
    StyleTransfer,
    content_loss,
    gram_matrix,
    load_features,
    style_loss,
    total_variation,
)

LESSON = Path(__file__).resolve().parents[2] / "notebooks" / "07_style_transfer.ipynb"


@pytest.fixture(scope="module")
def lesson():
    """The names that the cell tagged "algorithm" and the one before it define, run as a student runs them."""
    code = [cell for cell in nbformat.read(LESSON, as_version=4).cells if cell.cell_type == "code"]
    (place,) = [i for i, cell in enumerate(code) if "algorithm" in cell.metadata.get("tags", [])]
    namespace = {
        "torch": torch,
        "open_picture": open_picture,
        "content_loss": content_loss,
        "gram_matrix": gram_matrix,
        "style_loss": style_loss,
        "total_variation": total_variation,
    }
    for cell in code[place - 1 : place + 1]:
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


def test_the_stored_pictures_are_those_of_the_network_that_ships():
    source = "\n".join(cell.source for cell in nbformat.read(LESSON, as_version=4).cells)
    assert 'load_features("embedded")' in source
    assert 'load_features("auto")' not in source
