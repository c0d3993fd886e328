"""Normalising: links that can be joined back to the flat table, counted gaps, and clear refusals."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import TableError
from workbench.ingestion.infer import infer_schema
from workbench.ingestion.normalise import normalise
from workbench.ingestion.tables import Tables, read_tables
from workbench.testing.sizes import cases

FLAT = pa.table(
    {
        "invoice": ["A1", "A1", "C2", "A3"],
        "product": ["cup", "pot", "cup", "cup"],
        "name": ["Cup", "Pot", "Cup", "CUP"],
        "pieces": [2, 1, -2, 5],
        "at": pa.array([10, 10, 20, 30], pa.timestamp("s")),
        "customer": pa.array([7, 7, 7, None], pa.int64()),
        "country": ["DE", "DE", "DE", "PL"],
    }
)
ENTITIES = {
    "invoices": ["invoice", "customer"],
    "customers": ["customer", "country"],
    "products": ["product", "name"],
}


def test_each_column_has_one_home_and_every_row_stays() -> None:
    tables = normalise(FLAT, ENTITIES, time="at", rest="lines")
    assert {name: tables.arrow(name).column_names for name in tables} == {
        "lines": ["invoice", "product", "pieces", "at"],
        "customers": ["customer", "country", "first_at"],
        "invoices": ["invoice", "customer", "first_at"],
        "products": ["product", "name", "first_at"],
    }
    assert tables.arrow("lines")["pieces"].to_pylist() == [2, 1, -2, 5], "cancellations stay negative"
    assert tables.arrow("customers").to_pylist()[0]["country"] == "DE"
    schema = infer_schema(tables)
    assert {(fk.column, fk.table) for table in schema for fk in table.foreign_keys} == {
        ("invoice", "invoices"), ("product", "products"), ("customer", "customers")
    }  # fmt: skip
    assert all(table.time is not None for table in schema), "nothing is known before its first row"


def test_rows_without_a_key_are_counted_and_kept_or_dropped() -> None:
    kept = normalise(FLAT, ENTITIES, time="at", rest="lines")
    assert (
        kept.notes[0] == "1 of 4 rows have no 'customer': they are kept, and belong to no row of 'customers'"
    )
    assert kept.count("lines") == 4
    assert kept.arrow("invoices")["customer"].to_pylist() == [7, None, 7]
    dropped = normalise(FLAT, ENTITIES, time="at", rest="lines", drop_missing=["customer"])
    assert dropped.notes[0] == "1 of 4 rows have no 'customer': they are dropped"
    assert (dropped.count("lines"), dropped.count("invoices"), dropped.count("products")) == (3, 2, 2)


ROWS = st.lists(
    st.tuples(*[st.one_of(st.none(), st.integers(0, 3))] * 3, st.integers(-5, 5)), min_size=1, max_size=12
)


@settings(max_examples=cases(8, 500), deadline=None)
@given(ROWS)
def test_joined_back_it_is_the_flat_table(rows: list[tuple[int | None, int | None, int | None, int]]) -> None:
    """Nothing is lost where a key decides a column, as it does here, and rows without a key have none."""
    flat = pa.table(
        {
            "order": pa.array([row[0] for row in rows], pa.int64()),
            "user": pa.array([None if row[0] is None else row[0] // 2 for row in rows], pa.int64()),
            "item": pa.array([row[1] for row in rows], pa.int64()),
            "kind": pa.array([None if row[1] is None else row[1] * 10 for row in rows], pa.int64()),
            "n": [row[3] for row in rows],
        }
    )
    tables = normalise(flat, {"orders": ["order", "user"], "users": ["user"], "items": ["item", "kind"]})
    joined = tables.query(
        'SELECT "order", "user", item, kind, n FROM rows LEFT JOIN orders USING ("order") '
        "LEFT JOIN items USING (item) ORDER BY ALL"
    )
    wanted = read_tables({"flat": flat}).query("SELECT * FROM flat ORDER BY ALL")
    assert joined.to_pylist() == wanted.to_pylist()


@pytest.mark.parametrize(
    ("entities", "options", "said"),
    [
        ({}, {}, "got no tables"),
        ({"customers": "customer"}, {}, "'customers' has 'customer'"),
        ({"customers": []}, {}, "the key first"),
        ({"customers": ["custmer"]}, {}, "Did you mean 'customer'"),
        ({"a": ["customer"], "b": ["customer"]}, {}, "have the same key 'customer'"),
        ({"a": ["customer", "name"], "b": ["product", "name"]}, {}, "'name' is moved to 'a' and to 'b'"),
        ({"a": ["customer", "customer"]}, {}, "is moved to 'a' and to 'a'"),
        ({"a": ["customer", "product"], "b": ["product", "customer"]}, {}, "go in a circle"),
        ({"rows": ["customer"]}, {}, "Choose rest="),
        ({"a": ["customer"]}, {"drop_missing": ["country"]}, "which is no key"),
        ({"a": ["customer"]}, {"time": "att"}, "column 'att'"),
    ],
)
def test_refusals_say_what_to_do(
    entities: dict[str, list[str]], options: dict[str, object], said: str
) -> None:
    with pytest.raises(TableError, match=said):
        normalise(FLAT, entities, **options)  # type: ignore[arg-type]


def test_tables_of_one_table_are_taken_and_of_several_are_refused() -> None:
    one = read_tables({"flat": FLAT}).derive("flat", "whole", "pieces * 2")
    tables = normalise(one, {"customers": ["customer", "country"]}, rest="lines")
    assert isinstance(tables, Tables)
    assert "whole" in tables.types("lines")
    with pytest.raises(TableError, match="got 2: a, b"):
        normalise(read_tables({"a": FLAT, "b": FLAT}), {"customers": ["customer"]})
