"""JupyterLab reads this when it is started in this folder. Opening a lesson must not change it.

As soon as its kernel runs, JupyterLab writes into a notebook's metadata which Python that is, to the last digit of the
version. From then on the tab is marked as changed, asks "Save your work?", and autosave rewrites the file, so that a
clone of the course is "modified". So lessons are handed out with what JupyterLab would write, and saved without it.
"""

from typing import Any

from ipykernel.ipkernel import IPythonKernel
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

STORED = {"name": "python"}


class Lessons(AsyncLargeFileManager):
    """The usual files, but notebooks name the Python that runs here as long as they are open, and none on the disk."""

    async def get(self, path: str, content: bool = True, *arguments: Any, **options: Any) -> Any:
        model = await super().get(path, content, *arguments, **options)
        if content and model["type"] == "notebook":
            metadata = model["content"]["metadata"]
            if metadata.get("language_info") == STORED:
                metadata["language_info"] = dict(IPythonKernel.language_info)
        return model

    async def save(self, model: dict[str, Any], path: str = "") -> Any:
        if model["type"] == "notebook" and "content" in model:
            metadata = model["content"]["metadata"]
            if metadata.get("language_info", {}).get("name") == "python":
                metadata["language_info"] = dict(STORED)
        return await super().save(model, path)


c = get_config()  # type: ignore[name-defined] # noqa: F821
c.ServerApp.contents_manager_class = Lessons
