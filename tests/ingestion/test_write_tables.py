"""Typed Parquet files, clocks and key maps, written one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workbench.errors import IngestError, StoreError
from workbench.ingestion.job import Job, pool
from workbench.ingestion.tables import read_tables
from workbench.ingestion.write_tables import read_column, warn_times, write_keys, write_table, write_times
from workbench.schema import Column, Stype, Table
from workbench.stores.durable import adopt_file
from workbench.temporal import NO_TIME

TABLE = Table(
    "t", (Column("k", Stype.ID), Column("at", Stype.TIMESTAMP), Column("x", Stype.NUMERICAL)), "k", "at"
)
ROWS = 200_000
RNG = np.random.default_rng(0)
STAMPS = RNG.integers(0, 1000, ROWS)
SOURCE = pa.table(
    {"k": RNG.permutation(ROWS), "at": pa.array(STAMPS, pa.timestamp("ms")), "x": np.arange(ROWS)}
)
KINDS = {"k": "BIGINT", "at": "TIMESTAMP", "x": "BIGINT"}


def test_rows_are_sorted_stably_across_row_groups(tmp_path: Path) -> None:
    order = np.argsort(STAMPS, kind="stable")
    with pool() as threads:
        job = Job(tmp_path, "p1", threads)
        path = write_table(job, read_tables({"t": SOURCE}), TABLE, KINDS)
        job.add(adopt_file(tmp_path, path, "table", "t"))
        assert pq.read_metadata(tmp_path / path).num_row_groups > 1
        assert (read_column(tmp_path / path, "x").to_numpy() == order).all()
        clock, entry = write_times(job, TABLE, job.path("graph", ".time"))
        assert (clock == np.sort(STAMPS) * 1000).all()
        assert (np.fromfile(tmp_path / entry.path, np.int64) == clock).all()
        keys, _ = write_keys(job, TABLE, job.path("keys", ".arrow"))
        assert (keys.lookup(SOURCE["k"].take(order)) == np.arange(ROWS)).all()
    assert pq.read_schema(tmp_path / path).field("at").type == pa.timestamp("us")


def test_what_duckdb_cannot_read_is_said(tmp_path: Path) -> None:
    tables = read_tables({"t": SOURCE}).derive("t", "x", "error('boom')")
    with pool() as threads, pytest.raises(IngestError, match=r"table 't' was read: DuckDB cannot.*boom"):
        write_table(Job(tmp_path, "p1", threads), tables, TABLE, KINDS)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_not_the_fault_of_the_table(tmp_path: Path) -> None:
    target = tmp_path / "tables" / "p1" / "1.parquet"
    target.parent.mkdir(parents=True)
    target.symlink_to("/dev/full")
    said = "1.parquet was to be written to .*the disk refused .no space left on device.*free some space"
    with pool() as threads, pytest.raises(StoreError, match=said):
        write_table(Job(tmp_path, "p1", threads), read_tables({"t": SOURCE}), TABLE, KINDS)


def test_a_source_that_went_away_is_not_the_fault_of_the_disk(tmp_path: Path) -> None:
    source = tmp_path / "t.parquet"
    pq.write_table(SOURCE, source)
    tables = read_tables(source)
    source.unlink()
    with pool() as threads, pytest.raises(IngestError, match="table 't' was read: DuckDB cannot read"):
        write_table(Job(tmp_path, "p1", threads), tables, TABLE, KINDS)


def test_missing_and_future_times_are_counted() -> None:
    with pool() as threads:
        job = Job(Path(), "p1", threads)
        warn_times(job, TABLE, np.array([0, 1, 2**60, NO_TIME]))
        warn_times(job, TABLE, np.array([0, 1]))
    assert len(job.warnings) == 2
    assert "t.at: 1 of 4 rows have no time" in job.warnings[0]
    assert "t.at: 1 of 4 times lie in the future" in job.warnings[1]
