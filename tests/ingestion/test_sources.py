"""Every kind of source becomes the same table."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from workbench.errors import TableError
from workbench.ingestion.sources import arrow_from_pandas, file_kind, find_files, group_files
from workbench.ingestion.tables import read_tables

TABLE = pa.table({"id": [1, 2, 3], "name": ["a", None, 'it\'s "c"']})


def parquet(folder: Path) -> Any:
    pq.write_table(TABLE, folder / "t.parquet")
    return folder / "t.parquet"


def several(folder: Path) -> Any:
    pq.write_table(TABLE.slice(0, 1), folder / "x.parquet")
    pq.write_table(TABLE.slice(1), folder / "y.parquet")
    return [folder / "x.parquet", folder / "y.parquet"]


def csv_file(folder: Path) -> Any:
    csv.write_csv(TABLE, folder / "t.csv")
    return str(folder / "t.csv")


def dataset(folder: Path) -> Any:
    return ds.dataset(parquet(folder))


def reader(_: Path) -> Any:
    return TABLE.to_reader()


def frame(_: Path) -> Any:
    return TABLE.to_pandas()


def relation(_: Path) -> Any:
    connection = duckdb.connect()
    connection.register("mine", TABLE)
    return connection.sql("SELECT * FROM mine ORDER BY id")


def batch(_: Path) -> Any:
    return TABLE.to_batches()[0]


SOURCES = [parquet, several, csv_file, dataset, reader, frame, relation, batch, lambda _: TABLE]


@pytest.mark.parametrize("make", SOURCES)
def test_every_kind_of_source_gives_the_same_rows(make: Callable[[Path], Any], tmp_path: Path) -> None:
    tables = read_tables({"t": make(tmp_path)})
    assert tables.arrow("t").to_pylist() == TABLE.to_pylist()
    # A second read gives the same: nothing is spent.
    assert tables.count("t") == 3


def test_csv_nulls_and_a_late_text(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("n,m\n" + "1,NA\n" * 30_000 + "x,2\n")
    tables = read_tables(tmp_path / "t.csv")
    assert tables.types("t") == {"n": "VARCHAR", "m": "BIGINT"}
    assert tables.query("SELECT count(m) AS c FROM t").to_pylist() == [{"c": 1}]


def test_files_are_grouped_into_tables(tmp_path: Path) -> None:
    for name in ("users.parquet", "orders/part-0.parquet", "orders/deep/part-1.parquet", "_skip.parquet"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(TABLE, tmp_path / name)
    (tmp_path / "notes.txt").write_text("not a table")
    assert {name: len(files) for name, files in group_files(tmp_path).items()} == {"orders": 2, "users": 1}
    assert set(group_files(tmp_path / "*.parquet")) == {"users"}
    assert set(group_files(tmp_path / "orders" / "part-*.parquet")) == {"orders"}


def test_kinds_of_files() -> None:
    named = [Path("a.parquet"), Path("a.CSV"), Path("a.csv.gz"), Path("a.tsv"), Path("a.gz"), Path("a.txt")]
    assert [file_kind(path) for path in named] == ["parquet", "csv", "csv", "csv", None, None]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nowhere", "nothing is there"),
        ("x" * 9_999, "nothing is there"),
        ("*.parquet", "nothing is there"),
        (".", "there is no readable file"),
    ],
)
def test_missing_files(source: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(TableError, match=words):
        find_files(tmp_path / source)


def test_a_relative_path_is_said_with_the_folder_it_was_looked_for_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TableError, match="nothing is there") as error:
        find_files("data/shop.parquet")
    assert f"(looked for in {Path.cwd()})" in str(error.value)


def test_mixed_python_types_become_text_and_are_named() -> None:
    table, mixed = arrow_from_pandas(pd.DataFrame({"x": [1, "a", None], "y": [1, 2, 3]}), "t")
    assert mixed == ["x"]
    assert table.to_pydict() == {"x": ["1", "a", None], "y": [1, 2, 3]}


def test_an_index_with_a_name_is_a_column() -> None:
    frame = pd.DataFrame({"user_id": [7, 8], "day": [1, 2], "x": [0.5, 1.5]})
    assert arrow_from_pandas(frame.set_index("user_id"), "t")[0].to_pydict() == frame.to_dict("list")
    assert arrow_from_pandas(frame.set_index(["user_id", "day"]), "t")[0].to_pydict() == frame.to_dict("list")
    assert arrow_from_pandas(frame.set_index("day", drop=False), "t")[0].to_pydict() == frame.to_dict("list")
    assert arrow_from_pandas(frame.iloc[1:], "t")[0].column_names == ["user_id", "day", "x"]


def test_values_that_arrow_does_not_know_become_text() -> None:
    table, mixed = arrow_from_pandas(pd.DataFrame({"z": [1j, 2j]}), "t")
    assert (mixed, table.to_pydict()) == (["z"], {"z": ["1j", "2j"]})


def test_columns_of_one_name_are_refused() -> None:
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(TableError, match=r"table 't' was read: two of its columns are named 'a'"):
        read_tables({"t": frame})


def test_columns_of_several_levels_are_refused_with_what_flattens_them() -> None:
    frame = pd.DataFrame({"u": [1, 1], "x": [2, 3]}).groupby("u").agg({"x": ["min", "max"]})
    with pytest.raises(TableError, match=r"columns have 2 levels, such as \('x', 'min'\)") as caught:
        read_tables({"t": frame})
    exec(str(caught.value).split("Flatten them: ")[1].removesuffix("."), {"frame": frame})
    assert read_tables({"t": frame}).arrow("t").to_pydict() == {"u": [1], "x_min": [2], "x_max": [3]}


def test_a_torn_file_is_named_by_its_table(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(TableError, match="table 't' was read: DuckDB refused it"):
        read_tables(tmp_path / "t.parquet")


def test_a_source_of_no_known_kind() -> None:
    with pytest.raises(TableError, match="its source is a int"):
        read_tables({"t": 3})
    with pytest.raises(TableError, match="its source is a Series"):
        read_tables({"t": pd.Series(["a", "b"])})
    with pytest.raises(TableError, match="tables were read: got an empty dict"):
        read_tables({})


def test_parquet_beside_csv_in_one_table(tmp_path: Path) -> None:
    parquet(tmp_path), csv_file(tmp_path)
    with pytest.raises(TableError, match="one kind per table"):
        read_tables({"t": [tmp_path / "t.parquet", tmp_path / "t.csv"]})


def test_csv_dates_that_are_not_iso_stay_texts(tmp_path: Path) -> None:
    """DuckDB takes 01/02/2020 for the first of February, and 01/02/20 for 2001."""
    rows = "1,01/02/2020,01/02/20,2020-01-31 10:00:00\n2,03/04/2020,03/04/20,\n"
    (tmp_path / "t.csv").write_text("id,a,b,at\n" + rows)
    table = read_tables(tmp_path / "t.csv")["t"]
    assert [table.types[c] for c in ("a", "b", "at")] == ["VARCHAR", "VARCHAR", "TIMESTAMP"]
    assert table.head()["a"].to_pylist() == ["01/02/2020", "03/04/2020"]


def test_an_interrupt_is_a_keyboard_interrupt(tmp_path: Path) -> None:
    """Ctrl-C while tables are profiled."""
    script = (
        "import os, signal, threading, workbench as wb\n"
        "rows = 'SELECT range AS id, hash(range) % 7 AS x FROM range(100000000000)'\n"
        "tables = wb.read_tables({'t': __import__('pyarrow').table({'a': [1]})}).derive('t', 'a', "
        "f'(SELECT max(x) FROM ({rows}))')\n"
        "threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\n"
        "try:\n    wb.infer_schema(tables)\nexcept KeyboardInterrupt:\n    print('stopped')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.stdout.strip() == "stopped", ran.stderr


def test_a_query_of_one_of_many_tables_registers_that_one_only():
    """Registering all of them for each would take most of the time of an ingest."""
    tables = read_tables({f"t{i}": pa.table({"a": [i]}) for i in range(12)})
    cursor = tables.sources.connect(sql := tables.sql("t1"))
    views = "SELECT view_name FROM duckdb_views() WHERE temporary AND NOT internal"
    assert cursor.execute(views).fetchall() == [(sql.rsplit(" ", 1)[1],)]
    assert tables.query("SELECT t1.a + t11.a + t10.a FROM t1, t11, t10")[0].to_pylist() == [22]
    joined = tables.where("t1", "a NOT IN (SELECT 0)").rename("t1", a="source_3")
    assert joined.duckdb("t1").fetchall() == [(1,)]


HALF = "a\ud800"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({HALF: TABLE}, r"a table or column name was asked for: got 'a\\ud800'"),
        (
            {"t": pd.DataFrame([[1]], columns=pd.Index([HALF], dtype=object))},
            r"column name .* got 'a\\ud800'",
        ),
        ({"t": {"a": ["b", HALF]}}, r"column 'a' of table 't' was read: the text of row 1 holds half"),
        ({"t": {"a": [1, HALF]}}, r"column 'a' of table 't' was read: the text of row 1 holds half"),
        ({"t": {"a": [["b"], [HALF]]}}, r"column 'a' of table 't' was read: one of its texts holds half"),
    ],
)
def test_half_characters_are_refused_with_their_place(source, said):
    made = {
        name: pd.DataFrame({k: pd.Series(v, dtype=object) for k, v in value.items()})
        if isinstance(value, dict)
        else value
        for name, value in source.items()
    }
    with pytest.raises(TableError, match=said):
        read_tables(made)
