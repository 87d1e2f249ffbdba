"""The contracts in pyproject.toml catch what they are there for: each is broken on purpose in a copy of the package."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PLANTED = {  # file -> (what it says, the words with which the report must name it)
    "plots/zz.py": (
        "import torch\nfrom course_utils import gan\n",
        ["course_utils.plots.zz -> torch", "course_utils.plots.zz -> course_utils.gan"],
    ),
    "attic.py": ("from course_utils import apps\n", ["- course_utils.attic"]),
    "recording/zz.py": (
        "import torch\nfrom course_utils import apps\n",
        ["course_utils.recording.zz -> torch", "course_utils.recording.zz -> course_utils.apps"],
    ),
    "apps/zz.py": (
        "from course_utils.apps.frame.app import App\n",
        ["course_utils.apps.zz -> course_utils.apps.frame.app"],
    ),
    "games/zz.py": ("def late():\n    import torch\n", ["course_utils.games.zz -> torch"]),
    "training/zz.py": ("import course_utils.style\n", ["course_utils.training.zz -> course_utils.style"]),
    "gan/zz.py": (
        "from course_utils.gan import yy\nimport matplotlib\n",
        ["course_utils.gan.zz -> matplotlib"],
    ),
    "gan/yy.py": ("from course_utils.gan import zz\n", ["No cycles are allowed in course_utils.gan."]),
}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env={"PYTHONPATH": str(folder)}
    )


@pytest.fixture(scope="module")
def report(root, tmp_path_factory) -> str:
    house = tmp_path_factory.mktemp("house")
    shutil.copy(root / "pyproject.toml", house)
    shutil.copytree(
        root / "course_utils", house / "course_utils", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name, (text, _) in PLANTED.items():
        (house / "course_utils" / name).write_text(text)
    done = lint_imports(house)
    assert done.returncode != 0
    return " ".join(done.stdout.split())


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_violation_is_caught(name, report):
    for words in PLANTED[name][1]:
        assert words in report


def test_every_contract_was_broken(report):
    assert "Contracts: 0 kept" in report


def test_every_app_that_is_a_package_is_in_the_contract_on_widgets(root):
    """import-linter has no pattern for "all packages in apps but the frame"."""
    contracts = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (widgets,) = (each for each in contracts if each["name"] == "Controllers never import widgets")
    packages = {path.parent.name for path in (root / "course_utils/apps").glob("*/__init__.py")} - {"frame"}
    missing = {f"course_utils.apps.{name}.*" for name in packages} - set(widgets["source_modules"])
    assert not missing


def test_no_module_imports_a_front_that_it_stands_behind(root):
    """`import course_utils.gan` inside gan would be a circle that the contracts, which compare siblings, cannot see."""
    import grimp

    graph = grimp.build_graph("course_utils", cache_dir=None)
    behind = {
        (module, front)
        for module in graph.modules
        for front in graph.find_modules_directly_imported_by(module)
        if module.startswith(f"{front}.")
    }
    assert behind == set()
