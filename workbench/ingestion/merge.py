"""Merge: late rows take their places in time, and links find the keys that came after them.

A compaction that has either to do writes what changed as an ingest of all rows at once would have: tables
that were edited are sorted anew, with their late rows, and all links are looked up again. Ids are in time
order, so rows behind a late one get other ids, and deleted rows give up theirs. Feature rows are moved as
they are encoded: a category keeps its code, and models that were trained before predict on.

Whoever opened the dataset before reads on: the new ids are those of the new snapshot alone.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq

from workbench.ingestion.built import Built
from workbench.ingestion.folder import SPILL, UNFINISHED
from workbench.ingestion.found_links import finds_links
from workbench.ingestion.job import Job, pool
from workbench.ingestion.places import Places
from workbench.ingestion.row_groups import stored_row_group
from workbench.ingestion.write_edges import write_edges
from workbench.ingestion.write_tables import copy_query, write_keys, write_times
from workbench.schema import Table
from workbench.stores import compaction
from workbench.stores.appended import clock_of
from workbench.stores.compaction import Compaction, folded
from workbench.stores.dataset import Dataset, partition_name
from workbench.stores.durable import adopt_file, write_file
from workbench.stores.edits import deleted_rows
from workbench.stores.features import GroupLayout
from workbench.stores.key_map import KeyMap
from workbench.stores.late import LATE, late_features
from workbench.stores.manifest import Manifest, Partition
from workbench.stores.protocols import Read
from workbench.stores.segments import SegmentWriter
from workbench.stores.sql import ROW, quote_name, quote_names, quote_text
from workbench.stores.ssd_features import SsdFeatures
from workbench.temporal import NO_TIME
from workbench.types import ByteArray, Int64Array

FAR_AHEAD = 366 * 86_400_000_000
"""Microseconds between the last two rows of a table from which on the last time is likely a slip."""

BLOCK = 1 << 16
"""Feature rows that are moved at a time."""


def compact(path: str | Path, *, keep: bool = True) -> Compaction:
    """Fold a dataset's edits into its files, late rows among them. Public as ``workbench.compact``.

    Ids stay, unless late rows take their places, links find keys that came after them, or rows behind which
    none could follow were deleted (without a time, or a year ahead of the others): then rows behind a late
    one get other ids, and deleted rows are gone for good.

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
    return compaction.compact(path, keep=keep, rewrite=_rewritten)


def _rewritten(dataset: Dataset, snapshot: int) -> tuple[Manifest, tuple[str, ...]]:
    late = any(dataset.manifest.late_rows(table.name) for table in dataset.schema)
    if late or _frees_the_end(dataset) or finds_links(dataset):
        return merged(dataset, snapshot)
    return folded(dataset, snapshot)


def _frees_the_end(dataset: Dataset) -> bool:
    """Whether rows behind which none could follow were deleted: without a time, or far ahead of others."""
    for table in dataset.schema:
        gone = deleted_rows(dataset, table.name)
        if table.time is None or not len(gone):
            continue
        clock = clock_of(dataset, table.name)
        kept = np.delete(clock, gone)
        if len(kept) and int(clock[-1]) - int(kept[-1]) > FAR_AHEAD:
            return True
    return False


def merged(dataset: Dataset, snapshot: int) -> tuple[Manifest, tuple[str, ...]]:
    """Write a dataset as an ingest of all its rows would have; nothing is committed.

    Parameters
    ----------
    dataset : Dataset  with all its edits
    snapshot : int  of the manifest that is made

    Returns
    -------
    manifest : Manifest  without edits, and without the one before it
    tables : tuple of str  that were written anew

    Raises
    ------
    StoreError
        If the disk refuses, or a file is gone because the dataset was replaced.
    """
    before, built = dataset.manifest, Built()
    changed = [table for table in dataset.schema if _is_changed(dataset, table.name)]
    with pool() as threads, _sorting(dataset) as connection:
        job = Job(dataset.path, partition_name(snapshot), threads)
        for table in dataset.schema:
            if table not in changed:
                _keep(job, dataset, table, built)
        for table in changed:
            places = Places.of(dataset, table)
            _write_table(job, connection, dataset, table, built)
            _write_features(job, dataset, table, places)
        write_edges(job, dataset.schema, np.dtype(before.id_dtype), built)
    partition = Partition(job.partition, built.rows, tuple(job.files))
    after = replace(
        before,
        snapshot=snapshot,
        partitions=(partition,),
        numbering=partition.numbering(),
        groups=tuple(replace(layout, rows=built.rows[layout.group]) for layout in before.groups),
        dated_rows={name: int(np.searchsorted(clock, NO_TIME)) for name, clock in built.times.items()},
        edges_follow_nodes=tuple(built.follow),
        report={**before.report, "edges": built.edges},
        edits=(),
        previous=None,
    )
    return after, tuple(table.name for table in changed)


def _is_changed(dataset: Dataset, table: str) -> bool:
    edits = (entry.name for edit in dataset.manifest.edits for entry in edit.files)
    return table in edits or dataset.file("deleted", table) is not None


@contextmanager
def _sorting(dataset: Dataset) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables as edits left them, to be sorted in files beside the dataset where memory is short."""
    spill = dataset.path / f"{SPILL}{os.getpid()}"
    try:
        with dataset.duckdb() as connection:
            connection.execute(f"SET temp_directory = {quote_text(str(spill))}")
            yield connection
    finally:
        for folder in (spill, dataset.path / UNFINISHED):
            shutil.rmtree(folder, ignore_errors=True)


def _keep(job: Job, dataset: Dataset, table: Table, built: Built) -> None:
    """Leave the files of a table that nothing was done to."""
    name = table.name
    for entry in dataset.manifest.partitions[0].files:
        if entry.name == name and entry.role in ("table", "time", "keys", "features", "slot"):
            job.add(entry)
    built.rows[name] = dataset.manifest.rows(name)
    built.keys[name] = KeyMap.open(dataset, name)
    if table.time is not None:
        built.times[name] = np.fromfile(job.file("time", name), np.int64)


def _write_table(
    job: Job, connection: duckdb.DuckDBPyConnection, dataset: Dataset, table: Table, built: Built
) -> None:
    """The rows of a table with its late ones in time order; its clock and its keys."""
    name = table.name
    group = stored_row_group(dataset.table_files(name)[0])
    path = copy_query(job, connection, name, _in_order(dataset, table), group)
    job.add(adopt_file(job.root, path, "table", name))
    built.rows[name] = int(pq.read_metadata(job.root / path).num_rows)
    built.keys[name] = KeyMap(name, built.rows[name])
    if table.time is not None:
        built.times[name], entry = write_times(job, table, job.path("graph", ".time"))
        job.add(entry)
    if table.primary_key is not None:
        built.keys[name], entry = write_keys(job, table, job.path("keys", ".arrow"))
        job.add(entry)


def _in_order(dataset: Dataset, table: Table) -> str:
    """SQL of a table's rows: stored ones as they are now, late ones behind those of their time."""
    columns, row = quote_names(column.name for column in table.columns), quote_name(ROW)
    query = f"SELECT {columns}, {row} FROM {quote_name(table.name)}"
    if late := ", ".join(quote_text(str(file)) for file in dataset.files(LATE, table.name)):
        first = dataset.manifest.rows(table.name)
        query += f" UNION ALL SELECT {columns}, {row} + {first} FROM read_parquet([{late}])"
    time = "" if table.time is None else f"{quote_name(table.time)} ASC NULLS LAST, "
    return f"SELECT {columns} FROM ({query}) ORDER BY {time}{row}"


def _write_features(job: Job, dataset: Dataset, table: Table, places: Places) -> None:
    """Feature rows moved to their new places, as they are encoded."""
    layout = next((group for group in dataset.manifest.groups if group.group == table.name), None)
    if layout is None:
        return
    order = places.order
    if dataset.file("slot", table.name) is not None:
        order, slots = places.by_slot(dataset, table)
        job.add(write_file(job.root, job.path("features", ".slot"), "slot", table.name, slots))
    with SegmentWriter(job.root, job.path("features", ".seg"), replace(layout, rows=len(order))) as segment:
        for rows in _feature_rows(dataset, layout, places, order):
            segment.append(rows)
        job.add(segment.finish())


def _feature_rows(
    dataset: Dataset, layout: GroupLayout, places: Places, order: Int64Array
) -> Iterator[ByteArray]:
    """uint8[n, stride]: feature rows in some order, block after block."""
    late = late_features(dataset, layout)
    store = SsdFeatures.open(dataset, resident_bytes=0, cache_bytes=0)
    for start in range(0, len(order), BLOCK):
        block = order[start : start + BLOCK]
        rows = np.zeros((len(block), layout.stride), np.uint8)
        stored = block < places.stored
        rows[stored] = store.multi_get([Read(layout.group, block[stored])])[0].data
        rows[~stored] = late.rows[block[~stored] - places.stored]
        yield rows
