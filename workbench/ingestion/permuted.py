"""Feature rows in another order than node_id: a segment written by slot, and its ``slot`` file.

Neighbours that are read together should lie together. For a fact table that is usually the order of
(the foreign key along which most rows are expanded, time); see ``slots=`` of ``ingest``.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq

from workbench.stores.codecs import pack, packing
from workbench.stores.durable import adopt_file, write_failed
from workbench.stores.features import GroupLayout
from workbench.stores.manifest import FileEntry
from workbench.stores.segments import PAGE
from workbench.stores.sql import quote_name, quote_text
from workbench.types import AnyArray, ByteArray


def slots_by(file: Path, column: str) -> AnyArray:
    """uint32[rows]: the slot of each row when rows are ordered by (column, row id); nulls last."""
    source, count = f"read_parquet({quote_text(str(file))})", pq.read_metadata(file).num_rows
    with duckdb.connect() as connection:
        return slots_in(connection, source, "file_row_number", column, count)


def slots_in(
    connection: duckdb.DuckDBPyConnection, source: str, row: str, column: str, count: int
) -> AnyArray:
    """The same for rows of some SQL; DuckDB sorts, out of core where it must.

    Parameters
    ----------
    source : SQL of a table
    row : its column of row ids, below ``count``
    """
    query = f"SELECT {row} FROM {source} ORDER BY {quote_name(column)} ASC NULLS LAST, {row}"
    order = connection.sql(query).to_arrow_table().column(0).to_numpy()
    slots = np.zeros(count, np.uint32)
    slots[order] = np.arange(len(order), dtype=np.uint32)
    return slots


def _allocate(target: Path, size: int) -> None:
    """A new file whose room on the disk is certain: a map of a full disk would end the process."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        if size and hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            file.truncate(size)


class ScatterWriter:
    """Writes the rows of one feature group to their slots; as ``SegmentWriter``, but in any order.

    Parameters
    ----------
    root : Path  the dataset's folder
    path : str  of the segment, relative to the root
    layout : GroupLayout
    slots : uint32[rows]  where each row goes
    """

    def __init__(self, root: Path, path: str, layout: GroupLayout, slots: AnyArray) -> None:
        self.layout, self.slots, self.rows = layout, slots, 0
        self._root, self._path = root, path
        target = root / path
        stride = packing(layout).stride
        size = layout.rows * stride
        try:
            _allocate(target, size + -size % PAGE)
        except OSError as error:
            raise write_failed(target, error) from error
        self._data = np.memmap(target, np.uint8, "r+", shape=(layout.rows, stride)) if size else None

    def append(self, rows: ByteArray) -> None:
        """The next rows, uint8[n, stride], in node_id order."""
        if self._data is not None:
            self._data[self.slots[self.rows : self.rows + len(rows)]] = pack(self.layout, rows)
        self.rows += len(rows)

    def finish(self) -> FileEntry:
        """Flush, hash, fsync; the entry for the manifest."""
        if self._data is not None:
            try:
                self._data.flush()
            except OSError as error:
                raise write_failed(self._root / self._path, error) from error
            mapped = self._data.base
            self._data = None
            if isinstance(mapped, mmap.mmap):
                mapped.close()
        return adopt_file(self._root, self._path, "features", self.layout.group)

    def __enter__(self) -> ScatterWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._data = None  # what a failed ingest leaves is collected with its other files
