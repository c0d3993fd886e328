"""Compaction: edits are folded into new files, so that reads find each row in one place again.

Only tables that were edited are written anew, block after block, in little memory; their feature rows are
copied as they are encoded, so no code changes. Ids do not change either. One catalog commit makes the new
files visible as a snapshot that holds the same rows. The files before it stay until the next compaction or
ingest: whoever reads them, in whatever process, goes on.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from workbench.errors import StoreError, explain
from workbench.schema import Table
from workbench.stores import catalog
from workbench.stores.codecs import packing, unpack
from workbench.stores.compact_graph import grown_files
from workbench.stores.dataset import Dataset, collect_orphans, partition_name
from workbench.stores.durable import CHUNK, DurableFile, write_file
from workbench.stores.edits import Delta, deleted_rows, row_blocks
from workbench.stores.features import SECTION_DTYPES, FeatureBlock, GroupLayout
from workbench.stores.manifest import FileEntry, Manifest
from workbench.stores.replaced import gone
from workbench.stores.segments import SegmentWriter, encode_rows
from workbench.stores.sql import ROW
from workbench.types import AnyArray, BoolArray, ByteArray, Int64Array


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


@dataclass(frozen=True)
class NewColumns:
    """Columns that a table gets while it is written anew.

    Attributes
    ----------
    table : Table  as it is then
    values : pyarrow.Table[rows]  the new columns
    layout : GroupLayout or None
        Of the table's features then: its columns so far, then the new ones; None if none is a feature.
    sections : dict section -> dtype[rows, width]  values of the new feature columns
    present : bool[rows, new feature columns]
    """

    table: Table
    values: pa.Table
    layout: GroupLayout | None
    sections: Mapping[str, AnyArray]
    present: BoolArray

    def widened(
        self, layout: GroupLayout, rows: ByteArray, ids: Int64Array, deleted: Int64Array
    ) -> ByteArray:
        """Feature rows of some ids with the new columns behind the old ones; deleted rows stay empty."""
        assert self.layout is not None
        block, wide = FeatureBlock(layout, rows), self.layout
        sections = {name: block.section(name) for name in SECTION_DTYPES}
        for name, values in self.sections.items():
            sections[name] = np.concatenate([sections[name], values[ids]], 1)
        new = self.present[ids] & ~np.isin(ids, deleted)[:, None]
        return encode_rows(wide, sections, np.concatenate([block.present(), new], 1))


Rewrite: TypeAlias = Callable[[Dataset, int], tuple[Manifest, tuple[str, ...]]]
"""Writes the files of a dataset without edits, as :func:`folded` does; nothing is committed."""


def compact(path: str | Path, *, keep: bool = True, rewrite: Rewrite | None = None) -> Compaction:
    """Fold a dataset's edits into its files; the transaction around a :data:`Rewrite`.

    Parameters
    ----------
    path : folder of the dataset
    keep : bool
        Keep what was there before until the next compaction, for those who read it. False: remove it now,
        values of deleted rows with it; who has opened it may find files gone.
    rewrite : Rewrite or None  None: :func:`folded`

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
            after, tables = (rewrite or folded)(dataset, before.snapshot + 1)
            older = replace(before, previous=None) if keep else None
            catalog.commit(root, replace(after, previous=older), dataset.dictionaries())
        finally:
            collect_orphans(root)
    size = sum(entry.bytes for entry in set(after.files) - set(before.files))
    return Compaction(after.snapshot, tables, len(before.edits), size, time.perf_counter() - started)


def folded(
    dataset: Dataset, snapshot: int, new_columns: Mapping[str, NewColumns] = MappingProxyType({})
) -> tuple[Manifest, tuple[str, ...]]:
    """Write edited tables, and those that get new columns, anew; nothing is committed.

    Parameters
    ----------
    dataset : Dataset  with all its edits; its manifest need not be committed
    snapshot : int  of the manifest that is made
    new_columns : dict table -> NewColumns

    Returns
    -------
    manifest : Manifest  without edits, and without the one before it
    tables : tuple of str  that were written anew

    Raises
    ------
    StoreError
        If late rows wait: they need ids between those that are folded, or the disk refuses.
    """
    manifest = dataset.manifest
    _expect_none_late(dataset)
    edited = {entry.name for edit in manifest.edits for entry in edit.files} | set(new_columns)
    entries = dict[tuple[str, str], FileEntry]()
    for number, table in enumerate(table for table in dataset.schema if table.name in edited):
        stem = f"{partition_name(snapshot)}/whole-{number}"
        for entry in (
            _write_table(dataset, table, new_columns.get(table.name), f"tables/{stem}.parquet"),
            _write_deleted(dataset, table.name, f"tables/{stem}.deleted"),
            _write_slots(dataset, table.name, f"features/{stem}.slot"),
            _write_segment(dataset, table.name, new_columns.get(table.name), f"features/{stem}.seg"),
        ):
            if entry is not None:
                entries[entry.role, entry.name] = entry
    entries |= {(entry.role, entry.name): entry for entry in grown_files(dataset, partition_name(snapshot))}
    first, *others = manifest.partitions
    kept = tuple(entry for entry in first.files if (entry.role, entry.name) not in entries)
    rows = {name: manifest.rows(name) for name in first.rows}
    after = replace(
        manifest,
        snapshot=snapshot,
        schema=replace(manifest.schema, tables=tuple(_table(t, new_columns) for t in manifest.schema)),
        partitions=(replace(first, rows=rows, files=(*kept, *entries.values())), *others),
        groups=tuple(_layouts(manifest, new_columns)),
        edits=(),
        previous=None,
    )
    return after, tuple(table.name for table in dataset.schema if table.name in edited)


def _expect_none_late(dataset: Dataset) -> None:
    late = {table.name: n for table in dataset.schema if (n := dataset.manifest.late_rows(table.name))}
    if late:
        got = f"late rows wait in it ({', '.join(f'{name}: {n:,}' for name, n in late.items())})"
        do = "Merge them with wb.compact(path), then do this again"
        raise StoreError(explain(f"tables of {dataset.path} were to be written anew", got, do=do))


def _table(table: Table, new_columns: Mapping[str, NewColumns]) -> Table:
    return new_columns[table.name].table if table.name in new_columns else table


def _layouts(manifest: Manifest, new_columns: Mapping[str, NewColumns]) -> Iterator[GroupLayout]:
    """Layouts in the order of tables, those with new columns as they are then."""
    before = {layout.group: layout for layout in manifest.groups}
    for table in manifest.schema:
        new = new_columns.get(table.name)
        layout = before.get(table.name) if new is None or new.layout is None else new.layout
        if layout is not None:
            yield layout


def _write_table(dataset: Dataset, table: Table, new: NewColumns | None, path: str) -> FileEntry:
    deleted, blocks = deleted_rows(dataset, table.name), row_blocks(dataset, table.name)
    first = _with_columns(next(blocks), new).drop_columns([ROW])
    with DurableFile(dataset.path, path, "table", table.name) as file:
        with FileSink(file) as sink, pq.ParquetWriter(sink, first.schema) as writer:
            for block in blocks:
                rows = _erased(table, _with_columns(block, new), deleted)
                writer.write_table(rows.drop_columns([ROW]))
        return file.finish()


def _with_columns(rows: pa.Table, new: NewColumns | None) -> pa.Table:
    if new is not None:
        for field, values in zip(new.values.schema, new.values.columns, strict=True):
            rows = rows.append_column(field, values.take(rows.column(ROW)))
    return rows


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
        with FileSink(file) as sink:
            pq.write_table(pa.table({ROW: rows}), sink)
        return file.finish()


def _write_segment(dataset: Dataset, table: str, new: NewColumns | None, path: str) -> FileEntry | None:
    """Feature rows of a table where they lay, as edits and new columns left them; None if there are none."""
    rows = dataset.manifest.rows(table)
    stored = next((g for g in dataset.manifest.groups if g.group == table), GroupLayout(table, rows, ()))
    wide = stored if new is None or new.layout is None else new.layout
    if not wide.columns:
        return None
    order, deleted = np.argsort(current_slots(dataset, table)), deleted_rows(dataset, table)
    delta = Delta.open(dataset, stored) if stored.columns else None
    with SegmentWriter(dataset.path, path, wide) as segment:
        for start, block in _segment_blocks(dataset, stored):
            ids = order[start : start + len(block)]
            if delta is not None:
                delta.onto(ids, block)
            segment.append(block if wide is stored else new.widened(stored, block, ids, deleted))  # type: ignore[union-attr]
        return segment.finish()


def current_slots(dataset: Dataset, table: str) -> Int64Array:
    """int64[rows]: where each row lies; appended ones behind the others."""
    file, stored = dataset.file("slot", table), dataset.manifest.stored_rows(table)
    slots = np.arange(dataset.manifest.rows(table))
    if file is not None:
        slots[:stored] = np.fromfile(file, np.uint32, stored)
    return slots


def _write_slots(dataset: Dataset, table: str, path: str) -> FileEntry | None:
    manifest = dataset.manifest
    if dataset.file("slot", table) is None or manifest.rows(table) == manifest.stored_rows(table):
        return None
    return write_file(dataset.path, path, "slot", table, current_slots(dataset, table).astype(np.uint32))


def _segment_blocks(dataset: Dataset, layout: GroupLayout) -> Iterator[tuple[int, ByteArray]]:
    """Place of the first row, and plain rows in the order of the segment, block after block."""
    file, stride = dataset.file("features", layout.group), packing(layout).stride
    step = max(1, CHUNK // layout.stride)
    stored = 0 if file is None else dataset.manifest.stored_rows(layout.group)
    for start in range(0, layout.rows, step):
        rows = np.zeros((min(step, layout.rows - start), stride), np.uint8)  # appended, or no features
        there = min(max(stored - start, 0), len(rows)) * stride
        try:
            if file is not None and there:
                rows.reshape(-1)[:there] = np.fromfile(file, np.uint8, there, offset=start * stride)
        except FileNotFoundError as error:
            raise gone(dataset, file or "") from error
        yield start, unpack(layout, rows)


class FileSink(io.RawIOBase):
    """A durable file as Arrow writes to it; the many small pieces of Parquet become few large ones.

    Examples
    --------
    >>> with FileSink(file) as sink, pq.ParquetWriter(sink, schema) as writer:  # doctest: +SKIP
    ...     writer.write_table(rows)
    """

    def __init__(self, file: DurableFile) -> None:
        self._file, self._held = file, bytearray()

    def writable(self) -> bool:
        """Nothing else."""
        return True

    def tell(self) -> int:
        """Bytes written so far."""
        return self._file.bytes + len(self._held)

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Append bytes."""
        self._held += data
        if len(self._held) >= CHUNK:
            self.flush()
        return len(data)

    def flush(self) -> None:
        """Hand what is held to the file."""
        held, self._held = self._held, bytearray()
        if held:
            self._file.write(memoryview(held))
