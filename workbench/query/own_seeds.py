"""Seeds that no query asks for: rows that the user names, as of instants and with labels of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from workbench.errors import TaskError, explain
from workbench.query.moments import check_units, covered
from workbench.query.seed_table import SeedTable
from workbench.stores.protocols import GraphStore
from workbench.temporal import FOREVER, instant
from workbench.types import AnyArray, Int64Array, TimeArray


def own_seeds(
    graph: GraphStore, node_type: str, node_id: Int64Array, key: pa.Array, at: Any = None, label: Any = None
) -> SeedTable:
    """Rows of a table as seeds, in the given order.

    Parameters
    ----------
    node_id, key : int64[n] and pyarrow.Array[n]  the same rows, as the graph and as the user know them
    at : instant, column of one instant per row, or None
        What each seed sees; None: everything, the future too.
    label : column of one number per row, or None

    Raises
    ------
    TaskError
        If instants or labels are not one per row.
    AnchorError
        If an instant is none, or of another unit than microseconds.
    """
    anchors = _anchors(at, len(node_id))
    check_units("at", anchors, covered(graph))
    labels = None if label is None else _labels(label, len(node_id))
    return SeedTable(node_type, node_id, key, anchors, labels, split="own")


def _anchors(at: Any, count: int) -> TimeArray:
    if at is None or np.ndim(at) == 0:
        return np.full(count, FOREVER if at is None else instant(at), np.int64)
    _one_each("instants (at=)", len(at), count)
    return np.array([instant(value) for value in np.asarray(at)], np.int64)


def _labels(label: Any, count: int) -> AnyArray:
    labels = np.asarray(label)
    if labels.ndim != 1 or not (np.issubdtype(labels.dtype, np.number) or labels.dtype == np.bool_):
        got = f"got dtype {labels.dtype}, shape {labels.shape}"
        raise TaskError(explain("labels of seeds were given", got, "a column of numbers"))
    _one_each("labels", len(labels), count)
    return labels.astype(np.float64)


def _one_each(what: str, found: int, count: int) -> None:
    if found != count:
        got = f"there are {found:,} for {count:,} seeds"
        raise TaskError(explain(f"{what} of seeds were given", got, "one per seed"))
