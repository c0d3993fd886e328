"""Links that find their keys: rows that pointed at nothing, until the row that they mean was appended."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workbench.errors import StoreError, explain
from workbench.schema import ForeignKey, Table
from workbench.stores.dataset import Dataset
from workbench.stores.edits import read_columns
from workbench.stores.key_map import KeyMap, normalise_keys
from workbench.stores.sql import ROW
from workbench.types import Int64Array


def finds_links(dataset: Dataset) -> bool:
    """Whether a row points at a key that was appended after it; one pass over the foreign keys concerned.

    Raises
    ------
    StoreError
        If a file is gone because the dataset was replaced.
    """
    for table in dataset.schema:
        for key in table.foreign_keys:
            keys, upto = _appended_keys(dataset, table, dataset.schema[key.table])
            if len(keys) and any(_meets(keys, upto, *part) for part in _columns(dataset, table, key)):
                return True
    return False


def expect_links_found(dataset: Dataset, asked: str) -> None:
    """Refuse to write tables anew as they are where a compaction would find links: it could not any more.

    Raises
    ------
    StoreError
        Saying what to do first; or if a file is gone because the dataset was replaced.
    """
    if dataset.manifest.edits and finds_links(dataset):
        got = "rows point at keys that were appended after them, and only a compaction links them"
        raise StoreError(explain(asked, got, do="Call wb.compact(path) first, or engine.compact()"))


def _appended_keys(dataset: Dataset, table: Table, target: Table) -> tuple[pa.Array, Int64Array]:
    """Keys of appended rows, and the rows of ``table`` that were there before each of them."""
    manifest = dataset.manifest
    rows, there = manifest.stored_rows(table.name), manifest.stored_rows(target.name)
    if there == manifest.rows(target.name):
        return pa.array([]), np.empty(0, np.int64)
    every, keys, upto = KeyMap.open(dataset, target.name), [], []
    for edit in manifest.edits:
        count = edit.rows.get(target.name, 0)
        keys.append(every.keys_of(np.arange(there, there + count)))
        upto.append(np.full(count, rows))
        rows, there = rows + edit.rows.get(table.name, 0), there + count
    return pa.concat_arrays(keys), np.concatenate(upto)


def _columns(dataset: Dataset, table: Table, key: ForeignKey) -> Iterator[tuple[pa.Array, Int64Array]]:
    """A foreign key of all rows and their ids, file after file: no edit changes it."""
    first = 0
    for file in dataset.table_files(table.name):
        values = read_columns(dataset, file, [key.column]).column(0).combine_chunks()
        yield values, np.arange(first, first + len(values))
        first += len(values)
    for file in dataset.files("edit", table.name):
        rows = read_columns(dataset, file, [key.column, ROW])
        yield rows.column(0).combine_chunks(), rows.column(1).to_numpy()


def _meets(keys: pa.Array, upto: Int64Array, values: pa.Array, ids: Int64Array) -> bool:
    normal = normalise_keys(values)
    if normal is None or normal.type != keys.type:  # all null, or the link could not have been made
        return False
    place = pc.index_in(normal, value_set=keys, skip_nulls=True).fill_null(-1)
    found = place.to_numpy(zero_copy_only=False)
    return bool((ids[found >= 0] < upto[found[found >= 0]]).any())
