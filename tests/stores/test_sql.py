"""SQL text: whatever a name contains, it stays a name."""

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workbench.errors import TableError
from workbench.stores.sql import (
    INTERRUPTED,
    expect_whole,
    interruptible,
    quote_name,
    quote_names,
    quote_text,
    table_view,
)
from workbench.testing.sizes import cases

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)


@given(name=TEXT, value=TEXT)
@example(name='a"; DROP TABLE b; --', value="it's")
@example(name='"', value="''")
@settings(max_examples=cases(100, 1000), deadline=None)
def test_names_and_values_survive_a_query(name, value):
    relation = duckdb.connect().sql(f"SELECT {quote_text(value)} AS {quote_name(name)}")
    assert relation.columns == [name]
    assert relation.fetchall() == [(value,)]


@pytest.mark.parametrize("folder", ["plain", "a[1]*?", 'it\'s "quoted"', "ünïcode {x}"])
def test_a_view_over_files_in_hostile_folders(tmp_path, folder):
    place = tmp_path / folder
    place.mkdir()
    for i, values in enumerate([[1, 2, 3], [4]]):
        pq.write_table(pa.table({"a": values}), place / f"{i}.parquet")
    connection = duckdb.connect()
    connection.execute(table_view('t"', [(place / "0.parquet", 0), (place / "1.parquet", 3)]))
    rows = connection.sql('SELECT a, __row__ FROM "t""" ORDER BY __row__')
    assert rows.fetchall() == [(1, 0), (2, 1), (3, 2), (4, 3)]
    assert str(rows.types[1]) == "BIGINT"


def test_several_names():
    assert quote_names(["a", 'b"c']) == '"a", "b""c"'


@pytest.mark.parametrize("name", ["", "a\x00b", "a\ud800", "\udfff"])
def test_impossible_names_are_refused(name):
    with pytest.raises(TableError, match="a table or column name was asked for"):
        quote_name(name)


@pytest.mark.parametrize("text", ["\x00", "x\udcffy"])
def test_impossible_texts_are_refused(text):
    with pytest.raises(TableError, match="no NUL characters and no half characters"):
        quote_text(text)


def test_sql_of_half_characters_is_refused_with_where_it_stands():
    expect_whole("SELECT 'é😀\x00'")  # DuckDB takes a NUL in a literal
    sql = "SELECT * FROM t WHERE " + "a = 1 AND " * 20 + "b = 'odd\udc80' OR " + "c = 2 OR " * 20 + "true"
    with pytest.raises(TableError, match=r"half a character .*, in .{1,22}odd\\udc80.{1,22}\. Allowed"):
        expect_whole(sql)


def test_a_query_that_is_interrupted_is_a_keyboard_interrupt():
    with pytest.raises(KeyboardInterrupt), interruptible():
        raise RuntimeError(INTERRUPTED)
    with pytest.raises(RuntimeError, match="another"), interruptible():
        raise RuntimeError("another")
