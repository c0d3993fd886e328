"""Ingest: tables and a schema become a dataset on disk, all of it or nothing.

    check -> tables (typed Parquet in time order) -> times -> keys -> features -> edges -> commit

This is the only orchestrator: each stage is a few lines here and one idea elsewhere. Every file is new,
written and fsynced before one catalog commit makes the snapshot visible; files that no snapshot names
are collected afterwards, and again by the next ingest if this one dies.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from workbench.errors import CorruptStoreError, IngestError, explain
from workbench.events import Callback
from workbench.ingest.check import ColumnKinds, check_tables
from workbench.ingest.edges import Link, count_edges, edge_arrays, follows_nodes, link_rows
from workbench.ingest.failpoints import failpoint
from workbench.ingest.job import CancelEvent, Job
from workbench.ingest.report import IngestReport
from workbench.ingest.sql import quote_text
from workbench.ingest.tables import Tables, read_tables
from workbench.ingest.write_features import write_features
from workbench.ingest.write_tables import read_column, warn_unparsed, write_table, write_times
from workbench.schema import EdgeSpec, Schema, Stype
from workbench.stores import catalog
from workbench.stores.dataset import collect_orphans
from workbench.stores.durable import write_file
from workbench.stores.features import GroupLayout
from workbench.stores.key_map import KeyMap
from workbench.stores.manifest import FileEntry, Manifest, Partition
from workbench.stores.records import CatalogState
from workbench.stores.seal import FOLDER, SEAL
from workbench.temporal import NO_TIME
from workbench.types import TimeArray

STAGES_PER_ROW = 3
"""Progress counts each row once as a table's, once as a feature's and once as an edge's."""

LOW_MATCH = 0.9
"""A foreign key that matches less often than this is warned about."""


@dataclass
class _Built:
    """What the stages have made so far."""

    rows: dict[str, int] = field(default_factory=dict)
    times: dict[str, TimeArray] = field(default_factory=dict)
    keys: dict[str, KeyMap] = field(default_factory=dict)
    groups: list[GroupLayout] = field(default_factory=list)
    dictionaries: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    links: dict[tuple[str, str], Link] = field(default_factory=dict)
    edges: dict[str, int] = field(default_factory=dict)
    follow: list[str] = field(default_factory=list)


def ingest(
    tables: Any,
    schema: Schema,
    path: str | Path,
    *,
    callbacks: Sequence[Callback] = (),
    id_dtype: str | None = None,
    memory_limit: str | None = None,
    cancel: CancelEvent | None = None,
) -> IngestReport:
    """Write a dataset; it replaces the one at ``path``, if there is one, in one commit.

    Parameters
    ----------
    tables : Tables, or anything that ``read_tables`` reads
    schema : Schema  what to ingest; tables that it does not name are left out
    path : the dataset's folder
    callbacks : called with :class:`~workbench.events.Progress` events
    id_dtype : ``uint32`` or ``int64``; None: uint32 if every table has fewer than 2^31 rows
    memory_limit : such as ``'4GB'``: what DuckDB may use before it spills to a folder beside the dataset
    cancel : set it (from another thread) to stop

    Raises
    ------
    IngestError
        If the tables cannot become a dataset; nothing stored was changed.
    IngestCancelled
        If ``cancel`` was set.
    StoreError
        If another ingest is writing there, or the disk refuses.
    """
    root = Path(path).expanduser().absolute()
    given = read_tables(tables)
    with _writing(root):
        failpoint("start")
        before = _find(root)
        snapshot = before.manifest.snapshot + 1 if before else 1
        try:
            with _pool() as pool, _limited(given, memory_limit):
                job = Job(root, f"p{snapshot:04d}", pool, callbacks, cancel or threading.Event())
                manifest, dictionaries = _build(job, given, schema, snapshot, id_dtype)
                failpoint("before-commit")
                with job.stage("commit"):
                    catalog.commit(root, manifest, dictionaries)
                    failpoint("after-commit")
        finally:
            collect_orphans(root)
            failpoint("after-collect")
    edges, rows = manifest.report["edges"], dict(manifest.partitions[0].rows)
    return IngestReport(str(root), snapshot, rows, edges, tuple(job.warnings), dict(job.seconds))


def _build(
    job: Job, tables: Tables, schema: Schema, snapshot: int, id_dtype: str | None
) -> tuple[Manifest, dict[tuple[str, str], list[str]]]:
    built = _Built()
    with job.stage("check"):
        collect_orphans(job.root)
        kinds = check_tables(tables, schema)
        for table in schema:
            warn_unparsed(job, tables, table, kinds[table.name])
        job.warnings.extend(tables.notes)
        failpoint("after-checks")
    with job.stage("tables"):
        _write_tables(job, tables, schema, kinds, built)
    dtype = _id_dtype(id_dtype, built.rows)
    with job.stage("times"):
        for table in schema:
            if table.time is not None:
                built.times[table.name] = write_times(job, table)
        failpoint("after-times")
    with job.stage("keys"):
        _write_keys(job, schema, built)
    with job.stage("features"):
        _write_features(job, schema, built)
    with job.stage("edges"):
        _write_edges(job, schema, dtype, built)
    report = {"edges": built.edges, "warnings": list(job.warnings)}
    dated = {name: int(np.searchsorted(clock, NO_TIME)) for name, clock in built.times.items()}
    partition = Partition(job.partition, built.rows, tuple(job.files))
    manifest = Manifest(
        snapshot, schema, (partition,), tuple(built.groups), dtype.name, dated, tuple(built.follow), report
    )
    return manifest, built.dictionaries


def _write_tables(job: Job, tables: Tables, schema: Schema, kinds: ColumnKinds, built: _Built) -> None:
    for table in schema:
        rows = write_table(job, tables, table, kinds[table.name])
        built.rows[table.name] = rows
        job.progress(rows)
        aside = [c.name for c in table.columns if c.stype is Stype.SET_ASIDE]
        if aside:
            job.warn(f"{table.name}: set aside, not features: {', '.join(aside)}")
        if not rows:
            job.warn(f"{table.name}: the table is empty")
    job.total = STAGES_PER_ROW * sum(built.rows.values())
    failpoint("after-tables")


def _write_keys(job: Job, schema: Schema, built: _Built) -> None:
    for table in schema:
        if table.primary_key is None:
            built.keys[table.name] = KeyMap(table.name, built.rows[table.name])
            continue
        values = read_column(job.file("table", table.name), table.primary_key)
        keys = KeyMap.build(table.name, table.primary_key, values)
        built.keys[table.name] = keys
        path = job.path("keys", ".arrow")
        job.add(write_file(job.root, path, "keys", table.name, memoryview(keys.to_bytes())))
        job.check()
    failpoint("after-keys")


def _write_features(job: Job, schema: Schema, built: _Built) -> None:
    for table in schema:
        rows = built.rows[table.name]
        written = write_features(job, table, rows)
        if written is None:
            job.progress(rows)
            continue
        layout, coder = written
        built.groups.append(layout)
        for column in layout.columns:
            if column.section == "categorical":
                built.dictionaries[table.name, column.name] = coder.dictionary(column.name)
    failpoint("after-features")


def _write_edges(job: Job, schema: Schema, dtype: np.dtype[Any], built: _Built) -> None:
    for table in schema:
        for key in table.foreign_keys:
            values = read_column(job.file("table", table.name), key.column)
            link = link_rows(table.name, key.column, values, built.keys[key.table], dtype)
            built.links[table.name, key.column] = link
            _warn_link(job, f"{table.name}.{key.column} -> {key.table}", link)
        job.progress(built.rows[table.name])
    written = [_submit_edges(job, spec, built) for spec in schema.edge_specs]
    for spec, future in zip(schema.edge_specs, written, strict=True):
        entries, count = job.wait(future)
        for entry in entries:
            job.add(entry)
        built.edges[str(spec.edge_type)] = count
        if follows_nodes(spec, built.links, built.times):
            built.follow.append(str(spec.edge_type))
    failpoint("after-edges")


def _submit_edges(job: Job, spec: EdgeSpec, built: _Built) -> Future[tuple[list[FileEntry], int]]:
    """Build and write one edge type in the pool: sorting releases the GIL, and fsync waits for the disk."""
    paths = {role: job.path("graph", f".{role}") for role in ("indptr", "nbr", "eid")}

    def work() -> tuple[list[FileEntry], int]:
        job.check()
        arrays = edge_arrays(spec, built.links, built.rows)
        entries = []
        for role, array in arrays.items():
            entries.append(write_file(job.root, paths[role], role, str(spec.edge_type), array))
            failpoint("during-edges")
        return entries, count_edges(spec, built.links, arrays)

    return job.pool.submit(work)


def _warn_link(job: Job, name: str, link: Link) -> None:
    keyed = len(link.rows) - link.null
    if link.dangling:
        share = 1 - link.dangling / keyed
        low = "; low match: is it the right key?" if share < LOW_MATCH else ""
        job.warn(
            f"{name}: {link.dangling:,} of {keyed:,} keys dangle ({share:.1%} match), such as "
            f"{', '.join(link.examples)}; their edges are dropped{low}"
        )
    elif not keyed and len(link.rows):
        job.warn(f"{name}: every key is null; there are no such edges")


def _id_dtype(asked: str | None, rows: Mapping[str, int]) -> np.dtype[Any]:
    most = max(rows.values(), default=0)
    fits = most < 2**31
    if asked not in (None, "uint32", "int64") or (asked == "uint32" and not fits):
        raise IngestError(
            explain(
                f"id_dtype={asked!r} was asked for",
                f"the largest table has {most:,} rows",
                "'uint32' below 2^31 rows, or 'int64'",
            )
        )
    return np.dtype(asked or ("uint32" if fits else "int64"))


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    """Threads that are gone, and write nothing more, when the block ends, however it ends."""
    pool = ThreadPoolExecutor(max(2, os.cpu_count() or 2), "ingest")
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _find(root: Path) -> CatalogState | None:
    try:
        return catalog.find(root)
    except CorruptStoreError as error:
        asked, got = f"a dataset at {root} was to be replaced", f"the one that is there is damaged ({error})"
        do = "Remove that folder, or ingest into another one"
        raise CorruptStoreError(explain(asked, got, do=do)) from error


@contextmanager
def _writing(root: Path) -> Iterator[None]:
    """Be the only writer; a folder that this ingest made and could not fill is removed again."""
    if root.exists() and not root.is_dir():
        raise IngestError(explain(f"a dataset at {root} was asked for", "that is a file", "a folder"))
    existed = root.exists()
    _refuse_foreign(root)
    try:
        with catalog.writing(root):
            yield
    finally:
        if not existed and not (root / SEAL).exists():
            shutil.rmtree(root, ignore_errors=True)


def _refuse_foreign(root: Path) -> None:
    """Refuse to write into a folder that holds something else than a dataset."""
    ours = {
        "tables",
        "graph",
        "features",
        "keys",
        FOLDER,
        SEAL,
        SEAL + ".new",
        "spill",
    }
    if not root.is_dir():
        return
    foreign = sorted(entry.name for entry in root.iterdir() if entry.name not in ours)
    if foreign:
        raise IngestError(
            explain(
                f"a dataset at {root} was asked for",
                f"that folder holds other things ({', '.join(foreign[:5])})",
                "a new folder, an empty one, or one that ingest wrote",
            )
        )


@contextmanager
def _limited(tables: Tables, memory_limit: str | None) -> Iterator[None]:
    """Limit what DuckDB holds in memory while sorting; it spills the rest."""
    connection = tables.sources.connect()
    if memory_limit is not None:
        try:
            connection.execute(f"SET memory_limit = {quote_text(memory_limit)}")
        except duckdb.Error as error:
            raise IngestError(
                explain(f"memory_limit={memory_limit!r} was asked for", str(error), "a size such as '4GB'")
            ) from error
    yield
