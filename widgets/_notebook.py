"""What is known of the notebook that this runs in, if any."""

from __future__ import annotations

from typing import Any


def in_notebook() -> bool:
    """True in a Jupyter kernel; a terminal or a script shows nothing by itself."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return shell is not None and getattr(shell, "kernel", None) is not None


def running_cell() -> tuple[str, str]:
    """Id of the notebook's cell that runs, and of this run of it; empty where there is none."""
    from IPython.core.getipython import get_ipython

    parent: dict[str, Any] = getattr(get_ipython(), "get_parent", dict)()
    cell = parent.get("metadata", {}).get("cellId", "")
    return str(cell), str(parent.get("header", {}).get("msg_id", ""))
