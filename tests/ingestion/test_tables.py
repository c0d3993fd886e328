"""Tables: edits are values, errors say what is there."""

from __future__ import annotations

import pyarrow as pa
import pytest

from workbench.errors import TableError
from workbench.ingestion.tables import Tables, read_tables

FLAT = pa.table(
    {
        "InvoiceNo": ["1", "1", "2", "3", "3"],
        "CustomerID": [7, 7, 8, None, 7],
        "Country": ["AT", "AT", "DE", "FR", "CH"],
        "Quantity": [1, -2, 3, 4, 5],
    }
)


@pytest.fixture
def tables() -> Tables:
    return read_tables({"retail": FLAT})


def test_it_is_an_ordered_mapping(tables: Tables) -> None:
    both = tables.add("extra", pa.table({"a": [1]}))
    assert list(both) == ["retail", "extra"] == list(both.names)
    assert len(both) == 2
    assert list(tables) == ["retail"]
    assert len(both["retail"]) == 5
    assert both["extra"].columns == ("a",)
    assert both["retail"].types["Quantity"] == "BIGINT"


def test_it_prints_a_preview(tables: Tables) -> None:
    assert "retail: 5 rows (InvoiceNo, CustomerID, Country, Quantity)" in repr(tables)
    assert "retail: 5 rows x 4 columns" in repr(tables["retail"])
    assert "AT" in repr(tables["retail"])
    assert "<table" in tables["retail"]._repr_html_()


def test_split_makes_an_entity_table(tables: Tables) -> None:
    split = tables.split("retail", key="CustomerID", columns=["Country"])
    assert split.arrow("customers").to_pylist() == [
        {"CustomerID": 7, "Country": "AT"},
        {"CustomerID": 8, "Country": "DE"},
    ]
    assert split["retail"].columns == ("InvoiceNo", "CustomerID", "Quantity")
    said = "customers.Country: 1 of 2 keys have several values; the most frequent is kept, chosen"
    assert [note.startswith(said) for note in split.notes] == [True]
    assert tables.names == ("retail",)


def test_split_without_columns_makes_a_table_of_keys(tables: Tables) -> None:
    split = tables.split("retail", key="InvoiceNo", new_name="invoices")
    assert split.arrow("invoices").to_pydict() == {"InvoiceNo": ["1", "2", "3"]}
    assert split["retail"].columns == tuple(FLAT.column_names)


def test_derive_adds_or_replaces_a_column(tables: Tables) -> None:
    derived = tables.derive("retail", "refund", "Quantity < 0").derive("retail", "Quantity", "abs(Quantity)")
    assert derived.arrow("retail")["refund"].to_pylist() == [False, True, False, False, False]
    assert derived.arrow("retail")["Quantity"].to_pylist() == [1, 2, 3, 4, 5]


def test_where_rename_and_drop(tables: Tables) -> None:
    edited = tables.where("retail", "CustomerID IS NOT NULL").rename("retail", "lines", Quantity="amount")
    edited = edited.drop("lines", "Country")
    assert edited["lines"].columns == ("InvoiceNo", "CustomerID", "amount")
    assert edited.count("lines") == 4
    assert edited.drop("lines").names == ()


def test_queries_see_every_table_by_name(tables: Tables) -> None:
    split = tables.split("retail", key="CustomerID", columns=["Country"])
    sql = "SELECT count(*) AS n FROM retail JOIN customers USING (CustomerID)"
    assert split.query(sql).to_pylist() == [{"n": 4}]
    assert split.duckdb("customers").fetchall() == [(7, "AT"), (8, "DE")]


def test_hostile_names_are_only_names() -> None:
    name, column = 'a"; DROP TABLE x; --', "b' \"c"
    tables = read_tables({name: pa.table({column: [1, 1, 2]})})
    assert tables.count(name) == 3
    split = tables.split(name, key=column, new_name="e'")
    assert split.arrow("e'").to_pydict() == {column: [1, 2]}


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda t: t["retial"], "table 'retial' was asked for.*Did you mean 'retail'"),
        (lambda t: t.drop("retail", ["Contry"]), "column 'Contry'.*Did you mean 'Country'"),
        (
            lambda t: t.derive("retail", "x", "Quantity +"),
            r"derive\(table='retail', column='x', sql='Quantity \+'\) was asked for: DuckDB refused it",
        ),
        (
            lambda t: t.derive("retail", "Quantity * 2", "twice"),
            r"derive\(table='retail', column='Quantity \* 2', sql='twice'\).*column \"twice\" not found",
        ),
        (
            lambda t: t.derive("retail", "x", 3),
            r"SQL expression in tables.derive\(table='retail', column='x', sql=3\) .*got a int.*Write one",
        ),
        (
            lambda t: t.derive("retail", 3, "Quantity"),
            r"a column name in tables.derive\(.*column=3.*got a int",
        ),
        (lambda t: t.derive("retail", "x", "'odd\ud800'"), r"query .*half a character .*odd\\ud800"),
        (lambda t: t.where("retail", "Country = '\udfff'"), r"query .*half a character .*Country = '\\udfff"),
        (lambda t: t.query("SELECT '\ud800'"), r"query .*half a character .*SELECT '\\ud800"),
        (lambda t: t.where("retail", "nothing = 1"), 'Referenced column "nothing" not found'),
        (lambda t: t.split("retail", "Nothing"), "column 'Nothing'"),
        (lambda t: t.split("retail", "Country", ["Country"]), "the key 'Country' is also a column to move"),
        (lambda t: t.split("retail", "Country", new_name="retail"), "the name 'retail' is taken"),
        (lambda t: t.rename("retail", nothing="x"), "column 'nothing'"),
        (lambda t: t.add("retail", FLAT), "that name is taken"),
        (lambda t: t.add("b", FLAT).rename("b", "retail"), "the name 'retail' is taken"),
        (lambda t: t.query("SELEC 1"), "a query was run: DuckDB refused it"),
    ],
)
def test_bad_edits_say_what_is_wrong(tables: Tables, edit, words: str) -> None:
    with pytest.raises(TableError, match=words):
        edit(tables)


def test_a_table_needs_a_name() -> None:
    with pytest.raises(TableError, match="came without a name"):
        read_tables(FLAT)
    assert read_tables(FLAT, name="retail").names == ("retail",)


def test_tables_read_as_tables(tables: Tables) -> None:
    assert read_tables(tables) is tables
