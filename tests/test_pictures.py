"""Whatever is uploaded: opened as it looks, or refused in words."""

import io
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from course_utils.pictures import LARGEST, open_picture, resized_shape, sample_pictures, save_picture

RANDOM = np.random.default_rng(0)
SMOOTH = (np.mgrid[:24, :40].sum(0)[..., None] * [3, 2, 1] + [10, 60, 90]).astype(np.uint8)  # (24, 40, 3)


def encoded(image: Image.Image, format: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, format=format, **options)
    return file.getvalue()


PNG = encoded(Image.fromarray(SMOOTH), "PNG")

# ------------------------------------------------------------------------------------------------ formats


@pytest.mark.parametrize(
    ("format", "tolerance"),
    [("PNG", 0), ("BMP", 0), ("TIFF", 0), ("PPM", 0), ("TGA", 0), ("JPEG", 12), ("WEBP", 12)],
)
def test_formats(format, tolerance):
    picture = open_picture(encoded(Image.fromarray(SMOOTH), format))
    assert picture.dtype == np.float32
    assert picture.shape == (24, 40, 3)
    assert np.abs(picture * 255 - SMOOTH).max() <= tolerance + 1e-3


def test_the_first_frame_of_an_animation():
    frames = [Image.new("RGB", (8, 6), colour) for colour in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert np.allclose(open_picture(data), [1, 0, 0])


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr", "HSV"])
def test_modes_become_rgb(mode):
    image = Image.new("RGB", (40, 36), "white").convert(mode)
    assert np.allclose(open_picture(image), 1, atol=0.01)


def test_grey_is_the_same_in_all_channels():
    grey = SMOOTH[..., 0]
    picture = open_picture(encoded(Image.fromarray(grey), "PNG"))
    assert np.array_equal(picture, np.repeat(grey[..., None], 3, 2).astype(np.float32) / 255)


def test_transparency_shows_white():
    rgba = np.zeros((20, 20, 4), np.uint8)
    rgba[..., 0] = 255
    rgba[:, 10:, 3] = 51  # a fifth of red over white
    expected = np.ones((20, 20, 3))
    expected[:, 10:, 1:] = 0.8
    assert np.allclose(open_picture(encoded(Image.fromarray(rgba), "PNG")), expected, atol=0.003)
    assert np.allclose(open_picture(rgba), expected, atol=0.003)
    assert np.allclose(open_picture(rgba, 10)[:, :2], 1)  # reducing does not draw the hidden red in
    la = Image.fromarray(rgba[..., [1, 3]])
    assert la.mode == "LA"
    assert np.allclose(open_picture(encoded(la, "PNG"))[:, 12:], 0.8, atol=0.003)


def test_transparent_palette_colours_show_white():
    image = Image.new("P", (8, 8), 0)
    image.putpalette([0, 0, 255, 255, 0, 0])
    image.paste(1, (0, 0, 4, 8))
    picture = open_picture(encoded(image, "PNG", transparency=0))
    assert np.allclose(picture[:, 0], [1, 0, 0])
    assert np.allclose(picture[:, 7], 1)


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_sixteen_bits_are_kept(format):
    grey = RANDOM.integers(0, 65536, (10, 12)).astype(np.uint16)
    grey[0, 0] = 65535
    picture = open_picture(encoded(Image.fromarray(grey), format))
    assert np.allclose(picture[..., 1], grey / 65535, atol=1e-6)
    assert np.allclose(open_picture(grey)[..., 1], grey / 65535, atol=1e-6)


def test_sixteen_bits_that_are_dark_stay_dark():
    grey = np.full((10, 12), 200, np.uint16)
    assert np.allclose(open_picture(encoded(Image.fromarray(grey), "PNG")), 200 / 65535, atol=1e-6)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_stand_upright(format, orientation):
    """The eight cases of the EXIF standard, by the corner in which the stored picture has its first pixel."""
    upright = np.zeros((32, 48, 3), np.uint8)
    upright[:8, :8] = 255  # top left is white
    upright[-8:, :8] = [255, 0, 0]  # bottom left is red
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95} if format in ("JPEG", "WEBP") else {}
    data = encoded(Image.fromarray(np.ascontiguousarray(stored)), format, exif=exif, **options)
    picture = open_picture(data)
    assert picture.shape == (32, 48, 3)
    assert np.abs(picture[2:6, 2:6] - 1).max() < 0.2
    assert np.abs(picture[-6:-2, 2:6] - [1, 0, 0]).max() < 0.3
    assert picture[2:6, -6:-2].max() < 0.2


# ------------------------------------------------------------------------------------------------ sources


def test_all_sources_are_the_same_picture(tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(PNG)
    expected = SMOOTH.astype(np.float32) / 255
    image = Image.open(path)
    with path.open("rb") as file:
        sources = [
            path,
            str(path),
            PNG,
            bytearray(PNG),
            memoryview(PNG),
            io.BytesIO(PNG),
            file,
            image,
            SMOOTH,
            expected,
        ]
        for source in sources:
            assert np.array_equal(open_picture(source), expected), type(source)
    assert image.size == (40, 24)


def test_an_opened_array_is_a_copy():
    array = np.full((8, 8, 3), 0.5, np.float32)
    open_picture(array)[:] = 0
    assert array.min() == 0.5


@settings(max_examples=40)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 90))
def test_size_is_the_longer_side_and_proportions_stay(h, w, size):
    picture = open_picture(np.full((h, w, 3), 0.25), size)
    assert resized_shape((h, w, 3), size) == picture.shape[:2]
    longer, shorter = max(picture.shape[:2]), min(picture.shape[:2])
    assert longer == size
    assert abs(shorter - min(h, w) * size / max(h, w)) <= max(0.5, 1 - min(h, w) * size / max(h, w)) + 1e-9
    assert (picture.shape[0] >= picture.shape[1]) == (h >= w) or longer == shorter
    assert np.allclose(picture, 0.25, atol=1e-6)


def test_one_pixel():
    picture = open_picture(encoded(Image.new("RGB", (1, 1), "red"), "PNG"), 64)
    assert picture.shape == (64, 64, 3)
    assert np.allclose(picture, [1, 0, 0])


def test_a_hundred_megapixels_are_reduced(tmp_path):
    code = """
import sys
from pathlib import Path
from PIL import Image
Image.MAX_IMAGE_PIXELS = 89_478_485
from course_utils.pictures import open_picture
picture = open_picture(sys.argv[1], 256)
assert picture.shape == (256, 256, 3), picture.shape
status = Path("/proc/self/status")  # not getrusage, whose peak a process inherits from the one that started it
peaks = [line.split()[1] for line in status.read_text().splitlines() if "VmHWM" in line] if status.exists() else [0]
print(int(peaks[0]) // 1024)
"""
    path = tmp_path / "big.jpg"
    Image.new("L", (10_000, 10_000), 128).save(path)
    command = [sys.executable, "-W", "error", "-c", code, str(path)]
    shown = subprocess.run(command, capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    assert int(shown.stdout) < 400, "megabytes"  # as float32, the picture alone would be 1,200


def test_large_pictures_are_reduced_unasked():
    assert open_picture(np.zeros((10, LARGEST + 500), np.uint8)).shape == (8, LARGEST, 3)
    assert open_picture(np.zeros((10, LARGEST), np.uint8)).shape == (10, LARGEST, 3)


def test_reducing_keeps_the_mean_and_has_no_moire():
    board = (np.indices((512, 512)).sum(0) % 2).astype(np.uint8) * 255
    picture = open_picture(encoded(Image.fromarray(board), "PNG"), 50)
    assert np.allclose(picture, 0.5, atol=0.02)


# ------------------------------------------------------------------------------------------------ not a picture


def test_pillows_limit_is_respected(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 400)
    with pytest.raises(ValueError, match="more pixels than is safe"):
        open_picture(PNG)  # 960 pixels, more than twice the limit
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert open_picture(PNG).shape == (24, 40, 3)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file.*looked up from"):
        open_picture(tmp_path / "missing.png")
    with pytest.raises(FileNotFoundError, match="a folder"):
        open_picture(tmp_path)
    (tmp_path / "empty.png").touch()
    with pytest.raises(ValueError, match="empty"):
        open_picture(tmp_path / "empty.png")
    with pytest.raises(ValueError, match="empty"):
        open_picture(b"")


@pytest.mark.parametrize("data", [b"%PDF-1.7 no picture", b"<html></html>", bytes(1000)])
def test_other_files_are_no_pictures(data):
    with pytest.raises(ValueError, match="no picture that can be read"):
        open_picture(data)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP"])
def test_truncated_files_are_damaged(format):
    data = encoded(Image.fromarray(RANDOM.integers(0, 256, (64, 64, 3)).astype(np.uint8)), format)
    with pytest.raises(ValueError, match="damaged or cut short|no picture"):
        open_picture(data[: len(data) // 2])


@settings(max_examples=60)
@given(st.integers(0, 5), st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
def test_damage_anywhere_is_a_picture_or_a_value_error(kind, position, noise):
    format = ["PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP"][kind]
    data = bytearray(encoded(Image.fromarray(SMOOTH), format))
    position %= len(data)
    data[position : position + len(noise)] = noise
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own remarks on what it skips
            picture = open_picture(bytes(data), 16)
    except ValueError:
        return
    assert max(picture.shape) == 16
    assert 0 <= picture.min() <= picture.max() <= 1


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((3, 8, 8)), "channels last"),
        (np.zeros(5), "channels last"),
        (np.zeros((0, 4, 3)), "channels last"),
        (np.full((4, 4, 3), 2.0), r"floats in \[0, 1\]"),
        (np.full((4, 4, 3), np.nan), r"floats in \[0, 1\]"),
        (np.full((4, 4, 3), 7), "uint8"),
    ],
)
def test_arrays_that_are_no_pictures(array, message):
    with pytest.raises(ValueError, match=message):
        open_picture(array)


def test_things_that_are_no_pictures():
    for thing in (None, {"a": 1}, ["x"]):
        with pytest.raises(TypeError, match="a picture is a path"):
            open_picture(thing)
    for size in (0, -5, 2.5, True):
        with pytest.raises(ValueError, match="whole number"):
            open_picture(SMOOTH, size)


# ------------------------------------------------------------------------------------------------ saving, samples


def test_saved_pictures_come_back(tmp_path):
    picture = RANDOM.random((9, 12, 3)).astype(np.float32)
    path = save_picture(picture, tmp_path / "new.png")
    assert np.abs(open_picture(path) - picture).max() <= 0.5 / 255 + 1e-6
    with pytest.raises(ValueError, match="PNG"):
        save_picture(picture, tmp_path / "new.jpg")
    with pytest.raises(ValueError, match="floats in"):
        save_picture(picture * 3, tmp_path / "new.png")
    assert np.abs(open_picture(path) - picture).max() <= 0.5 / 255 + 1e-6
    assert [file.name for file in tmp_path.iterdir()] == ["new.png"]


def test_pictures_are_saved_in_new_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert save_picture(SMOOTH, "~/my pictures/new.png") == tmp_path / "my pictures/new.png"
    assert open_picture("~/my pictures/new.png").shape == (*SMOOTH.shape[:2], 3)


def test_a_save_that_fails_leaves_the_old_picture(tmp_path, full_disk):
    path = save_picture(SMOOTH, tmp_path / "old.png")
    noise = np.random.default_rng(0).random((64, 64, 3))
    with full_disk(path.stat().st_size), pytest.raises(OSError, match="File too large"):
        save_picture(noise, path)
    assert np.array_equal(open_picture(path), SMOOTH.astype(np.float32) / 255)
    assert [file.name for file in tmp_path.iterdir()] == ["old.png"]


def test_samples_open():
    samples = sample_pictures()
    assert {"china", "flower", "grace_hopper"} <= set(samples)
    for name, opener in samples.items():
        picture = opener(size=48)
        assert max(picture.shape) == 48, name
        assert picture.std() > 0.05, name


# ------------------------------------------------------------------------------------------------ torch


def tensors():
    random = np.random.default_rng(0)
    picture = random.random((5, 7, 3), dtype=np.float32)
    first = torch.tensor(picture).permute(2, 0, 1)
    return picture, first


@pytest.mark.parametrize("change", [
    lambda x: x, lambda x: x[None], lambda x: x.permute(1, 2, 0), lambda x: x.permute(1, 2, 0)[None],
    lambda x: x.clone().requires_grad_(), lambda x: x.double(), lambda x: torch.cat([x, torch.ones(1, 5, 7)]),
])  # fmt: skip
def test_a_tensor_is_a_picture_wherever_its_channels_are(change):
    picture, first = tensors()
    assert np.allclose(open_picture(change(first)), picture, atol=1e-7)


def test_tensors_of_other_types_and_grey_ones(tmp_path):
    picture, first = tensors()
    assert np.allclose(open_picture(first.bfloat16()), picture, atol=4e-3)
    assert np.array_equal(open_picture((255 * first).byte()), open_picture((255 * picture).astype(np.uint8)))
    for grey in (first[:1], first[:1][None], first[0]):
        assert np.array_equal(open_picture(grey), open_picture(picture[..., 0]))
    assert np.array_equal(
        open_picture(save_picture(first, tmp_path / "a.png")), open_picture((255 * first).round().byte())
    )


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((3, 9, 3), r"a tensor of shape \(3, 9, 3\) may have its channels first or last; say which"),
        ((1, 4, 5, 1), r"shape \(1, 4, 5, 1\) may have its channels first or last"),
        ((2, 3, 8, 8), r"got 2 pictures, shape \(2, 3, 8, 8\); give one of them, such as pictures\[0\]"),
        ((0, 3, 8, 8), "got 0 pictures"),
        ((2, 8, 8), "a picture's array is"),
        ((8,), "a picture's array is"),
        ((3, 0, 8), "a picture's array is"),
    ],
)
def test_tensors_that_are_no_clear_picture_are_refused(shape, message):
    with pytest.raises(ValueError, match=message):
        open_picture(torch.zeros(shape))


def test_normalised_tensors_are_refused():
    with pytest.raises(ValueError, match=r"floats in \[0, 1\]; got float32 from -2 to 1"):
        open_picture(torch.tensor([[-2.0, 1.0]]).expand(3, 2, 2))


def test_a_sample_picture_goes_by_its_name_unless_a_file_has_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert np.array_equal(open_picture("china", 40), sample_pictures()["china"](40))
    (tmp_path / "china").write_bytes(PNG)
    assert open_picture("china").shape == (24, 40, 3)


def test_the_path_of_a_saved_picture(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    picture, _ = tensors()
    assert save_picture(picture, "~/my pictures/new/a.png") == tmp_path / "my pictures/new/a.png"
    assert open_picture("~/my pictures/new/a.png").shape == picture.shape
    for bad in (None, 3, picture):
        with pytest.raises(ValueError, match="path is .*; it must be a path, such as .*, after the picture"):
            save_picture(picture, bad)
