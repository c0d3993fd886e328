"""Appended rows: where they join the rows of the partitions when a dataset is opened.

Rows of an append are later than all before them, so they get the next ids, and nothing that was stored
changes: times follow times, the edges of a new row follow the edges that its dst has. Until a compaction
folds them in, the partitions' graph and the links of new rows are merged in memory, in one pass over each.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import CorruptStoreError, explain
from workbench.kernels.csc import csc_from_column, csc_from_pairs
from workbench.kernels.merge_csc import merge_csc
from workbench.schema import EdgeSpec
from workbench.stores.replaced import gone
from workbench.stores.seal import RESTORE
from workbench.types import AnyArray, Int64Array, TimeArray

if TYPE_CHECKING:
    from workbench.stores.dataset import Dataset


def link_name(table: str, column: str) -> str:
    """Name under which the links of a foreign key are registered."""
    return json.dumps([table, column])


def clock_of(dataset: Dataset, table: str) -> TimeArray:
    """int64[rows]: times of all rows of a timed table, those of appended ones among them.

    Raises
    ------
    StoreError
        If a file is gone because the dataset was replaced.
    """
    return np.concatenate([_flat(dataset, file, np.dtype(np.int64)) for file in dataset.files("time", table)])


def with_new_times(dataset: Dataset, table: str, stored: TimeArray, since: int = 0) -> TimeArray:
    """The clock of a table with that of its appended rows; ``since``: see :func:`with_new_edges`."""
    new = _appended(dataset, "time", table, np.dtype(np.int64), since)
    return np.concatenate([stored, new]) if len(new) else stored


def with_new_edges(
    dataset: Dataset,
    spec: EdgeSpec,
    indptr: Int64Array | None,
    nbr: AnyArray,
    eid: AnyArray | None,
    since: int = 0,
) -> tuple[Int64Array | None, AnyArray, AnyArray | None]:
    """Arrays of an edge type (``graph_arrays.py``) with the edges of appended rows.

    Parameters
    ----------
    since : int  how many of the dataset's edits the arrays have already

    Raises
    ------
    CorruptStoreError
        If the stored arrays cannot be merged.
    """
    manifest, nodes = dataset.manifest, dataset.manifest.rows(spec.edge_type.dst)
    first = manifest.rows(spec.table) - sum(edit.rows.get(spec.table, 0) for edit in manifest.edits[since:])
    if first == manifest.rows(spec.table) and (indptr is None or nodes + 1 == len(indptr)):
        return indptr, nbr, eid

    def links(column: str | None) -> AnyArray:
        return _appended(dataset, "link", link_name(spec.table, str(column)), nbr.dtype, since)

    if indptr is None:
        return None, np.concatenate([nbr, links(spec.src_column)]), None
    _expect_offsets(dataset, spec, indptr, nbr)
    if eid is None:
        counts, rows = csc_from_column(links(spec.dst_column), nodes)
        merged, out = _merged(indptr, nbr, counts, rows + nbr.dtype.type(first))
        return merged, out, None
    counts, ends, rows = csc_from_pairs(links(spec.src_column), links(spec.dst_column), nodes)
    merged, out = _merged(indptr, nbr, counts, ends)
    return merged, out, _merged(indptr, eid, counts, rows + eid.dtype.type(first))[1]


def _merged(
    old_indptr: Int64Array, old: AnyArray, new_indptr: Int64Array, new: AnyArray
) -> tuple[Int64Array, AnyArray]:
    indptr, out = np.empty(len(new_indptr), np.int64), np.empty(len(old) + len(new), old.dtype)
    merge_csc(old_indptr, old, new_indptr, new, indptr, out)
    return indptr, out


def _expect_offsets(dataset: Dataset, spec: EdgeSpec, indptr: Int64Array, nbr: AnyArray) -> None:
    """Refuse offsets that the merge would follow outside the arrays."""
    nodes = dataset.manifest.rows(spec.edge_type.dst)
    sound = 0 < len(indptr) <= nodes + 1 and not indptr[0] and indptr[-1] == len(nbr)
    if not (sound and (indptr[1:] >= indptr[:-1]).all()):
        got = f"the offsets of {str(spec.edge_type)!r} are damaged"
        raise CorruptStoreError(explain(f"the graph of {dataset.path} was opened", got, do=RESTORE))


def _appended(dataset: Dataset, role: str, name: str, dtype: np.dtype[np.generic], since: int) -> AnyArray:
    """The flat files of appends, one behind the other."""
    entries = (entry for edit in dataset.manifest.edits[since:] for entry in edit.files)
    files = (dataset.locate(entry) for entry in entries if (entry.role, entry.name) == (role, name))
    return np.concatenate([np.empty(0, dtype), *(_flat(dataset, file, dtype) for file in files)])


def _flat(dataset: Dataset, file: Path, dtype: np.dtype[np.generic]) -> AnyArray:
    try:
        return np.fromfile(file, dtype)
    except FileNotFoundError as error:
        raise gone(dataset, file) from error
