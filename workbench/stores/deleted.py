"""Deleted rows of a graph: they keep their ids, so that no other id changes, and lose all their edges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from workbench.kernels.csc import no_neighbor
from workbench.schema import EdgeSpec
from workbench.stores.edits import deleted_rows
from workbench.temporal import BEGINNING, NO_TIME
from workbench.types import AnyArray, BoolArray, Int64Array, TimeArray

if TYPE_CHECKING:
    from workbench.stores.dataset import Dataset


def deleted_masks(dataset: Dataset) -> dict[str, BoolArray]:
    """bool[rows] of each table that has deleted rows: True where a row was deleted."""
    masks = {}
    for table in dataset.schema:
        rows = deleted_rows(dataset, table.name)
        if len(rows):
            masks[table.name] = np.zeros(dataset.manifest.rows(table.name), np.bool_)
            masks[table.name][rows] = True
    return masks


def ended(ends: TimeArray | None, deleted: BoolArray) -> TimeArray:
    """int64[rows]: when rows end, deleted ones before everything, so that they exist at no anchor.

    Parameters
    ----------
    ends : int64[rows] or None  of a table with end times
    deleted : bool[rows]
    """
    over = np.full(len(deleted), NO_TIME) if ends is None else ends.copy()
    over[deleted] = BEGINNING
    return over


def kept_edges(
    spec: EdgeSpec,
    indptr: Int64Array | None,
    nbr: AnyArray,
    eid: AnyArray | None,
    deleted: Mapping[str, BoolArray],
) -> tuple[Int64Array | None, AnyArray, AnyArray | None]:
    """Arrays of an edge type (``graph_arrays.py``) without edges whose row or one of whose ends was deleted.

    Parameters
    ----------
    deleted : dict table -> bool[rows]

    Notes
    -----
    One pass over the edges, and only where rows of those tables were deleted.
    """
    src, _, dst = spec.edge_type.src, spec.edge_type.rel, spec.edge_type.dst
    if not {src, dst, spec.table} & set(deleted):
        return indptr, nbr, eid
    ends = np.arange(len(nbr)) if indptr is None else np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    lost: BoolArray = np.zeros(len(nbr), np.bool_)
    nothing = nbr.dtype.type(no_neighbor(nbr.dtype))
    linked = np.flatnonzero(nbr != nothing) if indptr is None else slice(None)
    # In the fact layout the row is the src node, in the column layout the dst node: one of both masks.
    for table, rows in ((src, nbr), (dst, ends), (spec.table, eid)):
        if table in deleted and rows is not None:
            lost[linked] |= deleted[table][rows[linked]]
    if indptr is None:
        return None, np.where(lost, nothing, nbr), None
    before = np.append(0, np.cumsum(~lost))
    return before[indptr], nbr[~lost], None if eid is None else eid[~lost]
