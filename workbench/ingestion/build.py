"""Ingest: tables and a schema become a dataset on disk, all of it or nothing.

    check -> tables (typed Parquet in time order) -> times -> keys -> features -> edges -> order -> commit

This is the only orchestrator: each stage is a few lines here and one idea elsewhere. Every file is new,
written and fsynced before one catalog commit makes the snapshot visible; files that no snapshot names
are collected afterwards, and again by the next ingest if this one dies.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from workbench.errors import IngestError, expect, expect_path, explain
from workbench.events import Callback
from workbench.ingestion.append import append_tables
from workbench.ingestion.built import Built
from workbench.ingestion.check import ColumnKinds, check_tables, left_out
from workbench.ingestion.failpoints import failpoint
from workbench.ingestion.folder import snapshot_before, spilling, writing
from workbench.ingestion.infer_time import is_days, midnight_note
from workbench.ingestion.job import CancelEvent, Job, pool
from workbench.ingestion.lay_out import lay_out
from workbench.ingestion.layout import Codes, check_codes
from workbench.ingestion.orders import ARRIVAL, Order, check_order
from workbench.ingestion.report import IngestReport
from workbench.ingestion.tables import Tables, read_tables
from workbench.ingestion.text_encoder import text_encoders
from workbench.ingestion.write_edges import write_edges
from workbench.ingestion.write_features import write_features
from workbench.ingestion.write_tables import (
    warn_late,
    warn_times,
    warn_unparsed,
    write_keys,
    write_table,
    write_times,
)
from workbench.schema import Schema, Stype
from workbench.stores import catalog
from workbench.stores.dataset import Dataset, collect_orphans, partition_name
from workbench.stores.durable import adopt_file
from workbench.stores.key_map import KeyMap
from workbench.stores.manifest import Manifest, Partition
from workbench.temporal import NO_TIME

NARROW: int = 2**31
"""Tables with fewer rows than this all have ids of 4 bytes."""

STAGES_PER_ROW = 3
"""Progress counts each row once as a table's, once as a feature's and once as an edge's."""

ASKED = "an ingest(tables, schema, path)"
"""What errors call it."""


def ingest(
    tables: Any,
    schema: Schema,
    path: str | Path,
    *,
    callbacks: Sequence[Callback] = (),
    id_dtype: str | None = None,
    memory_limit: str | None = None,
    order: Order = ARRIVAL,
    codes: Codes | None = None,
    texts: Mapping[str, Any] | None = None,
    cancel: CancelEvent | None = None,
    append: bool = False,
) -> IngestReport:
    """Write a dataset; it replaces the one at ``path``, if there is one, in one commit.

    Parameters
    ----------
    tables : Tables, or anything that ``read_tables`` reads
    schema : Schema  what to ingest; tables that it does not name are left out
    path : the dataset's folder
    callbacks : called with :class:`~workbench.events.Progress` events
    id_dtype : ``uint32`` or ``int64``; None: uint32 if every table has fewer than 2^31 rows
    memory_limit : such as ``'4GB'``: what DuckDB holds before it sorts in files; None: 2/5 of what is free
    order : of feature rows on disk, for all tables, or table -> order: ``arrival``, ``key`` or the name of a
        foreign key, ``community``, ``measured``: see ``ingestion/orders.py``
    codes : table -> column -> how its features are stored, in half the bytes or less: ``stores/codecs.py``
    texts : ``'table.column'`` -> callable, list of texts to float[n, width], or a sentence encoder
    cancel : set it (from another thread) to stop
    append : add rows to the dataset that is there; tables may be left out, rows may be late (``append.py``)

    Raises
    ------
    IngestError, IngestCancelled
        If the tables cannot become a dataset, or part of it, or ``cancel`` was set; nothing is changed.
    StoreError
        If another ingest is writing there, or the disk refuses.
    """
    _check_given(schema, append=append, fixed=order != ARRIVAL or bool(codes))
    root = expect_path(path, IngestError, "a folder for a dataset").absolute()
    given, encoders = read_tables(tables), text_encoders(schema, texts or {})
    with writing(root):
        failpoint("start")
        snapshot = snapshot_before(root) + 1
        try:
            with pool() as threads, spilling(given, root, memory_limit):
                job = Job(root, partition_name(snapshot), threads, callbacks, cancel or threading.Event())
                job.texts = encoders
                if append:
                    written = append_tables(job, given, schema, Dataset.open(root))
                else:
                    written = _build(job, given, schema, snapshot, id_dtype, order, codes or {})
                failpoint("before-commit")
                with job.stage("commit"):
                    catalog.commit(root, *written)
                    failpoint("after-commit")
        finally:
            collect_orphans(root)
            failpoint("after-collect")
    return _report(job, written[0], appended=append)


def _check_given(schema: Schema, *, append: bool, fixed: bool) -> None:
    """Refuse what is no schema, and an append that says how rows lie or are coded."""
    expect(schema, Schema, IngestError, ASKED, "Make one with infer_schema(tables)")
    if append and fixed:
        got = "order= or codes= was given: new rows are laid out and coded as the stored ones are"
        raise IngestError(explain("rows were to be appended", got, do="Leave it out; see engine.reorder"))


def _report(job: Job, manifest: Manifest, *, appended: bool) -> IngestReport:
    """What was ingested; of an append the new rows."""
    edges, rows, late = manifest.report["edges"], dict(manifest.partitions[0].rows), {}
    if appended:
        last = manifest.edits[-1]
        edges, rows, late = {}, dict(last.rows), dict(last.late)
    warnings, seconds = tuple(job.warnings), dict(job.seconds)
    static = manifest.schema.static_tables
    return IngestReport(
        str(job.root), manifest.snapshot, rows, edges, warnings, seconds, static, late, appended
    )


def _build(
    job: Job,
    tables: Tables,
    schema: Schema,
    snapshot: int,
    id_dtype: str | None,
    order: Order,
    codes: Codes,
) -> tuple[Manifest, dict[tuple[str, str], list[str]]]:
    built = Built()
    with job.stage("check"):
        collect_orphans(job.root)
        kinds = check_tables(tables, schema)
        check_order(schema, order)
        check_codes(schema, codes)
        for table in schema:
            warn_unparsed(job, tables, table, kinds[table.name])
        job.warnings.extend([*tables.notes, *left_out(schema, kinds)])
        failpoint("after-checks")
    with job.stage("tables"):
        _write_tables(job, tables, schema, kinds, built)
    dtype = _id_dtype(id_dtype, built.rows)
    with job.stage("times"):
        _write_times(job, schema, built)
    with job.stage("keys"):
        _write_keys(job, schema, built)
    with job.stage("features"):
        _write_features(job, schema, built, codes)
    with job.stage("edges"):
        write_edges(job, schema, dtype, built)
    report = {"edges": built.edges, "warnings": list(job.warnings), "texts": sorted(job.texts)}
    dated = {name: int(np.searchsorted(clock, NO_TIME)) for name, clock in built.times.items()}
    partition = Partition(job.partition, built.rows, tuple(job.files))
    manifest = Manifest(
        snapshot,
        schema,
        (partition,),
        tuple(built.groups),
        dtype.name,
        dated,
        tuple(built.follow),
        report,
        numbering=partition.numbering(),
    )
    with job.stage("order"):
        manifest = lay_out(job.root, manifest, order)
        failpoint("after-order")
    return manifest, built.dictionaries


def _write_tables(job: Job, tables: Tables, schema: Schema, kinds: ColumnKinds, built: Built) -> None:
    written = []
    for table in schema:
        path = write_table(job, tables, table, kinds[table.name])
        # Hashing and fsync of this table overlap with the sorting of the next.
        adopt = partial(adopt_file, job.root, path, "table", table.name)
        written.append(job.pool.submit(adopt))
        rows = int(pq.read_metadata(job.root / path).num_rows)
        built.rows[table.name] = rows
        job.progress(rows)
        odd = [column for column in table.columns if column.stype is Stype.SET_ASIDE]
        aside = [f"{column.name} ({column.note})" if column.note else column.name for column in odd]
        if aside:
            job.warn(f"{table.name}: set aside, not features: {', '.join(aside)}")
        if not rows:
            job.warn(f"{table.name}: the table is empty")
    job.files.extend(job.wait(future) for future in written)
    job.total = STAGES_PER_ROW * sum(built.rows.values())
    failpoint("after-tables")


def _write_times(job: Job, schema: Schema, built: Built) -> None:
    timed = [table for table in schema if table.time is not None]
    tasks = [partial(write_times, job, table, job.path("graph", ".time")) for table in timed]
    for table, (clock, entry) in zip(timed, job.run_all(tasks), strict=True):
        built.times[table.name] = clock
        job.files.append(entry)
        warn_times(job, table, clock)
        warn_late(job, table)
    days = [(table.name, str(table.time)) for table in timed if is_days(built.times[table.name])]
    if days:
        job.warn(midnight_note(days))
    failpoint("after-times")


def _write_keys(job: Job, schema: Schema, built: Built) -> None:
    for table in schema:
        if table.primary_key is None:
            built.keys[table.name] = KeyMap(table.name, built.rows[table.name])
    keyed = [table for table in schema if table.primary_key is not None]
    tasks = [partial(write_keys, job, table, job.path("keys", ".arrow")) for table in keyed]
    for table, (keys, entry) in zip(keyed, job.run_all(tasks), strict=True):
        built.keys[table.name] = keys
        job.files.append(entry)
    failpoint("after-keys")


def _write_features(job: Job, schema: Schema, built: Built, codes: Codes) -> None:
    for table in schema:
        rows = built.rows[table.name]
        written = write_features(job, table, rows, codes.get(table.name))
        if written is None:
            job.progress(rows)
            continue
        layout, coder = written
        built.groups.append(layout)
        for column in layout.columns:
            if column.section == "categorical":
                built.dictionaries[table.name, column.name] = coder.dictionary(column.name)
    failpoint("after-features")


def _id_dtype(asked: str | None, rows: Mapping[str, int]) -> np.dtype[Any]:
    most = max(rows.values(), default=0)
    fits = most < NARROW
    if asked not in (None, "uint32", "int64") or (asked == "uint32" and not fits):
        raise IngestError(
            explain(
                f"id_dtype={asked!r} was asked for",
                f"the largest table has {most:,} rows",
                "'uint32' below 2^31 rows, or 'int64'",
            )
        )
    return np.dtype(asked or ("uint32" if fits else "int64"))
