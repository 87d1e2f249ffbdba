"""The project's own files agree with each other."""

import hashlib
import re
import shutil
import subprocess
import tomllib

import nbformat
import numpy as np
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import course_utils
from course_utils.runtime import load_results

# where conda-forge has another name than PyPI
CONDA_NAMES = {"torch": "pytorch", "POT": "pot", "playwright": "playwright-python"}


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def requirements(project) -> list[Requirement]:
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    return [Requirement(line) for group in groups for line in group]


@pytest.fixture(scope="module")
def environment(root):
    return yaml.safe_load((root / "environment.yml").read_text())


def conda_specs(environment) -> dict[str, SpecifierSet]:
    """Name -> range for every package of environment.yml, from conda-forge or from its pip section."""
    specs = {}
    for line in environment["dependencies"]:
        for spec in line["pip"] if isinstance(line, dict) else [line]:
            if spec.startswith("-e"):
                continue
            requirement = Requirement(spec)  # every spec must parse
            specs[requirement.name] = requirement.specifier
    return specs


def test_conda_and_pip_ask_for_the_same(project, requirements, environment):
    wanted = {CONDA_NAMES.get(r.name, r.name): r.specifier for r in requirements}
    found = conda_specs(environment)
    assert found.pop("python") == SpecifierSet(project["requires-python"])
    assert found.pop("pip") == SpecifierSet()
    assert found == wanted


def test_conda_takes_one_channel_and_installs_the_package_itself(environment):
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    (pip,) = [line["pip"] for line in environment["dependencies"] if isinstance(line, dict)]
    assert "-e ." in pip


def test_tested_versions_lie_in_the_ranges(root, requirements):
    lines = (root / "constraints.txt").read_text().splitlines()
    pins = {line.split("==")[0].lower(): line.split("==")[1] for line in lines if "==" in line}
    for requirement in requirements:
        assert pins[requirement.name.lower()] in requirement.specifier, requirement
    assert pins["torch"] == "2.13.0"  # no local tag such as +cpu: the same line serves every build
    assert not [version for version in pins.values() if "+" in version]


def test_make_lab_on_a_cpu_takes_pytorchs_own_index(root, tmp_path):
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    show = ["make", "--dry-run", "--no-print-directory", "lab", f"VENV={tmp_path / 'venv'}"]
    plain = subprocess.run(show, cwd=root, capture_output=True, text=True, check=True).stdout
    cpu = subprocess.run([*show, "TORCH=cpu"], cwd=root, capture_output=True, text=True, check=True).stdout
    assert "download.pytorch.org/whl/cpu" not in plain
    assert re.search(r"pip install .*torch.* --index-url https://download\.pytorch\.org/whl/cpu", cpu)
    assert cpu.index("whl/cpu") < cpu.index("[lab]")
    unknown = subprocess.run([*show, "TORCH=gpu"], cwd=root, capture_output=True, text=True)
    assert unknown.returncode != 0
    assert "TORCH=gpu is not known" in unknown.stderr


def test_shipped_data_is_listed_with_its_hash(root):
    tracked = subprocess.run(["git", "ls-files", "data"], cwd=root, capture_output=True, text=True)
    if tracked.returncode != 0:
        pytest.skip("not a git checkout")
    rows = re.findall(
        r"^\| `([^`]+)` \|.*\| `?([0-9a-f]{64})`? \|$", (root / "data/README.md").read_text(), re.M
    )
    listed = {f"data/{name}": digest for name, digest in rows}
    # what made it, and what benchmarks have measured, are not data from elsewhere
    own = {name for name in tracked.stdout.split() if name.startswith(("data/make/", "data/measured/"))}
    shipped = set(tracked.stdout.split()) - {"data/README.md"} - own
    assert set(listed) == shipped
    for name, digest in listed.items():
        assert hashlib.sha256((root / name).read_bytes()).hexdigest() == digest, name


def test_the_start_page_and_the_readme_name_every_lesson(root):
    lessons = sorted(
        path.name for path in (root / "notebooks").glob("[01]*.ipynb") if not path.name.startswith("00")
    )
    for page in ("README.md", "notebooks/00_start_here.ipynb"):
        text = (root / page).read_text()
        assert [name for name in lessons if name not in text] == [], page


def test_seconds_and_megabytes_on_the_pages_are_the_measured_ones(root):
    """benchmarks/lessons.py measures them, all in one run or some again; its claims are of all of them."""
    measured = load_results("lessons")
    rows = measured["lessons"]
    assert sorted(rows) == sorted(path.stem for path in (root / "notebooks").glob("*.ipynb"))
    for name, claim in measured["claims"].items():
        assert claim["value"] == max(row[name] for row in rows.values())
        assert claim["holds"] == (claim["value"] <= claim["limit"])
    start = nbformat.read(root / "notebooks/00_start_here.ipynb", 4)
    pages = (root / "README.md").read_text(), "\n".join(cell.source for cell in start.cells)
    for name in sorted(rows)[1:]:
        time = f"{rows[name]['seconds']:.0f} s"
        for page, told in zip(
            pages, (f"| {time} | {rows[name]['megabytes']:.0f} MB |", f"| {time} |"), strict=True
        ):
            (row,) = [line for line in page.splitlines() if re.match(rf"\| \[.*{name}\.ipynb\)", line)]
            assert told in row, row


def test_speeds_on_the_front_page_are_the_measured_ones(root):
    page = (root / "README.md").read_text()
    cases = load_results("gan")["speed"]["cases"]
    ours, half = (
        [(name, case["times"][who]["speedup"]) for name, case in cases.items()]
        for who in ("ours", "ours, bfloat16")
    )
    assert f"| {', '.join(f'{name} {value:.2f}' for name, value in ours)} times as fast |" in page
    assert f"| {', '.join(f'{value:.2f}' for _, value in half)} times (goal" in page
    seconds = load_results("time_to_quality")["seconds"]["dcgan-fast"]
    assert f"| {np.median(seconds['60']):.0f} and {np.median(seconds['20']):.0f} |" in page
    style = load_results("style")["rows"]
    assert f"| {style['float32']['speed_up']} times as fast in float32, to a lower loss;" in page
    assert style["float32"]["lowest_loss"] < style["reference"]["lowest_loss"]
    assert f"; {style['bfloat16']['speed_up']} times in bfloat16 (goal" in page
    first = max(row["start"] for row in load_results("lessons")["lessons"].values())
    assert f"| {first:.1f} s |" in page


def test_there_is_one_version_number(root, project):
    assert project["dynamic"] == ["version"]  # pyproject takes it from course_utils.__version__
    citation = yaml.safe_load((root / "CITATION.cff").read_text())
    assert "version" not in citation
    assert citation["license"] == project["license"]
    assert citation["title"] == project["description"]
    assert f"## {course_utils.__version__}" in (root / "CHANGELOG.md").read_text()


def test_hosted_ci_and_commit_hooks_call_what_make_test_calls(root):
    workflow = yaml.safe_load((root / ".github/workflows/test.yml").read_text())
    steps = [step.get("run", "") for step in workflow["jobs"]["test"]["steps"]]
    assert steps[-2:] == ["make test TORCH=cpu", "make offline TORCH=cpu"]
    recipe = (root / "Makefile").read_text()
    (hooks,) = yaml.safe_load((root / ".pre-commit-config.yaml").read_text())["repos"]
    for hook in hooks["hooks"][:4]:
        tool = hook["entry"].split()[0].removeprefix(".venv/bin/")
        assert re.search(rf"\$\((RUN\) |BIN\)/){tool}\b", recipe), tool
