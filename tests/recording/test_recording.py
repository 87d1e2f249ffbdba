"""Recordings: what goes in comes out, one small file, readable with NumPy alone, and damage is named."""

import gzip
import io
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_utils import machine, runtime
from course_utils.datasets import load_digits_stand_in
from course_utils.recording import Recording, RunRecorder, curves, load_recording, recordings, schedule

RECIPE = {"name": "mlp", "betas": (0.5, 0.999), "penalty": None}
MACHINE = {"cpu": "a slide rule", "threads": 1}


def make_recorder(moments=3, **options):
    """A small run with some of everything."""
    rng = np.random.default_rng(0)
    recorder = RunRecorder(RECIPE, title="a run", machine=MACHINE, **options)
    for step in range(0, 10 * moments, 10):
        recorder.add_samples(step, rng.integers(0, 256, (4, 6, 5), dtype=np.uint8))
    recorder.add_metrics(np.arange(1, 21), d_real=rng.random(20), d_fake=rng.random(20))
    recorder.add_evaluation(0, frechet_distance=1767.1234567890123, modes=0)
    recorder.add_evaluation(20, frechet_distance=90.5, modes=10)
    return recorder


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "run.npz"
    make_recorder().save(path)
    return path


def same(a, b):
    """Whether two recordings hold the same (their names apart)."""
    plain = ("title", "note", "recipe", "machine")
    return (
        all(getattr(a, name) == getattr(b, name) for name in plain)
        and all(np.array_equal(getattr(a, n), getattr(b, n)) for n in ("steps", "seconds", "pictures"))
        and same_curves(a.metrics, b.metrics)
        and same_curves(a.evaluations, b.evaluations)
    )


def same_curves(a, b):
    fields = ("steps", "values", "low", "high")
    return a.keys() == b.keys() and all(
        np.array_equal(getattr(a[name], f), getattr(b[name], f), equal_nan=f != "steps")
        for name in a
        for f in fields
    )


# ---------------------------------------------------------------------- what goes in comes out


steps_of = st.lists(st.integers(0, 10**7), min_size=1, max_size=6, unique=True).map(sorted)
plain_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=40)
@given(
    moments=steps_of,
    shape=st.tuples(st.integers(1, 5), st.integers(1, 9), st.integers(1, 9)),
    recipe=st.dictionaries(st.text(max_size=8), plain_values, max_size=4),
    title=st.text(max_size=20),
    metric=hnp.arrays(np.float32, st.integers(1, 30)),
    evaluation=hnp.arrays(np.float64, st.integers(1, 5)),
    data=st.data(),
)
def test_what_is_recorded_comes_back(moments, shape, recipe, title, metric, evaluation, data):
    pictures = data.draw(hnp.arrays(np.uint8, (len(moments), *shape)))
    recorder = RunRecorder(recipe, title=title, machine=MACHINE, grey_levels=256)
    for step, batch in zip(moments, pictures, strict=True):
        recorder.add_samples(step, batch)
    recorder.add_metrics(np.arange(1, len(metric) + 1), generator_loss=metric)
    for i, value in enumerate(evaluation):
        recorder.add_evaluation(100 * i, frechet_distance=value)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "some name.npz"
        assert recorder.save(path) == path.stat().st_size
        back = load_recording(path)
    assert (back.name, back.title, back.recipe) == ("some name", title, recipe)
    assert back.machine["cpu"] == MACHINE["cpu"]
    assert back.steps.tolist() == moments
    assert len(back) == len(moments)
    assert all(np.array_equal(back.samples(i), pictures[i]) for i in range(len(moments)))
    loss = back.metrics["generator_loss"]
    assert loss.steps.tolist() == list(range(1, len(metric) + 1))
    for drawn in (loss.values, loss.low, loss.high):
        assert np.array_equal(drawn, metric, equal_nan=True)
    distance = back.evaluations["frechet_distance"]
    assert distance.steps.tolist() == [100 * i for i in range(len(evaluation))]
    assert np.array_equal(distance.values, evaluation, equal_nan=True)


def test_the_file_is_what_the_docstring_says(saved):
    with np.load(saved, allow_pickle=False) as arrays:
        header = json.loads(str(arrays["header"]))
        assert (header["format"], header["version"]) == ("course_utils.recording", 1)
        assert header["recipe"] == {"name": "mlp", "betas": [0.5, 0.999], "penalty": None}
        assert header["grey_levels"] == 16
        kinds = {name: (str(arrays[name].dtype), arrays[name].shape) for name in arrays if name != "header"}
    assert kinds == {
        "sample_steps": ("int64", (3,)),
        "sample_seconds": ("float32", (3,)),
        "samples": ("uint8", (3, 4, 6, 5)),
        "metrics/d_real": ("float32", (3, 20)),
        "metric_steps/d_real": ("int64", (20,)),
        "metrics/d_fake": ("float32", (3, 20)),
        "metric_steps/d_fake": ("int64", (20,)),
        "evaluations/frechet_distance": ("float64", (2,)),
        "evaluation_steps/frechet_distance": ("int64", (2,)),
        "evaluations/modes": ("float64", (2,)),
        "evaluation_steps/modes": ("int64", (2,)),
    }


@pytest.mark.parametrize("levels", [2, 3, 16, 256])
def test_grey_levels_are_even_and_keep_black_and_white(tmp_path, levels):
    ramp = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    recorder = RunRecorder(RECIPE, machine=MACHINE, grey_levels=levels)
    recorder.add_samples(0, ramp)
    recorder.save(tmp_path / "ramp.npz")
    kept = load_recording(tmp_path / "ramp.npz").samples(0).astype(int)
    assert np.unique(kept).tolist() == np.rint(np.linspace(0, 255, levels)).astype(int).tolist()
    assert np.abs(kept - ramp).max() <= 255 / (levels - 1) / 2 + 0.5  # the nearest level, itself rounded


def test_a_generators_floats_are_the_bytes_they_stand_for(tmp_path):
    pixels = np.arange(256, dtype=np.uint8).reshape(4, 8, 8)
    recorder = RunRecorder(RECIPE, machine=MACHINE, grey_levels=256)
    recorder.add_samples(0, (pixels / 127.5 - 1).astype(np.float32)[:, None])
    recorder.save(tmp_path / "floats.npz")
    assert np.array_equal(load_recording(tmp_path / "floats.npz").samples(0), pixels)


def test_metrics_may_come_one_by_one_or_many_at_once(tmp_path):
    values = np.linspace(0, 1, 7, dtype=np.float32)
    one, many = make_recorder(), make_recorder()
    for step, value in enumerate(values):
        one.add_metrics(step, loss=value)
    many.add_metrics(range(4), loss=values[:4])
    many.add_metrics([], loss=[])
    many.add_metrics(np.arange(4, 7, dtype=np.uint32), loss=values[4:])
    for name, recorder in (("one", one), ("many", many)):
        recorder.save(tmp_path / f"{name}.npz")
    one, many = load_recording(tmp_path / "one.npz"), load_recording(tmp_path / "many.npz")
    assert same_curves(one.metrics, many.metrics)
    assert np.array_equal(one.metrics["loss"].values, values)


def test_time_is_counted_from_the_start(tmp_path):
    now = 100.0
    recorder = RunRecorder(RECIPE, machine=MACHINE, clock=lambda: now)
    for now, step in ((101.5, 0), (160.0, 500)):  # noqa: B007 - the clock reads it
        recorder.add_samples(step, np.zeros((1, 2, 2), np.uint8))
    now = 170.0
    recorder.save(tmp_path / "timed.npz")
    run = load_recording(tmp_path / "timed.npz")
    assert run.seconds.tolist() == [1.5, 60.0]
    assert run.machine["seconds"] == 70.0


def test_a_dataclass_recipe_becomes_a_dictionary():
    @dataclass(frozen=True)
    class Recipe:
        name: str = "mlp"
        widths: tuple = (128, 256)

    assert RunRecorder(Recipe(), machine=MACHINE).recipe == {"name": "mlp", "widths": (128, 256)}


# ---------------------------------------------------------------------- looking things up


@given(steps=steps_of, step=st.integers(-5, 10**7 + 5))
def test_at_is_the_last_moment_that_is_not_later(steps, step):
    run = with_moments(steps)
    for wanted in (step, *steps):
        earlier = [i for i, s in enumerate(steps) if s <= wanted]
        assert run.at(wanted) == (earlier[-1] if earlier else 0)


def with_moments(steps):
    empty = np.zeros((len(steps), 1, 1, 1), np.uint8)
    return Recording("x", "", "", {}, {}, np.array(steps), np.zeros(len(steps)), empty, {}, {})


def test_a_curve_up_to_a_step(saved):
    run = load_recording(saved)
    curve = run.metrics["d_real"].until(7)
    assert curve.steps.tolist() == list(range(1, 8))
    assert np.array_equal(curve.values, run.metrics["d_real"].values[:7])
    assert len(run.metrics["d_real"].until(0)) == 0
    assert run.evaluations["modes"].until(19).values.tolist() == [0]


@given(
    values=hnp.arrays(float, st.integers(0, 200), elements=st.floats(-1e3, 1e3)), points=st.integers(1, 60)
)
def test_thinning_keeps_means_and_extremes_of_its_windows(values, points):
    steps = 3 * np.arange(len(values)) + 1
    curve = curves.thin(steps, values, points)
    assert len(curve) <= points
    width = max(1, -(-len(values) // points))
    windows = [slice(i, i + width) for i in range(0, len(values), width)]
    assert curve.steps.tolist() == [steps[w][-1] for w in windows]
    assert np.allclose(curve.values, [values[w].mean() for w in windows], atol=1e-9)
    assert curve.low.tolist() == [values[w].min() for w in windows]
    assert curve.high.tolist() == [values[w].max() for w in windows]


def test_a_run_that_diverges_can_be_recorded(tmp_path):
    values = np.r_[np.ones(3000), 1e300, np.inf, -np.inf, np.nan]
    recorder = make_recorder()
    recorder.add_metrics(np.arange(len(values)), critic_estimate=values)
    recorder.save(tmp_path / "diverged.npz")
    curve = load_recording(tmp_path / "diverged.npz").metrics["critic_estimate"]
    assert np.all(curve.values[:1400] == 1)
    assert np.isinf(curve.high[1500])
    assert np.isnan(curve.values[-1])


@given(total=st.integers(1, 10**6), moments=st.integers(2, 150))
def test_the_schedule_begins_at_0_ends_at_the_end_and_never_repeats(total, moments):
    steps = schedule(total, moments)
    assert (steps[0], steps[-1]) == (0, total)
    assert len(steps) == min(moments, total + 1)
    assert np.all(np.diff(steps) > 0)


def test_the_schedule_is_logarithmic_at_first_and_even_later():
    steps = schedule(20_000, 80)
    gaps = np.diff(steps)
    assert gaps[:5].tolist() == [1] * 5
    assert np.ptp(gaps[steps[:-1] >= 2000]) <= 1
    middle = steps[(steps > 100) & (steps <= 2000)]
    ratios = middle[1:] / middle[:-1]
    assert np.ptp(ratios) < 0.02


# ---------------------------------------------------------------------- size


def mnist_or_stand_in():
    """Real digits: MNIST where COURSE_DATA has it, else the stand-in's."""
    try:
        with gzip.open(runtime.data_dir() / "mnist/t10k-images-idx3-ubyte.gz") as file:
            return np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    except FileNotFoundError:
        return load_digits_stand_in().pixels


def test_a_long_run_of_real_digits_stays_small(tmp_path):
    rng, digits = np.random.default_rng(0), mnist_or_stand_in()
    recorder = RunRecorder(RECIPE, title="noise turns into digits", machine=MACHINE)
    steps = schedule(50_000, 80)
    for i, step in enumerate(steps):
        # Other digits every time, and noise like a young generator's, which fades: harder than any run.
        noise = 60 * 0.93**i * rng.standard_normal((64, 28, 28))
        pictures = digits[rng.integers(len(digits), size=64)] + noise
        recorder.add_samples(step, pictures.clip(0, 255).astype(np.uint8))
    names = ("discriminator_loss", "generator_loss", "d_real", "d_fake")
    recorder.add_metrics(np.arange(1, 50_001), **{name: rng.standard_normal(50_000) for name in names})
    for step in steps[::4]:
        recorder.add_evaluation(step, frechet_distance=rng.random(), modes=10, entropy=rng.random())
    size = recorder.save(tmp_path / "long.npz")
    print(f"{size / 1e6:.2f} MB")
    assert size < 2_000_000
    run = load_recording(tmp_path / "long.npz")
    assert all(1000 <= len(curve) <= curves.POINTS for curve in run.metrics.values())
    assert all(curve.steps[-1] == 50_000 for curve in run.metrics.values())


def test_what_ships_is_small_and_opens():
    for name in recordings():
        assert runtime.shipped(f"runs/{name}.npz").stat().st_size < 2_000_000, name
        run = load_recording(name)
        assert run.name == name
        assert len(run) >= 20
        assert np.all(np.diff(run.steps) > 0)
        assert run.recipe
        assert run.machine["cpu"]


# ---------------------------------------------------------------------- files that are not what they should be


@settings(max_examples=150)
@given(data=st.data())
def test_a_damaged_file_is_named_or_harmless(data):
    content, run = a_run()
    damaged = bytearray(content)
    if data.draw(st.booleans(), label="cut"):
        del damaged[data.draw(st.integers(0, len(content) - 1), label="length") :]
    else:
        place = data.draw(st.integers(0, len(content) - 1), label="place")
        damaged[place] ^= data.draw(st.integers(1, 255), label="flip")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.npz"
        path.write_bytes(damaged)
        try:
            back, message = load_recording(path), ""
        except ValueError as error:
            back, message = None, str(error)
    if back is None:
        assert str(path) in message
    else:
        assert same(back, run)  # a time stamp or a flag of the archive, say, that carries nothing of the run


def test_no_byte_of_the_archives_directory_can_make_a_part_vanish_silently(tmp_path):
    content, run = a_run()
    path = tmp_path / "run.npz"
    # Its checksums guard the arrays, but not the list of them at the end of the file.
    for place in range(content.index(b"PK\x01\x02"), len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            back = load_recording(path)
        except ValueError:
            continue
        assert same(back, run), place


_made = []


def a_run():
    if not _made:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "run.npz"
            make_recorder(clock=lambda: 0.0).save(path)
            _made.extend((path.read_bytes(), load_recording(path)))
    return _made


def test_a_file_that_was_cut_short_says_how_to_mend_it(saved):
    saved.write_bytes(saved.read_bytes()[:-40])
    with pytest.raises(ValueError, match="damaged or cut short.*record it again"):
        load_recording(saved)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "this one is empty"), (b"\x89PNG\r\n", "something else"), (b"PK", "damaged")],
)
def test_other_files(tmp_path, content, message):
    path = tmp_path / "other.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_recording(path)


def rewrite(path, change):
    """The same file with some of its arrays changed."""
    with np.load(path) as file:
        arrays = dict(file)
    change(arrays)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    path.write_bytes(buffer.getvalue())


def test_another_npz_and_a_newer_version(saved, tmp_path):
    np.savez(tmp_path / "weights.npz", weights=np.ones(3))
    with pytest.raises(ValueError, match=r"some other .npz file \(weights\)"):
        load_recording(tmp_path / "weights.npz")

    def newer(arrays):
        header = json.loads(str(arrays["header"]))
        arrays["header"] = np.array(json.dumps({"format": header["format"], "version": 2}))
        del arrays["samples"]  # a newer version may look quite different

    rewrite(saved, newer)
    with pytest.raises(ValueError, match="version 2 of the format.*reads up to 1.*update the course"):
        load_recording(saved)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("samples", np.zeros((3, 4, 6, 5))),
        ("samples", np.zeros((2, 4, 6, 5), np.uint8)),
        ("samples", None),
        ("metrics/d_real", np.zeros((2, 20), np.float32)),
        ("metrics/d_real", np.zeros((3, 19), np.float32)),
        ("metric_steps/d_real", None),
        ("evaluations/modes", np.zeros(7)),
        ("header", np.array(json.dumps({"format": "course_utils.recording", "version": 1}))),
    ],
)
def test_arrays_that_do_not_fit_together(saved, name, value):
    def change(arrays):
        del arrays[name]
        if value is not None:
            arrays[name] = value

    rewrite(saved, change)
    with pytest.raises(ValueError, match="no proper recording"):
        load_recording(saved)


def test_no_pickles(saved):
    rewrite(saved, lambda arrays: arrays.update({"metrics/evil": np.array([{}], dtype=object)}))
    with pytest.raises(ValueError, match="allow_pickle"):
        load_recording(saved)


# ---------------------------------------------------------------------- names and paths


def test_shipped_runs_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(runtime, "REPOSITORY", tmp_path)
    assert recordings() == ()
    with pytest.raises(FileNotFoundError, match="'dcgan'.*none yet"):
        load_recording("dcgan")
    for name in ("wgan-gp", "dcgan"):
        make_recorder().save(tmp_path / "data" / "runs" / f"{name}.npz")
    assert recordings() == ("dcgan", "wgan-gp")
    assert load_recording("wgan-gp").name == "wgan-gp"
    with pytest.raises(FileNotFoundError, match="'dcgam'.*dcgan, wgan-gp.*give its path"):
        load_recording("dcgam")


def test_paths_as_text_or_path_and_a_missing_file(saved):
    assert same(load_recording(str(saved)), load_recording(saved))
    with pytest.raises(FileNotFoundError, match="no file"):
        load_recording(saved.with_name("absent.npz"))
    assert repr(load_recording(saved)) == "<Recording 'run': 3 moments, 20 steps>"


# ---------------------------------------------------------------------- saving


def test_a_failed_save_leaves_the_last_good_file(saved, monkeypatch):
    before = saved.read_bytes()

    def full_disk(file, **arrays):
        file.write(b"half of it")
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez_compressed", full_disk)
    with pytest.raises(OSError, match="no space"):
        make_recorder().save(saved)
    assert saved.read_bytes() == before


def test_saving_again_and_again_while_it_grows(tmp_path):
    recorder = make_recorder()
    recorder.save(tmp_path / "run.npz")
    recorder.add_samples(1000, np.zeros((4, 6, 5), np.uint8))
    recorder.save(tmp_path / "run.npz")
    assert load_recording(tmp_path / "run.npz").steps.tolist() == [0, 10, 20, 1000]
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]


def test_the_same_run_gives_the_same_file(tmp_path):
    for name in ("a", "b"):
        make_recorder(clock=lambda: 0.0).save(tmp_path / f"{name}.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_bright_moment_is_read_as_the_others_are(tmp_path):
    """Samples of a generator that happen to have no dark pixel warn at most, and only before any has been dark."""
    recorder = RunRecorder({}, machine=MACHINE, grey_levels=256)
    bright, dark = np.eye(2, dtype=np.float32)[None], np.full((1, 2, 2), -0.5, np.float32)
    with pytest.warns(UserWarning, match=r"read as \[0, 1\]"):
        recorder.add_samples(0, bright)
    recorder.add_samples(1, dark)
    recorder.add_samples(2, bright)
    recorder.add_samples(3, torch.from_numpy(bright), scale="unit")
    recorder.add_samples(4, torch.from_numpy(bright).requires_grad_(), scale="symmetric")
    recorder.save(tmp_path / "run.npz")
    run = load_recording(tmp_path / "run.npz")
    assert [int(run.samples(step).flat[1]) for step in range(5)] == [0, 64, 128, 0, 128]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda r: r.add_samples(20, np.zeros((4, 6, 5), np.uint8)), "after 20"),
        (lambda r: r.add_samples(30.5, np.zeros((4, 6, 5), np.uint8)), "whole number"),
        (lambda r: r.add_samples(30, np.zeros((3, 6, 5), np.uint8)), "every moment shows the same latents"),
        (lambda r: r.add_samples(30, np.zeros((4, 2, 6, 5), np.uint8)), "pictures must have the shape"),
        (lambda r: r.add_samples(30, np.full((4, 6, 5), 200.0)), r"\[-1, 1\]; got float64.*200"),
        (lambda r: r.add_samples(30, np.full((4, 6, 5), np.nan)), "nan"),
        (lambda r: r.add_samples(30, np.zeros((4, 6, 5), np.int64)), "int64"),
        (lambda r: r.add_metrics(20, d_real=0.5), "after 20"),
        (lambda r: r.add_metrics([21, 21], d_real=[0.5, 0.5]), "increase"),
        (lambda r: r.add_metrics([21, 22], d_real=[0.5]), "one value a step"),
        (lambda r: r.add_metrics(21, **{"a/b": 0.5}), "letters, digits and underscores"),
        (lambda r: r.add_evaluation(-1, purity=3), "from 0 on"),
        (lambda r: r.save("run.zip"), "a recording is a .npz file"),
    ],
)
def test_mistakes_are_named_and_change_nothing(tmp_path, action, message):
    recorder, untouched = make_recorder(clock=lambda: 0.0), make_recorder(clock=lambda: 0.0)
    with pytest.raises(ValueError, match=message):
        action(recorder)
    for name, each in (("a", recorder), ("b", untouched)):
        each.save(tmp_path / f"{name}.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_mistake_in_one_metric_records_none_of_them():
    recorder = make_recorder()
    with pytest.raises(ValueError, match="one value a step"):
        recorder.add_metrics([21, 22], d_fake=[0.1, 0.2], d_real=[0.5])
    # nothing of the first try is in the way
    recorder.add_metrics([21, 22], d_fake=[0.1, 0.2], d_real=[0.5, 0.5])


@pytest.mark.parametrize(
    ("recipe", "options", "message"),
    [
        ("mlp", {}, "a dataclass or a dictionary"),
        ({"activation": np.tanh}, {}, "plain values that JSON can hold"),
        ({"clip": float("inf")}, {}, "neither NaN nor inf"),
        (RECIPE, {"grey_levels": 1}, "2 to 256"),
    ],
)
def test_a_recipe_that_cannot_be_written_is_refused_before_the_training(recipe, options, message):
    with pytest.raises(ValueError, match=message):
        RunRecorder(recipe, **options)


def test_nothing_to_save(tmp_path):
    with pytest.raises(ValueError, match="at least one moment"):
        RunRecorder(RECIPE).save(tmp_path / "run.npz")


def test_too_short_a_schedule():
    with pytest.raises(ValueError, match="total is 0; it must be a whole number of at least 1"):
        schedule(0)


# ---------------------------------------------------------------------- the machine, and torch


def test_the_machine_is_described_in_plain_values():
    about = machine.describe_machine()
    assert json.loads(json.dumps(about)) == about
    assert about["cpu"]
    assert about["cores"] >= 1
    assert about["device"] == "cpu"
    assert about["numpy"] == np.__version__


def test_the_machine_knows_torch_where_it_is_in_use():
    torch = pytest.importorskip("torch")
    about = machine.describe_machine()
    assert about["torch"] == torch.__version__
    assert about["threads"] == torch.get_num_threads()
