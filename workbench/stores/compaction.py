"""Compaction: edits are folded into new files, so that reads find each row in one place again.

Only tables that were edited are written anew, block after block, in little memory; their feature rows are
copied as they are encoded, so no code changes. Ids do not change either. One catalog commit makes the new
files visible as a snapshot that holds the same rows. The files before it stay until the next compaction or
ingest: whoever reads them, in whatever process, goes on.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from workbench.schema import Table
from workbench.stores import catalog
from workbench.stores.dataset import Dataset, collect_orphans, partition_name
from workbench.stores.durable import CHUNK, DurableFile
from workbench.stores.edits import Delta, deleted_rows, row_blocks
from workbench.stores.features import GroupLayout
from workbench.stores.manifest import FileEntry, Manifest
from workbench.stores.replaced import gone
from workbench.stores.segments import SegmentWriter
from workbench.stores.sql import ROW
from workbench.types import AnyArray, ByteArray, Int64Array


@dataclass(frozen=True)
class Compaction:
    """What :func:`compact` did.

    Attributes
    ----------
    snapshot : int  the newest one
    tables : tuple of str  that were written anew; none if nothing had been edited
    edits : int  that were folded in
    bytes : int  of the new files
    seconds : float
    """

    snapshot: int
    tables: tuple[str, ...]
    edits: int
    bytes: int
    seconds: float


def compact(path: str | Path, *, keep: bool = True) -> Compaction:
    """Fold a dataset's edits into its files. Public as ``workbench.compact``.

    Parameters
    ----------
    path : folder of the dataset
    keep : bool
        Keep what was there before until the next compaction, for those who read it. False: remove it now,
        values of deleted rows with it; who has opened it may find files gone.

    Raises
    ------
    StoreError
        If there is no dataset, another process is writing there, or the disk refuses; nothing was changed.
    """
    root, started = Dataset.open(path).path, time.perf_counter()
    with catalog.writing(root):
        try:
            collect_orphans(root)  # what a crash left has names that are needed now
            dataset = Dataset.open(root)
            before = dataset.manifest
            if not before.edits and (keep or before.previous is None):
                return Compaction(before.snapshot, (), 0, 0, time.perf_counter() - started)
            after, tables = _folded(dataset)
            older = replace(before, previous=None) if keep else None
            catalog.commit(root, replace(after, previous=older), dataset.dictionaries())
        finally:
            collect_orphans(root)
    size = sum(entry.bytes for entry in set(after.files) - set(before.files))
    return Compaction(after.snapshot, tables, len(before.edits), size, time.perf_counter() - started)


def _folded(dataset: Dataset) -> tuple[Manifest, tuple[str, ...]]:
    """The manifest after a compaction, its files written, and the tables that were written anew."""
    manifest = dataset.manifest
    edited = {entry.name for edit in manifest.edits for entry in edit.files}
    part, entries = partition_name(manifest.snapshot + 1), dict[tuple[str, str], FileEntry]()
    for number, table in enumerate(table for table in dataset.schema if table.name in edited):
        stem = f"{part}/{number}"
        for entry in (
            _write_table(dataset, table, f"tables/{stem}.parquet"),
            _write_deleted(dataset, table.name, f"tables/{stem}.deleted"),
            *(
                _write_segment(dataset, g, f"features/{stem}.seg")
                for g in manifest.groups
                if g.group == table.name
            ),
        ):
            if entry is not None:
                entries[entry.role, entry.name] = entry
    first, *others = manifest.partitions
    kept = tuple(entry for entry in first.files if (entry.role, entry.name) not in entries)
    parts = (replace(first, files=(*kept, *entries.values())), *others)
    after = replace(manifest, snapshot=manifest.snapshot + 1, partitions=parts, edits=())
    return after, tuple(table.name for table in dataset.schema if table.name in edited)


def _write_table(dataset: Dataset, table: Table, path: str) -> FileEntry:
    deleted, blocks = deleted_rows(dataset, table.name), row_blocks(dataset, table.name)
    first = next(blocks).drop_columns([ROW])
    with DurableFile(dataset.path, path, "table", table.name) as file:
        with pq.ParquetWriter(_Sink(file), first.schema) as writer:
            for block in blocks:
                writer.write_table(_erased(table, block, deleted).drop_columns([ROW]))
        return file.finish()


def _erased(table: Table, rows: pa.Table, deleted: Int64Array) -> pa.Table:
    """The rows without the values of deleted ones; what orders and links rows stays, for ids to hold."""
    lost = np.isin(rows.column(ROW).to_numpy(), deleted)
    if not lost.any():
        return rows
    stay = {ROW, table.primary_key, table.time, table.end_time, *(key.column for key in table.foreign_keys)}
    place = pa.array(np.arange(len(rows)), mask=lost)
    for i, name in enumerate(rows.column_names):
        if name not in stay:
            rows = rows.set_column(i, name, rows.column(name).take(place))
    return rows


def _write_deleted(dataset: Dataset, table: str, path: str) -> FileEntry | None:
    rows = deleted_rows(dataset, table)
    if not len(rows):
        return None
    with DurableFile(dataset.path, path, "deleted", table) as file:
        pq.write_table(pa.table({ROW: rows}), _Sink(file))
        return file.finish()


def _write_segment(dataset: Dataset, layout: GroupLayout, path: str) -> FileEntry:
    delta = Delta.open(dataset, layout)
    assert delta is not None  # an edit of a table is one of its features
    slot_file = dataset.file("slot", layout.group)
    places: AnyArray = delta.ids
    if slot_file is not None:
        places = np.fromfile(slot_file, np.uint32, layout.rows).astype(np.int64)[delta.ids]
    order = np.argsort(places)
    places, rows = places[order], delta.rows[order]
    with SegmentWriter(dataset.path, path, layout) as segment:
        for start, block in _segment_blocks(dataset, layout):
            here = slice(*np.searchsorted(places, [start, start + len(block)]))
            block[places[here] - start] = rows[here]
            segment.append(block)
        return segment.finish()


def _segment_blocks(dataset: Dataset, layout: GroupLayout) -> Iterator[tuple[int, ByteArray]]:
    """Place of the first row, and rows as they lie in the segment, block after block."""
    file, step = dataset.file("features", layout.group), max(1, CHUNK // layout.stride)
    assert file is not None  # opening the dataset's features checks it
    try:
        with file.open("rb", buffering=0) as handle:
            for start in range(0, layout.rows, step):
                count = min(step, layout.rows - start)
                yield (
                    start,
                    np.fromfile(handle, np.uint8, count * layout.stride).reshape(count, layout.stride),
                )
    except FileNotFoundError as error:
        raise gone(dataset, file) from error


class _Sink(io.RawIOBase):
    """A durable file as Arrow writes to it."""

    def __init__(self, file: DurableFile) -> None:
        self._file = file

    def writable(self) -> bool:
        """Nothing else."""
        return True

    def tell(self) -> int:
        """Bytes written so far."""
        return self._file.bytes

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Append bytes."""
        self._file.write(data)
        return len(data)
