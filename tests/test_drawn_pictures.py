"""The style pictures in data/images are what data/make/style_pictures.py draws."""

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="module")
def script(script_at):
    return script_at("data/make/style_pictures.py")


@pytest.fixture(scope="module")
def small(script) -> dict[str, np.ndarray]:
    return {name: pixels(script.draw(name, 96)) for name in script.PICTURES}


def pixels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("RGB"), dtype=float) / 255


def test_the_folder_holds_the_drawn_pictures_and_nothing_else(script, root):
    files = sorted((root / "data/images").iterdir())
    assert [file.name for file in files] == sorted(f"{name}.png" for name in script.PICTURES)
    assert {"brush_strokes", "mosaic", "woodcut", "waves"} <= set(script.PICTURES)
    assert all(file.stat().st_size < 400_000 for file in files)
    assert sum(file.stat().st_size for file in files) < 1_200_000


def test_stored_pictures_are_512_pixels_square_with_a_palette(script, root):
    for name in script.PICTURES:
        with Image.open(root / "data/images" / f"{name}.png") as picture:
            assert (picture.size, picture.mode) == ((512, 512), "P"), name
            assert len(picture.getcolors()) <= script.COLOURS, name


def test_the_same_drawing_every_time(script, small):
    for name in ("waves", "stained_glass"):
        assert np.array_equal(pixels(script.draw(name, 96)), small[name])


def test_stored_pictures_are_what_the_script_draws(script, small, root):
    """Drawn at 96 pixels, a picture is the stored one seen from afar (thin lines differ a little); no other one is."""
    afar = {}
    for name in script.PICTURES:
        with Image.open(root / "data/images" / f"{name}.png") as picture:
            afar[name] = blurred(pixels(picture.convert("RGB").resize((96, 96), Image.Resampling.BOX)))
    for name, drawn in small.items():
        apart = {other: np.abs(blurred(drawn) - seen).mean() for other, seen in afar.items()}
        assert apart[name] < 0.03, (name, apart)
        assert min(value for other, value in apart.items() if other != name) > 3 * apart[name], (name, apart)


def blurred(picture: np.ndarray) -> np.ndarray:
    """Means of blocks of 8 x 8 pixels."""
    return picture.reshape(12, 8, 12, 8, 3).mean((1, 3))


def test_the_same_scene_at_every_size_only_finer(script):
    small, large = (
        blurred(pixels(script.draw("mosaic", n).resize((96, 96), Image.Resampling.BOX))) for n in (96, 192)
    )
    assert np.abs(small - large).mean() < 0.03


def test_pictures_have_contrast_and_colour(small):
    for name, picture in small.items():
        assert picture.std() > 0.15, name
        assert np.ptp(picture, axis=-1).mean() > 0.1, name  # most pixels are not grey


def test_colours_along_a_ramp(script):
    colours = script.ramp(["000000", "ff0000", "ffffff"], np.array([-1, 0, 0.25, 0.5, 1, 2]))
    expected = [[0, 0, 0], [0, 0, 0], [0.5, 0, 0], [1, 0, 0], [1, 1, 1], [1, 1, 1]]
    np.testing.assert_allclose(colours, expected)


def test_writes_what_it_is_asked_for(script, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["style_pictures.py", "waves", "--size", "64", "--to", str(tmp_path)])
    script.main()
    assert [file.name for file in tmp_path.iterdir()] == ["waves.png"]
    with Image.open(tmp_path / "waves.png") as picture:
        assert picture.size == (64, 64)
    assert "waves.png" in capsys.readouterr().out
