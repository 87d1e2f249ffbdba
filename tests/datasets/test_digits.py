"""course_utils.datasets: MNIST, its stand-in and the choice between them."""

import gzip
import hashlib
import math
import shutil
import subprocess
import sys
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from sklearn.datasets import load_digits

from course_utils.datasets import Images, load_digits_stand_in, load_images, load_mnist
from course_utils.datasets import digits as datasets
from course_utils.datasets.downloads import DataUnavailable


def idx(array):
    """The bytes of an IDX file, written from its definition and not by the code under test."""
    lengths = b"".join(length.to_bytes(4, "big") for length in array.shape)
    return bytes([0, 0, 8, array.ndim]) + lengths + array.tobytes()


@pytest.fixture
def tiny(monkeypatch):
    """A small MNIST: the contents of its four files by name; load_mnist expects their hashes."""
    generator = np.random.default_rng(7)
    contents = {}
    for prefix, count in (("train", 30), ("t10k", 20)):
        contents[f"{prefix}-images-idx3-ubyte"] = idx(generator.integers(0, 256, (count, 28, 28), np.uint8))
        contents[f"{prefix}-labels-idx1-ubyte"] = idx(generator.integers(0, 10, count, np.uint8))
    expect(monkeypatch, contents)
    return contents


def expect(monkeypatch, contents):
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    monkeypatch.setattr(datasets, "SHA256", hashes)


def save(contents, folder, suffix=".gz"):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / f"{name}{suffix}").write_bytes(gzip.compress(content) if suffix else content)


@pytest.fixture
def no_network(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def stand_in():
    return load_digits_stand_in()


@pytest.fixture(scope="module")
def real_mnist():
    try:
        return load_mnist("test", download=False)
    except DataUnavailable:
        pytest.skip("MNIST is not at hand (COURSE_DATA)")


# --- Images ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pixels", "labels", "message"),
    [
        (np.zeros((2, 28, 28)), np.zeros(2, int), "uint8 pictures.*got float64"),
        (np.zeros((2, 28), np.uint8), np.zeros(2, int), r"shape \(n, 28, 28\).*got uint8 of shape \(2, 28\)"),
        (np.zeros((2, 8, 8), np.uint8), np.zeros(2, int), r"shape \(2, 8, 8\)"),
        (np.zeros((2, 28, 28), np.uint8), np.zeros(3, int), "2 images and 3 labels"),
        (np.zeros((2, 28, 28), np.uint8), np.zeros((2, 1), int), r"got int64 of shape \(2, 1\)"),
        (np.zeros((2, 28, 28), np.uint8), np.zeros(2), "labels must be integers.*float64"),
        (np.zeros((2, 28, 28), np.uint8), np.array([0, 10]), "values 0 to 10"),
        (np.zeros((2, 28, 28), np.uint8), np.array([-1, 3]), "values -1 to 3"),
    ],
)
def test_images_are_checked(pixels, labels, message):
    with pytest.raises(ValueError, match=message):
        Images(pixels, labels, "test")


def test_images_describe_themselves(stand_in):
    images = Images(np.zeros((60_000, 28, 28), np.uint8), np.zeros(60_000, np.uint8), "MNIST")
    assert len(images) == 60_000
    assert not images.is_stand_in
    assert images.describe() == "MNIST: 60,000 handwritten digits, 28x28 pixels."
    assert repr(images) == "Images('MNIST', n=60000, is_stand_in=False)"
    assert stand_in.describe().startswith("Stand-in for MNIST: 1,797 real handwritten digits")
    with pytest.raises(AttributeError):
        images.name = "other"


# --- MNIST -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("inside", ["mnist", "."])
def test_files_are_found_plain_or_zipped(tmp_path, monkeypatch, tiny, no_network, suffix, inside):
    save(tiny, tmp_path / inside, suffix)
    for split, prefix, count in (("train", "train", 30), ("test", "t10k", 20)):
        for images in (load_mnist(split, tmp_path), load_mnist(split, str(tmp_path), download=False)):
            assert (images.name, images.is_stand_in, len(images)) == ("MNIST", False, count)
            assert idx(images.pixels) == tiny[f"{prefix}-images-idx3-ubyte"]
            assert idx(images.labels.astype(np.uint8)) == tiny[f"{prefix}-labels-idx1-ubyte"]
            assert images.pixels.flags.writeable
            assert images.labels.flags.writeable
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert len(load_mnist()) == len(load_images("mnist")) == 30


@pytest.mark.parametrize(
    "where",
    [
        "mnist/{dotted}",
        "{dotted}",
        "MNIST/raw/{name}",
        "mnist/MNIST/raw/{name}",
        "raw/{name}",
        "mnist/{name}/{dotted}",
        "mnist/{dotted}/{dotted}",
        "{name}/{name}",
        "mnist/{dotted}.gz",
        "MNIST/raw/{name}.gz",
    ],
)
def test_files_are_found_where_people_have_them(tmp_path, tiny, no_network, where):
    """7-Zip's spelling, torchvision's folders, a folder per file; and not with somebody else's content."""
    for name, content in tiny.items():
        path = tmp_path / where.format(name=name, dotted=name.replace("-idx", ".idx"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    before = sorted(tmp_path.rglob("*"))
    for split, prefix in (("train", "train"), ("test", "t10k")):
        images = load_mnist(split, tmp_path)
        assert idx(images.pixels) == tiny[f"{prefix}-images-idx3-ubyte"]
    assert sorted(tmp_path.rglob("*")) == before
    path.write_bytes(b"something else")
    with pytest.warns(UserWarning, match=f"{path.name} is damaged"), pytest.raises(DataUnavailable):
        load_mnist("test", tmp_path, download=False)


def test_the_four_files_may_lie_in_four_ways(tmp_path, tiny):
    places = ("mnist/{0}", "{1}", "MNIST/raw/{0}", "mnist/{0}/{1}")
    for place, (name, content) in zip(places, tiny.items(), strict=True):
        path = tmp_path / place.format(name, name.replace("-idx", ".idx"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert [len(load_mnist(split, tmp_path, download=False)) for split in ("train", "test")] == [30, 20]


def test_a_wrong_name_is_told_with_what_is_there(tmp_path, tiny, monkeypatch, no_network):
    (tmp_path / "mnist/deep").mkdir(parents=True)
    for name in (
        "mnist_train.csv",
        "mnist/train-images.gz",
        "mnist/deep/t10k.zip",
        "mnist/notes.txt",
        "essay.pdf",
    ):
        (tmp_path / name).write_bytes(b"")
    there = f"Found in {tmp_path}: mnist/deep/t10k.zip, mnist/train-images.gz, mnist_train.csv."
    with pytest.raises(DataUnavailable) as caught:
        load_mnist("train", tmp_path, download=False)
    assert f"\n{there}\nPut MNIST's four files (train-images-idx3-ubyte.gz, " in str(caught.value)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert f"cannot be downloaded now. {there} Stand-in for MNIST" in load_images().describe()


def test_real_mnist(real_mnist):
    train = load_mnist("train", download=False)
    assert (len(train), len(real_mnist)) == (60_000, 10_000)
    assert train.describe() == "MNIST: 60,000 handwritten digits, 28x28 pixels."
    # published counts per class, and the well-known mean and standard deviation
    assert np.bincount(train.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(real_mnist.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert train.pixels.mean() / 255 == pytest.approx(0.1307, abs=1e-4)
    assert train.pixels.std() / 255 == pytest.approx(0.3081, abs=1e-4)


@pytest.fixture
def mirror(tmp_path, tiny, monkeypatch):
    """A mirror of the small MNIST in tmp_path/mirror, on this machine."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    save(tiny, tmp_path / "mirror")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "mirror")))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_files_are_downloaded_and_mended(tmp_path, tiny, mirror):
    root = tmp_path / "data"
    images = load_mnist("train", root, mirrors=["http://127.0.0.1:9/", mirror])
    assert idx(images.pixels) == tiny["train-images-idx3-ubyte"]
    assert not list(root.glob("mnist/t10k*"))
    labels = root / "mnist" / "train-labels-idx1-ubyte.gz"
    labels.write_bytes(labels.read_bytes()[:-3])
    with pytest.warns(UserWarning, match="train-labels-idx1-ubyte.gz is damaged"):
        again = load_mnist("train", root, mirrors=[f"{mirror}/"])
    assert np.array_equal(again.labels, images.labels)
    assert labels.with_name(f"{labels.name}.damaged").exists()
    assert len(load_mnist("test", root, mirrors=[mirror])) == 20


def test_missing_files_say_what_to_do(tmp_path, tiny, no_network):
    start = time.monotonic()
    with pytest.raises(DataUnavailable) as caught:
        load_mnist("train", tmp_path)
    # for hangs: without the limit on all mirrors together it takes minutes
    assert time.monotonic() - start < 60
    message = str(caught.value)
    for part in (
        f"train-images-idx3-ubyte is not in {tmp_path / 'mnist'}",
        "storage.googleapis.com: the proxy cannot be reached",
        *(f"{name}.gz" for name in tiny),
        f"into {tmp_path / 'mnist'}, or set COURSE_DATA to a folder whose mnist/ holds them",
        'load_images("digits")',
    ):
        assert part in message
    with pytest.raises(DataUnavailable, match=r"switched off.*\nPut MNIST's four files"):
        load_mnist("test", tmp_path, download=False)
    assert list(tmp_path.iterdir()) == []


def test_pictures_that_somebody_holds_are_in_memory_once(tmp_path, tiny, monkeypatch):
    expect(monkeypatch, tiny)
    save(tiny, tmp_path / "mnist")
    first, again = (load_mnist("train", tmp_path) for _ in range(2))
    assert np.shares_memory(first.pixels, again.pixels)
    right = first.pixels.copy()
    first.pixels[0] += 1  # whoever writes into his pictures loads them as they should be
    fresh = load_mnist("train", tmp_path)
    assert np.array_equal(fresh.pixels, right)
    assert not np.shares_memory(first.pixels, fresh.pixels)


def test_labels_must_fit_the_images(tmp_path, tiny, monkeypatch):
    tiny["train-labels-idx1-ubyte"] = idx(np.zeros(29, np.uint8))
    expect(monkeypatch, tiny)
    save(tiny, tmp_path / "mnist")
    with pytest.raises(ValueError, match="30 images and 29 labels"):
        load_mnist("train", tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must start with 00 00 08"),
        (b"\x00\x00\x0d\x01\x00\x00\x00\x01abcd", "must start with 00 00 08, not 00 00 0d"),
        (idx(np.zeros((30, 28, 28), np.uint8))[:10], "cut short"),
        (idx(np.zeros((30, 28, 28), np.uint8))[:-1], r"shape \(30, 28, 28\) but holds 23,519 bytes"),
        (idx(np.zeros((30, 28, 28), np.uint8)) + b"x", "23,521 bytes"),
        (bytes([0, 0, 8, 3]) + b"\xff" * 12, r"\(4294967295, 4294967295, 4294967295\) but holds 0 bytes"),
        (idx(np.zeros((30, 28), np.uint8)), r"got uint8 of shape \(30, 28\)"),
    ],
)
def test_files_that_are_no_idx_files(tmp_path, tiny, monkeypatch, content, message):
    tiny["train-images-idx3-ubyte"] = content
    expect(monkeypatch, tiny)
    save(tiny, tmp_path / "mnist")
    with pytest.raises(ValueError, match=message):
        load_mnist("train", tmp_path)


@pytest.mark.parametrize("root", [math.nan, True, 3, [], {}], ids=repr)
def test_a_folder_is_a_path(root):
    with pytest.raises(ValueError, match="root is .*; it must be a path"):
        load_mnist("test", root)


@pytest.mark.parametrize("split", ["training", "", None])
def test_unknown_split(split):
    with pytest.raises(ValueError, match="must be one of train, test"):
        load_mnist(split)


# --- the stand-in ------------------------------------------------------------------------------------


def test_stand_in_has_the_format_and_the_labels(stand_in):
    assert (stand_in.name, stand_in.is_stand_in, len(stand_in)) == ("digits", True, 1797)
    assert stand_in.pixels.shape == (1797, 28, 28)
    assert stand_in.pixels.dtype == np.uint8
    assert np.array_equal(stand_in.labels, load_digits().target)
    assert np.array_equal(stand_in.pixels, load_digits_stand_in().pixels)


def test_stand_in_lies_like_mnist(stand_in):
    """In a box of 20x20 whose centre of mass is at (14, 14) to the nearest pixel, as far as the box allows."""
    ink = stand_in.pixels.astype(float)
    for axis in (1, 2):
        used = ink.any(axis=3 - axis)
        first, last = used.argmax(1), 27 - used[:, ::-1].argmax(1)
        assert (last - first + 1).max() <= 20
        # every 8x8 digit fills its 8 rows; a faint stroke may end a little inside
        assert (last - first + 1).min() >= (16 if axis == 1 else 5)
        centre = (ink.sum(3 - axis) @ np.arange(28)) / ink.sum((1, 2))
        assert np.abs(centre - 14).max() <= 0.52
    border = np.concatenate([ink[:, 0], ink[:, -1], ink[:, :, 0], ink[:, :, -1]])
    assert (border > 0).mean() < 0.001  # as in MNIST, a few lopsided digits touch the edge


def test_stand_in_has_the_contrast_of_mnist(stand_in):
    scaled = stand_in.pixels / 255
    assert scaled.mean() == pytest.approx(0.1307, rel=0.1)
    assert scaled.std() == pytest.approx(0.3081, rel=0.05)
    assert (stand_in.pixels.max((1, 2)) >= 240).all()
    assert (stand_in.pixels == 0).mean() == pytest.approx(0.81, abs=0.05)  # no ringing on the black ground


def test_stand_in_is_the_same_handwriting(stand_in):
    """Averaging over the 8x8 cells (2.5 pixels wide) gives back scikit-learn's pictures, up to the shift."""
    original = load_digits().images
    fine = stand_in.pixels.repeat(2, 1).repeat(2, 2).astype(float)  # a cell is 5x5 of these
    best = np.full(len(fine), -1.0)
    for top in range(0, 18, 2):
        for left in range(0, 18, 2):
            cells = fine[:, top : top + 40, left : left + 40].reshape(-1, 8, 5, 8, 5).mean((2, 4))
            best = np.maximum(best, correlation(cells, original))
    assert best.min() > 0.9
    assert best.mean() > 0.98


def correlation(x, y):
    x, y = (z.reshape(len(z), -1) - z.mean((1, 2))[:, None] for z in (x, y))
    return (x * y).sum(1) / np.sqrt((x**2).sum(1) * (y**2).sum(1))


def test_stand_in_resembles_real_digits(stand_in, real_mnist):
    """A nearest-mean classifier that only ever saw the stand-in reads real MNIST far better than chance."""
    means = np.stack([stand_in.pixels[stand_in.labels == digit].mean(0).ravel() for digit in range(10)])
    real = real_mnist.pixels.reshape(-1, 784).astype(float)
    guesses = (real @ means.T - (means**2).sum(1) / 2).argmax(1)
    assert (guesses == real_mnist.labels).mean() > 0.5


# --- the choice --------------------------------------------------------------------------------------


def test_auto_takes_mnist_where_it_is(tmp_path, monkeypatch, tiny, no_network):
    save(tiny, tmp_path / "mnist")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    images = load_images()
    assert (images.name, images.is_stand_in, len(images)) == ("MNIST", False, 30)


def test_auto_takes_the_stand_in_offline_and_says_so(tmp_path, monkeypatch, no_network):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    start = time.monotonic()
    images = load_images("auto")
    assert (
        time.monotonic() - start < 60
    )  # for hangs: without the limit on all mirrors together it takes minutes
    assert images.is_stand_in
    assert images.describe().startswith(
        f"MNIST was not found in {tmp_path / 'mnist'} and cannot be downloaded now. Stand-in for MNIST: "
    )
    assert "\n" not in images.describe()
    with pytest.raises(DataUnavailable):
        load_images("mnist")
    assert "not found" not in load_images("digits").describe()


@pytest.mark.parametrize("error", [PermissionError, ValueError, OSError, RuntimeError])
def test_auto_swallows_no_other_error(monkeypatch, error):
    def broken(*args, **kwargs):
        raise error("something else")

    monkeypatch.setattr(datasets, "fetch", broken)
    with pytest.raises(error, match="something else"):
        load_images("auto")


@pytest.mark.parametrize("name", ["MNIST", "cifar", "", None])
def test_unknown_name(name):
    with pytest.raises(ValueError, match="must be one of auto, mnist, digits"):
        load_images(name)


def test_two_processes_without_files_both_load(tmp_path, tiny, mirror):
    root = tmp_path / "data"
    code = (
        "import sys; from course_utils.datasets import digits as datasets; datasets.SHA256 = eval(sys.argv[1]); "
        "print(len(datasets.load_mnist('train', sys.argv[2], mirrors=[sys.argv[3]])))"
    )
    command = [sys.executable, "-c", code, repr(datasets.SHA256), str(root), mirror]
    children = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in "ab"
    ]
    for child in children:
        out, err = child.communicate(timeout=60)
        assert (child.returncode, out.strip()) == (0, "30"), err
    assert not list(Path(root).rglob("*.part"))


def test_real_files_survive_a_copy_in_another_format(tmp_path, real_mnist):
    """Recompressed with another level and unpacked: both are MNIST."""
    from course_utils.runtime import data_dir

    folder = tmp_path / "mnist"
    folder.mkdir()
    source = data_dir() / "mnist" if (data_dir() / "mnist").is_dir() else data_dir()
    for name in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        plain, zipped = source / name, source / f"{name}.gz"
        content = plain.read_bytes() if plain.exists() else gzip.decompress(zipped.read_bytes())
        (folder / f"{name}.gz").write_bytes(gzip.compress(content, 1))
    assert np.array_equal(load_mnist("test", tmp_path, download=False).pixels, real_mnist.pixels)
    shutil.rmtree(folder)
