"""`make` in folders that people really have: with blanks in the name, renamed, or with another Python than last month.

The environments here are real but empty: what would be installed is a handful of modules that say how they were called.
"""

import shlex
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")

MODULES = ("pip", "jupyterlab", "ruff", "mypy", "pytest")
AGAIN = ".venv was made in another folder, or its Python is gone or another one: it is made again."


@pytest.fixture
def folder(root, tmp_path):
    """A course folder with a name that a shell could trip over."""
    folder = tmp_path / "Anna's GAN course"
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(root / name, folder)
    return folder


@pytest.fixture
def make(tmp_path):
    """make(folder, target): its output, with a Python whose environments have nothing but MODULES."""
    modules = tmp_path / "modules"
    for name in MODULES:
        (modules / name).mkdir(parents=True)
        (modules / name / "__init__.py").touch()
        (modules / name / "__main__.py").write_text(f"import sys; print('{name}: ' + str(sys.argv[1:]))\n")
    real = shlex.quote(sys.executable)
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\n[ "$2" = venv ] || exec {real} "$@"\n'
        f'{real} -m venv --without-pip "$3" && cp -R {shlex.quote(str(modules))}/* "$3"/lib/python*/site-packages\n'
        'echo "print(\'lint-imports\')" > "$3/bin/lint-imports"\n'
    )
    python.chmod(0o755)

    def run(folder, *targets):
        command = ["make", f"PYTHON={python}", *targets]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_a_folder_may_have_blanks_in_its_name(folder, make):
    first = make(folder, "lab")
    assert first.count("pip: ['install'") == 1
    assert f"'--LabApp.app_settings_dir={folder}/.jupyter'" in first.replace('"', "'")
    again = make(folder, "lab")
    assert "pip:" not in again
    assert "jupyterlab:" in again
    tested = make(folder, "test")
    assert "'.[lab,test,site]'" in tested
    for tool in ("ruff: ['check'", "lint-imports", "mypy: []", "pytest: ["):
        assert tool in tested


def rename(folder):
    return folder.rename(folder.with_name("next term"))


def lose_the_interpreter(folder):
    for python in (folder / ".venv/bin").glob("python*"):
        python.unlink()
        python.symlink_to("/a/python/that/was/removed")
    return folder


def upgrade(folder):
    (old,) = (folder / ".venv/lib").iterdir()
    old.rename(old.with_name("python3.7"))
    return folder


@pytest.mark.parametrize("event", [rename, lose_the_interpreter, upgrade])
def test_an_environment_that_no_longer_fits_is_made_again(folder, make, event):
    make(folder, "lab")
    folder = event(folder)
    assert AGAIN not in make(folder, "help")
    assert (folder / ".venv/.lab-installed").exists()  # help touches nothing
    out = make(folder, "lab")
    assert AGAIN in out
    assert "pip: ['install'" in out
    assert "jupyterlab:" in out
    after = make(folder, "lab")
    assert AGAIN not in after
    assert "pip:" not in after


def test_a_link_to_the_environment_of_another_copy_is_fine(folder, make):
    copy = folder.with_name("second copy")
    shutil.copytree(folder, copy)
    make(folder, "lab")
    (copy / ".venv").symlink_to(folder / ".venv")
    assert AGAIN not in make(copy, "lab")
