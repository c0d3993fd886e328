"""Times in nanoseconds with a zone, from every kind of source that can hold them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import workbench as wb
from workbench.ingestion.nanoseconds import in_microseconds

MICROS = np.array([-(10**15), 0, 1_700_000_000_000_000, 1_700_000_000_123_456])
ZONE = "Europe/Rome"
TABLE = pa.table({"id": [1, 2, 3, 4], "at": pa.array(MICROS * 1000, pa.timestamp("ns", ZONE))})


def parquet(folder: Path) -> Path:
    pq.write_table(TABLE, folder / "x.parquet")
    return folder / "x.parquet"


SOURCES: dict[str, Callable[[Path], Any]] = {
    "arrow": lambda _: TABLE,
    "pandas": lambda _: pd.DataFrame(
        {"id": [1, 2, 3, 4], "at": pd.to_datetime(MICROS * 1000, utc=True).tz_convert(ZONE)}
    ),
    "parquet": parquet,
    "reader": lambda _: TABLE.to_reader(),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_instants_are_kept(kind: str, tmp_path: Path) -> None:
    tables = wb.read_tables({"x": SOURCES[kind](tmp_path)})
    schema = wb.infer_schema(tables)
    assert schema["x"].time == "at"
    wb.ingest(tables, schema, tmp_path / "store")
    assert sorted(wb.open(tmp_path / "store").graph.times("x").tolist()) == MICROS.tolist()
    later = tables.derive("x", "later", "\"at\" > TIMESTAMPTZ '2000-01-01 00:00:00+00'")
    assert later.run(f"SELECT count(*) FROM ({later.sql('x')}) WHERE later", "it").fetchone() == (2,)


def test_midnights_get_the_edit_that_their_note_proposes(tmp_path: Path) -> None:
    days = pa.table({"id": [1, 2], "at": pa.array([0, 86_400 * 10**9], pa.timestamp("ns", "UTC"))})
    (mend,) = wb.review_schema({"x": days}, wb.infer_schema({"x": days})).mends
    wb.ingest(mend.of(wb.read_tables({"x": days})), wb.infer_schema({"x": days}), tmp_path / "store")
    ends = [day * 86_400 * 10**6 - 1 for day in (1, 2)]
    assert wb.open(tmp_path / "store").graph.times("x").tolist() == ends


def test_rows_are_appended_as_they_were_ingested(tmp_path: Path) -> None:
    wb.ingest({"x": TABLE.slice(0, 3)}, wb.infer_schema({"x": TABLE}), tmp_path / "store")
    wb.ingest({"x": TABLE.slice(3)}, wb.infer_schema({"x": TABLE}), tmp_path / "store", append=True)
    assert wb.open(tmp_path / "store").graph.times("x").tolist() == MICROS.tolist()


def test_other_columns_are_left_as_they_are() -> None:
    with duckdb.connect() as connection:
        connection.execute("""CREATE TABLE t AS SELECT 1 AS id, TIMESTAMPTZ '2024-01-01' AS "a""t" """)
        kinds = dict(connection.execute("SELECT column_name, column_type FROM (DESCRIBE t)").fetchall())
        assert in_microseconds("FROM t", kinds) == "FROM t"
        query = in_microseconds("FROM t", {**kinds, 'a"t': "TIMESTAMPTZ_NS"})
        now, before = (connection.execute(f"SUMMARIZE {q}").fetchall() for q in (query, "FROM t"))
        assert now == before
