"""Splitting: entities, their most frequent values, and since when they are known."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest

from workbench.errors import TableError
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.split import conflicts_sql, entity_name, entity_sql
from workbench.ingestion.tables import read_tables

ROWS = "SELECT * FROM (VALUES (1, 'b', 5), (1, 'a', 3), (2, 'c', 9), (NULL, 'z', 1), (1, NULL, 4)) t(k, v, n)"


def test_the_smallest_of_the_most_frequent_values() -> None:
    connection = duckdb.connect()
    assert connection.execute(entity_sql(ROWS, "k", ["v"], "n")).fetchall() == [(1, "a", 3), (2, "c", 9)]
    assert connection.execute(entity_sql(ROWS, "k", [], None)).fetchall() == [(1,), (2,)]
    assert connection.execute(conflicts_sql(ROWS, "k", ["v", "n"])).fetchone() == (2, 1, 1)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("CustomerID", "customers"),
        ("user_id", "users"),
        ("StockCode", "stockcodes"),
        ("InvoiceNo", "invoices"),
    ],
)
def test_names_of_split_tables(key: str, name: str) -> None:
    assert entity_name(key) == name


def test_entities_are_known_since_their_first_row() -> None:
    stamps = pa.array([30, 10, 20, 40], pa.timestamp("s"))
    tables = read_tables({"lines": pa.table({"user_id": [1, 1, 2, None], "at": stamps, "n": [1, 2, 3, 4]})})
    split = tables.split("lines", key="user_id", since="at")
    assert split.arrow("users")["first_at"].cast(pa.timestamp("s")).cast(pa.int64()).to_pylist() == [10, 20]
    schema = infer_schema(split)
    assert schema["users"].time == "first_at"
    assert schema["lines"].foreign_key("user_id").table == "users"
    with pytest.raises(TableError, match="column 'when'"):
        tables.split("lines", key="user_id", since="when")
