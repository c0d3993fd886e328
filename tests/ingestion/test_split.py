"""Splitting: entities, their most frequent or first values, and since when they are known."""

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
    assert connection.execute(entity_sql(ROWS, "k", ["v"], None)).fetchall() == [(1, "a"), (2, "c")]
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


def test_since_must_be_a_time() -> None:
    """The first of these texts is the later day: who is known since then, and as what, would be wrong."""
    tables = read_tables(
        {"log": pa.table({"id": [1, 1], "at": ["31.12.2010", "02.01.2011"], "x": ["a", "b"]})}
    )
    with pytest.raises(TableError, match=r"since='at' .* no ISO times, such as '02\.01\.2011'") as error:
        tables.split("log", key="id", columns=["x"], since="at", new_name="ids")
    assert "tables.derive('log', 'at', 'strptime(\"at\", format)')" in str(error.value)
    read = tables.derive("log", "at", "strptime(\"at\", '%d.%m.%Y')")
    assert (
        read.split("log", key="id", columns=["x"], since="at", new_name="ids").arrow("ids")["x"][0].as_py()
        == "a"
    )
    iso = tables.derive("log", "at", "CAST(strptime(\"at\", '%d.%m.%Y') AS VARCHAR)")
    assert (
        iso.split("log", key="id", columns=["x"], since="at", new_name="ids").arrow("ids")["x"][0].as_py()
        == "a"
    )


STATUSES = {
    "user_id": [1] * 6 + [2] * 3 + [3, 3],
    "at": pa.array([6, 5, 4, 3, 2, 1, 9, 7, 8, 5, 5], pa.timestamp("s")),
    "status": ["churned"] * 4 + ["active"] * 2 + ["b", "a", "b", "z", "y"],
    "reason": ["price"] * 4 + [None] * 2 + [None, "x", None, None, "w"],
}
SPLIT = {"table": "log", "key": "user_id", "columns": ["status", "reason"], "since": "at"}


def test_since_keeps_what_the_first_row_says() -> None:
    tables = read_tables({"log": pa.table(STATUSES)})
    split = tables.split(**SPLIT)
    users = split.arrow("users")
    assert users["status"].to_pylist() == ["active", "a", "y"]
    assert users["reason"].to_pylist() == [None, "x", "w"]
    assert split.notes == (
        "users.status: 3 of 3 keys have several values; the one of the first row, by at, is kept",
    )


def test_an_entity_does_not_change_when_its_future_does() -> None:
    whole = read_tables({"log": pa.table(STATUSES)})
    for moment in (1, 4, 7, 9):
        known = whole.where("log", f'epoch("at") <= {moment}')
        seen, told = (
            {row["user_id"]: row for row in t.split(**SPLIT).arrow("users").to_pylist()}
            for t in (known, whole)
        )
        assert seen == {user: told[user] for user in seen}


def test_without_since_a_note_says_that_later_rows_count() -> None:
    split = read_tables({"log": pa.table(STATUSES)}).split("log", key="user_id", columns=["status"])
    assert split.arrow("users")["status"].to_pylist() == ["churned", "b", "y"]
    said = (
        "the most frequent is kept, chosen from later rows as well; since=<a time column> keeps the one known"
    )
    assert said in split.notes[0]
