"""Each function over a handful of rows, at once and added up from anchor to anchor."""

from __future__ import annotations

import duckdb
import pytest

from workbench.query.aggregate_sql import added_up, aggregate_sql, parts_sql
from workbench.query.ast import Aggregate, ColumnRef

# (key, when, value); ties in time go by the row.
ROWS = [(1, 1, 5.0), (1, 2, None), (1, 2, 3.0), (1, 2, 4.0), (1, 4, 3.0), (2, 3, None)]
AT_ONCE = {
    "COUNT": 4, "SUM": 15.0, "AVG": 3.75, "MIN": 3.0, "MAX": 5.0,
    "COUNT_DISTINCT": 3, "FIRST": 5.0, "LAST": 3.0, "LIST_DISTINCT": [3.0, 4.0, 5.0],
}  # fmt: skip
UP_TO = {  # after anchor 1 (when <= 1), 2 and 4
    "COUNT": [1, 3, 4], "SUM": [5.0, 12.0, 15.0], "AVG": [5.0, 4.0, 3.75], "MIN": [5.0, 3.0, 3.0],
    "MAX": [5.0, 5.0, 5.0], "COUNT_DISTINCT": [1, 3, 3], "FIRST": [5.0, 5.0, 5.0], "LAST": [5.0, 4.0, 3.0],
}  # fmt: skip


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE f (k INT, t INT, v DOUBLE, r INT)")
        for row, values in enumerate(ROWS):
            connection.execute("INSERT INTO f VALUES (?, ?, ?, ?)", [*values, row])
        yield connection


def of(function):
    return Aggregate(function, ColumnRef("f", "v"), None, None, None, "days")


@pytest.mark.parametrize("function", AT_ONCE)
def test_of_all_rows(con, function):
    sql = aggregate_sql(of(function), "f.v", "f.t, f.r")
    assert con.execute(f"SELECT {sql} FROM f WHERE k = 1").fetchone()[0] == AT_ONCE[function]
    none = con.execute(f"SELECT {sql} FROM f WHERE k = 2").fetchone()[0]
    assert none == (0 if function.startswith("COUNT") else None), "no value is known"


@pytest.mark.parametrize("function", UP_TO)
def test_added_up(con, function):
    anchors = "(SELECT * FROM (VALUES (0, 1), (1, 2), (2, 4)) AS x(n, high)) AS b"
    seen = f"f ASOF JOIN {anchors} ON f.t <= b.high WHERE f.k = 1"
    parts = parts_sql(of(function), "f.k", "f.v", "f.t, f.r", seen)
    window = "WINDOW w AS (PARTITION BY p.key ORDER BY p.n)"
    sql = f"SELECT p.n, {added_up(of(function))} FROM ({parts}) AS p {window}"
    found = dict(con.execute(sql).fetchall())
    assert found, "where a part brings nothing new it may be left out, but the first does"
    assert found == {n: UP_TO[function][n] for n in found}
