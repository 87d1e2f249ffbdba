"""Modules that have moved keep their old names: a notebook that a student saved last term still imports them."""

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

MOVED = {  # old name -> new name, both without "course_utils."
    "apps.clicks": "apps.frame.clicks",
    "apps.controls": "apps.frame",
    "apps.live": "apps.frame",
    "apps.playground_measures": "apps.playground.measurements",
    "apps.playground_settings": "apps.playground.settings",
    "apps.presence": "apps.frame.presence",
    "apps.rows": "apps.frame.rows",
    "critics": "gan.judges",
    "curves": "recording.curves",
    "dirac": "games.dirac",
    "downloads": "datasets.downloads",
    "dynamics": "games.dynamics",
    "gan.bugs": "gan.playground.bugs",
    "gan.classifier": "gan.metrics.classifier",
    "gan.ema": "training.average",
    "gan.frechet": "gan.metrics.frechet",
    "gan.graphs": "training.graphs",
    "gan.guard": "training.guard",
    "gan.log": "training.log",
    "gan.loop": "gan.adversarial",
    "gan.points": "gan.trainer",
    "gan.neighbours": "gan.metrics.neighbours",
    "gan.plane": "gan.playground.plane",
    "gan.presets": "gan.playground.presets",
    "gan.rewind": "gan.playground.history",
    "gan.state": "training.state",
    "line_distances": "divergences.lines",
    "linear_dynamics": "games.theory",
    "machine": "runtime",
    "measures": "transport.measures",
    "plots.style": "plots.palette",
    "rerouting": "transport.hints",
    "sinkhorn": "transport.entropic",
    "transport_1d": "transport.line",
    "style.objective": "style.perceptual",
    "two_player": "games.game",
}


class _Alias(MetaPathFinder, Loader):
    """Answers to the old names, with the very module that has the new one."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, name = fullname.partition(".")
        return ModuleSpec(fullname, self) if package == "course_utils" and name in MOVED else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(f"course_utils.{MOVED[spec.name.partition('.')[2]]}")
        spec.loader_state = module.__spec__  # the import system is about to put the alias's there
        return module

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state


def install() -> None:
    if not any(isinstance(finder, _Alias) for finder in sys.meta_path):
        sys.meta_path.append(_Alias())
