"""Opening a lesson does not change it, on a Jupyter server with the extension `course_utils.lab`."""

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from jupyter_server.extension.config import ExtensionConfigManager
from jupyter_server.extension.utils import validate_extension
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from jupyterlab_server.config import get_federated_extensions

from course_utils import lab


@pytest.fixture
def server(tmp_path):
    """A server of these files, with the extension."""
    manager = SimpleNamespace(extension_apps={})
    files = AsyncLargeFileManager(root_dir=str(tmp_path))
    server = SimpleNamespace(contents_manager=files, extension_manager=manager)
    lab._load_jupyter_server_extension(server)
    return server


def open_and_save(server, language_info):
    """What a lab does with a notebook: the Python that it got, what it then writes, and what is on the disk after."""

    async def do():
        files = server.contents_manager
        model = await files.get("a.ipynb")
        got = dict(model["content"]["metadata"]["language_info"])
        model["content"]["metadata"]["language_info"] = language_info
        await files.save(model, "a.ipynb")
        return got

    return asyncio.run(do())


def write(tmp_path, language_info):
    path = tmp_path / "a.ipynb"
    nbformat.write(nbformat.v4.new_notebook(metadata={"language_info": language_info}), path)
    return path


def test_a_lesson_is_handed_out_with_the_python_that_runs_and_saved_without_it(server, tmp_path):
    path = write(tmp_path, {"name": "python"})
    before = path.read_bytes()
    full = {"name": "python", "version": "3.99.1"}
    assert "version" in open_and_save(server, full)
    assert path.read_bytes() == before


@pytest.mark.parametrize("stored", [{"name": "python", "version": "3.11.2"}, {"name": "R"}])
def test_other_notebooks_are_left_alone(server, tmp_path, stored):
    path, new = write(tmp_path, stored), {"name": "python", "version": "3.99.1"}
    assert open_and_save(server, new) == stored
    assert json.loads(path.read_text())["metadata"]["language_info"] == new


def test_what_is_damaged_on_the_disk_can_be_saved_over(server, tmp_path):
    path = write(tmp_path, {"name": "python"})
    model = asyncio.run(server.contents_manager.get("a.ipynb"))
    path.write_text("<<<<<<< HEAD")  # of a merge, while the lesson is open
    asyncio.run(server.contents_manager.save(model, "a.ipynb"))
    nbformat.read(path, as_version=4)


def test_so_is_a_server_that_keeps_its_files_in_another_way_but_its_pages_get_their_extension():
    class Elsewhere(AsyncLargeFileManager):
        pass

    lab_app, other = SimpleNamespace(extra_labextensions_path=["mine"]), SimpleNamespace()
    manager = SimpleNamespace(extension_apps={"jupyterlab": [lab_app], "nbclassic": [other]})
    server = SimpleNamespace(contents_manager=Elsewhere(), extension_manager=manager)
    lab._load_jupyter_server_extension(server)
    assert type(server.contents_manager) is Elsewhere
    assert lab_app.extra_labextensions_path[0] == "mine"
    found = get_federated_extensions(lab_app.extra_labextensions_path)  # as the lab finds it
    assert list(found) == ["course-alt"]
    folder = Path(found["course-alt"]["ext_path"])
    assert (folder / found["course-alt"]["jupyterlab"]["_build"]["load"]).is_file()


def test_one_command_switches_it_on_for_every_server_of_the_environment(root, tmp_path, monkeypatch):
    command = "python -m course_utils.lab"
    assert command in (root / "README.md").read_text()
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    lab.main()
    found = ExtensionConfigManager(read_config_path=[str(tmp_path / "etc/jupyter")])
    assert found.get_jpserver_extensions() == {command.split()[-1]: True}
    assert validate_extension(command.split()[-1])
