"""Stages ``tables``, ``times`` and ``keys``: typed Parquet files in node_id order, clocks, key maps."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from workbench.errors import IngestError, explain
from workbench.ingestion.failpoints import failpoint
from workbench.ingestion.job import Job
from workbench.ingestion.layout import feature_columns
from workbench.ingestion.row_groups import row_group
from workbench.ingestion.tables import Tables
from workbench.ingestion.typed import fallible, typed_query
from workbench.schema import Stype, Table
from workbench.stores.durable import write_failed, write_file
from workbench.stores.key_map import KeyMap
from workbench.stores.manifest import FileEntry
from workbench.stores.sql import quote_name, quote_text
from workbench.temporal import NO_TIME, iso
from workbench.types import TimeArray

_FULL = "No space left on device"

MANY_LATE = 0.05
"""Share of rows from which on timestamps later than their row's own time are a warning."""


def write_table(job: Job, tables: Tables, table: Table, kinds: Mapping[str, str]) -> str:
    """Sort, type and write one table; returns its path, not yet synced.

    Raises
    ------
    IngestError
        If DuckDB cannot read or convert the source.
    StoreError
        If the disk refuses.
    """
    query = typed_query(table, tables.sql(table.name), kinds)
    group = row_group(tables, table, kinds)
    path = copy_query(job, tables.sources.connect(query), table.name, query, group)
    failpoint("during-tables")
    return path


def copy_query(job: Job, connection: duckdb.DuckDBPyConnection, table: str, query: str, group: int) -> str:
    """Write the rows of a query as a table's file, so many in a row group; returns its path, not yet synced.

    DuckDB sorts out of core, within its memory limit, with all cores.
    """
    path = job.path("tables", ".parquet")
    target = job.root / path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_failed(target, error) from error
    copy = f"COPY ({query}) TO {quote_text(str(target))} (FORMAT parquet, ROW_GROUP_SIZE {group})"
    future = job.pool.submit(connection.execute, copy)
    try:
        job.wait(future, connection.interrupt)
    except duckdb.OutOfMemoryException as error:
        got = f"it does not fit into DuckDB's memory limit: {str(error).splitlines()[0]}"
        do = "Raise memory_limit=, close other programs, or free space where the dataset is"
        raise IngestError(explain(f"table {table!r} was sorted", got, do=do)) from error
    except duckdb.Error as error:
        if isinstance(error, duckdb.IOException) and disk_refused(str(error), target):
            reason = "no space left on device" if _FULL in str(error) else str(error).splitlines()[0]
            raise write_failed(target, OSError(reason)) from error
        lines = " ".join(str(error).strip().splitlines()[:2])
        raise IngestError(
            explain(
                f"table {table!r} was read",
                f"DuckDB cannot read or convert it: {lines}",
                do="Cast the column with tables.derive, or set it aside with schema.set_stype",
            )
        ) from error
    return path


def disk_refused(message: str, target: Path) -> bool:
    """Whether DuckDB's error is about what it writes (the target, or what it spills), not about a source."""
    return _FULL in message or "Could not write" in message or str(target) in message


def read_column(file: Path, column: str) -> pa.Array:
    """One column of a typed table, whole."""
    chunked = pq.read_table(file, columns=[column]).column(0)
    return chunked.combine_chunks() if chunked.num_chunks != 1 else chunked.chunk(0)


def write_times(job: Job, table: Table, path: str) -> tuple[TimeArray, FileEntry]:
    """Write the clock of a timed table: int64 microseconds, ascending, rows without a time last."""
    assert table.time is not None
    job.check()
    stamps = read_column(job.file("table", table.name), table.time)
    clock = np.asarray(pc.cast(stamps, pa.int64()).fill_null(NO_TIME).to_numpy(zero_copy_only=False))
    return clock, write_file(job.root, path, "time", table.name, clock)


def write_keys(job: Job, table: Table, path: str) -> tuple[KeyMap, FileEntry]:
    """Write the key map of a table with a primary key.

    Raises
    ------
    IngestError
        If a key is null or occurs twice.
    """
    assert table.primary_key is not None
    job.check()
    values = read_column(job.file("table", table.name), table.primary_key)
    keys = KeyMap.build(table.name, table.primary_key, values)
    return keys, write_file(job.root, path, "keys", table.name, memoryview(keys.to_bytes()))


def warn_unparsed(job: Job, tables: Tables, table: Table, kinds: Mapping[str, str]) -> None:
    """Count the values that cannot be read as their column's type; refuse a column of such only.

    Raises
    ------
    IngestError
        If no value of a column is what the schema says: the source has changed, or the schema is wrong.
    """
    casts = fallible(table, kinds)
    if not casts:
        return
    counts = ", ".join(
        f"count({quote_name(name)}), count({cast}), "
        f"min(CASE WHEN {cast} IS NULL THEN CAST({quote_name(name)} AS VARCHAR) END)"
        for name, cast in casts.items()
    )
    row = tables.run(f"SELECT {counts} FROM ({tables.sql(table.name)})", f"table {table.name!r} was checked")
    values = list(row.fetchone())
    for position, name in enumerate(casts):
        present, parsed, example = values[3 * position : 3 * position + 3]
        if parsed == present:
            continue
        is_time = name in (table.time, table.end_time) or table.column(name).stype is Stype.TIMESTAMP
        wanted = "a time" if is_time else "a number"
        if not parsed:
            raise _none_readable(
                table, name, wanted, f"{present:,} values ({kinds[name]}, such as {example!r})"
            )
        then = "those rows are never visible" if name == table.time else "they are stored as missing"
        job.warn(
            f"{table.name}.{name}: {present - parsed:,} of {present:,} values cannot be read as {wanted}, "
            f"such as {example!r}; {then}"
        )


def _none_readable(table: Table, column: str, wanted: str, values: str) -> IngestError:
    instants = "dates, timestamps, ISO texts, or numbers that count seconds or parts of them since 1970"
    is_time = wanted == "a time"
    make = "strptime(...)" if is_time else "TRY_CAST(... AS DOUBLE)"
    other = (
        f"choose another with schema.set_time({table.name!r}, column)"
        if column == table.time
        else f"leave it out with schema.set_stype({table.name!r}, {column!r}, 'set_aside')"
    )
    return IngestError(
        explain(
            f"{'the time column ' * (column == table.time)}{table.name}.{column} was read",
            f"none of its {values} is {wanted}",
            instants if is_time else "numbers, or texts of numbers",
            f"Make one with tables.derive({table.name!r}, {column!r}, {make!r}), or {other}",
        )
    )


def warn_times(job: Job, table: Table, clock: TimeArray) -> None:
    """Count the rows without a time, and those whose time lies in the future."""
    now = int(time.time() * 1e6)
    first, dated = np.searchsorted(clock, now, side="right"), np.searchsorted(clock, NO_TIME, side="left")
    if dated < len(clock):
        job.warn(
            f"{table.name}.{table.time}: {len(clock) - dated:,} of {len(clock):,} rows have no time; "
            "they are stored last and never visible"
        )
    if dated > first:
        job.warn(
            f"{table.name}.{table.time}: {dated - first:,} of {len(clock):,} times lie in the future "
            f"(up to {iso(int(clock[dated - 1]))}); scheduled rows are kept, typing errors should not be"
        )


def warn_late(job: Job, table: Table) -> None:
    """Name the timestamps that mostly lie after their row's own time, such as the delivery of an order."""
    stamps = [column.name for column in feature_columns(table) if column.stype is Stype.TIMESTAMP]
    if table.time is None or not stamps:
        return
    clock = quote_name(table.time)
    counts = ", ".join(
        f"count({name}) FILTER ({clock} IS NOT NULL), count(*) FILTER ({name} > {clock})"
        for name in map(quote_name, stamps)
    )
    file = quote_text(str(job.file("table", table.name)))
    with duckdb.connect() as connection:
        found = job.pool.submit(connection.sql(f"SELECT {counts} FROM read_parquet({file})").fetchall)
        values = job.wait(found, connection.interrupt)[0]
    for name, both, late in zip(stamps, values[::2], values[1::2], strict=True):
        if both and late >= MANY_LATE * both:
            seconds = f"epoch({quote_name(name)}) - epoch({clock})"
            job.warn(
                f"{table.name}.{name} is later than the row's time ({table.time}) in {late / both:.0%} of "
                f"{both:,} rows; values after an anchor are hidden from the model. If known in advance, "
                f"as a schedule is, count seconds: tables.derive({table.name!r}, {name!r}, {seconds!r})"
            )
