"""Conditions on rows that begin and end, beside the rule of workbench.temporal."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest

from workbench.query.existence import existence
from workbench.query.expressions import instant_sql
from workbench.schema import Table
from workbench.temporal import NO_TIME, visible

TYPES = {"born": "TIMESTAMP", "gone": "TIMESTAMP"}
ROWS = [(1, 5), (2, None), (3, 3), (None, 9), (None, None), (4, 9)]


@pytest.fixture(scope="module")
def rows():
    with duckdb.connect() as con:
        con.execute("CREATE TABLE t (i INT, born TIMESTAMP, gone TIMESTAMP)")
        for i, (born, gone) in enumerate(ROWS):
            con.execute("INSERT INTO t SELECT ?, make_timestamp(?), make_timestamp(?)", [i, born, gone])
        yield lambda where: {row[0] for row in con.execute(f"SELECT i FROM t {where}").fetchall()}


@pytest.mark.parametrize("anchor", range(11))
@pytest.mark.parametrize("until", [None, 2])
def test_rows_exist_as_temporal_has_it(rows, anchor, until):
    table = Table("t", (), time="born", end_time="gone")
    seen = anchor if until is None else min(anchor, until)
    found = existence(table, TYPES, "t", instant_sql(anchor), instant_sql(seen))
    born, gone = (np.array([NO_TIME if row[i] is None else row[i] for row in ROWS]) for i in (0, 1))
    want = visible(born, anchor, gone) & (born <= seen)
    assert rows("WHERE " + " AND ".join(f"({each})" for each in found)) == set(np.flatnonzero(want))


def test_without_an_anchor_every_row_with_a_time_exists(rows):
    table = Table("t", (), time="born", end_time="gone")
    assert rows(f"WHERE {existence(table, TYPES, 't', None, None)[0]}") == {0, 1, 2, 5}
    assert existence(Table("t", ()), TYPES, "t", "a", "b") == []
