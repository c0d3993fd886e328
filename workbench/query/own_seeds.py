"""Seeds that no query asks for: rows that the user names, as of instants and with labels of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.errors import TaskError, explain
from workbench.query.seed_table import SeedTable
from workbench.stores.key_map import KeyMap
from workbench.stores.protocols import GraphStore
from workbench.stores.units import DataSpan
from workbench.temporal import BEGINNING, FOREVER, NO_TIME, instant, visible
from workbench.types import AnyArray, BoolArray, Int64Array, TimeArray

SHOWN = 5
"""How many keys an error names."""


def own_seeds(
    graph: GraphStore,
    keys: KeyMap,
    node_id: Int64Array | None = None,
    at: Any = None,
    label: Any = None,
    end: TimeArray | None = None,
) -> SeedTable:
    """Rows of a table as seeds, in the given order.

    Parameters
    ----------
    keys : KeyMap  of the table
    node_id : int64[n] or None  None: every row, without labels every row that exists at its instant
    at : instant, column of one instant per row, or None
        What each seed sees; None: everything, the future too.
    label : column of one number per row, or None
    end : int64[rows of the table] or None  when each row of the table ends

    Raises
    ------
    TaskError
        If instants or labels are not one per row, or a row does not exist at its instant.
    AnchorError
        If an instant is none, or of another unit than microseconds.
    """
    ids = np.arange(graph.num_nodes(keys.table)) if node_id is None else node_id
    anchors = _anchors(at, len(ids))
    span = DataSpan.of(graph)
    if span is not None:
        span.check(anchors)
    labels = None if label is None else _labels(label, len(ids))
    there = exists(graph.times(keys.table), end, ids, anchors)
    if node_id is None and labels is None:
        ids, anchors = ids[there], anchors[there]
    elif not there.all():
        named = ", ".join(map(repr, keys.keys_of(ids[~there][:SHOWN]).to_pylist()))
        got = f"{int((~there).sum()):,} do not exist yet, or no longer, at their instants: keys {named}"
        asked = f"{len(ids):,} seeds of {keys.table!r} were asked for"
        raise TaskError(explain(asked, got, do="Choose other times at="))
    numbering = getattr(graph, "numbering", "")
    return SeedTable(keys.table, ids, keys.keys_of(ids), anchors, labels, split="own", numbering=numbering)


def exists(
    time: TimeArray | None, end: TimeArray | None, node_id: Int64Array, anchors: TimeArray
) -> BoolArray:
    """bool[n]: whether each row exists at its anchor; at :data:`~workbench.temporal.FOREVER` all do.

    Parameters
    ----------
    time, end : int64[rows of the table], or None where it has no such column
    """
    here = BEGINNING if time is None else time[node_id]
    over = NO_TIME if end is None else end[node_id]
    return np.asarray(visible(np.broadcast_to(here, anchors.shape), anchors, over) | (anchors == FOREVER))


def _anchors(at: Any, count: int) -> TimeArray:
    if at is None or np.ndim(at) == 0:
        return np.full(count, FOREVER if at is None else instant(at), np.int64)
    _one_each("instants (at=)", len(at), count)
    column = np.asarray(at)
    if np.issubdtype(column.dtype, np.datetime64) and not np.isnat(column).any():
        return column.astype("datetime64[us]").astype(np.int64)
    return np.array([instant(value) for value in column], np.int64)


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
