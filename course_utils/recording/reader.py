"""A training run in one small file, to be replayed with NumPy alone: no torch, no GPU, no network.

Write one while training, or afterwards from the trainer's history:

    recorder = RunRecorder(trainer.recipe, title="DCGAN on MNIST")
    for step in schedule(20_000, moments=80):            # 0, 1, 2, ... and evenly from a tenth on
        ...                                              # train up to that step
        recorder.add_samples(step, trainer.sample(64, seed=0))  # always the same latents
    recorder.add_metrics(range(1, 20_001), **trainer.history)
    recorder.save("notebooks/runs/mine.npz")

Read it: ``load_recording("dcgan")`` for one that ships in data/runs/, ``load_recording("notebooks/runs/mine.npz")`` for
your own; :func:`recordings` lists what ships.

The file, version 1, is an ordinary compressed ``.npz`` that ``np.load`` opens (no pickles):

    header                    a string of JSON: "format" (always "course_utils.recording"), "version", "title", "note",
                              "recipe", "machine", "grey_levels", "arrays" (the names of all that follow)
    sample_steps              int64 (moments,), strictly increasing; step 0 is before training
    sample_seconds            float32 (moments,), wall clock since the recorder was made
    samples                   uint8 (moments, n, h, w), 0 is black, 255 is white; the same n latents at every moment
    metrics/NAME              float32 (3, points): mean, lowest and highest value of a window of the training
    metric_steps/NAME         int64 (points,): the last step of each window
    evaluations/NAME          float64 (points,): what was measured now and then, never thinned
    evaluation_steps/NAME     int64 (points,)

Pictures are rounded to 16 grey levels. Noise compresses badly, so the hardest case is not real digits but a young
generator: 68 moments of 64 samples of recipe "mlp" (5,000 steps) take 2.7 MB with 256 levels and 1.2 MB with 16, and
on the screen the two look the same; 80 moments of 64 real digits take 0.8 and 0.5 MB. PNG and lossless WebP gain
nothing over that.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from course_utils import checks, runtime
from course_utils.recording.curves import Curve
from course_utils.recording.writer import FORMAT, VERSION

FOLDER = "runs"  # in data/


@dataclass(frozen=True, eq=False)
class Recording:
    """A recorded run. The moments at which samples were taken are numbered from 0.

    Attributes
    ----------
    name : of the file, without its suffix.
    title, note : one line each, for people; may be empty.
    recipe, machine : plain dictionaries, as the recorder was given them.
    steps : (moments,), the training step of each moment; 0 is before training.
    seconds : (moments,), wall clock since recording began, all that was done between the steps included.
    metrics, evaluations : by name, as :class:`Curve`.
    pictures : uint8 (moments, n, h, w).
    """

    name: str
    title: str
    note: str
    recipe: dict[str, Any]
    machine: dict[str, Any]
    steps: np.ndarray
    seconds: np.ndarray
    pictures: np.ndarray
    metrics: dict[str, Curve]
    evaluations: dict[str, Curve]

    def __len__(self) -> int:
        """The number of moments."""
        return len(self.steps)

    def __repr__(self) -> str:
        return f"<Recording {self.name!r}: {len(self)} moments, {self.steps[-1]:,} steps>"

    def samples(self, moment: int) -> np.ndarray:
        """The pictures of a moment, uint8 (n, h, w); negative moments count from the end."""
        return self.pictures[checks.whole("moment", moment, -len(self), len(self) - 1)]

    def at(self, step: float) -> int:
        """The last moment that is not after ``step`` (the first one, where all are)."""
        return max(0, int(np.searchsorted(self.steps, checks.number("step", step), side="right")) - 1)


def recordings() -> tuple[str, ...]:
    """The names of the recorded runs that ship with the course, sorted; empty where there are none."""
    try:
        return tuple(sorted(path.stem for path in runtime.shipped(FOLDER).glob("*.npz")))
    except FileNotFoundError:
        return ()


def load_recording(name: str | Path) -> Recording:
    """Open a run that ships, by its name, or any recording, by its path.

    A path is a ``Path``, or a string that ends in ``.npz``.

    Raises
    ------
    FileNotFoundError
        when there is none.
    ValueError
        when the file is damaged, no recording, or of a newer version than this one.
    """
    path = checks.path("name", name)
    if name in recordings():
        path = runtime.shipped(f"{FOLDER}/{name}.npz")
    elif isinstance(name, str) and not name.endswith(".npz"):
        there = ", ".join(recordings()) or "none yet"
        raise FileNotFoundError(
            f"no recorded run is called {name!r}. These ship with the course: {there}. "
            "For a file of your own, give its path, with .npz at its end."
        )
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path} (looked for it in {Path.cwd()}).")
    content = path.read_bytes()
    if not content.startswith(b"PK"):  # as every .npz does
        what = "something else" if content else "empty"
        raise ValueError(f"{path} is no recording: those are .npz files, and this one is {what}.")
    try:
        arrays = _read_npz(content)
    except Exception as error:
        # Damaged bytes raise a dozen kinds of error, some from the depths of zlib; to the reader they are one.
        raise ValueError(
            f"{path} is damaged or cut short ({error}). Copy or record it again; if it ships with the course, "
            f"`git checkout {path.name}` in its folder brings it back."
        ) from error
    header = _read_header(path, arrays)
    try:
        return _build(path.stem, header, arrays)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is no proper recording: {error}.") from error


def _read_npz(content: bytes) -> dict[str, np.ndarray]:
    # Read whole, a member's checksum is compared before NumPy parses it.
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {
            member.removesuffix(".npy"): np.load(io.BytesIO(archive.read(member)), allow_pickle=False)
            for member in archive.namelist()
            if member.endswith(".npy")
        }


def _read_header(path: Path, arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    try:
        header = json.loads(str(arrays["header"]))
        kind, version = header["format"], int(header["version"])
    except (KeyError, TypeError, ValueError):
        kind, version = None, 0
    if kind != FORMAT:
        raise ValueError(
            f"{path} is no recording, but some other .npz file ({', '.join(arrays) or 'empty'})."
        )
    if version > VERSION:
        raise ValueError(
            f"{path} was written in version {version} of the format, and this course reads up to {VERSION}: "
            "update the course (git pull)."
        )
    return header


def _build(name: str, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Recording:
    # A checksum guards every array, but nothing in a zip archive notices when one is missing from its list.
    if set(arrays) != {"header", *header["arrays"]}:
        raise ValueError("it does not hold the arrays that its header lists")
    steps, seconds, pictures = arrays["sample_steps"], arrays["sample_seconds"], arrays["samples"]
    if pictures.dtype != np.uint8 or pictures.ndim != 4 or 0 in pictures.shape:
        raise ValueError(f"samples are {pictures.dtype} {pictures.shape}, not uint8 (moments, n, h, w)")
    if not len(steps) == len(seconds) == len(pictures):
        raise ValueError(f"{len(pictures)} moments have {len(steps)} steps and {len(seconds)} times")
    curves: dict[str, Any] = {"metrics": checks.Named(), "evaluations": checks.Named()}
    for key, values in arrays.items():
        group, _, metric = key.partition("/")
        if group in curves:
            rows = values if group == "metrics" else [values] * 3
            curve = Curve(arrays[f"{group[:-1]}_steps/{metric}"], *rows)
            if not curve.steps.shape == curve.values.shape == (len(curve),):
                raise ValueError(f"{metric} has {len(curve.steps)} steps for values of shape {values.shape}")
            curves[group][metric] = curve
    about = {key: header[key] for key in ("title", "note", "recipe", "machine")}
    return Recording(name, **about, steps=steps, seconds=seconds, pictures=pictures, **curves)
