"""Which app stands in which cell: running a cell again closes the apps of its last run."""

from typing import Any, Protocol


class Closable(Protocol):
    """What stands in a cell."""

    def close(self) -> None: ...


_apps: dict[str, tuple[str, list[Closable]]] = {}  # cell -> the request that ran it, and its apps


def took_over(app: Closable) -> None:
    """An app was made in the cell that runs now: close those that an earlier run of it had made."""
    cell, request = _running()
    if not cell:
        return
    before, apps = _apps.get(cell, ("", []))
    if before != request:
        for earlier in apps:
            earlier.close()
        apps = []
    _apps[cell] = request, [*apps, app]


def _running() -> tuple[str, str]:
    """The front end's name of the cell that runs now, and of the request to run it; empty outside of notebooks."""
    try:
        from IPython import get_ipython

        parent: dict[str, Any] = get_ipython().kernel.get_parent("shell")
        return parent["metadata"].get("cellId", ""), parent["header"]["msg_id"]
    except (AttributeError, ImportError, KeyError):
        return "", ""
