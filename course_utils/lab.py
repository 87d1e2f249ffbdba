"""What a Jupyter server has to know of the lessons: opening one must not change it.

As soon as its kernel runs, JupyterLab writes into a notebook's metadata which Python that is, to the last digit of the
version. From then on the tab is marked as changed, asks "Save your work?", and autosave rewrites the file, so that a
clone of the course is "modified". So lessons are handed out with what JupyterLab would write, and saved without it.

JupyterLab also leaves out what a stored picture says to who does not see it. The extension of its page in labextension/
gives each picture its alternative text, and this one lets the page have it.

This is an extension of the server, which ``make lab`` switches on. ``python -m course_utils.lab`` does so once and for
all servers of an environment; ``jupyter server extension disable course_utils.lab`` takes it back.
"""

import sys
from pathlib import Path
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado.web import HTTPError

from course_utils.files import write_json

NAME = "course_utils.lab"

# The only word of a lesson's language_info, and the sign of those that are meant here.
STORED = {"name": "python"}

PAGE = Path(__file__).parent / "labextension"  # what the page of JupyterLab, or of Jupyter Notebook, loads


class Lessons(AsyncLargeFileManager):
    """The usual files, but notebooks that name no version on the disk name the Python that runs here while open."""

    async def get(self, path: str, content: bool = True, *arguments: Any, **options: Any) -> Any:
        model = await super().get(path, content, *arguments, **options)
        if content and model["type"] == "notebook":
            metadata = model["content"]["metadata"]
            if metadata.get("language_info") == STORED:
                metadata["language_info"] = dict(IPythonKernel.language_info)
        return model

    async def save(self, model: dict[str, Any], path: str = "") -> Any:
        if model["type"] == "notebook" and model.get("content") and await self.file_exists(path):
            metadata = model["content"]["metadata"]
            try:
                stored = (await super().get(path, type="notebook"))["content"]["metadata"].get(
                    "language_info"
                )
            except HTTPError:  # what is on the disk is no notebook any more (a merge left its marks, say)
                stored = None
            if stored == STORED and metadata.get("language_info", {}).get("name") == STORED["name"]:
                metadata["language_info"] = dict(STORED)
        return await super().save(model, path)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": NAME}]


def _load_jupyter_server_extension(server: Any) -> None:
    """Called by the server, before the applications that make pages. A class server that keeps its files in another way
    is left alone."""
    if type(server.contents_manager) is AsyncLargeFileManager:
        server.contents_manager.__class__ = Lessons
    for apps in server.extension_manager.extension_apps.values():
        for app in apps:
            if hasattr(app, "extra_labextensions_path"):
                app.extra_labextensions_path = [*app.extra_labextensions_path, str(PAGE)]


def main() -> None:
    path = Path(sys.prefix, "etc", "jupyter", "jupyter_server_config.d", f"{NAME}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"ServerApp": {"jpserver_extensions": {NAME: True}}})
    print(f"Opening a lesson changes it no more, on every Jupyter server of this environment: wrote {path}")


if __name__ == "__main__":
    main()
