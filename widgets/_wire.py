"""How a widget's data and the messages of its views travel. No widget."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def listen_beside_cells(comm: Any) -> None:
    """Let messages of views come over the subshell that they are sent to, where the kernel has subshells.

    ipykernel (7.4) leads them to the shell that last sent something: of a run that was begun in a cell the
    main one, where a click would wait until the cell ends that waits for the run.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, asked: asked


def pack(column: NDArray[Any]) -> dict[str, Any]:
    """A numeric column as its kind and little-endian bytes."""
    kinds = {"f": "f4", "u": "u1" if column.dtype.itemsize == 1 else "u4", "i": "i4", "b": "u1"}
    kind = kinds[column.dtype.kind]
    return {"kind": kind, "data": np.ascontiguousarray(column, dtype=f"<{kind}").tobytes()}
