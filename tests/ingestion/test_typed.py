"""Typed SQL: every source type becomes one that the rest of the house knows, losing nothing silently."""

from __future__ import annotations

import duckdb
import pytest

from workbench.ingestion.typed import column_sql, fallible, instant_sql, is_integer, typed_query
from workbench.schema import Column, ForeignKey, Stype, Table

NOON = 1_704_110_400  # 2024-01-01 12:00 UTC, seconds


@pytest.mark.parametrize(
    ("value", "micros"),
    [
        ("TIMESTAMP '2024-01-01 12:00:00'", NOON * 10**6),
        ("CAST('2024-01-01 12:00:00' AS TIMESTAMP_NS)", NOON * 10**6),
        ("CAST('2024-01-01 12:00:00' AS TIMESTAMP_S)", NOON * 10**6),
        ("TIMESTAMPTZ '2024-01-01 14:00:00+02:00'", NOON * 10**6),
        ("DATE '2024-01-01'", (NOON - 43_200) * 10**6),
        ("'2024-01-01 12:00:00'", NOON * 10**6),
        ("'2024-01-01T14:00:00+02:00'", NOON * 10**6),
        ("'2024-01-01T12:00:00Z'", NOON * 10**6),
        (f"CAST({NOON} AS BIGINT)", NOON * 10**6),
        (f"CAST({NOON} AS INTEGER)", NOON * 10**6),
        (f"CAST({NOON}.5 AS DOUBLE)", NOON * 10**6 + 500_000),
        (f"CAST({NOON}000 AS BIGINT)", NOON * 10**6),
        (f"CAST({NOON}000000 AS BIGINT)", NOON * 10**6),
        (f"CAST({NOON}000000000 AS BIGINT)", NOON * 10**6),
        ("TIMESTAMP 'infinity'", None),
        ("TIMESTAMPTZ 'infinity'", None),
        ("'no time'", None),
        ("CAST(2024 AS BIGINT)", None),
        ("CAST(NULL AS TIMESTAMP)", None),
        ("true", None),
    ],
)
def test_instants(value: str, micros: int | None) -> None:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"CREATE TABLE t AS SELECT {value} AS at")
    kind = connection.execute("DESCRIBE t").fetchone()[1]
    found = connection.execute(f"SELECT epoch_us({instant_sql('at', kind)}) FROM t").fetchone()
    assert found == (micros,)


TABLE = Table(
    "t",
    (
        Column("k", Stype.ID),
        Column("f", Stype.ID),
        Column("at", Stype.TIMESTAMP),
        Column("n", Stype.NUMERICAL),
        Column("c", Stype.CATEGORICAL),
    ),
    "k",
    "at",
    None,
    (ForeignKey("f", "t"),),
)


@pytest.mark.parametrize(
    ("column", "kind", "sql"),
    [
        ("k", "BIGINT", '"k"'),
        ("k", "UUID", 'CAST("k" AS VARCHAR)'),
        ("n", "DOUBLE", '"n"'),
        ("n", "VARCHAR", 'TRY_CAST("n" AS DOUBLE)'),
        ("n", "DECIMAL(10,2)", 'TRY_CAST("n" AS DOUBLE)'),
        ("c", "VARCHAR", '"c"'),
        ("c", "ENUM('a', 'b')", 'CAST("c" AS VARCHAR)'),
        ("c", "HUGEINT", 'CAST("c" AS DOUBLE)'),
        ("c", "FLOAT[3]", '"c"'),
    ],
)
def test_columns(column: str, kind: str, sql: str) -> None:
    assert column_sql(TABLE, column, kind) == sql


def test_only_lossy_casts_are_counted() -> None:
    plain = {"k": "BIGINT", "f": "BIGINT", "at": "TIMESTAMP", "n": "DOUBLE", "c": "VARCHAR"}
    assert fallible(TABLE, plain) == {}
    assert set(fallible(TABLE, {**plain, "at": "VARCHAR", "n": "VARCHAR"})) == {"at", "n"}


def test_rows_are_ordered_by_time_then_source() -> None:
    connection = duckdb.connect()
    rows = [(3, None), (1, 5), (2, 4), (7, 4), (5, None)]
    connection.execute("CREATE TABLE s (k BIGINT, day INTEGER)")
    connection.executemany("INSERT INTO s VALUES (?, ?)", rows)
    kinds = {"k": "BIGINT", "f": "BIGINT", "at": "DATE", "n": "BIGINT", "c": "BIGINT"}
    source = "SELECT k, k AS f, DATE '2024-01-01' + day AS at, k AS n, k AS c FROM s"
    found = connection.execute(typed_query(TABLE, source, kinds)).fetchall()
    assert [row[0] for row in found] == [2, 7, 1, 3, 5]


def test_integers() -> None:
    assert all(map(is_integer, ("BIGINT", "UBIGINT", "TINYINT", "USMALLINT", "INTEGER")))
    assert not any(map(is_integer, ("HUGEINT", "DOUBLE", "VARCHAR")))
