"""What writes a recording; its format is described in :mod:`course_utils.recording`, which offers these names."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from course_utils import checks
from course_utils.checks import whole
from course_utils.datasets.scaling import Scale, read_pictures, to_bytes
from course_utils.files import replacing
from course_utils.recording.curves import thin
from course_utils.runtime import describe_machine

FORMAT, VERSION = "course_utils.recording", 1
GREY_LEVELS = 16


def schedule(total: int, moments: int = 80) -> np.ndarray:
    """At which steps to look at a run: 0, then logarithmically up to a tenth of it, then evenly to its end.

    Returns
    -------
    int64, strictly increasing from 0 to ``total``: ``moments`` of them, or every step where there are fewer.

    Raises
    ------
    ValueError
        for less than one step or two moments.
    """
    total = whole("total", total)
    moments = min(whole("moments", moments, at_least=2), total + 1)
    tenth = max(1.0, total / 10)
    early = np.geomspace(1, tenth, (moments - 1) // 2)
    late = np.linspace(tenth, total, moments - len(early))[1:]
    steps = np.rint(np.concatenate([[0], early, late])).astype(np.int64)
    # Steps are whole: where the logarithm is slower than that, it takes every step, and leaves room for those to come.
    place = np.arange(moments)
    return np.minimum(np.maximum.accumulate(steps - place), total + 1 - moments) + place


class RunRecorder:
    """Collects what a run shows, and writes it to one file, as often as you like.

    Parameters
    ----------
    recipe : what was trained, a dataclass or a mapping of plain values (None, bool, numbers, strings, and lists, tuples
        and mappings of them).
    title, note : one line each, for the people who will replay it.
    machine : where it was trained; None takes :func:`describe_machine`.
    grey_levels : how many shades of grey to keep, 2 to 256.
    clock : seconds that go by; ``seconds`` of the recording count from here on.

    Raises
    ------
    ValueError
        for a recipe of another kind or with values that JSON cannot hold, or another number of grey levels.
    """

    def __init__(
        self,
        recipe: Any,
        *,
        title: str = "",
        note: str = "",
        machine: Mapping[str, Any] | None = None,
        grey_levels: int = GREY_LEVELS,
        clock: Callable[[], float] = time.perf_counter,
    ):
        self.title, self.note = (
            checks.instance(name, words, str, "one line of words")
            for name, words in (("title", title), ("note", note))
        )
        checks.instance("machine", machine, (Mapping, NoneType), "a dictionary, or None for this one")
        if not is_dataclass(recipe) and not isinstance(recipe, Mapping):
            raise ValueError(f"recipe must be a dataclass or a dictionary of all settings; got {recipe!r}.")
        self.recipe = dict(recipe) if isinstance(recipe, Mapping) else asdict(recipe)  # type: ignore[arg-type]
        self.machine = describe_machine() if machine is None else dict(machine)
        self._grey_levels = whole("grey_levels", grey_levels, 2, 256)
        self._clock, self._start = clock, clock()
        self._steps: list[int] = []
        self._seconds: list[float] = []
        self._pictures: list[np.ndarray] = []
        self._floats: Scale | None = None
        self._metrics: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
        self._evaluations: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
        self._header()  # now, not after hours of training, is the time to hear of a recipe that cannot be written

    def add_samples(self, step: int, pictures: ArrayLike, *, scale: Scale | None = None) -> None:
        """What the generator makes of the fixed latents at that step.

        Parameters
        ----------
        step : after how many training steps; later than the moment before.
        pictures : (n, h, w) or (n, 1, h, w), as many and as large every time; bytes, or floats in [-1, 1] as a
            generator gives them, or in [0, 1].
        scale : that of the pictures; None goes by the rule of :func:`~course_utils.datasets.scaling.scale_of`, and
            takes all floats for symmetric once some were.

        Raises
        ------
        ValueError
            for another shape, type or range, or a step that does not follow.
        """
        if scale is None and "float" in str(getattr(pictures, "dtype", "float")):
            scale = self._floats  # one bright moment of a run in [-1, 1] is no run in [0, 1]
        read, scale = read_pictures("pictures", pictures, scale)
        if scale == "symmetric":
            self._floats = scale
        pictures = np.asarray(to_bytes(read, scale))
        if self._pictures and pictures.shape != self._pictures[0].shape:
            raise ValueError(
                f"the pictures of step {step} have shape {pictures.shape}, those before had {self._pictures[0].shape}: "
                "every moment shows the same latents."
            )
        step = int(_check_steps(whole("step", step, 0), self._steps[-1] if self._steps else -1, "samples")[0])
        shade = np.rint(np.arange(256) / 255 * (self._grey_levels - 1))
        rounded = np.rint(shade * 255 / (self._grey_levels - 1)).astype(np.uint8)
        self._pictures.append(rounded[pictures])
        self._steps.append(step)
        self._seconds.append(self._clock() - self._start)

    def add_metrics(self, step: ArrayLike, **values: ArrayLike) -> None:
        """What training measures all along: at one step, or at many steps (k,) with values (k,) each.

        Every metric is kept in full until :meth:`save`, which thins it (:func:`thin`). NaN and inf may be recorded.

        Raises
        ------
        ValueError
            for a length that does not fit, or steps that do not follow those already there.
        """
        _add(self._metrics, step, values)

    def add_evaluation(self, step: int, **values: float) -> None:
        """What is measured now and then (the Fréchet distance, modes covered, ...); raises as :meth:`add_metrics`."""
        _add(self._evaluations, step, values)

    def save(self, path: str | Path) -> int:
        """Write everything so far; returns the size in bytes.

        The file appears under its name when it is complete, so a run that is killed leaves the last good one.

        Raises
        ------
        ValueError
            when there are no samples yet, or the name does not end in ``.npz``.
        """
        path = checks.path("path", path)
        if path.suffix != ".npz":
            raise ValueError(f"a recording is a .npz file; got {path.name!r}.")
        if not self._pictures:
            raise ValueError("nothing to save yet: a recording needs the samples of at least one moment.")
        arrays = {
            "sample_steps": np.array(self._steps, np.int64),
            "sample_seconds": np.array(self._seconds, np.float32),
            "samples": np.stack(self._pictures),
        }
        for name, chunks in self._metrics.items():
            at, values = map(np.concatenate, zip(*chunks, strict=True))
            curve = thin(at, values)
            with np.errstate(over="ignore"):  # beyond float32 lies inf: a curve that explodes should show it
                arrays[f"metrics/{name}"] = np.stack([curve.values, curve.low, curve.high]).astype(np.float32)
            arrays[f"metric_steps/{name}"] = curve.steps
        for name, chunks in self._evaluations.items():
            steps, values = map(np.concatenate, zip(*chunks, strict=True))
            arrays |= {f"evaluations/{name}": values, f"evaluation_steps/{name}": steps}
        header = np.array(self._header(list(arrays)))
        with replacing(path) as part, part.open("wb") as file:
            np.savez_compressed(file, header=header, **arrays)  # type: ignore[arg-type] # names, not settings
        return path.stat().st_size

    def _header(self, arrays: Sequence[str] = ()) -> str:
        machine = {"seconds": round(self._clock() - self._start, 1), **self.machine}
        header = {
            "format": FORMAT,
            "version": VERSION,
            "title": self.title,
            "note": self.note,
            "recipe": self.recipe,
            "machine": machine,
            "grey_levels": self._grey_levels,
            "arrays": arrays,
        }
        try:
            return json.dumps(header, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(
                "recipe and machine must be plain values that JSON can hold (None, True, numbers, strings, lists, "
                f"dictionaries; neither NaN nor inf): {error}."
            ) from error


def _check_steps(step: ArrayLike, last: int, what: str) -> np.ndarray:
    given = np.atleast_1d(checks.array("step", step))
    steps = given.astype(np.int64) if given.dtype.kind in "iu" or given.size == 0 else None
    if steps is None or steps.ndim != 1 or not (np.diff(steps, prepend=last) > 0).all():
        after = f"after {last:,}" if last >= 0 else "from 0 on"
        raise ValueError(f"{what}: steps must be whole numbers that increase, {after}; got {step!r}.")
    return steps


def _add(log: dict[str, list[Any]], step: ArrayLike, values: Mapping[str, ArrayLike]) -> None:
    chunks = {}
    for name, value in values.items():
        if not (name.isascii() and name.isidentifier()):
            raise ValueError(f"{name!r} cannot be recorded: a name has letters, digits and underscores only.")
        last = int(log[name][-1][0][-1]) if name in log else -1
        steps, given = _check_steps(step, last, name), np.atleast_1d(checks.array(name, value))
        if given.shape != steps.shape or given.dtype.kind not in "iufb":
            raise ValueError(
                f"{name} is {given.dtype} of shape {given.shape} for {len(steps)} steps; expected one value a step."
            )
        chunks[name] = (steps, given.astype(np.float64))
    # Only now, so that a mistake in one name leaves all of them as they were.
    for name, chunk in chunks.items():
        if len(chunk[0]):
            log.setdefault(name, []).append(chunk)
